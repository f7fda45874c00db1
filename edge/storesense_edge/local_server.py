"""The audit page: for a signed-in person in the shop, served by this box, on loopback unless told otherwise.

Nothing but the tally page, the trajectories of the last day and the result of a tally is served, and nothing without
signing in. Beyond loopback it wants a certificate; it never speaks plain HTTP to a network.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from storesense_contracts.errors import UsageError
from storesense_contracts.readings import Direction
from storesense_edge.audit import MAX_TALLIED, SETTLE_MS, Tallied, audit_line, described
from storesense_edge.local_http import LocalHandler, LocalHttpServer
from storesense_edge.local_password import check_password
from storesense_edge.trajectories import DAY_MS, TrajectoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from storesense_edge.trajectories import TrajectoryFile

_logger = logging.getLogger(__name__)

SESSION_S = 8 * 3_600.0
FREE_FAILURES = 5
_FIRST_DELAY_S = 5.0
_MAX_DELAY_S = 300.0
_MAX_SESSIONS = 20
_MAX_SPAN_MS = 3_600_000
_CLOCKS_APART_MS = 5_000
"""A browser on a slow network may take its own present for so much later than ours."""
_COOKIE = "storesense_audit"
_PAGE = files("storesense_edge") / "audit_page.html"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line that a camera counts at, and where it sees it.

    Attributes:
        line: its id.
        name: what people call it.
        a: one end, fractions of the picture; None where that is not known.
        b: the other end.
        in_side: which side is in, standing at ``a`` and looking at ``b``.
    """

    line: str
    name: str
    a: tuple[float, float] | None = None
    b: tuple[float, float] | None = None
    in_side: str = "left"


@dataclass(frozen=True, slots=True)
class LocalAudit:
    """A camera's trajectories and the lines that it counts at."""

    trajectories: TrajectoryFile
    lines: tuple[AuditLine, ...]

    def counts_at(self, line_id: str) -> bool:
        """Return whether it counts at a line."""
        return any(line.line == line_id for line in self.lines)


class _TallyBody(msgspec.Struct, forbid_unknown_fields=True):
    camera: str
    line: str
    from_ms: int
    to_ms: int
    in_ms: list[int] = []
    out_ms: list[int] = []


