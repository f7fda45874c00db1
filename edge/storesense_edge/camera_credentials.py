"""Cameras' user names and passwords: a file on the edge box that its owner alone may read, never the site file."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from pydantic import SecretStr

from storesense_edge.credentials import CredentialsError
from storesense_edge.vision.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 1_000_000
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
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            raw = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        cause = f"cannot be read ({exc.strerror or exc})"
        raise CredentialsError(path=path, cause=cause, remedy=f"name another in {_SETTING}") from exc
    if mode & 0o077:
        raise CredentialsError(
            path=path,
            cause=f"can be read by others (its mode is {mode:04o})",
            remedy=f"make it private with: chmod 600 {path}",
        )
    try:
        entries = msgspec.json.decode(raw, type=dict[str, _Entry])
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise CredentialsError(
            path=path,
            cause="is not a JSON object of names to users and passwords",
            remedy='write it as {"door-camera": {"user": "viewer", "password": "…"}}',
        ) from exc
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
