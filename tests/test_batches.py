"""Batches: every row once, with its target, little padding, and an order that a seed decides."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklstm.nn.batches import NEGLIGIBLE_PADDING, Batch, LengthBatches, SequenceDataset, Spellings

LENGTHS = st.lists(st.integers(0, 6), min_size=1, max_size=12)


def codes_of(lengths, **options):
    """Return a dataset in which every step of sequence ``n`` has the code ``n + 2``."""
    lengths = np.array(lengths, np.int64)
    values = np.repeat(np.arange(2, len(lengths) + 2, dtype=np.int32), lengths)
    return SequenceDataset(values, np.cumsum(lengths) - lengths, lengths, **options)


def targets_of(dataset):
    """Add targets and weights that tell which row they belong to."""
    dataset.targets = torch.arange(len(dataset))
    dataset.weights = dataset.targets / 10
    dataset.labels = dataset.targets.numpy()
    return dataset


class TestSequenceDataset:
    @settings(deadline=None)
    @given(
        LENGTHS,
        st.sampled_from([((), np.int32), ((1,), np.float64), ((3,), np.float32)]),
        st.randoms(use_true_random=False),
    )
    def test_batch_holds_the_sequences_and_zeros(self, lengths, kind, random):
        shape, dtype = kind
        rng = np.random.RandomState(random.randint(0, 99))
        values = rng.randint(1, 99, size=(20, *shape)).astype(dtype)
        starts = np.array([random.randint(0, 20 - n) for n in lengths])  # anywhere, in any order
        dataset = SequenceDataset(values, starts, np.array(lengths))
        rows = np.array(random.choices(range(len(lengths)), k=5))
        batch = dataset.batch(rows)
        assert len(batch) == 5
        assert batch.steps.shape == (5, max(1, *batch.lengths.tolist()), *shape)
        assert batch.steps.numpy().dtype == dtype
        for row, n, steps in zip(rows, batch.lengths, batch.steps.numpy(), strict=True):
            assert n == lengths[row]
            assert np.array_equal(steps[:n], values[starts[row] : starts[row] + n])
            assert (steps[n:] == 0).all()

    @pytest.mark.parametrize(
        ("length", "n_steps"),
        [(0, 1), (1, 1), (31, 31), (32, 32), (33, 34), (99, 100), (129, 136), (400, 400)],
    )
    def test_batches_have_few_lengths(self, length, n_steps):
        assert codes_of([length, 0]).batch(np.array([1, 0])).steps.shape == (2, n_steps)

    def test_batch_passes_vectors_on(self):
        vectors = torch.randn(4, 2)
        assert codes_of([1, 2], vectors=vectors).batch(np.array([1])).vectors is vectors
        assert codes_of([1, 2]).batch(np.array([1])).vectors is None

    def test_subset_keeps_what_belongs_together(self):
        dataset = targets_of(codes_of([3, 0, 2, 5], vectors=torch.zeros(6, 2)))
        part = dataset.subset(np.array([3, 1]))
        assert len(part) == 2
        assert part.values is dataset.values
        assert part.vectors is dataset.vectors
        assert part.batch(np.array([1, 0])).steps.tolist() == [[0] * 5, [5] * 5]
        assert part.targets.tolist() == [3, 1]
        assert part.weights.tolist() == pytest.approx([0.3, 0.1])


class TestSteps:
    """What stands beside each step: a target, and how its word is written."""

    @settings(deadline=None)
    @given(LENGTHS, st.lists(st.integers(0, 11), min_size=1, max_size=6))
    def test_targets_of_steps(self, lengths, rows):
        rows = np.array([row % len(lengths) for row in rows])
        dataset = codes_of(lengths, weights=torch.arange(len(lengths)))
        dataset.step_targets = np.arange(100, 100 + len(dataset.values))
        for part, chosen in ((dataset, rows), (dataset.subset(rows), np.arange(len(rows)))):
            targets, weights = part.targets_and_weights(chosen)
            assert weights.tolist() == rows.tolist()
            assert targets.shape == part.batch(chosen).steps.shape
            assert targets.dtype == torch.int64
            for row, found in zip(rows, targets.numpy(), strict=True):
                start = dataset.starts[row]
                expected = np.arange(100 + start, 100 + start + lengths[row])
                np.testing.assert_array_equal(found[: lengths[row]], expected)
                assert (found[lengths[row] :] == -1).all()

    @settings(deadline=None)
    @given(LENGTHS, st.lists(st.integers(0, 11), min_size=1, max_size=6), st.integers(0, 99))
    def test_each_word_of_a_batch_is_spelled_once(self, lengths, rows, seed):
        rng = np.random.RandomState(seed)
        rows = np.array([row % len(lengths) for row in rows])
        characters = rng.randint(1, 9, (8, 5))
        characters[np.arange(5) >= rng.randint(0, 6, 8)[:, None]] = 0
        characters[0] = 0
        dataset = targets_of(codes_of(lengths, spellings=Spellings(characters, np.arange(8) * 10)))
        dataset.words = rng.randint(1, 8, len(dataset.values))
        for part, chosen in ((dataset, rows), (dataset.subset(rows), np.arange(len(rows)))):
            batch = part.batch(chosen)
            used = batch.spellings.characters
            assert len(np.unique(batch.spellings.casing)) == len(used)
            longest = max(1, np.count_nonzero(used, axis=1).max())
            assert used.shape[1] == longest
            assert batch.words.shape == batch.steps.shape
            for row, words in zip(rows, batch.words.numpy(), strict=True):
                n, start = lengths[row], dataset.starts[row]
                expected = np.zeros(len(words), int)
                expected[:n] = dataset.words[start : start + n]
                np.testing.assert_array_equal(batch.spellings.casing[words], expected * 10)
                np.testing.assert_array_equal(used[words], characters[expected, :longest])

    def test_no_spellings(self):
        batch = codes_of([2, 1]).batch(np.array([0, 1]))
        assert batch.spellings is batch.words is None
        assert batch.to("cpu", torch.float32).keys() == {"steps", "lengths", "vectors"}


def test_batch_casts_numbers_and_keeps_codes():
    lengths = torch.tensor([1])
    codes = Batch(torch.ones(1, 1, dtype=torch.int32), lengths, torch.ones(3, 2))
    arguments = codes.to("cpu", torch.float64)
    assert arguments["steps"].dtype == torch.int32
    assert arguments["vectors"].dtype == torch.float64
    assert arguments["lengths"].dtype == torch.int64
    numbers = Batch(torch.ones(1, 1, 2), lengths).to("cpu", torch.float64)
    assert numbers["steps"].dtype == torch.float64
    assert numbers["vectors"] is None


class TestLengthBatches:
    @settings(deadline=None)
    @given(LENGTHS, st.integers(1, 5), st.integers(1, 4), st.none() | st.integers(0, 9))
    def test_every_row_once_with_its_target(self, lengths, batch_size, pool_size, seed):
        random_state = None if seed is None else np.random.RandomState(seed)
        batches = LengthBatches(
            targets_of(codes_of(lengths)), batch_size, random_state, pool_size=pool_size
        )
        drawn = list(batches)
        assert len(drawn) == len(batches)
        sizes = sorted((len(batch) for batch, _ in drawn), reverse=True)
        assert all(size == batch_size for size in sizes[:-1])
        assert 1 <= sizes[-1] <= batch_size
        seen = []
        for batch, labels in drawn:
            targets, weights = batch.targets, batch.weights
            assert labels.tolist() == targets.tolist()
            seen += targets.tolist()
            assert torch.equal(weights, targets / 10)
            assert batch.lengths.tolist() == [lengths[row] for row in targets]
            real = batch.steps > 0
            assert torch.equal(real.sum(dim=1), batch.lengths)
            assert torch.equal(batch.steps, torch.where(real, targets[:, None] + 2, 0))
        assert sorted(seen) == list(range(len(lengths)))

    def test_without_targets(self):
        for batch, labels in LengthBatches(codes_of([1, 2, 3]), 2):
            assert batch.targets is batch.weights is labels is None

    def test_sorted_without_random_state(self):
        lengths = [5, 1, 4, 1, 0, 9]
        batches = LengthBatches(codes_of(lengths), 2)
        expected = [[4, 1], [3, 2], [0, 5]]
        assert [rows.tolist() for rows in batches.rows()] == expected
        assert [rows.tolist() for rows in batches.rows()] == expected

    @pytest.mark.parametrize("n_sequences", [300, 5000])
    def test_shuffled_as_the_seed_says(self, n_sequences):
        dataset = codes_of(lognormal_lengths(n_sequences))

        def two_epochs(seed):
            batches = LengthBatches(dataset, 16, np.random.RandomState(seed))
            return [[rows.tolist() for rows in batches.rows()] for _ in range(2)]

        first, second = two_epochs(seed=0)
        assert two_epochs(seed=0) == [first, second]
        assert two_epochs(seed=1)[0] != first
        rises = np.diff([dataset.lengths[rows].mean() for rows in first]) > 0
        assert 0.3 < rises.mean() < 0.7  # batches do not come in the order of their lengths
        # a pair of batch mates seldom meets again: the sets differ, not only their order
        assert share_met_again(first, second) < 0.35

    @pytest.mark.parametrize("seed", [None, 0])
    def test_one_long_sequence_among_short_ones(self, seed):
        dataset = targets_of(codes_of([10] * 31 + [100_000] + [12] * 32))
        random_state = None if seed is None else np.random.RandomState(seed)
        batches = LengthBatches(dataset, 32, random_state)
        drawn = list(batches)
        assert max(batch.steps.numel() for batch, _ in drawn) < 1.1 * 100_000
        alone = [batch for batch, _ in drawn if batch.lengths.max() == 100_000]
        assert [len(batch) for batch in alone] == [1]
        assert sorted(row for _, rows in drawn for row in rows) == list(range(64))
        # all the same it is a member of its batch: as many steps of the optimizer as ever
        assert len(batches) == 2
        assert [batch.begins_step for batch, _ in drawn].count(True) == 2
        assert [batch.ends_step for batch, _ in drawn].count(True) == 2
        assert sum(batch.share for batch, _ in drawn) == pytest.approx(2)

    @settings(deadline=None, max_examples=50)
    @given(
        st.lists(st.sampled_from([0, 1, 3, 50, 700, 9000]), min_size=1, max_size=40),
        st.integers(1, 9),
        st.none() | st.integers(0, 9),
    )
    def test_micro_batches_make_up_their_step(self, lengths, batch_size, seed):
        random_state = None if seed is None else np.random.RandomState(seed)
        batches = LengthBatches(targets_of(codes_of(lengths)), batch_size, random_state)
        steps, inside = [], False
        for batch, rows in batches:
            assert batch.begins_step != inside
            if batch.begins_step:
                steps.append([])
            inside = not batch.ends_step
            steps[-1].append((batch.share, rows.tolist()))
            padding = batch.steps.numel() - batch.lengths.sum()
            assert padding <= 1.07 * max(batch.lengths.sum(), NEGLIGIBLE_PADDING)
        assert not inside
        assert len(steps) == len(batches)
        sizes = [sum(len(rows) for _, rows in step) for step in steps]
        assert sorted(sizes)[1:] == [batch_size] * (len(steps) - 1)
        for step, size in zip(steps, sizes, strict=True):
            assert [share for share, _ in step] == [len(rows) / size for _, rows in step]
        assert sorted(row for step in steps for _, rows in step for row in rows) == list(
            range(len(lengths))
        )

    def test_batches_of_similar_lengths_stay_whole(self):
        dataset = codes_of(lognormal_lengths(5000))
        batches = LengthBatches(dataset, 32, np.random.RandomState(0))
        steps = batches.rows_by_step()
        assert all(len(dataset.split_by_padding(rows)) == 1 for rows in steps)
        assert len(steps) == len(batches)

    @pytest.mark.parametrize(("seed", "bound"), [(None, 0.01), (0, 0.04)])
    def test_little_padding(self, seed, bound):
        dataset = codes_of(lognormal_lengths(20_000))
        random_state = None if seed is None else np.random.RandomState(seed)
        batches = LengthBatches(dataset, 64, random_state)
        computed = sum(len(rows) * dataset.lengths[rows].max() for rows in batches.rows())
        assert 1 - dataset.lengths.sum() / computed < bound


class TestTargetSequences:
    targets = codes_of([3, 1, 2, 1, 40])

    def dataset(self):
        dataset = codes_of([1, 4, 1, 2, 0], target_sequences=self.targets)
        dataset.weights = torch.arange(5.0)
        return dataset

    def test_batch_and_target(self):
        rows = np.array([2, 0])
        batch, (targets, weights) = (
            self.dataset().batch(rows),
            self.dataset().targets_and_weights(rows),
        )
        expected = torch.tensor([[4, 4, -1], [2, 2, 2]])
        assert torch.equal(batch.target_sequences, expected)
        assert torch.equal(targets, expected)
        assert weights.tolist() == [2, 0]
        assert torch.equal(batch.to("cpu", torch.float32)["targets"], expected)
        assert "targets" not in codes_of([1]).batch(np.array([0])).to("cpu", torch.float32)

    def test_subset(self):
        part = self.dataset().subset(np.array([3, 1, 4]))
        assert part.batch(np.array([1, 0])).target_sequences.tolist() == [[3], [5]]
        assert part.weights.tolist() == [3, 1, 4]

    def test_one_long_target_among_short_ones(self):
        lengths = [3] * 15 + [4] + [3] * 16
        dataset = codes_of(lengths, target_sequences=codes_of([2] * 7 + [5000] + [2] * 24))
        found = LengthBatches(dataset, 32).rows()
        assert sorted(np.concatenate(found)) == list(range(32))
        padded = [dataset.target_sequences.padded(rows).numel() for rows in found]
        assert sum(padded) < 2.5 * 5000

    def test_order_is_by_length_and_then_by_that_of_the_target_sequences(self):
        (rows,) = LengthBatches(self.dataset(), 5).rows()
        assert rows.tolist() == [4, 2, 0, 3, 1]


def lognormal_lengths(n_sequences):
    """Return lengths distributed as those of film reviews cut at 500 words."""
    lengths = np.random.RandomState(0).lognormal(5.2, 0.65, n_sequences)
    return np.clip(lengths, 1, 500).astype(np.int64)


def share_met_again(first, second):
    def pairs(batches):
        return {(a, b) for batch in batches for a in batch for b in batch if a < b}

    return len(pairs(first) & pairs(second)) / len(pairs(first))
