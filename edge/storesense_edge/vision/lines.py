"""Counting lines: who walks across a segment, and which way.

Which side is "in"? Stand at `a` in the shop and look at `b`: `in_side` says whether a person who ends up on your left
or on your right went *in*. Points have y pointing down, as in a picture, where left of you is left in the picture too.

A person counts when the foot point was clear of the line on one side and is then clear of it on the other, having
gone through the segment between its ends. Clear means further than a share of the person's own height, so the same
line works near the camera and far from it; standing on the line, jitter, and a turn before clearing count nothing.
Only points that were seen are used, so a crossing behind a pillar counts when both of its ends were seen. After a gap
they also have to fit each other (`broken_walks`): what goes on elsewhere than the walk leads to is somebody else, and
whoever the tracker gave up is known again where the walk does lead. At an entrance one end may be a moment before the
first sighting: who is first seen behind the line, walking away from it, and can be nobody who was lost there, has come
through the door.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.broken_walks import AT, COLUMNS, BrokenWalkSettings, are_strangers, known_again, may_be
from storesense_edge.vision.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CLEARANCE_HEIGHTS = 0.06
"""How far from a line is clear of it at least, in heights of the person ..."""

CLEARANCE_SPREADS = 2.0
"""... and in spreads of the person's sightings around the path: where boxes tremble, clear is further away."""

MOST_LOST = 256
"""No more people than this are remembered whom the tracker gave up."""


