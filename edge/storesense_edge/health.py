"""How the components of a device are doing, as readings: at once when it changes, and again every so often."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from storesense_contracts.readings import HealthCause, HealthReading, HealthState

if TYPE_CHECKING:
    from datetime import datetime

_REASON_CHARS = 500
_MAX_AFFECTED = 100


@dataclass(frozen=True, slots=True)
class Health:
    """One component's condition.

    Attributes:
        component_id: which component: the device's own id, a slot's, or ``outbox``.
        state: how it is doing.
        reason: why it is not well.
        frames_per_s: pictures or samples measured a second.
        cause: what is wrong, where it is one of the faults that programs know.
        displacement_px: by how many pixels a moved camera's view has shifted.
        affected: the figures that are not to be trusted meanwhile, such as ``footfall/door``.
        planogram_version: the planogram that a shelf device works by.
        drawing_version: the drawing that a camera works by.
        setup_url: where this box shows the camera's picture to an installer.
    """

    component_id: str
    state: HealthState = HealthState.OK
    reason: str | None = None
    frames_per_s: float | None = None
    cause: HealthCause | None = None
    displacement_px: float | None = None
    affected: tuple[str, ...] = ()
    planogram_version: int | None = None
    drawing_version: int | None = None
    setup_url: str | None = None


class HealthBoard:
    """The latest condition of each component of a device, ok until something else is said."""

    def __init__(self) -> None:
        self._conditions: dict[str, Health] = {}

    def update(self, health: Health, now_at: datetime) -> HealthReading | None:
        """Note a condition; returns a reading if its state or reason is new."""
        before = self._conditions.get(health.component_id)
        self._conditions[health.component_id] = health
        if before is not None and _condition(before) == _condition(health):
            return None
        return reading_of(health, now_at)

    def readings(self, now_at: datetime) -> list[HealthReading]:
        """Return the condition of every component as it is now."""
        return [reading_of(health, now_at) for health in self._conditions.values()]


def _condition(health: Health) -> Health:
    """A condition without the figures that waver."""
    return replace(health, frames_per_s=None, displacement_px=None)


def reading_of(
    health: Health,
    now_at: datetime,
    *,
    outbox_messages: int | None = None,
    outbox_bytes: int | None = None,
    uptime_s: int | None = None,
    clock_offset_ms: int | None = None,
    commands: tuple[str, ...] = (),
) -> HealthReading:
    """Build the reading of a condition, its reason cut to what the wire takes."""
    reason = health.reason
    if reason is not None and len(reason) > _REASON_CHARS:
        reason = reason[: _REASON_CHARS - 1] + "…"
    return HealthReading(
        measured_at=now_at,
        component_id=health.component_id,
        state=health.state,
        reason=reason,
        frames_per_s=health.frames_per_s,
        outbox_messages=None if outbox_messages is None else min(outbox_messages, 1_000_000),
        outbox_bytes=outbox_bytes,
        uptime_s=uptime_s,
        clock_offset_ms=clock_offset_ms,
        cause=health.cause,
        displacement_px=None if health.displacement_px is None else round(health.displacement_px, 1),
        affected=health.affected[:_MAX_AFFECTED],
        planogram_version=health.planogram_version,
        drawing_version=health.drawing_version,
        setup_url=health.setup_url,
        commands=commands,
    )
