"""Long sequences, some steps at a time: for truncated backpropagation, and to save memory."""

import numpy as np

from sklstm.nn.batches import LengthBatches


class StreamBatches:
    """Iterate over batches of sequences some steps at a time.

    A batch that `continues` takes the same sequences up where the batch before left them. With
    `random_state`, which is for training, sequences are drawn as by `LengthBatches`, and
    those longer than their share of all steps in a batch are cut into pieces first, so that one
    long text fills a batch. Without it, sequences stay whole. Those that have come to their end
    are left out of a batch, which then weighs less.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences, with targets for each step.
    batch_size : int
        Sequences in a batch, more or less: the last batch is as large as the others.
    random_state : numpy.random.RandomState, optional
        Shuffles.
    n_steps : int, default=100
        Steps at a time.
    """

    def __init__(self, dataset, batch_size, random_state=None, n_steps=100):
        self.n_steps = n_steps
        self.random_state = random_state
        self.dataset = dataset
        if random_state is not None:
            share = -(-int(dataset.lengths.sum()) // int(batch_size))
            self.dataset = cut(dataset, max(share, n_steps))
        n_batches = max(1, round(len(self.dataset) / int(batch_size)))
        self.batch_size = -(-len(self.dataset) // n_batches)

    def __len__(self):
        return len(self._plan(None))

    def __iter__(self):
        plan, labels = self._plan(self.random_state), self.dataset.labels
        # every symbol counts the same in the mean over all batches, whatever their number
        n_rows = sum(len(rows) for rows, _ in plan)
        for rows, start in plan:
            batch, batch.targets = self._read(rows, start)
            batch.weights = self.dataset.weights[rows] * (n_rows / len(self.dataset))
            batch.share = len(rows) * len(plan) / n_rows
            batch.importance = self.dataset.mean_importance(rows)
            yield batch, None if labels is None else labels[rows]

    def batches(self):
        """Iterate with the rows of each batch.

        Yields
        ------
        rows : ndarray of int
            Which sequences.
        batch : Batch
            Some of their steps.
        targets : LongTensor of shape (n_sequences, n_steps)
            Their targets, -1 at padding.
        """
        for rows, start in self._plan(self.random_state):
            yield rows, *self._read(rows, start)

    def _plan(self, random_state):
        """List the rows of each batch, the longest first, and the step from which on to read."""
        plan = []
        for rows in LengthBatches(self.dataset, self.batch_size, random_state).steps():
            lengths = self.dataset.lengths[rows]
            rows = rows[np.argsort(-lengths, kind="stable")]
            for start in range(0, lengths.max(), self.n_steps):
                plan.append((rows[: np.sum(lengths > start)], start))
        return plan

    def _read(self, rows, start):
        part = self.dataset.subset(rows)
        part.starts = part.starts + start
        part.lengths = np.clip(part.lengths - start, 0, self.n_steps)
        every = np.arange(len(rows))
        batch, (targets, _) = part.batch(every), part.target(every)
        batch.continues = start > 0
        # those that go on must not read padding
        batch.steps = batch.steps[:, : self.n_steps]
        return batch, targets[:, : self.n_steps]


def cut(dataset, longest):
    """Cut sequences into pieces of about equal length.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences.
    longest : int
        Steps of a piece at most.

    Returns
    -------
    SequenceDataset
        The pieces, each with the weight and the condition of its sequence.
    """
    n_pieces = np.maximum(1, -(-dataset.lengths // longest))
    rows = np.repeat(np.arange(len(dataset)), n_pieces)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    begins = dataset.lengths[rows] * number // n_pieces[rows]
    ends = dataset.lengths[rows] * (number + 1) // n_pieces[rows]
    pieces = dataset.subset(rows)
    pieces.starts, pieces.lengths = pieces.starts + begins, ends - begins
    # the mean of the loss over a step stays what it is
    pieces.weights = pieces.weights * (len(rows) / len(dataset))
    return pieces
