"""Taggers that learn from sentences of which not all tags are known."""

import pickle
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tagged import PLAIN, SENTENCES, TAGS, assert_same, tagger

from sklstm import LSTMTagger, load, save
from sklstm.metrics import entity_f1_score, entity_f1_scorer
from sklstm.nn.crf import LinearChainCRF
from sklstm.tagger._codes import TagCodes
from sklstm.tagger._partial_tags import PartialTags
from sklstm.tags import SCHEMES, allowed_transitions, check_tags, convert_tags, infer_scheme

PARTIAL = [[None if (i + t) % 3 == 1 else tag for t, tag in enumerate(row)]
           for i, row in enumerate(TAGS)]  # fmt: skip
PARTIAL[3] = PARTIAL[8] = PARTIAL[13] = TAGS[3]  # of one word


def well_formed(scheme, length, kinds=("A", "B")):
    """Every well-formed path of tags."""
    tags = ["O", *(f"{prefix}-{kind}" for prefix in "BIESLU" for kind in kinds)]
    for path in product(tags, repeat=length):
        try:
            check_tags([list(path)], scheme)
        except ValueError:
            continue
        yield list(path)


def agree(known, path):
    return all(one is None or one == other for one, other in zip(known, path, strict=True))


class TestCodes:
    @pytest.mark.parametrize(
        ("scheme", "train_scheme"),
        [("IOB2", "IOBES"), ("IOB2", "BILOU"), ("IOBES", "BILOU"), ("BILOU", "IOBES"),
         *((scheme, scheme) for scheme in SCHEMES)],
    )  # fmt: skip
    def test_stand_for_the_paths_that_agree(self, scheme, train_scheme):
        """The paths that follow the rules, and have a tag of the set at each step."""
        paths = {tuple(path): path for path in well_formed(scheme, 3, "A")}
        codes = TagCodes(scheme, train_scheme, list(paths.values()))
        partial, tags = codes.partial, codes.tags
        trained = convert_tags(list(paths.values()), scheme, train_scheme)
        for path in list(paths.values())[::2]:
            for hidden in product([False, True], repeat=3):
                known = [None if hide else tag for hide, tag in zip(hidden, path, strict=True)]
                if None not in known:
                    continue
                [found] = codes.encode([known])
                expected = {
                    tuple(own)
                    for own, other in zip(trained, paths.values(), strict=True)
                    if agree(known, other)
                }
                sets = [np.array(tags)[may_be] for may_be in partial.choices[found]]
                meant = {own for own in product(*sets) if own in set(map(tuple, trained))}
                assert meant == expected

    def test_whole_sentences_keep_their_codes(self):
        whole = TagCodes("auto", "auto", TAGS)
        mixed = TagCodes("auto", "auto", [*TAGS, *PARTIAL])
        assert whole.tags == mixed.tags
        assert_same(mixed.encode([*TAGS, *PARTIAL])[:20], whole.encode(TAGS))

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_infer_the_scheme(self, scheme):
        y = convert_tags([["B-A", "I-A", "I-A", "B-A", "O", "B-B"]] * 2, "IOB2", scheme)
        y[0][1] = y[0][4] = None
        assert TagCodes("auto", "auto", y).scheme == scheme
        assert TagCodes("auto", "auto", [[None, "NOUN"], ["DET", None]]).scheme is None

    def test_of_iob1_are_learned_in_iob1(self):
        y = [["I-A", None, "O"], ["I-A", "I-A", "B-A"]]
        assert TagCodes("auto", "auto", y).train_scheme == "IOB1"
        with pytest.raises(ValueError, match=r"Sentence 0 has an unknown tag.*train_scheme=None"):
            TagCodes("auto", "IOBES", y).encode(y)

    @pytest.mark.parametrize(
        ("known", "message"),
        [
            ([None, "B-A", "I-B"], "'I-B' after 'B-A' does not fit IOB2"),
            (["I-A", None], "'I-A' at the start of the sentence"),
            (["O", None, "X"], "'X' is not a tag of IOB2"),
        ],
    )
    def test_of_faulty_neighbours(self, known, message):
        codes = TagCodes("IOB2", "IOBES", [["B-A", "I-A", "B-B", "O"]])
        with pytest.raises(ValueError, match=message):
            codes.encode([["O"], known])

    def test_that_no_path_fits(self):
        codes = TagCodes("IOBES", None, [["B-A", "I-A", "E-A", "S-A", "B-B", "E-B", "O"]])
        codes.encode([["B-A", None, "E-A"], ["B-A", None, "S-B"][:2]])
        with pytest.raises(ValueError, match=r"Sentence 1: whatever .*'B-A', None, 'E-B'.* IOBES"):
            codes.encode([["O"], ["B-A", None, "E-B"]])
        with pytest.raises(ValueError, match=r"contains the tags \['B-C'\]"):
            codes.encode([["B-C", None]])

    def test_public_functions_refuse_unknown_tags(self):
        for function in (lambda y: check_tags(y, "IOB2"), infer_scheme,
                         lambda y: entity_f1_score(y, y)):  # fmt: skip
            with pytest.raises(TypeError, match=r"Sentence 0, token 1: None.*LSTMTagger learns"):
                function([["O", None]])

    def test_weights(self):
        codes = TagCodes("IOB2", "IOBES", TAGS)
        weights = np.arange(1.0, len(codes.tags) + 1)
        [one, both, none, whole] = codes.mean_weights(
            weights, [*codes.encode([["O", None], ["B-PER", None], ["B-PER"]]), np.array([], int)]
        )
        b, s, o = (codes.tags.index(tag) + 1 for tag in ("B-PER", "S-PER", "O"))
        assert [one, both, none, whole] == [o, (b + s) / 2, s, 1.0]


