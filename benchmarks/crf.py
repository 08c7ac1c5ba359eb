"""Milliseconds of a CRF in a training step, beside the bidirectional LSTM under it.

A batch of 32 sentences of up to 25 tokens, 150 features a token, 200 units in each direction, and
17 tags, as four entity types in IOBES have. pytorch-crf is timed on the same emissions, in turns.

Run ``python benchmarks/crf.py``.
"""

from functools import partial

import torch
from _report import median_seconds, write_results
from torchcrf import CRF

from sklstm.nn.crf import LinearChainCRF
from sklstm.nn.recurrent import Recurrent

SENTENCES, TOKENS, FEATURES, UNITS, TAGS = 32, 25, 150, 200, 17
STEPS = 20  # in each round


def make_steps():
    """Functions that each take one part's forward and backward pass a number of times."""
    draw = torch.Generator().manual_seed(0)
    lengths = torch.randint(10, TOKENS + 1, (SENTENCES,), generator=draw)
    lengths[0] = TOKENS
    words = torch.randn(SENTENCES, TOKENS, FEATURES, generator=draw)
    emissions = torch.randn(SENTENCES, TOKENS, TAGS, generator=draw).requires_grad_()
    tags = torch.randint(TAGS, (SENTENCES, TOKENS), generator=draw)
    real = torch.arange(TOKENS) < lengths[:, None]
    lstm, crf = Recurrent(FEATURES, UNITS, bidirectional=True), LinearChainCRF(TAGS)
    peer = CRF(TAGS, batch_first=True)
    losses = {
        "bidirectional LSTM": lambda: lstm(words, lengths).sum(),
        "sklstm's CRF": lambda: -crf.log_likelihood(emissions, tags, lengths).mean(),
        "pytorch-crf": lambda: -peer(emissions, tags, mask=real, reduction="mean"),
    }
    return {name: partial(repeat, loss) for name, loss in losses.items()}


def repeat(loss):
    """Run a part forwards and backwards."""
    for _ in range(STEPS):
        loss().backward()


def main():
    """Time the parts in turns, and write the table."""
    steps = make_steps()
    seconds = dict(zip(steps, median_seconds(*steps.values(), rounds=15), strict=True))
    lstm, *_ = seconds.values()
    rows = [
        {
            "part": part,
            "training step (ms)": round(1000 * spent / STEPS, 2),
            "share of the LSTM's time (%)": round(100 * spent / lstm, 1),
        }
        for part, spent in seconds.items()
    ]
    write_results("crf", rows)


if __name__ == "__main__":
    main()
