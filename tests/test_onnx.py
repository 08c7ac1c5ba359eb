"""An exported graph says what the estimator says, and its metadata how to ask it."""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toys import IDS, LABELS, RAGGED, SERIES, TOKENS, classifier, embedded, y

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMTagger,
    SequencePadder,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
    entity_tagger,
    export_onnx,
    text_classifier,
)
from sklstm.nn.cells import CELLS
from sklstm.nn.pooling import Pooling
from sklstm.persistence._onnx._vocabulary import Vocabulary

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

GUIDE = (Path(__file__).parents[1] / "docs/user_guide/onnx.rst").read_text()
SMALL = {"hidden_size": 3, "max_epochs": 1, "random_state": 0}
NEW = ["such GOOD fun!", "bad,<br /> bad acting", "", "film 1871 " * 5 + "a good one"]
TEXTS = ["A good film!", "Good fun.", "A bad film 1996.", "Bad acting"] * 5
SENTENCES = [["Ada", "met", "Alan", "Turing"], ["Hilbert", "met", "Ada", "!"]] * 6
TAGS = [["B-PER", "O", "B-PER", "I-PER"], ["B-PER", "O", "B-PER", "O"]] * 6
VECTORS = {
    word: np.random.RandomState(number).randn(4)
    for number, word in enumerate(["good", "bad", "film", "fun", "such", "0000", "unseen", "one"])
}


@pytest.fixture
def export(tmp_path):
    """Export, check the file, and return a session, and what the metadata say."""

    def export_and_open(estimator, **options):
        path = tmp_path / "model.onnx"
        export_onnx(estimator, path, **options)
        if not options.get("quantize"):  # which uses operators of ONNX Runtime alone
            onnx.checker.check_model(onnx.load(path), full_check=True)
        session = onnxruntime.InferenceSession(path)
        metadata = json.loads(session.get_modelmeta().custom_metadata_map["sklstm"])
        assert list(metadata["inputs"]) == [some.name for some in session.get_inputs()]
        assert list(metadata["outputs"]) == [some.name for some in session.get_outputs()]
        return session, metadata

    return export_and_open


def shuffle_weights(estimator):
    """Give all weights random values, since some are zero in a network that has learned little."""
    torch.manual_seed(0)
    for member in getattr(estimator, "members_", [estimator]):
        with torch.no_grad():
            for weight in member.module_.parameters():
                weight.normal_(0, 0.7)
    return estimator


def pad(rows, surplus=0, fill=0):
    """Pad sequences on the right, further than needed by a surplus."""
    rows = [np.asarray(row) for row in rows]
    rows = [row.reshape(len(row), *rows[0].shape[1:]) for row in rows]
    lengths = np.array(list(map(len, rows)))
    dtype = np.float64 if rows[0].dtype.kind == "f" else np.int64
    steps = np.full((len(rows), max(lengths) + surplus, *rows[0].shape[1:]), fill, dtype)
    for step, row in zip(steps, rows, strict=True):
        step[: len(row)] = row
    return {"steps": steps, "lengths": lengths}


def encode(metadata, texts):
    """Turn texts, or token lists, into codes as the metadata say."""
    rows, lookup = [], metadata["lookup"]
    for tokens in texts:
        if rule := metadata.get("tokenizer"):
            if rule["blanks"]:
                tokens = re.sub(rule["blanks"], " ", tokens)
            tokens = re.findall(rule["pattern"], tokens, rule["flags"])
            tokens = [token.lower() if rule["lowercase"] else token for token in tokens]
        tokens = [token.lower() if lookup["lowercase"] else token for token in tokens]
        codes = []
        for token in tokens:
            if lookup["fold_digits"] and token not in metadata["vocabulary"]:
                token = re.sub(r"\d", "0", token)
            codes.append(metadata["vocabulary"].get(token, 1))
        rows.append(np.array(codes, int))
    return {"steps": pad(rows)["steps"]}


def check_numbers(session, X, expected, output):
    """Check a graph of numbers, with a batch of any size and any padding."""
    for rows in (slice(None), slice(0, 1), slice(3, 8)):
        for surplus, fill in ((0, 0.0), (3, np.nan), (1, 1e30)):
            [found] = session.run([output], pad(X[rows], surplus, fill))
            np.testing.assert_allclose(found, expected[rows], atol=1e-5, rtol=1e-5)


