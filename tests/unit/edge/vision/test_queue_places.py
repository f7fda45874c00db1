import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.queue_customer import QueueSettings
from storesense_edge.vision.queue_places import Gone, Places

SETTINGS = QueueSettings()


class Line:
    """A line in which so many are seen to wait as the test says."""

    def __init__(self) -> None:
        self.places = Places(SETTINGS)
        self.at_s = 0.0

    def go(self, seconds: float, *waiting_s: float) -> list[Gone]:
        gone: list[Gone] = []
        for _ in range(round(seconds * 10)):
            self.at_s = round(self.at_s + 0.1, 1)
            gone += self.places.step(self.at_s, 0.1, waiting_s)
        return gone


def test_the_first_who_came_is_the_first_who_is_served() -> None:
    line = Line()
    line.go(10, 0.0)
    line.go(10, 0.0, 10.0)
    assert line.places.serve(20.0, 16.0) == 0.0, "nobody took a place when this track seems to have come"
    line.go(10, 10.0)
    assert line.places.serve(30.0, 10.0) == 10.0
    assert len(line.places) == 0


def test_who_came_when_a_place_was_taken_has_had_that_place() -> None:
    line = Line()
    line.go(10, 0.0)  # stands by, and will never be served
    line.go(10, 0.0, 10.0)
    assert line.places.serve(20.0, 11.0) == 10.0
    assert line.places.joined_s == pytest.approx([0.0])


def test_a_free_till_empties_the_line_without_anybody_having_given_up() -> None:
    line = Line()
    line.go(10, 0.0)
    line.places.leave(0.0, 10.0, line.at_s, was_seen=True)
    line.places.empty()
    assert len(line.places) == 0
    assert line.go(60) == []
    assert line.places.serve_past(70.0, 68.0) == 68.0


def test_tracks_that_change_hands_change_no_place() -> None:
    line = Line()
    line.go(10, 0.0)
    line.go(10, 0.0, 10.0)
    line.go(20, 18.0, 19.0)  # both tracks broke, and two new ones seem to have come just now
    assert line.places.joined_s == pytest.approx([0.0, 10.0])


def test_who_is_seen_for_a_moment_takes_no_place() -> None:
    line = Line()
    line.go(1, 0.0)
    line.go(5)
    assert len(line.places) == 0


def test_who_is_hidden_for_long_gets_the_old_place_back() -> None:
    line = Line()
    line.go(10, 0.0)
    line.go(SETTINGS.gone_s + 1)
    assert len(line.places) == 0
    assert line.go(5, 24.0) == []
    assert line.places.joined_s == pytest.approx([0.0])


@pytest.mark.parametrize("was_seen", [True, False])
def test_a_place_that_stays_empty_is_given_up_once(was_seen: bool) -> None:
    line = Line()
    line.go(10, 0.0)
    line.places.leave(0.0, 10.0, line.at_s, was_seen=was_seen)
    gone = line.go(SETTINGS.gone_s + SETTINGS.return_s + 2)
    assert [(each.joined_s, each.end_s, each.was_seen) for each in gone] == [(0.0, 10.0, was_seen)]


def test_a_track_that_leaves_while_as_many_wait_was_not_the_persons() -> None:
    line = Line()
    line.go(10, 0.0)
    line.places.leave(0.0, 10.0, line.at_s, was_seen=True)
    assert line.go(60, 10.0) == []
    assert line.places.joined_s == pytest.approx([0.0])


@pytest.mark.parametrize("leaves_first", [True, False])
def test_who_came_with_the_one_who_is_served_goes_with_them(leaves_first: bool) -> None:
    line = Line()
    line.go(10, 0.0, 1.0)
    if leaves_first:
        line.places.leave(1.0, 10.0, line.at_s, was_seen=True)
        line.go(1, 0.0)
    line.places.serve(line.at_s, 0.0)
    if not leaves_first:
        line.places.leave(1.0, 11.0, line.at_s, was_seen=True)
    assert len(line.places) == 0
    assert line.go(60) == []


