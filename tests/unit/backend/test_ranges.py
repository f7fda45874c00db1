"""Spans of time, whole minutes and page cursors."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.errors import InvalidError
from storesense_backend.ranges import ReadingCursor, TimeSpan, decode_cursor, encode_cursor, time_span, whole_minutes

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("from_at", "to_at", "expected"),
    [
        (None, None, (NOW - HOUR, NOW)),
        (NOW - DAY, None, (NOW - DAY, NOW)),
        (None, NOW - DAY, (NOW - DAY - HOUR, NOW - DAY)),
    ],
)
def test_what_is_left_out_is_completed(from_at, to_at, expected):
    span = time_span(from_at, to_at, now=NOW, usual=HOUR, longest=DAY)
    assert (span.from_at, span.to_at) == expected


def test_other_offsets_become_utc():
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    assert time_span(tokyo - HOUR, tokyo, now=NOW, usual=HOUR, longest=DAY).to_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("from_at", "to_at", "field"),
    [
        (NOW.replace(tzinfo=None), None, "from"),
        (None, datetime(9999, 12, 31, tzinfo=UTC), "to"),
        (NOW, NOW, "from"),
        (NOW - DAY - timedelta(seconds=1), NOW, "from"),
    ],
)
def test_what_makes_no_span_is_refused(from_at, to_at, field):
    with pytest.raises(InvalidError) as caught:
        time_span(from_at, to_at, now=NOW, usual=HOUR, longest=DAY)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("from_s", "to_s", "minutes", "until_s", "reason"),
    [
        (-3630, 0, 60, -30, "the minute that is running is left out"),
        (-3600, 0, 60, -30, "the first minute counts as a whole"),
        (-3630, 600, 60, -30, "the future is left out"),
        (-20, 0, 1, 0, "unless there is no other"),
        (600, 1200, 0, 0, "nothing is past"),
    ],
)
def test_whole_minutes(from_s, to_s, minutes, until_s, reason):
    span = TimeSpan(NOW + timedelta(seconds=from_s), NOW + timedelta(seconds=to_s))
    assert whole_minutes(span, NOW) == (minutes, NOW + timedelta(seconds=until_s)), reason


@given(
    st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2199-01-01"), timezones=st.just(UTC)),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**15 - 1),
)
def test_cursors_survive_a_url(at, boot_no, seq, idx):
    cursor = ReadingCursor(at, boot_no, seq, idx)
    text = encode_cursor(cursor)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert decode_cursor(text) == cursor


@given(st.text(max_size=200))
def test_garbage_is_no_cursor(text):
    with suppress(InvalidError):
        assert isinstance(decode_cursor(text), ReadingCursor)
