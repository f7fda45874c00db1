"""The alerts that stand in a section, retained on its topic, for wearables and screens."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
import paho.mqtt.client as paho

from storesense_backend.notify.senders.port import Parcel, SendError, Way
from storesense_contracts import topics
from storesense_contracts.alert_messages import SectionAlerts, StandingAlert, encode_section_alerts
from storesense_contracts.ids import InvalidIdError, SectionId, StoreId
from storesense_contracts.mqtt import new_client
from storesense_contracts.settings import BrokerSettings

_CONNECT_S = 5


class MqttSender:
    """Publishes to one broker; connects when it is first needed, and again by itself.

    Args:
        settings: of the broker; None where none is configured.
        client_id: of this worker.
        timeout_s: how long the broker's acknowledgement is waited for.
        client: makes the client, for tests.
    """

    def __init__(
        self,
        settings: BrokerSettings | None,
        *,
        client_id: str,
        timeout_s: float,
        client: Callable[..., paho.Client] = new_client,
    ) -> None:
        self._settings = settings
        self._client_id = client_id
        self._timeout_s = timeout_s
        self._make = client
        self._client: paho.Client | None = None

    async def send(self, way: Way, parcel: Parcel) -> None:
        """Publish the sections that a parcel is about. Raises SendError."""
        if self._settings is None:
            raise SendError("the worker has no broker; give STORESENSE_NOTIFY_MQTT=true and STORESENSE_BROKER_...")
        try:
            messages = [
                (topics.alerts(StoreId(way.store_id), SectionId(message.section_id)), encode_section_alerts(message))
                for message in section_messages(way.store_id, parcel)
            ]
        except InvalidIdError as exc:
            raise SendError(str(exc), is_final=True) from exc
        await asyncio.to_thread(self._publish, messages)

    def _publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        client = self._connected()
        delivery = topics.ALERT_DELIVERY
        try:
            infos = [client.publish(topic, body, qos=delivery.qos, retain=delivery.retain) for topic, body in messages]
            for info in infos:
                info.wait_for_publish(self._timeout_s)
                if not info.is_published():
                    raise SendError(f"the broker did not acknowledge within {self._timeout_s:g} s")
        except (RuntimeError, ValueError) as exc:
            raise SendError("the broker is not connected") from exc

    def _connected(self) -> paho.Client:
        if self._client is not None:
            return self._client
        if self._settings is None:
            raise SendError("the worker has no broker")
        client = self._make(self._settings, client_id=self._client_id)
        client.connect_timeout = _CONNECT_S
        try:
            client.connect(self._settings.host, self._settings.port, keepalive=self._settings.keepalive_s)
        except (OSError, ValueError) as exc:
            raise SendError(f"the broker cannot be reached ({type(exc).__name__})") from exc
        client.loop_start()
        self._client = client
        return client

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            client, self._client = self._client, None
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)


def section_messages(store_id: str, parcel: Parcel) -> list[SectionAlerts]:
    """Say to each section that a parcel is about what stands there."""
    alerts = [notice.alert["alert_id"] for notice in parcel.notices]
    return [
        SectionAlerts(
            store_id=store_id,
            section_id=section_id,
            sent_at=parcel.sent_at,
            key=parcel.key,
            event=parcel.payload["event"],
            alert_id=alerts[0] if len(alerts) == 1 else None,
            alerts=[msgspec.convert(each, StandingAlert) for each in standing],
        )
        for section_id, standing in (parcel.standing or {}).items()
    ]
