"""The notebooks of the documentation run as they are, here on an eighth of their data."""

import ast
import json
import re
from pathlib import Path

import pytest
from sklearn.utils import Bunch

from sklstm import datasets

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs" / "notebooks").glob("*.ipynb"))


def code_cells(path):
    cells = json.loads(path.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def run(source, namespace):
    """Run a cell, and make what a notebook shows of its last line."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else ast.parse("None").body[0]
    exec(compile(tree, "<cell>", "exec"), namespace)
    shown = eval(ast.unparse(last), namespace)
    return getattr(shown, "_repr_html_", shown.__repr__)()


def eighth(load):
    def load_eighth(**options):
        bunch = load(**options)
        n_samples = len(bunch.data)
        parts = {key: value[::8] for key, value in bunch.items() if len(value) == n_samples}
        return Bunch(**{**bunch, **parts})

    return load_eighth


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["entities", "lecture", "sentiment"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    @pytest.mark.filterwarnings("ignore:Precision is ill-defined")  # of types that are never found
    def test_runs(self, path, tmp_path, monkeypatch):
        plt = pytest.importorskip("matplotlib.pyplot")
        plt.switch_backend("Agg")
        monkeypatch.chdir(tmp_path)
        for name in ("load_names", "load_sentences", "load_wikigold"):
            monkeypatch.setattr(datasets, name, eighth(getattr(datasets, name)))
        namespace = {}
        for cell in code_cells(path):
            run(re.sub(r"max_epochs=\d+", "max_epochs=1", "".join(cell["source"])), namespace)
        plt.close("all")

    def test_has_no_outputs(self, path):
        assert not any(cell["outputs"] or cell["execution_count"] for cell in code_cells(path))
