"""The options of ``storesense fuzz``; what it runs is imported when it runs."""

import argparse
from pathlib import Path

from storesense_contracts.number_arguments import whole_number
from storesense_simulators.command_options import add_json, add_seed

_count = whole_number(0, 1_000_000_000)


def add_fuzz_command(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``storesense fuzz``."""
    fuzz = subparsers.add_parser(
        "fuzz",
        help="throw what no device would send at decoder, ledger, gateway and database, and account for all of it",
        description="Makes payloads as wrong as they come (mutated messages, wild JSON, bytes, oversized packets, "
        "strange topics, replays, bombs) and puts them through the decoder and the ledger's arithmetic in this "
        "process, and a share of them through a real broker, gateway and database. Exit code 0: no crash, no row that "
        "should not be, every acknowledged number in a row or a dead letter, memory bounded.",
        epilog="Example:\n  storesense fuzz --payloads 100000 --seed 1",
    )
    fuzz.add_argument(
        "--payloads",
        type=_count,
        default=100_000,
        metavar="N",
        help="how many go through decoder and ledger in this process (default %(default)s)",
    )
    add_seed(fuzz, 1, "the same payloads again")
    fuzz.add_argument(
        "--through",
        type=_count,
        metavar="N",
        help="payloads that go through broker, gateway and database; 0 for none (default: 1 in 50, at most 20000)",
    )
    fuzz.add_argument(
        "--replays",
        type=_count,
        default=0,
        metavar="N",
        help="how often the first thousand of those go the same way again (default %(default)s)",
    )
    fuzz.add_argument(
        "--coverage-guided",
        dest="guided_s",
        type=_count,
        default=0,
        metavar="SECONDS",
        help="then fuzz the decoder guided by coverage, so long; needs atheris: pip install atheris",
    )
    fuzz.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="begin with the messages in STREAM.json files there; default: one of every kind, built in",
    )
    fuzz.add_argument("--database", metavar="URL", help="a server to use, where a database is made and dropped")
    add_json(fuzz)
    fuzz.add_argument("--quiet", action="store_true", help="show no progress")
    fuzz.set_defaults(handler=_fuzz)


def _fuzz(args: argparse.Namespace) -> int:
    from storesense_simulators.fuzz.command import run_fuzz  # noqa: PLC0415

    return run_fuzz(args)
