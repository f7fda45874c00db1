"""What a change of weight may mean by itself: every explanation that a planogram allows, with its probability."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from storesense_edge.shelf.products import ProductWeight

# Before any weight is seen: what usually happens on a shelf. Nine in ten arrivals and nearly all departures are the
# slot's own goods; customers do leave things in wrong places; the rest is bags, hands and what nobody planned.
STRANGER_ARRIVES = 0.05
UNKNOWN_LEAVES = 0.005
UNKNOWN_ARRIVES = 0.02
OWN_LEAVES = 1 - UNKNOWN_LEAVES
# Units a time: one is usual, each further one half as likely; a share is spread evenly over all that fits.
_ONE_MORE = 0.45
_EVEN_SHARE = 0.3
_STRANGER_UNITS = (0.8, 0.15, 0.05)
# An unknown thing's weight is anything from 5 g to 20 kg, each order of magnitude alike, but seldom far more than what
# the store sells: above three of its heaviest units its chance falls with the square of its weight.
_UNKNOWN_SPAN = math.log(20_000 / 5)
_UNKNOWN_UNITS = 3.0
_LEAST_SIGMA_SHARE = 0.005
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
        probability: posterior probability, 0 to 1; before it is ranked, how likely the weight and this are together,
            per gram.
        returned: the share of it that is something coming back that had just left, at exactly the same weight.
    """

    origin: Origin
    product: ProductWeight | None
    units: int
    probability: float
    returned: float = 0.0


def weigh_strange(
    delta_g: float,
    sigma_g: float,
    own: Sequence[ProductWeight],
    strangers: Sequence[ProductWeight] = (),
    *,
    stranger_share: float = STRANGER_ARRIVES,
) -> list[Explanation]:
    """List what a step may have been that is none of the slot's goods, each with its prior times its density.

    Args:
        delta_g: the step, finite and not 0.
        sigma_g: standard deviation of the step from noise, swing and the cell.
        own: the products that lie on the slot.
        strangers: the planogram's other products, which only ever come.
        stranger_share: how often what comes is one of the strangers.
    """
    size_g = abs(delta_g)
    leaves = delta_g < 0
    found = []
    if not leaves:
        for product in strangers:
            for units in _near(size_g, sigma_g, product, len(_STRANGER_UNITS)):
                prior = stranger_share / len(strangers) * _STRANGER_UNITS[units - 1]
                density = prior * _density(size_g, sigma_g, product, units)
                found.append(Explanation(Origin.STRANGER, product, units, density))
    heaviest_g = max((each.unit_weight_g for each in (*own, *strangers)), default=size_g)
    unknown = UNKNOWN_LEAVES if leaves else UNKNOWN_ARRIVES
    unknown *= min(1.0, _UNKNOWN_UNITS * heaviest_g / max(size_g, 1e-6)) ** 2
    density = unknown / (max(size_g, 1e-6) * _UNKNOWN_SPAN)
    found.append(Explanation(Origin.UNKNOWN, None, -1 if leaves else 1, density))
    return found


def units_weighed(
    size_g: float, sigma_g: float, product: ProductWeight, most_units: int
) -> Iterator[tuple[int, float, float]]:
    """How many units of a product a weight may be: each number, its prior, and the weight's density per gram."""
    for units in _near(size_g, sigma_g, product, most_units):
        prior = (1 - _EVEN_SHARE) * (1 - _ONE_MORE) * _ONE_MORE ** (units - 1) + _EVEN_SHARE / most_units
        yield units, prior, _density(size_g, sigma_g, product, units)


def explain(
    delta_g: float,
    sigma_g: float,
    own: Sequence[ProductWeight],
    strangers: Sequence[ProductWeight] = (),
    *,
    most_units: int,
) -> list[Explanation]:
    """Rank what a step of weight may have been by itself, likeliest first, by Bayes' rule.

    A whole number of units of a product weighs that many unit weights, with a spread of `sigma_g`, the units' own
    spread and the doubt of their mean together. Something unknown weighs anything.

    Args:
        delta_g: the step, finite and not 0.
        sigma_g: standard deviation of the step from noise, swing and the cell.
        own: the products that lie on the slot, one or more.
        strangers: the planogram's other products.
        most_units: no more units than this came or left at once.
    """
    sign = -1 if delta_g < 0 else 1
    share = (OWN_LEAVES if delta_g < 0 else 1 - UNKNOWN_ARRIVES - STRANGER_ARRIVES) / len(own)
    found = [
        Explanation(Origin.OWN, product, sign * units, share * prior * density)
        for product in own
        for units, prior, density in units_weighed(abs(delta_g), sigma_g, product, most_units)
    ]
    return ranked(found + weigh_strange(delta_g, sigma_g, own, strangers))


def ranked(found: Iterable[Explanation]) -> list[Explanation]:
    """Turn prior times density into probabilities, which sum to 1 or less, and put the answer to be told first.

    First comes the likeliest of the slot's own goods where these are likelier in all than everything else together,
    and the likeliest of everything else otherwise: each of fifty strangers may be unlikely, and one of them certain.
    """
    ordered = sorted(found, key=lambda each: -each.probability)
    total = math.fsum(each.probability for each in ordered)
    if not total > 0:
        return []
    own = math.fsum(each.probability for each in ordered if each.origin is Origin.OWN)
    kept = [
        replace(each, probability=each.probability / total)
        for each in ordered
        if each.probability / total >= _LEAST_PROBABILITY
    ]
    first = next(place for place, each in enumerate(kept) if (each.origin is Origin.OWN) == (2 * own >= total))
    return [kept[first], *kept[:first], *kept[first + 1 :]][:_KEPT]


def same_weight(miss_g: float, sigma_g: float) -> float:
    """Density of a miss between two weighings of one thing: mostly noise, and now and then a few times as much."""
    return 0.8 * normal(miss_g, sigma_g) + 0.2 * normal(miss_g, 3 * sigma_g)


def normal(miss: float, sigma: float) -> float:
    """Density of a Gaussian of standard deviation `sigma` at `miss`."""
    scaled = miss / sigma
    return 0.0 if abs(scaled) > 35 else math.exp(-0.5 * scaled * scaled) / (sigma * math.sqrt(2 * math.pi))


def _near(size_g: float, sigma_g: float, product: ProductWeight, most_units: int) -> Iterator[int]:
    """The numbers of units within six standard deviations of a weight."""
    nearest = size_g / product.unit_weight_g
    reach = 6 * math.hypot(sigma_g, product.spread_g(max(1.0, nearest))) / product.unit_weight_g
    reach = min(max(reach, 0.1), 20.0)
    first = max(1, math.ceil(min(nearest - reach, 1e6)))
    return iter(range(first, min(most_units, math.floor(min(nearest + reach, 1e6))) + 1))


def _density(size_g: float, sigma_g: float, product: ProductWeight, units: int) -> float:
    every_g = max(math.hypot(sigma_g, product.spread_g(units)), _LEAST_SIGMA_SHARE * product.unit_weight_g)
    return normal(size_g - units * product.unit_weight_g, every_g)
