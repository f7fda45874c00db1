"""The client's own way in yields what paho's does, however the bytes are cut, and its acknowledgements go in order."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, _ConnectionState

from storesense_gateway.mqtt_client import (
    LEANS_ON,
    ChunkClient,
    MalformedError,
    Received,
    packet_bounds,
    take_message,
)
from storesense_simulators.mqtt_packets import variable_length

PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"
USER_PROPERTY = b"\x26\x00\x01a\x00\x01b"


def publish(topic: bytes, payload: bytes, *, mid: int, qos: int, properties: bytes = b"") -> bytes:
    head = len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if qos else b"")
    body = head + variable_length(len(properties)) + properties + payload
    return bytes([0x30 | qos << 1]) + variable_length(len(body)) + body


@contextmanager
def client_and_peer(client_class: type[paho.Client] = ChunkClient) -> Iterator[tuple[paho.Client, socket.socket]]:
    """A client that believes to be connected, and the broker's end of its socket."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    client = client_class(CallbackAPIVersion.VERSION2, client_id="x", protocol=paho.MQTTv5, manual_ack=True)
    client._sock = ours
    with ours, theirs:
        yield client, theirs
        client._sock = None


def test_paho_still_has_what_this_leans_on() -> None:
    with client_and_peer(paho.Client) as (client, _peer):
        assert [name for name in LEANS_ON if not hasattr(client, name)] == []


messages_strategy = st.lists(
    st.tuples(
        st.binary(min_size=1, max_size=40).filter(lambda name: b"\x00" not in name),
        st.binary(max_size=300),
        st.integers(1, 65_535),
        st.sampled_from([0, 1]),
        st.sampled_from([b"", USER_PROPERTY, USER_PROPERTY * 30]),
        st.booleans(),
    ),
    max_size=8,
)


@given(messages=messages_strategy, cuts=st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_however_the_bytes_are_cut_the_messages_are_paho_s(
    messages: list[tuple[bytes, bytes, int, int, bytes, bool]], cuts: list[int]
) -> None:
    data = b"".join(
        publish(topic, payload, mid=mid, qos=qos, properties=properties) + (PINGRESP if pings else b"")
        for topic, payload, mid, qos, properties, pings in messages
    )
    ours: list[Received] = []
    theirs: list[tuple[bytes, int, int]] = []
    with client_and_peer() as (client, peer):
        assert isinstance(client, ChunkClient)
        client.on_messages = ours.extend
        place = turn = 0
        while place < len(data):
            cut = cuts[turn % len(cuts)]
            peer.sendall(data[place : place + cut])
            assert client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS
            place, turn = place + cut, turn + 1
    with client_and_peer(paho.Client) as (client, peer):
        client.on_message = lambda _client, _data, message: theirs.append(
            (bytes(message.payload), message.mid, message.qos)
        )
        peer.sendall(data)
        for _ in range(2 * len(messages)):
            client.loop_read()
    assert [(each.payload, each.mid, each.qos) for each in ours] == theirs
    assert [each.topic for each in ours] == [topic for topic, *_ in messages]


@given(st.binary(max_size=200))
def test_whatever_comes_is_taken_or_ends_the_connection(data: bytes) -> None:
    try:
        body, end = packet_bounds(data, 0)
        if end <= len(data):
            taken = take_message(data, body, end, 1)
            assert len(taken.topic) + len(taken.payload) <= len(data)
    except MalformedError:
        return


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x32\xff\xff\xff\xff\x01", "a length of five bytes"),
        (b"\x32\x03\x00\x09a", "a topic longer than its packet"),
        (b"\x32\x02\x00\x00", "no packet id"),
        (b"\x32\x06\x00\x01a\x00\x01\x05", "properties longer than their packet"),
        (b"\xf0\x00", "a packet type that a broker never sends"),
    ],
)
def test_what_is_no_mqtt_ends_the_connection(data: bytes, reason: str) -> None:
    with client_and_peer() as (client, peer):
        peer.sendall(data)
        assert client.loop_read() == MQTTErrorCode.MQTT_ERR_PROTOCOL, reason
        assert client.socket() is None, reason


def test_a_new_connection_begins_with_nothing_of_the_old_one() -> None:
    got: list[Received] = []
    with client_and_peer() as (client, peer):
        assert isinstance(client, ChunkClient)
        client.on_messages = got.extend
        peer.sendall(publish(b"t", b"half of it", mid=1, qos=1)[:8])
        client.loop_read()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            client._sock = ours
            theirs.sendall(publish(b"t", b"whole", mid=2, qos=1))
            client.loop_read()
            client._sock = None
    assert [(each.payload, each.mid) for each in got] == [(b"whole", 2)]


