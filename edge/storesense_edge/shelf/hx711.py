"""HX711 amplifiers through the kernel's own driver: one small file to read, and nothing to install.

The driver (``hx711``, since Linux 4.10) shows the amplifier as an industrial I/O device, in which ``in_voltage0_raw``
is channel A and ``in_voltage1_raw`` channel B. Reading such a file waits for a conversion. The kernel gives the 24 bits
with their sign bit flipped: 0 to 16,777,215, with 8,388,608 for no load.
"""

import errno
import time
from collections.abc import Callable
from pathlib import Path

from storesense_edge.shelf.errors import FileError, ShelfError

IIO_DIR = Path("/sys/bus/iio/devices")

_MIDDLE = 2**23
_MOST_BYTES = 64
_PASSING = {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ETIMEDOUT, errno.EIO}
_MOST_FAILURES = 10


class Hx711Lost(ShelfError):  # noqa: N818 -- a state of the cell, as the others are
    """The amplifier does not answer any more, or what it says is no conversion."""

    code = "hx711_lost"


class Hx711Reader:
    """One channel of one amplifier.

    Args:
        device: name of the device under the I/O folder, such as ``iio:device0``.
        channel: 0 for A, 1 for B.
        samples_per_s: how often it is asked at most; the amplifier makes 10 or 80 conversions a second.
        iio_dir: the I/O folder, for tests.
        sleep: waits, for tests.
    """

    def __init__(
        self,
        device: str,
        channel: int = 0,
        *,
        samples_per_s: float = 10.0,
        iio_dir: Path = IIO_DIR,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = iio_dir / device / f"in_voltage{channel}_raw"
        self._period_s = 1.0 / samples_per_s
        self._sleep = sleep
        self._due_s: float | None = None
        self._failures = 0

    def open(self) -> "Hx711Reader":
        """Make sure that the amplifier is there. Raises FileError."""
        if not self._path.is_file():
            there = ", ".join(sorted(each.name for each in self._path.parent.parent.glob("iio:device*"))) or "none"
            raise FileError(
                path=self._path,
                reason=f"there is no such input (devices there: {there}); load the kernel's hx711 driver",
            )
        return self

    def read(self) -> float | None:
        """See CellReader; asks no more often than told."""
        now_s = time.monotonic()
        if self._due_s is not None and self._due_s > now_s:
            self._sleep(self._due_s - now_s)
        self._due_s = max(now_s, self._due_s or now_s) + self._period_s
        try:
            with self._path.open("rb", buffering=0) as file:
                text = file.read(_MOST_BYTES)
        except OSError as exc:
            self._failures += 1
            if exc.errno in _PASSING and self._failures < _MOST_FAILURES:
                return None
            raise Hx711Lost(
                f"{self._path} cannot be read ({exc.strerror or exc}). Check the amplifier's clock and data wires, and "
                "its power."
            ) from exc
        try:
            counts = int(text)
        except ValueError as exc:
            raise Hx711Lost(f"{self._path} holds {text[:20]!r}, which is no number. Is it an hx711's input?") from exc
        if not 0 <= counts < 2 * _MIDDLE:
            raise Hx711Lost(f"{self._path} holds {counts}, which 24 bits cannot be. Is it an hx711's input?")
        self._failures = 0
        return float(counts - _MIDDLE)

    def close(self) -> None:
        """Nothing stays open between readings."""
