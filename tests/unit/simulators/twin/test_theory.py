"""The checkout against queueing theory."""

import math

import numpy as np
import pytest

from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.queues import Customer
from storesense_simulators.twin.shop import QueuePath, Till, TillKind
from storesense_simulators.twin.theory import compare_waits, erlang_c, mean_wait_s
from storesense_simulators.twin.theory_controls import Arrived, adjusted_mean, controls_of
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


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (2, 0.7), (4, 0.8), (8, 0.9)])
def test_mean_waits_agree_with_the_formula_within_their_interval(servers: int, load: float) -> None:
    result = compare_waits(servers, load, customers=60_000, seed=7)
    assert abs(result.measured_s - result.formula_s) < 1.5 * result.half_width_s
    assert result.half_width_s < 0.08 * result.formula_s
    assert result.half_width_s < 0.5 * result.plain_half_width_s


def test_tills_that_are_slower_than_told_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The controls take chance off, not errors: each customer is served 2 % longer than was drawn for them."""
    join = Checkout.join

    def slow(self: Checkout, queue_id: str, customer: Customer) -> None:
        join(self, queue_id, customer._replace(service_ms=round(customer.service_ms * 1.02)))

    monkeypatch.setattr(Checkout, "join", slow)
    result = compare_waits(1, 0.7, customers=60_000, seed=7)
    assert result.deviation > 0.03  # by the formula 6.9 %: the load is 0.714 and the service 102 s
    assert result.measured_s - result.half_width_s > result.formula_s
    assert not result.is_proven_within(0.03)


def test_controls_have_the_means_that_they_are_said_to_have() -> None:
    chance = stream(5, "controls")
    customers, servers = 200_000, 4
    between, service = chance.exponential(40.0, customers), chance.exponential(100.0, customers)
    arrived = Arrived(servers, between, service, 40.0, 100.0, chance.exponential(100.0, 2))
    joined = np.cumsum(between)
    waits = np.zeros(customers, dtype=np.int64)
    free_at = [0.0] * servers
    for number, (at, lasts) in enumerate(zip(joined.tolist(), service.tolist(), strict=True)):
        free_at.sort()
        waits[number] = round(max(0.0, free_at[0] - at))
        free_at[0] = max(at, free_at[0]) + lasts
    for number, control in enumerate(controls_of(arrived, waits)):
        means = control.reshape(100, -1).mean(axis=1)
        assert abs(means.mean()) < 3.5 * means.std() / 10, number


def test_what_controls_explain_is_taken_off_the_mean() -> None:
    chance = stream(6, "regression")
    noise, rest = chance.standard_normal(10_000), 0.1 * chance.standard_normal(10_000)
    plain, adjusted = adjusted_mean(5.0 + 3.0 * noise + rest, [noise])
    assert adjusted.half_width < 0.1 * plain.half_width
    assert adjusted.mean == pytest.approx(5.0, abs=2 * adjusted.half_width)
