"""Messages: the frozen header, a batch of readings, and what comes back.

The header ``{v, boot_id, seq, dropped}`` is frozen for ever, stands first in that order and is decoded first, so that
a message whose body nobody can read any more still has its place in the ledger. Unknown fields are ignored; a breaking
change makes ``v2``.
"""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Protocol, TypeVar, Union

import msgspec
from msgspec import Meta

from storesense_contracts.errors import StoresenseError
from storesense_contracts.ids import BootId, BootIdText
from storesense_contracts.readings import READING_TYPES, AnyReading, Instant
from storesense_contracts.topics import Stream

VERSION = 1
MAX_PAYLOAD_BYTES = 262_144
MAX_READINGS = 1_000

Seq = Annotated[int, Meta(ge=0, le=9_223_372_036_854_775_806, description="one counter a boot, over all streams")]


class DropReason(StrEnum):
    """Why the edge gave up messages that it had not got committed."""

    OVERFLOW = "overflow"
    EXPIRED = "expired"
    CORRUPT = "corrupt"


class DroppedRange(msgspec.Struct, frozen=True, kw_only=True):
    """Messages ``first`` to ``last`` (both included) of a boot that the edge dropped and will never send."""

    boot_id: BootIdText
    first: Seq
    last: Seq
    reason: DropReason


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What every message of every version begins with."""

    v: Annotated[int, Meta(ge=1, le=1_000)]
    boot_id: BootIdText
    seq: Seq
    dropped: Annotated[tuple[DroppedRange, ...], Meta(max_length=1_000)] = ()


class MessageBody(msgspec.Struct, frozen=True, kw_only=True):
    """A message's body with its readings still undecoded, so that one bad reading leaves its neighbours readable."""

    sent_at: Instant
    readings: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_READINGS)]


class _LenientBody(msgspec.Struct, frozen=True, kw_only=True):
    sent_at: Instant
    readings: Annotated[list[Any], Meta(min_length=1, max_length=MAX_READINGS)]


