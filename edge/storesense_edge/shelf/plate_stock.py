"""What is believed to lie on a plate, as it is told."""

from dataclasses import dataclass

from storesense_edge.shelf.products import ProductWeight


@dataclass(frozen=True, slots=True)
class Stock:
    """What is believed to lie on a plate.

    Attributes:
        units: the likeliest number of units of each product, in the slot's order.
        confidence: probability that all of them are right.
        guest_g: weight of what does not belong there.
        residual_g: weight minus all of that.
        sure_of: of each product the probability that its units are right, in the slot's order.
    """

    units: tuple[int, ...]
    confidence: float
    guest_g: float
    residual_g: float
    sure_of: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Former:
    """Units on the slot of a product that it had before the planogram changed.

    Attributes:
        product: the product.
        units: how many of it are believed to lie there still.
    """

    product: ProductWeight
    units: int
