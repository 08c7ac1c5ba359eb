"""The table of meta-estimators and other tools: what it says to work, works."""

import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
try:
    import meta_estimators
finally:
    sys.path.remove(str(BENCHMARKS))

TABLE = json.loads((BENCHMARKS / "results" / "meta_estimators.json").read_text())["rows"]
ROWS = {row["tool"]: row for row in TABLE}


def tried():
    """Each tool with the first form of X that it takes, and with a tagger if it takes one."""
    for tool, _, run in meta_estimators.CASES:
        forms = [form for form in meta_estimators.FORMS if ROWS[tool][form] == "yes"]
        for form in dict.fromkeys([*forms[:1], *forms[-1:]]):
            yield pytest.param(run, form, id=f"{tool}-{form}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("run", "form"), list(tried()))
def test_works_as_the_table_says(run, form):
    try:
        run(form)
    except ImportError as error:
        pytest.skip(f"not here: {error}")


def test_the_table_is_of_the_cases():
    assert list(ROWS) == [tool for tool, *_ in meta_estimators.CASES]
    assert sum(row["with texts"] == "works" for row in TABLE) >= 30
