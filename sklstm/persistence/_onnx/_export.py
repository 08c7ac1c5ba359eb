"""The function ``export_onnx``."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklstm import _typing as t
from sklstm._arguments import check_bool, check_path
from sklstm._arguments import describe as describe_argument
from sklstm._optional import import_optional
from sklstm.classifier import LSTMClassifier
from sklstm.nn.networks import ManyToOneNet, TaggerNet
from sklstm.persistence._onnx._graph import Graph
from sklstm.persistence._onnx._metadata import (
    FORMAT,
    describe,
    describe_spelling,
    name_tags,
    to_json,
)
from sklstm.persistence._onnx._networks import many_to_one, tagger
from sklstm.persistence._onnx._preparation import Preparation, unfold
from sklstm.persistence._onnx._steps import Steps
from sklstm.persistence._onnx._viterbi import viterbi
from sklstm.regressor import LSTMRegressor
from sklstm.tagger import LSTMTagger

DOUBLE = 11  # as ONNX numbers it
PREPROCESSED = {"onnx.quant.pre_process": "onnxruntime.quant"}  # or ONNX Runtime logs a warning
INPUTS_OF_WORDS = {
    "characters": "int64 of shape (n_sequences, n_steps, n_characters): codes of characters",
    "casing": "int64 of shape (n_sequences, n_steps): casing classes",
    "features": "int64 of shape (n_sequences, n_steps, {}): codes of features of words",
}


def export_onnx(
    estimator, path: t.Path, *, quantize: bool = False, network_only: bool = False
) -> None:
    """Write a fitted estimator to an ONNX file, which predicts without torch and sklstm.

    The file holds the network, or the mean of several, for any number and length of sequences,
    with the vectors of words and the unit of numbers. As metadata it has, under the key
    ``"sklstm"``, what a program must know to make codes of texts and labels of outputs, in JSON:
    the pattern of tokens, the vocabulary, the labels, and the meaning of all inputs and outputs.
    It needs ``pip install "sklstm[onnx]"``; see :doc:`/user_guide/onnx`.

    Parameters
    ----------
    estimator : LSTMClassifier, LSTMRegressor, LSTMTagger or Pipeline
        A fitted estimator, or a pipeline that ends with one. Before it there may be a `Tokenizer`,
        a `TokenIndexer` or a `Word2VecEmbedder`, and a `SequencePadder`; what else stands at the
        beginning can be cut off, as in ``pipe[1:]``.
    path : str or path-like
        The file, usually ``*.onnx``. An existing one is overwritten.
    quantize : bool, default=False
        Whether to store weights as integers of 8 bits, which makes the file up to four times as
        small, and predictions less exact. Only 7 of these are used, so that predictions are right
        on processors without AVX-512, too.
    network_only : bool, default=False
        Whether to leave out the linear model of n-grams that stands beside the networks of an
        `LSTMClassifier` with ``wide=True``, and with it some of the accuracy. A graph cannot count
        n-grams, so such an estimator is refused otherwise.

    See Also
    --------
    LSTMClassifier : Outputs ``logits`` and ``probabilities``.
    LSTMRegressor : Outputs ``values``.
    LSTMTagger : Outputs ``emissions``, ``tags``, and the scores ``start``, ``transitions`` and
        ``end`` of the CRF.

    Notes
    -----
    A graph computes in float32, whatever the precision of the estimator; its outputs are equal to
    those of the estimator to some 1e-5.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LSTMClassifier, Tokenizer, export_onnx
    >>> pipe = make_pipeline(Tokenizer(), LSTMClassifier(hidden_size=8, random_state=0))
    >>> pipe = pipe.fit(["good fun", "bad film"] * 8, ["pos", "neg"] * 8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_onnx(pipe, os.path.join(folder, "model.onnx"))
    """
    path = check_path(path)
    check_bool(quantize, "quantize")
    check_bool(network_only, "network_only")
    steps, estimator = unfold(estimator)
    _check_estimator(estimator, network_only)
    preparation = Preparation(steps)
    is_tagger = isinstance(estimator, LSTMTagger)
    _check_steps(estimator, preparation)
    members, graph = estimator.members_, Graph()
    steps = Steps(graph, members, preparation, may_move=not is_tagger)
    build = _build_tagger if is_tagger else _build_many_to_one
    about = {"format": FORMAT, **build(graph, members, steps, estimator, preparation)}
    about |= describe(preparation, steps.vocabulary)
    model = graph.finish({"sklstm": to_json(about)})
    _write(model, path, quantize)


def _check_estimator(estimator, network_only):
    name = type(estimator).__name__
    if hasattr(estimator, "best_estimator_"):
        raise TypeError(f"export_onnx takes what a search has found: pass {name}.best_estimator_.")
    if not isinstance(estimator, (LSTMClassifier, LSTMRegressor, LSTMTagger)):
        raise TypeError(
            "estimator must be an LSTMClassifier, an LSTMRegressor or an LSTMTagger, or a Pipeline "
            f"that ends with one; got {describe_argument(estimator)}."
        )
    check_is_fitted(estimator)
    if type(estimator.module_) not in (ManyToOneNet, TaggerNet):
        raise ValueError(
            f"The network is a {type(estimator.module_).__name__} of yours, from net_params, which "
            "export_onnx does not know: leave module out of net_params, or export it with "
            "torch.onnx.export."
        )
    for what in ("columns", "context"):
        if getattr(estimator._encoder, what, None):
            raise ValueError(
                f"This {name} reads {what} of sentences, which an exported graph cannot: fit with "
                f"{what}={0 if what == 'context' else None}."
            )
    if getattr(estimator, "_linear", None) is not None and not network_only:
        raise ValueError(
            f"A linear model of n-grams stands beside the network of this {name}, and a graph "
            "cannot count n-grams. Fit with wide=False, or call export_onnx with "
            "network_only=True, which leaves it out and costs some accuracy."
        )


def _check_steps(estimator, preparation):
    encoder, name = estimator._encoder, type(estimator).__name__
    if isinstance(estimator, LSTMTagger) and preparation.padder is not None:
        raise ValueError(
            "A SequencePadder before an LSTMTagger could leave steps without tags, and is not "
            "exported: fit the pipeline without it."
        )
    if encoder.kind == "vectors" and encoder.codes is not None and preparation.embedder is None:
        raise ValueError(
            f"This {name} has learned vectors of words, and only the Word2VecEmbedder knows which "
            "word is which: pass the pipeline that holds both, or fit with "
            "fine_tune_embeddings=False, and the graph takes vectors."
        )


def _build_many_to_one(graph, members, steps, estimator, preparation):
    """Add the mean of networks of one output for a sequence, and return what there is to know."""
    outputs = [
        many_to_one(graph, member.module_, x, steps.lengths)
        for member, x in zip(members, steps.embedded, strict=True)
    ]
    mean = _average(graph, outputs)
    n_outputs = estimator._n_outputs
    if isinstance(estimator, LSTMRegressor):
        return {"inputs": steps.inputs, **_add_values(graph, mean, n_outputs, estimator)}
    return {"inputs": steps.inputs, **_add_probabilities(graph, mean, n_outputs, estimator)}


def _average(graph, outputs):
    if len(outputs) == 1:
        return outputs[0]
    return graph.add("Div", graph.add("Sum", *outputs), np.float32(len(outputs)))


def _add_values(graph, mean, n_outputs, estimator):
    values = graph.add("Cast", mean, to=DOUBLE)
    values = graph.add("Mul", values, estimator.target_scale_)
    values = graph.add("Add", values, estimator.target_mean_)
    axes = ["n_sequences", n_outputs]
    if estimator._target_is_1d:
        values, axes = graph.add("Squeeze", values, [1]), axes[:1]
    graph.output("values", values, np.float64, *axes)
    return {
        "task": "regression",
        "outputs": {"values": f"float64 of shape ({', '.join(map(str, axes))}): as predict"},
    }


def _add_probabilities(graph, logits, n_outputs, estimator):
    kind, n_columns = estimator._target_kind, len(estimator.classes_)
    if kind == "multiclass":
        probabilities = graph.add("Softmax", logits, axis=1)
    else:
        probabilities = graph.add("Sigmoid", logits)
    if kind == "binary":
        other = graph.add("Sub", np.float32(1), probabilities)
        probabilities = graph.add("Concat", other, probabilities, axis=1)
    graph.output("logits", logits, np.float32, "n_sequences", n_outputs)
    graph.output("probabilities", probabilities, np.float32, "n_sequences", n_columns)
    first = "of labels[1]" if kind == "binary" else "of each label"
    return {
        "task": "multilabel classification" if kind == "multilabel" else "classification",
        "outputs": {
            "logits": f"float32 of shape (n_sequences, {n_outputs}): {first}",
            "probabilities": f"float32 of shape (n_sequences, {n_columns}): of each label",
        },
        "labels": estimator.classes_.tolist(),
    }


def _build_tagger(graph, members, steps, estimator, preparation):
    """Add the network and the decoder of a tagger, and return what there is to know."""
    network, encoder = estimator.module_, estimator._encoder
    texts = {}
    if network.char_encoder is not None:
        texts["characters"] = INPUTS_OF_WORDS["characters"]
    if network.n_casings:
        texts["casing"] = INPUTS_OF_WORDS["casing"]
    if network.affixes is not None or network.wide is not None:
        features = encoder.features
        n_kinds = "n_features" if features.reads_subwords else features.encode([""]).shape[1]
        texts["features"] = INPUTS_OF_WORDS["features"].format(n_kinds)
    last_axes = {"characters": ["n_characters"], "casing": [], "features": ["n_features"]}
    words = {
        name: graph.input(name, np.int64, "n_sequences", "n_steps", *last_axes[name])
        for name in texts
    }
    emissions = [
        tagger(graph, member.module_, x, steps.lengths, words)
        for member, x in zip(members, steps.embedded, strict=True)
    ]
    emissions, crf = _average(graph, emissions), estimator._crf
    path = viterbi(graph, crf, emissions, steps.lengths)
    tags, scheme = name_tags(estimator._codes, network.has_crf)
    n_tags = len(tags)
    graph.output("emissions", emissions, np.float32, "n_sequences", "n_steps", n_tags)
    graph.output("tags", path, np.int64, "n_sequences", "n_steps")
    for name, weight in zip(("start", "transitions", "end"), crf.weights(), strict=True):
        scores = graph.add("Identity", weight.detach().cpu().float().numpy())
        graph.output(name, scores, np.float32, *weight.shape)
    about = {
        "task": "tagging",
        "inputs": {**steps.inputs, **texts},
        "outputs": {
            "emissions": f"float32 of shape (n_sequences, n_steps, {n_tags}): scores of the tags",
            "tags": "int64 of shape (n_sequences, n_steps): the best path, -1 at padding",
            "start": f"float32 of shape ({n_tags},): scores of the first tag",
            "transitions": f"float32 of shape ({n_tags}, {n_tags}): scores, from row to column",
            "end": f"float32 of shape ({n_tags},): scores of the last tag",
        },
        "labels": tags,
        "scheme": scheme,
    }
    if texts:
        about["spelling"] = describe_spelling(encoder, texts, preparation.indexer is None)
    return about


def _write(model, path, quantize):
    if not quantize:
        import_optional("onnx", extra="onnx").save_model(model, path)
        return
    quantization = import_optional("onnxruntime.quantization", extra="onnx")
    helper = import_optional("onnx", extra="onnx").helper
    about = {prop.key: prop.value for prop in model.metadata_props}
    helper.set_model_props(model, about | PREPROCESSED)
    # seven bits: with AVX2, pairs of products are added in 16 bits, which eight would overflow
    quantization.quantize_dynamic(
        model, path, reduce_range=True, extra_options={"EnableSubgraph": True}
    )
