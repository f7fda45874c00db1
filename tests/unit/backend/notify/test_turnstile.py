"""Machines are told one after the other, and a slow one does not hold up the rest."""

import pytest

from storesense_backend.notify.turnstile import Turnstile


def test_the_next_one_enters_when_the_one_before_has_left():
    turnstile = Turnstile(0.25)
    assert turnstile.wait_s(10.0) == 0
    turnstile.enter(1, 10.0)
    assert turnstile.wait_s(10.1) == pytest.approx(0.15)
    turnstile.leave(1)
    assert turnstile.wait_s(10.1) == 0
    turnstile.leave(1)


def test_one_that_hangs_is_waited_for_once_and_the_newest_counts():
    turnstile = Turnstile(0.25)
    turnstile.enter(1, 10.0)
    assert turnstile.wait_s(10.25) == 0
    turnstile.enter(2, 10.3)
    assert turnstile.wait_s(10.4) == pytest.approx(0.15), "the second one has its own time"
    turnstile.leave(2)
    assert turnstile.wait_s(10.4) == 0, "the first one hangs still, and its time is over"
