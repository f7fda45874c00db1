"""The people behind the tracks: who is here, also while nobody sees them.

A tracker follows boxes through pictures and gives up after seconds without one. People do not end there: whoever stood
at a shelf or a till and is hidden for half a minute is still there, and a track that begins beside them is theirs. So
tracks come and go, and a person has one number from the first sighting to the last. Nothing but places and times is
looked at. The longer somebody has stood, and the longer they were hidden before and came back, the longer they are
waited for (people who have stood long are likely to stand on); who walks is not waited for. New tracks and lost people
are matched all at once, so that of two people side by side each gets their own number back (Kuhn 1955).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from storesense_edge.vision.floor_person import FloorPeopleSettings, Person
from storesense_edge.vision.turns import TurnWatch

if TYPE_CHECKING:
    from numpy.typing import NDArray


_STANDS_S = 1.0
"""Who has not left a place for this long stands there."""
_UNLIKELY = 100.0
"""The cost of a pair that is not believed: a pair less is worth more than any sum of good ones."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenPeople:
    """Whom the tracks of one picture are.

    Attributes:
        numbers: (N,) int64, of each track's person.
        slots: (N,) row numbers of these, small and used again.
        sure: (N,) who is certainly somebody.
        present: numbers of everybody who is here, those not seen just now included.
        merged: (old number, number that stays) of people who were found to be one.
    """

    numbers: NDArray[np.int64]
    slots: NDArray[np.intp]
    sure: NDArray[np.bool_]
    present: frozenset[int]
    merged: tuple[tuple[int, int], ...] = ()


