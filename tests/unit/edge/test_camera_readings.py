import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from storesense_contracts.readings import (
    FootfallReading,
    HeatmapReading,
    LineParties,
    QueueOutcome,
    QueueSample,
    QueueVisit,
    ZoneDwell,
    ZoneReading,
    ZoneTransition,
)
from storesense_contracts.topics import Stream
from storesense_edge.camera_readings import CameraReporter, Measured
from storesense_edge.open_visits import OpenVisits
from storesense_edge.vision.camera_observation import LineCount
from storesense_edge.vision.heatmap import FloorGrid
from storesense_edge.vision.queues import QueueOutcome as SeenOutcome
from storesense_edge.vision.queues import QueueSample as SeenQueue
from storesense_edge.vision.queues import QueueVisit as SeenVisit
from storesense_edge.vision.transitions import Transition, Transitions
from storesense_edge.vision.units import UnitCount
from storesense_edge.vision.zones import ZoneSample, ZoneVisit

BEGIN_AT = datetime(2026, 3, 1, 9, 0, 30, tzinfo=UTC)
GRID = FloorGrid((1.0, 2.0), 0.5, columns=3, rows=2)


class ScriptedPipeline:
    """Stands where a CameraPipeline stands and gives what a test put in."""

    def __init__(self) -> None:
        self.plan = SimpleNamespace(grid=GRID)
        self.zone_ids = ("entrance",)
        self.entered = self.left = 0
        self.zone = ZoneSample("entrance", 0, 0, 0, 0.0, ())
        self.queue = SeenQueue("tills", 0, 0, 0.0)
        self.heat = np.zeros((2, 3), dtype=np.uint16)
        self.closed = False
        self.units: list[UnitCount] = []
        self.ways: list[Transitions] = []

    def take_lines(self) -> list[LineCount]:
        count = LineCount("door", self.entered, self.left)
        self.entered = self.left = 0
        return [count]

    def take_zones(self) -> list[ZoneSample]:
        zone = self.zone
        self.zone = ZoneSample("entrance", zone.occupancy, 0, 0, 0.0, ())
        return [zone]

    def take_queues(self) -> list[SeenQueue]:
        queue = self.queue
        self.queue = replace(queue, visits=(), lost=0)
        return [queue]

    def take_units(self) -> list[UnitCount]:
        units, self.units = self.units, []
        return units

    def take_transitions(self) -> list[Transitions]:
        ways, self.ways = self.ways, []
        return ways

    def take_heat(self) -> np.ndarray:
        heat, self.heat = self.heat, np.zeros((2, 3), dtype=np.uint16)
        return heat

    def close(self) -> None:
        self.closed = True


class Run:
    """A reporter driven frame by frame, with what it reported."""

    def __init__(self, cut_short: OpenVisits | None = None) -> None:
        self.pipeline = ScriptedPipeline()
        self.reporter = CameraReporter(
            self.pipeline,  # type: ignore[arg-type]
            floor_id="ground",
            begin_at=BEGIN_AT,
            report_s=1.0,
            camera_id="cam-1",
            cut_short=cut_short,
        )
        self.out: list[Measured] = []

    def frame(self, after_s: float, **seen: object) -> list[Measured]:
        now_at = BEGIN_AT + timedelta(seconds=after_s)
        new = self.reporter.before_step(now_at, self.instant)
        for name, value in seen.items():
            before = getattr(self.pipeline, name)
            setattr(self.pipeline, name, before + value if isinstance(before, int) else value)  # type: ignore[operator]
        new += self.reporter.after_step(now_at, self.instant)
        self.out += new
        return new

    def end(self, after_s: float) -> list[Measured]:
        return self.reporter.close(BEGIN_AT + timedelta(seconds=after_s), self.instant)

    @staticmethod
    def instant(media_s: float) -> datetime:
        return BEGIN_AT + timedelta(seconds=media_s)


def of(kind: type, measured: list[Measured]) -> list:
    return [reading for _, reading in measured if isinstance(reading, kind)]


def test_a_crossing_is_reported_within_a_report_and_the_interval_joins_the_last() -> None:
    run = Run()
    assert of(FootfallReading, run.frame(0.5, entered=1)) == []
    [first] = of(FootfallReading, run.frame(1.0, left=2))
    assert (first.line_id, first.in_count, first.out_count) == ("door", 1, 2)
    assert (first.measured_at, first.period_ms) == (BEGIN_AT, 1_000)
    assert of(FootfallReading, run.frame(2.0)) == []
    [second] = of(FootfallReading, run.frame(5.0, entered=3))
    assert (second.measured_at, second.period_ms) == (BEGIN_AT + timedelta(seconds=1), 4_000)


