"""The gateway between a real broker and a real database."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, LiteralString, Self
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from fixtures.gateway_messages import BOOT, footfall, message
from fixtures.mqtt_client import BlockingClient
from storesense_contracts.clock import SystemClock
from storesense_contracts.messages import CommitAck, DeviceState, DeviceStatus, decode_ack, encode_struct
from storesense_contracts.settings import BrokerSettings
from storesense_gateway.entries import DeadLetter, Entry
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.port import CommitResult, Store
from storesense_gateway.service import Gateway, build_gateway
from storesense_gateway.settings import GatewaySettings
from storesense_gateway.store import PostgresStore
from storesense_simulators.embedded.broker import EmbeddedBroker

OTHER_BOOT = "1" * 32
DEADLINE_S = 60.0


def eventually(what: str, true: Callable[[], bool]) -> None:
    """Wait until ``true()``; fail after the deadline."""
    pause = threading.Event()
    clock = SystemClock()
    until_s = clock.monotonic_s() + DEADLINE_S
    while not true():
        assert clock.monotonic_s() < until_s, f"waited in vain until {what}"
        pause.wait(0.02)


def query(url: str, text: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(text, values or None).fetchall()


def reading(**changes: Any) -> dict[str, Any]:
    return footfall(measured_at=datetime.now(UTC).isoformat()) | changes


def payload(readings: Sequence[dict[str, Any]], seq: int, **changes: Any) -> bytes:
    return message(list(readings), seq=seq, sent_at=datetime.now(UTC).isoformat(), **changes)


class Device(BlockingClient):
    """A device that publishes as itself and hears its commit acks."""

    def __init__(self, broker: EmbeddedBroker, name: str = "store-1/device-1") -> None:
        super().__init__(broker.port, name, broker.password(name).get_secret_value(), client_id=name.replace("/", ":"))
        self.prefix = f"storesense/v1/{name}"

    def __enter__(self) -> Self:
        super().__enter__()
        assert "Granted" in self.subscribe(f"{self.prefix}/down/ack")
        return self

    def send(self, data: bytes, *, stream: str = "footfall") -> None:
        self.publish(f"{self.prefix}/up/{stream}", data)

    def next_ack(self) -> CommitAck:
        return decode_ack(self.receive()[1])

    def acked(self, count: int) -> set[int]:
        """Wait for the acks of ``count`` different messages."""
        seqs: set[int] = set()
        while len(seqs) < count:
            seqs |= {seq for first, last in self.next_ack().ranges for seq in range(first, last + 1)}
        return seqs


@dataclass
class Site:
    """A broker, a database, and gateways that are started and stopped in a test."""

    broker: EmbeddedBroker
    database_url: str

    def broker_settings(self) -> BrokerSettings:
        return BrokerSettings(port=self.broker.port, user_name="gateway", password=self.broker.password("gateway"))

    @contextmanager
    def gateway(self, *, store: Store | None = None, **settings: Any) -> Iterator[Gateway]:
        chosen = GatewaySettings.model_validate({"http_port": 0, "batch_wait_ms": 20, "check_every_s": 0.5} | settings)
        gateway = build_gateway(
            chosen,
            self.broker_settings(),
            clock=SystemClock(),
            store=store or PostgresStore(self.database_url, partition_no=chosen.partition_no),
            metrics=GatewayMetrics(),
        )
        with gateway.running():
            eventually("the gateway is healthy", lambda: not any(gateway.health.problems().values()))
            yield gateway

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "STORESENSE_DATABASE_URL": self.database_url,
            "STORESENSE_BROKER_PORT": str(self.broker.port),
            "STORESENSE_BROKER_USER_NAME": "gateway",
            "STORESENSE_BROKER_PASSWORD": self.broker.password("gateway").get_secret_value(),
            "STORESENSE_GATEWAY_HTTP_PORT": "0",
        }

    def rows(self) -> list[tuple[str, int, int]]:
        text: LiteralString = (
            "SELECT boot_id, seq, idx FROM footfall_counts JOIN device_boots USING (boot_no) ORDER BY 1, 2, 3"
        )
        return query(self.database_url, text)  # type: ignore[return-value]

    def letters(self) -> list[tuple[str, int | None, int | None]]:
        text: LiteralString = "SELECT stage, seq, idx FROM dead_letters ORDER BY dead_letter_id"
        return query(self.database_url, text)  # type: ignore[return-value]


@pytest.fixture
def site(mqtt_broker: EmbeddedBroker, database_url: str) -> Site:
    return Site(mqtt_broker, database_url)


@pytest.mark.parametrize("kind", ["mqtt_broker", "mosquitto_broker"])
def test_messages_are_stored_once_and_acknowledged_after_the_commit(
    request: pytest.FixtureRequest, kind: str, database_url: str
) -> None:
    site = Site(request.getfixturevalue(kind), database_url)
    with site.gateway(), Device(site.broker) as device:
        for seq in range(20):
            device.send(payload([reading(), reading(line_id="back")], seq))
        assert device.acked(20) == set(range(20))
    assert site.rows() == [(BOOT, seq, idx) for seq in range(20) for idx in (0, 1)]
    assert site.letters() == []


def test_the_ack_names_boot_ranges_and_times(site: Site) -> None:
    sent_at = datetime.now(UTC)
    with site.gateway(), Device(site.broker) as device:
        device.send(payload([reading()], 7))
        ack = device.next_ack()
        device.send(payload([reading()], 3))
        second = device.next_ack()
    assert (ack.boot_id, ack.ranges, second.ranges) == (BOOT, ((7, 7),), ((3, 3),)), "out of order is fine"
    assert ack.echo_sent_at is not None
    assert sent_at <= ack.echo_sent_at <= ack.received_at <= datetime.now(UTC)


def test_repeats_are_acknowledged_again_and_stored_once(site: Site) -> None:
    data = payload([reading()], 0)
    with site.gateway(), Device(site.broker) as device:
        for _ in range(3):
            device.send(data)
            assert device.next_ack().ranges == ((0, 0),)
    assert site.rows() == [(BOOT, 0, 0)]


def test_two_partial_counts_of_a_minute_from_two_boots_both_count(site: Site) -> None:
    minute_at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
    with site.gateway(), Device(site.broker) as device:
        for boot_id, count in ((BOOT, 2), (OTHER_BOOT, 3)):
            data = reading(measured_at=minute_at.isoformat(), period_ms=30_000, in_count=count)
            device.send(payload([data], 0, boot_id=boot_id))
            assert device.next_ack().boot_id == boot_id
    assert query(site.database_url, "SELECT bucket_at, in_count FROM footfall_counts_1m") == [(minute_at, 5)]


def test_declared_drops_become_gaps_with_their_reason(site: Site) -> None:
    drops = [{"boot_id": BOOT, "first": 0, "last": 8, "reason": "overflow"}]
    with site.gateway(), Device(site.broker) as device:
        device.send(payload([reading()], 4))
        device.next_ack()
        device.send(payload([reading()], 9, dropped=drops))
        device.next_ack()
    text: LiteralString = "SELECT seqs::text, reason FROM declared_gaps ORDER BY seqs"
    assert query(site.database_url, text) == [("[0,4)", "overflow"), ("[5,9)", "overflow")]
    assert query(site.database_url, "SELECT committed::text FROM device_boots") == [("{[0,10)}",)]


def later(**duration: float) -> str:
    return (datetime.now(UTC) + timedelta(**duration)).isoformat()


BAD = [
    pytest.param(lambda: payload([reading(), reading(in_count=-1), reading()], 0), [("reading", 0, 1)], id="a reading"),
    pytest.param(
        lambda: payload([reading(), reading(in_count=float("nan")), reading()], 0), [("reading", 0, 1)], id="NaN"
    ),
    pytest.param(
        lambda: payload([reading(), reading(measured_at=later(hours=1)), reading()], 0),
        [("future", 0, 1)],
        id="the future",
    ),
    pytest.param(
        lambda: payload([reading(), reading(measured_at="1970-01-01T00:00:01Z"), reading()], 0),
        [("past", 0, 1)],
        id="a clock that was never set",
    ),
]


@pytest.mark.parametrize(("make", "letters"), BAD)
def test_a_bad_reading_is_isolated(site: Site, make: Callable[[], bytes], letters: list[tuple[str, int, int]]) -> None:
    with site.gateway(), Device(site.broker) as device:
        device.send(make())
        assert device.acked(1) == {0}
    assert site.rows() == [(BOOT, 0, 0), (BOOT, 0, 2)]
    assert site.letters() == letters


def test_garbage_and_what_is_too_large_harm_nobody(site: Site) -> None:
    with site.gateway(), Device(site.broker) as device:
        device.send(b"\x00\xffgarbage")
        device.send(b"x" * 263_000)
        device.send(b'{"kind":"from the future"}', stream="smell")
        device.send(payload([reading()], 0), stream="smell")
        device.send(payload([reading()], 1))
        assert device.acked(2) == {0, 1}
    assert site.rows() == [(BOOT, 1, 0)]
    assert site.letters() == [("header", None, None), ("size", None, None), ("header", None, None), ("topic", 0, None)]


def test_a_payload_of_64_mb_does_not_even_reach_the_gateway(site: Site) -> None:
    with site.gateway():
        flooder = Device(site.broker, "store-1/device-2")
        with flooder:
            flooder._client.publish(f"{flooder.prefix}/up/footfall", b"x" * 64_000_000, qos=1)
            with Device(site.broker) as device:
                device.send(payload([reading()], 0))
                assert device.acked(1) == {0}
    assert site.rows() == [(BOOT, 0, 0)]


class DyingStore:
    """A store that commits and then is struck dead, as ``kill -9`` does between commit and acknowledgement."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, entries: Sequence[Entry], letters: Sequence[DeadLetter]) -> CommitResult:
        self._store.commit(entries, letters)
        self._store.close()
        raise RuntimeError("struck dead")


