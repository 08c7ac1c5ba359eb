"""The command line, on tiny files."""

import csv
import gzip
import json
import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from sklearn.pipeline import make_pipeline
from typer.testing import CliRunner

import sklstm
from sklstm import LSTMRegressor, Tokenizer, entity_tagger
from sklstm.cli import __main__ as script
from sklstm.cli._app import app
from sklstm.datasets import read_conll
from sklstm.formats import read_doccano

REVIEWS = [("A good film", "pos"), ("good fun", "pos"), ("a bad film", "neg"), ("bad plot", "neg")]
SENTENCES = "Ada B-PER\nmet O\nAlan B-PER\nTuring I-PER\n. O\n\nthey O\nmet O\nAda B-PER\n\n"


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(app, list(map(str, arguments)), **options)
    assert result.exit_code == code, result.output
    return result


def write_table(path, rows, header=("review", "sentiment")):
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def table(folder):
    return write_table(folder / "data.csv", REVIEWS * 10)


@pytest.fixture(scope="module")
def classifier(folder, table):
    path = folder / "reviews.sklstm"
    options = ["--effort", "fast", "--max-epochs", "6", "--json"]
    columns = ["--text", "review", "--label", "sentiment"]
    result = run("train", table, *columns, "-o", path, *options)
    assert json.loads(result.stdout)["n_test"] == 8
    assert "Training on 32 samples ...\n" in result.stderr
    return path


@pytest.fixture(scope="module")
def tagger(folder):
    data = folder / "entities.conll"
    data.write_text(SENTENCES * 10)
    path = folder / "entities.sklstm"
    result = run("train", data, "-o", path, "--effort", "fast", "--max-epochs", "12")
    assert "PER" in result.stdout
    return path


@pytest.fixture(scope="module")
def generator(folder):
    data = folder / "names.jsonl"
    names = [("anna", "it"), ("otto", "de")] * 15
    data.write_text("\n".join(json.dumps({"text": n, "label": c}) for n, c in names))
    path = folder / "names.sklstm"
    options = ["--task", "generate", "--label", "label", "--test-size", "0", "--max-epochs", "2"]
    run("train", data, "-o", path, *options)
    return path


def test_what_it_trains_is_a_pipeline_of_the_package(classifier, tagger):
    model = sklstm.load(classifier)
    assert set(model.predict(["good", "bad"])) <= {"neg", "pos"}
    assert not hasattr(model[-1], "_skl_callbacks")
    assert repr(sklstm.load(tagger)[0]) == repr(entity_tagger()[0])  # reads raw texts


def test_train_reports_the_score_of_held_out_data(folder, table):
    test_file = write_table(folder / "test.csv", REVIEWS)
    columns = ["--text", "review", "--label", "sentiment"]
    options = ["--effort", "fast", "--max-epochs", 1, "--test-file", test_file]
    result = run("train", table, *columns, "-o", folder / "other.sklstm", *options)
    assert result.stdout.startswith("On 4 held-out samples:\n")
    assert "f1-score" in result.stdout


def test_train_learns_word_vectors_from_unlabelled_texts(folder, table):
    others, path = folder / "others.txt", folder / "of_both.sklstm"
    others.write_text("a superb film\nsuperb fun\n")
    columns = ["--text", "review", "--label", "sentiment"]
    options = ["--effort", "fast", "--max-epochs", 1, "--unlabelled", others]
    run("train", table, *columns, "-o", path, *options)
    assert "superb" in sklstm.load(path)["word2vecembedder"].vocabulary_
    result = run("train", others, "-o", path, "--unlabelled", others, code=2)
    assert "are not for generators" in result.stderr
    ready = ["--unlabelled", others, "--vectors", "glove-wiki-gigaword-50"]
    result = run("train", table, *columns, "-o", path, *ready, code=2)
    assert "leave one of them out" in result.stderr


