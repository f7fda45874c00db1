"""What a shelf's signal chain made of a known life: events matched to what happened, units minute by minute."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.events import ShelfEvent
from storesense_simulators.shelf_life import Happening, HappeningKind, SlotLife

SCORED = (
    HappeningKind.PICK,
    HappeningKind.PUT_BACK,
    HappeningKind.RESTOCK,
    HappeningKind.MISPLACED,
    HappeningKind.BULK_REMOVAL,
)
_KIND_OF = {
    ShelfEventKind.PICK: HappeningKind.PICK,
    ShelfEventKind.PUT_BACK: HappeningKind.PUT_BACK,
    ShelfEventKind.RESTOCK: HappeningKind.RESTOCK,
    ShelfEventKind.MISPLACED: HappeningKind.MISPLACED,
    ShelfEventKind.FOREIGN: HappeningKind.MISPLACED,
    ShelfEventKind.BULK_REMOVAL: HappeningKind.BULK_REMOVAL,
}
# Handfuls of one restock and grabs of one sweep are told one by one; only the kind that names the whole is asked for.
_PARTS = {HappeningKind.RESTOCK: HappeningKind.PUT_BACK, HappeningKind.BULK_REMOVAL: HappeningKind.PICK}
_EARLY_S = 1.0
_LATE_S = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One event that the chain told.

    Attributes:
        told_s: when it was told.
        event: the event; its `at_s` by the same clock.
    """

    told_s: float
    event: ShelfEvent


@dataclass(frozen=True, slots=True)
class Told:
    """The units of each of the slot's products that were told at some moment, or None where the weight did not tell."""

    at_s: float
    units: tuple[int, ...] | None