class InSide(StrEnum):
    """The side on which a crossing ends that counts as in, seen from `a` towards `b`."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class CountingLine:
    """A segment that people cross.

    Attributes:
        line_id: its name in the site file.
        a_xy: one end, in the plane of the points that it will be given (pixels or floor metres).
        b_xy: the other end.
        in_side: which side is in, standing at `a` and looking at `b`.
        is_entrance: whether it is a door of the store, behind which nobody appears but who came through it.
    """

    line_id: str
    a_xy: tuple[float, float]
    b_xy: tuple[float, float]
    in_side: InSide = InSide.LEFT
    is_entrance: bool = False


@dataclass(frozen=True, slots=True)
class Crossing:
    """One person across one line; nothing in it says who.

    Attributes:
        line_id: which line.
        entered: True for in, False for out.
        at_s: when the person was clear of it.
    """

    line_id: str
    entered: bool
    at_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Lost:
    """What is kept of somebody whose row somebody else has now."""

    end: NDArray[np.float64]
    distance: NDArray[np.float64]
    position: NDArray[np.float64]
    side: NDArray[np.int8]


class LineCounter:
    """Counts crossings of several lines by any number of tracks.

    All lines are judged at once with arrays: state is one row a track slot, one column a line.

    Args:
        lines: the lines, all in one plane; their ids differ.
        clearance_heights: how far from the line is clear at least, in units of the `scale` that each point brings.
        clearance_spreads: the same in units of the spread that it brings.
        broken: when a walk that broke off goes on; judged only of points that bring the ends of walks.

    Raises:
        GeometryError: a line's ends coincide or are no numbers, or two lines share an id.
    """

    def __init__(
        self,
        lines: Sequence[CountingLine],
        *,
        clearance_heights: float = CLEARANCE_HEIGHTS,
        clearance_spreads: float = CLEARANCE_SPREADS,
        broken: BrokenWalkSettings | None = None,
    ) -> None:
        _check_lines(lines)
        self.lines = tuple(lines)
        self._clearance = clearance_heights
        self._broken = broken or BrokenWalkSettings()
        count = len(lines)
        a = np.array([line.a_xy for line in lines], dtype=np.float64).reshape(count, 2)
        b = np.array([line.b_xy for line in lines], dtype=np.float64).reshape(count, 2)
        length = np.hypot(*(b - a).T)
        along = (b - a) / length[:, None] if count else b
        # With y pointing down, the left hand of somebody walking along (ux, uy) points to (uy, -ux).
        sign = np.array([1.0 if line.in_side is InSide.LEFT else -1.0 for line in lines])
        inward = np.stack([along[:, 1], -along[:, 0]], axis=1) * sign[:, None]
        self._is_entrance = np.array([line.is_entrance for line in lines], dtype=np.bool_)
        self._length = length
        self._along, self._along_offset = along.T.copy(), (a * along).sum(axis=1)
        self._inward, self._inward_offset = inward.T.copy(), (a * inward).sum(axis=1)
        self._spread_reach = clearance_spreads * np.abs(self._inward)
        self.crossed_ids: list[int] = []
        """Whose the crossings of the last step are, for this box alone."""
        self._ids = np.full(0, -1, dtype=np.int64)
        self._distance = np.empty((0, count))  # last seen, signed, positive inside
        self._position = np.empty((0, count))  # last seen, along the line from a
        self._side = np.zeros((0, count), dtype=np.int8)  # last clear side: -1 out, +1 in, 0 none yet
        self._passes = np.zeros((0, count), dtype=np.int8)  # net passes through the segment since that side
        self._ends = np.zeros((0, COLUMNS))  # where everybody was seen last
        self._lost: list[_Lost] = []

    def step(
        self,
        slots: NDArray[np.intp],
        ids: NDArray[np.int64],
        points_xy: NDArray[np.float64],
        scales: NDArray[np.float64],
        at_s: float,
        *,
        spreads_xy: NDArray[np.float64] | None = None,
        ends: NDArray[np.float64] | None = None,
        origins_xy: NDArray[np.float64] | None = None,
    ) -> list[Crossing]:
        """Take one picture's points of the people seen in it.

        Args:
            slots: (N,) row of each track, small and reused when a track ends.
            ids: (N,) what tells a reused row from its former user.
            points_xy: (N, 2) foot points in the plane of the lines.
            scales: (N,) height of each person in units of that plane.
            at_s: time of the picture.
            spreads_xy: (N, 2) how far each person's sightings lie from the path, along x and y; None means not at all.
            ends: (N, columns) how they walk there, as `broken_walks.ends_of` puts it, on the floor where that is
                known, as people keep their pace there; None asks nothing of gaps.
            origins_xy: (N, 2) where they were a moment before, by how they walk, NaN where that cannot be told; a
                newcomer of whom it is known may have come over an entrance's line unseen. Used together with `ends`.

        Returns:
            The crossings completed by this picture.
        """
        self.crossed_ids = []
        if not self.lines or not len(slots):
            return []
        self._reserve(int(slots.max()) + 1)
        fresh = self._ids[slots] != ids
        if fresh.any():
            self._begin(slots[fresh], ids[fresh], points_xy[fresh])
        if ends is not None and fresh.any():
            newcomers = self._know_again(slots[fresh], ends[fresh])
            if origins_xy is not None and newcomers:
                rows = np.flatnonzero(fresh)[newcomers]
                self._come_over(slots[rows], ends[rows], origins_xy[rows], scales[rows], seen=slots)
        distance, position = self._by_lines(points_xy)
        before = self._distance[slots]
        passed = (before > 0) != (distance > 0)
        if ends is not None:
            if passed.any():
                strangers = self._strangers(slots, ends, passed)
                self._remember(slots[strangers])
                self._begin(slots[strangers], ids[strangers], points_xy[strangers])
                passed[strangers] = False
            self._ends[slots] = ends
        if passed.any():
            rows, columns = np.nonzero(passed)
            self._pass(slots, rows, columns, before[rows, columns], distance[rows, columns], position)
        self._distance[slots] = distance
        self._position[slots] = position
        clear_from = (scales * self._clearance)[:, None]
        if spreads_xy is not None:
            clear_from = np.maximum(clear_from, spreads_xy @ self._spread_reach)
        side = np.sign(distance).astype(np.int8)
        changed = (self._side[slots] != side) & (np.abs(distance) >= clear_from)
        if not changed.any():
            # Out and back without clearing the line leaves nothing behind.
            return []
        crossings = []
        for row, column in zip(*np.nonzero(changed), strict=True):
            slot = slots[row]
            known = self._side[slot, column] != 0
            if known and self._passes[slot, column] * side[row, column] > 0:
                crossings.append(Crossing(self.lines[column].line_id, bool(side[row, column] > 0), at_s))
                self.crossed_ids.append(int(ids[row]))
            self._side[slot, column] = side[row, column]
            self._passes[slot, column] = 0
        return crossings

    def _pass(
        self,
        slots: NDArray[np.intp],
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
        before: NDArray[np.float64],
        after: NDArray[np.float64],
        position: NDArray[np.float64],
    ) -> None:
        old = self._position[slots[rows], columns]
        inside = _passed_within(before, after, old, position[rows, columns], self._length[columns])
        self._passes[slots[rows], columns] += (inside * np.where(after > 0, 1, -1)).astype(np.int8)

    def _strangers(
        self, slots: NDArray[np.intp], ends: NDArray[np.float64], passed: NDArray[np.bool_]
    ) -> NDArray[np.intp]:
        """Rows of those who passed a line unseen and are not where their walk led: somebody else has their track."""
        rows = np.flatnonzero(passed.any(axis=1))
        return rows[are_strangers(self._ends[slots[rows]], ends[rows], self._broken)]

    def _know_again(self, slots: NDArray[np.intp], ends: NDArray[np.float64]) -> list[int]:
        """Let newcomers go on with the walks of those who were lost and would be there by now.

        Returns:
            The places in ``slots`` of those who are nobody who was lost, for all that is known.
        """
        self._ends[slots] = ends
        new = []
        for number, (slot, end) in enumerate(zip(slots.tolist(), ends, strict=True)):
            self._lost = [lost for lost in self._lost if end[AT] - lost.end[AT] <= self._broken.memory_s]
            rows = np.flatnonzero(self._ids >= 0)
            gone = np.array([lost.end for lost in self._lost]).reshape(-1, COLUMNS)
            place = known_again(np.concatenate([self._ends[rows], gone]), end, self._broken)
            if place is None:
                new.append(number)
                continue
            if place < len(rows):
                lost = self._state_of(int(rows[place]))
                self._ids[rows[place]] = -1
            else:
                lost = self._lost.pop(place - len(rows))
            self._ends[slot], self._side[slot] = lost.end, lost.side
            self._distance[slot], self._position[slot] = lost.distance, lost.position
        return new

    def _come_over(
        self,
        slots: NDArray[np.intp],
        ends: NDArray[np.float64],
        origins_xy: NDArray[np.float64],
        scales: NDArray[np.float64],
        *,
        seen: NDArray[np.intp],
    ) -> None:
        """Let newcomers begin a moment earlier, clear of an entrance's line that they passed since or stand on.

        Not if they may be somebody who was lost on this side of it, or of whom that is not known.
        """
        before, position = self._by_lines(origins_xy)
        now = self._distance[slots]
        clear_from = (scales * self._clearance)[:, None]
        came = (np.abs(before) >= clear_from) & (((before > 0) != (now > 0)) | (np.abs(now) < clear_from))
        came &= self._is_entrance & _passed_within(before, now, position, self._position[slots], self._length)
        if not came.any():
            return
        unseen = self._ids >= 0
        unseen[seen] = False
        lost = np.concatenate([self._ends[unseen], *(lost.end[None] for lost in self._lost)])
        sides = np.concatenate([self._side[unseen], *(lost.side[None] for lost in self._lost)])
        side = np.where(before > 0, 1, -1).astype(np.int8)
        for row in np.flatnonzero(came.any(axis=1)).tolist():
            others = sides[may_be(lost, ends[row], self._broken)]
            columns = came[row] & ~(others != side[row]).any(axis=0)
            self._side[slots[row], columns] = side[row, columns]
            self._distance[slots[row], columns] = before[row, columns]
            self._position[slots[row], columns] = position[row, columns]

    def _remember(self, slots: NDArray[np.intp]) -> None:
        for slot in slots.tolist():
            self._lost.append(self._state_of(slot))
        del self._lost[:-MOST_LOST]

    def _state_of(self, slot: int) -> _Lost:
        return _Lost(
            self._ends[slot].copy(), self._distance[slot].copy(), self._position[slot].copy(), self._side[slot].copy()
        )

    def _begin(self, slots: NDArray[np.intp], ids: NDArray[np.int64], points_xy: NDArray[np.float64]) -> None:
        self._remember(slots[(self._ids[slots] != ids) & (self._ids[slots] >= 0)])
        self._ids[slots] = ids
        self._distance[slots], self._position[slots] = self._by_lines(points_xy)
        self._side[slots] = 0
        self._passes[slots] = 0

    def _by_lines(self, points_xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where points lie by each line, (N, lines): how far on its inner side, and how far along it."""
        return points_xy @ self._inward - self._inward_offset, points_xy @ self._along - self._along_offset

    def _reserve(self, rows: int) -> None:
        have = len(self._ids)
        if rows <= have:
            return
        more = max(rows, 2 * have, 16) - have
        count = len(self.lines)
        self._ids = np.concatenate([self._ids, np.full(more, -1, dtype=np.int64)])
        self._ends = np.concatenate([self._ends, np.zeros((more, COLUMNS))])
        self._distance = np.concatenate([self._distance, np.zeros((more, count))])
        self._position = np.concatenate([self._position, np.zeros((more, count))])
        self._side = np.concatenate([self._side, np.zeros((more, count), dtype=np.int8)])
        self._passes = np.concatenate([self._passes, np.zeros((more, count), dtype=np.int8)])


def _check_lines(lines: Sequence[CountingLine]) -> None:
    seen: set[str] = set()
    for line in lines:
        ends = np.array([line.a_xy, line.b_xy], dtype=np.float64)
        if not np.isfinite(ends).all():
            raise GeometryError(
                shape=f"line {line.line_id}",
                cause="one of its ends is no number",
                remedy="give each end two finite numbers",
            )
        if np.hypot(*(ends[1] - ends[0])) < 1e-9:
            raise GeometryError(
                shape=f"line {line.line_id}", cause="its two ends are the same point", remedy="move a or b"
            )
        if line.line_id in seen:
            raise GeometryError(
                shape=f"line {line.line_id}", cause="another line has the same id", remedy="give every line its own id"
            )
        seen.add(line.line_id)


def _passed_within(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    position_before: NDArray[np.float64],
    position_after: NDArray[np.float64],
    length: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Whether steps pass lines between their ends; of a step that stays on one side, whether it begins between them."""
    passed = (before > 0) != (after > 0)
    share = np.where(passed, before / np.where(passed, before - after, 1.0), 0.0)
    where = position_before + share * (position_after - position_before)
    within: NDArray[np.bool_] = (where >= 0) & (where <= length)
    return within
