"""The rules of the package's layout, read off its source: see CONTRIBUTING.md."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sklstm"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Imports go down only: a module imports from rows above its own, never from its own row or below.
LAYERS = [
    {"_optional"},
    {"_arrays", "_words", "_moments"},
    {"_validation", "_weights"},
    {"_sequence_parts"},
    {"sequences", "windows", "cells", "steps", "tags", "entities"},
    {"text", "metrics", "datasets", "_inputs", "_vector_files", "_vector_tables", "traces", "crf"},
    {"layers"},
    {"embeddings", "networks", "batches", "parts", "model_selection"},
    {"_callbacks", "_net_options", "_growth", "_streams"},
    {"_net"},
    {"_encoding", "_holdout"},
    {"_base"},
    {"classifier", "regressor", "tagger", "generator", "seq2seq"},
    {"pipelines", "inspection", "persistence", "estimator_checks"},
    {"__init__"},
    {"__main__"},
]
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}

TORCH = {
    "cells",
    "steps",
    "traces",
    "layers",
    "crf",
    "networks",
    "batches",
    "parts",
    "_callbacks",
    "_growth",
    "_net",
    "_net_options",
    "_streams",
}
SHARED_WITH_TORCH = {"sequences"}  # the codes of padding and of unknown tokens
TORCH_FREE = {
    "_optional",
    "_arrays",
    "_validation",
    "_sequence_parts",
    "_moments",
    "_weights",
    "_inputs",
    "_vector_files",
    "_vector_tables",
    "_words",
    "text",
    "sequences",
    "windows",
    "tags",
    "embeddings",
    "entities",
    "metrics",
    "model_selection",
    "datasets",
}
ONLY_IMPORTERS = {
    "gensim": {"embeddings"},
    "regex": {"_words"},
    "skorch": {"_callbacks", "_net"},
}
NETWORK = {"aiohttp", "ftplib", "http", "httpx", "requests", "socket", "urllib", "urllib3"}

# Calls that change the whole process, with the context manager that undoes them, if there is one.
GLOBAL_CALLS = {
    "logging.basicConfig": None,
    "np.random.seed": None,
    "np.seterr": None,
    "os.environ.setdefault": None,
    "os.putenv": None,
    "random.seed": None,
    "torch.manual_seed": "fork_rng",
    "torch.set_default_dtype": None,
    "torch.set_num_interop_threads": None,
    "torch.set_num_threads": None,
    "torch.use_deterministic_algorithms": None,
    "warnings.filterwarnings": "catch_warnings",
    "warnings.simplefilter": "catch_warnings",
}

IMPORT_NAMES = {"scikit-learn": "sklearn"}


def component(path):
    """The module a file belongs to: a package counts as one module."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def absolute(module, level, package):
    """The dotted name of what ``from <level dots><module> import`` means inside `package`."""
    parent = package[: len(package) - level + 1] if level else []
    return ".".join([*parent, *filter(None, [module])])


