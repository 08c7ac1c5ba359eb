"""Codes of tags, in the scheme of training."""

from itertools import chain

import numpy as np

from sklstm._arguments import describe
from sklstm._arrays import plain, to_list
from sklstm._sample_weights import weigh_classes
from sklstm.tagger._partial_tags import PartialTags
from sklstm.tags import convert_tags, spans_to_tags, tags_to_spans
from sklstm.tags._inference import infer_partial_scheme
from sklstm.tags._spans import OUTSIDE, PREFIXES, check_partial_tags


class TagCodes:
    """Encode and decode tags, and convert them to the scheme of training and back.

    Parameters
    ----------
    scheme : str or None
        The scheme of the user's tags; ``"auto"`` infers it.
    train_scheme : str or None
        The scheme of training, if it differs; ``"auto"`` is IOBES for tags that mark spans.
    y : list of lists of str
        The tags of the training data.
    declared : list of str, default=None
        Tags that occur in later data.
    y_val : list of lists of str, default=None
        The tags of validation data.

    Attributes
    ----------
    scheme, train_scheme : str or None
        The schemes; None for plain tags.
    tags : list of str
        The tags in the scheme of training, in the order of their codes. With a scheme they include
        ``"O"``, and after a conversion every tag of each type, since validation data may have tags
        that `y` lacks.
    """

    def __init__(self, scheme, train_scheme, y, declared=None, y_val=None):
        y_val = y_val or []
        declared = _list_declared(declared)
        self.scheme = scheme
        if scheme == "auto":
            self.scheme = infer_partial_scheme(y, [declared, *y_val])
        if train_scheme == "auto":
            train_scheme = None if self.scheme in (None, "BILOU") else "IOBES"
            if self.scheme == "IOB1" and any(None in tags for tags in y):
                train_scheme = None  # see `PartialTags`
        if train_scheme is not None and self.scheme is None:
            raise ValueError(
                f"train_scheme={train_scheme!r} needs tags that mark spans, such as 'B-PER', but "
                "those of y are plain: leave train_scheme=None."
            )
        self.train_scheme = train_scheme or self.scheme
        self._check_declared(declared)
        tags = set(chain(*check_partial_tags(y, self.scheme)))
        if not tags - {None}:
            raise ValueError("y holds no tag: there is nothing to learn from.")
        tags = tags.union(*y_val, declared) - {None}
        if self.scheme is not None:
            tags.add(OUTSIDE)
        self._given = tags
        self.tags = sorted(map(str, self._every_tag(tags) if self.converts else tags))

    @property
    def converts(self):
        """Whether the network learns in another scheme than the user's."""
        return self.train_scheme != self.scheme

    @property
    def partial(self):
        """The codes of tags in sentences with unknown ones."""
        return PartialTags(self.tags, self.scheme, self.train_scheme)

    def encode(self, y):
        """Encode the tags of each sequence.

        Parameters
        ----------
        y : list of lists of str or None
            The user's tags, None where they are unknown.

        Returns
        -------
        list of ndarray of int64
            The codes, those of `partial` in a sentence with an unknown tag.
        """
        codes, partial = {tag: code for code, tag in enumerate(self.tags)}, self.partial
        y = check_partial_tags(y, self.scheme)
        known = trained = [tags for tags in y if None not in tags]
        if self.converts and known:
            trained = convert_tags(known, self.scheme, self.train_scheme)
        pairs = zip(chain.from_iterable(known), chain.from_iterable(trained), strict=True)
        unseen = {tag for tag, own in pairs if own not in codes}
        others = [(number, tags) for number, tags in enumerate(y) if None in tags]
        if partial.choices is not None:
            unseen |= set(chain(*(tags for _, tags in others))) - partial.codes.keys()
        unseen = sorted(unseen)
        if unseen:
            raise ValueError(
                f"y contains the tags {unseen}, which are not among those of the first fit: "
                f"{self.tags}. Learn from data that has them, or leave those sequences out."
            )
        trained = iter([np.array([codes[tag] for tag in tags], np.int64) for tags in trained])
        others = iter(partial.encode(others))
        return [next(others if None in tags else trained) for tags in y]

    def decode(self, codes):
        """Decode the tags of one sequence.

        Parameters
        ----------
        codes : sequence of int
            Predicted codes, which may violate the scheme.

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

    def weigh(self, class_weight, targets, purpose):
        """Compute the weights of tags; in ``fit``, their mean over the training steps is 1.

        Parameters
        ----------
        class_weight : dict, "balanced" or None
            The user's choice.
        targets : list of ndarray of int
            The codes of the training data.
        purpose : {"fit", "portion"}
            The caller.

        Returns
        -------
        ndarray of shape (n_tags,) or None
            In the order of the codes.
        """
        if class_weight is None:
            return None
        shares = self.partial.shares
        counts = np.bincount(np.concatenate(targets), minlength=len(shares)) @ shares
        weights = weigh_classes(class_weight, self.tags, counts)
        if purpose == "portion":
            return weights
        weights = weights / (weights.max() or 1.0)  # so that no sum overflows
        if not weights @ counts:
            raise ValueError(f"class_weight is 0 for all tags of y; got {class_weight!r:.80}.")
        return weights * counts.sum() / (weights @ counts)

    def mean_weights(self, weights, targets):
        """Compute the mean weight of the known tags of each sentence; 1 if it has none.

        Parameters
        ----------
        weights : ndarray of shape (n_tags,)
            The weight of each tag.
        targets : list of ndarray of int
            The codes.

        Returns
        -------
        list of float
            One for each sentence.
        """
        partial = self.partial
        weights = partial.shares @ weights  # of each code
        known = [codes[codes != partial.unknown] for codes in targets]
        return [weights[codes].mean() if len(codes) else 1.0 for codes in known]

    def check(self, tags):
        """Check that tags are known.

        Parameters
        ----------
        tags : list of str
            Tags in the user's scheme, in any order.
        """
        tags = _list_declared(tags)
        known = set(self.tags) | self._given
        unseen = sorted(tag for tag in set(tags).difference(known) if not self._converts(tag))
        if unseen:
            raise ValueError(
                f"classes holds {unseen}, which are not among the tags of the first fit, "
                f"{sorted(known)}. Name all tags in the first partial_fit."
            )

    def _check_declared(self, tags):
        for tag in tags:
            prefix = tag.partition("-")[0]
            if self.scheme is not None and prefix not in (OUTSIDE, *PREFIXES[self.scheme]):
                raise ValueError(
                    f"classes holds {tag!r}, which is not a tag of {self.scheme}; set scheme= to "
                    "the scheme of the tags, or to None if they mark no spans."
                )

    def _converts(self, tag):
        """Whether an unseen tag has an equivalent in the scheme of training."""
        kinds = {given.partition("-")[2] for given in self._given if given != OUTSIDE}
        return self.converts and tag.partition("-")[2] in kinds

    def _every_tag(self, tags):
        kinds = {tag.partition("-")[2] for tag in tags if tag != OUTSIDE}
        prefixes = PREFIXES[self.train_scheme]
        return {OUTSIDE} | {f"{p}-{kind}" if kind else p for p in prefixes for kind in kinds}


def _list_declared(tags):
    if tags is None or (isinstance(tags, (list, tuple)) and not tags):
        return []
    tags = to_list(plain(tags, "classes"), "classes, the tags that will come")
    if not all(isinstance(tag, str) for tag in tags):
        raise TypeError(f"classes must hold tags, each a str; got {describe(tags)}.")
    return tags
