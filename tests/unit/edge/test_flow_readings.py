"""Sums of a minute: what several people together tell."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.readings import (
    DWELL_EDGES_S,
    FEWEST_TOLD,
    LaneService,
    LineParties,
    ZoneDwell,
    ZoneTransition,
)
from storesense_edge.flow_readings import FlowSums, dwell_step
from storesense_edge.vision.camera_observation import LineCount
from storesense_edge.vision.queues import LaneWork, QueueSample
from storesense_edge.vision.transitions import Transition, Transitions
from storesense_edge.vision.units import UnitCount
from storesense_edge.vision.zones import ZoneSample, ZoneVisit

BEGIN_AT = datetime(2026, 3, 1, 9, 0, 30, tzinfo=UTC)
MINUTE_AT = BEGIN_AT + timedelta(seconds=30)


def sums() -> FlowSums:
    return FlowSums(camera_id="cam-1", begin_at=BEGIN_AT)


@pytest.mark.parametrize(
    ("dwell_s", "step"),
    [
        (0.0, 0),
        (5.0, 0),  # an edge belongs to the step that it ends, as with waits
        (5.001, 1),
        (1800.0, len(DWELL_EDGES_S) - 1),
        (1800.1, len(DWELL_EDGES_S)),
    ],
)
def test_a_dwell_has_its_step(dwell_s: float, step: int) -> None:
    assert dwell_step(dwell_s) == step


def test_a_quiet_minute_says_nothing_but_that_tills_stood_idle() -> None:
    flow = sums()
    flow.add_parties(UnitCount("door", 0, 0))
    flow.add_zone(ZoneSample("aisle", 0, 0, 0, 0.0, ()))
    flow.add_queue(QueueSample("tills", 0, 0, 0.0, lanes=(LaneWork("lane-1", 1, 0.0, 0),)))
    assert flow.cut(MINUTE_AT) == [
        LaneService(measured_at=BEGIN_AT, period_ms=30_000, lane_id="lane-1", queue_id="tills", till_count=1)
    ]


def test_parties_stand_beside_staff_among_the_heads() -> None:
    flow = sums()
    flow.add_line(LineCount("door", 5, 2, staff_entered=1))
    flow.add_parties(UnitCount("door", 2, 1))
    assert flow.cut(MINUTE_AT) == [
        LineParties(measured_at=BEGIN_AT, period_ms=30_000, line_id="door", in_count=2, out_count=1, staff_in_count=1)
    ]
    flow.add_parties(UnitCount("door", 0, 1))
    (later,) = flow.cut(MINUTE_AT + timedelta(minutes=1))
    assert (later.measured_at, later.period_ms, later.out_count) == (MINUTE_AT, 60_000, 1)  # type: ignore[union-attr]


def test_no_till_is_busier_than_the_time_is_long() -> None:
    flow = sums()
    flow.add_queue(QueueSample("tills", 0, 2, 0.0, lanes=(LaneWork("self", 6, 200.0, 3),)))
    (reading,) = flow.cut(MINUTE_AT)
    assert isinstance(reading, LaneService)
    assert (reading.till_count, reading.busy_ms, reading.served_count) == (6, 180_000, 3)


def test_a_subject_that_is_new_later_begins_where_the_last_cut_was() -> None:
    flow = sums()
    assert flow.cut(MINUTE_AT) == []
    flow.add_parties(UnitCount("door", 1, 0))
    (reading,) = flow.cut(MINUTE_AT + timedelta(seconds=20))
    assert (reading.measured_at, reading.period_ms) == (MINUTE_AT, 20_000)  # type: ignore[union-attr]


@given(st.lists(st.tuples(st.floats(0, 4_000), st.floats(0, 30), st.floats(0, 30)), max_size=40))
def test_no_visit_and_no_moment_is_lost_over_many_minutes(seen: list[tuple[float, float, float]]) -> None:
    flow = sums()
    told: list[ZoneDwell] = []
    for minute, (dwell_s, presence_s, staff_s) in enumerate(seen):
        visit = ZoneVisit("aisle", 0.0, dwell_s, stopped=False)
        flow.add_zone(ZoneSample("aisle", 0, 0, 1, presence_s, (visit,), min(staff_s, presence_s), unknown=1))
        told += flow.cut(MINUTE_AT + timedelta(minutes=minute))  # type: ignore[arg-type]
    assert sum(sum(each.dwell_counts) for each in told) == len(seen)
    assert sum(each.unknown_count for each in told) == len(seen)
    assert sum(each.people_ms for each in told) == pytest.approx(1000 * sum(p for _, p, _ in seen), abs=1.001)
    assert all(0 <= each.staff_ms <= each.people_ms for each in told)


def test_ways_are_told_by_the_quarter_of_an_hour_and_never_of_few() -> None:
    flow = sums()
    assert not flow.ends_quarter(datetime(2026, 3, 1, 9, 14, 59, tzinfo=UTC))
    now_at = datetime(2026, 3, 1, 9, 15, 2, tzinfo=UTC)
    assert flow.ends_quarter(now_at)
    taken = [Transitions((Transition("a", "b", 7),), suppressed=9), Transitions((), suppressed=0)]
    ways = flow.ways(taken, now_at)
    assert ways == [
        ZoneTransition(
            measured_at=BEGIN_AT, span_ms=870_000, camera_id="cam-1", people_count=7, from_zone_id="a", to_zone_id="b"
        ),
        ZoneTransition(measured_at=BEGIN_AT, span_ms=870_000, camera_id="cam-1", people_count=9),
    ]
    assert all(way.people_count >= FEWEST_TOLD for way in ways if isinstance(way, ZoneTransition))
    assert not flow.ends_quarter(now_at), "a new quarter has begun"
