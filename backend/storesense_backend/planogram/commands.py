"""``storesense backend planogram import|export``: the planogram as a CSV file, straight into the database."""

import argparse
import getpass
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storesense_contracts.errors import UsageError

if TYPE_CHECKING:
    from storesense_backend.database import Connection

WithConnection = Callable[["Callable[[Connection], Awaitable[Any]]"], Any]
Say = Callable[[argparse.Namespace, str, dict[str, Any]], int]

_COLUMNS_HELP = (
    "columns slot, sku, product, capacity_units, unit_weight_g and reorder_point_units, and where wanted facings, "
    "unit_weight_tolerance_g, minimum_units and place (2 to 5 for further products on a slot's plate); every slot "
    "of the store once"
)
_MOST_BYTES = 16_777_216


def add_planogram_commands(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]", with_connection: WithConnection, say: Say
) -> None:
    """Add the commands.

    Args:
        group: of ``storesense backend``.
        with_connection: runs work with a connection to the database.
        say: prints what was done, as text or JSON.
    """
    parser = group.add_parser("planogram", help="what shall stand in each slot, as CSV")
    commands = parser.add_subparsers(dest="planogram_command", metavar="COMMAND", required=True)
    reading = commands.add_parser(
        "import",
        help="take a CSV file as the planogram",
        description=f"Takes {_COLUMNS_HELP}.",
        epilog="Example:\n  storesense backend planogram import --store corner-shop planogram.csv",
    )
    reading.add_argument(
        "--from",
        dest="valid_from",
        type=_instant,
        metavar="INSTANT",
        help="from when on it holds, with an offset, such as 2026-12-01T06:00:00+01:00; now if not given",
    )
    writing = commands.add_parser(
        "export",
        help="write the planogram as a CSV file",
        epilog="Example:\n  storesense backend planogram export --store corner-shop planogram.csv",
    )
    writing.add_argument(
        "--at", type=_instant, metavar="INSTANT", help="what held, or will hold, at this instant; now if not given"
    )
    for each, text in ((reading, "the CSV file"), (writing, "the CSV file, overwritten if it is there")):
        each.add_argument("--store", required=True, metavar="ID", help="the store")
        each.add_argument("--json", action="store_true", help="print one JSON object")
        each.add_argument("file", type=Path, metavar="FILE", help=text)
    reading.set_defaults(handler=lambda args: _import(args, with_connection, say))
    writing.set_defaults(handler=lambda args: _export(args, with_connection, say))


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise argparse.ArgumentTypeError("give date, time and offset, such as 2026-12-01T06:00:00+01:00")
    return at


def _import(args: argparse.Namespace, with_connection: WithConnection, say: Say) -> int:
    from storesense_backend.planogram.records import Planogram, add_planogram  # noqa: PLC0415 -- heavy
    from storesense_backend.planogram.table import read_planogram  # noqa: PLC0415
    from storesense_backend.registry import get_store  # noqa: PLC0415
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415

    text = _text_of(args.file)

    async def work(connection: "Connection") -> Planogram:
        store = await get_store(connection, args.store)
        entries = read_planogram(text, [slot["id"] for slot in store["layout"]["slots"]])
        return await add_planogram(
            connection,
            args.store,
            entries,
            valid_from=args.valid_from,
            now=SystemClock().now(),
            entered_by=f"{getpass.getuser()} at a terminal",
            source="import",
        )

    planogram = with_connection(work)
    told = {
        "store_id": args.store,
        "version": planogram.version,
        "valid_from": planogram.valid_from.isoformat(),
        "slots": len(planogram.entries),
    }
    return say(args, "{store_id}: planogram version {version}, {slots} slots, from {valid_from}".format(**told), told)


def _export(args: argparse.Namespace, with_connection: WithConnection, say: Say) -> int:
    from storesense_backend.planogram.records import Planogram, planogram_at  # noqa: PLC0415 -- heavy
    from storesense_backend.planogram.table import write_planogram  # noqa: PLC0415
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415

    async def work(connection: "Connection") -> Planogram:
        return await planogram_at(connection, args.store, args.at or SystemClock().now())

    planogram = with_connection(work)
    try:
        args.file.write_text(write_planogram(planogram.entries), encoding="utf-8", newline="")
    except OSError as exc:
        raise UsageError(f"{args.file} cannot be written: {exc.strerror or exc}; choose another file") from exc
    told = {"store_id": args.store, "version": planogram.version, "slots": len(planogram.entries)}
    return say(args, "{store_id}: planogram version {version}, {slots} slots".format(**told), told)


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is larger than {_MOST_BYTES} bytes; that is no planogram")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror or exc}; check the path") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path} is not UTF-8; save it as CSV UTF-8") from exc
