"""The table that ``summary`` prints."""

from sklstm.nn.networks import count_parameters


def summarise(network, n_frozen, width):
    """List the layers of a network, their output shapes and their numbers of parameters.

    Parameters
    ----------
    network : SequenceNet
        The network.
    n_frozen : int
        Numbers in word vectors that it gets and does not train.
    width : int
        Features of these vectors.

    Returns
    -------
    list of str
        The lines of the table.
    """
    rows = network.layer_table()
    if n_frozen:
        rows.insert(0, ("Embedding (frozen)", f"(N, T, {width})", n_frozen))
    space = max(len(name) for name, _, _ in rows) + 2
    rule = "-" * (space + 28)
    trained = count_parameters(network, trainable=True)
    total = count_parameters(network) + n_frozen
    return [
        f"{'Layer':<{space}}{'Output shape':<16}{'Parameters':>12}",
        rule,
        *(f"{name:<{space}}{shape:<16}{count:>12,}" for name, shape, count in rows),
        rule,
        f"Total parameters: {total:,}",
        f"Trainable parameters: {trained:,}",
        f"Non-trainable parameters: {total - trained:,}",
    ]
