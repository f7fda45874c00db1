"""The next wait against simulated queues whose waits are known."""

import heapq
import random

import pytest

from storesense_backend.next_wait import NextWait, Services, next_wait, serves, tills_of
from storesense_contracts.layout import Lane


def services(lengths_s: list[float]) -> Services:
    return Services(len(lengths_s), sum(lengths_s), sum(length**2 for length in lengths_s))


def simulate(tills: int, load: float, shape: float, seed: int) -> list[tuple[NextWait, float, int]]:
    """Customers of a queue with gamma services of 40 s: what was told to each who joined, and how long they waited."""
    chance = random.Random(seed)  # noqa: S311
    free_at = [0.0] * tills
    starts: list[float] = []
    done: list[tuple[float, float]] = []
    told: list[tuple[NextWait, float, int]] = []
    now = 0.0
    for _ in range(4_000):
        now += chance.expovariate(load * tills / 40.0)
        waiting = sum(start > now for start in starts[-200:])
        known = services([length for end, length in done[-300:] if end <= now])
        guess = next_wait(waiting, tills=tills, services=known, busy_share=load)
        assert guess is not None
        start = max(now, heapq.heappop(free_at))
        length = chance.gammavariate(shape, 40.0 / shape)
        heapq.heappush(free_at, start + length)
        starts.append(start)
        done.append((start + length, length))
        told.append((guess, start - now, waiting))
    return told[500:]


@pytest.mark.parametrize(
    ("tills", "load", "shape"),
    [
        pytest.param(1, 0.8, 2.0, id="one cashier"),
        pytest.param(4, 0.9, 2.0, id="four lanes, one line"),
        pytest.param(6, 0.85, 1.0, id="self-checkout, services of all lengths"),
    ],
)
def test_it_is_right_on_average_and_its_interval_holds(tills: int, load: float, shape: float) -> None:
    told = [(guess, wait_s) for guess, wait_s, waiting in simulate(tills, load, shape, seed=7) if waiting >= 1]
    assert len(told) > 500
    mean_error_s = sum(guess.mean_s - wait_s for guess, wait_s in told) / len(told)
    mean_wait_s = sum(wait_s for _, wait_s in told) / len(told)
    assert abs(mean_error_s) < 0.25 * mean_wait_s
    held = sum(guess.low_s <= wait_s <= guess.high_s for guess, wait_s in told) / len(told)
    assert 0.68 <= held <= 0.93, "80 % was promised"


def test_an_idle_till_is_a_walk_and_a_busy_one_a_short_one() -> None:
    known = services([40.0] * 50)
    idle, busy = (next_wait(0, tills=1, services=known, busy_share=share) for share in (0.05, 0.9))
    assert idle is not None
    assert busy is not None
    assert (idle.low_s, idle.high_s) == (0.0, 5.0), "the walk to the till"
    assert idle.mean_s < 4.0 < busy.mean_s < 41.0
    assert busy.high_s > busy.mean_s


def test_without_an_open_till_nobody_knows() -> None:
    assert next_wait(3, tills=0, services=services([40.0]), busy_share=None) is None


def test_with_no_service_seen_yet_a_minute_is_taken_and_the_interval_is_wide() -> None:
    guess = next_wait(1, tills=1, services=services([]), busy_share=None)
    assert guess is not None
    assert guess.mean_s == pytest.approx(125.0), "what is left of one minute, a whole one, and the walks"
    assert guess.low_s < 40.0
    assert guess.high_s > 220.0


def lane(kind: str, stations: int = 0) -> Lane:
    return Lane.model_validate(
        {"id": "lane-1", "name": "Lane 1", "kind": kind, "served_m": [[float(n), 1.0] for n in range(stations)]}
    )


@pytest.mark.parametrize(
    ("kind", "stations", "tills"),
    [
        pytest.param("staffed", 0, 1, id="a cashier serves one at a time"),
        pytest.param("staffed", 3, 1, id="however many places are drawn"),
        pytest.param("self_checkout", 4, 4, id="every machine serves one"),
        pytest.param("self_checkout", 0, 1, id="a machine that nobody drew is one"),
    ],
)
def test_a_lane_serves_as_many_at_once_as_it_has_tills(kind: str, stations: int, tills: int) -> None:
    assert tills_of(lane(kind, stations)) == tills


@pytest.mark.parametrize(
    ("kind", "is_open", "is_staffed", "is_serving"),
    [
        pytest.param("staffed", True, True, True, id="somebody is there"),
        pytest.param("staffed", True, False, False, id="open, and nobody is there"),
        pytest.param("staffed", False, True, False, id="somebody is there who serves nobody"),
        pytest.param("self_checkout", True, False, True, id="machines need nobody"),
        pytest.param("self_checkout", False, False, False, id="machines that are switched off"),
    ],
)
def test_a_lane_serves_when_it_is_open_and_somebody_or_a_machine_is_there(
    kind: str, is_open: bool, is_staffed: bool, is_serving: bool
) -> None:
    assert serves(lane(kind), {"is_open": is_open, "is_staffed": is_staffed}) is is_serving
