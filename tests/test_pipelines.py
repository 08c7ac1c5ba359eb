"""Ready pipelines: raw texts in, labels, tags and entities out, in any language."""

import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.model_selection import (
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils import estimator_html_repr

from sklstm import (
    Collocations,
    Entity,
    Gazetteer,
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    NaiveBayesWeights,
    SequencePadder,
    Sequences,
    SlidingWindow,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
)
from sklstm._arrays import to_object_array
from sklstm.metrics import entity_f1_score, entity_f1_scorer
from sklstm.pipelines import TaggingPipeline, TextPipeline, entity_tagger, text_classifier
from sklstm.tags import tags_to_annotations

TEXTS = ["A good film!", "Good fun.", "A bad film.", "Bad acting"] * 6
LABELS = ["pos", "pos", "neg", "neg"] * 6
VECTORS = dict(zip(["good", "bad", "film"], np.eye(3), strict=True))

SENTENCES = {
    "English": (
        ["Ada met Alan Turing.", "Hilbert met Ada!"],
        [["B-PER", "O", "B-PER", "I-PER", "O"], ["B-PER", "O", "B-PER", "O"]],
        [("PER", "Ada"), ("PER", "Alan Turing")],
    ),
    "Russian": (
        ["Лев Толстой жил в Ясной Поляне.", "Москва! Там жил Пушкин…"],
        [
            ["B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC", "O"],
            ["B-LOC", "O", "O", "O", "B-PER", "O"],
        ],
        [("PER", "Лев Толстой"), ("LOC", "Ясной Поляне")],
    ),
    "Spanish": (
        ["¿Nació  García Márquez en Aracataca?", "¡En Bogotá llovía!"],
        [["O", "O", "B-PER", "I-PER", "O", "B-LOC", "O"], ["O", "O", "B-LOC", "O", "O"]],
        [("PER", "García Márquez"), ("LOC", "Aracataca")],
    ),
}
SMALL_TAGGER = {
    "hidden_size": 8, "embedding_dropout": 0.0, "dropout": 0.0, "n_members": 1, "random_state": 0,
}  # fmt: skip


def classifier(vectors=None, **params):
    params = {"hidden_size": 8, "max_epochs": 4, "vector_size": 8, "random_state": 0, **params}
    return text_classifier(vectors, **params)


def tagger(vectors=None, **params):
    return entity_tagger(vectors, **{**SMALL_TAGGER, "vector_size": 8, "lr": 0.02, **params})


class TestTextClassifier:
    @pytest.mark.parametrize("vectors", [None, VECTORS], ids=["trained", "ready"])
    def test_raw_texts_in_labels_out(self, vectors):
        pipe = classifier(vectors, lr=0.02, max_epochs=8).fit(pd.Series(TEXTS), LABELS)
        assert pipe.predict(["GOOD acting?", "bad, bad fun"]).tolist() == ["pos", "neg"]
        assert pipe.score(TEXTS, LABELS) == 1.0
        again = pickle.loads(pickle.dumps(pipe))
        assert np.array_equal(again.predict_proba(TEXTS), pipe.predict_proba(TEXTS))

    def test_pipelines_have_net_params_of_their_own(self):
        text_classifier(effort="best")[-1].net_params["lr"] = 1.0
        assert "lr" not in text_classifier(effort="best")[-1].net_params

    def test_steps(self):
        pipe = text_classifier()
        steps = ["tokenizer", "word2vecembedder", "lstmclassifier"]
        assert list(pipe.named_steps) == steps
        same = make_pipeline(Tokenizer(), Word2VecEmbedder(), LSTMClassifier())
        assert pipe.get_params().keys() - same.get_params().keys() == set()
        assert "sequencepadder" in text_classifier(max_length=5).named_steps

    def test_parameters_reach_their_steps(self):
        pipe = text_classifier(
            VECTORS,
            lowercase=False,
            max_length=3,
            random_state=7,
            verbose=1,
            hidden_size=5,
            pooling="last",
        )
        tokenizer, embedder, padder, last = (step for _, step in pipe.steps)
        assert tokenizer.lowercase is embedder.lowercase is False
        assert embedder.vectors is VECTORS
        assert (padder.max_length, padder.truncating) == (3, "middle")
        assert (last.hidden_size, last.pooling, last.bidirectional) == (5, "last", True)
        assert embedder.random_state == last.random_state == 7
        assert embedder.verbose == last.verbose == 1
        assert text_classifier(vector_size=5)[1].vector_size == 5

    def test_own_tokenizer(self):
        tokens = [text.lower().split() for text in TEXTS]
        passed = classifier(tokenizer="passthrough").fit(tokens, LABELS)
        split = classifier(tokenizer=Tokenizer(tokenizer=str.split)).fit(TEXTS, LABELS)
        assert np.array_equal(passed.predict_proba(tokens), split.predict_proba(TEXTS))

    def test_effort(self):
        fast, balanced, best = (text_classifier(effort=e) for e in ("fast", "balanced", "best"))
        assert repr(balanced) == repr(text_classifier())
        assert [pipe[-1].n_members for pipe in (fast, balanced, best)] == [1, "auto", "auto"]
        assert best[-1].hidden_size > balanced[-1].hidden_size
        assert all(pipe[-1].wide for pipe in (fast, balanced, best))
        assert text_classifier(effort="best", n_members=2, vector_size=9)[-1].n_members == 2
        with pytest.raises(ValueError, match="effort must be one of 'fast', 'balanced', 'best'"):
            text_classifier(effort="high")

    def test_search_and_clone(self):
        pipe = classifier(max_epochs=1)
        assert repr(clone(pipe)) == repr(pipe)
        grid = {"lstmclassifier__hidden_size": [2, 3], "word2vecembedder__window": [2]}
        search = GridSearchCV(pipe, grid, cv=2).fit(TEXTS, LABELS)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()

    def test_is_silent(self, capsys):
        classifier(VECTORS, max_epochs=1).fit(TEXTS, LABELS).predict(TEXTS)
        assert capsys.readouterr() == ("", "")

    def test_unknown_parameter(self):
        with pytest.raises(TypeError, match="'depth'"):
            text_classifier(depth=3)

    def test_tokens_without_passthrough(self):
        with pytest.raises(TypeError, match=r'look like tokens.* pass tokenizer="passthrough"'):
            classifier().fit([["a", "film"]] * 4, ["x", "y"] * 2)


class TestEntityTagger:
    def test_affixes_are_read_without_vectors_only(self):
        assert entity_tagger(VECTORS)[-1].affixes is False
        assert entity_tagger(VECTORS, affixes=True)[-1].affixes is True
        assert entity_tagger()[-1].affixes == entity_tagger()[-1].wide == "auto"

    @pytest.mark.parametrize("language", SENTENCES)
    @pytest.mark.parametrize("ready", [False, True], ids=["trained", "ready"])
    def test_raw_texts_in_entities_out(self, language, ready):
        texts, tags, expected = SENTENCES[language]
        words = Tokenizer(punctuation=True).transform(texts[1:])[0]
        rows = np.random.default_rng(0).normal(size=(len(words), 8))
        vectors = dict(zip(words, rows, strict=True)) if ready else None
        pipe = tagger(vectors, max_epochs=60).fit(texts * 6, tags * 6)
        assert pipe.predict(texts).tolist() == tags
        assert pipe.score(texts, tags) == 1.0
        entities = pipe.predict_entities(texts)[0]
        text = texts[0]
        found = [(entity.type, text[entity.start_char : entity.end_char]) for entity in entities]
        assert found == expected

    def test_steps(self):
        pipe = entity_tagger()
        assert list(pipe.named_steps) == ["tokenizer", "word2vecembedder", "lstmtagger"]
        tokenizer, embedder, last = (step for _, step in pipe.steps)
        assert tokenizer.transform(["I, too"]).tokens() == [["I", ",", "too"]]
        assert tokenizer.char_spans
        assert embedder.lowercase
        assert embedder.fold_digits
        assert (last.char_encoder, last.wide, last.crf) == ("auto", "auto", True)

    def test_parameters_reach_their_steps(self):
        pipe = entity_tagger(
            VECTORS,
            lowercase=False,
            random_state=7,
            verbose=1,
            crf=False,
            char_encoder=None,
            scheme="IOB2",
        )
        _, embedder, last = (step for _, step in pipe.steps)
        assert embedder.vectors is VECTORS
        assert not embedder.lowercase
        assert (last.crf, last.char_encoder, last.scheme) == (False, None, "IOB2")
        assert embedder.random_state == last.random_state == 7
        assert embedder.verbose == last.verbose == 1

    def test_effort(self):
        fast, balanced, best = (entity_tagger(effort=e) for e in ("fast", "balanced", "best"))
        assert repr(balanced) == repr(entity_tagger())
        assert [pipe[-1].n_members for pipe in (fast, balanced, best)] == [1, (1, 3), (2, 3)]
        sizes = [pipe[-1].hidden_size for pipe in (fast, balanced, best)]
        assert sizes == sorted(set(sizes))
        assert best[-1].max_epochs == "long"
        assert entity_tagger(effort="best", max_epochs=2, dropout=0.1)[-1].dropout == 0.1
        with pytest.raises(ValueError, match="effort must be one of 'fast', 'balanced', 'best'"):
            entity_tagger(effort="high")

    def test_effort_by_the_size_of_the_data(self, monkeypatch, capsys):
        texts, tags, _ = SENTENCES["English"]
        small = {"hidden_size": 2, "char_hidden_size": 2, "max_epochs": 1, "verbose": 1}
        pipe = entity_tagger(**small).fit(texts, tags)
        assert len(pipe[-1].members_) == 3
        assert "Network 2 of 3, about " in capsys.readouterr().out
        monkeypatch.setattr("sklstm._members.AFFORDED_STEPS", sum(map(len, tags)))
        assert len(entity_tagger(**small).fit(texts, tags)[-1].members_) == 1
        assert len(entity_tagger(effort="best", **small).fit(texts, tags)[-1].members_) == 2

    @pytest.mark.filterwarnings("ignore:.* have no vector of their own")
    def test_frequent_words_that_vectors_lack_get_their_own(self):
        texts, tags, _ = SENTENCES["English"]
        pipe = tagger({"met": [1.0, 0.0], "hilbert": [0.0, 1.0]}, max_epochs=1)
        pipe.fit(texts, tags)
        assert list(pipe[1].vocabulary_) == ["met", "hilbert", "ada"]
        assert pipe[:-1].transform(["ADA met 1996"]).tokens() == [["ADA", "met", "1996"]]

    def test_token_lists(self):
        texts, tags, _ = SENTENCES["Spanish"]
        tokens = Tokenizer(lowercase=False, punctuation=True).transform(texts)
        passed = tagger(tokenizer="passthrough", max_epochs=2).fit(tokens, tags)
        raw = tagger(max_epochs=2).fit(texts, tags)
        for left, right in zip(
            passed.predict_marginals(tokens),
            raw.predict_marginals(texts),
            strict=True,
        ):
            assert np.array_equal(left, right)

    def test_cross_validation_and_pickle(self):
        texts, tags, _ = SENTENCES["Russian"]
        pipe = tagger(max_epochs=1)
        predicted = cross_val_predict(pipe, texts * 3, tags * 3, cv=3)
        assert list(map(len, predicted)) == list(map(len, tags * 3))
        pipe.fit(texts, tags)
        again = pickle.loads(pickle.dumps(pipe))
        assert again.predict(texts).tolist() == pipe.predict(texts).tolist()

    def test_predicts_what_its_tagger_does(self):
        texts, tags, _ = SENTENCES["English"]
        pipe = tagger(max_epochs=1).fit(texts, tags)
        batch = pipe[:-1].transform(texts)
        assert isinstance(batch, Sequences)
        assert pipe.predict_entities(texts) == pipe[-1].predict_entities(batch)
        assert pipe.predict_n_best(texts, 2) == pipe[-1].predict_n_best(batch, n=2)
        assert pipe.predict_marginals(texts)[0].shape == (5, len(pipe.classes_))
        alone = TaggingPipeline(pipe.steps[-1:])
        assert alone.predict_entities(batch) == pipe.predict_entities(texts)

    def test_stays_a_pipeline(self):
        texts, tags, _ = SENTENCES["English"]
        pipe = tagger(max_epochs=1)
        assert isinstance(pipe, Pipeline)
        assert type(clone(pipe)) is type(pipe[:-1]) is TaggingPipeline
        with pytest.raises(NotFittedError):
            pipe.predict_entities(texts)
        assert "lstmtagger" in estimator_html_repr(pipe)
        search = GridSearchCV(pipe, {"lstmtagger__hidden_size": [2, 3]}, cv=2)
        search.fit(texts * 2, tags * 2)
        again = pickle.loads(pickle.dumps(search.best_estimator_))
        assert again.predict_entities(texts) == search.best_estimator_.predict_entities(texts)

    def test_predicts_no_entities_without_a_tagger(self):
        pipe = TaggingPipeline([("tokenizer", Tokenizer()), ("lstmclassifier", LSTMClassifier())])
        assert hasattr(pipe, "predict_proba")
        for name in ("predict_entities", "predict_marginals", "predict_n_best"):
            assert not hasattr(pipe, name)

    def test_tags_of_other_tokens_are_refused(self):
        with pytest.raises(ValueError, match="Sequence 0 has 3 steps but 2 tags"):
            tagger().fit(["Ada Lovelace."] * 2, [["B-PER", "I-PER"]] * 2)

    def test_learns_from_spans_of_characters(self):
        texts, tags, _ = SENTENCES["English"]
        pipe = tagger(max_epochs=1)
        spans = tags_to_annotations(pipe[0].find_char_spans(texts), tags, "IOB2")
        learned = pipe.fit(texts, tags)
        marginals, score = learned.predict_marginals(texts), learned.score(texts, tags)
        objects = [[Entity(kind, 0, 1, "x", None, *place) for *place, kind in row] for row in spans]
        dicts = [[{"start": s, "end": e, "label": kind} for s, e, kind in row] for row in spans]
        for given in (spans, objects, dicts, to_object_array(spans), pd.Series(dicts)):
            assert pipe.to_tags(texts, given) == tags
            other = clone(pipe).fit(iter(texts), given)
            assert np.array_equal(other.predict_marginals(texts)[0], marginals[0])
            assert other.score(iter(texts), given) == score
            assert entity_f1_scorer(other, texts, given) == score
        assert pipe.to_tags(texts, tags) is tags

    def test_spans_are_tagged_in_the_scheme_of_the_tagger(self):
        pipe = tagger(max_epochs=1, scheme="BILOU")
        spans = [[(0, 12, "PER")], []]
        texts = ["Ada Lovelace!", "Hi"]
        assert pipe.to_tags(texts, spans) == [["B-PER", "I-PER", "O"], ["O"]], "not fitted"
        assert pipe.fit(texts * 3, spans * 3)[-1].scheme_ == "BILOU"
        assert pipe.to_tags(texts, spans) == [["B-PER", "L-PER", "O"], ["O"]]
        assert pipe.score(texts[1:], [[]]) == 0.0, "a fold may lack entities"
        assert tagger(max_epochs=1).fit(texts * 3, spans * 3)[-1].scheme_ == "IOB2"

    def test_spans_work_in_cross_validation_and_search(self):
        texts, tags, _ = SENTENCES["English"]
        pipe = tagger(max_epochs=1)
        spans = tags_to_annotations(pipe[0].find_char_spans(texts), tags, "IOB2") * 2
        scoring = {"own": None, "f1": entity_f1_scorer}
        found = cross_validate(pipe, texts * 2, spans, cv=2, scoring=entity_f1_scorer)
        same = cross_validate(pipe, texts * 2, tags * 2, cv=2)
        assert found["test_score"].tolist() == same["test_score"].tolist()
        alone = cross_val_score(pipe, texts * 2, spans, cv=2, scoring=entity_f1_scorer)
        assert alone.tolist() == same["test_score"].tolist()
        both = cross_validate(pipe, texts * 2, spans, cv=2, scoring={"f1": entity_f1_scorer})
        assert both["test_f1"].tolist() == same["test_score"].tolist()
        for score in scoring.values():
            search = GridSearchCV(pipe, {"lstmtagger__lr": [0.1]}, cv=2, scoring=score)
            assert search.fit(texts * 2, spans).score(texts, spans[:2]) >= 0

    def test_spans_that_tags_do_not_hold_are_told_once(self):
        texts = ["Ada Lovelace!"] * 3
        spans = [[(0, 12, "PER"), (0, 3, "X")], [(1, 3, "PER")], [(0, 12, "PER")]]
        message = r"1 of 4 annotations do not .* text 1\. 1 of 4 annotations share .* text 0\."
        with pytest.warns(UserWarning, match=message) as caught:
            tagger(max_epochs=1).fit(texts, spans)
        assert len(caught) == 1
        assert caught[0].filename == __file__

    def test_texts_without_labels_stay_without(self):
        texts, spans = ["Ada!", "Alan", "Hi"], [None, [(0, 4, "PER")], []]
        assert tagger().to_tags(texts, spans) == [None, ["B-PER"], ["O"]]

    def test_what_other_tools_call_spans_is_told_how_to_pass_them(self):
        with pytest.raises(
            TypeError, match=r"Take the spans out: \[row\['entities'\] for row in y\]"
        ):
            tagger(max_epochs=1).fit(["Ada"] * 2, [{"entities": [(0, 3, "PER")]}] * 2)
        with pytest.raises(TypeError, match=r"y_true: .* to_tags of a pipeline of entity_tagger"):
            entity_f1_score([[(0, 3, "PER")]], [["B-PER"]])

    def test_spans_need_the_places_of_tokens(self):
        pipe = tagger(max_epochs=1, tokenizer="passthrough")
        spans = [[(0, 3, "PER")]] * 2
        with pytest.raises(TypeError, match="let the pipeline begin with a Tokenizer"):
            pipe.fit([["Ada"]] * 2, spans)
        X = Tokenizer(char_spans=True).transform(["Ada", "Ada met"])
        assert pipe.fit(X, spans).to_tags(X, spans) == [["B-PER"], ["B-PER", "O"]]
        with pytest.raises(ValueError, match=r"Text 0 of y: .* must have 0 <= start"):
            tagger().fit(["Ada"] * 2, [[(3, 2, "PER")]] * 2)

    def test_unknown_parameter(self):
        with pytest.raises(TypeError, match="'pooling'"):
            entity_tagger(pooling="max")


class TestValidationData:
    NEW, NEW_LABELS = ["Good acting!", "bad fun"], ["pos", "neg"]

    def losses(self, pipe):
        return [epoch["valid_loss"] for epoch in pipe[-1].history_]

    @pytest.fixture
    def expected(self):
        """Losses with validation data that are transformed by hand."""
        pipe = classifier(n_members=1, wide=False)
        steps = pipe[:-1].fit(TEXTS)
        X, X_val = steps.transform(TEXTS), steps.transform(self.NEW)
        return self.losses([pipe[-1].fit(X, LABELS, X_val=X_val, y_val=self.NEW_LABELS)])

    @pytest.mark.parametrize("last_only", [False, True])
    def test_is_transformed_by_fitted_steps(self, expected, last_only, tmp_path):
        pipe = classifier(n_members=1, wide=False)
        if last_only:  # the other steps come fitted from a cache, as copies
            pipe.set_params(memory=str(tmp_path)).fit(TEXTS, LABELS)
        pipe = pickle.loads(pickle.dumps(clone(pipe)))
        pipe.fit(TEXTS, LABELS, X_val=self.NEW, y_val=self.NEW_LABELS)
        assert self.losses(pipe) == expected
        assert type(pipe[:-1]) is type(pipe) is TextPipeline

    def test_with_members_a_linear_model_and_checkpoints(self, tmp_path):
        pipe = classifier(n_members=2, max_epochs=2, checkpoint=tmp_path / "checkpoint")
        pipe.fit(TEXTS, LABELS, X_val=self.NEW, y_val=self.NEW_LABELS)
        assert all(len(self.losses([member])) == 2 for member in pipe[-1].members_)

    def test_in_a_search(self, expected):
        grid = {"lstmclassifier__hidden_size": [8]}
        search = GridSearchCV(classifier(n_members=1, wide=False), grid, cv=2)
        search.fit(TEXTS, LABELS, X_val=self.NEW, y_val=self.NEW_LABELS)
        assert self.losses(search.best_estimator_) == expected

    def test_unlabelled_texts_are_transformed_like_others(self):
        options = {"adversarial": 0.5, "virtual_adversarial": 1.0, "max_epochs": 1}
        pipe = classifier(VECTORS, n_members=1, wide=False, **options)
        pipe.fit(TEXTS, LABELS, X_unlabelled=self.NEW)
        steps = clone(pipe)[:-1].fit(TEXTS, LABELS)
        X, others = steps.transform(TEXTS), steps.transform(self.NEW)
        last = clone(pipe[-1]).fit(X, LABELS, X_unlabelled=others)
        assert last.history_[0]["virtual_loss"] == pipe.history_[0]["virtual_loss"] > 0
        with pytest.raises(TypeError, match="In X_unlabelled: Text 0 is 1 of type int"):
            clone(pipe).fit(TEXTS, LABELS, X_unlabelled=[1])

    def test_word_vectors_and_collocations_learn_from_unlabelled_texts(self):
        new = iter(["such a superb film", "superb and New York"] * 10)
        pipe = classifier(n_members=1, max_epochs=1)
        pipe.steps.insert(1, ("collocations", Collocations(min_count=1, threshold=1.0)))
        pipe.fit(TEXTS, LABELS, X_unlabelled=new)
        assert ("new", "york") in pipe["collocations"].scores_[0]
        assert {"superb", "new_york"} < set(pipe["word2vecembedder"].vocabulary_)
        assert "virtual_loss" not in pipe.history_[0]

    def test_unlabelled_texts_are_for_all_that_learn_from_them(self):
        options = {"adversarial": 0.5, "virtual_adversarial": 1.0, "max_epochs": 1}
        search = GridSearchCV(
            classifier(n_members=1, wide=False, **options), {"lstmclassifier__lr": [0.01]}, cv=2
        )
        search.fit(TEXTS, LABELS, X_unlabelled=["superb", "a superb film"] * 3)
        assert "superb" in search.best_estimator_[1].vocabulary_
        assert search.best_estimator_.history_[0]["virtual_loss"] > 0

    def test_a_cache_finds_word_vectors_of_unlabelled_texts_again(self, tmp_path, monkeypatch):
        trained, train = [], Word2VecEmbedder._train

        def counted(embedder, *args):
            trained.append(embedder)
            return train(embedder, *args)

        monkeypatch.setattr(Word2VecEmbedder, "_train", counted)
        pipe = classifier(n_members=1, max_epochs=1).set_params(memory=str(tmp_path))
        for lr in (0.01, 0.02):  # of a step after
            pipe.set_params(lstmclassifier__lr=lr).fit(TEXTS, LABELS, X_unlabelled=["superb"] * 2)
            assert "superb" in pipe[1].vocabulary_
        assert len(trained) == 1
        pipe.fit(TEXTS, LABELS, X_unlabelled=["dire"] * 2)
        assert len(trained) == 2

    def test_a_step_of_the_user_may_pass_unlabelled_texts_on_by_position(self):
        class Embedder(Word2VecEmbedder):
            def fit(self, X, y=None, extra_tokens=None):
                return super().fit(X, y, extra_tokens)

        pipe = classifier(n_members=1, max_epochs=1)
        pipe.steps[1] = ("embedder", Embedder(vector_size=8, random_state=0))
        pipe.fit(TEXTS, LABELS, X_unlabelled=["superb"] * 5)
        assert "superb" in pipe["embedder"].vocabulary_

    def test_steps_without_an_estimator_learn_from_unlabelled_texts(self):
        steps = classifier()[:-1].fit(TEXTS, X_unlabelled=["superb"] * 5)
        assert "superb" in steps[-1].vocabulary_

    def test_own_extra_tokens_take_precedence(self):
        pipe = classifier(max_epochs=1)
        extra = [["dull", "dull"]]
        new = ["superb superb"]
        pipe.fit(TEXTS, LABELS, X_unlabelled=new, word2vecembedder__extra_tokens=extra)
        assert "dull" in pipe[1].vocabulary_
        assert "superb" not in pipe[1].vocabulary_

    def test_unlabelled_texts_without_effect(self):
        with pytest.raises(ValueError, match="X_unlabelled has no effect"):
            classifier(VECTORS).fit(TEXTS, LABELS, X_unlabelled=self.NEW)
        with pytest.raises(TypeError, match="In X_unlabelled: Text 1 is 1 of type int"):
            classifier().fit(TEXTS, LABELS, X_unlabelled=["a", 1])

    def test_sentences_without_tags_train_word_vectors(self):
        texts, tags, _ = SENTENCES["English"]
        pipe = tagger(max_epochs=1).fit(texts, tags, X_unlabelled=["Zebra zebra"] * 5)
        assert "zebra" in pipe[1].vocabulary_

    def test_history_and_summary_are_those_of_the_last_step(self):
        pipe = classifier(max_epochs=1)
        assert not hasattr(pipe, "history_")
        pipe.fit(TEXTS, LABELS)
        assert pipe.history_ == pipe[-1].history_
        assert str(pipe.summary()) == str(pipe[-1].summary())

    @pytest.mark.parametrize("transform_input", [None, ["X_val"]])
    def test_with_metadata_routing(self, expected, transform_input):
        with sklearn.config_context(enable_metadata_routing=True):
            pipe = classifier(n_members=1, wide=False).set_params(transform_input=transform_input)
            pipe[-1].set_fit_request(X_val=True, y_val=True)
            pipe.fit(TEXTS, LABELS, X_val=self.NEW, y_val=self.NEW_LABELS)
        assert self.losses(pipe) == expected

    def test_of_a_tagger(self):
        texts, tags, _ = SENTENCES["English"]
        spans = [[(0, 3, "PER")]]
        pipe = tagger(max_epochs=1).fit(texts, tags, X_val=["Ada met"], y_val=[["B-PER", "O"]])
        again = clone(pipe).fit(texts, tags, X_val=iter(["Ada met"]), y_val=spans)
        assert self.losses(again) == self.losses(pipe)
        again.fit(["Ada"] * 2, spans * 2, X_val=["met"], y_val=[[]])  # no spans rather than no tags
        steps = TaggingPipeline(pipe.steps[-1:])
        X, X_val = (pipe[:-1].transform(of) for of in (texts, ["Ada met"]))
        assert self.losses(steps.fit(X, tags, X_val=X_val, y_val=spans)) == self.losses(pipe)

    def test_bad_ones_are_named(self):
        with pytest.raises(ValueError, match="Pass X_val and y_val together"):
            classifier().fit(TEXTS, LABELS, X_val=self.NEW)
        with pytest.raises(TypeError, match=r"In the validation data: .* look like tokens"):
            classifier().fit(TEXTS, LABELS, X_val=[["good"]], y_val=["pos"])
        with pytest.raises(ValueError, match=r"In the validation data: Text 0 of y: .*start"):
            tagger().fit(["Ada"] * 2, [["B-X"]] * 2, X_val=["Ada"], y_val=[[(3, 2, "X")]])


def test_a_padder_may_be_put_in_between():
    texts, tags, _ = SENTENCES["English"]
    pipe = tagger(max_epochs=1)
    pipe.steps.insert(2, ("sequencepadder", SequencePadder()))
    assert list(map(len, pipe.fit(texts, tags).predict(texts))) == [5, 4]


def wrapped(kind, estimator):
    """A meta-estimator of few estimators."""
    few = {
        BaggingClassifier: {"n_estimators": 2, "random_state": 0},
        AdaBoostClassifier: {"n_estimators": 2, "random_state": 0},
        OutputCodeClassifier: {"random_state": 0},
        CalibratedClassifierCV: {"cv": 2},
        TunedThresholdClassifierCV: {"cv": 2},
        StackingClassifier: {"cv": 2},
    }
    if kind is GridSearchCV:
        return GridSearchCV(estimator, {}, cv=2)
    if kind in (VotingClassifier, StackingClassifier):
        return kind([("only", estimator)], **few.get(kind, {}))
    return kind(estimator, **few.get(kind, {}))


class TestMetaEstimators:
    """The table in the user guide: what may be passed to which."""

    TEXTS = ("a good film", "good fun", "a bad film", "bad acting") * 6
    y = np.array([1, 1, 0, 0] * 6)
    FORMS = ("sequences", "list", "column", "ids")
    ACCEPT = {
        **dict.fromkeys(
            [GridSearchCV, VotingClassifier, StackingClassifier, CalibratedClassifierCV,
             TunedThresholdClassifierCV, OneVsRestClassifier, MultiOutputClassifier], FORMS
        ),
        OutputCodeClassifier: FORMS[1:],
        BaggingClassifier: FORMS[2:],
        **dict.fromkeys(
            [AdaBoostClassifier, OneVsOneClassifier, SelfTrainingClassifier, ClassifierChain],
            FORMS[3:],
        ),
    }  # fmt: skip

    def case(self, form):
        small = {"hidden_size": 8, "lr": 0.05, "batch_size": 8, "random_state": 0}
        on_texts = make_pipeline(Tokenizer(), LSTMClassifier(**small))
        indexed = make_pipeline(Tokenizer(), TokenIndexer()).fit_transform(self.TEXTS)
        return {
            "sequences": (LSTMClassifier(**small), indexed),
            "list": (on_texts, list(self.TEXTS)),
            "column": (on_texts, np.array(self.TEXTS, dtype=object)[:, None]),
            "ids": (LSTMClassifier(vocabulary_size=9, **small), np.asarray(indexed)),
        }[form]

    def targets(self, kind):
        if kind in (MultiOutputClassifier, ClassifierChain):
            return np.stack([self.y, 1 - self.y], axis=1)
        return (
            np.where(np.arange(24) < 16, self.y, -1) if kind is SelfTrainingClassifier else self.y
        )

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("kind", ACCEPT, ids=lambda kind: kind.__name__)
    def test_table(self, kind, form):
        estimator, X = self.case(form)
        model, y = wrapped(kind, estimator), self.targets(kind)
        if form in self.ACCEPT[kind]:
            predicted = model.fit(X, y).predict(X).reshape(24, -1)[:, 0]
            assert (predicted == self.y).mean() > 0.9
            return
        with pytest.raises((TypeError, ValueError)) as error:
            model.fit(X, y).predict(X)
        if form == "sequences":
            error.match("Sequences are not an array to validate.*put the whole pipeline")

    @pytest.mark.parametrize(
        "kind", [BaggingClassifier, AdaBoostClassifier, OneVsOneClassifier, SelfTrainingClassifier,
                 ClassifierChain, SequentialFeatureSelector],
        ids=lambda kind: kind.__name__,
    )  # fmt: skip
    def test_ids_are_never_learned_as_numbers(self, kind):
        estimator, X = self.case("sequences")
        for same in (X, X.with_vectors(np.zeros((len(X.categories), 3)))):
            with pytest.raises(TypeError, match="Sequences are not an array"):
                kind(estimator).fit(same, self.targets(kind))

    def test_all_but_the_last_step_outside(self):
        classifier = self.case("ids")[0].set_params(vocabulary_size=50)
        pipe = make_pipeline(
            Tokenizer(), TokenIndexer(max_tokens=50), SequencePadder(),
            FunctionTransformer(np.asarray), OneVsOneClassifier(classifier),
        )  # fmt: skip
        assert cross_val_score(pipe, list(self.TEXTS), self.y, cv=2).min() > 0.9


@pytest.mark.parametrize("make", [text_classifier, entity_tagger])
def test_texts_with_passthrough(make):
    with pytest.raises(TypeError, match=r'raw texts.* unless tokenizer="passthrough"'):
        make(tokenizer="passthrough").fit(["a film"] * 4, [["O", "O"]] * 4)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("glove.6B.100d.txt", "glove.6B.100d.txt. Did you mean 'glove-6b-100'?"),
        ("some/where.txt", "glove-wiki-gigaword-100 "),
        (Path("where.txt"), "sklstm.datasets.fetch_vectors"),
    ],
)
def test_vectors_that_are_not_there(path, message):
    with pytest.raises(FileNotFoundError, match="There is no file of vectors at /") as caught:
        text_classifier(path).fit(["a film"] * 4, [0, 1] * 2)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("make", "name", "meant"),
    [
        (text_classifier, "epochs", "max_epochs"),
        (text_classifier, "hiden_size", "hidden_size"),
        (text_classifier, "maxlen", "max_length"),
        (entity_tagger, "learning_rate", "lr"),
        (entity_tagger, "vector", "vectors"),
    ],
)
def test_a_misspelt_parameter_is_asked_about(make, name, meant):
    match = f"{make.__name__} has no parameter '{name}'. Did you mean '{meant}'"
    with pytest.raises(TypeError, match=match):
        make(**{name: 5})


