"""How far a simulated run is, told on standard error: on one line of a terminal, else on a new line now and then.

supermarket, 16 cameras: 12 %, 0:14:30 of 2:00:00, 3.1 times real time, 34 min left
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from storesense_simulators.progress_line import ProgressLine, time_left

if TYPE_CHECKING:
    from collections.abc import Callable

_MS_PER_S = 1_000
_S_PER_DAY = 86_400


class RunProgress(ProgressLine):
    """Tells of one run.

    Args:
        what: what is run, such as ``supermarket, 16 cameras``.
        lasts_ms: simulated milliseconds that the run has in all.
        stream: where to tell it; standard error if not given.
        clock: seconds that only go forward.
    """

    def __init__(
        self, what: str, *, lasts_ms: int, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(stream=stream, clock=clock)
        self._what = what
        self._lasts_ms = lasts_ms

    def __call__(self, done_ms: int) -> None:
        """Note how many milliseconds have been simulated, and tell it if that was not done just now."""
        self.tell(lambda spent_s: progress_line(self._what, done_ms=done_ms, lasts_ms=self._lasts_ms, spent_s=spent_s))


def progress_line(what: str, *, done_ms: int, lasts_ms: int, spent_s: float) -> str:
    """Say how far a run is: share done, simulated time, speed, and the time left if it goes on at that speed."""
    share = min(1.0, done_ms / max(1, lasts_ms))
    told = f"{what}: {100 * share:.0f} %, {_lasting(done_ms)} of {_lasting(lasts_ms)}"
    if done_ms <= 0 or spent_s <= 0:
        return told
    speed = done_ms / _MS_PER_S / spent_s
    shown = f"{speed:.1f}" if speed < 10 else f"{speed:,.0f}"
    return f"{told}, {shown} times real time, {time_left(spent_s * (1 - share) / share)} left"


def _lasting(span_ms: int) -> str:
    seconds = span_ms // _MS_PER_S
    days, rest = divmod(seconds, _S_PER_DAY)
    clock = f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {clock}" if days else clock
