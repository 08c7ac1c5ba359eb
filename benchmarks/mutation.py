"""Mutation testing: how many small faults in a module the tests that concern it notice.

A mutant is the module with one operator, constant, condition or jump changed; it is killed if a
test fails. Of each module, mutants are drawn at random until the time is up, and each runs the
tests that execute its line, as a first run with coverage has found. Messages, docstrings,
annotations, asserts and ``__all__`` are left alone. Every mutant runs in a fork of a process that
has imported torch and the like already. Survivors are listed in
``results/mutation_survivors.txt``. Run ``OMP_NUM_THREADS=1 python benchmarks/mutation.py``.
"""

import argparse
import ast
import importlib.util
import os
import random
import resource
import sys
from collections import Counter
from contextlib import suppress
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

ROOT = Path(__file__).parents[1]
# tests of each file; the more a test covers beside it, the less it says of it
CONCERNED = {
    "nn/crf.py": ["test_crf"],
    "nn/masking.py": ["test_recurrent", "test_crf", "test_batches"],
    "sequences/_fields.py": ["test_sequences"],
    "sequences/_padder.py": ["test_sequences"],
    "sequences/_sequences.py": ["test_sequences"],
    "metrics/_bootstrap.py": ["test_metrics"],
    "metrics/_comparison.py": ["test_metrics"],
    "metrics/_edits.py": ["test_metrics_edits"],
    "metrics/_entities.py": ["test_metrics"],
    "metrics/_tokens.py": ["test_metrics"],
}
PRELOADED = [
    "torch", "sklearn.pipeline", "sklearn.model_selection", "scipy.sparse", "scipy.stats",
    "gensim.models", "skorch", "pandas", "polars", "matplotlib.pyplot", "hypothesis", "pytest",
    "torchcrf", "seqeval.metrics", "joblib", "coverage", "pytest_cov",
]  # fmt: skip
SECONDS = 60  # of the processor, after which a mutant counts as killed: most loop for ever
OPTIONS = [
    "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",  # of what is imported already
]  # fmt: skip

OPERATORS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
SKIPPED = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)


def mutants(source):
    """Yield lines, description and source of every mutant of a module."""
    tree = ast.parse(source)
    for path, node, first in _places(tree):
        for what, change in _changes(node):
            mutant = deepcopy(tree)
            parent, field, number = mutant, None, None
            for field, number in path[:-1]:
                parent = _child(parent, field, number)
            field, number = path[-1]
            new = change(_child(parent, field, number))
            if number is None:
                setattr(parent, field, new)
            else:
                getattr(parent, field)[number] = new
            lines = range(first, node.end_lineno + 1)
            yield lines, f"{node.lineno}: {what}: {ast.unparse(node)[:60]}", ast.unparse(mutant)


def _child(node, field, number):
    value = getattr(node, field)
    return value if number is None else value[number]


def _places(node, path=(), first=1):
    """Yield the nodes that may be changed, with the way to each and its statement's first line."""
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list"}:
            continue
        if isinstance(node, ast.keyword) and node.arg == "copy":  # it costs time only
            continue
        for number, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or isinstance(child, SKIPPED) or _is_text(child):
                continue
            here = (*path, (field, number))
            line = child.lineno if isinstance(child, ast.stmt) else first
            yield here, child, line
            yield from _places(child, here, line)


