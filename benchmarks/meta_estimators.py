"""Which meta-estimators and other tools work with estimators of texts, tried one by one.

Each tool gets tiny pipelines in all forms of X: texts in a list, texts in one column, `Sequences`
of ids, and a matrix of padded ids; and, where it is for more than classifiers, a tagger of texts.

Run ``OMP_NUM_THREADS=1 python benchmarks/meta_estimators.py``.
"""

import copy
import pickle
import tempfile
import warnings
from functools import partial
from importlib import import_module
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from _report import write_results
from sklearn import (
    calibration,
    compose,
    ensemble,
    feature_selection,
    model_selection,
    multiclass,
    multioutput,
    pipeline,
    semi_supervised,
)
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMTagger,
    SequencePadder,
    TokenIndexer,
    Tokenizer,
)

TEXTS = ["a good film", "good fun", "a bad film", "bad acting"] * 6
TAGS = [["B-X" if word in ("good", "bad") else "O" for word in text.split()] for text in TEXTS]
LABELS = np.array(["pos", "pos", "neg", "neg"] * 6)
NUMBERS = np.array([1.0, 2.0, -1.0, -2.0] * 6)
SMALL = {"hidden_size": 4, "max_epochs": 4, "lr": 0.1, "batch_size": 8, "random_state": 0}
FORMS = ("texts", "column", "Sequences", "ids", "tagger")


def data(form, estimator=LSTMClassifier):
    """An estimator, and X in a form."""
    indexed = pipeline.make_pipeline(Tokenizer(), TokenIndexer()).fit_transform(TEXTS)
    if form == "tagger":
        return pipeline.make_pipeline(Tokenizer(char_spans=True), LSTMTagger(**SMALL)), TEXTS
    if form == "Sequences":
        return estimator(**SMALL), indexed
    if form == "ids":
        return estimator(vocabulary_size=20, **SMALL), np.asarray(
            SequencePadder().fit_transform(indexed)
        )
    X = TEXTS if form == "texts" else np.array(TEXTS, dtype=object)[:, None]
    return pipeline.make_pipeline(Tokenizer(), estimator(**SMALL)), X


def targets(form):
    """The tags, or the labels."""
    return TAGS if form == "tagger" else LABELS


def lr_of(estimator):
    """The name of the learning rate in a pipeline, or alone."""
    return next(name for name in estimator.get_params() if name.split("__")[-1] == "lr")


def check(predicted, y):
    """Predictions are as many as there are samples."""
    assert len(predicted) == len(y)


def fitted(make, form, y=None, estimator=LSTMClassifier):
    """Fit what `make` makes of an estimator, and predict."""
    inner, X = data(form, estimator)
    y = targets(form) if y is None else y
    check(make(inner).fit(X, y).predict(X), y)


def scored(function, form, **options):
    """Call a function that fits clones."""
    estimator, X = data(form)
    y = targets(form)
    options = {
        name: value(estimator) if callable(value) else value for name, value in options.items()
    }
    result = function(estimator, X, y, **options)
    if function is model_selection.cross_val_predict:
        check(result, y)


def searched(search, form, **options):
    """Search the learning rate."""
    estimator, X = data(form)
    found = search(estimator, {lr_of(estimator): [0.01, 0.1]}, cv=2, **options)
    check(found.fit(X, targets(form)).predict(X), X)


def semi_supervised_labels():
    """Half of the labels, as integers; -1 says unknown."""
    return np.where(np.arange(24) < 12, LABELS == "pos", -1)


def of_frame(transform, form):
    """Fit columns of texts and numbers side by side."""
    frame = pd.DataFrame({"review": TEXTS, "minutes": NUMBERS})
    generator = LSTMGenerator(hidden_size=2, max_epochs=1, random_state=0)
    assert transform(generator).fit_transform(frame, LABELS).shape[0] == len(frame)


def union(form):
    """Two transformers of the same texts side by side."""
    small = {"hidden_size": 2, "max_epochs": 1}
    parts = [LSTMGenerator(random_state=seed, **small) for seed in (0, 1)]
    assert pipeline.make_union(*parts).fit_transform(data(form)[1]).shape == (24, 4)


def kept(store, form):
    """What is stored and read again predicts the same."""
    estimator, X = data(form)
    estimator.fit(X, targets(form))
    again = store(estimator)
    for one, other in zip(again.predict(X), estimator.predict(X), strict=True):
        assert np.array_equal(one, other)


def through_joblib(estimator):
    """A file of joblib's."""
    with tempfile.TemporaryDirectory() as folder:
        joblib.dump(estimator, Path(folder) / "estimator.joblib")
        return joblib.load(Path(folder) / "estimator.joblib")


def through_skops(estimator):
    """A file of skops', of which nothing is trusted that is not shown."""
    io = import_module("skops.io")
    dumped = io.dumps(estimator)
    return io.loads(dumped, trusted=io.get_untrusted_types(data=dumped))


def through_cloudpickle(estimator):
    """A pickle of cloudpickle's."""
    return pickle.loads(import_module("cloudpickle").dumps(estimator))


