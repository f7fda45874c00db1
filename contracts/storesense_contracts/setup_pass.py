"""The pass by which an edge box lets an installer in: signed by a backend, for one box, for a minute, for once.

``PAYLOAD.SIGNATURE``, both base64url without padding; the payload is JSON and the signature Ed25519 over its bytes.
"""

import base64
import binascii
from typing import Annotated

import msgspec
from msgspec import Meta

from storesense_contracts.errors import StoresenseError
from storesense_contracts.ids import IdText

PASS_S = 60
"""How long a pass opens the door."""
MAX_PASS_CHARS = 4_000


class BadPassError(StoresenseError):
    """A text is no pass."""

    code = "bad_pass"


class SetupPass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may see a store's cameras on which box, and where they come from.

    ``setup_url`` is the box that it opens and no other; ``return_url`` the page that a drawing goes back to;
    ``expires_s`` is seconds since 1970; ``nonce`` is drawn by lot, and a box takes each once.
    """

    store_id: IdText
    camera: IdText
    user_name: Annotated[str, Meta(max_length=200)]
    setup_url: Annotated[str, Meta(max_length=300)]
    return_url: Annotated[str, Meta(max_length=300, pattern=r"^https?://[^/?#]{1,280}/\Z")]
    expires_s: int
    nonce: Annotated[str, Meta(min_length=16, max_length=64)]


def to_base64url(data: bytes) -> str:
    """Encode without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Decode without padding. Raises BadPassError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as exc:
        raise BadPassError("this is no pass") from exc


def encode_pass(setup_pass: SetupPass) -> bytes:
    """Return the bytes to be signed."""
    return msgspec.json.encode(setup_pass)


def join_pass(payload: bytes, signature: bytes) -> str:
    """Return the text of a signed pass."""
    return f"{to_base64url(payload)}.{to_base64url(signature)}"


def split_pass(text: str) -> tuple[bytes, bytes]:
    """Return payload and signature; nothing of the payload is to be believed yet. Raises BadPassError."""
    payload, dot, signature = text.partition(".")
    if not dot or len(text) > MAX_PASS_CHARS:
        raise BadPassError("this is no pass")
    return from_base64url(payload), from_base64url(signature)


def decode_pass(payload: bytes) -> SetupPass:
    """Read a payload whose signature was found good. Raises BadPassError."""
    try:
        return msgspec.json.decode(payload, type=SetupPass)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BadPassError("this is no pass of this release") from exc
