"""The input encoder of a sequence-to-sequence model, which also takes strings."""

from sklstm._arrays import to_list
from sklstm._input_encoder import InputEncoder
from sklstm.seq2seq._symbols import EXPECTED, list_texts
from sklstm.sequences import Sequences


class SourceEncoder(InputEncoder):
    """Encode input like `InputEncoder`, and strings as sequences of characters.

    Attributes
    ----------
    reads_texts : bool
        Whether X holds strings.
    """

    def read(self, X, estimator):
        """Read X like `InputEncoder`, or strings."""
        texts = list_texts(X)
        if self.kind is None:
            self.reads_texts = texts is not None
        if self.reads_texts != (texts is not None) and not isinstance(X, Sequences):
            to_list(X, EXPECTED)  # no sample is of any kind: refused as such
            kinds = "no strings", "strings"
            raise TypeError(
                f"{type(estimator).__name__} was fitted on {kinds[self.reads_texts]}, but X now "
                f"holds {kinds[not self.reads_texts]}."
            )
        return super().read(X if texts is None else Sequences.from_tokens(texts), estimator)
