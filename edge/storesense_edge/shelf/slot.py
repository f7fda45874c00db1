"""What is known about one slot: its cell, its product, its place in the planogram."""

import math
from dataclasses import dataclass

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.errors import SlotSpecError
from storesense_edge.shelf.products import DEFAULT_TOLERANCE_SHARE, ProductWeight, most_units_of

_OWN_SKU = "own"


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """One slot as the site file and the planogram describe it.

    Attributes:
        calibration: raw counts to grams.
        unit_weight_g: weight of one unit; None for a slot that is only weighed.
        unit_tolerance_g: how far one unit may be off that weight (two standard deviations); 2 % where left out.
        capacity_units: how many units fit, if known.
        restock_share: a gain of this share of the capacity at once is a restock.
        restock_min_units: how many units at once are a restock, in place of the share.
        heartbeat_s: a weight is published this often even when nothing changes.
        max_drift_g_per_h: the fastest zero drift that is tuned away while the slot is untouched; 0 switches it off.
        sku: the product's name in the planogram.
        also: further products that lie on the same plate, weighed together with the first.
        strangers: the planogram's other products, which may be put here by mistake.
        mean_doubt_g: how far the mean of the units on the shelf may be off the unit weight, as for `ProductWeight`.
        bulk_units: this many units gone within `bulk_within_s` are a bulk removal; where left out 40 % of the capacity,
            but at least five and, as no customer takes more by hand, at most eight.
        bulk_within_s: see above.
        capacity_g: the most that the cell bears, if known; more is an overload.

    Raises:
        SlotSpecError: a value that contradicts physics, with its field.
    """

    calibration: Calibration
    unit_weight_g: float | None = None
    unit_tolerance_g: float | None = None
    capacity_units: int | None = None
    restock_share: float = 0.25
    restock_min_units: int | None = None
    heartbeat_s: float = 60.0
    max_drift_g_per_h: float = 2.0
    sku: str = _OWN_SKU
    also: tuple[ProductWeight, ...] = ()
    strangers: tuple[ProductWeight, ...] = ()
    bulk_units: int | None = None
    bulk_within_s: float = 12.0
    capacity_g: float | None = None
    mean_doubt_g: float | None = None

    def __post_init__(self) -> None:
        _require("unit_weight_g", self.unit_weight_g, above=0.0, expected="a weight above 0 g")
        _require("unit_tolerance_g", self.unit_tolerance_g, least=0.0, expected="a weight from 0 g up")
        _require("capacity_units", self.capacity_units, least=1, expected="at least 1 unit")
        _require("restock_share", self.restock_share, above=0.0, most=1.0, expected="above 0 and at most 1")
        _require("restock_min_units", self.restock_min_units, least=1, expected="at least 1 unit")
        _require("heartbeat_s", self.heartbeat_s, above=0.0, expected="above 0 s")
        _require("max_drift_g_per_h", self.max_drift_g_per_h, least=0.0, expected="from 0 g/h up")
        _require("bulk_units", self.bulk_units, least=2, expected="at least 2 units")
        _require("bulk_within_s", self.bulk_within_s, above=0.0, expected="above 0 s")
        _require("capacity_g", self.capacity_g, above=0.0, expected="a weight above 0 g")
        if (
            self.unit_tolerance_g is not None
            and self.unit_weight_g is not None
            and self.unit_tolerance_g >= 0.5 * self.unit_weight_g
        ):
            raise SlotSpecError(
                field="unit_tolerance_g",
                expected=f"below half a unit ({self.unit_weight_g / 2:g} g)",
                found=self.unit_tolerance_g,
            )

    @property
    def unit_sigma_g(self) -> float:
        """Standard deviation of one unit's weight, in grams; 0 without a product."""
        if self.unit_weight_g is None:
            return 0.0
        if self.unit_tolerance_g is None:
            return DEFAULT_TOLERANCE_SHARE * self.unit_weight_g / 2
        return self.unit_tolerance_g / 2

    @property
    def products(self) -> tuple[ProductWeight, ...]:
        """Everything that belongs on the plate, the slot's own product first; none where it is only weighed."""
        if self.unit_weight_g is None:
            return self.also
        own = ProductWeight(self.sku, self.unit_weight_g, self.unit_tolerance_g, self.mean_doubt_g)
        return (own, *self.also)

    @property
    def lightest(self) -> ProductWeight | None:
        """The product whose unit weighs least, which decides how small a step may be."""
        return min(self.products, key=lambda product: product.unit_weight_g, default=None)

    @property
    def most_units(self) -> int:
        """No more units than this are believed to come or leave at once, of a product without a capacity of its own."""
        return most_units_of(self.capacity_units)

    @property
    def removal_units(self) -> int:
        """How many units gone within seconds are a bulk removal."""
        if self.bulk_units is not None:
            return self.bulk_units
        return 5 if self.capacity_units is None else min(8, max(5, math.ceil(0.4 * self.capacity_units)))

    @property
    def restock_units(self) -> int:
        """How many units gained at once are a restock: two or more, and less only in a slot that holds but one.

        A quarter of the capacity rounded up, three units where the capacity is unknown, unless set otherwise.
        """
        if self.restock_min_units is not None:
            return self.restock_min_units
        if self.capacity_units is None:
            return 3
        return min(self.capacity_units, max(2, math.ceil(self.restock_share * self.capacity_units)))


def _require(
    field: str,
    value: float | None,
    *,
    expected: str,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
) -> None:
    if value is not None and not (math.isfinite(value) and value > above and least <= value <= most):
        raise SlotSpecError(field=field, expected=expected, found=value)
