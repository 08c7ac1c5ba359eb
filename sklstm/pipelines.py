"""Ready pipelines from raw texts to labels or entities."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Literal, Self

import numpy as np
from sklearn import get_config
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from sklstm import _typing as t
from sklstm._arguments import about_data, check_option, describe
from sklstm._arrays import listed
from sklstm._deferred import Deferred
from sklstm._labels import is_missing
from sklstm._parameters import check_names, fit_parameters_of, suggest, suggest_of_steps
from sklstm._summary import ModelSummary
from sklstm.classifier import LSTMClassifier
from sklstm.embeddings import Word2VecEmbedder
from sklstm.entities import Entity
from sklstm.formats._texts import check_pair
from sklstm.sequences import SequencePadder, Sequences
from sklstm.tagger import LSTMTagger
from sklstm.tags import SCHEMES, annotations_to_tags
from sklstm.tags._annotations import are_annotations
from sklstm.text import Tokenizer

# what text_classifier passes to LSTMClassifier, by its effort
CLASSIFIER_EFFORTS = {
    "fast": {"n_members": 1},
    "balanced": {"n_members": "auto"},
    "best": {
        "n_members": "auto",
        "hidden_size": 128,
        "pooling": "max+mean",
        "embedding_dropout": 0.2,
        "locked_dropout": True,
        "word_dropout": 0.2,
        "lr": 0.004,
        "embedding_lr": 0.0003,
        "average": 0.3,
        "batch_size": 64,
        "net_params": {"optimizer__betas": (0.9, 0.99)},
    },
}
# what entity_tagger passes to LSTMTagger, by its effort
TAGGER_EFFORTS = {
    "fast": {"hidden_size": 50},
    "balanced": {"hidden_size": 100, "n_members": (1, 3)},
    "best": {
        "n_members": (2, 3),
        "hidden_size": 256,
        "char_hidden_size": 50,
        "embedding_dropout": 0.4,
        "word_dropout": 0.05,
        "dropout": 0.5,
        "lr": 0.002,
        "embedding_lr": 0.0003,
        "schedule": "warm_up",
        "max_grad_norm": 5.0,
        "batch_size": 16,
        "max_epochs": "long",
        "average": 0.4,
    },
}
# the classes of the steps before the last one, which misspelt parameters may be of
TRANSFORMERS = Tokenizer, Word2VecEmbedder
# pretrained vectors tell of a word what its affixes only hint at
TAGGER_WITH_VECTORS = {"affixes": False, "wide": False}
FIT_PARAMETERS = ("X_val", "y_val", "X_unlabelled", "sample_weight")  # of a TextPipeline itself
# how text_classifier trains word vectors, by its effort
VECTOR_EFFORTS = {
    "fast": {"vector_size": 50, "architecture": "auto"},
    "balanced": {"vector_size": 50, "architecture": "auto"},
    "best": {"vector_size": 200, "architecture": "skip-gram", "window": 8, "sample": 1e-4},
}


def _if_last_step_has(method: str) -> Callable[[t.Function], t.Function]:
    return available_if(lambda pipe: hasattr(pipe[-1], method))


class TextPipeline(Pipeline):
    """A scikit-learn pipeline whose ``fit`` transforms validation data and unlabelled texts, too.

    Parameters
    ----------
    steps : list of tuple (str, estimator)
        Names and steps; the last one is an estimator of this package.
    transform_input : list of str, default=None
        As in `sklearn.pipeline.Pipeline`; not needed for `X_val` without metadata routing.
    memory : str or object, default=None
        As in `sklearn.pipeline.Pipeline`.
    verbose : bool, default=False
        Whether to print the time that each step takes to fit.

    See Also
    --------
    text_classifier : Makes one that classifies texts.
    TaggingPipeline : One that ends in a tagger.

    Examples
    --------
    >>> from sklstm import LSTMClassifier, TextPipeline, Tokenizer
    >>> classifier = LSTMClassifier(hidden_size=8, lr=0.03, early_stopping=True, random_state=0)
    >>> pipe = TextPipeline([("tokenizer", Tokenizer()), ("lstmclassifier", classifier)])
    >>> texts, labels = ["a good film", "a bad film"] * 16, ["pos", "neg"] * 16
    >>> pipe = pipe.fit(texts, labels, X_val=["good", "bad"], y_val=["pos", "neg"])
    >>> float(pipe[-1].history_[-1]["valid_acc"])
    1.0
    """

    def fit(self, X, y=None, X_val=None, y_val=None, X_unlabelled=None, **params) -> Self:
        """Fit all steps.

        Parameters
        ----------
        X : iterable
            Input of the first step: texts for a `Tokenizer`.
        y : array-like
            Targets of the last step.
        X_val, y_val : like X and y, default=None
            Validation data of the last step, which may stop early by them; the fitted steps before
            it transform `X_val`. With metadata routing the last step must request both.
        X_unlabelled : like X, default=None
            Samples without labels. Steps that train word vectors or find collocations learn from
            them, too, and so does the last step if its losses of unlabelled samples are on; the
            fitted steps before it transform them. With metadata routing they are for the last step
            only, which must request them.
        **params : dict
            `sample_weight`, for the last step; others as in `sklearn.pipeline.Pipeline`.

        Returns
        -------
        TextPipeline
            The fitted pipeline.
        """
        is_routed = get_config()["enable_metadata_routing"]
        sample_weight = params.pop("sample_weight", None)
        X_unlabelled = listed(X_unlabelled)  # which several steps read
        if not is_routed:
            self._check_fit_params(params)
            extra_tokens = self._as_extra_tokens(X_unlabelled)
            params = {**extra_tokens, **params}
            if extra_tokens and not _has_unlabelled_losses(self[-1]):
                X_unlabelled = None  # all who learn from them have them
        given = {"X_val": X_val, "X_unlabelled": X_unlabelled}
        transformed = (self.transform_input or ()) if is_routed else ()  # by scikit-learn
        for name, data in given.items():
            if data is not None and name not in transformed:
                given[name] = Deferred(self._transform_other, data, name)
        given |= {"y_val": y_val, "sample_weight": sample_weight}
        prefix = "" if is_routed else f"{self.steps[-1][0]}__"
        given = {prefix + name: value for name, value in given.items() if value is not None}
        return super().fit(X, y, **given, **params)

    def _as_extra_tokens(self, X_unlabelled):
        """Return unlabelled samples as fit parameters of the steps that learn words from them."""
        if X_unlabelled is None:
            return {}
        return {
            f"{name}__extra_tokens": Deferred(
                self._transform_other, X_unlabelled, "X_unlabelled", number
            )
            for number, (name, step) in enumerate(self.steps)
            if "extra_tokens" in fit_parameters_of(step) and getattr(step, "vectors", None) is None
        }

    def _check_fit_params(self, params):
        for name in params:
            if "__" not in name or name.partition("__")[0] not in self.named_steps:
                question = suggest(name, FIT_PARAMETERS) or suggest_of_steps(
                    name, self.steps, fit_parameters_of
                )
                raise ValueError(
                    f"{type(self).__name__}.fit has no parameter {name!r}."
                    f"{question} {self._say_steps()}"
                )

    def _say_steps(self):
        names = ", ".join(name for name, _ in self.steps)
        return f"Parameters of a step have its name in front; the steps are: {names}."

    def set_params(self, **params) -> Self:
        """Set parameters of the pipeline and of its steps.

        Parameters
        ----------
        **params : dict
            Their new values. Those of a step have its name in front, as in
            ``lstmclassifier__hidden_size``.

        Returns
        -------
        TextPipeline
            The pipeline itself.
        """
        own = {*self.get_params(deep=False), *(name for name, _ in self.steps)}
        for name in params:
            if name == "effort":
                raise ValueError(
                    "effort chooses parameters of the steps when a pipeline is made, and is none "
                    "of its own: make the pipeline anew, text_classifier(effort=...)."
                )
            if name.partition("__")[0] not in own:
                raise ValueError(
                    f"Invalid parameter {name!r} for {type(self).__name__}."
                    f"{suggest_of_steps(name, self.steps)} {self._say_steps()}"
                )
        return super().set_params(**params)

    @property
    def history_(self) -> list[dict[str, Any]]:
        """One dict for each epoch, of the last step."""
        return self[-1].history_

    @_if_last_step_has("summary")
    def summary(self) -> ModelSummary:
        """Return the layers, output shapes and numbers of parameters of the last step.

        Returns
        -------
        ModelSummary
            It prints as text, and in notebooks as tables with the losses by epoch.
        """
        return self[-1].summary()

    def _transform_other(self, X, name, step=-1):
        """Transform samples that are not X, and let errors say so."""
        with about_data("the validation data" if name == "X_val" else name):
            return self._transform_before(X, step)

    def _transform_before(self, X, step=-1):
        """Transform samples by the steps before one, the last one unless another is named."""
        steps = self[:step]
        return steps.transform(X) if len(steps) else X


class TaggingPipeline(TextPipeline):
    """A scikit-learn pipeline with the prediction methods of a tagger.

    Each prediction method exists if the last step has it. ``fit`` and ``score`` also take spans of
    characters in place of tags. Validation data are transformed as in `TextPipeline`.

    Parameters
    ----------
    steps : list of tuple (str, estimator)
        Names and steps; the last one is an `LSTMTagger`.
    transform_input : list of str, default=None
        As in `sklearn.pipeline.Pipeline`.
    memory : str or object, default=None
        As in `sklearn.pipeline.Pipeline`.
    verbose : bool, default=False
        Whether to print the time that each step takes to fit.

    See Also
    --------
    entity_tagger : Makes one that finds named entities.

    Examples
    --------
    >>> from sklstm import LSTMTagger, TaggingPipeline, Tokenizer
    >>> pipe = TaggingPipeline(
    ...     [
    ...         ("tokenizer", Tokenizer(char_spans=True)),
    ...         ("lstmtagger", LSTMTagger(lr=0.05, max_epochs=20, random_state=0)),
    ...     ]
    ... )
    >>> texts, tags = ["in London", "to Rome"] * 8, [["O", "B-LOC"]] * 16
    >>> [entities] = pipe.fit(texts, tags).predict_entities(["to London"])
    >>> [(entity.text, entity.start_char) for entity in entities]
    [('London', 3)]

    The same from spans of characters:

    >>> spans = [[(3, 9, "LOC")], [(3, 7, "LOC")]] * 8
    >>> pipe.fit(texts, spans).score(texts, spans)
    1.0
    """

    def fit(self, X, y=None, X_val=None, y_val=None, X_unlabelled=None, **params) -> Self:
        """Fit all steps.

        Parameters
        ----------
        X : iterable
            Input of the first step: texts for a `Tokenizer`.
        y : list of lists
            The tags of each text; or its spans of characters, as for ``to_tags``.
        X_val, y_val : like X and y, default=None
            Validation data, as for `TextPipeline`.
        X_unlabelled : like X, default=None
            Samples without tags, as for `TextPipeline`.
        **params : dict
            As in `sklearn.pipeline.Pipeline`.

        Returns
        -------
        TaggingPipeline
            The fitted pipeline.
        """
        y, y_val = _plain_rows(y), _plain_rows(y_val)
        has_spans = are_annotations(y)
        if has_spans:
            X, y = self._tag_to_fit(X, y)
        if X_val is not None and are_annotations(y_val, or_empty=has_spans):
            with about_data("the validation data"):
                X_val, y_val = self._tag_to_fit(X_val, y_val)
        return super().fit(X, y, X_val, y_val, X_unlabelled, **params)

    def _tag_to_fit(self, X, y):
        """Return X, which is read twice, and the tags of its spans of characters."""
        X, given = listed(X), getattr(self[-1], "scheme", None)
        return X, self._spans_to_tags(X, y, given if given in SCHEMES else "IOB2")

    @_if_last_step_has("score")
    def score(self, X, y=None, sample_weight=None, **params) -> float:
        """Score predictions as the last step does.

        Parameters
        ----------
        X : iterable
            Input of the first step: texts for a `Tokenizer`.
        y : list of lists
            The true tags of each text; or its spans of characters, as for ``to_tags``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each text.
        **params : dict
            As in `sklearn.pipeline.Pipeline`.

        Returns
        -------
        float
            Entity F1, or the accuracy of plain tags.
        """
        X = listed(X)
        return super().score(X, self.to_tags(X, y), sample_weight, **params)

    def to_tags(self, X, y) -> list[list[str]]:
        """Convert spans of characters to tags of the tokens of the first step.

        Spans that cut tokens are expanded to them, and of overlapping spans the longest is kept;
        one warning tells how many. `sklstm.tags.annotations_to_tags` has other choices.

        Parameters
        ----------
        X : list of str or Sequences
            Texts for a `Tokenizer`, or `Sequences` with ``char_spans``.
        y : list of lists
            The spans of each text: tuples (start, end, type), Entity objects, or dicts with start,
            end and label. Tags are returned as they are.

        Returns
        -------
        list of lists of str
            The tags, in the scheme of the fit, or IOB2.

        Raises
        ------
        TypeError
            If the spans of tokens are not known.
        ValueError
            If a span exceeds its text.
        """
        y = _plain_rows(y)
        if not are_annotations(y, or_empty=True):
            return y
        return self._spans_to_tags(X, y, getattr(self[-1], "scheme_", None) or "IOB2")

    def _spans_to_tags(self, X, y, scheme):
        """Tag texts by their spans; those without labels stay without."""
        tokenizer = self.steps[0][1]
        rows = [[] if is_missing(row) else row for row in y]  # of texts without labels
        if hasattr(tokenizer, "find_char_spans"):
            X, rows = check_pair(X, rows)
            char_spans = tokenizer.find_char_spans(X)
        elif isinstance(X, Sequences) and X.char_spans is not None:
            char_spans = np.split(X.char_spans, X.offsets[1:-1])
        else:
            raise TypeError(
                "y holds spans of characters, but where the tokens begin and end is not known: let "
                "the pipeline begin with a Tokenizer, or pass one tag for each token."
            )
        tags = annotations_to_tags(char_spans, rows, scheme, "expand", "longest")
        return [None if is_missing(row) else found for row, found in zip(y, tags, strict=True)]

    @_if_last_step_has("predict_entities")
    def predict_entities(self, X, min_probability: float | None = None) -> list[list[Entity]]:
        """Predict the entities of each sample, see `LSTMTagger`.

        Parameters
        ----------
        X : iterable
            Input of the first step: texts for a `Tokenizer`.
        min_probability : float, default=None
            Leave out entities of a smaller confidence. None leaves out none.

        Returns
        -------
        list of lists of Entity
            The entities of each sample, from left to right.
        """
        return self[-1].predict_entities(self._transform_before(X), min_probability)

    @_if_last_step_has("calibrate")
    def calibrate(self, X, y) -> Self:
        """Fit the temperature of all probabilities to new data, see `LSTMTagger`.

        Parameters
        ----------
        X : iterable
            Input of the first step: texts for a `Tokenizer`.
        y : list of lists
            The true tags of each text; or its spans of characters, as for ``to_tags``.

        Returns
        -------
        TaggingPipeline
            The pipeline itself.
        """
        X = listed(X)
        self[-1].calibrate(self._transform_before(X), self.to_tags(X, y))
        return self

    @_if_last_step_has("predict_marginals")
    def predict_marginals(self, X) -> np.ndarray:
        """Compute the probability of each tag at each step, see `LSTMTagger`.

        Parameters
        ----------
        X : iterable
            Input of the first step: texts for a `Tokenizer`.

        Returns
        -------
        ndarray of shape (n_samples,) of ndarrays, each of shape (n_steps, n_tags)
            In the order of ``classes_``.
        """
        return self[-1].predict_marginals(self._transform_before(X))

    @_if_last_step_has("predict_n_best")
    def predict_n_best(self, X, n: int = 5) -> list[list[tuple[list, float]]]:
        """Find the `n` most probable tag sequences of each sample, see `LSTMTagger`.

        Parameters
        ----------
        X : iterable
            Input of the first step: texts for a `Tokenizer`.
        n : int, default=5
            Number of sequences.

        Returns
        -------
        list of lists of tuple (list of tags, float)
            The tags of each sample with their log-probabilities, best first.
        """
        return self[-1].predict_n_best(self._transform_before(X), n)


def entity_tagger(
    vectors: Any = None,
    *,
    effort: Literal["fast", "balanced", "best"] = "balanced",
    tokenizer: Any = None,
    vector_size: int = 50,
    lowercase: bool = True,
    random_state: t.RandomState = None,
    verbose: int = 0,
    **tagger_params,
) -> TaggingPipeline:
    """Make a pipeline that finds named entities in raw texts.

    Its steps are ``tokenizer``, ``word2vecembedder`` and ``lstmtagger``. The tokenizer keeps case,
    punctuation and character spans. The embedder looks up lower-cased words with folded digits, and
    adds vectors for frequent words that `vectors` lack. The tagger also reads the spelling of each
    word, with case; its affixes only without `vectors`.

    Parameters
    ----------
    vectors : path, name, KeyedVectors or other, default=None
        Pretrained word vectors, see `Word2VecEmbedder`, or the name of ready ones, such as
        ``"glove-wiki-gigaword-100"``, see `sklstm.datasets.fetch_vectors`. None trains vectors on
        the texts, and finds fewer entities.
    effort : {"fast", "balanced", "best"}, default="balanced"
        ``"fast"`` trains one small network; ``"balanced"`` up to three, fewer of much data;
        ``"best"`` two or three larger ones for five times as many epochs. Parameters that are
        given override what it chooses.
    tokenizer : transformer or "passthrough", default=None
        Replaces the default tokenizer; ``"passthrough"`` if X is token lists.
    vector_size : int, default=50
        Dimension of the vectors, if they are trained.
    lowercase : bool, default=True
        Whether to look up lower-cased words. False is for cased `vectors`.
    random_state : int, RandomState instance or None, default=None
        Seeds the embedder and the tagger.
    verbose : int, default=0
        Verbosity of the embedder and the tagger.
    **tagger_params : dict
        Further parameters of `LSTMTagger`; they override the defaults here.

    Returns
    -------
    TaggingPipeline
        Not fitted. Parameters of its steps have names like ``lstmtagger__hidden_size``.

    See Also
    --------
    LSTMTagger : The last step.
    text_classifier : One label for each text.

    Examples
    --------
    >>> from sklstm import entity_tagger
    >>> texts = ["Ada met Alan Turing.", "Hilbert met Ada!"] * 8
    >>> tags = [["B-PER", "O", "B-PER", "I-PER", "O"], ["B-PER", "O", "B-PER", "O"]] * 8
    >>> pipe = entity_tagger(hidden_size=8, lr=0.02, max_epochs=20, random_state=0)
    >>> pipe = pipe.fit(texts, tags)
    >>> pipe.predict(["Alan Turing met Hilbert!"])[0]
    ['B-PER', 'I-PER', 'O', 'B-PER', 'O']

    Entities with their positions in the text, which are also accepted in place of tags:

    >>> [entities] = pipe.predict_entities(["Alan Turing met Hilbert!"])
    >>> [(entity.type, entity.text, entity.start_char, entity.end_char) for entity in entities]
    [('PER', 'Alan Turing', 0, 11), ('PER', 'Hilbert', 16, 23)]
    >>> spans = [[(0, 3, "PER"), (8, 19, "PER")], [(0, 7, "PER"), (12, 15, "PER")]] * 8
    >>> pipe.score(texts, spans)
    1.0
    """
    _check_tokenizer(tokenizer)
    check_names(tagger_params, entity_tagger, LSTMTagger, TRANSFORMERS)
    check_option(effort, tuple(TAGGER_EFFORTS), "effort")
    if tokenizer is None:
        tokenizer = Tokenizer(lowercase=False, punctuation=True, char_spans=True)
    embedder = _embedder(
        vectors,
        {"vector_size": vector_size, "architecture": "auto"},
        lowercase=lowercase,
        fold_digits=True,
        random_state=random_state,
        verbose=verbose,
    )
    tagger = LSTMTagger(
        **{
            "random_state": random_state,
            "verbose": verbose,
            **({} if vectors is None else TAGGER_WITH_VECTORS),
            **TAGGER_EFFORTS[effort],
            **tagger_params,
        }
    )
    return TaggingPipeline(
        [("tokenizer", tokenizer), ("word2vecembedder", embedder), ("lstmtagger", tagger)]
    )


def text_classifier(
    vectors: Any = None,
    *,
    effort: Literal["fast", "balanced", "best"] = "balanced",
    tokenizer: Any = None,
    vector_size: int | None = None,
    lowercase: bool = True,
    max_length: int | None = None,
    random_state: t.RandomState = None,
    verbose: int = 0,
    **classifier_params,
) -> TextPipeline:
    """Make a pipeline that classifies raw texts.

    Its steps are ``tokenizer``, ``word2vecembedder``, ``sequencepadder`` (with `max_length`) and
    ``lstmclassifier``: bidirectional LSTMs, and linear models of n-grams and of mean word vectors
    beside them (`wide`), so that the pipeline is at least about as good as these on any data.

    Parameters
    ----------
    vectors : path, name, KeyedVectors or other, default=None
        Pretrained word vectors, see `Word2VecEmbedder`, or the name of ready ones, such as
        ``"glove-wiki-gigaword-100"``, see `sklstm.datasets.fetch_vectors`. None trains vectors on
        the texts.
    effort : {"fast", "balanced", "best"}, default="balanced"
        ``"fast"`` trains one network; ``"balanced"`` up to five, fewer of much data; ``"best"``
        larger ones and better word vectors, which takes several times as long. Parameters that are
        given override what it chooses.
    tokenizer : transformer or "passthrough", default=None
        Replaces the default tokenizer; ``"passthrough"`` if X is token lists.
    vector_size : int, default=None
        Dimension of the vectors, if they are trained. None means 50, or 200 for ``"best"``.
    lowercase : bool, default=True
        Whether to lower-case words. False is for cased `vectors`.
    max_length : int, default=None
        Maximum tokens of a text; longer ones lose their middle, which saves time. None keeps all.
    random_state : int, RandomState instance or None, default=None
        Seeds the embedder and the classifier.
    verbose : int, default=0
        Verbosity of the embedder and the classifier.
    **classifier_params : dict
        Further parameters of `LSTMClassifier`; they override the defaults here.

    Returns
    -------
    TextPipeline
        Not fitted. Parameters of its steps have names like ``lstmclassifier__hidden_size``.

    See Also
    --------
    LSTMClassifier : The last step.
    entity_tagger : A tag for each token, and entities.

    Examples
    --------
    >>> from sklstm import text_classifier
    >>> texts = ["A good film!", "Good fun.", "A bad film.", "Bad acting"] * 8
    >>> labels = ["pos", "pos", "neg", "neg"] * 8
    >>> pipe = text_classifier(effort="fast", hidden_size=8, lr=0.02, random_state=0)
    >>> pipe = pipe.fit(texts, labels)
    >>> pipe.predict(["Such good fun!", "A BAD film"])
    array(['pos', 'neg'], dtype='<U3')

    A search names parameters with their steps:

    >>> from sklearn.model_selection import GridSearchCV
    >>> grid = {"lstmclassifier__hidden_size": [8, 16], "word2vecembedder__window": [3, 5]}
    >>> search = GridSearchCV(text_classifier(effort="fast", random_state=0), grid)
    """
    _check_tokenizer(tokenizer)
    check_names(classifier_params, text_classifier, LSTMClassifier, TRANSFORMERS)
    check_option(effort, tuple(CLASSIFIER_EFFORTS), "effort")
    chosen = deepcopy(CLASSIFIER_EFFORTS[effort])  # net_params is the user's to change
    if tokenizer is None:
        tokenizer = Tokenizer(lowercase=lowercase)
    trained = dict(VECTOR_EFFORTS[effort])
    if vector_size is not None:
        trained["vector_size"] = vector_size
    embedder = _embedder(
        vectors, trained, lowercase=lowercase, random_state=random_state, verbose=verbose
    )
    classifier = LSTMClassifier(
        **{
            "bidirectional": True,
            "pooling": "max",
            "embedding_dropout": 0.5,
            "word_dropout": 0.1,
            "dropout": 0.5,
            "wide": True,
            "random_state": random_state,
            "verbose": verbose,
            **chosen,
            **classifier_params,
        }
    )
    steps = [("tokenizer", tokenizer), ("word2vecembedder", embedder)]
    if max_length is not None:
        steps += [("sequencepadder", SequencePadder(max_length=max_length, truncating="middle"))]
    return TextPipeline([*steps, ("lstmclassifier", classifier)])


def _has_unlabelled_losses(estimator):
    return any(getattr(estimator, name, 0) for name in ("virtual_adversarial", "entropy"))


def _plain_rows(y):
    """Return a column of lists as a list of them, of which polars makes series of its own."""
    return y.to_list() if hasattr(y, "to_list") else y


def _check_tokenizer(tokenizer):
    is_transformer = hasattr(tokenizer, "fit") and hasattr(tokenizer, "transform")
    is_option = tokenizer is None or (isinstance(tokenizer, str) and tokenizer == "passthrough")
    if not is_option and (isinstance(tokenizer, type) or not is_transformer):
        raise TypeError(
            'tokenizer must be a transformer, or "passthrough" if X is token lists; got '
            f"{describe(tokenizer)}. A function goes into Tokenizer(tokenizer=...): "
            "Tokenizer(tokenizer=list) reads characters."
        )


def _embedder(vectors, trained, **params):
    if vectors is not None:
        return Word2VecEmbedder(vectors=vectors, min_count_missing=2, **params)
    return Word2VecEmbedder(**trained, min_count=2, scale=0.4, **params)
