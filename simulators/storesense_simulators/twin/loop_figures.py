"""What a day in the store came to for customers and staff, from its truth alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from storesense_simulators.twin.shop import Shop, TillKind
from storesense_simulators.twin.truth import TruthEvent, TruthKind

_MS_PER_MIN = 60_000
_MS_PER_H = 3_600_000


@dataclass(frozen=True, slots=True)
class DayFigures:
    """How a run went.

    Attributes:
        mean_wait_s: in queues until called or given up, by person; who changed queues waits on.
        p90_wait_s: nine in ten waited no longer.
        abandoned: people who gave up waiting.
        walkouts: people who saw the queues and left with nothing.
        empty_slot_min: minutes in which a weighed slot held none of its product, over all slots.
        low_slot_min: the same at or below the reorder point.
        not_found: units that somebody wanted and did not find.
        lane_hours: staffed lanes open.
        visitors: people who came, without staff.
    """

    mean_wait_s: float
    p90_wait_s: float
    abandoned: int
    walkouts: int
    empty_slot_min: float
    low_slot_min: float
    not_found: int
    lane_hours: float
    visitors: int


class DayWatch:
    """Adds up a run's events; the runs that are compared see the same people.

    Args:
        shop: the store.
    """

    def __init__(self, shop: Shop) -> None:
        weighed = {cell.slot_id for cell in shop.cells}
        self._reorder = {p.slot_id: p.reorder_point_units for p in shop.places if p.slot_id in weighed}
        self._staffed = {till.lane_id for till in shop.tills if till.kind is TillKind.STAFFED}
        self._waited_ms: dict[int, int] = defaultdict(int)
        self._done: list[tuple[int, int]] = []
        self._since_ms: dict[str, dict[str, int]] = {"empty": {}, "low": {}, "open": {}}
        self._spent_ms: dict[str, int] = dict.fromkeys(self._since_ms, 0)
        self._counts: dict[TruthKind, int] = defaultdict(int)
        self._reneged = self._visitors = 0

    @property
    def waits(self) -> list[tuple[int, int]]:
        """When each wait ended and how long it was, milliseconds, in the order of time."""
        return self._done

    def see(self, events: Iterable[TruthEvent]) -> None:
        """Take events in the order of time."""
        for event in events:
            match event.kind:
                case TruthKind.QUEUE_LEFT:
                    self._see_wait(event)
                case TruthKind.BALKED:
                    self._counts[event.kind] += 1
                case TruthKind.NOT_FOUND:
                    self._counts[event.kind] += event.units
                case TruthKind.ARRIVED:
                    self._visitors += not event.is_staff
                case TruthKind.LANE_OPENED | TruthKind.LANE_CLOSED if event.subject_id in self._staffed:
                    self._turn("open", event.subject_id, event.t_ms, is_on=event.kind is TruthKind.LANE_OPENED)
                case _ if event.level_units is not None and event.subject_id in self._reorder:
                    self._turn("empty", event.subject_id, event.t_ms, is_on=event.level_units == 0)
                    is_low = event.level_units <= self._reorder[event.subject_id]
                    self._turn("low", event.subject_id, event.t_ms, is_on=is_low)

    def figures(self, now_ms: int) -> DayFigures:
        """Return what it came to by ``now_ms``; who still waits then is left out."""
        spent = {
            what: self._spent_ms[what] + sum(now_ms - since_ms for since_ms in since.values())
            for what, since in self._since_ms.items()
        }
        waits_s = sorted(wait_ms / 1_000 for _, wait_ms in self._done)
        return DayFigures(
            mean_wait_s=round(sum(waits_s) / len(waits_s), 2) if waits_s else 0.0,
            p90_wait_s=round(waits_s[int(0.9 * (len(waits_s) - 1))], 2) if waits_s else 0.0,
            abandoned=self._reneged,
            walkouts=self._counts[TruthKind.BALKED],
            empty_slot_min=round(spent["empty"] / _MS_PER_MIN, 1),
            low_slot_min=round(spent["low"] / _MS_PER_MIN, 1),
            not_found=self._counts[TruthKind.NOT_FOUND],
            lane_hours=round(spent["open"] / _MS_PER_H, 2),
            visitors=self._visitors,
        )

    def _see_wait(self, event: TruthEvent) -> None:
        person_no = event.person_no or 0
        self._waited_ms[person_no] += event.wait_ms or 0
        if event.why != "switched":
            self._done.append((event.t_ms, self._waited_ms.pop(person_no)))
            self._reneged += event.why == "reneged"

    def _turn(self, what: str, subject_id: str, now_ms: int, *, is_on: bool) -> None:
        since = self._since_ms[what]
        if is_on:
            since.setdefault(subject_id, now_ms)
        elif subject_id in since:
            self._spent_ms[what] += now_ms - since.pop(subject_id)


def mean_waits(waits: Iterable[tuple[int, int]], *, bin_ms: int) -> Mapping[int, float]:
    """Return the mean wait in seconds by the number of the stretch of ``bin_ms`` in which waits ended."""
    by_bin: dict[int, list[int]] = defaultdict(list)
    for t_ms, wait_ms in waits:
        by_bin[t_ms // bin_ms].append(wait_ms)
    return {number: sum(found) / len(found) / 1_000 for number, found in sorted(by_bin.items())}
