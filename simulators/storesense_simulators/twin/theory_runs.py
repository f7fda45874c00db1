"""``storesense sim mmc`` and ``storesense sim flow``: the twin's queues and crowd beside theory and recordings."""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from storesense_simulators.twin.theory import WaitComparison, compare_waits, customers_for
from storesense_simulators.twin.theory_bottleneck import HIGH_PER_M_S, LOW_PER_M_S, bottleneck_flow
from storesense_simulators.twin.theory_flow import FlowPoint, corridor_speed, weidmann_m_s
from storesense_simulators.twin.theory_speeds import model_speeds, recorded_speeds

_SERVERS = (1, 2, 4, 8)
_LOADS = (0.5, 0.6, 0.7, 0.8, 0.9)
_DENSITIES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
_WIDTHS_M = (1.2, 1.6, 2.0, 2.4)
_LIMIT = 0.03


def run_mmc(args: argparse.Namespace) -> int:
    """Compare mean waits with Erlang's formula; the exit code is 1 when one deviates by more than 3 %."""
    wanted = [(servers, load) for servers in args.servers or _SERVERS for load in args.load or _LOADS]
    rows: list[WaitComparison] = []
    with ProcessPoolExecutor(max_workers=args.processes) as pool:
        jobs = [
            pool.submit(compare_waits, c, load, customers=args.customers or customers_for(c, load), seed=args.seed)
            for c, load in wanted
        ]
        for done, job in enumerate(jobs, start=1):
            row = job.result()
            rows.append(row)
            _tell(
                f"{done}/{len(jobs)} M/M/{row.servers} at load {row.load}: formula {row.formula_s:.2f} s, measured "
                f"{row.measured_s:.2f} ± {row.half_width_s:.2f} s over {row.customers} customers, "
                f"{100 * row.deviation:+.2f} ± {100 * row.half_width_s / row.formula_s:.2f} %"
            )
    worst = max(abs(row.deviation) for row in rows)
    is_within = worst <= _LIMIT
    is_proven = all(row.is_proven_within(_LIMIT) for row in rows)
    proof = "every 95 % interval as a whole" if is_proven else "not every 95 % interval as a whole"
    _tell(
        f"largest deviation {100 * worst:.2f} %, {'within' if is_within else 'beyond'} {100 * _LIMIT:.0f} %; "
        f"{proof} lies within"
    )
    if args.json:
        result = {
            "mean_service_s": 100.0,
            "seed": args.seed,
            "worst_deviation": round(worst, 5),
            "is_within_3_pct": is_within,
            "is_proven_within_3_pct": is_proven,
            "rows": [{**asdict(row), "deviation": round(row.deviation, 5)} for row in rows],
        }
        sys.stdout.write(json.dumps(result) + "\n")
    return 0 if is_within else 1


def run_flow(args: argparse.Namespace) -> int:
    """Measure speed by density, and free speeds beside recordings; the exit code is 1 when one is out of bounds."""
    points: list[FlowPoint] = []
    for density in args.density or _DENSITIES:
        point = corridor_speed(density, seed=args.seed)
        points.append(point)
        _tell(
            f"{point.density_per_m2:.2f} people/m2: {point.speed_m_s:.3f} m/s, published {point.low_m_s:.2f} to "
            f"{point.high_m_s:.2f} (Weidmann {weidmann_m_s(point.density_per_m2):.2f})"
        )
    gates = [bottleneck_flow(width_m, seed=args.seed) for width_m in args.width or _WIDTHS_M]
    for gate in gates:
        _tell(
            f"opening of {gate.width_m:.1f} m: {gate.flow_per_m_s:.2f} people a second and metre, published "
            f"{LOW_PER_M_S} to {HIGH_PER_M_S}"
        )
    model = model_speeds(seed=args.seed)
    _tell(f"free speed of the model: {model.mean_m_s:.3f} ± {model.sd_m_s:.3f} m/s")
    recordings = {path.name: recorded_speeds(path) for path in args.trajectories}
    for name, speeds in recordings.items():
        _tell(f"free speed in {name}: {speeds.mean_m_s:.3f} ± {speeds.sd_m_s:.3f} m/s, {speeds.people} people")
    is_within = all(point.is_within for point in points) and all(gate.is_within for gate in gates)
    if args.json:
        result = {
            "seed": args.seed,
            "is_within_bounds": is_within,
            "points": [
                {**asdict(p), "weidmann_m_s": weidmann_m_s(p.density_per_m2), "is_within": p.is_within} for p in points
            ],
            "bottlenecks": [{**asdict(gate), "is_within": gate.is_within} for gate in gates],
            "model_free_speed": asdict(model),
            "recorded_free_speed": {name: asdict(speeds) for name, speeds in recordings.items()},
        }
        sys.stdout.write(json.dumps(result) + "\n")
    return 0 if is_within else 1


def trajectory_files(paths: list[Path]) -> list[Path]:
    """Return files as they are, and of a folder its ``*obsmat.txt``, sorted."""
    return [file for path in paths for file in (sorted(path.glob("*obsmat.txt")) if path.is_dir() else [path])]


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
