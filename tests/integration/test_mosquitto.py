"""An installed Mosquitto under our configuration: who gets in, who may write and read what, what survives."""

import datetime as dt
import ipaddress
import os
import shutil
import socket
import ssl
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fixtures.mqtt_client import BlockingClient
from storesense_contracts import topics
from storesense_contracts.ids import DeviceId, SectionId, StoreId
from storesense_simulators.embedded.accounts import Account, Role, new_service_account
from storesense_simulators.embedded.errors import ChildEndedError, MissingProgramError, PortTakenError
from storesense_simulators.embedded.mosquitto import MosquittoBroker, find_mosquitto
from storesense_simulators.embedded.mosquitto_config import MosquittoTls
from storesense_simulators.embedded.mqtt_probe import connect_packet
from storesense_simulators.embedded.service_user import service_user

STORE, OTHER_STORE = StoreId("store-1"), StoreId("store-2")
DEVICE, NEIGHBOUR = DeviceId("device-1"), DeviceId("device-2")
MINE = "store-1/device-1"
NEIGHBOURS = "store-1/device-2"

UP = topics.up(STORE, DEVICE, topics.Stream.SHELF)
DOWN = topics.down(STORE, DEVICE, topics.DownStream.ACK)
NEIGHBOUR_UP = topics.up(STORE, NEIGHBOUR, topics.Stream.SHELF)
NEIGHBOUR_DOWN = topics.down(STORE, NEIGHBOUR, topics.DownStream.ACK)
ALERT = topics.alerts(STORE, SectionId("dairy"))


def client(broker: MosquittoBroker, user_name: str, **options: object) -> BlockingClient:
    password = broker.password(user_name).get_secret_value()
    return BlockingClient(broker.port, user_name, password, client_id=user_name, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("user_name", "password", "why"),
    [
        (None, None, "nobody gets in without a name"),
        (MINE, "", "nor without a password"),
        (MINE, "guess", "nor with a wrong one"),
        ("store-1/device-9", "guess", "nor by a name that was never given"),
        ("", "", "an empty name is no name"),
    ],
)
def test_strangers_are_refused(
    mosquitto_broker: MosquittoBroker, user_name: str | None, password: str | None, why: str
) -> None:
    with BlockingClient(mosquitto_broker.port, user_name, password, client_id="stranger") as stranger:
        assert stranger.connack == "Not authorized", why


def test_a_neighbours_password_does_not_open_my_account(mosquitto_broker: MosquittoBroker) -> None:
    password = mosquitto_broker.password(NEIGHBOURS).get_secret_value()
    with BlockingClient(mosquitto_broker.port, MINE, password, client_id="x") as stranger:
        assert stranger.connack == "Not authorized"


@pytest.mark.parametrize(
    ("user_name", "topic", "allowed", "why"),
    [
        (MINE, UP, True, "a device writes its own readings"),
        (MINE, NEIGHBOUR_UP, False, "not a neighbour's"),
        (MINE, topics.up(OTHER_STORE, DEVICE, topics.Stream.SHELF), False, "nor its namesake's in another store"),
        (MINE, DOWN, False, "it does not acknowledge to itself"),
        (MINE, NEIGHBOUR_DOWN, False, "nor command a neighbour"),
        (MINE, ALERT, False, "nor raise alerts"),
        (MINE, "storesense/v1/store-1/device-1", False, "nor anything beside up"),
        (MINE, "anything/else", False, "nor anywhere else"),
        ("gateway", DOWN, True, "the gateway acknowledges"),
        ("gateway", topics.down(STORE, DEVICE, topics.DownStream.CONFIG), True, "and tells devices the planogram"),
        ("gateway", topics.down(STORE, DEVICE, topics.DownStream.COMMAND), True, "and what they shall do"),
        ("gateway", UP, False, "and makes no readings up"),
        ("gateway", ALERT, False, "nor alerts"),
        (
            "backend",
            topics.down(STORE, DEVICE, topics.DownStream.CONFIG),
            False,
            "the gateway tells it, not the backend",
        ),
        (
            "backend",
            topics.down(STORE, DEVICE, topics.DownStream.COMMAND),
            False,
            "nor commands: the gateway relays them",
        ),
        ("backend", DOWN, False, "and claims no commit"),
        ("backend", UP, False, "nor makes readings up"),
        ("alerts", ALERT, True, "the alert engine raises alerts"),
        ("alerts", DOWN, False, "and talks to no device"),
        ("start-probe", UP, False, "the probe may do nothing"),
    ],
)
def test_who_may_write_where(
    mosquitto_broker: MosquittoBroker, user_name: str, topic: str, allowed: bool, why: str
) -> None:
    with client(mosquitto_broker, user_name) as writer:
        assert writer.connack == "Success"
        reason = writer.publish(topic)
    assert (reason != "Not authorized") is allowed, f"{why}; the broker said {reason}"


