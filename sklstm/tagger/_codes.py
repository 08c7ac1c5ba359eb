"""Tags as numbers, in the scheme that the network learns."""

import numpy as np

from sklstm.tags import check_tags, convert_tags, infer_scheme, spans_to_tags, tags_to_spans
from sklstm.tags._spans import PREFIXES


class TagCodes:
    """Number tags, and convert them to the scheme of training and back.

    Parameters
    ----------
    scheme : str or None
        The scheme of the user's tags, or ``"auto"``.
    train_scheme : str, optional
        The scheme of training, if it is another one.
    y : list of lists of str
        Tags to learn from.
    declared : list of str, optional
        Tags that will come later.

    Attributes
    ----------
    scheme, train_scheme : str or None
        The schemes, found out; None for plain tags.
    tags : list of str
        The tags in the scheme of training, by their codes.
    """

    def __init__(self, scheme, train_scheme, y, declared=None):
        self.scheme = infer_scheme(y) if scheme == "auto" else scheme
        if train_scheme is not None and self.scheme is None:
            raise ValueError(
                f"train_scheme={train_scheme!r} needs tags that mark spans, such as 'B-PER', but "
                "those of y are plain: leave train_scheme=None."
            )
        self.train_scheme = train_scheme or self.scheme
        tags = {tag for row in self._to_trained(y) for tag in row}
        if declared is not None:
            tags.update(self._declare(declared))
        if not tags:
            raise ValueError("y holds no tag: there is nothing to learn from.")
        self.tags = sorted(tags)

    @property
    def converts(self):
        """Whether the network learns in another scheme than the user's."""
        return self.train_scheme != self.scheme

    def encode(self, y):
        """Number the tags of each sequence.

        Parameters
        ----------
        y : list of lists of str
            The user's tags.

        Returns
        -------
        list of ndarray of int64
            Their codes.
        """
        codes = {tag: code for code, tag in enumerate(self.tags)}
        y = self._to_trained(y)
        unseen = sorted({tag for tags in y for tag in tags if tag not in codes})
        if unseen:
            raise ValueError(
                f"y contains the tags {unseen}, which are not among those of the first fit: "
                f"{self.tags}. Learn from data that has them, or leave those sequences out."
            )
        return [np.array([codes[tag] for tag in tags], np.int64) for tags in y]

    def decode(self, codes):
        """Name the tags of one sequence.

        Parameters
        ----------
        codes : sequence of int
            What the network predicts, whether it keeps to the scheme or not.

        Returns
        -------
        list of str
            Tags in the user's scheme.
        """
        tags = [self.tags[code] for code in codes]
        if self.scheme is None:
            return tags
        spans = tags_to_spans(tags, self.train_scheme, mode="conlleval")
        return spans_to_tags(spans, len(tags), self.scheme)

    def _to_trained(self, y):
        if self.converts:
            return convert_tags(y, self.scheme, self.train_scheme)
        return check_tags(y, self.scheme)

    def _declare(self, tags):
        if not self.converts:
            return tags
        types = {tag.partition("-")[2] for tag in tags} - {""}
        return {
            "O",
            *(f"{prefix}-{kind}" for prefix in PREFIXES[self.train_scheme] for kind in types),
        }
