"""LSTMTagger: what it learns, in every scheme, and what it predicts."""

import itertools
import pickle
import warnings
from collections import Counter

import numpy as np
import pytest
import sklearn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from tagged import (
    FORMS,
    IDS,
    PLAIN,
    RAGGED,
    SENTENCES,
    SHORT,
    TAGS,
    X_VAL,
    Y_VAL,
    assert_close,
    assert_same,
    embedded,
    in_scheme,
    marginals,
    paths_of,
    tagger,
    take,
)
from toys import log_partition

from sklstm import (
    LSTMTagger,
    SequencePadder,
    Sequences,
    TaggingPipeline,
    TokenIndexer,
    Tokenizer,
)
from sklstm.nn.crf import LinearChainCRF
from sklstm.tagger._codes import TagCodes
from sklstm.tagger._entities import span_probabilities
from sklstm.tagger._spelling import CASINGS
from sklstm.tags import (
    SCHEMES,
    Span,
    allowed_transitions,
    check_tags,
    convert_tags,
    spans_to_tags,
    tags_to_spans,
)
from sklstm.tags._spans import PREFIXES


@pytest.fixture(scope="module")
def learned():
    return tagger(max_epochs=40).fit(SENTENCES, TAGS)


@pytest.fixture(scope="module")
def unsure():
    """A tagger that has learned little: no probability is near 0 or 1."""
    return tagger(max_epochs=8).fit(SENTENCES, TAGS)


class TestLearning:
    @pytest.mark.parametrize("crf", [True, False])
    def test_learns_by_heart(self, crf):
        fitted = tagger(max_epochs=40, crf=crf).fit(SENTENCES, TAGS)
        assert fitted.predict(SENTENCES).tolist() == TAGS
        assert fitted.score(SENTENCES, TAGS) == 1
        losses = [epoch["train_loss"] for epoch in fitted.history_]
        assert losses[-1] < 0.1 < 1 < losses[0]

    def test_learns_what_only_the_neighbours_tell(self):
        X = [["x", "a", "y"], ["x", "b", "y"]] * 10
        y = [["L", "a", "L"], ["R", "b", "R"]] * 10
        fitted = tagger(max_epochs=40).fit(X, y)
        assert fitted.predict(X).tolist() == y
        one_way = tagger(max_epochs=40, bidirectional=False, crf=False).fit(X, y)
        assert {tags[0] for tags in one_way.predict(X)} < {"L", "R"}  # it has not seen the rest

    def test_the_crf_learns_what_follows(self):
        """The input tells nothing, but tags alternate."""
        y = [["a", "b"] * 5, ["b", "a"] * 5] * 10
        X = [["x"] * 10] * 20
        learned = tagger(max_epochs=60).fit(X, y)
        (tags,) = learned.predict(X[:1])
        assert tags in y[:2]
        assert learned.transitions_["a"]["b"] > learned.transitions_["a"]["a"] + 1
        accuracy = tagger(max_epochs=60, crf=False, n_layers=1).fit(X, y).score(X, y)
        assert accuracy < 0.8

    def test_stacked_and_dropped(self):
        params = {
            "n_layers": 2, "char_encoder": "cnn", "casing": True, "dropout": 0.2, "lr": 0.02,
            "embedding_dropout": 0.2, "recurrent_dropout": 0.2, "word_dropout": 0.05,
            "train_scheme": "IOBES", "hidden_size": 16, "schedule": "one_cycle", "batch_size": 4,
        }  # fmt: skip
        for locked in (False, True):
            fitted = tagger(max_epochs=20, locked_dropout=locked, **params).fit(SENTENCES, TAGS)
            assert fitted.score(SENTENCES, TAGS) > 0.9
            assert_same(fitted.predict_marginals(SHORT), fitted.predict_marginals(SHORT))

    def test_the_loss_is_that_of_a_step(self):
        lengths = np.array(list(map(len, TAGS)))
        for y, n_tags in ((PLAIN, 3), ([["a"] * n for n in lengths], 1)):
            (epoch,) = tagger(max_epochs=1, crf=False, lr=1e-9).fit(SENTENCES, y).history_
            assert epoch["train_loss"] == pytest.approx(np.log(n_tags), abs=0.1)

    @pytest.mark.parametrize("precision", ["float64", "bfloat16"])
    @pytest.mark.parametrize("encoder", [None, "cnn", "lstm"])
    def test_precision(self, precision, encoder):
        params = {"char_encoder": encoder, "casing": True, "max_epochs": 5}
        rough = marginals(SENTENCES, precision=precision, **params)
        assert_close(rough, marginals(SENTENCES, **params), atol=0.05)
        assert rough[0].dtype == (np.float64 if precision == "float64" else np.float32)


