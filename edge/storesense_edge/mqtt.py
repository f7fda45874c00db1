"""One device's connection to the broker: kept up, its losses told, on the event loop without a thread of its own.

Each connection is a paho client of its own, so that nothing lives in paho's memory across connections: what is in
flight is known by the uplink, and goes again from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from paho.mqtt.enums import MQTTErrorCode

from storesense_contracts.mqtt import BrokerError, new_client, session_properties
from storesense_edge.backoff import Backoff

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    import paho.mqtt.client as paho
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from storesense_contracts.settings import BrokerSettings
    from storesense_contracts.topics import Delivery
    from storesense_edge.settings import LinkSettings

_logger = logging.getLogger(__name__)

_MISC_S = 1.0
_RECEIVE_MAXIMUM = 1_000
_UNCONFIRMED_PACKETS = 20
"""Packets the broker has not confirmed; more wait inside paho. Mosquitto cuts off who exceeds its default of 20."""
_REMIND_S = 300.0
_REFUSAL_FACTOR = 10.0


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
        """A message came in on the subscribed topic."""
        ...


class BrokerConnection:
    """Connects, subscribes, and connects again for as long as it runs.

    Args:
        broker: address, user and password.
        client_id: the session's name at the broker.
        will: what the broker publishes for us when the connection breaks.
        subscription: topic filter to subscribe to, at QoS 1.
        listener: who is told.
        settings: times.
        rng: spreads the reconnections.
    """

    def __init__(
        self,
        broker: BrokerSettings,
        *,
        client_id: str,
        will: Publication,
        subscription: str,
        listener: ConnectionListener,
        settings: LinkSettings,
        rng: random.Random,
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._will = will
        self._subscription = subscription
        self._listener = listener
        self._settings = settings
        self._rng = rng
        self._retry = Backoff(settings.reconnect_base_s, settings.reconnect_limit_s)
        self._refused = Backoff(settings.reconnect_limit_s, settings.reconnect_limit_s * _REFUSAL_FACTOR)
        self._live: _Live | None = None
        self.problem: BrokerError | None = None
        self._said: tuple[str, float] | None = None

    @property
    def is_up(self) -> bool:
        """Whether messages can be published."""
        return self._live is not None and self._live.is_up

    def publish(self, publication: Publication) -> int | None:
        """Hand a message to the connection; returns its packet number, or None if there is no connection."""
        if self._live is None or not self._live.is_up:
            return None
        return self._live.publish(publication)

    async def run(self) -> None:
        """Keep a connection up until cancelled."""
        attempt = 0
        # Connecting blocks (names, TCP, TLS), so it has a thread; all else is on the event loop.
        executor = ThreadPoolExecutor(1, thread_name_prefix=f"connect {self._client_id}")
        try:
            while True:
                was_up, retry = False, self._retry
                try:
                    was_up = await self._run_once(executor)
                except BrokerRefusedError as exc:
                    self._report(exc)
                    retry = self._refused
                except BrokerError as exc:
                    self._report(exc)
                else:
                    self._report(self._error("the connection was lost", "it is made again by itself"))
                attempt = 0 if was_up else attempt + 1
                await asyncio.sleep(retry.wait_s(attempt, self._rng))
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    async def _run_once(self, executor: ThreadPoolExecutor) -> bool:
        live = _Live(self._new_client(), self._listener, self._subscription)
        try:
            await self._connect(live, executor)
            self._live = live
            self.problem = None
            self._said = None
            _logger.info("%s is connected to the broker.", self._client_id, extra={"client_id": self._client_id})
            self._listener.on_up()
            await live.serve()
            return True
        finally:
            if self._live is live:
                self._live = None
                self._listener.on_down()
            live.close()

    def _new_client(self) -> paho.Client:
        client = new_client(self._broker, client_id=self._client_id)
        client.connect_timeout = self._settings.connect_timeout_s
        client.max_inflight_messages_set(_UNCONFIRMED_PACKETS)
        delivery = self._will.delivery
        client.will_set(self._will.topic, self._will.payload, qos=delivery.qos, retain=delivery.retain)
        return client

    async def _connect(self, live: _Live, executor: ThreadPoolExecutor) -> None:
        properties = session_properties(expiry_s=self._settings.session_expiry_s, receive_maximum=_RECEIVE_MAXIMUM)
        loop = asyncio.get_running_loop()
        try:
            opening = loop.run_in_executor(executor, live.open, self._broker, properties)
            try:
                await opening
            except asyncio.CancelledError:
                opening.add_done_callback(lambda _: live.close())
                raise
            async with asyncio.timeout(self._settings.connect_timeout_s):
                reason = await live.answered
        except TimeoutError as exc:
            raise self._error("no answer in time", "check host and port, and that an MQTT 5 listener is there") from exc
        except ssl.SSLError as exc:
            raise self._error(
                f"TLS failed ({exc.reason or exc})", "check STORESENSE_BROKER_TLS_CA_FILE and the broker's certificate"
            ) from exc
        except OSError as exc:
            raise self._error(
                f"cannot be reached ({exc.strerror or exc})", "start it or check STORESENSE_BROKER_HOST and _PORT"
            ) from exc
        if reason is not None:
            raise BrokerRefusedError(
                host=self._broker.host,
                port=self._broker.port,
                reason=f"refuses {self._broker.user_name or 'a client without user name'} ({reason})",
                remedy="check this device's entry in STORESENSE_EDGE_CREDENTIALS_FILE and at the broker",
            )

    def _error(self, reason: str, remedy: str) -> BrokerError:
        return BrokerError(host=self._broker.host, port=self._broker.port, reason=reason, remedy=remedy)

    def _report(self, problem: BrokerError) -> None:
        """Log a problem once and then again every five minutes, not at every attempt."""
        self.problem = problem
        now_s = asyncio.get_running_loop().time()
        if self._said is not None and self._said[0] == problem.reason and now_s - self._said[1] < _REMIND_S:
            return
        self._said = (problem.reason, now_s)
        _logger.error("%s: %s", self._client_id, problem, extra={"client_id": self._client_id})


class BrokerRefusedError(BrokerError):
    """The broker answered and does not want this client: wrong user or password, or no right to connect."""

    code = "broker_refused"


class _Live:
    """One paho client on the event loop, for one connection."""

    def __init__(self, client: paho.Client, listener: ConnectionListener, subscription: str) -> None:
        self._client = client
        self._listener = listener
        self._subscription = subscription
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._writing = False
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
            while self._client.socket() is not None:
                self._client.loop_read()
        self._end()

    def _end(self) -> None:
        self.is_up = False
        if not self._ended.done():
            self._ended.set_result(None)
        if not self.answered.done():
            self.answered.set_result("the connection was closed without an answer")

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
        # Small packets go at once: waiting to fill a segment costs 40 ms against a peer that delays its TCP acks.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
        self._client.subscribe(self._subscription, qos=1)
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
                self._subscription,
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
