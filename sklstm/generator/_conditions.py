"""Conditions of texts: a label for each, or numbers."""

from reprlib import repr as shorten

import numpy as np
from sklearn.utils import check_array

from sklstm._arrays import CONVERSION_ERRORS, column_names, restated, to_numbers
from sklstm._labels import check_labels


class Conditions:
    """Encode conditions: labels as one-hot vectors, numbers as they are.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_conditions)
        Numbers if it has two axes or holds floats, otherwise labels.
    y_val : array-like, default=None
        The conditions of validation data.

    Attributes
    ----------
    labels : ndarray or None
        The labels, sorted; None for numbers.
    size : int
        Width of an encoded condition.
    columns : list of str
        Names of the columns, if the numbers came in a frame with names.
    """

    def __init__(self, y, y_val=None):
        self.columns = column_names(y)
        y = _as_array(y)
        self.labels = None
        if y.ndim == 1 and y.dtype.kind != "f":
            try:
                self.labels = np.unique(y)
                if y_val is not None and (y_val := _as_array(y_val)).dtype.kind == y.dtype.kind:
                    self.labels = np.union1d(self.labels, y_val)
            except CONVERSION_ERRORS as error:
                raise restated(
                    error, "y must hold labels of one type, and none may be missing."
                ) from None
        self.size = len(self.labels) if self.labels is not None else _as_numbers(y).shape[1]

    def encode(self, y):
        """Encode the conditions of texts.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_conditions)
            As in ``fit``.

        Returns
        -------
        ndarray of float32, shape (n_samples, size)
            The numbers.
        """
        self._check_columns(y)
        y = _as_array(y)
        if self.labels is None:
            numbers = _as_numbers(y)
            if numbers.shape[1] != self.size:
                raise ValueError(
                    f"The condition has {numbers.shape[1]} numbers, but {self.size} were learned."
                )
            return numbers
        if y.ndim != 1:
            raise ValueError(
                f"The condition of a text is one of {self._listed()}; got {y.tolist()!r:.60}."
            )
        try:
            unseen = sorted(set(y.tolist()).difference(self.labels.tolist()), key=str)
        except TypeError:  # lists and the like are no labels
            unseen = y.tolist()
        if unseen:
            raise ValueError(
                f"The condition {unseen[0]!r} was never seen in fit; choose from {self._listed()}."
            )
        return (y[:, None] == self.labels).astype(np.float32)

    def encode_shared(self, condition, n_texts):
        """Encode a condition for all texts to sample, or one for each.

        Parameters
        ----------
        condition : label, numbers, or array-like with one of them for each text
            The conditions.
        n_texts : int
            Number of texts.

        Returns
        -------
        ndarray of float32, shape (n_texts, size)
            The numbers.
        """
        self._check_columns(condition)
        condition = _as_array(condition, "condition")
        row = condition.ndim == 1 and self.labels is None  # numbers of one text, or one of each
        shared = condition.ndim == 0 or (row and (self.size > 1 or len(condition) == 1))
        numbers = self.encode(condition.reshape(1, *condition.shape) if shared else condition)
        if shared:
            return np.repeat(numbers, n_texts, axis=0)
        if len(numbers) != n_texts:
            raise ValueError(
                f"condition has {len(numbers)} rows for n_samples={n_texts}; pass one for all "
                "texts, or one for each."
            )
        return numbers

    def _check_columns(self, y):
        found = column_names(y)
        if self.labels is None and found and self.columns and found != self.columns:
            raise ValueError(
                f"The condition has the columns {shorten(found)}, but in fit they were "
                f"{shorten(self.columns)}: give the same ones, in the same order."
            )

    def _listed(self):
        labels = self.labels.tolist()
        return f"{labels}" if len(labels) <= 20 else f"{str(labels[:20])[:-1]}, ...]"


def _as_array(y, name="y"):
    y = check_labels(y, name)
    try:
        array = np.asarray(y)
    except CONVERSION_ERRORS as error:
        raise restated(error, f"Every text has one condition in {name}.") from None
    if array.dtype.kind == "U" and isinstance(y, list | tuple):
        array = np.asarray(y, dtype=object)  # in which a missing value is no string
    is_column = array.ndim == 2 and array.shape[1] == 1 and array.dtype.kind in "OSU"
    return array[:, 0] if is_column else array


def _as_numbers(y):
    y = y.reshape(-1, 1) if y.ndim < 2 else y
    y = to_numbers(y, "The condition of a text", "one label, or numbers")
    return check_array(y, dtype=np.float32, input_name="y")
