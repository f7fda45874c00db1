"""From a received message to what of it can be stored, and what becomes a dead letter, and why.

A message whose header can be read always yields an ``Entry``: whatever else is wrong with it, its ``seq`` is committed
and acknowledged, so that the edge does not send it for ever.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from storesense_contracts.clock import from_epoch_us
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.messages import (
    DecodedMessage,
    Header,
    PayloadError,
    decode_header,
    decode_message,
    decode_status,
)
from storesense_contracts.readings import AnyReading, HealthReading, HeatmapReading, Reading
from storesense_contracts.topics import InvalidTopicError, Stream, UpTopic, parse_up
from storesense_gateway.checks import check_health, check_heatmap
from storesense_gateway.entries import (
    BootKey,
    DeadLetter,
    Decoded,
    DeviceKey,
    Entry,
    Incoming,
    Part,
    StatusUpdate,
    storable,
)
from storesense_gateway.families import FAMILIES
from storesense_gateway.unset_clock import is_unset, on_gateway_clock

_MAX_DROPPED_LETTER_BYTES = 4_096
_MAX_LETTER_BYTES = 262_144
_MAX_CACHED_TOPIC = 200


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What of a reading's time is believed, relative to its receipt."""

    future_tolerance_s: float = 60.0
    past_tolerance_s: float = 400 * 86_400.0


def decode(incoming: Incoming, limits: Limits) -> Decoded:
    """Take one message apart. Never raises for anything a payload or topic can hold."""
    # A device may make up topics of 64 KiB; the cache is for those that are ours.
    target = (_target if len(incoming.topic) <= _MAX_CACHED_TOPIC else _target.__wrapped__)(incoming.topic)
    if target.stream is Stream.STATUS and target.device is not None:
        return _decode_status(incoming, target.device)
    if target.stream is None or target.device is None:
        return _decode_strange(incoming, target)
    return _decode_readings(incoming, target.device, target.stream, limits)


class _Target(NamedTuple):
    device: DeviceKey | None
    stream: Stream | None
    problem: str


@lru_cache(maxsize=65_536)
def _target(topic: str) -> _Target:
    try:
        parsed = parse_up(topic)
    except InvalidTopicError as exc:
        # A stream that this release does not know still has a device, whose seq is to be committed.
        beside = f"{topic.rpartition('/')[0]}/{Stream.HEALTH.value}"
        return _Target(_device_of(beside), None, str(exc))
    return _Target(_device_key(parsed), parsed.stream, "")


def _device_of(topic: str) -> DeviceKey | None:
    try:
        return _device_key(parse_up(topic))
    except InvalidTopicError:
        return None


def _device_key(parsed: UpTopic) -> DeviceKey:
    return DeviceKey(StoreId(parsed.store_id), DeviceId(parsed.device_id))


def _decode_status(incoming: Incoming, device: DeviceKey) -> StatusUpdate | DeadLetter | None:
    if not incoming.payload:
        return None
    try:
        status = decode_status(incoming.payload)
    except PayloadError as exc:
        return _letter(incoming, device, None, exc.stage, exc.detail)
    return StatusUpdate(
        device=device,
        boot_id=status.boot_id,
        state=status.state,
        software=None if status.software is None else status.software.replace("\x00", "\N{REPLACEMENT CHARACTER}"),
        received_us=incoming.received_us,
    )


def _decode_strange(incoming: Incoming, target: _Target) -> Entry | DeadLetter:
    """Take apart a message on a topic that is none of ours, or of a stream that this release does not know."""
    try:
        header = decode_header(incoming.payload)
    except PayloadError as exc:
        return _letter(incoming, target.device, None, exc.stage, exc.detail)
    letter = _letter(incoming, target.device, header, "topic", target.problem)
    return letter if target.device is None else _entry(incoming, target.device, None, header, letters=[letter])


def _decode_readings(incoming: Incoming, device: DeviceKey, stream: Stream, limits: Limits) -> Entry | DeadLetter:
    try:
        message = decode_message(stream, incoming.payload)
    except PayloadError as exc:
        letter = _letter(incoming, device, exc.header, exc.stage, exc.detail)
        return letter if exc.header is None else _entry(incoming, device, stream, exc.header, letters=[letter])
    except OverflowError as exc:  # sent_at has an offset that moves it out of the years 1 to 9999
        header = decode_header(incoming.payload)
        letter = _letter(incoming, device, header, "body", f"sent_at: {exc}")
        return _entry(incoming, device, stream, header, letters=[letter])
    letters: list[DeadLetter] = []
    parts = _sort_out(incoming, device, message, limits, letters)
    return _entry(incoming, device, stream, message.header, sent_at=message.sent_at, parts=parts, letters=letters)


