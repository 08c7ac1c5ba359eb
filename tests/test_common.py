"""What every estimator owes scikit-learn, on numbers, token lists and texts."""

import numpy as np
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklstm import (
    Collocations,
    Gazetteer,
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    SequencePadder,
    Sequences,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
    entity_tagger,
    text_classifier,
)
from sklstm.estimator_checks import sequence_estimator_checks
from sklstm.tagger._scores import score_known

SMALL = {"hidden_size": 3, "max_epochs": 1}
TEXTS = ["a good film", "good fun", "a bad film, bad!", "bad acting"] * 6
LABELS = np.array(["pos", "pos", "neg", "neg"] * 6)

ESTIMATORS = {
    "classifier": LSTMClassifier(**SMALL),
    "regressor": LSTMRegressor(**SMALL),
    "deep classifier": LSTMClassifier(
        n_layers=2, bidirectional=True, pooling="attention", dropout=0.3, word_dropout=0.1,
        recurrent_dropout=0.2, embedding_dropout=0.2, locked_dropout=True, batch_size=3,
        schedule="one_cycle", **SMALL,
    ),
    "early stopping": LSTMClassifier(
        early_stopping=True, validation_fraction=0.5, pooling="max+mean", **SMALL
    ),
    "coupled": LSTMClassifier(cell="coupled", n_layers=2, bptt_steps=2, **SMALL),
    "minimal": LSTMRegressor(cell="minlstm", bidirectional=True, pooling="max", **SMALL),
    "text pipeline": make_pipeline(Tokenizer(), LSTMClassifier(**SMALL)),
    "indexed pipeline": make_pipeline(Tokenizer(), TokenIndexer(), LSTMRegressor(**SMALL)),
    "word2vec pipeline": make_pipeline(
        Tokenizer(),
        Word2VecEmbedder(vector_size=4, min_count=1),
        SequencePadder(max_length=10),
        LSTMClassifier(fine_tune_embeddings=True, **SMALL),
    ),
    "tagger": LSTMTagger(**SMALL),
    "deep tagger": LSTMTagger(
        cell="gru", train_scheme="IOBES", n_layers=2, char_encoder="cnn", casing=True,
        embedding_dropout=0.2, word_dropout=0.1, dropout=0.3, locked_dropout=True,
        recurrent_dropout=0.2, batch_size=3, early_stopping=True, class_weight="balanced",
        **SMALL,
    ),
    "tagger of texts": make_pipeline(
        Tokenizer(), LSTMTagger(crf=False, char_encoder="lstm", **SMALL)
    ),
    "tokenizer": Tokenizer(),
    "indexer": TokenIndexer(),
    "collocations": Collocations(min_count=1, threshold=0.5),
    "gazetteer": Gazetteer({"NP": ["good", "bad film"]}),
    "embedder": Word2VecEmbedder(vector_size=4, min_count=1),
    "padder": SequencePadder(),
    "text classifier": text_classifier(effort="fast", vector_size=2, **SMALL),
    "entity tagger": entity_tagger(tokenizer=Tokenizer(), vector_size=2, **SMALL),
    "generator": LSTMGenerator(**SMALL),
    "token generator": LSTMGenerator(level="token", **SMALL),
    "seq2seq": LSTMSeq2Seq(**SMALL),
}  # fmt: skip


class LabelTagger(LSTMTagger):
    """Takes a label, as scikit-learn's checks pass it, for the tag of each step of its sample."""

    def _fit(self, X, y, *args, **options):
        return super()._fit(X, tags_from_labels(X, y), *args, **options)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        classes = sorted(set(map(str, y)))
        return super().partial_fit(X, y, classes=classes, sample_weight=sample_weight)

    def predict(self, X):
        return np.stack([steps.ravel() for steps in self.predict_marginals(X)])

    def score(self, X, y):
        return score_known(tags_from_labels(X, y), super().predict(X), None, self.scheme_)


