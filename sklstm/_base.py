"""What every estimator shares: reading input, fitting, predicting, summing up, pickling."""

import warnings
from contextlib import contextmanager
from copy import deepcopy
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from sklstm._arrays import describe
from sklstm._callbacks import SCHEDULES, copy_callbacks
from sklstm._input_encoder import InputEncoder
from sklstm._moments import Moments
from sklstm._net import Samples, choose_device, continue_net, load_net, make_net, seeded, train
from sklstm._net_options import OPTIMIZERS, net_options
from sklstm._sklearn import HasMethods, Interval, StrOptions, validate_parameter_constraints
from sklstm._validation_split import hold_out, to_labels
from sklstm._weights import normalise, weigh_samples, weigh_scores
from sklstm.nn.batches import Batch, LengthBatches, SequenceDataset, to_tensor
from sklstm.nn.cells import CELLS, cell_options
from sklstm.nn.networks import ManyToOneNet, SequenceNet, count_parameters
from sklstm.nn.pooling import Pooling

PROBED, FEWEST = 100, 10  # sequences that are compared
LARGE = 10.0  # a number that may saturate a cell
SMALL = 1e-3  # a standard deviation of numbers that may be too small to move a cell
ALIKE = 0.1  # that of states, which lie between -1 and 1, of saturated cells
UNMOVED = 1e-4  # that of states of cells which see the same all the time


