"""Checks of texts, tokens and symbols, and hints at how to get them out of what holds them."""

import reprlib
from collections.abc import Mapping
from itertools import chain
from numbers import Real

import numpy as np

from sklstm._arguments import describe
from sklstm._arrays import are_all, first_not, plain, to_list
from sklstm._labels import is_missing


def check_texts(X):
    """Check that the input is one text for each sample.

    Parameters
    ----------
    X : sequence of str, array-like of shape (n_samples,) or (n_samples, 1)
        A list, a tuple, an array, a Series, or a frame with one column.

    Returns
    -------
    list of str
        The same string objects, in a list.

    Raises
    ------
    TypeError
        If `X` is one bare string or no sequence, or if a sample is not a str.
    ValueError
        If there is no sample, or more than one column.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._text_checks import check_texts
    >>> check_texts(np.array([["a good film"], ["bad"]]))
    ['a good film', 'bad']
    """
    X = plain(X)
    columns = tuple(getattr(X, "shape", (0, 1)))[1:]
    if columns not in [(), (1,)]:
        raise ValueError(
            f"Expected one column of texts, got an array of shape {tuple(X.shape)}. "
            "Select the column that holds the texts."
        )
    texts = to_list(X, "one str for each sample")
    if not are_all(str, texts):
        position, text = first_not(str, texts)
        raise TypeError(
            f"Text {position} is {describe(text)}; every text must be a str.{_hint(text)}"
        )
    return texts


def check_tokens(X):
    """Check that the input is one list of tokens for each sample.

    Parameters
    ----------
    X : sequence of list of str, or array-like of str, shape (n_samples, n_tokens)
        A sample may be a list, a tuple or an array, and may be empty.

    Returns
    -------
    list of (list or tuple) of str
        The same string objects. Lists and tuples are passed on, not copied.

    Raises
    ------
    TypeError
        If a sample is not a list of tokens, or if a token is not a str.
    ValueError
        If there is no sample.

    Examples
    --------
    >>> from sklstm._text_checks import check_tokens
    >>> check_tokens([["a", "good", "film"], []])
    [['a', 'good', 'film'], []]
    """
    samples = to_list(X, "one list of str for each sample")
    samples = [row.tolist() if isinstance(row, np.ndarray) else row for row in samples]
    if not are_all((list, tuple), samples):
        position, sample = first_not((list, tuple), samples)
        hint = _hint_sample(sample)
        raise TypeError(
            f"Sample {position} is {describe(sample)}; tokens are one list of str for each "
            f"sample.{hint}"
        )
    if not are_all(str, chain.from_iterable(samples)):
        row = next(row for row, sample in enumerate(samples) if not are_all(str, sample))
        position, token = first_not(str, samples[row])
        raise TypeError(
            f"Token {position} of sample {row} is {describe(token)}; every token must be a str."
            f"{' Fill missing tokens in.' if is_missing(token) else _hint_token(token)}"
        )
    return samples


def check_symbols(symbols, are_characters):
    """Check symbols that will occur in later calls.

    Parameters
    ----------
    symbols : iterable of str
        The user's.
    are_characters : bool
        Whether a symbol is one character, since samples are strings.

    Returns
    -------
    list of str
        The same.
    """
    symbols = plain(symbols, "symbols")
    if not np.iterable(symbols):
        raise TypeError(f"symbols must be a sequence of str; got {reprlib.repr(symbols)}.")
    symbols = list(symbols)
    if not are_all(str, symbols):
        raise TypeError(f"symbols must hold strings; got {reprlib.repr(symbols)}.")
    wrong = [symbol for symbol in symbols if len(symbol) != 1]
    if are_characters and wrong:
        raise ValueError(
            "The samples are strings, whose symbols are single characters, but symbols holds "
            f"{reprlib.repr(wrong[0])}. Name characters, or pass token lists."
        )
    return symbols


def holds_annotated_tokens(samples):
    """Tell whether tokens come with more than their string: a part of speech, say.

    If so, `check_tokens` says what to take out of them. No sample may be a str.
    """
    for sample in samples:
        if isinstance(sample, Mapping):
            return True
        if not isinstance(sample, (list, tuple)):
            return not isinstance(sample, np.ndarray) and bool(_hint_sample(sample))
        if len(sample):
            return bool(_hint_token(sample[0]))
    return False


def _hint_sample(sample):
    """Say how to get tokens out of a sample that is no list of them."""
    if isinstance(sample, str):
        return (
            " These are raw texts: put a Tokenizer first; text_classifier and entity_tagger have "
            'one, unless tokenizer="passthrough".'
        )
    if isinstance(sample, Mapping):
        for key in ("tokens", "words", "text"):
            if key in sample:
                what = "tokens" if key != "text" else "text, for a Tokenizer"
                return f" Take the {what} out: [sample[{key!r}] for sample in X]."
    if not isinstance(sample, (list, tuple, np.ndarray)) and np.iterable(sample):
        return _hint_token(next(iter(sample), None))
    return ""


def _hint_token(token):
    """Say how to get the string out of a token that comes with more."""
    if isinstance(token, (list, tuple)) and token and isinstance(token[0], str):
        return " Take the token out: [[token for token, *_ in sample] for sample in X]."
    if isinstance(token, (list, tuple)) and all(
        any(isinstance(part, kind) for part in token) for kind in (str, Real)
    ):
        return " For samples of numbers, leave out the columns that hold something else."
    if isinstance(token, Mapping):
        strings = [key for key, value in token.items() if isinstance(value, str)]
        keys = [key for key in ("text", "token", "word", "form") if key in strings] or strings
        if keys:
            return (
                f" Take the token out: [[token[{keys[0]!r}] for token in sample] for sample in X]."
            )
    if isinstance(getattr(token, "text", None), str):
        return " Take the token out: [[token.text for token in sample] for sample in X]."
    return ""


def _hint(text):
    if isinstance(text, bytes):
        return " Decode bytes first, for example with text.decode('utf-8')."
    if isinstance(text, (list, tuple)) and len(text) == 2 and isinstance(text[1], Mapping):
        return (
            " These look like training examples of spaCy: sklstm.formats.from_spacy_offsets(X, "
            "return_X_y=True) takes texts and spans out of them."
        )
    if isinstance(text, (list, tuple, np.ndarray)):
        return (
            ' These look like tokens: leave the Tokenizer out, or pass tokenizer="passthrough" to '
            "text_classifier or entity_tagger."
        )
    if isinstance(text, Mapping) and isinstance(text.get("text"), str):
        return " Take the text out: [sample['text'] for sample in X]."
    if is_missing(text):
        return " Fill missing texts, for example with '', or drop them."
    return ""