CELL_CASES = [*((cell, {}) for cell in CELLS), ("peephole", {"diagonal": True})]
CELL_CASES.append(("rnn", {"nonlinearity": "relu"}))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("cell", "options"), CELL_CASES)
def test_every_cell_direction_and_pooling(export, cell, options, bidirectional):
    X = [*RAGGED, np.zeros((0, 3))]
    for n_layers, pooling in enumerate(Pooling.KINDS):
        estimator = classifier(
            cell=cell, cell_params=options, bidirectional=bidirectional, pooling=pooling,
            n_layers=1 + n_layers % 2, max_epochs=1,
        )  # fmt: skip
        estimator = shuffle_weights(estimator.fit(RAGGED, y))
        expected = estimator.predict_proba(X)
        assert np.ptp(expected[:, 1]) > 0.01
        check_numbers(export(estimator)[0], X, expected, "probabilities")


@pytest.mark.parametrize("cell", ["lstm", "minlstm"])
@pytest.mark.parametrize("pooling", ["max+mean", "attention"])
def test_chopped_sequences(export, cell, pooling):
    X = [*RAGGED, np.zeros((0, 3))]
    estimator = classifier(
        cell=cell, pooling=pooling, bidirectional=True, n_layers=2, chop=2, max_epochs=1
    )
    estimator = shuffle_weights(estimator.fit(RAGGED, y))
    check_numbers(export(estimator)[0], X, estimator.predict_proba(X), "probabilities")


@pytest.mark.parametrize("standardize", ["feature", "sample", None])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_unit_of_numbers_is_inside(export, standardize, dtype):
    level = 1e6 if standardize else 1.0
    X = [(level * (1 + row / 1e4)).astype(dtype) for row in RAGGED]
    X.append(np.full((4, 3), level, dtype))  # constant
    estimator = classifier(standardize=standardize).fit(X, np.append(y, 0))
    session, _ = export(estimator)
    check_numbers(session, X, estimator.predict_proba(X), "probabilities")


def test_members_are_averaged(export):
    estimator = shuffle_weights(classifier(n_members=3).fit(RAGGED, y))
    assert len({member.decision_function(RAGGED)[0] for member in estimator.members_}) == 3
    session, _ = export(estimator)
    check_numbers(session, RAGGED, estimator.predict_proba(RAGGED), "probabilities")
    check_numbers(session, RAGGED, estimator.decision_function(RAGGED)[:, None], "logits")


@pytest.mark.parametrize(
    ("labels", "task"),
    [
        (np.array(["b", "a", "c", "a"] * 5), "classification"),
        (np.array([2, 1] * 10), "classification"),
        (np.eye(4, dtype=int)[np.arange(20) % 4], "multilabel classification"),
    ],
)
def test_kinds_of_labels(export, labels, task):
    estimator = shuffle_weights(classifier().fit(RAGGED, labels))
    session, metadata = export(estimator)
    check_numbers(session, RAGGED, estimator.predict_proba(RAGGED), "probabilities")
    assert metadata["labels"] == estimator.classes_.tolist()
    assert metadata["task"] == task


def test_ids_with_padding_anywhere(export):
    estimator = classifier(vocabulary_size=6).fit(IDS, y)
    session, metadata = export(shuffle_weights(estimator))
    assert list(metadata["inputs"]) == ["steps"]
    X = np.array([[0, 0, 2, 3], [2, 0, 3, 0], [0, 0, 0, 0], [5, 4, 3, 2]])
    [found] = session.run(["probabilities"], {"steps": X})
    np.testing.assert_allclose(found, estimator.predict_proba(X), atol=1e-5)
    assert found[0] == pytest.approx(found[1])


