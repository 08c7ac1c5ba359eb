"""A batch computed in micro-batches, each on one core.

The recurrent kernels keep the gates of every step for the backward pass. For a batch of long
sequences these are tens of megabytes: more than a processor's cache, and memory that the allocator
returns to the system after each batch and gets back page by page. Micro-batches reuse theirs. They
also use the cores better, since two threads on one such kernel are hardly faster than one. Results
do not depend on the number of threads.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import torch
from threadpoolctl import ThreadpoolController

from sklstm.nn.adversarial import input_scale, perturbation
from sklstm.nn.dropout import dropout_generator

UNIT_STEPS = 400_000  # of a micro-batch, units times steps: about 13 megabytes in float32


class Workers:
    """A pool of threads, each limited to one core, within a ``with`` block."""

    def __init__(self):
        self.n_threads = torch.get_num_threads()

    def __enter__(self):
        self.pool = None
        return self

    def __exit__(self, *error):
        if self.pool is not None:
            self.pool.shutdown()

    def map(self, function, *arguments):
        """Call a function with each set of arguments, as `map` does.

        Parameters
        ----------
        function : callable
            The function.
        *arguments : sequences
            The values of each of its arguments.

        Returns
        -------
        list
            The results, in order.
        """
        if self.n_threads == 1:
            return list(map(function, *arguments))
        if self.pool is None:
            self.pool = ThreadPoolExecutor(self.n_threads, initializer=_limit_to_one_core)
        return list(self.pool.map(function, *arguments))


def _limit_to_one_core():
    """Limit the kernels that this thread calls to one core; other threads stay as they are."""
    ThreadpoolController().limit(limits=1, user_api="openmp")


def split_into_microbatches(n_sequences, n_steps, n_units, min_sequences):
    """Split a batch into micro-batches of equal size.

    Parameters
    ----------
    n_sequences, n_steps : int
        Size of the batch.
    n_units : int
        Recurrent units, of all layers and directions.
    min_sequences : int
        Minimum size of a micro-batch: smaller ones are slow.

    Returns
    -------
    list of slice
        The sequences of each micro-batch; a single slice if the batch is small. Otherwise their
        number is even, so that two cores finish together.
    """
    unit_steps = n_sequences * n_steps * n_units
    n_pairs = min(-(-unit_steps // (2 * UNIT_STEPS)), n_sequences // (2 * min_sequences))
    if unit_steps <= UNIT_STEPS or not n_pairs:
        return [slice(0, n_sequences)]
    size = -(-n_sequences // (2 * n_pairs))
    return [slice(start, start + size) for start in range(0, n_sequences, size)]


def accumulate_gradients(
    network, arguments, loss, slices, workers, context=nullcontext, adversarial=None
):
    """Run a network forwards and backwards, one micro-batch at a time on each core.

    Steps are embedded all at once, since the gradient of an embedding is as large as its table.

    Parameters
    ----------
    network : SequenceNet
        The network; gradients are added to those of its parameters.
    arguments : dict
        The arguments of its ``forward``.
    loss : callable
        Takes outputs and a slice of sequences; returns their share of the batch's loss.
    slices : list of slice
        The micro-batches, see `split_into_microbatches`.
    workers : Workers
        The threads to use.
    context : callable, default=nullcontext
        Returns a context manager, which is entered in each thread.
    adversarial : float or None, default=None
        Size of an adversarial perturbation of the embedded steps, in units of their root mean
        square. If it is set, the gradients are the mean of those with it and without.

    Returns
    -------
    loss : Tensor
        The loss of the batch.
    outputs : Tensor
        The outputs of the network.
    """
    rows = {name: arguments.pop(name) for name in network.row_arguments if name in arguments}
    with context():
        x = network.embed_steps(**arguments)  # (N, T, F)
    size = adversarial * input_scale(x, rows["lengths"]) if adversarial else None
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    seeds = torch.randint(2**62, (len(slices),)).tolist()

    def run(inputs, part, seed):
        inputs.requires_grad_(x.requires_grad or bool(adversarial))
        options = {name: row[part] for name, row in rows.items()}
        with context(), dropout_generator(torch.Generator(x.device).manual_seed(seed)):
            outputs = network.forward_embedded(inputs, **options)
        share = loss(outputs, part)
        wanted = [*weights, inputs] if inputs.requires_grad else weights
        return share, outputs, torch.autograd.grad(share, wanted, allow_unused=True)

    def compute(part, seed):
        inputs = x.detach()[part]
        share, outputs, gradients = run(inputs, part, seed)
        if adversarial:
            moved = inputs.detach() + perturbation(gradients[-1], size)
            of_moved = run(moved, part, seed)[2]  # the same seed drops the same
            gradients = [_mean(*pair) for pair in zip(gradients, of_moved, strict=True)]
        return share.detach(), outputs.detach(), gradients

    shares, outputs, gradients = zip(*workers.map(compute, slices, seeds), strict=True)
    for weight, *of_slices in zip(weights, *gradients, strict=False):
        used = [gradient for gradient in of_slices if gradient is not None]
        if used:
            total = sum(used[1:], start=used[0])
            weight.grad = total if weight.grad is None else weight.grad + total
    if x.requires_grad:
        x.backward(torch.cat([of_slice[-1] for of_slice in gradients]))
    return sum(shares), torch.cat(outputs)


def _mean(gradient, other):
    """Return the mean of two gradients, None if a weight is not used."""
    return None if gradient is None else (gradient + other) / 2
