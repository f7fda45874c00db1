"""The link against a real broker: only a commit ack lets go of anything, whatever is lost on the way."""

import asyncio
import gc
import ipaddress
import logging
import sqlite3
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fixtures.stand_in_gateway import DEVICE, FAST, STORE, StandInGateway, footfall, open_link
from storesense_contracts.messages import DeviceState, decode_status
from storesense_contracts.topics import Stream
from storesense_edge.link import DeviceLink, LinkNotOpenError
from storesense_edge.outbox_errors import OutboxLockedError, OutboxWriteError, OutboxWriterStoppedError
from storesense_simulators.embedded.accounts import Account
from storesense_simulators.embedded.broker import EmbeddedBroker
from storesense_simulators.embedded.errors import MissingProgramError
from storesense_simulators.embedded.mosquitto import MosquittoBroker, find_mosquitto
from storesense_simulators.embedded.mosquitto_config import MosquittoTls


@pytest.fixture
def gateway(mqtt_broker: EmbeddedBroker) -> Iterator[StandInGateway]:
    with StandInGateway(mqtt_broker) as gateway:
        yield gateway


def rows(path: Path) -> list[tuple[str, int]]:
    db = sqlite3.connect(path)
    try:
        return db.execute("SELECT boot_id, seq FROM messages_by_boot ORDER BY 1, 2").fetchall()
    finally:
        db.close()


async def until(link: DeviceLink, condition: object) -> None:
    """Wait for the link's own news until ``condition`` holds of its figures."""
    while not condition(link.stats):  # type: ignore[operator]
        link._progress.clear()
        await link._progress.wait()


