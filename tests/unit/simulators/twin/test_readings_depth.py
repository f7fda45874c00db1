"""Readings of a simulated store, beside what truly happened in it."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from storesense_contracts.readings import (
    READING_TYPES,
    FootfallReading,
    HealthReading,
    HealthState,
    LaneReading,
    LaneService,
    LineParties,
    QueueOutcome,
    QueueVisit,
    ShelfEvent,
    ShelfEventKind,
    ShelfWeight,
    ZoneDwell,
    ZoneReading,
    ZoneTransition,
)
from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.emitted import Emitted
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.faults import Fault, FaultSchedule
from storesense_simulators.twin.interval_sensors import LineSensor
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.readings_depth import ReadingSensors
from storesense_simulators.twin.shelf_sensor import SlotSensor
from storesense_simulators.twin.shop import FaultKind
from storesense_simulators.twin.truth import TruthKind

BEGAN_AT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
BEGAN_MS = int(BEGAN_AT.timestamp() * 1000)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def shop():
    return load_shop("convenience")


def run(shop, *, minutes: float, seed: int = 5, faults: tuple[Fault, ...] = ()):
    twin = Twin(shop, seed=seed, began_at=BEGAN_AT)
    sensors = ReadingSensors(shop, twin, seed=seed, started_ms=BEGAN_MS, faults=FaultSchedule(faults))
    truth, emitted = [], []
    for events in twin.run_until(round(minutes * 60_000)):
        truth += events
        emitted += sensors.observe(events)
    return truth, emitted + sensors.finish()


@pytest.fixture(scope="module")
def hour(shop):
    return run(shop, minutes=60)


def of(emitted: list[Emitted], kind: type, device_id: str | None = None) -> list:
    return [e.reading for e in emitted if isinstance(e.reading, kind) and device_id in (None, e.device_id)]


def fault(kind: FaultKind, target: str, begins_s: float, lasts_s: float, amount: float = 0.0) -> Fault:
    begins_ms = round(begins_s * 1000)
    return Fault(
        kind=kind, target=target, begins_ms=begins_ms, ends_ms=begins_ms + round(lasts_s * 1000), amount=amount
    )


def test_readings_are_what_their_streams_may_carry(hour):
    _, emitted = hour
    for item in emitted:
        assert type(item.reading) in READING_TYPES[item.stream]
        # Bounds of the wire format hold: what is encoded can be decoded.
        msgspec.json.decode(msgspec.json.encode(item.reading), type=type(item.reading))


def test_intervals_tile_time_and_never_straddle_a_minute(hour):
    _, emitted = hour
    tiles = defaultdict(list)
    for item in emitted:
        if isinstance(item.reading, FootfallReading | ZoneReading):
            subject = item.reading.line_id if isinstance(item.reading, FootfallReading) else item.reading.zone_id
            tiles[type(item.reading), subject].append(item.reading)
    assert len(tiles) >= 5
    for readings in tiles.values():
        ends_at = BEGAN_AT
        for reading in readings:
            assert reading.measured_at == ends_at
            ends_at += timedelta(milliseconds=reading.period_ms)
            last_at = ends_at - timedelta(milliseconds=1)
            assert reading.measured_at.replace(second=0, microsecond=0) == last_at.replace(second=0, microsecond=0)
        assert ends_at == BEGAN_AT + timedelta(hours=1)


def test_a_quiet_minute_is_told_as_one(hour):
    _, emitted = hour
    minutes = {r.measured_at.replace(second=0, microsecond=0) for r in of(emitted, FootfallReading)}
    assert len(minutes) == 60


def test_crossings_are_counted_with_the_measured_errors():
    sensor = LineSensor("door", "camera", stream(3, "line/door"), BEGAN_MS)
    for _ in range(20_000):
        sensor.cross(is_in=True)
    for _ in range(10_000):
        sensor.cross(is_in=False, blindness=0.5)
    reading = sensor.report(BEGAN_MS + 1_000)
    assert reading is not None
    assert reading.in_count == pytest.approx(20_000 * (1 - 1 / 133 + 6 / 133), rel=0.01)
    assert reading.out_count == pytest.approx(reading.in_count / 4, rel=0.05)


def test_every_crossing_of_an_hour_is_at_most_doubled(hour):
    truth, emitted = hour
    true = sum(e.kind in (TruthKind.CROSSED_IN, TruthKind.CROSSED_OUT) for e in truth)
    counted = sum(r.in_count + r.out_count for r in of(emitted, FootfallReading))
    assert true > 20
    assert counted == pytest.approx(true, rel=0.2)


def test_zones_know_who_is_inside_and_for_how_long(hour):
    truth, emitted = hour
    dwell_ms = sum(e.dwell_ms or 0 for e in truth if e.kind is TruthKind.ZONE_LEFT)
    told_ms = sum(r.visit_dwell_ms for r in of(emitted, ZoneReading))
    assert told_ms == pytest.approx(dwell_ms, rel=0.05)
    inside = defaultdict(int)
    for event in truth:
        inside[event.subject_id] += (event.kind is TruthKind.ZONE_ENTERED) - (event.kind is TruthKind.ZONE_LEFT)
    last = {r.zone_id: r.occupancy for r in of(emitted, ZoneReading)}
    assert last == {zone_id: inside[zone_id] for zone_id in last}


def test_waits_are_those_of_the_tills_with_errors_of_seconds(hour):
    truth, emitted = hour
    served = [e for e in truth if e.kind is TruthKind.SERVICE_ENDED]
    visits = [v for v in of(emitted, QueueVisit) if v.outcome is QueueOutcome.SERVED]
    assert len(visits) == len(served) > 5
    for event, visit in zip(served, visits, strict=True):
        assert abs(visit.wait_ms - (event.wait_ms or 0)) <= 3_000
        assert abs(visit.service_ms - (event.service_ms or 0)) <= 100
        assert visit.wait_ms % 100 == 0, "waits fall on pictures"


def test_weights_tell_the_units_and_picks_are_named(hour, shop):
    truth, emitted = hour
    picked = defaultdict(int)
    for event in truth:
        if event.kind is TruthKind.PICKED:
            picked[event.subject_id] += event.units
    told = defaultdict(int)
    for event in of(emitted, ShelfEvent):
        if event.event is ShelfEventKind.PICK:
            told[event.slot_id] += event.units
    assert sum(picked.values()) > 30
    assert sum(told.values()) == pytest.approx(sum(picked.values()), rel=0.15)
    levels = {e.subject_id: e.level_units for e in truth if e.level_units is not None}
    last = {w.slot_id: w.units for w in of(emitted, ShelfWeight) if w.is_stable}
    assert last.keys() == {cell.slot_id for cell in shop.cells}
    assert sum(last[slot_id] == levels[slot_id] for slot_id in last) >= 0.95 * len(last)


@pytest.mark.parametrize(
    ("moved_units", "event", "has_sku"),
    [(-2.0, ShelfEventKind.PICK, True), (0.45, ShelfEventKind.FOREIGN, False)],
    ids=["two of its own", "a thing that weighs like nothing of its own"],
)
def test_a_slot_names_the_product_that_moved(shop, moved_units: float, event: ShelfEventKind, has_sku: bool):
    cell = shop.cells[0]
    place = next(place for place in shop.places if place.slot_id == cell.slot_id)
    unit_mg = round(place.unit_weight_g * 1000)
    sensor = SlotSensor(place, cell, mass_mg=5 * unit_mg, chance=stream(1, "cell"), now_ms=0)
    sensor.report(0)
    sensor.touch(round((5 + moved_units) * unit_mg), 5_000)
    told = [reading for at_ms in (5_500, 6_500) for reading in sensor.report(at_ms)]
    (happened,) = [reading for reading in told if isinstance(reading, ShelfEvent)]
    assert happened.event is event
    assert happened.sku == (place.sku if has_sku else None)


def test_lanes_and_health_are_told_each_minute(hour, shop):
    _, emitted = hour
    lanes = {r.lane_id for r in of(emitted, LaneReading)}
    assert lanes == {till.lane_id for till in shop.tills}
    for device in shop.site.devices:
        assert len(of(emitted, HealthReading, device.id)) == 61


def test_same_seed_same_readings_and_other_noise_leaves_the_truth_alone(shop):
    first, again = run(shop, minutes=4), run(shop, minutes=4)
    assert first == again
    twin = Twin(shop, seed=5, began_at=BEGAN_AT)
    sensors = ReadingSensors(shop, twin, seed=99, started_ms=BEGAN_MS)
    truth = []
    for events in twin.run_until(240_000):
        truth += events
        sensors.observe(events)
    assert truth == first[0]


def test_a_frozen_camera_says_nothing_false_and_reports_that_it_is_frozen(shop):
    camera = "camera-door"
    faults = (fault(FaultKind.CAMERA_FROZEN, camera, 120, 300),)
    _, emitted = run(shop, minutes=9, faults=faults)
    told = [r.measured_at for r in of(emitted, FootfallReading, camera)]
    began, ends = BEGAN_AT + timedelta(seconds=120), BEGAN_AT + timedelta(seconds=420)
    assert not [at for at in told if began <= at < ends]
    assert [at for at in told if at >= ends]
    states = [(h.measured_at, h.state) for h in of(emitted, HealthReading, camera)]
    found_at = next(at for at, state in states if state is HealthState.FAILED)
    assert found_at - began <= timedelta(seconds=60)
    assert states[-1][1] is HealthState.OK


def test_a_cut_network_delays_and_loses_nothing(shop):
    faults = (fault(FaultKind.NETWORK_CUT, "tills", 60, 120),)
    _, plain = run(shop, minutes=5)
    _, cut = run(shop, minutes=5, faults=faults)
    assert of(cut, LaneReading) == of(plain, LaneReading)
    order = [e.device_id for e in cut]
    assert order != [e.device_id for e in plain]


def test_a_power_cut_loses_what_it_covers_and_restarts_the_uptime(shop):
    faults = (fault(FaultKind.POWER_CUT, "tills", 60, 120),)
    _, emitted = run(shop, minutes=5, faults=faults)
    lanes = [r.measured_at - BEGAN_AT for r in of(emitted, LaneReading)]
    assert not [at for at in lanes if timedelta(seconds=60) <= at < timedelta(seconds=180)]
    uptimes = [h.uptime_s for h in of(emitted, HealthReading, "tills")]
    assert uptimes[-1] == 120


def test_a_wrong_clock_stamps_whole_minutes_ahead_and_says_by_how_much(shop):
    faults = (fault(FaultKind.CLOCK_WRONG, "camera-door", 60, 120, 120.0),)
    _, emitted = run(shop, minutes=5, faults=faults)
    ahead = [h for h in of(emitted, HealthReading, "camera-door") if h.clock_offset_ms]
    assert {h.clock_offset_ms for h in ahead} == {-120_000}
    for reading in of(emitted, FootfallReading, "camera-door"):
        end_at = reading.measured_at + timedelta(milliseconds=reading.period_ms - 1)
        assert end_at.replace(second=0, microsecond=0) == reading.measured_at.replace(second=0, microsecond=0)


def test_a_bag_leaning_on_a_slot_is_weighed_and_is_no_pick(shop):
    slot_id = shop.cells[0].slot_id
    faults = (fault(FaultKind.CELL_LEANED_ON, slot_id, 30, 60, 3_333.0),)
    _, emitted = run(shop, minutes=3, faults=faults, seed=1)
    weights = [w for w in of(emitted, ShelfWeight) if w.slot_id == slot_id and w.is_stable]
    masses = [w.weight_mg / 1000 for w in weights]
    assert max(masses) - masses[0] == pytest.approx(3_333, abs=20)
    assert masses[-1] == pytest.approx(masses[0], abs=20)


def test_going_on_at_another_instant_keeps_minutes_whole(shop):
    twin = Twin(shop, seed=5, began_at=BEGAN_AT)
    sensors = ReadingSensors(shop, twin, seed=5, started_ms=BEGAN_MS)
    for events in twin.run_until(30_000):
        sensors.observe(events)
    later_ms = BEGAN_MS + 7_777_777
    sensors.rebase(later_ms)
    assert 0 <= later_ms - sensors.now_ms < 1_000
    emitted = []
    for events in twin.run_until(180_000):
        emitted += sensors.observe(events)
    stamps = [r.measured_at for r in of(emitted, FootfallReading)]
    assert min(stamps) == datetime.fromtimestamp((BEGAN_MS + 7_777_000) / 1000, UTC)
    assert {stamp.second for stamp in stamps[2:] if stamp.microsecond == 0} <= set(range(60))
    for reading in of(emitted, FootfallReading):
        end_at = reading.measured_at + timedelta(milliseconds=reading.period_ms - 1)
        assert end_at.minute == reading.measured_at.minute


def test_a_beginning_within_a_second_is_refused(shop):
    twin = Twin(shop, seed=5, began_at=BEGAN_AT)
    with pytest.raises(ValueError, match="whole second"):
        ReadingSensors(shop, twin, seed=5, started_ms=BEGAN_MS + 1)


def test_parties_are_those_that_came_and_fewer_than_heads(hour) -> None:
    truth, emitted = hour
    told = of(emitted, LineParties)
    crossed = [event for event in truth if event.kind is TruthKind.CROSSED_IN]
    parties = {event.party_no or -event.person_no for event in crossed}
    assert sum(each.in_count for each in told) == pytest.approx(len(parties), rel=0.1), "some come back for more"
    assert sum(each.in_count for each in told) < len(crossed)
    assert sum(each.staff_in_count for each in told) == sum(event.is_staff for event in crossed)


def test_dwells_are_those_of_customers_and_presence_is_everybodys(hour) -> None:
    truth, emitted = hour
    told = of(emitted, ZoneDwell)
    left = [event for event in truth if event.kind is TruthKind.ZONE_LEFT and not event.is_staff]
    assert sum(sum(each.dwell_counts) for each in told) == len(left)
    presence_ms = sum(each.presence_ms for each in of(emitted, ZoneReading))
    assert sum(each.people_ms for each in told) == pytest.approx(presence_ms, rel=0.05)
    assert 0 < sum(each.staff_ms for each in told) < sum(each.people_ms for each in told)


def test_tills_are_busy_for_as_long_as_they_serve(hour) -> None:
    truth, emitted = hour
    told = of(emitted, LaneService)
    served = [event for event in truth if event.kind is TruthKind.SERVICE_ENDED]
    assert sum(each.served_count for each in told) == len(served)
    assert sum(each.busy_ms for each in told) == pytest.approx(sum(each.service_ms for each in served), rel=0.1)
    assert all(each.busy_ms <= each.period_ms * each.till_count for each in told)


def test_ways_between_zones_are_told_of_five_or_more_by_the_quarter_of_an_hour(hour) -> None:
    ways = of(hour[1], ZoneTransition)
    assert ways
    assert min(way.people_count for way in ways) >= 5
    quarters = {
        (way.measured_at.minute // 15, (way.measured_at + timedelta(milliseconds=way.span_ms - 1)).minute // 15)
        for way in ways
    }
    assert all(begin == end for begin, end in quarters)