def test_a_gateway_that_dies_between_commit_and_ack_leaves_no_duplicates(site: Site) -> None:
    dying = DyingStore(PostgresStore(site.database_url, partition_no=0))
    with Device(site.broker) as device:
        with site.gateway(store=dying) as gateway:  # type: ignore[arg-type]
            for seq in range(5):
                device.send(payload([reading()], seq))
            eventually("something is committed", lambda: bool(site.rows()))
            eventually("the gateway gives up, for its supervisor to start it again", gateway.failed.is_set)
            assert device.messages.empty(), "it died before it could acknowledge"
        with site.gateway() as gateway:
            assert device.acked(5) == set(range(5)), "the broker brought them again"
            assert metric(gateway, "messages_total", outcome="repeated") >= 1
    assert site.rows() == [(BOOT, seq, 0) for seq in range(5)]


def test_nothing_is_lost_while_the_database_is_away(site: Site) -> None:
    with site.gateway(retry_max_s=0.2) as gateway, Device(site.broker) as device:
        device.send(payload([reading()], 0))
        device.acked(1)
        with database_away(site.database_url):
            for seq in range(1, 30):
                device.send(payload([reading()], seq))
            eventually("the gateway says that the database is gone", lambda: health(gateway)[0] == 503)
            assert "database" in health(gateway)[1]["problems"]
            assert device.messages.empty()
        assert device.acked(29) == set(range(1, 30))
        eventually("the gateway is well again", lambda: health(gateway)[0] == HTTPStatus.OK)
    assert site.rows() == [(BOOT, seq, 0) for seq in range(30)]


