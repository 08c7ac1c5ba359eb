"""The linear-chain conditional random field, which scores the tags of a sequence jointly."""

from copy import deepcopy

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from sklstm.nn.masking import common_length, padding_mask, reversal_index, reverse_padded

FORBIDDEN = -1e30  # finite: its exponential is exactly 0, and no gradient meets inf - inf
MODERATE = 100.0  # scores whose sums of exponentials are far from the limits of float64
UNDERFLOW = 1e-140  # shares not below it leave float64 its full precision in all products


class LinearChainCRF(nn.Module):
    r"""A linear-chain conditional random field over the tags of a sequence.

    With emissions :math:`e_t`, one score for each tag at step :math:`t`, and transitions
    :math:`A`, a path :math:`y` of tags has the score and the probability [1]_

    .. math::

        s(y) &= \mathrm{start}_{y_1} + \sum_{t=1}^{T} e_{t, y_t}
                + \sum_{t=2}^{T} A_{y_{t-1}, y_t} + \mathrm{end}_{y_T} \\
        p(y) &= \exp(s(y)) / Z, \qquad Z = \sum_{y'} \exp(s(y'))

    Below, the scores of the start and the end count as emissions of the first and of the last
    step. Sums over all paths are recursions in time [2]_: forwards :math:`\alpha`, backwards
    :math:`\beta`; the best path follows the best score to go :math:`v`:

    .. math::

        \alpha_t(j) &= e^{e_{t,j}} \sum_i \alpha_{t-1}(i) \, e^{A_{ij}}, \qquad
        Z = \sum_j \alpha_T(j) \\
        \beta_t(i) &= \sum_j e^{A_{ij}} \, e^{e_{t+1,j}} \, \beta_{t+1}(j), \qquad
        p(y_t = i) = \alpha_t(i) \, \beta_t(i) / Z \\
        v_t(i) &= e_{t,i} + \max_j \left( A_{ij} + v_{t+1}(j) \right)

    All computation is in float64, also under autocast; results have the emissions' dtype, or
    float32 if that is narrower. Values at padding are ignored. An emission of ``-inf`` forbids a
    tag at one step.

    Parameters
    ----------
    n_tags : int
        Number :math:`K` of tags.
    allowed : tuple of bool arrays of shapes (n_tags,), (n_tags, n_tags), (n_tags,), default=None
        Tags that may come first, may follow (from row to column), and may come last. Anything
        else has probability 0, whatever its parameter. By default everything is allowed.

    References
    ----------
    .. [1] Lafferty, McCallum and Pereira (2001), Conditional random fields: probabilistic models
       for segmenting and labeling sequence data, ICML. https://repository.upenn.edu/cis_papers/159
    .. [2] Rabiner (1989), A tutorial on hidden Markov models and selected applications in speech
       recognition, Proceedings of the IEEE 77(2). https://doi.org/10.1109/5.18626
    """

    def __init__(self, n_tags, allowed=None):
        super().__init__()
        self.n_tags = n_tags
        shapes = {"start": (n_tags,), "transitions": (n_tags, n_tags), "end": (n_tags,)}
        allowed = allowed or [torch.ones(shape, dtype=torch.bool) for shape in shapes.values()]
        for (name, shape), may in zip(shapes.items(), allowed, strict=True):
            may = torch.as_tensor(may, dtype=torch.bool)
            assert may.shape == shape, f"allowed {name}: {tuple(may.shape)}, expected {shape}"
            self.register_parameter(name, nn.Parameter(torch.zeros(shape)))
            self.register_buffer(f"_forbidden_{name}", ~may, persistent=False)

    def extra_repr(self):
        """Describe the module in its printed form.

        Returns
        -------
        str
            The number of tags.
        """
        return f"n_tags={self.n_tags}"

    def weights(self):
        """Return the weights, with forbidden ones masked.

        Returns
        -------
        start, transitions, end : Tensor of shapes (n_tags,), (n_tags, n_tags), (n_tags,)
            The parameters, and ``-inf`` where forbidden.
        """
        return tuple(
            getattr(self, name).masked_fill(getattr(self, f"_forbidden_{name}"), -torch.inf)
            for name in ("start", "transitions", "end")
        )

    def log_likelihood(self, emissions, tags, lengths):
        r"""Return the log-probability of given paths.

        Its gradient is what was observed minus what was expected: the path's own tags and
        transitions, minus their probabilities. It can be differentiated once.

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_tags)
            A score for each tag at each step, padded on the right.
        tags : LongTensor of shape (n_sequences, n_steps)
            The paths, with any negative values at padding.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences,)
            :math:`\log p(y)`: ``-inf`` for a forbidden path, 0 for a sequence without steps.
        """
        path = torch.zeros_like(emissions, dtype=torch.float64, requires_grad=False)
        path.scatter_(2, tags.clamp(min=0)[:, :, None], 1.0)
        path.masked_fill_(_padding(lengths, tags.shape[1]), 0.0)
        moves = path[:, :-1].mT @ path[:, 1:]  # (N, from, to): how often
        return self._expected_log_likelihood(emissions, path, moves, lengths)

    def constrained_log_likelihood(self, emissions, may_be, lengths):
        r"""Return the log-probability of what is known of the tags.

        It is summed over all paths that agree with it [1]_,

        .. math::

            \log \sum_{y \in Y} p(y) = \log Z_Y - \log Z, \qquad
            Z_Y = \sum_{y \in Y} \exp(s(y))

        with :math:`Z_Y` from the same recursions, where the emissions of other tags are
        :math:`-\infty`. Its gradient is what is expected on the paths in :math:`Y` minus what is
        expected on all. It can be differentiated once.

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_tags)
            A score for each tag at each step, padded on the right.
        may_be : BoolTensor of shape (n_sequences, n_steps, n_tags)
            Tags that a step may have, such that some path has probability.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences,)
            At most 0.

        References
        ----------
        .. [1] Tsuboi et al. (2008), Training conditional random fields using incomplete
           annotations, COLING. https://aclanthology.org/C08-1113
        """
        *held, entropy = self.expectations(emissions.masked_fill(~may_be, -torch.inf), lengths)
        return self._expected_log_likelihood(emissions, *held, lengths) + entropy

    @torch.no_grad()
    def expectations(self, emissions, lengths):
        """Return the distribution over paths, as `divergence` takes it.

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_tags)
            A score for each tag at each step, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        marginals : Tensor of shape (n_sequences, n_steps, n_tags)
            The probability of each tag at each step.
        pairs : Tensor of shape (n_sequences, n_tags, n_tags)
            How often each tag (column) is expected to follow another (row).
        entropy : Tensor of shape (n_sequences,)
            As from `entropy`.
        """
        scores, transitions = self._potentials(emissions, lengths)
        log_z, marginals, pairs = _expectations(scores, transitions, lengths)
        return marginals, pairs, log_z - _expected_score(scores, transitions, marginals, pairs)

    def divergence(self, expectations, emissions, lengths):
        r"""Return the Kullback-Leibler divergence from a distribution that is held constant.

        Scores add up over steps and transitions, so that of all paths is exact:

        .. math::

            \mathrm{KL}(p \,\|\, q) = \log Z_q - H(p)
                - \sum_{t, j} p(y_t = j) \, e_{t, j} - \sum_{i, j} c_{ij} \, A_{ij}

        with the expected number :math:`c_{ij}` of transitions under :math:`p`, and the scores of
        :math:`q`. It can be differentiated once.

        Parameters
        ----------
        expectations : tuple of Tensor
            Of :math:`p`, see `expectations`.
        emissions : Tensor of shape (n_sequences, n_steps, n_tags)
            The emissions of :math:`q`.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences,)
            In nats.
        """
        marginals, pairs, entropy = expectations
        return -entropy - self._expected_log_likelihood(emissions, marginals, pairs, lengths)

    def entropy(self, emissions, lengths):
        r"""Return the entropy of the distribution over paths.

        It is summed in the forward recursion [1]_, with the probability :math:`p(i \mid j)` of the
        tag :math:`i` before :math:`j` in what has been read:

        .. math::

            h_t(j) = \sum_i p(i \mid j) \left( h_{t-1}(i) - \log p(i \mid j) \right), \qquad
            H = \sum_j p(y_T = j) \left( h_T(j) - \log p(y_T = j) \right)

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_tags)
            A score for each tag at each step, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences,)
            In nats: 0 for a sequence without steps.

        References
        ----------
        .. [1] Mann and McCallum (2007), Efficient computation of entropy gradient for
           semi-supervised conditional random fields, NAACL. https://aclanthology.org/N07-2028
        """
        scores, transitions = self._potentials(emissions, lengths)
        alpha, *steps = scores.unbind(1)
        entropy = torch.zeros_like(alpha)  # (N, K)
        for t, step in enumerate(steps, start=1):
            longer = (lengths > t)[:, None]
            arrivals = alpha[:, :, None] + transitions  # (N, from, to)
            entropy = torch.where(longer, _mean_information(arrivals, entropy[:, :, None]), entropy)
            alpha = torch.where(longer, step + arrivals.logsumexp(1), alpha)
        entropy = _mean_information(alpha, entropy).masked_fill(lengths == 0, 0.0)
        return entropy.to(_at_least_float32(emissions))

    def _expected_log_likelihood(self, emissions, tags, moves, lengths):
        """Return the mean log-likelihood of paths with given expectations, of one or of many."""
        found = _LogLikelihood.apply(emissions, *self.weights(), tags, moves, lengths)
        return found.to(_at_least_float32(emissions))

    @torch.no_grad()
    def marginals(self, emissions, lengths):
        """Return the probability of each tag at each step, given the whole sequence.

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_tags)
            A score for each tag at each step, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_tags)
            Probabilities that sum to 1 over the tags, and zeros at padding.
        """
        _, marginals, _ = _expectations(*self._potentials(emissions, lengths), lengths)
        return marginals.to(_at_least_float32(emissions))

    @torch.no_grad()
    def segment_log_probabilities(self, emissions, lengths, segments, opens, continues):
        """Return the log-probability of segments: stretches of steps whose tags belong together.

        It is summed over all paths on which the first step has a tag that opens the segment, each
        further one continues the step before, and the segment goes on in neither direction.

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_tags)
            A score for each tag at each step, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        segments : LongTensor of shape (n_segments, 3)
            Sequence, first step, and step after the last one.
        opens : BoolTensor of shape (n_segments, n_tags)
            Tags that the first step may have.
        continues : BoolTensor of shape (n_tags, n_tags)
            Whether the tag of the column, after that of the row, belongs to the same segment.

        Returns
        -------
        Tensor of shape (n_segments,)
            At most 0.
        """
        scores, transitions = self._potentials(emissions, lengths)
        before, after = _log_messages(scores, transitions, lengths)
        within = transitions.masked_fill(~continues, FORBIDDEN)
        across = transitions.masked_fill(continues, FORBIDDEN)
        rows, starts, ends = segments.unbind(1)

        enter = (before[rows, starts - 1, :, None] + across).logsumexp(1)  # (S, K)
        enter = enter.masked_fill((starts == 0)[:, None], 0.0)
        path = (enter + scores[rows, starts]).masked_fill(~opens, FORBIDDEN)
        for t in range(1, int((ends - starts).max())):
            (longer,) = (ends - starts > t).nonzero(as_tuple=True)
            onward = (path[longer, :, None] + within).logsumexp(1)
            path[longer] = onward + scores[rows[longer], starts[longer] + t]
        is_last = ends == lengths[rows]
        leave = (across + after[rows, ends.masked_fill(is_last, 0), None]).logsumexp(2)
        path = path + leave.masked_fill(is_last[:, None], 0.0)
        log_probabilities = path.logsumexp(1) - after[rows, 0].logsumexp(1)
        log_probabilities = _impossible_if_forbidden(log_probabilities).clamp(max=0.0)
        return log_probabilities.to(_at_least_float32(emissions))

    @torch.no_grad()
    def viterbi(self, emissions, lengths):
        """Return the most probable path of each sequence.

        Where every path is forbidden, the one that breaks the fewest rules is returned.

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_tags)
            A score for each tag at each step, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        tags : LongTensor of shape (n_sequences, n_steps)
            The path, and -1 at padding.
        scores : Tensor of shape (n_sequences,)
            Its score: ``-inf`` if it is forbidden, 0 for a sequence without steps.
        """
        scores, transitions = self._potentials(emissions, lengths)
        best, *steps = _reversed(scores, lengths).unbind(1)
        to_go = [best]  # from the last step to the first
        for step in steps:
            best = step + (transitions + best[:, None, :]).amax(-1)  # (N, from, to) -> (N, K)
            to_go.append(best)
        to_go = _reversed(torch.stack(to_go, 1), lengths)  # (N, T, K)

        best, *steps = to_go.unbind(1)
        path = [best.argmax(-1)]
        for step in steps:
            path.append((transitions[path[-1]] + step).argmax(-1))  # (N,)
        path = torch.stack(path, 1).masked_fill(_padding(lengths, len(path))[:, :, 0], -1)
        score = _impossible_if_forbidden(best.amax(-1)).masked_fill(lengths == 0, 0.0)
        return path, score.to(_at_least_float32(emissions))

    @torch.no_grad()
    def n_best(self, emissions, lengths, n):
        """Return the most probable paths of each sequence, the best first.

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_tags)
            A score for each tag at each step, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        n : int
            Number of paths.

        Returns
        -------
        tags : LongTensor of shape (n_sequences, n, n_steps)
            The paths, with -1 at padding, and in place of missing paths.
        log_probabilities : Tensor of shape (n_sequences, n)
            Of the paths: ``-inf`` where the sequence has no more. A sequence without steps has
            one path, the empty one.
        """
        scores, transitions = self._potentials(emissions, lengths)
        last, *steps = _reversed(scores, lengths).unbind(1)
        best = torch.full((*last.shape, n), FORBIDDEN, dtype=last.dtype, device=last.device)
        best[:, :, 0] = last  # (N, K, n): from each tag, the n best scores to go
        to_go, onwards = [best], [torch.zeros_like(best, dtype=torch.long)]
        for step in steps:
            candidates = transitions[:, :, None] + best[:, None]  # (N, from, to, n)
            best, onward = candidates.flatten(2).topk(n)
            best = best + step[:, :, None]
            to_go.append(best)
            onwards.append(onward)
        to_go = _reversed(torch.stack(to_go, 1), lengths)  # (N, T, K, n)
        onwards = _reversed(torch.stack(onwards, 1), lengths)

        best, place = to_go[:, 0].flatten(1).topk(n)  # (N, n); place = n * tag + rank
        places = [place]
        for onward in onwards.unbind(1)[:-1]:
            places.append(onward.flatten(1).gather(1, places[-1]))
        paths = torch.stack(places, 2) // n  # (N, n, T)

        log_z, _, _ = _expectations(scores, transitions, lengths)
        log_probabilities = (_impossible_if_forbidden(best) - log_z[:, None]).clamp(max=0.0)
        log_probabilities[lengths == 0, 0] = 0.0
        padding = _padding(lengths, paths.shape[2]).mT  # (N, 1, T)
        missing = log_probabilities.isneginf()[:, :, None]
        paths = paths.masked_fill(padding | missing, -1)
        return paths, log_probabilities  # in float64: those of a long sequence differ by little

    def _potentials(self, emissions, lengths):
        return _potentials(emissions, *self.weights(), lengths)


