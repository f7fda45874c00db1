"""Scales on a serial line, by the system's own terminal interface: nothing to install."""

import os
import select
import termios
import tty
from collections import deque
from contextlib import suppress
from pathlib import Path

from storesense_edge.shelf.errors import FileError, ShelfError
from storesense_edge.shelf.scale_lines import ScaleLine, parse_scale_line

BAUD_RATES = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
"""Speeds that can be set."""

_WAIT_S = 1.0
_CHUNK_BYTES = 4_096
_LINE_BYTES = 256
_MOST_BAD = 20


class ScaleLost(ShelfError):  # noqa: N818 -- a state of the scale
    """The line was closed under our hands, or what comes on it is no weight."""

    code = "scale_lost"


class SerialScale:
    """One scale on one line; its raw counts are grams.

    Args:
        path: the line, such as /dev/ttyUSB0.
        baud: its speed.
        default_unit: of numbers that come without a unit.
        request: sent before each reading to a scale that does not speak by itself, such as ``SI`` or ``W``.
    """

    def __init__(self, path: Path, *, baud: int = 9600, default_unit: str = "g", request: str | None = None) -> None:
        self._path = path
        self._baud = baud
        self._unit = default_unit
        self._request = None if request is None else request.encode("ascii") + b"\r\n"
        self._fd: int | None = None
        self._buffer = b""
        self._lines: deque[bytes] = deque()
        self._bad = 0

    def open(self) -> "SerialScale":
        """Open the line and set its speed, eight bits, no parity. Raises FileError."""
        fd = None
        try:
            # Non-blocking, or a line without a carrier signal would be waited for here.
            fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(fd)
            speed = getattr(termios, f"B{self._baud}")
            attributes = termios.tcgetattr(fd)
            attributes[4] = attributes[5] = speed
            attributes[2] |= termios.CLOCAL | termios.CREAD
            termios.tcsetattr(fd, termios.TCSANOW, attributes)
            # What waited in the line is of another time.
            termios.tcflush(fd, termios.TCIFLUSH)
        except (OSError, termios.error) as exc:
            if fd is not None:
                os.close(fd)
            reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
            raise FileError(path=self._path, reason=f"{reason}; plug it in, and join the group dialout") from exc
        self._fd, self._buffer, self._bad = fd, b"", 0
        self._lines.clear()
        return self

    def read(self) -> float | None:
        """See CellReader; NaN where the scale says that it is over- or underloaded."""
        if not self._lines:
            self._ask()
            self._receive()
        while self._lines:
            said = self._understood(self._lines.popleft())
            if said is not None:
                return float("nan") if said.weight_g is None else said.weight_g
        return None

    def close(self) -> None:
        """Close the line."""
        if self._fd is not None:
            with suppress(OSError):
                os.close(self._fd)
        self._fd = None

    def _understood(self, line: bytes) -> ScaleLine | None:
        said = parse_scale_line(line, default_unit=self._unit)
        if said is not None:
            self._bad = 0
            return said if said.state != "busy" else None
        self._bad += 1
        if self._bad >= _MOST_BAD:
            raise ScaleLost(
                f"{self._path} sends what is no weight, lately {line[:24]!r}. "
                f"Set the scale's baud rate (here {self._baud}), 8 bits, no parity, and its plain text format."
            )
        return None

    def _ask(self) -> None:
        if self._request is None or self._fd is None:
            return
        try:
            os.write(self._fd, self._request)
        except BlockingIOError:
            return
        except OSError as exc:
            raise self._gone(exc) from exc

    def _receive(self) -> None:
        fd = self._fd
        if fd is None:
            raise ScaleLost(f"{self._path} is not open.")
        readable, _, _ = select.select([fd], [], [], _WAIT_S)
        if not readable:
            return
        try:
            data = os.read(fd, _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError as exc:
            raise self._gone(exc) from exc
        if not data:
            raise self._gone(None)
        *lines, rest = (self._buffer + data).replace(b"\r", b"\n").split(b"\n")
        if len(rest) > _LINE_BYTES:
            # No end of line in sight: garbage, counted as such.
            lines, rest = [*lines, rest], b""
        self._buffer = rest
        self._lines.extend(line for line in lines if line.strip())

    def _gone(self, exc: OSError | None) -> ScaleLost:
        why = "it was unplugged" if exc is None else exc.strerror or str(exc)
        return ScaleLost(f"{self._path} was lost ({why}). Plug the scale in again; it is opened anew by itself.")
