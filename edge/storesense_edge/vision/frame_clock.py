"""When a live camera's picture was taken, from the time stamps that the camera sends and the clock of this machine.

Pictures arrive in bursts: the network and the decoder hold some back. The camera's own stamps are even, but count from
anywhere and run a little fast or slow. So the least delay seen is taken for the delay of all (as in the minimum filter
of NTP, Mills 1991), and forgotten slowly enough to follow the drift of a cheap oscillator.

Not every stamp is a time. FFmpeg stamps motion JPEG over HTTP as if there were 25 pictures a second, however many come,
and some cameras go on counting at their nominal rate when they give fewer in the dark. So stamps are believed once
the least delays of neighbouring spans agree, and no longer when they walk away. Until then, and without stamps, a
picture is dated by its arrival.
"""

from __future__ import annotations

import math

DRIFT = 5e-4
"""Seconds a second by which the least delay may grow: more than any camera's clock drifts."""
JUMP_S = 3.0
"""Stamps that are further than this from where they should be have been reset."""
SPAN_S = 3.0
"""The least delays of spans of this length are compared ..."""
AGREE_S = 0.1
"""... and agree within this: what is left of bursts in the least delay of a span ..."""
LATE_S = 0.5
"""... nor may they in sum walk further than this from the least delay of all."""


class FrameClock:
    """Dates the pictures of one connection."""

    def __init__(self) -> None:
        self._least_delay_s: float | None = None
        self._last_stamp_s = -math.inf
        self._last_arrival_s = 0.0
        self._last_s = -math.inf
        self._is_believed = False
        self._odd_spans = 0
        self._span_ends_s: float | None = None
        self._span_delay_s = math.inf
        self._span_before_s: float | None = None

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
            self._doubt()
        self._last_stamp_s = stamp_s
        self._least_delay_s = min(least_s, delay_s)
        self._look_at_pace(delay_s, arrival_s)
        return stamp_s + self._least_delay_s if self._is_believed else arrival_s

    def _doubt(self) -> None:
        self._is_believed, self._odd_spans = False, 0
        self._span_ends_s, self._span_delay_s, self._span_before_s = None, math.inf, None

    def _look_at_pace(self, delay_s: float, arrival_s: float) -> None:
        """Compare the least delay of the span that is over with that of the span before it."""
        if self._span_ends_s is None:
            self._span_ends_s = arrival_s + SPAN_S
        elif arrival_s >= self._span_ends_s:
            now_s, before_s = self._span_delay_s, self._span_before_s
            self._span_before_s, self._span_delay_s, self._span_ends_s = now_s, math.inf, arrival_s + SPAN_S
            if before_s is not None:
                self._judge(now_s, before_s)
        self._span_delay_s = min(self._span_delay_s, delay_s)

    def _judge(self, now_s: float, before_s: float) -> None:
        assert self._least_delay_s is not None  # noqa: S101 -- a picture of the span had a stamp
        if abs(now_s - before_s) > AGREE_S:
            # One span may be late as a whole; two in a row are not a matter of bursts.
            self._odd_spans += 1
            self._is_believed = self._is_believed and self._odd_spans < 2
            return
        self._odd_spans = 0
        if now_s - self._least_delay_s > LATE_S:
            self._is_believed, self._least_delay_s = False, now_s
        else:
            self._is_believed = True
