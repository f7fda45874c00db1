"""How a refresh is cut: whole quarters, nothing left out, nothing twice, nothing too short for a bucket."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from storesense_gateway.maintenance import _parts

QUARTER = timedelta(minutes=15)
TO_AT = datetime(2026, 7, 15, 12, tzinfo=UTC)


@given(st.integers(1, 100_000), st.floats(0.2, 400.0))
def test_parts_follow_each_other_at_whole_quarters(quarters: int, longest_days: float) -> None:
    longest = timedelta(days=longest_days)
    from_at = TO_AT - quarters * QUARTER
    parts = list(_parts(from_at, TO_AT, longest))
    assert (parts[0][0], parts[-1][1]) == (from_at, TO_AT)
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    assert all((edge - TO_AT) % QUARTER == timedelta() for part in parts for edge in part)
    assert all(until_at - part_at <= 1.5 * longest for part_at, until_at in parts)
    assert all(until_at - part_at >= min(quarters * QUARTER, longest / 4) for part_at, until_at in parts)
