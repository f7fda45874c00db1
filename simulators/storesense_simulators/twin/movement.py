"""Bodies on the floor: ways walked spot by spot, and the crossings and visits that come of it."""

from collections.abc import Callable

import numpy as np

from storesense_contracts.plane import turn
from storesense_simulators.twin.crowd import Crowd
from storesense_simulators.twin.ground import MOST_ZONES, NEAR_LINE, ZONE_EDGE, Ground
from storesense_simulators.twin.people import Ints, People, Phase
from storesense_simulators.twin.person import Person
from storesense_simulators.twin.plane import is_inside
from storesense_simulators.twin.routes import Routes
from storesense_simulators.twin.shop import CountingLine, Point, Shop
from storesense_simulators.twin.truth import TruthEvent, TruthKind

STEP_MS = 250
"""The twin's step. Events within it are told to the millisecond."""

_STEP_S = STEP_MS / 1000
_REACH_M = 0.5
_CORNER_M = 0.12
_GOAL_REACH_M = 0.15
_STUCK_S = 3.0
_UNSTICK_EVERY_STEPS = 8
_ZONES = (1 << MOST_ZONES) - 1
_SPECIAL = NEAR_LINE | ZONE_EDGE


class Movement:
    """Moves everybody by steps and notes where they cross lines and stay in zones.

    Args:
        shop: the store.
        note: takes what happened.
    """

    def __init__(self, shop: Shop, note: Callable[[TruthEvent], None]) -> None:
        self.people = People()
        self.ground = Ground.of(shop)
        self.routes = Routes(shop, self.ground)
        self._crowd = Crowd(self.people, self.ground)
        self._shop = shop
        self._note = note
        self._by_row: dict[int, Person] = {}
        self._marks: Ints = np.zeros(len(self.people.active), dtype=np.int64)
        self._steps = 0
        self.rerouted = 0
        """How often somebody who was stuck looked for their way again."""

    def add(self, person: Person, at: Point, *, height_m: float, radius_m: float, has_trolley: bool = False) -> None:
        """Let somebody appear at a spot."""
        row = self.people.add(person.number, person.kind, at, height_m=height_m, radius_m=radius_m)
        self.people.party_no[row] = person.party_no
        self.people.has_trolley[row] = has_trolley
        if len(self._marks) < len(self.people.active):
            self._marks = np.concatenate([self._marks, np.zeros(len(self._marks), dtype=np.int64)])
        self._marks[row] = 0
        person.row, person.is_there = row, True
        self._by_row[row] = person
        self._crowd.stand(row)
        self._crowd.changed()

    def remove(self, person: Person, now_ms: int) -> None:
        """Let somebody be gone; visits to zones end."""
        self._stay_in(person, 0, now_ms)
        self._crowd.stand(person.row)
        self._crowd.changed()
        self.people.remove(person.row)
        del self._by_row[person.row]
        person.is_there = False

    def everybody(self) -> list[Person]:
        """Return who is there."""
        return list(self._by_row.values())

    def at(self, person: Person) -> Point:
        """Return where somebody is."""
        return (float(self.people.at[0, person.row]), float(self.people.at[1, person.row]))

    def send(
        self,
        person: Person,
        goal: Point,
        phase: Phase,
        *,
        reach_m: float = _GOAL_REACH_M,
        speed_m_s: float | None = None,
        by: Point | None = None,
    ) -> None:
        """Let somebody walk to ``goal`` by the shortest way; their mind is told when they are there.

        Args:
            person: who.
            goal: where to.
            phase: what they are about.
            reach_m: how near counts as being there.
            speed_m_s: how fast, if not as usual.
            by: a spot within sight of the goal to which many ways are asked for; theirs bends off before it.
        """
        self.lead(person, self._way(person, goal, by), phase, reach_m=reach_m, speed_m_s=speed_m_s)
        person.by = by

    def lead(
        self,
        person: Person,
        way: list[Point],
        phase: Phase,
        *,
        reach_m: float = _GOAL_REACH_M,
        speed_m_s: float | None = None,
    ) -> None:
        """Let somebody walk along a way of at least one spot."""
        person.way.clear()
        person.way.extend(way)
        person.goal, person.by, person.reach_m = way[-1], None, reach_m
        self.people.phase[person.row] = phase
        self._onward(person, speed_m_s or person.speed_m_s)

    def stand(self, person: Person, phase: Phase) -> None:
        """Let somebody stand where they are."""
        person.way.clear()
        self._crowd.stand(person.row)
        self.people.phase[person.row] = phase

    def face(self, person: Person, toward: Point) -> None:
        """Let somebody who stands look along a unit vector."""
        self.people.facing[0, person.row], self.people.facing[1, person.row] = toward

    def step(self, now_ms: int) -> list[Person]:
        """Let everybody walk until ``now_ms``, a step after the last call; return who has come to their goal."""
        walked, reached, cells = self._crowd.step(_STEP_S)
        if len(walked) == 0:
            return []
        marks = self.ground.marks[cells]
        told = (marks != self._marks[walked]) | ((marks & _SPECIAL) != 0)
        for k in told.nonzero()[0].tolist():
            self._observe(self._by_row[int(walked[k])], int(marks[k]), now_ms)
        self._marks[walked] = marks
        arrived = []
        for row in reached.tolist():
            person = self._by_row[row]
            if person.way:
                self._turn_corner(person)
            else:
                self._crowd.stand(row)
                arrived.append(person)
        self._steps += 1
        if self._steps % _UNSTICK_EVERY_STEPS == 0:
            self._unstick()
        return arrived

    def _way(self, person: Person, goal: Point, by: Point | None) -> list[Point]:
        way = self.routes.way(self.at(person), goal if by is None else by)
        if by is not None:
            way[-1] = goal
        return way

    def _onward(self, person: Person, speed_m_s: float) -> None:
        spot = person.way.popleft()
        is_last = not person.way
        reach_m = person.reach_m if is_last else _REACH_M
        self._crowd.walk(person.row, spot, speed_m_s, reach_m, stops=is_last)

    def _turn_corner(self, person: Person) -> None:
        """Go on to the next spot if nothing is in between; otherwise come nearer to the corner first."""
        row = person.row
        if self._crowd.reach_m[row] > _CORNER_M and not self.ground.is_straight(self.at(person), person.way[0]):
            self._crowd.reach_m[row] = _CORNER_M
            return
        self._onward(person, float(self._crowd.speed_m_s[row]))

    def _unstick(self) -> None:
        """Send who has been stuck for seconds by a new way; the old one may lead through where they were pushed."""
        stuck = np.flatnonzero(self._crowd.is_walking & (self._crowd.stuck_s > _STUCK_S))
        for row in stuck.tolist():
            person = self._by_row[row]
            stuck_s = float(self._crowd.stuck_s[row])
            self.rerouted += 1
            speed_m_s = float(self._crowd.speed_m_s[row])
            person.way.clear()
            person.way.extend(self._way(person, person.goal, person.by))
            self._onward(person, speed_m_s)
            self._crowd.stuck_s[row] = stuck_s

    def longest_stuck_s(self) -> float:
        """Return how long the one has been stuck who has been so the longest."""
        return float(self._crowd.stuck_s.max(initial=0.0, where=self._crowd.is_walking))

    def _observe(self, person: Person, mark: int, now_ms: int) -> None:
        row = person.row
        after = (float(self.people.at[0, row]), float(self.people.at[1, row]))
        if mark & NEAR_LINE:
            before = (float(self.people.before[0, row]), float(self.people.before[1, row]))
            for line in self._shop.lines:
                self._cross(person, line, before, after, now_ms)
        zones = mark & _ZONES
        if mark & ZONE_EDGE:
            edges = int(self.ground.edges[self.ground.cell(*after)])
            zones &= ~edges
            while edges:
                bit = edges & -edges
                edges ^= bit
                if is_inside(self._shop.zones[bit.bit_length() - 1].polygon, after):
                    zones |= bit
        if zones != person.zones:
            self._stay_in(person, zones, now_ms)

    def _cross(self, person: Person, line: CountingLine, before: Point, after: Point, now_ms: int) -> None:
        # A point on the line belongs to its right side, so two steps that meet on the line cross it exactly once.
        was, now = turn(line.a, line.b, before), turn(line.a, line.b, after)
        if (was < 0) == (now < 0) or (turn(before, after, line.a) < 0) == (turn(before, after, line.b) < 0):
            return
        went_in = (now < 0) == line.in_is_left
        self._note(
            TruthEvent(
                t_ms=now_ms - STEP_MS + round(STEP_MS * (was / (was - now))),
                kind=TruthKind.CROSSED_IN if went_in else TruthKind.CROSSED_OUT,
                subject_id=line.line_id,
                person_no=person.number,
                party_no=person.party_no or None,
                is_staff=person.is_staff,
            )
        )

    def _stay_in(self, person: Person, zones: int, now_ms: int) -> None:
        changed = zones ^ person.zones
        person.zones = zones
        for index, zone in enumerate(self._shop.zones[:MOST_ZONES]):
            if not changed >> index & 1:
                continue
            enters = bool(zones >> index & 1)
            dwell_ms = None if enters else now_ms - person.zones_since_ms.pop(index)
            if enters:
                person.zones_since_ms[index] = now_ms
            self._note(
                TruthEvent(
                    t_ms=now_ms,
                    kind=TruthKind.ZONE_ENTERED if enters else TruthKind.ZONE_LEFT,
                    subject_id=zone.zone_id,
                    person_no=person.number,
                    party_no=person.party_no or None,
                    is_staff=person.is_staff,
                    dwell_ms=dwell_ms,
                )
            )