class TestLikelihood:
    @settings(max_examples=25)
    @given(st.integers(0, 2**32 - 1), st.sampled_from([0.3, 3.0, 60.0]), st.booleans())
    def test_is_that_of_enumeration(self, seed, spread, is_ruled):
        torch.manual_seed(seed)
        tags = ["O", "B-A", "I-A", "B-B", "I-B"]
        crf = LinearChainCRF(5, allowed_transitions(tags, "IOB2") if is_ruled else None).double()
        for weight in crf.parameters():
            torch.nn.init.normal_(weight, std=spread)
        lengths = torch.tensor([4, 3, 1, 0])
        emissions = spread * torch.randn(4, 5, 5, dtype=torch.float64)
        truth = crf.viterbi(torch.randn_like(emissions), lengths)[0]  # which the rules allow
        may_be = torch.nn.functional.one_hot(truth.clamp(min=0), 5).bool()
        may_be |= (torch.rand(4, 5, 1) < 0.4) | (torch.rand(4, 5, 5) < 0.2)
        found = crf.constrained_log_likelihood(emissions, may_be, lengths)
        for x, allowed, length, value in zip(emissions, may_be, lengths, found, strict=True):
            n = int(length)
            paths = torch.tensor(list(product(range(5), repeat=n)), dtype=torch.long)
            batch = x[:n].expand(len(paths), n, 5)
            if not n:
                assert value == 0
                continue
            lengths_of_paths = torch.full((len(paths),), n)
            logs = crf.log_likelihood(batch, paths, lengths_of_paths)
            fits = allowed[torch.arange(n), paths].all(dim=1)
            torch.testing.assert_close(value, logs[fits].logsumexp(0), rtol=1e-8, atol=1e-8)

    @pytest.mark.parametrize("way", ["_by_scaled_sums", "_by_logarithms"])
    def test_gradients(self, way, monkeypatch):
        torch.manual_seed(0)
        tags = ["O", "B-A", "I-A"]
        crf = LinearChainCRF(3, allowed_transitions(tags, "IOB2")).double()
        for weight in crf.parameters():
            torch.nn.init.normal_(weight)
        emissions, lengths = torch.randn(3, 4, 3, dtype=torch.float64), torch.tensor([4, 2, 0])
        may_be = torch.ones(3, 4, 3, dtype=torch.bool)
        may_be[0, 1] = torch.tensor([True, False, False])  # so that no I-A may follow
        from sklstm.nn import crf as module

        chosen = getattr(module, way)
        monkeypatch.setattr(module, "_expectations", chosen)
        inputs = [emissions.requires_grad_(), *crf.parameters()]
        assert torch.autograd.gradcheck(
            lambda e, *_: crf.constrained_log_likelihood(e, may_be, lengths), inputs
        )

    @pytest.mark.parametrize("crf", [True, False])
    def test_of_a_network(self, crf):
        """That of one tag known is the tag's marginal."""
        fitted = tagger(crf=crf, train_scheme="IOBES").fit(SENTENCES, TAGS)
        known = [[None] * len(row) for row in TAGS[:5]]
        known[0][2], known[2][1], known[4][0] = "B-PER", "I-LOC", "O"
        data = fitted._read_dataset(SENTENCES[:5], known, None)
        batch, codes = data.batch(np.arange(5)), data.targets_and_weights(np.arange(5))[0]
        net = fitted.module_.eval()
        with torch.no_grad():
            losses = net.losses(net(**batch.to("cpu", torch.float32)), codes)
        marginals = fitted.predict_marginals(SENTENCES[:5])
        at = [list(fitted.classes_).index(tag) for tag in ("B-PER", "S-PER", "I-LOC", "E-LOC", "O")]
        expected = [marginals[0][2, at[:2]].sum(), 1, marginals[2][1, at[2:4]].sum(), 1,
                    marginals[4][0, at[4]]]  # fmt: skip
        if not crf:  # which knows not by itself that a B came before the I
            expected[2] *= marginals[2][0, list(fitted.classes_).index("B-LOC")]
        np.testing.assert_allclose((-losses).exp().numpy(), expected, rtol=1e-5)