class TestSchemes:
    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_read_and_returned(self, scheme):
        y = in_scheme(scheme)
        fitted = tagger(max_epochs=40).fit(SENTENCES, y)
        assert fitted.scheme_ == scheme
        assert fitted.predict(SENTENCES).tolist() == y
        assert set(fitted.classes_) == set(itertools.chain(*y))
        assert fitted.score(SENTENCES, y) == 1
        named = tagger(max_epochs=40, scheme=scheme).fit(SENTENCES, y)
        assert_same(named.predict_marginals(SHORT), fitted.predict_marginals(SHORT))

    def test_trains_in_one_that_marks_ends(self):
        for scheme in SCHEMES:
            y = in_scheme(scheme)
            fitted = tagger(train_scheme="auto").fit(SENTENCES, y)
            assert fitted._codes.train_scheme == ("BILOU" if scheme == "BILOU" else "IOBES")
            assert fitted.scheme_ == scheme
        plain = tagger(train_scheme="auto").fit(SENTENCES, PLAIN)
        assert plain._codes.train_scheme is None
        weighted = tagger(train_scheme="auto", crf=False, class_weight={"B-PER": 2.0})
        assert weighted.fit(SENTENCES, TAGS)._codes.train_scheme == "IOB2"

    @pytest.mark.parametrize("scheme", SCHEMES)
    @pytest.mark.parametrize("train_scheme", SCHEMES)
    def test_trains_in_another_one(self, scheme, train_scheme):
        y = in_scheme(scheme)
        fitted = tagger(max_epochs=25, train_scheme=train_scheme).fit(SENTENCES, y)
        assert fitted.scheme_ == scheme
        assert set(fitted.classes_) >= set(itertools.chain(*in_scheme(train_scheme)))
        assert fitted.predict(SENTENCES).tolist() == y
        same = tagger(max_epochs=25).fit(SENTENCES, in_scheme(train_scheme))
        if set(same.classes_) == set(fitted.classes_):
            assert_same(fitted.predict_marginals(SHORT), same.predict_marginals(SHORT))

    @pytest.mark.parametrize("crf", [True, False])
    @pytest.mark.parametrize("train_scheme", [None, *SCHEMES])
    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_predictions_keep_to_the_scheme(self, scheme, train_scheme, crf):
        params = {"train_scheme": train_scheme, "crf": crf, "max_epochs": 1, "lr": 1e-9}
        X = np.random.RandomState(0).randn(20, 30, 3)
        y = in_scheme(scheme, [["B-A", "I-A", "I-A", "B-A", "O", "B-B"] * 5] * 20)
        fitted = tagger(hidden_size=20, **params).fit(X, y)
        torch.nn.init.normal_(fitted.module_.output.weight)  # it knows nothing
        tags = fitted.predict(X)
        check_tags(tags, scheme)
        assert len(set(itertools.chain(*tags))) >= 4

    def test_plain_tags(self):
        fitted = tagger(max_epochs=40).fit(SENTENCES, PLAIN)
        assert fitted.scheme_ is None
        assert fitted.predict(SENTENCES).tolist() == PLAIN
        np.testing.assert_array_equal(fitted.classes_, ["LOC", "O", "PER"])
        y = [["PER"] * len(tags) for tags in PLAIN]
        expected = sum(tag == "PER" for tag in itertools.chain(*PLAIN)) / sum(map(len, PLAIN))
        assert fitted.score(SENTENCES, y) == pytest.approx(expected)
        with pytest.raises(ValueError, match=r"needs tags that mark spans.*use predict"):
            fitted.predict_entities(SENTENCES)

    def test_spans_taken_for_plain_tags(self):
        y = [["I-PER", "O", "B-LOC", "E-LOC"]] * 20  # of no scheme
        fitted = tagger(scheme=None, max_epochs=40).fit([row[:4] for row in [SENTENCES[0]] * 20], y)
        assert fitted.scheme_ is None
        assert fitted.predict([SENTENCES[0][:4]]).tolist() == y[:1]
        weights = [w for row in fitted.transitions_.values() for w in row.values()]
        assert np.isfinite(weights).all()

    def test_spans_without_a_type(self):
        y = [[tag[0] for tag in row] for row in TAGS]
        assert tagger(scheme=None).fit(SENTENCES, y).scheme_ is None
        for scheme, train_scheme in (("auto", None), ("IOB2", "IOBES")):
            params = {"scheme": scheme, "train_scheme": train_scheme, "max_epochs": 40}
            fitted = tagger(**params).fit(SENTENCES, y)
            assert fitted.predict(SENTENCES).tolist() == y
            assert {entity.type for entity in fitted.predict_entities(SENTENCES)[0]} == {""}
        np.testing.assert_array_equal(fitted.classes_, ["B", "E", "I", "O", "S"])

    def test_a_dev_set_may_need_tags_that_only_the_conversion_makes(self):
        X, y = [["New", "York"]] * 8, [["B-LOC", "I-LOC"]] * 8
        X_val, y_val = [["London"], ["far"]], [["B-LOC"], ["O"]]
        fitted = tagger(train_scheme="IOBES").fit(X, y, X_val=X_val, y_val=y_val)
        np.testing.assert_array_equal(fitted.classes_, ["B-LOC", "E-LOC", "I-LOC", "O", "S-LOC"])
        assert np.isfinite(fitted.history_[-1]["valid_loss"])

    @pytest.mark.parametrize("scheme", ["IOBES", "BILOU"])
    def test_every_sentence_can_be_tagged(self, scheme):
        y = in_scheme(scheme, [["B-LOC", "I-LOC"]] * 8)
        fitted = tagger(max_epochs=20).fit([["New", "York"]] * 8, y)
        assert fitted.predict([["York"]]).tolist() == [["O"]]  # a LOC needs two words
        assert fitted.predict_n_best([["York"]]) == [[(["O"], pytest.approx(0.0))]]
        assert_close(fitted.predict_marginals([["York"]]), [[fitted.classes_ == "O"]])

    def test_nothing_but_outside(self):
        y = [["O"] * len(row) for row in SENTENCES]
        fitted = tagger().fit(SENTENCES, y, X_val=SHORT, y_val=[["O"] * len(row) for row in SHORT])
        assert fitted.predict(SENTENCES).tolist() == y
        assert fitted.classes_.tolist() == ["O"]
        assert fitted.scheme_ == "IOB2"
        assert fitted.predict_entities(SENTENCES) == [[]] * 20
        assert fitted.score(SENTENCES, y) == 0.0
        assert fitted.predict_n_best([["a", "b"]]) == [[(["O", "O"], pytest.approx(0.0))]]
        assert_same(fitted.predict_marginals([["a", "b"]]), [[[1.0], [1.0]]])

    def test_a_single_plain_tag(self):
        y = [["NOUN"] * len(row) for row in SENTENCES]
        for crf in (True, False):
            fitted = tagger(crf=crf).fit(SENTENCES, y)
            assert fitted.predict(SENTENCES).tolist() == y
            assert fitted.score(SENTENCES, y) == 1


