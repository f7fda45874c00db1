"""What the advice is measured against: an hourly plan and a threshold on the present queue."""

from dataclasses import dataclass, field

from storesense_simulators.staffing_shop import TillView

_HOUR_MS = 3_600_000
_MS_PER_S = 1_000


@dataclass(slots=True)
class FixedPlan:
    """So many lanes in each hour of the day, known beforehand, so cashiers are there when the hour strikes.

    Attributes:
        lanes_by_hour: from the beginning of the day; the last holds until the store is empty.
        lead_ms: how long a lane takes to be staffed.
    """

    lanes_by_hour: tuple[int, ...]
    lead_ms: int
    every_ms: int = 5_000

    def lanes(self, view: TillView) -> int:
        """Return the plan's lanes: one more in time for the hour, one fewer when it strikes."""
        now = self._at(view.now_ms)
        return max(now, self._at(view.now_ms + self.lead_ms))

    def _at(self, t_ms: int) -> int:
        return self.lanes_by_hour[min(len(self.lanes_by_hour) - 1, t_ms // _HOUR_MS)]


@dataclass(slots=True)
class Threshold:
    """Open a lane when so many wait for each that is open or coming, close one when so few do.

    Attributes:
        open_at: people waiting a staffed lane.
        close_at: people waiting a staffed lane.
        open_after_s: for how long there must be so many.
        close_after_s: for how long there must be so few.
        self_queues: queues that staffed lanes do not serve.
    """

    open_at: float
    close_at: float
    open_after_s: int
    close_after_s: int
    self_queues: frozenset[str]
    every_ms: int = 5_000
    _many_since_ms: int | None = field(default=None, init=False)
    _few_since_ms: int | None = field(default=None, init=False)
    _lanes: int = field(default=1, init=False)

    def lanes(self, view: TillView) -> int:
        """Return one more, one fewer or as many as before."""
        waiting = sum(length for queue_id, length in view.lengths.items() if queue_id not in self.self_queues)
        lanes = max(1, len(view.open_lanes) + view.coming_lanes)
        self._many_since_ms = _since(self._many_since_ms, view.now_ms, holds=waiting >= self.open_at * lanes)
        self._few_since_ms = _since(self._few_since_ms, view.now_ms, holds=waiting <= self.close_at * lanes)
        if self._many_since_ms is not None and view.now_ms - self._many_since_ms >= self.open_after_s * _MS_PER_S:
            self._many_since_ms = None
            return lanes + 1
        if self._few_since_ms is not None and view.now_ms - self._few_since_ms >= self.close_after_s * _MS_PER_S:
            self._few_since_ms = None
            return lanes - 1
        return lanes


def _since(since_ms: int | None, now_ms: int, *, holds: bool) -> int | None:
    if not holds:
        return None
    return now_ms if since_ms is None else since_ms
