"""The command line ``sklstm``: train, evaluate and use models without writing Python."""
