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
_SAME_WAY = -0.2
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
        squeeze_late_s: the same between those who go the same way, as in a crowd before a door.
        squeeze_s: so much later their body counts as a quarter of its width.
    """

    time_gap_s: float = 0.9
    margin_m: float = 0.05
    push: float = 0.8
    push_reach_m: float = 0.25
    side_push: float = 1.2
    turn_share: float = 0.6
    squeeze_after_s: float = 2.0
    squeeze_late_s: float = 8.0
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
        nobody: Rows = np.zeros(0, dtype=np.intp)
        self._pairs: tuple[Rows, Rows, Floats] = (nobody, nobody, np.zeros(0))
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

    def step(self, duration_s: float) -> tuple[Rows, Rows, Rows]:
        """Let everybody walk for ``duration_s``.

        Returns:
            the rows of those who walked, of those who have reached their spot, and the cells of the ground that the
            former are on; an empty plane has none.
        """
        people = self._people
        if len(people.active) > len(self.is_walking):
            self._grow()
        np.copyto(people.before, people.at)
        rows = self.is_walking.nonzero()[0]
        if len(rows) == 0:
            self._steps_left = 0
            return rows, rows, rows
        old, goal = people.at.take(rows, 1), self.goal.take(rows, 1)
        to_goal = goal - old
        away = _lengths(to_goal)
        to_goal /= np.maximum(away, _TINY_M)
        free_speed, stuck_s = self.speed_m_s[rows], self.stuck_s[rows]
        way, speed = self._meet(rows, to_goal, free_speed, stuck_s)
        step_m = speed * duration_s
        step_m = np.where(self.is_stopping[rows], np.minimum(step_m, away), step_m)
        new = old + way * step_m
        cells = rows[:0] if self._ground is None else self._keep_off_walls(self._ground, rows, new)
        people.velocity[:, rows] = (new - old) / duration_s
        people.facing[:, rows] = way
        if self._period_m is not None:
            new[0] -= self._period_m * np.floor(new[0] / self._period_m)
        people.at[:, rows] = new
        left = _lengths(goal - new)
        # Somebody who walks to and fro before a shelf is stuck as well: what counts is what they come nearer.
        is_slow = away - left < free_speed * (_STUCK_SHARE * duration_s)
        stuck_s = np.maximum(stuck_s + np.where(is_slow, duration_s, -duration_s), 0.0)
        self.stuck_s[rows] = stuck_s
        reach = self.reach_m[rows] + np.minimum(0.25 * stuck_s, 1.0)
        return rows, rows[left <= reach], cells

    def _meet(self, rows: Rows, to_goal: Floats, free_speed: Floats, stuck_s: Floats) -> tuple[Floats, Floats]:
        """Return the ways of those who walk, unit vectors (2, N), and their speeds, for those who are near."""
        people, manners = self._people, self._manners
        facing = people.facing.take(rows, 1)
        i, j, unit, dist, width = self._near()
        if len(i) == 0:
            return _unit(to_goal), free_speed
        self._place[rows] = np.arange(len(rows))
        k = self._place[i]
        nx, ny = unit
        squeezes = bool(stuck_s.max() > manners.squeeze_after_s)
        if squeezes:
            # One squeezes through those who stand or come towards one; behind those who go the same way one waits.
            both = people.facing.take(j, 1) * facing.take(k, 1)
            follows = self.is_walking[j] & (both[0] + both[1] > _SAME_WAY)
            late_s = stuck_s[k] - np.where(follows, manners.squeeze_late_s, manners.squeeze_after_s)
            thin_k = 1.0 - 0.75 * np.minimum(np.maximum(late_s, 0.0) / manners.squeeze_s, 1.0)
            width *= thin_k
        gap = np.maximum(dist - width, 0.0)
        gx, gy = to_goal.take(k, 1)
        ahead = gx * nx + gy * ny
        fall = manners.push_reach_m / (manners.push_reach_m + gap)
        fall *= fall
        # Those behind push less: nobody looks back.
        push = fall * np.where(ahead > -0.3, manners.push, 0.3 * manners.push)
        if squeezes:
            push *= thin_k
        # y runs down the plan, so (-gy, gx) points to the right of the way; somebody dead ahead is passed on the right.
        side = np.where(gx * ny - gy * nx > 0.05, -manners.side_push, manners.side_push)
        around = side * fall * np.maximum(ahead, 0.0)
        n = len(rows)
        way = to_goal
        way[0] -= np.bincount(k, push * nx + around * gy, n)
        way[1] += np.bincount(k, around * gx - push * ny, n)
        way = _unit(way)
        if manners.turn_share < 1.0:
            way = _unit(facing + (way - facing) * manners.turn_share)
        gx, gy = way.take(k, 1)
        is_in_way = (gx * nx + gy * ny > 0.0) & (np.abs(gx * ny - gy * nx) * dist < 0.9 * width)
        hit = is_in_way.nonzero()[0]
        if len(hit) == 0:
            return way, free_speed
        free = np.full(n, np.inf)
        np.minimum.at(free, k[hit], np.maximum(gap[hit] - manners.margin_m, 0.0) / manners.time_gap_s)
        if squeezes:
            # Who squeezes gets through at a crawl, whoever stands there: people step aside when asked.
            crawl = np.full(n, np.inf)
            np.minimum.at(crawl, k[hit], (1.0 - thin_k[hit]) * (_CRAWL_SHARE / 0.75))
            free = np.maximum(free, crawl * free_speed)
        return way, np.minimum(free_speed, free)

    def _near(self) -> tuple[Rows, Rows, Floats, Floats, Floats]:
        """Return who (walking) is near whom, the unit vector to them, how far they are, and both radii together."""
        people = self._people
        if self._steps_left <= 0:
            x, y = people.at
            rows = people.rows
            dx, dy = self._apart(x[rows][None, :] - x[rows][:, None]), y[rows][None, :] - y[rows][:, None]
            first, second = np.nonzero(dx * dx + dy * dy < _LOOK_M * _LOOK_M)
            other = first != second
            i, j = rows[first[other]], rows[second[other]]
            self._pairs = (i, j, people.radius_m[i] + people.radius_m[j])
            self._steps_left = _LOOK_STEPS
        self._steps_left -= 1
        i, j, width = self._pairs
        walks = self.is_walking[i].nonzero()[0]
        i, j = i[walks], j[walks]
        apart = people.at.take(j, 1)
        apart -= people.at.take(i, 1)
        apart[0] = self._apart(apart[0])
        square = apart * apart
        square[0] += square[1]
        near = (square[0] < _NEAR_M * _NEAR_M).nonzero()[0]
        dist = np.maximum(np.sqrt(square[0][near]), 1e-3)
        return i[near], j[near], apart.take(near, 1) / dist, dist, width[walks[near]]

    def _apart(self, dx: Floats) -> Floats:
        if self._period_m is None:
            return dx
        round_the_ring: Floats = dx - self._period_m * np.rint(dx / self._period_m)
        return round_the_ring

    def _keep_off_walls(self, ground: Ground, rows: Rows, new: Floats) -> Rows:
        """Let those slide, in place, whose step would end in something solid; return the cells that all end in."""
        cells = ground.cells(new[0], new[1])
        for k in ground.is_blocked[cells].nonzero()[0].tolist():
            new[0, k], new[1, k] = self._slide(ground, int(rows[k]), float(new[0, k]), float(new[1, k]))
            cells[k] = ground.cell(float(new[0, k]), float(new[1, k]))
        return cells

    def _slide(self, ground: Ground, row: int, new_x: float, new_y: float) -> tuple[float, float]:
        """Return where somebody gets who walks into a wall: along it, or nowhere."""
        x, y = float(self._people.at[0, row]), float(self._people.at[1, row])
        if ground.is_blocked[ground.cell(x, y)]:
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
        self._place: Rows = np.zeros(capacity, dtype=np.intp)
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


def _lengths(vectors: Floats) -> Floats:
    square = vectors * vectors
    length: Floats = np.sqrt(square[0] + square[1])
    return length


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors * (1.0 / np.maximum(_lengths(vectors), _TINY_M))
    return unit
