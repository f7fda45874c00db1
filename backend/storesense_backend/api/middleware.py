"""What surrounds every request: security headers, measures, a bound on bodies, and an answer to faults of ours."""

import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storesense_backend.api.answers import error_response
from storesense_backend.metrics import BackendMetrics

_LOG = logging.getLogger(__name__)

SMALL_BODY_BYTES = 65_536
_DISCARDED_BYTES = 16_777_216
_LARGE_BODY_PATH = re.compile(r"^/api/v1/stores/[^/]+(/planogram|/drawing)?$")
_TOO_LARGE = "the body is larger than {} bytes, which is all that is taken here"

SECURITY_HEADERS = {
    # Trusted types make any writing of markup from a text an error; the pages write none. Their
    # one policy is for addresses of workers, which must be scripts of ours.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "manifest-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types storesense"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Envelope:
    """Adds security headers, counts and times requests, and answers 500 in the one shape when something fails."""

    def __init__(self, app: ASGIApp, *, metrics: BackendMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        status = 0

        async def send_enveloped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        try:
            await self._app(scope, receive, send_enveloped)
        except Exception:  # the supervisor of requests: it logs, and the client gets an answer in the one shape
            _LOG.exception("%s %s failed", scope["method"], scope["path"])
            if status:
                raise
            answer = error_response(500, "internal", "something went wrong here; it is in the service's log")
            await answer(scope, receive, send_enveloped)
        finally:
            self._count(scope, status, time.perf_counter() - began_s)

    def _count(self, scope: Scope, status: int, took_s: float) -> None:
        # Paths that lead nowhere share one label, so that nobody can fill the memory with them.
        route = getattr(scope.get("route"), "path", None) or "none"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method=method, route=route, status=str(status)).inc()
        if not route.endswith("/stream"):
            self._metrics.request_s.labels(route=route).observe(took_s)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class BodyLimit:
    """Refuses bodies that are too large, whether they say so or not."""

    def __init__(self, app: ASGIApp, *, layout_bytes: int) -> None:
        self._app = app
        self._layout_bytes = layout_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_layout = scope["method"] == "PUT" and _LARGE_BODY_PATH.match(scope["path"])
        limit = self._layout_bytes if is_layout else SMALL_BODY_BYTES
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or len(declared) > 18 or int(declared) > limit:
            # A connection that is closed on somebody who still sends is reset, and the answer lost with it.
            is_soon_over = declared.isdecimal() and len(declared) < 18 and int(declared) <= _DISCARDED_BYTES
            headers = {} if is_soon_over else {"Connection": "close"}
            answer = error_response(413, "body_too_large", _TOO_LARGE.format(limit), headers=headers)
            await answer(scope, receive, send)
            return
        taken = 0

        async def receive_bounded() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > limit:
                    raise HTTPException(413, _TOO_LARGE.format(limit), headers={"Connection": "close"})
            return message

        await self._app(scope, receive_bounded, send)
