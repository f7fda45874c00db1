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
    counts, length, wait = result["counts"], result["queue_length"], result["wait"]
    rows = [
        ("crossings", f"{counts['counted']} for {counts['crossings']}, off by {_share(counts['error_ratio'])}"),
        ("occupancy within 1", _share(result["occupancy"]["within_1_ratio"])),
        ("mean dwell", f"off by {_share(result['dwell']['error_ratio'])}"),
        ("queue length", f"off by {length['mean_error'] or 0:.2f} people on average"),
        ("wait", f"off by {_share(wait['error_ratio'])}, {wait['served']} served for {wait['true_served']}"),
        ("heatmap total", f"off by {_share(result['heatmap']['total_error_ratio'])}"),
        ("heatmap correlation", f"{result['heatmap']['correlation'] or 0:.3f}"),
    ]
    for name, text in rows:
        sys.stdout.write(f"{name:<20} {text}\n")


def _share(value: float | None) -> str:
    return "nothing to compare" if value is None else f"{100 * value:.1f} %"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
