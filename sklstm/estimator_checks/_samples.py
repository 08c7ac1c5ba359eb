"""Checks that a sample means the same whatever stands beside it, and that any sample is one."""

from unittest import SkipTest

import numpy as np

from sklstm.estimator_checks._comparison import assert_equal, assert_rows, or_refused, rows_of
from sklstm.sequences import SequencePadder, Sequences

N_STEPS = 300  # of a long sequence
UNICODE = (
    "naïve café",
    "очень хорошо",
    "很好 的 电影",
    "e\u0301te\u0301 👩\u200d👩\u200d👧 ❤\ufe0f",
    "\u202eabc \0 good",
)
SURROGATE = "\ud83d good"  # half of an emoji, as broken decoders leave it


def check_order(problem):
    """Samples in another order get the same predictions in that order, from each method."""
    order = np.random.RandomState(0).permutation(len(problem.X))
    X = problem.take(problem.X, order)
    for method, expected in problem.all_expected.items():
        outputs = getattr(problem.fitted, method)(X)
        expected = problem.take(rows_of(expected), order)
        assert_equal(outputs, expected, f"{method}: the order of samples matters")


def check_batch_mates(problem):
    """A sample alone gets the prediction that it gets among others, from each method."""
    for method, expected in problem.all_expected.items():
        expected = rows_of(expected)
        for row in range(0, len(problem.X), 2):
            alone = getattr(problem.fitted, method)(problem.take(problem.X, [row]))
            assert_equal(alone, expected[row : row + 1], f"{method}: batch mates matter")


def check_twins(problem):
    """Equal samples get equal predictions, wherever they stand."""
    n = len(problem.X)
    X = problem.take(problem.X, [*range(n), *range(n)])
    outputs = rows_of(problem.outputs(problem.fitted, X))
    assert_equal(outputs[n:], outputs[:n], "equal samples get other predictions further below")


def check_batch_size(problem):
    """Predictions do not depend on a parameter ``batch_size``."""
    estimator = problem.copy_of_fitted()
    names = [name for name in estimator.get_params() if name.split("__")[-1] == "batch_size"]
    for size in (1, 3):
        estimator.set_params(**dict.fromkeys(names, size))
        outputs = problem.outputs(estimator)
        assert_equal(outputs, problem.expected, "the batch size of a prediction matters")


def check_padding(problem):
    """Padding of `Sequences`, before or after, short or long, changes no prediction."""
    X = _as_sequences(problem)
    expected = problem.outputs(problem.fitted, X)
    longest = int(X.lengths.max())
    for padding in ("pre", "post"):
        for length in (longest, longest + 7):
            padded = SequencePadder(max_length=length, padding=padding).fit_transform(X)
            outputs = problem.outputs(problem.fitted, padded)
            assert_equal(outputs, expected, f"padding ({padding}, {length}) matters")


def check_sequences(problem):
    """`Sequences` of tokens are learned from like the tokens."""
    X = _as_sequences(problem)
    outputs = problem.outputs(problem.fit(X), X)
    assert_equal(outputs, problem.expected, "Sequences differ from lists of their tokens")


def check_vector_width(problem):
    """Vectors of another width than in ``fit``, or none, are refused."""
    X = _as_sequences(problem)
    vectors = np.random.RandomState(0).randn(len(X.categories), 4)
    vectors[0] = 0
    estimator = problem.fit(X.with_vectors(vectors))
    if _ignores(problem, estimator, X.with_vectors(vectors), X.with_vectors(2 * vectors)):
        raise SkipTest("it reads the strings of Sequences only, and no vectors")
    for wrong, message in (
        (X.with_vectors(vectors[:, :3]), "narrower vectors"),
        (X, "Sequences without vectors, fitted on vectors"),
    ):
        try:
            problem.outputs(estimator, wrong)
        except (TypeError, ValueError):
            continue
        raise AssertionError(f"{message}: no TypeError or ValueError was raised")


def check_one_sample(problem):
    """One sample is a batch of one, for each method."""
    for method in problem.methods:
        output = getattr(problem.fitted, method)(problem.take(problem.X, [0]))
        assert_rows(output, 1, f"{method} of one sample")


