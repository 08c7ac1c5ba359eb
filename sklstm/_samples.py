"""Samples with the sequences made of them."""

from skorch.dataset import Dataset


class Samples(Dataset):
    """Samples as the user passed them, and the `SequenceDataset` that was made of them.

    Its `y` are the targets as an array, which skorch passes to callbacks that score.
    """

    def __init__(self, X, targets, sequences, sample_weight=None):
        self.X = X  # without super().__init__, which knows few forms of X
        self.y = sequences.labels
        self.targets = targets
        self.sequences = sequences
        self.sample_weight = sample_weight

    def __len__(self):
        return len(self.sequences)
