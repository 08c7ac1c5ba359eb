"""LSTMGenerator: learning, scoring and writing texts."""

import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from toys import Raise, Spoil, spy

from sklstm import LSTMGenerator, Sequences, TokenIndexer, Tokenizer
from sklstm.datasets import load_names
from sklstm.generator._sampler import SamplingRule, UniformNumbers
from sklstm.generator._texts import choose_cutoffs
from sklstm.inspection import gradient_flow, hidden_states
from sklstm.nn.cells import CELLS
from sklstm.nn.networks import LanguageModelNet

TEXTS = ["tick tock", "tick tack", "toe", "a tick", "tock tock tock"] * 6
LABELS = np.array(["x", "y", "x", "z", "y"] * 6)
TOKENS = [text.split() for text in TEXTS]
SMALL = {"hidden_size": 8, "embedding_dim": 6, "max_epochs": 2, "batch_size": 8, "random_state": 0}


def generator(**params):
    return LSTMGenerator(**{"schedule": None, **SMALL, **params})


@pytest.fixture(scope="module")
def fitted():
    return generator(lr=0.02, max_epochs=10).fit(TEXTS)


@pytest.fixture(scope="module")
def conditional():
    return generator(lr=0.02).fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def tokens():
    return generator(level="token", lr=0.02).fit(TOKENS)


# ------------------------------------------------------------ learning


def test_learns_a_language():
    model = generator(hidden_size=24, lr=0.02, max_epochs=30).fit(TEXTS)
    frequencies = np.log([np.mean([other == text for other in TEXTS]) for text in TEXTS])
    assert model.score_samples(TEXTS).mean() > frequencies.mean() - 0.15
    assert set(model.sample(50, temperature=0.5, random_state=0)) <= set(TEXTS)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bptt_steps", [None, 4])
def test_every_cell_fits_and_writes(cell, bptt_steps):
    model = generator(cell=cell, n_layers=2, dropout=0.1, lr=0.02, bptt_steps=bptt_steps)
    model.fit(TEXTS)
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    assert len(model.sample(3, max_length=5, random_state=0)) == 3
    assert np.isfinite(model.score(TEXTS))
    assert model.transform(TEXTS[:2]).shape == (2, 8)


def test_loss_in_history_is_minus_the_score():
    model = generator(early_stopping=False).fit(TEXTS, X_val=TEXTS[:7])
    assert model.history_[-1]["valid_loss"] == pytest.approx(-model.score(TEXTS[:7]), rel=1e-5)
    model.set_params(lr=1e-12, warm_start=True, max_epochs=1).fit(TEXTS)
    assert model.history_[-1]["train_loss"] == pytest.approx(-model.score(TEXTS), rel=0.02)


@pytest.mark.parametrize("bptt_steps", [3, 50])
def test_valid_loss_with_truncation(bptt_steps):
    model = generator(bptt_steps=bptt_steps).fit(TEXTS, X_val=TEXTS[:7])
    assert model.history_[-1]["valid_loss"] == pytest.approx(-model.score(TEXTS[:7]), rel=1e-5)


def test_sample_weight_leaves_texts_out():
    weights = [text != "toe" for text in TEXTS]
    model = generator(lr=0.03, max_epochs=15).fit(TEXTS, sample_weight=weights)
    scores = dict(zip(TEXTS, model.score_samples(TEXTS), strict=True))
    assert scores["toe"] < min(scores["tick tock"], scores["tick tack"]) - 1


def copying_text(n_blocks, random_state):
    """Blocks of a letter and then blanks, and the letter again: only a state can tell it."""
    letters = np.random.RandomState(random_state).choice(list("abcd"), n_blocks)
    return "".join(f"{letter}....{letter};" for letter in letters)


@pytest.mark.parametrize("carried", [True, False])
def test_truncation_carries_the_state(carried, monkeypatch):
    """The letter is five steps back: most often in the piece before, and in the state."""
    if not carried:
        forward = LanguageModelNet.forward_embedded

        def forget(self, x, lengths, states=None):
            return forward(self, x, lengths, None if states is None else torch.zeros_like(states))

        monkeypatch.setattr(LanguageModelNet, "forward_embedded", forget)
    model = generator(hidden_size=32, lr=0.02, bptt_steps=8, max_epochs=10)
    loss = model.fit([copying_text(400, 0)]).history_[-1]["train_loss"]
    assert loss < 0.33 if carried else loss > 0.45  # log(4) / 7 = 0.198 cannot be known


def test_truncation_makes_a_step_every_few_symbols():
    look, log = spy("on_batch_end", lambda net, training, batch, **_: tuple(batch[0].steps.shape))
    text = copying_text(100, 0)  # 700 symbols and the end
    generator(bptt_steps=10, batch_size=7, max_epochs=1, callbacks=[look]).fit([text])
    assert log[0] == (7, 10)
    assert len(log) == 11