@dataclass(slots=True)
class ShelfScore:
    """Sums over slots; the figures are properties.

    Attributes:
        hits: by kind, happenings that were told as what they were.
        missed: by kind, happenings that were not.
        invented: by kind, events of that kind without such a happening.
        false_events: events while nothing at all happened.
        waits_ms: from the shelf's settling to the event, one each hit.
        alike: misplaced things, come or gone, that weigh like units of the slot's product; they are in no other sum.
        exact_minutes: minutes whose units were told right.
        minutes: all minutes in which the slot was not being touched and held nothing alike.
        units_off: units told wrong, summed over those minutes.
        shared_minutes: those of `minutes` on plates that carry several products.
        shared_exact_minutes: those of them whose units were all told right.
        alike_minutes: minutes with something alike on the slot.
        alike_exact_minutes: those of them whose units were told right.
        slot_days: how long all slots were watched.
    """

    hits: dict[HappeningKind, int] = field(default_factory=lambda: dict.fromkeys(SCORED, 0))
    missed: dict[HappeningKind, int] = field(default_factory=lambda: dict.fromkeys(SCORED, 0))
    invented: dict[HappeningKind, int] = field(default_factory=lambda: dict.fromkeys(SCORED, 0))
    false_events: int = 0
    waits_ms: list[float] = field(default_factory=list)
    alike: int = 0
    shared_minutes: int = 0
    shared_exact_minutes: int = 0
    alike_minutes: int = 0
    alike_exact_minutes: int = 0
    exact_minutes: int = 0
    minutes: int = 0
    units_off: int = 0
    slot_days: float = 0.0

    def f1(self, kind: HappeningKind) -> float | None:
        """Harmonic mean of precision and recall; None where the kind neither happened nor was told."""
        hits = self.hits[kind]
        every = 2 * hits + self.missed[kind] + self.invented[kind]
        return 2 * hits / every if every else None

    @property
    def wait_p99_ms(self) -> float | None:
        """The wait that 99 of 100 events do not exceed."""
        waits = sorted(self.waits_ms)
        return waits[math.ceil(0.99 * len(waits)) - 1] if waits else None

    def add(self, life: SlotLife, lasting_s: float, seen: Sequence[Seen], told: Sequence[Told]) -> list[str]:
        """Score one slot's life.

        Args:
            life: what happened.
            lasting_s: how long it was watched.
            seen: the events in the order they were told.
            told: the units in the order they were told.

        Returns:
            One sentence for each mistake, for whoever looks for its cause.
        """
        mistakes = self._match(life.happenings, seen)
        self._count_minutes(life, lasting_s, told)
        self.slot_days += lasting_s / 86_400
        return mistakes

    def settled(self, kind: HappeningKind, wait_ms: float) -> None:
        """Note how long a hit was told after the shelf had settled."""
        if kind in SCORED:
            self.waits_ms.append(wait_ms)

    def _match(self, happenings: Sequence[Happening], seen: Sequence[Seen]) -> list[str]:
        begins_s = [each.begin_s - _EARLY_S for each in happenings]
        found: list[set[HappeningKind]] = [set() for _ in happenings]
        mistakes: list[str] = []
        for one in seen:
            kind = _KIND_OF.get(one.event.kind)
            if kind is None:
                continue
            place = self._happening_of(happenings, begins_s, one, kind, found)
            if place >= 0 and kind not in found[place]:
                found[place].add(kind)
                continue
            if place >= 0 and happenings[place].kind in _PARTS:
                continue
            if self._is_alike(happenings, begins_s, one):
                continue
            self.invented[kind] += 1
            near = bisect_right(begins_s, one.event.at_s) - 1
            if near < 0 or happenings[near].end_s + _LATE_S < one.event.at_s:
                self.false_events += 1
                mistakes.append(f"false {one.event.kind} {one.event.units} at {one.event.at_s:.1f}")
            else:
                mistakes.append(
                    f"{happenings[near].kind} {happenings[near].units} told as {one.event.kind} {one.event.units} "
                    f"({one.event.delta_g:+.1f} g) at {one.event.at_s:.1f}"
                )
        for happening, kinds in zip(happenings, found, strict=True):
            if happening.is_alike:
                self.alike += 1
            if happening.is_alike or happening.kind not in SCORED:
                continue
            if happening.kind in kinds:
                self.hits[happening.kind] += 1
            else:
                self.missed[happening.kind] += 1
                mistakes.append(f"missed {happening.kind} {happening.units} at {happening.begin_s:.1f}")
        return mistakes

    def _happening_of(
        self,
        happenings: Sequence[Happening],
        begins_s: Sequence[float],
        one: Seen,
        kind: HappeningKind,
        found: Sequence[set[HappeningKind]],
    ) -> int:
        """Place of the happening that an event tells of: the nearest in time not yet told; -1 if there is none."""
        places = []
        for place in range(bisect_right(begins_s, one.event.at_s) - 1, -1, -1):
            if self._could_be(happenings[place], one, kind):
                places.append(place)
            elif happenings[place].end_s + _LATE_S < one.event.at_s:
                break

        def distance(place: int) -> tuple[bool, float]:
            each = happenings[place]
            away_s = max(each.begin_s - one.event.at_s, one.event.at_s - each.end_s, 0.0)
            return kind in found[place], away_s

        return min(places, key=distance, default=-1)

    @staticmethod
    def _is_alike(happenings: Sequence[Happening], begins_s: Sequence[float], one: Seen) -> bool:
        near = bisect_right(begins_s, one.event.at_s) - 1
        return near >= 0 and happenings[near].is_alike and one.event.at_s <= happenings[near].end_s + _LATE_S

    @staticmethod
    def _could_be(happening: Happening, one: Seen, kind: HappeningKind) -> bool:
        in_time = happening.begin_s - _EARLY_S <= one.event.at_s <= happening.end_s + _LATE_S
        return in_time and kind in (happening.kind, _PARTS.get(happening.kind))

    def _count_minutes(self, life: SlotLife, lasting_s: float, told: Sequence[Told]) -> None:
        times_s = [each.at_s for each in told]
        for minute in range(1, int(lasting_s // 60)):
            at_s = 60.0 * minute
            if any(each.begin_s - 0.5 <= at_s <= each.end_s + _LATE_S for each in life.happenings):
                continue
            place = bisect_right(times_s, at_s) - 1
            units = told[place].units if place >= 0 else None
            true_units = life.units_at(at_s)
            off = sum(abs(a - b) for a, b in zip(units or (0,) * len(true_units), true_units, strict=True))
            is_exact = units == true_units
            if life.holds_alike(at_s):
                self.alike_minutes += 1
                self.alike_exact_minutes += is_exact
                continue
            self.minutes += 1
            self.exact_minutes += is_exact
            if len(true_units) > 1:
                self.shared_minutes += 1
                self.shared_exact_minutes += is_exact
            self.units_off += off
