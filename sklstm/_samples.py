"""Samples with the sequences made of them."""

from skorch.dataset import Dataset


class Samples(Dataset):
    """Samples as the user passed them, and the sequences that were made of them.

    Parameters
    ----------
    X, targets : object
        The user's.
    sequences : SequenceDataset
        What the network gets.

    Attributes
    ----------
    y : ndarray or None
        The targets as an array, which is what skorch passes to callbacks that score.
    """

    def __init__(self, X, targets, sequences):
        self.X = X  # without super().__init__, which knows few forms of X
        self.y = sequences.labels
        self.targets = targets
        self.sequences = sequences

    def __len__(self):
        return len(self.sequences)