def test_schedule_with_ragged_texts_and_truncation():
    model = generator(bptt_steps=2, batch_size=4, schedule="linear").fit(TEXTS)
    assert model.n_iter_ == 2


def test_early_stopping_on_held_out_texts():
    model = generator(early_stopping=True, max_epochs=200, lr=0.05, n_iter_no_change=2).fit(TEXTS)
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert len(losses) < 200
    assert np.argmin(losses) == len(losses) - 3
    held_out = generator(early_stopping=True, max_epochs=1).fit(TEXTS, X_val=TEXTS[:3])
    assert "valid_loss" in held_out.history_[0]


def test_early_stopping_on_the_end_of_a_single_text():
    text = copying_text(60, 0)
    model = generator(early_stopping=True, bptt_steps=10, max_epochs=3, validation_fraction=0.2)
    look, log = spy(
        "on_batch_end", lambda net, training, batch, **_: (training, int(batch[0].lengths.sum()))
    )
    model.set_params(callbacks=[look]).fit([text])
    n_symbols = len(text) + 1
    held_out = sum(n for training, n in log if not training) / 3
    assert held_out == round(0.2 * n_symbols)
    assert sum(n for training, n in log if training) / 3 == n_symbols - held_out


def test_a_long_text_without_truncation_warns():
    with pytest.warns(UserWarning, match="Set bptt_steps"):
        generator(max_epochs=1, hidden_size=1).fit(["ab" * 6000])


