"""Batches of similar length: how ragged data reaches the recurrent engine without waste."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset

NEGLIGIBLE = 1024  # steps of padding that cost less than a batch more


@dataclass
class Batch:
    """A right-padded batch.

    Attributes
    ----------
    steps : Tensor of shape (n_sequences, n_steps) or (n_sequences, n_steps, n_features)
        Codes, or numbers.
    lengths : LongTensor of shape (n_sequences,)
        Real steps of each sequence.
    vectors : Tensor of shape (n_codes, n_features) or None
        Vectors for codes that the network does not hold itself.
    spellings : Spellings or None
        How the words of the batch are written, each word once.
    words : LongTensor of shape (n_sequences, n_steps) or None
        The row of `spellings` of each step.
    target_sequences : LongTensor of shape (n_sequences, n_targets) or None
        Codes of the sequences to predict, -1 at padding.
    conditions : Tensor of shape (n_sequences, n_conditions) or None
        What is known of each sequence beside its steps.
    continues : bool, optional
        Whether the sequences of the batch before go on here. Unless it is said, sequences are
        whole, and no state is carried over.
    share : float, default=1.0
        Weight of the batch's mean loss in a step of the optimizer.
    begins_step, ends_step : bool, default=True
        Whether a step of the optimizer begins, and ends, with the batch. Micro-batches are those
        of one step: they come one after the other.
    targets, weights : Tensor or None
        What the loss takes, see `SequenceDataset`.
    importance : float, default=1.0
        Mean weight of the sequences of its step.
    """

    steps: torch.Tensor
    lengths: torch.Tensor
    vectors: torch.Tensor | None = None
    spellings: "Spellings | None" = None
    words: torch.Tensor | None = None
    target_sequences: torch.Tensor | None = None
    conditions: torch.Tensor | None = None
    continues: bool | None = None
    share: float = 1.0
    begins_step: bool = True
    ends_step: bool = True
    targets: torch.Tensor | None = None
    weights: torch.Tensor | None = None
    importance: float = 1.0

    def __len__(self):
        return len(self.lengths)

    def to(self, device, dtype):
        """Move to a device, and numbers to a dtype.

        Parameters
        ----------
        device : str or torch.device
            Where to.
        dtype : torch.dtype
            Of the network's weights.

        Returns
        -------
        dict
            The network's arguments.
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
            arguments["words"] = self.words.to(device)
        if self.target_sequences is not None:
            arguments["targets"] = self.target_sequences.to(device)
        if self.conditions is not None:
            arguments["conditions"] = self.conditions.to(device, dtype)
        return arguments


@dataclass
class Spellings:
    """How words are written.

    Attributes
    ----------
    characters : ndarray of int64, shape (n_words, n_characters)
        Codes of each word's characters, padded on the right with 0.
    casing : ndarray of int64, shape (n_words,)
        Class of each word's casing.
    """

    characters: np.ndarray
    casing: np.ndarray

    def __getitem__(self, rows):
        characters = self.characters[rows]
        longest = max(1, np.count_nonzero(characters, axis=1).max())
        return Spellings(characters[:, :longest], self.casing[rows])


