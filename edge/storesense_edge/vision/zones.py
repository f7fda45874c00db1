"""Zones: how many people are in an area, how long each visit lasts, and whether it was a stop or a pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.presence import PresenceBook, PresenceSettings, Sightings, Stay
from storesense_edge.vision.transitions import TransitionCounter, Transitions
from storesense_edge.vision.visits import VisitBook
from storesense_edge.vision.ways_in import deepest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storesense_edge.vision.visit import Visit
    from storesense_edge.vision.ways_in import WaysIn

MAX_GAP_S = 3.0
"""Longest time between two pictures that counts as presence."""


@dataclass(frozen=True, slots=True)
class Zone:
    """An area whose visits are counted.

    Attributes:
        zone_id: its name in the site file.
        corners_xy: its corners in order, in the plane of the points that it will be given.
        min_visit_s: a shorter stay is no visit.
        stop_s: a visit with this much time spent slow is a stop, any other a pass.
        ways_in: where people come in and go; None where that is not known.
    """

    zone_id: str
    corners_xy: tuple[tuple[float, float], ...]
    min_visit_s: float = 0.5
    stop_s: float = 3.0
    ways_in: WaysIn | None = None


@dataclass(frozen=True, slots=True)
class ZoneVisit:
    """One visit that is over; nothing in it says who.

    Attributes:
        zone_id: where.
        entered_s: time of the first sighting inside.
        dwell_s: until the last sighting inside.
        stopped: True for a stop, False for a pass.
    """

    zone_id: str
    entered_s: float
    dwell_s: float
    stopped: bool


@dataclass(frozen=True, slots=True)
class ZoneSample:
    """What a zone looks like, and what happened in it since the last sample.

    Attributes:
        zone_id: which zone.
        occupancy: people in it, those on its border as well who have not come in.
        entries: visits begun since the last sample.
        exits: visits ended since the last sample, or found to be part of another one.
        presence_s: person-seconds spent in it since the last sample.
        visits: those that ended; staff's are not among them.
        staff_s: person-seconds of `presence_s` that are known to be staff's.
        unknown: visits whose end nobody saw, as the source ended meanwhile, and those that were part of another one;
            they are among the exits alone.
        open_visits: visits that are not over, or not known to be.
    """

    zone_id: str
    occupancy: int
    entries: int
    exits: int
    presence_s: float
    visits: tuple[ZoneVisit, ...]
    staff_s: float = 0.0
    unknown: int = 0
    open_visits: int = 0


class ZoneCounter:
    """Counts visits to several zones.

    Occupancy counts whoever is in the zone for long enough to be a visitor. A visit counts as an entry when it is known
    to be one, so entries less exits are the visits that are open at every moment; see `VisitBook` for what a visit is.

    Args:
        zones: the zones, in one plane; their ids differ.
        settings: when a stay begins and ends.

    Raises:
        GeometryError: a zone cannot hold anybody, or two share an id.
    """

    def __init__(self, zones: Sequence[Zone], *, settings: PresenceSettings | None = None) -> None:
        self.zones = tuple(zones)
        check_ids([zone.zone_id for zone in zones], kind="zone")
        self._book = PresenceBook(
            [zone.corners_xy for zone in zones],
            names=[f"zone {zone.zone_id}" for zone in zones],
            settings=settings,
        )
        self._visit_book = VisitBook(
            [zone.ways_in for zone in zones], [deepest(zone.corners_xy, zone.ways_in) for zone in zones]
        )
        self._occupancy = [0] * len(zones)
        self._open = [0] * len(zones)
        self._entries = [0] * len(zones)
        self._exits = [0] * len(zones)
        self._presence_s = [0.0] * len(zones)
        self._visits: list[list[ZoneVisit]] = [[] for _ in zones]
        self._staff_s = [0.0] * len(zones)
        self._unknown = [0] * len(zones)
        self._at_s: float | None = None
        self._transitions = TransitionCounter(tuple(zone.zone_id for zone in zones))

    def step(self, seen: Sightings) -> None:
        """Take one picture."""
        if not self.zones:
            return
        # A camera that stalls adds little.
        stalled_s = 0.0 if self._at_s is None else max(seen.at_s - self._at_s - MAX_GAP_S, 0.0)
        self._at_s = seen.at_s
        if stalled_s:
            for stay in self._book.open_stays():
                stay.told_s += stalled_s * (stay.visit is None)
            for visit in self._visit_book.open_visits:
                visit.told_s += stalled_s
        over = self._book.step(seen)
        self._take_visits(over, seen.at_s)
        self._transitions.step(
            ((stay.number, stay) for stay in over if not stay.works and stay.has_come_in and self._counts(stay)),
            seen.at_s,
        )

    def take_transitions(self) -> Transitions:
        """Return how many went from which zone to which since the last call, small numbers suppressed."""
        return self._transitions.take()

    def take(self) -> list[ZoneSample]:
        """Return a sample of every zone and start anew."""
        samples = [
            ZoneSample(
                zone.zone_id,
                self._occupancy[i],
                self._entries[i],
                self._exits[i],
                self._presence_s[i],
                tuple(self._visits[i]),
                self._staff_s[i],
                self._unknown[i],
                self._open[i],
            )
            for i, zone in enumerate(self.zones)
        ]
        self._entries = [0] * len(self.zones)
        self._exits = [0] * len(self.zones)
        self._presence_s = [0.0] * len(self.zones)
        self._visits = [[] for _ in self.zones]
        self._staff_s = [0.0] * len(self.zones)
        self._unknown = [0] * len(self.zones)
        return samples

    def occupancy(self) -> list[int]:
        """Return how many people are in each zone now."""
        return list(self._occupancy)

    def close(self) -> None:
        """End every visit, as a source ends; `take` afterwards gives the rest.

        How long those visits would have lasted nobody knows, so they are told as exits and as unknown, without a dwell.
        """
        if self._at_s is not None:
            self._take_visits(self._book.close(), self._at_s, closes=True)

    def _take_visits(self, over: list[Stay], at_s: float, *, closes: bool = False) -> None:
        """Take the stays that are over, and those that go on, and tell what follows of visits."""
        book = self._visit_book
        if closes:
            book.close()
        else:
            counted = [stay for stay in self._book.open_stays() if self._counts(stay)]
            book.step(counted, [stay for stay in over if self._counts(stay)], self._book.doubles, at_s)
            self._occupy(counted)
        ended = [0] * len(self.zones)
        for visit in book.unknown:
            ended[visit.area] += 1
            self._unknown[visit.area] += not visit.works
        for visit in book.ended:
            ended[visit.area] += 1
            self._tell(visit)
            if not visit.works:
                zone = self.zones[visit.area]
                self._visits[visit.area].append(
                    ZoneVisit(zone.zone_id, visit.first_s, visit.dwell_s, visit.slow_s >= zone.stop_s)
                )
        held = [book.kept(area) for area in range(len(self.zones))]
        for visit in book.open_visits:
            held[visit.area] += 1
        for i in range(len(self.zones)):
            # What is open now or has just ended, and was not open before, has begun.
            self._entries[i] += held[i] + ended[i] - self._open[i]
            self._exits[i] += ended[i]
        self._open = held
        if closes:
            self._occupancy = [0] * len(self.zones)

    def _occupy(self, stays: list[Stay]) -> None:
        """Note who is in each zone, and for how long: one for each visit, and those who have not come in."""
        now = [0] * len(self.zones)
        for visit in self._visit_book.open_visits:
            now[visit.area] += 1
            self._tell(visit)
        for stay in stays:
            if stay.visit is None:
                now[stay.area] += 1
                self._tell(stay)
        self._occupancy = now

    def _counts(self, stay: Stay) -> bool:
        """Whether a stay is somebody's, and long enough."""
        return stay.sure and stay.dwell_s >= self.zones[stay.area].min_visit_s

    def _tell(self, stay: Stay | Visit) -> None:
        """Add what of a visit was not told yet; who is not seen adds nothing until they are seen again."""
        fresh_s = stay.dwell_s - stay.told_s
        if fresh_s > 0:
            stay.told_s = stay.dwell_s
            self._presence_s[stay.area] += fresh_s
            self._staff_s[stay.area] += fresh_s * stay.works


def check_ids(ids: Sequence[str], *, kind: str) -> None:
    """Refuse ids that are given twice.

    Raises:
        GeometryError: two shapes share an id.
    """
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise GeometryError(
                shape=f"{kind} {name}", cause=f"another {kind} has the same id", remedy=f"give every {kind} its own id"
            )
        seen.add(name)
