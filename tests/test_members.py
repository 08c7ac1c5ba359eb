"""Several networks in one estimator, and the linear model beside them."""

import pickle
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from tagged import SENTENCES, SHORT, TAGS, X_VAL, Y_VAL, assert_same, tagger
from toys import IDS, LABELS, SERIES, TOKENS, Raise, classifier, embedded, y

from sklstm import (
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    SequencePadder,
    Sequences,
    Tokenizer,
    Word2VecEmbedder,
)
from sklstm._wide_path import cross_fit_folds, weigh_evidence
from sklstm.generator._sampler import SamplingRule, UniformNumbers
from sklstm.inspection import hidden_states, token_contributions

WIDE = {"wide": True, "n_members": 2}


def regressor(**params):
    return LSTMRegressor(hidden_size=3, max_epochs=2, random_state=0, **params)


class TestMembers:
    @pytest.mark.parametrize("model", [classifier, regressor])
    def test_outputs_are_averaged(self, model):
        fitted = model(n_members=3).fit(SERIES, y)
        method = "decision_function" if model is classifier else "predict"
        each = [getattr(member, method)(SERIES) for member in fitted.members_]
        assert len(each) == 3
        assert not np.allclose(each[0], each[1])
        np.testing.assert_allclose(getattr(fitted, method)(SERIES), np.mean(each, axis=0), 1e-5)

    def test_the_first_member_is_the_single_network(self):
        fitted, single = classifier(n_members=2).fit(SERIES, y), classifier().fit(SERIES, y)
        np.testing.assert_array_equal(
            fitted.members_[0].decision_function(SERIES), single.decision_function(SERIES)
        )

    def test_auto_takes_fewer_of_much_data(self, monkeypatch):
        assert len(classifier(n_members="auto").fit(TOKENS, LABELS).members_) == 5
        monkeypatch.setattr("sklstm._members.AFFORDED_STEPS", 2 * 3 * sum(map(len, TOKENS)))
        assert len(classifier(n_members="auto").fit(TOKENS, LABELS).members_) == 2
        assert len(classifier(n_members=(3, 4)).fit(TOKENS, LABELS).members_) == 3
        padded = SequencePadder(max_length=50).fit_transform(Sequences.from_tokens(TOKENS))
        assert len(classifier(n_members="auto").fit(padded, LABELS).members_) == 2

    def test_every_member_trains_on(self):
        fitted = classifier(n_members=2, warm_start=True).fit(SERIES, y)
        before = [member.decision_function(SERIES) for member in fitted.members_]
        fitted.set_params(lr=0.01).fit(SERIES, y)
        for member, logits in zip(fitted.members_, before, strict=True):
            assert member.n_iter_ == 6
            assert not np.allclose(member.decision_function(SERIES), logits)
        with pytest.raises(ValueError, match="n_members=3 cannot go on from a fit of 2"):
            fitted.set_params(n_members=3).fit(SERIES, y)
        assert len(fitted.members_) == 2

    def test_portions(self):
        fitted = classifier(n_members=2)
        for _ in range(2):
            fitted.partial_fit(SERIES, y, classes=[0, 1])
        assert [member.n_iter_ for member in fitted.members_] == [2, 2]

    def test_a_fit_without_members_forgets_them(self):
        fitted = classifier(**WIDE).fit(TOKENS, LABELS).set_params(wide=False, n_members=1)
        fitted.fit(TOKENS, LABELS)
        expected = classifier().fit(TOKENS, LABELS).decision_function(TOKENS)
        np.testing.assert_array_equal(fitted.decision_function(TOKENS), expected)
        assert not hasattr(fitted, "wide_weights_")

    def test_wrong_numbers_of_members(self):
        for n_members in (0, -1, 1.5, "some"):
            with pytest.raises(ValueError, match="'n_members' parameter"):
                classifier(n_members=n_members).fit(SERIES, y)
        for n_members in ((0, 2), (3, 2), (1,), ("a", 2)):
            with pytest.raises(ValueError, match="two integers"):
                classifier(n_members=n_members).fit(SERIES, y)


@pytest.fixture(scope="module")
def fitted():
    params = {"n_members": 3, "max_epochs": 25, "train_scheme": "IOBES"}
    return tagger(**params).fit(SENTENCES, TAGS)


