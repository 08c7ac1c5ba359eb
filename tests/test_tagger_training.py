"""LSTMTagger: weights, validation, going on, and model selection."""

import itertools
from collections import Counter
from copy import copy, deepcopy

import numpy as np
import pytest
import sklearn
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from tagged import (
    FULL_BATCH,
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
    marginals,
    nats_per_step,
    tagger,
    take,
)
from toys import Raise, spy

from sklstm import LSTMTagger, TokenIndexer, Word2VecEmbedder
from sklstm.metrics import (
    entity_f1_score,
    entity_f1_scorer,
    token_accuracy_score,
    token_accuracy_scorer,
)
from sklstm.model_selection import DocumentKFold

FEATURES = {"affixes": True, "wide": True, "affix_dropout": 0}


class TestWeights:
    odd = ["Ada", "Turing", "is", "far", "in", "London", "New", "York"]  # words of the others
    odd_tags = ["B-LOC", "I-LOC", "O", "B-PER", "B-PER", "O", "O", "O"]

    @pytest.mark.parametrize("features", [{}, FEATURES])
    @pytest.mark.parametrize("crf", [True, False])
    def test_a_weight_of_zero_equals_leaving_out(self, crf, features):
        weights = np.r_[np.ones(20), 0]
        params = {"crf": crf, **features, **FULL_BATCH}
        weighted = tagger(**params).fit([*SENTENCES, self.odd], [*TAGS, self.odd_tags], weights)
        assert_close(weighted.predict_marginals(SHORT), marginals(SENTENCES, SHORT, **params))

    @pytest.mark.parametrize("features", [{}, FEATURES])
    @pytest.mark.parametrize("crf", [True, False])
    def test_a_weight_of_two_equals_a_copy(self, crf, features):
        weights = np.r_[np.ones(20), 2]
        params = {"crf": crf, **features, **FULL_BATCH}
        X, y = [*SENTENCES, self.odd], [*TAGS, self.odd_tags]
        weighted = tagger(**params).fit(X, y, weights)
        copied = tagger(**params).fit([*X, self.odd], [*y, self.odd_tags])
        assert_close(weighted.predict_marginals(SHORT), copied.predict_marginals(SHORT))
        plain = tagger(**params).fit(X, y).predict_marginals(SHORT)
        assert np.abs(plain[0] - copied.predict_marginals(SHORT)[0]).max() > 1e-4

    def test_the_scale_of_weights_does_not_matter(self):
        expected = marginals(SENTENCES, SHORT)
        for weight in (1e-300, 7.0, 1e308):
            fitted = tagger().fit(SENTENCES, TAGS, np.full(20, weight))
            assert_close(fitted.predict_marginals(SHORT), expected, rtol=1e-5)
            for crf in (True, False):
                plain = marginals(SENTENCES, SHORT, crf=crf)
                weights = dict.fromkeys(itertools.chain(*TAGS), weight)
                found = marginals(SENTENCES, SHORT, crf=crf, class_weight=weights)
                assert_close(found, plain, rtol=1e-5)

    def test_class_weights_without_a_crf_weigh_steps(self):
        weights = {"O": 0.5, "B-PER": 3}
        params = {"crf": False, **FULL_BATCH, "lr": 1e-12, "max_epochs": 1}
        fitted = tagger(class_weight=weights, **params).fit(SENTENCES, TAGS)
        position = {tag: k for k, tag in enumerate(fitted.classes_)}
        total, sum_of_weights = 0, 0
        for row, tags in zip(fitted.predict_marginals(SENTENCES), TAGS, strict=True):
            for step, tag in zip(row, tags, strict=True):
                total -= weights.get(tag, 1) * np.log(step[position[tag]])
                sum_of_weights += weights.get(tag, 1)
        assert fitted.history_[0]["train_loss"] == pytest.approx(total / sum_of_weights)

    def test_class_weights_with_a_crf_weigh_sequences(self):
        weights = {"O": 0.5, "B-PER": 3}
        params = {**FEATURES, **FULL_BATCH}
        means = [np.mean([weights.get(tag, 1) for tag in tags]) for tags in TAGS]
        fitted = tagger(**params).fit(SENTENCES, TAGS, means)
        found = marginals(SENTENCES, SHORT, class_weight=weights, **params)
        assert_close(found, fitted.predict_marginals(SHORT))
        assert np.abs(found[0] - marginals(SENTENCES, SHORT, **params)[0]).max() > 1e-4

    @pytest.mark.parametrize("crf", [True, False])
    def test_balanced_tags(self, crf):
        counts = Counter(itertools.chain(*TAGS))
        weights = {tag: 1 / count for tag, count in counts.items()}
        balanced = marginals(SENTENCES, SHORT, crf=crf, class_weight="balanced")
        assert_close(balanced, marginals(SENTENCES, SHORT, crf=crf, class_weight=weights))
        assert not np.allclose(balanced[0], marginals(SENTENCES, SHORT, crf=crf)[0], rtol=1e-4)

    def test_class_weights_can_change(self):
        fitted = tagger(crf=False, warm_start=True).fit(SENTENCES, TAGS)
        heavy = deepcopy(fitted).set_params(class_weight={"O": 100}).fit(SENTENCES, TAGS)
        o = list(fitted.classes_).index("O")
        more, less = (
            np.concatenate(each.fit(SENTENCES, TAGS).predict_marginals(SENTENCES))[:, o].sum()
            for each in (heavy, fitted)
        )
        assert more > 1.1 * less

    def test_the_score_weighs_sentences(self):
        unsure = tagger(max_epochs=8).fit(SENTENCES, TAGS)
        weights = np.random.RandomState(0).rand(20)
        predicted = unsure.predict(SENTENCES)
        expected = entity_f1_score(TAGS, predicted, sample_weight=weights)
        assert unsure.score(SENTENCES, TAGS, weights) == expected
        assert unsure.score(SENTENCES, TAGS, weights) != unsure.score(SENTENCES, TAGS)
        plain = tagger().fit(SENTENCES, PLAIN)
        expected = token_accuracy_score(PLAIN, plain.predict(SENTENCES), sample_weight=weights)
        assert plain.score(SENTENCES, PLAIN, weights) == expected != plain.score(SENTENCES, PLAIN)


