"""The gallery: a page in two languages has the same code in both."""

import ast
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
TRANSLATED = sorted(EXAMPLES.glob("*_ru.py"))


class WithoutWords(ast.NodeTransformer):
    """Empty the strings, and leave out the labels of figures, which are English by default."""

    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_Expr(self, node):
        is_call_of_method = isinstance(node.value, ast.Call) and isinstance(
            node.value.func, ast.Attribute
        )
        if is_call_of_method and node.value.func.attr.startswith("set"):  # ax.set(...), plt.setp
            return None
        return self.generic_visit(node)

    def visit_Assign(self, node):
        if isinstance(node.value, ast.Dict) and all(map(is_string, node.value.values)):
            return None
        return self.generic_visit(node)


def is_string(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def code(path):
    tree = WithoutWords().visit(ast.parse(path.read_text()))
    return ast.unparse(ast.fix_missing_locations(tree)).splitlines()


def test_there_are_pages_in_two_languages():
    assert TRANSLATED


@pytest.mark.parametrize("path", TRANSLATED, ids=lambda path: path.stem)
def test_same_code_in_both_languages(path):
    assert code(path) == code(path.with_stem(path.stem.removesuffix("_ru")))
