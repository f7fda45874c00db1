"""What a planogram says of a product's weight, as far as a shelf needs it."""

from dataclasses import dataclass

from storesense_edge.shelf.errors import SlotSpecError

# A product's weight varies about this much from unit to unit unless the planogram says otherwise.
DEFAULT_TOLERANCE_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class ProductWeight:
    """A product that may lie on a slot.

    Attributes:
        sku: its name in the planogram.
        unit_weight_g: weight of one unit.
        unit_tolerance_g: how far one unit may be off that weight (two standard deviations); 2 % where left out.

    Raises:
        SlotSpecError: a weight that is not above 0, or a tolerance of half a unit or more.
    """

    sku: str
    unit_weight_g: float
    unit_tolerance_g: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.unit_weight_g < float("inf"):
            raise SlotSpecError(field="unit_weight_g", expected="a weight above 0 g", found=self.unit_weight_g)
        if self.unit_tolerance_g is not None and not 0 <= self.unit_tolerance_g < 0.5 * self.unit_weight_g:
            raise SlotSpecError(
                field="unit_tolerance_g",
                expected=f"from 0 g and below half a unit ({self.unit_weight_g / 2:g} g)",
                found=self.unit_tolerance_g,
            )

    @property
    def unit_sigma_g(self) -> float:
        """Standard deviation of one unit's weight, in grams."""
        if self.unit_tolerance_g is None:
            return DEFAULT_TOLERANCE_SHARE * self.unit_weight_g / 2
        return self.unit_tolerance_g / 2

    @property
    def unit_tolerance_share(self) -> float:
        """The tolerance as a share of the unit weight."""
        return 2 * self.unit_sigma_g / self.unit_weight_g