class BaseLSTM(BaseEstimator):
    """Base of the estimators, which hold a skorch net and are none."""

    _doc_link_module = "sklstm"
    _doc_link_template = (
        "https://sklstm.readthedocs.io/en/stable/api/generated/sklstm.{estimator_name}.html"
    )

    _parameter_constraints: dict = {
        "vocabulary_size": [Interval(Integral, 2, 2**31, closed="both"), None],  # ids are int32
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "fine_tune_embeddings": ["boolean"],
        "embedding_lr": [Interval(Real, 0, None, closed="neither"), None],
        "mask_padding": ["boolean"],
        "cell": [StrOptions(set(CELLS))],
        "cell_params": [dict, None],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "bidirectional": ["boolean"],
        "pooling": [StrOptions(set(Pooling.KINDS))],
        "embedding_dropout": [Interval(Real, 0, 1, closed="left")],
        "word_dropout": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "locked_dropout": ["boolean"],
        "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions(set(SCHEDULES)), callable, None],
        "bptt_steps": [Interval(Integral, 1, None, closed="left"), None],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
        "validation": [StrOptions({"random", "last"}), HasMethods(["split", "get_n_splits"])],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "device": [str],
        "precision": [StrOptions({"auto", "float32", "float64", "bfloat16"})],
        "callbacks": [list, tuple, None],
        "net_params": [dict, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    _cell_constraints = {
        "forget_bias": [Interval(Real, -1e6, 1e6, closed="both")],  # a gate is shut long before
        "diagonal": ["boolean"],
        "nonlinearity": [StrOptions({"tanh", "relu"})],
    }

    _network = ManyToOneNet

    # ------------------------------------------------------------ what a subclass says

    def _new_encoder(self):
        """Return the encoder of X, which ``fit`` lets learn."""
        return InputEncoder(self.vocabulary_size, self.fine_tune_embeddings, self.precision)

    def _check_targets(self, y):
        """Check y, and return it as an array."""
        raise NotImplementedError

    def _learn_targets(self, y, y_val):
        """Learn in the first ``fit`` what there is to predict; what only y_val has counts too."""

    def _encode_targets(self, y, weights, *, purpose):
        """Return the targets as the loss wants them, a row for each."""
        raise NotImplementedError

    def _criterion(self):
        """Return the loss, a torch class, and the score of a validation batch or None."""
        raise NotImplementedError

    def _adapt_net(self):
        """Adapt a network that goes on to what was learned of the targets."""

    def _attach_targets(self, data, targets, *, purpose):
        """Give the data set its targets."""
        data.targets = torch.from_numpy(targets)

    @property
    def _monitored(self):
        """What early stopping watches in the history."""
        return "valid_loss" if self.scoring == "loss" else "valid_score"

    def _scores(self, valid):
        """Return functions that score the validation data, by their names in the history."""
        if self.scoring == "loss":
            return {}
        scorer = check_scoring(self, self.scoring)
        return {"valid_score": lambda: self._score_by(scorer, valid)}

    def _score_by(self, scorer, valid):
        score = scorer(self, valid.X, valid.targets)
        if not isinstance(score, Real) or np.isnan(score):
            raise ValueError(
                f"scoring={self.scoring!r} returned {score!r:.60} for the validation data; it must "
                "return one number. Choose another score, or pass other data as X_val and y_val."
            )
        return float(score)

    def _output_options(self):
        """Return the arguments of the network that concern its output."""
        return {"n_outputs": self._n_outputs, "pooling": self.pooling}

    def _batch_options(self):
        """Return options of the net that say how it makes batches."""
        return {}

    def _weigh_classes(self, weights, targets, *, purpose):
        """Multiply sample weights by class weights."""
        return weights

    def _strata(self, y):
        """Return what to stratify the validation split by, or None."""

    # ------------------------------------------------------------ fitting

    def _fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None, *, partial=False):
        if partial:  # scikit-learn checks parameters in the first partial_fit only
            self._validate_params()
        self._check_presence(y, X_val, y_val)
        self._check_cell()
        purpose = "portion" if partial else "fit"
        if partial:
            self._refuse_balance()
        reset = not (hasattr(self, "net_") and (partial or self.warm_start))
        if not reset:
            self._check_vocabulary_size()
        with _nothing_lost(self):
            if reset:
                self._random_state = check_random_state(self.random_state)
                self._split_state = None
                for name in ("n_features_in_", "feature_names_in_"):  # of another kind of X
                    vars(self).pop(name, None)
            sequences = self._read_dataset(X, y, sample_weight, y_val, reset=reset, purpose=purpose)
            data, valid = Samples(X, y, sequences), None
            if X_val is not None:
                with _about_validation_data():
                    valid = Samples(X_val, y_val, self._read_dataset(X_val, y_val, None))
            elif self.early_stopping and not partial:
                data, valid = self._split(data, groups)
            with self._own_randomness():
                self._prepare_net(reset)
                self._train(data, valid, partial)
        return self

    def _check_presence(self, y, X_val, y_val):
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        if (X_val is None) != (y_val is None):
            raise ValueError("Pass X_val and y_val together, or neither of them.")

    def _check_vocabulary_size(self):
        now = getattr(self, "vocabulary_size", None)  # a generator has none
        then = self._encoder.vocabulary_size
        if now != then:
            raise ValueError(
                f"vocabulary_size={now} cannot go on from a fit with vocabulary_size={then}: "
                "set it back, or set warm_start=False and call fit."
            )

    def _refuse_balance(self):
        class_weight = getattr(self, "class_weight", None)
        if isinstance(class_weight, str):
            raise ValueError(
                f"class_weight={class_weight!r} is not supported for partial_fit, which sees a "
                "part of y at a time. Take sklearn.utils.class_weight.compute_class_weight of all "
                "of y, or of a large sample, and pass its weights as a dict."
            )

    def _check_cell(self):
        params, known = self.cell_params or {}, cell_options(self.cell)
        unknown = set(params).difference(known)
        if unknown:
            options = f"it has {', '.join(known)}" if known else "it has none"
            raise ValueError(
                f"cell_params sets {', '.join(map(repr, sorted(unknown, key=str)))}, which the "
                f"cell {self.cell!r} does not know: {options}."
            )
        constraints = {name: self._cell_constraints[name] for name in params}
        validate_parameter_constraints(constraints, params, f"The cell {self.cell!r}")
        if self.recurrent_dropout and not CELLS[self.cell].sees_output:
            raise ValueError(
                f"recurrent_dropout={self.recurrent_dropout} has nothing to drop: the cell "
                f"{self.cell!r} has no recurrent weights. Set it to 0, or take another cell."
            )

    def _read_dataset(self, X, y, sample_weight, y_val=None, *, reset=False, purpose="use"):
        """Read sequences and targets: for a ``"fit"``, as one ``"portion"`` of them, or to use."""
        data = self._read_sequences(X, reset, purpose)
        y = self._check_targets(y)
        check_consistent_length(data, y)
        if reset:
            self._learn_targets(y, self._check_validation_targets(y_val))
        weights = weigh_samples(sample_weight, data, purpose)
        targets = self._encode_targets(y, weights, purpose=purpose)
        weights = self._weigh_classes(weights, targets, purpose=purpose)
        data.weights = to_tensor(normalise(weights, purpose))
        data.importance = data.weights.reshape(len(weights), -1).mean(dim=1)
        self._attach_targets(data, targets, purpose=purpose)
        data.labels = to_labels(y)
        return data

    def _read_sequences(self, X, reset, purpose):
        """Read X, and learn what the network must know of it."""
        encoder = self._new_encoder() if reset else self._encoder
        inputs = encoder.read(X, self)
        if reset:
            encoder.learn(inputs)
            if encoder.width is not None:
                self.n_features_in_ = encoder.n_columns or encoder.width
        elif purpose != "use":
            encoder = encoder.grown(inputs)
        self._encoder = encoder
        return self._encode(inputs)

    def _encode(self, inputs):
        """Turn input into steps, without targets."""
        steps = self._encoder.encode(inputs, self.mask_padding)
        vectors = steps.pop("vectors", None)
        return SequenceDataset(**steps, vectors=None if vectors is None else to_tensor(vectors))

    def _average(self, data, lengths, purpose):
        """Make the loss one a step: lr then means the same for long and short sequences.

        The mean length is that of all portions so far, so that the long ones count more there too.
        """
        before = self._lengths if purpose == "portion" and hasattr(self, "net_") else Moments()
        moments = before.updated(lengths, data.importance.numpy())
        if purpose != "use":
            self._lengths = moments
        data.weights = data.weights / max(1.0, moments.mean)

    def _check_validation_targets(self, y_val):
        if y_val is None:
            return None
        with _about_validation_data():
            return self._check_targets(y_val)

    def _check_scored(self, y, sample_weight):
        """Check what predictions are to be compared with, and how much each counts."""
        check_is_fitted(self)
        self._check_presence(y, None, None)
        y = self._check_targets(y)
        return y, None if sample_weight is None else weigh_scores(sample_weight, y)

    def _split(self, data, groups):
        """Hold validation data out: the same in each call that goes on from earlier ones."""
        random_state = self._random_state
        if self._split_state is None:
            self._split_state = deepcopy(random_state)
        else:
            random_state = deepcopy(self._split_state)
        return hold_out(
            data,
            self.validation,
            self.validation_fraction,
            groups,
            self._strata(data.targets),
            random_state,
        )

    def _own_randomness(self):
        return seeded(self._random_state.randint(2**31 - 1), choose_device(self.device))

    def _prepare_net(self, reset):
        self._architecture = {
            **self._encoder.input_options(self.embedding_dim),
            "cell": self.cell,
            "cell_params": self.cell_params,
            "hidden_size": self.hidden_size,
            "n_layers": self.n_layers,
            "bidirectional": self.bidirectional,
            **self._output_options(),
            "embedding_dropout": self.embedding_dropout,
            "word_dropout": self.word_dropout,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "locked_dropout": self.locked_dropout,
            "bptt_steps": self.bptt_steps,
        }
        for name, value in self._architecture.items():
            if isinstance(value, np.integer):  # which may be too narrow to compute with
                self._architecture[name] = int(value)
        if not reset:  # a copy, which takes lr, batch_size and the like as they are now
            self.net_ = continue_net(self.net_, self._net_options())
            self._adapt_net()
        else:
            self.net_ = make_net(self._net_options())
        vectors = self._encoder.pop_new_vectors()
        if vectors is not None:  # of all codes, or of the new ones
            with torch.no_grad():
                rows = self.module_.embedding.weight[-len(vectors) :]
                rows.copy_(torch.from_numpy(vectors))

    def _net_options(self):
        return net_options(self, self._architecture, self._encoder.precision, *self._criterion())

    def _train(self, data, valid, partial):
        if self.net_.falls_back:
            warnings.warn(
                f"precision='bfloat16' trains in float32 here: the device {self.net_.device!r} has "
                "no LSTM kernel in bfloat16. Set precision='auto' to train without this warning.",
                UserWarning,
                stacklevel=5,
            )
        max_epochs = 1 if partial else self.max_epochs
        weight = data.sequences.importance.mean().item() if partial else 1.0
        ending = train(self.net_, self, data, valid, max_epochs, weight)
        if ending == "interrupted":
            warnings.warn(
                f"Training was interrupted in epoch {self.n_iter_ + 1}; the estimator keeps what "
                "it has learned so far and can be used.",
                UserWarning,
                stacklevel=5,
            )
        if ending == "diverged":
            advice = (
                f"The loss became infinite or NaN in epoch {self.n_iter_ + 1}. Lower lr (it is "
                f"{self.lr}), set max_grad_norm (it is {self.max_grad_norm}) or scale X."
            )
            if not self.n_iter_:
                raise ValueError(advice)
            advice += f" The weights of epoch {self.n_iter_} are kept."
            warnings.warn(advice, ConvergenceWarning, stacklevel=5)
        elif self._encoder.kind == "numbers" and isinstance(self.module_, SequenceNet):
            self._warn_of_blindness(data.sequences)

    def _warn_of_blindness(self, sequences):
        """Warn if the state is always the same, since the numbers are too large or too small."""
        rows = np.unique(np.linspace(0, len(sequences) - 1, PROBED, dtype=int))
        if len(rows) < FEWEST:
            return
        batch = sequences.batch(rows)
        size = batch.steps.abs().max().item()
        differing = batch.steps.flatten(1).double().std(dim=0).max().item()
        if not differing or (size <= LARGE and differing >= SMALL):
            return

        def last_outputs(steps, lengths, **_):
            outputs = self.module_.recurrent(steps, lengths)  # (N, T, D * H)
            return outputs[torch.arange(len(lengths)), lengths.clamp(min=1) - 1].float()

        spread = self.net_.compute(last_outputs, batch).std(dim=0).max().item()
        if spread >= (ALIKE if size > LARGE else UNMOVED):
            return
        cause = f"values of up to {size:.3g} saturate its cells"
        if size <= LARGE:
            cause = f"values that differ by about {differing:.1g} do not move its cells"
        warnings.warn(
            f"The network hardly tells the sequences of X apart: {cause}, so that predictions are "
            "about constant. Scale X, for example with StandardScaler on the series before "
            "SlidingWindow, or on the steps.",
            ConvergenceWarning,
            stacklevel=5,
        )

    # ------------------------------------------------------------ using

    def _validate_params(self):
        """Check the parameters; an integer that no machine word holds is refused, too."""
        super()._validate_params()
        for name, value in self.get_params(deep=False).items():
            if isinstance(value, Integral) and abs(int(value)) >= 2**63:
                raise ValueError(
                    f"{name} is {describe(value)}, which is too large: integers go up to 2**63 - 1."
                )

    def _check_ready(self):
        """Check that there is a fit, and the parameters, which may have been set since."""
        check_is_fitted(self)
        self._validate_params()

    def _read_new(self, X):
        """Read what to predict; a batch of training, which skorch scores, has been read."""
        self._check_ready()
        if isinstance(X, Batch):
            return X
        return self._encode(self._encoder.read(X, self))

    def _outputs(self, X):
        """Run the network: outputs of shape (n_samples, n_outputs), in its precision."""
        data = self._read_new(X)
        outputs = np.empty((len(data), self._n_outputs), self._dtype)
        for rows, batch in self._batches(data):
            outputs[rows] = self.net_.evaluation_step((batch, None)).cpu().numpy()
        return outputs

    @property
    def _dtype(self):
        return self._encoder.dtype

    def _batches(self, data):
        """Cut data to predict into batches, with the rows of each."""
        if isinstance(data, Batch):
            yield np.arange(len(data)), data
            return
        for rows in LengthBatches(data, self.batch_size).rows():
            yield rows, data.batch(rows)

    @property
    def module_(self):
        """The trained torch module."""
        return self.net_.module_

    @property
    def history_(self):
        """One dict for each epoch: losses, validation accuracy, duration in seconds."""
        hidden = ("batches", "train_batch_count", "valid_batch_count")
        return [
            {key: value for key, value in epoch.items() if key not in hidden}
            for epoch in self.net_.history
        ]

    @property
    def n_iter_(self):
        """Epochs of training done."""
        return len(self.net_.history)

    @property
    def n_parameters_(self):
        """Numbers the network has learned."""
        return count_parameters(self.module_)

    def summary(self):
        """Print the layers, their output shapes and their numbers of parameters.

        ``N`` stands for sequences and ``T`` for steps. Frozen word vectors count as parameters
        that are not trained.
        """
        check_is_fitted(self)
        rows = self.module_.layer_table()
        n_frozen = self._encoder.n_frozen
        if n_frozen:
            rows.insert(0, ("Embedding (frozen)", f"(N, T, {self._encoder.width})", n_frozen))
        width = max(len(name) for name, _, _ in rows) + 2
        print(f"{'Layer':<{width}}{'Output shape':<16}{'Parameters':>12}")
        print("-" * (width + 28))
        for name, shape, count in rows:
            print(f"{name:<{width}}{shape:<16}{count:>12,}")
        print("-" * (width + 28))
        trained = count_parameters(self.module_, trainable=True)
        total = self.n_parameters_ + n_frozen
        print(f"Total parameters: {total:,}")
        print(f"Trainable parameters: {trained:,}")
        print(f"Non-trainable parameters: {total - trained:,}")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # ------------------------------------------------------------ copies

    def __sklearn_clone__(self):
        """Copy the callbacks as ``fit`` does: together, and not what they refer to."""
        if not self.callbacks:
            return super().__sklearn_clone__()
        bare = type(self)(**{**self.get_params(deep=False), "callbacks": None})
        for name in ("_metadata_request", "_sklearn_output_config"):
            if hasattr(self, name):
                setattr(bare, name, getattr(self, name))
        cloned = clone(bare)
        cloned.callbacks = copy_callbacks(self.callbacks)
        return cloned

    def __getstate__(self):
        """Keep the weights as arrays: a pickle needs no GPU and is about their size.

        The optimizer's moments are left out; they start anew when training goes on.
        """
        state = dict(super().__getstate__())
        if "net_" in state:
            net = state.pop("net_")
            weights = net.module_.state_dict()
            state["_weights"] = {name: w.cpu().numpy() for name, w in weights.items()}
            state["_epochs"] = self.history_
            frozen = [n for n, w in net.module_.named_parameters() if not w.requires_grad]
            state["_frozen"] = frozen
        return state

    def __setstate__(self, state):
        state = dict(state)
        weights, epochs = state.pop("_weights", None), state.pop("_epochs", None)
        frozen = state.pop("_frozen", None)
        super().__setstate__(state)
        if weights is not None:
            self.net_ = load_net(self._net_options(), weights, epochs, frozen)


@contextmanager
def _about_validation_data():
    """Let an error say that it is not about X and y."""
    try:
        yield
    except (TypeError, ValueError) as error:
        error.args = (f"In the validation data: {error}",)
        raise


@contextmanager
def _nothing_lost(estimator):
    """Put the fitted state back when a fit fails, so that what was learned stays usable."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