def test_a_device_reads_its_own_down_and_nothing_else_however_it_subscribes(
    mosquitto_broker: MosquittoBroker,
) -> None:
    with client(mosquitto_broker, MINE) as mine, client(mosquitto_broker, NEIGHBOURS) as neighbour:
        for greedy in ("#", "storesense/#", "storesense/v1/+/+/down/+", NEIGHBOUR_DOWN, topics.up_filter(), "$SYS/#"):
            mine.subscribe(greedy)
        with client(mosquitto_broker, "gateway") as gateway, client(mosquitto_broker, "alerts") as alerts:
            neighbour.publish(NEIGHBOUR_UP, b"theirs")
            gateway.publish(NEIGHBOUR_DOWN, b"theirs")
            alerts.publish(ALERT, b"staff's")
            gateway.publish(DOWN, b"mine")
            topic, payload = mine.receive()  # the broker keeps the order: what came before was withheld
        assert (topic, payload) == (DOWN, b"mine")
        with client(mosquitto_broker, "gateway") as gateway:
            gateway.publish(DOWN, b"last")
        seen = [mine.receive()]
        while seen[-1] != (DOWN, b"last"):
            seen.append(mine.receive())
    assert {topic for topic, _ in seen} == {DOWN}


def test_a_retained_configuration_reaches_only_its_device(mosquitto_broker: MosquittoBroker) -> None:
    config = topics.down(STORE, DEVICE, topics.DownStream.CONFIG)
    with client(mosquitto_broker, "gateway") as gateway:
        gateway.publish(config, b"{}", retain=True)
    with client(mosquitto_broker, NEIGHBOURS) as neighbour, client(mosquitto_broker, MINE) as mine:
        neighbour.subscribe("#")
        mine.subscribe(topics.down_filter(STORE, DEVICE))
        assert mine.receive() == (config, b"{}")
        with client(mosquitto_broker, "gateway") as gateway:
            gateway.publish(NEIGHBOUR_DOWN, b"first")
        assert neighbour.receive() == (NEIGHBOUR_DOWN, b"first")


def test_the_gateway_reads_every_up_stream(mosquitto_broker: MosquittoBroker) -> None:
    with client(mosquitto_broker, "gateway") as gateway:
        assert gateway.subscribe(topics.up_filter()) == "Granted QoS 1"
        with client(mosquitto_broker, MINE) as mine, client(mosquitto_broker, "store-2/device-1") as far:
            mine.publish(UP, b"1")
            far.publish(topics.up(OTHER_STORE, DEVICE, topics.Stream.STATUS), b"2")
        assert {gateway.receive()[1], gateway.receive()[1]} == {b"1", b"2"}


def test_the_gateway_sees_how_much_the_broker_drops(mosquitto_broker: MosquittoBroker) -> None:
    with client(mosquitto_broker, "gateway") as gateway:
        gateway.subscribe("$SYS/broker/publish/messages/dropped")
        assert gateway.receive()[0] == "$SYS/broker/publish/messages/dropped"


def test_a_screen_reads_the_alerts_of_its_store_alone(service_dir: Path, broker_accounts: tuple[Account, ...]) -> None:
    _need_mosquitto()
    screen = new_service_account(Role.SCREEN, name="screen-1", store=STORE)
    with (
        MosquittoBroker(service_dir / "m", accounts=(*broker_accounts, screen)) as broker,
        client(broker, "screen-1") as reader,
        client(broker, "alerts") as alerts,
    ):
        reader.subscribe("#")
        alerts.publish(topics.alerts(OTHER_STORE, SectionId("dairy")), b"theirs")
        alerts.publish(ALERT, b"ours")
        assert reader.receive() == (ALERT, b"ours")


def test_more_than_a_thousand_messages_wait_for_an_absent_gateway(mosquitto_broker: MosquittoBroker) -> None:
    """Mosquitto as shipped keeps 1,000, drops the rest, and answers success to each."""
    sent = 1_500
    with client(mosquitto_broker, "gateway", session_expiry_s=600) as gateway:
        gateway.subscribe(topics.up_filter())
    with client(mosquitto_broker, MINE) as mine:
        assert {mine.publish(UP, str(number).encode()) for number in range(sent)} == {"Success"}
    with client(mosquitto_broker, "gateway", session_expiry_s=600) as gateway:
        assert gateway.session_present
        received = [int(gateway.receive()[1]) for _ in range(sent)]
    assert received == list(range(sent))