def tags_from_labels(X, y):
    if y is None:
        return None
    n_steps = (X if hasattr(X, "shape") else np.asarray(X)).shape[-1]
    return [[str(label)] * n_steps for label in np.asarray(y)]


OTHER_CELLS = [
    LSTMClassifier(cell="mingru", n_layers=2, max_epochs=20), LSTMRegressor(cell="gru"),
]  # fmt: skip
# dropout would differ between a sample that weighs two and a copy
SURE_TAGGER = LabelTagger(embedding_dropout=0.0, dropout=0.0)


@parametrize_with_checks([LSTMClassifier(), LSTMRegressor(), SURE_TAGGER, *OTHER_CELLS])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{kind}-{name}")
        for kind, estimator in ESTIMATORS.items()
        for name, check in sequence_estimator_checks(estimator)
    ],
)
def test_sequence_checks(check):
    check()


@pytest.fixture
def pipe():
    return make_pipeline(Tokenizer(), LSTMClassifier(random_state=0, **SMALL))


class TestModelSelection:
    def test_cross_validate(self, pipe):
        scores = cross_validate(pipe, TEXTS, LABELS, cv=3, scoring=["accuracy", "roc_auc"])
        assert len(scores["test_accuracy"]) == 3
        assert np.all(scores["test_roc_auc"] <= 1)

    def test_cross_val_predict_splits_sequences(self):
        X = Sequences.from_tokens([text.split() for text in TEXTS])
        classifier = LSTMClassifier(random_state=0, **SMALL)
        shape = cross_val_predict(classifier, X, LABELS, cv=3, method="predict_proba").shape
        assert shape == (len(TEXTS), 2)

    def test_grid_search_in_two_processes_equals_one(self, pipe):
        grid = {"lstmclassifier__hidden_size": [3, 40], "lstmclassifier__pooling": ["max"]}
        one, two = (
            GridSearchCV(pipe, grid, cv=2, n_jobs=n, scoring="neg_log_loss").fit(TEXTS, LABELS)
            for n in (1, 2)
        )
        for split in ("split0_test_score", "split1_test_score"):
            np.testing.assert_array_equal(one.cv_results_[split], two.cv_results_[split])
        np.testing.assert_array_equal(one.predict_proba(TEXTS), two.predict_proba(TEXTS))

    def test_halving_search(self, pipe):
        grid = {"lstmclassifier__hidden_size": [2, 3]}
        search = HalvingGridSearchCV(pipe, grid, cv=2, min_resources=8, random_state=0)
        assert search.fit(TEXTS, LABELS).best_params_["lstmclassifier__hidden_size"] in (2, 3)


class TestMetaEstimators:
    def test_calibration(self, pipe):
        for method in ("sigmoid", "isotonic"):
            calibrated = CalibratedClassifierCV(pipe, cv=2, method=method).fit(TEXTS, LABELS)
            np.testing.assert_allclose(calibrated.predict_proba(TEXTS).sum(axis=1), 1)

    def test_voting(self, pipe):
        voting = VotingClassifier([("a", pipe), ("b", pipe)], voting="soft").fit(TEXTS, LABELS)
        alone = pipe.fit(TEXTS, LABELS)
        np.testing.assert_allclose(voting.predict_proba(TEXTS), alone.predict_proba(TEXTS))

    def test_voting_of_regressors(self):
        X, y = np.random.RandomState(0).randn(20, 5), np.arange(20.0)
        regressor = LSTMRegressor(random_state=0, **SMALL)
        voting = VotingRegressor([("a", regressor), ("b", regressor)]).fit(X, y)
        np.testing.assert_allclose(voting.predict(X), regressor.fit(X, y).predict(X))

    def test_stacking(self, pipe):
        stacking = StackingClassifier([("a", pipe), ("b", pipe)], cv=2).fit(TEXTS, LABELS)
        assert set(stacking.predict(TEXTS)) <= {"pos", "neg"}