def test_without_room_nothing_is_read_and_the_connection_lives() -> None:
    got: list[Received] = []
    with client_and_peer() as (client, peer):
        assert isinstance(client, ChunkClient)
        client.on_messages = got.extend
        room = [False, True]
        client.wait_for_room = lambda _timeout_s: room.pop(0)
        peer.sendall(publish(b"t", b"x", mid=1, qos=1))
        client._last_bytes_received = 0
        assert client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS
        assert got == []
        assert client._last_bytes_received > 0, "a full inbox must not look like a dead broker"
        client.loop_read()
        assert [each.mid for each in got] == [1]


class Silence:
    """A connected client of keep-alive 10 s, and time that passes without a word from the broker."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, client: paho.Client, peer: socket.socket) -> None:
        self.ended: set[str] = set()
        self._client, self._peer, self._now_s = client, peer, 1_000.0
        monkeypatch.setattr(paho, "time_func", lambda: self._now_s)
        peer.setblocking(False)
        client.keepalive = 10
        client._state = _ConnectionState.MQTT_CS_CONNECTED
        client._last_msg_out = client._last_bytes_received = self._now_s
        client.on_disconnect = lambda _client, _data, _flags, reason, _props: self.ended.add(str(reason))

    def lasts(self, duration_s: int) -> int:
        """Let seconds pass; return how many pings went out."""
        for _ in range(duration_s):
            self._now_s += 1.0
            self._client.loop_misc()
            self._client.loop_write()
        with suppress(BlockingIOError):
            return self._peer.recv(1_000).count(PINGREQ)
        return 0


def test_a_broker_that_answers_no_ping_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    with client_and_peer() as (client, peer):
        silence = Silence(monkeypatch, client, peer)
        assert silence.lasts(19) == 1
        assert not silence.ended
        silence.lasts(3)
        assert silence.ended == {"Keep alive timeout"}


def test_a_broker_that_waits_for_acknowledgements_need_not_answer_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the database is away, a full window may keep the broker from answering."""
    with client_and_peer() as (client, peer):
        assert isinstance(client, ChunkClient)
        silence = Silence(monkeypatch, client, peer)
        peer.sendall(publish(b"t", b"x", mid=1, qos=1) + publish(b"t", b"y", mid=2, qos=1))
        client.loop_read()
        assert silence.lasts(100) == 10
        client.ack_all([1])
        assert silence.lasts(40) == 4
        assert not silence.ended, "one is still owed"
        client.ack_all([2])
        silence.lasts(25)
        assert silence.ended == {"Keep alive timeout"}, "now nothing explains its silence"


def test_messages_that_want_no_acknowledgement_explain_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    with client_and_peer() as (client, peer):
        silence = Silence(monkeypatch, client, peer)
        peer.sendall(publish(b"t", b"x", mid=0, qos=0))
        client.loop_read()
        silence.lasts(25)
        assert silence.ended == {"Keep alive timeout"}


def test_what_was_owed_to_an_earlier_connection_explains_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    with client_and_peer() as (client, peer):
        peer.sendall(publish(b"t", b"x", mid=1, qos=1))
        client.loop_read()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            client._sock = ours
            client.loop_read()
            silence = Silence(monkeypatch, client, theirs)
            silence.lasts(25)
            assert silence.ended == {"Keep alive timeout"}
            client._sock = None


def test_an_answer_that_nobody_reads_for_want_of_room_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    with client_and_peer() as (client, peer):
        assert isinstance(client, ChunkClient)
        client.wait_for_room = lambda _timeout_s: False
        silence = Silence(monkeypatch, client, peer)
        for _ in range(10):
            silence.lasts(9)
            client.loop_read()
        assert not silence.ended


def test_a_hang_up_is_told() -> None:
    reasons: list[bool] = []
    with client_and_peer() as (client, peer):
        client.on_disconnect = lambda *_args: reasons.append(True)
        peer.close()
        assert client.loop_read() == MQTTErrorCode.MQTT_ERR_CONN_LOST
    assert reasons == [True]


@pytest.mark.parametrize("mids", [[], [7], [3, 1, 65_535]])
def test_acknowledgements_go_in_order_by_one_write(mids: Sequence[int]) -> None:
    with client_and_peer() as (client, peer):
        assert isinstance(client, ChunkClient)
        peer.setblocking(False)
        client.ack_all(mids)
        client.loop_write()
        expected = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids)
        assert (peer.recv(100) if mids else b"") == expected