SPANS = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 2), st.integers(1, 3)), max_size=4)


class TestTagCodes:
    @settings(deadline=None)
    @given(st.lists(SPANS, min_size=1, max_size=3), st.sampled_from(SCHEMES),
           st.sampled_from([None, *SCHEMES]))  # fmt: skip
    def test_codes_and_back(self, sentences, scheme, train_scheme):
        y = []
        for sentence in sentences:
            spans, end = [], 0
            for kind, gap, length in sentence:
                spans.append((kind, end + gap, end + gap + length))
                end += gap + length
            y.append(spans_to_tags(spans, end + 1, scheme))
        codes = TagCodes(scheme, train_scheme, y)
        encoded = codes.encode(y)
        assert [codes.decode(row) for row in encoded] == y
        trained = [[codes.tags[code] for code in row] for row in encoded]
        assert trained == convert_tags(y, scheme, train_scheme or scheme)

    def test_every_tag_of_a_type_is_known_after_a_conversion(self):
        codes = TagCodes("auto", "BILOU", [["B-PER", "O", "B-LOC-2"]])
        kinds = ["LOC-2", "PER"]
        assert codes.tags == sorted(["O", *(f"{p}-{kind}" for p in "BILU" for kind in kinds)])

    def test_broken_tags_mean_what_conlleval_reads(self):
        codes = TagCodes("IOB2", None, [["B-A", "I-A", "O", "B-B", "I-B"]])
        predicted = ["I-A", "I-A", "I-B", "O", "I-B", "B-B"]
        decoded = codes.decode(map(codes.tags.index, predicted))
        assert decoded == ["B-A", "I-A", "B-B", "O", "B-B", "B-B"]

    def test_declared_tags_tell_the_scheme(self):
        declared = ["O", "B-PER", "I-PER", "E-PER", "S-PER"]
        codes = TagCodes("auto", None, [["O", "O"]], declared)
        assert codes.scheme == "IOBES"
        assert codes.tags == sorted(declared)
        with pytest.raises(
            ValueError, match=r"classes holds 'DET', .* not a tag of IOB2; set scheme"
        ):
            TagCodes("auto", None, [["O"]], ["DET", "O"])
        assert TagCodes(None, None, [["O"]], ["DET", "O"]).tags == ["DET", "O"]


