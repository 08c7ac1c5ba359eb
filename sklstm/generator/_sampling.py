"""Sampling texts from a fitted generator."""

from collections.abc import Iterator, Sequence
from itertools import islice
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from sklearn.utils import check_scalar

from sklstm import _typing as t
from sklstm._arguments import check_option, describe, to_random_state
from sklstm.generator._sampler import BOUNDARY, Sampler, SamplingRule, UniformNumbers


class SamplingMixin:
    """Sample texts from a fitted language model."""

    def sample(
        self,
        n_samples: int = 1,
        *,
        prefix: str | Sequence[str] = "",
        max_length: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        random_state: t.RandomState = None,
        condition=None,
        handle_unknown: Literal["error", "skip"] = "error",
    ) -> list[str] | Any:
        r"""Sample texts.

        Symbols are drawn from :math:`P(x_t \mid x_{<t})^{1/\tau}` at the temperature :math:`\tau`,
        scaled to sum to 1. `top_k` and then `top_p` exclude improbable symbols, which otherwise
        degrade the text [1]_. A text ends at the symbol for the end, or at `max_length`; the
        unknown symbol is never drawn.

        Parameters
        ----------
        n_samples : int, default=1
            Number of texts.
        prefix : str, or list of str with ``level="token"``, default=""
            Beginning of every text.
        max_length : int, default=200
            Maximum number of symbols in a text, prefix included.
        temperature : float, default=1.0
            Below 1, probable symbols become more probable; ``top_k=1`` is greedy.
        top_k : int, default=None
            Draw only from the `top_k` most probable symbols.
        top_p : float, default=None
            Draw only from the smallest set of most probable symbols with this total probability.
        random_state : int, RandomState instance or None, default=None
            Seeds the draws, separately for each text: the same `random_state` gives the same texts
            for any `batch_size`, and the first of them for a smaller `n_samples`, except where
            rounding decides between two symbols.
        condition : label, numbers, or array-like with one of them for each text, default=None
            The condition, if the generator was fitted with any.
        handle_unknown : {"error", "skip"}, default="error"
            What to do with symbols of the prefix that ``fit`` has not seen: fail or drop them.

        Returns
        -------
        list of str, or list of lists of str
            The texts, prefix included, or their tokens with ``level="token"``.

        References
        ----------
        .. [1] Holtzman et al. (2020), The curious case of neural text degeneration, ICLR.
           https://doi.org/10.48550/arXiv.1904.09751
        """
        rule = _check_rule(temperature, top_k, top_p)
        prefix, conditions, seed = self._request(
            n_samples, prefix, max_length, handle_unknown, condition, random_state
        )
        texts = []
        for start in range(0, n_samples, int(self.batch_size)):
            rows = range(n_samples)[start : start + int(self.batch_size)]
            part = None if conditions is None else conditions[rows.start : rows.stop]
            sampler = self._sampler(prefix, part, UniformNumbers(seed, rows), rule)
            texts += self._sample_texts(sampler, prefix, len(rows), max_length)
        return texts

    def iter_sample(
        self,
        *,
        prefix: str | Sequence[str] = "",
        max_length: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        random_state: t.RandomState = None,
        condition=None,
        handle_unknown: Literal["error", "skip"] = "error",
    ) -> Iterator[str]:
        """Sample one text, and yield each symbol as soon as it is drawn.

        Parameters
        ----------
        prefix, max_length, temperature, top_k, top_p, random_state, condition, handle_unknown : any
            As for ``sample``, which returns the same text.

        Returns
        -------
        iterator of str
            The symbols after the prefix.

        Examples
        --------
        >>> from sklstm import LSTMGenerator
        >>> generator = LSTMGenerator(hidden_size=16, lr=0.05, random_state=0)
        >>> for symbol in generator.fit(["tick tock"] * 40).iter_sample(prefix="tick "):
        ...     print(symbol, end=" ", flush=True)
        t o c k
        """
        rule = _check_rule(temperature, top_k, top_p)
        prefix, conditions, seed = self._request(
            1, prefix, max_length, handle_unknown, condition, random_state
        )
        sampler = self._sampler(prefix, conditions, UniformNumbers(seed, range(1)), rule)
        steps = islice(sampler, max_length - len(prefix))
        symbols = self._encoder.symbols  # a later fit does not change this text
        return (symbols[codes[0]] for _, codes in steps)

    def _request(self, n_samples, prefix, max_length, handle_unknown, condition, random_state):
        self._check_ready()
        check_scalar(n_samples, "n_samples", Integral, min_val=1, max_val=2**31 - 1)
        prefix = self._prefix_codes(prefix, max_length, handle_unknown)
        conditions = self._condition_for(condition, n_samples)
        return prefix, conditions, to_random_state(random_state).randint(2**31 - 1)

    def _sampler(self, prefix, conditions, draws, rule):
        return Sampler(self._models, prefix, conditions, draws, rule)

    def _sample_texts(self, sampler, prefix, n_texts, max_length):
        columns = [np.full(n_texts, code, np.int32) for code in prefix]
        for texts, codes in islice(sampler, max_length - len(prefix)):
            columns.append(np.full(n_texts, BOUNDARY, np.int32))
            columns[-1][texts] = codes
        rows = np.stack(columns, axis=1) if columns else np.zeros((n_texts, 0), np.int32)
        texts = [[self._encoder.symbols[code] for code in row[row != BOUNDARY]] for row in rows]
        return texts if self._encoder.level == "token" else list(map("".join, texts))

    def _prefix_codes(self, prefix, max_length, handle_unknown):
        check_scalar(max_length, "max_length", Integral, min_val=1, max_val=2**31 - 1)
        check_option(handle_unknown, ("error", "skip"), "handle_unknown")
        kind, hint, level = str, "a str", self._encoder.level
        if level == "token":
            kind, hint = (list, tuple), "a list of tokens, as from a Tokenizer"
        is_empty = isinstance(prefix, str) and not prefix
        symbols = list(prefix) if is_empty or isinstance(prefix, kind) else [None]
        if not all(isinstance(symbol, str) for symbol in symbols):
            raise TypeError(f"With level={level!r}, prefix must be {hint}; got {describe(prefix)}.")
        unknown = [symbol for symbol in symbols if symbol not in self.vocabulary_]
        if unknown and handle_unknown == "error":
            raise ValueError(
                f"prefix holds {unknown[0]!r}, which is not in the vocabulary learned in fit. "
                "Leave it out, or set handle_unknown='skip'."
            )
        codes = [self.vocabulary_[symbol] for symbol in symbols if symbol not in unknown]
        if len(codes) >= max_length:
            raise ValueError(
                f"prefix has {len(codes)} symbols, which leaves none to sample with "
                f"max_length={max_length}: raise max_length."
            )
        return codes

    def _condition_for(self, condition, n_texts):
        if (condition is None) != (self._conditions is None):
            self._refuse_condition(given=condition is not None)
        return None if condition is None else self._conditions.encode_shared(condition, n_texts)


def _check_rule(temperature, top_k, top_p):
    check_scalar(temperature, "temperature", Real)
    if not 0 < temperature < np.inf:
        raise ValueError(
            f"temperature must be positive and finite; got {temperature}. For the most probable "
            "symbol at each step, set top_k=1."
        )
    if top_k is not None:
        check_scalar(top_k, "top_k", Integral, min_val=1)
    if top_p is not None:
        check_scalar(top_p, "top_p", Real, min_val=0, max_val=1, include_boundaries="right")
    return SamplingRule(temperature, top_k, top_p)
