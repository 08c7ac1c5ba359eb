"""The training of a net: from its callbacks to how it ended."""

import sys

from sklstm._callbacks import Diverged, make_callbacks, stops_early
from sklstm.nn.microbatches import Workers

# prefixes of modules that call ``fit`` many times, and of those among them that call it once
LOOPS = ("joblib.parallel", "sklearn.", "imblearn.", "optuna.", "skopt.", "dask")
SINGLE_FITS = ("sklearn.base", "sklearn.pipeline", "sklearn.compose._target", "sklearn.utils.")


def train(net, estimator, data, valid, *, max_epochs, random_state, scores, monitor, weight):
    """Train a net for at most `max_epochs` more, and return how it ended.

    Returns ``"finished"``, after early stopping too, ``"interrupted"`` by Ctrl-C, or
    ``"diverged"``. Ctrl-C in one fit of many, as in a search, raises KeyboardInterrupt to end
    all of them.

    Parameters
    ----------
    net : Net
        The net.
    estimator : BaseLSTM
        Whose public parameters say how to train, and which predicts for callbacks that score.
    data, valid : Samples
        Training data, and validation data or None.
    max_epochs : int
        Epochs at most.
    random_state : numpy.random.RandomState
        Shuffles.
    scores, monitor : dict, str
        As for `make_callbacks`.
    weight : float
        Mean weight of the data: below 1 it makes steps small, which gradients do not with Adam.
    """
    net.max_epochs = max_epochs
    net.iterator_train__random_state = random_state
    net.estimator_, net.samples_ = estimator, (data, valid)
    n_steps = max_epochs * len(net.get_iterator(data, training=True))
    net.callbacks = make_callbacks(estimator, net, n_steps, valid, scores, monitor)
    _check_callback_options(net, estimator)
    net.initialize_callbacks()
    net.step_size_ = min(weight, 1.0)
    try:
        with Workers() as net.workers_:
            net.partial_fit(data, data.y)  # skorch catches Ctrl-C
        if net.history and "dur" not in net.history[-1]:  # this epoch is incomplete
            del net.history[-1]
        finished = net.finished_ or any(stops_early(callback) for _, callback in net.callbacks_)
        if not finished and _is_one_fit_of_many():
            raise KeyboardInterrupt
        ending = "finished" if finished else "interrupted"
    except Diverged:
        ending = "diverged"
        net.module_.load_state_dict(dict(net.callbacks_)["LastEpoch"].weights_)
        net.initialize_optimizer()  # its moments are no finite numbers either
        net.notify("on_train_end")
        del net.history[-1]
    net.end_training()
    return ending


def _check_callback_options(net, estimator):
    """Refuse options in net_params of callbacks that are not there, which skorch would ignore."""
    given = [name for name in estimator.net_params or {} if name.startswith("callbacks__")]
    own = [one[0] if isinstance(one, tuple) else _name_of(one) for one in estimator.callbacks or []]
    known = sorted({name for name, _ in net._uniquely_named_callbacks()}.union(own))
    unknown = [name for name in given if name.split("__")[1] not in known]
    if unknown:
        raise ValueError(
            f"net_params sets {', '.join(map(repr, unknown))}, but there is no callback of that "
            f"name: there are {', '.join(known)}. Pass callbacks=[(name, callback)] to name one."
        )


def _name_of(callback):
    return (callback if isinstance(callback, type) else type(callback)).__name__


def _is_one_fit_of_many():
    """Tell whether a search, a cross-validation or an ensemble is what called ``fit``."""
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module.startswith(LOOPS) and not module.startswith(SINGLE_FITS):
            return True
        frame = frame.f_back
    return False
