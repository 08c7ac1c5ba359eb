"""Checks of texts and tokens that several modules share."""

import reprlib
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
from sklearn.utils.validation import validate_data

from sklstm._arguments import describe
from sklstm._arrays import plain, refuse_masked
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
    >>> from sklstm._validation import check_texts
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
    if not _are_all(str, texts):
        position, text = _first_not(str, texts)
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
    >>> from sklstm._validation import check_tokens
    >>> check_tokens([["a", "good", "film"], []])
    [['a', 'good', 'film'], []]
    """
    samples = to_list(X, "one list of str for each sample")
    samples = [row.tolist() if isinstance(row, np.ndarray) else row for row in samples]
    if not _are_all((list, tuple), samples):
        position, sample = _first_not((list, tuple), samples)
        hint = _hint_sample(sample)
        raise TypeError(
            f"Sample {position} is {describe(sample)}; tokens are one list of str for each "
            f"sample.{hint}"
        )
    if not _are_all(str, chain.from_iterable(samples)):
        row = next(row for row, sample in enumerate(samples) if not _are_all(str, sample))
        position, token = _first_not(str, samples[row])
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
    if not _are_all(str, symbols):
        raise TypeError(f"symbols must hold strings; got {reprlib.repr(symbols)}.")
    wrong = [symbol for symbol in symbols if len(symbol) != 1]
    if are_characters and wrong:
        raise ValueError(
            "The samples are strings, whose symbols are single characters, but symbols holds "
            f"{reprlib.repr(wrong[0])}. Name characters, or pass token lists."
        )
    return symbols


def check_columns(estimator, X, *, reset):
    """Check the columns of frames, one for each sample, as scikit-learn does those of one frame.

    Parameters
    ----------
    estimator : estimator
        Gets ``feature_names_in_``, or has it.
    X : object
        What the user passed; without a frame in it there are no names.
    reset : bool
        Whether to learn the names, or to compare them with those learned.

    Raises
    ------
    ValueError
        If the frames do not agree, or are not those of ``fit``.
    """
    frame = _frame_for_all(X)
    validate_data(
        estimator,
        X if frame is None else frame,
        reset=reset,
        skip_check_array=True,
        ensure_2d=False,
    )


def _frame_for_all(X):
    """Return the first frame with names, which those of all other samples must equal."""
    if getattr(X, "ndim", 1) != 1 or getattr(getattr(X, "dtype", None), "kind", "O") != "O":
        return None
    samples = X if isinstance(X, (list, tuple)) else np.asarray(X)
    names = list(map(column_names, samples))
    first = next((row for row, found in enumerate(names) if found), None)
    if first is None:
        return None
    for row, found in enumerate(names):
        if found != names[first] and (found or len(samples[row])):
            raise ValueError(
                f"Sample {first} of X has the columns {reprlib.repr(names[first])}, but sample "
                f"{row} has {reprlib.repr(found) if found else 'none with names'}: give all "
                "samples the same columns, in one order."
            )
    return samples[first]


def column_names(X):
    """List the names of a frame's columns.

    Parameters
    ----------
    X : object
        Anything.

    Returns
    -------
    list of str
        Empty where there are none, or where one is no string.
    """
    columns = list(getattr(X, "columns", ()))
    return columns if _are_all(str, columns) else []


def holds_annotated_tokens(samples):
    """Tell whether tokens come with more than their string: a part of speech, say.

    Parameters
    ----------
    samples : list
        Samples without a str of their own.

    Returns
    -------
    bool
        Whether `check_tokens` says what to take out of them.
    """
    for sample in samples:
        if isinstance(sample, Mapping):
            return True
        if not isinstance(sample, (list, tuple)):
            return not isinstance(sample, np.ndarray) and bool(_hint_sample(sample))
        if len(sample):
            return bool(_hint_token(sample[0]))
    return False


def to_list(X, expected):
    """List the samples of any ordered container.

    Parameters
    ----------
    X : sequence or array-like
        A list, a tuple, an array, a Series, or a frame with one column.
    expected : str
        What the caller accepts, for the error messages.

    Returns
    -------
    list
        The samples; one column of an array counts as its values.

    Raises
    ------
    TypeError
        If `X` is one bare string, or no ordered container.
    ValueError
        If there is no sample.
    """
    if isinstance(X, (str, bytes)):
        raise TypeError(
            f"Expected {expected}, got one bare {type(X).__name__}: {reprlib.repr(X)}. "
            "For a single sample pass a list of one."
        )
    X = plain(X)
    refuse_masked(X, "The input")
    if hasattr(X, "__array__"):
        array = np.asarray(X, dtype=object)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        X = array.tolist() if array.ndim else X
    if not isinstance(X, Sequence):
        raise TypeError(
            f"Expected {expected} in a list, tuple, array or Series, got {describe(X)}. "
            "list(...) makes a list of any other iterable."
        )
    refuse_empty(X)
    return list(X)


def refuse_empty(X):
    """Refuse an input without samples, in scikit-learn's words.

    Parameters
    ----------
    X : sized
        The samples.
    """
    if not len(X):
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")


def to_object_array(rows):
    """Make a 1-D array of whatever rows: those of equal lengths would become a matrix.

    Parameters
    ----------
    rows : list
        The entries.

    Returns
    -------
    ndarray of object, shape (n_rows,)
        The same objects.
    """
    array = np.empty(len(rows), object)
    for position, row in enumerate(rows):
        array[position] = row
    return array


def _are_all(kind, values):
    # a set of types is built in C: 7 million tokens are checked in a tenth of a second
    return all(issubclass(found, kind) for found in set(map(type, values)))


def _first_not(kind, values):
    return next((i, value) for i, value in enumerate(values) if not isinstance(value, kind))


def _hint_sample(sample):
    """Say how to get tokens out of a sample that is no list of them."""
    if isinstance(sample, str):
        return " These are raw texts: put a Tokenizer first."
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
    if isinstance(text, (list, tuple, np.ndarray)):
        return " These look like tokens, which go to the next step as they are."
    if isinstance(text, Mapping) and isinstance(text.get("text"), str):
        return " Take the text out: [sample['text'] for sample in X]."
    if is_missing(text):
        return " Fill missing texts, for example with '', or drop them."
    return ""
