"""The options of ``storesense chaos``; what it runs is imported when it runs."""

import argparse
from pathlib import Path

from storesense_contracts.number_arguments import whole_number
from storesense_simulators.command_options import add_json, add_seed

_count = whole_number(0, 100_000, "kills")


def add_chaos_command(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``storesense chaos``."""
    chaos = subparsers.add_parser(
        "chaos",
        help="kill every part, cut every wire, then count every message",
        description="Runs edge agents, broker, gateways and database as real processes, ends them with kill -9 at "
        "seeded moments, breaks connections, fills disks and sets clocks wrong, and audits every message afterwards. "
        "Exit code 0: nothing lost, nothing twice.",
        epilog="Examples:\n  storesense chaos --kills 30 --seed 1\n  storesense chaos --alerts --kills 20",
    )
    chaos.add_argument(
        "--kills", type=_count, default=30, metavar="N", help="how many times a part is killed (default %(default)s)"
    )
    chaos.add_argument(
        "--alerts",
        action="store_true",
        help="kill alert engines and delivery workers instead, and count what a webhook receives",
    )
    add_seed(chaos, 1, "the same plan again")
    add_json(chaos)
    chaos.add_argument("--keep", type=Path, metavar="DIR", help="keep everything there and the database running")
    chaos.add_argument("--database", metavar="URL", help="a database of yours; it is not killed, its wires are cut")
    chaos.add_argument(
        "--broker",
        choices=("embedded", "mosquitto"),
        default="embedded",
        help="mosquitto takes the installed one, with access control (default %(default)s)",
    )
    chaos.add_argument("--quiet", action="store_true", help="show no progress")
    chaos.set_defaults(handler=_chaos)


def _chaos(args: argparse.Namespace) -> int:
    if args.alerts:
        from storesense_simulators.chaos.alerts import run_alert_chaos  # noqa: PLC0415

        return run_alert_chaos(args)
    from storesense_simulators.chaos.command import run_chaos  # noqa: PLC0415

    return run_chaos(args)
