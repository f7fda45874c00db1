"""Pushes to browsers, through the push service that each browser named."""

import json
import os
from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from storesense_backend.notify.senders.port import Parcel, SendError, Way
from storesense_backend.notify.senders.webhook import WebhookSender
from storesense_backend.notify.web_push import PushError, authorization, encrypt, from_base64url

_TTL_S = 3_600
_BODY_CHARACTERS = 600


class WebPushSender:
    """Encrypts for one browser and posts to its push service.

    Args:
        http: posts; allowed to ask push services alone.
        key: the server's own.
        subject: who runs this, for push services.
        now: the present.
    """

    def __init__(
        self, *, http: WebhookSender, key: ec.EllipticCurvePrivateKey, subject: str, now: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._key = key
        self._subject = subject
        self._now = now

    async def send(self, way: Way, parcel: Parcel) -> None:
        """Push a parcel. Raises SendError."""
        alerts = [notice.alert["alert_id"] for notice in parcel.notices]
        plain = {
            "key": parcel.key,
            "event": parcel.payload["event"],
            "title": parcel.text.title[:200],
            "body": parcel.text.body[:_BODY_CHARACTERS],
            "severity": parcel.severity,
            "store_id": way.store_id,
            "alert_id": alerts[0] if len(alerts) == 1 else None,
        }
        endpoint = str(way.secrets["endpoint"])
        try:
            body = encrypt(
                json.dumps(plain, ensure_ascii=False).encode(),
                p256dh=from_base64url(way.secrets["p256dh"]),
                auth=from_base64url(way.secrets["auth"]),
                key=ec.generate_private_key(ec.SECP256R1()),
                salt=os.urandom(16),
            )
        except PushError as exc:
            raise SendError(str(exc), is_final=True) from exc
        headers = {
            "Authorization": authorization(endpoint, self._key, self._now(), self._subject),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(_TTL_S),
            "Urgency": "high" if parcel.severity == "critical" else "normal",
        }
        try:
            await self._http.post(endpoint, body, headers)
        except SendError as exc:
            # 404 and 410 say that the browser has left.
            is_gone = exc.is_gone or exc.reason.startswith("answered 404")
            raise SendError(exc.reason, is_final=exc.is_final, is_gone=is_gone) from exc

    async def close(self) -> None:
        """Close connections."""
        await self._http.close()
