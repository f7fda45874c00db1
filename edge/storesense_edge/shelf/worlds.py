"""What may lie on a plate: the worlds that a belief weighs against each other."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from storesense_edge.shelf.explain import Origin
from storesense_edge.shelf.products import ProductWeight, most_units_of

_MOST_WORLDS = 60
_LEAST_SHARE = 1e-8
# More came than fits: the plan is wrong now and then.
_OVERFULL = 0.2
_OVERFULL_EACH_SHARE = 0.1
_LEAST_ROOM = 0.02


@dataclass(frozen=True, slots=True)
class Guest:
    """Something on the slot that does not belong there.

    Attributes:
        weight_g: what it added.
        candidates: what it may be, likeliest first, each with its units and its share; None is something unknown.
        sigma_g: standard deviation of its weight beyond noise, where it came in one step with units of the slot's own.
    """

    weight_g: float
    candidates: tuple[tuple[ProductWeight | None, int, float], ...] = ((None, 1, 1.0),)
    sigma_g: float = 0.0

    @property
    def product(self) -> ProductWeight | None:
        """What it is most likely, None where nothing in the planogram weighs that."""
        return self.candidates[0][0]


@dataclass(frozen=True, slots=True)
class Handful:
    """What left the slot lately and may come back, or came to it lately and may leave again, in one piece.

    Attributes:
        at_s: when.
        weight_g: its weight.
        place: which of the slot's products it was; None for a guest.
        units: how many.
        guest: the guest that it was.
        passed: how often since it came something else of its product left, and not this.
    """

    at_s: float
    weight_g: float
    place: int | None
    units: int
    guest: Guest | None = None
    passed: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a step was in one world, apart from its probability."""

    origin: Origin
    product: ProductWeight | None
    units: int


Telling = tuple[int, tuple[tuple[Answer, float], ...]]
"""A step by its number, and what it was, each answer with its share."""


@dataclass(frozen=True, slots=True)
class World:
    """One possibility of what lies on the plate, and how it came to it.

    Attributes:
        units: of each product, those of the present planogram first, then those of the former one.
        guests: what does not belong there.
        products: the same products as picks have taught them in this world, in the same order.
        taken: what left lately, the newest last.
        brought: units of the slot's products that came lately, the newest last.
        over_g: how much more the units that lie there weigh, by the steps that brought them, than their mean says.
        story: what the last numbered steps were in this world, the newest last.
    """

    units: tuple[int, ...]
    products: tuple[ProductWeight, ...]
    guests: tuple[Guest, ...] = ()
    brought: tuple[Handful, ...] = ()
    taken: tuple[Handful, ...] = ()
    over_g: float = 0.0
    story: tuple[Telling, ...] = ()

    @property
    def weight_g(self) -> float:
        """What all of it weighs together."""
        units_g = (n * each.unit_weight_g for n, each in zip(self.units, self.products, strict=True))
        return self.over_g + math.fsum(units_g) + math.fsum(guest.weight_g for guest in self.guests)

    @property
    def key(self) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """What makes a world another one: the same goods reached by other ways are one world."""
        return self.units, tuple(guest.weight_g for guest in self.guests)


Key = tuple[tuple[int, ...], tuple[float, ...]]
Worlds = dict[Key, tuple[World, float]]
"""Possibilities with their shares."""
Branch = tuple[list[tuple[Answer, float]], float, bool, World]
"""Answers with their shares, prior times density per gram, whether it is a return, and the world after it."""

NEVER = 1e-30
"""Whatever is less likely a gram need not be followed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of weight to be explained.

    Attributes:
        at_s: when.
        delta_g: the step, finite and not 0.
        sigma_g: its standard deviation from noise, swing and the cell's calibration.
        noise_g: its standard deviation from noise and swing alone.
        departed_s: when the weight left the rest before; that of the moment where left out.
        no: its number, by which the worlds remember what it was; 0 where nobody will ask.
    """

    at_s: float
    delta_g: float
    sigma_g: float
    noise_g: float
    departed_s: float | None = None
    no: int = 0

    @property
    def began_s(self) -> float:
        """When the movement began that ended with it."""
        return self.at_s if self.departed_s is None else self.departed_s


@dataclass(frozen=True, slots=True)
class Goods:
    """What may lie there by the planogram.

    Attributes:
        own: the slot's products.
        former: products that it had before; they only ever leave.
        former_until_s: until when the former ones are what leaves first.
        capacity_units: how many units of a product fit, if known.
        most_units: no more units than this move at once.
        strangers: the planogram's other products, which may be left there.
    """

    own: tuple[ProductWeight, ...]
    former: tuple[ProductWeight, ...] = ()
    former_until_s: float = -math.inf
    capacity_units: int | None = None
    most_units: int = 200
    strangers: tuple[ProductWeight, ...] = ()

    def capacity_of(self, place: int) -> int | None:
        """How many units of one of the slot's products fit, if known."""
        own = self.own[place].capacity_units
        return self.capacity_units if own is None else own

    def most_of(self, place: int) -> int:
        """No more units of one of the slot's products than this move at once."""
        own = self.own[place].capacity_units
        return self.most_units if own is None else most_units_of(own)

    @property
    def every(self) -> tuple[ProductWeight, ...]:
        """All of them, in the order of a world's units."""
        return self.own + self.former


def strongest(worlds: Mapping[Key, tuple[World, float]]) -> Worlds:
    """Keep the likeliest worlds, with probabilities that sum to 1."""
    kept = sorted(worlds.items(), key=lambda item: -item[1][1])[:_MOST_WORLDS]
    kept = [item for item in kept if item[1][1] >= _LEAST_SHARE * kept[0][1][1]]
    total = math.fsum(weight for _, (_, weight) in kept)
    if total <= 0:
        return {key: (world, 1 / len(kept)) for key, (world, _) in kept}
    return {key: (world, weight / total) for key, (world, weight) in kept}


def room_for(units: int, before: int, capacity_units: int | None) -> float:
    """How likely so many units are on a slot that holds so many: the less the further beyond, but plans are wrong."""
    if capacity_units is None or units <= max(capacity_units, before):
        return 1.0
    beyond = units / max(capacity_units, before) - 1
    return max(_LEAST_ROOM, float(_OVERFULL ** (1 + beyond / _OVERFULL_EACH_SHARE)))


def over_g(before: World, after: World, change: Change, place: int) -> float:
    """What the units that lie there weigh beyond their mean, so that the whole changes by what was measured.

    Units that leave take their part of it along: none is left in an empty slot.
    """
    beyond_g = before.weight_g + change.delta_g - (after.weight_g - after.over_g)
    if change.delta_g > 0:
        return beyond_g
    return beyond_g * after.units[place] / before.units[place] if before.units[place] else 0.0


def with_units(units: tuple[int, ...], place: int, n: int) -> tuple[int, ...]:
    """The units of each product, those of one of them changed."""
    return (*units[:place], n, *units[place + 1 :])