class FloorPeople:
    """Keeps the people in one plane.

    Args:
        settings: how long people are waited for, and where they may be found again.
        eye_xy: the point of the plane above which the camera is; None where that is not known.
    """

    def __init__(
        self, settings: FloorPeopleSettings | None = None, *, eye_xy: tuple[float, float] | None = None
    ) -> None:
        self.settings = settings or FloorPeopleSettings()
        self._people: dict[int, Person] = {}
        self._of_track: dict[int, Person] = {}
        self._next = 1
        self._free_slots: list[int] = []
        self._slots = 0
        self._present: frozenset[int] = frozenset()
        self._waiting: frozenset[int] = frozenset()
        self._turns = TurnWatch(eye_xy=eye_xy)

    def wait(self, numbers: frozenset[int]) -> None:
        """Take who waits in line or is being served now; all others do not."""
        if numbers == self._waiting:
            return
        for number in self._waiting - numbers:
            if number in self._people:
                self._people[number].waits = False
        for number in numbers & self._people.keys():
            self._people[number].waits = True
        self._waiting = numbers

    def number_of(self, track_id: int) -> int | None:
        """Return whose track that is; None if it is nobody's any more."""
        person = self._of_track.get(track_id)
        return None if person is None else person.number

    def step(
        self,
        ids: NDArray[np.int64],
        points_xy: NDArray[np.float64],
        scales: NDArray[np.float64],
        at_s: float,
    ) -> SeenPeople:
        """Take the people seen in one picture.

        Args:
            ids: (N,) their tracks.
            points_xy: (N, 2) where they are; NaN for nowhere.
            scales: (N,) how tall they are in units of the plane.
            at_s: time of the picture, later than the last.

        Returns:
            Whom these tracks are.
        """
        places = points_xy.tolist()
        tall = scales.tolist()
        track_ids = ids.tolist()
        people: list[Person | None] = [self._of_track.get(track_id) for track_id in track_ids]
        self._part_doubles(people, track_ids)
        new = [row for row, person in enumerate(people) if person is None]
        if new and self._bring_back(new, people, track_ids, places, at_s):
            new = [row for row, person in enumerate(people) if person is None]
        if new:
            self._match(new, people, track_ids, places, tall, at_s)
        here: list[Person] = []
        for person, (x, y), scale, track_id in zip(people, places, tall, track_ids, strict=True):
            somebody = person or self._begin(track_id, (x, y), scale, at_s)
            self._see(somebody, x, y, scale, track_id, at_s)
            here.append(somebody)
        merged = self._merge(here, at_s)
        self._end(at_s, changed=bool(new or merged))
        return SeenPeople(
            numbers=np.array([person.number for person in here], dtype=np.int64),
            slots=np.array([person.slot for person in here], dtype=np.intp),
            sure=np.array([person.seen_for_s >= self.settings.sure_s for person in here], dtype=np.bool_),
            present=self._present,
            merged=merged,
        )

    def _merge(self, here: list[Person], at_s: float) -> tuple[tuple[int, int], ...]:
        """Make those one who take turns: the one that was here first keeps the number."""
        turns = self._turns.step(self._people, {person.number for person in here}, at_s)
        merged = []
        for first, second in turns:
            stays, goes = self._people[first], self._people.pop(second)
            for track_id in goes.tracks:
                self._of_track[track_id] = stays
            stays.tracks |= goes.tracks
            if goes.seen_s > stays.seen_s:
                stays.xy, stays.seen_s = goes.xy, goes.seen_s
            stays.seen_for_s = max(stays.seen_for_s, goes.seen_for_s)
            stays.waits = stays.waits or goes.waits
            self._free_slots.append(goes.slot)
            here[:] = [stays if person is goes else person for person in here]
            merged.append((second, first))
        return tuple(merged)

    # ---- whose tracks

    def _part_doubles(self, people: list[Person | None], track_ids: list[int]) -> None:
        """Two tracks seen at once are two people: the one that was seen more often keeps the number."""
        owners: dict[int, int] = {}
        for row, person in enumerate(people):
            if person is None:
                continue
            other = owners.get(person.number)
            if other is None:
                owners[person.number] = row
                continue
            odd = other if person.tracks[track_ids[row]] > person.tracks[track_ids[other]] else row
            owners[person.number] = row if odd == other else other
            del person.tracks[track_ids[odd]]
            del self._of_track[track_ids[odd]]
            people[odd] = None

    def _bring_back(
        self,
        new: list[int],
        people: list[Person | None],
        track_ids: list[int],
        places: list[list[float]],
        at_s: float,
    ) -> bool:
        """Leave those in their places whose tracks have slid onto somebody else; True if there are any."""
        cfg = self.settings
        rows = {person.number: row for row, person in enumerate(people) if person is not None}
        found = False
        for person in self._people.values():
            if person.away_since_s is None or at_s - person.seen_s >= cfg.alternate_s:
                continue
            if person.away_since_s - person.stood_since_s < cfg.slid_after_s:
                continue
            x, y = person.place_xy
            near = [
                row for row in new if hypot(places[row][0] - x, places[row][1] - y) <= cfg.same_place * person.scale
            ]
            if not near:
                continue
            back = min(near, key=lambda row: hypot(places[row][0] - x, places[row][1] - y))
            new.remove(back)
            if person.number in rows:
                people[rows[person.number]] = None
            for track_id in person.tracks:
                del self._of_track[track_id]
            people[back], self._of_track[track_ids[back]] = person, person
            person.tracks = {track_ids[back]: 0}
            person.away_since_s = None
            found = True
        return found

    def _match(
        self,
        new: list[int],
        people: list[Person | None],
        track_ids: list[int],
        places: list[list[float]],
        tall: list[float],
        at_s: float,
    ) -> None:
        """Give new tracks to people who were lost nearby, all at once."""
        seen = {person.number for person in people if person is not None}
        lost = [person for person in self._people.values() if person.number not in seen and person.seen_s < at_s]
        if not lost:
            return
        costs = np.array([[self._cost(person, places[row], tall[row], at_s) for person in lost] for row in new])
        rows, columns = linear_sum_assignment(costs)
        for place, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if costs[place, column] <= 1.0:
                row, person = new[place], lost[column]
                people[row] = person
                person.tracks[track_ids[row]] = 0
                self._of_track[track_ids[row]] = person

    def _cost(self, person: Person, at_xy: list[float], scale: float, at_s: float) -> float:
        """How unlikely it is that a new track is a lost person's: 1 is the most that is believed."""
        cfg = self.settings
        gap_s = at_s - person.seen_s
        stands = self._stands(person)
        reach = min(cfg.reach + (cfg.reach_speed if stands else cfg.walking_speed) * gap_s, cfg.reach_most)
        away = hypot(at_xy[0] - person.xy[0], at_xy[1] - person.xy[1]) / scale
        if stands:
            away = min(away, hypot(at_xy[0] - person.place_xy[0], at_xy[1] - person.place_xy[1]) / scale)
        if gap_s < cfg.alternate_s:
            # Their box may just have been missed; only in their very place may it be another track's by now.
            reach = cfg.same_place
        cost = away / reach
        return cost if cost <= 1.0 else _UNLIKELY

    def _stands(self, person: Person) -> bool:
        return person.waits or self._stood_s(person) >= _STANDS_S

    def _stood_s(self, person: Person) -> float:
        until_s = person.seen_s if person.away_since_s is None else person.away_since_s
        return until_s - person.stood_since_s

    # ---- people

    def _begin(self, track_id: int, xy: tuple[float, float], scale: float, at_s: float) -> Person:
        slot = self._free_slots.pop() if self._free_slots else self._slots
        self._slots = max(self._slots, slot + 1)
        person = Person(self._next, slot, xy, scale, at_s, xy, at_s, tracks={track_id: 0})
        self._next += 1
        self._people[person.number] = self._of_track[track_id] = person
        return person

    def _see(self, person: Person, x: float, y: float, scale: float, track_id: int, at_s: float) -> None:
        cfg = self.settings
        person.seen_for_s += min(at_s - person.seen_s, cfg.glimpse_s)
        person.tracks[track_id] += 1
        person.seen_s, person.scale = at_s, scale
        away = hypot(x - person.place_xy[0], y - person.place_xy[1])
        if not away <= cfg.stand * scale:  # nowhere is no place to stand
            if person.away_since_s is None:
                person.away_since_s = at_s
            elif at_s - person.away_since_s >= cfg.move_s:
                person.place_xy, person.stood_since_s, person.away_since_s = (x, y), at_s, None
        else:
            person.away_since_s = None
            # The place follows slowly, as the mean of the last seconds would.
            px, py = person.place_xy
            share = min(0.1, 0.1 / max(at_s - person.stood_since_s, 0.1))
            person.place_xy = (px + share * (x - px), py + share * (y - py))
        person.xy = (x, y)

    def _patience_s(self, person: Person) -> float:
        cfg = self.settings
        most_s = cfg.most_patience_s if person.away_since_s is None else cfg.leaving_patience_s
        patience_s = min(cfg.patience_s + cfg.stood_share * self._stood_s(person), most_s)
        return max(patience_s, cfg.waiting_patience_s) if person.waits else patience_s

    def _end(self, at_s: float, *, changed: bool) -> None:
        gone = [
            person
            for person in self._people.values()
            if at_s - person.seen_s > self.settings.patience_s and at_s - person.seen_s > self._patience_s(person)
        ]
        for person in gone:
            del self._people[person.number]
            self._free_slots.append(person.slot)
            for track_id in person.tracks:
                self._of_track.pop(track_id, None)
        if gone or changed:
            self._present = frozenset(self._people)
