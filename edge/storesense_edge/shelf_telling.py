"""What one slot tells in one boot: its weights, its events by number, and what of them has to be told anew."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from storesense_contracts.topics import Stream
from storesense_edge.shelf_readings import correction_reading, event_reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from storesense_edge.camera_readings import Measured
    from storesense_edge.shelf.events import ShelfEvent
    from storesense_edge.shelf.retelling import Correction

_MOST_REMEMBERED = 64
_LARGEST_NO = 1_000_000


class SlotTelling:
    """Numbers a slot's events through all chains that it has in one boot, and remembers when each happened.

    Args:
        slot_id: the slot.
    """

    def __init__(self, slot_id: str) -> None:
        self._slot_id = slot_id
        self._base = 0
        self._newest = 0
        self._told_at: OrderedDict[int, datetime] = OrderedDict()

    def begin(self) -> None:
        """A new chain begins to count from 1; its events go on where the one before ended."""
        self._base = self._newest
        self._told_at.clear()

    def numbered(self, event: ShelfEvent) -> ShelfEvent:
        """Return a chain's event with its number in the boot; none where numbers have run out."""
        no = self._base + event.no
        if event.no == 0 or no > _LARGEST_NO:
            return replace(event, no=0)
        self._newest = max(self._newest, no)
        return replace(event, no=no)

    def own_no(self, no: int) -> int:
        """Return the number in the present chain of an event by its number in the boot; 0 where it is older."""
        return max(0, no - self._base)

    def event(self, event: ShelfEvent, happened_at: datetime, straddles: str | None = None) -> Measured:
        """Tell an event that has its number in the boot."""
        if event.no:
            self._told_at[event.no] = happened_at
            while len(self._told_at) > _MOST_REMEMBERED:
                self._told_at.popitem(last=False)
        return Stream.SHELF, event_reading(self._slot_id, event, happened_at, straddles=straddles)

    def corrections(self, found: Sequence[Correction]) -> list[Measured]:
        """Tell anew what the present chain told wrongly; what was never told needs no correction."""
        told: list[Measured] = []
        for each in found:
            no = self._base + each.no
            happened_at = self._told_at.get(no)
            if happened_at is not None:
                told.append((Stream.SHELF, correction_reading(self._slot_id, replace(each, no=no), happened_at)))
        return told
