"""How far a simulated run is, told on standard error: on one line of a terminal, else on a new line now and then.

supermarket, 16 cameras: 12 %, 0:14:30 of 2:00:00, 3.1 times real time, 34 min left
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

TERMINAL_EVERY_S = 0.5
FILE_EVERY_S = 10.0
"""Where each line stays, in a file or a service's log, half an hour leaves 180 of them."""
_MS_PER_S = 1_000
_S_PER_DAY = 86_400
_ERASED = "\r\x1b[K"


class RunProgress:
    """Tells of one run; a context, since a terminal's line has to go when the run ends.

    Args:
        what: what is run, such as ``supermarket, 16 cameras``.
        lasts_ms: simulated milliseconds that the run has in all.
        stream: where to tell it; standard error if not given.
        clock: seconds that only go forward.
    """

    def __init__(
        self, what: str, *, lasts_ms: int, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._lasts_ms = lasts_ms
        self._stream = sys.stderr if stream is None else stream
        self._is_terminal = self._stream.isatty()
        self._clock = clock
        self._began_s = self._told_s = clock()

    def __enter__(self) -> Self:
        self._began_s = self._told_s = self._clock()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._is_terminal:
            self._stream.write(_ERASED)
            self._stream.flush()

    def __call__(self, done_ms: int) -> None:
        """Note how many milliseconds have been simulated, and tell it if that was not done just now."""
        now_s = self._clock()
        if now_s - self._told_s < (TERMINAL_EVERY_S if self._is_terminal else FILE_EVERY_S):
            return
        self._told_s = now_s
        line = progress_line(self._what, done_ms=done_ms, lasts_ms=self._lasts_ms, spent_s=now_s - self._began_s)
        self._stream.write(f"{_ERASED}{line}" if self._is_terminal else f"{line}\n")
        self._stream.flush()


def progress_line(what: str, *, done_ms: int, lasts_ms: int, spent_s: float) -> str:
    """Say how far a run is: share done, simulated time, speed, and the time left if it goes on at that speed."""
    share = min(1.0, done_ms / max(1, lasts_ms))
    told = f"{what}: {100 * share:.0f} %, {_lasting(done_ms)} of {_lasting(lasts_ms)}"
    if done_ms <= 0 or spent_s <= 0:
        return told
    speed = done_ms / _MS_PER_S / spent_s
    shown = f"{speed:.1f}" if speed < 10 else f"{speed:,.0f}"
    return f"{told}, {shown} times real time, {_left(spent_s * (1 - share) / share)} left"


def _lasting(span_ms: int) -> str:
    seconds = span_ms // _MS_PER_S
    days, rest = divmod(seconds, _S_PER_DAY)
    clock = f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {clock}" if days else clock


def _left(left_s: float) -> str:
    if left_s < 60:
        return f"{left_s:.0f} s"
    minutes = round(left_s / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
