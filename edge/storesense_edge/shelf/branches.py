"""What a change of weight may have been in one world, and the world that each leaves behind."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from storesense_edge.shelf.explain import OWN_LEAVES, UNKNOWN_ARRIVES, Explanation, Origin, same_weight, units_weighed
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.two_at_once import guests_and_own
from storesense_edge.shelf.worlds import (
    NEVER,
    Answer,
    Branch,
    Change,
    Goods,
    Guest,
    Handful,
    World,
    over_g,
    room_for,
    with_units,
)

# One departure in so many is that of something foreign that lies on the slot: it may lie there for hours.
_GUEST_LEAVES = 0.06
# One in so many times two such things are taken away together.
_PAIR_SHARE = 0.1
# While goods of the former planogram still lie there, they are what leaves, seven times in ten; later hardly ever.
_FORMER_LEAVES = 0.7
_FORMER_LATER = 0.02
# More units left than were believed to lie there: the belief is wrong now and then.
_OVERDRAWN = 1e-4
# What left comes back with a rate that falls as time passes; at most every second arrival is such a return.
_RETURN_SHARE = 0.5
_RETURN_S = 60.0
_RETURNS_UNTIL_S = 3600.0
# Somebody who puts several units on at once is filling up, and goes on filling within this time: hardly anything else
# comes meanwhile, and any number of units at once.
_FILLING_S = 12.0
_FILLING_UNITS = 2
_STRANGE_WHILE_FILLING = 0.1
_FILLING_EVEN_SHARE = 0.5
_OTHER_WHILE_FILLING = 0.1
_MOST_TAKEN = 16
_MOST_GUESTS = 20
# Whether what came last lies in front and leaves first is as likely as not, before anything is known of it. Each
# departure of something else speaks against it, by the rule of succession.
_FRONT_FOR, _FRONT_AGAINST = 1.0, 1.0
_MOST_BROUGHT = 8
# Weighed twice, one thing differs by the noise of both steps and this share, by which creep and metal give way.
_SAME_SHARE = 0.0005


def branches(
    world: World,
    change: Change,
    strangers: Sequence[Explanation],
    goods: Goods,
    guest: Guest | None,
    stranger_share: float,
) -> Iterator[Branch]:
    """Yield everything that a change may have been in a world.

    Each branch is its answers with their shares, prior times density per gram, whether it is a return, and the world
    after it.

    Args:
        world: what lies there.
        change: the change.
        strangers: what it may have been that is none of the slot's goods.
        goods: what may lie there by the planogram.
        guest: what came, if it does not belong there; None where something left.
        stranger_share: how often what comes is another product.
    """
    if guest is None:
        yield from _departures(world, change, strangers, goods)
    else:
        yield from _arrivals(world, change, strangers, goods, guest, stranger_share)
    yield from guests_and_own(world, change, goods)


def _departures(world: World, change: Change, strangers: Sequence[Explanation], goods: Goods) -> Iterator[Branch]:
    size_g = -change.delta_g
    guests = _GUEST_LEAVES if world.guests else 0.0
    former = 0.0
    if any(world.units[len(goods.own) :]):
        former = _FORMER_LEAVES if change.at_s <= goods.former_until_s else _FORMER_LATER
    rest = (1 - guests) * (1 - former)
    front = _front(world)
    for place, product in enumerate(goods.own):
        share = rest * OWN_LEAVES / len(goods.own)
        most = goods.most_of(place)
        for units, prior, density in units_weighed(size_g, change.sigma_g, world.products[place], most):
            answer = Answer(Origin.OWN, product, -units)
            left = world.units[place] - units
            mass = share * prior * (1.0 if left >= 0 else _OVERDRAWN)
            pieces = [(each, part) for each, part in front if (each.place, each.units) == (place, units)]
            unnamed = 1 - math.fsum(part for _, part in pieces)
            after = replace(
                world,
                units=with_units(world.units, place, max(0, left)),
                brought=_passed(world.brought, place),
                taken=_recent(world.taken, Handful(change.at_s, size_g, place, units), change),
            )
            learned = _learned(world.products, place, size_g, units, change.sigma_g)
            after = replace(after, over_g=over_g(world, replace(after, products=learned), change, place))
            yield [(answer, 1.0)], mass * unnamed * density, False, replace(after, products=learned)
            for each, part in pieces:
                same = same_weight(size_g - each.weight_g, _same_sigma_g(change, each.weight_g))
                if same < NEVER:
                    continue
                here = world.brought.index(each)
                brought = (*world.brought[:here], *_passed(world.brought[here + 1 :], place))
                same_after = replace(after, products=world.products, brought=brought)
                same_after = replace(same_after, over_g=over_g(world, same_after, change, place))
                yield [(answer, 1.0)], mass * part * same, False, same_after
    for other in strangers:
        yield [(Answer(other.origin, other.product, other.units), 1.0)], other.probability, False, world
    yield from _guests_leave(world, change, guests)
    for place in range(len(goods.own), len(goods.every)):
        product, most = goods.every[place], min(goods.most_units, world.units[place])
        for units, prior, density in units_weighed(size_g, change.sigma_g, product, most) if most else ():
            mass = (1 - guests) * former / len(goods.former) * prior * density
            after = replace(world, units=with_units(world.units, place, world.units[place] - units))
            yield [(Answer(Origin.FORMER, product, -units), 1.0)], mass, False, after


def _guests_leave(world: World, change: Change, share: float) -> Iterator[Branch]:
    size_g = -change.delta_g
    for number, guest in enumerate(world.guests):
        density = same_weight(size_g - guest.weight_g, math.hypot(_same_sigma_g(change, guest.weight_g), guest.sigma_g))
        if density < NEVER:
            continue
        answers = [(Answer(Origin.GUEST, product, -units), part) for product, units, part in guest.candidates]
        others = world.guests[:number] + world.guests[number + 1 :]
        taken = _recent(world.taken, Handful(change.at_s, size_g, None, 1, guest), change)
        mass = share / len(world.guests) * density
        # What a guest is found to weigh, and was not known exactly, the units beside it do not.
        exact_g = world.over_g + (guest.weight_g - size_g if guest.sigma_g else 0.0)
        yield answers, mass, False, replace(world, guests=others, taken=taken, over_g=exact_g)
    pairs = list(combinations(world.guests, 2))
    for pair in pairs:
        together_g = pair[0].weight_g + pair[1].weight_g
        density = same_weight(size_g - together_g, _same_sigma_g(change, together_g))
        if density < NEVER:
            continue
        others = tuple(guest for guest in world.guests if guest not in pair)
        mass = share * _PAIR_SHARE / len(pairs) * density
        yield [(Answer(Origin.GUEST, None, -2), 1.0)], mass, False, replace(world, guests=others)


def _arrivals(
    world: World,
    change: Change,
    strangers: Sequence[Explanation],
    goods: Goods,
    guest: Guest,
    stranger_share: float,
) -> Iterator[Branch]:
    back = [
        (each, 1 / (1 + (change.at_s - each.at_s) / _RETURN_S))
        for each in world.taken
        if 0 <= change.at_s - each.at_s <= _RETURNS_UNTIL_S
    ]
    rates = math.fsum(rate for _, rate in back)
    returns = _RETURN_SHARE * -math.expm1(-rates)
    own_arrives = 1 - UNKNOWN_ARRIVES - stranger_share
    for each, rate in back:
        mass = (
            returns * rate / rates * same_weight(change.delta_g - each.weight_g, _same_sigma_g(change, each.weight_g))
        )
        if mass < NEVER:
            continue
        taken = tuple(other for other in world.taken if other is not each)
        if each.place is not None:
            product = goods.every[each.place]
            after = replace(
                _with_brought(world, change, each.place, each.units),
                units=with_units(world.units, each.place, world.units[each.place] + each.units),
            )
            after = replace(after, taken=taken, over_g=over_g(world, after, change, each.place))
            yield [(Answer(Origin.OWN, product, each.units), 1.0)], mass, True, after
        elif each.guest is not None:
            # It weighs what it weighs now: the newer weighing has seen the cell's present state.
            came = replace(each.guest, weight_g=round(change.delta_g, 2))
            answers = [
                (Answer(Origin.STRANGER if product else Origin.UNKNOWN, product, units), share)
                for product, units, share in came.candidates
            ]
            yield answers, mass, True, replace(world, guests=(*world.guests, came)[-_MOST_GUESTS:], taken=taken)
    filled = places_filled(world, change)
    for place, product in enumerate(goods.own):
        share = (1 - returns) * own_arrives * _share_of(place, filled, len(goods.own))
        most = goods.most_of(place)
        for n, prior, density in units_weighed(change.delta_g, change.sigma_g, world.products[place], most):
            units = world.units[place] + n
            usual = prior + _FILLING_EVEN_SHARE / most if place in filled else prior
            mass = share * usual * density * room_for(units, world.units[place], goods.capacity_of(place))
            after = replace(
                _with_brought(world, change, place, n),
                units=with_units(world.units, place, units),
                products=_learned(world.products, place, change.delta_g, n, change.sigma_g),
            )
            after = replace(after, over_g=over_g(world, after, change, place))
            yield [(Answer(Origin.OWN, product, n), 1.0)], mass, False, after
    strange = [(Answer(each.origin, each.product, each.units), each.probability) for each in strangers]
    mass = math.fsum(density for _, density in strange)
    if mass > 0:
        strange.sort(key=lambda one: -one[1])
        after = replace(world, guests=(*world.guests, guest)[-_MOST_GUESTS:])
        rate = _STRANGE_WHILE_FILLING if filled else 1.0
        yield [(answer, density / mass) for answer, density in strange], rate * mass, False, after


def places_filled(world: World, change: Change) -> frozenset[int | None]:
    """Which of the slot's products somebody is filling up as a change begins."""
    return frozenset(
        each.place
        for each in world.brought
        if change.began_s - each.at_s <= _FILLING_S and each.units >= _FILLING_UNITS
    )


