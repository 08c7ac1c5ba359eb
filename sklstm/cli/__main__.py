"""The script ``sklstm``, also ``python -m sklstm.cli``."""

import csv
import sys

from sklstm._optional import import_optional


def main():
    """Run the command that the arguments name; without the extra, say how to install it."""
    try:
        import_optional("typer", "cli")
    except ImportError as error:
        sys.exit(f"error: {error}")
    from sklstm.cli._app import app

    csv.field_size_limit(2**31 - 1)  # a document may be longer than 131,072 characters
    app(prog_name="sklstm")


if __name__ == "__main__":
    main()