def test_nothing_happened_is_a_reading_of_zero_once_a_minute() -> None:
    run = Run()
    for after_s in range(151):
        run.frame(float(after_s))
    zeros = of(FootfallReading, run.out)
    assert [(r.measured_at.minute, r.period_ms, r.in_count) for r in zeros] == [
        (0, 30_000, 0),
        (1, 60_000, 0),
        (2, 60_000, 0),
    ]
    assert len(of(ZoneReading, run.out)) == 3
    assert len(of(HeatmapReading, run.out)) == 3
    assert {stream for stream, _ in run.out} == {Stream.FOOTFALL, Stream.ZONE, Stream.QUEUE, Stream.HEATMAP}


def test_a_crossing_in_the_first_frame_of_a_minute_belongs_to_that_minute() -> None:
    run = Run()
    run.frame(29.9, entered=1)
    run.frame(30.0, entered=5)
    run.frame(31.0)
    assert [(r.measured_at.minute, r.in_count) for r in of(FootfallReading, run.out)] == [(0, 1), (0, 0), (1, 5)]


def test_totals_are_kept_whatever_the_frame_times() -> None:
    run, rng = Run(), np.random.default_rng(3)
    total, after_s = 0, 0.0
    for _ in range(400):
        after_s += float(rng.exponential(0.7))
        entered = int(rng.integers(0, 2))
        total += entered
        run.frame(after_s, entered=entered)
    run.out += run.end(after_s + 0.5)
    assert sum(r.in_count for r in of(FootfallReading, run.out)) == total


def test_zones_report_changes_and_keep_fractions_of_presence() -> None:
    run = Run()
    visit = ZoneVisit("entrance", 0.0, 2.5, stopped=True)
    run.frame(1.0, zone=ZoneSample("entrance", 1, 1, 0, 0.7004, ()))
    assert of(ZoneReading, run.frame(2.0, zone=ZoneSample("entrance", 1, 0, 0, 1.0004, ()))) == []
    [last] = of(ZoneReading, run.frame(3.0, zone=ZoneSample("entrance", 0, 0, 1, 0.9994, (visit,))))
    assert (last.occupancy, last.exit_count, last.visit_count, last.stop_count) == (0, 1, 1, 1)
    assert (last.presence_ms, last.visit_dwell_ms) == (2_000, 2_500)
    assert sum(r.presence_ms for r in of(ZoneReading, run.out)) == 2_700


def test_a_queue_is_sampled_when_it_changes_and_while_somebody_waits() -> None:
    run = Run()
    run.frame(1.0, queue=SeenQueue("tills", 2, 1, 3.25))
    for after_s in range(2, 13):
        run.frame(float(after_s))
    run.frame(13.0, queue=SeenQueue("tills", 0, 0, 0.0))
    for after_s in range(14, 25):
        run.frame(float(after_s))
    samples = of(QueueSample, run.out)
    assert [(s.length, (s.measured_at - BEGIN_AT).total_seconds()) for s in samples] == [
        (2, 1.0),
        (2, 6.0),
        (2, 11.0),
        (0, 13.0),
    ]
    assert samples[0].longest_wait_ms == 3_250


def test_a_visit_to_a_queue_is_dated_when_it_ended_in_media_seconds() -> None:
    run = Run()
    visits = (
        SeenVisit("tills", 0.5, 10.0, 5.0, SeenOutcome.SERVED),
        SeenVisit("tills", 0.0, 4.0, 0.0, SeenOutcome.ABANDONED),
        SeenVisit("tills", 10.0, 90.0, 0.0, SeenOutcome.SERVED),
    )
    run.frame(20.0, queue=SeenQueue("tills", 0, 0, 0.0, visits))
    found = of(QueueVisit, run.out)
    assert [(v.outcome, v.wait_ms, v.service_ms) for v in found] == [
        (QueueOutcome.SERVED, 10_000, 5_000),
        (QueueOutcome.ABANDONED, 4_000, 0),
        (QueueOutcome.SERVED, 90_000, 0),
    ]
    assert [(v.measured_at - BEGIN_AT).total_seconds() for v in found] == [15.5, 4.0, 20.0]


