"""One watcher of a store: what it has not been told yet, merged by id, so that a slow one costs no more than others.

What waits is bounded by the number of things in the store, however long a client takes nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from storesense_backend.live.state import Changes, Item


class LiveEvent:
    """One event for clients: ``snapshot`` (all), ``update`` (changed items) or ``alert`` (one, whole).

    It is the same object for all whom it tells the same, and is written as JSON once for all of them.
    """

    __slots__ = ("_chunk", "_text", "data", "name")

    def __init__(self, name: Literal["snapshot", "update", "alert"], data: Mapping[str, Any]) -> None:
        self.name = name
        self.data = data
        self._text: bytes | None = None
        self._chunk: bytes | None = None

    def text(self) -> bytes:
        """Return it as a server-sent event; JSON has no line breaks, so it is one data line."""
        if self._text is None:
            self._text = b"event: %s\ndata: %s\n\n" % (self.name.encode(), msgspec.json.encode(self.data))
        return self._text

    def chunk(self) -> bytes:
        """Return the text as a chunk of HTTP/1.1."""
        if self._chunk is None:
            text = self.text()
            self._chunk = b"%x\r\n%s\r\n" % (len(text), text)
        return self._chunk


@dataclass(slots=True, eq=False)
class Offer:
    """Changes that all watchers of a store are offered at once.

    Attributes:
        base: of the event: whose, when, the day's beginning.
        changes: what changed.
        merged: the event that tells this and all offers from that of a number on, by the number; whoever takes the same
            offers takes the same event.
        number: rises by one from offer to offer of a store.
    """

    base: dict[str, Any]
    changes: Changes
    number: int
    merged: dict[int, LiveEvent] = field(default_factory=dict)


_MAX_OFFERS = 16


def _merge(offers: Iterable[Changes]) -> Changes:
    merged: Changes = {}
    for changes in offers:
        for family, items in changes.items():
            if items:
                merged.setdefault(family, {}).update(items)
    return merged


class Subscription:
    """What one client is still to be told.

    Attributes:
        store_id: of which store.
        is_closed: it is over.
        on_numbers: called when numbers begin to wait.
    """

    def __init__(self, store_id: str) -> None:
        self.store_id = store_id
        self.is_closed = False
        self.on_numbers: Callable[[], None] | None = None
        self._snapshot: Mapping[str, Any] | None = None
        self._offers: list[Offer] = []
        self._older: Changes = {}
        self._alerts: dict[int, Item] = {}
        self._is_urgent = False
        self._waiter: tuple[asyncio.Future[bool], bool] | None = None

    def offer_snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Replace everything that waits by a snapshot."""
        self._snapshot = snapshot
        self._offers = []
        self._older = {}
        self._alerts = {}
        self._wake(is_urgent=True)

    def offer_changes(self, offer: Offer) -> None:
        """Add changed items to what waits; of each id, the newest stays."""
        if not any(offer.changes.values()):
            return
        self._offers.append(offer)
        if len(self._offers) == 1 and self.on_numbers is not None:
            self.on_numbers()
        if len(self._offers) > _MAX_OFFERS:
            self._older = _merge([self._older, *(waiting.changes for waiting in self._offers[:-1])])
            del self._offers[:-1]
        self._wake(is_urgent=False)

    def offer_alert(self, alert: Item) -> None:
        """Add an alert to what waits, in the place of an older word on the same."""
        self._alerts.pop(alert["alert_id"], None)
        self._alerts[alert["alert_id"]] = alert
        self._wake(is_urgent=True)

    def close(self) -> None:
        """End the subscription; what waits is dropped."""
        self.is_closed = True
        self._wake(is_urgent=True)

    def _wake(self, *, is_urgent: bool) -> None:
        self._is_urgent |= is_urgent
        if self._waiter is not None:
            future, urgent_only = self._waiter
            if (is_urgent or not urgent_only) and not future.done():
                future.set_result(True)

    @property
    def is_urgent(self) -> bool:
        """Whether something waits that must not."""
        return self._is_urgent

    @property
    def has_numbers(self) -> bool:
        """Whether changed items wait."""
        return bool(self._offers)

    def hurry(self) -> None:
        """Make what waits urgent."""
        self._wake(is_urgent=True)

    @property
    def waiting(self) -> int:
        """How many items wait."""
        changes = _merge([self._older, *(offer.changes for offer in self._offers)])
        return sum(map(len, changes.values())) + len(self._alerts) + (self._snapshot is not None)

    async def wait(self, timeout_s: float, *, urgent_only: bool = False) -> bool:
        """Wait until something is to be told, or the subscription is closed; False if the time ran out.

        Args:
            timeout_s: how long, in seconds.
            urgent_only: wait for an alert or a snapshot, not for numbers.
        """
        if self._is_urgent or (self._offers and not urgent_only):
            return True
        # A future and a timer of our own: with thousands of watchers, the exceptions of asyncio.timeout are what costs.
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiter = (future, urgent_only)
        timer = loop.call_later(timeout_s, _run_out, future)
        try:
            return await future
        finally:
            timer.cancel()
            self._waiter = None

    def take(self, *, urgent_only: bool = False) -> list[LiveEvent]:
        """Return what waits, alerts before numbers; with ``urgent_only`` numbers go on waiting."""
        if self.is_closed:
            return []
        self._is_urgent = False
        events: list[LiveEvent] = []
        if self._snapshot is not None:
            events.append(LiveEvent("snapshot", self._snapshot))
        events += [LiveEvent("alert", alert) for alert in self._alerts.values()]
        self._snapshot, self._alerts = None, {}
        if not urgent_only and (update := self.take_update()):
            events.append(update)
        return events

    def take_update(self) -> LiveEvent | None:
        """Return the changed items that wait, if there are any."""
        if not self._offers:
            return None
        event = self._update()
        self._offers, self._older = [], {}
        return event

    def _update(self) -> LiveEvent:
        first, last = self._offers[0], self._offers[-1]
        known = None if self._older else last.merged.get(first.number)
        if known is not None:
            return known
        changes = _merge([self._older, *(offer.changes for offer in self._offers)])
        event = LiveEvent("update", last.base | {family: list(items.values()) for family, items in changes.items()})
        if not self._older:
            last.merged[first.number] = event
        return event


def _run_out(future: "asyncio.Future[bool]") -> None:
    if not future.done():
        future.set_result(False)
