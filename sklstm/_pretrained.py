"""Language models that a network starts from: the parameter `encoder`."""

from inspect import signature
from numbers import Integral, Real
from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklstm._arguments import describe
from sklstm._parameter_constraints import check_cell
from sklstm._sklearn import HasMethods, Interval
from sklstm.nn.networks import LanguageModelNet
from sklstm.nn.transfer import start_from

ACCEPTED = (
    "a fitted LSTMGenerator, alone or in a FrozenEstimator, or two in a tuple, the second fitted "
    "to the same texts reversed"
)


class PretrainedMixin:
    """Mixin of estimators whose network may start from language models.

    A clone keeps `encoder` as it is, fitted; a search over several encoders needs them in
    ``FrozenEstimator``, since it clones its candidates.
    """

    _parameter_constraints: dict = {
        "encoder": [HasMethods("fit"), tuple, None],
        "layer_lr_decay": [Interval(Real, 0, 1, closed="right")],
        "unfreeze_epochs": [Interval(Integral, 0, None, closed="left")],
    }
    _shared = ("encoder",)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters of the estimator, but not those of its encoder, which is fitted.

        Parameters
        ----------
        deep : bool, default=True
            Without effect.

        Returns
        -------
        dict of str to object
            The parameters by name.
        """
        return super().get_params(deep=False)

    def _new_encoder(self):
        return self._pretrained(super()._new_encoder())

    def _pretrained(self, encoder):
        """Let the encoder of X have the vocabulary and the shape of the language models."""
        if self.encoder is not None:
            models = list_models(self.encoder)
            shape = shape_of(models)
            check_shape(self, shape, len(models))
            shape["bidirectional"] = len(models) == 2 or self.bidirectional
            encoder.start_from(models[0]._encoder, shape, len(models))
        return encoder

    def _start_net(self):
        if self.encoder is not None:
            models = [model.module_ for model in list_models(self.encoder)]
            start_from(self.module_, models)


def list_models(encoder):
    """Return the language models of the parameter `encoder`, one for each direction."""
    models = encoder if isinstance(encoder, tuple) else (encoder,)
    models = [model.estimator if isinstance(model, FrozenEstimator) else model for model in models]
    for model in models:
        if getattr(model, "_network", None) is not LanguageModelNet or isinstance(model, type):
            raise TypeError(f"encoder must be {ACCEPTED}; got {describe(model)}.")
        check_is_fitted(
            model,
            msg="encoder holds an %(name)s that is not fitted: fit it to texts first. A search "
            "over several encoders clones them: wrap each fitted one in FrozenEstimator.",
        )
        if model._conditions is not None:
            raise ValueError(
                "encoder was fitted with conditions (y), which are not known here: fit it to the "
                "texts alone."
            )
        if not model._has_one_network:
            raise ValueError(
                f"encoder has {len(model._nets)} networks: pass one of them, encoder.members_[0]."
            )
    if len(models) not in (1, 2):
        raise ValueError(f"encoder must be {ACCEPTED}; got a tuple of {len(models)}.")
    return models


def shape_of(models):
    """Return the arguments of a network that starts from language models."""
    shared = ("cell", "cell_params", "hidden_size", "n_layers")
    shapes = [{name: model._architecture[name] for name in shared} for model in models]
    for name in shared:
        values = [shape[name] for shape in shapes]
        if values[0] != values[-1]:
            raise ValueError(
                f"The two models in encoder have different {name}: {values[0]!r} and "
                f"{values[1]!r}. Fit both with the same."
            )
    if models[0].vocabulary_ != models[-1].vocabulary_:
        raise ValueError(
            "The two models in encoder have different vocabularies: fit the second to the texts "
            "of the first, each reversed."
        )
    n_features = sum(model._architecture["n_features"] for model in models)
    return {**shapes[0], "n_features": n_features}


def check_shape(estimator, shape, n_models):
    """Check that parameters which the encoder decides are as it has them, or at their defaults."""
    defaults = signature(type(estimator)).parameters
    given = {"embedding_dim" if k == "n_features" else k: v for k, v in shape.items()}
    if n_models == 2:
        given["bidirectional"] = True
    for name, value in {**given, "vocabulary_size": None}.items():
        own = getattr(estimator, name)
        if own not in (value, defaults[name].default):
            raise ValueError(
                f"{name}={own!r} is not what encoder decides, {value!r}: set it to that, or leave "
                "it out."
            )
    check_cell(shape["cell"], shape["cell_params"], estimator.recurrent_dropout)
