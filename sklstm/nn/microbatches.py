"""A batch computed in parts, one core to each: what fits into a processor's cache is done faster.

The recurrent kernels keep every step's gates for the way back. Of a batch of long sequences these
are tens of megabytes, which the allocator hands back to the system after every batch and gets
again page by page, and two threads on one such kernel are hardly faster than one. Small parts reuse
their memory, and each thread computes its own. The parts do not depend on the number of threads,
nor do the sums over them.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import torch
from threadpoolctl import ThreadpoolController

from sklstm.nn.dropout import dropout_generator

GATES = 400_000  # steps times units of a part, about 13 megabytes in float32


class Workers:
    """Threads that compute on one core each, for the time of a ``with`` block."""

    def __init__(self):
        self.n_threads = torch.get_num_threads()

    def __enter__(self):
        self.pool = None
        return self

    def __exit__(self, *error):
        if self.pool is not None:
            self.pool.shutdown()

    def map(self, function, *arguments):
        """Call a function for each of the arguments.

        Parameters
        ----------
        function : callable
            What to call.
        *arguments : sequences
            Of each argument.

        Returns
        -------
        list
            What it returned, in order.
        """
        if self.n_threads == 1:
            return list(map(function, *arguments))
        if self.pool is None:
            self.pool = ThreadPoolExecutor(self.n_threads, initializer=_limit_to_one_core)
        return list(self.pool.map(function, *arguments))


def _limit_to_one_core():
    """Limit the kernels that this thread calls; those of other threads stay as they are."""
    ThreadpoolController().limit(limits=1, user_api="openmp")


def cut(n_sequences, n_steps, n_units, fewest):
    """Cut a batch into parts of equal size.

    Parameters
    ----------
    n_sequences, n_steps : int
        Of the batch.
    n_units : int
        Recurrent units that a step passes through.
    fewest : int
        Sequences of a part at least: a run over fewer wastes time.

    Returns
    -------
    list of slice
        The sequences of each part; one for all if the batch is small. Their number is even, so
        that two cores finish together.
    """
    gates = n_sequences * n_steps * n_units
    n_pairs = min(-(-gates // (2 * GATES)), n_sequences // (2 * fewest))
    if gates <= GATES or not n_pairs:
        return [slice(0, n_sequences)]
    size = -(-n_sequences // (2 * n_pairs))
    return [slice(start, start + size) for start in range(0, n_sequences, size)]


def accumulate_gradients(network, arguments, loss, parts, workers, context=nullcontext):
    """Run a network forwards and backwards, part by part.

    Steps are described all at once, since gradients of an embedding are as large as it is.

    Parameters
    ----------
    network : SequenceNet
        Its parameters get the gradients.
    arguments : dict
        Of its ``forward``.
    loss : callable
        Takes outputs and a slice of sequences; returns their share of the batch's loss.
    parts : list of slice
        See `cut`.
    workers : Workers
        Who compute.
    context : callable, optional
        Makes a context manager that each of them enters.

    Returns
    -------
    loss : Tensor
        Of the batch.
    outputs : Tensor
        Of the network.
    """
    rows = {name: arguments.pop(name) for name in network.row_arguments if name in arguments}
    with context():
        x = network.embed_steps(**arguments)  # (N, T, F)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    seeds = torch.randint(2**62, (len(parts),)).tolist()

    def compute(part, seed):
        inside = x.detach()[part].requires_grad_(x.requires_grad)
        with context(), dropout_generator(torch.Generator().manual_seed(seed)):
            outputs = network.forward_embedded(
                inside, **{name: row[part] for name, row in rows.items()}
            )
        share = loss(outputs, part)
        wanted = [*weights, inside] if x.requires_grad else weights
        gradients = torch.autograd.grad(share, wanted, allow_unused=True)
        return share.detach(), outputs.detach(), gradients

    shares, outputs, gradients = zip(*workers.map(compute, parts, seeds), strict=True)
    for weight, *of_parts in zip(weights, *gradients, strict=False):
        used = [gradient for gradient in of_parts if gradient is not None]
        if used:
            total = sum(used[1:], start=used[0])
            weight.grad = total if weight.grad is None else weight.grad + total
    if x.requires_grad:
        x.backward(torch.cat([of_part[-1] for of_part in gradients]))
    return sum(shares), torch.cat(outputs)
