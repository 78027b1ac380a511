"""What an operator runs: each module is a command, `python -m ops.<name> --help`."""