class SequenceDataset(Dataset):
    """Ragged sequences with their targets and weights.

    Parameters
    ----------
    values : ndarray of int32, shape (n_steps,), or of float, shape (n_steps, n_features)
        The codes or numbers of all sequences, one after the other.
    starts, lengths : ndarray of int64, shape (n_sequences,)
        Where each sequence starts, and its steps.
    vectors : Tensor of shape (n_codes, n_features), optional
        See `Batch`.
    targets : Tensor, optional
        One row for each sequence.
    weights : Tensor of shape (n_sequences,) or (n_sequences, n_outputs), optional
        By which the losses of each sequence are multiplied.
    importance : Tensor of shape (n_sequences,), optional
        How much each sequence counts, in the user's unit: without what makes a loss a mean.
    step_targets : ndarray of int64, shape (n_steps,), optional
        In place of `targets`: one for each step, in the order of `values`.
    spellings : Spellings, optional
        Of the words in `words`.
    words : ndarray of int, shape (n_steps,), optional
        The row of `spellings` of each step.
    target_sequences : SequenceDataset, optional
        In place of `targets`: the codes to predict for each sequence.
    conditions : Tensor of shape (n_sequences, n_conditions), optional
        See `Batch`.
    labels : ndarray of shape (n_sequences, ...), optional
        The targets as the user gave them.
    """

    def __init__(
        self, values, starts, lengths, vectors=None, targets=None, weights=None,
        step_targets=None, spellings=None, words=None, target_sequences=None, conditions=None,
        labels=None, importance=None,
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

    def __len__(self):
        return len(self.lengths)

    @property
    def sizes(self):
        """The keys that batches are sorted by: lengths, then those of the target sequences."""
        if self.target_sequences is None:
            return self.lengths
        longest = self.target_sequences.lengths.max(initial=0)
        return self.lengths * (longest + 1) + self.target_sequences.lengths

    def micro_batches(self, rows):
        """Cut a batch wherever its padding would outgrow its real steps.

        Parameters
        ----------
        rows : ndarray of int
            Which sequences, in an order in which neighbours have similar lengths.

        Returns
        -------
        list of ndarray of int
            The same rows in the same order. Of sequences of similar length it is one batch.
        """
        sides = [self] if self.target_sequences is None else [self, self.target_sequences]
        lengths = np.stack([side.lengths[rows] for side in sides], axis=1)  # (N, sides)
        parts = []
        while len(rows):
            # row n is about the batch that ends with it
            real, longest = lengths.cumsum(axis=0), np.maximum.accumulate(lengths)
            padding = np.arange(1, len(rows) + 1)[:, None] * longest - real
            (too_many,) = np.nonzero((padding > np.maximum(real, NEGLIGIBLE)).any(axis=1))
            stop = too_many[0] if len(too_many) else len(rows)
            parts.append(rows[:stop])
            rows, lengths = rows[stop:], lengths[stop:]
        return parts

    def mean_importance(self, rows):
        """Return the mean importance of some sequences; 1 unless it is known.

        Parameters
        ----------
        rows : ndarray of int
            Which sequences.

        Returns
        -------
        float
            The mean.
        """
        return 1.0 if self.importance is None else self.importance[rows].mean().item()

    def subset(self, rows):
        """Choose sequences, without a copy of their steps.

        Parameters
        ----------
        rows : ndarray of int
            Which sequences.

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
        )

    def batch(self, rows):
        """Pad some sequences to the length of the longest, or a little more.

        Parameters
        ----------
        rows : ndarray of int
            Which sequences.

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
        if self.target_sequences is not None:
            batch.target_sequences = self.target_sequences.padded(rows)
        if self.conditions is not None:
            batch.conditions = self.conditions[rows]
        return batch

    def padded(self, rows):
        """Pad the codes of some sequences with -1.

        Parameters
        ----------
        rows : ndarray of int
            Which sequences.

        Returns
        -------
        LongTensor of shape (n_sequences, n_steps)
            In the order of `rows`.
        """
        return torch.from_numpy(self._pad(self.values, rows, -1))

    def target(self, rows):
        """Look the targets and weights of some sequences up.

        Parameters
        ----------
        rows : ndarray of int
            Which sequences.

        Returns
        -------
        tuple of Tensor or None
            Targets, -1 at padding if there is one a step, and weights; None for those that lack.
        """
        weights = None if self.weights is None else self.weights[rows]
        if self.target_sequences is not None:
            return self.target_sequences.padded(rows), weights
        if self.step_targets is not None:
            return torch.from_numpy(self._pad(self.step_targets, rows, -1)), weights
        return None if self.targets is None else self.targets[rows], weights

    def _pad(self, values, rows, padding=0):
        lengths = self.lengths[rows]
        longest = _round_up(max(1, lengths.max()))  # the kernels want at least one step
        real = np.arange(longest) < lengths[:, None]  # (N, T)
        padded = np.full((len(rows), longest, *values.shape[1:]), padding, values.dtype)
        padded[real] = values[(self.starts[rows][:, None] + np.arange(longest))[real]]
        return padded


class LengthBatches:
    """Iterate over batches of sequences of similar length, with their labels.

    For training, sequences are shuffled and cut into pools of `pool_size` batches; each pool
    is sorted by length and cut into batches, and the batches are shuffled. So a batch wastes
    few steps on padding while the order stays random. Without shuffling, all sequences
    are sorted by length.

    Where lengths differ so much that most of a batch would be padding all the same, it comes in
    micro-batches. They are one step of the optimizer, so that what is learned is what the whole
    batch would teach.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences.
    batch_size : int
        Sequences in a batch.
    random_state : numpy.random.RandomState, optional
        Shuffles; without it there is no shuffling.
    pool_size : int, default=50
        Batches in a pool at most. Small data has four pools: sorted as a whole, it would give
        the same batches in every epoch.
    """

    def __init__(self, dataset, batch_size, random_state=None, pool_size=50):
        self.dataset = dataset
        self.batch_size = int(batch_size)  # a numpy integer may be too narrow to compute with
        self.random_state = random_state
        self.pool_size = pool_size

    def __len__(self):
        """Steps of the optimizer in an epoch."""
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        labels = self.dataset.labels
        for rows in self.steps():
            parts = self.dataset.micro_batches(rows)
            for number, part in enumerate(parts, start=1):
                batch = self.dataset.batch(part)
                batch.targets, batch.weights = self.dataset.target(part)
                batch.share = len(part) / len(rows)
                batch.importance = self.dataset.mean_importance(rows)
                batch.begins_step, batch.ends_step = number == 1, number == len(parts)
                yield batch, None if labels is None else labels[part]

    def rows(self):
        """Draw the rows of each batch or micro-batch.

        Returns
        -------
        list of ndarray of int
            Every row once.
        """
        return [part for rows in self.steps() for part in self.dataset.micro_batches(rows)]

    def steps(self):
        """Draw the rows of each batch, whatever their lengths.

        Returns
        -------
        list of ndarray of int
            Every row once.
        """
        lengths, size = self.dataset.sizes, self.batch_size
        if self.random_state is None:
            return _cut(np.argsort(lengths, kind="stable"), size)
        pool_size = size * min(self.pool_size, -(-len(self) // 4))
        batches = []
        for pool in _cut(self.random_state.permutation(len(lengths)), pool_size):
            batches += _cut(pool[np.argsort(lengths[pool], kind="stable")], size)
        self.random_state.shuffle(batches)
        return batches


def to_tensor(array):
    """Make a tensor of an array, in place where it may be written to.

    Parameters
    ----------
    array : ndarray
        May be read-only, as joblib maps large ones into its workers' memory. torch would warn of
        it, since it has no read-only tensors.

    Returns
    -------
    Tensor
        Of the same type.
    """
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def _round_up(n_steps):
    """Round to five binary digits, at most 6 % up.

    torch prepares kernels for every length it meets and keeps them: 0.2 MB each, in the midst
    of the memory that the batches share. So it shall meet few: 16 an octave.
    """
    unit = 2 ** max(0, int(n_steps).bit_length() - 5)
    return -(-n_steps // unit) * unit


def _cut(rows, size):
    return [rows[start : start + size] for start in range(0, len(rows), size)]
