"""The rules of the package's layout, read off its source: see CONTRIBUTING.md."""

import ast
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import sklstm

ROOT = Path(__file__).parents[1]
PACKAGE = Path(sklstm.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Imports go down only: a module imports from rows above its own, never from its own row or below.
LAYERS = [
    {"_deferred", "_html", "_optional", "_typing", "_version"},
    {"_sklearn"},
    {"_arguments", "_word_pattern", "_running_moments", "_ngrams", "_versions"},
    {"_fingerprint", "_interruption", "_parameters", "_tensor_file", "_loss_curves"},
    {"_arrays", "_state_files"},
    {"_checkpoints"},
    {"_fit_tasks"},
    {"_labels", "_sample_weights", "_ragged_numbers", "_standardizer", "_ridge", "_linear_model"},
    {"_text_checks", "naive_bayes"},
    {"sequences", "windows", "tags", "entities", "nn.cells", "nn.masking", "nn.linear"},
    {"text", "metrics", "_inputs", "_vector_files", "_vector_tables"}
    | {"collocations", "gazetteer", "_ngram_model", "_mean_vectors", "_unlabelled"},
    {"_input_encoder", "datasets"},
    {"nn.recording", "nn.dropout", "nn.embedding", "nn.pooling", "nn.crf", "nn.growth"}
    | {"nn.adversarial", "nn.transfer"},
    {"nn.recurrent", "nn.attention", "nn.beam_search", "embeddings", "model_selection"}
    | {"formats"},
    {"nn.networks", "nn.batches", "nn.microbatches", "nn.objectives"},
    {"nn.bptt_batches", "_callbacks", "_device", "_epochs", "_net_options", "_samples"},
    {"_net", "_parameter_constraints", "_training"},
    {"_validation_split", "_training_warnings", "_summary"},
    {"_base", "_pretrained"},
    {"_side_by_side", "_wide_path"},
    {"_members"},
    {"classifier", "regressor", "tagger", "generator", "seq2seq"},
    {"pipelines", "inspection", "estimator_checks"},
    {"persistence"},
    {"__init__", "nn"},
    {"__main__", "cli"},
]
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}

