"""Saved models: what they are, and what they read."""

from sklearn.pipeline import Pipeline

from sklstm import LSTMTagger, Tokenizer
from sklstm._summary import describe_fit
from sklstm.persistence import load


def load_model(path):
    """Load a model that `sklstm.save` wrote, and its last step."""
    model = load(path)
    return model, model[-1] if isinstance(model, Pipeline) else model


def load_of(kind, path, command):
    """Load a model for a command that takes one kind of model only."""
    model, estimator = load_model(path)
    if not isinstance(estimator, kind):
        raise ValueError(
            f"{path} holds a model of the class {type(estimator).__name__}; sklstm {command} takes "
            f"an {kind.__name__}."
        )
    return model, estimator


def of_tokens(model):
    """Return the part of a model that reads tokens."""
    if isinstance(model, Pipeline) and isinstance(model[0], Tokenizer):
        return model[1:]
    return model


def find_label(name, classes):
    """Return the label that is written like `name`."""
    labels = {str(label): label for label in classes.tolist()}
    if name not in labels:
        raise ValueError(f"The model knows no label {name!r}. It knows: {', '.join(labels)}.")
    return labels[name]


def describe_model(model, estimator, path):
    """Return what there is to know about a model, as a dict for ``info``."""
    steps = [name for name, _ in model.steps] if isinstance(model, Pipeline) else []
    about = {"file": str(path), "bytes": path.stat().st_size, "class": type(estimator).__name__}
    about["steps"] = [
        step if isinstance(step, str) else type(step).__name__
        for step in (model[name] for name in steps)
    ]
    about |= describe_fit(estimator)
    vocabularies = [model[name] for name in steps if hasattr(model[name], "vocabulary_")]
    if vocabularies:
        about["words"] = len(vocabularies[0].vocabulary_)
    return about


def is_tagger(estimator):
    """Whether a model has a tag for each token."""
    return isinstance(estimator, LSTMTagger)
