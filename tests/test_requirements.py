"""What is promised to those who install: versions that the tests run with, and a page on PyPI."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = [
    Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
]
BY_HAND = {"torch"}  # older ones than the CPU build at hand bring gigabytes of CUDA


def pins(file):
    lines = (ROOT / file).read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("file", ["constraints.txt", "constraints-oldest.txt"])
def test_pinned_versions_are_allowed(file):
    pinned = pins(file)
    for requirement in REQUIREMENTS:
        assert pinned[requirement.name] in requirement.specifier, requirement


def test_the_lower_bounds_are_what_the_oldest_versions_are():
    oldest = pins("constraints-oldest.txt")
    for requirement in map(Requirement, PROJECT["dependencies"]):
        (bound,) = requirement.specifier
        assert bound.operator == ">=", requirement
        if requirement.name not in BY_HAND:
            assert Version(oldest[requirement.name]) == Version(bound.version), requirement


def test_what_runs_here_is_allowed():
    for requirement in map(Requirement, PROJECT["dependencies"]):
        assert version(requirement.name) in requirement.specifier, requirement


def test_links_of_the_readme_work_on_pypi():
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert links
    assert not [link for link in links if not link.startswith("https://")]
