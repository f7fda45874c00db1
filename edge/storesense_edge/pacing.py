"""Media time to the present: when the next frame of a recording is due, and which instant it stands for.

A recording is replayed at ``speed`` times its own pace. What it measures is dated in the present: the instant of a
frame is the moment at which it was due. A replay that cannot keep up slips, so that its dates stay near the present
and nothing is left out; at speed "max" a frame is due whenever it is read, and no date ever runs ahead of the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

MAX_LAG_S = 2.0
"""A replay that is further behind than this gives up catching up and goes on from now."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clocks say at one moment."""

    now_at: datetime
    monotonic_s: float


class Pacer:
    """Paces one recording.

    Args:
        speed: media seconds a second, or "max".
        is_live: the source is a camera, whose frames come when they come: nothing slips, and the frame that came with
            the least delay says where its time stands on the clock.
    """

    def __init__(self, speed: float | Literal["max"], *, is_live: bool = False) -> None:
        self._is_live = is_live
        self._speed = None if speed == "max" else speed
        self._anchor_media_s: float | None = None
        self._anchor_s = 0.0
        self._newest_media_s = 0.0
        self.slipped_s = 0.0

    def wait_s(self, media_s: float, now_s: float) -> float:
        """Return how long to wait before the frame at ``media_s`` is due; 0 if it is.

        Args:
            media_s: media time of the next frame; a looped recording goes on counting.
            now_s: the monotonic clock.
        """
        if self._anchor_media_s is None:
            self._anchor_media_s, self._anchor_s = media_s, now_s
        self._newest_media_s = max(self._newest_media_s, media_s)
        if self._speed is None:
            return 0.0
        lag_s = now_s - self._due_s(media_s, now_s)
        if self._is_live:
            self._anchor_s += min(0.0, lag_s)
            return 0.0
        if lag_s > MAX_LAG_S:
            self._anchor_s += lag_s
            self.slipped_s += lag_s
        return max(0.0, -lag_s)

    def instant(self, media_s: float, moment: Moment) -> datetime:
        """Return the instant in the present that a media time stands for, never later than now.

        Args:
            media_s: the newest frame's media time, or an earlier one.
            moment: the clocks, at or after the newest frame's due time.
        """
        ago_s = max(0.0, moment.monotonic_s - self._due_s(media_s, moment.monotonic_s))
        return moment.now_at - timedelta(seconds=ago_s)

    @property
    def keeps_time(self) -> bool:
        """Whether a media second takes a second, so that several cameras' times lie beside each other on one clock."""
        return self._speed == 1.0

    def monotonic_s(self, media_s: float) -> float:
        """Return the time of the monotonic clock at which a frame was due, for one that keeps time."""
        return self._anchor_s + media_s - (self._anchor_media_s or 0.0)

    def _due_s(self, media_s: float, now_s: float) -> float:
        begin_media_s = self._anchor_media_s or 0.0
        if self._speed is not None:
            return self._anchor_s + (media_s - begin_media_s) / self._speed
        # As fast as it goes: the newest frame is now, and what lies before it is spread evenly back to the beginning.
        span_s = self._newest_media_s - begin_media_s
        if media_s >= self._newest_media_s or span_s <= 0:
            return now_s
        return now_s - (now_s - self._anchor_s) * (self._newest_media_s - media_s) / span_s