ENGINE = "nn."  # tensors only, and nothing of scikit-learn
SHARED_WITH_ENGINE = {"sequences"}  # the codes of padding and of unknown tokens
TORCH_FREE = {
    "_deferred",
    "_optional",
    "_typing",
    "_version",
    "_versions",
    "_sklearn",
    "_arguments",
    "_arrays",
    "_fit_tasks",
    "_checkpoints",
    "_fingerprint",
    "_interruption",
    "_state_files",
    "_tensor_file",
    "_labels",
    "_parameters",
    "_text_checks",
    "_ragged_numbers",
    "_running_moments",
    "_standardizer",
    "_ridge",
    "_sample_weights",
    "_ngrams",
    "_linear_model",
    "_mean_vectors",
    "_ngram_model",
    "_wide_path",
    "_unlabelled",
    "_inputs",
    "_input_encoder",
    "_vector_files",
    "_vector_tables",
    "_word_pattern",
    "text",
    "sequences",
    "windows",
    "tags",
    "embeddings",
    "collocations",
    "gazetteer",
    "naive_bayes",
    "entities",
    "metrics",
    "model_selection",
    "datasets",
    "formats",
}
ONLY_IMPORTERS = {
    "gensim": {"embeddings", "datasets", "persistence"},
    "regex": {"_word_pattern"},
    "skorch": {"_callbacks", "_net", "_samples"},
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
    """The module a file belongs to: a package counts as one module, but for `nn`."""
    return module_of([part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts])


def module_of(parts):
    """The module that a path inside the package leads to."""
    parts = [part for part in parts if part != "__init__"] or ["__init__"]
    return ".".join(parts[:2] if parts[0] == "nn" else parts[:1])


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
            target = module_of(rest.split("."))
            target = target if target in RANK else "__init__"  # a public name, not a module
            if target == importer:
                continue
            if RANK[target] >= RANK[importer]:
                yield f"{importer} imports {target}, which is not below it"
            engine = importer.startswith(ENGINE)
            if engine and not target.startswith(ENGINE) and target not in SHARED_WITH_ENGINE:
                yield f"{importer} knows tensors only, yet imports {target}"
            if importer in TORCH_FREE and target not in TORCH_FREE:
                yield f"{importer} does without torch, yet imports {target}"
            continue
        if top not in sys.stdlib_module_names | dependencies:
            yield f"{importer} imports {top}, which is no dependency: import_optional is for extras"
        if importer in TORCH_FREE and top == "torch":
            yield f"{importer} does without torch, yet imports it"
        if importer.startswith(ENGINE) and top in {"sklearn", "skorch"}:
            yield f"{importer} knows tensors only, yet imports scikit-learn"
        if importer not in ONLY_IMPORTERS.get(top, {importer}):
            yield f"{importer} imports {top}: only {', '.join(ONLY_IMPORTERS[top])} may"
        if top in NETWORK and importer != "datasets":
            yield f"{importer} imports {top}: only datasets may reach the network"


def private_names(tree):
    """Private names of scikit-learn, or public ones of a private module, that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = f"{getattr(node, 'module', None) or ''}."
            for name in (f"{module}{alias.name}".lstrip(".") for alias in node.names):
                if name.startswith("sklearn.") and "._" in name:
                    yield name


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


def lines_of_code(source):
    """Count the lines that hold code: docstrings, comments and blank lines do not count."""
    docstrings = {
        number
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node)
        for number in range(node.body[0].lineno, node.body[0].end_lineno + 1)
    }
    lines = enumerate(source.splitlines(), 1)
    return sum(bool(line.split("#")[0].strip()) for n, line in lines if n not in docstrings)


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

    def test_reaches_private_names_of_scikit_learn_through_one_door(self, path):
        found = list(private_names(ast.parse(path.read_text())))
        assert bool(found) == (component(path) == "_sklearn"), "import them from sklstm._sklearn"

    def test_leaves_global_state_alone(self, path):
        assert not list(global_calls(ast.parse(path.read_text())))

    def test_has_at_most_450_lines_of_code(self, path):
        assert lines_of_code(path.read_text()) <= 450, "two nouns? Make it two files"

    def test_re_exports_through_all(self, path):
        names = (node for node in ast.walk(ast.parse(path.read_text())) if type(node) is ast.alias)
        assert not [name.name for name in names if name.name == name.asname], "list it in __all__"

    def test_below_the_base_an_estimator_is_its_public_self(self, path):
        if RANK[component(path)] < RANK["_base"]:
            assert not re.findall(r"\bestimator\._\w+", path.read_text()), "pass what is needed"

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
        ("nn.recurrent", "from sklearn.base import BaseEstimator"),
        ("nn.networks", "from sklstm.text import Tokenizer"),
        ("embeddings", "from sklstm.nn.cells import LSTMCell"),
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
        ("nn.networks", "from sklstm.nn.recurrent import Recurrent"),
        ("pipelines", "from sklstm.classifier import LSTMClassifier"),
        ("embeddings", "from gensim.models import Word2Vec"),
        ("datasets", "import urllib.request"),
    ],
)
def test_the_import_rule_lets_pass(importer, line, dependencies):
    assert not list(import_faults(importer, imported(ast.parse(line)), dependencies))


@pytest.mark.parametrize(
    "line",
    [
        "from sklearn.base import clone, _fit_context",
        "from sklearn.utils import _safe_indexing as take",
        "from sklearn.utils._param_validation import Interval",
        "import sklearn.utils._tags",
    ],
)
def test_the_rule_of_one_door_sees_a_fault(line):
    assert list(private_names(ast.parse(line)))


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


def test_the_package_shows_what_a_user_imports():
    shown = dir(sklstm)
    assert set(sklstm.__all__) < set(shown)
    modules = [name for name in shown if isinstance(getattr(sklstm, name), ModuleType)]
    assert sorted(name for name in shown if name not in {*sklstm.__all__, "__version__"}) == modules
    assert "inspection" in modules
    with pytest.raises(AttributeError, match="no attribute 'classifyer'"):
        sklstm.classifyer  # noqa: B018
