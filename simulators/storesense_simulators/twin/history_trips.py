"""A library of visits to a store: simulated once, then used again and again for days that are long past.

A month step by step takes the twin minutes; but one visit is much like another of the same store at the same bustle.
So an hour of its busiest time and an hour of a quieter one are simulated, and every party's visit is kept whole:
crossings, stays in zones, waits, what was taken, and where its people stood. A day of history is then a fresh draw of
arrivals, each with one of these visits (a bootstrap; Efron, 1979): counts, stays and stocks agree with one another,
since each visit does.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.transitions import WITHIN_S
from storesense_simulators.twin.demand import open_shares
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.truth import TruthKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from storesense_simulators.twin.shop import Shop
    from storesense_simulators.twin.truth import TruthEvent

HEAT_STEP_MS = 5_000
"""Where people stand is looked at so often."""
_MS_PER_H = 3_600_000
_TAIL_MS = 2_400_000
_QUIET_SHARE = 0.45
_TAKEN = {TruthKind.PICKED: -1, TruthKind.SWEPT: -1, TruthKind.PUT_BACK: 1}


@dataclass(slots=True)
class Wait:
    """A wait in a queue; milliseconds since the visit began. ``left_ms`` is the call, or giving up.

    ``lane_id`` is where they were served.
    """

    queue_id: str
    joined_ms: int
    left_ms: int
    is_served: bool
    served_ms: int = 0
    service_ms: int = 0
    lane_id: str = ""


@dataclass(slots=True)
class Visit:
    """What one party did, in milliseconds since it arrived.

    Attributes:
        crossings: when, at which line, and whether inward.
        stays: from when to when in which zone, one for each person.
        ways: when who went from which zone to which; the time is the end of the visit to the second.
        waits: in queues.
        taken: when, from which slot, and by how many units the slot changed.
        stood_ms: when it was looked at where its people stand,
        stood_xy_m: and where that was, rows of x and y.
        ends_ms: when the last one was gone.
        rate_per_h: how many people an hour came then.
    """

    crossings: list[tuple[int, str, bool]] = field(default_factory=list)
    stays: list[tuple[int, int, str]] = field(default_factory=list)
    ways: list[tuple[int, str, str]] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    taken: list[tuple[int, str, int]] = field(default_factory=list)
    stood_ms: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    stood_xy_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    ends_ms: int = 0
    rate_per_h: float = 0.0


class _Recorder:
    """Follows the parties of one run of the twin."""

    def __init__(self, twin: Twin, rate_per_h: float) -> None:
        self._twin = twin
        self._rate_per_h = rate_per_h
        self._visits: dict[int, Visit] = {}
        self._began_ms: dict[int, int] = {}
        self._left: dict[int, int] = defaultdict(int)
        self._entered_ms: dict[tuple[int, str], int] = {}
        self._last_stay: dict[int, tuple[int, str]] = {}
        self._waiting: dict[int, Wait] = {}
        self._stood: dict[int, list[tuple[int, float, float]]] = defaultdict(list)

    def see(self, events: Sequence[TruthEvent]) -> None:
        for event in events:
            if event.party_no is not None and not event.is_staff:
                self._see(event, event.party_no, event.person_no or 0)
        if self._twin.now_ms % HEAT_STEP_MS == 0:
            people = self._twin.people
            rows = people.rows
            for party_no, (x, y) in zip(people.party_no[rows].tolist(), people.xy_m[rows].tolist(), strict=True):
                if party_no in self._visits:
                    self._stood[party_no].append((self._twin.now_ms - self._began_ms[party_no], x, y))

    def whole(self) -> list[Visit]:
        """Return the visits that ended within the run."""
        found = []
        for party_no, visit in self._visits.items():
            if self._left[party_no] <= 0 and visit.crossings:
                stood = np.array(self._stood[party_no], dtype=np.float64).reshape(-1, 3)
                visit.stood_ms, visit.stood_xy_m = stood[:, 0].astype(np.int64), stood[:, 1:]
                found.append(visit)
        return found

    def _see(self, event: TruthEvent, party_no: int, person_no: int) -> None:
        if event.kind is TruthKind.ARRIVED:
            self._began_ms.setdefault(party_no, event.t_ms)
            self._visits.setdefault(party_no, Visit(rate_per_h=self._rate_per_h))
            self._left[party_no] += 1
            return
        visit, t_ms = self._visits[party_no], event.t_ms - self._began_ms[party_no]
        match event.kind:
            case TruthKind.CROSSED_IN | TruthKind.CROSSED_OUT:
                visit.crossings.append((t_ms, event.subject_id, event.kind is TruthKind.CROSSED_IN))
            case TruthKind.ZONE_ENTERED:
                self._entered_ms[person_no, event.subject_id] = t_ms
            case TruthKind.ZONE_LEFT:
                entered_ms = self._entered_ms.pop((person_no, event.subject_id), t_ms)
                visit.stays.append((entered_ms, t_ms, event.subject_id))
                left_ms, zone_id = self._last_stay.get(person_no, (entered_ms, event.subject_id))
                if zone_id != event.subject_id and entered_ms - left_ms <= WITHIN_S * 1_000:
                    visit.ways.append((t_ms, zone_id, event.subject_id))
                self._last_stay[person_no] = (t_ms, event.subject_id)
            case TruthKind.QUEUE_JOINED:
                self._waiting[person_no] = Wait(event.subject_id, t_ms, t_ms, is_served=False)
            case TruthKind.QUEUE_LEFT if person_no in self._waiting:
                wait = self._waiting[person_no]
                wait.left_ms, wait.is_served = t_ms, event.why == "served"
                visit.waits.append(wait)
            case TruthKind.SERVICE_ENDED if person_no in self._waiting:
                wait = self._waiting[person_no]
                wait.served_ms, wait.service_ms, wait.lane_id = t_ms, event.service_ms or 0, event.subject_id
            case TruthKind.LEFT:
                self._left[party_no] -= 1
                visit.ends_ms = max(visit.ends_ms, t_ms)
            case _ if event.kind in _TAKEN:
                visit.taken.append((t_ms, event.subject_id, _TAKEN[event.kind] * event.units))


class VisitLibrary:
    """Visits to draw from.

    Args:
        visits: all there are; none for a store that nobody comes to.
    """

    def __init__(self, visits: Sequence[Visit]) -> None:
        self._by_rate: dict[float, list[Visit]] = defaultdict(list)
        for visit in visits:
            self._by_rate[visit.rate_per_h].append(visit)

    def draw(self, rate_per_h: float, chance: np.random.Generator) -> Visit | None:
        """Return a visit of a time about as busy; between two bustles either, the nearer one the likelier."""
        if not self._by_rate:
            return None
        low, high = min(self._by_rate), max(self._by_rate)
        share = 1.0 if high <= low else min(1.0, max(0.0, (rate_per_h - low) / (high - low)))
        visits = self._by_rate[high if float(chance.random()) < share else low]
        return visits[int(float(chance.random()) * len(visits))]


def record_visits(shop: Shop, *, seed: int, first_day: datetime, lasts_ms: int = _MS_PER_H) -> VisitLibrary:
    """Simulate a busy and a quiet stretch of a store and keep its visits.

    Args:
        shop: the store.
        seed: the root of all chance.
        first_day: a local midnight, from which on the week's hours are looked through.
        lasts_ms: length of each stretch, in which parties come; they have 40 minutes more to go home.
    """
    rates = [
        (shop.demand.visitors_per_h[weekday][hour], day * 24 + hour)
        for day in range(7)
        for weekday in [(first_day.weekday() + day) % 7]
        for hour, share in enumerate(open_shares(shop.hours, weekday))
        if share >= 1.0 and shop.demand.visitors_per_h[weekday][hour] > 0
    ]
    if not rates:
        return VisitLibrary([])
    busiest = max(rates)
    quiet = min(rates, key=lambda rate: (abs(rate[0] - _QUIET_SHARE * busiest[0]), rate[1]))
    visits: list[Visit] = []
    for number, (rate_per_h, hour) in enumerate(dict.fromkeys((busiest, quiet))):
        began_at = first_day + timedelta(hours=hour)
        twin = Twin(shop, seed=seed + number, began_at=began_at)
        recorder = _Recorder(twin, rate_per_h)
        for events in twin.run_until(lasts_ms + _TAIL_MS):
            recorder.see(events)
        visits += recorder.whole()
    return VisitLibrary(visits)