@torch.no_grad()
def mean_crf(crfs):
    """Average conditional random fields.

    With the mean of their emissions, its paths have the mean of their scores.

    Parameters
    ----------
    crfs : list of LinearChainCRF
        Of the same tags and rules.

    Returns
    -------
    LinearChainCRF
        The mean; a single one as it is.
    """
    if len(crfs) == 1:
        return crfs[0]
    mean = deepcopy(crfs[0])
    for name in ("start", "transitions", "end"):
        getattr(mean, name).copy_(torch.stack([getattr(crf, name) for crf in crfs]).mean(dim=0))
    return mean


class _LogLikelihood(torch.autograd.Function):
    """The log-likelihood of paths, or its mean, and its gradient in closed form."""

    @staticmethod
    def forward(ctx, emissions, start, transitions, end, tags, moves, lengths):
        scores, transitions = _potentials(emissions, start, transitions, end, lengths)
        log_z, marginals, pairs = _expectations(scores, transitions, lengths)
        ctx.save_for_backward(tags - marginals, moves - pairs, lengths)
        score = _expected_score(scores, transitions, tags, moves)
        return _impossible_if_forbidden(score) - log_z

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        tags, moves, lengths = ctx.saved_tensors
        tags = gradient[:, None, None] * tags  # (N, T, K), zeros at padding
        last = tags[torch.arange(len(tags), device=tags.device), lengths - 1]
        moves = torch.tensordot(gradient, moves, 1)
        return tags, tags[:, 0].sum(0), moves, last.sum(0), None, None, None


