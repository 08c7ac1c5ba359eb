"""The skorch callbacks of a training, by their roles."""

from sklstm._callbacks._divergence import Diverged
from sklstm._callbacks._early_stopping import BestEpoch, stops_early
from sklstm._callbacks._epoch_log import EpochLog
from sklstm._callbacks._epoch_saver import EpochSaver, capture_end, restore_end
from sklstm._callbacks._factory import make_callbacks
from sklstm._callbacks._range_test import RangeTest
from sklstm._callbacks._schedules import SCHEDULES
from sklstm._callbacks._scoring import EpochMean
from sklstm._callbacks._user_callbacks import copy_callbacks

__all__ = [
    "SCHEDULES",
    "BestEpoch",
    "Diverged",
    "EpochLog",
    "EpochMean",
    "EpochSaver",
    "RangeTest",
    "capture_end",
    "copy_callbacks",
    "make_callbacks",
    "restore_end",
    "stops_early",
]
