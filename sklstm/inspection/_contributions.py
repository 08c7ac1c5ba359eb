"""What each token contributes to an output: ``token_contributions`` and its display."""

from dataclasses import dataclass
from html import escape
from itertools import repeat
from typing import Literal, Self

import numpy as np
import torch
from sklearn.utils import Bunch

from sklstm._arguments import check_option, describe
from sklstm.classifier import LSTMClassifier
from sklstm.inspection._drawing import check_result, choose, make_axes, name_steps, shorten
from sklstm.inspection._inspected_network import BATCH_VALUES, InspectedNetwork, last_step
from sklstm.regressor import LSTMRegressor

METHODS = ("integrated_gradients", "occlusion")
RESULT = ("contributions", "outputs", "baseline_outputs", "output_names", "tokens")
N_NODES = 16  # of the quadrature, per piece
TOLERANCE = 1e-4  # per piece, relative to the sum of absolute contributions
ROUNDING = 1e-12  # relative rounding error of an output in float64
MIN_PIECE = 2**-12  # share of the line; smaller pieces are not halved

RAISES, LOWERS = "0, 114, 178", "213, 94, 0"  # RGB: the first two of PALETTE
UNDERLINE = "; text-decoration: underline dotted"  # where it lowers, for print
MAX_OPACITY = 0.6  # of the largest contribution: text stays readable on it
PAGE = '<div dir="auto" style="line-height: 1.9">{}</div>'
SAMPLE = '<div style="margin-bottom: 0.8em"><div style="white-space: pre-wrap">{}</div>{}</div>'
MARK = (
    '<span{title} style="background: rgba({colour}, {opacity:.2f}); padding: 0.15em 0.2em; '
    'border-radius: 0.25em{underline}">{text}</span>'
)
SUM = (
    "<small>{name} = {output:.3g}: {baseline:.3g} at the baseline, {total:+.3g} by contributions "
    "that {raise_} and {lower} it</small>"
)


def token_contributions(
    estimator,
    X,
    *,
    method: Literal["integrated_gradients", "occlusion"] = "integrated_gradients",
    target=None,
) -> Bunch:
    r"""Compute what each token contributes to an output of the network.

    Let :math:`f(x)` be the output for the token vectors :math:`x_1, \dots, x_T`, and :math:`x'` the
    baseline: :math:`T` zero vectors. Of numbers :math:`x_t` is the standardised step, so that zero
    is each feature's mean: in training with ``standardize="feature"``, in the sample with
    ``"sample"``. With ``standardize=None`` it is zero itself. The contributions of both methods sum
    to the difference:

    .. math:: \sum_{t=1}^T a_t = f(x) - f(x')

    Integrated gradients [1]_ follow the straight line from the baseline to :math:`x`:

    .. math::

        a_t = x_t^\top \int_0^1 \frac{\partial f}{\partial x_t}
            \big(x' + \alpha (x - x')\big) \, \mathrm{d}\alpha

    Occlusion replaces the tokens one by one by the baseline, and measures how each replacement
    changes the output. Since this depends on the order, it averages two: first to last, and last to
    first:

    .. math::

        a_t = \tfrac12 \big[ f(x_{t:T}) - f(x_{t+1:T}) \big]
            + \tfrac12 \big[ f(x_{1:t}) - f(x_{1:t-1}) \big]

    where only the steps in the index keep their vectors. The mean over all orders would be the
    Shapley value [2]_.

    Parameters
    ----------
    estimator : estimator or Pipeline
        A fitted `LSTMClassifier` or `LSTMRegressor`, or a pipeline that ends with one.
    X : object
        The samples, in any form that `estimator` predicts from; none may be empty. Numbers have
        steps instead of tokens.
    method : {"integrated_gradients", "occlusion"}, default="integrated_gradients"
        How to compute the contributions.
    target : label or int, default=None
        The output :math:`f`. For a classifier it is the logit of this label. None is
        ``classes_[1]`` of two classes, as in ``decision_function``, and otherwise each sample's
        predicted class. With several labels or outputs it must be given, as a label or column. A
        regressor's output is in the unit of ``y``.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        contributions : list of ndarray of shape (n_steps,)
            :math:`a_t`, one array for each sample.
        outputs : ndarray of shape (n_samples,)
            :math:`f(x)`.
        baseline_outputs : ndarray of shape (n_samples,)
            :math:`f(x')`.
        output_names : list of str
            The name of :math:`f` for each sample, such as ``"logit of positive"``.
        tokens : list of list of str or None
            Names of the steps of each sample: tokens or ids. None for numbers.

    See Also
    --------
    TokenContributionsDisplay : Draws them, and colours the tokens.

    Notes
    -----
    With several members, or a linear model beside them (`wide`), the contributions are those to the
    weighted sum of their outputs; an n-gram's evidence is shared equally by its tokens.

    The integral is a Gauss-Legendre quadrature. Pieces of the line are halved until they meet their
    known sums: the contributions miss :math:`f(x) - f(x')` by at most about 0.1 % of their absolute
    sum, and by far less with smooth poolings (all but the maximum). Those of occlusion sum to it
    exactly; the network runs on :math:`2T` variants of a sample of :math:`T` steps.

    Computed without dropout, in float64 on the CPU and on a copy of the network; the estimator
    does not change.

    References
    ----------
    .. [1] Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep networks, ICML.
       https://doi.org/10.48550/arXiv.1703.01365
    .. [2] Štrumbelj and Kononenko (2014), Explaining prediction models and individual predictions
       with feature contributions, Knowledge and Information Systems 41.
       https://doi.org/10.1007/s10115-013-0679-x

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LSTMClassifier, Tokenizer
    >>> from sklstm.inspection import token_contributions
    >>> texts = ["a good film", "good fun", "a bad film", "bad acting"] * 8
    >>> labels = ["pos", "pos", "neg", "neg"] * 8
    >>> classifier = LSTMClassifier(hidden_size=8, lr=0.02, random_state=0)
    >>> pipe = make_pipeline(Tokenizer(), classifier).fit(texts, labels)
    >>> result = token_contributions(pipe, ["a bad film"])
    >>> a = result.contributions[0]
    >>> result.tokens[0][a.argmin()], result.output_names[0]
    ('bad', 'logit of pos')
    >>> bool(abs(a.sum() - (result.outputs - result.baseline_outputs)[0]) < 1e-6)
    True
    """
    check_option(method, METHODS, "method")
    estimator, X = last_step(estimator, X)
    if estimator._has_one_network:
        return _explain_network(estimator, X, method, repeat(target))
    return _explain_members(estimator, X, method, target)


