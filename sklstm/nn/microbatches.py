"""A batch computed in micro-batches, each on one core.

The recurrent kernels keep the gates of every step for the backward pass. For a batch of long
sequences these are tens of megabytes: more than a processor's cache, and memory that the allocator
returns to the system after each batch and gets back page by page. Micro-batches reuse theirs. They
also use the cores better, since two threads on one such kernel are hardly faster than one. How
a batch is cut does not depend on the number of threads.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import torch
from threadpoolctl import ThreadpoolController

from sklstm.nn.adversarial import input_scale
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


def accumulate_gradients(network, arguments, objective, slices, workers, context=nullcontext):
    """Run a network forwards and backwards, one micro-batch at a time on each core.

    Steps are embedded all at once, since the gradient of an embedding is as large as its table.

    Parameters
    ----------
    network : SequenceNet
        The network; gradients are added to those of its parameters.
    arguments : dict
        The arguments of its ``forward``.
    objective : Supervised or Unlabelled
        What is minimised, see `sklstm.nn.objectives`.
    slices : list of slice
        The micro-batches, see `split_into_microbatches`.
    workers : Workers
        The threads to use.
    context : callable, default=nullcontext
        Returns a context manager, which is entered in each thread.

    Returns
    -------
    losses : Tensor
        The loss of the batch, or each of its losses.
    outputs : Tensor
        The outputs of the network.
    """
    rows = {name: arguments.pop(name) for name in network.row_arguments if name in arguments}
    with context():
        x = network.embed_steps(**arguments)  # (N, T, F)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    seeds = torch.randint(2**62, (len(slices),)).tolist()
    unit = width = None
    if objective.distance:
        read = network.recurrent_inputs(x)  # (N, T, F), without what only a wide path reads
        unit, width = input_scale(read, rows["lengths"]), read.shape[-1]

    def compute(part, seed):
        options = {name: row[part] for name, row in rows.items()}

        def forward(inputs):  # the same seed drops the same each time
            generator = torch.Generator(inputs.device).manual_seed(seed)
            with context(), dropout_generator(generator):
                return network.forward_embedded(inputs, **options)

        inputs = x.detach()[part].requires_grad_(x.requires_grad or unit is not None)
        return objective.differentiate(forward, inputs, part, weights, unit, seed, width)

    losses, outputs, gradients = zip(*workers.map(compute, slices, seeds), strict=True)
    for weight, *of_slices in zip(weights, *gradients, strict=False):
        used = [gradient for gradient in of_slices if gradient is not None]
        if used:
            total = sum(used[1:], start=used[0])
            weight.grad = total if weight.grad is None else weight.grad + total
    if x.requires_grad:
        x.backward(torch.cat([of_slice[-1] for of_slice in gradients]))
    return sum(losses), torch.cat(outputs)
