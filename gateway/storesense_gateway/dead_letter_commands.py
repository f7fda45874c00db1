"""``storesense gateway dead-letters list|show|replay``."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from storesense_contracts.number_arguments import number, whole_number

if TYPE_CHECKING:
    from storesense_gateway.replay import KeptLetter
    from storesense_gateway.replay_store import ReplayStore

_SHOWN_HEX_BYTES = 512

_dead_letter_id = whole_number(1, 2**63 - 1)
_shift_s = number(-4e9, 4e9, "seconds")


def add_dead_letters(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", conninfo: Callable[[argparse.Namespace], str]
) -> None:
    """Add the ``dead-letters`` commands; ``conninfo`` tells the database from the arguments."""
    parser = actions.add_parser("dead-letters", help="what could not be stored: list it, show it, store it after a fix")
    kinds = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    listing = kinds.add_parser(
        "list",
        help="list what could not be stored, the newest first",
        epilog="Example:\n  storesense gateway dead-letters list --stage future --device camera-1",
    )
    listing.add_argument("--stage", metavar="NAME", help="only those of this stage, such as future or reading")
    listing.add_argument("--store", metavar="ID", help="only those of this store")
    listing.add_argument("--device", metavar="ID", help="only those of this device")
    listing.add_argument("--from", dest="from_at", type=_instant, metavar="TIME", help="received at or after")
    listing.add_argument("--to", dest="to_at", type=_instant, metavar="TIME", help="received before")
    listing.add_argument("--all", action="store_true", help="also those that were replayed")
    listing.add_argument(
        "--limit",
        type=whole_number(1, 100_000),
        default=100,
        metavar="N",
        help="how many at most (default: %(default)s)",
    )
    show = kinds.add_parser(
        "show",
        help="show one, with its payload as text or hex",
        epilog="Example:\n  storesense gateway dead-letters show 17",
    )
    show.add_argument("dead_letter_id", type=_dead_letter_id, metavar="ID", help="its number in the list")
    replay = kinds.add_parser(
        "replay",
        help="store them after a fix, each once; exit code 1 if one is refused",
        description=_REPLAY_TEXT,
        epilog="Example:\n  storesense gateway dead-letters replay 17 18 --shift-s -3600",
    )
    replay.add_argument(
        "dead_letter_id", type=_dead_letter_id, nargs="+", metavar="ID", help="their numbers in the list"
    )
    replay.add_argument(
        "--shift-s",
        type=_shift_s,
        default=0.0,
        metavar="S",
        help="seconds to add to each instant, if the device's clock was wrong",
    )
    for each, handler in ((listing, _list), (show, _show), (replay, _replay)):
        each.add_argument(
            "--database", metavar="URL", help="the database; default: STORESENSE_DATABASE_URL from the environment"
        )
        each.add_argument("--json", action="store_true", help="print the result as one JSON object")
        each.set_defaults(handler=_with_store(handler, conninfo))


_REPLAY_TEXT = (
    "A dead letter goes through the same decoding and tables as its message did; a second replay does nothing."
)


def _with_store(
    handler: "Callable[[ReplayStore, argparse.Namespace], int]", conninfo: Callable[[argparse.Namespace], str]
) -> Callable[[argparse.Namespace], int]:
    def handle(args: argparse.Namespace) -> int:
        from storesense_contracts.settings import load_settings  # noqa: PLC0415
        from storesense_gateway.replay_store import ReplayStore  # noqa: PLC0415
        from storesense_gateway.settings import GatewaySettings  # noqa: PLC0415

        store = ReplayStore(conninfo(args), partition_no=load_settings(GatewaySettings).partition_no)
        try:
            return handler(store, args)
        finally:
            store.close()

    return handle


def _list(store: "ReplayStore", args: argparse.Namespace) -> int:
    found = store.letters(
        limit=args.limit,
        stage=args.stage,
        store_id=args.store,
        device_id=args.device,
        from_at=args.from_at,
        to_at=args.to_at,
        replayed=None if args.all else False,
    )
    if args.json:
        _say(json.dumps({"dead_letters": [_told(each) for each in found]}))
        return 0
    for each in found:
        whose = f"{each.store_id or '?'}/{each.device_id or '?'}"
        where = f"seq {each.seq}" + ("" if each.idx is None else f"[{each.idx}]")
        _say(f"{each.dead_letter_id}  {each.received_at.isoformat()}  {each.stage}  {whose}  {where}  {each.reason}")
    return 0


def _show(store: "ReplayStore", args: argparse.Namespace) -> int:
    letter = store.letter(args.dead_letter_id)
    if letter is None:
        sys.stderr.write(f"there is no dead letter {args.dead_letter_id}\n")
        return 1
    told = _told(letter) | payload_as_text(letter.payload)
    if args.json:
        _say(json.dumps(told))
        return 0
    for name, value in told.items():
        _say(f"{name}: {value}")
    return 0


def _replay(store: "ReplayStore", args: argparse.Namespace) -> int:
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_contracts.settings import load_settings  # noqa: PLC0415
    from storesense_gateway.replay_store import ReplayStatus  # noqa: PLC0415
    from storesense_gateway.settings import GatewaySettings  # noqa: PLC0415

    limits = load_settings(GatewaySettings).limits()
    now = SystemClock().now()
    shift_ms = round(args.shift_s * 1_000)
    replays = [store.replay(each, limits, now=now, shift_ms=shift_ms) for each in args.dead_letter_id]
    for each in replays:
        sys.stderr.write(f"{each.dead_letter_id}: {each.status}, {each.reason}\n")
    if args.json:
        _say(json.dumps({"replays": [asdict(each) for each in replays]}))
    return int(any(each.status is ReplayStatus.REFUSED for each in replays))


def payload_as_text(payload: bytes) -> dict[str, str]:
    """Return a payload as text if it is any, else the beginning of it in hex."""
    try:
        return {"payload_text": payload.decode()}
    except UnicodeDecodeError:
        return {"payload_hex": payload[:_SHOWN_HEX_BYTES].hex(" ")}


def _told(letter: "KeptLetter") -> dict[str, Any]:
    fields = asdict(letter)
    del fields["payload"]
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant with an offset, such as 2026-11-20T12:00:00Z")
    return at


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