class TestPredictions:
    @pytest.mark.parametrize(
        "X", [SENTENCES, SENTENCES[:1], [["Ada"], ["met"]], [["a", "b"]] * 3, [[], ["Ada"], []]]
    )
    def test_predict_returns_a_list_for_each_sentence(self, learned, X):
        tags = learned.predict(X)
        assert tags.shape == (len(X),)
        assert tags.dtype == object
        assert all(type(row) is list for row in tags)
        assert list(map(len, tags)) == list(map(len, X))
        assert all(type(tag) is str for tag in itertools.chain(*tags))

    @pytest.mark.parametrize("params", [{}, {"crf": False}, {"train_scheme": "IOBES"}])
    def test_marginals(self, params):
        fitted = tagger(**params).fit(SENTENCES, TAGS)
        rows = fitted.predict_marginals(SENTENCES)
        assert rows.shape == (20,)
        for row, sentence in zip(rows, SENTENCES, strict=True):
            assert row.shape == (len(sentence), len(fitted.classes_))
            np.testing.assert_allclose(row.sum(axis=1), 1, rtol=1e-5)
            assert (row >= 0).all()

    def test_marginals_are_sums_over_paths(self, unsure):
        for rows, paths in zip(unsure.predict_marginals(SHORT), paths_of(unsure, SHORT),
                               strict=True):  # fmt: skip
            for step, row in enumerate(rows):
                for tag, probability in zip(unsure.classes_, row, strict=True):
                    expected = sum(p for path, p in paths.items() if path[step] == tag)
                    assert probability == pytest.approx(expected, abs=1e-5)

    def test_marginals_of_a_softmax_are_independent(self):
        fitted = tagger(crf=False, scheme=None).fit(SENTENCES, TAGS)
        rows = fitted.predict_marginals(SHORT)
        for row, paths, best in zip(rows, paths_of(fitted, SHORT), fitted.predict(SHORT),
                                    strict=True):  # fmt: skip
            assert best == fitted.classes_[row.argmax(axis=1)].tolist()
            assert len(paths) == 5 ** len(row)
            for path, probability in paths.items():
                columns = [list(fitted.classes_).index(tag) for tag in path]
                expected = row[range(len(row)), columns].prod()
                assert probability == pytest.approx(expected, rel=1e-4)

    @pytest.mark.parametrize("train_scheme", [None, "IOBES", "BILOU"])
    def test_n_best(self, train_scheme):
        fitted = tagger(train_scheme=train_scheme).fit(SENTENCES, TAGS)
        n_paths = {1: 3, 2: 3 + 3 + 5, 3: 41}  # spans of two types; by hand for 1 and 2 words
        for tags, rows, sentence in zip(fitted.predict(SHORT), fitted.predict_n_best(SHORT, n=50),
                                        SHORT, strict=True):  # fmt: skip
            found, logs = zip(*rows, strict=True)
            assert len(found) == len(set(map(tuple, found))) == n_paths[len(sentence)]
            check_tags(found, "IOB2")
            assert found[0] == tags
            assert list(logs) == sorted(logs, reverse=True)
            assert np.exp(logs).sum() == pytest.approx(1, abs=1e-5)
            assert all(log <= 0 for log in logs)
            (few,) = fitted.predict_n_best([sentence], n=2)
            assert [row[0] for row in few] == list(found[:2])

    def test_n_best_of_long_sentences(self, learned):
        (rows,) = learned.predict_n_best([SENTENCES[0] * 20], n=7)
        tags, logs = zip(*rows, strict=True)
        assert tags[0] == learned.predict([SENTENCES[0] * 20])[0]
        assert len({tuple(row) for row in tags}) == 7
        assert list(logs) == sorted(logs, reverse=True)
        assert np.exp(logs).sum() <= 1 + 1e-6

    @pytest.mark.parametrize("crf", [True, False])
    def test_n_best_of_a_text_too_long_for_probabilities(self, crf):
        fitted = tagger(crf=crf).fit(SENTENCES, TAGS)
        (rows,) = fitted.predict_n_best([SENTENCES[0] * 200], n=3)
        logs = [log for _, log in rows]
        assert all(np.exp(log) == 0 and np.isfinite(log) for log in logs)
        assert logs == sorted(logs, reverse=True)
        if not crf:  # a product of independent steps
            (marginals,) = fitted.predict_marginals([SENTENCES[0] * 200])
            assert logs[0] == pytest.approx(np.log(marginals.max(axis=1)).sum(), rel=1e-5)

    def test_n_best_takes_no_memory_for_paths_that_are_not_there(self, learned):
        (rows,) = learned.predict_n_best([["Ada"]], n=10**12)
        assert rows[0][0] == ["B-PER"]
        assert len(rows) == 3

    @pytest.mark.parametrize("n", [0, -1, 1.5, None, "3"])
    def test_n_best_needs_a_number(self, learned, n):
        with pytest.raises(ValueError, match="n must be an integer of at least 1"):
            learned.predict_n_best(SHORT, n=n)

    def test_empty_sentences(self, learned):
        X = [[], ["Ada"], []]
        assert learned.predict(X).tolist() == [[], ["B-PER"], []]
        assert learned.predict([[]]).tolist() == [[]]
        assert [row.shape for row in learned.predict_marginals(X)] == [(0, 5), (1, 5), (0, 5)]
        assert learned.predict_n_best([[]]) == [[([], 0.0)]]
        assert [len(row) for row in learned.predict_entities(X)] == [0, 1, 0]
        fitted = tagger(char_encoder="lstm", early_stopping=True).fit(
            [[], *SENTENCES, []], [[], *TAGS, []]
        )
        assert fitted.predict([[]]).tolist() == [[]]

    def test_500_words(self, learned):
        words = SENTENCES[0] * 84
        assert learned.predict([words, ["Ada"]]).tolist() == [TAGS[0] * 84, ["B-PER"]]
        assert len(learned.predict_entities([words])[0]) == 84 * 3
        fitted = tagger(char_encoder="cnn").fit(
            [words[:500], ["Ada"]], [(TAGS[0] * 84)[:500], ["O"]]
        )
        assert np.isfinite(fitted.history_[-1]["train_loss"])

    def test_one_sentence(self):
        for params in ({}, {"batch_size": 1}, {"char_encoder": "cnn", "casing": True}):
            fitted = tagger(max_epochs=40, **params).fit(SENTENCES[:1], TAGS[:1])
            assert fitted.predict(SENTENCES[:1]).tolist() == TAGS[:1]