def _share_of(place: int, filled: frozenset[int | None], products: int) -> float:
    """How much of what comes is of one of the slot's products: whoever fills one up seldom changes to another."""
    if not filled or len(filled) == products:
        return 1 / products
    if place in filled:
        return (1 - _OTHER_WHILE_FILLING) / len(filled)
    return _OTHER_WHILE_FILLING / (products - len(filled))


def _front(world: World) -> list[tuple[Handful, float]]:
    """What lies in front, with the share of departures that are just this."""
    shares = []
    left = 1.0
    for each in reversed(world.brought):
        share = _FRONT_FOR / (_FRONT_FOR + _FRONT_AGAINST + each.passed)
        shares.append((each, left * share))
        left *= 1 - share
    return shares


def _passed(brought: Sequence[Handful], place: int) -> tuple[Handful, ...]:
    """What lies there after something else of the same product was taken from beside or behind it."""
    return tuple(replace(each, passed=each.passed + 1) if each.place == place else each for each in brought)


def _with_brought(world: World, change: Change, place: int, units: int) -> World:
    new = Handful(change.at_s, change.delta_g, place, units)
    return replace(world, brought=(*world.brought, new)[-_MOST_BROUGHT:])


def _learned(
    products: tuple[ProductWeight, ...], place: int, size_g: float, units: int, sigma_g: float
) -> tuple[ProductWeight, ...]:
    return (*products[:place], products[place].after(size_g, units, sigma_g), *products[place + 1 :])


def _same_sigma_g(change: Change, weight_g: float) -> float:
    return math.hypot(1.5 * change.noise_g, _SAME_SHARE * weight_g)


def _recent(before: tuple[Handful, ...], new: Handful, change: Change) -> tuple[Handful, ...]:
    return (*(each for each in before if 0 <= change.at_s - each.at_s <= _RETURNS_UNTIL_S), new)[-_MOST_TAKEN:]
