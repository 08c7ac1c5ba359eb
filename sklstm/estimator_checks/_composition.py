"""Checks that the estimator works inside those of scikit-learn."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.pipeline import Pipeline

from sklstm.estimator_checks._comparison import assert_equal, rows_of
from sklstm.estimator_checks._containers import import_pandas


def check_pipeline(problem):
    """A pipeline of this step alone learns the same, and has the same tags."""
    pipe = Pipeline([("only", problem.fresh())])
    problem.fit(estimator=pipe)
    for method in filter(partial(hasattr, pipe), problem.methods):
        outputs, expected = getattr(pipe, method)(problem.X), problem.all_expected[method]
        assert_equal(outputs, expected, f"{method} of a pipeline of it alone differs")


def check_grid_search(problem):
    """A grid search scores it, and refits what a fit alone gives."""
    search = problem.shared("search", _search)
    outputs = problem.outputs(search.best_estimator_)
    assert_equal(outputs, problem.expected, "the refit of a search differs from a fit")


def check_search_in_threads(problem):
    """A search in two threads has the scores of a search in one."""
    expected = problem.shared("search", _search).cv_results_
    with parallel_config("threading", n_jobs=2):
        actual = _search(problem).cv_results_
    for name in ("split0_test_score", "split1_test_score"):
        assert_equal(actual[name], expected[name], "a search in two threads differs", tolerance=0)


def check_predictions_in_threads(problem):
    """Threads can share a fitted estimator."""
    fitted, expected = problem.fitted, problem.expected
    with ThreadPoolExecutor(4) as pool:
        for outputs in pool.map(problem.outputs, [fitted] * 8):
            assert_equal(outputs, expected, "predictions in threads differ", tolerance=0)


def check_cross_val_predict(problem):
    """``cross_val_predict`` joins predictions of the folds."""
    cv = KFold(2)
    predicted = cross_val_predict(problem.fresh(), problem.X, problem.y, cv=cv)
    assert len(predicted) == len(problem.X), f"{len(predicted)} rows for {len(problem.X)} samples"
    rows = np.arange(len(problem.X))
    train, test = next(cv.split(rows))
    estimator = problem.fit(problem.take(problem.X, train), problem.take(problem.y, train))
    expected = rows_of(estimator.predict(problem.take(problem.X, test)))
    assert_equal(rows_of(predicted)[: len(test)], expected, "cross_val_predict differs")


def check_feature_names_out(problem):
    """There is one name, a string, for each column of ``transform``."""
    names = problem.fitted.get_feature_names_out()
    wrong = [name for name in names if not isinstance(name, str)]
    assert not wrong, f"get_feature_names_out returns {wrong}, which are no strings"
    assert len(set(names)) == len(names), "get_feature_names_out repeats names"
    width = getattr(problem.fitted.transform(problem.X), "shape", (0, len(names)))
    if len(width) == 2:
        assert width[1] == len(names), f"{len(names)} names for {width[1]} columns"


def check_set_output(problem):
    """``set_output`` makes frames with these names."""
    pandas = import_pandas()
    estimator = problem.copy_of_fitted()
    assert estimator.set_output(transform="pandas") is estimator, "set_output returns no self"
    frame = estimator.transform(problem.X)
    assert isinstance(frame, pandas.DataFrame), f"transform returns {type(frame).__name__}"
    names = list(estimator.get_feature_names_out())
    assert list(frame.columns) == names, f"the frame has the columns {list(frame.columns)}"
    assert_equal(frame.to_numpy(), problem.fitted.transform(problem.X), "values in the frame")


def _search(problem):
    """Fit a grid search over a parameter as it is."""
    estimator = problem.fresh()
    simple = {
        name: [value]
        for name, value in estimator.get_params().items()
        if isinstance(value, (bool, int, float, str))
    }
    grid = dict(list(simple.items())[:1])
    search = GridSearchCV(estimator, grid, cv=KFold(2), error_score="raise")
    return search.fit(problem.X, problem.y)


CHECKS = (check_pipeline, check_predictions_in_threads)
CHECKS_OF_PREDICTORS = (check_cross_val_predict,)
CHECKS_OF_SCORE = (check_grid_search, check_search_in_threads)
CHECKS_OF_COLUMNS = (check_feature_names_out,)
CHECKS_OF_FRAMES = (check_set_output,)