async def test_readings_arrive_and_leave_the_disk_by_the_commit_ack(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
        for count in range(120):
            link.record(Stream.FOOTFALL, footfall(in_count=count))
        assert await link.drained(60)
        stats = link.stats
    assert (stats.recorded, stats.acked, stats.pending, stats.resent) == (120, 3, 0, 0)
    readings = [reading.in_count for _, message in gateway.messages for _, reading in message.readings]
    assert readings == list(range(120))
    assert [seq for _, seq in gateway.keys] == [0, 1, 2]
    assert rows(tmp_path / "outbox.db") == []
    states = [decode_status(payload).state for payload in gateway.statuses]
    await gateway.until(lambda: decode_status(gateway.statuses[-1]).state is DeviceState.OFFLINE)
    assert states[0] is DeviceState.ONLINE


async def test_a_thread_that_a_mistake_ends_ends_the_link_too(
    mqtt_broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("a mistake")

    async def measure() -> None:
        async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
            link.record(Stream.FOOTFALL, footfall())
            await link.flush()
            monkeypatch.setattr("storesense_edge.outbox.Outbox.apply", broken)
            link.record(Stream.FOOTFALL, footfall())
            await asyncio.Event().wait()

    with pytest.raises(OutboxWriterStoppedError, match="LookupError: a mistake"):
        await measure()
    assert len(rows(tmp_path / "outbox.db")) == 1


async def test_what_the_broker_has_taken_stays_on_disk_without_a_commit_ack(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    gateway.acking = False
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
        for _ in range(3):
            link.record(Stream.FOOTFALL, footfall())
            await link.flush()
        await gateway.received(3)
        assert not await link.drained(0.2)
        assert link.stats.pending == 3
        boot = link.boot_id
    assert rows(tmp_path / "outbox.db") == [(boot, 0), (boot, 1), (boot, 2)]


async def test_a_lost_ack_brings_the_message_again_and_the_second_ack_ends_it(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    gateway.acking = False
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
        link.record(Stream.FOOTFALL, footfall())
        await gateway.received(2)
        gateway.acking = True
        assert await link.drained(60)
        assert link.stats.resent >= 1
        assert set(gateway.keys) == {(link.boot_id, 0)}


async def test_a_restart_keeps_rows_with_their_boot_and_seq_and_sends_them_again(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    gateway.acking = False
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as first:
        first.record(Stream.FOOTFALL, footfall("a"))
        await first.flush()
        first.record(Stream.FOOTFALL, footfall("b"))
        await gateway.received(2)
    gateway.acking = True
    before = len(gateway.keys)
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as second:
        assert second.stats.pending == 2
        second.record(Stream.FOOTFALL, footfall("c"))
        assert await second.drained(60)
    assert second.boot_id != first.boot_id
    assert set(gateway.keys[before:]) == {(first.boot_id, 0), (first.boot_id, 1), (second.boot_id, 0)}
    lines = {
        (message.header.boot_id, message.header.seq): message.readings[0][1].line_id for _, message in gateway.messages
    }
    assert lines == {(first.boot_id, 0): "a", (first.boot_id, 1): "b", (second.boot_id, 0): "c"}


async def test_an_ack_for_an_earlier_boot_deletes_its_rows_and_no_others(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    gateway.acking = False
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as first:
        for line in ("a", "b", "c"):
            first.record(Stream.FOOTFALL, footfall(line))
            await first.flush()
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as second:
        second.record(Stream.FOOTFALL, footfall("d"))
        await second.flush()
        await gateway.until(lambda: (second.boot_id, 0) in gateway.keys)
        gateway.ack(first.boot_id, (0, 1), (7, 900))
        await until(second, lambda stats: stats.acked == 2)
    assert rows(tmp_path / "outbox.db") == sorted([(first.boot_id, 2), (second.boot_id, 0)])


async def test_acks_of_unknown_boots_and_broken_acks_are_ignored(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.acking = False
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
        link.record(Stream.FOOTFALL, footfall())
        await gateway.received(1)
        gateway.ack("0" * 32, (0, 10))
        gateway._client.publish(f"storesense/v1/{STORE}/{DEVICE}/down/ack", b"not json", qos=1)
        gateway.ack(link.boot_id, (0, 0))
        await until(link, lambda stats: stats.acked == 1)
    assert "cannot be read" in caplog.text


async def test_a_broker_that_restarts_loses_nothing(mqtt_broker: EmbeddedBroker, tmp_path: Path) -> None:
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
        with StandInGateway(mqtt_broker) as gateway:
            link.record(Stream.FOOTFALL, footfall("a"))
            assert await link.drained(60)
        mqtt_broker.kill()
        await until_down(link)
        link.record(Stream.FOOTFALL, footfall("b"))
        await link.flush()
        mqtt_broker.start()
        with StandInGateway(mqtt_broker) as gateway:
            assert await link.drained(60)
            assert gateway.keys[0] == (link.boot_id, 1)


async def until_down(link: DeviceLink) -> None:
    assert link._sender is not None
    connection = link._sender._connection
    while connection._live is not None:
        await asyncio.wait([connection._live._ended])
        await asyncio.sleep(0)


async def test_a_backlog_does_not_starve_what_is_measured_now(mqtt_broker: EmbeddedBroker, tmp_path: Path) -> None:
    one_each = FAST.model_copy(update={"batch_max_readings": 1, "window": 8})
    async with open_link(mqtt_broker, tmp_path / "outbox.db", one_each) as first:
        for _ in range(300):
            first.record(Stream.FOOTFALL, footfall())
        await first.flush()
    with StandInGateway(mqtt_broker) as gateway:
        async with open_link(mqtt_broker, tmp_path / "outbox.db", one_each) as second:
            second.record(Stream.FOOTFALL, footfall())
            assert await second.drained(60)
        keys = gateway.keys
    assert keys.index((second.boot_id, 0)) < 30
    backlog = [seq for boot, seq in dict.fromkeys(keys) if boot == first.boot_id]
    assert backlog == sorted(backlog)
    assert len(backlog) == 300


async def test_a_wrong_password_is_said_with_its_remedy_and_tried_again(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    async with open_link(mqtt_broker, tmp_path / "outbox.db", password="wrong") as link:
        link.record(Stream.FOOTFALL, footfall())
        await link.flush()
        assert not await link.drained(1.0)
        assert link.stats.pending == 1
        assert "credentials" in (link.stats.problem or "").lower()
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
        assert await link.drained(60)
    said = [r for r in caplog.records if r.name == "storesense_edge.mqtt" and r.levelno == logging.ERROR]
    assert len([r for r in said if "CREDENTIALS_FILE" in r.message]) == 1


async def test_a_second_link_on_the_same_outbox_is_refused(mqtt_broker: EmbeddedBroker, tmp_path: Path) -> None:
    async with open_link(mqtt_broker, tmp_path / "outbox.db"):
        with pytest.raises(OutboxLockedError, match="another process"):
            async with open_link(mqtt_broker, tmp_path / "outbox.db"):
                pass


async def test_a_reading_outside_of_the_link_is_refused(mqtt_broker: EmbeddedBroker, tmp_path: Path) -> None:
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
        link.record(Stream.FOOTFALL, footfall())
    with pytest.raises(LinkNotOpenError, match="store-1/device-1"):
        link.record(Stream.FOOTFALL, footfall())
    assert len(rows(tmp_path / "outbox.db")) == 1


async def test_an_error_of_the_body_is_passed_on_as_it_is(mqtt_broker: EmbeddedBroker, tmp_path: Path) -> None:
    async def use() -> None:
        async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
            link.record(Stream.FOOTFALL, footfall())
            raise LookupError("of the body")

    with pytest.raises(LookupError, match="of the body"):
        await use()
    assert len(rows(tmp_path / "outbox.db")) == 1


async def test_a_full_disk_is_told_and_readings_reach_the_database_from_memory(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
        await link.flush()
        refuse = link._writer._outbox.apply

        def full(*_: object) -> object:
            raise OutboxWriteError(path=tmp_path, cause="cannot be written", remedy="make room on the disk")

        link._writer._outbox.apply = full  # type: ignore[method-assign, assignment]
        link.record(Stream.FOOTFALL, footfall("a"))
        with pytest.raises(OutboxWriteError, match="make room"):
            await link.flush()
        await gateway.until(lambda: gateway.keys == [(link.boot_id, 0)])
        await until(link, lambda stats: stats.problem is not None and "make room" in stats.problem)
        link._writer._outbox.apply = refuse  # type: ignore[method-assign]
        link.record(Stream.FOOTFALL, footfall("b"))
        assert await link.drained(60)
        assert link.stats.problem is None
        assert link.stats.acked == 2
    assert {message.readings[0][1].line_id for _, message in gateway.messages} == {"a", "b"}


async def test_an_overflowing_outbox_declares_what_it_dropped_until_the_gateway_knows(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    small = FAST.model_copy(update={"batch_max_readings": 1, "outbox_max_bytes": 2_000, "window": 4})
    gateway.acking = False
    async with open_link(mqtt_broker, tmp_path / "outbox.db", small) as first:
        for count in range(60):
            first.record(Stream.FOOTFALL, footfall(in_count=count))
        await first.flush()
        dropped = first.stats.dropped
        assert 0 < dropped < 60
        assert first.stats.outbox_bytes <= 2_000
    gateway.messages.clear()
    gateway.acking = True
    async with open_link(mqtt_broker, tmp_path / "outbox.db", small) as second:
        second.record(Stream.FOOTFALL, footfall())
        assert await second.drained(60)
        declared = [d for _, m in gateway.messages for d in m.header.dropped]
        assert {d.boot_id for d in declared} == {first.boot_id}
        assert sum(d.last - d.first + 1 for d in set(declared)) == dropped + second.stats.dropped
        gone = {seq for d in declared for seq in range(d.first, d.last + 1)}
        assert gone | {seq for boot, seq in gateway.keys if boot == first.boot_id} == set(range(60))
    gateway.messages.clear()
    async with open_link(mqtt_broker, tmp_path / "outbox.db", small) as third:
        third.record(Stream.FOOTFALL, footfall())
        assert await third.drained(60)
    assert all(m.header.dropped == () for _, m in gateway.messages)


async def test_a_damaged_outbox_is_set_aside_and_the_link_goes_on(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    (tmp_path / "outbox.db").write_bytes(b"this is no database" * 500)
    async with open_link(mqtt_broker, tmp_path / "outbox.db") as link:
        assert link.set_aside is not None
        assert link.set_aside.read_bytes() == b"this is no database" * 500
        link.record(Stream.FOOTFALL, footfall())
        assert await link.drained(60)


async def test_a_refusal_by_mosquitto_names_the_user_and_the_remedy(
    mosquitto_broker: MosquittoBroker, tmp_path: Path
) -> None:
    async with open_link(mosquitto_broker, tmp_path / "outbox.db", password="wrong") as link:
        link.record(Stream.FOOTFALL, footfall())
        assert not await link.drained(0.5)
        assert "refuses store-1/device-1" in (link.stats.problem or "")
        assert "STORESENSE_EDGE_CREDENTIALS_FILE" in (link.stats.problem or "")


async def test_mosquitto_with_access_control_lets_the_link_do_its_work(
    mosquitto_broker: MosquittoBroker, tmp_path: Path
) -> None:
    with StandInGateway(mosquitto_broker) as gateway:
        async with open_link(mosquitto_broker, tmp_path / "outbox.db") as link:
            for count in range(2_000):
                link.record(Stream.FOOTFALL, footfall(in_count=count))
            assert await link.drained(60)
        readings = [r.in_count for _, message in gateway.messages for _, r in message.readings]
    assert sorted(readings) == list(range(2_000))


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
async def test_tls_is_used_when_an_authority_is_named_and_never_falls_back(
    service_dir: Path, broker_accounts: tuple[Account, ...], tmp_path: Path
) -> None:
    try:
        find_mosquitto()
    except MissingProgramError as exc:
        pytest.skip(str(exc))
    certificate, key = self_signed(service_dir)
    broker = MosquittoBroker(
        service_dir / "m",
        accounts=broker_accounts,
        tls=MosquittoTls(certificate, key),
        tls_context=ssl.create_default_context(cafile=str(certificate)),
    )
    with broker, StandInGateway(broker, tls_ca_file=certificate) as gateway:
        async with open_link(broker, tmp_path / "outbox.db", tls_ca_file=certificate) as link:
            for count in range(3_000):
                link.record(Stream.FOOTFALL, footfall(in_count=count))
            assert await link.drained(60)
        # A message may come twice on a slow machine; each counts once.
        arrived = {message.header.seq: len(message.readings) for _, message in gateway.messages}
        assert sum(arrived.values()) == 3_000
        other, _ = self_signed(tmp_path)
        async with open_link(broker, tmp_path / "outbox.db", tls_ca_file=other) as link:
            link.record(Stream.FOOTFALL, footfall())
            assert not await link.drained(0.5)
            assert "TLS failed" in (link.stats.problem or "")
        gc.collect()
        # A message may come twice on a slow machine; each counts once.
        arrived = {message.header.seq: len(message.readings) for _, message in gateway.messages}
        assert sum(arrived.values()) == 3_000


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now_at = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now_at - timedelta(hours=1))
        .not_valid_after(now_at + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "server.crt", folder / "server.key"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for path in (certificate_path, key_path):
        path.chmod(0o644)  # the broker may run as another user
    return certificate_path, key_path
