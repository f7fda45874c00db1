"""Everything a default-deny Mosquitto with TLS needs, made once: authority, certificate, accounts, access list.

One folder a reader, so that each container sees its own secrets and nobody else's:

- ``broker/``: ``mosquitto.conf``, ``passwords``, ``acl``, ``server.crt``, ``server.key``, ``mosquitto_pub`` (the health
  probe's options);
- ``gateway/``: ``password``, ``ca.crt``;
- ``alerts/``: ``password``, ``ca.crt``: of the delivery worker, which tells screens of alerts;
- ``devices/``: ``credentials.json`` (user name to password), ``ca.crt``;
- ``database/``: ``password``;
- ``authority/``: ``ca.crt``, ``ca.key``, which no service needs.

Run again, it keeps what is there, adds accounts for new devices, drops those of devices that are gone, and renews a
certificate that is about to expire or lacks a host.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from pydantic import SecretStr

from storesense_contracts import topics
from storesense_contracts.clock import Clock, SystemClock
from storesense_contracts.errors import StoresenseError, UsageError
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.site import SiteFile
from storesense_simulators.certificates import (
    Pair,
    expires_at,
    hosts_of,
    new_authority,
    new_server_certificate,
)
from storesense_simulators.embedded.accounts import (
    Account,
    DeviceAccount,
    Role,
    ServiceAccount,
    new_password,
)
from storesense_simulators.embedded.mosquitto_config import (
    MosquittoFiles,
    MosquittoTls,
    acl_text,
    conf_text,
    password_file_text,
)
from storesense_simulators.embedded.service_user import ServiceUser, give_folder, write_private

_ALWAYS_HOSTS = ("localhost", "127.0.0.1")
_RENEW_BEFORE = timedelta(days=30)


class BrokerSetupError(StoresenseError):
    """The broker's files cannot be made or kept."""

    code = "broker_setup"

    def __init__(self, *, path: Path, reason: str, remedy: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}; {remedy}")


@dataclass(frozen=True, slots=True)
class SetupOptions:
    """Where the files go and how the broker sees them.

    Attributes:
        out_dir: the folder that gets a folder for each reader.
        hosts: names and addresses that devices use for the broker; ``localhost`` is always one.
        config_dir: where the broker sees ``broker/``.
        data_dir: where the broker keeps its state.
        port: its TLS port.
        bind: the address it listens on; None for all, as a container does.
        broker_owner: user id that owns the broker's files; None for ours. Needs root.
        service_owner: user id that owns the services' files; None for ours. Needs root.
    """

    out_dir: Path
    hosts: tuple[str, ...] = ()
    config_dir: str = "/mosquitto/config"
    data_dir: str = "/mosquitto/data"
    port: int = 8883
    bind: str | None = None
    broker_owner: int | None = None
    service_owner: int | None = None


def set_up_broker(sites: Sequence[SiteFile], options: SetupOptions, *, clock: Clock | None = None) -> str:
    """Make what is missing and return a sentence about it; it names no secret.

    Raises:
        BrokerSetupError: the folder cannot be written, or holds files that are not ours.
        UsageError: an owner was named without being root, or two sites are the same store.
    """
    if (options.broker_owner or options.service_owner) is not None and os.geteuid() != 0:
        raise UsageError("only root may give files to another user; leave --broker-owner and --service-owner out")
    stores = [site.store.id for site in sites]
    if len(set(stores)) != len(stores):
        raise UsageError("two of the site files describe the same store; name each store once")
    try:
        return _set_up(sites, options, (clock or SystemClock()).now())
    except (OSError, ValueError) as exc:
        raise BrokerSetupError(
            path=options.out_dir,
            reason=str(exc),
            remedy="name a folder that can be written to, or remove the file to have it made again",
        ) from exc


