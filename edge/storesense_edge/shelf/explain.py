"""What a change of weight may mean: every explanation that a planogram allows, with its probability."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from storesense_edge.shelf.products import ProductWeight

# Before any weight is seen: what usually happens on a shelf. Nine in ten arrivals and nearly all departures are the
# slot's own goods; customers do leave things in wrong places; the rest is bags, hands and what nobody planned.
_OWN_LEAVES = 0.97
_OWN_ARRIVES = 0.93
_STRANGER_ARRIVES = 0.05
_UNKNOWN_LEAVES = 0.005
_UNKNOWN_ARRIVES = 0.02
# Something foreign that lies on the slot is taken away again about as often as the slot's own goods are taken.
_GUEST_LEAVES = 0.3
# While goods of the former planogram still lie there, they are what leaves, seven times in ten.
_FORMER_LEAVES = 0.7
# Units a time: one is usual, each further one half as likely; a share is spread evenly over all that fits.
_ONE_MORE = 0.45
_EVEN_SHARE = 0.3
_STRANGER_UNITS = (0.8, 0.15, 0.05)
# An unknown thing's weight is anything from 5 g to 20 kg, each order of magnitude alike, but seldom far more than what
# the store sells: above three of its heaviest units its chance falls with the square of its weight.
_UNKNOWN_SPAN = math.log(20_000 / 5)
_UNKNOWN_UNITS = 3.0
_LEAST_SIGMA_SHARE = 0.005
# A delivery's mean weight differs from the planogram's by this share.
_BATCH_SHARE = 0.005
_LEAST_PROBABILITY = 1e-6
_KEPT = 12


class Origin(StrEnum):
    """Whose weight it was."""

    OWN = "own"
    STRANGER = "stranger"
    GUEST = "guest"
    FORMER = "former"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One thing that may have happened.

    Attributes:
        origin: a product of the slot, another product of the planogram, a foreign thing that lay there and left, a
            product that the slot had before the planogram changed, or something unknown.
        product: the product, where there is one.
        units: how many came (positive) or left (negative); 1 or -1 for what is not counted in units.
        probability: posterior probability, 0 to 1.
    """

    origin: Origin
    product: ProductWeight | None
    units: int
    probability: float


@dataclass(frozen=True, slots=True)
class Guest:
    """Something on the slot that does not belong there.

    Attributes:
        weight_g: what it added.
        product: what it is most likely, None where nothing in the planogram weighs that.
    """

    weight_g: float
    product: ProductWeight | None


@dataclass(frozen=True, slots=True)
class Former:
    """Units on the slot of a product that it had before the planogram changed.

    Attributes:
        product: the product.
        units: how many of it are believed to lie there still.
    """

    product: ProductWeight
    units: int


def explain(
    delta_g: float,
    sigma_g: float,
    own: Sequence[ProductWeight],
    strangers: Sequence[ProductWeight] = (),
    guests: Sequence[Guest] = (),
    former: Sequence[Former] = (),
    *,
    most_units: int,
) -> list[Explanation]:
    """Rank what a step of weight may have been, likeliest first, by Bayes' rule; probabilities sum to 1 or less.

    A whole number of units of a product weighs that many unit weights, with a spread of `sigma_g` and the units' own
    spread together. Something unknown weighs anything.

    Args:
        delta_g: the step, finite and not 0.
        sigma_g: standard deviation of the step from noise, swing and the cell.
        own: the products that lie on the slot, one or more.
        strangers: the planogram's other products.
        guests: what lies on the slot and does not belong there.
        former: what lies there of products that the slot had before; it only ever leaves.
        most_units: no more units than this came or left at once.
    """
    size_g = abs(delta_g)
    weights: list[tuple[float, Origin, ProductWeight | None, int]] = []
    leaves = delta_g < 0
    sign = -1 if leaves else 1
    own_share = 1 - _FORMER_LEAVES if leaves and former else 1.0
    for product in own:
        share = own_share * (_OWN_LEAVES if leaves else _OWN_ARRIVES) / len(own)
        for units in _near(size_g, sigma_g, product, most_units):
            prior = share * ((1 - _EVEN_SHARE) * (1 - _ONE_MORE) * _ONE_MORE ** (units - 1) + _EVEN_SHARE / most_units)
            weights.append((prior * _density(size_g, sigma_g, product, units), Origin.OWN, product, sign * units))
    if leaves:
        for guest in guests:
            density = _normal(size_g - guest.weight_g, max(2 * sigma_g, _LEAST_SIGMA_SHARE * guest.weight_g))
            weights.append((_GUEST_LEAVES / len(guests) * density, Origin.GUEST, guest.product, -1))
        for each in former:
            most = min(most_units, each.units)
            for units in _near(size_g, sigma_g, each.product, most):
                prior = _FORMER_LEAVES * _OWN_LEAVES / len(former)
                prior *= (1 - _EVEN_SHARE) * (1 - _ONE_MORE) * _ONE_MORE ** (units - 1) + _EVEN_SHARE / most
                weights.append(
                    (prior * _density(size_g, sigma_g, each.product, units), Origin.FORMER, each.product, -units)
                )
    else:
        for product in strangers:
            for units in _near(size_g, sigma_g, product, len(_STRANGER_UNITS)):
                prior = _STRANGER_ARRIVES / len(strangers) * _STRANGER_UNITS[units - 1]
                weights.append((prior * _density(size_g, sigma_g, product, units), Origin.STRANGER, product, units))
    unknown = _UNKNOWN_LEAVES if leaves else _UNKNOWN_ARRIVES
    heaviest_g = max((each.unit_weight_g for each in (*own, *strangers)), default=size_g)
    unknown *= min(1.0, _UNKNOWN_UNITS * heaviest_g / max(size_g, 1e-6)) ** 2
    weights.append((unknown / (max(size_g, 1e-6) * _UNKNOWN_SPAN), Origin.UNKNOWN, None, sign))
    total = math.fsum(weight for weight, *_ in weights)
    ranked = sorted(weights, key=lambda each: -each[0])[:_KEPT]
    return [
        Explanation(origin, product, units, weight / total)
        for weight, origin, product, units in ranked
        if weight / total >= _LEAST_PROBABILITY
    ]


def _near(size_g: float, sigma_g: float, product: ProductWeight, most_units: int) -> Iterator[int]:
    """The numbers of units within five standard deviations of a weight."""
    nearest = size_g / product.unit_weight_g
    spread_g = math.hypot(product.unit_sigma_g * math.sqrt(max(1.0, nearest)), _BATCH_SHARE * size_g)
    reach = 5 * math.hypot(sigma_g, spread_g) / product.unit_weight_g
    reach = min(max(reach, 0.1), 20.0)
    first = max(1, math.ceil(min(nearest - reach, 1e6)))
    return iter(range(first, min(most_units, math.floor(min(nearest + reach, 1e6))) + 1))


def _density(size_g: float, sigma_g: float, product: ProductWeight, units: int) -> float:
    own_g = math.hypot(product.unit_sigma_g * math.sqrt(units), _BATCH_SHARE * units * product.unit_weight_g)
    every_g = max(math.hypot(sigma_g, own_g), _LEAST_SIGMA_SHARE * product.unit_weight_g)
    return _normal(size_g - units * product.unit_weight_g, every_g)


def _normal(miss: float, sigma: float) -> float:
    """Density of a Gaussian of standard deviation `sigma` at `miss`."""
    scaled = miss / sigma
    return 0.0 if abs(scaled) > 35 else math.exp(-0.5 * scaled * scaled) / (sigma * math.sqrt(2 * math.pi))
