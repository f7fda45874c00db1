"""Payloads through a real broker, a real gateway and a real database, and the tables against what they should hold.

The same payloads go through the decoder and the store in memory; the rows, the dead letters and the ledger of the
database have to be those, and every number that the gateway acknowledged has to be in one of them.
"""

import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Self

import psutil
from pydantic import SecretStr

from storesense_contracts import topics
from storesense_contracts.clock import to_epoch_us
from storesense_contracts.messages import PayloadError, decode_ack
from storesense_contracts.sql import load_queries
from storesense_contracts.topics import parse_down
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import DeadLetter, Entry, Incoming, Tag
from storesense_gateway.memory import MemoryStore
from storesense_simulators.bench_world import BenchError, BenchWorld
from storesense_simulators.chaos.audit import Found, MessageKey, find
from storesense_simulators.embedded.mqtt_probe import connect_packet
from storesense_simulators.embedded.ports import LOOPBACK
from storesense_simulators.fuzz.payloads import Made
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

_QUERIES = load_queries("storesense_simulators", "fuzz/fuzz.sql")
_DEADLINE_S = 60.0
_WINDOW = 50
_BATCH = 200
_WARM_SHARE = 0.2
_REPLAYED = 1_000

Number = tuple[str, str, str, int]
"""Store, device, boot and seq."""


