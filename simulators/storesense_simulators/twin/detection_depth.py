"""Detection depth: the boxes that each camera's person detector would report, with the true ones beside them.

What the edge agent's tracker eats comes out here, so that its true code runs: `detection_frames` walks a twin on and
gives the frames of all cameras, in process; `mot_writer` puts them into files.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.eye_blinds import blinds_of
from storesense_simulators.twin.eye_crowd import WALK_ON_MS, Approach, Crowd, Street, crowd_of
from storesense_simulators.twin.eye_flaws import DetectionFlaws, FlawedDetector
from storesense_simulators.twin.eye_sight import Sight, see
from storesense_simulators.twin.faults import Fault, FaultSchedule
from storesense_simulators.twin.projection import pinhole_of
from storesense_simulators.twin.shop import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from storesense_edge.vision.detections import Detections
    from storesense_simulators.twin.people import People
    from storesense_simulators.twin.shop import CameraMount, Door, Shop
    from storesense_simulators.twin.truth import TruthEvent


class Walking(Protocol):
    """What of a twin the cameras need."""

    @property
    def now_ms(self) -> int:
        """Milliseconds since the run began."""

    @property
    def people(self) -> People:
        """Everybody in the store."""

    def step(self) -> list[TruthEvent]:
        """Go one step on and return what happened in it."""


@dataclass(frozen=True, slots=True, eq=False)
class CameraFrame:
    """One picture's boxes.

    Attributes:
        device_id: the camera.
        t_ms: its time, milliseconds since the run began.
        detections: what the detector reports.
        sight: what is truly to be seen.
        numbers: (N,) int64, who that is, in the order of ``sight``.
    """

    device_id: str
    t_ms: int
    detections: Detections
    sight: Sight
    numbers: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class DetectionStep:
    """One instant at which cameras take pictures.

    Attributes:
        t_ms: milliseconds since the run began.
        frames: those of the cameras that have power, in the store's order.
        crowd: everybody in the store at that instant, and those who left a moment ago.
        events: what happened since the last instant.
    """

    t_ms: int
    frames: tuple[CameraFrame, ...]
    crowd: Crowd
    events: tuple[TruthEvent, ...]


class CameraEye:
    """One camera and its detector.

    Args:
        mount: where it hangs.
        shop: what stands in its way.
        seed: the root of its flaws' chance.
        flaws: how bad its detector is.
        faults: what goes wrong with it.
        frames_per_s: pictures a second; None takes the mount's.
    """

    def __init__(
        self,
        mount: CameraMount,
        shop: Shop,
        *,
        seed: int,
        flaws: DetectionFlaws | None = None,
        faults: FaultSchedule | None = None,
        frames_per_s: float | None = None,
    ) -> None:
        self.mount = mount
        self._pinhole = self._aimed = pinhole_of(mount)
        self._blinds = blinds_of(shop, self._pinhole.at_xyz_m)
        self._detector = FlawedDetector(
            flaws or DetectionFlaws(),
            frame_s=1.0 / (frames_per_s or mount.frames_per_s),
            frame_wh=mount.frame_size_px,
            chance=stream(seed, f"eye/{mount.device_id}"),
        )
        self._faults = (faults or FaultSchedule()).of(mount.device_id)
        self._aimed_by: Fault | None = None
        self._frozen: Detections | None = None

    @property
    def device_id(self) -> str:
        """The camera's device."""
        return self.mount.device_id

    def look(self, t_ms: int, crowd: Crowd) -> CameraFrame | None:
        """Return the boxes of the picture at an instant, or None while the camera has no power."""
        ailing = {f.kind: f for f in self._faults if f.begins_ms <= t_ms < f.ends_ms} if self._faults else {}
        if FaultKind.POWER_CUT in ailing:
            return None
        self._aim(ailing.get(FaultKind.CAMERA_MOVED))
        sight = see(self._aimed, self._blinds, crowd)
        numbers = crowd.numbers[sight.places]
        if FaultKind.CAMERA_FROZEN in ailing and self._frozen is not None:
            return CameraFrame(self.device_id, t_ms, self._frozen, sight, numbers)
        seen = sight
        if (dirt := ailing.get(FaultKind.CAMERA_DIRTY)) is not None:
            seen = _through_dirt(sight, dirt.amount, self.mount.frame_size_px[0])
        detections = self._detector.detect(seen, numbers)
        if self._faults:
            self._frozen = detections
        return CameraFrame(self.device_id, t_ms, detections, sight, numbers)

    def _aim(self, moved: Fault | None) -> None:
        if moved is not self._aimed_by:
            self._aimed_by = moved
            self._aimed = (
                self._pinhole if moved is None else self._pinhole.moved(pan_deg=moved.amount, tilt_deg=moved.amount / 3)
            )


