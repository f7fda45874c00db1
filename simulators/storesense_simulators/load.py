"""The load generator: simulated devices that publish as fast as the gateway acknowledges, or at a given rate.

It runs in a process of its own (``python -m storesense_simulators.load``) and must never be the bottleneck: payloads
are encoded before the start, many packets go with one system call, and of what comes back only commit acks are decoded.
Each device keeps a window of messages without a commit ack, as a real one does (the naive yardstick sends no commit
acks, so there the broker's PUBACKs count). The order, a line of JSON, comes on standard input; ``{"event": "ready"}``
and, after a line ``go``, the result go out on standard output. A line ``stop`` ends the publishing early.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TextIO

import msgspec
from pydantic import SecretStr

from storesense_contracts import topics
from storesense_contracts.ids import BootId, DeviceId, StoreId, new_boot_id
from storesense_contracts.messages import decode_ack, encode_message, encode_readings
from storesense_contracts.readings import FootfallReading
from storesense_contracts.topics import Stream
from storesense_simulators.embedded.mqtt_probe import connect_packet
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
_WAIT_S = 0.02
_PACED_WAIT_S = 0.002


class TwinLoad(msgspec.Struct, frozen=True, kw_only=True):
    """Which store, and how much of it.

    Attributes:
        store: a shipped store's name, or a store file.
        minutes: how long it is simulated, at its busiest hour of the week.
        seed: the root of all chance.
    """

    store: str = "convenience"
    minutes: int = 10
    seed: int = 7


class LoadOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to publish.

    Attributes:
        host, port: of the broker.
        devices: (store id, device id, password) of each.
        messages: how many to have ready, over all devices.
        batch_size: readings in each.
        duration_s: no message is begun later than this after the start.
        window: messages of one device without an acknowledgement.
        rate: messages a second over all devices; None for as fast as the window lets.
        drain_s: how long to wait for the last acknowledgements.
        counts_commits: whether commit acks count, or the broker's PUBACKs.
        twin: the store that each store of ``devices`` is; None for footfall readings alone, all messages as large.
    """

    host: str
    port: int
    devices: list[tuple[str, str, str]]
    messages: int
    batch_size: int
    duration_s: float
    window: int = 256
    rate: float | None = None
    drain_s: float = 30.0
    counts_commits: bool = True
    twin: TwinLoad | None = None


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of it.

    Attributes:
        sent: messages published.
        acked: messages acknowledged,
        readings: and the readings in them.
        elapsed_s: from the first publication to the last acknowledgement.
        latencies_ms: sorted: publication to acknowledgement, of every message.
        ran_out: whether the messages ended before ``duration_s``.
        cpu_s: of this process, from the start.
    """

    sent: int
    acked: int
    readings: int
    elapsed_s: float
    latencies_ms: list[float]
    ran_out: bool
    cpu_s: float


class _Device:
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
        return len(self._acked)

    @property
    def readings_acked(self) -> int:
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


class LoadGenerator:
    """All devices of one order, in one thread."""

    def __init__(self, order: LoadOrder) -> None:
        """Encode everything; ``connect`` and ``run`` follow."""
        self._order = order
        traces = None if order.twin is None else _traces(order.twin, order.batch_size)
        self._devices = [_Device(order, place, traces) for place in range(len(order.devices))]

    def connect(self) -> None:
        """Connect and subscribe every device. Raises OSError."""
        for device in self._devices:
            device.connect(self._order.host, self._order.port)

    def run(self, stop: TextIO) -> LoadResult:
        """Publish until the time or the messages end, then wait for the last acknowledgements.

        Args:
            stop: something to read from it ends the time.

        Raises:
            OSError: a connection ended.
        """
        order = self._order
        with selectors.DefaultSelector() as selector:
            for device in self._devices:
                selector.register(device.socket, selectors.EVENT_READ, device)
            selector.register(stop, selectors.EVENT_READ, None)
            begun_s, begun_cpu_s = time.monotonic(), time.process_time()
            end_s = begun_s + order.duration_s
            acked = -1
            acked_s = begun_s
            while True:
                now_s = time.monotonic()
                if now_s < end_s:
                    self._fill(now_s, now_s - begun_s)
                for key, _ in selector.select(_PACED_WAIT_S if order.rate else _WAIT_S):
                    if key.data is None:
                        selector.unregister(stop)
                        end_s = min(end_s, time.monotonic())
                    else:
                        key.data.receive()
                present = sum(device.acked for device in self._devices)
                if present != acked:
                    acked, acked_s = present, time.monotonic()
                sent = sum(len(device.sent_s) for device in self._devices)
                is_over = time.monotonic() >= end_s or sent == order.messages
                if is_over and (acked == sent or now_s >= end_s + order.drain_s):
                    break
        latencies_s = sorted(value for device in self._devices for value in device.latencies_s)
        return LoadResult(
            sent=sent,
            acked=acked,
            readings=sum(device.readings_acked for device in self._devices),
            elapsed_s=acked_s - begun_s,
            latencies_ms=[round(value * 1e3, 2) for value in latencies_s],
            ran_out=sent == order.messages,
            cpu_s=time.process_time() - begun_cpu_s,
        )

    def close(self) -> None:
        """Leave the broker."""
        for device in self._devices:
            device.socket.close()

    def _fill(self, now_s: float, since_s: float) -> None:
        rate = self._order.rate
        for place, device in enumerate(self._devices):
            limit = len(device.packets)
            if rate is not None:
                limit = int(since_s * rate / len(self._devices) + place / len(self._devices))
            device.fill(limit, now_s)


def _traces(twin: TwinLoad, batch_size: int) -> "TwinTraces":
    # The twin brings NumPy, for which a load of footfall alone should not wait.
    from storesense_simulators.load_twin import TwinTraces  # noqa: PLC0415

    return TwinTraces(twin, batch_size=batch_size)


def _messages(
    device_id: DeviceId, boot_id: BootId, count: int, order: LoadOrder, traces: "TwinTraces | None"
) -> Iterator[tuple[Stream, int, bytes]]:
    """Yield stream, number of readings and payload of a device's messages."""
    if traces is None:
        for payload in _payloads(boot_id, count, order.batch_size):
            yield Stream.FOOTFALL, order.batch_size, payload
        return
    now = datetime.now(UTC)
    for seq, (stream, readings) in enumerate(traces.messages(device_id, count, until_at=now)):
        payload = encode_message(boot_id=boot_id, seq=seq, sent_at=now, readings_json=encode_readings(readings))
        yield stream, len(readings), payload


def _payloads(boot_id: str, messages: int, batch_size: int) -> Iterator[bytes]:
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


def main() -> int:
    """Serve one order."""
    order = msgspec.json.decode(sys.stdin.readline(), type=LoadOrder)
    generator = LoadGenerator(order)
    generator.connect()
    _say({"event": "ready"})
    if sys.stdin.readline().strip() != "go":
        return 1
    result = generator.run(sys.stdin)
    generator.close()
    _say(asdict(result))
    return 0


def _say(said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