def test_what_waits_survives_a_clean_restart_on_the_same_port(mosquitto_broker: MosquittoBroker) -> None:
    broker = mosquitto_broker
    port = broker.port
    with client(broker, "gateway", session_expiry_s=600) as gateway:
        gateway.subscribe(topics.up_filter())
    with client(broker, MINE) as mine:
        mine.publish(UP, b"kept")
    broker.stop()
    broker.start()
    assert broker.port == port
    with client(broker, "gateway", session_expiry_s=600) as gateway:
        assert gateway.receive() == (UP, b"kept")


def test_a_packet_beyond_the_limit_ends_its_connection_and_no_other(mosquitto_broker: MosquittoBroker) -> None:
    password = mosquitto_broker.password(MINE)
    with (
        client(mosquitto_broker, NEIGHBOURS) as neighbour,
        socket.create_connection(("127.0.0.1", mosquitto_broker.port), timeout=30) as raw,
    ):
        raw.sendall(connect_packet(client_id="big", user_name=MINE, password=password))
        assert raw.recv(64)[:1] == b"\x20"
        raw.sendall(b"\x32\x80\x80\x80\x20")  # PUBLISH, QoS 1, of 64 MB
        while raw.recv(64):
            pass  # a DISCONNECT with its reason, then the end
        assert neighbour.publish(NEIGHBOUR_UP) in {"Success", "No matching subscribers"}


def test_it_listens_on_loopback_alone_and_not_as_root(mosquitto_broker: MosquittoBroker) -> None:
    child = mosquitto_broker.child
    assert child is not None
    process = psutil.Process(child.pid)
    listeners = {c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN}
    assert listeners == {"127.0.0.1"}
    expected = service_user(("mosquitto",))
    assert process.uids().effective == (os.geteuid() if expected is None else expected.uid) != 0


def test_passwords_are_in_no_file_that_others_can_read(mosquitto_broker: MosquittoBroker, service_dir: Path) -> None:
    secret = mosquitto_broker.password(MINE).get_secret_value().encode()
    files = [path for path in service_dir.rglob("*") if path.is_file()]
    assert any(path.name == "passwords" for path in files)
    for path in files:
        assert secret not in path.read_bytes(), path
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_taken_port_is_named(service_dir: Path, broker_accounts: tuple[Account, ...]) -> None:
    _need_mosquitto()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        broker = MosquittoBroker(service_dir / "m", accounts=broker_accounts, port=port)
        with pytest.raises(PortTakenError, match=f"port {port} .* Mosquitto, is taken by .*choose another") as caught:
            broker.start()
    assert caught.value.port == port


def test_tls_is_checked_by_its_certificate(service_dir: Path, broker_accounts: tuple[Account, ...]) -> None:
    _need_mosquitto()
    certificate, key = _self_signed(service_dir)
    broker = MosquittoBroker(
        service_dir / "m",
        accounts=broker_accounts,
        tls=MosquittoTls(certificate, key),
        tls_context=ssl.create_default_context(cafile=str(certificate)),
    )
    with broker:
        with client(broker, MINE, ca_file=str(certificate)) as mine:
            assert mine.connack == "Success"
            assert mine.publish(UP) == "No matching subscribers"
        context = ssl.create_default_context()
        with (
            socket.create_connection(("127.0.0.1", broker.port)) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_broker_that_cannot_start_says_why(service_dir: Path, broker_accounts: tuple[Account, ...]) -> None:
    _need_mosquitto()
    missing = service_dir / "absent.pem"
    broker = MosquittoBroker(service_dir / "m", accounts=broker_accounts, tls=MosquittoTls(missing, missing))
    with pytest.raises(ChildEndedError, match=r"(?s)Mosquitto ended with exit code 1\..*absent\.pem") as caught:
        broker.start()
    assert caught.value.log_path == service_dir / "m/mosquitto.log"


def test_no_mosquitto_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_options: None)
    with pytest.raises(MissingProgramError, match="mosquitto is not installed; install it") as caught:
        find_mosquitto()
    assert caught.value.exit_code == 3


def _need_mosquitto() -> None:
    try:
        find_mosquitto()
    except MissingProgramError as exc:
        pytest.skip(str(exc))


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1, good for a day, and its key, readable by the broker's user."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "storesense test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    paths = (folder / "broker.pem", folder / "broker.key")
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    paths[1].write_bytes(private)
    for path in paths:
        path.chmod(0o644)
    return paths
