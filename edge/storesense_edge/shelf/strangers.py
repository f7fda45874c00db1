"""How often customers leave other products in a slot, learned where it happens."""

import math
from collections.abc import Sequence

from storesense_edge.shelf.explain import STRANGER_ARRIVES, Explanation, Origin

# The usual share counts as much as this many arrivals.
_PRIOR_ARRIVALS = 10.0
_MEMORY_ARRIVALS = 200.0
_LEAST, _MOST = 0.01, 0.6
# More units than this at once are staff at work, and tell nothing of customers.
_MOST_UNITS = 3


class StrangerShare:
    """The share of what comes to a slot by ones and twos that is another product.

    Starts as the usual share, and moves with every arrival by the probability that it was a stranger: some slots are
    where people leave what they do not want after all. What comes back to where it was taken, and what somebody puts on
    who is filling up, tells nothing of that and is left out: the first by its probability here, the second by whoever
    asks.
    """

    __slots__ = ("_arrivals", "_strangers")

    def __init__(self) -> None:
        self._arrivals = _PRIOR_ARRIVALS
        self._strangers = _PRIOR_ARRIVALS * STRANGER_ARRIVES

    @property
    def share(self) -> float:
        """The share, 0 to 1."""
        return min(max(self._strangers / self._arrivals, _LEAST), _MOST)

    def learn(self, found: Sequence[Explanation]) -> None:
        """Take an arrival, by everything that it may have been, the likeliest first."""
        if not found or found[0].units > _MOST_UNITS:
            return
        new = [(each, each.probability * (1 - each.returned)) for each in found]
        strange = math.fsum(share for each, share in new if each.origin is Origin.STRANGER)
        keep = min(1.0, (_MEMORY_ARRIVALS - 1) / self._arrivals)
        self._arrivals = self._arrivals * keep + math.fsum(share for _, share in new)
        self._strangers = self._strangers * keep + strange
