"""The subcommands of storesense_edge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands of this package to the ``storesense`` command."""
    edge = subparsers.add_parser("edge", help="measure with cameras and shelves, and keep readings until stored")
    verbs = edge.add_subparsers(dest="verb", metavar="VERB", required=True)
    run = verbs.add_parser("run", help="run the devices of a site that are not simulated")
    run.add_argument("--site", type=Path, required=True, metavar="FILE", help="the site file")
    run.add_argument(
        "--state-dir", type=Path, required=True, metavar="DIR", help="folder of the outboxes; made if needed"
    )
    run.add_argument(
        "--for", dest="for_s", type=_positive, metavar="S", help="stop after so many seconds; otherwise run on"
    )
    run.add_argument("--json", action="store_true", help="print what was sent as JSON on the last line")
    run.set_defaults(handler=_run)
    check = verbs.add_parser("check", help="say what a site file describes, or each mistake with its line")
    check.add_argument("--site", type=Path, required=True, metavar="FILE", help="the site file")
    check.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    check.set_defaults(handler=_check)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise ValueError(text)
    return number


def _run(args: argparse.Namespace) -> int:
    from storesense_edge.run_command import run_site  # noqa: PLC0415 -- heavy, and only this verb needs it

    return run_site(args.site, args.state_dir, for_s=args.for_s, prints_json=args.json)


def _check(args: argparse.Namespace) -> int:
    from storesense_edge.check_command import check_site  # noqa: PLC0415 -- heavy, and only this verb needs it

    return check_site(args.site, prints_json=args.json)