def _is_text(node):
    """Whether it is a docstring, a warning or ``__all__``."""
    if isinstance(node, ast.Expr):
        is_string = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return is_string or (
            isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "warnings.warn"
        )
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def _changes(node):
    """Yield descriptions of what can be changed in a node, and functions that change it."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in OPERATORS:
            yield "comparison", lambda n: _with(n, ops=[OPERATORS[type(n.ops[0])]()])
        case ast.BinOp() | ast.BoolOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            yield "operator", lambda n: _with(n, op=OPERATORS[type(n.op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
            yield "sign", lambda n: n.operand
        case (
            ast.If(test=ast.Name() | ast.Call() | ast.Attribute())
            | ast.IfExp(test=ast.Name() | ast.Call() | ast.Attribute())
        ):
            yield "condition", lambda n: _with(n, test=ast.UnaryOp(ast.Not(), n.test))
        case ast.Constant(value=bool()):
            yield "constant", lambda n: ast.Constant(not n.value)
        case ast.Constant(value=int() | float()):
            yield "constant", lambda n: ast.Constant(n.value + 1)
        case ast.Constant(value=str() as text) if " " not in text:  # other strings are prose
            yield "string", lambda n: ast.Constant(f"XX{n.value}")
        case ast.Break():
            yield "jump", lambda n: ast.Continue()
        case ast.Continue():
            yield "jump", lambda n: ast.Break()


def _with(node, **fields):
    for name, value in fields.items():
        setattr(node, name, value)
    return ast.fix_missing_locations(node)


class Replaced:
    """An importer of one module from other source."""

    def __init__(self, module, path, source):
        self.module, self.path, self.source = module, str(path), source

    def find_spec(self, name, path=None, target=None):
        """Find the module."""
        if name == self.module:
            return importlib.util.spec_from_loader(name, self, origin=self.path)
        return None

    def create_module(self, spec):
        """Make the module as usual."""

    def exec_module(self, module):
        """Run the other source."""
        module.__file__ = self.path
        exec(compile(self.source, self.path, "exec"), vars(module))


def in_child(function, seconds):
    """Call a function in a fork, and return the exit code, negative if it took too long."""
    child = os.fork()
    if not child:
        with suppress(BaseException):
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            os._exit(int(function()))
        os._exit(70)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def tests_by_line(file, names, folder):
    """Run the tests once with coverage, and return the tests that execute each line."""
    data_file = Path(folder) / f"{file.replace('/', '-')}.coverage"
    tests = [str(ROOT / f"tests/{name}.py") for name in names]

    def run():
        import pytest

        os.environ["COVERAGE_FILE"] = str(data_file)
        options = [f"--cov={ROOT / 'sklstm'}", "--cov-context=test", "--cov-report=", *OPTIONS]
        return pytest.main([*options, "--cov-fail-under=0", *tests])

    code = in_child(run, 3600)
    if code:
        raise RuntimeError(f"The tests of {file} fail as they are: pytest returned {code}.")
    from coverage import CoverageData

    data = CoverageData(str(data_file))
    data.read()
    lines = data.contexts_by_lineno(str(ROOT / "sklstm" / file))
    return {
        line: sorted({context.partition("|")[0] for context in contexts if context})
        for line, contexts in lines.items()
    }


def try_module(file, names, minutes, seed, folder):
    """Return counts of what became of the mutants of a file, and descriptions of survivors."""
    module = "sklstm." + file.removesuffix(".py").replace("/", ".")
    path = ROOT / "sklstm" / file
    found = list(mutants(path.read_text()))
    by_line = tests_by_line(file, names, folder)
    random.Random(seed).shuffle(found)
    counts, survivors, start = Counter(mutants=len(found)), [], monotonic()
    for at, what, source in found:
        if monotonic() - start > 60 * minutes:
            break
        tests = sorted({test for line in at for test in by_line.get(line, ())})
        tests = tests or [str(ROOT / f"tests/{name}.py") for name in names]

        def run(source=source, tests=tests):
            import pytest

            sys.meta_path.insert(0, Replaced(module, path, source))
            return pytest.main([*OPTIONS, *tests])

        code = in_child(run, SECONDS)
        counts["tried"] += 1
        if code == 0:
            counts["survived"] += 1
            survivors.append(f"{file}:{what}")
            print("survived", survivors[-1], flush=True)
        else:
            counts["killed"] += 1
            counts["too long"] += code < 0
    return counts, sorted(survivors)


def _fail_at_once():
    """Let hypothesis not look for simpler examples, which would take most of the time."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutation", deadline=None, database=None, phases=phases)
    settings.load_profile("mutation")  # that of conftest.py takes over what it does not set


def main():
    """Try the mutants of each file, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", nargs="+", default=list(CONCERNED))
    parser.add_argument("--minutes", type=float, default=10, help="for each file")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    os.chdir(ROOT)
    sys.path[0] = str(ROOT)  # for this folder, whose coverage.py is another
    os.environ["PYTHONPATH"] = str(ROOT)
    for name in PRELOADED:
        with suppress(ImportError):
            import_module(name)
    _fail_at_once()
    with TemporaryDirectory() as folder:
        for file in arguments.files:
            counts, survivors = try_module(
                file, CONCERNED[file], arguments.minutes, arguments.seed, folder
            )
            row = {"file": file} | {
                name: counts[name] for name in ("mutants", "tried", "killed", "survived")
            }
            row["killed (%)"] = round(100 * counts["killed"] / max(1, counts["tried"]), 1)
            print(row, flush=True)
            # in a fork: it imports the package, which each mutant is to import anew
            if in_child(lambda row=row, alive=survivors: write(row, alive), 60):
                raise RuntimeError(f"The result of {file} could not be written.")


def write(row, survivors):
    """Put the counts of a file into the table, and its survivors into the list."""
    if str(ROOT / "benchmarks") not in sys.path:
        sys.path.append(str(ROOT / "benchmarks"))
    from _report import merge_results

    merge_results("mutation", [row], key="file")
    lines = ROOT / "benchmarks/results/mutation_survivors.txt"
    before = lines.read_text().splitlines() if lines.exists() else []
    kept = [line for line in before if line.partition(":")[0] != row["file"]]
    lines.write_text("\n".join(sorted([*kept, *survivors])) + "\n")
    return 0


if __name__ == "__main__":
    main()
