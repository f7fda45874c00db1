"""The twin in step with a clock: what it sends, how it opens and ends, and what a speed does to dates."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.clock import ManualClock, from_epoch_us, to_epoch_us
from storesense_contracts.readings import FootfallReading, QueueVisit, ShelfWeight, ZoneReading
from storesense_contracts.settings import BrokerSettings
from storesense_simulators.twin.device_links import DeviceLinks
from storesense_simulators.twin.live import LiveOptions, LiveStore
from storesense_simulators.twin.live_time import LiveTime
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.opening import Opening, opened
from storesense_simulators.twin.shop_of_site import enlivened
from storesense_simulators.twin.truth import TruthKind

BEGAN_AT = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
BEGAN_MS = to_epoch_us(BEGAN_AT) // 1_000
MINUTE_MS = 60_000


class HastyClock(ManualClock):
    """A clock on which half a second passes with every look."""

    def now(self) -> datetime:
        self.advance(0.5)
        return super().now()


class Caught(DeviceLinks):
    """Links that lead nowhere."""

    def __init__(self) -> None:
        clock = ManualClock(BEGAN_AT)
        super().__init__("x", [], state_dir=Path(), broker=BrokerSettings(), passwords={}, clock=clock)
        self.emitted = []

    def record(self, emitted):
        self.emitted.append(emitted)


def run(shop, *, seconds, speed=1.0, opening=None, clock=None):
    links = Caught()
    store = LiveStore(
        shop,
        links,
        clock=clock or HastyClock(BEGAN_AT),
        options=LiveOptions(seed=4, speed=speed, opening=opening),
    )
    result = asyncio.run(store.run(stop=asyncio.Event(), duration_s=seconds))
    return links.emitted, store, result


@pytest.fixture(scope="module")
def lively():
    return enlivened(load_shop("convenience"))


@pytest.fixture(scope="module")
def first_minute(lively):
    return run(lively, seconds=60, opening=Opening())


def test_it_opens_with_a_low_slot_and_a_long_queue(first_minute):
    emitted, _, result = first_minute
    assert result.visitors >= 8 + 3
    first = {}
    for e in emitted:
        if isinstance(e.reading, ShelfWeight):
            first.setdefault(e.reading.slot_id, e.reading)
    low = {place.slot_id: place.reorder_point_units for place in load_shop("convenience").places}
    assert [slot_id for slot_id, weight in first.items() if weight.units <= low[slot_id]] == ["drinks-6"]
    last = [e.reading for e in emitted if isinstance(e.reading, ShelfWeight) and e.reading.slot_id == "drinks-6"][-1]
    assert last.units > low["drinks-6"]  # somebody has refilled it
    lengths = {e.reading.measured_at: e.reading.length for e in emitted if hasattr(e.reading, "length")}
    assert max(lengths.values()) >= 4


def test_staff_open_a_second_lane_for_the_long_queue(first_minute):
    _, store, _ = first_minute
    assert store.truth.count(TruthKind.LANE_OPENED) == 2


def test_it_ends_with_everybody_counted_out(first_minute):
    emitted, store, _ = first_minute
    assert store.truth.count(TruthKind.CROSSED_IN, "door") == store.truth.count(TruthKind.CROSSED_OUT, "door") > 8
    zones = {e.reading.zone_id: e.reading for e in emitted if isinstance(e.reading, ZoneReading)}
    assert {zone.occupancy for zone in zones.values()} == {0}


def test_whoever_looks_sees_every_line_and_zone_within_a_second(lively, first_minute):
    emitted, _, _ = first_minute
    soon = [e.reading for e in emitted if e.reading.measured_at < BEGAN_AT + timedelta(seconds=1)]
    assert {r.zone_id for r in soon if isinstance(r, ZoneReading)} == {zone.zone_id for zone in lively.zones}
    assert {r.line_id for r in soon if isinstance(r, FootfallReading)} == {line.line_id for line in lively.lines}


def test_readings_are_of_the_present(first_minute):
    emitted, _, result = first_minute
    dates = [e.reading.measured_at for e in emitted]
    assert min(dates) >= BEGAN_AT
    assert BEGAN_AT + timedelta(seconds=55) <= max(dates) <= BEGAN_AT + timedelta(seconds=62)
    assert result.wall_s >= 60


def test_a_hurried_store_lives_minutes_in_seconds_and_stays_in_the_present(lively):
    emitted, _, result = run(lively, seconds=15, speed=8)
    assert result.visitors >= 8  # ten a minute, for two minutes
    dates = [e.reading.measured_at for e in emitted]
    assert BEGAN_AT <= min(dates) <= max(dates) <= BEGAN_AT + timedelta(seconds=17)
    for e in emitted:
        if isinstance(e.reading, FootfallReading | ZoneReading):
            began_ms = to_epoch_us(e.reading.measured_at) // 1_000
            assert began_ms // MINUTE_MS == (began_ms + e.reading.period_ms - 1) // MINUTE_MS


def test_after_a_jump_of_the_clock_it_goes_on_at_the_new_time(lively, caplog):
    class SetClock(HastyClock):
        def now(self):
            if timedelta(seconds=20) < super().now() - BEGAN_AT < timedelta(hours=1):
                self.jump(BEGAN_AT + timedelta(hours=2))
            return super().now()

    emitted, _, _ = run(lively, seconds=60, clock=SetClock(BEGAN_AT))
    dates = [e.reading.measured_at - BEGAN_AT for e in emitted]
    assert not [d for d in dates if timedelta(seconds=25) < d < timedelta(hours=2)]
    assert max(dates) > timedelta(hours=2)
    assert "the clock moved away" in caplog.text


@given(
    speed=st.sampled_from([1, 1.5, 2, 7, 10, 60]),
    began=st.integers(0, 120_000),
    lengths=st.lists(st.integers(250, 60_000), min_size=1, max_size=20),
)
def test_hurried_intervals_tile_the_clock_and_keep_their_counts(speed, began, lengths):
    time = LiveTime(clock_ms=BEGAN_MS, store_ms=BEGAN_MS, speed=speed)
    at_ms, told = BEGAN_MS + began, []
    for number, length in enumerate(lengths):
        whole = FootfallReading(
            measured_at=from_epoch_us(at_ms * 1_000), period_ms=length, line_id="x", in_count=number, out_count=1
        )
        told += time.dated(whole)
        at_ms += length
    assert sum(r.in_count for r in told) == sum(range(len(lengths)))
    assert sum(r.out_count for r in told) == len(lengths)
    ends = [r.measured_at + timedelta(milliseconds=r.period_ms) for r in told]
    assert [r.measured_at for r in told[1:]] == ends[:-1]
    assert ends[-1] == from_epoch_us(time.clock_ms(at_ms) * 1_000)


def test_durations_hurry_as_well():
    time = LiveTime(clock_ms=BEGAN_MS, store_ms=BEGAN_MS, speed=10)
    visit = QueueVisit(
        measured_at=BEGAN_AT + timedelta(seconds=100), queue_id="q", outcome="served", wait_ms=90_000, service_ms=4_000
    )
    (told,) = time.dated(visit)
    assert (told.measured_at, told.wait_ms, told.service_ms) == (BEGAN_AT + timedelta(seconds=10), 9_000, 400)


def test_an_opened_store_has_low_slots_nearly_low_ones_and_well_filled_ones(lively):
    shop = opened(lively, Opening(low_slots=3), seed=1)
    above = [p.first_units - p.reorder_point_units for p in shop.places]
    assert above.count(0) == 3
    assert 3 <= sum(1 <= units <= 3 for units in above) <= len(above) // 2
    assert all(p.first_units <= p.capacity_units for p in shop.places)
    full = opened(lively, Opening(low_slots=0, nearly_low_share=0), seed=1)
    assert all(p.capacity_units // 2 <= p.first_units for p in full.places)