def _entry(
    incoming: Incoming,
    device: DeviceKey,
    stream: Stream | None,
    header: Header,
    *,
    letters: list[DeadLetter],
    sent_at: datetime | None = None,
    parts: list[Part] | None = None,
) -> Entry:
    dropped = header.dropped
    if any(each.first > each.last for each in dropped):
        dropped = tuple(each for each in dropped if each.first <= each.last)
        letters.append(_letter(incoming, device, header, "header", "a dropped range ends before it begins"))
    return Entry(
        boot=BootKey(device.store_id, device.device_id, header.boot_id),
        topic=incoming.topic,
        stream=stream,
        seq=header.seq,
        received_us=incoming.received_us,
        sent_at=sent_at,
        dropped=dropped,
        parts=parts or [],
        letters=letters,
    )


def _sort_out(
    incoming: Incoming,
    device: DeviceKey,
    message: DecodedMessage,
    limits: Limits,
    letters: list[DeadLetter],
) -> list[Part]:
    """Set apart what is bad, adding it to ``letters``, and gather the rest by family."""
    for error, raw in message.bad:
        letters.append(
            _letter(incoming, device, message.header, error.stage, error.detail, idx=error.index, payload=raw)
        )
    oldest_at, newest_at = _believed(incoming.received_us, limits)
    if not message.bad:
        part = _one_good_part(message, oldest_at, newest_at)
        if part is not None:
            return [part]
    received_at = from_epoch_us(incoming.received_us)
    good: dict[type[Reading], tuple[list[int], list[AnyReading]]] = {}
    kind: type[Reading] | None = None
    unset = is_unset(message.sent_at)
    for idx, reading in on_gateway_clock(message, incoming.received_us) if unset else message.readings:
        check = _CHECKS.get(type(reading))
        if not oldest_at <= reading.measured_at <= newest_at or (check is not None and check(reading) is not None):
            stage, reason = _why_not(reading, received_at, limits)
            raw = msgspec.json.encode(reading)
            letters.append(_letter(incoming, device, message.header, stage, reason, idx=idx, payload=raw))
            continue
        if type(reading) is not kind:
            kind = type(reading)
            idxs, readings = good.setdefault(kind, ([], []))
        idxs.append(idx)
        readings.append(reading)
    return [
        Part(FAMILIES[kind], idxs, readings, list(map(FAMILIES[kind].subject, readings)))
        for kind, (idxs, readings) in good.items()
    ]


def _one_good_part(message: DecodedMessage, oldest_at: datetime, newest_at: datetime) -> Part | None:
    """Take a message of one kind with nothing to sort out, as nearly all are, at once; None for any other."""
    readings = [reading for _, reading in message.readings]
    kinds = set(map(type, readings))
    kind = kinds.pop()
    if kinds or kind in _CHECKS:
        return None
    times = [reading.measured_at for reading in readings]
    if not (oldest_at <= min(times) and max(times) <= newest_at):
        return None
    family = FAMILIES[kind]
    return Part(family, list(range(len(readings))), readings, list(map(family.subject, readings)))


@lru_cache(maxsize=16)
def _believed(received_us: int, limits: Limits) -> tuple[datetime, datetime]:
    """Return between which instants a reading that was received then is believed; one read brings many messages."""
    received_at = from_epoch_us(received_us)
    return (
        received_at - timedelta(seconds=limits.past_tolerance_s),
        received_at + timedelta(seconds=limits.future_tolerance_s),
    )


def _why_not(reading: AnyReading, received_at: datetime, limits: Limits) -> tuple[str, str]:
    ahead_s = (reading.measured_at - received_at).total_seconds()
    if ahead_s > limits.future_tolerance_s:
        return "future", (
            f"measured_at is {ahead_s:.0f} s ahead of the gateway's clock, of which {limits.future_tolerance_s:.0f} s "
            "are tolerated"
        )
    if -ahead_s > limits.past_tolerance_s:
        return "past", (
            f"measured_at is {-ahead_s / 86_400:.0f} days old, of which {limits.past_tolerance_s / 86_400:.0f} "
            "are tolerated"
        )
    return "reading", _CHECKS[type(reading)](reading) or "no reason"


_CHECKS: dict[type[Reading], Callable[[Any], str | None]] = {
    HeatmapReading: check_heatmap,
    HealthReading: check_health,
}


def _letter(
    incoming: Incoming,
    device: DeviceKey | None,
    header: Header | None,
    stage: str,
    reason: str,
    *,
    idx: int | None = None,
    payload: bytes | None = None,
) -> DeadLetter:
    whole = incoming.payload if payload is None else payload
    kept = whole if len(whole) <= _MAX_LETTER_BYTES else whole[:_MAX_DROPPED_LETTER_BYTES]
    return DeadLetter(
        received_us=incoming.received_us,
        topic=storable(incoming.topic),
        stage=stage,
        reason=storable(reason)[:1_000],
        payload=bytes(kept),
        payload_bytes=len(whole),
        store_id=device.store_id if device else None,
        device_id=device.device_id if device else None,
        boot_id=header.boot_id if header else None,
        seq=header.seq if header else None,
        idx=idx,
    )
