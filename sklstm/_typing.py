"""Types that several signatures share.

Data, such as X and y, come in so many containers that they have no annotation; options and results
have one. A result ``T | Any`` is a T unless an option says otherwise.
"""

from collections.abc import Callable
from os import PathLike
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

Path: TypeAlias = str | PathLike[str]
RandomState: TypeAlias = int | np.random.RandomState | None

# of the estimators
Average: TypeAlias = float | Literal["exponential"] | None
Cell: TypeAlias = Literal["lstm", "peephole", "coupled", "gru", "rnn", "minlstm", "mingru"]
MaxEpochs: TypeAlias = int | Literal["auto", "long"]
Members: TypeAlias = int | tuple[int, int] | Literal["auto"]
Optimizer: TypeAlias = Literal["adam", "adamw", "rmsprop", "sgd"] | Callable[..., Any]
Pooling: TypeAlias = Literal["last", "mean", "max", "max+mean", "attention"]
Precision: TypeAlias = Literal["auto", "float32", "float64", "bfloat16"]
Schedule: TypeAlias = (
    Literal["one_cycle", "warm_up", "cosine", "linear"] | Callable[[float], float] | None
)
Scoring: TypeAlias = str | Callable[..., float] | None
Standardize: TypeAlias = Literal["feature", "sample"] | None
Validation: TypeAlias = Literal["random", "last"] | Any  # or a splitter

# of tags and their scores
Scheme: TypeAlias = Literal["IOB1", "IOB2", "IOBES", "BILOU"]
AnyScheme: TypeAlias = Literal["auto", "IOB1", "IOB2", "IOBES", "BILOU"]
Mode: TypeAlias = Literal["strict", "conlleval"]
ZeroDivision: TypeAlias = Literal["warn"] | float
