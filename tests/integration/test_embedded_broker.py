"""The embedded broker: its passwords hold, what it keeps and what it forgets."""

import os
import socket
from pathlib import Path

import paho.mqtt.client as paho
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from fixtures.mqtt_client import BlockingClient
from storesense_contracts import topics
from storesense_contracts.ids import DeviceId, StoreId
from storesense_simulators.embedded.accounts import Account
from storesense_simulators.embedded.broker import EmbeddedBroker
from storesense_simulators.embedded.errors import ChildEndedError, PortTakenError
from storesense_simulators.embedded.mqtt_probe import connect_packet

STORE, DEVICE = StoreId("store-1"), DeviceId("device-1")
MINE = "store-1/device-1"
UP = topics.up(STORE, DEVICE, topics.Stream.SHELF)


def client(broker: EmbeddedBroker, user_name: str, session_expiry_s: int = 0) -> BlockingClient:
    password = broker.password(user_name).get_secret_value()
    return BlockingClient(
        broker.port, user_name, password, client_id=user_name.replace("/", ":"), session_expiry_s=session_expiry_s
    )


@pytest.mark.parametrize(
    ("user_name", "password", "why"),
    [
        (None, None, "nobody gets in without a name"),
        (MINE, "guess", "nor with a wrong password"),
        ("store-1/device-9", "guess", "nor by a name that was never given"),
    ],
)
def test_strangers_are_refused(
    mqtt_broker: EmbeddedBroker, user_name: str | None, password: str | None, why: str
) -> None:
    """It cuts them off with or without an answer, so the socket is asked: no CONNACK of success ever comes."""
    reasons: list[object] = []
    stranger = paho.Client(CallbackAPIVersion.VERSION2, client_id="stranger", protocol=paho.MQTTv5)
    if user_name is not None:
        stranger.username_pw_set(user_name, password)
    stranger.on_connect = lambda _c, _u, _f, reason, _p: reasons.append(reason)
    stranger.connect("127.0.0.1", mqtt_broker.port)
    while stranger.loop(timeout=1.0) == paho.MQTT_ERR_SUCCESS and not reasons:
        pass
    assert not stranger.is_connected(), why
    assert all(reason.is_failure for reason in reasons), why  # type: ignore[attr-defined]


def test_a_device_and_the_gateway_talk_both_ways(mqtt_broker: EmbeddedBroker) -> None:
    down = topics.down(STORE, DEVICE, topics.DownStream.ACK)
    with client(mqtt_broker, MINE) as device, client(mqtt_broker, "gateway") as gateway:
        assert (device.connack, gateway.connack) == ("Success", "Success")
        gateway.subscribe(topics.up_filter())
        device.subscribe(topics.down_filter(STORE, DEVICE))
        device.publish(UP, b"reading")
        assert gateway.receive() == (UP, b"reading")
        gateway.publish(down, b"committed")
        assert device.receive() == (down, b"committed")


def test_it_has_no_access_control(mqtt_broker: EmbeddedBroker) -> None:
    """Why it is for demos alone. When this fails, rumqttd has grown an access list: use it."""
    with client(mqtt_broker, "store-2/device-1") as stranger, client(mqtt_broker, MINE) as device:
        stranger.subscribe("storesense/#")
        device.publish(UP, b"not theirs")
        assert stranger.receive() == (UP, b"not theirs")


def test_a_session_waits_for_an_absent_client(mqtt_broker: EmbeddedBroker) -> None:
    with client(mqtt_broker, "gateway", session_expiry_s=600) as gateway:
        gateway.subscribe(topics.up_filter())
    with client(mqtt_broker, MINE) as device:
        device.publish(UP, b"meanwhile")
    with client(mqtt_broker, "gateway", session_expiry_s=600) as gateway:
        assert gateway.session_present
        assert gateway.receive() == (UP, b"meanwhile")


def test_sessions_do_not_survive_its_restart(mqtt_broker: EmbeddedBroker) -> None:
    port = mqtt_broker.port
    with client(mqtt_broker, "gateway", session_expiry_s=600) as gateway:
        gateway.subscribe(topics.up_filter())
    mqtt_broker.kill()
    mqtt_broker.start()
    assert mqtt_broker.port == port
    with client(mqtt_broker, "gateway", session_expiry_s=600) as gateway:
        assert gateway.connack == "Success"
        assert not gateway.session_present


def test_a_large_message_passes_and_a_huge_one_ends_only_its_connection(mqtt_broker: EmbeddedBroker) -> None:
    with client(mqtt_broker, "gateway") as gateway, client(mqtt_broker, MINE) as device:
        gateway.subscribe(topics.up_filter())
        device.publish(UP, b"x" * 200_000)
        assert len(gateway.receive()[1]) == 200_000
        with socket.create_connection(("127.0.0.1", mqtt_broker.port), timeout=30) as raw:
            raw.sendall(b"\x10\x80\x80\x80\x20")  # CONNECT of 64 MB
            assert raw.recv(64) == b""
        device.publish(UP, b"still here")
        assert gateway.receive() == (UP, b"still here")


def test_it_listens_on_loopback_alone(mqtt_broker: EmbeddedBroker) -> None:
    assert mqtt_broker.child is not None
    process = psutil.Process(mqtt_broker.child.pid)
    assert {c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    assert " ".join(process.cmdline()).count(mqtt_broker.password(MINE).get_secret_value()) == 0


def test_passwords_are_private_and_in_no_repr(mqtt_broker: EmbeddedBroker) -> None:
    config = mqtt_broker.data_dir / "rumqttd.toml"
    secret = mqtt_broker.password(MINE).get_secret_value()
    assert secret in config.read_text()
    assert config.stat().st_mode & 0o777 == 0o600
    assert config.stat().st_uid == os.geteuid()
    assert secret not in repr(mqtt_broker)


def test_a_taken_port_is_named(service_dir: Path, broker_accounts: tuple[Account, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        broker = EmbeddedBroker(service_dir / "b", accounts=broker_accounts, port=port)
        with pytest.raises(PortTakenError, match=rf"port {port} on 127\.0\.0\.1.* is taken by .*choose another port"):
            broker.start()
    broker.start()  # once it is free, the same object starts
    assert broker.port == port
    broker.stop()


def test_a_broker_that_panics_ends_and_can_be_started_again(mqtt_broker: EmbeddedBroker) -> None:
    """A refused client id that comes again poisons rumqttd 0.20. When this fails it is cured, and the watch can go."""
    child = mqtt_broker.child
    assert child is not None
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", mqtt_broker.port), timeout=30) as raw:
            raw.sendall(connect_packet(client_id="a/b", user_name=MINE, password=mqtt_broker.password(MINE)))
            raw.recv(64)
    child.wait(60)
    failure = mqtt_broker.failure()
    assert isinstance(failure, ChildEndedError)
    assert "panicked" in failure.log_tail
    mqtt_broker.start()
    assert mqtt_broker.failure() is None
    with client(mqtt_broker, MINE) as device:
        assert device.connack == "Success"
