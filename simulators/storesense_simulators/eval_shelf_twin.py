"""`storesense eval shelf-twin`: the shelf's chain on simulated slots whose truth is known."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import numpy as np

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.pipeline import ObservationReason, ShelfPipeline
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.source import LoadCellSample
from storesense_simulators.shelf_life import Habits, SlotLife, SlotLifeMaker, load_of, products_of, temperature_of
from storesense_simulators.shelf_score import SCORED, Seen, ShelfScore, Told
from storesense_simulators.twin.load_cell import CellModel, LoadCell

_START_AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
_REPEATABILITY_G = 1.0
_CALM_S = 0.5


class ShelfWorld(Protocol):
    """Whoever knows what happened on shelves: the random world here, or a simulated store's truth."""

    def lives(self, lasting_s: float) -> Iterator[tuple[SlotLife, CellModel, tuple[ProductWeight, ...]]]:
        """Yield each slot's life, its cell and the planogram's other products."""
        ...


@dataclass(frozen=True, slots=True)
class RandomShelves:
    """Slots with random products, cells and customers.

    Attributes:
        seed: the same seed gives the same slots.
        slots: how many.
        habits: how often what happens.
    """

    seed: int
    slots: int = 20
    habits: Habits = field(default_factory=Habits)

    def lives(self, lasting_s: float) -> Iterator[tuple[SlotLife, CellModel, tuple[ProductWeight, ...]]]:
        """Yield each slot's life, its cell and the planogram's other products."""
        chance = np.random.default_rng([self.seed, 1])
        products = products_of(max(self.slots, 8), chance)
        for product in products[: self.slots]:
            others = tuple(other for other in products if other is not product)
            capacity_units = int(np.clip(9_000 / product.unit_weight_g, 6, 30))
            cell = CellModel(
                counts_per_g=float(chance.choice([-1, 1]) * chance.uniform(200, 500)),
                zero_counts=float(chance.integers(-300_000, 300_000)),
                noise_g=float(chance.uniform(0.08, 0.25)),
                creep_share=float(chance.uniform(0.0003, 0.001)),
                temperature_g_per_c=float(chance.normal(0, 1.0)),
                drift_g_per_h=float(chance.uniform(0.1, 0.4)),
                swing_hz=float(chance.uniform(4, 9)),
                swing_damping=float(chance.uniform(0.1, 0.3)),
            )
            yield SlotLifeMaker(product, others, self.habits, chance).make(lasting_s, capacity_units), cell, others


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


def run_slot(
    life: SlotLife,
    model: CellModel,
    others: Sequence[ProductWeight],
    lasting_s: float,
    chance: np.random.Generator,
    score: ShelfScore,
) -> SlotRun:
    """Let one slot's life pass over its cell and through the chain with its shipped defaults; note the waits."""
    t_ms = np.arange(0, round(lasting_s * 1000), round(1000 / model.sample_hz), dtype=np.int64)
    load_g = load_of(life, t_ms, chance)
    temperature_c = temperature_of(t_ms, chance)
    counts = LoadCell(model, chance).sample(t_ms, load_g, temperature_c, life.shakes)
    spec = SlotSpec(
        Calibration(model.zero_counts, model.counts_per_g, _REPEATABILITY_G),
        unit_weight_g=life.product.unit_weight_g,
        unit_tolerance_g=life.product.unit_tolerance_g,
        capacity_units=life.capacity_units,
        sku=life.product.sku,
        strangers=tuple(others),
    )
    samples = [
        LoadCellSample(_START_AT + timedelta(milliseconds=at_ms), float(raw), round(air_c, 1))
        for at_ms, raw, air_c in zip(t_ms.tolist(), counts.tolist(), temperature_c.tolist(), strict=True)
    ]
    pipeline = ShelfPipeline(spec)
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
            told.append(Told(at_s, observation.units))
        if observation.event is not None:
            seen.append(Seen(at_s, replace(observation.event, at_s=observation.event.at_s - start_s)))
    cpu_s = time.process_time() - before_s
    _note_waits(life, model, t_ms, load_g, chance, seen, score)
    return SlotRun(seen, told, len(samples), cpu_s)


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


def evaluate_world(
    world: ShelfWorld, lasting_s: float, seed: int, *, progress: bool = False
) -> tuple[ShelfScore, list[str], float]:
    """Run every slot of a world; gives the score, the mistakes and microseconds of processor time a sample."""
    score = ShelfScore()
    mistakes: list[str] = []
    samples, cpu_s = 0, 0.0
    for place, (life, model, others) in enumerate(world.lives(lasting_s)):
        run = run_slot(life, model, others, lasting_s, np.random.default_rng([seed, 2, place]), score)
        found = score.add(life, lasting_s, run.seen, run.told)
        mistakes += [f"slot {place} ({life.product.unit_weight_g:g} g): {each}" for each in found]
        samples, cpu_s = samples + run.samples, cpu_s + run.cpu_s
        if progress:
            sys.stderr.write(f"slot {place + 1}: {len(life.happenings)} happenings, {len(found)} mistakes\n")
    return score, mistakes, 1e6 * cpu_s / max(1, samples)


def run_eval_shelf_twin(args: argparse.Namespace) -> int:
    """Evaluate a random world of shelves and print the figures."""
    lasting_s = args.hours * 3600
    score, mistakes, sample_us = evaluate_world(
        RandomShelves(args.seed, args.slots), lasting_s, args.seed, progress=True
    )
    sys.stdout.writelines(f"{mistake}\n" for mistake in mistakes)
    figures = figures_of(score, sample_us)
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in figures.items())
    if args.json:
        sys.stdout.write(json.dumps(figures, allow_nan=False) + "\n")
    return 0


def figures_of(score: ShelfScore, sample_us: float) -> dict[str, Any]:
    """The published figures of a score."""
    return {
        "events_f1": {kind.value: _rounded(score.f1(kind)) for kind in SCORED},
        "units_exact_share": _rounded(score.exact_minutes / score.minutes if score.minutes else None),
        "units_mae": _rounded(score.units_off / score.minutes if score.minutes else None),
        "event_latency_p99_ms": _rounded(score.wait_p99_ms),
        "false_events_per_lane_day": _rounded(score.false_events / score.slot_days if score.slot_days else None),
        "alike_by_weight": score.alike,
        "units_exact_share_while_alike": _rounded(
            score.alike_exact_minutes / score.alike_minutes if score.alike_minutes else None
        ),
        "lane_days": round(score.slot_days, 2),
        "happened": {kind.value: score.hits[kind] + score.missed[kind] for kind in SCORED},
        "cpu_us_per_sample": round(sample_us, 1),
        "cores_for_200_lanes": round(200 * 10 * sample_us / 1e6, 4),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