class TestTaggers:
    def test_paths_have_the_mean_score(self, fitted):
        members = [dict_of_paths(member) for member in fitted.members_]
        found = dict_of_paths(fitted)
        assert len({tuple(paths.values()) for paths in members}) == 3
        means = {path: np.mean([one[path] for one in members]) for path in found}
        total = np.log(np.exp(list(means.values())).sum())  # the paths' scores are up to a constant
        expected = {path: mean - total for path, mean in means.items()}
        assert found == pytest.approx(expected, abs=1e-4)

    def test_everything_is_predicted_from_the_same_paths(self, fitted):
        paths = dict_of_paths(fitted)
        best = max(paths, key=paths.get)
        assert tuple(fitted.predict([PAIR])[0]) == best
        [[first, _]] = fitted.predict_marginals([PAIR])
        tags = fitted.classes_.tolist()
        for kind in "BO":
            of_kind = [tag[0] in kind.replace("B", "BS") for tag in tags]
            expected = sum(np.exp(log) for path, log in paths.items() if path[0][0] == kind)
            assert first[of_kind].sum() == pytest.approx(expected, abs=1e-5)
        per = [m.transitions_["B-PER"]["E-PER"] for m in fitted.members_]
        assert fitted.transitions_["B-PER"]["E-PER"] == pytest.approx(np.mean(per))
        assert fitted.transitions_["O"]["I-PER"] == -np.inf
        [[entity]] = fitted.predict_entities([PAIR])
        assert entity.text == "Alan Turing"
        assert entity.confidence == pytest.approx(np.exp(paths["B-PER", "I-PER"]), abs=1e-5)
        assert fitted.score(SENTENCES, TAGS) > 0.9

    @pytest.mark.parametrize("params", [{}, {"crf": False}, {"early_stopping": True}])
    def test_the_first_member_is_the_single_network(self, params):
        first = tagger(n_members=2, **params).fit(SENTENCES, TAGS).members_[0]
        assert_same(
            first.predict_marginals(SHORT),
            tagger(**params).fit(SENTENCES, TAGS).predict_marginals(SHORT),
        )

    def test_a_copy_predicts_the_same(self, fitted):
        expected = fitted.predict_marginals(SHORT)
        assert_same(pickle.loads(pickle.dumps(fitted)).predict_marginals(SHORT), expected)
        assert_same(clone(fitted).fit(SENTENCES, TAGS).predict_marginals(SHORT), expected)

    def test_every_member_trains_on(self):
        fitted = tagger(n_members=2, warm_start=True).fit(SENTENCES, TAGS)
        fitted.set_params(lr=0.01).fit(SENTENCES, TAGS)
        assert [member.n_iter_ for member in fitted.members_] == [4, 4]
        with pytest.raises(ValueError, match="n_members=1 cannot go on from a fit of 2"):
            fitted.set_params(n_members=1).fit(SENTENCES, TAGS)

    def test_portions_with_declared_tags(self):
        fitted = tagger(n_members=2)
        for rows in (slice(0, 1), slice(1, 3)):
            fitted.partial_fit(SENTENCES[rows], TAGS[rows], classes=np.unique(np.concatenate(TAGS)))
        assert [member.n_iter_ for member in fitted.members_] == [2, 2]
        assert {tuple(member.classes_) for member in fitted.members_} == {tuple(fitted.classes_)}
        assert "I-LOC" in fitted.classes_

    def test_weights_and_validation_data_reach_every_member(self):
        weights = np.tile([1, 0, 0, 0, 1], 4)
        fitted = tagger(n_members=2, wide=True, affixes=True).fit(
            SENTENCES, TAGS, weights, X_val=X_VAL, y_val=Y_VAL
        )
        plain = tagger(n_members=2, wide=True, affixes=True).fit(SENTENCES, TAGS)
        for weighted, other in zip(fitted.members_, plain.members_, strict=True):
            assert "valid_f1" in weighted.history_[-1]
            assert weighted.module_.wide is not None
            expected = other.predict_marginals(SHORT)
            assert not np.allclose(weighted.predict_marginals(SHORT)[0], expected[0])

    def test_a_failed_fit_loses_nothing(self):
        fitted = tagger(n_members=2).fit(SENTENCES, TAGS)
        expected = fitted.predict_marginals(SHORT)
        with pytest.raises(RuntimeError, match="stop"):
            fitted.set_params(callbacks=[Raise("on_epoch_end", RuntimeError("stop"))]).fit(
                SENTENCES, TAGS
            )
        assert_same(fitted.predict_marginals(SHORT), expected)

    def test_one_network_is_inspected(self, fitted):
        with pytest.raises(ValueError, match=r"LSTMTagger.members_\[0\]"):
            hidden_states(fitted, SHORT)
        assert len(hidden_states(fitted.members_[1], SHORT).tokens) == 3