def test_unlabelled_texts_and_tokens_go_with_labelled_ones(folder, table):
    sentences, tokens, texts = folder / "few.conll", folder / "more.conll", folder / "more.txt"
    sentences.write_text(SENTENCES * 10)
    tokens.write_text("zebra O\nmet O\n\n" * 5)
    texts.write_text("A zebra, met!\n" * 5)
    path = folder / "of_tokens.sklstm"
    options = ["--effort", "fast", "--max-epochs", 1]
    for others in (tokens, texts):
        run("train", sentences, "-o", path, *options, "--unlabelled", others)
        assert "zebra" in sklstm.load(path)["word2vecembedder"].vocabulary_
    columns = ["--text", "review", "--label", "sentiment"]
    result = run("train", table, *columns, "-o", path, "--unlabelled", tokens, code=1)
    assert "holds tokens, but the labelled samples are texts" in result.stderr


def test_evaluate(classifier, table):
    columns = ["--text", "review", "--label", "sentiment"]
    scores = json.loads(run("evaluate", classifier, table, *columns, "--json").stdout)["scores"]
    assert scores["report"]["pos"]["support"] == 20
    assert 0 <= scores["accuracy"] <= 1
    assert "accuracy" in run("evaluate", classifier, table, *columns).stdout


def test_evaluate_refuses_labels_that_the_model_does_not_know(classifier, table):
    result = run("evaluate", classifier, table, "--text", "review", "--label", "review", code=1)
    assert "knows none of the labels, such as 'A good film'. It knows: neg, pos." in result.stderr


@pytest.mark.parametrize("packed", [False, True])
def test_predict_adds_columns_to_a_table(classifier, tmp_path, packed):
    path = write_table(tmp_path / "new.csv", [('a "good", film', 7), ("bad", 8)], ("review", "id"))
    if packed:
        content = path.read_bytes()
        path = tmp_path / "new.csv.gz"
        path.write_bytes(gzip.compress(content))
    result = run("predict", classifier, path, "--text", "review")
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert [row["review"] for row in rows] == ['a "good", film', "bad"]
    assert [row["id"] for row in rows] == ["7", "8"]
    model = sklstm.load(classifier)
    texts = [row["review"] for row in rows]
    assert [row["prediction"] for row in rows] == list(model.predict(texts))
    expected = model.predict_proba(texts).max(axis=1)
    assert [float(row["confidence"]) for row in rows] == pytest.approx(expected, abs=1e-4)


def test_predict_reads_standard_input_and_writes_a_file(classifier, tmp_path):
    rows = [{"text": "good", "id": 1}, {"text": "schön, bad", "id": None}]
    lines = "\n".join(map(json.dumps, rows)) + "\n\n"
    path = tmp_path / "out.jsonl"
    result = run("predict", classifier, "-", "--format", "jsonl", "-o", path, input=lines)
    written = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [{"text": row["text"], "id": row["id"]} for row in written] == rows
    assert {"prediction", "confidence"} < set(written[0])
    assert not result.stdout
    assert result.stderr.endswith(f"2 predictions written to {path}.\n")