def test_same_random_state_same_weights_and_global_generators_untouched():
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    one, two = (generator(dropout=0.2, word_dropout=0.1).fit(TEXTS) for _ in range(2))
    one.sample(3, random_state=0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    np.testing.assert_array_equal(one.score_samples(TEXTS), two.score_samples(TEXTS))


def test_silent(capfd):
    generator().fit(TEXTS).sample()
    assert capfd.readouterr() == ("", "")


def test_warm_start_goes_on_with_the_vocabulary():
    model = generator(warm_start=True).fit(TEXTS)
    loss = model.history_[-1]["train_loss"]
    vocabulary = model.vocabulary_
    model.fit(TEXTS)
    assert model.n_iter_ == 4
    assert model.history_[-1]["train_loss"] < loss
    with pytest.warns(UserWarning, match="symbols that the first fit had not"):
        model.fit(["unheard of"])
    assert model.vocabulary_ == vocabulary


@pytest.mark.parametrize("changed", [{"embedding_dim": 5}, {"softmax": "adaptive"}])
def test_warm_start_refuses_another_network(changed):
    model = generator(warm_start=True).fit(TEXTS)
    before = model.score(TEXTS)
    with pytest.raises(ValueError, match="does not fit the network"):
        model.set_params(**changed).fit(TEXTS)
    assert model.score(TEXTS) == before


def test_partial_fit():
    model = generator().partial_fit(TEXTS).partial_fit(TEXTS)
    assert model.n_iter_ == 2


def test_a_failed_fit_loses_nothing(fitted):
    model = pickle.loads(pickle.dumps(fitted))
    scores = model.score_samples(TEXTS)
    with pytest.raises(ValueError, match="Every text is empty"):
        model.fit(["", ""])
    with pytest.raises(RuntimeError, match="broken"):
        model.set_params(callbacks=[Raise("on_epoch_end", RuntimeError("broken"), 1)]).fit(["a"])
    np.testing.assert_array_equal(model.score_samples(TEXTS), scores)


def test_ctrl_c_keeps_what_was_learned():
    model = generator(callbacks=[Raise("on_batch_end", KeyboardInterrupt, 2)], bptt_steps=4)
    with pytest.warns(UserWarning, match="interrupted in epoch 2"):
        model.fit(TEXTS)
    assert model.n_iter_ == 1
    assert model.sample(2)


def test_divergence_is_an_error():
    with pytest.raises(ValueError, match="infinite or NaN"):
        generator(callbacks=[Spoil("on_batch_end", 1)]).fit(TEXTS)


def test_pickle(fitted, conditional, tokens):
    adaptive = generator(level="token", softmax="adaptive").fit(TOKENS)
    for model, X, y in [(fitted, TEXTS, None), (conditional, TEXTS, LABELS),
                        (tokens, TOKENS, None), (adaptive, TOKENS, None)]:  # fmt: skip
        there = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(there.score_samples(X, y), model.score_samples(X, y))
        condition = None if y is None else "x"
        options = {"condition": condition, "random_state": 0}
        assert there.sample(2, **options) == model.sample(2, **options)
        assert there.history_ == model.history_


@pytest.mark.parametrize("params", [{"level": "token"}, {"softmax": "adaptive"}, {"min_count": 7},
                                    {"tie_weights": True, "embedding_dim": 8}])  # fmt: skip
def test_clone_and_fit_again(params):
    X = TOKENS if params.get("level") == "token" else TEXTS
    model = generator(**params).fit(X)
    again = clone(model).fit(X)
    np.testing.assert_array_equal(model.score_samples(X), again.score_samples(X))


def test_grid_search_in_two_processes_equals_one():
    grid = {"bptt_steps": [None, 4]}
    one, two = (GridSearchCV(generator(), grid, cv=2, n_jobs=n).fit(TEXTS) for n in (1, 2))
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    assert one.best_estimator_.sample(2, random_state=0) == two.best_estimator_.sample(
        2, random_state=0
    )


def test_grid_search_with_conditions():
    search = GridSearchCV(generator(), {"lr": [0.001, 0.02]}, cv=2).fit(TEXTS, LABELS)
    assert search.best_params_ == {"lr": 0.02}
    assert len(cross_val_score(generator(), TEXTS, LABELS, cv=3)) == 3


def test_vocabulary():
    model = generator(max_tokens=5).fit(TEXTS)
    assert list(model.vocabulary_.items()) == [("t", 2), ("c", 3), ("k", 4)]
    assert model.module_.embedding.weight.shape == (5, 6)
    assert "e" not in generator(min_count=7).fit(TEXTS).vocabulary_


def test_containers_of_texts(fitted):
    scores = fitted.score_samples(TEXTS)
    arrays = np.array(TEXTS), np.array(TEXTS, object)[:, None], tuple(TEXTS), pd.Series(TEXTS)
    for X in arrays:
        np.testing.assert_array_equal(fitted.score_samples(X), scores)
        assert generator(max_epochs=1).fit(X).n_iter_ == 1


def test_containers_of_tokens(tokens):
    scores = tokens.score_samples(TOKENS)
    for X in (Sequences.from_tokens(TOKENS), TokenIndexer().fit_transform(TOKENS)):
        np.testing.assert_array_equal(tokens.score_samples(X), scores)
        assert clone(tokens).fit(X).sample(2, random_state=0) == tokens.sample(2, random_state=0)


def test_pipeline_of_tokens_writes_tokens():
    pipe = make_pipeline(Tokenizer(), generator(level="token", lr=0.05, max_epochs=10)).fit(TEXTS)
    (written,) = pipe[-1].sample(prefix=["tick"], random_state=0)
    assert written[0] == "tick"
    assert set(written) <= {"tick", "tock", "tack", "toe", "a"}
    assert isinstance(pipe[0].inverse_transform([written])[0], str)
    assert np.isfinite(pipe.score(TEXTS))


# ------------------------------------------------------------ scoring


def test_probabilities_of_all_texts_sum_to_one():
    """Of the language of a and b, where an unseen symbol counts as one more."""
    model = generator(hidden_size=16, lr=0.05, max_epochs=20, precision="float64")
    model.fit(["a", "ab", "b", "", "aab"] * 10)
    texts = ["".join(t) for n in range(7) for t in itertools.product("ab?", repeat=n)]
    total = np.exp(model.score_samples(texts)).sum()
    assert 0.99 < total < 1 + 1e-9


def test_score_of_a_text_is_the_sum_of_its_steps(fitted):
    """By hand, from the network's distributions, one symbol at a time."""
    network, codes = fitted.module_, [fitted.vocabulary_[c] for c in "tick tack"]
    total, states = 0.0, None
    with torch.no_grad():
        for code, wanted in itertools.pairwise([0, *codes, 0]):
            outputs, states = network.recurrent.advance(
                network.embed_steps(torch.tensor([[code]])), states
            )
            total += network.log_probabilities(outputs[:, 0])[0, wanted].item()
    assert fitted.score_samples(["tick tack"])[0] == pytest.approx(total, rel=1e-5)


def test_scores_do_not_depend_on_batch_mates(fitted):
    texts = [*TEXTS[:5], "", "t", "tick " * 30]
    scores = fitted.score_samples(texts)
    alone = np.concatenate([fitted.score_samples([text]) for text in texts])
    np.testing.assert_allclose(scores, alone, rtol=1e-5)
    small = pickle.loads(pickle.dumps(fitted)).set_params(batch_size=2)
    np.testing.assert_allclose(small.score_samples(texts), scores, rtol=1e-5)
    np.testing.assert_allclose(fitted.score_samples(texts[::-1])[::-1], scores, rtol=1e-5)


def test_long_texts_are_scored_piece_by_piece(fitted, monkeypatch):
    texts = ["tick tock " * 20, "toe"]
    scores, features = fitted.score_samples(texts), fitted.transform(texts)
    monkeypatch.setattr("sklstm.generator._estimator.NUMBERS_AT_ONCE", 1)
    assert fitted._n_steps_at_once() == 1
    np.testing.assert_allclose(fitted.score_samples(texts), scores, rtol=1e-5)
    np.testing.assert_allclose(fitted.transform(texts), features, atol=1e-6)


def test_scores_in_threads_do_not_disturb_one_another(fitted, monkeypatch):
    monkeypatch.setattr("sklstm.generator._estimator.NUMBERS_AT_ONCE", 1)  # a step at a time
    groups = [TEXTS[:3], TEXTS[2:5], TEXTS[1:2]] * 4
    with ThreadPoolExecutor(4) as pool:
        scores = list(pool.map(fitted.score_samples, groups))
    for group, of_group in zip(groups, scores, strict=True):
        np.testing.assert_array_equal(of_group, fitted.score_samples(group))


def test_scores_agree_with_each_other(fitted):
    n_symbols = sum(map(len, TEXTS)) + len(TEXTS)
    score = fitted.score(TEXTS)
    assert score == pytest.approx(fitted.score_samples(TEXTS).sum() / n_symbols)
    assert fitted.perplexity(TEXTS) == pytest.approx(np.exp(-score))
    assert fitted.bits_per_character(TEXTS) == pytest.approx(-score / np.log(2))


def test_scores_weigh_texts(fitted):
    weights = np.arange(len(TEXTS)) % 3
    repeated = [text for text, weight in zip(TEXTS, weights, strict=True) for _ in range(weight)]
    for score in (fitted.score, fitted.perplexity, fitted.bits_per_character):
        assert score(TEXTS, sample_weight=weights) == pytest.approx(score(repeated))
        assert score(TEXTS, sample_weight=np.full(len(TEXTS), 7)) == pytest.approx(score(TEXTS))
    with pytest.raises(ValueError, match="sample_weight sums to 0"):
        fitted.score(TEXTS, sample_weight=np.resize([1.0, -1.0], len(TEXTS)))
    with pytest.raises(ValueError, match="sample_weight"):
        fitted.score(TEXTS, sample_weight=[1.0])


def test_weights_are_routed_to_fit_and_score():
    weights = np.where(np.arange(len(TEXTS)) % 5 == 4, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = generator().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        found = cross_validate(
            model, TEXTS, cv=2, params={"sample_weight": weights}, return_estimator=True
        )
    first = found["estimator"][0]
    weighted = first.score(TEXTS[:15], sample_weight=weights[:15])
    assert found["test_score"][0] == pytest.approx(weighted) != first.score(TEXTS[:15])


def test_unseen_symbols_are_unknown(fitted):
    one, two, known = fitted.score_samples(["tick#", "tickЖ", "tick"])
    assert one == two
    assert np.isfinite(one)
    assert one < known


def test_features_are_the_last_state(fitted):
    features = fitted.transform(["tick", "tick tock", ""])
    assert features.shape == (3, 8)
    assert features.dtype == np.float32
    np.testing.assert_allclose(fitted.transform(["tick tock"]), features[1:2], atol=1e-6)
    names = fitted.get_feature_names_out()
    assert names[0] == "lstmgenerator0"
    assert len(names) == 8
    frame = clone(fitted).set_output(transform="pandas").fit(TEXTS).transform(TEXTS)
    assert list(frame.columns) == list(names)


def test_pipeline_learns_features_without_labels():
    labels = [text.startswith("t") for text in TEXTS]
    pipe = make_pipeline(generator(max_epochs=10), LogisticRegression(C=100)).fit(TEXTS, labels)
    assert pipe[0].conditions_ is None
    assert pipe.score(TEXTS, labels) == 1.0


def test_inspection_shows_the_state_at_every_symbol(fitted, tokens, conditional):
    states = hidden_states(fitted, ["tick", ""])
    assert states.tokens == [["<start>", *"tick"], ["<start>"]]
    np.testing.assert_allclose(states.h[0][0, 0, -1], fitted.transform(["tick"])[0], atol=1e-6)
    assert hidden_states(tokens, [["tick", "tock"]]).tokens == [["<start>", "tick", "tock"]]
    with pytest.raises(TypeError, match="symbol by symbol"):
        gradient_flow(fitted, TEXTS, LABELS)
    with pytest.raises(TypeError, match="with conditions"):
        hidden_states(conditional, TEXTS)


def test_a_level_set_after_fit_says_nothing_of_what_was_learned():
    model = generator().fit(TEXTS)
    expected = model.score(TEXTS), model.sample(random_state=0)
    model.set_params(level="token")
    assert (model.score(TEXTS), model.sample(random_state=0)) == expected
    assert model.bits_per_character(TEXTS) > 0
    with pytest.raises(NotFittedError):
        generator(level="token").bits_per_character(TEXTS)


# ------------------------------------------------------------ writing


def test_the_same_random_state_writes_the_same(fitted):
    texts = fitted.sample(40, random_state=3)
    assert texts == fitted.sample(40, random_state=np.random.RandomState(3))
    assert len(set(texts)) > 5
    assert texts != fitted.sample(40, random_state=4)


@pytest.mark.parametrize("n_samples", [1, 2, 3, 7, 33])
def test_a_text_does_not_depend_on_those_beside_it(fitted, n_samples):
    texts = fitted.sample(40, random_state=3)
    assert fitted.sample(n_samples, random_state=3) == texts[:n_samples]
    small = pickle.loads(pickle.dumps(fitted)).set_params(batch_size=n_samples)
    assert small.sample(40, random_state=3) == texts


def test_no_text_depends_on_the_conditions_beside_it(conditional):
    together = conditional.sample(9, condition=["x", "y", "z"] * 3, random_state=0)
    for place, label in enumerate("xyz"):
        alone = conditional.sample(9, condition=label, random_state=0)
        assert alone[place::3] == together[place::3]


def test_draws_of_a_text_go_on_and_are_its_own():
    numbers = np.stack([next(draws) for draws in [UniformNumbers(5, [0, 7])] for _ in range(600)])
    for column, number in enumerate([0, 7]):
        expected = np.random.default_rng([5, number]).random(600)
        np.testing.assert_array_equal(numbers[:, column], expected)


@pytest.mark.parametrize("options", [{}, {"prefix": "tick"}, {"top_k": 3}, {"top_p": 0.8},
                                     {"top_k": 1}, {"max_length": 6}])  # fmt: skip
@pytest.mark.parametrize("seed", range(4))
def test_iter_sample_yields_what_sample_returns(fitted, options, seed):
    text = "".join(fitted.iter_sample(random_state=seed, **options))
    prefix = options.get("prefix", "")
    assert [prefix + text] == fitted.sample(random_state=seed, **options)


def test_iter_sample_of_tokens_and_conditions(tokens, conditional):
    assert list(tokens.iter_sample(random_state=1)) == tokens.sample(random_state=1)[0]
    options = {"condition": "y", "random_state": 1}
    assert ["".join(conditional.iter_sample(**options))] == conditional.sample(**options)


def test_iter_sample_writes_as_it_is_asked(fitted):
    symbols = fitted.iter_sample(max_length=10**9, temperature=5.0, random_state=0)
    assert len(next(symbols)) == 1
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


def test_samples_have_the_probabilities_of_the_model():
    model = generator(hidden_size=8, lr=0.03, max_epochs=8).fit(["a", "b", "ab", "ba"] * 10)
    texts = model.sample(4000, random_state=0, max_length=50)
    known = [text for text in ("a", "b", "ab", "ba", "") if texts.count(text) > 20]
    assert len(known) >= 3
    expected = np.exp(model.score_samples(known))
    found = np.array([texts.count(text) / 4000 for text in known])
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_prefix_and_max_length(fitted):
    texts = fitted.sample(20, prefix="tick t", max_length=8, random_state=0)
    assert all(text.startswith("tick t") and len(text) <= 8 for text in texts)
    assert max(map(len, texts)) == 8


def test_greedy_is_the_limit_of_low_temperature(fitted):
    (greedy,) = fitted.sample(top_k=1, random_state=0)
    assert {*fitted.sample(5, temperature=1e-300, random_state=1)} == {greedy}
    assert fitted.sample(3, top_k=1, random_state=1) == [greedy] * 3
    assert fitted.sample(3, top_p=1e-9, random_state=1) == [greedy] * 3
    assert fitted.sample(3, top_k=10**6, top_p=1.0, random_state=1) == fitted.sample(
        3, random_state=1
    )


def test_unknown_is_never_written():
    model = generator(level="token", max_tokens=4, lr=0.05, max_epochs=10).fit(TOKENS)
    written = {token for tokens in model.sample(50, random_state=0) for token in tokens}
    assert written <= {"tick", "tock"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (SamplingRule(1.0, None, None), [0.4, 0.1, 0.3, 0.2]),
        (SamplingRule(1.0, 2, None), [0.4, 0, 0.3, 0]),
        (SamplingRule(1.0, None, 0.65), [0.4, 0, 0.3, 0]),
        (SamplingRule(1.0, None, 0.75), [0.4, 0, 0.3, 0.2]),
        (SamplingRule(1.0, 3, 0.5), [0.4, 0, 0.3, 0]),  # 0.4 / 0.9 is below a half
        (SamplingRule(1.0, 1, 1.0), [0.4, 0, 0, 0]),
        (SamplingRule(0.5, None, None), [0.16, 0.01, 0.09, 0.04]),
    ],
)
def test_what_may_be_drawn(rule, expected):
    found = rule.probabilities(np.log([[0.4, 0.1, 0.3, 0.2]]))[0]
    np.testing.assert_allclose(found / found.sum(), np.array(expected) / np.sum(expected))


def test_ties_do_not_exceed_top_k():
    found = SamplingRule(1.0, 2, None).probabilities(np.log(np.full((3, 5), 0.2)))
    assert ((found > 0).sum(axis=1) == 2).all()


def test_draws_at_the_edge_stay_within_what_may_be_drawn():
    log_p = np.log([[0.5, 1e-9, 0.5, 1e-9]] * 2)
    codes = SamplingRule(1.0, 2, None)(log_p, np.array([0.0, np.nextafter(1, 0)]))
    assert codes.tolist() == [0, 2]


# ------------------------------------------------------------ conditions


def test_learns_the_condition():
    texts, labels = ["up", "down"] * 20, ["+", "-"] * 20
    model = generator(lr=0.05, max_epochs=10).fit(texts, labels)
    assert model.conditions_.tolist() == ["+", "-"]
    for label, text in (("+", "up"), ("-", "down")):
        assert set(model.sample(30, condition=label, temperature=0.3, random_state=0)) == {text}
    assert model.score(["up"], ["+"]) > model.score(["up"], ["-"]) + 0.5
    written = model.sample(4, condition=["+", "-", "-", "+"], top_k=1, random_state=0)
    assert written == ["up", "down", "down", "up"]


def test_written_names_are_of_the_language_asked_for():
    """A classifier reads them that has seen other, real names; one in six would be chance."""
    names = load_names()
    languages = np.array(names.target_names)[names.target]
    chosen = ["Arabic", "Greek", "Irish", "Italian", "Japanese", "Russian"]
    rows = np.concatenate([np.flatnonzero(languages == language)[:200] for language in chosen])
    X, y = np.array(names.data)[rows], languages[rows]
    letters = CountVectorizer(analyzer="char_wb", ngram_range=(1, 3))
    judge = make_pipeline(letters, LogisticRegression(max_iter=300)).fit(X[::2], y[::2])
    model = generator(hidden_size=64, batch_size=16, lr=0.02, schedule="one_cycle", max_epochs=20)
    written = model.fit(X[1::2], y[1::2]).sample(300, condition=y[::4], random_state=0)
    assert judge.score(written, y[::4]) > 0.7
    assert np.isin(written, X).mean() < 0.2  # made up, not repeated


def test_learns_numbers():
    texts, numbers = ["up", "down"] * 20, np.array([[1.0, 0.5], [-1.0, 0.5]] * 20)
    model = generator(lr=0.05, max_epochs=10).fit(texts, numbers)
    assert model.conditions_ is None
    assert model.sample(condition=[1.0, 0.5], top_k=1) == ["up"]
    assert model.sample(2, condition=[[-1.0, 0.5], [1.0, 0.5]], top_k=1) == ["down", "up"]
    one = generator(lr=0.05, max_epochs=10).fit(texts, numbers[:, 0])
    assert one.sample(2, condition=-1.0, top_k=1) == ["down", "down"]
    assert one.sample(condition=[1.0], top_k=1) == ["up"]


@pytest.mark.parametrize("labels", [["1", "2"], [1, 2], [True, False]])
@pytest.mark.parametrize("kind", [list, np.array, pd.Series, lambda y: np.array(y, object)])
def test_kinds_of_labels(labels, kind):
    model = generator(max_epochs=1).fit(["a", "b"], kind(labels))
    assert model.conditions_.tolist() == sorted(labels)
    assert model.sample(condition=labels[0], random_state=0) == model.sample(
        condition=[labels[0]], random_state=0
    )


def test_conditions_of_pieces():
    texts, labels = ["ab" * 50, "cd" * 50], ["x", "y"]
    model = generator(bptt_steps=5, batch_size=4, lr=0.05, max_epochs=10).fit(texts, labels)
    (text,) = model.sample(condition="y", top_k=1, max_length=10)
    assert set(text) == {"c", "d"}
    assert model.history_[-1]["train_loss"] < 0.2


def test_transform_with_conditions(conditional):
    one, two = (conditional.transform(["tick"], [label]) for label in "xy")
    assert not np.allclose(one, two)


# ------------------------------------------------------------ output layers


def test_adaptive_softmax_learns_as_well():
    full, adaptive = (
        generator(hidden_size=16, lr=0.02, max_epochs=15, softmax=softmax).fit(TEXTS)
        for softmax in ("full", "adaptive")
    )
    assert adaptive.score(TEXTS) == pytest.approx(full.score(TEXTS), abs=0.1)


def test_cutoffs():
    counts = np.array([10, 0, 400, 300, 100, 50, 50, 40, 30, 10, 10])
    assert choose_cutoffs(counts) == [5, 8]
    assert choose_cutoffs(np.array([1, 0, 5])) == [2]
    assert choose_cutoffs(np.array([1, 0, 5, 1, 1])) == [4]


def test_tied_weights():
    model = generator(tie_weights=True, embedding_dim=8, lr=0.02, max_epochs=10).fit(TEXTS)
    assert model.n_parameters_ == generator(embedding_dim=8).fit(TEXTS).n_parameters_ - 8 * (
        len(model.vocabulary_) + 2
    )
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]


