"""paho-mqtt clients as every part of Storesense connects: MQTT 5, a stated session, TLS or a clear error."""

import contextlib
import socket
import ssl
from typing import Any, TypeVar, overload

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from storesense_contracts.errors import StoresenseError
from storesense_contracts.messages import MAX_PAYLOAD_BYTES
from storesense_contracts.settings import BrokerSettings, SettingsError

_PACKET_OVERHEAD_BYTES = 4_096
_Client = TypeVar("_Client", bound=paho.Client)


class BrokerError(StoresenseError):
    """The broker cannot be reached or refuses us."""

    exit_code = 4
    code = "broker"

    def __init__(self, *, host: str, port: int, reason: str, remedy: str) -> None:
        self.host = host
        self.port = port
        self.reason = reason
        super().__init__(f"MQTT broker {host}:{port}: {reason}; {remedy}")


@overload
def new_client(settings: BrokerSettings, *, client_id: str, manual_ack: bool = False) -> paho.Client: ...


@overload
def new_client(
    settings: BrokerSettings, *, client_id: str, manual_ack: bool = False, client_class: type[_Client]
) -> _Client: ...


def new_client(
    settings: BrokerSettings,
    *,
    client_id: str,
    manual_ack: bool = False,
    client_class: type[paho.Client] = paho.Client,
) -> paho.Client:
    """Make a client, of a class of its own if one is given, that is not yet connected.

    Raises:
        SettingsError: the password or authority file cannot be read.
    """
    client = client_class(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5, manual_ack=manual_ack)
    if settings.user_name is not None:
        client.username_pw_set(settings.user_name, read_password(settings))
    if settings.tls or settings.tls_ca_file is not None:
        try:
            context = ssl.create_default_context(cafile=settings.tls_ca_file)
        except (OSError, ssl.SSLError) as exc:
            raise SettingsError(problems=[f"STORESENSE_BROKER_TLS_CA_FILE: {settings.tls_ca_file}: {exc}"]) from exc
        client.tls_set_context(context)
    client.on_socket_open = lambda _client, _userdata, sock: send_at_once(sock)
    return client


def send_at_once(sock: Any) -> None:
    """Let small packets go at once: waiting to fill a segment costs 40 ms against a peer that delays its TCP acks."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def read_password(settings: BrokerSettings) -> str | None:
    """Return the broker password, from its file if one is named. Raises SettingsError."""
    if settings.password_file is None:
        return settings.password.get_secret_value() if settings.password else None
    try:
        return settings.password_file.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise SettingsError(problems=[f"STORESENSE_BROKER_PASSWORD_FILE: {exc}"]) from exc


def session_properties(*, expiry_s: int, receive_maximum: int) -> Properties:
    """CONNECT properties: how long the broker keeps the session, and how many unacknowledged messages we take."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = expiry_s
    properties.ReceiveMaximum = receive_maximum
    properties.MaximumPacketSize = MAX_PAYLOAD_BYTES + _PACKET_OVERHEAD_BYTES
    return properties
