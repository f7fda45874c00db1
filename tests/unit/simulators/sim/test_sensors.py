"""Readings against the truth that they were made from."""

import itertools
import struct
import zlib
from collections import defaultdict
from datetime import timedelta

import pytest

from storesense_contracts.ids import new_boot_id
from storesense_contracts.messages import decode_message, encode_message, encode_readings
from storesense_contracts.readings import READING_TYPES, QueueSample, QueueVisit, ShelfEvent, ShelfWeight
from storesense_contracts.topics import Stream
from storesense_simulators.sim.interval_sensors import instant
from storesense_simulators.sim.sensors import Emitted, Sensors
from storesense_simulators.sim.store import SimulatedStore
from storesense_simulators.sim.truth import TruthKind

STARTED_MS = 1_780_000_017_000
DURATION_MS = 183_000  # it ends at a whole minute, so that every open interval has been reported


@pytest.fixture(scope="session")
def run(shop_plan) -> tuple[SimulatedStore, list[Emitted]]:
    store = SimulatedStore(shop_plan, seed=11)
    sensors = Sensors(store, seed=11, started_ms=STARTED_MS)
    emitted: list[Emitted] = []
    for _ in range(DURATION_MS // 100):
        emitted += sensors.observe(store.tick())
    assert sensors.now_ms % 60_000 == 0
    return store, emitted


def of(emitted, stream):
    return [e.reading for e in emitted if e.stream is stream]


def test_every_stream_is_sent_and_carries_its_own_readings(run):
    _, emitted = run
    assert {e.stream for e in emitted} == set(READING_TYPES)
    assert all(isinstance(e.reading, READING_TYPES[e.stream]) for e in emitted)


def test_what_is_sent_can_be_read_by_whoever_receives_it(run):
    _, emitted = run
    for stream in READING_TYPES:
        readings = of(emitted, stream)[:200]
        payload = encode_message(
            boot_id=new_boot_id(), seq=0, sent_at=instant(STARTED_MS), readings_json=encode_readings(readings)
        )
        decoded = decode_message(stream, payload)
        assert decoded.bad == []
        assert [reading for _, reading in decoded.readings] == readings


def test_counts_sum_up_to_the_truth(run):
    store, emitted = run
    for line in store.plan.lines:
        readings = [r for r in of(emitted, Stream.FOOTFALL) if r.line_id == line.line_id]
        assert sum(r.in_count for r in readings) == store.truth.count(TruthKind.CROSSED_IN, line.line_id)
        assert sum(r.out_count for r in readings) == store.truth.count(TruthKind.CROSSED_OUT, line.line_id)
    for zone in store.plan.zones:
        readings = [r for r in of(emitted, Stream.ZONE) if r.zone_id == zone.zone_id]
        assert sum(r.entry_count for r in readings) == store.truth.count(TruthKind.ZONE_ENTERED, zone.zone_id)
        assert sum(r.visit_count for r in readings) == store.truth.count(TruthKind.ZONE_LEFT, zone.zone_id)
        inside = sum(zone.zone_id in shopper.zones_since_ms for shopper in store.shoppers.values())
        assert readings[-1].occupancy == inside
        # Everybody who was there has been there for that long: the visits that ended, and those that go on.
        going_on_ms = sum(
            store.now_ms - shopper.zones_since_ms[zone.zone_id]
            for shopper in store.shoppers.values()
            if zone.zone_id in shopper.zones_since_ms
        )
        assert sum(r.presence_ms for r in readings) == sum(r.visit_dwell_ms for r in readings) + going_on_ms


def test_intervals_tile_time_and_never_straddle_a_minute(run):
    _, emitted = run
    ends = defaultdict(lambda: instant(STARTED_MS))
    for stream, key in ((Stream.FOOTFALL, "line_id"), (Stream.ZONE, "zone_id")):
        for reading in of(emitted, stream):
            subject = getattr(reading, key)
            assert reading.measured_at == ends[subject]
            ends[subject] = reading.measured_at + timedelta(milliseconds=reading.period_ms)
            last = ends[subject] - timedelta(milliseconds=1)
            assert reading.measured_at.replace(second=0, microsecond=0) == last.replace(second=0, microsecond=0)
    assert set(ends.values()) == {instant(STARTED_MS + DURATION_MS)}


def test_a_page_knows_every_line_and_zone_within_a_second(run):
    store, emitted = run
    soon = instant(STARTED_MS + 1_000)
    for stream, key, plans in (
        (Stream.FOOTFALL, "line_id", store.plan.lines),
        (Stream.ZONE, "zone_id", store.plan.zones),
    ):
        ended = [(r, r.measured_at + timedelta(milliseconds=r.period_ms)) for r in of(emitted, stream)]
        assert {getattr(r, key) for r, end_at in ended if end_at <= soon} == {getattr(p, key) for p in plans}


def test_heat_is_all_the_time_that_people_spent_on_the_floor(run):
    store, emitted = run
    total_ds = 0
    for grid in of(emitted, Stream.HEATMAP):
        cells = struct.unpack(f"<{grid.rows * grid.columns}H", zlib.decompress(grid.presence_ds))
        total_ds += sum(cells)
    stays_ds = 0
    again = SimulatedStore(store.plan, seed=11)
    for _ in range(DURATION_MS // 100):
        again.tick()
        stays_ds += len(again.steps)
    assert total_ds == stays_ds
    first = min(grid.measured_at + timedelta(milliseconds=grid.period_ms) for grid in of(emitted, Stream.HEATMAP))
    assert first <= instant(STARTED_MS + 20_000)  # a page is warm soon


def test_queue_readings_tell_the_truth(run):
    store, emitted = run
    readings = of(emitted, Stream.QUEUE)
    visits = [r for r in readings if isinstance(r, QueueVisit)]
    assert len(visits) == store.truth.count(TruthKind.SERVED) + store.truth.count(TruthKind.ABANDONED)
    for queue_id, queue in store.checkout.queues.items():
        samples = [r for r in readings if isinstance(r, QueueSample) and r.queue_id == queue_id]
        assert samples[-1].length == len(queue.waiting)
        gaps_s = {(b.measured_at - a.measured_at).total_seconds() for a, b in itertools.pairwise(samples)}
        assert max(gaps_s) <= 10.0


def test_the_shelf_says_how_many_units_lie_there_and_what_moved(run):
    store, emitted = run
    readings = of(emitted, Stream.SHELF)
    for slot_id, stock in store.stocks.items():
        weights = [r for r in readings if isinstance(r, ShelfWeight) and r.slot_id == slot_id]
        stable = [r for r in weights if r.is_stable]
        assert all(r.confidence is not None and r.confidence > 0.9 for r in stable)
        assert all(r.units is None for r in weights if not r.is_stable)
        events = [r for r in readings if isinstance(r, ShelfEvent) and r.slot_id == slot_id]
        moved = sum(-e.units if e.event == "pick" else e.units for e in events)
        assert stable[-1].units == stable[0].units + moved
        if weights[-1].is_stable:
            assert stable[-1].units == stock.units


def test_a_set_clock_moves_what_comes_after_and_loses_nobody(shop_plan):
    store = SimulatedStore(shop_plan, seed=2)
    sensors = Sensors(store, seed=2, started_ms=STARTED_MS)
    for _ in range(200):
        sensors.observe(store.tick())
    sensors.rebase(STARTED_MS + 3_600_050)
    emitted: list[Emitted] = []
    while not emitted or sensors.now_ms % 60_000 != 0:
        emitted += sensors.observe(store.tick())
    assert all(e.reading.measured_at >= instant(STARTED_MS + 3_600_000) for e in emitted)
    for zone in shop_plan.zones:
        last = [r for r in of(emitted, Stream.ZONE) if r.zone_id == zone.zone_id][-1]
        assert last.occupancy == sum(zone.zone_id in s.zones_since_ms for s in store.shoppers.values())


@pytest.mark.parametrize("ticks", [1, 37, 200, 204])  # 200: every interval has just ended
def test_the_last_readings_of_a_run_hold_what_its_open_intervals_counted_and_leave_nobody_inside(shop_plan, ticks):
    store = SimulatedStore(shop_plan, seed=4)
    sensors = Sensors(store, seed=4, started_ms=STARTED_MS)
    emitted: list[Emitted] = []
    for _ in range(ticks):
        emitted += sensors.observe(store.tick())
    emitted += sensors.finish(store.close())
    door = [r for r in of(emitted, Stream.FOOTFALL) if r.line_id == "door"]
    counted_in, counted_out = sum(r.in_count for r in door), sum(r.out_count for r in door)
    assert counted_in == store.truth.count(TruthKind.CROSSED_IN, "door")
    assert counted_out == store.truth.count(TruthKind.CROSSED_OUT, "door") == counted_in
    for zone in shop_plan.zones:
        assert [r for r in of(emitted, Stream.ZONE) if r.zone_id == zone.zone_id][-1].occupancy == 0
    lengths = {r.queue_id: r.length for r in of(emitted, Stream.QUEUE) if isinstance(r, QueueSample)}
    assert set(lengths.values()) == {0}
    ends = {r.measured_at + timedelta(milliseconds=r.period_ms) for r in of(emitted, Stream.ZONE)}
    assert max(ends) == instant(sensors.now_ms)
    assert sensors.finish([]) == []


def test_an_uneven_start_is_refused(shop_plan):
    with pytest.raises(ValueError, match="whole second"):
        Sensors(SimulatedStore(shop_plan, seed=1), seed=1, started_ms=1_500)
