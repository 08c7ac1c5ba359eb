"""Networks that start from language models."""

import pickle
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier
from skorch.callbacks import Callback, Freezer
from toys import SERIES, embedded, spy

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMTagger,
    Sequences,
    Tokenizer,
    Word2VecEmbedder,
    load,
    save,
)

WORDS = [["dull", "flat", "slow", "weak"], ["bright", "fresh", "funny", "warm"]]


def make_tokens(n_samples):
    """Texts of one kind of words each."""
    rng, kinds = np.random.RandomState(0), np.arange(n_samples) % 2
    return [rng.choice(WORDS[kind], rng.randint(2, 5)).tolist() for kind in kinds], kinds


TOKENS, Y = make_tokens(40)
TEXTS = [" ".join(row) for row in TOKENS]
TAGS = [["B-X" if word in WORDS[1] else "O" for word in row] for row in TOKENS]


@cache
def language_model(reverse=False, **params):
    own = {"level": "token", "hidden_size": 4, "n_layers": 2, "embedding_dim": 3 + reverse}
    texts = [row[::-1] for row in TOKENS] if reverse else TOKENS
    return LSTMGenerator(**{**own, "max_epochs": 2, "random_state": 0, **params}).fit(texts)


@cache
def of_characters():
    return LSTMGenerator(hidden_size=4, max_epochs=1, random_state=0).fit(TEXTS)


def pair(**params):
    return language_model(**params), language_model(True, **params)


def classifier(encoder=None, **params):
    encoder = language_model() if encoder is None else encoder
    own = {"unfreeze_epochs": 1, "layer_lr_decay": 0.5, "max_epochs": 2, "random_state": 0}
    return LSTMClassifier(encoder=encoder, **{**own, **params})


def hidden(network, rows, reverse=False):
    """The recurrent outputs for texts of one length."""
    steps = torch.tensor([row[::-1] for row in rows] if reverse else rows)
    with torch.no_grad():
        x = network.eval().embed_steps(steps)
        if reverse:
            return network.recurrent(x, torch.full((len(rows),), steps.shape[1])).flip(1)
        return network.recurrent(x, torch.full((len(rows),), steps.shape[1]))


FROZEN = {"max_epochs": 1, "unfreeze_epochs": 9}  # only the output layer learns
ROWS = [[2, 5, 3], [4, 4, 1]]


class TestStart:
    @pytest.mark.parametrize("cell", ["lstm", "peephole", "coupled", "gru", "rnn", "minlstm"])
    def test_outputs_are_those_of_the_language_models(self, cell):
        models = pair(cell=cell)
        forward, backward = (
            hidden(model.module_, ROWS, reverse=bool(n)) for n, model in enumerate(models)
        )
        one = classifier(models[0], **FROZEN).fit(TOKENS, Y).module_
        torch.testing.assert_close(hidden(one, ROWS), forward)
        two = classifier(models, **FROZEN).fit(TOKENS, Y).module_
        torch.testing.assert_close(hidden(two, ROWS), torch.cat([forward, backward], dim=-1))

    def test_a_direction_without_a_language_model_learns_from_nothing(self):
        fitted = classifier(bidirectional=True, **FROZEN).fit(TOKENS, Y)
        forward = hidden(language_model().module_, ROWS)
        torch.testing.assert_close(hidden(fitted.module_, ROWS)[..., :4], forward)
        drawn = fitted.net_.module_.recurrent.layers[1][1].weight_ih
        assert (drawn != 0).all()

    def test_a_tagger_adds_what_it_knows_of_words(self):
        fitted = LSTMTagger(encoder=pair(), random_state=0, **FROZEN).fit(TOKENS, TAGS)
        weights = fitted.module_.recurrent.layers[0][0].weight_ih
        models = [model.module_ for model in pair()]
        torch.testing.assert_close(weights[:, :3], models[0].recurrent.layers[0][0].weight_ih)
        assert not weights[:, 3:].any()
        assert weights.shape[1] > 7
        assert fitted.score(TOKENS, TAGS) > 0

    def test_the_language_model_stays_as_it_is(self):
        before = language_model().score(TOKENS)
        classifier(unfreeze_epochs=0, lr=0.1).fit(TOKENS, Y)
        assert language_model().score(TOKENS) == before

    def test_words_are_those_of_the_language_model(self):
        fitted = classifier().fit([*TOKENS, ["new"], ["warm"]], [*Y, 0, 1])
        assert fitted._encoder.codes == language_model().vocabulary_
        unknown = fitted.predict_proba([["new"], ["unheard"]])
        assert (unknown[0] == unknown[1]).all()
        fitted.partial_fit([["newer", "warm"]], [1])
        assert len(fitted.module_.embedding.weight) == len(language_model().vocabulary_) + 2

    @pytest.mark.parametrize("estimator", [LSTMClassifier, LSTMTagger])
    def test_characters_are_read_from_texts(self, estimator):
        y = Y if estimator is LSTMClassifier else [["B-X", *["O"] * (len(t) - 1)] for t in TEXTS]
        fitted = estimator(encoder=of_characters(), n_members=2, max_epochs=2, random_state=0)
        fitted.fit(TEXTS, y)
        assert len(fitted.predict(np.array(TEXTS))) == len(TEXTS)
        assert fitted._encoder.codes == of_characters().vocabulary_

    @pytest.mark.whole_training
    def test_it_helps(self):
        y = np.arange(150) % 2
        words = [[f"{side}{number}" for number in range(80)] for side in "ab"]
        rng = np.random.RandomState(0)
        X = [rng.choice(words[side], 10).tolist() for side in y]
        lm = LSTMGenerator(
            level="token", hidden_size=16, embedding_dim=16, tie_weights=True, max_epochs=15,
            lr=0.03, batch_size=16, random_state=0,
        ).fit(X)  # fmt: skip
        options = {"pooling": "mean", "max_epochs": 40, "lr": 0.01, "random_state": 0}
        helped = LSTMClassifier(encoder=lm, **options).fit(X[:4], y[:4]).score(X, y)
        assert helped > LSTMClassifier(**options).fit(X[:4], y[:4]).score(X, y) + 0.1


