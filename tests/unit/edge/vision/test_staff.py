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
    assert share.staff_s == pytest.approx(60, abs=1), "what they did before it was known is theirs, too"
    assert (share.unsure_s, book.take().people_s) == (0.0, 0.0)


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
    assert share.staff_s == pytest.approx(60, abs=1)


def test_whom_another_camera_knows_works_here_and_what_it_takes_back_is_taken_off() -> None:
    book = StaffBook(PLACES)
    ids, points, everybody = np.array([1, 2]), np.array([[8.0, 8.0], [9.0, 3.0]]), frozenset({1, 2})
    for i in range(300):
        handed = frozenset({1}) if 100 <= i < 200 else frozenset[int]()
        works = book.step(ids, points, everybody, i / 10, handed=handed)
        assert works.tolist() == [100 <= i < 200, False]
        assert book.works(1) == (100 <= i < 200)
        if i == 199:
            assert book.take().staff_s == pytest.approx(20, abs=0.2), "what they did before it was known is theirs, too"
    assert book.take().staff_s == pytest.approx(-20, abs=0.2)
    assert book.found == frozenset()


def test_who_is_found_here_stays_staff_whatever_other_cameras_say() -> None:
    book = StaffBook(PLACES)
    for i in range(500):
        works = book.step(
            np.array([1]), np.array([[1.0, 1.0]]), frozenset({1}), i / 10, handed=frozenset({1} if i < 300 else ())
        )
    assert works.tolist() == [True]
    assert book.found == {1}
    assert book.take().staff_s == pytest.approx(50, abs=0.2)


STANDING = StaffPlaces(stand_s=60.0, unsure_s=30.0, found_after_s=10.0, found_for_s=300.0)


def test_who_stands_in_one_place_for_longer_than_any_customer_works_here() -> None:
    book = StaffBook(STANDING)
    assert watch(book, 59, (1, 8, 8), (2, 3, 3)) == [False, False]
    assert watch(book, 3, (1, 8.5, 8), (2, 5, 3), start_s=59) == [True, False]


def test_whoever_comes_back_to_one_place_again_and_again_works_here() -> None:
    book = StaffBook(STANDING)
    works = [False]
    for turn in range(4):
        works = watch(book, 16, (1, 8, 8), start_s=30.0 * turn)
        if turn < 3:
            assert works == [False]
            for stop in range(12):  # at more shelves than are kept
                watch(book, 1, (1, 1.0 + stop, 3), start_s=30.0 * turn + 16 + stop)
    assert works == [True], "sixteen seconds, four times"


def test_standing_in_line_is_no_work() -> None:
    book = StaffBook(STANDING)
    ids, points = np.array([1]), np.array([[8.0, 8.0]])
    for i in range(1_000):
        works = book.step(ids, points, frozenset({1}), i / 10, in_line=frozenset({1}))
    assert not works[0]
    assert book.take().unsure_s == 0.0


def test_where_staff_stand_is_a_post_that_whoever_comes_back_to_is_known_by_sooner() -> None:
    book = StaffBook(STANDING)
    assert watch(book, 62, (1, 8, 8)) == [True]
    watch(book, 5, (9, 1, 1), start_s=62)
    assert watch(book, 12, (2, 8.3, 8), (3, 4, 4), start_s=67) == [True, False]
    watch(book, 1, (9, 1, 1), start_s=400)
    assert watch(book, 12, (4, 8, 8), start_s=401) == [False], "nobody stood there for long: it is a post no more"


def test_posts_are_bounded() -> None:
    book = StaffBook(StaffPlaces(stand_s=1.0, found_after_s=1e9))
    for i in range(100):
        watch(book, 2, (i, 2.0 * i, 0), start_s=2.0 * i)
    assert len(book._found) <= 30


def test_who_may_work_here_is_told_apart_until_it_is_known() -> None:
    book = StaffBook(STANDING)
    watch(book, 50, (1, 8, 8))
    share = book.take()
    assert share.staff_s == 0.0
    assert share.unsure_s == pytest.approx(20, abs=1)
    watch(book, 30, (1, 8, 8), start_s=50)
    share = book.take()
    assert share.staff_s == pytest.approx(80, abs=1), "all of it is staff's by now"
    assert share.unsure_s == pytest.approx(-20, abs=1), "and nothing of it may be"
