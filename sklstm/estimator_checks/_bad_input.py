"""Checks that bad samples are refused, in ``fit`` and afterwards, by an error that says why."""

from unittest import SkipTest

import numpy as np

from sklstm.estimator_checks._comparison import assert_refuses, assert_rows, or_refused


def check_no_samples(problem):
    """None is no list of samples, an empty list nothing to learn from."""
    _assert_refused(problem, None, "None")
    y = () if problem.y is None else (problem.y[:0],)
    assert_refuses(problem.fresh().fit, [], *y, message="fit of an empty list")
    with or_refused("prediction of an empty list"):
        assert_rows(_use(problem, []), 0, "prediction of an empty list")


def check_bare_string(problem):
    """One bare string is no list of samples."""
    y = None if problem.y is None else problem.y[:4]  # as many as characters
    _assert_refused(problem, "good", "a bare string", y)


def check_missing_sample(problem):
    """None among samples is refused."""
    _assert_refused(problem, problem.replaced(-1, None), "None among samples")


def check_nan_among_samples(problem):
    """NaN among samples is refused."""
    _assert_refused(problem, problem.replaced(-1, np.nan), "NaN among samples")


def check_number_among_samples(problem):
    """A number among samples is refused."""
    _assert_refused(problem, problem.replaced(-1, 5), "a number among samples")


def check_bytes_among_samples(problem):
    """Bytes among texts are refused: how to decode them is known to the user only."""
    wrong = b"good" if problem.input_kind == "text" else [b"good"]
    _assert_refused(problem, problem.replaced(-1, wrong), "bytes among samples")


def check_text_among_tokens(problem):
    """A text among lists of tokens is refused, and not read as a list of characters."""
    _assert_refused(problem, problem.replaced(-1, "good"), "a text among lists of tokens")


def check_missing_token(problem):
    """None among tokens is refused."""
    _assert_refused(problem, problem.replaced(-1, ["good", None]), "None among tokens")


def check_number_among_tokens(problem):
    """A number among tokens is refused."""
    _assert_refused(problem, problem.replaced(-1, ["good", 5]), "a number among tokens")


def check_two_columns_of_texts(problem):
    """Two columns of texts are refused: one of them would be lost."""
    try:
        problem.fit([sample.split() for sample in problem.X])
    except (TypeError, ValueError):
        pass
    else:
        raise SkipTest("it takes tokens, too, and a matrix of strings is one of tokens")
    X = np.column_stack([np.array(problem.X, object)] * 2)
    _assert_refused(problem, X, "two columns of texts")


def _assert_refused(problem, X, name, y=None):
    y = problem.y if y is None else y
    args = (X,) if y is None else (X, y)
    assert_refuses(problem.fresh().fit, *args, message=f"fit of {name}")
    assert_refuses(_use, problem, X, message=f"prediction of {name}")


def _use(problem, X):
    return getattr(problem.fitted, problem.methods[0])(X)


CHECKS = (
    check_no_samples,
    check_bare_string,
    check_missing_sample,
    check_nan_among_samples,
    check_number_among_samples,
    check_bytes_among_samples,
)
CHECKS_OF_TEXTS = (check_two_columns_of_texts,)
CHECKS_OF_TOKENS = (check_text_among_tokens, check_missing_token, check_number_among_tokens)
