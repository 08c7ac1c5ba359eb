import copy
import pickle
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils import _safe_indexing, check_array, indexable, resample, shuffle
from sklearn.utils.validation import check_is_fitted

from sklstm import SequencePadder, Sequences, TokenIndexer, Tokenizer, Word2VecEmbedder

WORDS = st.text("abcdé🙂", min_size=1, max_size=3)
DOCUMENTS = st.lists(st.lists(WORDS, max_size=6), max_size=6)
SOME_DOCUMENTS = st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=6)
PADDERS = st.builds(
    SequencePadder,
    max_length=st.none() | st.integers(1, 8),
    truncating=st.sampled_from(["pre", "post", "middle"]),
    padding=st.sampled_from(["pre", "post"]),
)


@st.composite
def batches(draw, min_size=0):
    """Sequences with padding and unknown codes anywhere, with and without vectors."""
    rows = draw(st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=min_size, max_size=6))
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    categories = draw(st.sampled_from([None, ["<pad>", "<unk>", "c", "a", "B", "é"]]))
    vectors = np.vstack([np.zeros(2), np.arange(10).reshape(5, 2) + 1.0])
    vectors = draw(st.sampled_from([None, vectors]))
    codes = [code for row in rows for code in row]
    spans = np.arange(2 * len(codes)).reshape(-1, 2)  # each step has one of its own
    spans = draw(st.sampled_from([None, spans]))
    return Sequences(codes, offsets, categories, vectors, spans)


@st.composite
def batches_with_key(draw):
    batch = draw(batches())
    n = len(batch)
    keys = st.slices(n) | hnp.arrays(bool, n) | st.lists(st.booleans(), min_size=n, max_size=n)
    if n:
        rows = st.integers(-n, n - 1)
        keys |= st.lists(rows) | hnp.arrays(np.int64, st.integers(0, 8), elements=rows)
    return batch, draw(keys)


def samples(batch):
    return [batch[row].tolist() for row in range(len(batch))]


def char_spans(batch):
    """The spans of each sequence, as Tokenizer.offsets returns them."""
    bounds = zip(batch.offsets[:-1], batch.offsets[1:], strict=True)
    return [batch.char_spans[start:stop].tolist() for start, stop in bounds]


def is_equal(left, right):
    return (
        samples(left) == samples(right)
        and left.codes.tolist() == right.codes.tolist()
        and left.categories == right.categories
        and (left.vectors is None) == (right.vectors is None)
        and (left.vectors is None or np.array_equal(left.vectors, right.vectors))
        and (left.char_spans is None) == (right.char_spans is None)
        and (left.char_spans is None or np.array_equal(left.char_spans, right.char_spans))
        and np.array_equal(left.texts, right.texts)
    )