class TestValidation:
    @pytest.mark.parametrize("params", [{}, {"crf": False}, {"train_scheme": "IOBES"}])
    def test_scores_of_the_validation_data(self, params):
        fitted = tagger(max_epochs=4, **params).fit(SENTENCES, TAGS, X_val=X_VAL, y_val=Y_VAL)
        last = fitted.history_[-1]
        assert last["valid_f1"] == pytest.approx(fitted.score(X_VAL, Y_VAL))
        if params.get("crf", True):
            assert last["valid_loss"] == pytest.approx(nats_per_step(fitted, X_VAL, Y_VAL), 1e-4)
        assert_same(fitted.predict_marginals(SHORT),
                    marginals(SENTENCES, SHORT, max_epochs=4, **params))  # fmt: skip

    def test_accuracy_of_plain_tags(self):
        y_val = [["O" if tag == "O" else tag[2:] for tag in row] for row in Y_VAL]
        fitted = tagger(max_epochs=4).fit(SENTENCES, PLAIN, X_val=X_VAL, y_val=y_val)
        assert fitted.history_[-1]["valid_acc"] == fitted.score(X_VAL, y_val)
        assert "valid_f1" not in fitted.history_[-1]

    def test_no_score_without_validation_data(self):
        last = tagger().fit(SENTENCES, TAGS).history_[-1]
        assert not any(name.startswith("valid") for name in last)

    @pytest.mark.parametrize("y", [TAGS, PLAIN])
    def test_early_stopping_restores_the_best_epoch(self, y):
        y_val = Y_VAL if y is TAGS else [[t[2:] or t for t in row] for row in Y_VAL]
        params = {"early_stopping": True, "n_iter_no_change": 4, "max_epochs": 100, "batch_size": 5}
        fitted = tagger(**params).fit(SENTENCES, y, X_val=X_VAL, y_val=y_val)
        name = "valid_f1" if y is TAGS else "valid_acc"
        scores = [epoch[name] for epoch in fitted.history_]
        best = int(np.argmax(scores))
        assert fitted.n_iter_ == best + 1 + 4 < 100
        assert fitted.score(X_VAL, y_val) == pytest.approx(max(scores))
        loss = nats_per_step(fitted, X_VAL, y_val)
        assert loss == pytest.approx(fitted.history_[best]["valid_loss"], rel=1e-4)
        assert loss != pytest.approx(fitted.history_[-1]["valid_loss"], rel=1e-2)

    def test_early_stopping_waits_for_the_first_entity(self):
        params = {"early_stopping": True, "n_iter_no_change": 2, "max_epochs": 30, "lr": 0.01}
        fitted = tagger(**params).fit(SENTENCES, TAGS, X_val=SENTENCES, y_val=TAGS)
        scores = [epoch["valid_f1"] for epoch in fitted.history_]
        assert scores[:3] == [0, 0, 0]
        assert fitted.score(SENTENCES, TAGS) == max(scores) > 0.3

    def test_early_stopping_holds_out_a_part(self):
        callback, log = spy("on_epoch_begin", lambda net, dataset_train, dataset_valid: (
            len(dataset_train), len(dataset_valid)))  # fmt: skip
        params = {"early_stopping": True, "validation_fraction": 0.25, "callbacks": [callback]}
        fitted = tagger(**params).fit(SENTENCES, TAGS)
        assert log[0] == (15, 5)
        assert 0 <= fitted.history_[-1]["valid_f1"] <= 1