def test_predict_streams(classifier, monkeypatch, tmp_path):
    monkeypatch.setattr("sklstm.cli._prediction.CHUNK", 2)
    path = tmp_path / "five.txt"
    path.write_text("good\nbad\n\ngood\nbad film\n")
    rows = list(csv.DictReader(run("predict", classifier, path).stdout.splitlines()))
    assert [row["text"] for row in rows] == ["good", "bad", "", "good", "bad film"]
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "good"}\n{"text": "bad"}\n{"text"\n')
    result = run("predict", classifier, broken, code=1)
    assert len(result.stdout.splitlines()) == 2  # what came before the fault
    assert re.search(r"broken.jsonl, line 3: no JSON", result.stderr)


def test_the_input_is_not_overwritten(classifier, table):
    before = table.read_text()
    result = run("predict", classifier, table, "--text", "review", "-o", table, code=1)
    assert "write the results to another one" in result.stderr
    assert table.read_text() == before


def test_predict_and_evaluate_tags(tagger, folder, tmp_path):
    path = tmp_path / "new.conll"
    path.write_text("-DOCSTART- -X-\n\nAda NNP\nmet VBD\n\n\nAlan\tNNP\n")
    tagged = run("predict", tagger, path).stdout.split("\n")
    assert [line for line in tagged if not line or line.startswith("-")] == [
        "-DOCSTART- -X-", "", "", "", ""
    ]  # fmt: skip
    assert [re.split(r"[ \t]", line)[:2] for line in tagged if "N" in line[3:7]] == [
        ["Ada", "NNP"], ["Alan", "NNP"]
    ]  # fmt: skip
    (tmp_path / "tagged.conll").write_text("\n".join(tagged[2:]))
    assert set(read_conll(tmp_path / "tagged.conll").target_names) <= {"B-PER", "I-PER", "O"}
    scores = json.loads(run("evaluate", tagger, folder / "entities.conll", "--json").stdout)
    assert scores["scores"]["entity_f1"] == pytest.approx(1, abs=0.5)


def test_tag_finds_entities_in_raw_texts(tagger):
    tagged = run("tag", tagger, "Ada met Alan.", "they met", "--json").stdout.splitlines()
    first = json.loads(tagged[0])
    assert first["text"] == "Ada met Alan."
    for entity in first["entities"]:
        assert entity["text"] == first["text"][entity["start"] : entity["end"]]
    drawn = run("tag", tagger, input="Ada met Alan.\n").stdout
    assert re.sub(r"\[(.*?)\]\(PER\)", r"\1", drawn) == "Ada met Alan.\n"
    row = json.loads(
        run("predict", tagger, "-", "--format", "jsonl", input='{"text": "Ada"}').stdout
    )
    assert set(row) == {"text", "entities"}


def test_explain(classifier):
    explained = json.loads(run("explain", classifier, "a good film", "--json").stdout)
    assert explained["tokens"] == ["a", "good", "film"]
    total = explained["output"] - explained["baseline"]
    assert sum(explained["contributions"]) == pytest.approx(total, abs=2e-3)
    assert explained["explained"] == "logit of pos"
    drawn = run("explain", classifier, "a good film", "--label", "neg", "--top", 2).stdout
    assert "logit of neg" in drawn
    assert len(drawn.splitlines()) == 4
    result = run("explain", classifier, "x", "--label", "maybe", code=1)
    assert "no label 'maybe'. It knows: neg, pos" in result.stderr


def test_generate(generator, folder):
    arguments = ["generate", generator, "-n", 3, "--condition", "it", "--seed", 0, "--prompt", "a"]
    written = run(*arguments).stdout
    assert len(written.splitlines()) == 3
    assert all(name.startswith("a") for name in written.splitlines())
    assert run(*arguments).stdout == written
    assert "no label 'fr'" in run("generate", generator, "--condition", "fr", code=1).stderr
    assert "Name one with --condition: de, it" in run("generate", generator, code=1).stderr
    scores = json.loads(run("evaluate", generator, folder / "names.jsonl", "--json").stdout)
    assert scores["scores"]["bits_per_character"] > 0


def test_info(classifier, tagger):
    about = json.loads(run("info", classifier, "--json").stdout)
    assert about["class"] == "LSTMClassifier"
    assert about["labels"] == ["neg", "pos"]
    assert about["steps"] == ["Tokenizer", "Word2VecEmbedder", "LSTMClassifier"]
    assert about["epochs"] == [6]
    assert about["bytes"] == classifier.stat().st_size
    assert "scheme:      IOB2" in run("info", tagger).stdout


def test_a_missing_column_lists_those_there_are(table, folder):
    result = run("train", table, "--text", "reviw", "-o", folder / "no.sklstm", code=1)
    assert result.stderr.endswith(
        f"error: {table} has no column 'reviw'. Did you mean 'review'? "
        "Its columns are: review, sentiment. Name one with --text.\n"
    )
    assert not result.stdout
    result = run("train", table, "--text", "review", "-o", folder / "no.sklstm", code=1)
    assert "has no column 'label'. Its columns are: review, sentiment. Name one with --label." in (
        result.stderr
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text;label\na;b\n", "only column is 'text;label': pass --separator ';'."),
        ("a.csv", "text,label\na,b,c\n", "line 2: 3 columns, but the header has 2"),
        ("a.csv", "text,label\na,\n", "in each row; the label of 'a' is ''"),
        ("a.csv", "", "is empty"),
        ("a.csv", "text,label\n", "holds no samples"),
        ("a.csv", b"text,label\n\xe9,b\n", "a.csv is not utf-8 (invalid continuation byte). Pass"),
        ("a.csv.gz", "text,label\n", "cannot be unpacked"),
        ("a.jsonl", '["a"]\n', "line 1: a list; each line must hold one object"),
        ("a.jsonl", '{"text": 1, "label": 2}\n', "'text' must hold texts; one is 1"),
        ("a.jsonl", '{"text": "a", "label": [[0, 1, "X"]]}\n', "make a tagger: pass --task tag"),
        ("a.csv", "text,label\n" + 4 * "a,b\n", "at least 2 classes"),
        ("a.conll", "a b c\nd e\n", "line 2: 2 columns, but line 1 has 3"),
        ("missing.csv", None, "missing.csv: No such file or directory."),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run("train", path, "-o", tmp_path / "m.sklstm", "--test-size", 0, code=1)
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in result.output
    assert not (tmp_path / "m.sklstm").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "no-such-model"], "no-such-model: No such file or directory."),
        (["info", __file__], "is damaged, or not a file of sklstm.save"),
        (["train", "x.csv", "-o", "no-such-folder/m"], "no folder no-such-folder"),
    ],
)
def test_a_file_that_is_not_there(arguments, message):
    assert message in run(*arguments, code=1).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "model", "-"],
        ["train", "data.csv"],
        ["train", "data.csv", "-o", "m", "--effort", "none"],
        ["train", "data.csv", "-o", "m", "--task", "tag"],
        ["train", "data.conll", "-o", "m", "--task", "classify"],
        ["train", "data.csv", "-o", "m", "--test-size", "2"],
        ["no-such-command"],
    ],
)
def test_wrong_usage_has_a_code_of_its_own(arguments):
    run(*arguments, code=2)


