"""The offset is bounded by every exchange, whatever the delays; readings are put right by monotonic time."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.clock import ManualClock, from_epoch_us, to_epoch_us
from storesense_edge.clock_offset import (
    Bounds,
    ClockEpochs,
    ClockOffset,
    SentInstants,
    base_us,
    shift_us,
    shifted_readings,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
UNSET = datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC)


class World:
    """A device whose wall clock may say anything, and a gateway whose clock is right."""

    def __init__(self, device_at: datetime) -> None:
        self.device = ManualClock(device_at)
        self.gateway = ManualClock(NOW)
        self.offset = ClockOffset()

    def pass_time(self, seconds: float) -> None:
        self.device.advance(seconds)
        self.gateway.advance(seconds)

    def exchange(self, up_s: float, down_s: float) -> None:
        sent_at = self.device.now()
        self.offset.sent(sent_at, self.device.monotonic_s())
        self.pass_time(up_s)
        received_at = self.gateway.now()
        self.pass_time(down_s)
        self.offset.acked(sent_at, received_at, self.device.monotonic_s())

    def base_us(self) -> int:
        return base_us(self.device.now(), self.device.monotonic_s())

    def shift_s(self, recorded_us: int) -> float:
        now_s = self.device.monotonic_s()
        shift = shift_us(recorded_us, self.base_us(), self.offset.bounds(now_s), now_s=now_s, threshold_s=2.0)
        return shift / 1e6


delays = st.floats(0.0, 30.0)


@given(st.lists(st.tuples(delays, delays, st.floats(0.0, 60.0)), min_size=1, max_size=20), st.integers(-(10**7), 10**7))
def test_the_truth_lies_within_the_bounds_whatever_the_delays(
    exchanges: list[tuple[float, float, float]], error_s: int
) -> None:
    world = World(NOW + timedelta(seconds=error_s))
    for up_s, down_s, pause_s in exchanges:
        world.exchange(up_s, down_s)
        world.pass_time(pause_s)
    bounds = world.offset.bounds(world.device.monotonic_s())
    assert bounds is not None
    truth_us = to_epoch_us(world.gateway.now()) - round(world.device.monotonic_s() * 1e6)
    assert bounds.low_us - 50 <= truth_us <= bounds.high_us + 50, "a microsecond of rounding a step is allowed"


def test_the_quickest_exchange_counts_and_a_lopsided_delay_does_not_mislead() -> None:
    world = World(NOW - timedelta(seconds=60))
    world.exchange(0.02, 0.03)
    for _ in range(5):
        world.exchange(9.0, 0.0)  # a midpoint of these alone would be 4.5 s off
    assert world.offset.offset_ms(world.base_us(), world.device.monotonic_s()) == pytest.approx(60_000, abs=30)


def test_a_small_or_uncertain_offset_corrects_nothing() -> None:
    near = World(NOW - timedelta(seconds=1.5))
    near.exchange(0.1, 0.1)
    assert near.shift_s(near.base_us()) == 0
    slow = World(NOW - timedelta(seconds=5))
    slow.exchange(0.0, 20.0)  # it may be anything from -15 s to 5 s
    assert slow.shift_s(slow.base_us()) == 0
    large = World(NOW - timedelta(hours=1))
    large.exchange(0.1, 0.1)
    assert large.shift_s(large.base_us()) == pytest.approx(3_600, abs=0.2)


def test_a_gateway_clock_that_was_set_is_learnt_anew() -> None:
    world = World(NOW)
    world.exchange(0.1, 0.1)
    world.gateway.jump(world.gateway.now() + timedelta(hours=2))
    world.exchange(0.1, 0.1)
    assert world.shift_s(world.base_us()) == pytest.approx(7_200, abs=0.2)


def test_an_ack_of_another_boot_or_of_a_doubtful_sending_time_teaches_nothing() -> None:
    offset = ClockOffset()
    assert not offset.acked(NOW, NOW, 5.0)
    assert not offset.acked(None, NOW, 5.0)
    offset.sent(NOW, 1.0)
    offset.sent(NOW, 4.0)  # the clock was set back in between
    assert not offset.acked(NOW, NOW, 5.0)
    assert offset.bounds(5.0) is None


def test_what_a_1970_clock_recorded_is_put_right_when_the_offset_becomes_known() -> None:
    world = World(UNSET)
    recorded_us, recorded_at = world.base_us(), world.device.now()
    truth_at = world.gateway.now()
    world.pass_time(3_600)
    world.exchange(0.05, 0.05)
    put_right = recorded_at + timedelta(seconds=world.shift_s(recorded_us))
    assert abs(put_right - truth_at) < timedelta(seconds=0.2)


def test_what_a_1970_clock_recorded_follows_the_wall_clock_once_that_is_set() -> None:
    world = World(UNSET)
    recorded_us = world.base_us()
    world.pass_time(600)
    assert world.shift_s(recorded_us) == 0, "nothing better is known; the gateway goes by the sending time"
    world.device.jump(world.gateway.now())
    recorded_at = UNSET + timedelta(seconds=world.shift_s(recorded_us))
    assert abs(recorded_at - NOW) < timedelta(seconds=0.01)


@given(st.lists(st.tuples(st.integers(-(10**8), 10**8), st.floats(0, 1_000)), max_size=6))
def test_jumps_of_a_wall_clock_leave_no_trace_once_the_offset_is_known(jumps: list[tuple[int, float]]) -> None:
    world = World(NOW)
    epochs = ClockEpochs()
    told: list[tuple[int, datetime, datetime]] = []
    for seq, (jump_s, pause_s) in enumerate([(0, 1.0), *jumps]):
        world.device.jump(world.device.now() + timedelta(seconds=jump_s))
        epochs.observe(world.base_us(), seq)
        told.append((seq, world.device.now(), world.gateway.now()))
        world.pass_time(pause_s)
    world.exchange(0.01, 0.01)
    for seq, recorded_at, truth_at in told:
        recorded_us = epochs.base_us(seq)
        assert recorded_us is not None
        put_right = recorded_at + timedelta(seconds=world.shift_s(recorded_us))
        assert abs(put_right - truth_at) < timedelta(seconds=3), "closer than the threshold and a jump's least size"


def test_epochs_name_the_clock_of_each_message_and_slewing_is_no_jump() -> None:
    epochs = ClockEpochs()
    assert epochs.base_us(0) is None
    epochs.observe(0, 0)
    epochs.observe(1_000, 5)
    assert not epochs.has_jumped(400_000)
    epochs.observe(10**12, 7)
    epochs.observe(10**13, 7)
    assert [epochs.base_us(seq) for seq in (0, 6, 7, 9)] == [0, 0, 10**13, 10**13]


@given(st.integers(0, 59_999), st.integers(1, 60_000), st.integers(-(10**12), 10**12))
def test_a_moved_interval_keeps_its_length_and_straddles_no_minute(start_ms: int, period_ms: int, shift: int) -> None:
    period_ms = min(period_ms, 60_000 - start_ms)
    measured_at = NOW + timedelta(milliseconds=start_ms)
    reading = {"measured_at": measured_at.isoformat(), "period_ms": period_ms, "line_id": "door", "in_count": 3}
    (moved,) = json.loads(shifted_readings(json.dumps([reading]).encode(), shift))
    assert {name: moved[name] for name in ("period_ms", "line_id", "in_count")} == {
        "period_ms": period_ms,
        "line_id": "door",
        "in_count": 3,
    }
    start_us = to_epoch_us(datetime.fromisoformat(moved["measured_at"]))
    end_us = start_us + period_ms * 1_000
    assert start_us // 60_000_000 == (end_us - 1) // 60_000_000
    wanted_us = to_epoch_us(measured_at) + shift
    assert abs(start_us - wanted_us) <= period_ms * 500 + 1


def test_an_instant_is_moved_exactly() -> None:
    raw = b'[{"measured_at":"1970-01-01T00:00:10Z","kind":"sample","queue_id":"tills","length":2}]'
    (moved,) = json.loads(shifted_readings(raw, to_epoch_us(NOW)))
    assert datetime.fromisoformat(moved["measured_at"]) == from_epoch_us(to_epoch_us(NOW) + 10_000_000)
    assert moved["queue_id"] == "tills"


def test_bounds_widen_with_age() -> None:
    offset = ClockOffset()
    offset.sent(NOW, 0.0)
    offset.acked(NOW, NOW, 0.1)
    young, old = offset.bounds(0.1), offset.bounds(1_000.1)
    assert young is not None
    assert old is not None
    assert (young.width_us, old.width_us) == (100_000, 300_000)
    assert Bounds(0, 10).middle_us == 5


def test_the_echo_of_a_message_of_ours_is_known_however_often_it_comes_and_anothers_is_not() -> None:
    sent = SentInstants()
    assert not sent.is_foreign(None)
    sent.add(NOW)
    sent.add(NOW)
    assert [sent.is_foreign(NOW) for _ in range(3)] == [False] * 3
    assert sent.is_foreign(NOW + timedelta(microseconds=1))
    assert sent.is_foreign(NOW - timedelta(days=1))


def test_what_may_have_been_forgotten_is_nobody_elses() -> None:
    sent = SentInstants()
    for count in range(5_000):
        sent.add(NOW + timedelta(seconds=count))
    assert not sent.is_foreign(NOW)
    assert not sent.is_foreign(NOW - timedelta(days=1)), "the clock may have been set since"
    assert sent.is_foreign(NOW + timedelta(seconds=5_000))
