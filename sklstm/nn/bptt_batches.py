"""Batches of a few steps at a time: for truncated backpropagation, and to save memory."""

import numpy as np

from sklstm.nn.batches import LengthBatches


class BPTTBatches:
    """Iterate over batches of a few steps, for truncated backpropagation through time.

    A batch that `continues` resumes the sequences of the previous batch where it ended. For
    training, that is with a `random_state`, sequences are shuffled as in `LengthBatches`, and those
    longer than the number of all steps divided by `batch_size` are split into pieces first, so that
    one long text fills a batch. Otherwise they stay whole. Sequences that have ended leave the
    batch, which then has less weight.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences, with targets for each step.
    batch_size : int
        Sequences in a batch, approximately: all batches begin with about the same number.
    random_state : numpy.random.RandomState, default=None
        Shuffles and splits; None for neither.
    n_steps : int, default=100
        Steps of a batch.
    """

    def __init__(self, dataset, batch_size, random_state=None, n_steps=100):
        self.n_steps = n_steps
        self.random_state = random_state
        self.dataset = dataset
        if random_state is not None:
            longest = max(n_steps, -(-int(dataset.lengths.sum()) // int(batch_size)))
            self.dataset = split_long_sequences(dataset, longest)
        n_batches = max(1, round(len(self.dataset) / int(batch_size)))
        self.batch_size = -(-len(self.dataset) // n_batches)

    def __len__(self):
        return len(self._plan(None))

    def __iter__(self):
        plan, labels = self._plan(self.random_state), self.dataset.labels
        # every symbol has the same weight in the mean over all batches
        n_rows = sum(len(rows) for rows, _ in plan)
        for rows, start in plan:
            batch, batch.targets = self._steps_from(rows, start)
            batch.weights = self.dataset.weights[rows] * (n_rows / len(self.dataset))
            batch.share = len(rows) * len(plan) / n_rows
            batch.importance = self.dataset.mean_importance(rows)
            yield batch, None if labels is None else labels[rows]

    def batches(self):
        """Iterate over the batches together with their rows.

        Yields
        ------
        rows : ndarray of int
            The sequences.
        batch : Batch
            Their next steps.
        targets : LongTensor of shape (n_sequences, n_steps)
            Their targets, -1 at padding.
        """
        for rows, start in self._plan(self.random_state):
            yield rows, *self._steps_from(rows, start)

    def _plan(self, random_state):
        """Return the rows of each batch, longest first, and the step at which it starts."""
        plan = []
        for rows in LengthBatches(self.dataset, self.batch_size, random_state).rows_by_step():
            lengths = self.dataset.lengths[rows]
            rows = rows[np.argsort(-lengths, kind="stable")]
            for start in range(0, lengths.max(), self.n_steps):
                plan.append((rows[: np.sum(lengths > start)], start))
        return plan

    def _steps_from(self, rows, start):
        part = self.dataset.subset(rows)
        part.starts = part.starts + start
        part.lengths = np.clip(part.lengths - start, 0, self.n_steps)
        every = np.arange(len(rows))
        batch, (targets, _) = part.batch(every), part.targets_and_weights(every)
        batch.continues = start > 0
        # sequences that go on must not read padding
        batch.steps = batch.steps[:, : self.n_steps]
        return batch, targets[:, : self.n_steps]


def split_long_sequences(dataset, longest):
    """Split long sequences into pieces of about equal length.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences.
    longest : int
        Maximum number of steps of a piece.

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
    # so that the mean loss over the steps stays the same
    pieces.weights = pieces.weights * (len(rows) / len(dataset))
    return pieces
