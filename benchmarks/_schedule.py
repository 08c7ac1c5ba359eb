"""How the learning rate goes in the accuracy benchmarks."""

import numpy as np


def warm_up_and_fall(share):
    """Up along a cosine for the first tenth of training, then down to zero."""
    if share < 0.1:
        return (1 - np.cos(np.pi * share / 0.1)) / 2
    return (1 + np.cos(np.pi * (share - 0.1) / 0.9)) / 2
