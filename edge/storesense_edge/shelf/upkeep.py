"""When a slot should be zeroed or calibrated again, and why."""

from storesense_edge.shelf.drift import DriftTracker
from storesense_edge.shelf.unit_weight import PackagingChange

_ZERO_DAYS = 30.0
_S_PER_DAY = 86_400.0
# A stock that stays this unsure for so many looks in a row is not a moment's doubt.
_UNSURE = 0.5
_UNSURE_LOOKS = 30
_OFF_SHARE = 0.3


class Upkeep:
    """Collects what speaks for a new zero or calibration of one slot."""

    def __init__(self) -> None:
        self._unsure_looks = 0
        self._residual_g = 0.0
        self._unit_g = 0.0
        self._zero_s: float | None = None
        self._now_s = 0.0

    def look(self, at_s: float, confidence: float, residual_g: float, unit_g: float) -> None:
        """Take the stock at rest, every minute or so: its confidence, and what weight it leaves unexplained."""
        self._now_s = at_s
        if self._zero_s is None or at_s < self._zero_s:
            self._zero_s = at_s
        self._unsure_looks = self._unsure_looks + 1 if confidence < _UNSURE else 0
        self._residual_g, self._unit_g = residual_g, unit_g

    def zeroed(self, at_s: float) -> None:
        """The slot was empty and its zero was taken anew."""
        self._zero_s = at_s
        self._unsure_looks = 0

    def due(self, drift: DriftTracker, change: PackagingChange | None) -> str | None:
        """Give the reason why somebody should tare or calibrate, or None."""
        if drift.exhausted:
            return (
                f"the zero drifted by {drift.offset_g:+.1f} g, all that is taken for drift; "
                "what leaves slowly looks alike: count the units, then tare"
            )
        if self._unsure_looks >= _UNSURE_LOOKS:
            if change is not None:
                return f"units weigh {change.after_g:.1f} g now, not {change.before_g:.1f} g: enter the new packaging"
            if abs(self._residual_g) > _OFF_SHARE * self._unit_g:
                return f"{self._residual_g:+.1f} g fit no number of units for half an hour: count and tare"
            return "the number of units has been unsure for half an hour: count and tare"
        if self._zero_s is not None and self._now_s - self._zero_s > _ZERO_DAYS * _S_PER_DAY:
            return f"the slot was not seen empty for {(self._now_s - self._zero_s) / _S_PER_DAY:.0f} days: tare it"
        return None
