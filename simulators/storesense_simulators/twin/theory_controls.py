"""Less chance in simulated mean waits: control variates whose means are known without any queueing theory of c tills.

A simulated mean wait is off for two reasons: the tills are wrong, or the customers happened to come a little thicker or
need a little longer than they do on average. The second can be measured and taken off (control variates; Lavenberg and
Welch, A perspective on the use of control variables, Management Science 27, 1981; Asmussen and Glynn, Stochastic
Simulation, 2007, V.2). All controls here come from the draws themselves, or from a wait times a draw that is
independent of it, so their means are known exactly, and the mean wait is estimated without bias from M/M/c's formula:

- times between arrivals and services, and their squares;
- a wait times how much longer than the mean that customer's service is, and the time until the next arrival. Whoever
  waits does not know either, so the mean is nothing; squaring Lindley's recursion shows that these hold most of what
  chance does to busy tills (they are martingales; Henderson and Glynn, Mathematics of Operations Research 27, 2002);
- how many tills are found busy: the arrivals' share of their service, by Little's law, whatever the line does;
- how many an infinity of tills would be serving when somebody comes, a Poisson number, and by how much that exceeds the
  tills there are. These hold what chance does to quiet tills, where waits are rare.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]

_BATCHES = 100


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who comes to the tills, and the laws that they were drawn from.

    Attributes:
        servers: how many tills.
        between_ms: exponential times before each arrival.
        service_ms: exponential services.
        mean_between_ms: mean of the law of the former.
        mean_service_ms: mean of the law of the latter.
        left_ms: services that an infinity of tills would still have to do at first.
    """

    servers: int
    between_ms: Floats
    service_ms: Floats
    mean_between_ms: float
    mean_service_ms: float
    left_ms: Floats


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and half of its 95 % confidence interval."""

    mean: float
    half_width: float


def controls_of(arrived: Arrived, waits_ms: npt.NDArray[np.int64]) -> Iterator[Floats]:
    """Yield controls less their means, each of a number a customer, in units of the means of the laws."""
    waits = waits_ms / arrived.mean_service_ms
    between = arrived.between_ms / arrived.mean_between_ms - 1.0
    service = arrived.service_ms / arrived.mean_service_ms - 1.0
    yield between
    yield service
    yield (between + 1.0) ** 2 - 2.0
    yield (service + 1.0) ** 2 - 2.0
    yield waits * service
    # The time to the next arrival; the last customer's is not known, which costs one term of many.
    yield waits * np.append(between[1:], 0.0)
    joined_ms = np.cumsum(arrived.between_ms)
    offered = arrived.mean_service_ms / arrived.mean_between_ms
    yield np.minimum(_found(joined_ms, joined_ms + waits_ms + arrived.service_ms), arrived.servers) - offered
    unlimited = _found(joined_ms, np.concatenate([arrived.left_ms, joined_ms + arrived.service_ms]))
    yield unlimited - offered
    above = np.maximum(unlimited - arrived.servers + 1, 0.0)
    yield above - _mean_above(arrived.servers, offered)
    yield above * above - _mean_above(arrived.servers, offered, power=2)


def adjusted_mean(values: Floats, controls: Iterable[Floats]) -> tuple[Estimate, Estimate]:
    """Return the mean of values as it is, and after the part that controls explain has been taken off.

    Both by batch means. The coefficients are those of the regression of the batches' means on the controls' means,
    and the interval is Student's, a degree of freedom less for each control.

    Args:
        values: one number a customer, in their order.
        controls: as many for each control, with mean 0.
    """
    means = _batch_means(values)
    plain = _interval(float(means.mean()), float(means.std(ddof=1)) ** 2 / _BATCHES, _BATCHES - 1)
    # The intercept of the regression is the mean where all controls have their true means, which are nothing.
    design = np.column_stack([np.ones(_BATCHES), *map(_batch_means, controls)])
    coefficients, _, rank, _ = np.linalg.lstsq(design, means, rcond=None)
    residual = means - design @ coefficients
    freedom = _BATCHES - int(rank)
    variance = float(residual @ residual) / freedom * float(np.linalg.pinv(design.T @ design)[0, 0])
    return plain, _interval(float(coefficients[0]), variance, freedom)


def _batch_means(values: Floats) -> Floats:
    size = len(values) // _BATCHES
    means: Floats = values[: size * _BATCHES].reshape(_BATCHES, size).mean(axis=1)
    return means


def _interval(mean: float, variance: float, freedom: int) -> Estimate:
    return Estimate(mean, float(stdtrit(freedom, 0.975)) * math.sqrt(variance))


def _found(joined_ms: Floats, ended_ms: Floats) -> Floats:
    """Return how many each customer finds who have joined, or were there, and have not ended yet."""
    before = np.arange(len(joined_ms)) + (len(ended_ms) - len(joined_ms))
    return np.asarray(before - np.searchsorted(np.sort(ended_ms), joined_ms), dtype=np.float64)


def _mean_above(servers: int, offered: float, *, power: int = 1) -> float:
    """Return the mean of a power of max(0, n - servers + 1), where n is Poisson with mean ``offered``."""
    total, share, n = 0.0, math.exp(-offered), 0
    while n < servers + 10 * offered + 60:
        total += share * float(max(0, n - servers + 1)) ** power
        n += 1
        share *= offered / n
    return total