def test_summary(fitted):
    printed = str(fitted.summary())
    assert f"(N, T, {len(fitted.vocabulary_) + 2})" in printed
    assert f"Total parameters: {fitted.n_parameters_:,}" in printed


# ------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([], ValueError, "0 sample"),
        ("tick", TypeError, "one bare str"),
        (["", ""], ValueError, "Every text is empty"),
        ([["a", "b"]], TypeError, "set level='token'"),
        (Sequences.from_tokens([["a"]]), TypeError, "set level='token'"),
        ([b"tick"], TypeError, "Decode bytes"),
        (["tick", None], TypeError, "missing"),
        ([1, 2], TypeError, "must be a str"),
        (np.zeros((3, 2)), ValueError, "one column"),
        (5, TypeError, "list, tuple"),
    ],
)
def test_bad_texts(X, error, message):
    with pytest.raises(error, match=message):
        generator().fit(X)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (["tick tock"], TypeError, "put a Tokenizer first"),
        ([["a", 1]], TypeError, "must be a str"),
        ([[], []], ValueError, "Every text is empty"),
        (Sequences.from_ids([[2, 3]]), ValueError, "without their strings"),
        (Sequences.from_tokens([["a"]]).with_vectors(np.zeros((3, 2))), ValueError, "vectors"),
        (Sequences.from_tokens([["a"]])[:0], ValueError, "0 sample"),
    ],
)
def test_bad_tokens(X, error, message):
    with pytest.raises(error, match=message):
        generator(level="token").fit(X)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"level": "word"}, "level"),
        ({"softmax": "sampled"}, "softmax"),
        ({"tie_weights": True}, "embedding_dim must equal hidden_size; got 6 and 8"),
        ({"tie_weights": True, "softmax": "adaptive"}, "needs softmax='full'"),
        ({"max_tokens": 2}, "max_tokens"),
        ({"min_count": 0}, "min_count"),
        ({"min_count": 10**6}, "Lower min_count"),
        ({"bptt_steps": 0}, "bptt_steps"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"cell": "elman"}, "cell"),
        ({"cell": "gru", "cell_params": {"forget_bias": 1.0}}, "cell_params"),
        ({"validation_fraction": 0.9999, "early_stopping": True}, "hold out"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        generator(**params).fit(TEXTS)


def test_a_single_short_text_has_no_part_to_hold_out():
    with pytest.raises(ValueError, match=r"cannot hold out validation_fraction=0\.1 of 3"):
        generator(early_stopping=True).fit(["ab"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_samples": 0}, ValueError, "n_samples"),
        ({"n_samples": 1.5}, TypeError, "n_samples"),
        ({"temperature": 0}, ValueError, "set top_k=1"),
        ({"temperature": -0.1}, ValueError, "temperature must be positive"),
        ({"temperature": float("nan")}, ValueError, "temperature"),
        ({"temperature": float("inf")}, ValueError, "temperature"),
        ({"temperature": "hot"}, TypeError, "temperature"),
        ({"top_k": 0}, ValueError, "top_k"),
        ({"top_k": 2.5}, TypeError, "top_k"),
        ({"top_p": 0}, ValueError, "top_p"),
        ({"top_p": 1.1}, ValueError, "top_p"),
        ({"max_length": 0}, ValueError, "max_length"),
        ({"max_length": 4, "prefix": "tick"}, ValueError, "raise max_length"),
        ({"prefix": "tiЖk"}, ValueError, "'Ж', which is not in the vocabulary"),
        ({"prefix": ["t", "i"]}, TypeError, "prefix must be a str"),
        ({"prefix": 5}, TypeError, "prefix must be a str"),
        ({"prefix": None}, TypeError, "prefix must be a str"),
        ({"condition": "x"}, ValueError, "without conditions"),
        ({"handle_unknown": "ignore"}, ValueError, "handle_unknown"),
        ({"random_state": "seed"}, ValueError, "seed"),
    ],
)
def test_bad_samples(fitted, options, error, message):
    with pytest.raises(error, match=message):
        fitted.sample(**options)
    if "n_samples" not in options:
        with pytest.raises(error, match=message):
            fitted.iter_sample(**options)


@pytest.mark.parametrize(
    ("prefix", "message"), [("tick", "a list of tokens"), (["tick", 5], "a list of tokens"),
                            (["<pad>"], "vocabulary"), (["<unk>"], "vocabulary"),
                            ([["tick"]], "a list of tokens")]
)  # fmt: skip
def test_bad_prefixes_of_tokens(tokens, prefix, message):
    with pytest.raises((TypeError, ValueError), match=message):
        tokens.sample(prefix=prefix)


def test_unknown_symbols_of_a_prefix_can_be_skipped(fitted):
    texts = fitted.sample(3, prefix="tiЖck", handle_unknown="skip", random_state=0)
    assert texts == fitted.sample(3, prefix="tick", random_state=0)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (None, "was fitted with conditions"),
        ("w", "'w' was never seen in fit; choose from \\['x', 'y', 'z'\\]"),
        (["x", "y"], "2 rows for n_samples=3"),
        ([["x", "y"]], "condition of a text is one of"),
        (1, "never seen"),
    ],
)
def test_bad_conditions(conditional, condition, message):
    with pytest.raises(ValueError, match=message):
        conditional.sample(3, condition=condition)