@pytest.mark.parametrize("make", [text_classifier, entity_tagger])
@pytest.mark.parametrize(
    ("name", "full"),
    [("window", "word2vecembedder__window"), ("punctuation", "tokenizer__punctuation")],
)
def test_a_parameter_of_an_earlier_step_is_told_its_full_name(make, name, full):
    with pytest.raises(TypeError, match=rf"has no parameter '{name}', but .*set_params\({full}="):
        make(**{name: 3})
    assert full in make().get_params()


@pytest.mark.parametrize(
    ("kind", "name", "meant"),
    [
        *((kind, "learning_rate", "lr") for kind in (LSTMClassifier, LSTMGenerator, LSTMRegressor)),
        *((kind, "epochs", "max_epochs") for kind in (LSTMSeq2Seq, LSTMTagger)),
        (Tokenizer, "lower", "lowercase"),
        (TokenIndexer, "max_features", "max_tokens"),
        (SequencePadder, "maxlen", "max_length"),
        (Word2VecEmbedder, "size", "vector_size"),
        (SlidingWindow, "window_size", "length"),
        (Collocations, "treshold", "threshold"),
        (Gazetteer, "phrase", "phrases"),
        (NaiveBayesWeights, "alphas", "alpha"),
    ],
)
def test_an_estimator_asks_about_a_misspelt_parameter(kind, name, meant):
    for make in (kind, clone(kind() if kind is not Gazetteer else kind({})).set_params):
        with pytest.raises((TypeError, ValueError), match=f"{name}'.* Did you mean '{meant}'"):
            make(**{name: 3})


