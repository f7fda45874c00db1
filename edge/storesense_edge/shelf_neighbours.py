"""What slots that stand side by side tell each other, each from its own thread."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from storesense_edge.shelf.neighbours import NeighbourJoiner, SlotEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storesense_edge.shelf.events import ShelfEvent
    from storesense_edge.shelf.slot import SlotSpec

# Whoever has not been weighed since this long after an event may be touched without anybody knowing yet.
_NOTICED_S = 0.3
# Whoever has been silent for this long will not say so soon.
_SILENT_S = 3.0


class ShelfNeighbours:
    """Joins the events of a device's slots where a thing lies on two of them.

    Args:
        rows: slots that stand side by side, each row from one end to the other.
    """

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        beside: dict[str, tuple[str, ...]] = {}
        for row in rows:
            for place, slot_id in enumerate(row):
                beside[slot_id] = (*row[max(0, place - 1) : place], *row[place + 1 : place + 2])
        self._beside: Mapping[str, tuple[str, ...]] = beside
        self._lock = threading.Lock()
        self._moving: set[str] = set()
        self._weighed_s: dict[str, float] = {}
        self._joiner = NeighbourJoiner({}, beside)
        self._halves: dict[str, list[int]] = {}

    def plan(self, slot_id: str, spec: SlotSpec) -> None:
        """Take what a slot holds now."""
        with self._lock:
            self._joiner.plan(slot_id, spec)

    def step(self, slot_id: str, *, is_moving: bool, event: ShelfEvent | None, now_s: float) -> list[SlotEvent]:
        """Take what a slot found with a sample; give what may be told now, of any slot.

        Args:
            slot_id: the slot.
            is_moving: whether it is being touched.
            event: what it found, its time on the same clock as ``now_s``.
            now_s: the time.
        """
        if not self._beside.get(slot_id):
            return [] if event is None else [SlotEvent(slot_id, event)]
        with self._lock:
            (self._moving.add if is_moving else self._moving.discard)(slot_id)
            self._weighed_s[slot_id] = now_s
            if event is None:
                return self._joiner.due(now_s)
            # Each slot is read by a thread of its own, and a busy machine lets one of them lag behind.
            behind = {
                each
                for each in self._beside[slot_id]
                if now_s - _SILENT_S < self._weighed_s.get(each, -math.inf) < event.at_s + _NOTICED_S
            }
            told = self._joiner.offer(slot_id, event, now_s, frozenset(self._moving | behind))
            for each in told:
                if each.straddles is not None:
                    self._halves.setdefault(each.slot_id, []).append(each.event.no)
                    self._halves.setdefault(each.straddles, []).append(each.other_no)
            return told

    def halves(self, slot_id: str) -> list[int]:
        """Return, once, the numbers of a slot's events that turned out to be halves of things that lie on two."""
        if slot_id not in self._halves:
            return []
        with self._lock:
            return self._halves.pop(slot_id, [])
