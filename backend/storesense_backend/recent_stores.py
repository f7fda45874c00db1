"""What was learnt of the stores that were asked about last, each behind a lock of its own."""

import asyncio
from collections import OrderedDict
from typing import Generic, TypeVar

_Known = TypeVar("_Known")

MOST_STORES = 200


class RecentStores(Generic[_Known]):
    """Keeps something of each of the most recently asked stores, and forgets the others.

    Args:
        most: how many stores it keeps.
    """

    def __init__(self, most: int = MOST_STORES) -> None:
        self._most = most
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}

    def lock(self, store_id: str) -> asyncio.Lock:
        """Return a store's lock, so that of several who ask at once one alone learns."""
        return self._locks.setdefault(store_id, asyncio.Lock())

    def get(self, store_id: str) -> _Known | None:
        """Return what is known of a store, None if that is nothing."""
        return self._known.get(store_id)

    def put(self, store_id: str, known: _Known) -> None:
        """Keep what is known of a store that was just asked about; whoever was asked about longest ago is forgotten."""
        self._known[store_id] = known
        self._known.move_to_end(store_id)
        while len(self._known) > self._most:
            gone, _ = self._known.popitem(last=False)
            lock = self._locks.get(gone)
            if lock is not None and not lock.locked():
                del self._locks[gone]
