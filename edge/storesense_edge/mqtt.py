"""One device's connection to the broker: kept up, its losses told, on the event loop without a thread of its own.

Each connection is a paho client of its own, so that nothing lives in paho's memory across connections: what is in
flight is known by the uplink, and goes again from there.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from storesense_contracts.backoff import Backoff
from storesense_contracts.mqtt import BrokerError, new_client, session_properties
from storesense_edge.mqtt_client import CLOSED_WITHOUT_ANSWER, LiveClient

if TYPE_CHECKING:
    import random

    import paho.mqtt.client as paho

    from storesense_contracts.settings import BrokerSettings
    from storesense_edge.mqtt_client import ConnectionListener, Publication
    from storesense_edge.settings import LinkSettings

_logger = logging.getLogger(__name__)

_RECEIVE_MAXIMUM = 1_000
_UNCONFIRMED_PACKETS = 20
"""Packets the broker has not confirmed; more wait inside paho. Mosquitto cuts off who exceeds its default of 20."""
_REMIND_S = 300.0
_REFUSAL_FACTOR = 10.0


class BrokerConnection:
    """Connects, subscribes, and connects again for as long as it runs.

    Args:
        broker: address, user and password.
        client_id: the session's name at the broker.
        will: what the broker publishes for us when the connection breaks.
        subscriptions: topic filters to subscribe to, at QoS 1.
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
        subscriptions: tuple[str, ...],
        listener: ConnectionListener,
        settings: LinkSettings,
        rng: random.Random,
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._will = will
        self._subscriptions = subscriptions
        self._listener = listener
        self._settings = settings
        self._rng = rng
        self._retry = Backoff(settings.reconnect_base_s, settings.reconnect_limit_s)
        self._refused = Backoff(settings.reconnect_limit_s, settings.reconnect_limit_s * _REFUSAL_FACTOR)
        self._live: LiveClient | None = None
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
        failures = 0
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
                failures = 1 if was_up else failures + 1
                await asyncio.sleep(retry.wait_s(failures, self._rng.random()))
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    async def _run_once(self, executor: ThreadPoolExecutor) -> bool:
        live = LiveClient(self._new_client(), self._listener, self._subscriptions)
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

    async def _connect(self, live: LiveClient, executor: ThreadPoolExecutor) -> None:
        properties = session_properties(expiry_s=self._settings.session_expiry_s, receive_maximum=_RECEIVE_MAXIMUM)
        try:
            opening = executor.submit(live.open, self._broker, properties)
            try:
                await asyncio.wrap_future(opening)
            except asyncio.CancelledError:
                # The thread cannot be stopped; what it still opens is closed when it is done.
                opening.add_done_callback(lambda _: live.close_soon())
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
        if reason == CLOSED_WITHOUT_ANSWER:
            raise self._error(
                reason, "look at the broker's log, and at this device's entry in STORESENSE_EDGE_CREDENTIALS_FILE"
            )
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
        # The cause's traceback would keep the failed attempt, its socket included, alive.
        problem.__cause__ = problem.__context__ = None
        self.problem = problem.with_traceback(None)
        now_s = asyncio.get_running_loop().time()
        if self._said is not None and self._said[0] == problem.reason and now_s - self._said[1] < _REMIND_S:
            return
        self._said = (problem.reason, now_s)
        _logger.error("%s: %s", self._client_id, problem, extra={"client_id": self._client_id})


class BrokerRefusedError(BrokerError):
    """The broker answered and does not want this client: wrong user or password, or no right to connect."""

    code = "broker_refused"
