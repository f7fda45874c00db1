"""What the link tells of its connection, told by a client that is never connected."""

from datetime import UTC, datetime

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from storesense_contracts.clock import ManualClock
from storesense_contracts.settings import BrokerSettings
from storesense_gateway.inbox import Inbox
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.mqtt import MqttLink
from storesense_gateway.settings import GatewaySettings

SUCCESS = ReasonCode(PacketTypes.CONNACK, "Success")
SILENCE = ReasonCode(PacketTypes.DISCONNECT, "Keep alive timeout")
BROKER = "broker 127.0.0.1:1883"


class Told:
    """A link, and what it reported since it was last asked."""

    def __init__(self) -> None:
        self._told: list[str | None] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._link = MqttLink(
            BrokerSettings(host="127.0.0.1", port=1883),
            GatewaySettings(),
            inbox=Inbox(max_messages=10, max_bytes=1_000),
            clock=ManualClock(datetime(2026, 3, 2, tzinfo=UTC)),
            metrics=GatewayMetrics(),
            report=self._told.append,
        )

    def tries(self) -> None:
        self._link._on_pre_connect(self._client, None)

    def connects(self) -> None:
        self._link._on_connect(self._client, None, paho.ConnectFlags(session_present=False), SUCCESS, None)

    def ends(self) -> list[str | None]:
        flags = paho.DisconnectFlags(is_disconnect_packet_from_server=False)
        self._link._on_disconnect(self._client, None, flags, SILENCE, None)
        told, self._told[:] = self._told[:], []
        return told


@pytest.fixture
def told() -> Told:
    return Told()


def test_the_end_of_a_connection_is_told_once(told: Told) -> None:
    told.tries()
    told.connects()
    assert told.ends() == [f"connection to {BROKER} ended (Keep alive timeout); 0 messages will come again"]
    assert told.ends() == [], "the second time would read as if the account were wrong"


def test_the_end_of_the_next_connection_is_told_too(told: Told) -> None:
    for _ in range(2):
        told.tries()
        told.connects()
        assert len(told.ends()) == 1


def test_a_broker_that_hangs_up_before_it_answers_is_told_with_what_to_check(told: Told) -> None:
    told.tries()
    (text,) = told.ends()
    assert text is not None
    assert text.startswith(f"{BROKER} hung up (Keep alive timeout); check STORESENSE_BROKER_USER_NAME")
