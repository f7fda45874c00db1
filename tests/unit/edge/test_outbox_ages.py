"""Ages count by a clock that was confirmed, and of what was written since it was last set."""

from datetime import UTC, datetime, timedelta

import pytest

from storesense_contracts.clock import ManualClock
from storesense_edge.outbox_ages import KnownAges

BEGAN_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(BEGAN_AT)


@pytest.fixture
def ages(clock: ManualClock) -> KnownAges:
    return KnownAges(clock)


def test_no_age_is_known_until_the_clock_was_confirmed(ages: KnownAges) -> None:
    ages.look(4)
    assert ages.from_no is None
    ages.trust()
    ages.look(5)
    assert ages.from_no == 0, "what was written before it was confirmed was dated by the same clock"


def test_no_age_is_known_before_the_first_look(ages: KnownAges) -> None:
    ages.trust()
    assert ages.from_no is None


@pytest.mark.parametrize("jump_s", [-3_600, -61, 61, 86_400 * 365])
def test_a_clock_that_was_set_knows_no_age_until_it_is_confirmed_anew(
    ages: KnownAges, clock: ManualClock, jump_s: int
) -> None:
    ages.trust()
    assert not ages.look(4)
    clock.jump(clock.now() + timedelta(seconds=jump_s))
    assert ages.look(9)
    assert ages.from_no is None
    ages.trust()
    assert not ages.look(12)
    assert ages.from_no == 10, "nobody knows on which side of the jump the ninth was dated"


@pytest.mark.parametrize("slew_s", [-59, 0, 59])
def test_a_clock_that_is_slewed_stays_trusted(ages: KnownAges, clock: ManualClock, slew_s: int) -> None:
    ages.trust()
    ages.look(4)
    clock.advance(86_400.0)
    clock.jump(clock.now() + timedelta(seconds=slew_s))
    assert not ages.look(9)
    assert ages.from_no == 0


def test_small_steps_add_up_against_the_clock_that_was_confirmed(ages: KnownAges, clock: ManualClock) -> None:
    ages.trust()
    ages.look(1)
    for no in (2, 3):
        clock.jump(clock.now() + timedelta(seconds=40))
        assert not ages.look(no)
    assert ages.from_no is None
