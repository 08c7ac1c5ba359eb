"""Generators of problems whose targets depend on distant steps."""

from numbers import Integral
from string import ascii_lowercase

import numpy as np
from sklearn.utils import check_random_state

from sklstm import _typing as t
from sklstm._sklearn import Interval, validate_params

BLANK, RECALL = "_", ">"
LARGEST = 2**31 - 1  # samples, or steps: an int32


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, LARGEST, closed="both")],
        "n_steps": [Interval(Integral, 2, LARGEST, closed="both")],  # one for each marker
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_adding_problem(
    n_samples: int = 1000, n_steps: int = 100, *, random_state: t.RandomState = None
) -> tuple[np.ndarray, np.ndarray]:
    r"""Make series in which two marked numbers are to be added.

    A step :math:`x_t = (v_t, m_t)` holds a number, drawn uniformly from :math:`[0, 1)`, and a
    marker. The marker is 1 at one step :math:`a` of the first half and one step :math:`b` of the
    second half, drawn uniformly, and 0 at all others:

    .. math:: y = v_a + v_b = \sum_{t=1}^{T} m_t v_t

    Always predicting the mean, 1, gives a mean squared error of :math:`1/6 \approx 0.167`, the
    variance of `y`. To do better, a network must keep a number over :math:`T/2` steps on average,
    while others come in. The problem is that of [1]_ in the form of [2]_.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of series :math:`N`.
    n_steps : int, default=100
        Steps :math:`T` of each, at least 2.
    random_state : int, RandomState instance or None, default=None
        Seeds the numbers and the positions of the markers.

    Returns
    -------
    X : ndarray of shape (n_samples, n_steps, 2)
        The series: numbers in the first channel, markers in the second.
    y : ndarray of shape (n_samples,)
        The sums, between 0 and 2.

    See Also
    --------
    make_copy_task : Symbols to repeat after a lag.
    make_parity : Bits to count modulo 2.
    sklstm.LSTMRegressor : Takes X and y as they are.

    References
    ----------
    .. [1] Hochreiter and Schmidhuber (1997), Long short-term memory, Neural Computation 9(8),
       experiment 4. https://doi.org/10.1162/neco.1997.9.8.1735
    .. [2] Arjovsky, Shah and Bengio (2016), Unitary evolution recurrent neural networks, ICML.
       https://doi.org/10.48550/arXiv.1511.06464

    Examples
    --------
    >>> from sklstm.datasets import make_adding_problem
    >>> X, y = make_adding_problem(n_samples=3, n_steps=6, random_state=0)
    >>> X[0].round(2)
    array([[0.55, 0.  ],
           [0.72, 0.  ],
           [0.6 , 1.  ],
           [0.54, 1.  ],
           [0.42, 0.  ],
           [0.65, 0.  ]])
    >>> y.round(2)
    array([1.15, 1.23, 0.09])
    """
    random_state = check_random_state(random_state)
    n_samples, n_steps = int(n_samples), int(n_steps)  # NumPy takes no bool
    numbers = random_state.uniform(size=(n_samples, n_steps))
    half = n_steps // 2
    first = random_state.randint(half, size=n_samples)
    second = random_state.randint(half, n_steps, size=n_samples)
    rows = np.arange(n_samples)
    markers = np.zeros((n_samples, n_steps))
    markers[rows, first] = markers[rows, second] = 1
    X = np.stack([numbers, markers], axis=-1)  # (N, T, 2)
    return X, numbers[rows, first] + numbers[rows, second]


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, LARGEST, closed="both")],
        "lag": [Interval(Integral, 0, LARGEST, closed="both")],
        "n_items": [Interval(Integral, 1, LARGEST, closed="both")],
        "n_symbols": [Interval(Integral, 2, len(ascii_lowercase), closed="both")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_copy_task(
    n_samples: int = 1000,
    lag: int = 10,
    *,
    n_items: int = 10,
    n_symbols: int = 8,
    random_state: t.RandomState = None,
) -> tuple[list[list[str]], list[list[str]]]:
    r"""Make sequences of symbols that are to be repeated after a lag.

    Symbols :math:`s_1 \dots s_L`, drawn uniformly and independently from :math:`K` letters, are
    followed by :math:`\tau` blanks ``"_"``, then ``">"`` and blanks again. The tags are the symbols
    after ``">"``:

    .. math::

        x &= s_1 \dots s_L \; \underbrace{\_ \dots \_}_{\tau} \; {>} \;
            \underbrace{\_ \dots \_}_{L} \\
        y &= \underbrace{\_ \dots \_}_{L + \tau + 1} \; s_1 \dots s_L

    Each symbol must be output :math:`L + \tau + 1` steps after it was read. A tagger that remembers
    nothing predicts the blanks and guesses the symbols, with an accuracy of
    :math:`(L + \tau + 1 + L / K) / (2L + \tau + 1)`. The task is that of [1]_ in the form of [2]_.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of sequences.
    lag : int, default=10
        Blanks :math:`\tau` between the last symbol and ``">"``.
    n_items : int, default=10
        Symbols :math:`L` to repeat.
    n_symbols : int, default=8
        Distinct symbols :math:`K`, at most 26: ``"a"``, ``"b"``, ...
    random_state : int, RandomState instance or None, default=None
        Seeds the symbols.

    Returns
    -------
    X : list of list of str
        The tokens of each sequence, :math:`2L + \tau + 1` of them.
    y : list of list of str
        The tag of each token.

    See Also
    --------
    make_adding_problem : Numbers to keep and add.
    make_parity : Bits to count modulo 2.
    sklstm.LSTMTagger : Takes X and y as they are, best with ``bidirectional=False``.

    References
    ----------
    .. [1] Hochreiter and Schmidhuber (1997), Long short-term memory, Neural Computation 9(8).
       https://doi.org/10.1162/neco.1997.9.8.1735
    .. [2] Arjovsky, Shah and Bengio (2016), Unitary evolution recurrent neural networks, ICML.
       https://doi.org/10.48550/arXiv.1511.06464

    Examples
    --------
    >>> from sklstm.datasets import make_copy_task
    >>> X, y = make_copy_task(n_samples=2, lag=3, n_items=4, random_state=0)
    >>> for tokens, tags in zip(X, y):
    ...     print("".join(tokens), "".join(tags))
    ehfa___>____ ________ehfa
    dddh___>____ ________dddh
    """
    symbols = list(ascii_lowercase[:n_symbols])
    drawn = (
        check_random_state(random_state)
        .choice(symbols, size=(int(n_samples), int(n_items)))
        .tolist()
    )
    X = [[*items, *[BLANK] * lag, RECALL, *[BLANK] * n_items] for items in drawn]
    y = [[*[BLANK] * (n_items + lag + 1), *items] for items in drawn]
    return X, y


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, LARGEST, closed="both")],
        "n_steps": [Interval(Integral, 1, LARGEST, closed="both")],
        "min_steps": [Interval(Integral, 1, LARGEST, closed="both")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_parity(
    n_samples: int = 1000,
    n_steps: int = 10,
    *,
    min_steps: int = 1,
    random_state: t.RandomState = None,
) -> tuple[list[np.ndarray], np.ndarray]:
    r"""Make sequences of bits, labelled by the parity of their ones.

    .. math:: y = \Big(\sum_{t=1}^{T} x_t\Big) \bmod 2

    with :math:`x_t \in \{0, 1\}` drawn uniformly and independently, and :math:`T` drawn uniformly.
    Every bit matters: without one of them, accuracy is one half. A recurrent network needs one bit
    of state, which each 1 flips; no network with a finite context can solve it [1]_.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of sequences.
    n_steps : int, default=10
        Maximum length.
    min_steps : int, default=1
        Minimum length, at most `n_steps`.
    random_state : int, RandomState instance or None, default=None
        Seeds the lengths and the bits.

    Returns
    -------
    X : list of ndarray of shape (n_steps_i, 1)
        The bits, 0.0 or 1.0, of each sequence.
    y : ndarray of int, shape (n_samples,)
        1 for an odd number of ones, 0 for an even one.

    See Also
    --------
    make_adding_problem : Numbers to keep and add.
    make_copy_task : Symbols to repeat after a lag.
    sklstm.LSTMClassifier : Takes X and y as they are.

    References
    ----------
    .. [1] Hochreiter and Schmidhuber (1997), Long short-term memory, Neural Computation 9(8), on
       parity and guessing. https://doi.org/10.1162/neco.1997.9.8.1735

    Examples
    --------
    >>> from sklstm.datasets import make_parity
    >>> X, y = make_parity(n_samples=3, n_steps=6, random_state=0)
    >>> [bits.ravel().astype(int).tolist() for bits in X]
    [[1, 1, 1, 1, 1], [1, 1, 0, 0, 1, 0], [0]]
    >>> y
    array([1, 1, 0])
    """
    if min_steps > n_steps:
        raise ValueError(
            f"min_steps={min_steps} is above n_steps={n_steps}: lower min_steps, or raise n_steps."
        )
    n_samples = int(n_samples)  # NumPy takes no bool
    random_state = check_random_state(random_state)
    lengths = random_state.randint(min_steps, n_steps + 1, size=n_samples)
    bits = random_state.randint(2, size=lengths.sum())
    X = np.split(bits.astype(float)[:, None], np.cumsum(lengths)[:-1])
    return X, np.array([int(sequence.sum()) % 2 for sequence in X])
