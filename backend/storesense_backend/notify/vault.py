"""Channels' secrets at rest: encrypted with a key that stands in a file of its own, not in the database.

The file holds Fernet keys (AES-128-CBC with HMAC-SHA256), one a line, readable by its owner alone. The first one seals,
each of them opens. It is read again when it has changed, so that a key can be changed while services run.
"""

import json
import os
import secrets as chance
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storesense_contracts.errors import MissingPartError, StoresenseError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

SETTING = "STORESENSE_SECRETS_KEY_FILE"
_MOST_KEYS = 100


class VaultError(StoresenseError):
    """The key that channels' secrets are sealed with cannot be read or made, or is another one."""

    code = "vault"
    exit_code = 3


class Vault:
    """Seals and opens secrets.

    Args:
        path: of the file with the keys; made when something is sealed first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser()
        self._seen: tuple[int, int, int] | None = None
        self._keys: MultiFernet | None = None

    @property
    def path(self) -> Path:
        """Where the keys stand."""
        return self._path

    def seal(self, secrets: Mapping[str, Any]) -> str:
        """Encrypt secrets for the database.

        Raises:
            VaultError: the file cannot be read or made.
            MissingPartError: cryptography is not installed.
        """
        if not self._path.exists():
            self._make()
        return self._read().encrypt(json.dumps(dict(secrets)).encode()).decode()

    def open(self, sealed: str) -> dict[str, Any]:
        """Decrypt what ``seal`` made.

        Raises:
            VaultError: the file cannot be read, or none of its keys fits.
            MissingPartError: cryptography is not installed.
        """
        keys = self._read()
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 -- an extra

        try:
            opened: dict[str, Any] = json.loads(keys.decrypt(sealed.encode()))
        except (InvalidToken, ValueError) as exc:
            raise VaultError(
                f"{self._path}: none of its keys opens the channel's secrets; give backend and delivery worker the "
                f"same file ({SETTING}), or enter the channel's address anew"
            ) from exc
        return opened

    def add_key(self) -> None:
        """Put a new key before the others, which seals from now on. Raises VaultError."""
        kept = self._lines() if self._path.exists() else []
        self._write([_new_key(), *kept])

    def keep_newest(self, count: int) -> None:
        """Drop all keys but the newest ones. Raises VaultError."""
        self._write(self._lines()[:count])

    def _read(self) -> "MultiFernet":
        try:
            status = self._path.stat()
        except OSError as exc:
            raise VaultError(f"{self._path}: {exc.strerror}; {SETTING} names the key of the channels' secrets") from exc
        seen = (status.st_mtime_ns, status.st_ino, status.st_size)
        if self._keys is None or seen != self._seen:
            if status.st_mode & 0o077:
                raise VaultError(f"{self._path}: others can read this key; run chmod 600, and better change it then")
            self._keys, self._seen = _fernet(self._path, self._lines()), seen
        return self._keys

    def _lines(self) -> list[str]:
        try:
            lines = self._path.read_text(encoding="ascii").split()
        except (OSError, UnicodeDecodeError) as exc:
            raise VaultError(f"{self._path}: cannot be read ({type(exc).__name__}); {SETTING} names it") from exc
        if not 1 <= len(lines) <= _MOST_KEYS:
            raise VaultError(f"{self._path}: holds {len(lines)} keys; restore it from its backup")
        return lines

    def _make(self) -> None:
        # Written aside and then given its name, which fails where another process was first: nobody reads half a key.
        aside = self._aside([_new_key()])
        try:
            os.link(aside, self._path)
        except FileExistsError:
            pass
        except OSError as exc:
            raise self._unmade(exc) from exc
        finally:
            aside.unlink()

    def _write(self, lines: list[str]) -> None:
        try:
            self._aside(lines).replace(self._path)
        except OSError as exc:
            raise self._unmade(exc) from exc

    def _aside(self, lines: list[str]) -> Path:
        aside = self._path.with_name(f".{self._path.name}.{chance.token_hex(6)}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as exc:
            raise self._unmade(exc) from exc
        return aside

    def _unmade(self, exc: OSError) -> VaultError:
        return VaultError(f"{self._path}: the key cannot be written ({exc.strerror}); name a place that can: {SETTING}")


def _new_key() -> str:
    try:
        from cryptography.fernet import Fernet  # noqa: PLC0415 -- an extra
    except ImportError as exc:
        raise MissingPartError(part="cryptography", extra="backend") from exc
    return Fernet.generate_key().decode()


def _fernet(path: Path, lines: list[str]) -> "MultiFernet":
    try:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 -- an extra
    except ImportError as exc:
        raise MissingPartError(part="cryptography", extra="backend") from exc
    try:
        return MultiFernet([Fernet(line) for line in lines])
    except ValueError as exc:
        raise VaultError(f"{path}: holds something else than Fernet keys; restore it from its backup") from exc
