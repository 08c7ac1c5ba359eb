"""How good a model is on labelled data."""

from sklearn.metrics import accuracy_score, classification_report, f1_score

from sklstm import LSTMGenerator, LSTMTagger
from sklstm.cli._models import of_tokens
from sklstm.metrics import entity_f1_score, entity_report, token_accuracy_score


def report_on(model, estimator, X, y):
    """Score a model: scores for machines in a dict, and a text for people."""
    if isinstance(estimator, LSTMTagger):
        if isinstance(X[0], str):  # with spans
            return _report_tags(model.to_tags(X, y), model.predict(X).tolist(), estimator.scheme_)
        return _report_tags(y, of_tokens(model).predict(X).tolist(), estimator.scheme_)
    if isinstance(estimator, LSTMGenerator):
        scores = {
            "bits_per_character": float(model.bits_per_character(X, y)),
            "perplexity": float(model.perplexity(X, y)),
        }
        return scores, "\n".join(f"{name}: {value:.3f}" for name, value in scores.items())
    if not hasattr(estimator, "classes_"):
        raise ValueError(f"{type(estimator).__name__} is not evaluated here: use its score method.")
    return _report_labels(y, [str(label) for label in model.predict(X)], estimator.classes_)


def _report_tags(true, predicted, scheme):
    if scheme is None:
        accuracy = token_accuracy_score(true, predicted)
        return {"accuracy": float(accuracy)}, f"accuracy of tags: {accuracy:.3f}"
    options = {"scheme": scheme, "zero_division": 0.0}
    scores = {
        "entity_f1": float(entity_f1_score(true, predicted, **options)),
        "report": entity_report(true, predicted, output_dict=True, **options),
    }
    return scores, entity_report(true, predicted, **options)


def _report_labels(true, predicted, classes):
    known = set(map(str, classes.tolist()))
    if known.isdisjoint(true):
        raise ValueError(
            f"The model knows none of the labels, such as {true[0]!r}. It knows: "
            f"{', '.join(sorted(known))}. Is --label the right column?"
        )
    options = {"zero_division": 0.0}
    scores = {
        "accuracy": float(accuracy_score(true, predicted)),
        "f1_macro": float(f1_score(true, predicted, average="macro", **options)),
        "report": classification_report(true, predicted, output_dict=True, **options),
    }
    return scores, classification_report(true, predicted, **options)
