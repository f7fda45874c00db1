"""When a live camera's picture was taken, from the time stamps that the camera sends and the clock of this machine.

Pictures arrive in bursts: the network and the decoder hold some back. The camera's own stamps are even, but count from
anywhere and run a little fast or slow. So the least delay seen is taken for the delay of all (as in the minimum filter
of NTP, Mills 1991), and forgotten slowly enough to follow the drift of a cheap oscillator. A camera without usable
stamps is dated by arrival.
"""

from __future__ import annotations

import math

DRIFT = 5e-4
"""Seconds a second by which the least delay may grow: more than any camera's clock drifts."""
JUMP_S = 3.0
"""Stamps that are further than this from where they should be have been reset."""


class FrameClock:
    """Dates the pictures of one connection."""

    def __init__(self) -> None:
        self._least_delay_s: float | None = None
        self._last_stamp_s = -math.inf
        self._last_arrival_s = 0.0
        self._last_s = -math.inf

    def taken_s(self, stamp_s: float | None, arrival_s: float) -> float:
        """Return when a picture was taken, on this machine's monotonic clock; never falls, never after its arrival.

        Args:
            stamp_s: the camera's time stamp, None if it sends none.
            arrival_s: when the picture came, on the monotonic clock.
        """
        taken_s = self._from_stamp(stamp_s, arrival_s)
        self._last_arrival_s = arrival_s
        self._last_s = max(self._last_s, min(arrival_s, taken_s))
        return self._last_s

    def _from_stamp(self, stamp_s: float | None, arrival_s: float) -> float:
        if stamp_s is None or not math.isfinite(stamp_s):
            return arrival_s
        delay_s = arrival_s - stamp_s
        least_s = self._least_delay_s
        if least_s is not None:
            least_s += DRIFT * max(0.0, arrival_s - self._last_arrival_s)
        if stamp_s <= self._last_stamp_s or least_s is None or abs(delay_s - least_s) > JUMP_S:
            least_s = delay_s
        self._last_stamp_s = stamp_s
        self._least_delay_s = min(least_s, delay_s)
        return stamp_s + self._least_delay_s
