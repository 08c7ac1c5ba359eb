"""Parameters: what a misspelt name may mean, and a quick check of their values."""

from functools import cache, lru_cache, partial, wraps
from inspect import signature
from typing import Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklstm._arguments import did_you_mean
from sklstm._sklearn import is_fitted, make_constraint

ELSEWHERE = {
    **dict.fromkeys(("epochs", "n_epochs", "num_epochs", "max_iter", "n_iter"), "max_epochs"),
    **dict.fromkeys(("units", "n_units", "hidden_dim", "hidden_layer_sizes"), "hidden_size"),
    **dict.fromkeys(("learning_rate", "learning_rate_init", "eta"), "lr"),
    **dict.fromkeys(("num_layers", "layers"), "n_layers"),
    **dict.fromkeys(("seed", "random_seed"), "random_state"),
    **dict.fromkeys(("n_estimators", "n_models", "n_networks"), "n_members"),
    **dict.fromkeys(("vocab_size", "num_words", "input_dim"), "vocabulary_size"),
    **dict.fromkeys(("embedding_size", "output_dim"), "embedding_dim"),
    **dict.fromkeys(("alpha", "l2"), "weight_decay"),
    "clipnorm": "max_grad_norm",
    "patience": "n_iter_no_change",
    "dropout_rate": "dropout",
    "maxlen": "max_length",
    **dict.fromkeys(("window_size", "n_lags", "seq_length"), "length"),
    "stride": "step",
    "size": "vector_size",
    "max_features": "max_tokens",
    "embeddings": "vectors",
    **dict.fromkeys(("validation_data", "eval_set"), "X_val"),
}
SIMPLE = {bool, float, int, str, type(None)}  # types of values that stay what they are


def suggest(name, known):
    """Return a question that names the parameter that may be meant, or an empty str."""
    meant = ELSEWHERE.get(name)
    return f" Did you mean {meant!r}?" if meant in known else did_you_mean(name, known)


def parameters_of(step):
    """Return the names of the parameters of a step."""
    return step.get_params(deep=False) if hasattr(step, "get_params") else ()


def fit_parameters_of(step):
    """Return the names of what ``fit`` of a step takes."""
    return signature(step.fit).parameters if hasattr(step, "fit") else ()


def suggest_of_steps(name, steps, names_of=parameters_of):
    """Return a question that names a parameter of the steps of a pipeline, or an empty str."""
    known = [f"{step}__{param}" for step, one in steps for param in names_of(one)]
    meant = [full for full in known if full.endswith(f"__{ELSEWHERE.get(name, name)}")]
    if meant:
        return f" Did you mean {' or '.join(map(repr, meant))}?"
    return did_you_mean(name, known)


def check_names(params, function, kind, others):
    """Refuse parameters that neither a function nor the class of its last step has.

    `others` are the classes of the steps before it, whose parameters are set by their full name.
    """
    known = [*signature(function).parameters, *signature(kind).parameters]
    for name in params:
        if name in known:
            continue
        message = f"{function.__name__} has no parameter {name!r}"
        owner = next((other for other in others if name in signature(other).parameters), None)
        if owner is not None and ELSEWHERE.get(name) not in known:
            raise TypeError(
                f"{message}, but {owner.__name__} has: make the pipeline, and "
                f"set_params({owner.__name__.lower()}__{name}=...)."
            )
        raise TypeError(
            f"{message}.{suggest(name, known)} It takes those of {kind.__name__} beside its own."
        )


def fits_a_word(value):
    """Tell whether a value is not an integer that no machine word holds."""
    return not isinstance(value, (int, np.integer)) or abs(int(value)) < 2**63


@lru_cache(maxsize=1024)
def accepts_simple(kind, values, types):
    """Tell whether a class accepts the values of simple types of its parameters, found out once.

    The types also tell 1 from True.
    """
    triples = zip(kind._get_param_names(), values, types, strict=True)
    return all(of not in SIMPLE or kind._accepts(name, value) for name, value, of in triples)


def _asking(init):
    """Make an ``__init__`` ask what a parameter that it has not may mean."""
    known = signature(init).parameters
    is_open = any(
        param.kind in (param.VAR_POSITIONAL, param.VAR_KEYWORD) for param in known.values()
    )

    @wraps(init)
    def asking_init(self, *args, **params):
        name = next((name for name in params if name not in known), None)
        if name is not None and not is_open:
            names = ", ".join([*known][1:])  # without self
            raise TypeError(
                f"{type(self).__name__} has no parameter {name!r}.{suggest(name, known)} Valid "
                f"parameters are: {names}."
            )
        init(self, *args, **params)

    return asking_init


class ParametersMixin:
    """Mix-in of estimators that ask what a misspelt parameter may mean, and check values quickly.

    Names and constraints are made once a class: scikit-learn reads the signature and makes the
    constraints at every call, which takes as long as a short prediction.
    """

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = _asking(cls.__init__)

    @classmethod
    @cache
    def _get_param_names(cls):
        return super()._get_param_names()

    @classmethod
    @cache
    def _made_constraints(cls):
        return {
            name: [make_constraint(one) for one in constraints]
            for name, constraints in cls._parameter_constraints.items()
            if constraints != "no_validation"
        }

    @classmethod
    def _accepts(cls, name, value):
        made = cls._made_constraints()
        return fits_a_word(value) and (
            name not in made or any(one.is_satisfied_by(value) for one in made[name])
        )

    def _validate_params(self):
        kind, names = type(self), self._get_param_names()
        values = tuple(map(partial(getattr, self), names))
        types, others = tuple(map(type, values)), {}
        if not SIMPLE.issuperset(types):
            others = {n: v for n, v in zip(names, values, strict=True) if type(v) not in SIMPLE}
            values = tuple(v if of in SIMPLE else None for v, of in zip(values, types, strict=True))
        if accepts_simple(kind, values, types) and all(map(kind._accepts, others, others.values())):
            return
        super()._validate_params()  # which has the error
        params = self.get_params(deep=False).items()
        name, value = next(item for item in params if not kind._accepts(*item))
        raise ValueError(
            f"{name} is {value!r:.40}, which is too large: integers go up to 2**63 - 1."
        )

    def _check_ready(self):
        """Check that there is a fit, and the parameters, which may have been set since."""
        if not is_fitted(self):
            check_is_fitted(self)  # which has the error, and makes all tags
        self._validate_params()

    def set_params(self, **params) -> Self:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Their new values, which ``fit`` checks.

        Returns
        -------
        estimator
            The estimator itself.
        """
        known = self.get_params(deep=False)
        for name in params:
            if name.partition("__")[0] not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for {type(self).__name__}."
                    f"{suggest(name, known)} Valid parameters are: {', '.join(known)}."
                )
        return super().set_params(**params)
