"""The networks: layers put together, one network for each shape of input and output."""

from sklstm.nn.networks._language_model import LanguageModelNet as LanguageModelNet
from sklstm.nn.networks._many_to_one import ManyToOneNet as ManyToOneNet
from sklstm.nn.networks._seq2seq import Seq2SeqNet as Seq2SeqNet
from sklstm.nn.networks._sequence import SequenceNet as SequenceNet
from sklstm.nn.networks._sequence import count_parameters as count_parameters
from sklstm.nn.networks._tagger import TaggerNet as TaggerNet
