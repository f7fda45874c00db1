"""How far long work is, on standard error: one line that a terminal writes over, elsewhere a new line now and then."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

TERMINAL_EVERY_S = 0.5
FILE_EVERY_S = 10.0
"""Where each line stays, in a file or a service's log, half an hour leaves 180 of them."""
_ERASED = "\r\x1b[K"


class ProgressLine:
    """One line; a context, since a terminal's has to go when the work ends, whether that went well or not.

    Args:
        stream: where to tell; standard error if not given.
        clock: seconds that only go forward.
        is_quiet: tell nothing.
    """

    def __init__(
        self, *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic, is_quiet: bool = False
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._is_terminal = self._stream.isatty()
        self._clock = clock
        self._is_quiet = is_quiet
        self._began_s = self._told_s = clock()

    def __enter__(self) -> Self:
        self._began_s = self._told_s = self._clock()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._is_terminal and not self._is_quiet:
            self._stream.write(_ERASED)
            self._stream.flush()

    def tell(self, line: Callable[[float], str]) -> None:
        """Tell where the work is, unless that was done just now; ``line`` makes the words of the seconds spent."""
        now_s = self._clock()
        if self._is_quiet or now_s - self._told_s < (TERMINAL_EVERY_S if self._is_terminal else FILE_EVERY_S):
            return
        self._told_s = now_s
        text = line(now_s - self._began_s)
        self._stream.write(f"{_ERASED}{text}" if self._is_terminal else f"{text}\n")
        self._stream.flush()


def count_line(what: str, *, done: int, total: int, spent_s: float) -> str:
    """Say how many of so many are done, and the time left if it goes on like that."""
    told = f"{what}: {done:,} of {total:,}"
    return f"{told}, {time_left(spent_s * (total - done) / done)} left" if done > 0 else told


def time_left(left_s: float) -> str:
    """Say a time that is left as people do: seconds, then minutes, then hours and minutes."""
    if left_s < 60:
        return f"{max(left_s, 0.0):.0f} s"
    minutes = round(left_s / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