def test_set_params_asks_about_a_misspelt_parameter():
    pipe = text_classifier()
    with pytest.raises(
        ValueError, match=r"'epochs' for LSTMClassifier\. Did you mean 'max_epochs'"
    ):
        pipe.set_params(lstmclassifier__epochs=5)
    with pytest.raises(ValueError, match=r"'zzz' for LSTMClassifier\. Valid parameters are: "):
        pipe[-1].set_params(max_epochs=3, zzz=5)
    assert pipe.set_params(lstmclassifier__max_epochs=5)[-1].max_epochs == 5


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hidden_size", " Did you mean 'lstmclassifier__hidden_size'?"),
        ("epochs", " Did you mean 'lstmclassifier__max_epochs'?"),
        ("classifier__lr", " Did you mean 'lstmclassifier__lr'?"),
        (
            "random_state",
            " Did you mean 'word2vecembedder__random_state' or 'lstmclassifier__random_state'?",
        ),
        ("zzz", ""),
    ],
)
def test_a_search_without_the_name_of_a_step_is_told_it(name, meant):
    search = GridSearchCV(text_classifier(), {name: [1]}, cv=2)
    message = f"Invalid parameter '{name}' for TextPipeline.{meant} Parameters of a step"
    with pytest.raises(ValueError, match=re.escape(message)):
        search.fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("extra_tokens", " Did you mean 'word2vecembedder__extra_tokens'?"),
        ("classifier__groups", " Did you mean 'lstmclassifier__groups'?"),
        ("validation_data", " Did you mean 'X_val'?"),
        ("X_unlabeled", " Did you mean 'X_unlabelled'?"),
        ("sample_weights", " Did you mean 'sample_weight'?"),
        ("zzz", ""),
    ],
)
def test_fit_tells_the_full_name_of_a_parameter_of_a_step(name, meant):
    message = f"TextPipeline.fit has no parameter '{name}'.{meant} Parameters of a step"
    with pytest.raises(ValueError, match=re.escape(message)):
        text_classifier().fit(TEXTS, LABELS, **{name: []})


