"""Networks: the layers put together, one network for each shape of recurrent net."""

from sklstm.networks._attention import Attention as Attention
from sklstm.networks._beam_search import BOUNDARY as BOUNDARY
from sklstm.networks._language_model import LanguageModelNet as LanguageModelNet
from sklstm.networks._many_to_one import ManyToOneNet as ManyToOneNet
from sklstm.networks._seq2seq import Seq2SeqNet as Seq2SeqNet
from sklstm.networks._sequence import SequenceNet as SequenceNet
from sklstm.networks._sequence import count_parameters as count_parameters
from sklstm.networks._tagger import TaggerNet as TaggerNet
