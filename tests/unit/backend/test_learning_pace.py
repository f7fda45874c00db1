from datetime import UTC, datetime, timedelta

import pytest

from storesense_backend.learning_pace import holds_until

AT = datetime(2026, 11, 20, 15, 10, 30, tzinfo=UTC)
NEXT_HOUR = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("learnt_at", "days", "until", "why"),
    [
        (AT, 0, AT + timedelta(minutes=1), "its first day may be coming in"),
        (AT, 1, AT + timedelta(minutes=5), "each further day changes much"),
        (AT, 6, AT + timedelta(minutes=5), "a week is not whole"),
        (AT, 7, NEXT_HOUR, "a day more changes little"),
        (AT + timedelta(minutes=47), 1, NEXT_HOUR, "nobody holds for longer than the hour"),
        (NEXT_HOUR, 28, NEXT_HOUR + timedelta(hours=1), "an hour begins"),
    ],
)
def test_what_was_learnt_holds_for_less_while_there_is_little(
    learnt_at: datetime, days: int, until: datetime, why: str
) -> None:
    assert holds_until(learnt_at, days) == until, why