def cached(form):
    """A pipeline that caches its steps."""
    estimator, X = data(form)
    with tempfile.TemporaryDirectory() as folder:
        pipe = pipeline.make_pipeline(*[step for _, step in estimator.steps], memory=folder)
        for _ in range(2):
            check(pipe.fit(X, targets(form)).predict(X), X)


def studied(form):
    """A study of Optuna."""
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    estimator, X = data(form)

    def objective(trial):
        rate = trial.suggest_float("lr", 1e-3, 1, log=True)
        candidate = clone(estimator).set_params(**{lr_of(estimator): rate})
        return model_selection.cross_val_score(candidate, X, targets(form), cv=2).mean()

    study = optuna.create_study(direction="maximize")
    study.optimize(objective, n_trials=2)
    assert len(study.trials) == 2


def skrub_columns(form):
    """A transformer of texts on a column of a frame."""
    skrub = import_module("skrub")
    of_frame(lambda generator: skrub.ApplyToCols(generator, cols=["review"]), form)


def frozen(form):
    """A fitted estimator that further fits leave as it is."""
    estimator, X = data(form)
    estimator.fit(X, targets(form))
    kept = import_module("sklearn.frozen").FrozenEstimator(estimator).fit(X, targets(form))
    check(clone(kept).predict(X), X)


def of_two(meta, **options):
    """Wrap two estimators."""
    return lambda inner: meta([("a", inner), ("b", clone(inner))], **options)


def regression(make, estimator=LSTMRegressor):
    """A case for a regressor."""
    return partial(fitted, make, y=NUMBERS, estimator=estimator)


def two_labels():
    """Two labels for each sample."""
    return np.column_stack([LABELS == "pos", np.arange(24) % 2 == 0]).astype(int)


GENERAL, CLASSIFIERS = FORMS, FORMS[:4]
# the tool, the forms of X to try, and a function of the form
CASES = [
    ("GridSearchCV", GENERAL, partial(searched, model_selection.GridSearchCV)),
    ("RandomizedSearchCV", GENERAL,
     partial(searched, model_selection.RandomizedSearchCV, n_iter=2, random_state=0)),
    ("HalvingGridSearchCV", GENERAL,
     partial(searched, model_selection.HalvingGridSearchCV, min_resources=12, random_state=0)),
    ("HalvingRandomSearchCV", GENERAL,
     partial(searched, model_selection.HalvingRandomSearchCV, min_resources=12, random_state=0)),
    ("cross_val_score", GENERAL, partial(scored, model_selection.cross_val_score, cv=2)),
    ("cross_validate", GENERAL,
     partial(scored, model_selection.cross_validate, cv=2, return_estimator=True)),
    ("cross_val_predict", GENERAL, partial(scored, model_selection.cross_val_predict, cv=2)),
    ("cross_val_predict, predict_proba", CLASSIFIERS,
     partial(scored, model_selection.cross_val_predict, cv=2, method="predict_proba")),
    ("learning_curve", GENERAL,
     partial(scored, model_selection.learning_curve, cv=2, train_sizes=[0.5, 1.0], shuffle=True,
             random_state=0)),
    ("validation_curve", GENERAL,
     partial(scored, model_selection.validation_curve, cv=2, param_name=lr_of,
             param_range=[0.01, 0.1])),
    ("permutation_test_score", GENERAL,
     partial(scored, model_selection.permutation_test_score, cv=2, n_permutations=2)),
    ("permutation_importance", GENERAL,
     lambda form: permutation_importance(data(form)[0].fit(data(form)[1], targets(form)),
                                         data(form)[1], targets(form), n_repeats=1)),
    ("CalibratedClassifierCV", CLASSIFIERS,
     partial(fitted, lambda one: calibration.CalibratedClassifierCV(one, cv=2))),
    ("TunedThresholdClassifierCV", CLASSIFIERS,
     partial(fitted, lambda one: model_selection.TunedThresholdClassifierCV(one, cv=2),
             y=(LABELS == "pos").astype(int))),
    ("FixedThresholdClassifier", CLASSIFIERS,
     partial(fitted, model_selection.FixedThresholdClassifier)),
    ("FrozenEstimator", GENERAL, frozen),
    ("VotingClassifier", CLASSIFIERS,
     partial(fitted, of_two(ensemble.VotingClassifier, voting="soft"))),
    ("StackingClassifier", CLASSIFIERS,
     partial(fitted, of_two(ensemble.StackingClassifier, cv=2,
                            final_estimator=LogisticRegression()))),
    ("OneVsRestClassifier", CLASSIFIERS, partial(fitted, multiclass.OneVsRestClassifier)),
    ("OneVsOneClassifier", CLASSIFIERS, partial(fitted, multiclass.OneVsOneClassifier)),
    ("OutputCodeClassifier", CLASSIFIERS,
     partial(fitted, lambda one: multiclass.OutputCodeClassifier(one, random_state=0))),
    ("MultiOutputClassifier", CLASSIFIERS,
     partial(fitted, multioutput.MultiOutputClassifier, y=two_labels())),
    ("ClassifierChain", CLASSIFIERS,
     partial(fitted, multioutput.ClassifierChain, y=two_labels())),
    ("BaggingClassifier", CLASSIFIERS,
     partial(fitted, lambda one: ensemble.BaggingClassifier(one, n_estimators=2, random_state=0))),
    ("AdaBoostClassifier", CLASSIFIERS,
     partial(fitted, lambda one: ensemble.AdaBoostClassifier(one, n_estimators=2, random_state=0))),
    ("SelfTrainingClassifier", CLASSIFIERS,
     partial(fitted, semi_supervised.SelfTrainingClassifier, y=semi_supervised_labels())),
    ("RFE", CLASSIFIERS, partial(fitted, feature_selection.RFE)),
    ("SequentialFeatureSelector", CLASSIFIERS,
     lambda form: feature_selection.SequentialFeatureSelector(data(form)[0], cv=2)
     .fit(data(form)[1], LABELS)),
    ("TransformedTargetRegressor", CLASSIFIERS,
     regression(lambda one: compose.TransformedTargetRegressor(one, func=np.sinh,
                                                               inverse_func=np.arcsinh))),
    ("VotingRegressor", CLASSIFIERS, regression(of_two(ensemble.VotingRegressor))),
    ("StackingRegressor", CLASSIFIERS,
     regression(of_two(ensemble.StackingRegressor, cv=2, final_estimator=Ridge()))),
    ("BaggingRegressor", CLASSIFIERS,
     regression(lambda one: ensemble.BaggingRegressor(one, n_estimators=2, random_state=0))),
    ("AdaBoostRegressor", CLASSIFIERS,
     regression(lambda one: ensemble.AdaBoostRegressor(one, n_estimators=2, random_state=0))),
    ("MultiOutputRegressor", CLASSIFIERS,
     partial(fitted, multioutput.MultiOutputRegressor, y=two_labels().astype(float),
             estimator=LSTMRegressor)),
    ("RegressorChain", CLASSIFIERS,
     partial(fitted, multioutput.RegressorChain, y=two_labels().astype(float),
             estimator=LSTMRegressor)),
    ("FeatureUnion, of LSTMGenerator", ("texts",), union),
    ("ColumnTransformer, of LSTMGenerator", ("texts",),
     partial(of_frame, lambda one: compose.make_column_transformer((one, "review"),
                                                                   ("passthrough", ["minutes"])))),
    ("Pipeline(memory=)", ("texts", "column", "tagger"), cached),
    ("pickle", GENERAL, partial(kept, lambda one: pickle.loads(pickle.dumps(one)))),
    ("copy.deepcopy", GENERAL, partial(kept, copy.deepcopy)),
    ("joblib.dump", GENERAL, partial(kept, through_joblib)),
    ("cloudpickle", GENERAL, partial(kept, through_cloudpickle)),
    ("skops", GENERAL, partial(kept, through_skops)),
    ("Optuna", GENERAL, studied),
    ("skrub.ApplyToCols, of LSTMGenerator", ("texts",), skrub_columns),
]  # fmt: skip

