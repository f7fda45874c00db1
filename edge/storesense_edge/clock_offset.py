"""How far the device's clock is off, learned from commit acks, and readings put right before they are sent.

A message leaves at m1 and its ack arrives at m4, both on the device's monotonic clock; the gateway received it at t2 on
its own. Whatever the delays were in either direction, "gateway less monotonic" lies between t2 - m4 and t2 - m1. So one
exchange gives bounds, not a guess; the narrowest bounds of the last minutes are kept (the minimum filter of NTP, RFC
5905, here on intervals), and a correction is made only when all of the bounds agree that it is large. The wall clock
takes no part in this, so that a clock that is set, jumps or begins at 1970 disturbs nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from storesense_contracts.clock import CLOCK_SET_FROM_AT, from_epoch_us, keep_within_minute_us, to_epoch_us

if TYPE_CHECKING:
    from collections.abc import Sequence

_REMEMBERED_SENDS = 4_096
_KEPT_EXCHANGES = 64
_KEPT_S = 900.0
_DRIFT = 1e-4
"""Two quartz clocks part by no more than 100 millionths; bounds are widened by that with age."""
_JUMP_US = 500_000
_SET_FROM_US = to_epoch_us(CLOCK_SET_FROM_AT)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between what the gateway's clock less this device's monotonic clock lies, in microseconds."""

    low_us: int
    high_us: int

    @property
    def middle_us(self) -> int:
        """The best single guess."""
        return (self.low_us + self.high_us) // 2

    @property
    def width_us(self) -> int:
        """How uncertain it is."""
        return self.high_us - self.low_us


@dataclass(frozen=True, slots=True)
class _Exchange:
    at_s: float
    bounds: Bounds

    def widened(self, now_s: float) -> Bounds:
        drift_us = int((now_s - self.at_s) * _DRIFT * 1e6)
        return Bounds(self.bounds.low_us - drift_us, self.bounds.high_us + drift_us)


class ClockOffset:
    """Learns where the gateway's clock stands against this device's monotonic one. No I/O; time is passed in."""

    def __init__(self) -> None:
        self._sent_s: dict[datetime, float | None] = {}
        self._exchanges: deque[_Exchange] = deque(maxlen=_KEPT_EXCHANGES)

    def sent(self, sent_at: datetime, now_s: float) -> None:
        """Note that a message which says ``sent_at`` leaves at ``now_s`` (monotonic)."""
        # A clock set back may say the same twice; then nobody knows which one an ack speaks of.
        self._sent_s[sent_at] = None if sent_at in self._sent_s else now_s
        while len(self._sent_s) > _REMEMBERED_SENDS:
            del self._sent_s[next(iter(self._sent_s))]

    def acked(self, echo_sent_at: datetime | None, received_at: datetime, now_s: float) -> bool:
        """Learn from an ack that arrived at ``now_s``; False if it says nothing about a message of ours."""
        sent_s = None if echo_sent_at is None else self._sent_s.pop(echo_sent_at, None)
        if sent_s is None or now_s < sent_s:
            return False
        received_us = to_epoch_us(received_at)
        found = Bounds(received_us - _us(now_s), received_us - _us(sent_s))
        known = self.bounds(now_s)
        if known is not None and (found.low_us > known.high_us or found.high_us < known.low_us):
            # Both cannot be true of one gateway clock: it was set, or another gateway answers. The newest counts.
            self._exchanges.clear()
        self._exchanges.append(_Exchange(now_s, found))
        return True

    def bounds(self, now_s: float) -> Bounds | None:
        """Return the narrowest bounds as they hold now; None while nothing is known."""
        while len(self._exchanges) > 1 and now_s - self._exchanges[0].at_s > _KEPT_S:
            self._exchanges.popleft()
        return min((each.widened(now_s) for each in self._exchanges), key=lambda each: each.width_us, default=None)

    def offset_ms(self, base_us: int, now_s: float) -> int | None:
        """Return how far the gateway's clock is ahead of a wall clock with this base; None while unknown."""
        bounds = self.bounds(now_s)
        return None if bounds is None else round((bounds.middle_us - base_us) / 1_000)


