"""The checkout against queueing theory: mean waits of M/M/c, by formula and by the store's own lines and tills."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.queues import Customer
from storesense_simulators.twin.shop import QueuePath, Till, TillKind
from storesense_simulators.twin.theory_controls import Arrived, adjusted_mean, controls_of
from storesense_simulators.twin.tills import Called, Checkout, CheckoutChange

_MEAN_SERVICE_MS = 100_000
_AT_FIRST = 100_000_000
"""Numbers from here on are of those who are in the store when counting begins."""


def customers_for(servers: int, load: float) -> int:
    """Return how many customers bring half of the 95 % interval of the mean wait to little more than a hundredth of it.

    Fitted to trials. Waits follow one another the longer the busier the tills, and few wait at all where there are
    many tills with little to do; both ask for more.
    """
    many = servers * math.sqrt(servers)
    return round(75_000 * many * (1.5 - load) + 4_000 / (1.0 - load) ** 2)


@dataclass(frozen=True, slots=True)
class WaitComparison:
    """A simulated mean wait beside the formula's.

    Attributes:
        servers: tills at one shared line.
        load: part of their time that the tills are busy, below 1.
        customers: how many waits were averaged.
        formula_s: mean wait by Erlang C.
        plain_s: the simulated customers' mean wait as it is.
        plain_half_width_s: half of its 95 % confidence interval, by batch means.
        measured_s: their mean wait after what is known to be chance has been taken off, by control variates.
        half_width_s: half of the 95 % confidence interval of that.
        deviation: measured over formula, less 1.
    """

    servers: int
    load: float
    customers: int
    formula_s: float
    plain_s: float
    plain_half_width_s: float
    measured_s: float
    half_width_s: float
    deviation: float

    def is_proven_within(self, limit: float) -> bool:
        """Tell whether the whole interval is nearer to the formula than ``limit``, a share of it."""
        return abs(self.measured_s - self.formula_s) + self.half_width_s <= limit * self.formula_s


def erlang_c(servers: int, offered: float) -> float:
    """Return the probability that a customer of an M/M/c queue waits.

    By the recursion of Erlang's B formula, B(0) = 1, B(k) = a B(k-1) / (k + a B(k-1)), and C = B / (1 - rho (1 - B));
    Kleinrock, Queueing Systems I (1975), sections 3.5 and 3.6.

    Args:
        servers: how many tills.
        offered: arrival rate times mean service time, below ``servers``.
    """
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = offered * blocked / (k + offered * blocked)
    return blocked / (1.0 - offered / servers * (1.0 - blocked))


def mean_wait_s(servers: int, load: float, mean_service_s: float) -> float:
    """Return the mean wait in the line of an M/M/c queue: C / (c mu - lambda)."""
    return erlang_c(servers, load * servers) * mean_service_s / (servers * (1.0 - load))


def compare_waits(servers: int, load: float, *, customers: int, seed: int) -> WaitComparison:
    """Send Poisson arrivals with exponential service through the store's checkout: one line, nobody gives up.

    Nobody walks here: a customer who is called is served at once. In the store the walk from the line to the till is
    reported apart (``walk_ms``) and belongs to no wait, but the till is taken meanwhile, so that a busy store's waits
    are those of a service longer by the mean walk.

    The store begins with as many customers as it would hold at any moment of a long day (drawn from the stationary
    law), so nothing has to be left out as warm-up.
    """
    arrived = _arrivals(servers, load, customers, seed)
    present = _present_at_first(servers, load, seed)
    waits_ms = np.fromiter(_waits_ms(servers, arrived, present), dtype=np.int64, count=customers)
    plain, adjusted = adjusted_mean(waits_ms / 1000, controls_of(arrived, waits_ms))
    formula_s = mean_wait_s(servers, load, _MEAN_SERVICE_MS / 1000)
    return WaitComparison(
        servers=servers,
        load=load,
        customers=customers,
        formula_s=formula_s,
        plain_s=plain.mean,
        plain_half_width_s=plain.half_width,
        measured_s=adjusted.mean,
        half_width_s=adjusted.half_width,
        deviation=adjusted.mean / formula_s - 1.0,
    )


def _arrivals(servers: int, load: float, customers: int, seed: int) -> Arrived:
    name = f"mmc/{servers}/{load}"
    mean_ms = _MEAN_SERVICE_MS / (servers * load)
    between_ms = stream(seed, f"{name}/arrivals").exponential(mean_ms, customers)
    service_ms = stream(seed, f"{name}/service").exponential(_MEAN_SERVICE_MS, customers)
    # As many as an infinity of tills would be serving when counting begins; each has a whole service left.
    chance = stream(seed, f"{name}/unlimited")
    left_ms = chance.exponential(_MEAN_SERVICE_MS, int(chance.poisson(servers * load)))
    return Arrived(servers, between_ms, service_ms, mean_ms, float(_MEAN_SERVICE_MS), left_ms)


def _present_at_first(servers: int, load: float, seed: int) -> list[int]:
    """Return the services that those still need who are in the store when counting begins, in milliseconds.

    How many they are follows the stationary law of M/M/c, p(n) = p(n-1) a / min(n, c); and whoever is being served
    needs as long as if they had just begun, since the exponential law has no memory.
    """
    chance = stream(seed, f"mmc/{servers}/{load}/present")
    weights, offered = [1.0], servers * load
    while len(weights) <= servers or weights[-1] > 1e-12 * max(weights):
        weights.append(weights[-1] * offered / min(len(weights), servers))
    number = int(np.searchsorted(np.cumsum(weights), chance.random() * sum(weights)))
    return _whole(chance.exponential(_MEAN_SERVICE_MS, number))


def _waits_ms(servers: int, arrived: Arrived, present: list[int]) -> Iterator[int]:
    """Yield the waits in the order in which customers are called, which is that of joining."""
    lane_ids = tuple(f"lane-{n}" for n in range(servers))
    spot = (0.0, 0.0)
    checkout = Checkout(
        [Till(lane_id, "line", TillKind.STAFFED, (spot,), spot) for lane_id in lane_ids],
        [QueuePath("line", lane_ids, (spot,), (spot, spot, spot))],
        begins_at_once=True,
    )
    for lane_id in lane_ids:
        checkout.open_lane(lane_id, 0)
    for number, left_ms in enumerate(present):
        checkout.join("line", Customer(_AT_FIRST + number, 0, left_ms))
    joined_ms = _whole(np.cumsum(arrived.between_ms))
    for number, (at_ms, lasts_ms) in enumerate(zip(joined_ms, _whole(arrived.service_ms), strict=True)):
        yield from _called_waits_ms(checkout.advance(at_ms))
        checkout.join("line", Customer(number, at_ms, lasts_ms))
    while checkout.next_ms is not None:
        yield from _called_waits_ms(checkout.advance(checkout.next_ms))


def _whole(values: npt.NDArray[np.float64]) -> list[int]:
    whole: list[int] = np.rint(values).astype(np.int64).tolist()
    return whole


def _called_waits_ms(changes: list[CheckoutChange]) -> Iterator[int]:
    for change in changes:
        if isinstance(change, Called) and change.customer.person_no < _AT_FIRST:
            yield change.t_ms - change.customer.joined_ms
