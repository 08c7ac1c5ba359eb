"""The tasks of a fit, which scikit-learn's callbacks follow: see ``set_callbacks``."""

from contextlib import contextmanager
from functools import wraps

from sklearn.base import clone

from sklstm._checkpoints import NoLog
from sklstm._deferred import evaluate_deferred
from sklstm._sklearn import CallbackSupportMixin, with_callbacks
from sklstm._typing import Function

# what an estimator has of the fit that is under way: scikit-learn removes the former at its end
TO_TEAR_DOWN = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")
OF_ONE_FIT = (*TO_TEAR_DOWN, "_task", "_log")


class FollowedFit(CallbackSupportMixin):
    """Base of estimators whose fit scikit-learn's callbacks follow.

    Versions before 1.9 have no such callbacks; there the tasks tell nobody.
    """

    _task = None
    _log = NoLog()

    def _begin_fit(self, X, y=None, sample_weight=None, n_subtasks=0):
        """Begin the task that is a whole fit, and return it."""
        context = None
        if getattr(self, "_skl_callbacks", None):
            context = self._init_callback_context(max_subtasks=n_subtasks)
        return Task(context, self, X, y, sample_weight)


class Task:
    """A task of a fit, which begins when it is made.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext or None
        Its place among the tasks; None if there are no callbacks.
    estimator : estimator
        Whose fit it is a part of.
    X, y, sample_weight : array-like
        What it learns from, as the user passed it.
    fitted : callable, default=None
        Returns attributes with which a copy of the estimator does what fit has come to.
    """

    def __init__(self, context, estimator, X, y, sample_weight, fitted=None):
        self.context = context
        self.estimator = estimator
        self.data = (X, y, sample_weight)
        self.is_stopped = False  # whether a callback has asked to end the loop of its subtasks
        if context is not None:
            context.call_on_fit_task_begin(**self._told(fitted))

    def subtask(self, name, n_subtasks=0, *, data=None, fitted=None):
        """Begin a task inside this one, which learns from the same data unless there are others."""
        context = None
        if self.context is not None:
            context = self.context.subcontext(task_name=name, max_subtasks=n_subtasks)
        task = Task(context, self.estimator, *(data or self.data), fitted)
        task.parent = self
        return task

    def end(self, fitted=None):
        """End the task; without `fitted` it was broken off."""
        if self.context is not None:
            told = {"estimator": self.estimator} if fitted is None else self._told(fitted)
            if self.context.call_on_fit_task_end(**told) and hasattr(self, "parent"):
                self.parent.is_stopped = True

    def _told(self, fitted):
        X, y, sample_weight = self.data
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        about = {"estimator": self.estimator, "X": X, "y": y, "metadata": metadata}
        return {**about, "reconstruction_attributes": fitted}


def followed(fit: Function) -> Function:
    """Make a ``fit`` that has no parts a task of its own."""

    @with_callbacks
    @wraps(fit)
    def followed_fit(self, X, *args, **kwargs):
        args, kwargs = evaluate_deferred(args, kwargs)
        task = self._begin_fit(X, args[0] if args else kwargs.get("y"))
        result = fit(self, X, *args, **kwargs)
        task.end(dict)  # a copy has all it takes
        return result

    return followed_fit


def clone_unfollowed(estimator):
    """Clone an estimator for a part of its own fit, of which it tells the callbacks itself."""
    cloned = clone(estimator)
    vars(cloned).pop("_skl_callbacks", None)
    return cloned


@contextmanager
def nothing_lost(estimator):
    """Put the fitted state back if a fit fails, so that what was learned stays usable."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        present = vars(estimator).copy()
        vars(estimator).clear()
        vars(estimator).update(before)
        vars(estimator).pop("_task", None)
        for name in TO_TEAR_DOWN:
            if name in present:
                vars(estimator)[name] = present[name]
        raise
