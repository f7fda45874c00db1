import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.movement import Phase
from storesense_edge.shelf.pipeline import ObservationReason, ShelfObservation, ShelfPipeline
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.source import LoadCellSample
from storesense_edge.shelf.trace import BadRows, TraceColumns, TraceFile

GRAMS = Calibration(0.0, 1.0, repeatability_g=1.0, resolution_counts=0.01)
SPEC = SlotSpec(GRAMS, unit_weight_g=250.0, capacity_units=12, heartbeat_s=30.0)
MakeSamples = Callable[..., list[LoadCellSample]]


def observe(spec: SlotSpec, samples: list[LoadCellSample]) -> list[ShelfObservation]:
    pipeline = ShelfPipeline(spec)
    return [seen for seen in map(pipeline.step, samples) if seen is not None]


def test_a_visit_to_the_shelf(make_samples: MakeSamples) -> None:
    samples = make_samples([(10, 500), (10, 3000), (10, 2750), (10, 2250), (10, 2500), (10, 0)])
    seen = observe(SPEC, samples)
    events = [(one.event.kind, one.event.units) for one in seen if one.event is not None]
    assert events == [
        (ShelfEventKind.RESTOCK, 10),
        (ShelfEventKind.PICK, 1),
        (ShelfEventKind.PICK, 2),
        (ShelfEventKind.PUT_BACK, 1),
        (ShelfEventKind.BULK_REMOVAL, 10),
    ]
    settled = [one for one in seen if one.reason is ObservationReason.SETTLED]
    assert [one.units for one in settled] == [2, 12, 11, 9, 10, 0]
    assert all(one.confidence is not None and one.confidence > 0.95 for one in settled)
    assert all(a.measured_at < b.measured_at for a, b in pairwise(seen))
    for one in seen:
        if one.step is not None:
            assert one.step_at is not None
            assert timedelta(0) < one.measured_at - one.step_at < timedelta(seconds=1.5)


def test_a_foreign_item_is_named_and_never_counted(make_samples: MakeSamples) -> None:
    seen = observe(SPEC, make_samples([(10, 1000), (10, 1110), (10, 1000)]))
    assert [(one.event.kind, one.event.sku) for one in seen if one.event is not None] == [
        (ShelfEventKind.FOREIGN, None)
    ] * 2
    settled = [one for one in seen if one.reason is ObservationReason.SETTLED]
    with_it = settled[1]
    assert with_it.weight_g == pytest.approx(1110, abs=1)
    assert with_it.stock is not None
    assert with_it.stock.guest_g == pytest.approx(110, abs=1)
    assert [one.units for one in settled] == [4, 4, 4]
    assert all(one.confidence is not None and one.confidence > 0.9 for one in settled)


def test_heartbeats_keep_their_period_while_nothing_happens(make_samples: MakeSamples) -> None:
    seen = observe(SPEC, make_samples([(100, 1000)]))
    assert [one.reason for one in seen] == [ObservationReason.SETTLED] + [ObservationReason.HEARTBEAT] * 3
    gaps_s = [(b.measured_at - a.measured_at).total_seconds() for a, b in pairwise(seen)]
    assert gaps_s == pytest.approx([30] * 3, abs=0.2)


def test_a_slow_leak_is_published_without_an_event(make_samples: MakeSamples) -> None:
    samples = make_samples([(1200, 2500)])
    leaking = [replace(s, raw_counts=s.raw_counts - 0.005 * place) for place, s in enumerate(samples)]
    seen = observe(SPEC, leaking)
    assert all(one.event is None for one in seen)
    assert any(one.reason is ObservationReason.CHANGED for one in seen)
    assert seen[-1].weight_g == pytest.approx(2500 - 0.005 * len(samples), abs=3)


def test_the_real_load_as_six_units(beam_trace: list[LoadCellSample], beam_calibration: Calibration) -> None:
    # Hung, this load pulls the beam up: the cell is mounted the other way than it was calibrated.
    spec = SlotSpec(beam_calibration.reversed(), unit_weight_g=385.0, capacity_units=12)
    seen = observe(spec, beam_trace)
    events = [one.event for one in seen if one.event is not None]
    assert [(event.kind, event.units) for event in events] == [
        (ShelfEventKind.RESTOCK, 6),
        (ShelfEventKind.BULK_REMOVAL, 6),
    ] * 8
    assert all(event.confidence > 0.9 and not event.ambiguous for event in events)
    settled = [one for one in seen if one.reason is ObservationReason.SETTLED and one.event is not None]
    assert [one.units for one in settled] == [6, 0] * 8
    assert all(one.confidence is not None and one.confidence > 0.9 for one in settled)
    early = [one for one in seen if one.reason is ObservationReason.EARLY]
    assert all(one.confidence is not None and one.confidence <= 0.5 for one in early)
    assert all(one.phase is Phase.MOVING for one in early)
    for one in settled:
        assert one.step_at is not None
        guesses = [guess for guess in early if one.step_at < guess.measured_at < one.measured_at]
        assert guesses
        assert guesses[0].measured_at - one.step_at < timedelta(seconds=3.5)


