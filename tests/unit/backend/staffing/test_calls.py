"""Calls for lanes: when lanes were advised that did not stand open, and what came of it."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.staffing.calls import GAP, Outcome, Run, calls_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def runs_of(*minutes: tuple[int, int, int, int]) -> list[Run]:
    """Make runs of (first minute, last minute, lanes open, lanes advised), an hour before now being minute 0."""
    start = NOW - timedelta(hours=1)
    return [
        Run(start + timedelta(minutes=first), start + timedelta(minutes=last), is_open, advised, 60.0, 240.0)
        for first, last, is_open, advised in minutes
    ]


def at(minute: int) -> datetime:
    return NOW - timedelta(hours=1) + timedelta(minutes=minute)


@pytest.mark.parametrize(
    ("runs", "outcome", "done_minute", "ended_minute", "lanes_after"),
    [
        pytest.param([(0, 4, 2, 2), (5, 7, 2, 3), (8, 30, 3, 3)], Outcome.FOLLOWED, 8, 8, 3, id="a lane opened"),
        pytest.param([(5, 9, 2, 3), (10, 30, 2, 2)], Outcome.PASSED, None, 10, 2, id="the need went by itself"),
        pytest.param(
            [(5, 9, 2, 4), (10, 14, 3, 4), (15, 30, 3, 3)], Outcome.PARTLY, 10, 15, 3, id="one of two lanes opened"
        ),
        pytest.param([(5, 9, 4, 2), (10, 30, 2, 2)], Outcome.FOLLOWED, 10, 10, 2, id="two lanes closed"),
        pytest.param([(5, 9, 2, 3), (20, 30, 3, 3)], Outcome.UNKNOWN, None, 9, 2, id="nobody knows of ten minutes"),
        pytest.param(
            [(5, 9, 2, 3), (10, 20, 4, 3), (21, 30, 3, 3)], Outcome.FOLLOWED, 10, 10, 4, id="more opened than advised"
        ),
        pytest.param(
            [(5, 7, 2, 3), (8, 9, 2, 4), (10, 12, 4, 4)], Outcome.FOLLOWED, 10, 10, 4, id="the need grew meanwhile"
        ),
    ],
)
def test_what_came_of_a_call(
    runs: list[tuple[int, int, int, int]],
    outcome: Outcome,
    done_minute: int | None,
    ended_minute: int,
    lanes_after: int,
) -> None:
    call = calls_of(runs_of(*runs), NOW)[0]
    assert call.outcome is outcome
    assert call.advised_at == at(5)
    assert call.done_at == (None if done_minute is None else at(done_minute))
    assert call.ended_at == at(ended_minute)
    assert call.lanes_after == lanes_after
    assert (call.wait_s, call.wait_unchanged_s) == (60.0, 240.0)


def test_the_last_call_stands_while_its_advice_is_fresh() -> None:
    runs = runs_of((0, 50, 2, 2), (51, 59, 2, 3))
    (call,) = calls_of(runs, NOW)
    assert (call.outcome, call.ended_at, call.is_for_more) == (Outcome.STANDING, None, True)
    (late,) = calls_of(runs, NOW + GAP)
    assert (late.outcome, late.ended_at) == (Outcome.UNKNOWN, at(59)), "the engine told nothing since"


def test_more_opened_than_advised_is_followed_by_a_call_to_close() -> None:
    found = calls_of(runs_of((5, 9, 2, 3), (10, 20, 4, 3), (21, 59, 3, 3)), NOW)
    assert [(call.is_for_more, call.lanes_open, call.lanes_advised) for call in found] == [(True, 2, 3), (False, 4, 3)]
    assert found[1].outcome is Outcome.FOLLOWED


def test_advice_that_is_withdrawn_for_a_moment_is_one_call() -> None:
    blinking = runs_of((5, 9, 2, 3), (10, 11, 2, 2), (12, 20, 2, 3), (21, 59, 3, 3))
    (call,) = calls_of(blinking, NOW)
    assert (call.advised_at, call.ended_at) == (at(5), at(21))
    held = runs_of((5, 9, 2, 3), (10, 14, 2, 2), (15, 20, 2, 3), (21, 59, 3, 3))
    assert [call.outcome for call in calls_of(held, NOW)] == [Outcome.PASSED, Outcome.FOLLOWED]


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5), st.integers(0, 5)), max_size=40))
def test_calls_are_in_order_do_not_overlap_and_cover_every_minute_that_is_off(
    lengths: list[tuple[int, int, int]],
) -> None:
    minutes, first = [], 0
    for length, is_open, advised in lengths:
        minutes.append((first, first + length - 1, is_open, advised))
        first += length
    runs = runs_of(*minutes)
    now = at(first)
    calls = calls_of(runs, now)
    for before, after in itertools.pairwise(calls):
        assert before.ended_at is not None
        assert before.ended_at <= after.advised_at
    for run in runs:
        owners = [c for c in calls if c.advised_at <= run.from_at and (c.ended_at is None or run.from_at < c.ended_at)]
        if run.side:
            assert [owner.is_for_more for owner in owners] == [run.side > 0]
