"""The demo's folder: where its database, passwords and logs are between two runs."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from storesense_contracts import topics
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.site import SiteFile
from storesense_simulators.embedded.accounts import (
    Account,
    DeviceAccount,
    Role,
    ServiceAccount,
    new_password,
)
from storesense_simulators.embedded.errors import DataFolderError
from storesense_simulators.embedded.service_user import write_private

ADMIN_NAME = "admin"
_SECRETS = "secrets.json"
_SERVICES = (Role.GATEWAY, Role.ALERTS)
_ANOTHER = "name a new or an empty folder with --data-dir"


@dataclass(frozen=True, slots=True)
class DemoSecrets:
    """What the demo made up at its first run and keeps.

    Attributes:
        admin_password: of the user who may do everything.
        broker_passwords: by the broker's user names.
    """

    admin_password: SecretStr
    broker_passwords: dict[str, SecretStr]

    def accounts(self, site: SiteFile) -> list[Account]:
        """Return the broker's accounts: one a device of ``site``, and the services'."""
        store_id = StoreId(site.store.id)
        devices: list[Account] = []
        for device in site.devices:
            name = topics.user_name(store_id, DeviceId(device.id))
            devices.append(DeviceAccount(store_id, DeviceId(device.id), self.broker_passwords[name]))
        return [
            *devices,
            *(ServiceAccount(role.value, role, self.broker_passwords[role.value]) for role in _SERVICES),
        ]


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """The paths in one data folder."""

    path: Path

    @property
    def postgres(self) -> Path:
        """The database's folder."""
        return self.path / "postgres"

    @property
    def broker(self) -> Path:
        """The broker's folder."""
        return self.path / "broker"

    @property
    def outboxes(self) -> Path:
        """The folder of the devices' outboxes."""
        return self.path / "devices"

    @property
    def site(self) -> Path:
        """The site file that follows from a store file."""
        return self.path / "site.yaml"

    @property
    def credentials(self) -> Path:
        """The devices' passwords, as the edge agent reads them."""
        return self.path / "credentials.json"

    @property
    def push_key(self) -> Path:
        """The key for Web Push, which the delivery worker makes."""
        return self.path / "push.pem"

    @property
    def channel_key(self) -> Path:
        """The key of channels' secrets, which the backend makes."""
        return self.path / "channels.key"

    def log(self, service: str) -> Path:
        """Return the path of a service's log."""
        return self.path / "logs" / f"{service}.log"

    def prepare(self, site: SiteFile) -> DemoSecrets:
        """Make the folder and the passwords that are missing; those that are there stay.

        Raises:
            DataFolderError: it cannot be written, it is somebody else's or holds something else, or its secrets cannot
                be read.
        """
        try:
            # Others may pass through, so that a database server that runs as another user finds its own folder.
            self.path.mkdir(parents=True, exist_ok=True, mode=0o711)
            kept = self._kept()
            secrets = _completed(kept, site)
            write_private(
                self.path / _SECRETS,
                json.dumps(
                    {
                        "admin_password": secrets.admin_password.get_secret_value(),
                        "broker_passwords": _plain(secrets.broker_passwords),
                    },
                    indent=2,
                )
                + "\n",
            )
            devices = {name: word for name, word in secrets.broker_passwords.items() if "/" in name}
            write_private(self.credentials, json.dumps(_plain(devices), indent=2) + "\n")
            (self.path / "logs").mkdir(exist_ok=True, mode=0o700)
            self.outboxes.mkdir(exist_ok=True, mode=0o700)
        except OSError as exc:
            raise DataFolderError(path=self.path, reason=exc.strerror or str(exc), remedy=_ANOTHER) from exc
        return secrets

    def _kept(self) -> dict[str, object]:
        path = self.path / _SECRETS
        if self.path.stat().st_uid != os.geteuid():
            raise DataFolderError(path=self.path, reason="it belongs to somebody else", remedy=_ANOTHER)
        if not path.exists():
            if any(self.path.iterdir()):
                raise DataFolderError(
                    path=self.path, reason="it holds files that are not Storesense's", remedy=_ANOTHER
                )
            return {}
        try:
            kept = dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as exc:
            raise DataFolderError(
                path=path, reason=f"it cannot be read ({exc})", remedy="remove the whole data folder to begin anew"
            ) from exc
        if not kept.keys() >= {"admin_password", "broker_passwords"}:
            raise DataFolderError(path=path, reason="it is another program's", remedy=_ANOTHER)
        return kept


def _completed(kept: dict[str, object], site: SiteFile) -> DemoSecrets:
    admin = kept.get("admin_password")
    known = kept.get("broker_passwords")
    passwords = {name: SecretStr(str(word)) for name, word in known.items()} if isinstance(known, dict) else {}
    names = [topics.user_name(StoreId(site.store.id), DeviceId(device.id)) for device in site.devices]
    for name in (*names, *(role.value for role in _SERVICES)):
        passwords.setdefault(name, new_password())
    # Short enough to type from the terminal to a phone: 96 random bits.
    return DemoSecrets(
        SecretStr(admin) if isinstance(admin, str) else SecretStr(new_password().get_secret_value()[:16]), passwords
    )


def _plain(passwords: dict[str, SecretStr]) -> dict[str, str]:
    return {name: password.get_secret_value() for name, password in passwords.items()}
