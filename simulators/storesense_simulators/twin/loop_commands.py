"""``storesense sim loop``: what following the alert engine's advice is worth, on days that differ in nothing else."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from storesense_contracts.number_arguments import whole_number
from storesense_simulators.command_options import add_json
from storesense_simulators.twin.run_commands import STORE_HELP, add_day_arguments, amount, began_at
from storesense_simulators.twin.run_progress import RunProgress

if TYPE_CHECKING:
    import argparse

    from storesense_simulators.twin.loop import LivedDay, LoopOptions

_MOST_SEEDS = 1_000
_MS_PER_H = 3_600_000

_seeds = whole_number(1, _MOST_SEEDS, "days")


def add_loop_command(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``sim loop``."""
    loop = actions.add_parser(
        "loop",
        help="the same day with and without following the alert engine's advice",
        description="Lives the same seeded day twice: with staff who open lanes and refill shelves when the alert "
        "engine says so, by the store's own rules and from readings with all their flaws, and with staff who only "
        "keep to the schedule and to what they see. The same people come and want the same.",
        epilog="Example:\n  storesense sim loop --store supermarket --busier 1.4 --seeds 3 --out waits.png",
    )
    loop.add_argument("--store", required=True, metavar="NAME|FILE", help=STORE_HELP)
    add_day_arguments(loop)
    loop.add_argument("--seeds", type=_seeds, default=1, metavar="N", help="days, from --seed on (default %(default)s)")
    loop.add_argument("--hours", type=amount, default=10.0, metavar="H", help="length of a day (default %(default)g)")
    loop.add_argument(
        "--busier",
        type=amount,
        default=1.0,
        metavar="F",
        help="so many times the people that the schedule of lanes and shifts was made for (default %(default)g)",
    )
    loop.add_argument(
        "--taken-after", type=amount, default=20.0, metavar="S", help="from alert to action (default %(default)g s)"
    )
    loop.add_argument("--out", type=Path, metavar="FILE", help="a chart of the waits over the first day, a .png file")
    add_json(loop)
    loop.set_defaults(handler=run_loop)


def run_loop(args: argparse.Namespace) -> int:
    """Live the days and print how they compare."""
    from storesense_simulators.twin.load_shop import load_shop  # noqa: PLC0415
    from storesense_simulators.twin.loop import LoopOptions, benefits, busier, live_a_day  # noqa: PLC0415

    shop = busier(load_shop(args.store), args.busier)
    options = LoopOptions(
        began_at=began_at(shop, args.begin),
        lasts_ms=round(args.hours * _MS_PER_H),
        taken_after_s=args.taken_after,
    )
    days: list[tuple[LivedDay, LivedDay]] = []
    for seed in range(args.seed, args.seed + args.seeds):
        lived = []
        for follows_advice in (True, False):
            name = f"seed {seed}, {'with' if follows_advice else 'without'} advice"
            with RunProgress(name, lasts_ms=options.lasts_ms) as tell:
                lived.append(live_a_day(shop, options, seed=seed, follows_advice=follows_advice, progress=tell))
        days.append((lived[0], lived[1]))
    if args.out is not None:
        _draw(args.out, shop.layout.name, days[0], options)
    found = benefits([(advised.figures, plain.figures) for advised, plain in days])
    first = {"with": days[0][0], "without": days[0][1]}
    result = {
        "store_id": shop.store_id,
        "hours": args.hours,
        "busier": args.busier,
        **{name: dataclasses.asdict(day.figures) | {"alerts": day.alerts} for name, day in first.items()},
        "visitors": days[0][0].figures.visitors,
        "seeds": [
            {"seed": args.seed + place, **{n: dataclasses.asdict(d.figures) for n, d in zip(first, pair, strict=True)}}
            for place, pair in enumerate(days)
        ],
        "benefit": {name: dataclasses.asdict(benefit) for name, benefit in found.items()},
    }
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
        return 0
    for name, benefit in found.items():
        told = "" if benefit.low is None else f"  ({benefit.low:g} to {benefit.high:g})"
        sys.stdout.write(f"{name:>16}  {benefit.mean:+g}{told}\n")
    return 0


def _draw(path: Path, name: str, day: tuple[LivedDay, LivedDay], options: LoopOptions) -> None:
    from storesense_simulators.twin.loop_chart import draw_waits  # noqa: PLC0415
    from storesense_simulators.twin.render_plan import write_png  # noqa: PLC0415

    curves = [("following the alerts' advice", day[0].waits), ("by the schedule alone", day[1].waits)]
    title = f"{name}: mean wait in ten minutes"
    write_png(path, draw_waits(curves, began_at=options.began_at, lasts_ms=options.lasts_ms, title=title))
