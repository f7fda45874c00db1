"""What the pages that this box serves have in common: plain HTTP on loopback alone, TLS elsewhere, nothing kept."""

from __future__ import annotations

import ipaddress
import json
import logging
import ssl
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from storesense_contracts.errors import StoresenseError, UsageError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from pathlib import Path

_logger = logging.getLogger(__name__)

_IDLE_S = 30.0
_MAX_BODY = 1_000_000
_MAX_AT_ONCE = 16


class LocalHttpServer(ThreadingHTTPServer):
    """A small server, bound but not yet running; more than a few requests at once wait for each other.

    Args:
        listen: address and port.
        handler: answers requests.
        what: what it serves, for messages.
        certificate: certificate and key, None for plain HTTP, on loopback alone.

    Raises:
        UsageError: it would speak plain HTTP to a network, or cannot bind.
    """

    daemon_threads = True

    def __init__(
        self,
        listen: tuple[str, int],
        handler: type[LocalHandler],
        *,
        what: str,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.is_secure = certificate is not None
        self._at_once = threading.BoundedSemaphore(_MAX_AT_ONCE)
        host, port = listen
        try:
            is_loopback = ipaddress.ip_address(host).is_loopback
        except ValueError as exc:
            raise UsageError(f"{host!r} is no IP address; listen on 127.0.0.1 or an address of this box.") from exc
        if not is_loopback and certificate is None:
            raise UsageError(
                f"{host} is not loopback, and the page is not served to a network without TLS; "
                "give a certificate and its key, or listen on 127.0.0.1."
            )
        try:
            super().__init__((host, port), handler)
            if certificate is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*certificate)
                self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        except OSError as exc:
            raise UsageError(f"{what} cannot be served on {host} port {port} ({exc.strerror or exc}).") from exc

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Answer on a thread of its own, if there are not too many."""
        if not self._at_once.acquire(timeout=1.0):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._at_once.release()
            raise

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Answer, and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._at_once.release()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 -- the base class's
        """Note a request that broke, such as a phone that went away, and serve the next."""
        _logger.debug("a request from %s broke: %s", client_address, sys.exc_info()[1])


class LocalHandler(BaseHTTPRequestHandler):
    """Answers that nobody keeps, and bodies of a bounded size."""

    server_version = "storesense"
    sys_version = ""
    timeout = _IDLE_S
    policy = "default-src 'none'"
    """The Content-Security-Policy of every answer."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self.get()

    def do_POST(self) -> None:
        """Answer a POST whose body may be taken."""
        body = self._body()
        if body is not None:
            self.post(body)

    def get(self) -> None:
        """Answer a GET."""
        self.refuse(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")

    def post(self, body: bytes) -> None:  # noqa: ARG002 -- for those who have something to post to
        """Answer a POST of JSON."""
        self.refuse(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")

    def _body(self) -> bytes | None:
        # A form of another site cannot send this type, so it cannot act for whoever is signed in here.
        if self.headers.get_content_type() != "application/json":
            self.refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "Send application/json.")
            return None
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= _MAX_BODY:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_long", "Send a megabyte at most, with its length.")
            return None
        return self.rfile.read(length)

    def cookie(self, wanted: str) -> str:
        """Return a cookie's value, "" if there is none."""
        for part in self.headers.get("Cookie", "")[:4_000].split(";"):
            name, _, value = part.strip().partition("=")
            if name == wanted:
                return value
        return ""

    def guarded(self, make: Callable[[], Mapping[str, object]]) -> None:
        """Answer with what is made, or with the error that stood in the way."""
        try:
            answer = make()
        except StoresenseError as exc:
            self.refuse(HTTPStatus.UNPROCESSABLE_ENTITY, exc.code, str(exc))
        else:
            self.json(HTTPStatus.OK, answer)

    def refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        """Answer with an error, and close."""
        self.close_connection = True
        self.json(status, {"error": {"code": code, "message": message}})

    def json(self, status: HTTPStatus, answer: object, cookie: str | None = None) -> None:
        """Answer with JSON."""
        self.answer(status, json.dumps(answer).encode(), "application/json", cookie)

    def answer(self, status: HTTPStatus, body: bytes, kind: str, cookie: str | None = None) -> None:
        """Answer with bytes that nobody may keep."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Content-Security-Policy", self.policy)
        if cookie is not None:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Log requests as everything else is logged."""
        _logger.debug(format, *args)
