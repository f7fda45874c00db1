"""The alert engine as a running service, with its own small HTTP port for health and metrics."""

import logging

from storesense_backend.alerts.follower import AlertFollower
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.database import check_schema
from storesense_backend.health_port import build_health_app, work_beside_port
from storesense_backend.listening import address_of, listen_on
from storesense_backend.settings import AlertsSettings
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)


async def run_alerts(settings: AlertsSettings, *, conninfo: str, clock: Clock) -> None:
    """Judge readings until told to stop.

    Raises:
        PortTakenError: the port of health and metrics is not free.
        DatabaseError: the database cannot be reached, or its schema is not this release's.
    """
    listener = listen_on(settings.http_host, settings.http_port, setting="STORESENSE_ALERTS_HTTP_PORT")
    try:
        await check_schema(conninfo)
        metrics = AlertMetrics()
        follower = AlertFollower(conninfo=conninfo, clock=clock, settings=settings, metrics=metrics)
        _LOG.info("the alert engine tells its health at %s/healthz", address_of(listener))
        app = build_health_app(lambda: follower.health, metrics.registry)
        await work_beside_port(follower.run(), app, listener, name="alert follower")
    finally:
        listener.close()
