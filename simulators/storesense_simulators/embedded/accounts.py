"""Who may talk to a broker: one account a device, one a service, each with a password of its own."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr

from storesense_contracts import topics
from storesense_contracts.errors import StoresenseError
from storesense_contracts.ids import DeviceId, StoreId

_PASSWORD_BYTES = 32
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


class Role(StrEnum):
    """What a service is there for, and so what a broker with access control lets it do."""

    GATEWAY = "gateway"
    """Reads every up stream, tells every device on its down streams, watches the broker's own figures."""
    BACKEND = "backend"
    """Sends devices their configuration and commands."""
    ALERTS = "alerts"
    """Publishes alerts for wearables and screens."""
    SCREEN = "screen"
    """A wearable or screen: reads the alerts of one store."""
    HEALTH = "health"
    """May connect and nothing else: the probe that asks whether the broker is up."""


class InvalidAccountError(StoresenseError, ValueError):
    """An account cannot be given to a broker."""

    code = "invalid_account"

    def __init__(self, *, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"the broker account {name[:80]!r} cannot be used: {reason}")


@dataclass(frozen=True, slots=True)
class DeviceAccount:
    """A device's account; its user name is ``{store_id}/{device_id}``, which confines it to its own topics."""

    store_id: StoreId
    device_id: DeviceId
    password: SecretStr

    @property
    def user_name(self) -> str:
        """The name to sign in with. Raises InvalidIdError when an id is none."""
        return topics.user_name(self.store_id, self.device_id)


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service's account.

    Attributes:
        name: its user name: lower-case letters, digits and ``-``, without a ``/``, so that it is no device's.
        role: what it may do.
        password: what it signs in with.
        store_id: the store of a SCREEN; None for all others.
    """

    name: str
    role: Role
    password: SecretStr
    store_id: StoreId | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidAccountError(
                name=self.name,
                reason="use 1 to 64 lower-case letters, digits or '-', beginning with a letter",
            )
        if (self.role is Role.SCREEN) != (self.store_id is not None):
            raise InvalidAccountError(name=self.name, reason="a screen belongs to one store, and only a screen does")

    @property
    def user_name(self) -> str:
        """The name to sign in with."""
        return self.name


Account = DeviceAccount | ServiceAccount


def new_password() -> SecretStr:
    """Make a password of 256 random bits, in characters that need no quoting anywhere."""
    return SecretStr(secrets.token_urlsafe(_PASSWORD_BYTES))


def new_device_account(store: StoreId, device: DeviceId) -> DeviceAccount:
    """Make a device's account with a new password."""
    return DeviceAccount(store, device, new_password())


def new_service_account(role: Role, *, name: str | None = None, store: StoreId | None = None) -> ServiceAccount:
    """Make a service's account, named for its role unless told otherwise, with a new password."""
    return ServiceAccount(name or role.value, role, new_password(), store)


def by_user_name(accounts: Iterable[Account]) -> dict[str, SecretStr]:
    """Return each user name's password.

    Raises:
        InvalidAccountError: a name comes twice, or a password is empty or holds what a broker's file cannot.
    """
    passwords: dict[str, SecretStr] = {}
    for account in accounts:
        name, password = account.user_name, account.password.get_secret_value()
        if name in passwords:
            raise InvalidAccountError(name=name, reason="there are two accounts of this name")
        if not password or not password.isprintable():
            raise InvalidAccountError(name=name, reason="its password is empty or holds control characters")
        passwords[name] = account.password
    return passwords