class SentInstants:
    """Tells the echo of a message of ours from that of somebody who sends as the same boot.

    That is a copy of this process: a virtual machine whose memory was snapshot and is run twice. Both go on with the
    same boot and the same numbers, and the ledger takes the second for repeats.
    """

    def __init__(self) -> None:
        self._order: deque[datetime] = deque()
        self._known: set[datetime] = set()
        self._newest_forgotten_at: datetime | None = None

    def add(self, sent_at: datetime) -> None:
        """Note that a message is about to leave with this instant."""
        if sent_at in self._known:
            return
        self._known.add(sent_at)
        self._order.append(sent_at)
        if len(self._order) > _REMEMBERED_SENDS:
            oldest_at = self._order.popleft()
            self._known.discard(oldest_at)
            if self._newest_forgotten_at is None or oldest_at > self._newest_forgotten_at:
                self._newest_forgotten_at = oldest_at

    def is_foreign(self, echo_sent_at: datetime | None) -> bool:
        """Tell whether an ack for our boot echoes what this process certainly never sent."""
        if echo_sent_at is None or echo_sent_at in self._known:
            return False
        return self._newest_forgotten_at is None or echo_sent_at > self._newest_forgotten_at


@dataclass(slots=True)
class ClockEpochs:
    """Which wall clock each message of this boot was recorded by: between two jumps it is one and the same.

    A base is "wall clock less monotonic clock", microseconds.
    """

    _first_seqs: list[int] = field(default_factory=list)
    _bases_us: list[int] = field(default_factory=list)

    def has_jumped(self, base_us: int) -> bool:
        """Tell whether the wall clock is another one than at the last look; slewing by NTP is no jump."""
        return bool(self._bases_us) and abs(base_us - self._bases_us[-1]) > _JUMP_US

    def observe(self, base_us: int, next_seq: int) -> None:
        """Note the wall clock's base from message ``next_seq`` on."""
        if self._bases_us and not self.has_jumped(base_us):
            return
        if self._first_seqs and self._first_seqs[-1] == next_seq:
            self._bases_us[-1] = base_us
            return
        self._first_seqs.append(next_seq)
        self._bases_us.append(base_us)

    def base_us(self, seq: int) -> int | None:
        """Return the base that message ``seq`` of this boot was recorded with."""
        place = bisect_right(self._first_seqs, seq) - 1
        return None if place < 0 else self._bases_us[place]


def base_us(now_at: datetime, monotonic_s: float) -> int:
    """Return the wall clock less the monotonic clock."""
    return to_epoch_us(now_at) - _us(monotonic_s)


def shift_us(
    recorded_base_us: int, present_base_us: int, bounds: Bounds | None, *, now_s: float, threshold_s: float
) -> int:
    """Return what to add to instants that a wall clock with ``recorded_base_us`` told.

    With bounds, it is the way to the gateway's clock if that is certainly more than ``threshold_s`` off, else 0.
    Without them, instants of a clock that was never set (it says a year before 2025) move onto the present wall clock:
    the distance in monotonic time is kept, and a gateway can put the rest right from the sending time.
    """
    if bounds is not None:
        low_us, high_us = bounds.low_us - recorded_base_us, bounds.high_us - recorded_base_us
        threshold_us = int(threshold_s * 1e6)
        return (low_us + high_us) // 2 if low_us > threshold_us or high_us < -threshold_us else 0
    if recorded_base_us + _us(now_s) < _SET_FROM_US:
        return present_base_us - recorded_base_us
    return 0


def shifted_readings(readings_json: bytes, shift_us: int) -> bytes:
    """Add ``shift_us`` to every ``measured_at`` of encoded readings.

    An interval that would straddle a UTC minute afterwards is moved into the minute that holds most of it.
    """
    readings: Sequence[dict[str, object]] = msgspec.json.decode(readings_json)
    return msgspec.json.encode([_shifted(reading, shift_us) for reading in readings])


def _shifted(reading: dict[str, object], shift: int) -> dict[str, object]:
    measured_us = to_epoch_us(msgspec.convert(reading["measured_at"], datetime)) + shift
    period_ms = reading.get("period_ms")
    if isinstance(period_ms, int):
        measured_us = keep_within_minute_us(measured_us, period_ms * 1_000)
    return reading | {"measured_at": from_epoch_us(measured_us)}


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
