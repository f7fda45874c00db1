"""Cameras' user names and passwords: a file on the edge box that its owner alone may read, never the site file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from pydantic import SecretStr

from storesense_edge.credentials import read_private
from storesense_edge.vision.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

_SETTING = "STORESENSE_EDGE_CAMERA_CREDENTIALS_FILE"


@dataclass(frozen=True, slots=True)
class Login:
    """How to sign in to a camera."""

    user: str
    password: SecretStr


CameraCredentials = dict[str, Login]
"""Logins by the names that the site file uses."""


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    user: str
    password: str


def load_camera_credentials(path: Path) -> CameraCredentials:
    """Read the logins.

    Raises:
        CredentialsError: the file is missing, readable by others, or not of its form; no password is in the message.
    """
    entries = read_private(
        path,
        dict[str, _Entry],
        missing=f"name another in {_SETTING}",
        wanted="a JSON object of names to users and passwords",
        example='{"door-camera": {"user": "viewer", "password": "…"}}',
    )
    return {name: Login(entry.user, SecretStr(entry.password)) for name, entry in entries.items()}


def find_login(credentials: CameraCredentials | None, name: str | None, *, camera: str) -> Login | None:
    """Return the login that a camera names; None if it names none.

    Raises:
        SourceError: there is no login of that name.
    """
    if name is None:
        return None
    if credentials is None:
        raise SourceError(
            source=camera,
            cause=f"it names the credentials {name!r} and there is no camera credentials file",
            remedy=f"write one and name it in {_SETTING}",
        )
    if name not in credentials:
        raise SourceError(
            source=camera,
            cause=f"the camera credentials file has no entry {name!r}",
            remedy=f"add it to the file that {_SETTING} names",
        )
    return credentials[name]


def with_login(url: str, login: Login | None) -> str:
    """Return an address with user name and password in it, as FFmpeg takes them; never log what comes out."""
    if login is None:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rsplit("@", 1)[-1]
    user, password = quote(login.user, safe=""), quote(login.password.get_secret_value(), safe="")
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{host}"))


def masked(url: str) -> str:
    """Return an address without user name and password, for logs and screens."""
    parts = urlsplit(url)
    host = parts.netloc.rsplit("@", 1)[-1]
    netloc = f"***@{host}" if "@" in parts.netloc else host
    return urlunsplit(parts._replace(netloc=netloc, query="***" if parts.query else ""))