def test_bad_numbers():
    model = generator().fit(["a", "b"], [[0.1, 0.2], [0.3, 0.4]])
    for condition, message in [([0.1], "1 numbers, but 2"), ([[0.1, 0.2]], "1 rows"),
                               ([0.1, np.nan], "missing value nan"), ("a", "one label, or numbers"),
                               ([["a", "b"]], "one label, or numbers")]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            model.sample(2, condition=condition)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (["x"], ValueError, "inconsistent"),
        (["x", None, *LABELS[2:]], ValueError, "none may be missing"),
        ([[1], [1, 2]] * 15, ValueError, "one condition"),
        ([np.nan] * 30, ValueError, "missing value nan"),
        ([["x", "y"]] * 30, ValueError, "one label, or numbers"),
    ],
)
def test_bad_conditions_in_fit(y, error, message):
    with pytest.raises(error, match=message):
        generator().fit(TEXTS, y)


@pytest.mark.parametrize("labels", [["a", np.nan], ["a", 1]])
def test_labels_of_one_type(labels):
    with pytest.raises((TypeError, ValueError), match=r"none may be missing|labels of one type"):
        generator().fit(TEXTS, labels * 15)


def test_one_number_for_each_text():
    model = generator().fit(TEXTS, np.linspace(0, 1, len(TEXTS)))
    options = {"max_length": 5, "random_state": 0}
    written = model.sample(3, condition=[0.1, 0.5, 0.9], **options)
    assert written == model.sample(3, condition=[[0.1], [0.5], [0.9]], **options)
    assert model.sample(2, condition=[0.5], **options) == model.sample(2, condition=0.5, **options)
    with pytest.raises(ValueError, match="2 rows for n_samples=3"):
        model.sample(3, condition=[0.1, 0.5])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_of_conditions(library):
    frame = pytest.importorskip(library).DataFrame(
        {"year": [0.1, 0.9] * 4, "length": [1.0, 2.0] * 4}
    )
    model = generator(max_epochs=1).fit(TEXTS[:8], frame)
    assert model.score(TEXTS[:8], frame) == model.score(TEXTS[:8], frame.to_numpy())
    swapped = frame[["length", "year"]]
    for call in (
        lambda: model.score(TEXTS[:8], swapped),
        lambda: model.sample(8, condition=swapped),
        lambda: model.partial_fit(TEXTS[:8], swapped),
    ):
        with pytest.raises(ValueError, match=r"columns \['length', 'year'\], but in fit they were"):
            call()


