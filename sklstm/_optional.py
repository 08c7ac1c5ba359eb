"""Imports of packages that only an extra installs."""

from importlib import import_module


def import_optional(module, extra):
    """Import a module, such as ``"matplotlib.pyplot"``, that an extra of this package installs.

    If that fails, ImportError names the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} is needed here and could not be imported ({error}). "
            f'Install it with: pip install "sklstm[{extra}]"'
        ) from error
