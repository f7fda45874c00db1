"""The delivery worker as a running service, with its own small HTTP port for health and metrics."""

import logging
import secrets

from storesense_backend.database import check_schema, connected
from storesense_backend.health_port import build_health_app, work_beside_port
from storesense_backend.listening import address_of, listen_on
from storesense_backend.notify import records
from storesense_backend.notify.metrics import NotifyMetrics
from storesense_backend.notify.sealing import seal_plain
from storesense_backend.notify.senders.apprise import AppriseSender
from storesense_backend.notify.senders.mqtt import MqttSender
from storesense_backend.notify.senders.port import Sender
from storesense_backend.notify.senders.webhook import WebhookSender
from storesense_backend.notify.vault import Vault
from storesense_backend.notify.worker import DeliveryWorker
from storesense_backend.settings import NotifySettings
from storesense_contracts.clock import Clock
from storesense_contracts.errors import MissingPartError
from storesense_contracts.settings import BrokerSettings

_LOG = logging.getLogger(__name__)


def build_senders(
    settings: NotifySettings, *, broker: BrokerSettings | None, clock: Clock
) -> tuple[dict[str, Sender], str | None]:
    """Make a sender for each kind of channel; with them the public key of Web Push, if there is one.

    Raises:
        MissingPartError: a key for Web Push is configured, and the extra is not installed.
        PushError: its file cannot be used.
    """
    timeout_s = settings.send_timeout_s
    senders: dict[str, Sender] = {
        "webhook": WebhookSender(hosts=_hosts(settings.webhook_hosts), now=clock.now, timeout_s=timeout_s),
        "apprise": AppriseSender(timeout_s=timeout_s),
        "mqtt": MqttSender(broker, client_id=f"storesense-notify-{secrets.token_hex(6)}", timeout_s=timeout_s),
    }
    if settings.push_key_file is None:
        return senders, None
    try:
        from storesense_backend.notify import web_push  # noqa: PLC0415 -- an extra
        from storesense_backend.notify.senders.web_push import WebPushSender  # noqa: PLC0415
    except ImportError as exc:
        raise MissingPartError(part="cryptography", extra="notify") from exc
    key = web_push.kept_key(settings.push_key_file)
    http = WebhookSender(hosts=_hosts(settings.push_hosts), now=clock.now, timeout_s=timeout_s)
    senders["web_push"] = WebPushSender(http=http, key=key, subject=settings.push_contact, now=clock.now)
    return senders, web_push.to_base64url(web_push.public_bytes(key.public_key()))


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


async def run_notify(
    settings: NotifySettings, *, conninfo: str, broker: BrokerSettings | None, clock: Clock, vault: Vault
) -> None:
    """Deliver until told to stop.

    Raises:
        PortTakenError: the port of health and metrics is not free.
        DatabaseError: the database cannot be reached, or its schema is not this release's.
        MissingPartError, PushError: see ``build_senders``.
        VaultError: the key of the channels' secrets cannot be read.
    """
    listener = listen_on(settings.http_host, settings.http_port, setting="STORESENSE_NOTIFY_HTTP_PORT")
    try:
        await check_schema(conninfo)
        metrics = NotifyMetrics()
        senders, public_key = build_senders(settings, broker=broker, clock=clock)
        async with connected(conninfo, application_name="storesense notify") as connection:
            if vault.path.exists():
                await seal_plain(connection, vault)
            if public_key is not None:
                values = {"public_key": public_key, "now": clock.now()}
                await connection.execute(records.SQL["tell_push_key"], values)
        worker = DeliveryWorker(
            conninfo=conninfo, clock=clock, settings=settings, senders=senders, metrics=metrics, vault=vault
        )
        _LOG.info("the delivery worker tells its health at %s/healthz", address_of(listener))
        app = build_health_app(lambda: worker.health, metrics.registry)
        await work_beside_port(worker.run(), app, listener, name="delivery worker")
    finally:
        listener.close()
