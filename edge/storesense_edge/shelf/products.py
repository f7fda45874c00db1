"""What a planogram says of a product's weight, as far as a shelf needs it."""

import math
from dataclasses import dataclass

from storesense_edge.shelf.errors import SlotSpecError

# A product's weight varies about this much from unit to unit unless the planogram says otherwise.
DEFAULT_TOLERANCE_SHARE = 0.02
# The mean weight of a delivery differs from the planogram's by this share, until clean picks have taught it.
PLANNED_MEAN_SHARE = 0.005
# However many units were weighed, their mean is no better known than by this many of them, nor than by this share:
# deliveries differ.
_MEMORY_UNITS = 60
_LEAST_DOUBT_SHARE = 0.0005
_MOST_UNITS = 200
_LEAST_MOST_UNITS = 10


def most_units_of(capacity_units: int | None) -> int:
    """No more units than this are believed to come, leave or lie on a slot of a capacity: plans are wrong."""
    return _MOST_UNITS if capacity_units is None else max(_LEAST_MOST_UNITS, 2 * capacity_units)


@dataclass(frozen=True, slots=True)
class ProductWeight:
    """A product that may lie on a slot.

    Attributes:
        sku: its name in the planogram.
        unit_weight_g: weight of one unit.
        unit_tolerance_g: how far one unit may be off that weight (two standard deviations); 2 % where left out.
        mean_doubt_g: how far the mean of the units on the shelf may be off it (one standard deviation); half a percent
            where left out, as of a planogram.
        capacity_units: how many of it fit, if the planogram says so for this product alone.

    Raises:
        SlotSpecError: a weight that is not above 0, a tolerance of half a unit or more, or a doubt below 0.
    """

    sku: str
    unit_weight_g: float
    unit_tolerance_g: float | None = None
    mean_doubt_g: float | None = None
    capacity_units: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.unit_weight_g < float("inf"):
            raise SlotSpecError(field="unit_weight_g", expected="a weight above 0 g", found=self.unit_weight_g)
        if self.unit_tolerance_g is not None and not 0 <= self.unit_tolerance_g < 0.5 * self.unit_weight_g:
            raise SlotSpecError(
                field="unit_tolerance_g",
                expected=f"from 0 g and below half a unit ({self.unit_weight_g / 2:g} g)",
                found=self.unit_tolerance_g,
            )
        if self.mean_doubt_g is not None and not 0 <= self.mean_doubt_g < float("inf"):
            raise SlotSpecError(field="mean_doubt_g", expected="a weight from 0 g up", found=self.mean_doubt_g)

    @property
    def unit_sigma_g(self) -> float:
        """Standard deviation of one unit's weight, in grams."""
        if self.unit_tolerance_g is None:
            return DEFAULT_TOLERANCE_SHARE * self.unit_weight_g / 2
        return self.unit_tolerance_g / 2

    @property
    def mean_sigma_g(self) -> float:
        """Standard deviation of what is believed of the mean weight of the units on the shelf, in grams."""
        return PLANNED_MEAN_SHARE * self.unit_weight_g if self.mean_doubt_g is None else self.mean_doubt_g

    def after(self, size_g: float, units: int, sigma_g: float = 0.0) -> "ProductWeight":
        """The product as one more weighing teaches it: its mean weight and the doubt of it, by Bayes' rule.

        Args:
            size_g: what the units weighed together.
            units: how many, 1 or more.
            sigma_g: standard deviation of that from all but the units' own spread.
        """
        doubt_g = self.mean_sigma_g
        spread_g = math.hypot(self.unit_sigma_g * math.sqrt(units), sigma_g) / units
        gain = doubt_g**2 / max(doubt_g**2 + spread_g**2, 1e-12)
        mean_g = self.unit_weight_g + gain * (size_g / units - self.unit_weight_g)
        least_g = max(self.unit_sigma_g / math.sqrt(_MEMORY_UNITS), _LEAST_DOUBT_SHARE * mean_g)
        tolerance_g = self.unit_tolerance_g
        if tolerance_g is not None:
            tolerance_g = min(tolerance_g, 0.499 * mean_g)
        left_g = max(doubt_g * math.sqrt(1 - gain), min(least_g, doubt_g))
        return ProductWeight(self.sku, mean_g, tolerance_g, left_g, self.capacity_units)

    def spread_g(self, units: float) -> float:
        """Standard deviation of the weight of so many units together: their own spread, and the doubt of their mean."""
        return math.hypot(self.unit_sigma_g * math.sqrt(units), self.mean_sigma_g * units)