def test_a_broker_that_comes_back_is_found_again(site: Site) -> None:
    with site.gateway() as gateway:
        site.broker.stop()
        eventually("the gateway says that the broker is gone", lambda: health(gateway)[0] == 503)
        assert site.broker.host in health(gateway)[1]["problems"]["broker"]
        site.broker.start()
        eventually("the gateway is subscribed again", lambda: health(gateway)[0] == HTTPStatus.OK)
        with Device(site.broker) as device:
            device.send(payload([reading()], 0))
            assert device.acked(1) == {0}
        assert metric(gateway, "broker_connections_total") >= 2


def test_static_partitions_share_nothing(site: Site) -> None:
    with (
        site.gateway(partition_no=1, store_ids="store-1"),
        site.gateway(partition_no=2, store_ids="store-2,store-3"),
        Device(site.broker) as one,
        Device(site.broker, "store-2/device-1") as two,
    ):
        for device in (one, two):
            device.send(payload([reading()], 0))
            assert device.acked(1) == {0}
    text: LiteralString = (
        "SELECT store_id, batch_no >> 40 FROM footfall_counts JOIN device_boots USING (boot_no) ORDER BY 1"
    )
    assert query(site.database_url, text) == [("store-1", 1), ("store-2", 2)]


def test_a_devices_status_and_its_last_sign_of_life_are_kept(site: Site) -> None:
    text: LiteralString = "SELECT state, boot_id, software, registered_at, last_seen_at IS NOT NULL FROM devices"
    with site.gateway(touch_every_s=0.1), Device(site.broker) as device:
        status = encode_struct(DeviceStatus(boot_id=BOOT, state=DeviceState.ONLINE, software="1.0"))
        device.publish(f"{device.prefix}/up/status", status, retain=True)
        device.send(payload([reading()], 0))
        device.acked(1)
        eventually(
            "the device is online", lambda: query(site.database_url, text) == [("online", BOOT, "1.0", None, True)]
        )
        gone = encode_struct(DeviceStatus(boot_id=BOOT, state=DeviceState.OFFLINE))
        device.publish(f"{device.prefix}/up/status", gone, retain=True)
        eventually("the device is offline", lambda: query(site.database_url, text)[0][0] == "offline")


