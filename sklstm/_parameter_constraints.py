"""The parameters that the estimators share: what they accept."""

from numbers import Integral, Real
from os import PathLike

from sklearn.metrics import get_scorer_names

from sklstm._callbacks import SCHEDULES
from sklstm._epochs import PATIENCE
from sklstm._net_options import OPTIMIZERS
from sklstm._sklearn import HasMethods, Interval, StrOptions, validate_parameter_constraints
from sklstm.nn.cells import CELLS, cell_options
from sklstm.nn.pooling import Pooling

CONSTRAINTS = {
    "vocabulary_size": [Interval(Integral, 2, 2**31, closed="both"), None],  # ids are int32
    "standardize": [StrOptions({"feature", "sample"}), None],
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
    "average": [Interval(Real, 0, 1, closed="right"), StrOptions({"exponential"}), None],
    "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions(set(PATIENCE))],
    "early_stopping": ["boolean"],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "validation": [StrOptions({"random", "last"}), HasMethods(["split", "get_n_splits"])],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "warm_start": ["boolean"],
    "checkpoint": [str, PathLike, None],
    "checkpoint_minutes": [Interval(Real, 0, None, closed="left")],
    "device": [str],
    "precision": [StrOptions({"auto", "float32", "float64", "bfloat16"})],
    "callbacks": [list, tuple, None],
    "net_params": [dict, None],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}
SEMI_SUPERVISED_CONSTRAINTS = {
    "adversarial": [Interval(Real, 0, None, closed="neither"), None],
    "virtual_adversarial": [Interval(Real, 0, None, closed="left")],
    "entropy": [Interval(Real, 0, None, closed="left")],
}
CELL_CONSTRAINTS = {
    "forget_bias": [Interval(Real, -1e6, 1e6, closed="both")],  # a gate is shut long before
    "diagonal": ["boolean"],
    "nonlinearity": [StrOptions({"tanh", "relu"})],
}


def check_cell(cell, cell_params, recurrent_dropout):
    """Check that a cell has the options that are set for it."""
    params, known = cell_params or {}, cell_options(cell)
    unknown = set(params).difference(known)
    if unknown:
        options = f"it has {', '.join(known)}" if known else "it has none"
        raise ValueError(
            f"cell_params sets {', '.join(map(repr, sorted(unknown, key=str)))}, which the "
            f"cell {cell!r} does not know: {options}."
        )
    constraints = {name: CELL_CONSTRAINTS[name] for name in params}
    validate_parameter_constraints(constraints, params, f"The cell {cell!r}")
    if recurrent_dropout and not CELLS[cell].sees_output:
        raise ValueError(
            f"recurrent_dropout={recurrent_dropout} has nothing to drop: the cell "
            f"{cell!r} has no recurrent weights. Set it to 0, or take another cell."
        )


def refuse_balance(class_weight):
    """Refuse to balance classes by a portion of the targets."""
    if isinstance(class_weight, str):
        raise ValueError(
            f"class_weight={class_weight!r} is not supported for partial_fit, which sees a "
            "part of y at a time. Take sklearn.utils.class_weight.compute_class_weight of all "
            "of y, or of a large sample, and pass its weights as a dict."
        )
