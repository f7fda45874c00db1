"""Live load cells: read on a thread of their own, behind a bounded queue that says what it drops."""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, Self

from storesense_contracts.backoff import Backoff
from storesense_contracts.clock import Clock
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.source import LoadCellSample

_QUEUE_SAMPLES = 1_024
_RETRY = Backoff(base_s=0.5, limit_s=30.0)
_SILENT_S = 5.0
_JOIN_S = 5.0


class CellReader(Protocol):
    """An open load cell."""

    def read(self) -> float | None:
        """Wait for the next conversion, a second at most.

        Returns:
            Raw counts, NaN where the cell says that it has none to give (overload); None where nothing usable came.

        Raises:
            ShelfError: the cell is gone, or sends what is no weight; it must be opened anew.
        """
        ...

    def close(self) -> None:
        """Let go of the cell; harmless to repeat."""
        ...


Open = Callable[[], CellReader]
"""Opens a cell. Raises ShelfError."""


@dataclass(frozen=True, slots=True)
class SamplingReport:
    """How sampling goes.

    Attributes:
        samples: conversions read so far.
        dropped: of those, how many nobody took in time.
        reconnections: how often the cell had to be opened anew.
        problem: what is wrong now, a whole sentence with a remedy; None while samples come.
    """

    samples: int = 0
    dropped: int = 0
    reconnections: int = 0
    problem: str | None = None


class CellSampler:
    """Reads one cell on a thread and keeps the newest samples until they are taken.

    When nobody takes them, the oldest are dropped and counted: what the shelf weighs now matters more than what it
    weighed a minute ago.

    Args:
        open_cell: opens the cell; called again whenever it was lost.
        clock: stamps the samples.
        name: of the thread.
        queue_samples: how many samples wait at most.
        pause: waits so many seconds, or shorter when it is told to stop, and then returns True; for tests.
    """

    def __init__(
        self,
        open_cell: Open,
        clock: Clock,
        *,
        name: str,
        queue_samples: int = _QUEUE_SAMPLES,
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self._open = open_cell
        self._clock = clock
        self._stop = threading.Event()
        self._pause = self._stop.wait if pause is None else pause
        self._samples: deque[LoadCellSample] = deque(maxlen=queue_samples)
        self._news = threading.Condition()
        self._report = SamplingReport()
        self._thread = threading.Thread(target=self._run, name=f"cell {name}", daemon=True)

    def __enter__(self) -> Self:
        """Start reading."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop reading and close the cell."""
        self._stop.set()
        with self._news:
            self._news.notify_all()
        self._thread.join(_JOIN_S)

    @property
    def report(self) -> SamplingReport:
        """How it goes."""
        with self._news:
            return self._report

    def take(self, wait_s: float) -> list[LoadCellSample]:
        """Return all samples that wait, oldest first; waits for the first at most so long."""
        with self._news:
            if not self._samples and not self._stop.is_set():
                self._news.wait(wait_s)
            taken = list(self._samples)
            self._samples.clear()
        return taken

    def samples(self) -> Iterator[LoadCellSample]:
        """Yield samples for as long as the sampler runs."""
        while not self._stop.is_set():
            yield from self.take(1.0)

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                cell = self._open()
                try:
                    failures = 0 if self._read(cell) else failures
                finally:
                    cell.close()
            except ShelfError as exc:
                failures += 1
                self._tell(problem=str(exc), reconnected=True)
                if self._pause(_RETRY.wait_s(failures, 0.5)):
                    return

    def _read(self, cell: CellReader) -> bool:
        heard_s = self._clock.monotonic_s()
        while not self._stop.is_set():
            try:
                raw_counts = cell.read()
            except ShelfError:
                if self.report.problem is None:
                    self._tell(problem="The cell was lost.")
                raise
            now_s = self._clock.monotonic_s()
            if raw_counts is not None:
                heard_s = now_s
                self._put(LoadCellSample(self._clock.now(), raw_counts))
            elif now_s - heard_s >= _SILENT_S:
                self._tell(
                    problem=f"The cell has sent nothing for {int(now_s - heard_s)} s. Check its cable, its power, and "
                    "whether it sends by itself."
                )
        return True

    def _put(self, sample: LoadCellSample) -> None:
        is_over = math.isnan(sample.raw_counts)
        problem = "The scale says that it is overloaded. Take some of the load away." if is_over else None
        with self._news:
            report = self._report
            is_full = len(self._samples) == self._samples.maxlen
            self._report = SamplingReport(report.samples + 1, report.dropped + is_full, report.reconnections, problem)
            self._samples.append(sample)
            self._news.notify_all()

    def _tell(self, *, problem: str, reconnected: bool = False) -> None:
        with self._news:
            report = self._report
            self._report = SamplingReport(report.samples, report.dropped, report.reconnections + reconnected, problem)