def _explain_members(estimator, X, method, target):
    """Average the contributions to the networks' outputs, and add those to the linear model's."""
    outputs = torch.from_numpy(estimator._outputs(X))  # (N, K)
    explained = [_choose_output(estimator, target, row[None]) for row in outputs]
    targets = [one.target for one in explained]
    results = [_explain_network(one, X, method, targets) for one in estimator.members_]
    result, linear_models, weights = results[0], [], [1.0]
    if estimator._linear is not None:
        linear_models = estimator._linear_models(estimator._encoder.read(X, estimator))
        weights = estimator.wide_weights_
    for name in ("contributions", "outputs", "baseline_outputs"):
        rows = zip(*(one[name] for one in results), strict=True)
        result[name] = [weights[-1] * np.mean(row, axis=0) for row in rows]
    for (model, samples), weight in zip(linear_models, weights, strict=False):
        for row, one in enumerate(explained):
            scale = one.scale * weight
            evidence = scale * model.contributions(samples[row : row + 1], one.column)[0]
            baseline = scale * model.intercept_[one.column]
            result.contributions[row] = result.contributions[row] + evidence
            result.baseline_outputs[row] += baseline
            result.outputs[row] += evidence.sum() + baseline
    result.outputs, result.baseline_outputs = map(
        np.asarray, (result.outputs, result.baseline_outputs)
    )
    return result


