"""The audit page's password: a scrypt hash (RFC 7914) in a file that its owner alone may read."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from storesense_contracts.errors import UsageError
from storesense_edge.kept_files import keep

if TYPE_CHECKING:
    from pathlib import Path

MIN_CHARS = 12
_MAX_CHARS = 1_000


def write_password(path: Path, password: str) -> None:
    """Keep the hash of a password.

    Raises:
        UsageError: the password is too short, or the file cannot be written.
    """
    if not MIN_CHARS <= len(password) <= _MAX_CHARS:
        raise UsageError(f"The password has fewer than {MIN_CHARS} characters; take a sentence that you remember.")
    salt = secrets.token_bytes(16)
    text = f"scrypt {salt.hex()} {_hash(password, salt).hex()}\n"
    try:
        keep(path, text.encode(), mode=0o600)
    except OSError as exc:
        raise UsageError(f"The password cannot be kept in {path} ({exc.strerror or exc}).") from exc


def check_password(path: Path, password: str) -> bool:
    """Return whether a password is the right one; False too if none is set."""
    try:
        if path.stat().st_mode & 0o077:
            return False
        kind, salt, expected = path.read_text().split()
        stored = bytes.fromhex(expected)
        given = _hash(password[:_MAX_CHARS], bytes.fromhex(salt))
    except (OSError, ValueError):
        return False
    return kind == "scrypt" and hmac.compare_digest(given, stored)


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=2**26, dklen=32)
