"""A unit's weight learned from clean picks, and a new packaging told from a heavy hand."""

import math
from collections import deque
from dataclasses import dataclass

from storesense_edge.shelf.products import ProductWeight

# More units at once than this teach nothing: the more, the likelier is another number of another thing.
_MOST_UNITS = 4
# One pick this far from the present weight teaches nothing by itself.
_GATE_SHARE = 0.08
# A packaging changed when this many single removals in a row agree with each other and not with the planogram.
_AGREEING = 6
_AGREE_SHARE = 0.02
_CHANGED_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class PackagingChange:
    """Units weigh something else than before.

    Attributes:
        before_g: the unit weight that was believed.
        after_g: the unit weight that the latest removals show.
    """

    before_g: float
    after_g: float


class UnitWeightLearner:
    """Follows one product's unit weight.

    The mean weight of the units on the shelf is a Gaussian belief that starts at the planogram's weight with a doubt
    of half a percent; each clean pick of one to four units narrows it, and the newest sixty count. Single
    removals that fit no unit are kept apart: six in a row that agree within 2 %, and differ from the weight by no more
    than 40 %, are a new packaging, and the weight becomes theirs.

    Args:
        product: the product as the planogram has it.
    """

    def __init__(self, product: ProductWeight) -> None:
        self._product = product
        self._picks = 0
        self._learned = product
        self._misses: deque[float] = deque(maxlen=_AGREEING)
        self.change: PackagingChange | None = None

    @property
    def product(self) -> ProductWeight:
        """The product with the learned weight and the doubt of it."""
        return self._learned

    @property
    def picks(self) -> int:
        """How many clean picks taught it."""
        return self._picks

    def learn(self, size_g: float, units: int, confidence: float, sigma_g: float = 0.0) -> None:
        """Take a clean removal or arrival.

        Args:
            size_g: its size, above 0.
            units: how many units it was.
            confidence: how surely.
            sigma_g: standard deviation of the size from all but the units' own spread.
        """
        each_g = size_g / units
        if confidence < 0.95 or units > _MOST_UNITS or abs(each_g / self._learned.unit_weight_g - 1) > _GATE_SHARE:
            return
        self._misses.clear()
        self._picks += 1
        self._learned = self._learned.after(size_g, units, sigma_g)

    def learn_unexplained(self, size_g: float) -> PackagingChange | None:
        """Take a removal that fits no number of units; gives the change that it proves, if any."""
        if abs(size_g / self._learned.unit_weight_g - 1) > _CHANGED_SHARE:
            return None
        self._misses.append(size_g)
        if len(self._misses) < _AGREEING:
            return None
        middle_g = sorted(self._misses)[_AGREEING // 2]
        spread_g = max(_AGREE_SHARE * middle_g, 4 * self._product.unit_sigma_g)
        if max(self._misses) - min(self._misses) > spread_g or not math.isfinite(middle_g):
            return None
        after_g = sum(self._misses) / _AGREEING
        self.change = PackagingChange(self._learned.unit_weight_g, after_g)
        tolerance_g = self._product.unit_tolerance_g
        if tolerance_g is not None:
            tolerance_g *= after_g / self._product.unit_weight_g
        doubt_g = max(self._product.unit_sigma_g, _AGREE_SHARE * after_g / 4) / math.sqrt(_AGREEING)
        self._learned = ProductWeight(self._product.sku, after_g, tolerance_g, doubt_g, self._product.capacity_units)
        self._picks = _AGREEING
        self._misses.clear()
        return self.change
