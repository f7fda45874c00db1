"""The checkout against queueing theory: mean waits of M/M/c, by formula and by the store's own lines and tills."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.queues import Customer
from storesense_simulators.twin.shop import QueuePath, Till, TillKind
from storesense_simulators.twin.tills import Called, Checkout, CheckoutChange

_MEAN_SERVICE_MS = 100_000
_CHUNK = 100_000
_BATCHES = 30
# Student's t with 29 degrees of freedom, 97.5 %.
_T_975 = 2.0452
_WARM_UP_SHARE = 0.05


def customers_for(load: float) -> int:
    """Return how many customers bring the standard error of the mean wait to about a hundredth.

    Waits follow one another, the more so the busier the tills: the variance of a mean over n customers of an M/M/1
    queue is rho (2 + 5 rho - 4 rho^2 + rho^3) / ((1 - rho)^4 n) (Daley 1968; Whitt 1989), against a squared mean of
    rho^2 / (1 - rho)^2. With several servers and little load few wait at all, which asks for more.
    """
    return round(1_500_000 + 60_000 / (1.0 - load) ** 2)


@dataclass(frozen=True, slots=True)
class WaitComparison:
    """A simulated mean wait beside the formula's.

    Attributes:
        servers: tills at one shared line.
        load: part of their time that the tills are busy, below 1.
        customers: how many waits were averaged, after the warm-up.
        formula_s: mean wait by Erlang C.
        measured_s: mean wait of the simulated customers.
        half_width_s: half of its 95 % confidence interval, by batch means.
        deviation: measured over formula, less 1.
    """

    servers: int
    load: float
    customers: int
    formula_s: float
    measured_s: float
    half_width_s: float
    deviation: float


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
    """
    waits_ms = np.fromiter(_waits_ms(servers, load, customers, seed), dtype=np.int64, count=customers)
    counted = waits_ms[int(customers * _WARM_UP_SHARE) :]
    size = len(counted) // _BATCHES
    means_s = counted[: size * _BATCHES].reshape(_BATCHES, size).mean(axis=1) / 1000
    measured_s = float(means_s.mean())
    formula_s = mean_wait_s(servers, load, _MEAN_SERVICE_MS / 1000)
    return WaitComparison(
        servers=servers,
        load=load,
        customers=size * _BATCHES,
        formula_s=formula_s,
        measured_s=measured_s,
        half_width_s=_T_975 * float(means_s.std(ddof=1)) / math.sqrt(_BATCHES),
        deviation=measured_s / formula_s - 1.0,
    )


def _waits_ms(servers: int, load: float, customers: int, seed: int) -> Iterator[int]:
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
    name = f"mmc/{servers}/{load}"
    arrivals, services = stream(seed, f"{name}/arrivals"), stream(seed, f"{name}/service")
    passed_ms = 0.0
    for first in range(0, customers, _CHUNK):
        size = min(_CHUNK, customers - first)
        joined_ms = passed_ms + np.cumsum(arrivals.exponential(_MEAN_SERVICE_MS / (servers * load), size))
        passed_ms = float(joined_ms[-1])
        service_ms = services.exponential(_MEAN_SERVICE_MS, size)
        for number, (at_ms, lasts_ms) in enumerate(zip(_whole(joined_ms), _whole(service_ms), strict=True)):
            yield from _called_waits_ms(checkout.advance(at_ms))
            checkout.join("line", Customer(first + number, at_ms, lasts_ms))
    while checkout.next_ms is not None:
        yield from _called_waits_ms(checkout.advance(checkout.next_ms))


def _whole(values: npt.NDArray[np.float64]) -> list[int]:
    whole: list[int] = np.rint(values).astype(np.int64).tolist()
    return whole


def _called_waits_ms(changes: list[CheckoutChange]) -> Iterator[int]:
    for change in changes:
        if isinstance(change, Called):
            yield change.t_ms - change.customer.joined_ms
