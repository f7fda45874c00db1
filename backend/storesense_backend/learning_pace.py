"""How long what was learnt of a store holds: an hour, and less while days of history may still be coming in."""

from datetime import datetime, timedelta

_YOUNG_DAYS = 7
_YOUNG = timedelta(minutes=5)
_EMPTY = timedelta(minutes=1)
"""Nothing is learnt from no days, so looking for the first costs next to nothing."""


def holds_until(learnt_at: datetime, days: int) -> datetime:
    """Return when a store is learnt anew.

    A store whose past is being loaded, or whose first day has just become one, is not told for an hour that nothing
    is known of it.

    Args:
        learnt_at: when it was learnt.
        days: it was learnt from.
    """
    next_hour_at = learnt_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if days >= _YOUNG_DAYS:
        return next_hour_at
    return min(next_hour_at, learnt_at + (_YOUNG if days else _EMPTY))