@dataclass(slots=True)
class ThroughFindings:
    """What came of the payloads that went the whole way.

    Attributes:
        payloads: published, and confirmed by the broker.
        replayed: of those, sent again after all of them had been.
        acknowledged: numbers that the gateway said are committed.
        unacknowledged: numbers that it should have and did not.
        rows: readings in the tables.
        wrong_rows: rows that should not be there, are missing, or stand there twice.
        dead_letters: in the table.
        wrong_dead_letters: by how many each stage is off.
        gateway_rss_mb: memory of the gateway at most.
        gateway_rss_growth_mb: that, less what it was after the first fifth.
        gateway_ended: whether it ended by itself.
    """

    payloads: int = 0
    replayed: int = 0
    acknowledged: int = 0
    unacknowledged: int = 0
    rows: int = 0
    wrong_rows: int = 0
    dead_letters: int = 0
    wrong_dead_letters: int = 0
    gateway_rss_mb: float = 0.0
    gateway_rss_growth_mb: float = 0.0
    gateway_ended: bool = False

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.unacknowledged or self.wrong_rows or self.wrong_dead_letters or self.gateway_ended)

    def as_json(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return asdict(self)


def run_through(
    payloads: Sequence[Made],
    *,
    store_ids: Sequence[str],
    other_store_id: str,
    now_at: datetime,
    replays: int,
    database_url: str | None,
    tell: Callable[[int], None],
) -> ThroughFindings:
    """Publish everything, wait for the gateway and compare.

    Args:
        payloads: in this order.
        store_ids: the gateway's stores.
        other_store_id: a store that is not the gateway's.
        now_at: when they were made.
        replays: how often the first thousand messages with a readable header are sent again, before the last tenth of
            the payloads, whose acks then tell that the gateway has seen them all.
        database_url: a server to use; None starts the embedded one.
        tell: is told how many are published.

    Raises:
        BenchError: a part does not start, or the broker hangs up.
    """
    devices = [(store_ids[0], "fuzzer")]
    with BenchWorld(devices, database_url=database_url, broker_kind="embedded", keep_dir=None) as world:
        gateway = world.gateway(
            store_ids=",".join(store_ids),
            dead_letters_per_hour="1000000000",
            dead_letter_bytes_per_hour="1000000000000",
            series_per_device="1000000",
        )
        expected = _expect(payloads, store_ids, now_at)
        findings = ThroughFindings()
        with gateway:
            process = psutil.Process(gateway.pid)
            user = world.devices(store_ids[0])[0]
            with _Publisher(world.broker.port, f"{user[0]}/{user[1]}", user[2]) as publisher:
                warm_mb = 0.0
                repeated_at = len(payloads) * 9 // 10
                for number, made in enumerate(payloads):
                    if number == repeated_at:
                        again = _with_header(payloads[:repeated_at], store_ids, now_at)
                        for _ in range(replays if again else 0):
                            publisher.forget(again[-1][0])
                            for _number, each in again:
                                publisher.publish(each.topic, each.payload)
                            publisher.await_acks({again[-1][0]}, _DEADLINE_S)  # or the broker's log might overflow
                            findings.replayed += len(again)
                    publisher.publish(made.topic, made.payload)
                    if number % _BATCH == 0:
                        tell(number)
                        rss_mb = process.memory_info().rss / 1e6
                        findings.gateway_rss_mb = max(findings.gateway_rss_mb, round(rss_mb, 1))
                        if number <= len(payloads) * _WARM_SHARE:
                            warm_mb = max(warm_mb, rss_mb)
                publisher.finish()
                numbers = {(*key, seq) for key, seqs in _seqs_of(expected).items() for seq in seqs}
                publisher.await_acks(numbers, _DEADLINE_S)
                findings.payloads = publisher.published
                findings.acknowledged = len(publisher.acked & numbers)
                findings.unacknowledged = len(numbers - publisher.acked)
            findings.gateway_rss_growth_mb = round(findings.gateway_rss_mb - warm_mb, 1)
            findings.gateway_ended = gateway.failure() is not None
        found = find(world.database_url, [*store_ids, other_store_id])
        _compare(findings, expected, found, _letters_by_stage(world))
        return findings


def _expect(payloads: Sequence[Made], store_ids: Sequence[str], now_at: datetime) -> MemoryStore:
    """Store in memory what of the payloads is subject to the gateway's subscription."""
    store = MemoryStore()
    limits = Limits()
    ours = [made for made in payloads if _is_subscribed(made.topic, store_ids)]
    for first in range(0, len(ours), _BATCH):
        decoded = [
            decode(Incoming(made.topic, made.payload, to_epoch_us(now_at), Tag(1, 1, 1)), limits)
            for made in ours[first : first + _BATCH]
        ]
        entries = [each for each in decoded if isinstance(each, Entry)]
        store.commit(entries, [each for each in decoded if isinstance(each, DeadLetter)])
    return store


def _with_header(payloads: Sequence[Made], store_ids: Sequence[str], now_at: datetime) -> list[tuple[Number, Made]]:
    """Return the first payloads of ours that have a number, and so are stored once however often they come."""
    limits, received_us = Limits(), to_epoch_us(now_at)
    ours = (made for made in payloads if _is_subscribed(made.topic, store_ids))
    decoded = ((made, decode(Incoming(made.topic, made.payload, received_us, Tag(1, 1, 1)), limits)) for made in ours)
    numbered = (((*entry.boot, entry.seq), made) for made, entry in decoded if isinstance(entry, Entry))
    return list(islice(numbered, _REPLAYED))


def _is_subscribed(topic: str, store_ids: Sequence[str]) -> bool:
    parts = topic.split("/")
    return len(parts) == 6 and "/".join(parts[:2]) == topics.ROOT and parts[2] in store_ids and parts[4] == "up"


def _seqs_of(expected: MemoryStore) -> dict[tuple[str, str, str], set[int]]:
    """Return which numbers of which boots are to be acknowledged: all that a message came for."""
    seqs: dict[tuple[str, str, str], set[int]] = {}
    for rows in expected.rows.values():
        for row in rows:
            seqs.setdefault(row.boot, set()).add(row.seq)
    for letter in expected.letters:
        if letter.store_id and letter.device_id and letter.boot_id and letter.seq is not None:
            seqs.setdefault((letter.store_id, letter.device_id, letter.boot_id), set()).add(letter.seq)
    return seqs


def _compare(findings: ThroughFindings, expected: MemoryStore, found: Found, letters: Counter[str]) -> None:
    wanted = Counter((*row.boot, row.seq, row.idx) for rows in expected.rows.values() for row in rows)
    stored: Counter[tuple[str, str, str, int, int]] = Counter()
    for key, idxs in found.rows.items():
        for idx, count in idxs.items():
            stored[*_key(key), idx] += count
    findings.rows = stored.total()
    findings.wrong_rows = (stored - wanted).total() + (wanted - stored).total()
    meant = Counter(letter.stage for letter in expected.letters)
    findings.dead_letters = letters.total()
    findings.wrong_dead_letters = (letters - meant).total() + (meant - letters).total()
    for boot, spans in expected.committed.items():
        findings.wrong_rows += list(spans) != found.ledger.get((boot.store_id, boot.device_id, boot.boot_id), [])


def _key(key: MessageKey) -> tuple[str, str, str, int]:
    return key.store_id, key.device_id, key.boot_id, key.seq


def _letters_by_stage(world: BenchWorld) -> Counter[str]:
    stages: list[str] = world.query_one(_QUERIES["dead_letter_stages"]) or []
    return Counter(stages)


class _Publisher:
    """One connection that may write to any topic, and reads all commit acks; the embedded broker confines nobody."""

    def __init__(self, port: int, user_name: str, password: str) -> None:
        self._port = port
        self._user_name = user_name
        self._password = password
        self._socket: socket.socket
        self._received = bytearray()
        self._unconfirmed = 0
        self._window = _WINDOW
        self.published = 0
        self.acked: set[tuple[str, str, str, int]] = set()

    def __enter__(self) -> Self:
        self._socket = socket.create_connection((LOOPBACK, self._port), timeout=_DEADLINE_S)
        password = SecretStr(self._password)
        self._socket.sendall(
            connect_packet(client_id="fuzzer", user_name=self._user_name, password=password, keep_alive_s=600)
        )
        self._window = min(self._window, connack_receive_maximum(self._packet()[1]))
        self._socket.sendall(subscribe_packet(f"{topics.ROOT}/+/+/down/ack"))
        self._packet()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._socket.close()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1; waits while the window is full."""
        while self._unconfirmed >= self._window:
            self._take(*self._packet())
        self._unconfirmed += 1
        self._socket.sendall(publish_frame(topic, payload, packet_id=self.published % 60_000 + 1))
        self.published += 1

    def finish(self) -> None:
        """Wait until the broker has confirmed everything."""
        while self._unconfirmed:
            self._take(*self._packet())

    def forget(self, number: Number) -> None:
        """Take a number as not acknowledged, so that its next ack can be waited for."""
        self.acked.discard(number)

    def await_acks(self, wanted: set[tuple[str, str, str, int]], deadline_s: float) -> None:
        """Wait until all of these numbers are acknowledged, or the time is over."""
        until_s = time.monotonic() + deadline_s
        self._socket.settimeout(1.0)
        while not wanted <= self.acked and time.monotonic() < until_s:
            try:
                self._take(*self._packet())
            except TimeoutError:
                continue
        self._socket.settimeout(_DEADLINE_S)

    def _packet(self) -> tuple[int, bytes]:
        while True:
            for first_byte, body in split_packets(self._received):
                return first_byte, body
            data = self._socket.recv(65_536)
            if not data:
                raise BenchError(reason=f"the broker hung up on the fuzzer after {self.published} payloads")
            self._received += data

    def _take(self, first_byte: int, body: bytes) -> None:
        kind = first_byte & 0xF0
        if kind == PUBACK:
            self._unconfirmed -= 1
        elif kind == PUBLISH:
            packet_id, payload = take_publish(first_byte, body)
            if packet_id is not None:
                self._socket.sendall(puback_packet(packet_id))
            size = int.from_bytes(body[:2], "big")
            self._note(body[2 : 2 + size].decode(), payload)

    def _note(self, topic: str, payload: bytes) -> None:
        target = parse_down(topic)
        try:
            ack = decode_ack(payload)
        except PayloadError:
            return
        for first, last in ack.ranges:
            self.acked.update((target.store_id, target.device_id, ack.boot_id, seq) for seq in range(first, last + 1))
