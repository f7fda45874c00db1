"""Told events that what followed shows to have been told wrongly."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.events import ShelfEvent, told_as
from storesense_edge.shelf.explain import Explanation, Origin, ranked
from storesense_edge.shelf.slot import SlotSpec

# What was told is taken back only once it is this unlikely, and something else this likely.
_UNLIKELY = 0.05
_SURE = 0.9
_SURE_OF_KIND = 0.95
_MOST_TOLD = 64
_MOST_CORRECTIONS = 4

_LEFT = frozenset({ShelfEventKind.PICK, ShelfEventKind.BULK_REMOVAL})
_CAME = frozenset({ShelfEventKind.PUT_BACK, ShelfEventKind.RESTOCK})

Name = tuple[str, str | None, int]


@dataclass(frozen=True, slots=True)
class Correction:
    """An event that was told wrongly, and what it was.

    Attributes:
        no: the event's number.
        correction_no: which correction of that event it is, from 1.
        told: the event as it was told last.
        event: what it was; None where it was a part of another event.
    """

    no: int
    correction_no: int
    told: ShelfEvent
    event: ShelfEvent | None


class Retelling:
    """Remembers what was told of one slot, and finds what has to be told anew."""

    def __init__(self) -> None:
        self._told: dict[int, tuple[ShelfEvent, int]] = {}

    def tell(self, event: ShelfEvent) -> None:
        """Remember an event as it is told."""
        self._told[event.no] = (event, 0)
        while len(self._told) > _MOST_TOLD:
            del self._told[next(iter(self._told))]

    def forget(self, no: int | None = None) -> None:
        """Forget one event, or all of them."""
        if no is None:
            self._told.clear()
        else:
            self._told.pop(no, None)

    def withdraw(self, no: int) -> Correction | None:
        """Take an event back that was a part of the next one; None where its units count by themselves."""
        told, corrections = self._told.pop(no, (None, 0))
        if told is None or told.kind in _LEFT | _CAME:
            return None
        return Correction(no, corrections + 1, told, None)

    def revise(self, tellings: Mapping[int, Sequence[Explanation]], spec: SlotSpec) -> list[Correction]:
        """Compare what was told with what it looks like now; give what has to be told anew.

        Args:
            tellings: by number what each step may have been.
            spec: the slot.
        """
        found = []
        for no, (told, corrections) in list(self._told.items()):
            now = tellings.get(no)
            if now is None:
                # It is certain, or lies too far back for anything to change it.
                if tellings and no < max(tellings):
                    del self._told[no]
                continue
            event = _instead(told, ranked(now), spec)
            if event is not None:
                found.append(Correction(no, corrections + 1, told, event))
                self._told[no] = (event, corrections + 1)
                if corrections + 1 >= _MOST_CORRECTIONS:
                    del self._told[no]
        return found


def _instead(told: ShelfEvent, now: Sequence[Explanation], spec: SlotSpec) -> ShelfEvent | None:
    """What an event was, if it was surely not what was told."""
    if not now:
        return None
    shares: dict[Name, float] = {}
    for each in now:
        shares[_name(each)] = shares.get(_name(each), 0.0) + each.probability
    name, best = _told_name(told), now[0]
    if _name(best) == name or shares.get(name, 0.0) > _UNLIKELY:
        return None
    # Which of a dozen brands it is may stay open; that it is none of the slot's own has to be certain.
    of_its_kind = math.fsum(
        each.probability for each in now if (each.origin is Origin.OWN) == (best.origin is Origin.OWN)
    )
    is_another_kind = (name[0] == "own") != (best.origin is Origin.OWN)
    if shares[_name(best)] < _SURE and not (is_another_kind and of_its_kind >= _SURE_OF_KIND):
        return None
    event = told_as(told.at_s, told.delta_g, spec, now)
    if event is None:
        return None
    if event.kind is ShelfEventKind.PICK and event.units >= spec.removal_units:
        event = replace(event, kind=ShelfEventKind.BULK_REMOVAL, burst_units=event.units)
    return replace(event, no=told.no)


def _name(each: Explanation) -> Name:
    if each.origin is Origin.OWN:
        return "own", each.product.sku if each.product else None, each.units
    if each.product is None:
        return "foreign", None, 1
    return "misplaced", each.product.sku, abs(each.units)


def _told_name(told: ShelfEvent) -> Name:
    if told.kind in _LEFT | _CAME:
        return "own", told.sku, -told.units if told.kind in _LEFT else told.units
    if told.kind is ShelfEventKind.FOREIGN:
        return "foreign", None, 1
    return "misplaced", told.sku, told.units
