"""What every estimator shares: fitting, predicting, copying and pickling."""

from copy import copy, deepcopy
from numbers import Real
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklstm._arguments import about_data
from sklstm._arrays import check_same_length, count_samples
from sklstm._callbacks import copy_callbacks
from sklstm._device import choose_device, seeded
from sklstm._fit_tasks import OF_ONE_FIT, FollowedFit, nothing_lost
from sklstm._input_encoder import InputEncoder
from sklstm._net import continue_net, dump_net, load_net, make_net
from sklstm._net_options import net_options
from sklstm._parameter_constraints import CONSTRAINTS, check_cell, refuse_balance
from sklstm._parameters import ParametersMixin
from sklstm._running_moments import Moments
from sklstm._sample_weights import normalise, weigh_samples, weigh_scores
from sklstm._samples import Samples
from sklstm._summary import IN_DIAGRAM, ModelSummary
from sklstm._training import train
from sklstm._training_warnings import (
    warn_of_ending,
    warn_of_fallback,
    warn_of_falling_loss,
    warn_of_saturation,
)
from sklstm._unlabelled import pad_weights, read_joined
from sklstm._validation_split import hold_out, to_labels
from sklstm._versions import Versioned
from sklstm.nn.batches import Batch, LengthBatches, SequenceDataset, to_tensor
from sklstm.nn.networks import ManyToOneNet, count_parameters


