"""Checks of parameters, tags and state: what scikit-learn expects of any estimator."""

import inspect

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags, get_tags

from sklstm.estimator_checks._comparison import is_fitted
from sklstm.estimator_checks._problem import METHODS

USES = (
    *METHODS,
    "predict_log_proba",
    "predict_n_best",
    "predict_entities",
    "perplexity",
)


def check_clone(problem):
    """A clone is of the same class, looks the same and has learned nothing."""
    twin = clone(problem.estimator)
    assert type(twin) is type(problem.estimator), f"clone returned a {type(twin).__name__}"
    assert repr(twin) == repr(problem.estimator), "a clone has another repr"
    twin = clone(problem.fitted)
    learned = [name for name in vars(twin) if name.endswith("_") and not name.startswith("_")]
    assert not learned, f"a clone of a fitted estimator has the attributes {learned}"
    if problem.tags.requires_fit:
        assert not is_fitted(twin), "a clone of a fitted estimator is fitted"


def check_get_params(problem):
    """Each argument of ``__init__`` is a parameter and an attribute of the same name."""
    params = problem.estimator.get_params(deep=False)
    for name in _arguments(problem.estimator):
        assert name in params, f"get_params lacks {name!r}"
        value = getattr(problem.estimator, name, "no attribute")
        assert value is params[name], f"the attribute {name!r} is not the parameter: {value!r:.80}"


def check_set_params(problem):
    """``set_params`` returns the estimator, keeps what it is given and refuses other names."""
    twin = clone(problem.estimator)
    params = twin.get_params(deep=False)
    assert twin.set_params(**params) is twin, "set_params does not return the estimator"
    after = twin.get_params(deep=False)
    changed = [name for name in params if after.get(name) is not params[name]]
    assert not changed, f"set_params(**get_params()) changed {changed}"
    try:
        twin.set_params(no_parameter_has_this_name=1)
    except (TypeError, ValueError):
        return
    raise AssertionError("set_params takes a name that is no parameter, so a typo has no effect")


def check_init_only_assigns(problem):
    """``__init__`` stores its arguments as they are, and nothing else."""
    params = problem.estimator.get_params(deep=False)
    made = type(problem.estimator)(**params)
    changed = [name for name in params if getattr(made, name, None) is not params[name]]
    assert not changed, f"__init__ changed {changed}: copy or convert in fit"
    more = sorted(vars(made).keys() - params.keys())
    assert not more, f"__init__ sets {more}, which are no parameters: set them in fit"


def check_init_checks_nothing(problem):
    """``__init__`` takes any value, since ``set_params`` bypasses it: ``fit`` checks."""
    for name in _arguments(problem.estimator):
        try:
            type(problem.estimator)(**{**problem.estimator.get_params(False), name: object()})
        except Exception as error:
            raise AssertionError(f"__init__ looks at {name!r}: {error!r:.120}") from error


def check_repr(problem):
    """``repr`` works before and after ``fit``, and is the same."""
    before, after = repr(problem.fresh()), repr(problem.fitted)
    assert before == after, f"fit changed the repr from {before} to {after}"
    assert type(problem.estimator).__name__ in before, f"repr does not name the class: {before}"


def check_tags(problem):
    """The tags say what the estimator does."""
    tags = get_tags(problem.estimator)
    assert isinstance(tags, Tags), f"the tags are of the type {type(tags).__name__}"
    if is_classifier(problem.estimator):
        assert tags.classifier_tags is not None, "a classifier without classifier_tags"
    if is_regressor(problem.estimator):
        assert tags.regressor_tags is not None, "a regressor without regressor_tags"
    if problem.has("transform") and not problem.is_pipeline:
        assert tags.transformer_tags is not None, "a transformer without transformer_tags"
    if problem.input_kind == "text":
        string = problem.input_tags.string
        assert string, "X are texts, but the tag input_tags.string is False"


def check_fit_takes_y(problem):
    """The second argument of ``fit`` and ``score`` is y, for pipelines and searches."""
    for name in ("fit", "score", "partial_fit"):
        if problem.has(name):
            arguments = list(inspect.signature(getattr(problem.estimator, name)).parameters)
            named = arguments[1:2] == ["y"]
            assert named, f"the arguments of {name} are {arguments}; expected X, y and others"


def check_fit_returns_self(problem):
    """``fit`` returns the estimator."""
    returned = problem.observed.returned
    assert returned is problem.fitted, f"fit returned {returned!r:.80}, not self"


def check_fit_keeps_parameters(problem):
    """``fit`` and the prediction change no parameter."""
    before, after = problem.observed.params_before, problem.observed.params_after
    assert before.keys() == after.keys(), "fit changed the names of the parameters"
    changed = [
        name
        for name, value in before.items()
        if type(after[name]) is not type(value) or repr(after[name]) != repr(value)
    ]
    assert not changed, f"fit changed {changed}: what it learns goes into attributes like coef_"


def check_fitted_attributes(problem):
    """What ``fit`` learns ends in an underscore, or is private."""
    public = vars(problem.fitted).keys() - vars(problem.fresh()).keys()
    wrong = sorted(name for name in public if not name.startswith("_") and not name.endswith("_"))
    assert not wrong, f"fit set {wrong}: public attributes that it learns end in an underscore"


def check_is_fitted(problem):
    """``sklearn.utils.validation.check_is_fitted`` knows a fitted estimator."""
    assert is_fitted(problem.fitted), "check_is_fitted raises after fit"
    if problem.tags.requires_fit:
        assert not is_fitted(problem.fresh()), "check_is_fitted does not raise before fit"


def check_unfitted(problem):
    """Each method raises NotFittedError before ``fit``."""
    for name in USES:
        _assert_not_fitted(problem, name, problem.X)
    if problem.has("score"):
        _assert_not_fitted(problem, "score", problem.X, problem.y)
    if problem.has("sample"):
        _assert_not_fitted(problem, "sample")


def _assert_not_fitted(problem, name, *args):
    estimator = problem.fresh()
    if not hasattr(estimator, name):
        return
    try:
        getattr(estimator, name)(*args)
    except NotFittedError:
        return
    except Exception as error:
        raise AssertionError(
            f"{name} of an unfitted estimator raised {error!r:.120}; expected NotFittedError"
        ) from error
    raise AssertionError(f"{name} of an unfitted estimator does not raise NotFittedError")


def _arguments(estimator):
    """List the names of the arguments of ``__init__``, but for ``*args`` and ``**kwargs``."""
    signature = inspect.signature(type(estimator))
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [name for name, value in signature.parameters.items() if value.kind in named]


CHECKS = (
    check_clone,
    check_get_params,
    check_set_params,
    check_init_only_assigns,
    check_init_checks_nothing,
    check_repr,
    check_tags,
    check_fit_takes_y,
    check_fit_returns_self,
    check_fit_keeps_parameters,
    check_fitted_attributes,
    check_is_fitted,
)
CHECKS_IF_FIT_IS_REQUIRED = (check_unfitted,)
