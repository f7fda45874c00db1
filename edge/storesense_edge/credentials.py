"""The devices' passwords: a JSON object of user name to password, in a file that its owner alone may read."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import msgspec
from pydantic import SecretStr

from storesense_contracts.errors import StoresenseError

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 1_000_000


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
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            raw = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        raise CredentialsError(
            path=path,
            cause=f"cannot be read ({exc.strerror or exc})",
            remedy="make one with storesense broker setup, or name another in STORESENSE_EDGE_CREDENTIALS_FILE",
        ) from exc
    if mode & 0o077:
        raise CredentialsError(
            path=path,
            cause=f"can be read by others (its mode is {mode:04o})",
            remedy=f"make it private with: chmod 600 {path}",
        )
    try:
        passwords = msgspec.json.decode(raw, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise CredentialsError(
            path=path,
            cause=f"is not a JSON object of user names to passwords ({exc})",
            remedy='write it as {"STORE_ID/DEVICE_ID": "password"}',
        ) from exc
    return {user_name: SecretStr(password) for user_name, password in passwords.items()}
