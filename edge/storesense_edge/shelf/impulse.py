"""First stage of the chain: single wild readings are replaced, steps pass untouched."""

from collections import deque

_MAD_TO_SIGMA = 1.4826


class ImpulseFilter:
    """A Hampel filter over five samples, centred, so it answers two samples late.

    A sample that lies further from the median of itself and its four neighbours than `limit_sigmas` robust standard
    deviations becomes that median. One or two wild samples in a row vanish; an edge that stays keeps its place and
    its height, which a mean or a plain low-pass would smear.

    Method: F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69 (1974).

    Args:
        limit_sigmas: how many robust standard deviations are still believed.
    """

    __slots__ = ("_limit", "_times_s", "_values_g", "replaced")

    def __init__(self, limit_sigmas: float = 5.0) -> None:
        self._limit = limit_sigmas
        self._times_s: deque[float] = deque(maxlen=5)
        self._values_g: deque[float] = deque(maxlen=5)
        self.replaced = 0

    def push(self, at_s: float, weight_g: float, sigma_g: float = 0.0) -> tuple[float, float] | None:
        """Take a sample and give the one from two samples ago, or None while the first four come in.

        Args:
            at_s: seconds on any clock that rises.
            weight_g: the reading, finite.
            sigma_g: known noise; five samples that agree better than this by chance prove nothing.
        """
        self._times_s.append(at_s)
        values = self._values_g
        values.append(weight_g)
        if len(values) < 5:
            return None
        centre = values[2]
        limit_g = self._limit * sigma_g
        if abs(centre - values[1]) <= limit_g and abs(centre - values[3]) <= limit_g:
            return self._times_s[2], centre
        median = sorted(values)[2]
        mad = sorted([abs(value - median) for value in values])[2]
        if abs(centre - median) > self._limit * max(mad * _MAD_TO_SIGMA, sigma_g):
            self.replaced += 1
            centre = median
        return self._times_s[2], centre

    @property
    def held(self) -> list[tuple[float, float]]:
        """The newest two samples (time, weight), not yet judged."""
        return [(self._times_s[place], self._values_g[place]) for place in (-2, -1)] if len(self._times_s) > 1 else []

    def clear(self) -> None:
        """Forget the samples held back, as after a gap."""
        self._times_s.clear()
        self._values_g.clear()
