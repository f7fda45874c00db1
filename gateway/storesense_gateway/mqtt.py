"""The gateway's connection to the broker: an MQTT 5 client in a thread of its own.

Messages are acknowledged by hand, after their commit, in the order they came in. What was not acknowledged when a
connection ends comes again by the next one, so the inbox is emptied then, and acknowledgements that belong to an
earlier connection are never sent: their packet ids mean other messages now.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from storesense_contracts import topics
from storesense_contracts.clock import Clock, to_epoch_us
from storesense_contracts.ids import DeviceId, InvalidIdError, StoreId, store_id
from storesense_contracts.messages import CommitAck, encode_struct
from storesense_contracts.mqtt import new_client, session_properties
from storesense_contracts.settings import BrokerSettings
from storesense_gateway.entries import BootKey, Incoming, Tag
from storesense_gateway.inbox import Inbox
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.mqtt_client import ChunkClient, Received
from storesense_gateway.settings import GatewaySettings

_LOG = logging.getLogger(__name__)
_MAX_UNSENT_ACKS = 10_000
_MAX_INFLIGHT_ACKS = 100
_MAX_CACHED_TOPIC = 200
_RECONNECT_S = (0.25, 1.0)
"""Before the first reconnection, doubling up to the second. One client that asks every second is no burden to a broker,
and every store waits for it."""
_CHECK_ACCOUNT = "check STORESENSE_BROKER_USER_NAME, its password, and TLS"


class Link(Protocol):
    """What the committer asks of the broker."""

    def ack(self, tags: Sequence[Tag]) -> None:
        """Acknowledge messages, in receipt order; those of an earlier connection are left out."""
        ...

    def tell_committed(self, boot: BootKey, ack: CommitAck) -> bool:
        """Publish a commit ack; return whether it was sent. If not, the device asks again by repeating."""
        ...


class MqttLink:
    """Implements ``Link``, and fills the inbox."""

    def __init__(
        self,
        broker: BrokerSettings,
        settings: GatewaySettings,
        *,
        inbox: Inbox,
        clock: Clock,
        metrics: GatewayMetrics,
        report: Callable[[str | None], None],
    ) -> None:
        """Make the link without connecting; ``report`` is told None when subscribed, and otherwise what is wrong."""
        self._broker = broker
        self._settings = settings
        self._inbox = inbox
        self._clock = clock
        self._metrics = metrics
        self._report = report
        self._lock = threading.Lock()
        self._connection_no = 0
        self._connected = False
        self._stopping = False
        self._is_over = False
        self._is_refused = False
        self._client: ChunkClient | None = None
        self._own_stores: frozenset[str | None] = frozenset(settings.store_ids)
        self._ended: set[str | None] = set()

    def start(self) -> None:
        """Connect in the background and keep trying. Raises SettingsError if a file of the settings cannot be read."""
        client = new_client(
            self._broker, client_id=self._settings.session_name, manual_ack=True, client_class=ChunkClient
        )
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_messages = self._on_messages
        client.wait_for_room = self._inbox.wait_for_room
        client.on_connect_fail = self._on_connect_fail
        client.max_inflight_messages_set(_MAX_INFLIGHT_ACKS)
        client.max_queued_messages_set(_MAX_UNSENT_ACKS)
        # paho says whole seconds and takes any.
        client.reconnect_delay_set(min_delay=_RECONNECT_S[0], max_delay=_RECONNECT_S[1])  # type: ignore[arg-type]
        self._client = client
        client.connect_async(
            self._broker.host,
            self._broker.port,
            keepalive=self._broker.keepalive_s,
            clean_start=False,
            properties=session_properties(
                expiry_s=self._settings.session_expiry_s, receive_maximum=self._settings.receive_maximum
            ),
        )
        client.loop_start()

    def stop(self) -> None:
        """Send what waits to be sent and disconnect; the session stays with the broker."""
        client = self._client
        if client is None:
            return
        self._stopping = True
        client.disconnect()
        client.loop_stop()
        self._client = None

    def ack(self, tags: Sequence[Tag]) -> None:
        """Acknowledge messages in receipt order, but never by another connection than they came by."""
        client = self._client
        with self._lock:
            if client is None or not self._connected:
                return
            client.ack_all([tag.mid for tag in tags if tag.qos and tag.connection_no == self._connection_no])

    def tell_committed(self, boot: BootKey, ack: CommitAck) -> bool:
        """Publish a commit ack; return whether the client took it."""
        client = self._client
        if client is None or not self._connected:
            return False
        topic = topics.down(StoreId(boot.store_id), DeviceId(boot.device_id), topics.DownStream.ACK)
        delivery = topics.DOWN_DELIVERY[topics.DownStream.ACK]
        info = client.publish(topic, encode_struct(ack), qos=delivery.qos, retain=delivery.retain)
        return info.rc in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)

    @property
    def connection_no(self) -> int:
        """How many connections there have been, this one included; 0 while there is none."""
        with self._lock:
            return self._connection_no if self._connected else 0

    def tell_config(self, store_id: StoreId, device_id: DeviceId, payload: bytes) -> bool:
        """Publish what a device is told of its configuration, retained; return whether the client took it."""
        client = self._client
        if client is None or not self._connected:
            return False
        delivery = topics.DOWN_DELIVERY[topics.DownStream.CONFIG]
        topic = topics.down(store_id, device_id, topics.DownStream.CONFIG)
        info = client.publish(topic, payload, qos=delivery.qos, retain=delivery.retain)
        return info.rc in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)

    def tell_command(self, store_id: StoreId, device_id: DeviceId, payload: bytes, *, valid_s: int) -> bool:
        """Publish a command to a device, for the broker to forget after ``valid_s``; return whether it was taken."""
        client = self._client
        if client is None or not self._connected:
            return False
        delivery = topics.DOWN_DELIVERY[topics.DownStream.COMMAND]
        topic = topics.down(store_id, device_id, topics.DownStream.COMMAND)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = valid_s
        info = client.publish(topic, payload, qos=delivery.qos, retain=delivery.retain, properties=properties)
        return info.rc in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)

    def _on_pre_connect(self, _client: paho.Client, _data: Any) -> None:
        self._is_over = False

    def _on_connect(
        self,
        client: paho.Client,
        _data: Any,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _props: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._is_refused = True
            self._report(f"broker {self._address} refuses us: {reason}; {_CHECK_ACCOUNT}")
            return
        self._is_refused = False
        self._ended.clear()
        with self._lock:
            self._connection_no += 1
            self._connected = True
        self._metrics.connections.inc()
        stores: Sequence[str | None] = self._settings.store_ids or (None,)
        filters = [
            (topics.up_filter(None if store is None else StoreId(store)), SubscribeOptions(qos=1)) for store in stores
        ]
        if self._settings.store_ids:
            # The session may be of a time when we had all stores.
            client.unsubscribe(topics.up_filter())
        client.subscribe(filters)

    def _on_subscribe(
        self,
        _client: paho.Client,
        _data: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _props: Properties | None,
    ) -> None:
        failures = [str(reason) for reason in reasons if reason.is_failure]
        if failures:
            self._report(
                f"broker {self._address} refuses the subscription: {failures[0]}; "
                f"let this user read {topics.up_filter()}"
            )
            return
        _LOG.info("subscribed at broker %s", self._address)
        self._metrics.broker_up.set(1)
        self._report(None)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: Any,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _props: Properties | None,
    ) -> None:
        with self._lock:
            was_connected = self._connected
            self._connected = False
        self._metrics.broker_up.set(0)
        if self._stopping or self._is_over:  # paho tells twice of a connection that died in silence
            return
        self._is_over = True
        dropped = self._inbox.clear()
        if was_connected:
            self._report(f"connection to broker {self._address} ended ({reason}); {dropped} messages will come again")
        elif not self._is_refused:  # some brokers say why they refuse, others just hang up
            self._report(f"broker {self._address} hung up ({reason}); {_CHECK_ACCOUNT}")

    def _on_connect_fail(self, _client: paho.Client, _data: Any) -> None:
        self._report(f"broker {self._address} cannot be reached; start it, or correct STORESENSE_BROKER_HOST and _PORT")

    def _on_messages(self, messages: Sequence[Received]) -> None:
        connection_no = self._connection_no
        received_us = to_epoch_us(self._clock.now())
        self._metrics.received.inc(len(messages))
        taken = self._inbox.put_all(
            [
                Incoming(_text(topic), payload, received_us, Tag(connection_no, mid, qos))
                for topic, payload, mid, qos in messages
            ]
        )
        if taken < len(messages):
            self._metrics.refused.inc(len(messages) - taken)
        if self._own_stores:
            self._end_stale_subscriptions({topic for topic, *_ in messages})

    def _end_stale_subscriptions(self, seen: set[bytes]) -> None:
        """Unsubscribe from stores that are not ours any more, of which the session has brought something.

        A session keeps its filters when the list of stores changes, and MQTT has no way to ask for them; so each is
        found by what it brings. That is stored like everything else: the ledger keeps it from being doubled.
        """
        for store in {_store_of(topic) for topic in seen} - self._own_stores - self._ended:
            self._ended.add(store)
            if store is None or self._client is None:
                continue
            self._client.unsubscribe(topics.up_filter(StoreId(store)))
            self._metrics.unsubscribed.inc()
            _LOG.info("store %s is not in STORESENSE_GATEWAY_STORE_IDS any more; its subscription is ended", store)

    @property
    def _address(self) -> str:
        return f"{self._broker.host}:{self._broker.port}"


def _text(topic: bytes) -> str:
    # A device may make up topics of 64 KiB; the cache is for those that are ours.
    return _short_text(topic) if len(topic) <= _MAX_CACHED_TOPIC else _short_text.__wrapped__(topic)


@lru_cache(maxsize=65_536)
def _short_text(topic: bytes) -> str:
    try:
        return topic.decode()
    except UnicodeDecodeError:
        return "(not UTF-8)"


@lru_cache(maxsize=4_096)
def _store_of(topic: bytes) -> str | None:
    """Return the store of a topic; None if it is none of ours, and no filter of ours can have brought it."""
    parts = topic[:_MAX_CACHED_TOPIC].split(b"/", 3)
    try:
        return store_id(parts[2].decode()) if len(parts) == 4 else None
    except (InvalidIdError, UnicodeDecodeError):
        return None