PAIR = ["Alan", "Turing"]


def dict_of_paths(fitted):
    [paths] = fitted.predict_n_best([PAIR], n=100)
    return {tuple(path): log_probability for path, log_probability in paths}


WORDS, PAST = ["go", "walk", "jump", "talk"] * 5, ["went", "walked", "jumped", "talked"] * 5
TEXTS = ["tick tock", "toe", "tock", "a tick"] * 5
SMALL = {"hidden_size": 5, "embedding_dim": 5, "max_epochs": 2, "lr": 0.02, "random_state": 0}


class TestSymbolBySymbol:
    @pytest.fixture(scope="class")
    @staticmethod
    def generator():
        return LSTMGenerator(n_members=3, **SMALL).fit(TEXTS)

    @pytest.fixture(scope="class")
    @staticmethod
    def translator():
        return LSTMSeq2Seq(n_members=3, **SMALL).fit(WORDS, PAST)

    @pytest.mark.parametrize("params", [{}, {"softmax": "adaptive"}, {"bptt_steps": 2}])
    def test_each_symbol_of_a_text_has_the_mean_probability(self, params):
        fitted = LSTMGenerator(n_members=2, **SMALL, **params).fit(TEXTS)
        texts = ["", "t", "to", "toe"]
        logs = np.array([member.score_samples(texts) for member in fitted.members_])
        assert not np.allclose(*logs)
        data = fitted._read_dataset(["toe"], None, None)
        [(_, _, targets, outputs)] = fitted._run(data)
        symbols = [
            net.module_.log_probabilities(of_net[0]).exp()[torch.arange(4), targets[0]]
            for net, of_net in zip(fitted._nets, outputs, strict=True)
        ]
        expected = torch.stack(symbols).mean(dim=0).log().sum().item()
        assert fitted.score_samples(texts)[3] == pytest.approx(expected, abs=1e-4)
        assert fitted.score_samples(texts)[0] == pytest.approx(
            np.log(np.exp(logs[:, 0]).mean()), abs=1e-4
        )

    def test_texts_are_drawn_from_what_scores_them(self, generator):
        drawn = generator.sample(400, max_length=1, random_state=0)
        letters, counts = np.unique(drawn, return_counts=True)
        first = SamplingRule(1.0, None, None)
        sampler = generator._sampler([], None, UniformNumbers(0, range(1)), first)
        logs = [
            m._sampler([], None, UniformNumbers(0, range(1)), first) for m in generator.members_
        ]
        mean = np.mean([next_probabilities(one) for one in logs], axis=0)
        np.testing.assert_allclose(next_probabilities(sampler), mean, rtol=1e-4)
        shares = [mean[generator.vocabulary_[letter]] if letter else mean[0] for letter in letters]
        np.testing.assert_allclose(counts / 400, np.array(shares) / (1 - mean[1]), atol=0.08)

    def test_a_text_does_not_depend_on_its_batch(self, generator):
        texts = generator.sample(6, prefix="t", random_state=1)
        model = pickle.loads(pickle.dumps(generator)).set_params(batch_size=2)
        assert model.sample(6, prefix="t", random_state=1) == texts
        assert "".join(model.iter_sample(prefix="t", random_state=1)) == texts[0][1:]
        np.testing.assert_allclose(
            model.score_samples(TEXTS), generator.score_samples(TEXTS), rtol=1e-5
        )

    def test_features_stand_side_by_side(self, generator):
        each = [member.transform(TEXTS) for member in generator.members_]
        np.testing.assert_allclose(generator.transform(TEXTS), np.hstack(each), atol=1e-6)
        assert len(generator.get_feature_names_out()) == 15

    def test_each_symbol_of_an_output_has_the_mean_probability(self, translator):
        [found] = translator.predict_n_best(["go"], n=6, beam_size=9)
        assert len(found) == 6
        targets = translator._symbols.encode([output for output, _ in found]).padded(np.arange(6))
        steps = torch.tensor([[translator._encoder.codes[letter] for letter in "go"]] * 6)
        with torch.no_grad():
            logits = [n.module_(steps, torch.full((6,), 2), targets) for n in translator._nets]
        mean = torch.stack(logits).softmax(dim=-1).mean(dim=0).log()  # of logits it is a softmax
        losses = translator.module_.losses(mean, targets)
        np.testing.assert_allclose([log for _, log in found], -losses, atol=1e-5)

    def test_a_copy_predicts_the_same(self, translator):
        copied = pickle.loads(pickle.dumps(translator))
        assert copied.predict_n_best(WORDS[:3]) == translator.predict_n_best(WORDS[:3])
        assert copied.predict(WORDS[:3]).tolist() == translator.predict(WORDS[:3]).tolist()
        again = clone(translator).fit(WORDS, PAST)
        assert again.predict_n_best(WORDS[:3]) == translator.predict_n_best(WORDS[:3])

    @pytest.mark.parametrize(
        ("model", "data", "new"),
        [(LSTMGenerator, (TEXTS,), ["u", "v"]), (LSTMSeq2Seq, (WORDS, PAST), ["x", "y"])],
    )
    def test_every_member_trains_on(self, model, data, new):
        fitted = model(n_members=2, warm_start=True, **SMALL).fit(*data).fit(*data)
        assert [member.n_iter_ for member in fitted.members_] == [4, 4]
        parts = model(n_members=2, **SMALL).partial_fit(*data, symbols=new).partial_fit(*data)
        assert [member.n_iter_ for member in parts.members_] == [2, 2]
        first, second = (getattr(m, "symbols_", None) or m.vocabulary_ for m in parts.members_)
        assert first == second
        assert set(new) <= set(first)

    def test_a_long_text_has_many_updates(self):
        fitted = LSTMGenerator(bptt_steps=5, batch_size=2, n_members="auto", **SMALL)
        inputs = Sequences.from_tokens(["ab" * 100])
        assert fitted._count_updates(inputs) == 20


