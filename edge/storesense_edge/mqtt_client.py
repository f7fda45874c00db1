"""A paho client on the event loop, for the life of one connection, without a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from storesense_contracts.mqtt import send_at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    import paho.mqtt.client as paho
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from storesense_contracts.settings import BrokerSettings
    from storesense_contracts.topics import Delivery

_logger = logging.getLogger(__name__)

CLOSED_WITHOUT_ANSWER = "the connection was closed without an answer"
"""Some brokers say no more to a wrong password; a broker that is just ending looks the same."""

_MISC_S = 1.0
_MAX_LAST_READS = 10_000


@dataclass(frozen=True, slots=True)
class Publication:
    """A message with the topic and manner of its delivery."""

    topic: str
    payload: bytes
    delivery: Delivery


class ConnectionListener(Protocol):
    """Who is told what happens on a connection, always on the event loop."""

    def on_up(self) -> None:
        """The broker took us in and messages may be published."""
        ...

    def on_down(self) -> None:
        """The connection is gone."""
        ...

    def on_published(self, packet_no: int) -> None:
        """The broker took the message over; that says nothing about the database."""
        ...

    def on_message(self, topic: str, payload: bytes) -> None:
        """A message came in on a subscribed topic."""
        ...


class LiveClient:
    """One paho client on the event loop, for one connection."""

    def __init__(self, client: paho.Client, listener: ConnectionListener, subscriptions: tuple[str, ...]) -> None:
        self._client = client
        self._listener = listener
        self._subscriptions = subscriptions
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self.answered: asyncio.Future[str | None] = self._loop.create_future()
        self.is_up = False
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def open(self, broker: BrokerSettings, properties: Properties) -> None:
        """Connect and send CONNECT; blocks. Raises OSError."""
        self._client.connect(broker.host, broker.port, broker.keepalive_s, clean_start=False, properties=properties)

    async def serve(self) -> None:
        """Look after keep-alives until the connection ends."""
        while not self._ended.done():
            await asyncio.wait([self._ended], timeout=_MISC_S)
            self._client.loop_misc()

    def publish(self, publication: Publication) -> int | None:
        """Hand a message to paho; returns its packet number, or None if paho does not take it."""
        info = self._client.publish(
            publication.topic,
            publication.payload,
            qos=publication.delivery.qos,
            retain=publication.delivery.retain,
        )
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def close(self) -> None:
        """Say goodbye if the connection still stands, and close the socket."""
        self.is_up = False
        sock: Any = self._client.socket()
        if sock is not None:
            if not self._ended.done():
                self._client.disconnect()
                self._client.loop_write()
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            # Reading to the end is how paho lets go of its socket.
            for _ in range(_MAX_LAST_READS):
                if self._client.socket() is None:
                    break
                self._client.loop_read()
        self._end()

    def close_soon(self) -> None:
        """Close from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    def _end(self) -> None:
        self.is_up = False
        if not self._ended.done():
            self._ended.set_result(None)
        if not self.answered.done():
            self.answered.set_result(CLOSED_WITHOUT_ANSWER)

    def _call(self, function: Callable[..., Any], *args: object) -> None:
        # While connecting, paho calls from the connecting thread.
        try:
            on_loop = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            on_loop = False
        if on_loop:
            function(*args)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    def _on_socket_open(self, _client: object, _userdata: object, sock: Any) -> None:
        send_at_once(sock)
        self._call(self._loop.add_reader, sock.fileno(), self._read, sock)

    def _on_socket_close(self, _client: object, _userdata: object, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._call(self._loop.remove_reader, sock.fileno())

    def _on_register_write(self, _client: object, _userdata: object, sock: Any) -> None:
        self._call(self._loop.add_writer, sock.fileno(), self._client.loop_write)

    def _on_unregister_write(self, _client: object, _userdata: object, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._call(self._loop.remove_writer, sock.fileno())

    def _read(self, sock: Any) -> None:
        self._client.loop_read()
        # What TLS has already decrypted does not make the socket readable again.
        while isinstance(sock, ssl.SSLSocket) and self._client.socket() is not None and sock.pending():
            self._client.loop_read()

    def _on_connect(
        self, _client: object, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if self.answered.done():
            return
        if reason.is_failure:
            self.answered.set_result(str(reason))
            return
        self._client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._subscriptions])
        self.is_up = True
        self.answered.set_result(None)

    def _on_disconnect(self, *_args: object) -> None:
        self._end()

    def _on_subscribe(
        self, _client: object, _userdata: object, _mid: int, reasons: list[ReasonCode], _properties: object
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            _logger.error(
                "The broker refuses the subscription to %s (%s), so nothing that is sent can be acknowledged; "
                "allow this device to read its own down streams in the broker's access control.",
                ", ".join(self._subscriptions),
                ", ".join(str(reason) for reason in reasons),
            )

    def _on_publish(
        self, _client: object, _userdata: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            _logger.warning("The broker did not take a message (%s); it goes again later.", reason)
        self._listener.on_published(mid)

    def _on_message(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        self._listener.on_message(message.topic, bytes(message.payload))
