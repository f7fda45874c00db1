"""Signatures of webhooks: HMAC-SHA256 over the time of sending and the body, by each secret that holds.

The header reads ``t=1767600000,v1=HEX``, with one ``v1`` a secret, so that a receiver may change to a new secret while
the old one still signs as well. A receiver refuses what is older than its window, and drops keys that it has seen.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

SIGNATURE_HEADER = "X-Storesense-Signature"
KEY_HEADER = "X-Storesense-Key"
WINDOW_S = 300.0


def new_secret() -> str:
    """Make a secret of 256 random bits."""
    return "ssw_" + secrets.token_urlsafe(32)


def sign(body: bytes, signing: Iterable[str], at: datetime) -> str:
    """Return the signature header of a body sent at an instant."""
    stamp = int(at.timestamp())
    marks = [f"v1={_digest(body, secret, stamp)}" for secret in signing]
    return ",".join([f"t={stamp}", *marks])


def verify(header: str, body: bytes, signing: Iterable[str], now: datetime, *, window_s: float = WINDOW_S) -> bool:
    """Tell whether a signature header is of this body, by one of our secrets, and sent within the window."""
    stamp, marks = "", []
    for part in header.split(",")[:10]:
        name, _, value = part.strip().partition("=")
        if name == "t":
            stamp = value
        elif name == "v1":
            marks.append(value)
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        return False
    if abs(now.timestamp() - int(stamp)) > window_s:
        return False
    wanted = [_digest(body, secret, int(stamp)) for secret in signing]
    return any(hmac.compare_digest(want.encode(), mark.encode()) for want in wanted for mark in marks)


def _digest(body: bytes, secret: str, stamp: int) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
