"""The callbacks of a training, the estimator's own and the user's."""

import sys

from skorch.callbacks import ProgressBar

from sklstm._callbacks._divergence import LastEpoch, WeightedClipping
from sklstm._callbacks._early_stopping import BestEpoch, Stop
from sklstm._callbacks._epoch_tasks import BeginEpoch, EndEpoch
from sklstm._callbacks._schedules import SCHEDULES, PolicyState, Schedule
from sklstm._callbacks._scoring import BatchScore, EpochMean, EpochScore
from sklstm._callbacks._unfreezing import Unfreeze
from sklstm._callbacks._user_callbacks import (
    check_callback,
    continue_callbacks,
    copy_callbacks,
    has_scheduler,
)
from sklstm._callbacks._weight_average import WeightAverage


def make_callbacks(estimator, net, n_steps, valid, scores, monitor, task, *, is_whole=True):
    """List the callbacks of a training, copies of the user's among them.

    Parameters
    ----------
    estimator : BaseLSTM
        Whose public parameters say how to train.
    net : Net
        To be trained.
    n_steps : int
        Steps of the optimizer that it will take.
    valid : Samples or None
        Validation data.
    scores : dict of str to callable
        Functions without arguments that score the validation data.
    monitor : str
        What early stopping watches in the history.
    task : Task
        The training, as scikit-learn's callbacks follow it.
    is_whole : bool, default=True
        Whether this is a whole training, with a schedule and an average, or one of many portions.
    """
    callbacks, last = [LastEpoch()], [PolicyState()]
    if task.context is not None:
        callbacks.append(BeginEpoch(task, estimator))  # before WeightAverage
        last.append(EndEpoch(callbacks[-1]))
    if is_whole and estimator.average is not None:  # LastEpoch keeps what an epoch ended with
        callbacks.append(WeightAverage(estimator.average, n_steps))
    if net.virtual_adversarial or net.entropy:
        callbacks += [
            (name, EpochMean(name, None, on_train=True)) for name in ("virtual_loss", "entropy")
        ]
    if net.batch_score is not None:
        names = ["train_acc"] if valid is None else ["train_acc", "valid_acc"]
        callbacks.append(BatchScore(net.batch_score))
        callbacks += [
            (name, EpochMean(name, lower_is_better=False, on_train=name == "train_acc"))
            for name in names
        ]
    if valid is not None:
        callbacks += [EpochScore(name, score) for name, score in scores.items()]
    users = [check_callback(one, estimator, valid) for one in estimator.callbacks or []]
    schedule = None if has_scheduler(users) or not is_whole else estimator.schedule
    if schedule is not None:
        factor = SCHEDULES[schedule] if isinstance(schedule, str) else schedule
        callbacks.append(Schedule(factor, n_steps))
    if estimator.max_grad_norm is not None:
        callbacks.append(WeightedClipping(estimator.max_grad_norm))
    if valid is not None and estimator.early_stopping:
        measure = scores.get(monitor, lambda: net.compute_loss(valid))
        best = BestEpoch(monitor, monitor == "valid_loss", measure, estimator.n_iter_no_change)
        callbacks.append(best)
        last.append(Stop(best))
    if net.pretrained and estimator.unfreeze_epochs:  # after a Freezer of the user's
        last.insert(0, Unfreeze(net.pretrained, estimator.unfreeze_epochs))
    if estimator.verbose and sys.stderr.isatty():  # a bar would fill a log file with its frames
        callbacks.append(ProgressBar())
    return callbacks + continue_callbacks(copy_callbacks(users), net) + last
