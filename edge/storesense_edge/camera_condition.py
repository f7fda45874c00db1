"""How a camera is doing: faults of its pictures, its rate, its silences and what they do to its figures, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_contracts.readings import HealthCause, HealthState
from storesense_edge.health import Health
from storesense_edge.vision.picture_watch import Fault

if TYPE_CHECKING:
    from storesense_contracts.layout import StoreLayout
    from storesense_contracts.site import CameraDevice
    from storesense_edge.vision.picture_watch import Finding

WINDOW_S = 10.0
NO_PICTURE_AFTER_S = 10.0
_DROPPED_SHARE = 0.1

_REASONS = {
    Fault.DARK: "the picture is dark; put the lights on, or take off the lens cap",
    Fault.COVERED: "the lens is covered, or so dirty that little can be seen; free or clean it",
    Fault.BLURRED: "the picture is less sharp than it was; clean the lens or focus the camera",
}


def affected_by(device: CameraDevice, store: StoreLayout) -> tuple[str, ...]:
    """Name the figures that rest on a camera, each as stream/subject."""
    return (
        *(f"footfall/{view.line}" for view in device.lines),
        *(f"zone/{view.zone}" for view in device.zones),
        *(f"queue/{view.queue}" for view in device.queues),
        *([f"heatmap/{store.floor.id}"] if device.heatmap is not None else []),
    )


@dataclass(slots=True)
class _Window:
    """What happened since the rate was last told."""

    begin_s: float
    frames: int = 0
    dropped: int = 0
    slipped_s: float = 0.0


class CameraCondition:
    """Puts a camera's condition together.

    Args:
        component_id: the camera's device id.
        affected: the figures that rest on it.
        frozen_after_s: as in the settings, for the words.
        now_s: the monotonic clock.
    """

    def __init__(self, component_id: str, affected: tuple[str, ...], *, frozen_after_s: float, now_s: float) -> None:
        self._id = component_id
        self._affected = affected
        self._frozen_after_s = frozen_after_s
        self._window = _Window(now_s)
        self._frames_per_s: float | None = None
        self._burden: str | None = None
        self._fault: Finding | None = None
        self._picture_at_s = now_s

    def affects(self, figures: tuple[str, ...]) -> None:
        """Say anew which figures rest on the camera."""
        self._affected = figures

    def well(self) -> Health:
        """The condition at the beginning of a source."""
        return Health(self._id)

    def saw(self, *, dropped: int, fault: Finding | None, now_s: float, slipped_s: float) -> Health | None:
        """Note a frame; returns the condition if it is new or due.

        Args:
            dropped: how many frames before it were left out.
            fault: what is wrong with the pictures.
            now_s: the monotonic clock.
            slipped_s: by how much the replay has slipped in all.
        """
        self._picture_at_s = now_s
        self._window.frames += 1
        self._window.dropped += dropped
        before, self._fault = self._fault, fault
        is_new = (before and before.fault) != (fault and fault.fault)
        if not is_new and now_s - self._window.begin_s < WINDOW_S:
            return None
        self._close_window(now_s, slipped_s)
        return self._told()

    def silent_s(self, now_s: float) -> float:
        """Seconds since the last picture, or since the beginning."""
        return now_s - self._picture_at_s

    def no_picture(self, reason: str | None, *, now_s: float) -> Health:
        """The condition of a live camera that gives nothing."""
        self._frames_per_s = 0.0
        self._burden = None
        # The silence must not count into the rate that is told when the camera is back.
        self._window = _Window(now_s, slipped_s=self._window.slipped_s)
        why = "; the connection is tried again and again" if reason is None else f" ({reason})"
        return Health(
            self._id,
            HealthState.FAILED,
            f"no picture comes from the camera{why}",
            0.0,
            HealthCause.NO_PICTURE,
            affected=self._affected,
        )

    def _close_window(self, now_s: float, slipped_s: float) -> None:
        window = self._window
        if now_s - window.begin_s < WINDOW_S:
            return
        self._frames_per_s = round(window.frames / (now_s - window.begin_s), 1)
        self._burden = None
        if window.dropped > _DROPPED_SHARE * window.frames:
            self._burden = "the detector is slower than the camera, so pictures are left out; use a smaller model"
        elif slipped_s > window.slipped_s:
            self._burden = "this machine cannot replay at the speed that is set, so the replay slips"
        self._window = _Window(now_s, slipped_s=slipped_s)

    def _told(self) -> Health:
        fault = self._fault
        if fault is None:
            if self._burden is None:
                return Health(self._id, frames_per_s=self._frames_per_s)
            cause = HealthCause.OVERLOADED
            return Health(self._id, HealthState.DEGRADED, self._burden, self._frames_per_s, cause)
        return Health(
            self._id,
            HealthState.FAILED if fault.fault.blinds else HealthState.DEGRADED,
            self._words(fault),
            self._frames_per_s,
            HealthCause(fault.fault.value),
            fault.displacement_px,
            self._affected,
        )

    def _words(self, fault: Finding) -> str:
        if fault.fault is Fault.FROZEN:
            return f"the picture has not changed for {self._frozen_after_s:g} s; restart the camera or check its cable"
        if fault.fault is Fault.MOVED:
            if fault.displacement_px is None:
                return "the camera shows another view than it was calibrated for; turn it back, or calibrate it again"
            return (
                f"the camera was moved: its picture has shifted by {fault.displacement_px:.0f} pixels; "
                "turn it back, or calibrate it again"
            )
        if fault.fault is Fault.SLOW:
            return (
                f"only {fault.frames_per_s or 0:.1f} pictures a second come, too few to follow people; "
                "check the network and the camera's settings"
            )
        return _REASONS[fault.fault]
