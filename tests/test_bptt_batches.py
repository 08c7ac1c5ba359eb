"""Batches of a few steps at a time, with the state carried on."""

import numpy as np
import pytest
import torch

from sklstm.nn.batches import SequenceDataset
from sklstm.nn.bptt_batches import BPTTBatches, split_long_sequences


def dataset(lengths, conditions=False):
    lengths = np.array(lengths)
    starts = np.cumsum(lengths) - lengths
    values = np.arange(lengths.sum(), dtype=np.int32)
    return SequenceDataset(
        values, starts, lengths, step_targets=values.astype(np.int64) + 1,
        weights=torch.ones(len(lengths)) / lengths.mean(),
        conditions=torch.arange(len(lengths))[:, None] if conditions else None,
    )  # fmt: skip


def read(batches):
    """The steps of each row of each run of batches, put together again."""
    runs = []
    for batch, _ in batches:
        targets = batch.targets
        if not batch.continues:
            runs.append([[] for _ in range(len(batch))])
        for row, (steps, length) in enumerate(zip(batch.steps, batch.lengths, strict=True)):
            runs[-1][row] += steps[:length].tolist()
        assert torch.equal(targets[targets >= 0], batch.steps[targets >= 0] + 1)
        assert (targets >= 0).sum() == batch.lengths.sum()
    return [row for run in runs for row in run]


@pytest.mark.parametrize("n_steps", [1, 3, 100])
@pytest.mark.parametrize("seed", [None, 0])
def test_every_step_comes_once_and_in_order(n_steps, seed):
    data = dataset([5, 1, 40, 7, 7, 2, 13])
    random_state = None if seed is None else np.random.RandomState(seed)
    rows = read(BPTTBatches(data, 3, random_state, n_steps))
    assert all(row == list(range(row[0], row[0] + len(row))) for row in rows if row)
    assert sorted(step for row in rows for step in row) == data.values.tolist()


def test_what_goes_on_has_no_padding():
    for batch, _ in BPTTBatches(dataset([5, 9, 40, 7]), 4, np.random.RandomState(0), 3):
        goes_on = batch.lengths == batch.lengths.max()
        assert batch.steps.shape[1] <= 3
        assert batch.lengths[goes_on].min() == batch.lengths.max()


def test_a_long_text_fills_a_batch():
    batches = list(BPTTBatches(dataset([6400]), 64, np.random.RandomState(0), 10))
    assert [len(batch) for batch, _ in batches] == [64] * 10
    assert [batch.continues for batch, _ in batches] == [False] + [True] * 9
    assert len(BPTTBatches(dataset([6400]), 64, np.random.RandomState(0), 10)) == 10


def test_without_shuffling_texts_stay_whole_and_ended_ones_leave():
    batches = [batch for batch, _ in BPTTBatches(dataset([2, 100, 3]), 4, n_steps=10)]
    assert [len(batch) for batch in batches] == [3] + [1] * 9


def test_no_small_batch_is_left_over():
    data = dataset([1000, 30, 20])
    batches = BPTTBatches(data, 8, np.random.RandomState(0), 10)
    assert {len(batch) for batch, _ in batches if not batch.continues} == {10}


@pytest.mark.parametrize("seed", [None, 0])
def test_weights_make_the_loss_a_mean_over_steps(seed):
    data = dataset([5, 1, 40, 7, 7, 2, 13])
    random_state = None if seed is None else np.random.RandomState(seed)
    total = n_rows = 0
    for batch, _ in BPTTBatches(data, 3, random_state, 4):
        weights = batch.weights
        losses = batch.lengths.double()  # one a step
        total += (losses * weights).mean().item() * len(batch)
        n_rows += len(batch)
    assert total / n_rows == pytest.approx(1.0, rel=1e-6)


def test_ended_pieces_leave_and_what_is_left_teaches_as_much():
    data = dataset([3] * 300 + [500])
    taught = []
    for batch, _ in BPTTBatches(data, 4, np.random.RandomState(0), 5):
        assert batch.lengths.all()
        assert batch.begins_step
        assert batch.ends_step
        taught += (
            batch.share * batch.weights / len(batch)
        ).tolist()  # by each loss, in its gradient
    assert np.ptp(taught) < 1e-6 * max(taught)


def test_pieces_keep_condition_and_order():
    pieces = split_long_sequences(dataset([10, 3], conditions=True), 4)
    assert pieces.lengths.tolist() == [3, 3, 4, 3]
    assert pieces.starts.tolist() == [0, 3, 6, 10]
    assert pieces.conditions.ravel().tolist() == [0, 0, 0, 1]


def test_rows_tell_which_sequence_a_row_is():
    data = dataset([5, 1, 9])
    found = {row: [] for row in range(3)}
    for rows, batch, _ in BPTTBatches(data, 2, n_steps=2).batches():
        for row, steps, length in zip(rows, batch.steps, batch.lengths, strict=True):
            found[row] += steps[:length].tolist()
    assert found == {0: [0, 1, 2, 3, 4], 1: [5], 2: list(range(6, 15))}
