"""The load generator's own packets are MQTT: what it writes it reads, however the bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(
    payloads=st.lists(st.binary(max_size=400), max_size=6),
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=10),
)
def test_what_is_published_is_read_again(payloads: list[bytes], cuts: list[int]) -> None:
    data = b"".join(publish_frame("a/b", payload, packet_id=number + 1) for number, payload in enumerate(payloads))
    received = bytearray()
    got: list[tuple[int | None, bytes]] = []
    place = turn = 0
    while place < len(data):
        cut = cuts[turn % len(cuts)]
        received += data[place : place + cut]
        got += [take_publish(first_byte, body) for first_byte, body in split_packets(received)]
        place, turn = place + cut, turn + 1
    assert got == [(number + 1, payload) for number, payload in enumerate(payloads)]
    assert received == b""


def test_a_puback_names_its_packet() -> None:
    assert list(split_packets(bytearray(puback_packet(258)))) == [(PUBACK, b"\x01\x02")]


def test_a_subscription_asks_for_qos_1() -> None:
    assert subscribe_packet("a/b", packet_id=2) == b"\x82\x09\x00\x02\x00\x00\x03a/b\x01"


def test_a_message_of_qos_0_has_no_packet_id() -> None:
    assert take_publish(PUBLISH, b"\x00\x01a\x00x") == (None, b"x")


@pytest.mark.parametrize(
    ("body", "expected", "reason"),
    [
        (b"\x00\x00\x00", 65_535, "MQTT's own number where the broker says none"),
        (b"\x00\x00\x03\x21\x00\x14", 20, "Mosquitto as shipped"),
        (b"\x00\x00\x0b\x27\x00\x04\x10\x00\x12\x00\x00\x21\x03\xe8", 1_000, "behind a number and a text"),
    ],
)
def test_the_broker_s_window_is_found(body: bytes, expected: int, reason: str) -> None:
    assert connack_receive_maximum(body) == expected, reason


def test_a_refusal_is_an_error() -> None:
    with pytest.raises(ValueError, match="0x86"):
        connack_receive_maximum(b"\x00\x86\x00")


def test_what_is_no_mqtt_is_an_error() -> None:
    with pytest.raises(ValueError, match="four bytes"):
        list(split_packets(bytearray(b"\x30\xff\xff\xff\xff\x01")))
