"""The configuration of the small broker that the demo embeds (``iotcore``, which is rumqttd), as text.

Rumqttd has passwords but no access control: any account may publish and subscribe anywhere. It is for a
demo on one machine, where every account belongs to us. Mosquitto, or another broker with access control, is
for shops.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from storesense_contracts.messages import MAX_PAYLOAD_BYTES


@dataclass(frozen=True, slots=True)
class RumqttdLimits:
    """Bounds of the embedded broker.

    Attributes:
        max_connections: clients at a time.
        max_packet_size_bytes: size of a packet, beyond which the broker cuts the client off.
        max_inflight_messages: unacknowledged messages to one client; at least twice the gateway's batch.
        segment_size_bytes: a topic filter's messages are kept in ``segments`` pieces of this size, in
        memory; a
            subscriber that falls further behind misses the oldest, which the edge then sends again.
        segments: see above.
    """

    max_connections: int = 2_000
    max_packet_size_bytes: int = MAX_PAYLOAD_BYTES + 4_096
    max_inflight_messages: int = 1_000
    segment_size_bytes: int = 4 * 1_048_576
    segments: int = 10


def rumqttd_toml(
    *, host: str, port: int, passwords: Mapping[str, SecretStr], limits: RumqttdLimits | None = None
) -> str:
    """Build the configuration: one MQTT 5 listener that asks for a password. The text holds them all: keep it private.

    Args:
        host: address to listen on.
        port: TCP port to listen on.
        passwords: each user name's password; never empty, because rumqttd lets everybody in when it has none.
        limits: the broker's bounds.
    """
    if not passwords:
        raise ValueError("a broker without accounts would let everybody in; give it at least one")
    bounds = limits or RumqttdLimits()
    auth = "\n".join(
        f"{_quoted(name)} = {_quoted(password.get_secret_value())}" for name, password in sorted(passwords.items())
    )
    return f"""\
id = 0

[router]
id = 0
max_connections = {bounds.max_connections}
max_outgoing_packet_count = 500
max_segment_size = {bounds.segment_size_bytes}
max_segment_count = {bounds.segments}

[v5.1]
name = "v5-1"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 10000
max_payload_size = {bounds.max_packet_size_bytes}
max_inflight_count = {bounds.max_inflight_messages}
dynamic_filters = true

[v5.1.connections.auth]
{auth}
"""


def _quoted(text: str) -> str:
    """Quote as a TOML basic string: JSON's escapes, but characters as they are, and DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
