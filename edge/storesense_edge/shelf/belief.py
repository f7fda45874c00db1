"""How many units lie on a plate, followed from step to step and checked against the weight itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product as combinations

from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.explain import Explanation, Origin
from storesense_edge.shelf.products import ProductWeight

_MOST_STATES = 60
_MOST_STARTS = 20_000
# A change that no step showed: rare, and the rarer the larger.
_UNSEEN = 1e-3
_UNSEEN_NEXT = 0.2
# Weight that belongs to nothing known leaves every number of units this likely against the best fit.
_UNEXPLAINED = 1e-7
# The mean weight of a batch differs from the planogram's by this share until picks have taught it.
_BATCH_SHARE = 0.005
_SETTLED = 0.99
# Of something foreign that left, less than this share of the step is no remainder.
_GONE_SHARE = 0.01

State = tuple[tuple[int, ...], float]


@dataclass(frozen=True, slots=True)
class Stock:
    """What is believed to lie on a plate.

    Attributes:
        units: the likeliest number of units of each product, in the slot's order.
        confidence: probability that all of them are right.
        guest_g: weight of what does not belong there.
        residual_g: weight minus all of that.
    """

    units: tuple[int, ...]
    confidence: float
    guest_g: float
    residual_g: float


class StockBelief:
    """Probabilities of what lies on a plate, carried from step to step.

    A step is certain about a change and blind to the total; the total weight is the other way round, and the less to
    be trusted the more units lie there and the longer the last zero is ago. Both are needed, by Bayes' rule. A total
    that contradicts the steps wins in the end: changes that no step showed are thought possible.

    Args:
        products: what belongs on the plate, one or more.
        most_units: no more units of a product than this.
    """

    def __init__(self, products: Sequence[ProductWeight], most_units: int) -> None:
        self._products = tuple(products)
        self._most_units = most_units
        self._path: dict[State, float] = {}

    def reweigh(self, products: Sequence[ProductWeight]) -> None:
        """Take newly learned unit weights of the same products."""
        self._products = tuple(products)

    def counted(self, units: Sequence[int]) -> None:
        """Take what somebody counted: that many of each product, in the slot's order, and nothing else lies there.

        Raises:
            ShelfError: not one number from 0 up for each product.
        """
        if len(units) != len(self._products) or min(units) < 0:
            found = ", ".join(str(n) for n in units) or "nothing"
            raise ShelfError(f"Give one number of units from 0 up for each of {len(self._products)} products: {found}.")
        self._path = {(tuple(units), 0.0): 1.0}

    def laid(self, weight_g: float) -> None:
        """Begin with a plate that holds none of the products, and so much that does not belong there."""
        self._path = {((0,) * len(self._products), max(0.0, round(weight_g, 1))): 1.0}

    def step(self, ranked: Sequence[Explanation], delta_g: float) -> None:
        """Take a change, by everything that it may have been."""
        if not self._path or not ranked:
            return
        moved: dict[State, float] = {}
        places = {each.sku: place for place, each in enumerate(self._products)}
        for (units, guest_g), probability in self._path.items():
            for each in ranked:
                state = _moved(units, guest_g, each, delta_g, places)
                if state is not None:
                    moved[state] = moved.get(state, 0.0) + probability * each.probability
        # A removal from an empty slot: then the belief was wrong, and the weight has to say what is there.
        self._path = _strongest(moved) if moved else {}

    def stock(self, weight_g: float, sigma_g: float) -> Stock:
        """Weigh every possibility against the weight at rest.

        Args:
            weight_g: grams on the plate, finite.
            sigma_g: standard deviation of the weight without the units' own spread: noise, cell, drift since zero.
        """
        if not self._path:
            self._path = self._starts(weight_g, sigma_g)
        prior = self._with_unseen(weight_g)
        scores = self._scores(prior, weight_g, sigma_g)
        total = math.fsum(scores.values())
        best = max(scores, key=lambda state: scores[state])
        merged = math.fsum(score for state, score in scores.items() if state[0] == best[0])
        confidence = merged / total if total > 0 else 0.0
        posterior = {state: score / total for state, score in scores.items()} if total > 0 else {}
        if confidence >= _SETTLED:
            # Told apart for good, so the next steps start from here; a doubt is carried on as it came.
            self._path = _strongest(posterior)
        return Stock(best[0], min(1.0, confidence), best[1], weight_g - self._weight_g(best))

    def _weight_g(self, state: State) -> float:
        units, guest_g = state
        return guest_g + math.fsum(n * each.unit_weight_g for n, each in zip(units, self._products, strict=True))

    def _spread_g(self, state: State, sigma_g: float) -> float:
        """Standard deviation of the whole weight, were the state true: cell, units and the delivery's mean."""
        square = sigma_g**2
        for n, each in zip(state[0], self._products, strict=True):
            square += n * each.unit_sigma_g**2 + (n * _BATCH_SHARE * each.unit_weight_g) ** 2
        lightest_g = min(each.unit_weight_g for each in self._products)
        return max(math.sqrt(square), 0.005 * lightest_g)

    def _scores(self, prior: dict[State, float], weight_g: float, sigma_g: float) -> dict[State, float]:
        # One spread for all, the widest: a guest weighs exactly what was measured when it came, and must not win by
        # that over units whose weights vary.
        spread_g = max(self._spread_g(state, sigma_g) for state in prior)
        scores: dict[State, float] = {}
        for state, share in prior.items():
            scaled = (weight_g - self._weight_g(state)) / spread_g
            scores[state] = share * ((math.exp(-0.5 * scaled * scaled) if abs(scaled) < 35 else 0.0) + _UNEXPLAINED)
        return scores

    def _with_unseen(self, weight_g: float) -> dict[State, float]:
        """The path, and around its best state what may have changed without a step."""
        prior = dict(self._path)
        (units, guest_g), share = max(self._path.items(), key=lambda item: item[1])
        for place, each in enumerate(self._products):
            by_weight = units[place] + round((weight_g - self._weight_g((units, guest_g))) / each.unit_weight_g)
            near = {units[place] + away for away in (-3, -2, -1, 1, 2, 3)} | {by_weight, by_weight - 1, by_weight + 1}
            for n in near - {units[place]}:
                if 0 <= n <= self._most_units:
                    changed = (*units[:place], n, *units[place + 1 :])
                    extra = share * _UNSEEN * max(_UNSEEN_NEXT ** (abs(n - units[place]) - 1), 1e-3)
                    prior[changed, guest_g] = prior.get((changed, guest_g), 0.0) + extra
        if guest_g:
            prior[units, 0.0] = prior.get((units, 0.0), 0.0) + share * _UNSEEN
        return prior

    def _starts(self, weight_g: float, sigma_g: float) -> dict[State, float]:
        """Every combination of units that the first weight allows, each as likely as it fits."""
        ranges = []
        for each in self._products:
            most = min(self._most_units, max(0, math.ceil((weight_g + 3 * sigma_g) / each.unit_weight_g)) + 1)
            ranges.append(range(most + 1))
        if math.prod(len(each) for each in ranges) > _MOST_STARTS:
            # Too many to list: the first product alone, and the belief learns the others from their steps.
            ranges = [ranges[0], *[range(1)] * (len(ranges) - 1)]
        starts = {(units, 0.0): 1.0 for units in combinations(*ranges)}
        return _strongest(self._scores(starts, weight_g, sigma_g))


def _moved(
    units: tuple[int, ...], guest_g: float, each: Explanation, delta_g: float, places: dict[str, int]
) -> State | None:
    if each.origin is Origin.OWN and each.product is not None and each.product.sku in places:
        place = places[each.product.sku]
        n = units[place] + each.units
        return None if n < 0 else ((*units[:place], n, *units[place + 1 :]), guest_g)
    left_g = guest_g + delta_g
    # What is left of a guest that went is noise, and no guest.
    return units, 0.0 if left_g <= _GONE_SHARE * abs(delta_g) else round(left_g, 1)


def _strongest(states: dict[State, float]) -> dict[State, float]:
    kept = sorted(states.items(), key=lambda item: -item[1])[:_MOST_STATES]
    total = math.fsum(score for _, score in kept)
    if total <= 0:
        return {state: 1 / len(kept) for state, _ in kept}
    return {state: score / total for state, score in kept}
