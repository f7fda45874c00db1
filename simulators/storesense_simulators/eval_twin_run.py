"""The run behind `storesense eval twin`."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from storesense_simulators.eval_twin import TwinScore
from storesense_simulators.twin.detection_depth import CameraEye, detection_frames
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.eye_flaws import DetectionFlaws
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.run_commands import began_at
from storesense_simulators.twin.run_progress import RunProgress

if TYPE_CHECKING:
    import argparse


def run_eval_twin(args: argparse.Namespace) -> int:
    """Run `storesense eval twin`.

    Raises:
        StoresenseError: the store cannot be used.
    """
    shop = load_shop(args.store)
    until_ms = round(args.hours * 3_600_000)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    twin = Twin(shop, seed=args.seed, began_at=began_at(shop, args.begin))
    flaws = DetectionFlaws(missed_share=args.missed, false_share=args.false_share)
    eyes = [CameraEye(mount, shop, seed=args.seed, flaws=flaws, frames_per_s=args.fps) for mount in shop.cameras]
    score = TwinScore(shop)
    with RunProgress(f"{shop.store_id}, {len(eyes)} cameras", lasts_ms=until_ms) as tell:
        for step in detection_frames(twin, eyes, until_ms=until_ms, frames_per_s=args.fps, doors=shop.doors):
            score.take(step)
            tell(step.t_ms)
    result: dict[str, Any] = {
        "store": shop.store_id,
        "seed": args.seed,
        "hours": args.hours,
        **score.finish(),
        "wall_s": time.perf_counter() - began_s,
        "cpu_s": time.process_time() - began_cpu_s,
    }
    _print(result)
    if args.json:
        sys.stdout.write(json.dumps(_rounded(result)) + "\n")
    return 0


def _print(result: dict[str, Any]) -> None:
    counts, doors, dwell = result["counts"], result["occupancy"]["doors"], result["dwell"]
    length, wait, heat, staff = result["queue_length"], result["wait"], result["heatmap"], result["staff"]
    rows = [
        ("crossings", f"{counts['counted']} for {counts['crossings']} true, {counts['absolute_error']} wrong"),
        ("parties in", f"{result['groups']['parties']} for {result['groups']['true_parties']} true"),
        (
            "people by doors",
            (
                f"within 1 for {_share(doors['within_1_ratio'])} of the time, "
                f"reconciled for {_share(doors.get('reconciled_within_1_ratio'))}"
            ),
        ),
        ("people in zones", f"within 1 for {_share(result['occupancy']['within_1_ratio'])} of the time"),
        (
            "visits to zones",
            (
                f"{dwell['visits']} for {dwell['true_visits']} true, "
                f"mean dwell {_seconds(dwell['mean_s'])} for {_seconds(dwell['true_mean_s'])}"
            ),
        ),
        ("queue length", f"off by {_number(length['mean_error'])} people on average"),
        (
            "waits",
            (
                f"mean {_seconds(wait['mean_s'])} for {_seconds(wait['true_mean_s'])}, quarters of an hour off by "
                f"{_share(wait['quarter_error_ratio'])}, Little's law by {_share(wait['littles_law_error_ratio'])}; "
                f"{wait['served']} served for {wait['true_served']}"
            ),
        ),
        ("heatmap", f"total off by {_share(heat['total_error_ratio'])}, correlation {_number(heat['correlation'])}"),
        ("staff", f"precision {_number(staff['precision'])}, recall {_number(staff['recall'])}"),
    ]
    for name, text in rows:
        sys.stdout.write(f"{name:<16} {text}\n")


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} s"


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "nothing" if value is None else f"{100 * value:.1f} %"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
