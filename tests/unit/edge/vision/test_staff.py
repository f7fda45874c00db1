import numpy as np
import pytest

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.staff import StaffBook, StaffPlaces

PLACES = StaffPlaces(areas_xy_m=(((0, 0), (2, 0), (2, 2), (0, 2)),), posts_xy_m=((5.0, 5.0),), after_s=20.0)


def watch(book: StaffBook, seconds: float, *people: tuple[int, float, float], start_s: float = 0.0) -> list[bool]:
    ids = np.array([p[0] for p in people], dtype=np.int64)
    points = np.array([p[1:] for p in people], dtype=float).reshape(-1, 2)
    works = np.zeros(0, dtype=bool)
    for i in range(round(seconds * 10)):
        works = book.step(ids, points, ids.tolist(), start_s + i / 10)
    return [bool(x) for x in works]


def test_who_stays_behind_the_counter_works_here_and_goes_on_doing_so_on_the_floor() -> None:
    book = StaffBook(PLACES)
    assert watch(book, 10, (1, 1, 1), (2, 5.3, 5.2), (3, 8, 8)) == [False, False, False]
    assert watch(book, 15, (1, 1, 1), (2, 5.3, 5.2), (3, 8, 8), start_s=10) == [True, True, False]
    assert watch(book, 5, (1, 8, 8), start_s=25) == [True]


def test_the_share_of_staff_is_told() -> None:
    book = StaffBook(PLACES)
    watch(book, 60, (1, 1, 1), (3, 8, 8))
    share = book.take()
    assert share.people_s == pytest.approx(120, abs=1)
    assert share.staff_s == pytest.approx(40, abs=1)
    assert book.take().people_s == 0.0


def test_walking_through_is_no_work() -> None:
    book = StaffBook(PLACES)
    watch(book, 5, (1, 1, 1))
    assert watch(book, 60, (1, 8, 8), start_s=5) == [False]


def test_an_area_that_crosses_itself_is_refused() -> None:
    with pytest.raises(GeometryError, match="staff area 1"):
        StaffBook(StaffPlaces(areas_xy_m=(((0, 0), (2, 2), (2, 0), (0, 2)),)))
