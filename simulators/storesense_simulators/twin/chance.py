"""Random numbers that are the same wherever and whenever a seed is used again.

Every concern has a stream of its own, so that a change in one leaves the others' numbers alone: noise of sensors never
moves a shopper, and advice to staff changes neither who comes nor what they want (common random numbers).
"""

import zlib
from collections.abc import Sequence

import numpy as np

from storesense_simulators.twin.shop_people import Spread


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one concern of a simulation, a PCG64 seeded by ``seed`` and a checksum of ``name``."""
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),))
    return np.random.Generator(np.random.PCG64(sequence))


class Dice:
    """Draws of one concern, each rounded to a step that is coarse beside the last bit of a double.

    Logarithms in the tails of the normal and exponential laws come from the machine's C library; rounding keeps a
    difference in their last bit out of the truth.
    """

    __slots__ = ("_generator", "random")

    def __init__(self, seed: int, name: str) -> None:
        self._generator = stream(seed, name)
        self.random = self._generator.random

    def is_heads(self, share: float) -> bool:
        """Return True with probability ``share``."""
        return self.random() < share

    def between(self, low: float, high: float) -> float:
        """Return a number from ``low`` to ``high``, all equally likely."""
        return low + (high - low) * float(self.random())

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + min(high - low, int(self.random() * (high - low + 1)))

    def exponential_us(self, mean_us: float) -> int:
        """Return a whole number of microseconds of an exponential law."""
        return round(self._generator.standard_exponential() * mean_us)

    def of(self, spread: Spread) -> float:
        """Return a draw of a spread, to a thousandth: its normal law, drawn again while it falls outside."""
        for _ in range(100):
            value = round(spread.mean + spread.sd * self._generator.standard_normal(), 3)
            if spread.low <= value <= spread.high:
                return value
        return min(spread.high, max(spread.low, spread.mean))

    def ms_of(self, spread_s: Spread) -> int:
        """Return a draw of a spread of seconds in whole milliseconds."""
        return round(self.of(spread_s) * 1_000)

    def factor(self, variation: float) -> float:
        """Return a gamma-distributed factor with mean 1 and the given standard deviation, to a millionth.

        A variation of 1 is the exponential law, 0 always gives 1.
        """
        if variation <= 0:
            return 1.0
        shape = 1.0 / (variation * variation)
        return round(float(self._generator.standard_gamma(shape)) / shape, 6)

    def normal(self, sd: float) -> float:
        """Return a draw of a normal law around 0, to a millionth."""
        return round(sd * float(self._generator.standard_normal()), 6)

    def poisson(self, mean: float) -> int:
        """Return how many of something rare happen."""
        return int(self._generator.poisson(mean))

    def index(self, cumulative: Sequence[float]) -> int:
        """Return an index by weights that are given as running sums; the last sum is above zero."""
        wanted = self.random() * cumulative[-1]
        low, high = 0, len(cumulative) - 1
        while low < high:
            middle = (low + high) // 2
            if wanted < cumulative[middle]:
                high = middle
            else:
                low = middle + 1
        return low