class TestTagger:
    @pytest.mark.parametrize("crf", [True, False])
    @pytest.mark.parametrize("train_scheme", [None, "IOBES"])
    def test_learns_by_heart(self, crf, train_scheme):
        """All words are tagged somewhere."""
        params = {"crf": crf, "train_scheme": train_scheme, "max_epochs": 40}
        fitted = tagger(**params).fit(SENTENCES, PARTIAL)
        assert fitted.predict(SENTENCES).tolist() == TAGS

    def test_unknown_tags_teach_nothing(self):
        """Not what an O in their place would."""
        X, y = [["a", "b"]] * 20, [["x", None], [None, "y"]] * 10
        fitted = tagger(max_epochs=30).fit(X, y)
        assert fitted.predict([["a", "b"]])[0] == ["x", "y"]
        assert fitted.score(X, y) == 1
        assert fitted.history_[-1]["train_loss"] < 0.2

    @pytest.mark.parametrize(
        "params",
        [
            {"train_scheme": "auto", "class_weight": "balanced"},
            {"crf": False, "class_weight": "balanced", "train_scheme": "BILOU"},
            {"n_members": 2},
            {"early_stopping": True, "scoring": "loss"},
            {"adversarial": 1.0, "char_encoder": "cnn", "wide": True},
        ],
        ids=str,
    )
    def test_goes_with_other_parameters(self, params, tmp_path):
        fitted = tagger(**params).fit(SENTENCES, PARTIAL, np.arange(1, 21))
        expected = fitted.predict_marginals(SENTENCES)
        assert all(np.isfinite(row).all() for row in expected)
        again = tagger(**params, checkpoint=tmp_path / "fit").fit(
            SENTENCES, PARTIAL, np.arange(1, 21)
        )
        assert_same(again.predict_marginals(SENTENCES), expected)
        assert_same(pickle.loads(pickle.dumps(fitted)).predict_marginals(SENTENCES), expected)
        save(fitted, tmp_path / "tagger.sklstm")
        loaded = load(tmp_path / "tagger.sklstm")
        assert_same(loaded.predict_marginals(SENTENCES), expected)
        if not {"early_stopping", "class_weight"} & set(params):
            loaded.partial_fit(SENTENCES, PARTIAL)

    def test_validation(self):
        early = {"early_stopping": True, "max_epochs": 3}
        fitted = tagger(**early).fit(SENTENCES, PARTIAL, X_val=SENTENCES, y_val=PARTIAL)
        whole = [row for row, tags in enumerate(PARTIAL) if None not in tags]
        X, y = [SENTENCES[row] for row in whole], [TAGS[row] for row in whole]
        assert fitted.history_[-1]["valid_f1"] >= 0
        assert fitted.score(SENTENCES, PARTIAL) == fitted.score(X, y)
        weights = np.arange(20.0)
        assert fitted.score(SENTENCES, PARTIAL, weights) == fitted.score(X, y, weights[whole])
        none_whole = [[None, *tags[1:]] if len(tags) > 1 else tags for tags in TAGS]
        rows = [row for row, tags in enumerate(none_whole) if None in tags]
        X, y = [SENTENCES[row] for row in rows], [none_whole[row] for row in rows]
        with pytest.raises(ValueError, match="scoring='loss' for early stopping"):
            tagger(**early).fit(X, y)
        with pytest.raises(TypeError, match="None of type NoneType is not a tag"):
            entity_f1_scorer(fitted, X, y)

    def test_accuracy_of_known_tags(self):
        y = [[None if t == 0 and len(row) > 1 else tag for t, tag in enumerate(row)]
             for row in PLAIN]  # fmt: skip
        fitted = tagger(scheme=None, max_epochs=4).fit(SENTENCES, y)
        hits = [
            own == tag
            for tags, true in zip(fitted.predict(SENTENCES), y, strict=True)
            for own, tag in zip(tags, true, strict=True)
            if tag is not None
        ]
        assert fitted.score(SENTENCES, y) == pytest.approx(np.mean(hits))

    def test_numpy_and_iob1(self):
        y = convert_tags(TAGS, "IOB2", "IOB1")
        y[0][0] = None
        array = np.empty(20, object)
        array[:] = [np.array(row, object) for row in y]
        fitted = tagger(train_scheme="auto").fit(SENTENCES, array)
        assert fitted.scheme_ == "IOB1"
        assert "S-PER" not in fitted.classes_

    def test_defaults(self):
        fitted = LSTMTagger(hidden_size=4, max_epochs=1, random_state=0).fit(SENTENCES, PARTIAL)
        assert "S-PER" in fitted.classes_

    def test_the_wrong_number_of_tags(self):
        with pytest.raises(ValueError, match="Sequence 1 has 3 steps but 2 tags"):
            tagger().fit(SENTENCES, [TAGS[0], ["O", None], *TAGS[2:]])


def test_unsupported_conversions():
    assert PartialTags(["B-A", "I-A", "O"], "IOBES", "IOB2").choices is None
    assert PartialTags(["B-A", "I-A", "O"], "IOB2", "IOB1").choices is None
