"""The training of a net: from its callbacks to how it ended."""

import sys

from sklstm._callbacks import (
    Diverged,
    EpochSaver,
    capture_end,
    make_callbacks,
    restore_end,
    stops_early,
)
from sklstm._epochs import resolve_epochs
from sklstm.nn.microbatches import Workers

# prefixes of modules that call ``fit`` many times, and of those among them that call it once
LOOPS = ("joblib.parallel", "sklearn.", "imblearn.", "optuna.", "skopt.", "dask")
SINGLE_FITS = ("sklearn.base", "sklearn.pipeline", "sklearn.compose._target", "sklearn.utils.")


def train(
    net,
    estimator,
    data,
    valid,
    *,
    epochs_of_few,
    n_tokens,
    random_state,
    scores,
    monitor,
    portion_weight,
    begin_task,
    log,
):
    """Train a net for at most `max_epochs` of the estimator more, and return how it ended.

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
    epochs_of_few, n_tokens : int
        As for `resolve_epochs`.
    random_state : numpy.random.RandomState
        Shuffles.
    scores, monitor : dict, str
        As for `make_callbacks`.
    portion_weight : float or None
        Mean weight of a portion of the data, which is trained on for one epoch; None for all of
        the data. Below 1 it makes steps small, which gradients do not with Adam.
    begin_task : callable
        Takes the number of epochs, and returns the `Task` that they are parts of.
    log : FitLog
        Keeps the checkpoints.
    """
    rows = [(part.sequences.starts, part.sequences.lengths) for part in (data, valid) if part]
    state = log.begin(*rows)
    is_whole = portion_weight is None
    net.iterator_train__random_state = random_state
    net.estimator_, net.samples_ = estimator, (data, valid)
    n_updates = len(net.get_iterator(data, training=True))  # in an epoch
    max_epochs = estimator.max_epochs if is_whole else 1
    net.max_epochs = resolve_epochs(max_epochs, n_updates, epochs_of_few, n_tokens)
    if estimator.verbose and net.max_epochs != max_epochs:
        print(f"Training for {net.max_epochs} epochs of {n_updates} updates.", flush=True)
    n_steps = net.max_epochs * n_updates
    net.callbacks = make_callbacks(
        estimator,
        net,
        n_steps,
        valid,
        scores,
        monitor,
        begin_task(net.max_epochs),
        is_whole=is_whole,
    )
    _check_callback_options(net, estimator)
    if log.is_open:
        net.callbacks.append(EpochSaver(log, state, random_state))
    net.initialize_callbacks()
    net.is_interrupted_ = False
    if log.is_open and log.is_finished:
        ending = restore_end(net, state, random_state)
        net.end_training()
        return ending
    net.step_size_ = 1.0 if is_whole else min(portion_weight, 1.0)
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
        callbacks = dict(net.callbacks_)
        if "WeightAverage" in callbacks:
            callbacks["WeightAverage"].discard()
        net.module_.load_state_dict(callbacks["LastEpoch"].weights_)
        net.initialize_optimizer()  # its moments are no finite numbers either
        net.notify("on_train_end")
        del net.history[-1]
    net.is_interrupted_ = ending == "interrupted"
    if net.is_interrupted_:
        log.stop()
    else:
        log.finish(lambda: capture_end(net, random_state, ending))
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
