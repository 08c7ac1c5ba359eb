"""The commands of ``sklstm`` and their options."""

import json
import os
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from sklstm import LSTMGenerator, LSTMTagger, TaggedText
from sklstm._optional import import_optional
from sklstm._summary import shorten
from sklstm._version import __version__
from sklstm.cli._explanation import draw, explain_texts
from sklstm.cli._mistakes import reported
from sklstm.cli._models import describe_model, find_label, load_model, load_of
from sklstm.cli._prediction import predict_file, to_dict
from sklstm.cli._progress import Progress
from sklstm.cli._reports import report_on
from sklstm.cli._sources import STDIN, Format, Source, find_format, open_output
from sklstm.cli._tables import TEXT
from sklstm.cli._training import (
    from_raw_texts,
    hold_out,
    make_classifier,
    make_generator,
    make_tagger,
    read_samples,
    read_unlabelled,
)
from sklstm.persistence import save

typer = import_optional("typer", "cli")

app = typer.Typer(
    help="LSTM models for texts: labels, named entities and generation. The kind of a model "
    "follows from its data: a table with labels makes a classifier, a CoNLL file a tagger, plain "
    "lines a generator; --task tells otherwise.",
    epilog="For example: sklstm train reviews.csv --text review --label sentiment -o my.sklstm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Task = StrEnum("Task", ["classify", "tag", "generate"])
TASKS = {Format.conll: Task.tag, Format.text: Task.generate}  # others have labels
Effort = StrEnum("Effort", ["fast", "balanced", "best"])

Argument, Option = typer.Argument, typer.Option
DataFile = Annotated[str, Argument(metavar="FILE", help="File of the data; - is standard input.")]
ModelFile = Annotated[Path, Argument(metavar="MODEL", help="A model that sklstm train wrote.")]
Texts = Annotated[list[str] | None, Argument(help="Texts; without any, lines of standard input.")]
TextColumn = Annotated[str, Option("--text", help="Column of the texts.")]
LabelColumn = Annotated[str, Option("--label", help="Column of the labels.")]
Output = Annotated[Path | None, Option("--output", "-o", help="File of the results.")]
GivenFormat = Annotated[
    Format | None, Option("--format", help="Format of the data, if the suffix does not tell.")
]
Encoding = Annotated[str, Option(help="Encoding of the data.")]
Separator = Annotated[str | None, Option(help="Separator of the columns.")]
TokenColumn = Annotated[int, Option(help="Column of the tokens in a CoNLL file, from 0.")]
TagColumn = Annotated[int, Option(help="Column of the tags; -1 is the last.")]
Comment = Annotated[str | None, Option(help="Start of the lines of a CoNLL file to skip.")]
AsJson = Annotated[bool, Option("--json", help="Print JSON.")]
Seed = Annotated[int, Option(help="Seed of everything random.")]


def print_version(is_wanted):
    """Print the version and end."""
    if is_wanted:
        print(f"sklstm {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, Option("--version", help="Show the version.", callback=print_version, is_eager=True)
    ] = False,
):
    """Take the options of all commands."""


def command(function):
    """Make a function a command, whose mistakes are reported in one line."""
    return app.command()(reported(function))


def make_source(path, given, encoding, separator, token_column=0, tag_column=-1, comment=None):
    """Describe a file; if its format is not known, that is wrong usage."""
    found = find_format(path, given)
    if found is None and path != STDIN and not os.path.exists(path):
        raise typer.BadParameter(
            f"There is no file {path!r}. Texts themselves come from standard input: "
            'echo "A text." | sklstm predict MODEL - --format text'
        )
    if found is None:
        known = ", ".join(Format)
        raise typer.BadParameter(
            f"The format of {path} is not known: pass --format ({known}), or save it as one of "
            "them."
        )
    separator = separator and separator.replace("\\t", "\t")  # as shells pass it
    return Source(path, found, encoding, separator, token_column, tag_column, comment)


def show(results, text, as_json):
    """Print results, for machines or for people."""
    print(json.dumps(results, ensure_ascii=False) if as_json else text)


def note(text):
    """Tell what is going on, apart from the results."""
    print(text, file=sys.stderr)


def read_lines(texts):
    """Return the texts of the command line, or one in each line of standard input."""
    if texts and os.path.isfile(texts[0]):
        raise ValueError(f"{texts[0]} is a file: sklstm predict MODEL {texts[0]} reads it.")
    texts = texts or [line.rstrip("\r\n") for line in sys.stdin]
    if not texts:
        raise ValueError("There are no texts: give some as arguments, or lines of standard input.")
    return texts