def test_a_heatmap_is_one_packed_grid_a_minute_and_the_rest_at_the_end() -> None:
    run = Run()
    run.frame(10.0, heat=np.array([[1, 2, 3], [4, 5, 65_535]], dtype=np.uint16))
    [minute] = of(HeatmapReading, run.frame(30.0))
    cells = np.frombuffer(zlib.decompress(minute.presence_ds), dtype="<u2").reshape(minute.rows, minute.columns)
    assert cells.tolist() == [[1, 2, 3], [4, 5, 65_535]]
    assert (minute.origin_xy_m, minute.cell_size_m, minute.floor_id) == ((1.0, 2.0), 0.5, "ground")
    assert (minute.measured_at, minute.period_ms) == (BEGIN_AT, 30_000)
    run.frame(31.0, heat=np.ones((2, 3), dtype=np.uint16))
    [part] = of(HeatmapReading, run.end(42.0))
    assert part.period_ms == 12_000
    assert np.frombuffer(zlib.decompress(part.presence_ds), dtype="<u2").sum() == 6
    assert run.pipeline.closed


def test_a_frozen_camera_reports_no_zeros() -> None:
    run = Run()
    run.frame(1.0, entered=1)
    for after_s in range(2, 100):
        run.reporter.forget(BEGIN_AT + timedelta(seconds=after_s))
    out = run.frame(100.0) + run.end(110.0)
    [footfall] = of(FootfallReading, out)
    assert footfall.measured_at == BEGIN_AT + timedelta(seconds=99)
    assert footfall.period_ms == pytest.approx(11_000)


def test_a_new_pass_of_a_loop_goes_on_where_the_last_one_ended() -> None:
    run = Run()
    run.frame(1.0, entered=1)
    run.out += run.end(2.0)
    run.pipeline = ScriptedPipeline()
    run.reporter.restart(run.pipeline)  # type: ignore[arg-type]
    run.frame(3.0, entered=2)
    counts = of(FootfallReading, run.out)
    assert [(c.in_count, (c.measured_at - BEGIN_AT).total_seconds(), c.period_ms) for c in counts] == [
        (1, 0.0, 1_000),
        (0, 1.0, 1_000),
        (2, 2.0, 1_000),
    ]


def test_visits_that_a_restart_cut_short_are_told_once_as_unknown_and_never_below_zero() -> None:
    run = Run(OpenVisits(zones={"entrance": 3, "gone-from-the-site-file": 2}, queues={"tills": 2}))
    for second in range(1, 60):
        run.frame(second)
    zones = [reading for _, reading in run.out if isinstance(reading, ZoneReading)]
    assert sum(reading.exit_count for reading in zones) == 3
    assert sum(reading.visit_count for reading in zones) == 0, "no visit was completed"
    assert min(reading.occupancy for reading in zones) == 0
    dwells = [reading for _, reading in run.out if isinstance(reading, ZoneDwell)]
    assert [(each.zone_id, each.unknown_count, sum(each.dwell_counts)) for each in dwells] == [("entrance", 3, 0)]
    visits = [reading for _, reading in run.out if isinstance(reading, QueueVisit)]
    assert [visit.outcome for visit in visits] == [QueueOutcome.UNKNOWN] * 2


def test_parties_and_transitions_go_out_on_their_stream() -> None:
    run = Run()
    run.pipeline.units = [UnitCount("door", 2, 0)]
    run.frame(1)
    run.frame(31)
    flow = [reading for stream, reading in run.out if stream is Stream.FLOW]
    assert [type(reading) for reading in flow] == [LineParties]
    run.pipeline.ways = [Transitions((Transition("entrance", "aisle", 6),), suppressed=0)]
    for second in range(60, 15 * 60, 30):
        run.frame(second)
    (way,) = [reading for _, reading in run.out if isinstance(reading, ZoneTransition)]
    assert (way.measured_at, way.span_ms, way.people_count) == (BEGIN_AT, 14 * 60_000 + 30_000, 6)


def test_what_is_open_by_the_last_report_is_what_a_restart_will_tell() -> None:
    run = Run()
    # Three are there, one of whom has not come in.
    run.frame(1, zone=ZoneSample("entrance", 3, 2, 0, 1.0, (), open_visits=2), queue=SeenQueue("tills", 1, 0, 3.0))
    assert run.reporter.open_visits() == OpenVisits(zones={"entrance": 2}, queues={"tills": 1})