def test_files_and_texts_are_told_apart(classifier, tagger, table, tmp_path):
    assert "There is no file 'A film.'" in run("predict", classifier, "A film.", code=2).stderr
    (tmp_path / "a.json").write_text("[]")
    framed = run("predict", classifier, tmp_path / "a.json", code=2).stderr
    assert "or save it as one of them" in re.sub(r"[│\s]+", " ", framed)
    assert "data.csv is a file" in run("explain", classifier, table, code=1).stderr
    assert "data.csv is a file" in run("tag", tagger, table, code=1).stderr


def test_generate_lists_the_conditions(generator):
    assert "Name one with --condition: de, it." in run("generate", generator, code=1).stderr


def test_a_tagger_learns_from_texts_with_spans(tmp_path):
    rows = [
        {"text": "Ada met Alan.", "label": [[0, 3, "PER"], [8, 12, "PER"]]},
        {"text": "Alan slept.", "label": [{"start_offset": 0, "end_offset": 4, "label": "PER"}]},
    ]
    data, path = tmp_path / "spans.jsonl", tmp_path / "m.sklstm"
    data.write_text("\n".join(map(json.dumps, rows * 5)))
    options = ["--task", "tag", "--effort", "fast", "--max-epochs", 1, "--json"]
    trained = json.loads(run("train", data, "-o", path, *options).stdout)
    assert trained["n_test"] == 2
    X, y = read_doccano(data, return_X_y=True)
    scores = json.loads(run("evaluate", path, data, "--json").stdout)["scores"]
    assert scores["entity_f1"] == sklstm.load(path).score(X, y)
    data.write_text('{"text": "a", "label": "X"}\n')
    result = run("train", data, "-o", path, *options, code=1)
    assert "'label' must hold lists of spans" in result.stderr


