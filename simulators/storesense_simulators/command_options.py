"""Options that many commands take, each explained in one place."""

import argparse

from storesense_contracts.number_arguments import seed


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``, for whoever reads the result with a program."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")


def add_seed(parser: argparse.ArgumentParser, default: int, means: str) -> None:
    """Add ``--seed``, the root of all chance.

    Args:
        parser: of the command.
        default: the seed of whoever names none.
        means: what another seed changes, or the same one keeps.
    """
    parser.add_argument("--seed", type=seed, default=default, metavar="N", help=f"{means} (default %(default)s)")
