"""The load generator keeps its window and its rate, and counts each acknowledgement once."""

import socket
from datetime import UTC, datetime

import pytest

from storesense_contracts.messages import CommitAck, decode_message, encode_struct
from storesense_contracts.topics import Stream
from storesense_simulators.load_device import LoadDevice, footfall_payloads
from storesense_simulators.load_order import LoadOrder
from storesense_simulators.mqtt_packets import puback_packet, publish_frame, split_packets, take_publish

BOOT = "0" * 32


def a_device(*, counts_commits: bool = True, window: int = 4) -> tuple[LoadDevice, socket.socket]:
    order = LoadOrder(
        host="127.0.0.1",
        port=1,
        devices=[("store-1", "device-1", "secret")],
        messages=10,
        batch_size=2,
        duration_s=1.0,
        window=window,
        counts_commits=counts_commits,
    )
    device = LoadDevice(order, 0)
    device.socket, peer = socket.socketpair()
    for each in (device.socket, peer):
        each.setblocking(False)
    return device, peer


def sent(peer: socket.socket) -> list[int]:
    try:
        data = bytearray(peer.recv(1_000_000))
    except BlockingIOError:
        return []
    return [(take_publish(first_byte, body)[0] or 0) - 1 for first_byte, body in split_packets(data)]


def commit_ack(device: LoadDevice, *ranges: tuple[int, int]) -> bytes:
    ack = CommitAck(boot_id=device.boot_id, ranges=ranges, received_at=datetime.now(UTC))
    return publish_frame("down/ack", encode_struct(ack), packet_id=9)


def test_the_window_closes_and_opens_with_commit_acks() -> None:
    device, peer = a_device()
    with device.socket, peer:
        device.fill(10, 1.0)
        assert sent(peer) == [0, 1, 2, 3]
        peer.sendall(commit_ack(device, (0, 1)) + commit_ack(device, (1, 1)))
        device.receive()
        assert device.acked == 2, "seq 1 was acknowledged twice and counts once"
        assert peer.recv(100) == puback_packet(9) * 2
        device.fill(10, 2.0)
        assert sent(peer) == [4, 5]


def test_the_limit_of_a_paced_load_holds() -> None:
    device, peer = a_device()
    with device.socket, peer:
        device.fill(1, 1.0)
        device.fill(1, 1.1)
        assert sent(peer) == [0]


def test_pubacks_count_where_nobody_sends_commit_acks() -> None:
    device, peer = a_device(counts_commits=False)
    with device.socket, peer:
        device.fill(10, 1.0)
        peer.sendall(puback_packet(1) + puback_packet(3))
        device.receive()
        assert device.acked == 2
        assert len(device.latencies_s) == 2


def test_a_hang_up_is_an_error() -> None:
    device, peer = a_device()
    with device.socket:
        peer.close()
        with pytest.raises(ConnectionError, match="hung up"):
            device.receive()


@pytest.mark.parametrize("batch_size", [1, 25])
def test_every_payload_is_a_good_message_within_its_minute(batch_size: int) -> None:
    for seq, payload in enumerate(footfall_payloads(BOOT, 700 // batch_size, batch_size)):
        message = decode_message(Stream.FOOTFALL, payload)
        assert (message.header.seq, len(message.readings), message.bad) == (seq, batch_size, [])
        for _, reading in message.readings:
            second_ms = reading.measured_at.second * 1_000 + reading.measured_at.microsecond // 1_000
            assert second_ms + 200 <= 60_000
