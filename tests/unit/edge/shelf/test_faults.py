"""Each way in which a cell breaks is found and named, and a healthy cell is left alone."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.faults import CellFaultKind, CellWatch
from storesense_edge.shelf.pipeline import ShelfPipeline
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.source import LoadCellSample

Change = Callable[[int, float], float]
CALIBRATION = Calibration(-100_000.0, 400.0, 1.0)
SPEC = SlotSpec(CALIBRATION, unit_weight_g=250.0, capacity_units=12, capacity_g=10_000.0)


def counts(seconds: int, weight_g: float = 2000.0, seed: int = 1) -> list[float]:
    rng = random.Random(seed)  # noqa: S311 - noise, no secret
    return [round(-100_000 + 400 * (weight_g + rng.gauss(0, 0.1))) for _ in range(seconds * 10)]


def spoil(values: list[float], change: Change) -> list[float]:
    return [change(place, value) if 300 <= place < 600 else value for place, value in enumerate(values)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        pytest.param(lambda _place, _value: 700_123.0, CellFaultKind.STUCK, id="its last value for ever"),
        pytest.param(lambda _place, _value: 8_388_607.0, CellFaultKind.SATURATED, id="at the amplifier's end"),
        pytest.param(lambda _place, value: -value, CellFaultKind.SIGN_FLIPPED, id="the wrong sign"),
        pytest.param(
            lambda place, _value: random.Random(place).uniform(-8e6, 8e6),  # noqa: S311
            CellFaultKind.DISCONNECTED,
            id="no wires",
        ),
        pytest.param(lambda _place, _value: float("nan"), CellFaultKind.NO_VALUE, id="no answer"),
        pytest.param(lambda place, _value: 4_500_000.0 + place % 7, CellFaultKind.OVERLOADED, id="too heavy"),
    ],
)
def test_a_fault_is_named_while_it_lasts_and_makes_no_event(change: Change, kind: CellFaultKind) -> None:
    pipeline = ShelfPipeline(SPEC)
    start_at = datetime(2026, 3, 1, tzinfo=UTC)
    named: set[CellFaultKind] = set()
    events = []
    for place, raw in enumerate(spoil(counts(120), change)):
        seen = pipeline.step(LoadCellSample(start_at + timedelta(seconds=place / 10), raw))
        if 400 <= place < 600:
            named |= {fault.kind for fault in pipeline.faults}
            assert pipeline.watch.blinding is not None
        if seen is not None and seen.event is not None:
            events.append(seen.event)
    assert named == {kind}
    assert events == []
    assert pipeline.faults == []
    assert pipeline.detector.level_g == pytest.approx(2000, abs=0.5)


def test_a_third_of_the_samples_lost_is_named_and_counts_on() -> None:
    watch = CellWatch()
    rng = random.Random(3)  # noqa: S311
    for place, raw in enumerate(counts(120)):
        if place < 600 or rng.random() > 0.3:
            watch.push(place / 10, raw)
        if place == 599:
            assert watch.faults() == []
    (fault,) = watch.faults()
    assert fault.kind is CellFaultKind.LOSING_SAMPLES
    assert not fault.is_blinding


@pytest.mark.parametrize("by_s", [-600.0, 3600.0])
def test_a_clock_that_jumps_is_named_for_a_while(by_s: float) -> None:
    watch = CellWatch()
    values = counts(900)
    for place, raw in enumerate(values[:1000]):
        watch.push(1000 + place / 10, raw)
    watch.push(1100 + by_s, values[0])
    assert [fault.kind for fault in watch.faults()] == [CellFaultKind.CLOCK_JUMPED]
    for place, raw in enumerate(values[:4000]):
        watch.push(1100.1 + by_s + place / 10, raw)
    assert watch.faults() == []


def test_wild_readings_are_named_and_do_not_blind() -> None:
    watch = CellWatch()
    for place, raw in enumerate(counts(200)):
        watch.push(place / 10, 8e6 * (-1) ** (place // 50) if place % 50 == 0 else raw)
    assert [fault.kind for fault in watch.faults()] == [CellFaultKind.WILD_READINGS]


def test_a_scale_that_sends_whole_grams_is_not_stuck() -> None:
    watch = CellWatch(is_amplifier=False)
    for place in range(20_000):
        assert watch.push(place / 10, 2000.0 if place % 400 else 2001.0)
    assert watch.faults() == []


@pytest.mark.parametrize("weight_g", [0.0, 100.0, 15_000.0])
def test_goods_that_come_and_go_are_no_fault(weight_g: float) -> None:
    watch = CellWatch()
    for place, (empty, full) in enumerate(zip(counts(300, 0.0), counts(300, weight_g, 2), strict=True)):
        assert watch.push(place / 10, full if place // 60 % 2 else empty)
    assert watch.faults() == []


def test_the_real_cell_is_healthy(beam_trace: list[LoadCellSample]) -> None:
    watch = CellWatch()
    for sample in beam_trace:
        assert watch.push(sample.measured_at.timestamp(), sample.raw_counts)
        assert watch.faults() == []


def test_a_wild_reading_on_the_mirror_image_is_no_change_of_sign() -> None:
    watch = CellWatch(is_amplifier=True)
    values = counts(60)
    # Somebody touches the shelf, so that the wild reading mirrors what comes after it, not what came before.
    values[299] += 2000
    values[300] = -values[301]
    for place, value in enumerate(values):
        assert watch.push(place / 10, value)
        assert watch.blinding is None
