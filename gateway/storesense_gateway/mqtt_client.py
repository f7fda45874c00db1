"""paho's client with a fast way in for messages, and acknowledgements that go out together.

paho reads a packet with three system calls and takes some 25 µs to hand it on, and sends each acknowledgement by
itself: with one reading a message that was half of the gateway's time. Here whatever the socket holds is read at once,
PUBLISH packets of QoS 0 and 1 are taken apart in place, and everything else is handed to paho, which stays in charge of
the connection: connecting, TLS, keep-alive, subscribing, publishing, reconnecting. What of paho's inside this leans on
is listed in ``LEANS_ON``, and a test holds it against the installed release.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes

LEANS_ON = (
    "_in_packet",
    "_last_bytes_received",
    "_loop_rc_handle",
    "_msgtime_mutex",
    "_packet_handle",
    "_packet_queue",
    "_ping_t",
    "_sock",
    "_sock_recv",
)
"""Attributes of ``paho.Client`` without a promise to stay."""

_CHUNK_BYTES = 262_144
_PUBLISH = PacketTypes.PUBLISH
_PUBACK = PacketTypes.PUBACK << 4
_ROOM_WAIT_S = 0.05


class MalformedError(Exception):
    """What the broker sent is no MQTT; the connection cannot be read any further."""


class Received(NamedTuple):
    """A message as it stands in its packet; ``mid`` is 0 with QoS 0."""

    topic: bytes
    payload: bytes
    mid: int
    qos: int


class ChunkClient(paho.Client):
    """A ``paho.Client`` whose messages come through ``on_messages`` instead of ``on_message``.

    Attributes:
        on_messages: called on the network thread with all messages of one read, in order.
        wait_for_room: called before each read with seconds to wait; False leaves what has come in the socket, so that
            TCP holds the broker back. Keep-alive goes on meanwhile.
    """

    on_messages: Callable[[Sequence[Received]], None]
    wait_for_room: Callable[[float], bool]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what ``paho.Client`` takes."""
        super().__init__(*args, **kwargs)
        self.on_messages = lambda _messages: None
        self.wait_for_room = lambda _timeout_s: True
        self._rest = b""
        self._rest_socket: Any = None
        # Each is counted by one thread alone: what came is by paho's, what was acknowledged by whoever acknowledges.
        self._came = 0
        self._acknowledged = 0

    def ack_all(self, mids: Sequence[int]) -> MQTTErrorCode:
        """Acknowledge messages of QoS 1 in the order given, by one write."""
        if not mids:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        self._acknowledged += len(mids)
        packets = b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids])
        return self._packet_queue(_PUBACK, packets, 0, 0)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 (paho's signature; paho ignores it too)
        """Read what the socket holds and handle every whole packet of it."""
        sock = self._sock
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        if sock is not self._rest_socket:
            self._rest, self._rest_socket = b"", sock
            self._came = self._acknowledged = 0
        if not self.wait_for_room(_ROOM_WAIT_S):
            self._note_life()
            self._ping_t = 0.0  # the answer may lie in the socket
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            chunk = self._sock_recv(_CHUNK_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            chunk = b""
        if not chunk:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        self._note_life()
        try:
            rc = self._take(self._rest + chunk if self._rest else chunk)
        except (MalformedError, MalformedPacket):
            rc = MQTTErrorCode.MQTT_ERR_PROTOCOL
        return self._loop_rc_handle(rc) if rc else rc

    def loop_misc(self) -> MQTTErrorCode:
        """Keep the connection alive, or end it when it is dead; see paho.

        A broker whose window is full may answer no ping until something is acknowledged (rumqttd does not), and while
        the database is away nothing is. So pings go out all the time, but an answer is missed only by whoever owes the
        broker nothing. A link that died in silence is noticed as soon as what is owed has been committed.
        """
        if self._came > self._acknowledged:
            self._ping_t = 0.0
        return super().loop_misc()

    def _take(self, data: bytes) -> MQTTErrorCode:
        """Handle every whole packet of ``data`` and keep the rest."""
        messages: list[Received] = []
        start, size = 0, len(data)
        try:
            while True:
                body, end = packet_bounds(data, start)
                if end > size:
                    break
                first = data[start]
                start = end
                if first >> 4 == _PUBLISH and first & 0b100 == 0:
                    messages.append(take_message(data, body, end, first >> 1 & 1))
                    continue
                self._pass_on(messages)
                messages = []
                rc = self._let_paho_handle(first, data[body:end])
                if rc or self._sock is not self._rest_socket:
                    return rc
        finally:
            self._pass_on(messages)
            self._rest = data[start:]
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _pass_on(self, messages: Sequence[Received]) -> None:
        if messages:
            self._came += sum(message.qos for message in messages)
            self.on_messages(messages)

    def _let_paho_handle(self, first: int, body: bytes) -> MQTTErrorCode:
        self._in_packet = {
            "command": first,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(body),
            "packet": bytearray(body),
            "to_process": 0,
            "pos": 0,
        }
        return self._packet_handle()

    def _note_life(self) -> None:
        with self._msgtime_mutex:
            self._last_bytes_received = paho.time_func()


def packet_bounds(data: bytes, start: int) -> tuple[int, int]:
    """Return where the body of the packet at ``start`` begins and ends.

    An end beyond the data says that the packet is not whole yet.

    Raises:
        MalformedError: its length has more than four bytes.
    """
    size = len(data)
    place = start + 1
    if place < size and data[place] < 0x80:
        return place + 1, place + 1 + data[place]
    length = shift = 0
    while place < size:
        digit = data[place]
        place += 1
        length |= (digit & 0x7F) << shift
        if digit < 0x80:
            return place, place + length
        shift += 7
        if shift > 21:
            raise MalformedError
    return place, size + 1


def take_message(data: bytes, body: int, end: int, qos: int) -> Received:
    """Take a PUBLISH of QoS 0 or 1 apart; its properties are of no use here and are skipped.

    Raises:
        MalformedError: its parts do not fit into it.
    """
    place = body + 2
    topic_end = place + (data[body] << 8 | data[body + 1]) if place <= end else end + 1
    after = topic_end + (2 if qos else 0)
    if after >= end:
        raise MalformedError
    topic = data[place:topic_end]
    mid = data[topic_end] << 8 | data[topic_end + 1] if qos else 0
    if data[after] == 0:
        return Received(topic, data[after + 1 : end], mid, qos)
    begin, properties_end = packet_bounds(data[:end], after - 1)
    if begin > end or properties_end > end:
        raise MalformedError
    return Received(topic, data[properties_end:end], mid, qos)