def test_effort_is_no_parameter_of_a_pipeline():
    with pytest.raises(ValueError, match=r"effort chooses .* make the pipeline anew"):
        text_classifier().set_params(effort="best")


@pytest.mark.parametrize("make", [text_classifier, entity_tagger])
@pytest.mark.parametrize("tokenizer", ["char", list, Tokenizer, 3])
def test_what_is_no_tokenizer(make, tokenizer):
    with pytest.raises(TypeError, match=r"tokenizer must be a transformer.*tokenizer=list"):
        make(tokenizer=tokenizer)


def test_weights_of_samples():
    weights = np.arange(len(TEXTS)) % 2
    pipe = classifier(n_members=1, wide=False)
    weighted = clone(pipe).fit(TEXTS, LABELS, sample_weight=weights)
    named = clone(pipe).fit(TEXTS, LABELS, lstmclassifier__sample_weight=weights)
    assert np.array_equal(weighted.predict_proba(TEXTS), named.predict_proba(TEXTS))
    plain = clone(pipe).fit(TEXTS, LABELS)
    assert not np.allclose(weighted.predict_proba(TEXTS), plain.predict_proba(TEXTS))


@pytest.mark.parametrize("package", [pd, pl])
def test_spans_in_a_column_of_a_frame(package):
    texts, spans = ["Ada met Alan."] * 8, [[(0, 3, "PER"), (8, 12, "PER")]] * 7 + [None]
    dicts = [
        row and [{"start": start, "end": end, "label": kind} for start, end, kind in row]
        for row in spans
    ]
    frame = package.DataFrame({"text": texts, "spans": dicts})
    learns = {"adversarial": 0.5, "virtual_adversarial": 1.0, "max_epochs": 1}
    fitted = tagger(**learns).fit(frame["text"], frame["spans"])
    expected = tagger(**learns).fit(texts, spans)
    assert fitted.predict_entities(texts) == expected.predict_entities(texts)
    assert fitted.score(frame["text"][:7], frame["spans"][:7]) == fitted.score(texts[:7], spans[:7])
    if package is pd:  # which may hold NaN for None
        fitted.fit(texts, frame["spans"].astype(object).where(frame["spans"].notna(), np.nan))
        assert fitted.predict_entities(texts) == expected.predict_entities(texts)


def test_spans_that_end_after_their_text():
    texts, spans = ["Ada met Alan."] * 8, [[(0, 3, "PER")]] * 7 + [[(8, 14, "PER")]]
    with pytest.raises(ValueError, match=r"Text 7 of y.*ends after the text, which has 13"):
        tagger().fit(texts, spans)
