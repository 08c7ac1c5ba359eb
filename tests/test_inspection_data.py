"""What there is to know of data: before training, and where a trained model disagrees."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from toys import LABELS, RAGGED, SERIES, TOKENS, classifier, y

from sklstm import (
    LSTMRegressor,
    LSTMTagger,
    Sequences,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
    entity_tagger,
)
from sklstm.inspection import describe, top_losses

SENTENCES = [["Ada", "met", "Alan", "Turing"], ["they", "met", "Ada"], []] * 4
TAGS = [["B-PER", "O", "B-PER", "I-PER"], ["O", "O", "B-PER"], []] * 4


@pytest.fixture(scope="module")
def tagger():
    return LSTMTagger(hidden_size=4, lr=0.03, max_epochs=12, random_state=0).fit(SENTENCES, TAGS)


class TestTopLosses:
    def test_losses_are_those_of_the_given_labels(self):
        fitted = classifier().fit(TOKENS, LABELS)
        labels = np.where(np.arange(20) == 7, "pos", LABELS)
        result = top_losses(fitted, TOKENS, labels)
        columns = (labels == "pos").astype(int)
        expected = -np.log(fitted.predict_proba(TOKENS)[np.arange(20), columns])
        assert result.losses == pytest.approx(expected[result.indices], rel=1e-5)
        assert (np.diff(result.losses) <= 0).all()
        assert result.targets == labels[result.indices].tolist()
        assert result.predictions == fitted.predict(TOKENS)[result.indices].tolist()
        first = top_losses(fitted, TOKENS, labels, n=3)
        assert first.indices.tolist() == result.indices[:3].tolist()
        assert len(first.targets) == len(first.predictions) == len(first.losses) == 3

    def test_several_classes_and_several_labels(self):
        kinds = np.array(["a", "b", "c", "a"] * 5)
        fitted = classifier(max_epochs=1).fit(TOKENS, kinds)
        result = top_losses(fitted, TOKENS, kinds)
        columns = np.searchsorted(fitted.classes_, kinds)[result.indices]
        probabilities = fitted.predict_proba(TOKENS)[result.indices, columns]
        assert result.losses == pytest.approx(-np.log(probabilities), rel=1e-5)
        matrix = np.stack([y, 1 - y, y], axis=1)
        fitted = classifier(max_epochs=1).fit(TOKENS, matrix)
        result = top_losses(fitted, TOKENS, matrix)
        p = fitted.predict_proba(TOKENS)
        expected = -np.log(np.where(matrix, p, 1 - p)).sum(axis=1)
        assert result.losses == pytest.approx(expected[result.indices], rel=1e-5)

    def test_a_tagger_has_the_loss_of_its_worst_step(self, tagger):
        wrong = [["O", "O", "O"], ["O", "B-PER"], []]
        sentences = [["they", "met", "Ada"], ["they", "met"], []]
        result = top_losses(tagger, sentences, wrong)
        assert sorted(result.indices.tolist()) == [0, 1, 2]
        steps = dict(zip(result.indices.tolist(), result.steps.tolist(), strict=True))
        assert steps == {0: 2, 1: 1, 2: -1}
        marginals = tagger.predict_marginals(sentences)
        outside = tagger.classes_.tolist().index("O")
        of_first = result.losses[result.indices.tolist().index(0)]
        assert of_first == pytest.approx(-np.log(marginals[0][2, outside]), rel=1e-4)
        assert result.losses[-1] == 0
        assert result.targets[-1] == result.predictions[-1] == []

    def test_a_pipeline_takes_texts_and_spans(self):
        texts, spans = ["Ada met Alan.", "they met Ada"] * 4, [[(0, 3, "PER"), (8, 12, "PER")]] * 8
        spans[1::2] = [[(9, 12, "PER")]] * 4
        pipe = entity_tagger(effort="fast", hidden_size=4, max_epochs=2, random_state=0)
        result = top_losses(pipe.fit(texts, spans), texts, spans, n=2)
        assert all(
            result.targets[k] == pipe.to_tags(texts, spans)[result.indices[k]] for k in (0, 1)
        )

    def test_wrong_input(self):
        fitted = classifier(max_epochs=1).fit(TOKENS, LABELS)
        with pytest.raises(ValueError, match="inconsistent"):
            top_losses(fitted, TOKENS, LABELS[:3])
        with pytest.raises(ValueError, match="y contains the classes"):
            top_losses(fitted, TOKENS, ["?"] * 20)
        regressor = LSTMRegressor(max_epochs=1, hidden_size=2, wide=False).fit(SERIES, y * 1.0)
        with pytest.raises(TypeError, match="got an LSTMRegressor"):
            top_losses(regressor, SERIES, y)

    def test_wrong_tags_and_numbers(self, tagger):
        with pytest.raises(ValueError, match="Sequence 0 of X has 3 steps, but 1 tags"):
            top_losses(tagger, [["they", "met", "Ada"]], [["O"]])
        with pytest.raises(ValueError, match="n must be an integer of at least 1; got 0"):
            top_losses(tagger, SENTENCES, TAGS, n=0)


class TestDescribe:
    TEXTS = ["A good film!", "Bad acting", "", "Bad acting", "bad"]
    CLASSES = ["pos", "neg", "neg", "pos", "neg"]

    def test_figures_of_texts(self):
        summary = describe(pd.Series(self.TEXTS), self.CLASSES, X_val=["bad", "Bad acting", "new"])
        assert (summary.n_samples, summary.n_empty, summary.n_duplicates) == (5, 1, 1)
        assert summary.lengths.tolist() == [4, 2, 0, 2, 1]
        assert (summary.n_tokens, summary.n_distinct) == (9, 6)
        assert summary.label_counts == {"neg": 3, "pos": 2}
        assert summary.n_contradictory == 2
        assert summary.n_shared == 2
        assert summary.unknown_share is None
        assert "in both" in repr(summary)

    @pytest.mark.parametrize("X", [TOKENS, Sequences.from_tokens(TOKENS)])
    def test_tokens_with_tags(self, X):
        tags = [["O"] * len(tokens) for tokens in TOKENS]
        summary = describe(X, tags)
        assert summary.n_duplicates == 16
        assert summary.label_counts == {"O": sum(map(len, TOKENS))}
        assert summary.lengths.tolist() == list(map(len, TOKENS))

    def test_several_labels(self):
        summary = describe(["a", "b"], np.array([[1, 0, 1], [0, 0, 1]]))
        assert summary.label_counts == {2: 2, 0: 1}

    @pytest.mark.parametrize("X", [SERIES, list(RAGGED), RAGGED + RAGGED[:2]])
    def test_numbers(self, X):
        summary = describe(X, y if len(X) == 20 else None)
        assert summary.lengths.tolist() == list(map(len, X))
        assert summary.n_duplicates == len(X) - 20
        assert "tokens" not in repr(summary)

    def test_unknown_tokens_are_those_without_a_place_in_a_vocabulary(self):
        embedder = Word2VecEmbedder(vectors={"good": [1.0], "film": [2.0]}, lowercase=True)
        embedder.fit([["good", "film"]])
        indexer = TokenIndexer().fit([["good", "film"]])
        tokens = [["Good", "film", "zzz"], ["zzz"]]
        assert describe(tokens, vocabulary=embedder).unknown_tokens == ["zzz"]
        assert describe(tokens, vocabulary=embedder).unknown_share == 0.5
        assert describe(tokens, vocabulary=indexer).unknown_share == 0.75
        known = describe(tokens, vocabulary=["Good", "zzz", "film"])
        assert (known.unknown_share, known.unknown_tokens) == (0, [])
        assert "0% of the tokens" in repr(known)

    def test_a_tokenizer_of_ones_own(self):
        kept = Tokenizer(lowercase=False, punctuation=True, char_spans=True)
        summary = describe(["A b.", "a B."], tokenizer=kept)
        assert (summary.n_tokens, summary.n_distinct) == (6, 5)

    def test_it_prints_as_a_table(self):
        page = describe(["<b>", "<i> <i>"], ["<u>", "&"], vocabulary=["b"])._repr_html_()
        assert page.count("<tr>") == 7
        assert "&lt;u&gt;" in page
        assert "<u>" not in page
        many = describe(["a"] * 12, list(range(12)))
        assert repr(many).endswith("and 2 others")

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"X": "text"}, TypeError),
            ({"X": [1, 2]}, (TypeError, ValueError)),
            ({"X": []}, ValueError),
            ({"X": [["a"]], "y": [1, 2]}, ValueError),
            ({"X": ["a"], "vocabulary": 3}, TypeError),
            ({"X": ["a"], "vocabulary": "abc"}, TypeError),
            ({"X": [["a"], [3]]}, TypeError),
        ],
    )
    def test_wrong_input(self, arguments, error):
        with pytest.raises(error):
            describe(**arguments)

    @pytest.mark.parametrize(
        ("y", "counts"),
        [
            (["x", None, "y", "x"], {"x": 2, None: 1, "y": 1}),
            (pd.Series(["x", None, "y", "x"]), {"x": 2, None: 1, "y": 1}),
            (np.array([0, np.nan, 1, 0]), {0: 2, None: 1, 1: 1}),
            (np.array([[3], [1], [2], [3]]), {3: 2, 1: 1, 2: 1}),
            (pd.DataFrame({"label": ["x", None, "y", "x"]}), {"x": 2, None: 1, "y": 1}),
        ],
    )
    def test_missing_labels_and_columns_of_labels(self, y, counts):
        summary = describe(["a", "a", "b", "a"], y)
        assert summary.label_counts == counts
        assert summary.n_contradictory == (3 if 3 in counts else 0)

    def test_a_frame_of_several_columns_is_no_list_of_tokens(self):
        frame = pd.DataFrame({"text": ["a film", "fun"], "label": ["x", "y"]})
        with pytest.raises(TypeError, match="pass the column that holds the samples"):
            describe(frame)
        assert str(describe(frame[["text"]])) == str(describe(["a film", "fun"]))

    def test_it_goes_with_the_steps_of_a_pipeline(self):
        pipe = make_pipeline(Tokenizer(), TokenIndexer(), classifier(max_epochs=1))
        pipe.fit(self.TEXTS * 2, self.CLASSES * 2)
        summary = describe(["good plot"], tokenizer=pipe[0], vocabulary=pipe[1])
        assert (summary.unknown_share, summary.unknown_tokens) == (0.5, ["plot"])
