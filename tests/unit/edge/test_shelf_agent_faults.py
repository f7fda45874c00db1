"""Cells that break, through the whole agent of a slot: named with cause and remedy, and nothing else disturbed."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storesense_contracts.clock import ManualClock
from storesense_contracts.layout import StoreLayout
from storesense_contracts.readings import HealthState, ShelfCorrection, ShelfEvent, ShelfWeight
from storesense_contracts.site import FixedCalibration, ShelfSlot
from storesense_contracts.site_sources import TraceSource
from storesense_edge.health import Health
from storesense_edge.planogram import DevicePlanogram
from storesense_edge.shelf_agent import SlotAgent
from storesense_edge.shelf_neighbours import ShelfNeighbours
from storesense_edge.source_thread import Finding, Stop

RICE = {"sku": "rice", "name": "Rice", "unit_weight_g": 250, "unit_weight_tolerance_g": 4}
STORE = StoreLayout.model_validate(
    {
        "id": "shop",
        "name": "Shop",
        "time_zone": "Europe/Berlin",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "x", "name": "X"}],
        "slots": [
            {"id": slot_id, "name": slot_id, "section": "x", "product": RICE, "capacity_units": 12,
             "reorder_point_units": 2}
            for slot_id in ("sick", "well")
        ],
    }
)  # fmt: skip
CALIBRATION = FixedCalibration(kind="fixed", zero_counts=-100_000, counts_per_g=400)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
Rows = list[tuple[int, float]]


def healthy(seed: int) -> Rows:
    """Three minutes of a cell with eight units, of which one leaves after a minute and a half: (ms, counts)."""
    rng = random.Random(seed)  # noqa: S311 -- noise, no secret
    rows = []
    for place in range(1800):
        weight_g = 2000 if place < 900 else 1750
        rows.append((place * 100, round(-100_000 + 400 * (weight_g + rng.gauss(0, 0.1)))))
    return rows


def from_second(begin_s: int, change: Callable[[float], float]) -> Callable[[Rows], Rows]:
    return lambda rows: [(ms, change(raw) if ms >= begin_s * 1000 else raw) for ms, raw in rows]


def without_a_third(rows: Rows) -> Rows:
    rng = random.Random(5)  # noqa: S311
    return [row for row in rows if row[0] < 60_000 or rng.random() > 0.3]


def measured(folder: Path, slot_id: str, rows: Rows, neighbours: ShelfNeighbours) -> list[Finding]:
    path = folder / f"{slot_id}.csv"
    path.write_text("timestamp_ms,raw_counts\n" + "".join(f"{ms},{raw}\n" for ms, raw in rows))
    slot = ShelfSlot(slot=slot_id, source=TraceSource(kind="trace", path=path, speed="max"), calibration=CALIBRATION)
    planogram = DevicePlanogram(STORE.slots, STORE, folder / "plan.json")
    agent = SlotAgent(slot, planogram, ManualClock(NOW), neighbours)
    return [each for batch in agent.measure(Stop()) for each in batch]


def worst(findings: list[Finding]) -> Health:
    order = [HealthState.OK, HealthState.DEGRADED, HealthState.FAILED]
    told = [each for each in findings if isinstance(each, Health) and "recording ended" not in (each.reason or "")]
    return max(told, key=lambda each: order.index(each.state))


def events(findings: list[Finding]) -> list[tuple[str, int]]:
    readings = [each[1] for each in findings if not isinstance(each, Health)]
    assert not any(isinstance(each, ShelfCorrection) for each in readings)
    return [(each.event.value, each.units) for each in readings if isinstance(each, ShelfEvent)]


@pytest.mark.parametrize(
    ("spoil", "state", "says", "told"),
    [
        pytest.param(
            from_second(120, lambda _: 700_123),
            HealthState.FAILED,
            "has returned 700123",
            [("pick", 1)],
            id="its last value for ever",
        ),
        pytest.param(
            from_second(120, lambda _: 8_388_607), HealthState.FAILED, "end", [("pick", 1)], id="at the amplifier's end"
        ),
        pytest.param(
            from_second(120, lambda raw: -raw), HealthState.FAILED, "sign", [("pick", 1)], id="the wrong sign"
        ),
        pytest.param(without_a_third, HealthState.DEGRADED, "samples", [("pick", 1)], id="30 % of its samples lost"),
        pytest.param(
            lambda rows: [(ms if ms < 120_000 else ms + 3_600_000, raw) for ms, raw in rows],
            HealthState.DEGRADED,
            "clock",
            [("pick", 1)],
            id="its clock jumps by an hour",
        ),
    ],
)
def test_a_broken_cell_is_named_and_its_neighbour_counts_on(
    tmp_path: Path, spoil: Callable[[Rows], Rows], state: HealthState, says: str, told: list[tuple[str, int]]
) -> None:
    neighbours = ShelfNeighbours([["sick", "well"]])
    sick = measured(tmp_path, "sick", spoil(healthy(1)), neighbours)
    well = measured(tmp_path, "well", healthy(2), neighbours)
    found = worst(sick)
    assert found.state is state
    assert says in (found.reason or ""), found.reason
    assert (found.reason or "").endswith("."), "a whole sentence, with what to do"
    assert events(sick) == told, "what happened before is told, and nothing is invented"
    assert events(well) == [("pick", 1)]
    assert worst(well).state is HealthState.OK
    units = [each[1].units for each in well if not isinstance(each, Health) and isinstance(each[1], ShelfWeight)]
    assert (units[0], units[-1]) == (8, 7)


def test_every_event_has_a_number_by_which_it_can_be_corrected(tmp_path: Path) -> None:
    well = measured(tmp_path, "well", healthy(2), ShelfNeighbours(()))
    readings = [each[1] for each in well if not isinstance(each, Health)]
    assert [each.event_no for each in readings if isinstance(each, ShelfEvent)] == [1]