class TestGoingOn:
    def test_warm_start(self):
        fitted = tagger(warm_start=True).fit(SENTENCES, TAGS)
        fitted.fit(SENTENCES, TAGS)
        assert fitted.n_iter_ == 4
        losses = [epoch["train_loss"] for epoch in fitted.history_]
        assert losses == sorted(losses, reverse=True)
        assert tagger().fit(SENTENCES, TAGS).fit(SENTENCES, TAGS).n_iter_ == 2

    @pytest.mark.parametrize(
        "change",
        [{"char_encoder": "cnn"}, {"casing": True}, {"crf": False}, {"hidden_size": 7}],
        ids=str,
    )
    def test_what_shapes_the_network_cannot_change(self, change):
        fitted = tagger(warm_start=True).fit(SENTENCES, TAGS)
        expected = fitted.predict_marginals(SHORT)
        fitted.set_params(**change)
        assert_same(fitted.predict_marginals(SHORT), expected)  # counts from the next fit on
        with pytest.raises(ValueError, match="does not fit the network"):
            fitted.fit(SENTENCES, TAGS)
        assert_same(fitted.predict_marginals(SHORT), expected)
        fitted.set_params(warm_start=False).fit(SENTENCES, TAGS)

    def test_characters_can_not_be_left_out_either(self):
        fitted = tagger(warm_start=True, char_encoder="cnn").fit(SENTENCES, TAGS)
        expected = fitted.predict_marginals(SHORT)
        fitted.set_params(char_encoder=None)
        assert_same(fitted.predict_marginals(SHORT), expected)
        with pytest.raises(ValueError, match="does not fit the network"):
            fitted.fit(SENTENCES, TAGS)

    @pytest.mark.parametrize("train_scheme", [None, "BILOU"])
    def test_partial_fit(self, train_scheme):
        classes = sorted(set(itertools.chain(*TAGS)))
        fitted = tagger(char_encoder="cnn", train_scheme=train_scheme)
        fitted.partial_fit(SENTENCES[1:2], TAGS[1:2], classes=classes)
        for _ in range(40):
            fitted.partial_fit(SENTENCES, TAGS, sample_weight=np.ones(20))
        assert fitted.n_iter_ == 41
        assert fitted.predict(SENTENCES[1:2]).tolist() == TAGS[1:2]
        if train_scheme is None:
            assert fitted.classes_.tolist() == classes
        assert fitted.fit(SENTENCES, TAGS).n_iter_ == 2

    def test_partial_fit_needs_all_tags(self):
        with pytest.raises(ValueError, match="classes must be passed on the first call"):
            tagger().partial_fit(SENTENCES, TAGS)
        fitted = tagger().partial_fit(SENTENCES[3:4], TAGS[3:4], classes=["O", "B-PER"])
        expected = fitted.predict_marginals(SHORT)
        with pytest.raises(ValueError, match=r"the tags \['B-LOC', 'I-LOC'\], .* not among"):
            fitted.partial_fit(SENTENCES[2:3], TAGS[2:3])
        assert_same(fitted.predict_marginals(SHORT), expected)

    @pytest.mark.parametrize(
        ("classes", "error"), [(["O", "X-PER"], ValueError), ([1, 2], TypeError)]
    )
    def test_partial_fit_wrong_tags(self, classes, error):
        with pytest.raises(error, match="classes"):
            tagger().partial_fit(SENTENCES, TAGS, classes=classes)

    def test_classes_of_partial_fit_do_not_outlive_it(self):
        classes = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-MISC"]
        fitted = tagger().partial_fit(SENTENCES, TAGS, classes=classes)
        assert "B-MISC" in fitted.classes_
        assert "B-MISC" not in fitted.fit(SENTENCES, TAGS).classes_

    def test_interruption(self):
        callbacks = [Raise("on_batch_end", KeyboardInterrupt, 2)]
        with pytest.warns(UserWarning, match="interrupted in epoch 2") as log:
            fitted = tagger(callbacks=callbacks, max_epochs=5).fit(
                SENTENCES, TAGS, X_val=X_VAL, y_val=Y_VAL
            )
        assert log[0].filename == __file__
        assert fitted.n_iter_ == 1
        fitted.set_params(callbacks=None, warm_start=True)
        fitted.fit(SENTENCES, TAGS, X_val=X_VAL, y_val=Y_VAL)
        assert fitted.history_[-1]["valid_f1"] == fitted.score(X_VAL, Y_VAL)