def _set_up(sites: Sequence[SiteFile], options: SetupOptions, now_at: datetime) -> str:
    broker, service = _user(options.broker_owner), _user(options.service_owner)
    out = options.out_dir
    out.mkdir(parents=True, exist_ok=True)
    folders = {
        name: give_folder(out / name, owner)
        for name, owner in (
            ("authority", None),
            ("broker", broker),
            ("gateway", service),
            ("alerts", service),
            ("devices", service),
            ("database", service),
        )
    }
    authority = _kept_pair(folders["authority"], "ca") or new_authority(now_at)
    _keep_pair(folders["authority"], "ca", authority, None)
    hosts = tuple(dict.fromkeys((*options.hosts, *_ALWAYS_HOSTS)))
    server = _kept_pair(folders["broker"], "server")
    if server is None or not _still_good(server, hosts, now_at):
        server = new_server_certificate(authority, hosts, now_at)
    _keep_pair(folders["broker"], "server", server, broker)
    for folder, owner in (("broker", broker), ("gateway", service), ("alerts", service), ("devices", service)):
        write_private(folders[folder] / "ca.crt", authority.certificate.decode(), owner)

    gateway = _kept_password(folders["gateway"] / "password", service)
    alerts = _kept_password(folders["alerts"] / "password", service)
    _kept_password(folders["database"] / "password", service)
    health = _kept_password(folders["broker"] / "health.password", broker)
    devices = _device_accounts(folders["devices"] / "credentials.json", sites, service)
    accounts: list[Account] = [
        *devices,
        ServiceAccount("gateway", Role.GATEWAY, gateway),
        ServiceAccount("alerts", Role.ALERTS, alerts),
        ServiceAccount("health", Role.HEALTH, health),
    ]
    config_dir = PurePosixPath(options.config_dir)
    files = MosquittoFiles(
        passwords=config_dir / "passwords", acl=config_dir / "acl", data_dir=PurePosixPath(options.data_dir)
    )
    tls = MosquittoTls(certificate=config_dir / "server.crt", key=config_dir / "server.key")
    write_private(folders["broker"] / "passwords", password_file_text(accounts), broker)
    write_private(folders["broker"] / "acl", acl_text(accounts), broker)
    conf = conf_text(files, host=options.bind, port=options.port, tls=tls)
    write_private(folders["broker"] / "mosquitto.conf", conf, broker)
    probe = f"-h localhost\n-p {options.port}\n--cafile {config_dir / 'ca.crt'}\n"
    probe += f"-u health\n-P {health.get_secret_value()}\n"
    write_private(folders["broker"] / "mosquitto_pub", probe, broker)
    return f"{out}: accounts for {len(devices)} devices and the services, certificate for {', '.join(hosts)}"


def _device_accounts(path: Path, sites: Sequence[SiteFile], owner: ServiceUser | None) -> list[DeviceAccount]:
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    accounts = []
    for site in sites:
        for device in site.devices:
            store_id, device_id = StoreId(site.store.id), DeviceId(device.id)
            known = kept.get(topics.user_name(store_id, device_id))
            accounts.append(DeviceAccount(store_id, device_id, SecretStr(known) if known else new_password()))
    passwords = {account.user_name: account.password.get_secret_value() for account in accounts}
    write_private(path, json.dumps(passwords, indent=2) + "\n", owner)
    return accounts


def _kept_password(path: Path, owner: ServiceUser | None) -> SecretStr:
    password = SecretStr(path.read_text(encoding="utf-8").strip()) if path.exists() else new_password()
    write_private(path, password.get_secret_value() + "\n", owner)
    return password


def _kept_pair(folder: Path, name: str) -> Pair | None:
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    if not certificate.exists() or not key.exists():
        return None
    return Pair(certificate.read_bytes(), key.read_bytes())


def _keep_pair(folder: Path, name: str, pair: Pair, owner: ServiceUser | None) -> None:
    write_private(folder / f"{name}.crt", pair.certificate.decode(), owner)
    write_private(folder / f"{name}.key", pair.key.decode(), owner)


def _still_good(server: Pair, hosts: tuple[str, ...], now_at: datetime) -> bool:
    return set(hosts) <= hosts_of(server.certificate) and expires_at(server.certificate) - now_at > _RENEW_BEFORE


def _user(uid: int | None) -> ServiceUser | None:
    return None if uid is None else ServiceUser(str(uid), uid, uid)
