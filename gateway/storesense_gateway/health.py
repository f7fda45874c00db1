"""What the gateway says of itself over HTTP: ``/healthz`` and ``/metrics``."""

import json
import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from storesense_contracts.errors import UsageError

_LOG = logging.getLogger(__name__)


class Health:
    """What is wrong with each thing that the gateway depends on; thread-safe."""

    def __init__(self, parts: tuple[str, ...]) -> None:
        self._lock = threading.Lock()
        self._problems: dict[str, str | None] = dict.fromkeys(parts, "not connected yet")

    def report(self, part: str, problem: str | None) -> None:
        """Note what is wrong with ``part``, None if nothing is."""
        with self._lock:
            before = self._problems[part]
            self._problems[part] = problem
        if problem is not None and problem != before:
            _LOG.warning("%s", problem)
        elif problem is None and before is not None:
            _LOG.info("%s: connected", part)

    def problems(self) -> dict[str, str | None]:
        """Return what is wrong with each part."""
        with self._lock:
            return dict(self._problems)


class HealthServer:
    """Serves health and metrics in a thread of its own."""

    def __init__(self, *, host: str, port: int, health: Health, registry: CollectorRegistry) -> None:
        self._address = (host, port)
        self._health = health
        self._registry = registry
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return self._address[1] if self._server is None else int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to listen.

        Raises:
            UsageError: the address cannot be had.
        """
        health, registry = self._health, self._registry

        class Handler(_Handler):
            def answer(self) -> tuple[HTTPStatus, str, bytes]:
                return respond(self.path, health, registry)

        try:
            self._server = ThreadingHTTPServer(self._address, Handler)
        except OSError as exc:
            host, port = self._address
            raise UsageError(
                f"{host}:{port} cannot be listened on ({exc.strerror}); "
                "stop what uses it, or set STORESENSE_GATEWAY_HTTP_PORT to another port"
            ) from exc
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="gateway-http", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None


def respond(path: str, health: Health, registry: CollectorRegistry) -> tuple[HTTPStatus, str, bytes]:
    """Answer one GET: status, content type and body."""
    route = path.split("?", 1)[0]
    if route == "/metrics":
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry)
    if route == "/healthz":
        problems = health.problems()
        healthy = not any(problems.values())
        body = {"status": "ok" if healthy else "failing", "problems": {k: v for k, v in problems.items() if v}}
        return (
            HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE,
            "application/json",
            json.dumps(body).encode(),
        )
    error = {"error": {"code": "not_found", "message": "there are /healthz and /metrics"}}
    return HTTPStatus.NOT_FOUND, "application/json", json.dumps(error).encode()


class _Handler(BaseHTTPRequestHandler):
    server_version = "storesense"
    sys_version = ""
    timeout = 10

    def answer(self) -> tuple[HTTPStatus, str, bytes]:
        raise NotImplementedError

    def do_GET(self) -> None:
        status, content_type, body = self.answer()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        _LOG.debug(format, *args)
