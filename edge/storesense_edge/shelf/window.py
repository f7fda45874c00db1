"""The last seconds of a weight, whatever the sampling rate, and what they say about rest."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True)
class WindowShape:
    """What a stretch of weight looks like.

    Attributes:
        mean_g: its mean.
        range_g: highest minus lowest.
        drift_g: mean of the second half minus mean of the first.
        count: samples in it.
    """

    mean_g: float
    range_g: float
    drift_g: float
    count: int


class WeightWindow:
    """A sliding window that spans at least `span_s` and at least `least_samples`.

    Args:
        span_s: the time it covers once full.
        least_samples: how many samples it holds at least, so that a slow cell is judged on enough of them.
    """

    __slots__ = ("_least", "_span_s", "times_s", "values_g")

    def __init__(self, span_s: float, least_samples: int) -> None:
        self._span_s = span_s
        self._least = least_samples
        self.times_s: deque[float] = deque()
        self.values_g: deque[float] = deque()

    def push(self, at_s: float, weight_g: float) -> list[tuple[float, float]]:
        """Take a sample and give those that left the window, oldest first."""
        times, values = self.times_s, self.values_g
        times.append(at_s)
        values.append(weight_g)
        left: list[tuple[float, float]] = []
        while len(times) > self._least and at_s - times[1] >= self._span_s:
            left.append((times.popleft(), values.popleft()))
        return left

    @property
    def full(self) -> bool:
        """Whether the window covers its span with enough samples."""
        times = self.times_s
        return len(times) >= self._least and times[-1] - times[0] >= self._span_s

    def clear(self) -> None:
        """Forget everything."""
        self.times_s.clear()
        self.values_g.clear()

    def mean_g(self) -> float:
        """Mean of the window, which must not be empty."""
        return sum(self.values_g) / len(self.values_g)

    def range_g(self) -> float:
        """Highest minus lowest of the window, which must not be empty."""
        return max(self.values_g) - min(self.values_g)

    def shape(self) -> WindowShape:
        """Mean, range and drift of the whole window, which must hold two samples or more."""
        return _shape(list(self.values_g))

    def tail(self, span_s: float, least_samples: int, ahead: Sequence[tuple[float, float]] = ()) -> WindowShape | None:
        """The shape of the newest `span_s` seconds and at least `least_samples`; None while there are too few.

        Samples `ahead` are newer ones that are not in the window; they count as if they were.
        """
        values = self.newest(span_s, least_samples, ahead)
        return None if values is None else _shape(values)

    def newest(
        self, span_s: float, least_samples: int, ahead: Sequence[tuple[float, float]] = ()
    ) -> list[float] | None:
        """The values that `tail` judges, oldest first; None while there are too few."""
        times = self.times_s
        end_s = ahead[-1][0] if ahead else times[-1] if times else 0.0
        count = 0
        least_samples -= len(ahead)
        for at_s in reversed(times):
            count += 1
            if end_s - at_s >= span_s and count >= least_samples:
                break
        else:
            return None
        return [*islice(self.values_g, len(times) - count, None), *(weight_g for _, weight_g in ahead)]


def _shape(values: list[float]) -> WindowShape:
    count = len(values)
    half = count // 2
    first, second = sum(values[:half]), sum(values[half:])
    drift_g = second / (count - half) - first / half
    return WindowShape((first + second) / count, max(values) - min(values), drift_g, count)
