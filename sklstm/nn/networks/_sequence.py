"""The base class of the networks: an embedding, and recurrent layers over its vectors."""

import torch
from torch import nn
from torch.nn import functional as F

from sklstm.nn.cells import CELLS
from sklstm.nn.dropout import Dropout
from sklstm.nn.embedding import Embedding
from sklstm.nn.recurrent import Recurrent
from sklstm.sequences._fields import PADDING, UNKNOWN


class SequenceNet(nn.Module):
    """Base class of the networks: steps are embedded, and recurrent layers run over them.

    Parameters
    ----------
    n_features : int
        Features of a step, or width of its vector.
    hidden_size : int
        Units of each recurrent layer and direction.
    n_codes : int, default=None
        Rows of the trained embedding. Without it, steps are numbers, or codes of vectors in the
        batch.
    n_extra_features : int, default=0
        Features that the subclass adds to each step.
    cell, cell_params, n_layers, bidirectional, bptt_steps, chop
        See `sklstm.nn.recurrent.Recurrent`.
    dropout, recurrent_dropout, locked_dropout
        See `sklstm.nn.recurrent.Recurrent`.
    embedding_dropout : float, default=0.0
        Dropout on the vectors of the steps.
    word_dropout : float, default=0.0
        Probability of replacing a token by the unknown one during training.
    """

    row_arguments = ("lengths",)  # those of `forward_embedded` with a row per sequence

    def __init__(
        self,
        n_features,
        hidden_size,
        *,
        n_codes=None,
        n_extra_features=0,
        cell="lstm",
        cell_params=None,
        n_layers=1,
        bidirectional=False,
        embedding_dropout=0.0,
        word_dropout=0.0,
        dropout=0.0,
        recurrent_dropout=0.0,
        locked_dropout=False,
        bptt_steps=None,
        chop=None,
    ):
        super().__init__()
        self.word_dropout = word_dropout
        # the weights are read again at each step, so a micro-batch of few sequences is slow
        self.min_sequences = max(CELLS[cell].min_sequences, hidden_size // 16)
        self.n_units = n_layers * (1 + bidirectional) * hidden_size
        self.embedding = None if n_codes is None else Embedding(n_codes, n_features)
        self.embedding_dropout = Dropout(embedding_dropout, locked_dropout)
        self.recurrent = Recurrent(
            n_features + n_extra_features,
            hidden_size,
            cell=cell,
            cell_params=cell_params,
            n_layers=n_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            locked_dropout=locked_dropout,
            bptt_steps=bptt_steps,
            chop=chop,
        )

    def embed(self, steps, vectors=None):
        """Look up the vectors of codes; numbers stay as they are.

        Parameters
        ----------
        steps : Tensor of shape (n_sequences, n_steps[, n_features])
            Codes, or numbers, padded on the right.
        vectors : Tensor of shape (n_codes, n_features), default=None
            Vectors of codes that the embedding lacks.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            The vectors of the steps.
        """
        if steps.is_floating_point():
            return steps
        if self.training and self.word_dropout:
            dropped = torch.rand(steps.shape, device=steps.device) < self.word_dropout
            steps = steps.masked_fill(dropped & (steps != PADDING), UNKNOWN)
        if self.embedding is None:
            return F.embedding(steps, vectors)
        return self.embedding(steps, vectors)

    def recurrent_inputs(self, x):
        """Return what the recurrent layers read of embedded steps.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_inputs)
            What `embed_steps` returned.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            Their inputs.
        """
        return x

    def recurrent_outputs(self, x, lengths):
        """Run the recurrent layers over embedded steps.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_inputs)
            What `embed_steps` returned.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_directions * hidden_size)
            The outputs of the top layer; those at padding have no meaning.
        """
        return self.recurrent(self.recurrent_inputs(x), lengths)

    def layer_table(self):
        """Return a table of the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each layer.
        """
        rows = []
        if self.embedding is not None:
            width = self.embedding.weight.shape[1]
            rows.append(layer_row("Embedding", f"(N, T, {width})", self.embedding))
        for cells in self.recurrent.layers:
            name = cells[0].title if len(cells) == 1 else f"Bidirectional {cells[0].title}"
            rows.append(layer_row(name, f"(N, T, {len(cells) * cells[0].hidden_size})", cells))
        return rows


def step_losses(logits, targets, weight=None):
    """Return the cross-entropy of each sequence, summed over its steps.

    Parameters
    ----------
    logits : Tensor of shape (n_sequences, n_steps, n_outputs)
        The logits of each step.
    targets : LongTensor of shape (n_sequences, n_steps)
        The true codes, -1 at padding.
    weight : Tensor of shape (n_outputs,), default=None
        Weights of the codes.

    Returns
    -------
    Tensor of shape (n_sequences,)
        The sums, in nats.
    """
    losses = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), weight, ignore_index=-1, reduction="none"
    )
    return losses.view_as(targets).sum(dim=1)


def layer_row(name, shape, layer):
    """Return the name, output shape and number of parameters of a layer."""
    return name, shape, count_parameters(layer)


def count_parameters(module, trainable=None):
    """Count the parameters of a module.

    Parameters
    ----------
    module : Module
        The module.
    trainable : bool, default=None
        Count only those that are (True), or are not (False), trained.

    Returns
    -------
    int
        The count.
    """
    return sum(
        p.numel() for p in module.parameters() if trainable is None or p.requires_grad == trainable
    )