# what an error message does not say
REASONS = {
    "RFE": "selects columns by their coefficients, which sequences have not",
    "SequentialFeatureSelector": "padded ids; but columns of a sequence are no features",
    "ClassifierChain": "padded ids, to which it appends earlier labels as ids 0 and 1",
    "RegressorChain": "appends earlier targets to X as columns",
    "AdaBoostClassifier": "padded ids: it needs sample_weight, which a Pipeline does not take",
}
NOT_INSTALLED = "imbalanced-learn, eli5, LIME and SHAP, which are not installed here"


def attempt(run, form):
    """Return None if it works, or the error; ImportError if the tool is not there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            run(form)
        except ImportError:
            raise
        except Exception as error:
            return f"{type(error).__name__}: {error}".splitlines()[0][:120]
    return None


def verdict(errors):
    """Say in one word whether a tool works with texts, and on what condition or why not."""
    if errors["texts"] is None:
        return "works", ""
    if errors.get("column", "") is None:
        return "with a condition", "texts in one column, an array of shape (n, 1)"
    if errors.get("ids", "") is None:
        return "with a condition", "padded ids: only the last step of a pipeline inside"
    return "does not", errors["texts"].replace("|", "/")


def main():
    """Try everything, and write the table."""
    rows, left_out = [], [NOT_INSTALLED]
    for tool, forms, run in CASES:
        try:
            errors = {form: attempt(run, form) for form in forms}
        except ImportError as error:
            left_out.append(f"{tool} ({error})")
            continue
        shown = {f: "-" if f not in errors else "no" if errors[f] else "yes" for f in FORMS}
        result, reason = verdict(errors)
        reason = REASONS.get(tool, reason)
        rows.append({"tool": tool, "with texts": result, **shown, "condition, or why": reason})
    write_results("meta_estimators", rows, left_out)


if __name__ == "__main__":
    main()
