"""A webhook receiver that notes what arrives and when, and takes nothing that is not signed."""

import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from storesense_backend.notify.signing import SIGNATURE_HEADER, verify

_MOST_BYTES = 4_000_000


class AlertSink:
    """Listens on a free port of loopback inside of ``with``.

    Attributes:
        counts: how often each key came.
        first_s: the monotonic time at which each key came first.
        notices: what was told, by key.
        refused: messages that were not signed rightly.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first_s: dict[str, float] = {}
        self.notices: dict[str, dict[str, Any]] = {}
        self.refused = 0
        self.signing: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(), bind_and_activate=False)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="alert sink", daemon=True)

    def __enter__(self) -> Self:
        self._server.server_bind()
        self._server.server_activate()
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _exc: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/alerts"

    def take(self, body: bytes, signature: str) -> bool:
        """Note a message; tell whether it was signed rightly."""
        now_s = time.monotonic()
        if not verify(signature, body, self.signing, datetime.now(UTC)):
            with self._lock:
                self.refused += 1
            return False
        told = json.loads(body)
        with self._lock:
            for notice in told.get("notifications", [told]):
                key = notice["key"]
                self.counts[key] += 1
                self.first_s.setdefault(key, now_s)
                self.notices.setdefault(key, notice)
        return True

    def told(self, event: str) -> dict[str, dict[str, Any]]:
        """Return what was told of one kind of event, by key."""
        with self._lock:
            return {key: notice for key, notice in self.notices.items() if notice["event"] == event}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(min(length, _MOST_BYTES))
                is_good = sink.take(body, self.headers.get(SIGNATURE_HEADER, ""))
                self.send_response(204 if is_good else 401)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class names it so
                pass

        return Handler
