"""LSTMTagger: a tag for each step of a sequence."""

from functools import partial
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklstm import _typing as t
from sklstm._arguments import check_count, check_memory, check_probability
from sklstm._arrays import check_same_length, to_object_array
from sklstm._checkpoints import resumable
from sklstm._members import BaseEnsemble
from sklstm._parameter_constraints import SEMI_SUPERVISED_CONSTRAINTS
from sklstm._pretrained import PretrainedMixin
from sklstm._sklearn import Interval, StrOptions, fit_context
from sklstm._unlabelled import split_sentences
from sklstm.entities import Entity
from sklstm.nn.batches import in_row_order
from sklstm.nn.crf import mean_crf
from sklstm.nn.networks import TaggerNet
from sklstm.nn.networks._char_encoder import CharEncoder
from sklstm.nn.pooling import Pooling
from sklstm.tagger._calibration import Predictions, fit_temperature, tempered
from sklstm.tagger._codes import TagCodes
from sklstm.tagger._entities import make_entities, span_probabilities
from sklstm.tagger._scores import score_known
from sklstm.tagger._spelling import CASINGS, strings_of
from sklstm.tagger._word_encoder import WordEncoder
from sklstm.tags import SCHEMES, allowed_transitions, check_tags, tags_to_spans
from sklstm.tags._spans import check_partial_tags