class BaseLSTM(FollowedFit, ParametersMixin, Versioned, BaseEstimator):
    """Base of the estimators, which hold a skorch net and are none."""

    _doc_link_module = "sklstm"
    _doc_link_template = (
        "https://sklstm.readthedocs.io/en/stable/api/generated/sklstm.{estimator_name}.html"
    )

    _parameter_constraints: dict = CONSTRAINTS
    _network = ManyToOneNet
    _has_one_network = True
    _X_unlabelled = None  # while `fit` learns from it
    _shared = ()  # parameters that a clone has in common with its original
    _epochs_of_few = 20  # what max_epochs="auto" means at 40 updates an epoch

    # ------------------------------------------------------------ what a subclass says

    def _new_encoder(self):
        """Return the encoder of X, which ``fit`` lets learn."""
        return InputEncoder(
            self.vocabulary_size, self.fine_tune_embeddings, self.precision, self.standardize
        )

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

    def _start_net(self):
        """Give a new network weights that were learned before."""

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
        """Read the data, make the network or go on with the one there is, and train it."""
        if partial:  # scikit-learn checks parameters in the first partial_fit only
            self._validate_params()
            refuse_balance(getattr(self, "class_weight", None))
        self._check_presence(y, X_val, y_val)
        check_cell(self.cell, self.cell_params, self.recurrent_dropout)
        purpose = "portion" if partial else "fit"
        reset = not (hasattr(self, "net_") and (partial or self.warm_start))
        if not reset:
            self._encoder.check_unchanged(self)
        with nothing_lost(self):
            if reset:
                self._random_state = check_random_state(self._log.seed(self.random_state))
                self._split_state = None
                for name in ("n_features_in_", "feature_names_in_"):  # of another kind of X
                    vars(self).pop(name, None)
            sequences = self._read_dataset(X, y, sample_weight, y_val, reset=reset, purpose=purpose)
            data, valid = Samples(X, y, sequences, sample_weight), None
            if X_val is not None:
                with about_data("the validation data"):
                    valid = Samples(X_val, y_val, self._read_dataset(X_val, y_val, None))
            elif self.early_stopping and not partial:
                data, valid = self._split(data, groups)
            seed = self._random_state.randint(2**31 - 1)
            with seeded(seed, choose_device(self.device)):
                self._prepare_net(reset)
                self._train(data, valid, partial)
            self._task.end(lambda: vars(copy(self)))
            del self._task
        return self

    def _check_presence(self, y, X_val, y_val):
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        if (X_val is None) != (y_val is None):
            raise ValueError("Pass X_val and y_val together, or neither of them.")

    def _read_dataset(self, X, y, sample_weight, y_val=None, *, reset=False, purpose="use"):
        """Read sequences and targets.

        The purpose is ``"fit"``, ``"portion"`` (of the data, in ``partial_fit``), or ``"use"``:
        to validate on what was learned, which reading does not change then. With `reset` what
        there is to learn is learned anew.
        """
        data = self._read_sequences(X, reset, purpose, sample_weight)
        y = self._check_targets(y)
        check_same_length(X=data, y=y)
        if reset:
            with about_data("the validation data"):
                y_val = None if y_val is None else self._check_targets(y_val)
            self._learn_targets(y, y_val)
        weights = weigh_samples(sample_weight, data.lengths, purpose)
        targets = self._encode_targets(y, weights, purpose=purpose)
        weights = self._weigh_classes(weights, targets, purpose=purpose)
        data.weights = to_tensor(normalise(weights, purpose))
        data.importance = data.weights.reshape(len(weights), -1).mean(dim=1)
        self._attach_targets(data, targets, purpose=purpose)
        data.labels = to_labels(y)
        return data

    def _read_sequences(self, X, reset=False, purpose="use", sample_weight=None):
        """Read X as sequences without targets, and learn in ``fit`` what the network must know."""
        encoder = self._new_encoder() if reset else self._encoder
        n_labelled, others = None, self._X_unlabelled if purpose != "use" else None
        if others is None:
            inputs = encoder.read(X, self)
        else:  # they bring words of their own
            inputs = read_joined(X, others, lambda samples: encoder.read(samples, self))
            n_labelled, n_others = count_samples(X), count_samples(others)
            sample_weight = pad_weights(sample_weight, n_others)
        if reset:
            encoder.learn(inputs)
            if encoder.width is not None:
                self.n_features_in_ = encoder.n_columns or encoder.width
        elif purpose != "use":
            encoder = encoder.grown(inputs)
        if purpose != "use":
            weights = weigh_samples(sample_weight, inputs.offsets[1:], purpose)
            encoder = encoder.standardised(inputs, weights, is_portion=purpose == "portion")
        self._encoder = encoder
        steps = encoder.encode(inputs, self.mask_padding)
        if steps.get("vectors") is not None:
            steps["vectors"] = to_tensor(steps["vectors"])
        data = SequenceDataset(**steps)
        return data if n_labelled is None else data.split_off_unlabelled(n_labelled)

    def _average(self, data, lengths, purpose):
        """Make the loss one a step: lr then means the same for long and short sequences.

        The mean length is that of all portions so far, so that the long ones count more there too.
        """
        before = self._lengths if purpose == "portion" and hasattr(self, "net_") else Moments()
        moments = before.updated(lengths, data.importance.numpy())
        if purpose != "use":
            self._lengths = moments
        data.weights = data.weights / max(1.0, moments.mean)

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

    def _prepare_net(self, reset):
        """Make the network, or let the one that there is go on."""
        self._architecture = self._describe_architecture()
        if not reset:  # a copy, which takes lr, batch_size and the like as they are now
            self.net_ = continue_net(self.net_, self._net_options())
            self._adapt_net()
        else:
            self.net_ = make_net(self._net_options())
            self._start_net()
        vectors = self._encoder.pop_new_vectors()
        if vectors is not None:  # of all codes, or of the new ones
            with torch.no_grad():
                rows = self.module_.embedding.weight[-len(vectors) :]
                rows.copy_(torch.from_numpy(vectors))

    def _describe_architecture(self):
        """Return the arguments of the network."""
        architecture = {
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
            **self._encoder.input_options(self.embedding_dim),
        }
        return {
            name: int(value) if isinstance(value, np.integer) else value  # it may be too narrow
            for name, value in architecture.items()
        }

    def _net_options(self):
        architecture, batches = self._architecture, self._batch_options()
        precision = self._encoder.precision
        return net_options(
            self, self._network, architecture, batches, precision, *self._criterion(),
            pretrained=self._encoder.pretrained_layers,
        )  # fmt: skip

    def _train(self, data, valid, partial):
        """Train the network, and warn of what went wrong."""
        warn_of_fallback(self.net_)
        n_before = self.n_iter_
        is_text = self._encoder.kind != "numbers"
        ending = train(
            self.net_,
            self,
            data,
            valid,
            epochs_of_few=self._epochs_of_few,
            n_tokens=int(data.sequences.lengths.sum()) if is_text else 0,
            random_state=self._random_state,
            scores={} if valid is None else self._scores(valid),
            monitor=self._monitored,
            portion_weight=data.sequences.importance.mean().item() if partial else None,
            begin_task=lambda n_epochs: self._begin_training(data, n_epochs),
            log=self._log,
        )
        warn_of_ending(ending, self.n_iter_, self.lr, self.max_grad_norm)
        if ending == "finished" and not partial:
            warn_of_falling_loss([epoch["train_loss"] for epoch in self.history_[n_before:]])
        if ending != "diverged" and not is_text:
            is_standardised = self._encoder.standardizer.by is not None
            warn_of_saturation(self.net_, data.sequences, is_standardised)

    def _begin_training(self, data, n_epochs):
        """Begin the task of training a network, which is a whole fit or one of its tasks."""
        learned_from = data.X, data.targets, data.sample_weight
        if self._task is None:
            self._task = self._begin_fit(*learned_from, n_epochs)
        else:
            self._task = self._task.subtask("network", n_epochs, data=learned_from)
        return self._task

    # ------------------------------------------------------------ using

    def _read_new_sequences(self, X):
        """Read what to predict; a batch of training, and data that validate it, have been read."""
        self._check_ready()
        if isinstance(X, Batch | SequenceDataset):
            return X
        return self._read_sequences(X)

    def _outputs(self, X):
        """Run the network: outputs of shape (n_samples, n_outputs), in its precision."""
        return self._outputs_of(self._read_new_sequences(X))

    def _outputs_of(self, data):
        """Run the network on data that have been read."""
        outputs = np.empty((len(data), self._n_outputs), self._encoder.dtype)
        for rows, batch in self._batches(data):
            outputs[rows] = self.net_.outputs(batch).cpu().numpy()
        return outputs

    def _batches(self, data):
        """Cut data to predict into batches, with the rows of each."""
        if isinstance(data, Batch):
            yield np.arange(len(data)), data
            return
        for rows in LengthBatches(data, self.batch_size).rows():
            yield rows, data.batch(rows)

    @property
    def module_(self) -> torch.nn.Module:
        """The trained torch module."""
        return self.net_.module_

    @property
    def history_(self) -> list[dict[str, Any]]:
        """One dict for each epoch: losses, validation accuracy, duration in seconds."""
        hidden = ("batches", "train_batch_count", "valid_batch_count")
        return [{k: v for k, v in epoch.items() if k not in hidden} for epoch in self.net_.history]

    @property
    def n_iter_(self) -> int:
        """Epochs of training done."""
        return len(self.net_.history)

    @property
    def n_parameters_(self) -> int:
        """Numbers the network has learned."""
        return count_parameters(self.module_)

    def summary(self) -> ModelSummary:
        """Return the layers, their output shapes and their numbers of parameters.

        ``N`` stands for sequences and ``T`` for steps. Frozen word vectors count as parameters
        that are not trained.

        Returns
        -------
        ModelSummary
            It prints as text, and in notebooks as tables with the losses by epoch.
        """
        check_is_fitted(self)
        return ModelSummary(self, self._encoder.n_frozen, self._encoder.width)

    def _get_fitted_attr_html(self, doc_link=""):
        """Show the summary below the fitted attributes, as scikit-learn has them since 1.9."""
        attributes = super()._get_fitted_attr_html(doc_link)
        draw = attributes._repr_html_inner
        attributes._repr_html_inner = lambda: (
            draw() + IN_DIAGRAM.format(self.summary()._repr_html_())
        )
        return attributes

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # ------------------------------------------------------------ copies

    def __sklearn_clone__(self):
        """Copy the callbacks as ``fit`` does: together, and not what they refer to."""
        shared = {n: getattr(self, n) for n in self._shared if getattr(self, n) is not None}
        if not (self.callbacks or shared):
            return super().__sklearn_clone__()
        left_out = dict.fromkeys(["callbacks", *shared])
        bare = type(self)(**{**self.get_params(deep=False), **left_out})
        for name in ("_metadata_request", "_sklearn_output_config", "_skl_callbacks"):
            if hasattr(self, name):
                setattr(bare, name, getattr(self, name))
        cloned = clone(bare)
        cloned.callbacks = copy_callbacks(self.callbacks)
        vars(cloned).update(shared)
        return cloned

    def __getstate__(self):
        """Keep the weights as arrays: a pickle needs no GPU and is about their size.

        The optimizer's moments are left out; they start anew when training goes on.
        """
        state = {k: v for k, v in super().__getstate__().items() if k not in OF_ONE_FIT}
        if "net_" in state:
            weights, frozen = dump_net(state.pop("net_"))
            state |= {"_weights": weights, "_epochs": self.history_, "_frozen": frozen}
        return state

    def __setstate__(self, state):
        state = dict(state)
        weights, epochs, frozen = (state.pop(k, None) for k in ("_weights", "_epochs", "_frozen"))
        super().__setstate__(state)
        if weights is not None:
            self.net_ = load_net(self._net_options(), weights, epochs, frozen)
