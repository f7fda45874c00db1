"""An item that straddles two slots: two changes at one instant that make sense only together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.events import ShelfEvent
from storesense_edge.shelf.explain import Origin, explain
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.slot import SlotSpec

# Hands set one thing down on both plates within this time of each other; where a busy machine reads one cell late, it
# seems longer than it is.
_TOGETHER_S = 1.2
# How long one half waits for the other while the neighbour is being touched.
_WAIT_S = 2.0
_SURE = 0.8


@dataclass(frozen=True, slots=True)
class SlotEvent:
    """An event with its place.

    Attributes:
        slot_id: the slot; of an item that straddles two, the one that bears more of it.
        event: what happened.
        straddles: the other slot, if an item lies on both.
        other_no: the number of the half that the other slot found, which is not told by itself.
    """

    slot_id: str
    event: ShelfEvent
    straddles: str | None = None
    other_no: int = 0


class NeighbourJoiner:
    """Joins the two halves of a straddling item into one event; everything else passes at once.

    An event waits only if it makes no sense by itself and a neighbour is being touched at the same time, so an
    ordinary event is never late.

    Args:
        specs: each slot.
        neighbours: for each slot, those beside it; slots without an entry have none.
    """

    def __init__(self, specs: Mapping[str, SlotSpec], neighbours: Mapping[str, Sequence[str]]) -> None:
        self._specs = dict(specs)
        self._neighbours = {slot_id: tuple(others) for slot_id, others in neighbours.items()}
        self._waiting: dict[str, tuple[float, ShelfEvent]] = {}

    def plan(self, slot_id: str, spec: SlotSpec) -> None:
        """Take what a slot holds now; events of slots that no spec is known of are not joined."""
        self._specs[slot_id] = spec

    def offer(self, slot_id: str, event: ShelfEvent, now_s: float, moving: frozenset[str]) -> list[SlotEvent]:
        """Take an event as a slot tells it; gives what may be told now.

        Args:
            slot_id: whose event.
            event: the event.
            now_s: the time, on the same clock as the events'.
            moving: slots that are being touched now.
        """
        told = self.due(now_s)
        for other_id in self._neighbours.get(slot_id, ()):
            waiting = self._waiting.get(other_id)
            if waiting is None or abs(waiting[1].at_s - event.at_s) > _TOGETHER_S:
                continue
            joined = self._joined(slot_id, event, other_id, waiting[1])
            if joined is not None:
                del self._waiting[other_id]
                return [*told, joined]
        beside = self._neighbours.get(slot_id, ())
        if _is_odd(event) and any(other in moving for other in beside):
            self._waiting[slot_id] = (now_s, event)
            return told
        return [*told, SlotEvent(slot_id, event)]

    def due(self, now_s: float) -> list[SlotEvent]:
        """Give the events whose other half did not come in time."""
        if not self._waiting:
            return []
        late = [slot_id for slot_id, (since_s, _) in self._waiting.items() if not 0 <= now_s - since_s < _WAIT_S]
        return [SlotEvent(slot_id, self._waiting.pop(slot_id)[1]) for slot_id in late]

    def _joined(self, slot_id: str, event: ShelfEvent, other_id: str, other: ShelfEvent) -> SlotEvent | None:
        if event.delta_g * other.delta_g <= 0 or not (_is_odd(event) or _is_odd(other)):
            return None
        if slot_id not in self._specs or other_id not in self._specs:
            return None
        total_g = event.delta_g + other.delta_g
        is_mine = abs(event.delta_g) >= abs(other.delta_g)
        heavier, lighter = (slot_id, other_id) if is_mine else (other_id, slot_id)
        half, other_half = (event, other) if is_mine else (other, event)
        spec = self._specs[heavier]
        own = (*spec.products, *_new(self._specs[lighter].products, spec.products))
        sigma_g = math.hypot(0.005 * abs(total_g), 0.5)
        ranked = explain(total_g, sigma_g, own, _new(spec.strangers, own), most_units=3)
        best = ranked[0] if ranked else None
        if best is None or best.product is None or best.probability < _SURE or best.origin is Origin.UNKNOWN:
            return None
        if total_g < 0:
            kind = ShelfEventKind.PICK
        else:
            kind = ShelfEventKind.PUT_BACK if best.origin is Origin.OWN else ShelfEventKind.MISPLACED
        joined = replace(
            half,
            kind=kind,
            at_s=min(event.at_s, other.at_s),
            units=abs(best.units),
            delta_g=total_g,
            confidence=best.probability,
            ambiguous=best.probability < 0.9,
            sku=best.product.sku,
            alternatives=(),
        )
        return SlotEvent(heavier, joined, straddles=lighter, other_no=other_half.no)


def _is_odd(event: ShelfEvent) -> bool:
    """Whether an event makes little sense by itself."""
    return event.kind in (ShelfEventKind.FOREIGN, ShelfEventKind.MISPLACED) or event.ambiguous


def _new(products: Sequence[ProductWeight], known: Sequence[ProductWeight]) -> tuple[ProductWeight, ...]:
    skus = {each.sku for each in known}
    return tuple(each for each in products if each.sku not in skus)
