"""Every public object has a complete numpydoc docstring and a place in the documentation."""

import importlib
import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import ERROR_MSGS, validate

import sklstm

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["numpydoc_validation"]
CHECKS = set(ERROR_MSGS) - set(CONFIG["checks"])

# These know tensors only and are no part of the reference: a correct docstring is enough there,
# it need not list every parameter.
ENGINE = "sklstm.nn."
COMPLETENESS = {"PR01", "PR03", "PR04", "PR07", "RT01", "RT03", "YD01"}


def public_modules():
    for info in pkgutil.walk_packages(sklstm.__path__, "sklstm."):
        if "._" not in info.name:
            yield importlib.import_module(info.name)


def public_names():
    """Dotted names of the public classes and functions, each where it is defined or listed."""
    for module in public_modules():
        for name, thing in vars(module).items():
            if name.startswith("_") or not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            if thing.__module__ == module.__name__ or name in getattr(module, "__all__", ()):
                yield f"{module.__name__}.{name}"


def find(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def public_members(name):
    """Dotted names of the public methods and properties that a class has from this package."""
    thing = find(name)
    if inspect.isclass(thing):
        for member, value in inspect.getmembers_static(thing):
            described = inspect.isroutine(value) or isinstance(value, property)
            if described and not member.startswith("_") and in_package(value):
                yield f"{name}.{member}"


def in_package(value):
    """Leave out what is inherited from others, or written into a class by scikit-learn."""
    function = getattr(value, "fget", None) or getattr(value, "__func__", value)
    return (getattr(function, "__module__", None) or "").startswith("sklstm")


OBJECTS = sorted(public_names())
MEMBERS = sorted(member for name in OBJECTS for member in public_members(name))


def faults(name, checks=CHECKS):
    checks = checks - COMPLETENESS if name.startswith(ENGINE) else checks
    return [f"{code}: {text}" for code, text in validate(name)["errors"] if code in checks]


@pytest.mark.parametrize("name", OBJECTS)
def test_object(name):
    assert not faults(name)


@pytest.mark.parametrize("name", MEMBERS)
def test_member(name):
    assert not faults(name)


def exported_names():
    """What ``__all__`` lists outside of the engine, under the name that users import it by."""
    names = {}
    for module in [sklstm, *public_modules()]:
        if not module.__name__.startswith(ENGINE):
            for name in getattr(module, "__all__", ()):
                thing = getattr(module, name)
                if inspect.isclass(thing) or inspect.isfunction(thing):
                    names.setdefault(thing, f"{module.__name__}.{name}")
    return names.values()


@pytest.mark.parametrize("name", sorted(exported_names()))
def test_exported_object_has_an_example(name):
    assert not faults(name, {"EX01"})


def referenced():
    return re.findall(r"^   (sklstm[\w.]+)$", (ROOT / "docs/api/index.rst").read_text(), re.M)


def test_the_reference_lists_what_is_exported():
    assert sorted(referenced()) == sorted(exported_names())


def test_what_is_not_in_the_reference_has_an_underscore_or_is_in_the_engine():
    listed = list(map(find, referenced()))
    assert not [
        name for name in OBJECTS if not name.startswith(ENGINE) and find(name) not in listed
    ]


ESTIMATORS = {name: getattr(sklstm, name) for name in sklstm.__all__ if name.startswith("LSTM")}
OF_PATHS = {"LSTMTagger"}  # of the tags of a whole sequence
MEANT_TO_DIFFER = {
    **dict.fromkeys(("adversarial", "virtual_adversarial", "entropy"), OF_PATHS),
    "bidirectional": {"LSTMTagger", "LSTMSeq2Seq"},  # a symbol depends on those after it
    "class_weight": {"LSTMTagger"},  # a CRF weights whole sequences
    "scoring": {"LSTMTagger"},  # the loss of a CRF rises long before its F1 falls
    "wide": {"LSTMTagger", "LSTMRegressor"},  # inside its network; on windows of numbers
}
TAGGER_DROPOUT = {"LSTMTagger"}  # with several descriptions of a word, it can do without some
OTHER_DEFAULTS = {
    "embedding_dropout": TAGGER_DROPOUT,
    "word_dropout": TAGGER_DROPOUT,
    "dropout": TAGGER_DROPOUT,
    "locked_dropout": TAGGER_DROPOUT,
}


def described_parameters(estimator):
    """Each parameter with its default, and its type and text in the docstring."""
    defaults = inspect.signature(ESTIMATORS[estimator]).parameters
    for entry in ClassDoc(ESTIMATORS[estimator])["Parameters"]:
        for name in entry.name.split(", "):
            yield name, repr(defaults[name].default), entry.type, "\n".join(entry.desc)


def shared_parameters():
    """What each parameter is in each of the estimators that have it, if there are several."""
    found = {}
    for estimator in ESTIMATORS:
        for name, *described in described_parameters(estimator):
            found.setdefault(name, {})[estimator] = described
    return {name: described for name, described in found.items() if len(described) > 1}


@pytest.mark.parametrize(
    ("name", "described"), shared_parameters().items(), ids=shared_parameters()
)
def test_a_shared_parameter_is_the_same_everywhere(name, described):
    other_defaults = [described.pop(estimator) for estimator in OTHER_DEFAULTS.get(name, ())]
    exceptions = [described.pop(estimator) for estimator in MEANT_TO_DIFFER.get(name, ())]
    first, *others = described.values()
    assert others == [first] * len(others)
    assert first not in exceptions + other_defaults, "this is no exception any more"
    text = first[-1]
    assert [other_text for _, _, other_text in other_defaults] == [text] * len(other_defaults)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_docstring_gives_each_default(estimator):
    for name, default, kind, _ in described_parameters(estimator):
        assert kind.replace('"', "'").endswith(f", default={default}"), name


def test_the_guide_lists_each_parameter_once():
    text = (ROOT / "docs/user_guide/choosing_parameters.rst").read_text()
    table = text.partition("All parameters by what")[2].partition("Names of the steps")[0]
    listed = dict(re.findall(r"``(\w+)``(?: \((\w)\))?", table.partition("list-table")[2]))
    owners = {}
    for estimator in ESTIMATORS:
        for name, *_ in described_parameters(estimator):
            owners[name] = owners.get(name, "") + estimator.removeprefix("LSTM")[0]
    assert listed == {name: of if len(of) == 1 else "" for name, of in owners.items()}


def test_a_default_is_given_by_its_value():
    sources = {path.name: path.read_text() for path in Path(sklstm.__file__).parent.rglob("*.py")}
    assert not [name for name, source in sources.items() if ", optional\n" in source]