class TestEntities:
    texts = ["Ada met  Alan Turing\nin London", "", "Turing in New York", "nothing"]

    @pytest.fixture
    def pipe(self):
        tokenizer = Tokenizer(lowercase=False, punctuation=True, char_spans=True)
        return TaggingPipeline([("tokenizer", tokenizer), ("tagger", tagger(max_epochs=40))]).fit(
            [" ".join(sentence) for sentence in SENTENCES], TAGS
        )

    def test_places_in_the_text(self, pipe):
        entities = pipe.predict_entities(self.texts)
        found = [[(e.type, text[e.start_char : e.end_char]) for e in row]
                 for text, row in zip(self.texts, entities, strict=True)]  # fmt: skip
        assert found[0] == [("PER", "Ada"), ("PER", "Alan Turing"), ("LOC", "London")]
        assert found[1] == []
        assert ("PER", "Turing") in found[2]
        assert ("LOC", "New York") in found[2]

    @pytest.mark.parametrize(
        "step",
        [
            Tokenizer(lowercase=False, punctuation=True, char_spans=True),
            Tokenizer(char_spans=True),
            Tokenizer(tokenizer=str.split, char_spans=True),
        ],
        ids=["punctuation", "words", "blanks"],
    )
    def test_their_text_is_that_of_their_places(self, step):
        texts = ["AT&T", "the U.S", "O'Neil-Jones", "Ada<br />Byron  met\nAda", ""] * 4
        X = step.transform(texts)
        y = [["B-X", *["I-X"] * (len(row) - 1)] if row else [] for row in X.tokens()]
        pipe = make_pipeline(step, TokenIndexer(), SequencePadder(), tagger(max_epochs=20))
        entities = pipe.fit(texts, y)[-1].predict_entities(pipe[:-1].transform(texts))
        places = [
            (e.text, text[e.start_char : e.end_char])
            for text, row in zip(texts, entities, strict=True)
            for e in row
        ]
        assert {found for found, _ in places} == {text for text in texts if text}
        assert all(found == cut for found, cut in places)

    def test_their_text_where_only_places_are_known(self):
        spans = [(0, 2), (2, 3), (3, 4), (7, 11)]
        X = Sequences.from_tokens([["AT", "&", "T", "Corp"]] * 8, [spans] * 8)
        fitted = tagger(max_epochs=20).fit(X, [["B-X", "I-X", "I-X", "I-X"]] * 8)
        assert fitted.predict_entities(X[:1])[0][0].text == "AT&T   Corp"

    def test_padding_does_not_shift_them(self, pipe):
        X = pipe[:-1].transform(self.texts)
        expected = pipe[-1].predict_entities(X)
        for padding in ("pre", "post"):
            padded = SequencePadder(max_length=12, padding=padding).fit_transform(X)
            entities = pipe[-1].predict_entities(padded)
            pairs = zip(itertools.chain(*entities), itertools.chain(*expected), strict=True)
            for left, right in pairs:
                assert left.confidence == pytest.approx(right.confidence, rel=1e-4)
                assert (left.text, left.start, left.start_char, left.end_char) == (
                    right.text, right.start, right.start_char, right.end_char)  # fmt: skip

    def test_tokens_alone(self, learned):
        (row,) = learned.predict_entities(SENTENCES[:1])
        assert [(e.type, e.start, e.end, e.text) for e in row] == [
            ("PER", 0, 1, "Ada"), ("PER", 2, 4, "Alan Turing"), ("LOC", 5, 6, "London"),
        ]  # fmt: skip
        assert all(e.start_char is None and e.end_char is None for e in row)

    @pytest.mark.parametrize("params", [{}, {"crf": False}, {"train_scheme": "IOBES"}])
    @pytest.mark.parametrize("scheme", ["IOB1", "IOB2"])
    def test_confidence_is_a_sum_over_paths(self, scheme, params):
        """Of exactly this span: a longer one, or one in two parts, is another."""
        fitted = tagger(max_epochs=15, **params).fit(SENTENCES, in_scheme(scheme))
        sentences = [["Ada", "Turing"], ["New", "York"], ["Turing"], ["in", "Ada"]]
        n_entities = 0
        rows = zip(fitted.predict_entities(sentences),
                   map(dict_of_paths(fitted), sentences), strict=True)  # fmt: skip
        for entities, paths in rows:
            n_entities += len(entities)
            for entity in entities:
                span = (entity.type, entity.start, entity.end)
                expected = sum(
                    p for path, p in paths.items() if span in tags_to_spans(path, None, "conlleval")
                )
                assert entity.confidence == pytest.approx(expected, rel=1e-4)
        assert n_entities >= 3

    @pytest.mark.parametrize("ruled", [True, False])
    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_probability_of_every_span(self, scheme, ruled):
        """Against a sum over all paths: spans at either end, of one token, and that touch."""
        tags = sorted(["O", *(f"{p}-{kind}" for p in PREFIXES[scheme] for kind in "AB")])
        torch.manual_seed(0)
        crf = LinearChainCRF(len(tags), allowed_transitions(tags, scheme) if ruled else None)
        for weights in crf.parameters():
            torch.nn.init.normal_(weights)
        emissions, lengths = torch.randn(2, 3, len(tags)).double(), torch.tensor([3, 2])
        spans = [
            [Span(kind, start, end) for kind in "AB" for end in range(1, length + 1)
             for start in range(end)] for length in (3, 2)
        ]  # fmt: skip
        found = span_probabilities(crf, emissions, lengths, spans, tags)
        start, between, end = (weights.detach().double() for weights in crf.weights())
        for row, length in enumerate([3, 2]):
            expected, total = Counter(), 0
            for path in itertools.product(range(len(tags)), repeat=length):
                score = start[path[0]] + between[path[:-1], path[1:]].sum() + end[path[-1]]
                weight = (score + emissions[row, range(length), path].sum()).exp().item()
                total += weight
                for span in tags_to_spans([tags[code] for code in path], None, "conlleval"):
                    expected[span] += weight
            assert found[row] == pytest.approx([expected[span] / total for span in spans[row]])

    def test_a_span_that_may_go_on_is_not_sure(self):
        """All paths begin with B, and half of them go on with I."""
        crf = LinearChainCRF(3)
        emissions = torch.tensor([[[0.0, 100.0, 0.0], [0.0, -100.0, 0.0]]])  # of O, B and I
        spans = [[Span("A", 0, 1), Span("A", 0, 2), Span("A", 1, 2)]]
        (found,) = span_probabilities(crf, emissions, torch.tensor([2]), spans, ["O", "B-A", "I-A"])
        assert found == pytest.approx([0.5, 0.5, 0])

    def test_confidence_in_long_sentences(self):
        """Against the sum over the paths on which only the tags of a span are left."""
        torch.manual_seed(0)
        tags = ["O", "B-A", "I-A"]
        crf = LinearChainCRF(3, allowed_transitions(tags, "IOB2")).double()
        for weights in crf.parameters():
            torch.nn.init.normal_(weights)
        emissions, lengths = torch.randn(2, 400, 3, dtype=torch.float64), torch.tensor([400, 7])
        emissions[1, 7:] = torch.nan
        spans = [[Span("A", 0, 3), Span("A", 200, 201), Span("A", 380, 400)], [Span("A", 2, 7)]]
        found = span_probabilities(crf, emissions, lengths, spans, tags)
        for row, in_row in enumerate(spans):
            for span, probability in zip(in_row, found[row], strict=True):
                forced = emissions.clone()
                forced[row, span.start, [0, 2]] = -torch.inf
                forced[row, span.start + 1 : span.end, :2] = -torch.inf
                if span.end < lengths[row]:
                    forced[row, span.end, 2] = -torch.inf
                logs = log_partition(crf, forced, lengths) - log_partition(crf, emissions, lengths)
                assert probability == pytest.approx(logs[row].exp().item(), rel=1e-9)
        assert span_probabilities(crf, emissions, lengths, [[], []], tags) == [[], []]

    def test_touching_entities(self):
        y = [["B-PER", "B-PER", "I-PER"]] * 8
        for scheme in SCHEMES:
            fitted = tagger(max_epochs=30).fit(
                [["Ada", "Alan", "Turing"]] * 8, in_scheme(scheme, y)
            )
            (row,) = fitted.predict_entities([["Ada", "Alan", "Turing"]])
            assert [(e.start, e.end) for e in row] == [(0, 1), (1, 3)]

    def test_of_embedded_and_indexed_tokens(self):
        fitted = tagger(max_epochs=40).fit(embedded(), TAGS)
        assert fitted.predict_entities(embedded(SENTENCES[:1]))[0][1].text == "Alan Turing"
        pipe = make_pipeline(TokenIndexer(), tagger(max_epochs=40)).fit(SENTENCES, TAGS)
        X = pipe[:-1].transform([["Ada", "Lovelace"]])
        assert pipe[-1].predict_entities(X)[0][0].text.startswith("Ada")

    def test_need_strings(self):
        fitted = tagger().fit(RAGGED, TAGS)
        with pytest.raises(ValueError, match="needed for predict_entities, but X holds numbers"):
            fitted.predict_entities(RAGGED)
        fitted = tagger(vocabulary_size=60).fit(IDS, TAGS)
        with pytest.raises(ValueError, match="X holds ids without any"):
            fitted.predict_entities(IDS)


