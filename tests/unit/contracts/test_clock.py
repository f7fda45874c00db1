from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.clock import ManualClock, SystemClock, from_epoch_us, to_epoch_us

START_AT = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)


def test_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(START_AT)
    assert clock.now() == START_AT
    clock.advance(90.5)
    assert clock.now() == START_AT + timedelta(seconds=90.5)
    assert clock.monotonic_s() == 90.5


def test_a_jump_of_the_wall_clock_leaves_durations_alone() -> None:
    clock = ManualClock(START_AT)
    clock.advance(1)
    clock.jump(datetime(1970, 1, 1, tzinfo=UTC))
    assert clock.monotonic_s() == 1.0
    assert clock.now().year == 1970


def test_a_manual_clock_refuses_to_go_back() -> None:
    with pytest.raises(ValueError, match="jump"):
        ManualClock(START_AT).advance(-1)


def test_system_clock_is_aware_and_monotonic() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic_s() <= clock.monotonic_s()


@given(st.integers(min_value=-(10**15), max_value=10**16))
def test_microseconds_survive_the_round_trip(epoch_us: int) -> None:
    assert to_epoch_us(from_epoch_us(epoch_us)) == epoch_us


def test_an_offset_is_taken_into_account() -> None:
    berlin_summer = timezone(timedelta(hours=2))
    assert to_epoch_us(datetime(1970, 1, 1, 2, 0, 0, 1, tzinfo=berlin_summer)) == 1
