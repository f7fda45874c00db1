"""What of a dead letter can be stored after a fix: it goes through the same decoding again. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from storesense_contracts.clock import from_epoch_us, keep_within_minute_us, to_epoch_us
from storesense_contracts.errors import StoresenseError
from storesense_contracts.readings import AnyReading
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import Entry, Incoming, Part, Tag

_ANY_TIME = Limits(future_tolerance_s=5_000 * 31_556_952.0, past_tolerance_s=2_000 * 31_556_952.0)
_NO_TAG = Tag(0, 0, 0)


class NotReplayableError(StoresenseError):
    """A dead letter cannot be stored; the reason says why, or what to do first."""

    code = "not_replayable"

    def __init__(self, *, dead_letter_id: int, reason: str) -> None:
        self.dead_letter_id = dead_letter_id
        self.reason = reason
        super().__init__(f"dead letter {dead_letter_id} cannot be replayed: {reason}")


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter as the database keeps it.

    Attributes:
        dead_letter_id: its number.
        idx: the reading's place in its message; None if the letter is a whole message.
        payload: that reading, or the whole message.
        payload_bytes: how large it was; more than is kept if it was cut.
        replayed_at: when it was stored after all.
    """

    dead_letter_id: int
    received_at: datetime
    topic: str
    stage: str
    reason: str
    store_id: str | None
    device_id: str | None
    boot_id: str | None
    seq: int | None
    idx: int | None
    payload: bytes
    payload_bytes: int
    replayed_at: datetime | None

    @property
    def is_in_ledger(self) -> bool:
        """Whether its message's ``seq`` was committed with it, as for all whose header could be read."""
        return None not in (self.store_id, self.device_id, self.boot_id, self.seq)


def entry_of(letter: KeptLetter, limits: Limits, *, now: datetime, shift_ms: int = 0) -> Entry:
    """Decode a dead letter anew.

    Args:
        letter: the dead letter.
        limits: what of a reading's time is believed, relative to ``now``: a future that has come is none.
        now: the present.
        shift_ms: added to every instant, where the device's clock is known to have been wrong by that.

    Returns:
        An entry with the readings to store, at the places that they had in their message, and without drops, which
        were declared when the message came.

    Raises:
        NotReplayableError: it is still wrong, or it was cut, or its message was stored.
    """

    def refuse(reason: str) -> NotReplayableError:
        return NotReplayableError(dead_letter_id=letter.dead_letter_id, reason=reason)

    if letter.payload_bytes > len(letter.payload):
        raise refuse(f"only {len(letter.payload)} of its {letter.payload_bytes} bytes were kept")
    if letter.stage == "header" and letter.is_in_ledger:
        raise refuse("its message was stored; only what it declared dropped could not be used")
    received_us = to_epoch_us(letter.received_at)
    payload = letter.payload if letter.idx is None else _as_message(letter)
    entry = decode(Incoming(letter.topic, payload, received_us, _NO_TAG), _ANY_TIME)
    if not isinstance(entry, Entry):
        raise refuse(f"it still cannot be read ({getattr(entry, 'reason', 'it says nothing')})")
    if entry.letters and not entry.parts:
        raise refuse(f"it still cannot be used ({entry.letters[0].reason})")
    parts = [_replaced(part, letter.idx, shift_ms) for part in entry.parts]
    for part in parts:
        for reading in part.readings:
            _check_time(reading, limits, now, refuse_as=letter.dead_letter_id)
    return msgspec.structs.replace(entry, parts=parts, dropped=())


def _as_message(letter: KeptLetter) -> bytes:
    head = {"v": 1, "boot_id": letter.boot_id, "seq": letter.seq, "sent_at": letter.received_at}
    return msgspec.json.encode(head)[:-1] + b',"readings":[' + letter.payload + b"]}"


def _replaced(part: Part, idx: int | None, shift_ms: int) -> Part:
    readings = [_shifted(reading, shift_ms) for reading in part.readings] if shift_ms else part.readings
    return Part(part.family, part.idxs if idx is None else [idx], readings, part.subjects)


def _shifted(reading: AnyReading, shift_ms: int) -> AnyReading:
    measured_us = to_epoch_us(reading.measured_at) + shift_ms * 1_000
    period_ms: int | None = getattr(reading, "period_ms", None)
    if period_ms is not None:
        measured_us = keep_within_minute_us(measured_us, period_ms * 1_000)
    return msgspec.structs.replace(reading, measured_at=from_epoch_us(measured_us))


def _check_time(reading: AnyReading, limits: Limits, now: datetime, *, refuse_as: int) -> None:
    newest_at = now + timedelta(seconds=limits.future_tolerance_s)
    oldest_at = now - timedelta(seconds=limits.past_tolerance_s)
    if not oldest_at <= reading.measured_at <= newest_at:
        word = "in the future" if reading.measured_at > now else "too old"
        raise NotReplayableError(
            dead_letter_id=refuse_as,
            reason=f"measured_at is {reading.measured_at.isoformat()}, which is still {word}; "
            "give a shift if the device's clock was wrong",
        )
