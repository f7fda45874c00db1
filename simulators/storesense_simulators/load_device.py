"""One simulated device of a load: its messages, encoded before the start, and its connection to the broker."""

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from storesense_contracts import topics
from storesense_contracts.ids import BootId, DeviceId, StoreId, new_boot_id
from storesense_contracts.messages import decode_ack, encode_message, encode_readings
from storesense_contracts.readings import FootfallReading
from storesense_contracts.topics import Stream
from storesense_simulators.embedded.mqtt_probe import connect_packet
from storesense_simulators.load_order import LoadOrder
from storesense_simulators.mqtt_packets import (
    PUBACK,
    PUBLISH,
    connack_receive_maximum,
    puback_packet,
    publish_frame,
    split_packets,
    subscribe_packet,
    take_publish,
)

if TYPE_CHECKING:
    from storesense_simulators.load_twin import TwinTraces

_PERIOD_MS = 200
_LINES = 5
_SEND_BYTES = 64_000
_RECEIVE_BYTES = 262_144
_CONNECT_TIMEOUT_S = 10.0


class LoadDevice:
    """One device's connection."""

    def __init__(self, order: LoadOrder, place: int, traces: "TwinTraces | None" = None) -> None:
        store_id, device_id, self._password = order.devices[place]
        self._store, self._device = StoreId(store_id), DeviceId(device_id)
        self.boot_id = new_boot_id()
        share = order.messages // len(order.devices) + (place < order.messages % len(order.devices))
        self.packets: list[bytes] = []
        self._sizes: list[int] = []
        for seq, (stream, size, payload) in enumerate(_messages(self._device, self.boot_id, share, order, traces)):
            topic = topics.up(self._store, self._device, stream)
            self.packets.append(publish_frame(topic, payload, packet_id=seq % 65_535 + 1))
            self._sizes.append(size)
        self.window = min(order.window, 65_000)
        self._counts_commits = order.counts_commits
        self.sent_s: list[float] = []
        self.latencies_s: list[float] = []
        self._acked: set[int] = set()
        self._unsent = b""
        self._received = bytearray()
        self.socket: socket.socket

    def connect(self, host: str, port: int) -> None:
        """Sign in to the broker and subscribe to the commit acks. Raises OSError."""
        self.socket = socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        user_name = topics.user_name(self._store, self._device)
        client_id = user_name.replace("/", ":")
        self.socket.sendall(
            connect_packet(
                client_id=client_id, user_name=user_name, password=SecretStr(self._password), keep_alive_s=600
            )
        )
        self.window = min(self.window, connack_receive_maximum(self._await_packet()))
        if self._counts_commits:
            self.socket.sendall(subscribe_packet(topics.down(self._store, self._device, topics.DownStream.ACK)))
            self._await_packet()
        self.socket.setblocking(False)

    def fill(self, limit: int, now_s: float) -> None:
        """Send what the window lets, up to message ``limit``."""
        if self._unsent and not self._push(b""):
            return
        while True:
            first = len(self.sent_s)
            last = min(len(self.packets), limit, first + self.window - (first - len(self._acked)))
            if last <= first:
                return
            size = 0
            end = first
            while end < last and size < _SEND_BYTES:
                size += len(self.packets[end])
                end += 1
            self.sent_s += [now_s] * (end - first)
            if not self._push(b"".join(self.packets[first:end])):
                return

    def receive(self) -> None:
        """Take what has come."""
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionError("the broker hung up on the load generator; its log tells why")
        now_s = time.monotonic()
        self._received += data
        for first_byte, body in split_packets(self._received):
            kind = first_byte & 0xF0
            if kind == PUBACK and not self._counts_commits:
                self._settle_packet(int.from_bytes(body[:2], "big"), now_s)
            elif kind == PUBLISH:
                packet_id, payload = take_publish(first_byte, body)
                if packet_id is not None:
                    self._push(puback_packet(packet_id))
                ack = decode_ack(payload)
                if ack.boot_id == self.boot_id:
                    for first, last in ack.ranges:
                        for seq in range(first, last + 1):
                            self._settle(seq, now_s)

    @property
    def acked(self) -> int:
        """Messages that were acknowledged."""
        return len(self._acked)

    @property
    def readings_acked(self) -> int:
        """The readings in them."""
        return sum(self._sizes[seq] for seq in self._acked)

    def _settle_packet(self, packet_id: int, now_s: float) -> None:
        newest = len(self.sent_s) - 1
        self._settle(newest - (newest - (packet_id - 1)) % 65_535, now_s)

    def _settle(self, seq: int, now_s: float) -> None:
        if seq not in self._acked:
            self._acked.add(seq)
            self.latencies_s.append(now_s - self.sent_s[seq])

    def _push(self, data: bytes) -> bool:
        """Send behind what still waits; return whether all of it went."""
        data = self._unsent + data
        try:
            sent = self.socket.send(data) if data else 0
        except BlockingIOError:
            sent = 0
        self._unsent = data[sent:]
        return not self._unsent

    def _await_packet(self) -> bytes:
        while True:
            for _first_byte, body in split_packets(self._received):
                return body
            data = self.socket.recv(4_096)
            if not data:
                raise ConnectionError("the broker refused a device of the load generator")
            self._received += data


def _messages(
    device_id: DeviceId, boot_id: BootId, count: int, order: LoadOrder, traces: "TwinTraces | None"
) -> Iterator[tuple[Stream, int, bytes]]:
    """Yield stream, number of readings and payload of a device's messages."""
    if traces is None:
        for payload in footfall_payloads(boot_id, count, order.batch_size):
            yield Stream.FOOTFALL, order.batch_size, payload
        return
    now = datetime.now(UTC)
    for seq, (stream, readings) in enumerate(traces.messages(device_id, count, until_at=now)):
        payload = encode_message(boot_id=boot_id, seq=seq, sent_at=now, readings_json=encode_readings(readings))
        yield stream, len(readings), payload


def footfall_payloads(boot_id: str, messages: int, batch_size: int) -> Iterator[bytes]:
    """Footfall readings, one each 200 ms from an hour ago on, that stay within their minute."""
    begin_at = (datetime.now(UTC) - timedelta(hours=1)).replace(second=0, microsecond=0)
    step = timedelta(milliseconds=_PERIOD_MS)
    count = 3_600_000 // _PERIOD_MS - 1
    for seq in range(messages):
        readings = [
            FootfallReading(
                measured_at=begin_at + step * ((seq * batch_size + idx) % count),
                period_ms=_PERIOD_MS,
                line_id=f"line-{idx % _LINES}",
                in_count=(seq + idx) % 4,
                out_count=idx % 3,
            )
            for idx in range(batch_size)
        ]
        yield encode_message(
            boot_id=boot_id,  # type: ignore[arg-type]
            seq=seq,
            sent_at=begin_at,
            readings_json=encode_readings(list(readings)),
        )