@command
def train(
    data: DataFile,
    output: Annotated[Path, Option("--output", "-o", help="File to write the model to.")],
    text: TextColumn = TEXT,
    label: Annotated[
        str | None,
        Option(help="Column of the labels, label if not given; of a generator, its conditions."),
    ] = None,
    task: Annotated[
        Task | None, Option(help="What to train, if the format of the data does not tell.")
    ] = None,
    test_file: Annotated[
        str | None, Option(help="File to test on, in the form of the data.")
    ] = None,
    test_size: Annotated[
        float, Option(min=0, max=0.9, help="Share of the data to test on, if there is no file.")
    ] = 0.2,
    unlabelled: Annotated[
        str | None,
        Option(help="File of more samples, without labels, for word vectors to learn from."),
    ] = None,
    effort: Annotated[
        Effort | None, Option(help="How much to compute; balanced, if not given.")
    ] = None,
    vectors: Annotated[
        str | None,
        Option(help="File of pretrained word vectors, or a name, such as glove-wiki-gigaword-100."),
    ] = None,
    max_epochs: Annotated[
        int | None, Option(min=1, help="Passes over the data; otherwise chosen by its size.")
    ] = None,
    seed: Seed = 0,
    n_jobs: Annotated[
        int | None, Option("--n-jobs", help="Processes that train side by side; -1: all cores.")
    ] = None,
    given_format: GivenFormat = None,
    encoding: Encoding = "utf-8",
    separator: Separator = None,
    token_column: TokenColumn = 0,
    tag_column: TagColumn = -1,
    comment: Comment = None,
    as_json: AsJson = False,
):
    """Train a model, test it on held-out data, and save it."""
    if not output.parent.is_dir():
        raise ValueError(f"There is no folder {output.parent} for the model.")
    layout = (encoding, separator, token_column, tag_column, comment)
    source = make_source(data, given_format, *layout)
    task = task or TASKS.get(source.format, Task.classify)
    has_spans = task == Task.tag and source.format == Format.jsonl
    if (task == Task.tag) != (source.format == Format.conll or has_spans):
        raise typer.BadParameter(
            f"--task {task} does not go with {data}: a tagger learns from a CoNLL file, with a "
            "token and its tag in each line, or from JSON lines of texts with spans, and other "
            "models from tables or lines of text."
        )
    if task == Task.generate and (vectors or effort or unlabelled) is not None:
        raise typer.BadParameter("--vectors, --effort and --unlabelled are not for generators.")
    if vectors is not None and unlabelled is not None:
        raise typer.BadParameter(
            "--unlabelled is for word vectors to learn from, which --vectors has learned already: "
            "leave one of them out."
        )
    if (task == Task.classify or has_spans) and label is None:
        label = "label"
    samples, test = read_samples(source, text, label, has_spans), None
    if test_file is not None:
        tests = make_source(test_file, given_format, *layout)
        test = read_samples(tests, text, label, has_spans and tests.format == Format.jsonl)
    elif test_size:
        samples, test = hold_out(samples, test_size, seed)
    more = {}
    if unlabelled is not None:
        others = make_source(unlabelled, given_format, *layout)
        has_tokens = source.format == Format.conll
        more["X_unlabelled"] = read_unlabelled(others, text, as_tokens=has_tokens)
    options = {"random_state": seed, "n_jobs": n_jobs}
    if max_epochs is not None:
        options["max_epochs"] = max_epochs
    if task == Task.tag and not has_spans:
        options["tokenizer"] = "passthrough"
    model = make_model(task, vectors, effort, options)
    note(f"Training on {len(samples.X):,} samples ...")
    start = time.perf_counter()
    is_alone = n_jobs in (None, 1)  # networks that are followed are not trained side by side
    with Progress() as progress, progress.of_fit(model if is_alone else None):
        model.fit(samples.X, samples.y, **more)
    results = {"task": str(task), "model": str(output), "n_train": len(samples.X)}
    results["seconds"] = round(time.perf_counter() - start, 1)
    shown = ""
    if test is not None:
        results["n_test"] = len(test.X)
        last = model[-1] if task != Task.generate else model
        results["scores"], shown = report_on(model, last, test.X, test.y)
        shown = f"On {len(test.X):,} held-out samples:\n{shown}\n"
    save(from_raw_texts(model) if task == Task.tag else model, output)
    show(results, f"{shown}Saved to {output} ({results['seconds']} s of training).", as_json)


def make_model(task, vectors, effort, options):
    """Make a model of the kind that a task needs."""
    if task == Task.classify:
        return make_classifier(vectors, effort, options)
    if task == Task.tag:
        return make_tagger(vectors, effort, options)
    return make_generator(options)