def test_padding_that_is_read(export):
    estimator = classifier(vocabulary_size=6, mask_padding=False).fit(IDS, y)
    session, metadata = export(shuffle_weights(estimator))
    assert list(metadata["inputs"]) == ["steps", "lengths"]
    X = [[0, 0, 2, 3], [2, 0, 3, 0], [5]]
    [found] = session.run(["probabilities"], pad(X))
    np.testing.assert_allclose(found, estimator.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("truncating", ["pre", "post", "middle"])
@pytest.mark.parametrize(
    ("padding", "mask_padding"), [("post", True), ("post", False), ("pre", False)]
)
def test_a_padder_is_inside(export, truncating, padding, mask_padding):
    padder = SequencePadder(max_length=3, truncating=truncating, padding=padding)
    estimator = classifier(mask_padding=mask_padding)
    pipe = make_pipeline(TokenIndexer(), padder, estimator).fit(TOKENS, LABELS)
    shuffle_weights(pipe[-1])
    session, metadata = export(pipe)
    for tokens in (TOKENS, TOKENS[2:3]):
        [found] = session.run(["probabilities"], encode(metadata, tokens))
        np.testing.assert_allclose(found, pipe.predict_proba(tokens), atol=1e-5)


def test_a_padder_of_numbers_is_inside(export):
    pipe = make_pipeline(SequencePadder(max_length=3, truncating="middle"), classifier())
    shuffle_weights(pipe.fit(RAGGED, y)[-1])
    check_numbers(export(pipe)[0], RAGGED, pipe.predict_proba(RAGGED), "probabilities")


def test_values_in_the_unit_of_the_targets(export):
    for targets in (1e6 + 1e3 * SERIES[:, 0], SERIES[:, :2]):
        estimator = shuffle_weights(LSTMRegressor(n_members=2, **SMALL).fit(RAGGED, targets))
        session, metadata = export(estimator)
        check_numbers(session, RAGGED, estimator.predict(RAGGED), "values")
        assert metadata["task"] == "regression"


def test_ridge_regression_beside_the_network(export):
    estimator = LSTMRegressor(wide=True, **SMALL).fit(SERIES, SERIES @ np.arange(5))
    with torch.no_grad():
        estimator.module_.share.fill_(0.3)
    session, _ = export(estimator)
    X = [series[: 3 + row % 3, None] for row, series in enumerate(SERIES)]  # shorter ones too
    check_numbers(session, X, estimator.predict(X), "values")


# ------------------------------------------------------------ texts


def test_tokens_of_a_tokenizer(export):
    pipe = make_pipeline(Tokenizer(), LSTMClassifier(n_members=2, **SMALL)).fit(TEXTS, LABELS)
    shuffle_weights(pipe[-1])
    session, metadata = export(pipe)
    [found] = session.run(["probabilities"], encode(metadata, NEW))
    np.testing.assert_allclose(found, pipe.predict_proba(NEW), atol=1e-5)


@pytest.mark.parametrize(
    "tokenizer",
    [
        Tokenizer(lowercase=False, strip_html_breaks=False, punctuation=True),
        Tokenizer(token_pattern=r"(?i)<?\b([a-z]+)\b"),
        Tokenizer(token_pattern=re.compile(r"[A-Z]+ | \S"), lowercase=True),
    ],
)
def test_the_pattern_of_tokens_is_told(export, tokenizer):
    pipe = make_pipeline(tokenizer, LSTMClassifier(**SMALL)).fit(TEXTS, LABELS)
    shuffle_weights(pipe[-1])
    session, metadata = export(pipe)
    [found] = session.run(["probabilities"], encode(metadata, NEW))
    np.testing.assert_allclose(found, pipe.predict_proba(NEW), atol=1e-5)


def test_a_vocabulary_without_rare_tokens(export):
    pipe = make_pipeline(Tokenizer(), TokenIndexer(min_count=10), LSTMClassifier(**SMALL))
    shuffle_weights(pipe.fit(TEXTS, LABELS)[-1])
    session, metadata = export(pipe)
    assert metadata["vocabulary"] == pipe[1].vocabulary_
    [found] = session.run(["probabilities"], encode(metadata, NEW))
    np.testing.assert_allclose(found, pipe.predict_proba(NEW), atol=1e-5)


@pytest.mark.parametrize("fine_tune", [True, False])
@pytest.mark.parametrize("vectors", [VECTORS, None, [VECTORS, {"A": [0.3], "fun": [1.7]}]])
def test_vectors_and_networks_that_saw_different_words(export, vectors, fine_tune):
    pipe = text_classifier(vectors, fine_tune_embeddings=fine_tune, n_members=3, **SMALL)
    pipe.set_params(word2vecembedder__variants=False, word2vecembedder__fold_digits=True)
    texts = [*TEXTS[:-1], "an unrivalled one"]  # which one network does not see
    pipe.set_params(**({} if vectors else {"word2vecembedder__min_count": 1}))
    pipe.fit(texts, LABELS)
    shuffle_weights(pipe[-1])
    session, metadata = export(pipe, network_only=True)
    texts = [*texts[-2:], *NEW, "unseen vectors"]
    X = pipe[:-1].transform(texts)
    expected = np.mean([member._outputs(X) for member in pipe[-1].members_], axis=0)
    [found] = session.run(["logits"], encode(metadata, texts))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_words_that_no_network_has_learned_share_one_table():
    pipe = text_classifier(VECTORS, n_members=2, wide=False, **SMALL).fit(TEXTS, LABELS)
    vocabulary = Vocabulary(pipe[-1].members_, pipe[1])
    unseen = {"such", "0000", "unseen", "one"}
    assert len(vocabulary.shared) == len(unseen)
    assert {
        token for token, code in vocabulary.codes.items() if code >= vocabulary.n_learned
    } == unseen


def test_vectors_as_input(export):
    estimator = classifier(fine_tune_embeddings=False).fit(embedded(), LABELS)
    session, _ = export(shuffle_weights(estimator))
    X = embedded()
    [found] = session.run(
        ["probabilities"],
        {
            "steps": pad([X[row] for row in range(len(X))], 1, np.nan)["steps"].astype(np.float32),
            "lengths": X.lengths,
        },
    )
    np.testing.assert_allclose(found, estimator.predict_proba(X), atol=1e-5)


# ------------------------------------------------------------ taggers


@pytest.mark.parametrize(("crf", "n_members"), [(True, 1), (False, 1), (True, 3)])
def test_a_tagger_of_numbers(export, crf, n_members):
    X = [row for row in RAGGED if len(row) > 2]
    tags = [["B", "I", "O"][: len(row)] + ["O"] * (len(row) - 3) for row in X]
    tagger = LSTMTagger(crf=crf, n_members=n_members, train_scheme="IOBES", **SMALL).fit(X, tags)
    shuffle_weights(tagger)
    session, metadata = export(tagger)
    emissions, path, start, transitions, end = session.run(None, pad(X, 2, np.nan))
    scores = tagger.transitions_
    names = tagger.classes_.tolist()
    np.testing.assert_allclose(start, list(scores["<start>"].values()), rtol=1e-6)
    np.testing.assert_allclose(
        np.column_stack([transitions, end]), [list(scores[t].values()) for t in names], rtol=1e-6
    )
    expected = tagger._collect(X, lambda crf, emissions, lengths: list(emissions.numpy()))
    for row, some in enumerate(expected):
        length = len(X[row])
        np.testing.assert_allclose(emissions[row, :length], some[:length], atol=1e-5)
    found = [[metadata["labels"][tag] for tag in row if tag >= 0] for row in path]
    if crf:
        assert found == tagger.predict(X).tolist()
        assert metadata["scheme"] == "IOB2"
    else:
        best = tagger._collect(X, lambda crf, emissions, lengths: list(emissions.argmax(2)))
        padded = zip(found, best, strict=True)
        assert all([names[tag] for tag in some[: len(row)]] == row for row, some in padded)
        assert metadata["scheme"] == "IOBES"


@pytest.mark.parametrize(
    ("y_scheme", "train_scheme", "told"),
    [
        ("IOB2", "IOBES", "IOB2"),
        ("IOB1", "IOBES", "IOBES"),
        ("IOBES", "IOB2", "IOB2"),
        (None, None, None),
    ],
)
def test_the_scheme_of_the_labels_is_told(export, y_scheme, train_scheme, told):
    tags = [[tag.replace("B-", "I-") if y_scheme == "IOB1" else tag for tag in row] for row in TAGS]
    if y_scheme == "IOBES":
        tags = [["S-PER", "O", "B-PER", "E-PER"], ["S-PER", "O", "S-PER", "O"]] * 6
    tagger = LSTMTagger(scheme=y_scheme, train_scheme=train_scheme, **SMALL).fit(SENTENCES, tags)
    _, metadata = export(tagger)
    assert metadata["scheme"] == told
    if told == "IOB2" == y_scheme:
        assert set(metadata["labels"]) == {"B-PER", "I-PER", "O"}


def test_words_that_an_indexer_does_not_know_have_no_spelling(export):
    pipe = make_pipeline(TokenIndexer(), LSTMTagger(**SMALL)).fit(SENTENCES, TAGS)
    assert export(pipe)[1]["spelling"]["spell_unknown"] is False
    assert export(LSTMTagger(**SMALL).fit(SENTENCES, TAGS))[1]["spelling"]["spell_unknown"] is True


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"char_encoder": None, "casing": False, "affixes": False, "wide": False}, set()),
        (
            {"char_encoder": "lstm", "casing": False, "affixes": False, "wide": False},
            {"characters"},
        ),
        ({"char_encoder": None, "casing": False, "affixes": False, "wide": True}, {"features"}),
        (
            {"char_encoder": None, "casing": True, "affixes": True, "wide": False},
            {"casing", "features"},
        ),
        (
            {"sentence_vector": "max+mean", "cell": "gru"},
            {"characters", "casing", "features"},
        ),
        ({"affixes": "subwords"}, {"characters", "casing", "features"}),
    ],
)
def test_a_tagger_has_an_input_for_what_it_reads(export, params, names):
    tagger = shuffle_weights(LSTMTagger(**params, **SMALL).fit(SENTENCES, TAGS))
    session, metadata = export(tagger)
    assert set(metadata["inputs"]) == {"steps", *names}
    batch = next(batch for _, batch in tagger._batches(tagger._read_new_sequences(SENTENCES[:2])))
    inputs = {"steps": batch.steps.numpy().astype(np.int64)}
    inputs |= {name: getattr(batch.spellings, name)[batch.words.numpy()] for name in names}
    [emissions] = session.run(["emissions"], inputs)
    expected = tagger.net_.outputs(batch).numpy()
    np.testing.assert_allclose(emissions, expected, atol=1e-5)


