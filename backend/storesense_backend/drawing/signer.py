"""Signs the passes by which installers may see cameras' pictures, with a key that lives as long as this process."""

import asyncio
import logging
import secrets
from datetime import datetime

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg_pool import PoolTimeout

from storesense_backend.database import Pool
from storesense_backend.drawing.records import show_key
from storesense_contracts.setup_pass import PASS_S, SetupPass, encode_pass, join_pass, to_base64url

_LOG = logging.getLogger(__name__)
_SHOW_EVERY_S = 600.0
_RETRY_S = 5.0


class PassSigner:
    """Signs passes. Its key is made anew in each process and is never written down; the public half is told."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def public_key(self) -> str:
        """The public half, base64url."""
        return to_base64url(self._key.public_key().public_bytes_raw())

    def sign(
        self, *, store_id: str, camera: str, user_name: str, setup_url: str, return_url: str, now: datetime
    ) -> tuple[str, int]:
        """Return a pass for one box and when it ends, seconds since 1970."""
        expires_s = int(now.timestamp()) + PASS_S
        payload = encode_pass(
            SetupPass(
                store_id=store_id,
                camera=camera,
                user_name=user_name,
                setup_url=setup_url,
                return_url=return_url,
                expires_s=expires_s,
                nonce=secrets.token_urlsafe(24),
            )
        )
        return join_pass(payload, self._key.sign(payload)), expires_s


async def keep_key_shown(pool: Pool, signer: PassSigner) -> None:
    """Keep this backend's public key among those that edge boxes believe, for ever."""
    while True:
        wait_s = _SHOW_EVERY_S
        try:
            async with pool.connection() as connection:
                await show_key(connection, signer.public_key)
        except (psycopg.Error, PoolTimeout) as exc:
            _LOG.warning("the key of setup passes cannot be shown now: %s: %s", type(exc).__name__, exc)
            wait_s = _RETRY_S
        await asyncio.sleep(wait_s)
