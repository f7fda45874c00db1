"""The few MQTT 5 packets that the load generator writes and reads by itself, as bytes and without any I/O."""

import struct
from collections.abc import Iterator

CONNACK = 0x20
PUBLISH = 0x30
PUBACK = 0x40
_SUBSCRIBE = 0x82
_PUBLISH_QOS_1 = 0x32
_DEFAULT_RECEIVE_MAXIMUM = 65_535
_RECEIVE_MAXIMUM = 0x21
_PROPERTY_BYTES = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}
"""Properties of a CONNACK that have a fixed size; all others are texts."""


def publish_frame(topic: str, payload: bytes, *, packet_id: int) -> bytes:
    """Build a PUBLISH of QoS 1 without properties."""
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name + struct.pack(">HB", packet_id, 0) + payload
    return bytes([_PUBLISH_QOS_1]) + variable_length(len(body)) + body


def subscribe_packet(topic_filter: str, *, packet_id: int = 1) -> bytes:
    """Build a SUBSCRIBE to one filter with QoS 1."""
    name = topic_filter.encode()
    body = struct.pack(">HBH", packet_id, 0, len(name)) + name + b"\x01"
    return bytes([_SUBSCRIBE]) + variable_length(len(body)) + body


def puback_packet(packet_id: int) -> bytes:
    """Build a PUBACK that says success."""
    return struct.pack(">BBH", PUBACK, 2, packet_id)


def split_packets(received: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take whole packets off the front of ``received``, each as its first byte and its body.

    Raises:
        ValueError: what stands there is no MQTT.
    """
    while len(received) >= 2:
        length, place = _read_variable(received, 1)
        if length < 0 or len(received) < place + length:
            return
        first_byte, body = received[0], bytes(received[place : place + length])
        del received[: place + length]
        yield first_byte, body


def take_publish(first_byte: int, body: bytes) -> tuple[int | None, bytes]:
    """Return packet id (None with QoS 0) and payload of a PUBLISH."""
    place = 2 + int.from_bytes(body[:2], "big")
    packet_id = None
    if first_byte & 0x06:
        packet_id = int.from_bytes(body[place : place + 2], "big")
        place += 2
    length, place = _read_variable(body, place)
    return packet_id, body[place + length :]


def connack_receive_maximum(body: bytes) -> int:
    """Return how many unacknowledged messages the broker takes of us.

    Raises:
        ValueError: the broker refuses us.
    """
    if body[1] != 0:
        raise ValueError(f"the broker refuses a device with reason {body[1]:#04x}")
    length, place = _read_variable(body, 2)
    end = place + length
    while place < end:
        identifier = body[place]
        place += 1
        size = _PROPERTY_BYTES.get(identifier)
        if identifier == _RECEIVE_MAXIMUM:
            return int.from_bytes(body[place : place + 2], "big")
        place += size if size is not None else 2 + int.from_bytes(body[place : place + 2], "big")
    return _DEFAULT_RECEIVE_MAXIMUM


def variable_length(length: int) -> bytes:
    """Encode a length, seven bits a byte."""
    out = bytearray()
    while True:
        length, digit = divmod(length, 128)
        out.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(out)


def _read_variable(data: bytes | bytearray, place: int) -> tuple[int, int]:
    """Return a length and where it ends; -1 if it is not there yet."""
    length = 0
    for shift in (0, 7, 14, 21):
        if place >= len(data):
            return -1, place
        digit = data[place]
        place += 1
        length |= (digit & 0x7F) << shift
        if digit < 0x80:
            return length, place
    raise ValueError("a packet's length has more than four bytes")