def dict_of_paths(fitted):
    """Return a function from a sentence to the probabilities of all paths of trained tags."""
    n_tags = len(fitted.classes_)

    def paths(sentence):
        with torch.no_grad():
            data = fitted._read_sequences(Sequences.from_tokens([sentence]))
            emissions = fitted.module_(**data.batch(np.array([0])).to("cpu", torch.float32))[0]
            start, between, end = fitted.module_.crf.weights()
        scores = {}
        for path in itertools.product(range(n_tags), repeat=len(sentence)):
            score = start[path[0]] + end[path[-1]] + sum(emissions[range(len(path)), path])
            score = score + sum(between[a, b] for a, b in itertools.pairwise(path))
            scores[tuple(fitted.classes_[list(path)])] = np.exp(score.item())
        total = sum(scores.values())
        return {path: score / total for path, score in scores.items()}

    return paths


class TestOneSequenceOnePrediction:
    @pytest.mark.parametrize("form", FORMS)
    def test_batches_order_and_mates_do_not_matter(self, form):
        X, params = FORMS[form]
        fitted = tagger(dropout=0.3, word_dropout=0.2, **params).fit(X, TAGS)
        expected = fitted.predict_marginals(X)
        for batch_size in (1, 3, 20):
            fitted.set_params(batch_size=batch_size)
            assert_close(fitted.predict_marginals(X), expected, atol=1e-6)
        order = np.random.RandomState(1).permutation(20)
        assert_close(fitted.predict_marginals(take(X, order)), expected[order], atol=1e-6)
        for row in range(5):
            assert_close(fitted.predict_marginals(take(X, [row])), expected[[row]], atol=1e-6)

    def test_confidence_does_not_depend_on_mates(self, unsure):
        together = itertools.chain(*unsure.predict_entities(SENTENCES))
        alone = [unsure.predict_entities([sentence])[0] for sentence in SENTENCES]
        for left, right in zip(together, itertools.chain(*alone), strict=True):
            assert left.confidence == pytest.approx(right.confidence, rel=1e-4)
            assert (left.start, left.end, left.text) == (right.start, right.end, right.text)

    @pytest.mark.parametrize("padding", ["pre", "post"])
    @pytest.mark.parametrize("form", ["tokens", "characters", "vectors", "ids", "numbers"])
    def test_padding_does_not_matter(self, form, padding):
        X, params = FORMS[form]
        fitted = tagger(**params).fit(X, TAGS)
        padder = SequencePadder(max_length=11, padding=padding, ids=form == "ids")
        padded = padder.fit_transform(X)
        assert_close(fitted.predict_marginals(padded), fitted.predict_marginals(X), atol=1e-6)
        assert_close(marginals(padded, X, **params), fitted.predict_marginals(X), atol=1e-5)

    def test_long_words_of_batch_mates_do_not_matter(self):
        for encoder in ("cnn", "lstm"):
            fitted = tagger(char_encoder=encoder).fit(SENTENCES, TAGS)
            together = fitted.predict_marginals([["Ada", "x" * 90], ["Ada", ""], ["", "Ada"]])
            for row, X in zip(together, (["Ada", "x" * 90], ["Ada", ""], ["", "Ada"]), strict=True):
                assert_close([row], fitted.predict_marginals([X]), atol=1e-6)


