"""Imports of packages that only an extra installs."""

from importlib import import_module


def import_optional(module, extra):
    """Import a module that an extra of this package installs.

    Parameters
    ----------
    module : str
        Dotted name of the module, for example ``"matplotlib.pyplot"``.
    extra : str
        Name of the extra that installs it, for example ``"plots"``.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    ImportError
        If the import fails; the message names the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} is needed here and could not be imported ({error}). "
            f'Install it with: pip install "sklstm[{extra}]"'
        ) from error