def test_conditions_missing_or_superfluous(fitted, conditional):
    for method in ("score", "score_samples", "perplexity", "bits_per_character", "transform"):
        with pytest.raises(ValueError, match="without conditions"):
            getattr(fitted, method)(TEXTS, LABELS)
        with pytest.raises(ValueError, match="was fitted with conditions"):
            getattr(conditional, method)(TEXTS)
        with pytest.raises(ValueError, match="never seen"):
            getattr(conditional, method)(["a"], ["w"])
    with pytest.raises(ValueError, match=r"In the validation data: .* fitted with"):
        generator().fit(TEXTS, LABELS, X_val=TEXTS)
    with pytest.raises(ValueError, match="without X_val"):
        generator().fit(TEXTS, LABELS, y_val=LABELS)


def test_bits_per_character_of_tokens(tokens):
    with pytest.raises(ValueError, match="use perplexity"):
        tokens.bits_per_character(TOKENS)


@pytest.mark.parametrize("method", ["score", "score_samples", "transform", "perplexity"])
def test_unfitted(method):
    with pytest.raises(NotFittedError):
        getattr(generator(), method)(TEXTS)


def test_parameters_set_after_fit_are_checked(fitted):
    model = pickle.loads(pickle.dumps(fitted)).set_params(batch_size=0)
    for use in (model.sample, lambda: next(model.iter_sample()), lambda: model.score(TEXTS)):
        with pytest.raises(ValueError, match="'batch_size' parameter of LSTMGenerator"):
            use()


def test_a_text_being_written_outlasts_a_fit():
    model = generator().fit(TEXTS)
    whole = list(model.iter_sample(random_state=0, max_length=9))
    symbols = model.iter_sample(random_state=0, max_length=9)
    begun = next(symbols)
    model.fit(["?"])
    assert [begun, *symbols] == whole


def test_weights_of_held_out_texts(fitted):
    weights = np.arange(len(TEXTS)) == 0
    with pytest.raises(ValueError, match="has the weight 0"):
        generator(early_stopping=True).fit(TEXTS, sample_weight=weights)


def test_unfitted_writes_nothing():
    for method in ("sample", "iter_sample", "summary", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(generator(), method)()
