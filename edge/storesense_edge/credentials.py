"""The devices' passwords: a JSON object of user name to password, in a file that its owner alone may read."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, TypeVar

import msgspec
from pydantic import SecretStr

from storesense_contracts.errors import StoresenseError

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 1_000_000

_Content = TypeVar("_Content")


class CredentialsError(StoresenseError):
    """The credentials file cannot be used."""

    exit_code = 2
    code = "bad_credentials"

    def __init__(self, *, path: Path, cause: str, remedy: str) -> None:
        self.path = path
        self.cause = cause
        super().__init__(f"The credentials file {path} {cause}; {remedy}.")


def load_credentials(path: Path) -> dict[str, SecretStr]:
    """Read the passwords by user name, ``STORE_ID/DEVICE_ID``.

    Raises:
        CredentialsError: the file is missing, readable by others, or not of this form; no password is in the message.
    """
    passwords = read_private(
        path,
        dict[str, str],
        missing="make one with storesense broker setup, or name another in STORESENSE_EDGE_CREDENTIALS_FILE",
        wanted="a JSON object of user names to passwords",
        example='{"STORE_ID/DEVICE_ID": "password"}',
    )
    return {user_name: SecretStr(password) for user_name, password in passwords.items()}


def read_private(path: Path, kind: type[_Content], *, missing: str, wanted: str, example: str) -> _Content:
    """Read a file of secrets that its owner alone may read.

    Args:
        path: the file.
        kind: what it holds.
        missing: what to do where it cannot be read.
        wanted: what it should be.
        example: of its text.

    Raises:
        CredentialsError: the file is missing, readable by others, or not of its form; no secret is in the message.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            raw = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        raise CredentialsError(path=path, cause=f"cannot be read ({exc.strerror or exc})", remedy=missing) from exc
    if mode & 0o077:
        raise CredentialsError(
            path=path,
            cause=f"can be read by others (its mode is {mode:04o})",
            remedy=f"make it private with: chmod 600 {path}",
        )
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise CredentialsError(path=path, cause=f"is not {wanted}", remedy=f"write it as {example}") from exc