@command
def evaluate(
    model: ModelFile,
    data: DataFile,
    text: TextColumn = TEXT,
    label: LabelColumn = "label",
    given_format: GivenFormat = None,
    encoding: Encoding = "utf-8",
    separator: Separator = None,
    token_column: TokenColumn = 0,
    tag_column: TagColumn = -1,
    comment: Comment = None,
    as_json: AsJson = False,
):
    """Score a model on labelled data."""
    source = make_source(data, given_format, encoding, separator, token_column, tag_column, comment)
    model, estimator = load_model(model)
    if isinstance(estimator, LSTMGenerator) and estimator.conditions_ is None:
        label = None
    has_spans = isinstance(estimator, LSTMTagger) and source.format == Format.jsonl
    samples = read_samples(source, text, label, has_spans)
    scores, shown = report_on(model, estimator, samples.X, samples.y)
    show({"n_test": len(samples.X), "scores": scores}, shown, as_json)


@command
def predict(
    model: ModelFile,
    data: DataFile,
    output: Output = None,
    text: TextColumn = TEXT,
    given_format: GivenFormat = None,
    encoding: Encoding = "utf-8",
    separator: Separator = None,
    token_column: TokenColumn = 0,
    comment: Comment = None,
):
    """Add predictions to a file of any size, in its own format.

    Tables get the columns prediction and confidence, or the entities of each text; CoNLL files a
    last column with the tag of each token.
    """
    source = make_source(data, given_format, encoding, separator, token_column, comment=comment)
    model, estimator = load_model(model)
    with open_output(output, source) as stream, Progress() as progress:
        n_samples = predict_file(model, estimator, source, text, stream, progress)
    if output is not None:
        note(f"{n_samples:,} predictions written to {output}.")


@command
def explain(
    model: ModelFile,
    texts: Texts = None,
    label: Annotated[
        str | None, Option(help="Label to explain, in place of the one that is predicted.")
    ] = None,
    top: Annotated[int, Option(min=1, help="Tokens to show, those that matter most.")] = 10,
    as_json: AsJson = False,
):
    """Show what each token of a text contributes to its label."""
    for explained in explain_texts(model, read_lines(texts), label):
        show(explained, draw(explained, top), as_json)


@command
def tag(model: ModelFile, texts: Texts = None, as_json: AsJson = False):
    """Show the named entities of raw texts; predict is for files."""
    texts = read_lines(texts)
    model, _ = load_of(LSTMTagger, model, "tag")
    for one, entities in zip(texts, model.predict_entities(texts), strict=True):
        drawn = "".join(
            f"[{piece}]({entity.type})" if entity else piece
            for piece, entity in TaggedText(one, entities)._pieces()
        )
        show({"text": one, "entities": list(map(to_dict, entities))}, drawn, as_json)


@command
def generate(
    model: ModelFile,
    n: Annotated[int, Option("--number", "-n", min=1, help="Number of texts.")] = 1,
    prompt: Annotated[str, Option(help="Beginning of every text.")] = "",
    condition: Annotated[
        str | None, Option(help="Label of the texts to write, if it was trained with labels.")
    ] = None,
    temperature: Annotated[float, Option(help="Lower: more probable; higher: more varied.")] = 1.0,
    top_k: Annotated[int | None, Option(help="Draw from so many most probable symbols.")] = None,
    top_p: Annotated[float | None, Option(help="Draw from symbols of this probability.")] = None,
    max_length: Annotated[int, Option(min=1, help="Symbols of a text at most.")] = 200,
    seed: Annotated[int | None, Option(help="Seed; without one, texts always differ.")] = None,
    as_json: AsJson = False,
):
    """Generate texts."""
    model, generator = load_of(LSTMGenerator, model, "generate")
    if generator.conditions_ is not None:
        if condition is None:
            known = ", ".join(map(str, generator.conditions_.tolist()))
            raise ValueError(
                f"The model was trained with labels. Name one with --condition: {known}."
            )
        condition = find_label(condition, generator.conditions_)
    by_tokens = generator.level == "token"
    written = generator.sample(
        n,
        prefix=prompt.split() if by_tokens else prompt,
        condition=condition,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        max_length=max_length,
        random_state=seed,
    )
    for one in (" ".join(tokens) if by_tokens else tokens for tokens in written):
        show({"text": one}, one, as_json)


@command
def info(model: ModelFile, as_json: AsJson = False):
    """Show what a model is: its steps, labels and size."""
    about = describe_model(*load_model(model), model)
    lines = (f"{key + ':':<12} {shorten(value)}" for key, value in about.items())
    show(about, "\n".join(lines), as_json)