def imported(tree, package=("sklstm",)):
    """Dotted names of all modules imported anywhere in a file, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = absolute(node.module, node.level, list(package))
            if name == "sklstm":
                yield from (f"sklstm.{alias.name}" for alias in node.names)
            else:
                yield name


def import_faults(importer, names, dependencies):
    """What is wrong with the imports of one module, as sentences."""
    for name in names:
        top, _, rest = name.partition(".")
        if top == "sklstm":
            target = rest.partition(".")[0]
            target = target if target in RANK else "__init__"  # a public name, not a module
            if target == importer:
                continue
            if RANK[target] >= RANK[importer]:
                yield f"{importer} imports {target}, which is not below it"
            if importer in TORCH and target not in TORCH | SHARED_WITH_TORCH:
                yield f"{importer} knows tensors only, yet imports {target}"
            if importer in TORCH_FREE and target not in TORCH_FREE:
                yield f"{importer} does without torch, yet imports {target}"
            continue
        if top not in sys.stdlib_module_names | dependencies:
            yield f"{importer} imports {top}, which is no dependency: import_optional is for extras"
        if importer in TORCH_FREE and top == "torch":
            yield f"{importer} does without torch, yet imports it"
        if importer in TORCH and top == "sklearn":
            yield f"{importer} knows tensors only, yet imports scikit-learn"
        if importer not in ONLY_IMPORTERS.get(top, {importer}):
            yield f"{importer} imports {top}: only {', '.join(ONLY_IMPORTERS[top])} may"
        if top in NETWORK and importer != "datasets":
            yield f"{importer} imports {top}: only datasets may reach the network"


def global_calls(node, guards=frozenset()):
    """Calls that change global state, outside of the context manager that would undo them."""
    if isinstance(node, ast.With):
        contexts = (ast.unparse(item.context_expr) for item in node.items)
        guards = guards | {match for text in contexts for match in re.findall(r"\w+(?=\()", text)}
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).replace("numpy.", "np.")
        if name in GLOBAL_CALLS and GLOBAL_CALLS[name] not in guards:
            yield f"line {node.lineno}: {name}"
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("os.environ["):
        yield f"line {node.lineno}: os.environ"
    for child in ast.iter_child_nodes(node):
        yield from global_calls(child, guards)


@pytest.fixture(scope="module")
def dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = (re.match(r"[\w-]+", line)[0] for line in project["dependencies"])
    return {IMPORT_NAMES.get(name, name) for name in names}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
class TestModule:
    def test_has_a_place_in_the_layers(self, path):
        assert component(path) in RANK, "give the new module a row in LAYERS"

    def test_imports_go_down_only(self, path, dependencies):
        package = ("sklstm", *path.relative_to(PACKAGE).parent.parts)
        names = imported(ast.parse(path.read_text()), package)
        assert not list(import_faults(component(path), names, dependencies))

    def test_leaves_global_state_alone(self, path):
        assert not list(global_calls(ast.parse(path.read_text())))

    def test_is_at_most_600_lines(self, path):
        assert len(path.read_text().splitlines()) <= 600, "make it a package of the same name"

    def test_opens_with_a_docstring(self, path):
        assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("text", "import torch.nn"),
        ("text", "def f():\n    from torch import nn"),
        ("sequences", "from sklstm.text import Tokenizer"),
        ("sequences", "from .text import Tokenizer"),
        ("classifier", "from sklstm import regressor"),
        ("classifier", "import sklstm"),
        ("pipelines", "from sklstm import LSTMClassifier"),
        ("layers", "from sklearn.base import BaseEstimator"),
        ("networks", "from sklstm.text import Tokenizer"),
        ("embeddings", "from sklstm.cells import LSTMCell"),
        ("text", "import gensim"),
        ("classifier", "from skorch import NeuralNet"),
        ("inspection", "import matplotlib.pyplot as plt"),
        ("classifier", "import urllib.request"),
    ],
)
def test_the_import_rule_sees_a_fault(importer, line, dependencies):
    assert list(import_faults(importer, imported(ast.parse(line)), dependencies))


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("__main__", "from sklstm import LSTMClassifier"),
        ("networks", "from sklstm.layers import Recurrent"),
        ("pipelines", "from sklstm.classifier import LSTMClassifier"),
        ("embeddings", "from gensim.models import Word2Vec"),
        ("datasets", "import urllib.request"),
    ],
)
def test_the_import_rule_lets_pass(importer, line, dependencies):
    assert not list(import_faults(importer, imported(ast.parse(line)), dependencies))


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.manual_seed(0)",
        "def f():\n    torch.set_num_threads(1)",
        "with catch_warnings():\n    torch.manual_seed(0)",
        "import numpy\nnumpy.random.seed(0)",
        "warnings.simplefilter('ignore')",
        "os.environ['OMP_NUM_THREADS'] = '1'",
    ],
)
def test_the_state_rule_sees_a_fault(source):
    assert list(global_calls(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "with torch.random.fork_rng():\n    torch.manual_seed(0)",
        "with warnings.catch_warnings():\n    warnings.simplefilter('ignore')",
    ],
)
def test_the_state_rule_allows_what_is_undone(source):
    assert not list(global_calls(ast.parse(source)))
