"""Tells from its pictures that a camera can no longer be measured with: frozen, dark, covered, blurred, moved, slow.

Every two seconds a small sample of the picture is looked at; what that costs does not depend on the resolution. A fault
has to last before it is told, so that somebody who passes close to the lens raises nothing, and has to be over for some
looks before the camera counts as well again. Sharpness, texture and place are compared with a reference that is learned
from the first pictures and may be kept, so that a camera that was moved while nobody looked is found too.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import cv2
import numpy as np

from storesense_edge.vision.picture_grain import sharpness_of, small_grey, texture_of
from storesense_edge.vision.picture_rate import PictureRate
from storesense_edge.vision.view_shift import Background, ViewReference, edge_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LOOK_S = 2.0
_EARLY_S = 0.02
_COMPARE_LOOKS = 4
_KEEP_COMPARISONS = 600
_CHANGED_LEVELS = 1
_CHANGED_SHARE = 0.03
"""A picture is new if so many of its pixels differ by more than that: an encoder wavers by a level about a picture that
stands still, and a clock drawn into it is less."""
_DARK_LEVEL = 40
_FLAT_LEVELS = 2.5
_TEXTURED_LEVELS = 4.0
_LOST_TEXTURE = 0.4
_COVERED_SHARE = 0.5
_BLURRED_RATIO = 0.7
_CLEAR_RATIO = 0.82
_MOVED = 0.012
_RETURNED = 0.008
_CONTRAST_LEVELS = 4.0
_ANY_CONTRAST_LEVELS = 1.0
_LEARN_LOOKS = 9


class Fault(StrEnum):
    """What is wrong with a camera's pictures."""

    FROZEN = "frozen"
    DARK = "dark"
    COVERED = "covered"
    BLURRED = "blurred"
    MOVED = "moved"
    SLOW = "slow"

    @property
    def blinds(self) -> bool:
        """True if nobody can be seen at all, so that zeros would be wrong."""
        return self in {Fault.FROZEN, Fault.DARK, Fault.COVERED}


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """When pictures count as faulty.

    Attributes:
        frozen_after_s: seconds of the same picture after which the camera counts as frozen.
        hold_s: seconds for which another fault has to last.
        min_frames_per_s: below this rate the camera is too slow to follow people.
        ignored: faults that are not looked for, such as darkness in a shop that closes at night.
    """

    frozen_after_s: float = 30.0
    hold_s: float = 12.0
    min_frames_per_s: float = 3.0
    ignored: frozenset[Fault] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, with what was measured.

    Attributes:
        fault: what is wrong.
        since_s: media time since which it has been so.
        displacement_px: by how many of the picture's pixels a moved camera's view has shifted; None if it is not
            recognizable at all.
        frames_per_s: the rate of a slow camera.
    """

    fault: Fault
    since_s: float
    displacement_px: float | None = None
    frames_per_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PictureReference:
    """What the picture looked like when the camera was well.

    Attributes:
        edges: (120, 160) complex64, the directions of the background's edges.
        texture: (15, 20) float32, contrast of the picture's tiles, grey levels.
        sharpness: (8, 12) float32, fine over coarse contrast of the picture's cells; NaN where there is none.
    """

    edges: NDArray[np.complex64]
    texture: NDArray[np.float32]
    sharpness: NDArray[np.float32]


@dataclass(slots=True)
class _Hold:
    """How long a fault has been seen, or not been seen."""

    bad_since_s: float | None = None
    good_looks: int = 0
    is_on: bool = False

    def see(self, *, bad: bool, at_s: float, hold_s: float) -> None:
        if bad:
            self.good_looks = 0
            if self.bad_since_s is None:
                self.bad_since_s = at_s
            if at_s - self.bad_since_s >= hold_s:
                self.is_on = True
            return
        self.good_looks += 1
        if not self.is_on or self.good_looks >= 3:
            self.is_on, self.bad_since_s = False, None


class PictureWatch:
    """Watches one camera's pictures.

    Args:
        limits: when pictures count as faulty.
        reference: what was learned before, None to learn from the first pictures.
        learned: called with what was learned, and again every hour as the reference follows slow changes.
    """

    def __init__(
        self,
        limits: WatchLimits | None = None,
        reference: PictureReference | None = None,
        learned: Callable[[PictureReference], None] | None = None,
    ) -> None:
        self._limits = limits or WatchLimits()
        self._reference = reference
        self._view = None if reference is None else ViewReference(reference.edges)
        self._learned = learned
        self._holds = {fault: _Hold() for fault in Fault}
        self._looks = 0
        self._looked_s: float | None = None
        self._still: NDArray[np.uint8] | None = None
        self._changed_s = 0.0
        self._rate = PictureRate()
        self._background = Background()
        self._textures: deque[NDArray[np.float32]] = deque(maxlen=_LEARN_LOOKS)
        self._sharpnesses: deque[NDArray[np.float32]] = deque(maxlen=_LEARN_LOOKS)
        self._displacement_px: float | None = None
        self._comparisons = 0
        self._followed: NDArray[np.complex64] | None = None
        self._finding: Finding | None = None

    @property
    def changed_s(self) -> float:
        """Media time of the last picture that was a new one."""
        return self._changed_s

    def step(self, image_bgr: NDArray[np.uint8], at_s: float) -> Finding | None:
        """Take the next picture and tell what is wrong with the camera, the worst first; None if it is well.

        Args:
            image_bgr: (height, width, 3) uint8.
            at_s: its media time.
        """
        self._rate.add(at_s)
        if self._looked_s is not None and 0 <= at_s - self._looked_s < LOOK_S - _EARLY_S:
            return self._finding
        if self._looked_s is None:
            self._changed_s = at_s
        self._looked_s = at_s
        self._looks += 1
        grey = small_grey(image_bgr)
        self._look_for_freezing(grey, at_s)
        self._look_for_light(grey, at_s)
        blind = any(hold.bad_since_s is not None for fault, hold in self._holds.items() if fault.blinds)
        if blind:
            # What a blind camera shows must neither be learned nor be compared.
            self._background.clear()
            self._sharpnesses.clear()
        else:
            self._look_for_blur(image_bgr, at_s)
            self._look_for_moving(grey, image_bgr.shape[1], at_s)
            self._learn()
        rate = self._rate.frames_per_s(at_s)
        slow = rate is not None and rate < self._limits.min_frames_per_s
        self._see(Fault.SLOW, bad=slow, at_s=at_s)
        self._finding = self._worst(rate)
        return self._finding

    def _see(self, fault: Fault, *, bad: bool, at_s: float, hold_s: float | None = None) -> None:
        bad = bad and fault not in self._limits.ignored
        self._holds[fault].see(bad=bad, at_s=at_s, hold_s=self._limits.hold_s if hold_s is None else hold_s)

    def _look_for_freezing(self, grey: NDArray[np.uint8], at_s: float) -> None:
        still = self._still
        if still is None or np.mean(cv2.absdiff(grey, still) > _CHANGED_LEVELS) > _CHANGED_SHARE:
            self._still, self._changed_s = grey, at_s
        frozen = at_s - self._changed_s >= self._limits.frozen_after_s
        # One new picture ends a freeze: a frozen camera gives none.
        hold = self._holds[Fault.FROZEN]
        if frozen and Fault.FROZEN not in self._limits.ignored:
            hold.bad_since_s, hold.is_on, hold.good_looks = self._changed_s, True, 0
        else:
            hold.bad_since_s, hold.is_on = None, False

    def _look_for_light(self, grey: NDArray[np.uint8], at_s: float) -> None:
        dark = float(np.percentile(grey[::2, ::2], 95)) < _DARK_LEVEL
        self._see(Fault.DARK, bad=dark, at_s=at_s)
        texture = texture_of(grey)
        if self._reference is None:
            covered = float((texture < _FLAT_LEVELS).mean()) > 0.95
        else:
            known = self._reference.texture >= _TEXTURED_LEVELS
            lost = texture < np.maximum(_FLAT_LEVELS, _LOST_TEXTURE * self._reference.texture)
            covered = bool(known.mean() > 0.05) and float(lost[known].mean()) > _COVERED_SHARE
        self._see(Fault.COVERED, bad=covered and not dark, at_s=at_s)
        if not dark and not covered:
            self._textures.append(texture)

    def _look_for_blur(self, image_bgr: NDArray[np.uint8], at_s: float) -> None:
        if self._reference is None:
            self._sharpnesses.append(sharpness_of(image_bgr, _CONTRAST_LEVELS))
            return
        self._sharpnesses.append(sharpness_of(image_bgr, _ANY_CONTRAST_LEVELS))
        if len(self._sharpnesses) < 3:
            return
        now = _middle(list(self._sharpnesses)[-3:])
        ratio = now / self._reference.sharpness
        ratio = ratio[np.isfinite(ratio)]
        limit = _CLEAR_RATIO if self._holds[Fault.BLURRED].is_on else _BLURRED_RATIO
        self._see(Fault.BLURRED, bad=ratio.size >= 8 and float(np.median(ratio)) < limit, at_s=at_s)

    def _look_for_moving(self, grey: NDArray[np.uint8], width_px: int, at_s: float) -> None:
        self._background.add(grey)
        if self._view is None or self._looks % _COMPARE_LOOKS or not self._background.is_complete:
            return
        if not self._view.is_usable or self._holds[Fault.BLURRED].bad_since_s is not None:
            return
        field = edge_field(self._background.median())
        shift = self._view.compare(field)
        moved = shift.is_lost or shift.distance > (_RETURNED if self._holds[Fault.MOVED].is_on else _MOVED)
        if moved:
            now_px = None if shift.is_lost else shift.distance * width_px
            told_px = self._displacement_px
            # Told once, not with every wavering of the measurement.
            if now_px is None or told_px is None or abs(now_px - told_px) > max(3.0, 0.1 * told_px):
                self._displacement_px = now_px
        # Two comparisons in a row, of backgrounds with other pictures in them, are proof enough that it moved; that
        # nothing is recognized takes longer, since a trolley before the lens does that too.
        hold_s = LOOK_S * _COMPARE_LOOKS * (3 if shift.is_lost else 1)
        self._see(Fault.MOVED, bad=moved, at_s=at_s, hold_s=hold_s)
        if not moved:
            # It is back when two comparisons say so, since a view that was turned a little is a close call.
            hold = self._holds[Fault.MOVED]
            hold.good_looks = max(hold.good_looks, 1)
            self._see(Fault.MOVED, bad=False, at_s=at_s)
            if not hold.is_on:
                self._displacement_px = None
                self._follow(field)

    def _follow(self, field: NDArray[np.complex64]) -> None:
        """Let the reference follow what slowly changes in a shop, a part of a percent a comparison."""
        assert self._reference is not None  # noqa: S101 -- there is a view, so there is a reference
        self._comparisons += 1
        share = np.float32(1 / _KEEP_COMPARISONS)
        self._followed = self._reference.edges if self._followed is None else self._followed
        self._followed = np.asarray(self._followed * (1 - share) + field * share, dtype=np.complex64)
        if self._comparisons % _KEEP_COMPARISONS == 0:
            self._take(replace(self._reference, edges=self._followed))

    def _take(self, reference: PictureReference) -> None:
        self._reference, self._view, self._followed = reference, ViewReference(reference.edges), None
        if self._learned is not None:
            self._learned(reference)

    def _learn(self) -> None:
        if self._reference is not None or not self._background.is_complete or len(self._textures) < _LEARN_LOOKS:
            return
        if len(self._sharpnesses) < _LEARN_LOOKS:
            return
        reference = PictureReference(
            edges=edge_field(self._background.median()),
            texture=_middle(list(self._textures)),
            sharpness=_middle(list(self._sharpnesses)),
        )
        self._sharpnesses.clear()
        self._take(reference)

    def _worst(self, rate: float | None) -> Finding | None:
        for fault, hold in self._holds.items():
            if hold.is_on and hold.bad_since_s is not None:
                return Finding(
                    fault,
                    hold.bad_since_s,
                    displacement_px=self._displacement_px if fault is Fault.MOVED else None,
                    frames_per_s=rate if fault is Fault.SLOW else None,
                )
        return None


def _middle(arrays: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The median over time, cell by cell."""
    return np.asarray(np.median(np.stack(arrays), axis=0), dtype=np.float32)