def next_probabilities(sampler):
    return sampler.models.log_probabilities(sampler.outputs)[0].exp().detach().numpy()


class TestWide:
    @pytest.mark.parametrize("params", [WIDE, {"wide": True}])
    def test_logits_are_a_weighted_sum(self, params):
        fitted = classifier(**params).fit(TOKENS, LABELS)
        networks = np.mean([m.decision_function(TOKENS) for m in fitted.members_], axis=0)
        linear = fitted._linear.decision(TOKENS)[:, 0]
        a, b = fitted.wide_weights_
        assert not any(hasattr(member, "wide_weights_") for member in fitted.members_)
        assert a > 0 < b
        np.testing.assert_allclose(
            fitted.decision_function(TOKENS), a * linear + b * networks, 1e-4
        )
        np.testing.assert_allclose(
            fitted.predict_proba(TOKENS)[:, 1], expit(fitted.decision_function(TOKENS)), 1e-5
        )

    def test_a_copy_and_a_search_predict_the_same(self):
        fitted = classifier(**WIDE).fit(TOKENS, LABELS)
        expected = fitted.decision_function(TOKENS)
        copied = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(copied.decision_function(TOKENS), expected)
        again = clone(fitted).fit(TOKENS, LABELS)
        np.testing.assert_array_equal(again.decision_function(TOKENS), expected)
        search = GridSearchCV(classifier(max_epochs=1), {"wide": [False, True]}, cv=2)
        assert search.fit(TOKENS, LABELS).best_estimator_.predict(TOKENS).shape == (20,)

    @pytest.mark.parametrize(
        ("X", "labels", "params"),
        [
            (TOKENS, ["a", "b", "c", "b"] * 5, {}),
            (TOKENS, ["a"] * 18 + ["b", "c"], {"n_members": 2}),  # some folds lack a class
            (TOKENS, np.eye(3, dtype=int)[[0, 1, 2, 1] * 5], {}),
            (IDS, LABELS, {"vocabulary_size": 6}),
            (TOKENS, LABELS, {"class_weight": "balanced"}),
            ([*TOKENS[:19], []], LABELS, {}),
            (TOKENS[:2], LABELS[:2], {}),
            (TOKENS[:2], LABELS[:2], {"n_members": 3}),
        ],
        ids=["multiclass", "rare classes", "multi-label", "ids", "balanced", "empty", "two", "few"],
    )
    def test_targets_and_inputs(self, X, labels, params):
        fitted = classifier(wide=True, **params).fit(X, labels)
        assert np.isfinite(fitted.predict_proba(X)).all()
        assert np.asarray(fitted.predict(X)).shape == np.shape(labels)

    def test_tokens_that_the_embedder_does_not_know_count(self):
        texts = [" ".join(row) for row in TOKENS]
        texts[0] += " unique"
        pipe = make_pipeline(
            Tokenizer(), Word2VecEmbedder(vector_size=2, min_count=2), SequencePadder(max_length=6),
            classifier(wide=True),
        )  # fmt: skip
        pipe.fit(texts, LABELS)
        linear = pipe[-1]._linear
        assert np.any(linear.decision([["unique"]]) != linear.intercept_)

    def test_vectors_have_a_linear_model_of_their_own(self):
        """It knows words that no text to learn from has."""
        words = ["good", "bad", "fine", "poor", "film", "plot"]
        random = np.random.RandomState(0)
        vectors = random.normal(size=(6, 4))
        vectors[:4, 0] = [2, -2, 2, -2]
        texts = [f"{side} {thing}" for side in ("good", "bad") for thing in ("film", "plot")] * 5
        labels = [text.split()[0] for text in texts]
        embedder = Word2VecEmbedder(vectors=(vectors, words))
        pipe = make_pipeline(Tokenizer(), embedder, classifier(**WIDE)).fit(texts, labels)
        assert pipe[-1].wide_weights_.shape == (3,)
        assert pipe[-1].wide_weights_[1] > 0.1
        new = ["poor film", "fine plot"]
        assert pipe.predict(new).tolist() == ["bad", "good"]
        embedded = pipe[:-1].transform(new)
        models = pipe[-1]._linear_models(embedded)
        logits = [model.decision(samples)[:, 0] for model, samples in models]
        logits.append(np.mean([m.decision_function(embedded) for m in pipe[-1].members_], axis=0))
        np.testing.assert_allclose(
            pipe.decision_function(new), pipe[-1].wide_weights_ @ logits, rtol=1e-4
        )
        result = token_contributions(pipe, new)
        sums = [values.sum() for values in result.contributions]
        np.testing.assert_allclose(sums, result.outputs - result.baseline_outputs, atol=1e-4)
        np.testing.assert_allclose(
            result.outputs, np.abs(pipe.decision_function(new)) * [-1, 1], rtol=1e-4
        )

    def test_vectors_that_know_nothing_are_left_out(self):
        vectors = np.random.RandomState(0).normal(size=(3, 2))
        embedder = Word2VecEmbedder(vectors=(vectors, ["x", "y", "z"]))
        X = embedder.fit_transform([["x", "y"], ["z"]] * 20)
        labels = np.random.RandomState(1).randint(2, size=40)
        for vectors in (X.vectors, 0 * X.vectors):
            fitted = classifier(wide=True).fit(X.with_vectors(vectors), labels)
            assert fitted.wide_weights_.shape == (2,)
            assert fitted._mean_vectors is None

    def test_vectors_without_tokens_are_refused(self):
        with_tokens = embedded(TOKENS)
        without = Sequences(with_tokens.codes, with_tokens.offsets, None, with_tokens.vectors)
        fitted = classifier(wide=True, max_epochs=1).fit(with_tokens, LABELS)
        for call in (fitted.predict, partial(token_contributions, fitted)):
            with pytest.raises(ValueError, match="Pass the tokens too"):
                call(without)

    def test_iterators_are_read_once(self):
        fitted = classifier(wide=True).fit(iter(TOKENS), LABELS)
        expected = fitted.decision_function(TOKENS)
        np.testing.assert_array_equal(fitted.decision_function(iter(TOKENS)), expected)

    def test_groups_stay_together(self):
        groups = np.arange(20) // 4
        for held_out in cross_fit_folds(y, groups, 2, 0):
            assert set(groups[held_out]).isdisjoint(np.delete(groups, held_out))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            classifier(wide=True).fit(TOKENS, LABELS, groups=groups)
            classifier(wide=True, early_stopping=True, validation=GroupKFold(2)).fit(
                TOKENS, LABELS, groups=groups
            )

    @pytest.mark.parametrize(
        ("X", "labels", "match"),
        [
            (SERIES, y, "needs tokens or ids; X holds numbers"),
            (TOKENS, LABELS[:-1], "inconsistent numbers of samples"),
            (TOKENS[:1], ["a"], "at least 2 classes"),
        ],
    )
    def test_wrong_input(self, X, labels, match):
        with pytest.raises(ValueError, match=match):
            classifier(wide=True).fit(X, labels)

    @pytest.mark.parametrize(
        ("groups", "match"),
        [
            (np.arange(3), "20 of X, 3 of groups"),
            (3, "groups must hold a value"),
            ([None] * 20, "groups holds the missing value None"),
            (np.ones((20, 2)), "groups must be one"),
            (np.array([1, "a"] * 10, object), "groups must be one"),
        ],
    )
    def test_wrong_groups(self, groups, match):
        with pytest.raises((TypeError, ValueError), match=match):
            classifier(wide=True).fit(TOKENS, LABELS, groups=groups)

    def test_weights_of_zero_are_as_if_absent(self):
        few = np.repeat([1.0, 0.0], [4, 16])
        weighted = classifier(wide=True).fit(TOKENS, LABELS, sample_weight=few)
        alone = classifier(wide=True).fit(TOKENS[:4], LABELS[:4])
        np.testing.assert_allclose(
            weighted._linear.decision(TOKENS[:4]), alone._linear.decision(TOKENS[:4]), rtol=1e-4
        )

    def test_the_unit_of_weights_does_not_matter(self):
        fitted, other = (
            classifier(wide=True).fit(TOKENS, LABELS, sample_weight=np.arange(20) * unit)
            for unit in (1e-3, 1e3)
        )
        np.testing.assert_allclose(
            fitted.decision_function(TOKENS), other.decision_function(TOKENS), rtol=1e-4
        )

    @pytest.mark.parametrize(
        ("labels", "class_weight"),
        [(y % 2, {0: 5.0, 1: 0.5}), (y % 3, {0: 5.0}), (y % 2, {0: 1.0, 1: 0.0})],
    )
    def test_class_weights_are_weights_of_samples(self, labels, class_weight):
        weights = [class_weight.get(label, 1.0) for label in labels.tolist()]
        fitted = classifier(wide=True, class_weight=class_weight).fit(TOKENS, labels)
        expected = classifier(wide=True).fit(TOKENS, labels, sample_weight=weights)
        np.testing.assert_allclose(
            fitted._linear.decision(TOKENS), expected._linear.decision(TOKENS), rtol=1e-3
        )

    def test_weights_of_labels_are_those_of_each_alone(self):
        labels = np.stack([y % 2, y % 3 == 0], axis=1).astype(int)
        class_weight = [{0: 5.0, 1: 0.5}, {0: 1.0, 1: 3.0}]
        fitted = classifier(wide=True, class_weight=class_weight).fit(TOKENS, labels)
        for column, one in enumerate(class_weight):
            alone = classifier(wide=True, class_weight=one).fit(TOKENS, labels[:, column])
            np.testing.assert_allclose(
                fitted._linear.decision(TOKENS)[:, column],
                alone._linear.decision(TOKENS)[:, 0],
                rtol=1e-3,
            )

    def test_a_warm_start_keeps_the_classes(self):
        labels = ["a", "b", "c", "b"] * 5
        fitted = classifier(wide=True, warm_start=True).fit(TOKENS, labels)
        assert fitted.fit(TOKENS, ["a", "b"] * 10).classes_.tolist() == ["a", "b", "c"]
        with pytest.raises(ValueError, match=r"y contains the classes \['d'\]"):
            fitted.fit(TOKENS, ["a", "b", "d", "b"] * 5)
        assert fitted.classes_.tolist() == ["a", "b", "c"]

    def test_a_failed_fit_loses_nothing(self):
        fitted = classifier(**WIDE).fit(TOKENS, LABELS)
        expected = fitted.decision_function(TOKENS)
        with pytest.raises(ValueError, match="numbers"):
            fitted.fit(SERIES, y)
        with pytest.raises(ValueError, match="wide=True fits a linear model to all of them"):
            fitted.partial_fit(TOKENS, LABELS)
        np.testing.assert_array_equal(fitted.decision_function(TOKENS), expected)