class TestSequences:
    @given(batches_with_key())
    def test_indexing_equals_that_of_a_list(self, case):
        batch, key = case
        rows = np.arange(len(batch))[key]
        part = batch[key]
        assert isinstance(part, Sequences)
        assert samples(part) == [samples(batch)[row] for row in rows]
        assert part.lengths.tolist() == batch.lengths[rows].tolist()
        assert part.categories is batch.categories
        assert part.vectors is batch.vectors
        assert len(part) == part.shape[0] == len(rows)

    @given(batches(min_size=1))
    def test_integers_index_one_sample(self, batch):
        for row in range(len(batch)):
            sample = batch[row]
            assert np.array_equal(sample, batch[np.int64(row - len(batch))])
            assert sample.dtype == (np.int32 if batch.vectors is None else np.float32)
            assert sample.shape[1:] == (() if batch.vectors is None else (2,))
        assert len(list(batch)) == len(batch)
        for row in (len(batch), -len(batch) - 1):
            with pytest.raises(IndexError):
                batch[row]

    @pytest.mark.parametrize("key", [(0, 1), (slice(None), 0), np.array([[0, 1]]), [5], "a", None])
    def test_wrong_index(self, key):
        with pytest.raises(IndexError):
            Sequences.from_tokens([["a"], ["b"]])[key]

    @given(batches())
    def test_dense_array_is_right_padded_with_zeros(self, batch):
        dense = np.asarray(batch)
        n_steps = max([len(sample) for sample in batch], default=0)
        assert dense.shape == (len(batch), n_steps) + (() if batch.vectors is None else (2,))
        for row, sample in zip(dense, batch, strict=True):
            assert np.array_equal(row[: len(sample)], sample)
            assert not row[len(sample) :].any()
        assert np.asarray(batch, dtype=np.float64).dtype == np.float64

    @given(batches())
    def test_pickle(self, batch):
        assert is_equal(pickle.loads(pickle.dumps(batch)), batch)

    def test_pickle_of_a_part_leaves_out_the_other_codes(self):
        batch = Sequences(np.ones(100_000, int), np.arange(0, 100_001, 10))
        assert len(pickle.dumps(batch[:3])) < 1000

    @given(batches(min_size=1), st.data())
    def test_scikit_learn_splits_it(self, batch, data):
        rows = data.draw(st.lists(st.integers(0, len(batch) - 1)))
        assert samples(_safe_indexing(batch, np.array(rows, int))) == [
            samples(batch)[row] for row in rows
        ]
        assert is_equal(_safe_indexing(batch, slice(0, 1)), batch[:1])
        mask = np.arange(len(batch)) % 2 == 0
        assert is_equal(_safe_indexing(batch, mask), batch[mask])
        if len(batch) > 1:
            for train, test in KFold(2).split(batch):
                assert len(batch[train]) + len(batch[test]) == len(batch)
            parts = train_test_split(batch, list(range(len(batch))), random_state=0)
            for part, positions in (parts[::2], parts[1::2]), (parts[1::2], parts[::2]):
                assert len(part) == len(positions)
            assert is_equal(parts[0], batch[parts[2]])
            assert is_equal(parts[1], batch[parts[3]])

    @given(batches())
    def test_without_padding(self, batch):
        real = batch.without_padding()
        assert [row.tolist() for row in Sequences(real.codes, real.offsets)] == [
            [code for code in row if code] for row in Sequences(batch.codes, batch.offsets)
        ]
        assert real.without_padding() is real

    @given(DOCUMENTS)
    def test_tokens_are_encoded_and_decoded(self, documents):
        batch = Sequences.from_tokens(documents)
        assert batch.tokens() == documents
        distinct = dict.fromkeys(token for row in documents for token in row)
        assert batch.categories == ["<pad>", "<unk>", *distinct]
        assert not np.isin(batch.codes, [0, 1]).any()

    def test_padding_and_unknown_are_codes_and_not_spellings(self):
        batch = Sequences.from_tokens([["a", "<pad>"], ["<unk>"]])
        assert batch.codes.tolist() == [2, 3, 4]
        assert batch.tokens() == [["a", "<pad>"], ["<unk>"]]
        assert batch.without_padding() is batch
        known = batch.with_categories(["<pad>", "<unk>", "<pad>", "a"])
        assert known.codes.tolist() == [3, 2, 1]
        assert known.tokens() == [["a", "<pad>"], ["<unk>"]]
        codes = Sequences([0, 1, 2], [0, 3], ["<pad>", "<unk>", "<pad>"])
        assert codes.tokens() == [["<unk>", "<pad>"]]
        assert codes.with_categories(["<pad>", "<unk>", "<unk>", "<pad>"]).codes.tolist() == [
            0,
            1,
            3,
        ]

    @given(SOME_DOCUMENTS, st.randoms(use_true_random=False), st.sets(WORDS))
    def test_with_categories_and_back(self, documents, random, more):
        batch = Sequences.from_tokens(documents)
        others = sorted({*batch.categories[2:], *more})
        random.shuffle(others)
        shuffled = batch.with_categories(["<pad>", "<unk>", *others])
        assert shuffled.tokens() == documents
        assert is_equal(shuffled.with_categories(batch.categories), batch)

    def test_with_fewer_categories_makes_tokens_unknown(self):
        batch = Sequences([2, 3, 0], [0, 3], ["<pad>", "<unk>", "a", "b"])
        assert batch.with_categories(["<pad>", "<unk>", "b"]).codes.tolist() == [1, 2, 0]

    def test_with_vectors(self):
        batch = Sequences.from_tokens([["a", "b"], ["b"]])
        vectors = np.array([[0, 0], [1, 1], [2, 2], [3, 3]])
        embedded = batch.with_vectors(vectors)
        assert embedded[0].tolist() == [[2, 2], [3, 3]]
        assert embedded.vectors.dtype == np.float32
        assert batch.vectors is None

    @pytest.mark.parametrize(
        "ids", [[[1, 2], [], [3]], [np.array([1, 2]), (), [3]], pd.Series([[1, 2], [], [3]])]
    )
    def test_ragged_ids(self, ids):
        batch = Sequences.from_ids(ids)
        assert samples(batch) == [[1, 2], [], [3]]
        assert batch.categories is None

    @pytest.mark.parametrize("kind", [np.array, pd.DataFrame, list])
    def test_id_matrix(self, kind):
        batch = Sequences.from_ids(kind([[0, 1], [2, 3], [0, 0]]))
        assert samples(batch) == [[0, 1], [2, 3], [0, 0]]

    def test_masked_ids_are_padding(self):
        ids = np.ma.array([[5, 9], [6, 7]], mask=[[False, True], [False, False]])
        assert samples(Sequences.from_ids(ids)) == [[5, 0], [6, 7]]

    def test_no_ids(self):
        assert len(Sequences.from_ids([])) == 0
        assert Sequences.from_ids([[], []]).lengths.tolist() == [0, 0]

    @pytest.mark.parametrize(
        ("ids", "error", "message"),
        [
            ([[1, -2]], ValueError, "got -2"),
            ([[1, 2**31]], ValueError, "got 2147483648"),
            ([[1.0, 2.5]], TypeError, "integers, got float64"),
            ([["a"]], TypeError, "integers, got <U1"),
            ([[True]], TypeError, "integers, got bool"),
            ([[None]], TypeError, "integers, got object"),
            ([1, 2], ValueError, "one list of ids"),
            ([[[1]]], ValueError, "one list of ids"),
            (["ab"], ValueError, "one list of ids"),
        ],
    )
    def test_wrong_ids(self, ids, error, message):
        with pytest.raises(error, match=message):
            Sequences.from_ids(ids)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([1, 2], [0, 1]), "run from 0 to the number of codes, 2"),
            (([1, 2], [1, 2]), "run from 0"),
            (([1, 2], []), "run from 0"),
            (([1, 2], [[0], [1, 2]]), "offsets must be integers that run from 0"),
            (([1, 2], [0, 2, 1, 2]), "must not decrease"),
            (([[1]], [0, 1]), "1-D"),
            (([3], [0, 1], ["<pad>", "<unk>", "a"]), r"0 \.\. 2; got 3"),
            (([3], [0, 1], None, np.zeros((3, 1))), r"0 \.\. 2; got 3"),
            (([1], [0, 1], ["a", "b"]), "must start with"),
            (([1], [0, 1], ["<pad>", "<unk>"], np.zeros((3, 1))), "2 categories but 3 vectors"),
            (([1], [0, 1], None, np.zeros(3)), "2-D"),
            (([1], [0, 1], None, np.zeros((3, 0))), "at least one feature"),
            (([1], [0, 1], None, np.ones((3, 1))), "must be all zeros"),
        ],
    )
    def test_wrong_parts(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            Sequences(*arguments)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([1, 2], [0, 0.5, 2]), "Offsets must be integers, got float64"),
            (([1, 2], ["0", "2"]), "Offsets must be integers, got <U1"),
            (([2], [0, 1], {"<pad>", "<unk>", "a"}), "categories must be a list of str; got"),
            (([2], [0, 1], ["<pad>", "<unk>", 3]), "categories must be a list of str; got"),
        ],
    )
    def test_parts_of_wrong_types(self, arguments, message):
        with pytest.raises(TypeError, match=message):
            Sequences(*arguments)

    def test_whole_numbers_may_be_floats(self):
        assert Sequences([1, 2], [0.0, 1.0, 2.0])[1].tolist() == [2]

    def test_strings_need_categories(self):
        batch = Sequences.from_ids([[1, 2]])
        with pytest.raises(ValueError, match="ids without strings"):
            batch.tokens()
        with pytest.raises(ValueError, match="ids without strings"):
            batch.with_categories(["<pad>", "<unk>"])

    def test_refuse_to_be_validated_as_an_array(self):
        batch = Sequences.from_tokens([["a", "b"], ["b"], ["a"]])
        for same in (batch, batch[:2], batch.with_vectors(np.zeros((4, 5)))):
            for check in (check_array, partial(check_array, dtype=None, allow_nd=True)):
                with pytest.raises(TypeError, match="put the whole pipeline, Tokenizer included"):
                    check(same)
        assert check_array(np.asarray(batch)).tolist() == [[2, 3], [3, 0], [2, 0]]

    def test_what_only_indexes_or_copies_goes_on(self):
        batch = Sequences.from_tokens([["a", "b"], ["b"], ["a"]])
        assert indexable(batch, [1, 2, 3])[0] is batch
        assert resample(batch, random_state=0, n_samples=9).shape == (9,)
        assert shuffle(batch, random_state=0).tokens() != []
        assert pd.Series([batch])[0] is batch
        assert copy.deepcopy(batch).tokens() == batch.tokens()
        assert joblib.hash(batch) == joblib.hash(pickle.loads(pickle.dumps(batch)))
        assert np.shape(batch) == (3,)
        assert np.array(batch).dtype == np.int32
        assert np.concatenate([batch, batch]).shape == (6, 2)

    def test_repr(self):
        batch = Sequences.from_tokens([["a", "b"], ["b"]])
        assert repr(batch) == "Sequences(n_sequences=2, n_steps=3, n_categories=4)"
        assert "n_features=5" in repr(batch.with_vectors(np.zeros((4, 5))))