# ------------------------------------------------------------ programs without torch


def run_without_torch(name, call, folder):
    """Run a program of the guide where torch and this package cannot be imported."""
    program = re.search(rf":name: {name}\n\n(.*?)\n\n(?=\S)", GUIDE, re.DOTALL)[1]
    blocked = "import sys\nfor name in ('torch', 'sklstm', 'sklearn', 'skorch', 'gensim'):\n"
    blocked += "    sys.modules[name] = None\n"
    program = f"{blocked}{textwrap.dedent(program)}\nprint(json.dumps({call}))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return json.loads(done.stdout)


def test_the_program_of_the_guide_predicts(tmp_path):
    texts = ["A good film!", "Good fun.", "A bad film.", "Плохо, bad"] * 5
    pipe = text_classifier(wide=False, hidden_size=4, lr=0.02, max_epochs=8, random_state=0)
    pipe.fit(texts, LABELS)
    export_onnx(pipe, tmp_path / "sentiment.onnx")
    new = [*NEW, "Good, ПЛОХО", "such a GOOD"]
    found = run_without_torch("predict-texts", f"predict({new!r})", tmp_path)
    assert found == pipe.predict(new).tolist()
    assert len(set(found)) == 2


def test_the_program_of_the_guide_tags(tmp_path):
    texts, tags = [" ".join(words) for words in SENTENCES], TAGS
    pipe = entity_tagger(hidden_size=4, max_epochs=2, random_state=0).fit(texts, tags)
    shuffle_weights(pipe[-1])
    export_onnx(pipe, tmp_path / "entities.onnx")
    new = [
        "Turing met Hilbert in 1926 or 1927!",
        "",
        "McDonald's x2 " + "Aa" * 30 + " Эмми Нётер Ada",
    ]
    found = run_without_torch("tag-texts", f"tag({new!r})", tmp_path)
    assert found == pipe.predict(new).tolist()
    assert {tag for row in found for tag in row} == {"O", "B-PER", "I-PER"}