class TestRates:
    def test_fall_from_layer_to_layer(self):
        fitted = classifier(lr=0.1).fit(TOKENS, Y)
        names = {id(weight): name for name, weight in fitted.module_.named_parameters()}
        rates = {
            names[id(weight)]: group["lr"]
            for group in fitted.net_.optimizer_.param_groups
            for weight in group["params"]
        }
        assert rates["output.weight"] == 0.1
        assert rates["recurrent.layers.1.0.weight_hh"] == 0.05
        assert rates["recurrent.layers.0.0.bias"] == 0.025
        assert rates["embedding.weight"] == 0.0125

    def test_the_embeddings_may_have_their_own(self):
        fitted = classifier(embedding_lr=0.7).fit(TOKENS, Y)
        assert 0.7 in [group["lr"] for group in fitted.net_.optimizer_.param_groups]


def trained_weights(net, **kwargs):
    return {
        name.rpartition(".")[0] for name, w in net.module_.named_parameters() if w.requires_grad
    }


class TestUnfreezing:
    def test_layer_by_layer(self):
        callback, log = spy("on_batch_begin", trained_weights)
        fitted = classifier(max_epochs=4, batch_size=40, callbacks=[callback]).fit(TOKENS, Y)
        added = [now - before for before, now in zip([set(), *log], log, strict=False)]
        layers = ["output", "recurrent.layers.1.0", "recurrent.layers.0.0", "embedding"]
        assert added == [{name} for name in layers]
        assert all(weight.requires_grad for weight in fitted.module_.parameters())

    @pytest.mark.parametrize(("n_epochs", "n_trained"), [(0, [4, 4, 4]), (2, [1, 1, 2])])
    def test_every_few_epochs(self, n_epochs, n_trained):
        callback, log = spy("on_batch_begin", trained_weights)
        options = {"unfreeze_epochs": n_epochs, "max_epochs": 3, "batch_size": 40}
        classifier(callbacks=[callback], **options).fit(TOKENS, Y)
        assert list(map(len, log)) == n_trained

    def test_goes_on_in_later_calls(self):
        callback, log = spy("on_batch_begin", trained_weights)
        model = classifier(batch_size=40, callbacks=[callback])
        for _ in range(3):
            model.partial_fit(TOKENS, Y, classes=[0, 1])
        assert list(map(len, log)) == [1, 2, 3]

    def test_what_the_user_froze_stays_so(self):
        fitted = classifier(max_epochs=5, callbacks=[Freezer("embedding.*")]).fit(TOKENS, Y)
        assert not fitted.module_.embedding.weight.requires_grad
        weights = language_model().module_.embedding.weight
        torch.testing.assert_close(fitted.module_.embedding.weight, weights, check_device=False)


ENCODERS = {
    "one": language_model,
    "frozen": lambda: FrozenEstimator(language_model()),
    "two": pair,
    "two frozen": lambda: tuple(map(FrozenEstimator, pair())),
}


