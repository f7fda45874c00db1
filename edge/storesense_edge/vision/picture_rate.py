"""How many pictures a second come."""

from collections import deque

_WINDOW_S = 15.0


class PictureRate:
    """Frames a second over the last quarter of a minute."""

    def __init__(self) -> None:
        self._seconds: deque[list[float]] = deque()

    def add(self, at_s: float) -> None:
        """Take note of a picture."""
        if self._seconds and 0 <= at_s - self._seconds[-1][0] < 1.0:
            self._seconds[-1][1] += 1
        else:
            self._seconds.append([at_s, 1.0])

    def frames_per_s(self, at_s: float) -> float | None:
        """Return the rate; None while too little time has been seen."""
        while self._seconds and not 0 <= at_s - self._seconds[0][0] <= _WINDOW_S:
            self._seconds.popleft()
        if not self._seconds or at_s - self._seconds[0][0] < _WINDOW_S / 2:
            return None
        # The newest frame ends the span that the others fill.
        return (sum(count for _, count in self._seconds) - 1) / (at_s - self._seconds[0][0])
