"""scikit-learn's private helpers, all that the package uses: no other module imports one."""

from collections.abc import Callable

from sklearn.base import _fit_context
from sklearn.metrics._scorer import _Scorer as BaseScorer
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    make_constraint,
    validate_parameter_constraints,
)
from sklearn.utils._param_validation import validate_params as _validate_params
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _is_fitted as is_fitted

from sklstm._typing import Function

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:
        """Support no callbacks."""

    def with_callbacks(method):
        """Return a method as it is, since there are no callbacks to tear down."""
        return method


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Function], Function]:
    """Type ``_fit_context`` as what leaves the method's type as it is."""
    return _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)


def validate_params(
    constraints: dict, *, prefer_skip_nested_validation: bool
) -> Callable[[Function], Function]:
    """Type scikit-learn's function as what leaves the type of the decorated one as it is."""
    return _validate_params(
        constraints, prefer_skip_nested_validation=prefer_skip_nested_validation
    )


__all__ = [
    "BaseScorer",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "check_sample_weight",
    "fit_context",
    "is_fitted",
    "make_constraint",
    "safe_indexing",
    "validate_parameter_constraints",
    "validate_params",
    "with_callbacks",
]