def _potentials(emissions, start, transitions, end, lengths):
    """Fold start and end into the emissions: scores (N, T, K), and transitions (K, K)."""
    scores, start, transitions, end = (
        x.double().clamp(min=FORBIDDEN) for x in (emissions, start, transitions, end)
    )
    scores = scores.masked_fill(_padding(lengths, scores.shape[1]), FORBIDDEN)
    scores[:, 0] += start
    rows = torch.arange(len(scores), device=scores.device)
    scores[rows, lengths - 1] += end  # of a sequence without steps, to padding
    return scores, transitions


def _expected_score(scores, transitions, tags, moves):
    """Return the mean score of paths (N,), given how often they have each tag and transition."""
    return (tags * scores).sum((1, 2)) + (moves * transitions).sum((1, 2))


def _mean_information(scores, entropy):
    """Return the entropy of the choice along axis 1, and the mean of that of what was chosen."""
    logs = scores.log_softmax(1)
    return (logs.exp() * (entropy - logs)).sum(1)


def _expectations(scores, transitions, lengths):
    """Return log Z (N,), the marginals (N, T, K), and the expected transitions (N, K, K)."""
    expectations = _by_scaled_sums(scores, transitions, lengths)
    return expectations or _by_logarithms(scores, transitions, lengths)