class CommitAck(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's word that messages of a boot are in the database; only this lets the outbox delete them.

    ``ranges`` are pairs of first and last seq, both included. ``received_at`` and ``echo_sent_at`` belong to the newest
    message of the batch and let the edge estimate its clock's offset.
    """

    v: Annotated[int, Meta(ge=1, le=1_000)] = VERSION
    boot_id: BootIdText
    ranges: Annotated[tuple[tuple[Seq, Seq], ...], Meta(max_length=10_000)]
    received_at: Instant
    echo_sent_at: Instant | None = None


class DeviceState(StrEnum):
    """Whether a device is connected to the broker."""

    ONLINE = "online"
    OFFLINE = "offline"


class DeviceStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device's retained last word; the broker sends the offline one as its last will."""

    v: Annotated[int, Meta(ge=1, le=1_000)] = VERSION
    boot_id: BootIdText
    state: DeviceState
    software: Annotated[str, Meta(max_length=64)] | None = None


class PayloadError(StoresenseError, ValueError):
    """A payload cannot be read; it becomes a dead letter with this reason.

    Attributes:
        stage: ``size``, ``header``, ``version``, ``body`` or ``reading``.
        detail: what was found and expected.
        header: the header, if that much could be read.
        index: the reading's place in the message, at stage ``reading``.
    """

    code = "bad_payload"

    def __init__(self, *, stage: str, detail: str, header: Header | None = None, index: int | None = None) -> None:
        self.stage = stage
        self.detail = detail
        self.header = header
        self.index = index
        super().__init__(f"{stage}: {detail}")


class DecodedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message with its good readings and, apart, the bad ones.

    Attributes:
        readings: (index in the message, reading) of each good one.
        bad: a PayloadError at stage ``reading`` and the raw JSON of each bad one.
    """

    header: Header
    sent_at: datetime
    readings: list[tuple[int, AnyReading]]
    bad: list[tuple[PayloadError, bytes]]


_HEADER_DECODER = msgspec.json.Decoder(Header)
_BODY_DECODER = msgspec.json.Decoder(MessageBody)
_ACK_DECODER = msgspec.json.Decoder(CommitAck)
_STATUS_DECODER = msgspec.json.Decoder(DeviceStatus)
_ENCODER = msgspec.json.Encoder()
_HEADER_PREFIX = re.compile(
    rb'\s*(\{\s*"v"\s*:\s*\d{1,4}\s*,\s*"boot_id"\s*:\s*"[0-9a-f]{32}"\s*,\s*"seq"\s*:\s*\d{1,19}'
    rb'(?:\s*,\s*"dropped"\s*:\s*\[[^\]]*\])?)\s*,'
)


def _union(stream: Stream) -> Any:
    return Union[READING_TYPES[stream]]  # noqa: UP007


class _WholeMessage(Header, frozen=True, kw_only=True):
    sent_at: Instant


_READING_DECODERS: dict[Stream, msgspec.json.Decoder[AnyReading]] = {
    stream: msgspec.json.Decoder(_union(stream)) for stream in READING_TYPES
}
_WHOLE_DECODERS: dict[Stream, msgspec.json.Decoder[Any]] = {
    stream: msgspec.json.Decoder(
        msgspec.defstruct(
            f"{stream.value.capitalize()}Message",
            [("readings", Annotated[list[_union(stream)], Meta(min_length=1, max_length=MAX_READINGS)])],  # type: ignore[misc]
            bases=(_WholeMessage,),
            frozen=True,
            kw_only=True,
        )
    )
    for stream in READING_TYPES
}


def check_size(payload: bytes) -> None:
    """Refuse an oversized payload before anything reads it. Raises PayloadError at stage ``size``."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise PayloadError(stage="size", detail=f"{len(payload)} bytes; a message has at most {MAX_PAYLOAD_BYTES}")


def decode_header(payload: bytes) -> Header:
    """Read the header alone, also of a payload that is malformed further on.

    Raises:
        PayloadError: at stage ``size`` or ``header``.
    """
    check_size(payload)
    try:
        return _HEADER_DECODER.decode(payload)
    except msgspec.ValidationError as exc:
        # JSON as far as it was read, with a header field that is wrong, perhaps the second of its name.
        raise PayloadError(stage="header", detail=str(exc)) from exc
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        prefix = _HEADER_PREFIX.match(payload)
        if prefix is None:
            raise PayloadError(stage="header", detail=str(exc)) from exc
        try:
            return _HEADER_DECODER.decode(prefix.group(1) + b"}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as prefix_exc:
            raise PayloadError(stage="header", detail=str(prefix_exc)) from exc


def decode_message(stream: Stream, payload: bytes) -> DecodedMessage:
    """Read a message of ``stream``, setting bad readings apart from good ones.

    Raises:
        PayloadError: nothing of it can be used; ``header`` is set if the header could be read.
    """
    check_size(payload)
    decoder = _WHOLE_DECODERS.get(stream)
    if decoder is not None:  # nearly all messages are good: one pass; what is wrong is found out below
        try:
            whole = decoder.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        else:
            if whole.v == VERSION:
                header = Header(v=whole.v, boot_id=whole.boot_id, seq=whole.seq, dropped=whole.dropped)
                sent_at = _in_utc(whole.sent_at, header)
                return DecodedMessage(header=header, sent_at=sent_at, readings=list(enumerate(whole.readings)), bad=[])
    header = decode_header(payload)
    if header.v != VERSION:
        raise PayloadError(stage="version", detail=f"v is {header.v}; this reads v {VERSION}", header=header)
    if stream not in READING_TYPES:
        raise PayloadError(stage="body", detail=f"stream {stream.value} carries no readings", header=header)
    return _decode_one_by_one(stream, header, payload)


def _in_utc(sent_at: datetime, header: Header) -> datetime:
    try:
        return sent_at.astimezone(UTC)
    except OverflowError as exc:
        raise PayloadError(
            stage="body", detail=f"sent_at is {sent_at}, which is no instant in UTC", header=header
        ) from exc


def _decode_one_by_one(stream: Stream, header: Header, payload: bytes) -> DecodedMessage:
    try:
        body = _decode_body(header, payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as exc:
        raise PayloadError(stage="body", detail=str(exc), header=header) from exc
    readings: list[tuple[int, AnyReading]] = []
    bad: list[tuple[PayloadError, bytes]] = []
    decoder = _READING_DECODERS[stream]
    for index, raw in enumerate(body.readings):
        try:
            readings.append((index, decoder.decode(raw)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            bad.append((PayloadError(stage="reading", detail=str(exc), header=header, index=index), bytes(raw)))
    return DecodedMessage(header=header, sent_at=_in_utc(body.sent_at, header), readings=readings, bad=bad)


def _decode_body(header: Header, payload: bytes) -> MessageBody:
    try:
        return _BODY_DECODER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        # Many an encoder writes NaN and Infinity, which are no JSON. Python's own reader takes them, so that the
        # reading they stand in can be told from its neighbours; written out again, that reading alone is malformed.
        lenient = json.loads(payload)
        body = msgspec.convert(lenient, _LenientBody)
        if (lenient.get("boot_id"), lenient.get("seq")) != (header.boot_id, header.seq):
            raise ValueError("boot_id or seq stands there twice, and not the same") from exc
        return MessageBody(
            sent_at=body.sent_at, readings=[msgspec.Raw(json.dumps(reading).encode()) for reading in body.readings]
        )


def encode_readings(readings: list[AnyReading]) -> bytes:
    """Encode a batch of readings as a JSON array, as the outbox keeps it until a header is put on."""
    if not 1 <= len(readings) <= MAX_READINGS:
        raise ValueError(f"a message carries 1 to {MAX_READINGS} readings, not {len(readings)}")
    return _ENCODER.encode(readings)


def encode_message(
    *,
    boot_id: BootId,
    seq: int,
    sent_at: datetime,
    readings_json: bytes,
    dropped: tuple[DroppedRange, ...] = (),
) -> bytes:
    """Put header and sending time around readings that were encoded before."""
    head = msgspec.to_builtins(Header(v=VERSION, boot_id=boot_id, seq=seq, dropped=dropped))
    if not dropped:
        del head["dropped"]
    head["sent_at"] = sent_at
    head["readings"] = msgspec.Raw(readings_json)
    return _ENCODER.encode(head)


def encode_struct(value: CommitAck | DeviceStatus) -> bytes:
    """Encode an acknowledgement or a status."""
    return _ENCODER.encode(value)


def decode_ack(payload: bytes) -> CommitAck:
    """Read a commit ack. Raises PayloadError."""
    return _decode_struct(_ACK_DECODER, payload)


def decode_status(payload: bytes) -> DeviceStatus:
    """Read a device's status. Raises PayloadError."""
    return _decode_struct(_STATUS_DECODER, payload)


class _Versioned(Protocol):
    @property
    def v(self) -> int: ...


_Struct = TypeVar("_Struct")
_VersionedStruct = TypeVar("_VersionedStruct", bound=_Versioned)


def decode_versioned(decoder: msgspec.json.Decoder[_VersionedStruct], payload: bytes) -> _VersionedStruct:
    """Read a payload of this version that is no batch of readings.

    Raises:
        PayloadError: at stage ``size``, ``version`` or ``body``.
    """
    value = _decode_struct(decoder, payload)
    if value.v != VERSION:
        raise PayloadError(stage="version", detail=f"v is {value.v}; this reads v {VERSION}")
    return value


def _decode_struct(decoder: msgspec.json.Decoder[_Struct], payload: bytes) -> _Struct:
    check_size(payload)
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise PayloadError(stage="body", detail=str(exc)) from exc
