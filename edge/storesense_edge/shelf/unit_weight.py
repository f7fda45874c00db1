"""A unit's weight learned from clean picks, and a new packaging told from a heavy hand."""

import math
from collections import deque
from dataclasses import dataclass

from storesense_edge.shelf.products import ProductWeight

# The planogram's weight counts as much as this many clean picks.
_PRIOR_PICKS = 4.0
_MEMORY_PICKS = 60
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

    Clean picks of one or two units move the weight like a running mean that starts at the planogram's. Single
    removals that fit no unit are kept apart: six in a row that agree within 2 %, and differ from the weight by no more
    than 40 %, are a new packaging, and the weight becomes theirs.

    Args:
        product: the product as the planogram has it.
    """

    def __init__(self, product: ProductWeight) -> None:
        self._product = product
        self._picks = 0
        self._mean_g = product.unit_weight_g
        self._misses: deque[float] = deque(maxlen=_AGREEING)
        self.change: PackagingChange | None = None

    @property
    def product(self) -> ProductWeight:
        """The product with the learned weight, its tolerance in proportion."""
        planned = self._product
        tolerance_g = planned.unit_tolerance_g
        if tolerance_g is not None:
            tolerance_g *= self._mean_g / planned.unit_weight_g
        return ProductWeight(planned.sku, self._mean_g, tolerance_g)

    @property
    def picks(self) -> int:
        """How many clean picks taught it."""
        return self._picks

    def learn(self, size_g: float, units: int, confidence: float) -> None:
        """Take a clean removal or arrival: its size in grams, above 0, and how many units it was."""
        each_g = size_g / units
        if confidence < 0.95 or units > 2 or abs(each_g / self._mean_g - 1) > _GATE_SHARE:
            return
        self._misses.clear()
        self._picks += 1
        self._mean_g += (each_g - self._mean_g) / (min(self._picks, _MEMORY_PICKS) + _PRIOR_PICKS)

    def learn_unexplained(self, size_g: float) -> PackagingChange | None:
        """Take a removal that fits no number of units; gives the change that it proves, if any."""
        if abs(size_g / self._mean_g - 1) > _CHANGED_SHARE:
            return None
        self._misses.append(size_g)
        if len(self._misses) < _AGREEING:
            return None
        middle_g = sorted(self._misses)[_AGREEING // 2]
        spread_g = max(_AGREE_SHARE * middle_g, 4 * self._product.unit_sigma_g)
        if max(self._misses) - min(self._misses) > spread_g or not math.isfinite(middle_g):
            return None
        self.change = PackagingChange(self._mean_g, sum(self._misses) / _AGREEING)
        self._mean_g = self.change.after_g
        self._picks = _AGREEING
        self._misses.clear()
        return self.change
