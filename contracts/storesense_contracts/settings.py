"""Settings from the environment: one class a service, every unknown or wrong variable named with its remedy."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from storesense_contracts.errors import StoresenseError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class SettingsError(StoresenseError):
    """One or more environment variables are wrong; the message has a line for each."""

    exit_code = 2
    code = "bad_settings"

    def __init__(self, *, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class ServiceSettings(BaseSettings):
    """The base of each service's settings. Subclasses set ``env_prefix``; every field has a unit and a description."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_nested_delimiter="__")


_Settings = TypeVar("_Settings", bound=ServiceSettings)


def load_settings(cls: type[_Settings]) -> _Settings:
    """Read ``cls`` from the environment.

    Raises:
        SettingsError: naming every variable that is unknown, missing or out of bounds.
    """
    prefix = cls.model_config.get("env_prefix", "")
    known = {f"{prefix}{name}".upper() for name in cls.model_fields}
    problems = [
        f"{name}: no such setting; known are {', '.join(sorted(known))}"
        for name in sorted(os.environ)
        if name.upper().startswith(prefix.upper())
        and not any(name.upper() == k or name.upper().startswith(k + "__") for k in known)
    ]
    try:
        settings = cls()
    except ValidationError as exc:
        problems += [
            f"{prefix}{'__'.join(str(part) for part in error['loc'])}".upper() + f": {_said(cls, error)}"
            for error in exc.errors(include_input=False)
        ]
        raise SettingsError(problems=problems) from exc
    if problems:
        raise SettingsError(problems=problems)
    return settings


def _said(cls: type[ServiceSettings], error: "ErrorDetails") -> str:
    if error["type"] != "missing":
        return error["msg"]
    field = cls.model_fields.get(str(error["loc"][0]))
    return f"is not set and has no default; give {field.description if field else 'it'}"


class BrokerSettings(ServiceSettings):
    """How to reach the MQTT broker. TLS never falls back to plain: with a CA file, or port 8883, it is on."""

    model_config = SettingsConfigDict(env_prefix="STORESENSE_BROKER_", extra="forbid", frozen=True)

    host: str = Field(
        default="127.0.0.1", description="host name or address of the broker", min_length=1, max_length=255
    )
    port: int = Field(default=1883, ge=1, le=65_535, description="TCP port of the broker")
    user_name: str | None = Field(
        default=None, description="user name; of a device: STORE_ID/DEVICE_ID", max_length=200
    )
    password: SecretStr | None = Field(default=None, description="password of that user")
    password_file: Path | None = Field(default=None, description="file that holds the password, instead of password")
    tls: bool = Field(default=False, description="connect with TLS, trusting the system's authorities or tls_ca_file")
    tls_ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed the broker's certificate"
    )
    keepalive_s: int = Field(
        default=10,
        ge=5,
        le=3_600,
        description="seconds between keep-alive packets; a link that died in silence is noticed within twice that",
    )


class DatabaseSettings(ServiceSettings):
    """How to reach the database."""

    model_config = SettingsConfigDict(env_prefix="STORESENSE_DATABASE_", extra="forbid", frozen=True)

    url: SecretStr = Field(description="postgresql://user:password@host:port/database, or a libpq key=value string")
    password_file: Path | None = Field(default=None, description="file that holds the password, if url has none")