SCORING = {"f1": entity_f1_scorer, "tokens": token_accuracy_scorer}


@pytest.fixture
def pipe():
    embedder = Word2VecEmbedder(vector_size=4, min_count=1, random_state=0)
    return make_pipeline(embedder, tagger(char_encoder="cnn", max_epochs=5))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
class TestModelSelection:
    def test_cross_validate(self, pipe):
        scores = cross_validate(
            pipe, SENTENCES, TAGS, cv=4, scoring=SCORING, return_estimator=True, error_score="raise"
        )
        assert scores["test_f1"].shape == scores["test_tokens"].shape == (4,)
        fitted, rows = scores["estimator"][0], slice(0, 5)  # KFold: the first fold
        tags = fitted.predict(SENTENCES[rows])
        assert scores["test_tokens"][0] == token_accuracy_score(TAGS[rows], tags) > 0.4
        assert scores["test_f1"][0] == entity_f1_score(TAGS[rows], tags, zero_division=0.0)

    @pytest.mark.parametrize(
        "X", [SENTENCES, embedded(), RAGGED], ids=["list", "Sequences", "arrays"]
    )
    def test_cross_val_predict(self, X):
        tags = cross_val_predict(tagger(), X, TAGS, cv=4)
        assert tags.shape == (20,)
        assert list(map(len, tags)) == list(map(len, TAGS))
        expected = tagger().fit(take(X, range(5, 20)), TAGS[5:]).predict(X[:5])
        assert tags[:5].tolist() == expected.tolist()

    def test_cross_val_predict_of_equal_lengths(self):
        X, y = [["Ada", "met"], ["New", "York"]] * 5, [["B-PER", "O"], ["B-LOC", "I-LOC"]] * 5
        for containers in ((X, y), (np.array(X), np.array(y))):
            assert cross_val_predict(tagger(), *containers, cv=2).shape == (10,)

    def test_grid_search_in_two_processes_equals_one(self, pipe):
        grid = {"lstmtagger__crf": [True, False]}
        one, two = (
            GridSearchCV(pipe, grid, cv=3, n_jobs=n, scoring=token_accuracy_scorer)
            .fit(SENTENCES, TAGS)
            for n in (1, 2)
        )  # fmt: skip
        for split in range(3):
            name = f"split{split}_test_score"
            np.testing.assert_array_equal(one.cv_results_[name], two.cv_results_[name])
        assert one.best_params_ == two.best_params_
        assert two.predict(SENTENCES).tolist() == one.predict(SENTENCES).tolist()
        assert two.score(SENTENCES, TAGS) == token_accuracy_score(TAGS, two.predict(SENTENCES))

    def test_halving_search(self):
        grid = {"hidden_size": [2, 6], "max_epochs": [1, 20]}
        search = HalvingGridSearchCV(
            tagger(), grid, cv=2, min_resources=8, random_state=0, error_score="raise"
        )
        search.fit(SENTENCES, TAGS)
        assert search.best_params_["max_epochs"] == 20
        assert search.predict(SHORT).shape == (3,)

    def test_documents(self):
        documents = np.repeat(np.arange(4), 5)
        cv = DocumentKFold(n_splits=4)
        scores = cross_validate(
            tagger(), SENTENCES, TAGS, cv=cv, groups=documents, error_score="raise"
        )
        assert scores["test_score"].shape == (4,)
        search = GridSearchCV(tagger(), {"crf": [True, False]}, cv=cv, error_score="raise")
        search.fit(SENTENCES, TAGS, groups=documents)
        for train, test in cv.split(SENTENCES, TAGS, documents):
            assert not set(documents[train]) & set(documents[test])

    def test_stratification_is_refused_by_scikit_learn(self):
        for y in (TAGS, [["O", "B-PER"]] * 20):
            with pytest.raises(ValueError, match=r"array element with a sequence|multi"):
                cross_validate(tagger(), SENTENCES, y, cv=StratifiedKFold(2), error_score="raise")
        assert "StratifiedKFold`` fails" in LSTMTagger.__doc__
        assert "DocumentKFold" in LSTMTagger.__doc__

    def test_sample_weight_is_routed(self):
        weights = np.random.RandomState(0).rand(20)
        with sklearn.config_context(enable_metadata_routing=True):
            routed = tagger().set_fit_request(sample_weight=True)
            # scikit-learn 1.6 asks a pipeline's own score for requests that it cannot have
            scorer = copy(entity_f1_scorer).set_score_request(sample_weight=True)
            found = cross_validate(
                make_pipeline(TokenIndexer(), routed), SENTENCES, TAGS, cv=KFold(2),
                params={"sample_weight": weights}, scoring=scorer, error_score="raise",
            )  # fmt: skip
        fitted = make_pipeline(TokenIndexer(), tagger())
        fitted.fit(SENTENCES[10:], TAGS[10:], lstmtagger__sample_weight=weights[10:])
        expected = entity_f1_score(
            TAGS[:10], fitted.predict(SENTENCES[:10]), sample_weight=weights[:10]
        )
        assert found["test_score"][0] == expected

    def test_validation_data_goes_through_the_pipeline(self):
        with sklearn.config_context(enable_metadata_routing=True):
            last = tagger(early_stopping=True).set_fit_request(X_val=True, y_val=True)
            embedder = Word2VecEmbedder(vector_size=4, min_count=1, random_state=0)
            pipe = make_pipeline(embedder, last, transform_input=["X_val"])
            pipe.fit(SENTENCES, TAGS, X_val=X_VAL, y_val=Y_VAL)
            best = max(epoch["valid_f1"] for epoch in last.history_)
            assert pipe.score(X_VAL, Y_VAL) == best
