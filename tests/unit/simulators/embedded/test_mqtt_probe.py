"""The CONNECT packet of the probe, byte by byte, and brokers that answer badly."""

import socket
import threading

import pytest
from pydantic import SecretStr

from storesense_simulators.embedded.mqtt_probe import connect_packet, signs_in
from storesense_simulators.embedded.ports import LOOPBACK, free_port


def test_the_connect_packet_is_mqtt_5() -> None:
    packet = connect_packet(client_id="c", user_name="u", password=SecretStr("pw"))
    assert packet == b"\x10\x15\x00\x04MQTT\x05\xc2\x00\x0a\x00\x00\x01c\x00\x01u\x00\x02pw"


def test_lengths_beyond_127_take_two_bytes() -> None:
    packet = connect_packet(client_id="c" * 200, user_name="u", password=SecretStr("pw"))
    assert packet[1] & 0x80
    assert (packet[1] & 0x7F) + packet[2] * 128 == len(packet) - 3


@pytest.mark.parametrize(
    ("answer", "expected", "why"),
    [
        (b"\x20\x03\x00\x00", True, "success"),
        (b"\x20\x03\x00\x87", False, "not authorized"),
        (b"", False, "it hung up"),
        (b"HTTP/1.1 400", False, "not a broker at all"),
    ],
)
def test_only_a_success_of_a_broker_counts(answer: bytes, expected: bool, why: str) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]
        assert signs_in(host=LOOPBACK, port=port, user_name="u", password=SecretStr("p")) is expected, why
        thread.join()


def test_nobody_there_is_no() -> None:
    assert not signs_in(host=LOOPBACK, port=free_port(), user_name="u", password=SecretStr("p"))
