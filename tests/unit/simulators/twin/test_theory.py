"""The checkout against queueing theory."""

import math

import numpy as np
import pytest

from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.queues import Customer
from storesense_simulators.twin.shop import QueuePath, Till, TillKind
from storesense_simulators.twin.theory import compare_waits, erlang_c, mean_wait_s
from storesense_simulators.twin.tills import Called, Checkout

SPOT = (0.0, 0.0)


def erlang_c_by_sums(servers: int, offered: float) -> float:
    waits = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return waits / (sum(offered**k / math.factorial(k) for k in range(servers)) + waits)


@pytest.mark.parametrize(
    ("servers", "offered", "expected"),
    [
        (1, 0.5, 0.5),  # one server: who comes while it is busy waits
        (2, 1.0, 1 / 3),  # by hand: a^2/(2(1-a/2)) / (1 + a + that)
        (8, 7.2, erlang_c_by_sums(8, 7.2)),
        (4, 2.0, erlang_c_by_sums(4, 2.0)),
    ],
)
def test_erlang_c_is_the_probability_of_waiting(servers: int, offered: float, expected: float) -> None:
    assert erlang_c(servers, offered) == pytest.approx(expected, rel=1e-12)


def test_mean_wait_of_one_server_is_the_textbooks() -> None:
    assert mean_wait_s(1, 0.9, 100.0) == pytest.approx(900.0)


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_every_single_wait_is_that_of_kiefer_and_wolfowitz(servers: int) -> None:
    """An independent recursion over the servers' times until free gives the same wait for each customer."""
    joined = np.cumsum(stream(3, "a").exponential(100.0 / servers / 0.85, 4_000)).round().astype(int).tolist()
    service = stream(3, "s").exponential(100.0, 4_000).round().astype(int).tolist()
    free_at, expected = [0] * servers, []
    for at, lasts in zip(joined, service, strict=True):
        free_at.sort()
        begins = max(at, free_at[0])
        free_at[0] = begins + lasts
        expected.append(begins - at)
    lanes = tuple(f"lane-{n}" for n in range(servers))
    checkout = Checkout(
        [Till(lane, "line", TillKind.STAFFED, (SPOT,), SPOT) for lane in lanes],
        [QueuePath("line", lanes, (SPOT,), (SPOT, SPOT, SPOT))],
        begins_at_once=True,
    )
    for lane in lanes:
        checkout.open_lane(lane, 0)
    waits: dict[int, int] = {}
    for number, (at, lasts) in enumerate(zip(joined, service, strict=True)):
        for change in checkout.advance(at):
            if isinstance(change, Called):
                waits[change.customer.person_no] = change.t_ms - change.customer.joined_ms
        checkout.join("line", Customer(number, at, lasts))
    for change in checkout.advance(10**12):
        if isinstance(change, Called):
            waits[change.customer.person_no] = change.t_ms - change.customer.joined_ms
    assert [waits[number] for number in range(4_000)] == expected


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (2, 0.7), (4, 0.7)])
def test_mean_waits_agree_with_the_formula_within_their_interval(servers: int, load: float) -> None:
    result = compare_waits(servers, load, customers=60_000, seed=7)
    assert abs(result.measured_s - result.formula_s) < 1.5 * result.half_width_s
    assert result.half_width_s < 0.2 * result.formula_s