def test_who_was_not_served_after_all_has_the_old_place() -> None:
    line = Line()
    line.go(10, 0.0)
    line.go(10, 0.0, 10.0)
    joined_s = line.places.serve(20.0, 0.0)
    line.places.give_back(joined_s)
    assert line.places.joined_s == pytest.approx([0.0, 10.0])
    line.places.leave(1.0, 20.5, 20.5, was_seen=True)
    assert line.places.joined_s == pytest.approx([0.0, 10.0]), "nobody was served with whom they came"


def test_who_came_with_a_customer_holds_no_place_while_that_one_is_served() -> None:
    line = Line()
    line.go(10, 0.0)
    line.go(10, 0.0, 10.0)
    line.go(10, 0.0, 10.0, 20.0)
    assert line.places.serve(30.0, 0.0) == 0.0
    line.places.come_along(15.0)
    assert line.places.joined_s == pytest.approx([10.0, 20.0]), "nobody took a place then"
    line.places.come_along(11.0)
    assert line.places.joined_s == pytest.approx([20.0])


def test_the_end_of_the_source_tells_what_was_undecided() -> None:
    line = Line()
    line.go(10, 0.0)
    line.go(SETTINGS.gone_s + 1)
    (gone,) = line.places.close()
    assert (gone.joined_s, gone.was_seen) == (0.0, False)
    assert line.places.close() == []


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40))
def test_places_are_in_order_and_never_taken_in_the_future(looks: list[tuple[int, bool]]) -> None:
    line = Line()
    for waiting, is_served in looks:
        line.go(3, *(max(0.0, line.at_s - 2.0 - i) for i in range(waiting)))
        if is_served:
            assert line.places.serve(line.at_s, line.at_s) <= line.at_s
        joined_s = line.places.joined_s
        assert joined_s == sorted(joined_s)
        assert all(each <= line.at_s for each in joined_s)


@pytest.mark.parametrize(
    ("end_s", "gave_up"),
    [
        pytest.param(40.0, 0, id="with the customer they came with"),
        pytest.param(60.0, 1, id="long before that one's service was over"),
    ],
)
def test_who_came_with_a_customer_and_left_with_them_gave_nothing_up(end_s: float, gave_up: int) -> None:
    line = Line()
    line.go(20, 0.0, 1.0)
    line.places.serve(line.at_s, 0.0)
    line.go(20, 1.0)
    line.places.leave(1.0, line.at_s, line.at_s, was_seen=True)
    gone = line.go(SETTINGS.gone_s + 1)
    line.places.end(end_s, 0.0, 0, 0.0)
    gone += line.go(SETTINGS.gone_s + SETTINGS.return_s + 1)
    assert len(gone) == gave_up


def test_a_place_beside_that_of_a_customer_who_left_is_nobodys_if_nobody_is_seen_waiting() -> None:
    line = Line()
    line.go(10, 0.0, 1.0)
    line.go(10, 0.0, 1.0, 10.0)
    line.places.serve(line.at_s, 0.0)
    line.places.end(40.0, 0.0, 1, 0.0)
    assert line.places.joined_s == pytest.approx([10.0])


@pytest.mark.parametrize(
    ("own_joined_s", "is_company"),
    [
        pytest.param(1.0, True, id="they came with whoever is served"),
        pytest.param(30.0, False, id="their place was taken by somebody who came later"),
    ],
)
def test_company_is_told_by_when_the_customer_came_and_not_by_their_place(
    own_joined_s: float, is_company: bool
) -> None:
    line = Line()
    line.go(40, 0.0)
    line.places.serve(line.at_s, own_joined_s)
    assert line.places.has_company(0.0, line.at_s) is is_company


def test_who_was_seen_walking_away_leaves_their_own_place_empty() -> None:
    line = Line()
    line.go(20, 0.0)
    line.go(20, 0.0, 20.0)
    line.places.give_up(0.0)
    assert line.places.joined_s == pytest.approx([20.0])
    line.places.give_up(10.0)
    assert line.places.joined_s == pytest.approx([20.0]), "whose place theirs was is not known"