class Doorman:
    """Sessions, and patience with wrong passwords: after a few, each costs a longer wait, for everybody.

    Args:
        password_file: where the password's hash lies.
        monotonic_s: the monotonic clock.
    """

    def __init__(self, password_file: Path, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._file = password_file
        self._now_s = monotonic_s
        self._lock = threading.Lock()
        self._sessions: dict[str, float] = {}
        self._failures = 0
        self._blocked_until_s = 0.0

    def sign_in(self, password: str) -> tuple[str | None, float]:
        """Return a session, or None and how many seconds to wait before the next try."""
        # One at a time: hashing is made to be slow, and many at once would take the box's memory.
        with self._lock:
            wait_s = self._blocked_until_s - self._now_s()
            if wait_s > 0:
                return None, wait_s
            if not check_password(self._file, password):
                self._failures += 1
                over = self._failures - FREE_FAILURES
                delay_s = 0.0 if over < 0 else min(_MAX_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(over, 10))
                self._blocked_until_s = self._now_s() + delay_s
                return None, delay_s
            self._failures = 0
            token = secrets.token_urlsafe(32)
            while len(self._sessions) >= _MAX_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[token] = self._now_s() + SESSION_S
            return token, 0.0

    def knows(self, token: str) -> bool:
        """Return whether a session is open."""
        with self._lock:
            return self._sessions.get(token, 0.0) > self._now_s()

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(token, None)


class LocalServer(LocalHttpServer):
    """The server of the audit page, bound but not yet running.

    Args:
        cameras: what can be audited, by camera.
        doorman: who may.
        listen: address and port.
        certificate: certificate and key, None for plain HTTP, on loopback alone.
        now_s: seconds since 1970.
        wait: waits so many seconds; for crossings that are still to be written.

    Raises:
        UsageError: it would speak plain HTTP to a network, or cannot bind.
    """

    def __init__(
        self,
        cameras: Mapping[str, LocalAudit],
        doorman: Doorman,
        listen: tuple[str, int],
        certificate: tuple[Path, Path] | None = None,
        *,
        now_s: Callable[[], float] = time.time,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.cameras = cameras
        self.doorman = doorman
        self.now_s = now_s
        self.wait = wait
        super().__init__(listen, _Handler, what="The audit page", certificate=certificate)


class _Handler(LocalHandler):
    policy = (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
        "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
    )

    @property
    def _local(self) -> LocalServer:
        return cast("LocalServer", self.server)

    def get(self) -> None:
        """Serve the page to anybody, and data to whoever is signed in."""
        parts = urlsplit(self.path)
        if parts.path == "/":
            self.answer(HTTPStatus.OK, _PAGE.read_bytes(), "text/html; charset=utf-8")
        elif parts.path == "/api/now":
            self.json(HTTPStatus.OK, {"now_ms": self._now_ms()})
        elif not self._local.doorman.knows(self._token()):
            self.refuse(HTTPStatus.UNAUTHORIZED, "signed_out", "Sign in first.")
        elif parts.path == "/api/lines":
            self.json(HTTPStatus.OK, self._lines())
        elif parts.path == "/api/settle":
            self.json(HTTPStatus.OK, {"settle_ms": SETTLE_MS})
        elif parts.path == "/api/trajectories":
            self.guarded(lambda: self._trajectories(parse_qs(parts.query)))
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")

    def post(self, body: bytes) -> None:
        """Sign in and out, and take a tally."""
        if self.path == "/api/login":
            self._sign_in(body)
        elif not self._local.doorman.knows(self._token()):
            self.refuse(HTTPStatus.UNAUTHORIZED, "signed_out", "Sign in first.")
        elif self.path == "/api/logout":
            self._local.doorman.sign_out(self._token())
            self.json(HTTPStatus.OK, {})
        elif self.path == "/api/tally":
            self.guarded(lambda: self._tally(body))
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")

    def _sign_in(self, body: bytes) -> None:
        try:
            password = msgspec.json.decode(body, type=dict[str, str])["password"]
        except (msgspec.DecodeError, KeyError):
            self.refuse(HTTPStatus.BAD_REQUEST, "bad_request", 'Send {"password": "…"}.')
            return
        token, wait_s = self._local.doorman.sign_in(password)
        if token is None:
            status = HTTPStatus.TOO_MANY_REQUESTS if wait_s > 0 else HTTPStatus.UNAUTHORIZED
            wait = f" Wait {wait_s:.0f} s." if wait_s > 0 else ""
            self.refuse(status, "wrong_password", f"That is not the password.{wait}")
            return
        secure = "; Secure" if self._local.is_secure else ""
        cookie = f"{_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={int(SESSION_S)}{secure}"
        self.json(HTTPStatus.OK, {}, cookie)

    def _now_ms(self) -> int:
        return int(self._local.now_s() * 1000)

    def _lines(self) -> list[dict[str, Any]]:
        return [
            {"camera": name} | msgspec.to_builtins(line)
            for name, each in self._local.cameras.items()
            for line in each.lines
        ]

    def _trajectories(self, query: dict[str, list[str]]) -> dict[str, Any]:
        camera = self._camera(query.get("camera", [""])[0])
        try:
            from_ms, to_ms = (int(query[name][0]) for name in ("from_ms", "to_ms"))
        except (KeyError, ValueError) as exc:
            raise UsageError("Give from_ms and to_ms, milliseconds since 1970.") from exc
        if not 0 < to_ms - from_ms <= _MAX_SPAN_MS:
            raise UsageError("Ask for an hour at most.")
        # What the agent has not deleted yet, for it does not run, is not shown either.
        from_ms = max(from_ms, self._now_ms() - DAY_MS)
        return {
            "points": camera.trajectories.points(from_ms, to_ms),
            "crossings": camera.trajectories.crossings(from_ms, to_ms),
        }

    def _tally(self, body: bytes) -> dict[str, Any]:
        try:
            given = msgspec.json.decode(body, type=_TallyBody)
        except msgspec.DecodeError as exc:
            raise UsageError(f"The tally cannot be read ({exc}).") from exc
        camera = self._camera(given.camera)
        if not camera.counts_at(given.line):
            raise UsageError("That camera does not count at that line.")
        if len(given.in_ms) + len(given.out_ms) > MAX_TALLIED:
            raise UsageError("That are more people than one can tally.")
        people = [Tallied(at_ms, Direction.IN) for at_ms in given.in_ms]
        people += [Tallied(at_ms, Direction.OUT) for at_ms in given.out_ms]
        rest_ms = given.to_ms + SETTLE_MS - self._now_ms()
        if 0 < rest_ms <= SETTLE_MS + _CLOCKS_APART_MS:
            self._local.wait((rest_ms + 10) / 1000)
        audit = audit_line(
            camera.trajectories,
            given.line,
            people,
            from_ms=given.from_ms,
            to_ms=given.to_ms,
            now_ms=self._now_ms(),
        )
        return {"accuracy": msgspec.to_builtins(audit.accuracy), "says": [described(each) for each in audit.accuracy]}

    def _camera(self, name: str) -> LocalAudit:
        camera = self._local.cameras.get(name)
        if camera is None:
            raise UsageError("There is no such camera.")
        return camera

    def _token(self) -> str:
        return self.cookie(_COOKIE)


def serve(
    cameras: Mapping[str, LocalAudit],
    password_file: Path,
    listen: tuple[str, int],
    certificate: tuple[Path, Path] | None,
) -> None:
    """Serve the audit page until interrupted.

    Raises:
        UsageError: no password is set, or it cannot be served there.
    """
    if not password_file.is_file():
        raise UsageError("No password is set for the audit page; set one with storesense edge audit password.")
    for camera in cameras.values():
        try:
            camera.trajectories.forget(datetime.now(UTC))
        except TrajectoryError as exc:
            _logger.warning("%s", exc)
    with LocalServer(cameras, Doorman(password_file), listen, certificate) as server:
        scheme = "https" if server.is_secure else "http"
        _logger.info("the audit page is at %s://%s:%d/", scheme, *server.server_address[:2])
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            _logger.info("the audit page is closed")
