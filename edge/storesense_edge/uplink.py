"""Which messages go out next: a pure core that is told what happens and what time it is.

The window counts commit acks: a message is in flight until the database has it, whatever the broker said. What is not
acknowledged in time goes again, later each time, jittered. While nothing at all is acknowledged, the gateway is away
and the broker keeps what it was given; then only one message at a time goes again, to ask, since repeats of everything
would stand in the broker's queue before what is measured when the gateway comes back. Old messages go first, in order;
while a backlog drains, a part of the window is kept for what is measured now, so that neither starves the other.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_edge.outbox_message import message_no
from storesense_edge.seq_ranges import SeqRanges

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from storesense_contracts.messages import DroppedRange
    from storesense_edge.outbox_message import OutboxMessage, RecordedDrop

_MAX_DECLARED_A_MESSAGE = 100
_READ_CHUNK = 64


@dataclass(frozen=True, slots=True)
class UplinkLimits:
    """How much is under way and when it goes again.

    Attributes:
        window: messages in flight at most.
        fresh_limit: new messages kept in memory for sending; older ones are read from disk when their turn comes.
        fresh_limit_bytes: size of their readings at most.
        resend_base_s: the least time after which an unacknowledged message goes again.
        resend_limit_s: the longest.
    """

    window: int = 64
    fresh_limit: int = 256
    fresh_limit_bytes: int = 4_000_000
    resend_base_s: float = 3.0
    resend_limit_s: float = 60.0


@dataclass(frozen=True, slots=True)
class SendOrder:
    """A message to publish now, with the drops to declare in its header."""

    message: OutboxMessage
    dropped: tuple[DroppedRange, ...]
    attempt: int


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Messages wanted from disk: numbered between the two, both excluded."""

    after_no: int
    before_no: int
    limit: int


@dataclass(slots=True)
class _Flight:
    message: OutboxMessage
    drops: tuple[RecordedDrop, ...]
    is_fresh: bool
    first_sent_s: float
    last_sent_s: float
    resend_at_s: float
    attempts: int = 1
    on_wire: bool = True


