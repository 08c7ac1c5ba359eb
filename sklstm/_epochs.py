"""How many epochs ``max_epochs="auto"`` and ``"long"`` mean."""

from math import ceil

FEW_UPDATES = 40  # an epoch: with fewer, the number of updates counts, not that of epochs
DECAY = 0.42  # how fast epochs fall with the size of an epoch; see benchmarks/small_data.py
MIN_EPOCHS = 3
AFFORDED_STEPS = 2**23  # of texts in all epochs: some two minutes of a core
MIN_SHARE = 0.4  # of the epochs for 40 updates, however long the texts are
PATIENCE = {"auto": 1, "long": 5}  # times as many epochs


def choose_epochs(n_updates, epochs_of_few, n_tokens=0):
    r"""Choose the number of epochs for the number of updates in one of them.

    With little data the network gets enough updates to learn, with much data few epochs:

    .. math::

        E = E_0 \cdot 40 / u \text{ for } u \le 40, \quad E_0 \cdot (40 / u)^{0.42} \text{ beyond}

    Long texts get no more than :math:`2^{23}` steps, in at least :math:`0.4 E_0` epochs: an update
    takes longer, and the last ones hardly help.

    Parameters
    ----------
    n_updates : int
        Updates in an epoch, :math:`u`: the number of samples by the batch size.
    epochs_of_few : int
        Epochs for an epoch of 40 updates, :math:`E_0`.
    n_tokens : int, default=0
        Steps in an epoch, if they are of texts.

    Returns
    -------
    int
        At least 3.
    """
    ratio = FEW_UPDATES / max(n_updates, 1)
    epochs = epochs_of_few * (ratio if ratio > 1 else ratio**DECAY)
    afforded = AFFORDED_STEPS / max(n_tokens, 1)
    return max(MIN_EPOCHS, ceil(min(epochs, max(afforded, MIN_SHARE * epochs_of_few))))


def resolve_epochs(max_epochs, n_updates, epochs_of_few, n_tokens=0):
    """Return the number of epochs that `max_epochs` means, see `choose_epochs`."""
    if max_epochs not in PATIENCE:
        return max_epochs
    times = PATIENCE[max_epochs]
    return choose_epochs(n_updates, epochs_of_few * times, n_tokens / times)