# ------------------------------------------------------------ quantized, and refused


def test_quantized_weights_take_less_room_and_say_about_the_same(export, tmp_path, caplog, capfd):
    params = {"hidden_size": 64, "bidirectional": True, "max_epochs": 2, "random_state": 0}
    estimator = classifier(**params).fit(RAGGED, y)
    expected = estimator.predict_proba(RAGGED)
    export(estimator)
    size = (tmp_path / "model.onnx").stat().st_size
    session, _ = export(estimator, quantize=True)
    assert (tmp_path / "model.onnx").stat().st_size < size / 2.5
    [found] = session.run(["probabilities"], pad(RAGGED, 2, np.nan))
    assert 0 < np.abs(found - expected).max() < 0.02
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_every_cell_can_be_quantized(export):
    for cell in CELLS:
        estimator = shuffle_weights(classifier(cell=cell, vocabulary_size=6).fit(IDS, y))
        session, _ = export(estimator, quantize=True)
        [found] = session.run(["probabilities"], {"steps": pad(IDS)["steps"]})
        np.testing.assert_allclose(found, estimator.predict_proba(IDS), atol=0.1)


@pytest.mark.parametrize(
    ("pipe", "message"),
    [
        (text_classifier(**SMALL), "wide=False, or call export_onnx with network_only=True"),
        (text_classifier(VECTORS, wide=False, **SMALL), "word2vecembedder__variants=False"),
        (
            make_pipeline(Tokenizer(tokenizer=str.split), LSTMClassifier(**SMALL)),
            r"calls a function of yours.*pipe\[1:\]",
        ),
        (
            make_pipeline(
                Tokenizer(),
                Word2VecEmbedder(algorithm="fasttext", n_buckets=20, min_count=1, vector_size=3),
                LSTMClassifier(**SMALL),
            ),
            r"parts of them.*fine_tune_embeddings=False.*pipe\[2:\]",
        ),
    ],
)
def test_what_a_graph_cannot_do_is_refused(pipe, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        export_onnx(pipe.fit(TEXTS, LABELS), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_other_steps_are_refused(tmp_path):
    pipe = make_pipeline(StandardScaler(), classifier()).fit(SERIES, y)
    with pytest.raises(ValueError, match=r"'standardscaler', a StandardScaler.*pipe\[1:\]"):
        export_onnx(pipe, tmp_path / "model.onnx")
    export_onnx(pipe[1:], tmp_path / "model.onnx")


def test_learned_vectors_without_their_words_are_refused(tmp_path):
    with pytest.raises(ValueError, match="pass the pipeline that holds both"):
        export_onnx(classifier().fit(embedded(), LABELS), tmp_path / "model.onnx")


def test_a_padder_before_a_tagger_is_refused(tmp_path):
    pipe = make_pipeline(SequencePadder(max_length=4), LSTMTagger(**SMALL)).fit(SENTENCES, TAGS)
    with pytest.raises(ValueError, match="fit the pipeline without it"):
        export_onnx(pipe, tmp_path / "model.onnx")


def test_what_is_no_estimator_of_these_is_refused(tmp_path):
    search = GridSearchCV(classifier(), {"hidden_size": [2]}, cv=2).fit(RAGGED, y)
    with pytest.raises(TypeError, match=r"pass GridSearchCV\.best_estimator_"):
        export_onnx(search, tmp_path / "model.onnx")
    with pytest.raises(TypeError, match="ends with one; got LSTMGenerator"):
        export_onnx(LSTMGenerator(), tmp_path / "model.onnx")
    with pytest.raises(ValueError, match="not fitted"):
        export_onnx(classifier(), tmp_path / "model.onnx")


def test_a_missing_package_names_the_extra(tmp_path, monkeypatch):
    estimator = classifier(max_epochs=1).fit(RAGGED, y)
    for module, options in (("onnx", {}), ("onnxruntime.quantization", {"quantize": True})):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            with pytest.raises(ImportError, match=r'pip install "sklstm\[onnx\]"'):
                export_onnx(estimator, tmp_path / "model.onnx", **options)


def test_too_many_weights_for_a_file_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sklstm.persistence._onnx._graph.LIMIT", 100)
    with pytest.raises(ValueError, match="an ONNX file holds 2 GB at most"):
        export_onnx(classifier(max_epochs=1).fit(RAGGED, y), tmp_path / "model.onnx")