class Uplink:
    """The sending side of a link.

    Args:
        boot_no: the outbox's number of this boot; everything of earlier boots is backlog.
        limits: window and times.
        rng: spreads the resends.
    """

    def __init__(self, *, boot_no: int, limits: UplinkLimits, rng: random.Random) -> None:
        self._boot_no = boot_no
        self._limits = limits
        self._rng = rng
        self._connected = False
        self._flights: dict[int, _Flight] = {}
        self._fresh: deque[OutboxMessage] = deque()
        self._fresh_bytes = 0
        self._fresh_in_flight = 0
        self._backlog: deque[OutboxMessage] = deque()
        # On disk and unsent: numbers above the cursor and below the boundary.
        self._cursor_no = -1
        self._boundary_no = message_no(boot_no, 0)
        self._next_no = self._boundary_no
        self._reading = False
        self._gone_while_reading: list[Callable[[OutboxMessage], bool]] = []
        self._drops: dict[int, RecordedDrop] = {}
        self._latency_s = 0.0
        self._latency_spread_s = 0.0
        self._heard_s = float("-inf")
        self._ask_at_s = float("-inf")
        self._asks = 0

    @property
    def in_flight(self) -> int:
        """How many messages are sent and not acknowledged."""
        return len(self._flights)

    @property
    def timeout_s(self) -> float:
        """How long an ack is waited for at first, learned from how long acks take (as RFC 6298 does)."""
        learned_s = self._latency_s + 4.0 * self._latency_spread_s
        return min(self._limits.resend_limit_s, max(self._limits.resend_base_s, learned_s))

    # ---- what happens

    def connected(self, now_s: float) -> None:
        """The broker took us in: what was in flight may have been lost with the old connection and goes again."""
        self._connected = True
        for flight in self._flights.values():
            flight.on_wire = False
            flight.last_sent_s = float("-inf")
            flight.resend_at_s = now_s

    def disconnected(self) -> None:
        """The connection is gone; nothing is sent until the next one."""
        self._connected = False
        for flight in self._flights.values():
            flight.on_wire = False

    def published(self, number: int) -> None:
        """The broker has the message; from now on it may be sent again if the ack is late."""
        flight = self._flights.get(number)
        if flight is not None:
            flight.on_wire = False

    def stored(self, messages: Iterable[OutboxMessage]) -> None:
        """New messages of this boot may be sent, in the order of their numbers."""
        for message in messages:
            self._fresh.append(message)
            self._fresh_bytes += len(message.readings_json)
            self._next_no = message.message_no + 1
        while len(self._fresh) > self._limits.fresh_limit or (
            self._fresh_bytes > self._limits.fresh_limit_bytes and len(self._fresh) > 1
        ):
            self._boundary_no = self._take_fresh().message_no + 1

    def declare(self, drops: Iterable[RecordedDrop]) -> None:
        """Ranges were dropped: they are not sent any more, and go into headers until acknowledged."""
        for drop in drops:
            self._drops[drop.drop_no] = drop
            self._remove(drop.boot_no, SeqRanges([(drop.dropped.first, drop.dropped.last)]))

    def acked(self, boot_no: int, ranges: Sequence[tuple[int, int]], now_s: float) -> list[int]:
        """The database has messages; returns the numbers of drops that the gateway now knows of."""
        declared: list[int] = []
        for flight in self._remove(boot_no, SeqRanges(ranges)):
            known = [drop.drop_no for drop in flight.drops if self._drops.pop(drop.drop_no, None) is not None]
            declared.extend(known)
            if flight.attempts == 1:
                self._learn(now_s - flight.first_sent_s)
        self._heard_s, self._ask_at_s, self._asks = now_s, now_s, 0
        # The gateway is alive, so nothing needs to wait for a long step of its backoff any more.
        soonest_s = now_s + self.timeout_s * (1.0 + 0.5 * self._rng.random())
        for flight in self._flights.values():
            flight.resend_at_s = min(flight.resend_at_s, soonest_s)
        return declared

    def rescan(self) -> None:
        """Messages may be on disk behind the reading place: begin again with the oldest."""
        self._cursor_no = -1
        self._boundary_no = max(self._boundary_no, self._fresh[0].message_no if self._fresh else self._boundary_no)

    def forget_all(self) -> None:
        """The outbox was replaced by an empty one: only what is in memory can still be sent."""
        self._backlog.clear()
        self._cursor_no = self._boundary_no
        self._drops.clear()

    # ---- what to do

    def read_request(self) -> ReadRequest | None:
        """What to read from disk now; answer with ``fill``."""
        if self._reading or len(self._backlog) >= _READ_CHUNK // 2 or self._cursor_no + 1 >= self._boundary_no:
            return None
        self._reading = True
        self._gone_while_reading.clear()
        return ReadRequest(self._cursor_no, self._boundary_no, _READ_CHUNK)

    def fill(self, request: ReadRequest, messages: Sequence[OutboxMessage]) -> None:
        """Take what was read for a request."""
        self._reading = False
        self._cursor_no = messages[-1].message_no if messages else request.before_no - 1
        gone = self._gone_while_reading
        known = {m.message_no for m in self._fresh}
        self._backlog.extend(
            m
            for m in messages
            if m.message_no not in self._flights
            and m.message_no not in known
            and not any(is_gone(m) for is_gone in gone)
        )

    def read_failed(self) -> None:
        """The disk did not answer; ask again later."""
        self._reading = False

    def due(self, now_s: float) -> list[SendOrder]:
        """Take the messages to publish now: overdue ones, then new ones as far as the window allows."""
        if not self._connected:
            return []
        orders = self._overdue(now_s)
        while (found := self._next()) is not None:
            message, is_fresh = found
            orders.append(self._send(message, now_s, is_fresh=is_fresh))
        return orders

    def next_due_s(self) -> float | None:
        """When the next message goes again if no ack comes; None if nothing waits for that."""
        if not self._connected:
            return None
        return min((f.resend_at_s for f in self._flights.values() if not f.on_wire), default=None)

    # ---- inside

    def _overdue(self, now_s: float) -> list[SendOrder]:
        """Take what goes again: whatever was sent before an ack was last heard, and of the rest only one, to ask."""
        waiting = [flight for _, flight in sorted(self._flights.items()) if not flight.on_wire]
        orders = [
            self._resend(flight, now_s)
            for flight in waiting
            if flight.resend_at_s <= now_s and flight.last_sent_s <= self._heard_s
        ]
        silent = [flight for flight in waiting if flight.last_sent_s > self._heard_s]
        if any(flight.resend_at_s <= now_s for flight in silent):
            if now_s >= self._ask_at_s:
                # Each in turn, so that no message that can never be acknowledged stands before the others.
                orders.append(self._resend(min(silent, key=lambda flight: flight.attempts), now_s))
                self._asks += 1
                self._ask_at_s = self._resend_at_s(now_s, attempts=self._asks + 1)
            for flight in silent:
                flight.resend_at_s = max(flight.resend_at_s, self._ask_at_s)
        return orders

    def _next(self) -> tuple[OutboxMessage, bool] | None:
        free = self._limits.window - len(self._flights)
        if free <= 0:
            return None
        # While both wait, each is sure of a quarter of the window.
        share = max(1, self._limits.window - max(1, self._limits.window // 4))
        fresh_in_flight = self._fresh_in_flight
        has_backlog = bool(self._backlog) or self._cursor_no + 1 < self._boundary_no
        if self._fresh and (not has_backlog or fresh_in_flight < share):
            return self._take_fresh(), True
        if self._backlog and len(self._flights) - fresh_in_flight < share:
            return self._backlog.popleft(), False
        return None

    def _take_fresh(self) -> OutboxMessage:
        message = self._fresh.popleft()
        self._fresh_bytes -= len(message.readings_json)
        return message

    def _send(self, message: OutboxMessage, now_s: float, *, is_fresh: bool) -> SendOrder:
        drops = self._drops_for(message)
        self._fresh_in_flight += is_fresh
        self._flights[message.message_no] = _Flight(
            message, drops, is_fresh, now_s, now_s, self._resend_at_s(now_s, attempts=1)
        )
        return SendOrder(message, tuple(drop.dropped for drop in drops), 1)

    def _resend(self, flight: _Flight, now_s: float) -> SendOrder:
        flight.attempts += 1
        flight.last_sent_s = now_s
        flight.on_wire = True
        flight.resend_at_s = self._resend_at_s(now_s, attempts=flight.attempts)
        return SendOrder(flight.message, tuple(drop.dropped for drop in flight.drops), flight.attempts)

    def _resend_at_s(self, now_s: float, *, attempts: int) -> float:
        step_s = min(self._limits.resend_limit_s, self.timeout_s * 2.0 ** min(attempts - 1, 16))
        return now_s + step_s * (1.0 + 0.5 * self._rng.random())

    def _drops_for(self, message: OutboxMessage) -> tuple[RecordedDrop, ...]:
        # Only a message that no gateway can have seen yet proves by its ack that the drops in it were seen too.
        if not self._drops or message.boot_no != self._boot_no:
            return ()
        carried = {drop.drop_no for flight in self._flights.values() for drop in flight.drops}
        waiting = [drop for number, drop in self._drops.items() if number not in carried]
        return tuple(waiting[:_MAX_DECLARED_A_MESSAGE])

    def _remove(self, boot_no: int, seqs: SeqRanges) -> list[_Flight]:
        def is_gone(message: OutboxMessage) -> bool:
            return message.boot_no == boot_no and message.seq in seqs

        removed = [flight for flight in self._flights.values() if is_gone(flight.message)]
        for flight in removed:
            del self._flights[flight.message.message_no]
            self._fresh_in_flight -= flight.is_fresh
        if self._backlog and any(is_gone(m) for m in self._backlog):
            self._backlog = deque(m for m in self._backlog if not is_gone(m))
        if self._fresh and any(is_gone(m) for m in self._fresh):
            self._fresh = deque(m for m in self._fresh if not is_gone(m))
            self._fresh_bytes = sum(len(m.readings_json) for m in self._fresh)
        if self._reading:
            self._gone_while_reading.append(is_gone)
        return removed

    def _learn(self, latency_s: float) -> None:
        if self._latency_s == 0.0:
            self._latency_s, self._latency_spread_s = latency_s, latency_s / 2
            return
        self._latency_spread_s += (abs(latency_s - self._latency_s) - self._latency_spread_s) / 4
        self._latency_s += (latency_s - self._latency_s) / 8
