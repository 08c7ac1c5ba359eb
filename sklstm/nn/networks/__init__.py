"""The networks, one for each shape of input and output."""

from sklstm.nn.networks._language_model import LanguageModelNet
from sklstm.nn.networks._many_to_one import ManyToOneNet, last_steps
from sklstm.nn.networks._mixture import LanguageModelMixture, search_together
from sklstm.nn.networks._seq2seq import Seq2SeqNet
from sklstm.nn.networks._sequence import SequenceNet, count_parameters
from sklstm.nn.networks._tagger import TaggerNet

__all__ = [
    "LanguageModelMixture",
    "LanguageModelNet",
    "ManyToOneNet",
    "Seq2SeqNet",
    "SequenceNet",
    "TaggerNet",
    "count_parameters",
    "last_steps",
    "search_together",
]