class TestManyPaths:
    def test_of_a_long_sequence_can_be_told_apart(self, learned):
        [row] = learned.predict_n_best([["Ada", "in"] * 1_000], n=3)
        logs = [log for _, log in row]
        assert len(set(logs)) == 3
        assert [float(np.float32(log)) for log in logs] != logs  # it would round them

    def test_are_refused_before_memory_ends(self, learned):
        with pytest.raises(ValueError, match=r"would take .* GiB of memory.* Lower n or batch"):
            learned.predict_n_best([["Ada"] * 40], n=2**31)

    @pytest.mark.parametrize("n", [2**31, 2**70, np.int64(2**40)])
    def test_of_a_short_sequence_are_all(self, learned, n):
        assert len(learned.predict_n_best([["Ada"]], n=n)[0]) == 3  # O, B-LOC, B-PER

    def test_true_is_one(self, learned):
        assert len(learned.predict_n_best([["Ada"]], n=True)[0]) == 1


class TestTransitions:
    def test_what_the_scheme_forbids(self, learned):
        table = learned.transitions_
        tags = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"}
        assert table.keys() == tags | {"<start>"}
        assert table["<start>"].keys() == tags
        assert all(table[tag].keys() == tags | {"<end>"} for tag in tags)
        forbidden = {
            (before, after)
            for before, row in table.items()
            for after, weight in row.items()
            if weight == -np.inf
        }
        assert forbidden == {
            (before, f"I-{kind}")
            for kind in ("PER", "LOC")
            for before in table.keys() - {f"B-{kind}", f"I-{kind}"}
        }
        finite = [w for row in table.values() for w in row.values() if np.isfinite(w)]
        assert len(set(finite)) > 5

    def test_the_end_of_a_span(self):
        fitted = tagger().fit(SENTENCES, in_scheme("IOBES"))
        table = fitted.transitions_
        assert table["B-PER"]["<end>"] == table["B-PER"]["O"] == -np.inf
        assert np.isfinite(table["E-PER"]["<end>"])
        assert np.isfinite(table["B-PER"]["E-PER"])

    def test_a_tag_spelled_like_the_start(self):
        fitted = tagger().fit([["a", "b", "c"]] * 4, [["<start>", "<end>", "x"]] * 4)
        table = fitted.transitions_
        assert table.keys() == {"<<start>>", "<start>", "<end>", "x"}
        start, between, end = fitted.module_.crf.weights()
        assert list(table["<<start>>"].values()) == start.tolist()
        assert [table[tag]["<<end>>"] for tag in fitted.classes_] == end.tolist()
        assert table["<start>"]["<end>"] == between[1, 0]

    def test_of_a_softmax(self):
        fitted = tagger(crf=False).fit(SENTENCES, TAGS)
        assert {w for row in fitted.transitions_.values() for w in row.values()} == {0.0}
        assert "CRF" not in [name for name, *_ in fitted.module_.layer_table()]


