import numpy as np
import pytest

from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.queue_workers import STOOD_S, Workers

# People are 1 high; the only cashier sits at (0, 1), and customers are served at (0, 0).
POST = np.array([[0.0, 1.0]])
CASHIER, OTHER = 1, 2


def look(at_s: float, places: dict[int, tuple[float, float]], staff: set[int]) -> Sightings:
    ids = np.array(list(places), dtype=np.int64)
    return Sightings(
        ids=ids,
        points_xy=np.array(list(places.values()), dtype=np.float64).reshape(-1, 2),
        scales=np.ones(len(ids)),
        speeds=np.zeros(len(ids)),
        sure=np.ones(len(ids), dtype=np.bool_),
        present_ids=frozenset(places) | frozenset(staff),
        at_s=at_s,
        staff_ids=frozenset(staff),
    )


def out_of_line(workers: Workers, at_s: float, places: dict[int, tuple[float, float]], staff: set[int]) -> set[int]:
    seen = look(at_s, places, staff)
    here = np.array([abs(x) < 0.4 and abs(y) < 0.4 for x, y in places.values()], dtype=np.bool_)
    return set(workers.step(seen, here))


def test_staff_at_their_places_are_in_no_line() -> None:
    workers = Workers(POST)
    assert out_of_line(workers, 0.0, {CASHIER: (0, 1), OTHER: (0, 0)}, {CASHIER}) == {CASHIER}


@pytest.mark.parametrize(
    ("then", "still"),
    [
        pytest.param({CASHIER: (0.0, 0.1), OTHER: (0.0, 1.0)}, set(), id="somebody else is at the cashier's place"),
        pytest.param({CASHIER: (0.0, 0.3)}, {CASHIER}, id="a cashier whose legs are hidden seems to stand further off"),
        pytest.param({CASHIER: (0.0, 0.3), OTHER: (3.0, 0.0)}, {CASHIER}, id="others elsewhere do not matter"),
        pytest.param({CASHIER: (3.0, 0.0)}, {CASHIER}, id="staff who walk about are still no customers"),
    ],
)
def test_whoever_got_a_cashiers_number_is_a_customer_at_the_till(
    then: dict[int, tuple[float, float]], still: set[int]
) -> None:
    workers = Workers(POST)
    out_of_line(workers, 0.0, {CASHIER: (0, 1)}, {CASHIER})
    assert out_of_line(workers, 1.0, then, {CASHIER}) == still


def test_whoever_got_the_number_of_one_who_stands_elsewhere_stays_a_customer_until_back() -> None:
    workers = Workers(POST)
    out_of_line(workers, 0.0, {OTHER: (1.25, 0.0)}, {OTHER})
    assert out_of_line(workers, 1.0, {OTHER: (0.3, 0.0)}, {OTHER}) == set()
    assert out_of_line(workers, 2.0, {OTHER: (0.39, 0.0)}, {OTHER}) == set(), "a step back is no way back"
    assert out_of_line(workers, 3.0, {OTHER: (1.25, 0.0)}, {OTHER}) == {OTHER}


def test_staff_who_come_to_a_stand_have_a_new_place() -> None:
    workers = Workers(POST)
    out_of_line(workers, 0.0, {OTHER: (3.0, 0.0)}, {OTHER})
    out_of_line(workers, 5.0, {OTHER: (0.8, 0.0)}, {OTHER})
    assert out_of_line(workers, 6.0, {OTHER: (0.3, 0.0)}, {OTHER}) == set(), "they only passed there"
    out_of_line(workers, 10.0, {OTHER: (0.8, 0.0)}, {OTHER})
    out_of_line(workers, 10.1 + STOOD_S, {OTHER: (0.8, 0.0)}, {OTHER})
    assert out_of_line(workers, 50.0, {OTHER: (0.3, 0.0)}, {OTHER}) == {OTHER}
