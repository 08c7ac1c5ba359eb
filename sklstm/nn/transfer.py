"""Transfer learning: a network that starts from language models."""

import torch


@torch.no_grad()
def start_from(network, models):
    """Give the embedding and the recurrent layers of a network the weights of language models.

    The first model is the forward direction, a second one the backward direction. Each goes on
    reading its own embeddings and its own layer below: the weights of all else start at 0. Its
    outputs are at first those of the language model. A direction without a model stays as drawn.

    Parameters
    ----------
    network : SequenceNet
        As wide as the embeddings of all models together, with layers as theirs.
    models : list of LanguageModelNet
        One or two models, with the same codes.
    """
    start = 0
    for direction, model in enumerate(models):
        table = model.embedding.weight  # (V, F)
        columns = slice(start, start + table.shape[1])
        start = columns.stop
        network.embedding.weight[:, columns].copy_(table)
        for (source,), cells in zip(model.recurrent.layers, network.recurrent.layers, strict=True):
            _copy_cell(source, cells[direction], columns)
            first = direction * source.hidden_size  # the layer above reads (N, T, D * H)
            columns = slice(first, first + source.hidden_size)


def _copy_cell(source, cell, columns):
    """Copy the weights of a cell to another one, which reads the same in some of its columns."""
    for name, weight in source.named_parameters():
        own = cell.get_parameter(name)
        if name == "weight_ih":
            own.zero_()
            own = own[:, columns]
        own.copy_(weight)
