"""Slow drift of a cell, told from goods that leave slowly by its speed."""


class DriftTracker:
    """Follows a cell's drift only while the shelf is untouched, and never faster than drift is.

    A level that moves while nobody touches the shelf is drift up to `max_rate_g_per_h`; what moves faster (a leak, a
    slow theft) stays in the weight beyond that rate, and creep in the first `hold_off_s` after a touch is not
    learned at all. The offset ends at `max_offset_g`: further away the cell needs a tare, not a correction.

    Args:
        max_rate_g_per_h: the fastest drift believed.
        max_offset_g: the largest correction made, either way.
        hold_off_s: how long after a touch creep is left to die out.
    """

    __slots__ = ("_hold_off_s", "_last_g", "_last_s", "_max_offset_g", "_max_rate_g_per_s", "offset_g")

    def __init__(self, max_rate_g_per_h: float, max_offset_g: float, hold_off_s: float = 300.0) -> None:
        self._max_rate_g_per_s = max_rate_g_per_h / 3600
        self._max_offset_g = max_offset_g
        self._hold_off_s = hold_off_s
        self._last_s: float | None = None
        self._last_g = 0.0
        self.offset_g = 0.0

    def push(self, at_s: float, level_g: float, untouched_s: float) -> float:
        """Take the rest level and how long nobody touched the shelf; give the offset to subtract.

        The offset creeps towards the level's own movement since the hold-off ended, at most at the believed rate.
        """
        if untouched_s < self._hold_off_s:
            self._last_s = None
            return self.offset_g
        if self._last_s is None:
            self._last_s = at_s
            self._last_g = level_g - self.offset_g
            return self.offset_g
        allowed_g = self._max_rate_g_per_s * max(0.0, at_s - self._last_s)
        self._last_s = at_s
        wanted_g = level_g - self._last_g
        moved_g = min(max(wanted_g, self.offset_g - allowed_g), self.offset_g + allowed_g)
        self.offset_g = min(max(moved_g, -self._max_offset_g), self._max_offset_g)
        return self.offset_g

    @property
    def exhausted(self) -> bool:
        """Whether the correction is at its limit, so that only a tare helps."""
        return abs(self.offset_g) >= self._max_offset_g > 0

    def reset(self) -> None:
        """Forget all drift, as after a tare."""
        self.offset_g = 0.0
        self._last_s = None
