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
        works = book.step(ids, points, frozenset(ids.tolist()), start_s + i / 10)
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


def test_who_is_hidden_behind_the_counter_was_there_meanwhile() -> None:
    book = StaffBook(PLACES)
    here, nobody = np.array([[1.0, 1.0]]), np.zeros((0, 2))
    book.step(np.array([1]), here, frozenset({1}), 0.0)
    book.step(np.array([], dtype=np.int64), nobody, frozenset({1}), 10.0)
    assert book.step(np.array([1]), here, frozenset({1}), 21.0).tolist() == [True]


def test_who_is_gone_is_forgotten() -> None:
    book = StaffBook(PLACES)
    watch(book, 25, (1, 1, 1))
    assert book.works(1)
    watch(book, 1, (2, 8, 8), start_s=25)
    assert not book.works(1)
    assert not book.works(None)


def test_who_is_in_view_for_a_shift_works_here() -> None:
    book = StaffBook(StaffPlaces(shift_s=60.0))
    assert watch(book, 59, (1, 8, 8)) == [False]
    assert watch(book, 3, (1, 8, 8), start_s=59) == [True]


def test_the_share_is_of_the_people_whom_the_camera_owns() -> None:
    book = StaffBook(PLACES)
    ids, points = np.array([1, 2]), np.array([[1.0, 1.0], [1.5, 1.5]])
    for i in range(600):
        book.step(ids, points, frozenset({1, 2}), i / 10, counted=np.array([True, False]))
    share = book.take()
    assert share.people_s == pytest.approx(60, abs=1)
    assert share.staff_s == pytest.approx(40, abs=1)
