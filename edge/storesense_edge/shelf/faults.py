"""What is wrong with a cell, told from its counts and stamps alone: found, named, and kept out of the weight."""

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from storesense_edge.shelf.calibration import ADC_SPAN_COUNTS

_RAIL_COUNTS = 0.9995 * ADC_SPAN_COUNTS
# From one sample to the next and back a load does not cross this share of the span; loose wires do, again and again.
_WILD_COUNTS = 0.25 * ADC_SPAN_COUNTS
_WILD_RECENT = 9
_SILENT_SAMPLES = 20
# How unlikely a run of equal values must be before it is no chance, and the least and most samples that takes.
_CHANCE = 1e-9
_LEAST_SAME = 20
_MOST_SAME = 3000
_MEMORY = 200
_RECENT = 20
_CONFIRM = 3
# No amplifier counts further: what is beyond came from a broken line.
_MOST_COUNTS = 2.0**33
_LOSS_SAMPLES = 64
_LOSING_SHARE = 0.15
_LOSING_ENDS_SHARE = 0.08
_WILD_SHARE = 0.005
_SET_BACK_S = 1.0
_SILENT_S = 10.0
_SILENT_INTERVALS = 50
_TOLD_S = 300.0


class CellFaultKind(StrEnum):
    """What is wrong with a cell."""

    NO_VALUE = "no_value"
    SATURATED = "saturated"
    STUCK = "stuck"
    DISCONNECTED = "disconnected"
    SIGN_FLIPPED = "sign_flipped"
    OVERLOADED = "overloaded"
    LOSING_SAMPLES = "losing_samples"
    WILD_READINGS = "wild_readings"
    CLOCK_JUMPED = "clock_jumped"


_BLINDING = frozenset(
    {
        CellFaultKind.NO_VALUE,
        CellFaultKind.SATURATED,
        CellFaultKind.STUCK,
        CellFaultKind.DISCONNECTED,
        CellFaultKind.SIGN_FLIPPED,
        CellFaultKind.OVERLOADED,
    }
)


@dataclass(frozen=True, slots=True)
class CellFault:
    """One thing that is wrong now.

    Attributes:
        kind: what.
        since_s: from when, by the samples' clock.
        sentence: cause and remedy for whoever stands before the shelf.
    """

    kind: CellFaultKind
    since_s: float
    sentence: str

    @property
    def is_blinding(self) -> bool:
        """Whether the weight says nothing while it lasts."""
        return self.kind in _BLINDING


