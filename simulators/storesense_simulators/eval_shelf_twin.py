"""`storesense eval shelf-twin`: the shelf's chain on slots of simulated stores whose truth is known."""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from storesense_edge.shelf.pipeline import ObservationReason, ShelfObservation, ShelfPipeline
from storesense_edge.shelf.source import LoadCellSample
from storesense_simulators.shelf_life import SlotLife, load_of, temperature_of
from storesense_simulators.shelf_score import SCORED, Seen, ShelfScore, Told
from storesense_simulators.shelf_store import StoreShelves, WatchedSlot
from storesense_simulators.twin.load_cell import CellModel, LoadCell
from storesense_simulators.twin.load_shop import load_shop

DEFAULT_STORES = ("convenience", "supermarket")
"""Whose slots are watched unless others are named."""

_START_AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SlotRun:
    """What the chain told of one slot, and what it cost.

    Attributes:
        seen: its events.
        told: its units.
        samples: how many samples it took.
        cpu_s: processor time of the chain alone.
    """

    seen: list[Seen]
    told: list[Told]
    samples: int
    cpu_s: float


def run_slot(slot: WatchedSlot, lasting_s: float, chance: np.random.Generator, score: ShelfScore) -> SlotRun:
    """Let one slot's life pass over its cell and through the chain with its shipped defaults; note the waits."""
    life, model = slot.life, slot.model
    t_ms = np.arange(0, round(lasting_s * 1000), round(1000 / model.sample_hz), dtype=np.int64)
    load_g = load_of(life, t_ms, chance)
    temperature_c = temperature_of(t_ms, chance)
    counts = LoadCell(model, chance).sample(t_ms, load_g, temperature_c, life.shakes)
    samples = [
        LoadCellSample(_START_AT + timedelta(milliseconds=at_ms), float(raw), round(air_c, 1))
        for at_ms, raw, air_c in zip(t_ms.tolist(), counts.tolist(), temperature_c.tolist(), strict=True)
    ]
    pipeline = ShelfPipeline(slot.spec)
    if len(life.start_units) > 1:
        # The weight of a shared plate allows several answers, so whoever sets it up counts what lies there.
        pipeline.holdings.counted(life.start_units)
    start_s = _START_AT.timestamp()
    seen: list[Seen] = []
    told: list[Told] = []
    before_s = time.process_time()
    for sample in samples:
        observation = pipeline.step(sample)
        if observation is None:
            continue
        at_s = observation.measured_at.timestamp() - start_s
        if observation.reason is not ObservationReason.EARLY:
            told.append(Told(at_s, _units_of(observation)))
        if observation.event is not None:
            seen.append(Seen(at_s, replace(observation.event, at_s=observation.event.at_s - start_s)))
    cpu_s = time.process_time() - before_s
    _note_waits(life, model, t_ms, load_g, chance, seen, score)
    return SlotRun(seen, told, len(samples), cpu_s)


def _units_of(observation: ShelfObservation) -> tuple[int, ...] | None:
    if observation.stock is not None:
        return observation.stock.units
    return None


def _note_waits(
    life: SlotLife,
    model: CellModel,
    t_ms: np.ndarray[Any, np.dtype[np.int64]],
    load_g: np.ndarray[Any, np.dtype[np.float64]],
    chance: np.random.Generator,
    seen: Sequence[Seen],
    score: ShelfScore,
) -> None:
    """From the moment that load and swing stay within the noise of their rest to the event that tells of it."""
    still = replace(model, noise_g=0.0, drift_g_per_h=0.0, creep_share=0.0, temperature_g_per_c=0.0)
    clean_g = (LoadCell(still, chance).sample(t_ms, load_g, 20.0) - model.zero_counts) / model.counts_per_g
    for happening in life.happenings:
        last = int(np.searchsorted(t_ms, happening.end_s * 1000))
        rest_g = load_g[min(last, len(load_g) - 1)]
        after = np.abs(clean_g[last : last + 60] - rest_g) > model.noise_g
        settled_s = max(
            happening.end_s,
            (t_ms[last] / 1000 + (np.flatnonzero(after)[-1] + 1) / model.sample_hz) if after.any() else happening.end_s,
        )
        tells = [one.told_s for one in seen if happening.begin_s <= one.event.at_s <= happening.end_s + 1]
        if tells:
            score.settled(happening.kind, max(0.0, (tells[-1] - settled_s) * 1000))


def evaluate_slots(
    slots: Iterable[WatchedSlot], lasting_s: float, seed: int, score: ShelfScore, *, progress: bool = False
) -> tuple[list[str], float]:
    """Run every slot and add it to a score; gives the mistakes and microseconds of processor time a sample."""
    mistakes: list[str] = []
    samples, cpu_s = 0, 0.0
    for place, slot in enumerate(slots):
        run = run_slot(slot, lasting_s, np.random.default_rng([seed, 2, place]), score)
        found = score.add(slot.life, lasting_s, run.seen, run.told)
        weights = " + ".join(f"{product.unit_weight_g:g} g" for product in slot.spec.products)
        mistakes += [f"{slot.name} ({weights}): {each}" for each in found]
        samples, cpu_s = samples + run.samples, cpu_s + run.cpu_s
        if progress:
            sys.stderr.write(f"{slot.name}: {len(slot.life.happenings)} happenings, {len(found)} mistakes\n")
    return mistakes, 1e6 * cpu_s / max(1, samples)


def run_eval_shelf_twin(args: argparse.Namespace) -> int:
    """Evaluate the slots of the stores that the arguments name and print the figures.

    Raises:
        StoresenseError: a store cannot be used.
    """
    lasting_s = args.hours * 3600
    score = ShelfScore()
    sample_us = []
    for store in args.store or DEFAULT_STORES:
        sys.stderr.write(f"{store}: running the store\n")
        slots = StoreShelves(load_shop(store), args.seed, args.slots).watched(lasting_s)
        mistakes, each_us = evaluate_slots(slots, lasting_s, args.seed, score, progress=True)
        sample_us.append(each_us)
        sys.stdout.writelines(f"{mistake}\n" for mistake in mistakes)
    figures = figures_of(score, max(sample_us))
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in figures.items())
    if args.json:
        sys.stdout.write(json.dumps(figures, allow_nan=False) + "\n")
    return 0


def figures_of(score: ShelfScore, sample_us: float) -> dict[str, Any]:
    """The published figures of a score."""
    return {
        "events_f1": {kind.value: _rounded(score.f1(kind)) for kind in SCORED},
        "units_exact_share": _share(score.exact_minutes, score.minutes),
        "units_mae": _rounded(score.units_off / score.minutes if score.minutes else None),
        "event_latency_p99_ms": _rounded(score.wait_p99_ms),
        "false_events_per_lane_day": _rounded(score.false_events / score.slot_days if score.slot_days else None),
        "alike_by_weight": score.alike,
        "units_exact_share_one_product": _share(
            score.exact_minutes - score.shared_exact_minutes, score.minutes - score.shared_minutes
        ),
        "units_exact_share_shared_plates": _share(score.shared_exact_minutes, score.shared_minutes),
        "units_exact_share_while_alike": _share(score.alike_exact_minutes, score.alike_minutes),
        "lane_days": round(score.slot_days, 2),
        "happened": {kind.value: score.hits[kind] + score.missed[kind] for kind in SCORED},
        "cpu_us_per_sample": round(sample_us, 1),
        "cores_for_200_lanes": round(200 * 10 * sample_us / 1e6, 4),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