class TestState:
    def test_unfitted(self):
        for method in ("predict", "predict_marginals", "predict_n_best", "predict_entities"):
            with pytest.raises(NotFittedError):
                getattr(LSTMTagger(), method)(SENTENCES)
        with pytest.raises(NotFittedError):
            LSTMTagger().score(SENTENCES, TAGS)
        with pytest.raises(NotFittedError):
            LSTMTagger().summary()
        for name in ("net_", "module_", "history_", "classes_", "scheme_", "transitions_"):
            assert not hasattr(LSTMTagger(), name)

    def test_repr_and_clone(self):
        assert repr(LSTMTagger(crf=False, lr=0.1)) == "LSTMTagger(crf=False, lr=0.1)"
        fitted = tagger(train_scheme="IOBES").fit(SENTENCES, TAGS)
        twin = clone(fitted)
        assert not hasattr(twin, "net_")
        assert_same(twin.fit(SENTENCES, TAGS).predict_marginals(SHORT),
                    fitted.predict_marginals(SHORT))  # fmt: skip

    @pytest.mark.parametrize("form", FORMS)
    def test_pickle(self, form):
        X, params = FORMS[form]
        class_weight = {"O": 0.5} if form == "ids" else None
        fitted = tagger(class_weight=class_weight, **params).fit(X, TAGS, X_val=X, y_val=TAGS)
        loaded = pickle.loads(pickle.dumps(fitted))
        assert_same(loaded.predict_marginals(X), fitted.predict_marginals(X))
        assert loaded.predict(X).tolist() == fitted.predict(X).tolist()
        assert loaded.transitions_ == fitted.transitions_
        assert loaded.history_ == fitted.history_
        assert_same(loaded.partial_fit(X, TAGS).predict_marginals(X[:1]),
                    pickle.loads(pickle.dumps(fitted)).partial_fit(X, TAGS)
                    .predict_marginals(X[:1]))  # fmt: skip

    def test_random_state(self):
        params = {"char_encoder": "cnn", "dropout": 0.3, "early_stopping": True}
        first = marginals(SENTENCES, **params)
        assert_same(marginals(SENTENCES, **params), first)
        assert not np.array_equal(marginals(SENTENCES, random_state=1, **params)[0], first[0])

    def test_global_generators_and_silence(self, capsys):
        before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fitted = tagger(char_encoder="lstm", dropout=0.2, early_stopping=True)
            fitted.fit(SENTENCES, TAGS).predict_entities(SENTENCES)
            fitted.predict_n_best(SENTENCES)
            fitted.score(SENTENCES, TAGS)
            fitted.score(SHORT, [["O"] * len(row) for row in SHORT])
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
        assert capsys.readouterr() == ("", "")
        tagger(verbose=1).fit(SENTENCES, TAGS, X_val=X_VAL, y_val=Y_VAL)
        assert "valid_f1" in capsys.readouterr().out

    def test_summary(self):
        params = {"char_encoder": "cnn", "char_embedding_dim": 5, "char_hidden_size": 7}
        fitted = tagger(casing=True, n_layers=2, **params).fit(SENTENCES, TAGS)
        printed = str(fitted.summary())
        lines = [line.rsplit(maxsplit=1) for line in printed.replace(",", "").splitlines()]
        found = [int(line[1]) for line in lines[2:8]]
        n_words, n_characters = fitted._encoder.n_codes, fitted._encoder.speller.n_characters
        width = 6 + 7 + len(CASINGS)
        assert found == [
            6 * n_words, 5 * n_characters + 7 * (3 * 5 + 1), 2 * 4 * 6 * (width + 6 + 1),
            2 * 4 * 6 * (12 + 6 + 1), 5 * 13, 5 * 5 + 5 + 5,
        ]  # fmt: skip
        for name in ("Characters (cnn)", "Bidirectional LSTM", "CRF", f"{fitted.n_parameters_:,}"):
            assert name in printed
        assert sum(found) == fitted.n_parameters_

    def test_is_no_classifier(self):
        """Else an integer cv would stratify by lists of tags."""
        assert not sklearn.base.is_classifier(LSTMTagger())
        assert not sklearn.base.is_regressor(LSTMTagger())
        tags = sklearn.utils.get_tags(LSTMTagger())
        assert tags.target_tags.required