@pytest.mark.parametrize(
    ("column", "unit_weight_g"), [("Gewicht Kiste1", 500.0), ("Gewicht Kiste2", 505.0)], ids=["hive 1", "hive 2"]
)
def test_temperature_drift_of_an_outdoor_scale_is_no_event(shared_dir: Path, column: str, unit_weight_g: float) -> None:
    columns = TraceColumns("Date", column, stamp_format="%Y/%m/%d %H:%M:%S")
    trace = TraceFile(shared_dir / "data/shelf/beescale_sensorik.csv", columns, bad_rows=BadRows.SKIP)
    kilograms = Calibration(0.0, 0.001, repeatability_g=20.0, resolution_counts=0.001)
    seen = observe(SlotSpec(kilograms, unit_weight_g=unit_weight_g), list(trace.samples()))
    assert trace.report.samples > 6700
    assert 0 < trace.report.skipped < 30
    # Both hives show the same two loads: 75 g one day and 22 kg on another; the rest is weather.
    steps_g = [one.step.delta_g for one in seen if one.step is not None]
    assert steps_g == [pytest.approx(s, abs=400) for s in (75, -75, 22_500, -22_500)]
    assert [(one.event.kind, one.event.units) for one in seen if one.event is not None] == [
        (ShelfEventKind.FOREIGN, 1),
        (ShelfEventKind.FOREIGN, 1),
        (ShelfEventKind.RESTOCK, 45),
        (ShelfEventKind.BULK_REMOVAL, 45),
    ]


@pytest.mark.parametrize("raw_counts", [math.nan, math.inf, -math.inf, 1e300])
def test_a_sample_that_is_no_weight_is_dropped_and_disturbs_nothing(
    make_samples: MakeSamples, raw_counts: float
) -> None:
    samples = make_samples([(10, 500), (10, 1000)])
    broken = [LoadCellSample(s.measured_at + timedelta(milliseconds=50), raw_counts) for s in samples]
    pipeline = ShelfPipeline(SPEC)
    mixed = sorted(samples + broken, key=lambda sample: sample.measured_at)
    seen = [one for one in map(pipeline.step, mixed) if one is not None]
    assert pipeline.dropped == len(broken)
    assert seen == observe(SPEC, samples)


def test_a_straggler_is_dropped_and_a_clock_set_back_is_followed(make_samples: MakeSamples) -> None:
    samples = make_samples([(20, 1000)])
    pipeline = ShelfPipeline(SPEC)
    for sample in samples:
        pipeline.step(sample)
    assert pipeline.step(samples[-3]) is None
    assert pipeline.dropped == 1
    earlier = [LoadCellSample(s.measured_at - timedelta(hours=1), s.raw_counts - 250) for s in samples]
    seen = [one for one in map(pipeline.step, earlier) if one is not None]
    assert pipeline.dropped == 1
    assert [one.event.kind for one in seen if one.event is not None] == [ShelfEventKind.PICK]


def test_tare_takes_the_present_weight_for_zero(make_samples: MakeSamples) -> None:
    pipeline = ShelfPipeline(SPEC)
    with pytest.raises(ShelfError, match="tare again"):
        pipeline.tared()
    for sample in make_samples([(20, 130)]):
        pipeline.step(sample)
    assert pipeline.tared().weight_g(130) == pytest.approx(0, abs=0.5)


def test_a_zero_is_taken_by_the_chain_that_runs(make_samples: MakeSamples) -> None:
    pipeline = ShelfPipeline(SPEC)
    with pytest.raises(ShelfError, match="tare again"):
        pipeline.zero()
    *before, after, last = make_samples([(20, 130)])
    for sample in before:
        pipeline.step(sample)
    learned = pipeline.detector.noise.sigma_g
    pipeline.zero()
    seen = pipeline.step(after)
    assert seen is not None, "what changed by it is told with the next sample"
    assert (seen.weight_g, seen.units, seen.event) == (pytest.approx(0, abs=0.5), 0, None)
    assert pipeline.step(last) is None
    assert pipeline.detector.noise.sigma_g == pytest.approx(learned, rel=0.2), "the cell is no other one"
    assert pipeline.tared().weight_g(130) == pytest.approx(0, abs=0.5)


@given(
    st.lists(st.tuples(st.floats(-5, 500), st.floats(allow_nan=True, allow_infinity=True)), max_size=150),
)
@settings(max_examples=50)
def test_no_stream_of_samples_breaks_it(pairs: list[tuple[float, float]]) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    samples = []
    for dt_s, raw_counts in pairs:
        at += timedelta(seconds=dt_s)
        samples.append(LoadCellSample(at, raw_counts))
    for one in observe(SPEC, samples):
        assert math.isfinite(one.weight_g)
        assert one.units is not None
        assert one.units >= 0
        assert one.confidence is not None
        assert 0 <= one.confidence <= 1