class TestMetadataRouting:
    @pytest.fixture(autouse=True)
    def routing(self):
        with sklearn.config_context(enable_metadata_routing=True):
            yield

    def test_validation_data_goes_through_the_pipeline(self):
        classifier = LSTMClassifier(random_state=0, **SMALL)
        classifier.set_fit_request(X_val=True, y_val=True)
        pipe = make_pipeline(Tokenizer(), TokenIndexer(), classifier, transform_input=["X_val"])
        pipe.fit(TEXTS, LABELS, X_val=TEXTS[:4], y_val=LABELS[:4])
        history = classifier.history_
        assert set(history[0]) > {"train_loss", "valid_loss", "valid_acc"}
        expected = -np.log(pipe.predict_proba(TEXTS[:4])[range(4), (LABELS[:4] == "pos") * 1])
        assert history[-1]["valid_loss"] == pytest.approx(expected.mean(), rel=1e-4)

    def test_sample_weight_reaches_fit_and_score(self):
        X = [text.split() for text in TEXTS]
        classifier = LSTMClassifier(hidden_size=4, max_epochs=10, lr=0.03, random_state=0)
        classifier.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        weights = np.where(LABELS == "pos", 1.0, 0.0)
        scores = cross_validate(classifier, X, LABELS, cv=2, params={"sample_weight": weights})
        np.testing.assert_array_equal(scores["test_score"], 1)  # only one class counts


class TestRepr:
    def test_shows_what_is_not_default(self):
        assert repr(LSTMClassifier(lr=0.1)) == "LSTMClassifier(lr=0.1)"

    @pytest.mark.parametrize("estimator", [LSTMClassifier(), LSTMRegressor()])
    def test_html_links_to_the_documentation(self, estimator):
        page = f"api/generated/sklstm.{type(estimator).__name__}.html"
        assert f'href="https://sklstm.readthedocs.io/en/stable/{page}"' in estimator._repr_html_()


SPELLINGS = {"good": "<pad>", "film": "<unk>", "bad": "</s>", "fun": "<start>", "a": ""}
SENTENCES = [["a", "good", "film"], ["good", "fun"], ["good", "film", "bad"], ["bad"]] * 4
SPELLED = [[SPELLINGS[token] for token in row] for row in SENTENCES]
WITHOUT_SPELLING = {"char_encoder": None, "casing": False, "affixes": False, "wide": False}


@pytest.mark.parametrize(
    ("estimator", "y", "method"),
    [
        (LSTMClassifier(**SMALL), ["x", "y"] * 8, "predict_proba"),
        (LSTMClassifier(word_dropout=0.5, **SMALL), ["x", "y"] * 8, "predict_proba"),
        (LSTMRegressor(**SMALL), list(range(16)), "predict"),
        (LSTMTagger(**WITHOUT_SPELLING, **SMALL), SENTENCES, "predict_marginals"),
        (LSTMSeq2Seq(**SMALL), SENTENCES, "predict_n_best"),
        (LSTMGenerator(level="token", **SMALL), None, "score_samples"),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_a_token_means_the_same_however_it_is_spelled(estimator, y, method):
    plain, spelled = (
        getattr(sklearn.clone(estimator).set_params(random_state=0).fit(X, y), method)(X)
        for X in (SENTENCES, SPELLED)
    )
    assert str(spelled) == str(plain)


def test_tokens_spelled_like_padding_are_tagged_and_written():
    lengths = [3, 2, 3, 1] * 4
    for X in (SPELLED, TokenIndexer().fit_transform(SPELLED)):
        model = LSTMTagger(**SMALL, random_state=0).fit(X, SPELLED)
        assert list(map(len, model.predict(X))) == lengths
    generator = LSTMGenerator(level="token", **SMALL, random_state=0).fit(SPELLED)
    (text,) = generator.sample(prefix=["<unk>", "<pad>"], max_length=5)
    assert text[:2] == ["<unk>", "<pad>"]
    assert set(text) <= set(SPELLINGS.values())
