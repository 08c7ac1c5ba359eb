"""Milliseconds that the prediction of one text takes, beside the same in plain torch.

Plain torch is what one writes by hand: tokens by a compiled pattern, their ids by a dictionary, and
``nn.Embedding``, ``nn.LSTM`` and ``nn.Linear``. It checks nothing. It has the weights of the fitted
pipeline and must give the same logits. The texts are UCI's sentences, one or twenty of them at a
time. Times are of the processor: medians of rounds in which both take turns.

Run ``OMP_NUM_THREADS=1 python benchmarks/latency.py``.
"""

import argparse
from functools import partial
from time import process_time

import numpy as np
import torch
from _report import median_seconds, write_results
from sklearn.pipeline import make_pipeline
from torch import nn

from sklstm import LSTMClassifier, TokenIndexer, Tokenizer, text_classifier
from sklstm._word_pattern import word_pattern
from sklstm.datasets import load_sentences

N_TEXTS = 20


class PlainTorch(nn.Module):
    """A fitted pipeline of one network, without what makes it a pipeline."""

    def __init__(self, pipe):
        super().__init__()
        network, words = pipe[-1].module_, list(pipe[1].vocabulary_)
        codes = pipe[-1]._read_sequences(pipe[1].transform([[word] for word in words])).values
        self.ids = dict(zip(words, codes.tolist(), strict=True))
        self.find_tokens = word_pattern("expressive", False).findall
        self.takes_max = network.pooling.kind == "max"
        self.embedding = nn.Embedding.from_pretrained(network.embedding.weight)
        [cells] = network.recurrent.layers
        n_features, n_units = self.embedding.embedding_dim, cells[0].hidden_size
        self.lstm = nn.LSTM(n_features, n_units, bidirectional=len(cells) == 2, batch_first=True)
        self.output = network.output
        for cell, end in zip(cells, ("_l0", "_l0_reverse"), strict=False):
            for name, weight in cell.named_parameters():
                name = "bias_ih" if name == "bias" else name
                getattr(self.lstm, name + end).data.copy_(weight)
            getattr(self.lstm, f"bias_hh{end}").data.zero_()
        self.eval()

    def forward(self, ids):
        """Compute the logits of ids of shape (1, n_steps)."""
        outputs, _ = self.lstm(self.embedding(ids))  # (1, T, D * H)
        return self.output(outputs.amax(dim=1) if self.takes_max else outputs[:, -1])

    def decide(self, text):
        """Return the logit of a text."""
        ids = [self.ids.get(token.lower(), 1) for token in self.find_tokens(text)]
        with torch.inference_mode():
            return self(torch.tensor([ids])).item()


def pipelines():
    """Pipelines by name: the lecture's network, and the ready pipeline without n-grams."""
    lecture = LSTMClassifier(embedding_dim=32, hidden_size=100, max_epochs=1, random_state=0)
    ready = text_classifier(effort="fast", wide=False, max_epochs=1, random_state=0)
    return {
        "LSTM of the lecture, 100 units": make_pipeline(Tokenizer(), TokenIndexer(), lecture),
        "text_classifier(effort='fast', wide=False)": ready,
    }


def one_by_one(function, texts):
    """Call a function of one text with each."""
    for text in texts:
        function(text)


def measure(texts, labels, rounds):
    """One row for each pipeline and length of texts."""
    for name, pipe in pipelines().items():
        plain = PlainTorch(pipe.fit(texts, labels))
        for n_sentences in (1, 20):
            starts = range(0, len(texts) - n_sentences, len(texts) // N_TEXTS)
            new = [" ".join(texts[start : start + n_sentences]) for start in starts]
            np.testing.assert_allclose(
                [plain.decide(text) for text in new], pipe.decision_function(new), atol=1e-5
            )
            ways = lambda text, pipe=pipe: pipe.predict([text]), plain.decide
            seconds = median_seconds(
                *(partial(one_by_one, way, new) for way in ways), rounds=rounds, clock=process_time
            )
            ours, theirs = (1000 * s / len(new) for s in seconds)
            yield {
                "pipeline": name,
                "tokens": round(np.mean([len(plain.find_tokens(text)) for text in new])),
                "pipeline (ms)": ours,
                "plain torch (ms)": theirs,
                "ratio": ours / theirs,
            }


def main():
    """Fit, predict, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    write_results("latency", list(measure(*load_sentences(return_X_y=True), rounds)))


if __name__ == "__main__":
    main()
