"""Past days of a store: what they hold, that their parts agree, and that they are loaded once."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from storesense_contracts.clock import ManualClock, to_epoch_us
from storesense_contracts.messages import encode_readings
from storesense_contracts.readings import (
    FootfallReading,
    HeatmapReading,
    LaneReading,
    LaneService,
    LineParties,
    QueueSample,
    QueueVisit,
    ShelfEvent,
    ShelfWeight,
    ZoneDwell,
    ZoneReading,
    ZoneTransition,
)
from storesense_contracts.settings import BrokerSettings
from storesense_simulators.twin.device_links import DeviceLinks
from storesense_simulators.twin.history import HistoryFileError, HistoryLoader
from storesense_simulators.twin.history_day import PastDays
from storesense_simulators.twin.history_trips import record_visits
from storesense_simulators.twin.load_shop import load_shop

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def shop():
    return load_shop("convenience")


@pytest.fixture(scope="module")
def past(shop):
    first = datetime(2026, 3, 2, tzinfo=BERLIN)
    library = record_visits(shop, seed=4, first_day=first, lasts_ms=900_000)
    return PastDays(shop, library, seed=4)


@pytest.fixture(scope="module")
def monday(past):
    return list(past.day(MONDAY))


def of(emitted, kind):
    return [e.reading for e in emitted if isinstance(e.reading, kind)]


def test_about_as_many_come_as_the_store_file_says_and_all_go_again(monday):
    counts = of(monday, FootfallReading)
    came = sum(c.in_count for c in counts)
    assert 450 <= came <= 760  # 600 on a plain day, parties at random, and a burst or none
    assert sum(c.out_count for c in counts) == came
    presence = of(monday, ZoneReading)
    assert {zone.zone_id: zone for zone in presence}.keys() == {"entrance", *{z.zone_id for z in presence}}
    last = {zone.zone_id: zone.occupancy for zone in presence}
    assert set(last.values()) == {0}
    assert all(zone.occupancy >= 0 for zone in presence)


def test_nobody_comes_while_the_store_is_closed(monday):
    for c in of(monday, FootfallReading):
        local = c.measured_at.astimezone(BERLIN)
        assert c.in_count == 0 or 7 <= local.hour < 22
    for lane in of(monday, LaneReading):
        assert not lane.is_open or 7 <= lane.measured_at.astimezone(BERLIN).hour < 22


def test_every_minute_of_the_day_is_told_once(monday):
    begins = Counter(c.measured_at for c in of(monday, FootfallReading))
    assert len(begins) == 24 * 60
    assert set(begins.values()) == {1}
    assert {c.period_ms for c in of(monday, FootfallReading)} == {MINUTE_MS}
    samples = Counter((s.queue_id, s.measured_at) for s in of(monday, QueueSample))
    assert set(samples.values()) == {1}


def test_presence_visits_and_heat_tell_of_the_same_people(monday):
    zones = of(monday, ZoneReading)
    presence_s = sum(z.presence_ms for z in zones) / 1_000
    dwell_s = sum(z.visit_dwell_ms for z in zones) / 1_000
    assert presence_s == pytest.approx(dwell_s)  # everybody has left by midnight, so all time belongs to a visit
    assert sum(z.entry_count for z in zones) == sum(z.visit_count for z in zones) > 500
    assert len(of(monday, HeatmapReading)) > 500
    visits = of(monday, QueueVisit)
    assert len(visits) > 200
    assert all(v.wait_ms >= 0 and v.service_ms > 0 for v in visits if v.outcome == "served")


def test_what_several_people_together_did_agrees_with_the_counts(monday):
    heads = sum(c.in_count for c in of(monday, FootfallReading))
    parties = of(monday, LineParties)
    assert 0.7 * heads <= sum(p.in_count for p in parties) < heads
    assert all(p.in_count or p.out_count for p in parties)
    zones, dwells = of(monday, ZoneReading), of(monday, ZoneDwell)
    assert sum(sum(d.dwell_counts) for d in dwells) == sum(z.visit_count for z in zones)
    assert sum(d.people_ms for d in dwells) == sum(z.presence_ms for z in zones)
    services, visits = of(monday, LaneService), of(monday, QueueVisit)
    served = [v for v in visits if v.outcome == "served"]
    assert sum(s.served_count for s in services) == len(served)
    busy_ms, service_ms = sum(s.busy_ms for s in services), sum(v.service_ms for v in served)
    assert 0.9 * service_ms <= busy_ms <= service_ms, "drawn visits may meet at a till, which serves one at a time"


def test_tills_are_told_of_while_the_store_is_open(monday):
    services = of(monday, LaneService)
    told = Counter((s.lane_id, s.measured_at) for s in services)
    assert set(told.values()) == {1}
    assert {s.lane_id for s in services} == {"lane-1", "lane-2"}
    assert 2 * 15 * 60 <= len(services) <= 2 * 15 * 60 + 30, "a late customer may still be served after closing"
    assert any(s.busy_ms == 0 for s in services)


def test_ways_between_zones_are_told_of_five_people_or_more(monday):
    ways = of(monday, ZoneTransition)
    assert ways
    assert min(way.people_count for way in ways) >= 5
    assert all(way.measured_at.minute % 15 == 0 for way in ways)
    assert {e.stream for e in monday if isinstance(e.reading, ZoneTransition)} == {"flow"}


def test_units_on_a_shelf_follow_from_what_was_taken_and_refilled(shop, monday):
    capacity = {place.slot_id: place.capacity_units for place in shop.places}
    signs = {"pick": -1, "put_back": 1, "restock": 1}
    held = dict(capacity)
    told = {}
    for event in sorted(of(monday, ShelfEvent), key=lambda e: e.measured_at):
        held[event.slot_id] += signs[event.event] * event.units
        assert 0 <= held[event.slot_id] <= capacity[event.slot_id]
    for weight in sorted(of(monday, ShelfWeight), key=lambda w: w.measured_at):
        told[weight.slot_id] = weight.units
    assert told == {slot_id: held[slot_id] for slot_id in told}
    assert any(event.event == "restock" for event in of(monday, ShelfEvent))


def test_everything_can_go_on_the_wire_and_stays_within_its_minute(monday):
    for e in monday[::37]:
        encode_readings([e.reading])
    for reading in [*of(monday, ZoneReading), *of(monday, HeatmapReading)]:
        began_ms = to_epoch_us(reading.measured_at) // 1_000
        assert began_ms % MINUTE_MS == 0


def test_a_day_is_the_same_twice_and_another_day_another(past, monday):
    assert list(past.day(MONDAY)) == monday
    assert list(past.day(MONDAY + timedelta(days=1))) != monday


def test_the_day_on_which_clocks_change_is_an_hour_shorter(past):
    sunday = list(past.day(date(2026, 3, 29)))
    assert len(of(sunday, FootfallReading)) == 23 * 60


def test_today_ends_where_the_present_is_with_nobody_inside(past):
    until = datetime(2026, 3, 3, 17, 0, tzinfo=BERLIN)
    today = list(past.day(MONDAY + timedelta(days=1), until))
    assert max(e.reading.measured_at for e in today) < until
    counts = of(today, FootfallReading)
    assert sum(c.in_count for c in counts) == sum(c.out_count for c in counts) > 100
    assert list(past.day(MONDAY + timedelta(days=3), until)) == []


class Caught(DeviceLinks):
    def __init__(self):
        clock = ManualClock(datetime(2026, 3, 2, tzinfo=UTC))
        super().__init__("x", [], state_dir=Path(), broker=BrokerSettings(), passwords={}, clock=clock)
        self.dates = Counter()

    def record(self, emitted):
        if isinstance(emitted.reading, FootfallReading):
            self.dates[emitted.reading.measured_at.astimezone(BERLIN).date()] += 1


def load(shop, state_dir, at, days):
    links = Caught()
    loader = HistoryLoader(shop, links, state_dir=state_dir, seed=4, clock=ManualClock(at))
    return asyncio.run(loader.load(days)), links.dates


def test_days_are_loaded_once_and_older_ones_when_more_are_wanted(shop, tmp_path):
    noon = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
    days, dates = load(shop, tmp_path, noon, 1)
    assert days == 2
    assert dates == {date(2026, 3, 4): 12 * 60 - 5, date(2026, 3, 3): 24 * 60}
    assert load(shop, tmp_path, noon + timedelta(days=3), 1) == (0, {})
    days, dates = load(shop, tmp_path, noon + timedelta(hours=1), 2)
    assert (days, dates) == (1, {date(2026, 3, 2): 24 * 60})


def test_a_broken_memory_of_what_was_loaded_is_refused(shop, tmp_path):
    path = tmp_path / shop.store_id / "history.json"
    path.parent.mkdir()
    path.write_text("{}")
    with pytest.raises(HistoryFileError, match="remove it only together with the database"):
        load(shop, tmp_path, datetime(2026, 3, 4, tzinfo=UTC), 1)
