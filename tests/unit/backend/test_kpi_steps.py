"""What a KPI is computed from: quarters and minutes that tile the span, and waits one by one while they are there."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.kpi_steps import QUARTER, WAIT_EDGES_S, choose_steps, histogram_quantile_s, histogram_share
from storesense_backend.ranges import MINUTE, TimeSpan, floor_to, whole_minutes

NOW = datetime(2026, 7, 15, 12, 7, 31, tzinfo=UTC)


@given(st.integers(0, 40 * 86_400), st.integers(1, 40 * 86_400), st.integers(-3_600, 3_600))
def test_minutes_and_quarters_tile_the_span(ago_s: int, length_s: int, past_end_s: int) -> None:
    from_at = NOW - timedelta(seconds=ago_s)
    span = TimeSpan(from_at, from_at + timedelta(seconds=length_s))
    _, whole_until = whole_minutes(span, span.to_at + timedelta(seconds=past_end_s))
    steps = choose_steps(span, whole_until=whole_until, raw_from_at=None)
    assert steps.from_at == floor_to(from_at, MINUTE)
    assert steps.from_at <= steps.quarters_from_at <= steps.quarters_to_at <= steps.to_at == span.to_at
    if steps.quarters_from_at < steps.quarters_to_at:
        assert {floor_to(at, QUARTER) - at for at in (steps.quarters_from_at, steps.quarters_to_at)} == {timedelta()}
        assert steps.quarters_to_at <= whole_until, "no quarter that is still running"
        assert steps.quarters_from_at - steps.from_at < QUARTER
        assert whole_until - steps.quarters_to_at < QUARTER


@pytest.mark.parametrize(
    ("days", "raw_days_ago", "has_exact_waits", "has_quarters"),
    [
        pytest.param(0.05, None, True, False, id="an hour of the present"),
        pytest.param(1, None, True, True, id="a day"),
        pytest.param(1, 90, True, True, id="younger than what was dropped"),
        pytest.param(1, 0.5, False, True, id="partly dropped"),
        pytest.param(30, None, False, True, id="a month"),
    ],
)
def test_the_choice_by_length_and_age(
    days: float, raw_days_ago: float | None, has_exact_waits: bool, has_quarters: bool
) -> None:
    span = TimeSpan(NOW - timedelta(days=days), NOW)
    raw_from_at = None if raw_days_ago is None else NOW - timedelta(days=raw_days_ago)
    steps = choose_steps(span, whole_until=floor_to(NOW, MINUTE), raw_from_at=raw_from_at)
    assert steps.has_exact_waits is has_exact_waits
    assert (steps.quarters_from_at < steps.quarters_to_at) is has_quarters


@given(st.lists(st.integers(0, 1_800), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_a_quantile_lies_in_the_step_of_the_histogram_that_it_should(waits_s: list[int], share: float) -> None:
    counts = [sum(wait_s <= edge_s for wait_s in waits_s) for edge_s in WAIT_EDGES_S]
    found = histogram_quantile_s(counts, len(waits_s), share)
    exact = sorted(waits_s)[max(0, -int(-share * len(waits_s) // 1) - 1)]
    edges = (0, *WAIT_EDGES_S)
    place = next(place for place, edge_s in enumerate(WAIT_EDGES_S) if exact <= edge_s)
    assert found is not None
    assert edges[place] <= found <= edges[place + 1]


def test_without_visits_and_beyond_the_last_edge() -> None:
    assert histogram_quantile_s([0] * len(WAIT_EDGES_S), 0, 0.9) is None
    assert histogram_quantile_s([0] * len(WAIT_EDGES_S), 5, 0.9) == 1_800.0


@given(st.lists(st.integers(0, 2_400), min_size=1, max_size=60), st.integers(1, 3_600))
def test_the_share_within_a_target_is_exact_at_the_edges_and_between_those_of_its_step(
    waits_s: list[int], target_s: int
) -> None:
    counts = [sum(wait_s <= edge_s for wait_s in waits_s) for edge_s in WAIT_EDGES_S]
    found = histogram_share(counts, len(waits_s), target_s)
    assert found is not None
    edges = [edge_s for edge_s in WAIT_EDGES_S if edge_s <= target_s]
    below = counts[len(edges) - 1] if edges else 0
    above = counts[len(edges)] if len(edges) < len(counts) else counts[-1]
    assert below / len(waits_s) <= found + 1e-12
    assert found <= above / len(waits_s) + 1e-12
    if target_s in WAIT_EDGES_S:
        assert found == sum(wait_s <= target_s for wait_s in waits_s) / len(waits_s)


def test_without_visits_no_share_is_within_the_target() -> None:
    assert histogram_share([0] * len(WAIT_EDGES_S), 0, 120) is None