class TestCopies:
    @pytest.mark.parametrize("name", ENCODERS)
    def test_a_clone_keeps_the_fit(self, name):
        encoder = ENCODERS[name]()
        model = classifier(encoder, dropout=0.2, callbacks=[Freezer("none")]).fit(TOKENS, Y)
        cloned = clone(make_pipeline(model))[0]
        assert cloned.encoder is encoder
        assert cloned.callbacks[0] is not model.callbacks[0]
        expected = model.predict_proba(TOKENS)
        assert (cloned.fit(TOKENS, Y).predict_proba(TOKENS) == expected).all()

    @pytest.mark.parametrize("name", ENCODERS)
    @pytest.mark.parametrize("estimator", [LSTMClassifier, LSTMTagger])
    def test_files(self, name, estimator, tmp_path):
        y = Y if estimator is LSTMClassifier else TAGS
        model = estimator(encoder=ENCODERS[name](), max_epochs=1, random_state=0).fit(TOKENS, y)
        save(model, tmp_path / "model")
        for copied in (load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
            assert list(copied.predict(TOKENS)) == list(model.predict(TOKENS))
            again = clone(copied).fit(TOKENS, y)
            for one, other in zip(
                again.module_.parameters(), model.module_.parameters(), strict=True
            ):
                assert torch.equal(one, other)

    def test_what_else_a_clone_has(self):
        model = classifier()
        assert "encoder__hidden_size" not in model.get_params()
        assert clone(model).get_params() == model.get_params()

    def test_a_search(self):
        grid = {"lstmclassifier__unfreeze_epochs": [0, 1]}
        pipe = make_pipeline(Tokenizer(), classifier())
        search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(TEXTS, Y)
        assert search.best_estimator_[-1].encoder is language_model()
        grid = {"encoder": [None, *map(FrozenEstimator, pair())]}
        options = {"hidden_size": 64, "max_epochs": 1, "random_state": 0}
        search = GridSearchCV(LSTMClassifier(**options), grid, cv=2, error_score="raise")
        assert len(search.fit(TOKENS, Y).cv_results_["params"]) == 3

    def test_unfitted_candidates_of_a_search(self):
        search = GridSearchCV(
            classifier(), {"encoder": [language_model()]}, cv=2, error_score="raise"
        )
        with pytest.raises(NotFittedError, match="wrap each fitted one in FrozenEstimator"):
            search.fit(TOKENS, Y)

    def test_self_training(self):
        look_up = FunctionTransformer(lambda rows: [TEXTS[row] for row in rows[:, 0]])
        rows, y = np.arange(40)[:, None], np.where(np.arange(40) < 10, Y, -1)
        for pipe in (
            [Tokenizer(), classifier(max_epochs=10)],
            [Tokenizer(), Word2VecEmbedder(vector_size=3, min_count=1), classifier_of_vectors()],
        ):
            model = SelfTrainingClassifier(make_pipeline(look_up, *pipe), threshold=0.5)
            fitted = model.fit(rows, y)
            assert (fitted.labeled_iter_ > 0).any()
            assert set(fitted.predict(rows)) <= {0, 1}


def classifier_of_vectors():
    return LSTMClassifier(hidden_size=3, max_epochs=5, random_state=0)


class Crash(Callback):
    """Fail at the end of an epoch, before its checkpoint is written."""

    epoch = None

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyError("crash")


class TestGoingOn:
    @pytest.mark.parametrize("epoch", [1, 2, 4])
    def test_after_an_interruption(self, epoch, tmp_path):
        options = {"max_epochs": 5, "batch_size": 10, "dropout": 0.3, "callbacks": [Crash()]}
        whole = classifier(pair(), **options).fit(TOKENS, Y)
        options["checkpoint"] = tmp_path / "checkpoint"
        Crash.epoch = epoch
        with pytest.raises(KeyError):
            classifier(pair(), **options).fit(TOKENS, Y)
        Crash.epoch = None
        models = pickle.loads(pickle.dumps(pair()))  # as another process has them
        resumed = classifier(models, **options).fit(TOKENS, Y)
        assert resumed.n_iter_ == 5
        for one, other in zip(
            resumed.module_.parameters(), whole.module_.parameters(), strict=True
        ):
            assert torch.equal(one, other)

    def test_with_another_encoder_a_checkpoint_is_refused(self, tmp_path):
        options = {"checkpoint": tmp_path / "checkpoint"}
        classifier(**options).fit(TOKENS, Y)
        with pytest.raises(ValueError, match="other parameters: encoder="):
            classifier(language_model(random_state=1), **options).fit(TOKENS, Y)

    def test_warm_start(self):
        model = classifier(warm_start=True).fit(TOKENS, Y)
        before = model.module_.embedding.weight.clone()
        model.set_params(lr=1e-9).fit(TOKENS, Y)
        assert model.n_iter_ == 4
        torch.testing.assert_close(model.module_.embedding.weight, before)
        with pytest.raises(ValueError, match="encoder=False cannot go on"):
            model.set_params(encoder=None).fit(TOKENS, Y)
        with pytest.raises(ValueError, match="encoder=True cannot go on"):
            LSTMClassifier(max_epochs=1, warm_start=True).fit(TOKENS, Y).set_params(
                encoder=language_model()
            ).fit(TOKENS, Y)

    def test_together_with_unlabelled_texts(self):
        y = np.where(np.arange(40) < 10, Y, -1)
        fitted = classifier(adversarial=2.0, virtual_adversarial=1.0, max_epochs=3).fit(TOKENS, y)
        assert fitted.history_[-1]["virtual_loss"] > 0


MISTAKES = {
    "another estimator": (LogisticRegression, {}, TypeError, "LogisticRegression"),
    "its class": (lambda: LSTMGenerator, {}, TypeError, "must be a fitted LSTMGenerator"),
    "three": (lambda: (language_model(),) * 3, {}, ValueError, "a tuple of 3"),
    "none": (tuple, {}, ValueError, "a tuple of 0"),
    "texts": (lambda: ("a", "b"), {}, TypeError, "must be a fitted LSTMGenerator"),
    "not fitted": (lambda: LSTMGenerator(level="token"), {}, NotFittedError, "fit it to texts"),
    "frozen, not fitted": (lambda: FrozenEstimator(LSTMGenerator()), {}, NotFittedError, "texts"),
    "conditions": (
        lambda: LSTMGenerator(level="token", hidden_size=4, max_epochs=1).fit(TOKENS, Y),
        {}, ValueError, "fitted with conditions",
    ),
    "members": (lambda: language_model(n_members=2), {}, ValueError, r"members_\[0\]"),
    "sizes of two": (
        lambda: (language_model(), language_model(True, hidden_size=5)), {}, ValueError,
        "different hidden_size: 4 and 5",
    ),
    "vocabularies of two": (
        lambda: (language_model(), language_model(True, max_tokens=5)), {}, ValueError,
        "different vocabularies",
    ),
    "cell": (language_model, {"cell": "gru"}, ValueError, "cell='gru' is not what encoder decides"),
    "size": (language_model, {"hidden_size": 8}, ValueError, "hidden_size=8 is not what encoder"),
    "width": (pair, {"embedding_dim": 8}, ValueError, "embedding_dim=8 is not what encoder"),
    "ids": (language_model, {"vocabulary_size": 9}, ValueError, "vocabulary_size=9"),
    "recurrent dropout": (
        lambda: language_model(cell="mingru"), {"recurrent_dropout": 0.5}, ValueError,
        "recurrent_dropout=0.5 has nothing to drop",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told(mistake):
    make, params, error, message = MISTAKES[mistake]
    with pytest.raises(error, match=message):
        classifier(make(), **params).fit(TOKENS, Y)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([["a"], ["b"]] * 20, ValueError, "No token of X is in the vocabulary of encoder"),
        (SERIES.repeat(2, axis=0), ValueError, "encoder reads tokens, but X holds numbers"),
        (embedded(TOKENS), ValueError, "encoder reads tokens, but X holds vectors"),
        (Sequences.from_ids([[2, 3]] * 40), ValueError, "ids"),
        (TEXTS, TypeError, "Tokenizer"),
    ],
    ids=["other words", "numbers", "vectors", "ids", "texts"],
)
def test_other_input_is_refused(X, error, message):
    with pytest.raises(error, match=message):
        classifier().fit(X, Y)


def test_a_tagger_of_two_models_reads_both_ways():
    with pytest.raises(ValueError, match="bidirectional=False is not what encoder decides"):
        LSTMTagger(encoder=pair(), bidirectional=False).fit(TOKENS, TAGS)
    fitted = LSTMTagger(encoder=language_model(), bidirectional=False, max_epochs=1)
    assert not fitted.fit(TOKENS, TAGS)._architecture["bidirectional"]


def test_tokens_where_characters_are_read():
    with pytest.raises(TypeError, match="every text must be a str"):
        classifier(of_characters()).fit(TOKENS, Y)


def test_mostly_unknown_words_warn():
    X = [[*row, "x", "y", "z", "q", "r"] for row in TOKENS]
    with pytest.warns(UserWarning, match="% of the tokens of X are not in the vocabulary"):
        classifier().fit(X, Y)
