"""How many units lie on a plate, followed from step to step and checked against the weight itself."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product as combinations

from storesense_edge.shelf.advance import Outcome, advance
from storesense_edge.shelf.branches import places_filled
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.explain import Explanation, explain, ranked, weigh_strange
from storesense_edge.shelf.pauses import LastStep, rest_of
from storesense_edge.shelf.plate_stock import Former, Stock
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.story import tellings, undecided
from storesense_edge.shelf.strangers import StrangerShare
from storesense_edge.shelf.worlds import Change, Goods, Guest, World, Worlds, strongest

_MOST_STARTS = 20_000
# A change that no step showed: rare, and the rarer the larger.
_UNSEEN = 1e-3
_UNSEEN_NEXT = 0.2
# Weight that belongs to nothing known leaves every number of units this likely against the best fit.
_UNEXPLAINED = 1e-7
_SETTLED = 0.99
# Whoever changes a planogram has the old goods cleared away within this time.
_FORMER_S = 12 * 3600.0
# The half of a thing that leaves weighs what it weighed when it came, less what the other slot bears now.
_SAME_HALF = 0.3
# Of a plate that was not watched for a while it is so likely that what lay there still does.
_UNTOUCHED = 0.9


class StockBelief:
    """Probabilities of what lies on a plate, carried from step to step.

    A step is certain about a change and blind to the total; the total weight is the other way round, and the less to
    be trusted the more units lie there and the longer the last zero is ago. Both are needed, by Bayes' rule. A total
    that contradicts the steps wins in the end: changes that no step showed are thought possible.

    Args:
        products: what belongs on the plate, one or more.
        most_units: no more units than this of a product without a capacity of its own.
        strangers: the planogram's other products.
        capacity_units: how many units of a product fit, if known.
    """

    def __init__(
        self,
        products: Sequence[ProductWeight],
        most_units: int,
        strangers: Sequence[ProductWeight] = (),
        capacity_units: int | None = None,
    ) -> None:
        self._goods = Goods(
            tuple(products), capacity_units=capacity_units, most_units=most_units, strangers=tuple(strangers)
        )
        self._share = StrangerShare()
        self._worlds: Worlds = {}
        self._last: LastStep | None = None
        self._known: tuple[int, ...] | None = None
        self.rest_of: int | None = None
        """The number of the step that the last one was the rest of, if it was one."""

    @property
    def guests(self) -> tuple[Guest, ...]:
        """What most likely lies there and does not belong there."""
        return self._best.guests if self._worlds else ()

    @property
    def former(self) -> list[Former]:
        """Units of the slot's former products that most likely lie there."""
        units = self._best.units[len(self._goods.own) :] if self._worlds else ()
        return [Former(each, n) for each, n in zip(self._goods.former, units, strict=False) if n > 0]

    def reweigh(self, products: Sequence[ProductWeight]) -> None:
        """Take other unit weights of the same products, as of a new packaging."""
        self._goods = replace(self._goods, own=tuple(products))
        every = self._goods.every
        self._worlds = {key: (replace(world, products=every), p) for key, (world, p) in self._worlds.items()}

    def resize(self, most_units: int, capacity_units: int | None, strangers: Sequence[ProductWeight]) -> None:
        """Take another capacity, or other strangers, for the same products."""
        self._goods = replace(
            self._goods, most_units=most_units, capacity_units=capacity_units, strangers=tuple(strangers)
        )

    @property
    def tellings(self) -> dict[int, list[Explanation]]:
        """What the last numbered steps may have been, as it looks now; not ranked."""
        return tellings(self._worlds.values())

    def laid_across(self, no: int) -> None:
        """Take the last step, if its number is ``no``, for a part of something that lies on two slots: no units."""
        last = self._last
        if last is None or last.change.no != no:
            return
        delta_g = last.change.delta_g
        worlds: Worlds = {}
        for world, share in last.worlds.values():
            guests = [*world.guests, Guest(round(delta_g, 2))] if delta_g > 0 else list(world.guests)
            if delta_g < 0 and guests:
                nearest = min(guests, key=lambda guest: abs(guest.weight_g + delta_g))
                if abs(nearest.weight_g + delta_g) < _SAME_HALF * nearest.weight_g:
                    guests.remove(nearest)
            _add(worlds, replace(world, guests=tuple(guests)), share)
        self._worlds, self._last = strongest(worlds), None

    def misfit(
        self, units: Sequence[int], weight_g: float, sigma_g: float, guests: Sequence[Guest] = ()
    ) -> tuple[float, float]:
        """Return by how much a weight is off so many units and some guests, and the standard deviation of that."""
        world = self._only(units, guests)
        return weight_g - world.weight_g, self._spread_g(world, sigma_g)

    def counted(self, units: Sequence[int], over_g: float = 0.0, guests: Sequence[Guest] = ()) -> None:
        """Take what somebody counted: that many of each product, in the slot's order, and nothing but guests beside.

        Args:
            units: of each product.
            over_g: how much more they weigh than their mean says.
            guests: what lies there and does not belong there.

        Raises:
            ShelfError: not one number from 0 up for each product.
        """
        world = self._only(units, guests)
        # What the steps before it were is told by the worlds in which so many lie there.
        own = len(self._goods.own)
        same = [(each, share) for each, share in self._worlds.values() if each.units[:own] == tuple(units)]
        story = max(same, key=lambda each: each[1])[0].story if same else ()
        self._begin(replace(world, over_g=over_g, story=story))

    def remember(self, units: Sequence[int]) -> None:
        """Take what lay there before the slot was watched: likelier than all else that its first weight allows.

        Args:
            units: of each product, in the slot's order.

        Raises:
            ShelfError: not one number from 0 up for each product.
        """
        self._known = self._only(units).units

    def laid(self, units: Sequence[int], former: Sequence[Former], guests: Sequence[Guest], at_s: float) -> None:
        """Begin with units of the slot's products, of the products that it had before, and what belongs to neither."""
        self._goods = replace(
            self._goods, former=tuple(each.product for each in former), former_until_s=at_s + _FORMER_S
        )
        self._begin(World((*units, *(each.units for each in former)), self._goods.every, tuple(guests)))

    def restart_clock(self) -> None:
        """Forget what just happened, as after the clock was set."""
        self._last = None
        self._worlds = {key: (replace(world, taken=(), brought=()), p) for key, (world, p) in self._worlds.items()}

    def step(self, change: Change, settled_s: float | None = None, *, after_gap: bool = False) -> list[Explanation]:
        """Take a change, and rank everything that it may have been in the light of all that happened before.

        Args:
            change: the change.
            settled_s: when it was certain; that of the change where left out.
            after_gap: whether samples are missing around it.
        """
        self.rest_of = None
        if not self._worlds:
            goods = self._goods
            most_units = max(goods.most_of(place) for place in range(len(goods.own)))
            return explain(change.delta_g, change.sigma_g, goods.own, goods.strangers, most_units=most_units)
        before = self._worlds
        outcome = self._advance(before, change)
        found = ranked(outcome.found)
        rest = None if after_gap else rest_of(self._last, change, found, outcome, self._advance)
        if rest is not None:
            self.rest_of = self._last.change.no if self._last else None
            outcome, told = rest
            found = [told, *found]
        self._worlds = undecided(outcome.worlds, change.no) if change.no else outcome.worlds
        self._last = LastStep(before, change, settled_s or change.at_s, outcome.evidence, found[0])
        likeliest = max(before.values(), key=lambda item: item[1])[0]
        if change.delta_g > 0 and rest is None and not places_filled(likeliest, change):
            self._share.learn(found)
        return found

    def stock(self, weight_g: float, sigma_g: float) -> Stock:
        """Weigh every possibility against the weight at rest.

        Args:
            weight_g: grams on the plate, finite.
            sigma_g: standard deviation of the weight without the units' own spread: noise, cell, drift since zero.
        """
        if not self._worlds:
            self._worlds = self._starts(weight_g, sigma_g)
        scores = self._scores(self._with_unseen(weight_g), weight_g, sigma_g)
        total = math.fsum(score for _, score in scores.values())
        best = max(scores.values(), key=lambda item: item[1])[0]
        own = len(self._goods.own)
        merged = math.fsum(score for world, score in scores.values() if world.units[:own] == best.units[:own])
        confidence = merged / total if total > 0 else 0.0
        sure_of = (confidence,) * own
        if own > 1 and total > 0:
            sure_of = tuple(
                math.fsum(score for world, score in scores.values() if world.units[place] == best.units[place]) / total
                for place in range(own)
            )
        if confidence >= _SETTLED:
            # Told apart for good, so the next steps start from here; a doubt is carried on as it came.
            self._worlds = strongest(scores)
        former_g = (n * each.unit_weight_g for n, each in zip(best.units[own:], best.products[own:], strict=True))
        guest_g = math.fsum(guest.weight_g for guest in best.guests) + math.fsum(former_g)
        return Stock(best.units[:own], min(1.0, confidence), guest_g, weight_g - best.weight_g, sure_of)

    @property
    def _best(self) -> World:
        return max(self._worlds.values(), key=lambda item: item[1])[0]

    def _only(self, units: Sequence[int], guests: Sequence[Guest] = ()) -> World:
        """The world of so many units of each product, and guests. Raises ShelfError."""
        if len(units) != len(self._goods.own) or min(units) < 0:
            found = ", ".join(str(n) for n in units) or "nothing"
            raise ShelfError(
                f"Give one number of units from 0 up for each of {len(self._goods.own)} products: {found}."
            )
        products = self._best.products if self._worlds else self._goods.every
        return World(tuple(units) + (0,) * len(self._goods.former), products, tuple(guests))

    def _begin(self, world: World) -> None:
        self._worlds, self._last = {world.key: (world, 1.0)}, None

    def _advance(self, worlds: Worlds, change: Change) -> Outcome:
        share = self._share.share
        strangers = weigh_strange(
            change.delta_g, change.sigma_g, self._goods.own, self._goods.strangers, stranger_share=share
        )
        return advance(worlds, change, strangers, self._goods, share)

    def _spread_g(self, world: World, sigma_g: float) -> float:
        """Standard deviation of the whole weight, were the world so: cell, units and the doubt of their mean."""
        spreads_g = (each.spread_g(n) for n, each in zip(world.units, world.products, strict=True))
        lightest_g = min(each.unit_weight_g for each in self._goods.own)
        return max(math.hypot(sigma_g, *spreads_g), 0.005 * lightest_g)

    def _scores(self, prior: Worlds, weight_g: float, sigma_g: float) -> Worlds:
        # One spread for all, the widest: a guest weighs exactly what was measured when it came, and must not win by
        # that over units whose weights vary.
        spread_g = max(self._spread_g(world, sigma_g) for world, _ in prior.values())
        scores: Worlds = {}
        for key, (world, share) in prior.items():
            scaled = (weight_g - world.weight_g) / spread_g
            fits = math.exp(-0.5 * scaled * scaled) if abs(scaled) < 35 else 0.0
            scores[key] = world, share * (fits + _UNEXPLAINED)
        return scores

    def _with_unseen(self, weight_g: float) -> Worlds:
        """The worlds, and around the best of them what may have changed without a step."""
        prior = dict(self._worlds)
        best, share = max(self._worlds.values(), key=lambda item: item[1])
        for place, each in enumerate(self._goods.own):
            now = best.units[place]
            by_weight = now + round((weight_g - best.weight_g) / each.unit_weight_g)
            near = {now + away for away in (-3, -2, -1, 1, 2, 3)} | {by_weight, by_weight - 1, by_weight + 1}
            for n in near - {now}:
                if 0 <= n <= self._goods.most_of(place):
                    changed = replace(best, units=(*best.units[:place], n, *best.units[place + 1 :]))
                    _add(prior, changed, share * _UNSEEN * max(_UNSEEN_NEXT ** (abs(n - now) - 1), 1e-3))
        if best.guests:
            _add(prior, replace(best, guests=()), share * _UNSEEN)
        return prior

    def _starts(self, weight_g: float, sigma_g: float) -> Worlds:
        """Every combination of units that the first weight allows, each as likely as it fits."""
        ranges = []
        for place, each in enumerate(self._goods.own):
            most = max(0, math.ceil((weight_g + 3 * sigma_g) / each.unit_weight_g)) + 1
            ranges.append(range(min(self._goods.most_of(place), most) + 1))
        if math.prod(len(each) for each in ranges) > _MOST_STARTS:
            # Too many to list: the first product alone, and the belief learns the others from their steps.
            ranges = [ranges[0], *[range(1)] * (len(ranges) - 1)]
        nothing = (0,) * len(self._goods.former)
        starts = [World(units + nothing, self._goods.every) for units in combinations(*ranges)]
        prior = {world.key: (world, 1.0) for world in starts}
        if self._known is not None:
            known = World(self._known, self._goods.every)
            prior[known.key] = known, _UNTOUCHED / (1 - _UNTOUCHED) * len(starts)
        return strongest(self._scores(prior, weight_g, sigma_g))


def _add(worlds: Worlds, world: World, share: float) -> None:
    before = worlds.get(world.key)
    worlds[world.key] = (world, share) if before is None else (before[0], before[1] + share)
