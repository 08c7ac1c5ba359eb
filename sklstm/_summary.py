"""What an estimator has learned: ``ModelSummary``."""

from sklstm._html import make_table
from sklstm._loss_curves import draw_losses
from sklstm.nn.networks import count_parameters

MAX_SHOWN = 20  # values of a list
# in scikit-learn's diagram of an estimator, like its other parts
IN_DIAGRAM = (
    '<div class="estimator-table"><details><summary>Network and training</summary>{}'
    "</details></div>"
)
HEADER = ("Layer", "Output shape", "Parameters")


def networks_of(estimator):
    """Return the fitted estimators of one network each: its members, or an estimator itself."""
    return getattr(estimator, "members_", [estimator])


def describe_fit(estimator):
    """Return what there is to know about a fitted estimator, as a dict of plain values."""
    about = {}
    if hasattr(estimator, "n_features_in_"):
        about["features"] = estimator.n_features_in_
    for key, name in {"labels": "classes_", "conditions": "conditions_"}.items():
        if getattr(estimator, name, None) is not None:
            about[key] = getattr(estimator, name).tolist()
    if hasattr(estimator, "scheme_"):
        about["scheme"] = estimator.scheme_
    if hasattr(estimator, "vocabulary_"):
        about["symbols"] = len(estimator.vocabulary_)
    networks = networks_of(estimator)
    about["networks"] = len(networks)
    about["parameters"] = sum(one.n_parameters_ for one in networks)
    if getattr(estimator, "_linear", None) is not None:
        beside = getattr(estimator, "_mean_vectors", None) is not None
        about["linear models"] = ["n-grams"] + beside * ["mean of word vectors"]
    about["epochs"] = [one.n_iter_ for one in networks]
    return about


def shorten(value):
    """Return a value for people: lists with commas, the first twenty only."""
    if not isinstance(value, list):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return ", ".join(map(str, value[:MAX_SHOWN])) + (", ..." if len(value) > MAX_SHOWN else "")


class ModelSummary:
    """The layers of a network and what it has learned, as text and, in notebooks, with its losses.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of this package.
    n_frozen : int
        Numbers in the frozen word vectors, which the estimator has beside its network.
    width : int or None
        Features of each of these vectors.

    Attributes
    ----------
    layers : list of tuple (str, str, int)
        Name, output shape and number of parameters of each layer, of the first network if there are
        several.
    n_parameters, n_trainable : int
        Parameters of all these layers, and those that are trained.
    facts : dict
        Labels, epochs and the like.
    histories : list of list of dict
        The ``history_`` of each network.

    See Also
    --------
    TrainingCurveDisplay : Draws losses and scores larger.

    Examples
    --------
    >>> from sklstm import LSTMClassifier
    >>> X, y = [["good"], ["bad"]] * 8, ["pos", "neg"] * 8
    >>> LSTMClassifier(hidden_size=4, max_epochs=2, random_state=0).fit(X, y).summary()
    Layer           Output shape      Parameters
    --------------------------------------------
    Embedding       (N, T, 32)               128
    LSTM            (N, T, 4)                592
    Pooling (last)  (N, 4)                     0
    Linear          (N, 1)                     5
    --------------------------------------------
    Total parameters: 725
    Trainable parameters: 725
    Non-trainable parameters: 0
    Labels: neg, pos
    Epochs: 2
    """

    def __init__(self, estimator, n_frozen, width):
        network = estimator.module_
        if hasattr(network, "layer_table"):
            self.layers = network.layer_table()
        else:  # the user's own
            parts = network.named_children()
            self.layers = [
                (name, type(part).__name__, count_parameters(part)) for name, part in parts
            ]
        if n_frozen:
            self.layers.insert(0, ("Embedding (frozen)", f"(N, T, {width})", n_frozen))
        self.n_parameters = count_parameters(network) + n_frozen
        self.n_trainable = count_parameters(network, trainable=True)
        self.facts = describe_fit(estimator)
        self.histories = [one.history_ for one in networks_of(estimator)]

    def __repr__(self):
        space = max(len(name) for name, _, _ in self.layers) + 2
        rule = "-" * (space + 28)
        name, shape, count = HEADER
        return "\n".join(
            [
                f"{name:<{space}}{shape:<16}{count:>12}",
                rule,
                *(f"{name:<{space}}{shape:<16}{count:>12,}" for name, shape, count in self.layers),
                rule,
                *(f"{name}: {value}" for name, value in self._rows()),
            ]
        )

    def _repr_html_(self):
        tables = make_table(self.layers, HEADER) + make_table(self._rows())
        return tables + draw_losses(self.histories)

    def _rows(self):
        """Yield names and values of what there is to say."""
        yield "Total parameters", f"{self.n_parameters:,}"
        yield "Trainable parameters", f"{self.n_trainable:,}"
        yield "Non-trainable parameters", f"{self.n_parameters - self.n_trainable:,}"
        for name, value in self.facts.items():
            if name != "parameters" and (name, value) != ("networks", 1):
                yield name.capitalize(), shorten(value)