def test_the_command_runs_until_terminated_and_survives_being_killed(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"

    def start() -> subprocess.Popen[bytes]:
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "storesense_contracts.cli", "gateway", "run"],
                env=site.environment(),
                stderr=file,
            )
        eventually("it is subscribed", lambda: "broker: connected" in log.read_text() or process.poll() is not None)
        return process

    with Device(site.broker) as device:
        first = start()
        try:
            for seq in range(50):
                device.send(payload([reading()], seq))
            device.next_ack()
        finally:
            first.kill()
            first.wait(DEADLINE_S)
        second = start()
        try:
            for seq in range(100):  # the edge sends again what it has no ack for
                device.send(payload([reading()], seq))
            seen = set()
            while seen != set(range(100)):
                seen |= device.acked(1)
        finally:
            second.send_signal(signal.SIGTERM)
            code = second.wait(DEADLINE_S)
    assert code == 0
    assert site.rows() == [(BOOT, seq, 0) for seq in range(100)]
    assert Counter(site.letters()) == Counter()


def test_a_database_that_is_not_there_is_said_and_tried_again(site: Site) -> None:
    store = PostgresStore(site.database_url.replace("/test_", "/missing_"), partition_no=0)
    gateway = build_gateway(
        GatewaySettings(http_port=0, check_every_s=0.5),
        site.broker_settings(),
        clock=SystemClock(),
        store=store,
        metrics=GatewayMetrics(),
    )
    with gateway.running():
        eventually("it says what is wrong", lambda: "does not exist" in str(health(gateway)[1]))
        assert health(gateway)[0] == 503


def test_a_wrong_password_is_said(site: Site) -> None:
    wrong = site.broker_settings().model_copy(update={"password": SecretStr("wrong")})
    gateway = build_gateway(
        GatewaySettings(http_port=0),
        wrong,
        clock=SystemClock(),
        store=PostgresStore(site.database_url, partition_no=0),
        metrics=GatewayMetrics(),
    )
    with gateway.running():
        eventually("it says that the broker refuses", lambda: "STORESENSE_BROKER" in str(health(gateway)[1]))


def health(gateway: Gateway) -> tuple[int, dict[str, Any]]:
    """Ask /healthz for its status and body."""
    try:
        with urlopen(f"http://127.0.0.1:{gateway.http_port}/healthz", timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as exc:
        with exc:
            return exc.code, json.loads(exc.read())


def metric(gateway: Gateway, name: str, **labels: str) -> float:
    """Read one sample from /metrics."""
    wanted = f"storesense_gateway_{name}"
    if labels:
        wanted += "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
    with urlopen(f"http://127.0.0.1:{gateway.http_port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith(f"{wanted} ")))


@contextmanager
def database_away(url: str) -> Iterator[None]:
    """Let nobody into the database and cut whoever is in it."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    name = str(parts["dbname"])
    with psycopg.connect(psycopg.conninfo.make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
        shut = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        connection.execute(shut.format(sql.Identifier(name), sql.SQL("false")))
        connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            connection.execute(shut.format(sql.Identifier(name), sql.SQL("true")))