def test_a_command_takes_models_of_its_kind(classifier, tagger, table, tmp_path):
    assert "takes an LSTMTagger" in run("tag", classifier, "a", code=1).stderr
    assert "takes an LSTMGenerator" in run("generate", tagger, code=1).stderr
    path = tmp_path / "a.conll"
    path.write_text("a O\n")
    assert "needs a tagger" in run("predict", classifier, path, code=1).stderr


def test_models_of_other_kinds_predict_too(tmp_path):
    model = make_pipeline(Tokenizer(), LSTMRegressor(hidden_size=2, max_epochs=1, random_state=0))
    model.fit(["a good film", "bad"] * 4, [1.0, 0.0] * 4)
    path, data = tmp_path / "stars.sklstm", tmp_path / "new.tsv"
    sklstm.save(model, path)
    data.write_text("text|stars\ngood|1\n")
    rows = run("predict", path, data, "--separator", "|").stdout.splitlines()
    assert rows[0] == "text|stars|prediction"
    assert float(rows[1].split("|")[2]) == pytest.approx(model.predict(["good"])[0])
    data.write_text("text\tstars\ngood\t1\n")
    assert rows[1].replace("|", "\t") in run("predict", path, data, "--separator", r"\t").stdout
    result = run("evaluate", path, data, "--label", "stars", code=1)
    assert "LSTMRegressor is not evaluated here" in result.stderr


def test_progress_goes_to_a_terminal_only(table, tmp_path):
    columns = ["--text", "review", "--label", "sentiment", "--json"]
    options = ["-o", tmp_path / "m.sklstm", "--effort", "fast", "--max-epochs", 2]
    result = run("train", table, *columns, *options, env={"FORCE_COLOR": "1", "TERM": "xterm"})
    pytest.importorskip("sklearn.callback")
    assert "LSTMClassifier" in result.stderr
    assert json.loads(result.stdout)["n_train"] == 32


def test_warnings_are_lines_on_standard_error(tmp_path, monkeypatch):
    monkeypatch.setattr("sklstm.cli._app.describe_model", lambda *_: sklstm.no_such_name)

    def warn(path):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("mind the gap", UserWarning, stacklevel=2)
        raise ValueError("enough")

    monkeypatch.setattr("sklstm.cli._app.load_model", warn)
    assert run("info", "x", code=1).stderr == "warning: mind the gap\nerror: enough\n"
    monkeypatch.setenv("SKLSTM_TRACEBACK", "1")
    assert isinstance(run("info", "x", code=1).exception, ValueError)


def test_without_the_extra_the_script_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit, match=r'pip install "sklstm\[cli\]"'):
        script.main()


def test_version():
    assert run("--version").stdout == f"sklstm {sklstm.__version__}\n"


def test_the_console_script_exists():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert EntryPoint("sklstm", project["scripts"]["sklstm"], "").load() is script.main


@pytest.fixture
def _field_size_limit():
    before = csv.field_size_limit()
    yield
    csv.field_size_limit(before)


@pytest.mark.usefixtures("_field_size_limit")
def test_the_script_reads_long_documents(classifier, monkeypatch, capsys, tmp_path):
    path = write_table(tmp_path / "long.csv", [("good " * 30_000,)], ("text",))
    monkeypatch.setattr(sys, "argv", ["sklstm", "predict", str(classifier), str(path)])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 0
    assert len(capsys.readouterr().out) > 150_000


@pytest.mark.usefixtures("_field_size_limit")
def test_the_script_is_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sklstm", "--help"])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for name in ("train", "evaluate", "predict", "explain", "tag", "generate", "info"):
        assert name in shown