def check_empty_sequence(problem):
    """An empty sequence gets a finite prediction, alone or among others."""
    for name, X in {
        "an empty sequence": problem.of_words(""),
        "an empty sequence among others": problem.of_words("", "good film", ""),
    }.items():
        assert_rows(problem.outputs(problem.fitted, X), len(X), name)


def check_empty_sequence_in_fit(problem):
    """``fit`` takes an empty sequence, or refuses it by a clear error."""
    X, y = problem.replaced(1, problem.of_words("")[0]), problem.y
    if problem.target_kind == "tags":
        y = [*y[:1], [], *y[2:]]
    with or_refused("fit with an empty sequence"):
        assert_rows(problem.outputs(problem.fit(X, y), X), len(X), "fit with an empty sequence")


def check_one_step(problem):
    """Sequences of one step, known or not, have a prediction."""
    X = problem.of_words("good", "unheard-of")
    assert_rows(problem.outputs(problem.fitted, X), 2, "sequences of one step")


def check_long_sequence(problem):
    """A sequence much longer than those in ``fit`` leaves its batch mates alone."""
    X = problem.of_words("a bad film", " ".join(["good", "film"] * (N_STEPS // 2)))
    outputs = problem.outputs(problem.fitted, X)
    assert_rows(outputs, 2, "a long sequence")
    alone = problem.outputs(problem.fitted, problem.of_words("a bad film"))
    assert_equal(rows_of(outputs)[:1], alone, "a long sequence changes the one beside it")


def check_unknown_tokens(problem):
    """Tokens that ``fit`` has not seen are no error, alone or beside known ones."""
    X = problem.of_words("zyzzyva quokka", "a good zyzzyva")
    assert_rows(problem.outputs(problem.fitted, X), 2, "unknown tokens")


def check_unicode(problem):
    """Letters of any script, emoji, combining and invisible characters are text."""
    X = problem.of_words(*UNICODE)
    assert_rows(problem.outputs(problem.fitted, X), len(UNICODE), "text in Unicode")
    if problem.target_kind == "tags" and problem.input_kind == "text":
        return  # how many tags there must be is up to its tokenizer
    mixed, y = problem.like_X([*problem.samples(), *X]), problem.y
    if y is not None:
        tags = [["O"] * len(words.split()) for words in UNICODE]
        y = [*y, *(tags if problem.target_kind == "tags" else y[: len(X)])]
    assert_rows(problem.outputs(problem.fit(mixed, y), mixed), len(mixed), "fit with Unicode")


def check_surrogates(problem):
    """A lone surrogate is taken, or refused by a clear error."""
    X = problem.of_words(SURROGATE)
    with or_refused("prediction of a lone surrogate"):
        assert_rows(problem.outputs(problem.fitted, X), 1, "a lone surrogate")


def _ignores(problem, estimator, *inputs):
    """Tell whether an estimator makes the same of two inputs."""
    left, right = (problem.outputs(estimator, X) for X in inputs)
    try:
        assert_equal(left, right, "")
    except AssertionError:
        return False
    return True


def _as_sequences(problem):
    """Make `Sequences` of tokens, if the estimator takes any."""
    X = problem.X
    if not isinstance(X, Sequences):
        X = Sequences.from_tokens(problem.samples())
        try:
            problem.outputs(problem.fitted, X)
        except Exception:
            raise SkipTest("it does not take Sequences, which is up to it") from None
    return X


CHECKS = (check_order, check_batch_mates, check_twins, check_one_sample)
CHECKS_OF_BATCH_SIZE = (check_batch_size,)
CHECKS_OF_TOKENS = (check_sequences,)
CHECKS_OF_SEQUENCES = (check_padding,)
CHECKS_OF_VECTORS = (check_vector_width,)
CHECKS_OF_WORDS = (
    check_empty_sequence,
    check_empty_sequence_in_fit,
    check_one_step,
    check_long_sequence,
    check_unknown_tokens,
    check_unicode,
    check_surrogates,
)