class TestEvidence:
    def test_a_model_that_knows_nothing_hardly_counts(self):
        random = np.random.RandomState(0)
        codes = random.randint(2, size=400)
        good = (2 * codes - 1)[:, None] + random.randn(400, 1)
        (a, b), _ = weigh_evidence([good, 5 * random.randn(400, 1)], codes, np.ones(400))
        assert a > 1
        assert b < 0.1

    def test_logits_that_are_too_large_are_scaled_down(self):
        random = np.random.RandomState(0)
        codes = random.randint(3, size=400)
        logits = np.eye(3)[codes] + random.randn(400, 3)
        [once], _ = weigh_evidence([logits], codes, np.ones(400))
        [ten], _ = weigh_evidence([10 * logits], codes, np.ones(400))
        assert ten == pytest.approx(once / 10, rel=0.05)


class TestInspection:
    @pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
    @pytest.mark.parametrize("params", [WIDE, {"n_members": 2}])
    def test_contributions_add_up(self, params, method):
        labels = ["a", "b", "c", "b"] * 5
        fitted = classifier(**params).fit(TOKENS, labels)
        result = token_contributions(fitted, TOKENS[:3], method=method, target="b")
        np.testing.assert_allclose(
            result.outputs, fitted.decision_function(TOKENS[:3])[:, 1], rtol=1e-4, atol=1e-5
        )
        sums = np.array([values.sum() for values in result.contributions])
        np.testing.assert_allclose(sums, result.outputs - result.baseline_outputs, atol=1e-4)

    def test_the_predicted_class_is_that_of_all(self):
        fitted = classifier(**WIDE).fit(TOKENS, ["a", "b", "c", "b"] * 5)
        result = token_contributions(fitted, TOKENS[:4])
        expected = [f"logit of {label}" for label in fitted.predict(TOKENS[:4])]
        assert result.output_names == expected

    def test_states_are_those_of_one_network(self):
        fitted = classifier(n_members=2).fit(TOKENS, LABELS)
        with pytest.raises(ValueError, match=r"members_\[0\]"):
            hidden_states(fitted, TOKENS)
        assert len(hidden_states(fitted.members_[1], TOKENS).tokens) == 20


