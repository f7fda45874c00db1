"""How a backlog is cut for refreshes: where weeks are cut, with nothing left out, nothing twice, nothing too short."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from storesense_gateway.maintenance import _parts

QUARTER = timedelta(minutes=15)
WEEK = timedelta(days=7)
TO_AT = datetime(2026, 7, 15, 12, tzinfo=UTC)


@given(st.integers(0, 100_000))
def test_parts_follow_each_other_at_the_cuts_of_weeks(quarters: int) -> None:
    from_at = TO_AT - quarters * QUARTER
    parts = list(_parts(from_at, TO_AT))
    assert (parts[0][0], parts[-1][1]) == (from_at, TO_AT)
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    assert all(int(until_at.timestamp()) % int(WEEK.total_seconds()) == 0 for _, until_at in parts[:-1])
    assert all(until_at - part_at <= 1.5 * WEEK for part_at, until_at in parts)
    assert all(until_at - part_at >= min(quarters * QUARTER, WEEK / 4) for part_at, until_at in parts)
