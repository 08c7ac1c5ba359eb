"""Devices, what they can compute, and their generators of random numbers."""

from contextlib import contextmanager
from functools import cache
from threading import RLock

import torch

GENERATOR_LOCK = RLock()  # torch has one generator for all threads


@contextmanager
def seeded(seed, device="cpu"):
    """Seed torch for the CPU and a device, and put its global generators back afterwards.

    Threads wait for one another here, since they share the generators.
    """
    on_gpu = torch.device(device).type == "cuda"
    with GENERATOR_LOCK, torch.random.fork_rng([torch.device(device)] if on_gpu else []):
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@cache
def runs_bfloat16(device):
    """Try whether a device computes an LSTM in bfloat16, forwards and backwards.

    Processors that lack its kernel lack the instructions for all of bfloat16: it would be slower
    there than float32 with any cell.
    """
    lstm = torch.nn.LSTM(1, 1, device="meta").to_empty(device=device)  # draws no weights
    x = torch.zeros(1, 1, 1, device=device)
    try:
        with torch.enable_grad(), torch.autocast(torch.device(device).type, torch.bfloat16):
            lstm(x)[0].sum().backward()
        with torch.no_grad(), torch.autocast(torch.device(device).type, torch.bfloat16):
            lstm(x)
    except RuntimeError:
        return False
    return True


def choose_device(device):
    """Return a torch device that can be used, also for ``"auto"``."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device).tolist()
    except (AssertionError, RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here; take 'auto', 'cpu', or a device that this "
            f"machine has, such as 'cuda:0'. The cause: {error}"
        ) from None
    return device