def _by_scaled_sums(scores, transitions, lengths):
    """Run both recursions at once, on probabilities scaled to sum to 1 at every step.

    Returns None if anything but the forbidden comes near underflow. It is enough to look at
    alpha: what beta loses is then below 1e-300 of a sum that is above 1e-200. Where alpha is 0,
    since no path that is allowed comes there, beta has its say, too.
    """
    if not (_moderate(scores) and _moderate(transitions)):
        return None
    factor = scores.exp()
    weights = torch.stack([transitions, transitions.mT]).exp()
    both_ways = torch.stack([factor, _reversed(factor, lengths)]).permute(2, 0, 1, 3)
    incoming = torch.ones_like(both_ways[0])  # (2, N, K)
    messages, totals, incomings = [], [], []
    for step in both_ways.unbind():
        message = incoming * step
        total = message.sum(-1, keepdim=True)
        message /= total
        incomings.append(incoming)
        messages.append(message)
        totals.append(total)
        incoming = torch.bmm(message, weights)

    padding = _padding(lengths, scores.shape[1])
    log_z = torch.stack(totals, 2)[0].masked_fill(padding, 1.0).log().sum((1, 2))
    alpha, onward = torch.stack(messages, 2)  # (N, T, K); onward = factor * beta, scaled
    onward = _reversed(onward, lengths)
    beta = _reversed(torch.stack(incomings, 2)[1], lengths)
    forbidden = factor == 0  # everything is at padding
    if not log_z.isfinite().all():
        return None
    if not (forbidden | (alpha >= UNDERFLOW)).all() and not all(
        (forbidden | (one == 0) | (one >= UNDERFLOW)).all() for one in (alpha, onward)
    ):
        return None
    alpha, onward = alpha.masked_fill(forbidden, 0.0), onward.masked_fill(forbidden, 0.0)
    alpha_beta = alpha * beta
    scale = alpha_beta.sum(-1, keepdim=True)
    marginals = (alpha_beta / scale).masked_fill(padding, 0.0)
    alpha = (alpha / scale).masked_fill(padding, 0.0)
    pairs = weights[0] * (alpha[:, :-1].mT @ onward[:, 1:])
    return log_z, marginals, pairs