@pytest.mark.parametrize("max_length", [0, 2**31, 10**40])
def test_a_padder_refuses_lengths_that_no_array_has(max_length):
    with pytest.raises(ValueError, match="'max_length' parameter of SequencePadder must be an int"):
        SequencePadder(max_length=max_length).fit([["a"]])


def test_a_padder_takes_the_shortest_and_the_longest():
    assert [len(row) for row in SequencePadder(max_length=1).fit_transform([["a", "b"]])] == [1]
    SequencePadder(max_length=2**31 - 1).fit([["a"]])


def cut(row, max_length, truncating):
    """The definition of truncating, step by step."""
    row = list(row)
    while len(row) > max_length:
        row.pop({"pre": 0, "post": -1, "middle": -(-max_length // 2)}[truncating])
    return row


def test_a_pipeline_that_ends_with_a_padder_knows_that_it_is_fitted():
    padder = SequencePadder()
    with pytest.raises(NotFittedError):
        check_is_fitted(padder)
    pipe = make_pipeline(TokenIndexer(), padder).fit([["a"]])
    check_is_fitted(padder)
    assert pipe[1:].transform([["a"]]).tokens() == [["a"]]


class TestCharSpans:
    """Where each token stands in its text: carried through every operation."""

    TEXTS = ("Not a good film", "", "good", "A bad, bad film!")

    def batch(self):
        return Tokenizer(punctuation=True, char_spans=True).transform(self.TEXTS)

    def pieces(self, batch, texts=TEXTS):
        """What the spans cut out of the texts, padding aside."""
        real = batch.without_padding()
        return [
            [text[start:end].lower() for start, end in rows]
            for text, rows in zip(texts, char_spans(real), strict=True)
        ]

    def test_of_tokens(self):
        batch = Sequences.from_tokens([["a", "b"], [], ["c"]], [[(0, 1), (2, 3)], [], [(5, 6)]])
        assert char_spans(batch) == [[[0, 1], [2, 3]], [], [[5, 6]]]
        assert batch.char_spans.dtype == np.int32
        assert Sequences.from_tokens([[], []], [[], np.zeros((0, 2))]).char_spans.shape == (0, 2)
        assert Sequences.from_tokens([["a"]]).char_spans is None

    @given(batches_with_key())
    def test_indexing_equals_that_of_a_list(self, case):
        batch, key = case
        spans = np.arange(2 * len(batch.codes)).reshape(-1, 2)
        batch = Sequences(batch.codes, batch.offsets, batch.categories, batch.vectors, spans)
        rows = np.arange(len(batch))[key]
        assert char_spans(batch[key]) == [char_spans(batch)[row] for row in rows]

    @given(st.lists(st.lists(st.sampled_from("abcX"), max_size=7), min_size=1, max_size=6), PADDERS)
    def test_stay_with_their_tokens(self, documents, padder):
        texts = [" ".join(row) for row in documents]
        batch = Tokenizer(lowercase=False, char_spans=True).transform(texts)
        indexer = TokenIndexer(vocabulary=["a", "b"]).fit(documents)
        embedder = Word2VecEmbedder(vectors={"a": [1.0], "x": [2.0]}, lowercase=True)
        embedder.fit([["a"]])
        padded = padder.fit_transform(batch)
        for changed in (
            batch.with_vectors(np.arange(len(batch.categories))[:, None]),
            batch.with_categories(["<pad>", "<unk>", *"Xcba"]),
            embedder.transform(batch),
            embedder.transform(batch)[np.arange(len(batch))],
            pickle.loads(pickle.dumps(batch)),
            padded,
            padder.transform(padded),
            embedder.transform(padded),
            padder.transform(embedder.transform(batch)),
        ):
            for text, tokens, spans in zip(
                texts, changed.tokens(), char_spans(changed.without_padding()), strict=True
            ):
                assert [text[start:end] for start, end in spans] == tokens
            assert changed.texts.tolist() == texts
        assert indexer.transform(batch).texts.tolist() == texts
        assert np.array_equal(indexer.transform(batch).char_spans, batch.char_spans)
        assert np.array_equal(indexer.transform(padded).char_spans, padded.char_spans)

    @pytest.mark.parametrize("padding", ["pre", "post"])
    def test_padding_has_zeros(self, padding):
        padded = SequencePadder(max_length=3, padding=padding).fit_transform(self.batch())
        assert padded.char_spans.shape == (12, 2)
        assert not padded.char_spans[padded.codes == 0].any()
        assert char_spans(padded)[2].count([0, 0]) == 2

    @pytest.mark.parametrize(
        ("truncating", "first", "last"),
        [
            ("pre", ["good", "film"], ["film", "!"]),
            ("post", ["not", "a"], ["a", "bad"]),
            ("middle", ["not", "film"], ["a", "!"]),
        ],
    )
    def test_truncation(self, truncating, first, last):
        padder = SequencePadder(max_length=2, truncating=truncating)
        cut = padder.fit_transform(self.batch())
        assert self.pieces(cut) == cut.tokens() == [first, [], ["good"], last]

    def test_split(self):
        batch = self.batch()
        train, _, texts, _ = train_test_split(batch, list(self.TEXTS), random_state=0)
        assert self.pieces(train, texts) == train.tokens()
        assert train.texts.tolist() == texts

    @given(batches_with_key())
    def test_texts_are_indexed_like_a_list(self, case):
        batch, key = case
        texts = [f"text {row}" for row in range(len(batch))]
        spans = np.zeros((len(batch.codes), 2), int)
        batch = Sequences(batch.codes, batch.offsets, char_spans=spans, texts=texts)
        assert batch[key].texts.tolist() == np.array(texts, object)[key].tolist()

    def test_the_texts_are_as_written(self):
        texts = ["A <br /> B", ""]
        assert Tokenizer(char_spans=True).transform(texts).texts.tolist() == texts
        assert Sequences.from_tokens([["a"]], [[(0, 1)]]).texts is None

    @pytest.mark.parametrize(
        ("spans", "texts", "error", "message"),
        [
            ([[(0, 1)], []], ["a"], ValueError, "one for each of 2 sequences; got 1 texts"),
            (None, ["a", ""], ValueError, "must come with char_spans"),
            ([[(0, 2)], []], ["a", "bc"], ValueError, "must lie in the texts"),
            ([[(0, 1)], []], ["a", None], TypeError, "one str for each sequence"),
        ],
    )
    def test_wrong_texts_are_refused(self, spans, texts, error, message):
        with pytest.raises(error, match=message):
            Sequences.from_tokens([["a"], []], spans, texts)

    def test_a_part_shares_the_memory_and_pickles_small(self):
        spans = np.ones((9999, 2), np.int32)
        batch = Sequences(np.ones(9999, int), np.arange(10_000), char_spans=spans)
        assert np.shares_memory(batch[5:7].char_spans, batch.char_spans)
        assert len(pickle.dumps(batch[5:7])) < 1000

    @pytest.mark.parametrize(
        "spans",
        [
            np.zeros((3, 2), int),
            np.zeros((2, 3), int),
            np.zeros(2, int),
            np.zeros((2, 2)),
            [[0, 1], [3, 2]],
            [[-1, 1], [1, 2]],
        ],
    )
    def test_wrong_spans(self, spans):
        with pytest.raises(ValueError, match="char_spans must"):
            Sequences([2, 3], [0, 2], char_spans=spans)

    @pytest.mark.parametrize(
        ("spans", "message"),
        [
            ("ab", "char_spans must be a list of arrays"),
            (3, "char_spans must be a list of arrays"),
            ([[[0, 1], [1]], []], "char_spans must be a start and an end for each token"),
        ],
    )
    def test_spans_of_wrong_types(self, spans, message):
        with pytest.raises((TypeError, ValueError), match=message):
            Sequences.from_tokens([["a", "b"], []], spans)

    @pytest.mark.parametrize(
        "spans", [[], [[(0, 1)]], [[], [(0, 1)]], [[(0, 1), (1, 2)], []], [[(0, 1, 2)], []]]
    )
    def test_wrong_spans_of_tokens(self, spans):
        with pytest.raises(ValueError, match=r"one row, \(start, end\), for each token"):
            Sequences.from_tokens([["a"], []], spans)


class TestSequencePadder:
    @given(SOME_DOCUMENTS, PADDERS)
    def test_tokens(self, documents, padder):
        padded = padder.fit_transform(documents)
        assert padder.max_length_ == (padder.max_length or max(1, *map(len, documents)))
        assert padded.lengths.tolist() == [padder.max_length_] * len(documents)
        kept = [cut(row, padder.max_length_, padder.truncating) for row in documents]
        assert padded.tokens() == kept
        for row, length in zip(np.asarray(padded), map(len, kept), strict=True):
            real = row[: length or None] if padder.padding == "post" else row[len(row) - length :]
            assert np.count_nonzero(row) == length
            assert np.count_nonzero(real) == length

    @given(batches(min_size=1), PADDERS)
    def test_sequences(self, batch, padder):
        padded = padder.fit_transform(batch)
        kept = [
            cut(row[row != 0].tolist(), padder.max_length_, padder.truncating)
            for row in Sequences(batch.codes, batch.offsets)
        ]
        real = padded.without_padding()
        assert [row.tolist() for row in Sequences(real.codes, real.offsets)] == kept
        assert padded.categories is batch.categories
        assert padded.vectors is batch.vectors
        assert is_equal(padder.transform(padded), padded)

    @given(
        st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(1, 3), PADDERS, st.data()
    )
    def test_numbers(self, lengths, n_features, padder, data):
        dtype = data.draw(st.sampled_from([np.float32, np.float64]))
        rows = [
            np.arange(length * n_features, dtype=dtype).reshape(length, n_features) + 1
            for length in lengths
        ]
        padded = padder.fit_transform(rows)
        assert isinstance(padded, np.ma.MaskedArray)
        assert padded.shape == (len(rows), padder.max_length_, n_features)
        assert padded.dtype == dtype
        for row, found in zip(rows, padded, strict=True):
            kept = cut(row.tolist(), padder.max_length_, padder.truncating)
            hidden = np.arange(padder.max_length_) >= len(kept)
            hidden = hidden if padder.padding == "post" else hidden[::-1]
            assert np.array_equal(found.mask, np.repeat(hidden[:, None], n_features, axis=1))
            assert found.data[~hidden].tolist() == kept
            assert not found.data[hidden].any()
        again = padder.transform(padded)
        assert np.array_equal(again.mask, padded.mask)
        assert np.array_equal(again.data, padded.data)

    def test_all_forms_of_numbers_agree(self):
        rows = [[1, 2], [3, 4]]
        expected = SequencePadder(max_length=3).fit_transform([np.array(row) for row in rows])
        cube = np.array(rows)[:, :, None]
        column = np.empty(2, object)
        column[:] = rows
        forms = [rows, np.array(rows), cube, cube.tolist(), column, pd.DataFrame(rows)]
        for X in [*forms, pd.Series(rows), np.ma.array(rows), torch.tensor(rows)]:
            padded = SequencePadder(max_length=3).fit_transform(X)
            assert padded.shape == (2, 3, 1)
            assert np.array_equal(padded.mask, expected.mask)
            assert np.array_equal(padded.data, expected.data)

    @pytest.mark.parametrize("X", [[[5, 6, 7], [8]], np.array([[5, 6, 7], [8, 0, 0]])])
    def test_a_parameter_decides_whether_integers_are_ids(self, X):
        ids = SequencePadder(max_length=2, ids=True).fit_transform(X)
        assert isinstance(ids, Sequences)
        assert samples(ids) == [[6, 7], [8, 0]]
        assert isinstance(SequencePadder(max_length=2).fit_transform(X), np.ma.MaskedArray)

    def test_length_is_learned_in_fit(self):
        padder = SequencePadder().fit([["a"] * 3, ["b"]])
        assert padder.max_length_ == 3
        assert padder.transform([["a"]]).lengths.tolist() == [3]
        assert padder.transform([list("abcde")]).tokens() == [["c", "d", "e"]]

    @pytest.mark.parametrize("X", [[[], []], [np.zeros((0, 3))]])
    def test_nothing_but_empty_documents(self, X):
        padded = SequencePadder().fit_transform(X)
        assert np.asarray(padded).shape[:2] == (len(X), 1)
        assert not np.asarray(padded).any()

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"max_length": 0}, "'max_length' .* must be an int in the range .* Got 0"),
            ({"max_length": -1}, "Got -1"),
            ({"max_length": 2.0}, "Got 2.0"),
            ({"truncating": "head"}, "'truncating' .* Got 'head'"),
            ({"padding": "middle"}, "'padding' .* Got 'middle'"),
            ({"ids": "yes"}, "'ids' .* Got 'yes'"),
        ],
    )
    def test_wrong_parameters(self, parameters, message):
        with pytest.raises(ValueError, match=message):
            SequencePadder(**parameters).fit([["a"]])

    @pytest.mark.parametrize(
        ("X", "error", "message"),
        [
            ([], ValueError, r"0 sample\(s\)"),
            (np.zeros((0, 3)), ValueError, r"0 sample\(s\)"),
            (Sequences.from_tokens([]), ValueError, r"0 sample\(s\)"),
            ("a text", TypeError, "bare"),
            (["a text", "b"], TypeError, "Tokenizer"),
            ([["a", None]], TypeError, "Token 1 of sample 0"),
            ([["a"], [1]], TypeError, "Token 0 of sample 1"),
            ([["a"], None], TypeError, "Sample 1"),
            (None, TypeError, "None"),
            (3, TypeError, "3"),
            (np.array(3.0), TypeError, "ndarray"),
            ((row for row in ([1.0], [2.0])), TypeError, "generator"),
            ([1.0, 2.0], ValueError, "list of one"),
            ([None], TypeError, "Sample 0"),
            ([[1, "a"]], ValueError, "Sample 0"),
            ([[1.0], [[1.0], [1.0, 2.0]]], ValueError, "Sample 1"),
            ([np.zeros((1, 2, 3))], ValueError, r"shape \(1, 2, 3\)"),
            ([[1.0], [np.nan]], ValueError, "Sample 1 contains NaN"),
            ([[np.inf]], ValueError, "Sample 0 contains NaN or infinity"),
            ([np.zeros((1, 2)), np.zeros((1, 3))], ValueError, r"got \[2, 3\]"),
            (np.ma.array([[[1.0, 2.0]]], mask=[[[True, False]]]), ValueError, "masked"),
        ],
    )
    def test_wrong_input(self, X, error, message):
        with pytest.raises(error, match=message):
            SequencePadder(max_length=2).fit(X)

    @pytest.mark.parametrize("X", [[[1, -1]], [[0.5]], [["a"]]])
    def test_wrong_ids(self, X):
        with pytest.raises((ValueError, TypeError), match="ids"):
            SequencePadder(max_length=2, ids=True).fit(X)

    def test_unfitted(self):
        with pytest.raises(NotFittedError):
            SequencePadder(max_length=2).transform([["a"]])

    def test_clone_and_pickle(self):
        padder = SequencePadder(max_length=2, truncating="middle", padding="pre")
        assert clone(padder).get_params() == padder.get_params()
        padder.fit([["a"]])
        X = [["a", "b", "c"], []]
        assert is_equal(pickle.loads(pickle.dumps(padder)).transform(X), padder.transform(X))

    def test_input_is_left_alone(self):
        X = Sequences.from_ids([[1, 2, 3], [4]])
        codes = X.codes.copy()
        SequencePadder(max_length=2).fit_transform(X).codes[:] = 7
        assert np.array_equal(X.codes, codes)

    def test_cutting_many_sequences_gives_one_warning(self):
        tokens = [["a"] * 10] * 60 + [["a"] * 2] * 60
        lost = "max_length=5 cuts 50% of the 120 sequences, which lose 42% of all steps"
        with pytest.warns(UserWarning, match=lost) as caught:
            SequencePadder(max_length=5).fit(tokens).transform(tokens)
        assert len(caught) == 1
        SequencePadder(max_length=5).fit(tokens[25:] + tokens[-30:])  # 35 of 125
        SequencePadder(max_length=5).fit(tokens[:99])  # too few to tell
        SequencePadder(max_length=10).fit(tokens)
        SequencePadder().fit(tokens)

    def test_data_frames_are_refused(self):
        with pytest.raises(ValueError, match="set_output"):
            make_pipeline(SequencePadder()).set_output(transform="pandas")


