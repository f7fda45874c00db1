"""How lines and zones that are being drawn would have counted, by the anonymous tracks of the last hour.

The same cores count as when the camera measures, on places twice a second instead of boxes ten times a second, so it is
an estimate: for lines that were there already, what the camera counted stands beside it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.camera_plan import lines_px
from storesense_edge.vision.lines import LineCounter
from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.walk_ends import PERSON_M
from storesense_edge.vision.zones import Zone, ZoneCounter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from storesense_edge.vision.camera_plan import CameraPlan

STEP_MS = 500
_PRESENT_MS = 1_500
_HEIGHT = 0.25
"""How tall somebody is taken to be in the picture, as a share of it: tracks do not say."""

Place = tuple[int, int, float, float]
"""When (milliseconds since 1970), whose by lot, and where (fractions of the picture)."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What would have been counted.

    Attributes:
        tracks: how many tracks there were.
        lines: in and out of each line.
        zones: visits to each zone and queue, and how many were in it at most.
    """

    tracks: int
    lines: dict[str, tuple[int, int]]
    zones: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    at_ms: int
    ids: NDArray[np.int64]
    places: NDArray[np.float64]


def try_plan(plan: CameraPlan, places: Sequence[Place]) -> Tried:
    """Count as a plan says, over tracks that were seen.

    Args:
        plan: lines, zones and queues of the camera.
        places: in the order of time.

    Raises:
        GeometryError: a shape cannot work.
    """
    width, height = plan.frame_wh
    frame = np.array([width, height], dtype=np.float64)
    lines = lines_px(plan)
    counter = LineCounter(lines)
    crossed = {line.line_id: [0, 0] for line in lines}
    in_picture = _Areas(
        [(zone.zone_id, zone.corners_xy) for zone in plan.image.zones]
        + [(queue.queue_id, queue.corners_xy) for queue in plan.image.queues],
        scale=_HEIGHT,
    )
    on_floor = _Areas(
        [(zone.zone_id, zone.corners_xy) for zone in plan.floor.zones]
        + [(queue.queue_id, queue.corners_xy) for queue in plan.floor.queues],
        scale=PERSON_M,
    )
    slots: dict[int, int] = {}
    for step in _steps(places):
        rows = np.array([slots.setdefault(track, len(slots)) for track in step.ids.tolist()], dtype=np.intp)
        heights = np.full(len(rows), _HEIGHT * height)
        for crossing in counter.step(rows, step.ids, step.places * frame, heights, step.at_ms / 1000):
            crossed[crossing.line_id][0 if crossing.entered else 1] += 1
        in_picture.step(step, step.places)
        if plan.floor_map is not None and on_floor.has_any:
            on_floor.step(step, plan.floor_map.to_floor(step.places))
    return Tried(
        tracks=len(slots),
        lines={line_id: (entered, left) for line_id, (entered, left) in crossed.items()},
        zones=in_picture.close() | on_floor.close(),
    )


def _steps(places: Sequence[Place]) -> Iterator[_Step]:
    """Put places together that are of the same half second, of each track the last one."""
    now: dict[int, tuple[float, float]] = {}
    step = None
    for at_ms, track, x, y in places:
        if step is not None and at_ms // STEP_MS != step:
            yield _made(step, now)
            now = {}
        step = at_ms // STEP_MS
        now[track] = (x, y)
    if step is not None:
        yield _made(step, now)


def _made(step: int, now: dict[int, tuple[float, float]]) -> _Step:
    return _Step(step * STEP_MS, np.array(list(now), dtype=np.int64), np.array(list(now.values())).reshape(-1, 2))


class _Areas:
    """Zones and queues of one plane."""

    def __init__(self, areas: Sequence[tuple[str, tuple[tuple[float, float], ...]]], *, scale: float) -> None:
        self.has_any = bool(areas)
        self._counter = ZoneCounter([Zone(name, corners) for name, corners in areas])
        self._scale = scale
        self._last: dict[int, tuple[int, NDArray[np.float64]]] = {}
        self._most = [0] * len(areas)

    def step(self, step: _Step, points: NDArray[np.float64]) -> None:
        if not self.has_any:
            return
        seen = np.isfinite(points).all(axis=1)
        ids, points = step.ids[seen], points[seen]
        speeds = np.full(len(ids), np.inf)
        for row, track in enumerate(ids.tolist()):
            before = self._last.get(track)
            if before is not None and step.at_ms > before[0]:
                moved = float(np.hypot(*(points[row] - before[1])))
                speeds[row] = moved / self._scale / ((step.at_ms - before[0]) / 1000)
            self._last[track] = (step.at_ms, points[row])
        self._last = {
            track: (at_ms, place) for track, (at_ms, place) in self._last.items() if step.at_ms - at_ms <= _PRESENT_MS
        }
        self._counter.step(
            Sightings(
                ids=ids,
                points_xy=points,
                scales=np.full(len(ids), self._scale),
                speeds=speeds,
                sure=np.ones(len(ids), dtype=np.bool_),
                present_ids=frozenset(self._last),
                at_s=step.at_ms / 1000,
            )
        )
        self._most = [max(most, now) for most, now in zip(self._most, self._counter.occupancy(), strict=True)]

    def close(self) -> dict[str, tuple[int, int]]:
        samples = self._counter.take()
        return {each.zone_id: (each.entries, most) for each, most in zip(samples, self._most, strict=True)}