def _by_logarithms(scores, transitions, lengths):
    """Compute the expectations as the gradient of log Z, which never underflows."""
    with torch.inference_mode(False), torch.enable_grad():
        scores = scores.clone().requires_grad_()
        transitions = transitions.expand(len(scores), -1, -1).clone().requires_grad_()
        log_z = _log_partition(scores, transitions, lengths)
        inputs = [scores, transitions]  # a single step has no transitions: zeros, then
        gradients = torch.autograd.grad(log_z.sum(), inputs, materialize_grads=True)
        return log_z.detach(), *gradients


def _log_partition(scores, transitions, lengths):
    """Return log Z by its recursion, step by step."""
    alpha, *steps = scores.unbind(1)
    for t, step in enumerate(steps, start=1):
        longer = (lengths > t)[:, None]
        alpha = torch.where(longer, step + (alpha[:, :, None] + transitions).logsumexp(1), alpha)
    return alpha.logsumexp(1).masked_fill(lengths == 0, 0.0)


def _log_messages(scores, transitions, lengths):
    """Return the logs of the sums over all paths up to each step and tag, and from there on.

    Both include the step itself: (N, T, K) each.
    """
    weights = torch.stack([transitions, transitions.mT])[:, None]  # (2, 1, from, to)
    both_ways = torch.stack([scores, _reversed(scores, lengths)])  # (2, N, T, K)
    message, *steps = both_ways.unbind(2)
    messages = [message]
    for step in steps:
        message = step + (message[..., None] + weights).logsumexp(2)
        messages.append(message)
    before, after = torch.stack(messages, 2)  # (2, N, T, K)
    return before, _reversed(after, lengths)


def _moderate(scores):
    return ((scores.abs() <= MODERATE) | (scores < FORBIDDEN / 2)).all()


def _impossible_if_forbidden(scores):
    return scores.masked_fill(scores < FORBIDDEN / 2, -torch.inf)


def _padding(lengths, n_steps):
    return ~padding_mask(lengths, n_steps)  # (N, T, 1)


def _reversed(x, lengths):
    """Reverse each sequence of x (N, T, ...) within its own length; padding stays padding."""
    length = common_length(lengths)
    if length is not None:
        return reverse_padded(x, length)
    rows = reversal_index(lengths, x.shape[1])
    return x.flatten(0, 1).index_select(0, rows).view_as(x)


def _at_least_float32(x):
    return torch.promote_types(x.dtype, torch.float32)
