"""Public signatures have types, which agree with the constraints that are checked when called."""

import inspect
from importlib.resources import files
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from test_docstrings import ENGINE, MEMBERS, OBJECTS, find

from sklstm._sklearn import StrOptions

# whose constructors are scikit-learn's
INHERITED = {
    "sklstm.model_selection.DocumentKFold",
    "sklstm.model_selection.LabelledKFold",
    "sklstm.pipelines.TaggingPipeline",
    "sklstm.pipelines.TextPipeline",
}
PUBLIC = [
    name for name in OBJECTS + MEMBERS if not name.startswith(ENGINE) and name not in INHERITED
]
CONSTRAINED = [
    name for name in PUBLIC if name in OBJECTS and hasattr(find(name), "_parameter_constraints")
]


def test_type_checkers_are_told_that_there_are_types():
    assert files("sklstm").joinpath("py.typed").is_file()


def load(name):
    """Return the function or class itself, without what makes a function a property or the like."""
    if name in OBJECTS:
        return find(name)
    owner, _, member = name.rpartition(".")
    thing = inspect.getattr_static(find(owner), member)
    kinds = ("fget", "__func__", "fn")  # of a property, a class method, and what is available if
    return next((getattr(thing, kind) for kind in kinds if hasattr(thing, kind)), thing)


@pytest.mark.parametrize("name", PUBLIC)
def test_options_and_results_have_types(name):
    found, empty = inspect.signature(load(name)), inspect.Parameter.empty
    assert inspect.isclass(load(name)) or found.return_annotation is not empty
    options = [one for one in found.parameters.values() if one.default not in (empty, None)]
    assert not [one.name for one in options if one.annotation is empty]


def members(annotation):
    """Return what a union has, and the unions in it."""
    if get_origin(annotation) not in {Union, UnionType}:
        return [annotation]
    return [one for part in get_args(annotation) for one in members(part)]


@pytest.mark.parametrize("name", CONSTRAINED)
def test_types_of_parameters_are_their_constraints(name):
    parameters = inspect.signature(find(name)).parameters
    for parameter, constraints in find(name)._parameter_constraints.items():
        types = members(parameters[parameter].annotation)
        if Any in types or str in types:
            continue
        literals = {text for one in types if get_origin(one) is Literal for text in get_args(one)}
        options = [one.options for one in constraints if isinstance(one, StrOptions)]
        assert literals == set().union(*options), parameter
        can_be_none = any(one is None or one == "random_state" for one in constraints)
        assert (NoneType in types) == can_be_none, parameter
