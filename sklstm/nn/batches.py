"""Padded batches of ragged sequences, grouped by similar length."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset

NEGLIGIBLE_PADDING = 1024  # steps, which take less time than one more batch


@dataclass
class Batch:
    """A right-padded batch.

    Attributes
    ----------
    steps : Tensor of shape (n_sequences, n_steps) or (n_sequences, n_steps, n_features)
        Codes or numbers.
    lengths : LongTensor of shape (n_sequences,)
        Real steps of each sequence.
    vectors : Tensor of shape (n_codes, n_features) or None
        Vectors of codes that the network has no embedding for.
    spellings : Spellings or None
        Spellings of the distinct words of the batch.
    words : LongTensor of shape (n_sequences, n_steps) or None
        The row of `spellings` of each step.
    columns : dict of str to Tensor of shape (n_sequences, n_steps, n_columns), or None
        Further codes and numbers of each step, by the names of the network's arguments.
    middles : LongTensor of shape (n_sequences, n_targets) or None
        The steps to predict for, padded with other ones; None for all.
    middle_lengths : LongTensor of shape (n_sequences,) or None
        How many they are.
    target_sequences : LongTensor of shape (n_sequences, n_targets) or None
        Codes of the sequences to predict, -1 at padding.
    conditions : Tensor of shape (n_sequences, n_conditions) or None
        The condition of each sequence.
    continues : bool, default=None
        Whether the batch continues the sequences of the previous batch. None if sequences are
        whole, and no state is carried over.
    share : float, default=1.0
        Weight of the batch's mean loss in an optimizer step.
    begins_step, ends_step : bool, default=True
        Whether the batch is the first, and the last, micro-batch of an optimizer step.
    targets, weights : Tensor or None
        Arguments of the loss, see `SequenceDataset`.
    importance : float, default=1.0
        Mean weight of the sequences of the optimizer step.
    unlabelled : Batch or None, default=None
        Unlabelled sequences that the step learns from, too.
    """

    steps: torch.Tensor
    lengths: torch.Tensor
    vectors: torch.Tensor | None = None
    spellings: "Spellings | None" = None
    words: torch.Tensor | None = None
    columns: dict | None = None
    middles: torch.Tensor | None = None
    middle_lengths: torch.Tensor | None = None
    target_sequences: torch.Tensor | None = None
    conditions: torch.Tensor | None = None
    continues: bool | None = None
    share: float = 1.0
    begins_step: bool = True
    ends_step: bool = True
    targets: torch.Tensor | None = None
    weights: torch.Tensor | None = None
    importance: float = 1.0
    unlabelled: "Batch | None" = None

    def __len__(self):
        return len(self.lengths)

    @property
    def target_lengths(self):
        """Steps of each sequence to predict for."""
        return self.lengths if self.middles is None else self.middle_lengths

    def to(self, device, dtype):
        """Move the tensors to a device, and those of floats to a dtype.

        Parameters
        ----------
        device : str or torch.device
            The device.
        dtype : torch.dtype
            The dtype of the network's weights.

        Returns
        -------
        dict
            The arguments of the network.
        """
        numbers = self.steps.is_floating_point()
        arguments = {
            "steps": self.steps.to(device, dtype if numbers else None),
            "lengths": self.lengths.to(device),
            "vectors": None if self.vectors is None else self.vectors.to(device, dtype),
        }
        if self.spellings is not None:
            arguments["characters"] = torch.from_numpy(self.spellings.characters).to(device)
            arguments["casing"] = torch.from_numpy(self.spellings.casing).to(device)
            if self.spellings.features is not None:
                arguments["features"] = torch.from_numpy(self.spellings.features).to(device)
            arguments["words"] = self.words.to(device)
        for name, column in (self.columns or {}).items():
            arguments[name] = column.to(device, dtype if column.is_floating_point() else None)
        if self.middles is not None:
            arguments["middles"] = self.middles.to(device)
        if self.target_sequences is not None:
            arguments["targets"] = self.target_sequences.to(device)
        if self.conditions is not None:
            arguments["conditions"] = self.conditions.to(device, dtype)
        return arguments


@dataclass
class Spellings:
    """The spellings of words: their characters, their casing, and further features.

    Attributes
    ----------
    characters : ndarray of int64, shape (n_words, n_characters)
        Codes of each word's characters, padded on the right with 0.
    casing : ndarray of int64, shape (n_words,)
        Casing class of each word.
    features : ndarray of int64, shape (n_words, n_kinds), default=None
        Codes of features of each word, 0 where there is none.
    """

    characters: np.ndarray
    casing: np.ndarray
    features: np.ndarray | None = None

    def __getitem__(self, rows):
        characters = self.characters[rows]
        longest = max(1, np.count_nonzero(characters, axis=1).max())
        features = None if self.features is None else self.features[rows]
        return Spellings(characters[:, :longest], self.casing[rows], features)


class SequenceDataset(Dataset):
    """Ragged sequences with their targets and weights.

    Parameters
    ----------
    values : ndarray of int32, shape (n_steps,), or of float, shape (n_steps, n_features)
        The codes or numbers of all sequences, concatenated.
    starts, lengths : ndarray of int64, shape (n_sequences,)
        First step and number of steps of each sequence.
    vectors : Tensor of shape (n_codes, n_features), default=None
        See `Batch`.
    targets : Tensor, default=None
        A row for each sequence.
    weights : Tensor of shape (n_sequences,) or (n_sequences, n_outputs), default=None
        Factors of the losses of each sequence.
    importance : Tensor of shape (n_sequences,), default=None
        Weights of the sequences on the user's scale, without the scaling of the loss.
    step_targets : ndarray of int64, shape (n_steps,), default=None
        In place of `targets`: one for each step, in the order of `values`.
    spellings : Spellings, default=None
        Spellings of the words in `words`.
    words : ndarray of int, shape (n_steps,), default=None
        The row of `spellings` of each step.
    columns : dict of str to ndarray of shape (n_steps, n_columns), default=None
        See `Batch`.
    middles : ndarray of int64, shape (n_sequences, 3), default=None
        Of the steps to predict for, where others are context: the first one in its sequence, their
        number, and the first one in `step_targets`.
    target_sequences : SequenceDataset, default=None
        In place of `targets`: the codes to predict for each sequence.
    conditions : Tensor of shape (n_sequences, n_conditions), default=None
        See `Batch`.
    labels : ndarray of shape (n_sequences, ...), default=None
        The targets as the user gave them.
    unlabelled : SequenceDataset, default=None
        Sequences without targets, to learn from beside these.
    """

    def __init__(
        self, values, starts, lengths, vectors=None, targets=None, weights=None,
        step_targets=None, spellings=None, words=None, target_sequences=None, conditions=None,
        labels=None, importance=None, unlabelled=None, columns=None, middles=None,
    ):  # fmt: skip
        self.values = values
        self.starts = starts
        self.lengths = lengths
        self.vectors = vectors
        self.targets = targets
        self.weights = weights
        self.step_targets = step_targets
        self.spellings = spellings
        self.words = words
        self.target_sequences = target_sequences
        self.conditions = conditions
        self.labels = labels
        self.importance = importance
        self.unlabelled = unlabelled
        self.columns = columns
        self.middles = middles

    def __len__(self):
        return len(self.lengths)

    @property
    def target_lengths(self):
        """Steps of each sequence to predict for."""
        return self.lengths if self.middles is None else self.middles[:, 1]

    @property
    def sort_keys(self):
        """Keys that batches are sorted by: lengths, then those of the target sequences."""
        if self.target_sequences is None:
            return self.lengths
        longest = self.target_sequences.lengths.max(initial=0)
        return self.lengths * (longest + 1) + self.target_sequences.lengths

    def split_by_padding(self, rows):
        """Split a batch wherever its padding would outgrow its real steps.

        Parameters
        ----------
        rows : ndarray of int
            The sequences, with neighbours of similar length.

        Returns
        -------
        list of ndarray of int
            The rows of each micro-batch, in the same order; one for sequences of similar length.
        """
        if len(rows) == 1:
            return [rows]
        sides = [self] if self.target_sequences is None else [self, self.target_sequences]
        lengths = np.stack([side.lengths[rows] for side in sides], axis=1)  # (N, sides)
        parts = []
        while len(rows):
            # row n describes the batch that ends with it
            real, longest = lengths.cumsum(axis=0), np.maximum.accumulate(lengths)
            padding = np.arange(1, len(rows) + 1)[:, None] * longest - real
            (too_many,) = np.nonzero((padding > np.maximum(real, NEGLIGIBLE_PADDING)).any(axis=1))
            stop = too_many[0] if len(too_many) else len(rows)
            parts.append(rows[:stop])
            rows, lengths = rows[stop:], lengths[stop:]
        return parts

    def mean_importance(self, rows):
        """Return the mean importance of some sequences, by default 1.

        Parameters
        ----------
        rows : ndarray of int
            The sequences.

        Returns
        -------
        float
            The mean.
        """
        return 1.0 if self.importance is None else self.importance[rows].mean().item()

    def subset(self, rows):
        """Return a subset of the sequences that shares their steps.

        Parameters
        ----------
        rows : ndarray of int
            The sequences.

        Returns
        -------
        SequenceDataset
            In the order of `rows`.
        """
        return SequenceDataset(
            self.values,
            self.starts[rows],
            self.lengths[rows],
            self.vectors,
            None if self.targets is None else self.targets[rows],
            None if self.weights is None else self.weights[rows],
            self.step_targets,
            self.spellings,
            self.words,
            None if self.target_sequences is None else self.target_sequences.subset(rows),
            None if self.conditions is None else self.conditions[rows],
            None if self.labels is None else self.labels[rows],
            None if self.importance is None else self.importance[rows],
            self.unlabelled,
            self.columns,
            None if self.middles is None else self.middles[rows],
        )

    def split_off_unlabelled(self, n_labelled):
        """Return the first sequences, with the others as their unlabelled ones.

        Parameters
        ----------
        n_labelled : int
            How many have labels.

        Returns
        -------
        SequenceDataset
            The labelled sequences.
        """
        labelled = self.subset(np.arange(n_labelled))
        labelled.unlabelled = self.subset(np.arange(n_labelled, len(self)))
        return labelled

    def batch(self, rows):
        """Return a batch, padded to the length of the longest sequence or a little more.

        Parameters
        ----------
        rows : ndarray of int
            The sequences.

        Returns
        -------
        Batch
            In the order of `rows`.
        """
        lengths = torch.from_numpy(self.lengths[rows])
        batch = Batch(torch.from_numpy(self._pad(self.values, rows)), lengths, self.vectors)
        if self.words is not None:
            words, inverse = np.unique(self._pad(self.words, rows), return_inverse=True)
            batch.spellings = self.spellings[words]
            batch.words = torch.from_numpy(inverse.reshape(batch.steps.shape[:2]))
        if self.columns is not None:
            batch.columns = {
                name: torch.from_numpy(self._pad(column, rows))
                for name, column in self.columns.items()
            }
        if self.middles is not None:
            first, sizes, _ = self.middles[rows].T
            places = first[:, None] + np.arange(_width(sizes))
            batch.middles = torch.from_numpy(np.minimum(places, batch.steps.shape[1] - 1))
            batch.middle_lengths = torch.from_numpy(sizes)
        if self.target_sequences is not None:
            batch.target_sequences = self.target_sequences.padded(rows)
        if self.conditions is not None:
            batch.conditions = self.conditions[rows]
        return batch

    def padded(self, rows):
        """Return the codes of some sequences, padded with -1.

        Parameters
        ----------
        rows : ndarray of int
            The sequences.

        Returns
        -------
        LongTensor of shape (n_sequences, n_steps)
            In the order of `rows`.
        """
        return torch.from_numpy(self._pad(self.values, rows, -1))

    def targets_and_weights(self, rows):
        """Return the targets and weights of some sequences.

        Parameters
        ----------
        rows : ndarray of int
            The sequences.

        Returns
        -------
        tuple of Tensor or None
            Targets, with -1 at padding if every step has one, and weights; None if there are none.
        """
        weights = None if self.weights is None else self.weights[rows]
        if self.target_sequences is not None:
            return self.target_sequences.padded(rows), weights
        if self.step_targets is not None:
            starts = self.starts if self.middles is None else self.middles[:, 2]
            targets = _pad(self.step_targets, starts[rows], self.target_lengths[rows], -1)
            return torch.from_numpy(targets), weights
        return None if self.targets is None else self.targets[rows], weights

    def _pad(self, values, rows, padding=0):
        return _pad(values, self.starts[rows], self.lengths[rows], padding)


class LengthBatches:
    """Iterate over batches of sequences of similar length, with their labels.

    For training, sequences are shuffled and split into pools of `pool_size` batches; each pool
    is sorted by length and split into batches, and the batches are shuffled. So batches have little
    padding, in random order. Without shuffling, all sequences are sorted by length.

    A batch that would still be mostly padding is split into micro-batches. Together they make one
    optimizer step, equal to that of the whole batch.

    With unlabelled sequences, each step of a training also has a batch of them, drawn likewise.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences.
    batch_size : int
        Sequences in a batch.
    random_state : numpy.random.RandomState, default=None
        Shuffles; None for no shuffling.
    pool_size : int, default=50
        Maximum number of batches in a pool. There are at least four pools, since data sorted as a
        whole would give the same batches in every epoch.
    """

    def __init__(self, dataset, batch_size, random_state=None, pool_size=50):
        self.dataset = dataset
        self.batch_size = int(batch_size)  # a numpy integer may be too narrow to compute with
        self.random_state = random_state
        self.pool_size = pool_size

    def __len__(self):
        """Optimizer steps in an epoch."""
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        labels, unlabelled = self.dataset.labels, self._unlabelled_batches()
        for rows in self.rows_by_step():
            parts = self.dataset.split_by_padding(rows)
            for number, part in enumerate(parts, start=1):
                batch = self.dataset.batch(part)
                batch.targets, batch.weights = self.dataset.targets_and_weights(part)
                batch.share = len(part) / len(rows)
                batch.importance = self.dataset.mean_importance(rows)
                batch.begins_step, batch.ends_step = number == 1, number == len(parts)
                if batch.ends_step:
                    batch.unlabelled = next(unlabelled, None)
                yield batch, None if labels is None else labels[part]

    def _unlabelled_batches(self):
        """Yield batches of the unlabelled sequences again and again, in training."""
        dataset = self.dataset.unlabelled
        if dataset is None or self.random_state is None:
            return
        while True:
            batches = LengthBatches(dataset, self.batch_size, self.random_state, self.pool_size)
            yield from map(dataset.batch, batches.rows())

    def rows(self):
        """Return the rows of each batch or micro-batch, newly drawn.

        Returns
        -------
        list of ndarray of int
            Every row once.
        """
        split = self.dataset.split_by_padding
        return [part for rows in self.rows_by_step() for part in split(rows)]

    def rows_by_step(self):
        """Return the rows of each optimizer step, newly drawn.

        Returns
        -------
        list of ndarray of int
            Every row once.
        """
        keys, size = self.dataset.sort_keys, self.batch_size
        if self.random_state is None:
            return _chunks(np.argsort(keys, kind="stable"), size)
        pool_size = size * min(self.pool_size, -(-len(self) // 4))
        batches = []
        for pool in _chunks(self.random_state.permutation(len(keys)), pool_size):
            batches += _chunks(pool[np.argsort(keys[pool], kind="stable")], size)
        self.random_state.shuffle(batches)
        return batches


def in_row_order(batches):
    """Return the results of batches in the order of the dataset.

    Parameters
    ----------
    batches : iterable of tuple (ndarray of int, sequence)
        The rows of each batch, and a result for each of them.

    Returns
    -------
    list
        The results, by row.
    """
    found = {}
    for rows, results in batches:
        found.update(zip(rows.tolist(), results, strict=True))
    return [found[row] for row in range(len(found))]


def to_tensor(array):
    """Return a tensor that shares the memory of an array, or a copy if it is read-only.

    Parameters
    ----------
    array : ndarray
        The array. Large ones that joblib passes to its workers are read-only, of which torch
        would warn.

    Returns
    -------
    Tensor
        Of the same type.
    """
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def _pad(values, starts, lengths, padding):
    """Return runs of flat values side by side, padded on the right."""
    steps = np.arange(_width(lengths))
    if not len(values):
        return np.full((len(lengths), len(steps), *values.shape[1:]), padding, values.dtype)
    padded = values.take(starts[:, None] + steps, axis=0, mode="clip")  # (N, T, ...)
    padded[steps >= lengths[:, None]] = padding
    return padded


def _width(lengths):
    return _round_up(max(1, lengths.max()))  # the kernels need at least one step


def _round_up(n_steps):
    """Round to five binary digits, at most 6 % up.

    torch keeps the kernels that it prepares for every length, 0.2 MB each, and they fragment
    memory. So lengths are rounded to 16 values for each doubling.
    """
    unit = 2 ** max(0, int(n_steps).bit_length() - 5)
    return -(-n_steps // unit) * unit


def _chunks(rows, size):
    return [rows[start : start + size] for start in range(0, len(rows), size)]