class TestJoined:
    FIRST, SECOND = Sequences.from_tokens([["b", "a"], []]), Sequences.from_tokens([["c", "a"]])

    def test_strings_of_both(self):
        batch = self.FIRST.joined(self.SECOND)
        assert batch.tokens() == [["b", "a"], [], ["c", "a"]]
        assert batch.categories == [*self.FIRST.categories, "c"]
        assert batch.vectors is None
        np.testing.assert_array_equal(batch[:2].codes, self.FIRST.codes)

    def test_of_one_vocabulary(self):
        batch = self.FIRST.joined(self.FIRST[:1])
        assert batch.categories is self.FIRST.categories
        assert batch.tokens() == [["b", "a"], [], ["b", "a"]]

    def test_ids(self):
        batch = Sequences.from_ids([[5], [1, 6]]).joined(Sequences.from_ids([[7]]))
        assert [row.tolist() for row in batch] == [[5], [1, 6], [7]]

    def test_vectors_of_strings(self):
        first = self.FIRST.with_vectors([[0.0], [9.0], [1.0], [2.0]])  # b, a
        second = self.SECOND.with_vectors([[0.0], [8.0], [3.0], [4.0]])  # c, a
        batch = first.joined(second)
        assert [row[:, 0].tolist() for row in batch] == [[1.0, 2.0], [], [3.0, 2.0]]
        assert batch.vectors[1].tolist() == [9.0]  # of unknown tokens, as it was here

    def test_vectors_without_strings(self):
        first = Sequences([2, 0, 1], [0, 3], vectors=[[0.0], [9.0], [1.0]])
        second = Sequences([2, 0, 1], [0, 3], vectors=[[0.0], [8.0], [3.0]])
        batch = first.joined(second)
        assert [row[:, 0].tolist() for row in batch] == [[1.0, 0.0, 9.0], [3.0, 0.0, 9.0]]
        shared = Sequences([1, 2], [0, 2], vectors=first.vectors)
        assert len(first.joined(shared).vectors) == 3

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_only_of_one_kind(self, is_reversed):
        with_vectors = self.FIRST.with_vectors(np.eye(4, k=-1))
        for pair in [(self.FIRST, Sequences.from_ids([[2]])), (self.FIRST, with_vectors)]:
            first, second = reversed(pair) if is_reversed else pair
            with pytest.raises(ValueError, match="Only sequences of one kind"):
                first.joined(second)


