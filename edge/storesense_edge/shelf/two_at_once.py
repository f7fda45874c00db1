"""A change of weight that was two deeds with no rest between them that anybody could see."""

import math
from collections.abc import Iterator
from dataclasses import replace

from storesense_edge.shelf.explain import Origin, normal, units_weighed
from storesense_edge.shelf.worlds import (
    NEVER,
    Answer,
    Branch,
    Change,
    Goods,
    Guest,
    World,
    over_g,
    room_for,
    with_units,
)

# One change in so many is two deeds that were too quick for a rest in between. Whoever fills a slot tidies it first.
_TWO_DEEDS = 0.002
# Of these, so many are another product that came while units of the slot's own came or left.
_WITH_STRANGER = 0.2
# No more units than this of the slot's own, each further one less than half as likely.
_MOST_BESIDE = 3
_ONE_MORE = 0.4
_MOST_CANDIDATES = 5


def guests_and_own(world: World, change: Change, goods: Goods) -> Iterator[Branch]:
    """One guest or all of them leave, and units of the slot's own come or leave in the same step."""
    groups = [(each,) for each in world.guests] + ([world.guests] if len(world.guests) > 1 else [])
    for group in groups:
        own_g = change.delta_g + math.fsum(guest.weight_g for guest in group)
        sign = -1 if own_g < 0 else 1
        others = tuple(guest for guest in world.guests if guest not in group)
        for place, product in enumerate(goods.own):
            share = _TWO_DEEDS / len(groups) / len(goods.own)
            known = world.products[place]
            for units, prior, density in units_weighed(abs(own_g), change.sigma_g, known, goods.most_of(place)):
                left = world.units[place] + sign * units
                mass = share * prior * density
                if left < 0 or mass < NEVER:
                    continue
                room = room_for(left, world.units[place], goods.capacity_of(place)) if sign > 0 else 1.0
                after = replace(world, units=with_units(world.units, place, left), guests=others)
                answer = Answer(Origin.OWN, product, sign * units)
                after = replace(after, over_g=over_g(world, after, change, place))
                yield [(answer, 1.0)], mass * room, False, after


def own_and_stranger(world: World, change: Change, goods: Goods) -> Iterator[Branch]:
    """A few units of the slot's own come or leave, and one of another product comes in the same step.

    The weight alone seldom proves that. It is followed because what comes later may: that thing leaves again, and the
    whole weighs what it says.
    """
    even = (1 - _ONE_MORE) / (1 - _ONE_MORE**_MOST_BESIDE) / 2 / len(goods.own)
    for place, product in enumerate(goods.own):
        known = world.products[place]
        for units in (n for n in range(-_MOST_BESIDE, _MOST_BESIDE + 1) if n != 0 and world.units[place] + n >= 0):
            guest_g = change.delta_g - units * known.unit_weight_g
            if guest_g <= 0:
                continue
            beside_g = math.hypot(change.sigma_g, known.spread_g(abs(units)))
            weighed = [
                (each, normal(guest_g - each.unit_weight_g, math.hypot(beside_g, each.spread_g(1))))
                for each in goods.strangers
            ]
            total = math.fsum(density for _, density in weighed)
            mass = (
                _TWO_DEEDS
                * _WITH_STRANGER
                * even
                * _ONE_MORE ** (abs(units) - 1)
                * total
                / max(1, len(goods.strangers))
            )
            if mass < NEVER:
                continue
            weighed.sort(key=lambda one: -one[1])
            candidates = tuple((each, 1, density / total) for each, density in weighed[:_MOST_CANDIDATES])
            guest = Guest(round(guest_g, 2), candidates, beside_g)
            after = replace(
                world,
                units=with_units(world.units, place, world.units[place] + units),
                guests=(*world.guests, guest),
            )
            yield [(Answer(Origin.OWN, product, units), 1.0)], mass, False, after