class TestSideBySide:
    """Networks trained in processes of their own are those trained one after the other."""

    SMALL = {"n_members": 2, "max_epochs": 1, "random_state": 0}
    CASES = [
        (classifier(**WIDE, early_stopping=True), (TOKENS, LABELS), "predict_proba"),
        (regressor(n_members=2, wide=True), (SERIES, y), "predict"),
        (tagger(n_members=2, max_epochs=1), (SENTENCES, TAGS), "predict_marginals"),
        (LSTMGenerator(**SMALL), (["abc"] * 9,), "score_samples"),
        (LSTMSeq2Seq(**SMALL), (["ab"] * 9, ["ba"] * 9), "predict"),
    ]

    @pytest.mark.parametrize(("model", "data", "method"), CASES)
    def test_same_bits(self, model, data, method):
        one = clone(model).fit(*data)
        several = clone(model).set_params(n_jobs=2).fit(*data)
        expected, found = (getattr(fitted, method)(data[0]) for fitted in (one, several))
        for row, same in zip(expected, found, strict=True):
            np.testing.assert_array_equal(row, same)
        assert [e["train_loss"] for e in one.history_] == [
            e["train_loss"] for e in several.history_
        ]
        assert not several._log.is_open

    def test_training_goes_on_with_the_same_bits(self):
        fits = [classifier(n_members=2, n_jobs=n).fit(SERIES, y) for n in (1, 2)]
        one, several = (fitted.partial_fit(SERIES, y).decision_function(SERIES) for fitted in fits)
        np.testing.assert_array_equal(one, several)

    def test_random_states(self):
        fits = [
            classifier(n_members=2, n_jobs=n, random_state=np.random.RandomState(3)).fit(SERIES, y)
            for n in (1, 2)
        ]
        one, several = (fitted.decision_function(SERIES) for fitted in fits)
        np.testing.assert_array_equal(one, several)
        unseeded = classifier(n_members=2, n_jobs=2, random_state=None, early_stopping=True)
        assert len(unseeded.fit(SERIES, y).members_) == 2

    def test_warnings_and_errors_arrive(self):
        model = classifier(n_members=2, n_jobs=2, max_epochs=9, lr=1e20)
        with pytest.warns(ConvergenceWarning, match="still fell"):
            model.fit(SERIES, y)
        with pytest.raises(ValueError, match="NaN"):
            classifier(n_members=2, n_jobs=2).fit([[np.nan]] * 6, [0, 1] * 3)

    def test_what_is_printed(self, capsys):
        classifier(n_members=2, n_jobs=2, verbose=1).fit(SERIES, y)
        printed = capsys.readouterr().out
        assert "Network 1 is trained." in printed
        assert "Network 2 is trained." in printed
