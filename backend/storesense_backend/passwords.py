"""Passwords, hashed with Argon2id. A check costs the same whether the user exists or not."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storesense_backend.errors import UnavailableError
from storesense_contracts.errors import UsageError

MIN_LENGTH = 10
MAX_LENGTH = 200
_WAITING_PER_CHECK = 8


class WeakPasswordError(UsageError):
    """A new password is too short or too long."""

    code = "weak_password"

    def __init__(self) -> None:
        super().__init__(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters; or use --generate")


def check_strength(password: str) -> str:
    """Return a new password if it is long enough. Raises WeakPasswordError."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPasswordError
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise UsageError("this password is no UTF-8 text and could not be typed again; use other characters")
    return password


class Passwords:
    """Hashes and verifies passwords in threads, a bounded number at once, because each takes 64 MiB and a core.

    Args:
        concurrency: how many at once.
        hasher: with other parameters than argon2-cffi's defaults, which are RFC 9106's low-memory choice.
    """

    def __init__(self, *, concurrency: int, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(concurrency)
        self._places = concurrency * (1 + _WAITING_PER_CHECK)
        self._taken = 0
        self._decoy: str | None = None

    async def prepare(self) -> None:
        """Make the hash that passwords of unknown users are checked against."""
        self._decoy = await self.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return the Argon2id hash of a password, with its parameters and a new salt."""
        return await asyncio.to_thread(self._hasher.hash, password)

    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether a hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether a password is right; ``password_hash`` is None for an unknown user.

        Raises:
            UnavailableError: too many checks wait already.
        """
        if self._taken >= self._places:
            raise UnavailableError(
                "too many people sign in at this moment; try again in a few seconds",
                code="busy",
                headers={"Retry-After": "5"},
            )
        self._taken += 1
        try:
            async with self._slots:
                is_right = await asyncio.to_thread(self._verify, password_hash or self._decoy or "", password)
        finally:
            self._taken -= 1
        return is_right and password_hash is not None

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):  # half a surrogate pair is nobody's password
            return False
