"""Training examples of spaCy: a text, and a dict with the offsets of its entities."""

from typing import Any

from sklearn.utils import Bunch

from sklstm._arrays import to_list
from sklstm.formats._texts import check_pair, check_spans, make_bunch

EXAMPLE = '("Ada lived here", {"entities": [(0, 3, "PER")]})'


def from_spacy_offsets(examples, *, return_X_y: bool = False) -> Bunch | Any:
    """Take texts and spans out of training examples of spaCy.

    They are tuples, or lists, as from JSON, of a text and a dict with ``entities``, a list of
    ``(start, end, type)`` [1]_. Spans may overlap.

    Parameters
    ----------
    examples : list of tuple (str, dict)
        The examples.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of str
            The texts.
        target : list of list of tuple (start, end, type)
            The spans of each text.
        target_names : list of str
            All types, sorted.
        ids : list of int
            The number of each text, counted from 0.
        DESCR : str
            The counts of texts and spans, and the types.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If an example has another form, or a span exceeds its text. The message names its number.

    See Also
    --------
    to_spacy_offsets : The inverse.
    read_docbin : Reads spaCy's binary files.

    References
    ----------
    .. [1] Honnibal et al. (2020), spaCy: industrial-strength natural language processing in Python.
       https://doi.org/10.5281/zenodo.1212303

    Examples
    --------
    >>> from sklstm.formats import from_spacy_offsets
    >>> examples = [("Ada lived in London.", {"entities": [(0, 3, "PER")]})]
    >>> from_spacy_offsets(examples, return_X_y=True)
    (['Ada lived in London.'], [[(0, 3, 'PER')]])
    """
    rows = []
    for number, example in enumerate(to_list(examples, f"examples like {EXAMPLE}")):
        is_pair = isinstance(example, list | tuple) and len(example) == 2
        text, marks = example if is_pair else (None, None)
        entities = marks.get("entities") if isinstance(marks, dict) else None
        if not isinstance(text, str) or not isinstance(entities, list | tuple):
            raise ValueError(
                f"Example {number} of examples must be like {EXAMPLE}; got {example!r:.80}."
            )
        try:
            spans = check_spans(text, entities, f"Example {number} of examples")
        except TypeError as error:
            raise ValueError(str(error)) from None
        rows.append((number, text, spans))
    bunch = make_bunch("examples", rows)
    return (bunch.data, bunch.target) if return_X_y else bunch


def to_spacy_offsets(X, y) -> list[tuple[str, dict[str, Any]]]:
    """Make training examples of spaCy from texts and spans.

    Parameters
    ----------
    X : array-like of str, shape (n_texts,)
        The texts.
    y : list of list of tuple (start, end, type)
        The spans of each text; also Entity objects, or dicts with start, end and label.

    Returns
    -------
    list of tuple (str, dict)
        Each text with ``{"entities": [(start, end, type), ...]}``.

    See Also
    --------
    from_spacy_offsets : The inverse.

    Examples
    --------
    >>> from sklstm.formats import to_spacy_offsets
    >>> to_spacy_offsets(["Ada lived in London."], [[(0, 3, "PER")]])
    [('Ada lived in London.', {'entities': [(0, 3, 'PER')]})]
    """
    rows = zip(*check_pair(X, y), strict=True)
    return [(text, {"entities": spans}) for text, spans in rows]
