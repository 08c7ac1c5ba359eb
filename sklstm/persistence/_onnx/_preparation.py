"""The fitted steps of a pipeline before its estimator."""

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklstm.embeddings import Word2VecEmbedder
from sklstm.sequences import SequencePadder
from sklstm.text import TokenIndexer, Tokenizer

ROLES = {
    Tokenizer: "tokenizer",
    TokenIndexer: "indexer",
    Word2VecEmbedder: "embedder",
    SequencePadder: "padder",
}


class Preparation:
    """The steps before an estimator that a graph, or a program that calls it, can take over.

    Parameters
    ----------
    steps : list of tuple (str, transformer)
        Names and fitted steps, in order.

    Attributes
    ----------
    tokenizer, indexer, embedder, padder : transformer or None
        The step of each kind, if there is one.
    """

    tokenizer = indexer = embedder = padder = None

    def __init__(self, steps):
        for number, (name, step) in enumerate(steps):
            role = ROLES.get(type(step))
            if role is None or not self._has_room_for(role, number):
                raise ValueError(
                    f"The step {name!r}, a {type(step).__name__}, cannot be exported here: before "
                    "the estimator there may be a Tokenizer, then a TokenIndexer or a "
                    f"Word2VecEmbedder, and a SequencePadder. {_export_after(number)}"
                )
            check_is_fitted(step)
            setattr(self, role, step)
            _check(name, step, number)

    def _has_room_for(self, role, number):
        if getattr(self, role) is not None or (role == "tokenizer" and number):
            return False
        others = {"indexer": self.embedder, "embedder": self.indexer}
        return others.get(role) is None


def unfold(estimator):
    """Return the steps before the last one of a pipeline, in pipelines too, and the last one."""
    if not isinstance(estimator, Pipeline):
        return [], estimator
    *steps, (_, last) = estimator.steps
    steps = [pair for pair in steps if pair[1] not in (None, "passthrough")]
    inner, last = unfold(last)
    return [*steps, *inner], last


def _export_after(number):
    return (
        f"Export the steps after it, export_onnx(pipe[{number + 1}:], path), and give the graph "
        "what it returns."
    )


def _check(name, step, number):
    if isinstance(step, Tokenizer) and step.tokenizer is not None:
        raise ValueError(
            f"The step {name!r} calls a function of yours, tokenizer={step.tokenizer!r:.60}, which "
            f"no file can hold. {_export_after(number)}"
        )
    if not isinstance(step, Word2VecEmbedder):
        return
    parts = step._parts
    if any(p.ngram_vectors_ is not None or p.piece_tokenizer_ is not None for p in parts):
        raise ValueError(
            f"The step {name!r} makes vectors of new words from parts of them, but a graph can "
            "only look words up. Take vectors of words, or fit the estimator with "
            f"fine_tune_embeddings=False: the graph then takes vectors. {_export_after(number)}"
        )
    if step.vectors is not None and step.variants:
        raise ValueError(
            f"The step {name!r} looks up words in other forms too, but a graph knows one vector "
            f"for each word: pipe.set_params({name}__variants=False) reads those that lack a "
            "vector as unknown, also in predictions of the pipeline. Best fit it so."
        )
