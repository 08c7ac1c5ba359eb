"""The temperature that makes probabilities of tags mean what they say."""

from copy import deepcopy

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from sklstm.tagger._entities import span_probabilities
from sklstm.tags import Span, tags_to_spans

LOG_BOUNDS = -2.5, 2.5  # of the temperature
CERTAIN = 1e-12  # from 0 or 1; a float64 of a probability is not surer


def tempered(crf, temperature):
    """Divide the weights of a field by a temperature, by which emissions must be divided, too.

    Parameters
    ----------
    crf : LinearChainCRF
        The distribution over paths.
    temperature : float
        Above 1, all probabilities come closer to each other; the order of paths stays as it is.

    Returns
    -------
    LinearChainCRF
        The field itself if the temperature is 1, else another one.
    """
    if temperature == 1.0:
        return crf
    crf = deepcopy(crf)
    with torch.no_grad():
        for name in ("start", "transitions", "end"):
            getattr(crf, name).div_(temperature)
    return crf


class Predictions:
    """The entities, or plain tags, that a tagger predicts, and whether they are correct.

    Parameters
    ----------
    codes : TagCodes
        The tags.
    crf : LinearChainCRF
        The distribution over paths.
    batches : list of tuple (rows, emissions, lengths)
        Emissions of all sequences.
    y : list of lists of str
        The true tags.

    Attributes
    ----------
    correct : ndarray of bool, shape (n_predictions,)
        Whether each is correct.
    """

    def __init__(self, codes, crf, batches, y):
        self.codes, self.crf, self.batches = codes, crf, batches
        self.found, correct = [], []
        for rows, emissions, lengths in batches:
            paths = crf.viterbi(emissions, lengths)[0].tolist()
            in_batch = []
            for row, path, length in zip(rows.tolist(), paths, lengths.tolist(), strict=True):
                if len(y[row]) != length:
                    raise ValueError(f"Sequence {row} has {length} steps but {len(y[row])} tags.")
                found, true = (self._read(tags) for tags in (codes.decode(path[:length]), y[row]))
                correct += [one in true for one in found]
                in_batch.append(found)
            self.found.append(in_batch)
        if not correct:
            raise ValueError(
                "The tagger predicts no entity in X, so there is no probability to compare with "
                "the tags: pass more data, or train for longer."
            )
        self.correct = np.array(correct)

    def _read(self, tags):
        if self.codes.scheme is not None:
            return tags_to_spans(tags, self.codes.scheme)
        return [Span(tag, place, place + 1) for place, tag in enumerate(tags)]

    def probabilities(self, temperature):
        """Compute the probabilities of all predictions.

        Parameters
        ----------
        temperature : float
            The temperature.

        Returns
        -------
        ndarray of shape (n_predictions,)
            In the order of `correct`.
        """
        values, crf = [], tempered(self.crf, temperature)
        for (_, emissions, lengths), found in zip(self.batches, self.found, strict=True):
            emissions = emissions / temperature
            if self.codes.scheme is None:
                marginals = crf.marginals(emissions, lengths).cpu().double().numpy()
                places = [
                    (row, span.start, self.codes.tags.index(span.type))
                    for row, spans in enumerate(found)
                    for span in spans
                ]
                values.append(marginals[tuple(np.array(places).reshape(-1, 3).T)])
            else:
                rows = span_probabilities(crf, emissions, lengths, found, self.codes.tags)
                values.append(np.concatenate(rows))
        return np.concatenate(values)


def fit_temperature(probabilities, correct):
    r"""Find the temperature with the smallest log loss of what was predicted.

    Parameters
    ----------
    probabilities : callable
        A function from a temperature to the probability of each prediction.
    correct : ndarray of bool, shape (n_predictions,)
        Whether each is correct.

    Returns
    -------
    float
        The temperature, between 0.08 and 12.

    Notes
    -----
    With :math:`n_1` correct and :math:`n_0` wrong predictions, the targets are
    :math:`(n_1 + 1) / (n_1 + 2)` and :math:`1 / (n_0 + 2)` instead of 1 and 0 [1]_, so that few
    predictions that are all correct do not make all later ones certain.

    References
    ----------
    .. [1] Platt (1999), Probabilistic outputs for support vector machines and comparisons to
       regularized likelihood methods, Advances in Large Margin Classifiers.
    """
    n_correct = correct.sum()
    n_wrong = len(correct) - n_correct
    targets = np.where(correct, (n_correct + 1) / (n_correct + 2), 1 / (n_wrong + 2))

    def loss(log_temperature):
        p = np.clip(probabilities(np.exp(log_temperature)), CERTAIN, 1 - CERTAIN)
        return -np.mean(targets * np.log(p) + (1 - targets) * np.log1p(-p))

    found = minimize_scalar(loss, bounds=LOG_BOUNDS, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))