def detection_frames(
    twin: Walking, eyes: Sequence[CameraEye], *, until_ms: int, frames_per_s: float, doors: Sequence[Door] = ()
) -> Iterator[DetectionStep]:
    """Walk a twin on and yield what its cameras report, at times that are whole multiples of the frame's length.

    Between two steps of the twin people are where a straight line puts them.

    Args:
        twin: the store; it is stepped on as frames are asked for.
        eyes: its cameras.
        until_ms: no frame is later than this.
        frames_per_s: pictures a second, the same for all cameras; a whole number of milliseconds apart.
        doors: who comes in by these is seen on the street for `WALK_ON_MS` before; the twin is walked on by as much
            further than ``until_ms``.

    Raises:
        ValueError: the rate's pictures are no whole number of milliseconds apart.
    """
    frame_ms = round(1000 / frames_per_s)
    if frame_ms < 1 or abs(frame_ms * frames_per_s - 1000) > 1e-6:
        raise ValueError(f"{frames_per_s} frames a second are no whole number of milliseconds apart")
    events: deque[TruthEvent] = deque()
    approach = Approach(np.array([((d.a[0] + d.b[0]) / 2, (d.a[1] + d.b[1]) / 2) for d in doors]).reshape(-1, 2))
    crowds = _crowds(twin, events, until_ms=until_ms + (WALK_ON_MS if doors else 0), frame_ms=frame_ms)
    for t_ms, crowd in _approached(crowds, approach) if doors else crowds:
        if t_ms <= until_ms:
            yield _step(t_ms, eyes, crowd, events)


def _approached(crowds: Iterator[tuple[int, Crowd]], approach: Approach) -> Iterator[tuple[int, Crowd]]:
    for t_ms, crowd in crowds:
        yield from approach.take(crowd, t_ms)
    yield from approach.rest()


def _crowds(twin: Walking, events: deque[TruthEvent], *, until_ms: int, frame_ms: int) -> Iterator[tuple[int, Crowd]]:
    """Walk a twin on and yield who is there at each frame's time; what happens is put into ``events``."""
    due_ms = -(-twin.now_ms // frame_ms) * frame_ms
    street = Street()
    if due_ms == twin.now_ms:
        yield due_ms, street.with_leavers(crowd_of(twin.people), due_ms)
        due_ms += frame_ms
    while due_ms <= until_ms:
        before_ms = twin.now_ms
        events.extend(twin.step())
        passed_ms = twin.now_ms - before_ms
        while due_ms <= min(twin.now_ms, until_ms):
            yield due_ms, street.with_leavers(crowd_of(twin.people, (due_ms - before_ms) / passed_ms), due_ms)
            due_ms += frame_ms


def _step(t_ms: int, eyes: Sequence[CameraEye], crowd: Crowd, events: deque[TruthEvent]) -> DetectionStep:
    frames = (eye.look(t_ms, crowd) for eye in eyes)
    now = []
    while events and events[0].t_ms <= t_ms:
        now.append(events.popleft())
    return DetectionStep(t_ms, tuple(frame for frame in frames if frame is not None), crowd, tuple(now))


def _through_dirt(sight: Sight, share: float, width_px: int) -> Sight:
    """A smear over the left part of the lens hides whoever stands behind it."""
    edge_px = share * width_px
    shown = sight.shown_xyxy_px.copy()
    shown[:, 0] = np.maximum(shown[:, 0], np.minimum(edge_px, shown[:, 2]))
    wide = np.maximum(sight.shown_xyxy_px[:, 2] - sight.shown_xyxy_px[:, 0], 1e-9)
    left = (shown[:, 2] - shown[:, 0]) / wide
    shown[left <= 0, 3] = shown[left <= 0, 1]
    return Sight(sight.places, sight.boxes_xyxy_px, shown, sight.visibility * left, sight.open_share, sight.depths_m)
