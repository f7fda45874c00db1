"""Asking a broker whether it is up, by signing in: only the right one knows the password."""

import socket
import ssl
import struct

from pydantic import SecretStr

from storesense_simulators.mqtt_packets import variable_length

_CONNECT = 0x10
_CONNACK = 0x20
_CLEAN_START_WITH_PASSWORD = 0b1100_0010
_KEEP_ALIVE_S = 10


def connect_packet(*, client_id: str, user_name: str, password: SecretStr, keep_alive_s: int = _KEEP_ALIVE_S) -> bytes:
    """Build an MQTT 5 CONNECT packet with a clean start."""
    body = _text("MQTT") + struct.pack(">BBHB", 5, _CLEAN_START_WITH_PASSWORD, keep_alive_s, 0)
    body += _text(client_id) + _text(user_name) + _text(password.get_secret_value())
    return bytes([_CONNECT]) + variable_length(len(body)) + body


def signs_in(
    *,
    host: str,
    port: int,
    user_name: str,
    password: SecretStr,
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 2.0,
) -> bool:
    """Tell whether a broker at ``host`` lets this account in."""
    packet = connect_packet(client_id=f"{user_name}-probe", user_name=user_name, password=password)
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as plain:
            connection = plain if tls is None else tls.wrap_socket(plain, server_hostname=host)
            with connection:
                connection.sendall(packet)
                answer = connection.recv(4)  # CONNACK, length, flags, reason
                connection.sendall(b"\xe0\x00")  # DISCONNECT
    except OSError:
        return False
    return len(answer) == 4 and answer[0] == _CONNACK and answer[3] == 0


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data