@pytest.mark.parametrize("tokens", ["ab", b"ab", 3])
def test_tokens_are_lists(tokens):
    with pytest.raises((TypeError, ValueError), match=r"list of (str|tokens)"):
        Sequences.from_tokens(tokens)


def test_tokens_may_come_one_by_one():
    batch = Sequences.from_tokens(iter([["a"], ["b", "a"]]))
    assert batch.tokens() == [["a"], ["b", "a"]]


def test_ids_are_named_where_they_are_none():
    with pytest.raises((TypeError, ValueError), match="ids"):
        Sequences.from_ids(3)


def test_a_part_starts_at_zero():
    part = Sequences.from_ids([[7, 8], [2], [3, 4]])[1:]
    assert part.offsets.tolist() == [0, 1, 3]
    assert part[1].tolist() == [3, 4]


class TestColumns:
    BATCH = Sequences.from_tokens([["a", "b"], [], ["c"]]).with_columns(
        {"pos": [["X", np.nan], [], ["Y"]], "size": [np.array([1, 2]), [], (3.5,)]}
    )

    def test_stay_with_their_tokens(self):
        assert self.BATCH.columns["pos"].tolist() == ["X", None, "Y"]
        assert self.BATCH.columns["size"].dtype == float
        padder = SequencePadder(max_length=2, padding="pre")
        changes = [
            lambda batch: batch[[2, 0]],
            lambda batch: padder.fit_transform(batch)[np.array([2, 0])].without_padding(),
            lambda batch: batch.with_vectors(np.eye(5, k=-1))[::-2],
            lambda batch: batch.with_categories(["<pad>", "<unk>", "c"])[::-2],
            lambda batch: pickle.loads(pickle.dumps(batch))[np.array([False, True, True])].joined(
                batch[:1]
            ),
        ]
        for change in changes:
            found = change(self.BATCH).columns
            assert found["pos"].tolist() == ["Y", "X", None]
            assert found["size"].tolist() == [3.5, 1, 2]

    def test_are_added(self):
        batch = self.BATCH.with_columns({"hit": [[True, np.True_], [], [False]]})
        assert list(batch.columns) == ["pos", "size", "hit"]
        assert batch.columns["hit"].tolist() == ["True", "True", "False"]
        assert list(self.BATCH.columns) == ["pos", "size"]

    @pytest.mark.parametrize(
        ("columns", "error", "message"),
        [
            ([["X"]], TypeError, "columns must be a dict from names to values"),
            ({1: []}, TypeError, "columns must be a dict from names to values"),
            ({"pos": [["X"], ["Y"]]}, ValueError, "Column 'pos' has 2 rows for 3 sequences"),
            (
                {"gazetteer": [[1, 0], [], [1, 1]]},
                ValueError,
                "'gazetteer' has 2 values for sequence 2, which has 1 tokens",
            ),
            ({"pos": "X"}, TypeError, "'pos' must have one str, bool or number for each token"),
            ({"pos": 3}, TypeError, "'pos' must have one str.*got 3"),
            ({"pos": ["XY", [], ["X"]]}, TypeError, "sequence 0 has 'XY'"),
            ({"pos": [{"X", "Y"}, [], ["X"]]}, TypeError, "sequence 0 has {'"),
            ({"pos": [iter("XY"), [], ["X"]]}, TypeError, "sequence 0 has <"),
            ({"pos": [["X", 1], [], ["Y"]]}, TypeError, "all of them numbers or none; got 1"),
            ({"pos": [["X", ["Y"]], [], ["Y"]]}, TypeError, r"got \['Y'\] of type list"),
            ({"size": [[1, 10**400], [], [1]]}, ValueError, "'size' has NaN or infinite numbers"),
            ({"size": [[1, np.nan], [], [1]]}, ValueError, "'size' has NaN or infinite numbers"),
        ],
    )
    def test_wrong_columns(self, columns, error, message):
        with pytest.raises(error, match=message):
            self.BATCH.with_columns(columns)

    def test_columns_without_steps_are_of_any_kind(self):
        empty = Sequences.from_tokens([[]]).with_columns({"pos": [[]], "size": [[]]})
        for batch in (self.BATCH.joined(empty), empty.joined(self.BATCH)):
            assert batch.columns["pos"].tolist() == ["X", None, "Y"]
            assert batch.columns["size"].dtype == float

    def test_of_different_names_or_kinds_are_not_joined(self):
        for columns in (None, {"pos": [["X"]]}, {"pos": [["X"]], "size": [["X"]]}):
            other = Sequences.from_tokens([["d"]])
            other = other if columns is None else other.with_columns(columns)
            with pytest.raises(ValueError, match=r"Only sequences with the same columns.*'size'"):
                self.BATCH.joined(other)