class LSTMTagger(PretrainedMixin, BaseEnsemble):
    r"""Tag every step of a sequence with a bidirectional LSTM and a linear-chain CRF.

    A linear layer turns the recurrent outputs :math:`h_t` into emission scores :math:`e_t`, one per
    tag, and the CRF adds transition scores :math:`A` between neighbouring tags:

    .. math::

        e_t &= W h_t + b \\
        P(y \mid x) &\propto \exp\Big(a_{y_1} + \sum_t e_{t, y_t}
            + \sum_t A_{y_{t-1}, y_t} + z_{y_T}\Big)

    Training minimises :math:`-\log P(y \mid x)`, or where only some tags are known, the same of the
    sum over all paths with these tags [7]_. Prediction decodes the best path [1]_. The features of
    a step are its word's embedding, a character encoding [2]_, and the word's casing and affixes,
    which also enter the emissions by a linear path beside the LSTM [3]_.

    ``X`` may be token lists, `Sequences`, lists of token ids with `vocabulary_size`, a 3-D array of
    numbers, or a list of (n_steps, n_features) arrays; ``y`` has a list of tags for each sequence,
    of the same length. A tag may be None, for unknown.

    Parameters
    ----------
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"} or None, default="auto"
        How tags encode spans. ``"auto"`` infers the scheme from ``y``; None takes tags as they are,
        as for parts of speech. Tags that violate the scheme are an error; with ``"auto"``, so are
        tags that look like another spelling of spans, such as ``"B_PER"``.
    train_scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"} or None, default="auto"
        The scheme to train in; predictions are converted back. None is that of ``y``, and so is
        ``"auto"`` for tags without a scheme and with a dict as `class_weight`; otherwise it is
        ``"IOBES"``, which finds more entities.
    crf : bool, default=True
        Whether a CRF models neighbouring tags; otherwise each step has its own softmax.
    char_encoder : {"auto", "cnn", "lstm"} or None, default="auto"
        Network that encodes each token's characters, which `word_dropout` does not touch. Here and
        in the parameters below, ``"auto"`` means on for X that has strings, as tokens do: ``"cnn"``
        here, otherwise True.
    char_embedding_dim : int, default=30
        Width of the character embeddings, to which `embedding_dropout` applies too.
    char_hidden_size : int, default=30
        Filters of the ``"cnn"``, or units of the ``"lstm"`` in each direction.
    casing : bool or "auto", default="auto"
        Whether casing is a feature: lower, upper, title, mixed, numeric or partly numeric.
    affixes : bool, "auto" or "subwords", default="auto"
        Whether a word is also described by vectors of its lower-case form, its casing, its shape,
        such as ``"Xx"``, and its first and last 1, 2, 3 and 4 characters. ``"subwords"`` adds all
        runs of 3, 4 and 5 characters in it [9]_, for compounds and inflected forms.
    affix_embedding_dim : int, default=32
        Width of these vectors, which are added up.
    wide : bool or "auto", default="auto"
        Whether a linear path beside the LSTM adds weights of the same features, of a word and of
        its neighbours, to the emissions. So it also learns what a linear CRF learns, which matters
        most with little data.
    affix_dropout : float, default=0.3
        Probability of leaving out a feature in training, of `affixes` and of `wide`: then one does
        not rely on the word where its suffix would do.
    columns : "all", list of str or None, default="all"
        Columns of X to read, which ``Sequences.with_columns`` attaches: parts of speech, say.
        Categories are described by vectors of the width `affix_embedding_dim`, which are added up,
        and also enter the wide path; `affix_dropout` leaves some out. Numbers are features, in the
        unit that `standardize` says. ``"all"`` are those of X in ``fit``. X to predict must have
        the same.
    sentence_vector : {"last", "mean", "max", "max+mean", "attention"} or None, default=None
        If set, a recurrent layer of its own reads the whole sequence first, and its outputs, pooled
        like this into one vector, are appended to the features of each step [8]_. Training takes
        longer by about a half.
    context : int, default=0
        Sentences before and after each sentence, of the same document, that the network reads
        together with it; tags are those of the one in the middle. X must be `Sequences` that know
        their documents, see ``Sequences.with_documents``. The network has ``2 * context + 1``
        times as much to read.
    vocabulary_size : int or None, default=None
        If set, integers in X are token ids below it, 0 being padding; otherwise they are numbers.
    standardize : {"feature", "sample"} or None, default="feature"
        How numbers in X are standardised inside. ``"feature"`` subtracts a feature's mean and
        divides by its standard deviation, those of all steps so far with ``partial_fit``;
        ``"sample"`` takes those of each sequence, for shapes whose level and size do not matter;
        None leaves numbers as they are.
    embedding_dim : int, default=32
        Width of learned embeddings. Word vectors in X keep their own.
    fine_tune_embeddings : bool, default=True
        Whether word vectors in X are trained too, or stay frozen.
    embedding_lr : float or None, default=None
        Learning rate of the embeddings of X, lower against overfitting; None means `lr`.
    encoder : LSTMGenerator, tuple of two or None, default=None
        Fitted language model whose embeddings and recurrent layers the network starts from; a
        second one, fitted to the same texts reversed, is the backward direction. It decides the
        vocabulary, `embedding_dim`, `cell`, `hidden_size` and `n_layers`. Clones share it.
    layer_lr_decay : float, default=1.0
        Factor of the learning rate from the output layer, which has `lr`, to the top layer of
        `encoder`, and so on from each layer to the one below, down to the embeddings.
    unfreeze_epochs : int, default=0
        Epochs after which one more layer of `encoder` is trained too, from the top one down to the
        embeddings. 0 trains all of them from the start.
    cell : {"lstm", "peephole", "coupled", "gru", "rnn", "minlstm", "mingru"}, default="lstm"
        The recurrent cell; :doc:`/user_guide/cells` has the equations of each.
    cell_params : dict or None, default=None
        Options of the cell: ``forget_bias`` of lstm, peephole, coupled and minlstm (1.0),
        ``diagonal`` of peephole (False), ``nonlinearity`` of rnn (``"tanh"``, or ``"relu"``).
    hidden_size : int, default=64
        Units :math:`H` of each recurrent layer and direction.
    n_layers : int, default=1
        Number of stacked recurrent layers.
    bidirectional : bool, default=True
        Whether every layer also reads the sequence backwards.
    embedding_dropout : float, default=0.3
        Dropout on the input of the first recurrent layer.
    word_dropout : float, default=0.2
        Probability of reading a token as unknown in training, which trains the unknown embedding.
    dropout : float, default=0.3
        Dropout between recurrent layers, and before the output layer.
    recurrent_dropout : float, default=0.0
        Dropout on the recurrent weights (DropConnect, as in AWD-LSTM), one mask per batch.
    locked_dropout : bool, default=True
        Whether dropout drops the same features at every step (variational dropout).
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default="adam"
        Algorithm that minimises the loss.
    lr : float, default=0.003
        Learning rate of the optimizer.
    schedule : {"one_cycle", "warm_up", "cosine", "linear"}, callable or None, default="one_cycle"
        Factor of `lr` over training, 1 if None. ``"one_cycle"`` rises for 30 % of the updates,
        ``"warm_up"`` for 10 %, then both fall to 0, as the others do at once. A callable maps
        progress, from 0 to 1, to a factor. ``partial_fit`` has none, and an ``LRScheduler`` in
        `callbacks` takes its place.
    average : float, "exponential" or None, default=None
        Ends with the mean of the weights at the last updates, as a share of all (0.3: the last
        30 %), or with their exponential moving average. ``partial_fit`` has none.
    bptt_steps : int or None, default=None
        Steps after which backpropagation through time is truncated. The state is carried on, so
        predictions do not change, only what is learned. None goes back to the first step.
    max_grad_norm : float or None, default=1.0
        Norm that gradients are clipped to. None does not clip.
    weight_decay : float, default=0.0
        Weight decay of the optimizer.
    batch_size : int, default=32
        Sequences in a batch, in training and prediction. It does not change a prediction.
    max_epochs : int, "auto" or "long", default="auto"
        Passes over the training data. ``"auto"`` chooses them by its size: enough updates for
        little data, few epochs of much or of long texts; ``"long"`` chooses five times as many.
    early_stopping : bool, default=False
        Whether to stop when `scoring` has not improved for `n_iter_no_change` epochs, and restore
        the best weights. Validates on `X_val` and `y_val` if given, otherwise on held-out data.
    scoring : str, callable or None, default=None
        What early stopping monitors: ``"loss"`` is the validation loss; the name of a scorer, or a
        callable ``scorer(estimator, X, y)``, a score to maximise; None the estimator's ``score``.
    validation : {"random", "last"} or splitter, default="random"
        What early stopping holds out: random samples (in a classifier stratified by class, where
        each has enough), the last ones (for samples in order of time), or the test part of a
        splitter's first split.
    validation_fraction : float, default=0.1
        Share of the training data that early stopping holds out.
    n_iter_no_change : int, default=3
        Epochs without improvement before training stops early.
    adversarial : float or None, default=None
        If set, the network also learns from each sequence with its embedded steps moved to where
        the loss is larger [4]_, by a distance of so many root mean squares of a feature. The inputs
        of the wide path stay. Training takes some twice the time.
    virtual_adversarial : float, default=0.0
        Weight of the loss of unlabelled sequences [5]_: how much the distribution over all paths
        of their tags changes if their steps move by the distance `adversarial`. Sequences are
        unlabelled if y has None in place of their tags.
    entropy : float, default=0.0
        Weight of the entropy of that distribution, for unlabelled sequences [6]_.
    class_weight : dict, "balanced" or None, default=None
        Weights of the tags, by their names in `classes_`. Without a CRF they weight the loss of
        each step; with one, a sequence is weighted by the mean weight of its tags.
    n_members : int, tuple (low, high) or "auto", default=1
        Networks whose outputs are averaged; they differ in their seeds. A range takes the more of
        them, the less data there are; ``"auto"`` is (1, 5).
    n_jobs : int, default=None
        Processes that train networks side by side; -1 takes all cores. The result is the same but
        for last digits, which are those of the threads of a process. None means one, as do a
        checkpoint, callbacks, ``partial_fit`` and a warm start.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the previous fit.
    checkpoint : path or None, default=None
        File that ``fit`` keeps what it has come to in, to go on from there if it is interrupted
        and called again with the same arguments. In a folder each fit has a file of its own, for
        a search; see :doc:`/user_guide/training`.
    checkpoint_minutes : float, default=0.0
        Minutes between two checkpoints, at least. 0 writes one after each epoch.
    device : str, default="auto"
        A torch device; ``"auto"`` uses a GPU if there is one.
    precision : {"auto", "float32", "float64", "bfloat16"}, default="auto"
        ``"auto"`` is float32, or float64 for small float64 arrays. ``"bfloat16"`` runs matrix
        products in bfloat16, which is faster; hardware without support warns and uses float32.
    callbacks : list of skorch callbacks or None, default=None
        Called during training, as copies.
    net_params : dict or None, default=None
        Further parameters of `skorch.NeuralNet`, which override those set here.
    verbose : int, default=0
        1 prints a line per epoch and shows a progress bar.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, shuffling, dropout, sampling and splits; global generators stay untouched.

    Attributes
    ----------
    classes_ : ndarray of shape (n_tags,)
        The tags that the network distinguishes, sorted. With `train_scheme`, all tags of that
        scheme for the types in ``y``.
    scheme_ : str or None
        The scheme of ``y``.
    temperature_ : float
        What ``calibrate`` divides all scores by; 1 before.
    transitions_ : dict of dict
        ``transitions_[a][b]`` is the score :math:`A_{ab}` of tag ``b`` after tag ``a``, with
        ``"<start>"`` before and ``"<end>"`` after all tags: -inf where the scheme forbids it, and 0
        throughout without a CRF. If a tag has such a name, it is ``"<<start>>"`` or ``"<<end>>"``.
    n_features_in_ : int
        Features of a step. Not set for tokens and ids.
    feature_names_in_ : ndarray of str
        Names of the columns of X, if it was a frame or a list of frames with string names.
    net_ : skorch.NeuralNet
        The trained skorch net.
    module_ : torch.nn.Module
        The torch network.
    history_ : list of dict
        One per epoch: ``train_loss`` and ``valid_loss`` (nats per step), ``valid_f1`` or
        ``valid_acc``, and ``dur`` in seconds.
    n_iter_ : int
        Number of epochs trained.
    n_parameters_ : int
        Number of parameters of the network.
    members_ : list of LSTMTagger
        One for each network; the attributes above, but for ``transitions_``, are those of the
        first.

    See Also
    --------
    sklstm.metrics.entity_f1_scorer : Scores predictions in ``cross_validate`` and the like.
    sklstm.model_selection.DocumentKFold : Folds that keep documents together.
    LSTMClassifier : Predicts one label for a whole sequence.

    Notes
    -----
    scikit-learn's splitters and an integer ``cv`` work, but not stratification, since a sequence
    has many tags: ``StratifiedKFold`` fails with "setting an array element with a sequence".
    `~sklstm.model_selection.DocumentKFold` balances entity types.

    The tagger predicts one tag for each step it gets. A `SequencePadder` is not needed, and one
    that truncates sequences makes ``fit`` fail: it leaves tags without steps.

    References
    ----------
    .. [1] Lample et al. (2016), Neural architectures for named entity recognition, NAACL.
       https://doi.org/10.18653/v1/N16-1030
    .. [2] Ma and Hovy (2016), End-to-end sequence labeling via bi-directional LSTM-CNNs-CRF,
       ACL. https://doi.org/10.18653/v1/P16-1101
    .. [3] Cheng et al. (2016), Wide & deep learning for recommender systems, DLRS.
       https://doi.org/10.1145/2988450.2988454
    .. [4] Yasunaga, Kasai and Radev (2018), Robust multilingual part-of-speech tagging via
       adversarial training, NAACL. https://doi.org/10.18653/v1/N18-1089
    .. [5] Chen et al. (2020), SeqVAT: virtual adversarial training for semi-supervised sequence
       labeling, ACL. https://doi.org/10.18653/v1/2020.acl-main.777
    .. [6] Jiao et al. (2006), Semi-supervised conditional random fields for improved sequence
       segmentation and labeling, ACL. https://doi.org/10.3115/1220175.1220202
    .. [7] Tsuboi et al. (2008), Training conditional random fields using incomplete annotations,
       COLING. https://aclanthology.org/C08-1113
    .. [8] Liu et al. (2019), GCDT: A global context enhanced deep transition architecture for
       sequence labeling, ACL. https://doi.org/10.18653/v1/P19-1233
    .. [9] Bojanowski et al. (2017), Enriching word vectors with subword information, TACL.
       https://doi.org/10.1162/tacl_a_00051

    Examples
    --------
    >>> from sklstm import LSTMTagger
    >>> sentences = [["Ada", "met", "Alan", "Turing"], ["they", "met", "Ada"]] * 8
    >>> tags = [["B-PER", "O", "B-PER", "I-PER"], ["O", "O", "B-PER"]] * 8
    >>> tagger = LSTMTagger(hidden_size=8, lr=0.03, max_epochs=20, random_state=0)
    >>> tagger = tagger.fit(sentences, tags)
    >>> tagger.predict([["Alan", "Turing", "met", "Ada"]])[0]
    ['B-PER', 'I-PER', 'O', 'B-PER']
    >>> tagger.predict_entities([["Alan", "Turing", "met", "Ada"]])[0][0].text
    'Alan Turing'
    """

    _network = TaggerNet
    _epochs_of_few = 15
    mask_padding = True  # a tag for padding has no meaning
    _split_targets = staticmethod(split_sentences)

    def __init__(
        self,
        *,
        scheme: t.AnyScheme | None = "auto",
        train_scheme: t.AnyScheme | None = "auto",
        crf: bool = True,
        char_encoder: Literal["auto", "cnn", "lstm"] | None = "auto",
        char_embedding_dim: int = 30,
        char_hidden_size: int = 30,
        casing: bool | Literal["auto"] = "auto",
        affixes: bool | Literal["auto", "subwords"] = "auto",
        affix_embedding_dim: int = 32,
        wide: bool | Literal["auto"] = "auto",
        affix_dropout: float = 0.3,
        columns: Literal["all"] | list | tuple | None = "all",
        sentence_vector: t.Pooling | None = None,
        context: int = 0,
        vocabulary_size: int | None = None,
        standardize: t.Standardize = "feature",
        embedding_dim: int = 32,
        fine_tune_embeddings: bool = True,
        embedding_lr: float | None = None,
        encoder: Any = None,
        layer_lr_decay: float = 1.0,
        unfreeze_epochs: int = 0,
        cell: t.Cell = "lstm",
        cell_params: dict | None = None,
        hidden_size: int = 64,
        n_layers: int = 1,
        bidirectional: bool = True,
        embedding_dropout: float = 0.3,
        word_dropout: float = 0.2,
        dropout: float = 0.3,
        recurrent_dropout: float = 0.0,
        locked_dropout: bool = True,
        optimizer: t.Optimizer = "adam",
        lr: float = 0.003,
        schedule: t.Schedule = "one_cycle",
        average: t.Average = None,
        bptt_steps: int | None = None,
        max_grad_norm: float | None = 1.0,
        weight_decay: float = 0.0,
        batch_size: int = 32,
        max_epochs: t.MaxEpochs = "auto",
        early_stopping: bool = False,
        scoring: t.Scoring = None,
        validation: t.Validation = "random",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 3,
        adversarial: float | None = None,
        virtual_adversarial: float = 0.0,
        entropy: float = 0.0,
        class_weight: dict | Literal["balanced"] | None = None,
        n_members: t.Members = 1,
        n_jobs: int | None = None,
        warm_start: bool = False,
        checkpoint: t.Path | None = None,
        checkpoint_minutes: float = 0.0,
        device: str = "auto",
        precision: t.Precision = "auto",
        callbacks: list | tuple | None = None,
        net_params: dict | None = None,
        verbose: int = 0,
        random_state: t.RandomState = None,
    ):
        self.scheme = scheme
        self.train_scheme = train_scheme
        self.crf = crf
        self.char_encoder = char_encoder
        self.char_embedding_dim = char_embedding_dim
        self.char_hidden_size = char_hidden_size
        self.casing = casing
        self.affixes = affixes
        self.affix_embedding_dim = affix_embedding_dim
        self.wide = wide
        self.affix_dropout = affix_dropout
        self.columns = columns
        self.sentence_vector = sentence_vector
        self.context = context
        self.vocabulary_size = vocabulary_size
        self.standardize = standardize
        self.embedding_dim = embedding_dim
        self.fine_tune_embeddings = fine_tune_embeddings
        self.embedding_lr = embedding_lr
        self.encoder = encoder
        self.layer_lr_decay = layer_lr_decay
        self.unfreeze_epochs = unfreeze_epochs
        self.cell = cell
        self.cell_params = cell_params
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.bidirectional = bidirectional
        self.embedding_dropout = embedding_dropout
        self.word_dropout = word_dropout
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.locked_dropout = locked_dropout
        self.optimizer = optimizer
        self.lr = lr
        self.schedule = schedule
        self.average = average
        self.bptt_steps = bptt_steps
        self.max_grad_norm = max_grad_norm
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation = validation
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.adversarial = adversarial
        self.virtual_adversarial = virtual_adversarial
        self.entropy = entropy
        self.class_weight = class_weight
        self.n_members = n_members
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.checkpoint_minutes = checkpoint_minutes
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.net_params = net_params
        self.verbose = verbose
        self.random_state = random_state

    _temperature = 1.0
    _parameter_constraints: dict = {
        **BaseEnsemble._parameter_constraints,
        **PretrainedMixin._parameter_constraints,
        "scheme": [StrOptions({"auto", *SCHEMES}), None],
        "train_scheme": [StrOptions({"auto", *SCHEMES}), None],
        "crf": ["boolean"],
        "char_encoder": [StrOptions({"auto", *CharEncoder.KINDS}), None],
        "char_embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "char_hidden_size": [Interval(Integral, 1, None, closed="left")],
        "casing": ["boolean", StrOptions({"auto"})],
        "affixes": ["boolean", StrOptions({"auto", "subwords"})],
        "affix_embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "wide": ["boolean", StrOptions({"auto"})],
        "affix_dropout": [Interval(Real, 0, 1, closed="left")],
        "columns": [StrOptions({"all"}), list, tuple, None],
        "sentence_vector": [StrOptions(set(Pooling.KINDS)), None],
        "context": [Interval(Integral, 0, 1000, closed="both")],
        **SEMI_SUPERVISED_CONSTRAINTS,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }
    del _parameter_constraints["pooling"], _parameter_constraints["mask_padding"]

    @fit_context(prefer_skip_nested_validation=True)
    @resumable
    def fit(
        self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None, X_unlabelled=None
    ) -> Self:
        """Fit the network to tagged sequences.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : list of lists of tags
            One tag for each step, None where it is unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sequence in the loss.
        X_val, y_val : like X and y, default=None
            Validation data; its loss and score are recorded, and the score guides early stopping.
        groups : array-like of shape (n_samples,), default=None
            Groups for a splitter in `validation`.
        X_unlabelled : like X, default=None
            Sequences without tags, beside those that y marks as such.

        Returns
        -------
        LSTMTagger
            The fitted estimator. Ctrl-C and SIGTERM end training and keep what was learned.
        """
        self._declared_tags = None
        return self._fit_semi_supervised(
            X, y, sample_weight, X_val, y_val, groups, X_unlabelled=X_unlabelled
        )

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : list of lists of tags
            One tag for each step.
        classes : array-like of shape (n_tags,), default=None
            All tags that may ever occur; required in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sequence in the loss.

        Returns
        -------
        LSTMTagger
            The fitted estimator.
        """
        if not hasattr(self, "net_"):
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self._declared_tags = classes
        elif classes is not None:
            self._codes.check(classes)
        return self._fit_semi_supervised(X, y, sample_weight, partial=True)

    # ------------------------------------------------------------ input and targets

    def _new_encoder(self):
        encoder = WordEncoder(
            self.vocabulary_size,
            self.fine_tune_embeddings,
            self.precision,
            self.standardize,
            reads_words=self._reads_words(),
            reads_features="subwords" if self.affixes == "subwords" else self.affixes or self.wide,
            reads_columns=self.columns,
            context=self.context,
        )
        return self._pretrained(encoder)

    def _reads_words(self):
        """Whether what a step is described by needs strings: True, "auto" or False."""
        readers = [self.char_encoder, self.casing, self.affixes, self.wide]
        readers = [reader for reader in readers if reader]
        return "auto" if readers and set(readers) == {"auto"} else bool(readers)

    def _choose(self, name, choice=True):
        """Return a parameter of the network, where "auto" takes the choice if X has strings."""
        value = getattr(self, name)
        if value != "auto":
            return value
        return choice if self._encoder.speller is not None else None

    def _check_targets(self, y):
        return check_partial_tags(y, None)

    def _learn_targets(self, y, y_val):
        train_scheme = self.train_scheme
        if train_scheme == "auto" and isinstance(self.class_weight, dict):  # of tags in y
            train_scheme = None
        self._codes = TagCodes(self.scheme, train_scheme, y, self._declared_tags, y_val)
        self._n_outputs = len(self._codes.tags)
        self._temperature = 1.0

    def _encode_targets(self, y, weights, *, purpose):
        return self._codes.encode(y)

    def _attach_targets(self, data, targets, *, purpose):
        lengths = np.array(list(map(len, targets)))
        own = data.target_lengths
        if (unequal := np.flatnonzero(lengths != own)).size:
            row = unequal[0]
            raise ValueError(
                f"Sequence {row} has {own[row]} steps but {lengths[row]} tags. Every step needs a "
                "tag: of texts, Tokenizer.transform shows the tokens, and an entity_tagger takes "
                "spans of characters, too. If a SequencePadder truncates sequences, leave it out, "
                "since LSTMTagger pads its own batches."
            )
        data.step_targets = np.concatenate(targets)
        self._average(data, lengths, purpose)
        if purpose != "use":
            self._tag_weights = self._codes.weigh(self.class_weight, targets, purpose)
        if self._tag_weights is not None:
            means = torch.tensor(self._codes.mean_weights(self._tag_weights, targets))
            data.importance = data.importance * means
            if self.crf:
                data.weights = data.weights * means

    def _criterion(self):
        return nn.CrossEntropyLoss, None  # the network has its own, see TaggerNet.losses

    def _output_options(self):
        allowed = None
        if self.scheme_ is not None and self.crf:
            allowed = allowed_transitions(self._codes.tags, self._codes.train_scheme)
        return {
            "n_outputs": self._n_outputs,
            "crf": self.crf,
            "allowed": allowed,
            "class_weight": self._tag_weights,
            "choices": self._codes.partial.choices,
            "char_encoder": self._choose("char_encoder", "cnn"),
            "char_embedding_dim": self.char_embedding_dim,
            "char_hidden_size": self.char_hidden_size,
            "n_casings": len(CASINGS) if self._choose("casing") else 0,
            "affix_embedding_dim": self.affix_embedding_dim if self._choose("affixes") else 0,
            "wide": bool(self._choose("wide")),
            "affix_dropout": self.affix_dropout,
            "column_embedding_dim": self.affix_embedding_dim,
            "sentence_vector": self.sentence_vector,
        }

    # ------------------------------------------------------------ validation

    @property
    def _monitored(self):
        return super()._monitored if self.scoring is not None else self._score_name

    @property
    def _score_name(self):
        return "valid_acc" if self.scheme_ is None else "valid_f1"

    def _scores(self, valid):
        # with all neighbours, of which X lacks those that the network learns from
        scores = {self._score_name: lambda: self.score(valid.sequences, valid.targets)}
        return scores if self.scoring is None else {**scores, **super()._scores(valid)}

    def _name(self, codes, lengths):
        """Turn codes into tags, in the scheme of y and without the padding."""
        rows = zip(codes.tolist(), lengths.tolist(), strict=True)
        return [self._codes.decode(row[:length]) for row, length in rows]

    def score(self, X, y, sample_weight=None) -> float:
        """Compute the strict entity F1 of predictions, or the accuracy of plain tags.

        Where tags are unknown, the F1 is that of the sentences of which all tags are known, and the
        accuracy that of the known tags.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : list of lists of tags
            The true tags, None where they are unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sequence.

        Returns
        -------
        float
            Between 0 and 1.
        """
        tags = self._check_targets(y), self.predict(X)
        return score_known(*tags, sample_weight, self.scheme_)

    # ------------------------------------------------------------ predicting

    def _emissions(self, X):
        """Return the rows, the mean emissions of all networks, and the lengths of each batch."""
        batches, nets = self._batches(self._read_new_sequences(X)), self._nets

        def emit(batch):
            emissions = [net.outputs(batch) for net in nets]
            emissions = torch.stack(emissions).mean(dim=0)  # (N, T, K)
            return emissions, batch.target_lengths.to(emissions.device)

        return ((rows, *emit(batch)) for rows, batch in batches)

    def _collect(self, X, decode):
        """Decode the mean emissions of each sequence, in the order of X."""
        batches = self._emissions(X)
        crf, temperature = tempered(self._crf, self._temperature), self._temperature
        return in_row_order(
            (rows, decode(crf, emissions / temperature, lengths))
            for rows, emissions, lengths in batches
        )

    def predict(self, X) -> np.ndarray:
        """Predict the best tags of each sequence.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.

        Returns
        -------
        ndarray of shape (n_samples,) of lists
            One tag for each step, in the scheme of ``y``.
        """
        return to_object_array(self._collect(X, self._best_tags))

    def _best_tags(self, crf, emissions, lengths):
        return self._name(crf.viterbi(emissions, lengths)[0], lengths)

    def predict_marginals(self, X) -> np.ndarray:
        """Compute the probability of each tag at each step.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.

        Returns
        -------
        ndarray of shape (n_samples,) of ndarrays, each of shape (n_steps, n_tags)
            In the order of `classes_`.
        """
        return to_object_array(self._collect(X, self._marginals))

    def _marginals(self, crf, emissions, lengths):
        marginals = crf.marginals(emissions, lengths).cpu().numpy()
        return [row[:length] for row, length in zip(marginals, lengths.tolist(), strict=True)]

    def predict_n_best(self, X, n: int = 5) -> list[list[tuple[list, float]]]:
        """Predict the `n` most probable tag sequences.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        n : int, default=5
            Number of tag sequences.

        Returns
        -------
        list of lists of tuple (list of tags, float)
            For each sequence its tags, in the scheme of ``y``, with their log-probabilities, best
            first; fewer than `n` where there are fewer. Without a CRF, paths that break the scheme
            count too, and several of them may mean the same tags.
        """
        n = check_count(n, "n")
        return self._collect(X, partial(self._n_best, n))

    def _n_best(self, n, crf, emissions, lengths):
        n_paths = len(self._codes.tags) ** min(emissions.shape[1], 30)  # or too many to store
        n = min(n, n_paths)
        check_memory(2 * n * emissions.numel(), "Lower n or batch_size.")  # scores, backpointers
        paths, log_probabilities = crf.n_best(emissions, lengths, n)
        rows = []
        for length, row_paths, row_logs in zip(lengths, paths, log_probabilities, strict=True):
            found = row_logs.isfinite()
            tags = self._name(row_paths[found], length.repeat(int(found.sum())))
            rows.append(list(zip(tags, row_logs[found].tolist(), strict=True)))
        return rows

    def predict_entities(self, X, min_probability: float | None = None) -> list[list[Entity]]:
        r"""Predict the entities of each sequence.

        Parameters
        ----------
        X : token lists or Sequences
            One sequence for each sample. With ``char_spans`` of a `Tokenizer`, entities also have
            their positions in the text.
        min_probability : float, default=None
            Leave out entities of a smaller confidence. `sklstm.metrics.conformal_threshold` finds
            it for a wanted precision or recall. None leaves out none.

        Returns
        -------
        list of lists of Entity
            The entities of each sequence from left to right. An entity's confidence is the
            probability of exactly this start, end and type, whatever the other tags and the scheme:
            :math:`\sum_{y \ni s} P(y \mid x)`, over all paths :math:`y` with this span :math:`s`.

        Raises
        ------
        ValueError
            If the tags mark no spans, or `min_probability` is not between 0 and 1.
        """
        check_is_fitted(self)
        if min_probability is not None:
            min_probability = check_probability(min_probability, "min_probability")
        if self.scheme_ is None:
            raise ValueError(
                "predict_entities needs tags that mark spans, such as 'B-PER', but the tagger "
                "was fitted on plain tags: use predict."
            )
        inputs = strings_of(self._encoder.read(X, self), "predict_entities")
        found = make_entities(inputs, self._collect(inputs, self._spans))
        if min_probability is None:
            return found
        return [[one for one in row if one.confidence >= min_probability] for row in found]

    def _spans(self, crf, emissions, lengths):
        """Return the spans of each sequence with their probabilities."""
        paths, _ = crf.viterbi(emissions, lengths)
        names = self._name(paths, lengths)
        spans = [tags_to_spans(tags, self.scheme_) for tags in names]
        probabilities = span_probabilities(crf, emissions, lengths, spans, self._codes.tags)
        return [list(zip(*row, strict=True)) for row in zip(spans, probabilities, strict=True)]

    def calibrate(self, X, y) -> Self:
        r"""Fit the temperature of all probabilities to data that the fit has not seen.

        Networks are too sure of what they predict. All scores are divided by the temperature
        :math:`T` [1]_, which changes no prediction, only the probabilities:

        .. math:: P_T(y \mid x) \propto \exp\left( s(y) / T \right)

        It has the smallest log loss of whether predicted entities are correct, or, with plain tags,
        predicted tags. This is what `sklearn.calibration.CalibratedClassifierCV` does with a
        `sklearn.frozen.FrozenEstimator` and ``method="temperature"``. A new ``fit`` sets the
        temperature back to 1.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, neither of the training nor of the test data.
        y : list of lists of tags
            The true tags.

        Returns
        -------
        LSTMTagger
            The tagger itself, with another `temperature_`.

        Raises
        ------
        ValueError
            If nothing is predicted in X, or if a sequence and its tags differ in length.

        References
        ----------
        .. [1] Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks,
           ICML. https://doi.org/10.48550/arXiv.1706.04599

        Examples
        --------
        >>> from sklstm import LSTMTagger
        >>> X, y = [["Ada", "met", "Alan"], ["met"]] * 8, [["B-PER", "O", "B-PER"], ["O"]] * 8
        >>> tagger = LSTMTagger(hidden_size=4, max_epochs=5, random_state=0).fit(X, y)
        >>> tagger.calibrate(X[:4], y[:4]).temperature_ < 1  # was not trained long enough
        True
        """
        check_is_fitted(self)
        y = check_tags(y, self.scheme_)
        batches = list(self._emissions(X))
        check_same_length(X=[row for rows, *_ in batches for row in rows], y=y)
        predictions = Predictions(self._codes, self._crf, batches, y)
        self._temperature = fit_temperature(predictions.probabilities, predictions.correct)
        return self

    @property
    def temperature_(self) -> float:
        """The temperature of all probabilities: 1 before ``calibrate``."""
        check_is_fitted(self)
        return self._temperature

    @property
    def _crf(self):
        """The mean CRF of all networks."""
        return mean_crf([net.module_.crf for net in self._nets])

    @property
    def transitions_(self) -> dict[str, dict[str, float]]:
        """Transition scores between neighbouring tags."""
        check_is_fitted(self)
        start, between, end = self._crf.weights()
        tags = self._codes.tags
        before, after = (_unlike(name, tags) for name in ("<start>", "<end>"))
        table = {before: dict(zip(tags, start.tolist(), strict=True))}
        for tag, row, last in zip(tags, between.tolist(), end.tolist(), strict=True):
            table[tag] = {**dict(zip(tags, row, strict=True)), after: last}
        return table

    @property
    def classes_(self) -> np.ndarray:
        """The tags that the network distinguishes."""
        return np.array(self._codes.tags)

    @property
    def scheme_(self) -> t.Scheme | None:
        """The scheme of y."""
        return self._codes.scheme

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = False
        if self._reads_words() is True:
            tags.input_tags.two_d_array = tags.input_tags.three_d_array = False
        return tags


def _unlike(name, tags):
    """Put a name into brackets until no tag has it."""
    while name in tags:
        name = f"<{name}>"
    return name