class CellWatch:
    """Watches one cell's samples; whatever it finds, the next cell has its own watch.

    Every limit follows from the cell itself: how often two samples in a row were equal, how far apart neighbours lie,
    how often samples come. So a scale that sends whole grams is not called stuck, and a slow cell not lossy.

    Args:
        is_amplifier: whether counts are those of a 24-bit amplifier, so that its span has a meaning.
        overload_counts: counts beyond which the cell stands on its stop, as (low, high); None if unknown.
    """

    __slots__ = (
        "_diff_before",
        "_flip_from",
        "_flip_run",
        "_found",
        "_interval_s",
        "_is_amplifier",
        "_jump_s",
        "_jump_sentence",
        "_last",
        "_last_diff",
        "_last_s",
        "_lost_share",
        "_mean_diff",
        "_missing_run",
        "_over_run",
        "_overload",
        "_rail_run",
        "_recent_wild",
        "_same_run",
        "_same_share",
        "_samples",
        "_stamps_s",
        "_wild_share",
    )

    def __init__(self, *, is_amplifier: bool = True, overload_counts: tuple[float, float] | None = None) -> None:
        self._is_amplifier = is_amplifier
        self._overload = overload_counts
        self._found: CellFault | None = None
        self._last = math.nan
        self._last_diff = self._diff_before = 0.0
        self._missing_run = 0
        self._last_s = math.nan
        self._samples = 0
        self._same_run = 0
        self._same_share = 0.5
        self._mean_diff = 0.0
        self._rail_run = self._over_run = self._flip_run = 0
        self._flip_from: float | None = None
        self._recent_wild: deque[bool] = deque(maxlen=_RECENT)
        self._wild_share = 0.0
        self._stamps_s: list[float] = []
        self._interval_s = 0.0
        self._lost_share = 0.0
        self._jump_s = -math.inf
        self._jump_sentence = ""

    @property
    def blinding(self) -> CellFault | None:
        """The fault that makes the weight meaningless now, if any."""
        return self._found

    def faults(self) -> list[CellFault]:
        """Everything that is wrong now, the worst first."""
        found = [] if self._found is None else [self._found]
        if self._lost_share > _LOSING_SHARE:
            sentence = (
                f"{self._lost_share:.0%} of the samples do not arrive. Check the cable and whether the reader is busy."
            )
            found.append(CellFault(CellFaultKind.LOSING_SAMPLES, self._last_s, sentence))
        if self._wild_share > _WILD_SHARE and self._found is None:
            sentence = f"{self._wild_share:.1%} of the samples are wild readings. Check plugs and shielding."
            found.append(CellFault(CellFaultKind.WILD_READINGS, self._last_s, sentence))
        if self._last_s - self._jump_s < _TOLD_S:
            found.append(CellFault(CellFaultKind.CLOCK_JUMPED, self._jump_s, self._jump_sentence))
        return found

    def push(self, at_s: float, raw_counts: float) -> bool:
        """Take the next sample as it came; give whether the weight may be believed."""
        self._watch_clock(at_s)
        if not abs(raw_counts) <= _MOST_COUNTS:
            self._missing_run += 1
            if self._missing_run >= _SILENT_SAMPLES:
                self._find(CellFaultKind.NO_VALUE, at_s, "The cell gives no value. Check the amplifier and its cable.")
            return False
        self._missing_run = 0
        last, self._last = self._last, raw_counts
        self._samples += 1
        change = raw_counts - last
        diff = abs(change)
        if diff == 0:
            self._same_run += 1
        else:
            self._same_run = 0
        # There and back: a load that comes or goes, however heavy, moves one way.
        wild = self._is_amplifier and diff > _WILD_COUNTS and change * self._last_diff < 0 < diff
        wild = wild and abs(self._last_diff) > _WILD_COUNTS
        self._diff_before, self._last_diff = abs(self._last_diff), change
        self._recent_wild.append(wild)
        found = self._found
        if self._is_blinded(at_s, raw_counts, last):
            return False
        if found is not None:
            self._found = None
            self._wild_share = 0.0
        self._same_share += ((1.0 if diff == 0 else 0.0) - self._same_share) / min(self._samples, _MEMORY)
        if not wild and diff == diff:  # noqa: PLR0124 - NaN: the first sample has no neighbour
            limit = 4 * self._mean_diff if self._samples > _LEAST_SAME else math.inf
            self._mean_diff += (min(diff, limit) - self._mean_diff) / min(self._samples, _MEMORY)
        self._wild_share += ((1.0 if wild else 0.0) - self._wild_share) / min(self._samples, 5 * _MEMORY)
        return True

    def _is_blinded(self, at_s: float, raw_counts: float, last: float) -> bool:
        if self._is_amplifier:
            at_rail = _RAIL_COUNTS <= abs(raw_counts) <= ADC_SPAN_COUNTS and raw_counts == last
            self._rail_run = self._rail_run + 1 if at_rail else 0
            if self._rail_run >= _CONFIRM or (self._found_kind is CellFaultKind.SATURATED and self._rail_run):
                sentence = (
                    f"The amplifier is at its end ({raw_counts:.0f} counts): a wire is off or the cell is broken."
                )
                return self._find(CellFaultKind.SATURATED, at_s, sentence)
            wild = sum(self._recent_wild)
            if wild >= _WILD_RECENT or (self._found_kind is CellFaultKind.DISCONNECTED and wild):
                sentence = "The counts leap over the whole range: the cell is disconnected. Check its four wires."
                return self._find(CellFaultKind.DISCONNECTED, at_s, sentence)
            if self._is_flipped(raw_counts, last):
                sentence = "The counts changed their sign at once: the signal wires are swapped or a bit is lost."
                return self._find(CellFaultKind.SIGN_FLIPPED, at_s, sentence)
        if self._same_run >= self._same_limit():
            sentence = f"The cell has returned {raw_counts:g} for {self._same_run} samples. Restart or replace it."
            return self._find(CellFaultKind.STUCK, at_s, sentence)
        if self._overload is not None:
            low, high = self._overload
            self._over_run = self._over_run + 1 if not low <= raw_counts <= high else 0
            if self._over_run >= _CONFIRM:
                sentence = "The load is more than the cell bears. Take it off, and check the zero afterwards."
                return self._find(CellFaultKind.OVERLOADED, at_s, sentence)
        return False

    def _is_flipped(self, raw_counts: float, last: float) -> bool:
        """Whether the counts jumped onto their own mirror image within one sample, and stay there."""
        origin = self._flip_from
        if origin is not None:
            if abs(raw_counts - origin) < abs(raw_counts + origin):
                self._flip_from, self._flip_run = None, 0
                return False
            self._flip_run += 1
            if self._found_kind is CellFaultKind.SIGN_FLIPPED:
                return True
            if abs(raw_counts + origin) > 8 * self._mean_diff + 2:
                self._flip_from, self._flip_run = None, 0
                return False
            return self._flip_run >= _CONFIRM
        near = 8 * self._mean_diff + 2
        # One wild reading may fall on the mirror image by chance; coming back from it is no change of sign.
        if abs(raw_counts + last) <= near and abs(last) > 25 * near and self._diff_before <= near:
            self._flip_from, self._flip_run = last, 1
        return False

    def _same_limit(self) -> float:
        share = min(max(self._same_share, 0.01), 0.999)
        return min(max(_LEAST_SAME, math.log(_CHANCE) / math.log(share)), math.inf if share > 0.99 else _MOST_SAME)

    @property
    def _found_kind(self) -> CellFaultKind | None:
        return self._found.kind if self._found is not None else None

    def _find(self, kind: CellFaultKind, at_s: float, sentence: str) -> bool:
        since_s = self._found.since_s if self._found is not None and self._found.kind is kind else at_s
        self._found = CellFault(kind, since_s, sentence)
        return True

    def _watch_clock(self, at_s: float) -> None:
        dt_s = at_s - self._last_s
        self._last_s = at_s
        if dt_s < -_SET_BACK_S:
            self._jump_s = at_s
            self._jump_sentence = f"The clock was set back by {-dt_s:.0f} s. Check the device's time service."
            self._stamps_s = []
        elif dt_s > _SILENT_S and dt_s > _SILENT_INTERVALS * self._interval_s > 0:
            self._jump_s = at_s
            self._jump_sentence = f"Nothing came for {dt_s:.0f} s, or the clock was set forward by so much."
            self._stamps_s = []
        self._stamps_s.append(at_s)
        if len(self._stamps_s) >= _LOSS_SAMPLES:
            steps_s = sorted(b - a for a, b in pairwise(self._stamps_s))
            self._interval_s = steps_s[len(steps_s) // 2]
            span_s = self._stamps_s[-1] - self._stamps_s[0]
            expected = span_s / self._interval_s if self._interval_s > 0 else 0.0
            lost = max(0.0, 1 - (_LOSS_SAMPLES - 1) / expected) if expected else 0.0
            # Two windows in a row decide either way, so that one pause is no loss.
            if lost > _LOSING_SHARE or lost < _LOSING_ENDS_SHARE:
                self._lost_share += 0.6 * (lost - self._lost_share)
            self._stamps_s = [at_s]
