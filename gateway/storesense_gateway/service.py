"""The gateway put together, and its life from start to stop."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from storesense_contracts.clock import Clock
from storesense_contracts.settings import BrokerSettings
from storesense_gateway.collector import tuned_interpreter
from storesense_gateway.committer import Committer
from storesense_gateway.health import Health, HealthServer
from storesense_gateway.inbox import Inbox
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.mqtt import MqttLink
from storesense_gateway.port import Store
from storesense_gateway.settings import GatewaySettings

_LOG = logging.getLogger(__name__)


class Gateway:
    """A link to the broker, a committer in its thread, and a small HTTP server."""

    def __init__(
        self, settings: GatewaySettings, *, link: MqttLink, committer: Committer, http: HealthServer, health: Health
    ) -> None:
        self._settings = settings
        self.link = link
        self._committer = committer
        self._http = http
        self.health = health
        self.failed = threading.Event()

    @property
    def http_port(self) -> int:
        """Where /healthz and /metrics are, once running."""
        return self._http.port

    @contextmanager
    def running(self) -> Iterator["Gateway"]:
        """Run within the ``with`` block; on leaving, finish the batch in hand, acknowledge it and disconnect.

        Raises:
            UsageError: the HTTP port is taken.
            SettingsError: a file named in the settings cannot be read.
        """
        self._http.start()
        thread = threading.Thread(target=self._commit, name="gateway-committer")
        try:
            self.link.start()
            thread.start()
            with tuned_interpreter():
                yield self
        finally:
            self._committer.stop()
            if thread.ident is not None:
                thread.join()
            self.link.stop()
            self._http.stop()

    def _commit(self) -> None:
        try:
            self._committer.run()
        except Exception:  # noqa: BLE001 -- the supervisor of this thread: it logs, and lets the process end
            _LOG.exception(
                "the committer stopped on an error that it does not know; ending, so that a restart mends it"
            )
            self.failed.set()


def build_gateway(
    settings: GatewaySettings, broker: BrokerSettings, *, clock: Clock, store: Store, metrics: GatewayMetrics
) -> Gateway:
    """Put a gateway together; nothing is started."""
    health = Health(("broker", "database"))
    inbox = Inbox(max_messages=2 * settings.receive_maximum, max_bytes=settings.inbox_max_bytes)
    link = MqttLink(
        broker, settings, inbox=inbox, clock=clock, metrics=metrics, report=partial(health.report, "broker")
    )
    committer = Committer(
        settings,
        inbox=inbox,
        store=store,
        link=link,
        clock=clock,
        metrics=metrics,
        report=partial(health.report, "database"),
    )
    http = HealthServer(host=settings.http_host, port=settings.http_port, health=health, registry=metrics.registry)
    return Gateway(settings, link=link, committer=committer, http=http, health=health)
