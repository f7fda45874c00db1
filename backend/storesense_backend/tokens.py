"""Session tokens and API keys: minted once, kept only as digests."""

import hashlib
import secrets

KEY_PREFIX = "ssk_"
_TOKEN_BYTES = 32
_MAX_SECRET_LENGTH = 200


def new_session_token() -> str:
    """Mint a session token: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_api_key() -> str:
    """Mint an API key: 256 random bits behind a prefix by which leaked keys can be found."""
    return KEY_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def new_password() -> str:
    """Mint a password that a person can type: 20 letters and digits without look-alikes, 115 bits."""
    alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(alphabet) for _ in range(20))


def digest(secret: str) -> bytes:
    """Return the SHA-256 of a minted secret; enough, as minted secrets cannot be guessed."""
    return hashlib.sha256(secret[: _MAX_SECRET_LENGTH + 1].encode("utf-8", "replace")).digest()
