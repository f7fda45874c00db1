"""Mosquitto's configuration, password file and access list, as text made from typed accounts.

Everything is denied that is not allowed here. A device may write below its own ``up`` and read below its own
``down``, because its user name is the piece of its topics that Mosquitto puts for ``%u``. Mosquitto grants
any *subscription* and then delivers only what the list lets the client read, so a greedy filter yields
nothing rather than an error.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pydantic import SecretStr

from storesense_contracts.messages import MAX_PAYLOAD_BYTES
from storesense_contracts.topics import ROOT, up_filter
from storesense_simulators.embedded.accounts import Account, Role, ServiceAccount, by_user_name

HASH_ITERATIONS = 1_000
"""Rounds of PBKDF2. Passwords here are 256 random bits, which need no slow hash, and Mosquitto computes it in the one
thread that serves everybody: 1,000 rounds cost it under a millisecond a connect."""

_SALT_BYTES = 12
_HASH_BYTES = 64


@dataclass(frozen=True, slots=True)
class MosquittoFiles:
    """Where the broker finds its files, as it sees the paths (inside its container, for instance).

    Attributes:
        passwords: the text of ``password_file_text``.
        acl: the text of ``acl_text``.
        data_dir: folder for its persistent state; None keeps it in memory.
    """

    passwords: PurePath
    acl: PurePath
    data_dir: PurePath | None


@dataclass(frozen=True, slots=True)
class MosquittoTls:
    """The certificate that the broker shows, and its key; clients older than TLS 1.2 are refused."""

    certificate: PurePath
    key: PurePath


@dataclass(frozen=True, slots=True)
class MosquittoLimits:
    """Bounds of the broker, each one of Mosquitto's settings.

    Attributes:
        max_packet_size_bytes: a larger packet ends its connection.
        max_inflight_messages: unacknowledged messages to one client; at least twice the gateway's batch,
        because the
            gateway acknowledges after its commit. Mosquitto's own default, 20, holds it to hundreds a second.
        max_queued_messages: messages kept for one client that is away. Large and finite: Mosquitto's
        default of 1,000
            drops the rest while it tells the sender "success", and without a limit memory is the limit.
        max_connections: clients at a time.
        max_keepalive_s: longest silence a client may announce.
        autosave_changes: changes after which the state is written to disk. Nothing depends on it, because
        the edge
            keeps what the database has not confirmed; a small number writes the whole state again and again.
    """

    max_packet_size_bytes: int = MAX_PAYLOAD_BYTES + 4_096
    max_inflight_messages: int = 1_000
    max_queued_messages: int = 200_000
    max_connections: int = 10_000
    max_keepalive_s: int = 600
    autosave_changes: int = 1_000


def password_line(user_name: str, password: SecretStr, *, salt: bytes, iterations: int = HASH_ITERATIONS) -> str:
    """Build one line of the password file: PBKDF2 with HMAC-SHA512 in Mosquitto's ``$7$`` form.

    Args:
        user_name: the account's name; no ``:``, which would end it.
        password: what it signs in with.
        salt: random bytes of its own.
        iterations: rounds of PBKDF2.
    """
    if ":" in user_name or not user_name.isprintable():
        raise ValueError(f"{user_name!r} cannot be a user name in a password file")
    digest = hashlib.pbkdf2_hmac("sha512", password.get_secret_value().encode(), salt, iterations, _HASH_BYTES)
    return f"{user_name}:$7${iterations}${_base64(salt)}${_base64(digest)}"


def password_file_text(
    accounts: Sequence[Account], *, salt_source: Callable[[int], bytes] = secrets.token_bytes
) -> str:
    """Build the password file of all ``accounts``. Raises InvalidAccountError for a name that comes twice."""
    passwords = by_user_name(tuple(accounts))
    lines = [password_line(name, passwords[name], salt=salt_source(_SALT_BYTES)) for name in sorted(passwords)]
    return "\n".join(lines) + "\n"


def acl_text(accounts: Sequence[Account]) -> str:
    """Build the access list. Devices share two patterns, so a new device changes only the password file."""
    lines = [
        "# Generated. What no line allows is denied.",
        "# A device writes below its own up and reads below its own down; %u is its user name, store/device.",
        f"pattern write {ROOT}/%u/up/#",
        f"pattern read {ROOT}/%u/down/#",
    ]
    services = [account for account in accounts if isinstance(account, ServiceAccount)]
    for service in sorted(services, key=lambda account: account.name):
        lines += ["", f"# {service.role.value}", f"user {service.name}"]
        lines += [f"topic {access} {topic_filter}" for access, topic_filter in _grants(service)]
    return "\n".join(lines) + "\n"


def conf_text(
    files: MosquittoFiles,
    *,
    host: str | None,
    port: int,
    tls: MosquittoTls | None = None,
    limits: MosquittoLimits | None = None,
) -> str:
    """Build ``mosquitto.conf`` for Mosquitto 2.

    Args:
        files: where the broker finds its files.
        host: address to listen on; None for all of the machine's (a container's), which asks for ``tls``
        unless
            nothing but trusted services can reach it.
        port: TCP port to listen on.
        tls: certificate and key; None listens without encryption.
        limits: the broker's bounds.
    """
    bounds = limits or MosquittoLimits()
    lines = [
        "# Generated.",
        "per_listener_settings false",
        "allow_anonymous false",
        f"password_file {files.passwords}",
        f"acl_file {files.acl}",
        "",
        f"listener {port}" + ("" if host is None else f" {host}"),
        "protocol mqtt",
        f"max_connections {bounds.max_connections}",
    ]
    if tls is not None:
        lines += [f"certfile {tls.certificate}", f"keyfile {tls.key}", "tls_version tlsv1.2"]
    lines += [
        "",
        f"max_packet_size {bounds.max_packet_size_bytes}",
        f"max_inflight_messages {bounds.max_inflight_messages}",
        f"max_queued_messages {bounds.max_queued_messages}",
        f"max_keepalive {bounds.max_keepalive_s}",
        "set_tcp_nodelay true",
        "",
    ]
    if files.data_dir is None:
        lines += ["persistence false"]
    else:
        lines += [
            "persistence true",
            f"persistence_location {str(files.data_dir).rstrip('/')}/",
            f"autosave_interval {bounds.autosave_changes}",
            "autosave_on_changes true",
        ]
    lines += ["", "log_dest stdout", "log_timestamp true"]
    lines += [f"log_type {kind}" for kind in ("error", "warning", "notice", "information")]
    return "\n".join(lines) + "\n"


def _grants(service: ServiceAccount) -> list[tuple[str, str]]:
    """Say what a service may do, as (access, topic filter) pairs."""
    match service.role:
        case Role.GATEWAY:
            return [("read", up_filter()), ("write", f"{ROOT}/+/+/down/#"), ("read", "$SYS/#")]
        case Role.ALERTS:
            return [("write", f"{ROOT}/+/alerts/+")]
        case Role.SCREEN:
            return [("read", f"{ROOT}/{service.store_id}/alerts/+")]
        case Role.BACKEND | Role.HEALTH:
            return []


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