def _explain_network(estimator, X, method, targets):
    inspected = InspectedNetwork(estimator, X)
    inspected.refuse_decoder("token_contributions")
    result = Bunch(
        contributions=[],
        outputs=np.empty(len(inspected.data)),
        baseline_outputs=np.empty(len(inspected.data)),
        output_names=[],
        tokens=inspected.tokens,
    )
    for row, (n_tokens, target) in enumerate(zip(inspected.data.lengths, targets, strict=False)):
        x = inspected.embedded_steps(np.array([row]))[0][:, :n_tokens]  # (1, T, F)
        with torch.no_grad():
            outputs = inspected.network.forward_embedded(x, torch.tensor([n_tokens]))
        explained = _choose_output(inspected.estimator, target, outputs)

        def value(x, explained=explained):
            lengths = torch.full((len(x),), x.shape[1])
            return explained.of(inspected.network.forward_embedded(x, lengths))  # (M,)

        with torch.no_grad():
            output, baseline_output = value(torch.cat([x, torch.zeros_like(x)])).tolist()
        size = max(1, BATCH_VALUES // (inspected.network.n_units * int(n_tokens)))
        if method == "occlusion":
            contributions = _occlude(value, x, size)
        else:
            contributions = _integrate_gradients(value, x, size)
        result.contributions.append(contributions)
        result.outputs[row], result.baseline_outputs[row] = output, baseline_output
        result.output_names.append(explained.name)
    return result


def _integrate_gradients(value, x, size):
    """Integrate piece by piece, halving pieces whose integral misses the known sum."""
    pieces, total, largest = torch.tensor([[0.0, 1.0]], dtype=x.dtype), 0.0, 0.0
    while len(pieces):
        start, end = pieces.T
        parts = _integrate_pieces(value, x, start, end, size)  # (P, T)
        with torch.no_grad():
            ends = [value(some[:, None, None] * x) for some in pieces.T.ravel().split(size)]
        before, after = torch.cat(ends).view(2, -1)
        errors = (parts.sum(dim=1) - (after - before)).abs()
        largest = max(largest, parts.abs().sum())
        tolerance = TOLERANCE * largest + ROUNDING * after.abs().max()
        done = (errors <= tolerance) | (end - start <= MIN_PIECE)
        total = total + parts[done].sum(dim=0)
        middle = (start + end) / 2
        halves = torch.stack([start, middle, middle, end], dim=1)[~done]
        pieces = halves.reshape(-1, 2)
    return total.numpy()


def _integrate_pieces(value, x, start, end, size):
    """Integrate from each start to its end by Gauss-Legendre quadrature."""
    nodes, weights = map(torch.from_numpy, np.polynomial.legendre.leggauss(N_NODES))  # on -1 .. 1
    half = (end - start)[:, None] / 2
    shares = (start[:, None] + half * (nodes + 1)).ravel()  # (P * M,)
    slopes = []
    for some in shares.split(size):
        path = (some[:, None, None] * x).requires_grad_()  # (·, T, F)
        (gradients,) = torch.autograd.grad(value(path).sum(), path)
        slopes.append((gradients * x).sum(dim=2))
    slopes = torch.cat(slopes).view(len(start), N_NODES, -1)  # (P, M, T)
    return torch.einsum("pmt,pm->pt", slopes, half * weights)


@torch.no_grad()
def _occlude(value, x, size):
    n_tokens = x.shape[1]
    steps, values = torch.arange(n_tokens), []
    # variant k keeps steps k onwards, and variant T + 1 + k the k steps before
    for variants in torch.arange(2 * (n_tokens + 1)).split(size):
        later = steps >= (variants % (n_tokens + 1))[:, None]  # (M, T)
        kept = later != (variants > n_tokens)[:, None]
        values.append(value(x * kept[:, :, None]))
    values = torch.cat(values).view(2, -1)
    return (values.diff(dim=1) * torch.tensor([[-0.5], [0.5]])).sum(dim=0).numpy()


@dataclass
class _Output:
    """The output to explain: a column of the network's outputs, in the user's unit."""

    name: str
    target: object  # by which the user names it
    column: int
    scale: float = 1.0
    mean: float = 0.0

    def of(self, outputs):
        return outputs[:, self.column] * self.scale + self.mean


def _choose_output(estimator, target, outputs):
    """Choose which output of one sample to explain."""
    if isinstance(estimator, LSTMClassifier):
        classes, kind = estimator.classes_.tolist(), estimator._target_kind
        if target is None and kind != "multilabel":
            column = 1 if kind == "binary" else int(outputs.argmax())
        else:
            column = _find(target, classes)
        label = classes[column]
        name = f"logit of {label}"
        if kind == "binary":
            return _Output(name, label, 0, 2 * column - 1)
        return _Output(name, label, column)
    if isinstance(estimator, LSTMRegressor):
        n_outputs = estimator._n_outputs
        one = n_outputs == 1
        column = 0 if one and target is None else _find(target, list(range(n_outputs)))
        scale, mean = estimator.target_scale_[column], estimator.target_mean_[column]
        name = "prediction" if one else f"prediction {column}"
        return _Output(name, column, column, scale, mean)
    raise TypeError(
        f"token_contributions explains one output for each sequence, but "
        f"{type(estimator).__name__} gives one at every step: pass an LSTMClassifier or an "
        "LSTMRegressor."
    )


def _find(target, known):
    try:
        return known.index(target)
    except (TypeError, ValueError, RuntimeError):  # an array is compared element by element
        raise ValueError(
            f"target must name what to explain, one of {known}; got {describe(target)}."
        ) from None


class TokenContributionsDisplay:
    """Bars of the contribution of each token; in notebooks also coloured text.

    Jupyter and the Sphinx gallery show the tokens of every sample on blue where they raise the
    output, and on orange with a dotted line where they lower it. The opacity grows with the square
    root of the contribution, on one scale for all samples; hovering shows the number.

    Parameters
    ----------
    result : :class:`~sklearn.utils.Bunch`
        What `token_contributions` returned.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Its figure.
    bars_ : matplotlib BarContainer
        The bars.

    See Also
    --------
    token_contributions : Computes the numbers.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LSTMClassifier, Tokenizer
    >>> from sklstm.inspection import TokenContributionsDisplay
    >>> texts, labels = ["a good film", "bad acting"] * 8, ["pos", "neg"] * 8
    >>> pipe = make_pipeline(Tokenizer(), LSTMClassifier(hidden_size=4, random_state=0))
    >>> pipe.fit(texts, labels)
    Pipeline(...)
    >>> display = TokenContributionsDisplay.from_estimator(pipe, ["a good film"])
    >>> len(display.bars_)
    3

    The coloured text alone, without a figure:

    >>> from sklstm.inspection import token_contributions
    >>> coloured = TokenContributionsDisplay(token_contributions(pipe, texts[:4]))
    """

    def __init__(self, result):
        self.result = result

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        method: Literal["integrated_gradients", "occlusion"] = "integrated_gradients",
        target=None,
        sample: int = 0,
        ax=None,
        **bar_kw,
    ) -> Self:
        """Compute the contributions and draw those of one sample.

        Parameters
        ----------
        estimator : estimator or Pipeline
            See `token_contributions`.
        X : object
            The samples.
        method : {"integrated_gradients", "occlusion"}, default="integrated_gradients"
            How to compute the contributions.
        target : label or int, default=None
            The output; see `token_contributions`.
        sample : int, default=0
            Which sample to draw.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **bar_kw : dict
            Arguments of matplotlib's ``Axes.bar``.

        Returns
        -------
        TokenContributionsDisplay
            The drawn display.
        """
        result = token_contributions(estimator, X, method=method, target=target)
        return cls(result).plot(ax, sample=sample, **bar_kw)

    def plot(self, ax=None, *, sample: int = 0, **bar_kw) -> Self:
        """Draw the contributions of one sample.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        sample : int, default=0
            Which sample to draw.
        **bar_kw : dict
            Arguments of matplotlib's ``Axes.bar``.

        Returns
        -------
        TokenContributionsDisplay
            The display itself.
        """
        result = self.result
        check_result(result, "token_contributions", *RESULT)
        values = choose(result.contributions, sample, "sample")
        (self.ax_,) = make_axes(1, 3.4, ax)
        self.figure_ = self.ax_.figure
        colours = [_colour(value) for value in values]
        self.bars_ = self.ax_.bar(range(len(values)), values, **{"color": colours, **bar_kw})
        self.ax_.axhline(0, color="black", linewidth=0.8)
        self.ax_.set_title(
            f"{shorten(result.output_names[sample], 40)} = {result.outputs[sample]:.3g}: "
            f"baseline {result.baseline_outputs[sample]:.3g}, "
            f"contributions {values.sum():+.3g}",
            fontsize="medium",
            parse_math=False,
        )
        self.ax_.set_ylabel("contribution")
        name_steps(self.ax_, result.tokens and result.tokens[sample], len(values))
        self.ax_.grid(axis="y", alpha=0.3)
        return self

    def _repr_html_(self):
        check_result(self.result, "token_contributions", *RESULT)
        largest = max(np.abs(values).max() for values in self.result.contributions) or 1.0
        samples = range(len(self.result.contributions))
        return PAGE.format("".join(self._draw_sample(sample, largest) for sample in samples))

    def _draw_sample(self, sample, largest):
        result = self.result
        values = result.contributions[sample]
        tokens = range(len(values)) if result.tokens is None else result.tokens[sample]
        shares = np.sqrt(np.abs(values) / largest)  # keeps small ones visible
        pieces = [
            _mark(token, value, share, f' title="{value:+.3g}"')
            for token, value, share in zip(tokens, values, shares, strict=True)
        ]
        summary = SUM.format(
            name=escape(result.output_names[sample]),
            output=result.outputs[sample],
            baseline=result.baseline_outputs[sample],
            total=values.sum(),
            raise_=_mark("raise", 1, 1),
            lower=_mark("lower", -1, 1),
        )
        return SAMPLE.format(" ".join(pieces), summary)


def _mark(token, value, share, title=""):
    colour, underline = (RAISES, "") if value > 0 else (LOWERS, UNDERLINE)
    return MARK.format(
        title=title,
        colour=colour,
        opacity=MAX_OPACITY * share,
        underline=underline,
        text=escape(str(token)),
    )


def _colour(value):
    return tuple(int(part) / 255 for part in (RAISES if value > 0 else LOWERS).split(","))
