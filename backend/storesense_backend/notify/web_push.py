"""Web Push: encryption of messages (RFC 8188, RFC 8291) and the server's identification (RFC 8292), with its key."""

import base64
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storesense_contracts.errors import StoresenseError

_RECORD_BYTES = 4_096
_TOKEN_LASTS = timedelta(hours=12)
MAX_PLAIN_BYTES = 3_000


class PushError(StoresenseError):
    """A subscription, key or message of Web Push cannot be used."""

    code = "push"


def to_base64url(data: bytes) -> str:
    """Encode without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Decode, with or without padding. Raises PushError."""
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (ValueError, TypeError) as exc:
        raise PushError("a key of the subscription is no base64url text") from exc


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as 65 bytes, uncompressed."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def read_public(data: bytes) -> ec.EllipticCurvePublicKey:
    """Read a public key of P-256. Raises PushError."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError as exc:
        raise PushError("the subscription's key p256dh is no point of P-256") from exc


def encrypt(plain: bytes, *, p256dh: bytes, auth: bytes, key: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """Encrypt a message for one subscription.

    Args:
        plain: at most ``MAX_PLAIN_BYTES``.
        p256dh: the browser's public key.
        auth: the browser's secret, 16 bytes.
        key: made for this message alone.
        salt: 16 random bytes.

    Raises:
        PushError: the message is too long, or the subscription's keys are none.
    """
    if len(plain) > MAX_PLAIN_BYTES or len(auth) != 16 or len(salt) != 16:
        raise PushError("a push message has up to 3000 bytes, and secret and salt have 16")
    sender = public_bytes(key.public_key())
    content_key, nonce = _keys(key.exchange(ec.ECDH(), read_public(p256dh)), auth, p256dh, sender, salt)
    sealed = AESGCM(content_key).encrypt(nonce, plain + b"\x02", None)
    return salt + _RECORD_BYTES.to_bytes(4, "big") + bytes([len(sender)]) + sender + sealed


def decrypt(message: bytes, *, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """Decrypt as a browser does. Raises PushError."""
    if len(message) < 21 or len(message) < 21 + message[20]:
        raise PushError("the message is cut short")
    salt, length = message[:16], message[20]
    sender, sealed = message[21 : 21 + length], message[21 + length :]
    shared = key.exchange(ec.ECDH(), read_public(sender))
    content_key, nonce = _keys(shared, auth, public_bytes(key.public_key()), sender, salt)
    try:
        padded = AESGCM(content_key).decrypt(nonce, sealed, None)
    except InvalidTag as exc:
        raise PushError("the message was not encrypted for this subscription") from exc
    return padded.rstrip(b"\x00")[:-1]


def _keys(shared: bytes, auth: bytes, receiver: bytes, sender: bytes, salt: bytes) -> tuple[bytes, bytes]:
    secret = _hkdf(shared, auth, b"WebPush: info\x00" + receiver + sender, 32)
    return _hkdf(secret, salt, b"Content-Encoding: aes128gcm\x00", 16), _hkdf(
        secret, salt, b"Content-Encoding: nonce\x00", 12
    )


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def authorization(endpoint: str, key: ec.EllipticCurvePrivateKey, now: datetime, subject: str) -> str:
    """Return the header that says who sends.

    Args:
        endpoint: the subscription's address.
        key: the server's own.
        now: the present.
        subject: ``mailto:`` or ``https:`` address of whoever runs this.
    """
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + _TOKEN_LASTS).timestamp()),
        "sub": subject,
    }
    head = to_base64url(b'{"typ":"JWT","alg":"ES256"}') + "." + to_base64url(json.dumps(claims).encode())
    r, s = decode_dss_signature(key.sign(head.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{head}.{to_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return f"vapid t={token}, k={to_base64url(public_bytes(key.public_key()))}"


def kept_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read the server's key, or make it at the first start, readable by us alone.

    Raises:
        PushError: the file cannot be read or made, or holds something else.
    """
    try:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise PushError(f"{path}: this is no key of P-256; remove it to have one made") from None
            return key
        made = ec.generate_private_key(ec.SECP256R1())
        form = serialization.PrivateFormat.PKCS8
        with os.fdopen(handle, "wb") as file:
            file.write(made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    except (OSError, ValueError) as exc:
        raise PushError(f"{path}: {exc}; correct STORESENSE_NOTIFY_PUSH_KEY_FILE, or remove the file") from exc
    return made
