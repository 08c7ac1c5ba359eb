"""The networks of one fit, trained side by side in processes of their own.

A process records what its trainings have come to, as a checkpoint does. Then the fit goes on from
these records in the user's process, and does all but the training there: the result is as if the
networks had been trained one after the other, to the bit with as many threads in a process.
"""

import warnings
from copy import deepcopy

from joblib import Parallel, delayed
from sklearn.utils import check_random_state

from sklstm._checkpoints import NoLog


class TrainingRecorder(NoLog):
    """In place of a `FitLog`: records what each training of a network has come to.

    Parameters
    ----------
    fixed_seed : int
        In place of a random state of None.
    """

    is_open, is_finished = True, False

    def __init__(self, fixed_seed):
        self.fixed_seed = fixed_seed
        self.states = []

    def seed(self, random_state):
        """Return the random state, or the fixed seed in place of None."""
        return self.fixed_seed if random_state is None else random_state

    def finish(self, make_state):
        """Record what a training has come to."""
        self.states.append(deepcopy(make_state()))


class TrainingReplay(TrainingRecorder):
    """In place of a `FitLog`: trainings that have ended, in the order in which they begin.

    Parameters
    ----------
    fixed_seed : int
        As for the recorders.
    states : list
        What they recorded.
    """

    is_finished = True

    def __init__(self, fixed_seed, states):
        super().__init__(fixed_seed)
        self.states = states

    def begin(self, *samples):
        """Return what the next training has come to."""
        return self.states.pop(0)


def train_side_by_side(jobs, n_jobs, verbose):
    """Train networks in `n_jobs` processes, and return the `TrainingReplay` of all.

    Parameters
    ----------
    jobs : iterable of tuple (estimator, tuple)
        An estimator for each network, and the arguments of its ``_fit_network``.
    n_jobs : int
        Number of processes.
    verbose : int
        Whether to tell of each network that is trained.
    """
    fixed_seed = int(check_random_state(None).randint(2**31 - 1))
    parallel = Parallel(n_jobs, backend="loky", return_as="generator", max_nbytes=None)
    tasks = (delayed(_train)(*job, TrainingRecorder(fixed_seed)) for job in jobs)
    states = []
    for number, of_network in enumerate(parallel(tasks), start=1):
        states += of_network
        if verbose:
            print(f"Network {number} is trained.", flush=True)
    return TrainingReplay(fixed_seed, states)


def _train(estimator, arguments, log):
    estimator._log = log
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the replay repeats them
        estimator.set_params(verbose=0)._fit_network(*arguments)
    return log.states
