"""The subcommands of storesense_backend."""

import argparse


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands of this package to the ``storesense`` command."""
