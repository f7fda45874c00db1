"""Who may see the pictures of this box: whoever brings a pass that a backend signed, for this box, just now, once."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from storesense_contracts.setup_pass import (
    PASS_S,
    BadPassError,
    SetupPass,
    decode_pass,
    from_base64url,
    split_pass,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SESSION_S = 3_600.0
_MAX_SESSIONS = 8
_MAX_USED = 1_000


class UnknownBackendError(BadPassError):
    """A pass is signed with a key that this box was not told; that of a backend that has just begun is on its way."""

    code = "unknown_backend"


@dataclass(frozen=True, slots=True)
class SetupSession:
    """Somebody who was let in.

    Attributes:
        opened_by: the pass.
        ends_s: on the monotonic clock.
    """

    opened_by: SetupPass
    ends_s: float


class SetupDoor:
    """Takes passes and keeps sessions.

    Args:
        store_id: the store of this box.
        setup_url: where this box is reached, as it is announced.
        keys: the public keys of backends that this box believes, as it was told them.
        now_s: seconds since 1970.
        monotonic_s: the monotonic clock.
    """

    def __init__(
        self,
        store_id: str,
        setup_url: str,
        keys: Callable[[], Iterable[str]],
        *,
        now_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store_id = store_id
        self._setup_url = setup_url
        self._keys = keys
        self._now_s = now_s
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._used: dict[str, int] = {}
        self._sessions: dict[str, SetupSession] = {}

    def enter(self, text: str) -> tuple[str, SetupSession]:
        """Take a pass; return the token of a session.

        Raises:
            UnknownBackendError: no key that this box was told has signed it.
            BadPassError: it is of another box or store, too old, or was used before.
        """
        payload, signature = split_pass(text)
        if not any(_is_signed_by(key, payload, signature) for key in self._keys()):
            raise UnknownBackendError(
                "The pass is not of a backend that this box knows; go back and open the camera again."
            )
        given = decode_pass(payload)
        if given.store_id != self._store_id or given.setup_url != self._setup_url:
            raise BadPassError("The pass is for another edge box; go back and open the camera again.")
        now_s = self._now_s()
        if not now_s < given.expires_s <= now_s + 2 * PASS_S:
            raise BadPassError(
                "The pass is too old, or the clocks of this box and of the server differ by more than a minute; "
                "go back and open the camera again."
            )
        with self._lock:
            self._used = {nonce: ends_s for nonce, ends_s in self._used.items() if ends_s > now_s}
            if given.nonce in self._used or len(self._used) >= _MAX_USED:
                raise BadPassError("The pass was used before; go back and open the camera again.")
            self._used[given.nonce] = given.expires_s
            while len(self._sessions) >= _MAX_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            token = secrets.token_urlsafe(32)
            session = SetupSession(given, self._monotonic_s() + SESSION_S)
            self._sessions[token] = session
        return token, session

    def session(self, token: str) -> SetupSession | None:
        """Return the session of a token, None if there is none any more."""
        with self._lock:
            session = self._sessions.get(token)
        return None if session is None or session.ends_s <= self._monotonic_s() else session

    def leave(self, token: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(token, None)


def _is_signed_by(key: str, payload: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(from_base64url(key)).verify(signature, payload)
    except (BadPassError, ValueError, InvalidSignature):
        return False
    return True
