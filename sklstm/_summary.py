"""The table that ``summary`` prints."""

from sklstm.nn.networks import count_parameters


def summarise(network, n_frozen, width):
    """Return the lines of a table of layers, their output shapes and numbers of parameters.

    `n_frozen` numbers in vectors of `width` features are known to the estimator alone.
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
