"""``storesense sim run`` and ``storesense sim picture``: arguments and what they do.

The twin itself is imported where it is needed, so that no other command waits for NumPy and OpenCV.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from storesense_contracts.number_arguments import number
from storesense_simulators.command_options import add_seed
from storesense_simulators.twin.run_progress import RunProgress

if TYPE_CHECKING:
    from storesense_simulators.twin.shop import FaultSpec, Shop

_FIRST_DAY = (2026, 3, 2)
"""A Monday, so that a run without a date is the same run whenever it is started."""
_MS_PER_H = 3_600_000
_MS_PER_MIN = 60_000


STORE_HELP = "a shipped store's name, or a store file"

amount = number(0, 10_000, is_above=True)
"""Reads a length, a rate or a span that is not 0."""

_length = number(0, 10_000)
_share = number(0, 1, is_below=True)


def add_day_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says when a store is run and with which chance."""
    add_seed(parser, 4, "same seed, same day")
    parser.add_argument(
        "--begin",
        type=_instant,
        metavar="WHEN",
        help="local date and time of the store, as 2026-03-02T09:00 (default: when it opens on its first open day from "
        "Monday, 2 March 2026)",
    )


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says how deep a run goes and where it is written."""
    parser.add_argument("--hours", type=amount, default=1.0, metavar="H", help="how long (default %(default)s)")
    parser.add_argument(
        "--depth",
        choices=("readings", "detections", "pictures"),
        default="readings",
        help="readings as devices publish them; also each camera's boxes; also videos and raw counts of load cells "
        "(default %(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the folder that is written; same files, written over"
    )
    parser.add_argument(
        "--camera", action="append", metavar="ID", help="record only this camera at the deeper depths; repeatable"
    )
    parser.add_argument(
        "--fps", type=amount, default=10.0, metavar="N", help="pictures a second of every camera (default %(default)s)"
    )
    parser.add_argument(
        "--missed",
        type=_share,
        default=0.15,
        metavar="SHARE",
        help="of the people in full view, those that the detector misses (default %(default)s)",
    )
    parser.add_argument(
        "--false",
        dest="false_share",
        type=_share,
        default=0.03,
        metavar="SHARE",
        help="of the boxes, those with nobody in them (default %(default)s)",
    )
    parser.add_argument(
        "--fault",
        action="append",
        type=_fault,
        default=[],
        metavar="KIND:TARGET:AFTER_S:LASTS_S[:AMOUNT]",
        help="something that goes wrong, beside what the store file says; repeatable",
    )


def add_picture_command(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``sim picture``."""
    picture = actions.add_parser(
        "picture",
        help="a picture (PNG) of a run with its truth drawn over the floor plan",
        description="Runs a store and draws its floor plan: shelves, queues and cameras, everybody's way in the colour "
        "of their party (staff dashed in black), crossings, queues, and where people stayed.",
        epilog="Example:\n"
        "  storesense sim picture --store convenience --begin 2026-03-02T17:00 --after 10 --minutes 2 --out shop.png",
    )
    picture.add_argument("--store", required=True, metavar="NAME|FILE", help=STORE_HELP)
    add_day_arguments(picture)
    picture.add_argument("--minutes", type=amount, default=1.0, metavar="M", help="drawn (default %(default)s)")
    picture.add_argument(
        "--after", type=_length, default=30.0, metavar="M", help="minutes that pass before (default %(default)s)"
    )
    picture.add_argument("--out", type=Path, required=True, metavar="FILE", help="the picture, a .png file")
    picture.add_argument("--json", action="store_true", help="print what is drawn as one JSON object, last line")
    picture.set_defaults(handler=run_picture)


def run_to_folder(args: argparse.Namespace) -> int:
    """Run a store into a folder and print what came of it."""
    import dataclasses  # noqa: PLC0415

    from storesense_simulators.twin.eye_flaws import DetectionFlaws  # noqa: PLC0415
    from storesense_simulators.twin.load_shop import load_shop  # noqa: PLC0415
    from storesense_simulators.twin.run_store import Depth, RunOptions, run_store  # noqa: PLC0415

    shop = load_shop(args.store)
    known = [camera.device_id for camera in shop.cameras]
    for camera_id in args.camera or []:
        if camera_id not in known:
            raise _usage(f"the store has no camera {camera_id!r}; it has {', '.join(known) or 'none'}")
    lasts_ms = round(args.hours * _MS_PER_H)
    options = RunOptions(
        seed=args.seed,
        began_at=began_at(shop, args.begin),
        lasts_ms=lasts_ms,
        depth=Depth(args.depth),
        out=args.out,
        frames_per_s=args.fps,
        flaws=DetectionFlaws(missed_share=args.missed, false_share=args.false_share),
        cameras=None if args.camera is None else tuple(args.camera),
        faults=tuple(args.fault),
    )
    with RunProgress(f"{shop.store_id}, {args.depth}", lasts_ms=lasts_ms) as tell:
        report = run_store(shop, options, tell)
    result = dataclasses.asdict(report)
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        speed = lasts_ms / 1000 / max(report.wall_s, 1e-3)
        sys.stdout.write(
            f"{report.visitors} visitors, {report.truth_events} true events, {report.readings} readings in "
            f"{report.wall_s:.1f} s ({speed:.0f} times real time); truth {report.truth_sha256}\n"
        )
    return 0


def run_picture(args: argparse.Namespace) -> int:
    """Run a store and draw a stretch of it."""
    from storesense_simulators.twin.load_shop import load_shop  # noqa: PLC0415
    from storesense_simulators.twin.render_plan import draw_run, write_png  # noqa: PLC0415

    shop = load_shop(args.store)
    after_ms, lasts_ms = round(args.after * _MS_PER_MIN), round(args.minutes * _MS_PER_MIN)
    with RunProgress(shop.store_id, lasts_ms=after_ms + lasts_ms) as tell:
        drawn = draw_run(
            shop,
            seed=args.seed,
            began_at=began_at(shop, args.begin),
            after_ms=after_ms,
            lasts_ms=lasts_ms,
            progress=tell,
        )
    write_png(args.out, drawn.picture_bgr)
    if args.json:
        result = {"file": str(args.out), "people": drawn.people, "staff": drawn.staff, **drawn.counts}
        sys.stdout.write(json.dumps(result) + "\n")
    return 0


def first_opening(shop: Shop) -> datetime:
    """Return when a store opens on its first open day from Monday, 2 March 2026; midnight if it never opens."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    midnight = datetime(*_FIRST_DAY, tzinfo=ZoneInfo(shop.hours.time_zone))
    for days in range(7):
        spans = shop.hours.spans[(midnight + timedelta(days=days)).weekday()]
        if spans:
            return midnight + timedelta(days=days, minutes=spans[0].opens_min)
    return midnight


def began_at(shop: Shop, begin: datetime | None) -> datetime:
    """Return the instant that ``--begin`` says, in the store's own time zone unless it names one."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    if begin is None:
        return first_opening(shop)
    return begin if begin.tzinfo is not None else begin.replace(tzinfo=ZoneInfo(shop.hours.time_zone))


def _usage(message: str) -> Exception:
    from storesense_simulators.twin.run_errors import RunUsageError  # noqa: PLC0415

    return RunUsageError(message)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant: give it as 2026-03-02T09:00") from exc
    return instant.replace(microsecond=0)


def _fault(text: str) -> FaultSpec:
    from storesense_simulators.twin.faults import parse_fault  # noqa: PLC0415

    try:
        return parse_fault(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
