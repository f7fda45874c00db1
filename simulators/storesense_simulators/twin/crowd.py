"""How people walk among others: a speed model without collisions, cheap enough for whole days.

After the collision-free speed model (Tordeux, Chraibi, Seyfried, 2016): neighbours turn the direction of walking, and
the speed follows from the free way ahead in that direction, at most ``(gap - margin) / time gap``. Who moves no further
than the gap allows does not walk into others at any step below the time gap, so steps of a quarter of a second are
stable. Two changes: the repulsion falls off as a rational function instead of an exponential one, which gives the same
doubles on every machine, and who meets somebody head on turns to the right a little, which breaks symmetry.

Walls are hard: a body that would overlap one slides along it. Who cannot move for seconds squeezes through between
people (a shoulder turned, an "excuse me"), and is reported so that they can be sent another way.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storesense_simulators.twin.ground import Ground
from storesense_simulators.twin.people import Flags, Floats, People

Rows = npt.NDArray[np.intp]

_NEAR_M = 1.7
_LOOK_M = 3.9
_LOOK_STEPS = 4
_STUCK_SHARE = 0.15
_CRAWL_SHARE = 0.35
_TINY_M = 1e-9


@dataclass(frozen=True, slots=True)
class Manners:
    """How people walk.

    Attributes:
        time_gap_s: the time that somebody keeps to the one in front; must be longer than a step.
        margin_m: the gap between bodies at which walking stops.
        push: strength of the turn away from neighbours, against 1 for the way to the goal.
        push_reach_m: gap at which that turn has fallen to a quarter.
        side_push: strength of the turn to the side around somebody ahead.
        turn_share: part of the wanted turn that is made in one step.
        squeeze_after_s: who has been stuck so long begins to squeeze through.
        squeeze_s: so much later their body counts as a quarter of its width.
    """

    time_gap_s: float = 0.9
    margin_m: float = 0.05
    push: float = 0.8
    push_reach_m: float = 0.25
    side_push: float = 1.2
    turn_share: float = 0.6
    squeeze_after_s: float = 2.0
    squeeze_s: float = 6.0


class Crowd:
    """Moves everybody who walks; who stands costs nothing but the room they take.

    Args:
        people: where they are; rows are shared with whoever else knows these people.
        ground: where there is room; None is an empty plane.
        manners: how they walk.
        period_m: length of a ring, for a corridor without ends; None is an ordinary floor.
    """

    def __init__(
        self,
        people: People,
        ground: Ground | None,
        *,
        manners: Manners = Manners(),
        period_m: float | None = None,
    ) -> None:
        self._people = people
        self._ground = ground
        self._manners = manners
        self._period_m = period_m
        self._steps_left = 0
        self._pairs: tuple[Rows, Rows] = (np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp))
        self._allocate(len(people.active))

    def walk(self, row: int, to_m: tuple[float, float], speed_m_s: float, reach_m: float, *, stops: bool) -> None:
        """Send somebody towards a spot.

        Args:
            row: who.
            to_m: where to.
            speed_m_s: how fast when nobody is in the way.
            reach_m: how near counts as being there.
            stops: whether they slow down to stand on the spot; otherwise they go on from there.
        """
        if row >= len(self.is_walking):
            self._grow()
        if not self.is_walking[row]:
            self.stuck_s[row] = 0.0
        self.goal[0, row], self.goal[1, row] = to_m
        self.speed_m_s[row] = speed_m_s
        self.reach_m[row] = reach_m
        self.is_walking[row] = True
        self.is_stopping[row] = stops

    def stand(self, row: int) -> None:
        """Let somebody stand where they are."""
        if row >= len(self.is_walking):
            self._grow()
        self.is_walking[row] = False
        self.stuck_s[row] = 0.0
        self._people.velocity[:, row] = 0.0

    def changed(self) -> None:
        """Somebody came or went, so who is near whom has to be looked up again."""
        self._steps_left = 0

    def step(self, duration_s: float) -> tuple[Rows, Rows]:
        """Let everybody walk for ``duration_s``.

        Returns:
            the rows of those who walked, and of those who have reached their spot.
        """
        people = self._people
        if len(people.active) > len(self.is_walking):
            self._grow()
        np.copyto(people.before, people.at)
        rows = self.is_walking.nonzero()[0]
        if len(rows) == 0:
            self._steps_left = 0
            return rows, rows
        x, y = people.at
        old, goal = people.at.take(rows, 1), self.goal.take(rows, 1)
        to_goal = goal - old
        square = to_goal * to_goal
        away = np.sqrt(square[0] + square[1])
        to_goal /= np.maximum(away, _TINY_M)
        free_speed = self.speed_m_s[rows]
        ways = _Ways(rows, to_goal[0], to_goal[1], free_speed)
        self._meet(ways)
        is_stopping = self.is_stopping[rows]
        step_m = np.where(is_stopping, np.minimum(ways.speed * duration_s, away), ways.speed * duration_s)
        new_x, new_y = old[0] + ways.ex * step_m, old[1] + ways.ey * step_m
        self._keep_off_walls(rows, new_x, new_y)
        people.velocity[0][rows] = (new_x - old[0]) / duration_s
        people.velocity[1][rows] = (new_y - old[1]) / duration_s
        people.facing[0][rows] = ways.ex
        people.facing[1][rows] = ways.ey
        if self._period_m is not None:
            new_x -= self._period_m * np.floor(new_x / self._period_m)
        x[rows] = new_x
        y[rows] = new_y
        left_x, left_y = goal[0] - new_x, goal[1] - new_y
        left = np.sqrt(left_x * left_x + left_y * left_y)
        # Somebody who walks to and fro before a shelf is stuck as well: what counts is what they come nearer.
        is_slow = away - left < free_speed * (_STUCK_SHARE * duration_s)
        stuck_s = np.maximum(self.stuck_s[rows] + np.where(is_slow, duration_s, -duration_s), 0.0)
        self.stuck_s[rows] = stuck_s
        reach = self.reach_m[rows] + np.minimum(0.25 * stuck_s, 1.0)
        return rows, rows[left <= reach]

    def _meet(self, ways: "_Ways") -> None:
        """Turn and slow everybody for those who are near."""
        people, manners, rows = self._people, self._manners, ways.rows
        i, j, nx, ny, dist = self._near()
        n = len(people.active)
        facing_x, facing_y = people.facing[0][rows], people.facing[1][rows]
        if len(i) == 0:
            ways.turn(ways.ex, ways.ey, facing_x, facing_y, 1.0)
            return
        thin = 1.0 - 0.75 * np.minimum(np.maximum(self.stuck_s - manners.squeeze_after_s, 0.0) / manners.squeeze_s, 1.0)
        thin_i = thin[i]
        width = (people.radius_m[i] + people.radius_m[j]) * thin_i
        gap = dist - width
        way_x, way_y = self._way
        way_x[rows], way_y[rows] = ways.ex, ways.ey
        gx, gy = way_x[i], way_y[i]
        ahead = gx * nx + gy * ny
        fall = manners.push_reach_m / (manners.push_reach_m + np.maximum(gap, 0.0))
        fall *= fall
        # Those behind push less: nobody looks back.
        push = manners.push * fall * thin_i * np.where(ahead > -0.3, 1.0, 0.3)
        # y runs down the plan, so (-gy, gx) points to the right of the way; somebody dead ahead is passed on the right.
        side = gx * ny - gy * nx
        around = manners.side_push * fall * np.maximum(ahead, 0.0) * np.where(side > 0.05, -1.0, 1.0)
        turn_x = np.bincount(i, -push * nx - around * gy, n)[rows]
        turn_y = np.bincount(i, -push * ny + around * gx, n)[rows]
        ways.turn(ways.ex + turn_x, ways.ey + turn_y, facing_x, facing_y, manners.turn_share)
        way_x[rows], way_y[rows] = ways.ex, ways.ey
        gx, gy = way_x[i], way_y[i]
        is_in_way = (gx * nx + gy * ny > 0.0) & (np.abs(gx * ny - gy * nx) * dist < 0.9 * width)
        hit = is_in_way.nonzero()[0]
        if len(hit) == 0:
            return
        free = np.full(n, np.inf)
        np.minimum.at(free, i[hit], np.maximum(gap[hit] - manners.margin_m, 0.0) / manners.time_gap_s)
        # Who squeezes gets through at a crawl, whoever stands there: people step aside when asked.
        crawl = (1.0 - thin[rows]) * (_CRAWL_SHARE / 0.75) * ways.speed
        ways.speed = np.minimum(ways.speed, np.maximum(free[rows], crawl))

    def _near(self) -> tuple[Rows, Rows, Floats, Floats, Floats]:
        """Return who (walking) is near whom, the unit vector from one to the other, and how far they are apart."""
        x, y = self._people.at
        if self._steps_left <= 0:
            rows = self._people.rows
            dx, dy = self._apart(x[rows][None, :] - x[rows][:, None]), y[rows][None, :] - y[rows][:, None]
            first, second = np.nonzero(dx * dx + dy * dy < _LOOK_M * _LOOK_M)
            other = first != second
            self._pairs = (rows[first[other]], rows[second[other]])
            self._steps_left = _LOOK_STEPS
        self._steps_left -= 1
        i, j = self._pairs
        apart = self._people.at.take(j, 1) - self._people.at.take(i, 1)
        apart[0] = self._apart(apart[0])
        square = apart * apart
        square[0] += square[1]
        near = (self.is_walking[i] & (square[0] < _NEAR_M * _NEAR_M)).nonzero()[0]
        i, j = i[near], j[near]
        dist = np.maximum(np.sqrt(square[0][near]), 1e-3)
        unit = apart.take(near, 1) / dist
        return i, j, unit[0], unit[1], dist

    def _apart(self, dx: Floats) -> Floats:
        if self._period_m is None:
            return dx
        round_the_ring: Floats = dx - self._period_m * np.rint(dx / self._period_m)
        return round_the_ring

    def _keep_off_walls(self, rows: Rows, new_x: Floats, new_y: Floats) -> None:
        """Let those slide, in place, whose step would end in something solid."""
        if self._ground is None:
            return
        is_blocked = self._ground.is_blocked[self._ground.cells(new_x, new_y)]
        for k in is_blocked.nonzero()[0].tolist():
            new_x[k], new_y[k] = self._slide(int(rows[k]), float(new_x[k]), float(new_y[k]))

    def _slide(self, row: int, new_x: float, new_y: float) -> tuple[float, float]:
        """Return where somebody gets who walks into a wall: along it, or nowhere."""
        ground = self._ground
        x, y = float(self._people.at[0, row]), float(self._people.at[1, row])
        if ground is None or ground.is_blocked[ground.cell(x, y)]:
            return new_x, new_y  # in a spot without room, as one that was given; any step leads out
        length = float(np.sqrt((new_x - x) * (new_x - x) + (new_y - y) * (new_y - y)))
        to_x, to_y = float(self.goal[0, row]) - x, float(self.goal[1, row]) - y
        along_x = (x + (length if to_x > 0 else -length), y)
        along_y = (x, y + (length if to_y > 0 else -length))
        tries = (along_x, along_y) if abs(to_x) > abs(to_y) else (along_y, along_x)
        for spot in ((new_x, y), (x, new_y), *tries):
            moves = abs(spot[0] - x) + abs(spot[1] - y) > 0.3 * length
            if moves and ground.is_free(*spot):
                return spot
        return x, y

    def _allocate(self, capacity: int) -> None:
        self.goal: Floats = np.zeros((2, capacity))
        self._way: Floats = np.zeros((2, capacity))
        self.speed_m_s: Floats = np.zeros(capacity)
        self.reach_m: Floats = np.zeros(capacity)
        self.stuck_s: Floats = np.zeros(capacity)
        self.is_walking: Flags = np.zeros(capacity, dtype=np.bool_)
        self.is_stopping: Flags = np.zeros(capacity, dtype=np.bool_)

    def _grow(self) -> None:
        old = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        self._allocate(len(self._people.active))
        for name, values in old.items():
            getattr(self, name)[..., : values.shape[-1]] = values


class _Ways:
    """The directions and speeds of those who walk, while a step is made."""

    __slots__ = ("ex", "ey", "rows", "speed")

    def __init__(self, rows: Rows, ex: Floats, ey: Floats, speed: Floats) -> None:
        self.rows = rows
        self.ex = ex
        self.ey = ey
        self.speed = speed

    def turn(self, wx: Floats, wy: Floats, from_x: Floats, from_y: Floats, share: float) -> None:
        """Take the direction that is wanted, or ``share`` of the turn to it from the one before."""
        scale = 1.0 / np.maximum(np.sqrt(wx * wx + wy * wy), _TINY_M)
        wx, wy = wx * scale, wy * scale
        if share < 1.0:
            wx = from_x + (wx - from_x) * share
            wy = from_y + (wy - from_y) * share
            scale = 1.0 / np.maximum(np.sqrt(wx * wx + wy * wy), _TINY_M)
            wx, wy = wx * scale, wy * scale
        self.ex, self.ey = wx, wy
