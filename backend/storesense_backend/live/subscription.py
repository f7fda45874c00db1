"""One watcher of a store: what it has not been told yet, merged by id, so that a slow one costs no more than others.

What waits is bounded by the number of things in the store, however long a client takes nothing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from storesense_backend.live.state import Changes, Item


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event for a client: ``snapshot`` (all), ``update`` (changed items) or ``alert`` (one, whole)."""

    name: Literal["snapshot", "update", "alert"]
    data: Mapping[str, Any]


class Subscription:
    """What one client is still to be told."""

    def __init__(self, store_id: str) -> None:
        self.store_id = store_id
        self.is_closed = False
        self._snapshot: Mapping[str, Any] | None = None
        self._changes: Changes = {}
        self._alerts: dict[int, Item] = {}
        self._base: dict[str, Any] = {}
        self._news = asyncio.Event()
        self._urgent = asyncio.Event()

    def offer_snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Replace everything that waits by a snapshot."""
        self._snapshot = snapshot
        self._changes = {}
        self._alerts = {}
        self._news.set()
        self._urgent.set()

    def offer_changes(self, at: datetime, day_started_at: datetime, changes: Changes) -> None:
        """Add changed items to what waits; of each id, the newest stays."""
        for family, items in changes.items():
            if items:
                self._changes.setdefault(family, {}).update(items)
        self._base = {"store_id": self.store_id, "at": at, "day_started_at": day_started_at}
        if self._changes:
            self._news.set()

    def offer_alert(self, alert: Item) -> None:
        """Add an alert to what waits, in the place of an older word on the same."""
        self._alerts.pop(alert["alert_id"], None)
        self._alerts[alert["alert_id"]] = alert
        self._news.set()
        self._urgent.set()

    def close(self) -> None:
        """End the subscription; what waits is dropped."""
        self.is_closed = True
        self._news.set()
        self._urgent.set()

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return sum(map(len, self._changes.values())) + len(self._alerts) + (self._snapshot is not None)

    async def wait(self, timeout_s: float, *, urgent_only: bool = False) -> bool:
        """Wait until something is to be told, or the subscription is closed; False if the time ran out.

        Args:
            timeout_s: how long, in seconds.
            urgent_only: wait for an alert or a snapshot, not for numbers.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await (self._urgent if urgent_only else self._news).wait()
        except TimeoutError:
            return False
        return True

    def take(self, *, urgent_only: bool = False) -> list[LiveEvent]:
        """Return what waits, alerts before numbers; with ``urgent_only`` numbers go on waiting."""
        if self.is_closed:
            return []
        self._urgent.clear()
        if not (urgent_only and self._changes):
            self._news.clear()
        events: list[LiveEvent] = []
        if self._snapshot is not None:
            events.append(LiveEvent("snapshot", self._snapshot))
        events += [LiveEvent("alert", alert) for alert in self._alerts.values()]
        self._snapshot, self._alerts = None, {}
        if self._changes and not urgent_only:
            families = {family: list(items.values()) for family, items in self._changes.items()}
            events.append(LiveEvent("update", self._base | families))
            self._changes = {}
        return events
