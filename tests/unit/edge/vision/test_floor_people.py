import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.floor_people import FloorPeople, SeenPeople
from storesense_edge.vision.floor_person import FloorPeopleSettings

Track = tuple[int, float, float]


class Floor:
    """People of 1.7 m, seen ten times a second."""

    def __init__(self, settings: FloorPeopleSettings | None = None) -> None:
        self.people = FloorPeople(settings)
        self.at_s = 0.0

    def see(self, *tracks: Track) -> SeenPeople:
        seen = self.people.step(
            np.array([t[0] for t in tracks], dtype=np.int64),
            np.array([t[1:] for t in tracks], dtype=float).reshape(-1, 2),
            np.full(len(tracks), 1.7),
            self.at_s,
        )
        self.at_s = round(self.at_s + 0.1, 3)
        return seen

    def go(self, seconds: float, *tracks: Track) -> list[int]:
        seen = self.see(*tracks)
        for _ in range(round(seconds * 10) - 1):
            seen = self.see(*tracks)
        return [int(number) for number in seen.numbers]


@pytest.mark.parametrize(
    ("stood_s", "hidden_s", "away_m", "same"),
    [
        pytest.param(10, 8, 0.3, True, id="stood, was hidden, is found beside the place"),
        pytest.param(40, 60, 0.3, True, id="who has stood long is waited for long"),
        pytest.param(10, 60, 0.3, False, id="who has not stood for long is not"),
        pytest.param(10, 2, 4.0, False, id="nobody is found again far off"),
        pytest.param(0.5, 2, 0.3, True, id="somebody seen for a moment is found again after a moment"),
        pytest.param(0.5, 8, 0.3, False, id="and not after long"),
        pytest.param(600, 120, 0.3, False, id="nobody is waited for without end"),
    ],
)
def test_a_new_track_is_somebody_lost_nearby(stood_s: float, hidden_s: float, away_m: float, same: bool) -> None:
    floor = Floor()
    (before,) = floor.go(stood_s, (1, 5.0, 5.0))
    if hidden_s:
        floor.go(hidden_s)
    (after,) = floor.go(1, (2, 5.0 + away_m, 5.0))
    assert (after == before) is same


@pytest.mark.parametrize(("hidden_s", "same"), [(2.0, True), (5.0, False)])
def test_who_stepped_away_and_was_lost_is_found_again_within_seconds(hidden_s: float, same: bool) -> None:
    floor = Floor()
    (before,) = floor.go(20, (1, 5.0, 5.0))
    floor.go(1, (1, 5.9, 5.0))
    floor.go(hidden_s)
    assert (floor.go(1, (2, 5.9, 5.0)) == [before]) is same


def test_two_side_by_side_both_get_their_own_number_back() -> None:
    floor = Floor()
    left, right = floor.go(20, (1, 5.0, 5.0), (2, 6.0, 5.0))
    floor.go(5)
    # Nearest first would give the left one's number to the track in the middle.
    assert floor.go(1, (3, 5.55, 5.0), (4, 4.6, 5.0)) == [right, left]


def test_tracks_that_take_turns_are_one_person_and_seen_at_once_they_are_two() -> None:
    floor = Floor()
    (first,) = floor.go(5, (1, 5.0, 5.0))
    floor.go(1)
    assert floor.go(2, (2, 5.3, 5.0)) == [first]
    floor.go(1)
    assert floor.go(1, (1, 5.0, 5.0)) == [first]
    one, other = floor.go(1, (1, 5.0, 5.0), (2, 5.3, 5.0))
    assert one == first
    assert other != first


def test_whose_track_slides_onto_a_passer_by_has_not_left() -> None:
    floor = Floor()
    (before,) = floor.go(20, (1, 5.0, 5.0))
    floor.go(0.5, (1, 6.0, 5.0))
    passer, stayed = floor.go(1, (1, 7.0, 5.0), (2, 5.1, 5.0))
    assert stayed == before
    assert passer != before


def test_a_step_aside_for_a_moment_is_still_standing() -> None:
    floor = Floor()
    (before,) = floor.go(20, (1, 5.0, 5.0))
    floor.go(0.5, (1, 6.0, 5.0))
    floor.go(0.5, (1, 5.0, 5.0))
    floor.go(30)
    assert floor.go(1, (2, 5.0, 5.0)) == [before]


@pytest.mark.parametrize("waits", [True, False])
def test_who_waits_in_line_keeps_the_place_though_they_have_just_stepped_up(waits: bool) -> None:
    floor = Floor()
    (before,) = floor.go(1, (1, 5.0, 5.0))
    if waits:
        floor.people.wait(frozenset({before}))
    floor.go(12)
    (after,) = floor.go(1, (2, 5.4, 5.0))
    assert (after == before) is waits


def test_of_two_tracks_the_one_seen_more_often_keeps_the_number() -> None:
    floor = Floor()
    (first,) = floor.go(20, (1, 5.0, 5.0))
    floor.go(1)
    assert floor.go(0.5, (2, 5.3, 5.0)) == [first], "a mistake, perhaps"
    stray, back = floor.go(1, (2, 5.3, 5.0), (1, 5.0, 5.0))
    assert back == first
    assert stray != first


def test_somebody_is_certain_after_being_seen_for_some_time() -> None:
    floor = Floor(FloorPeopleSettings(sure_s=1.0))
    assert not floor.see((1, 5.0, 5.0)).sure[0]
    floor.go(0.8, (1, 5.0, 5.0))
    assert not floor.see((1, 5.0, 5.0)).sure[0]
    floor.go(0.2, (1, 5.0, 5.0))
    assert floor.see((1, 5.0, 5.0)).sure[0]


def test_somebody_nowhere_on_the_floor_is_nobody_lost() -> None:
    floor = Floor()
    (nowhere,) = floor.go(10, (1, float("nan"), float("nan")))
    floor.go(2)
    assert floor.go(1, (2, 5.0, 5.0)) != [nowhere]


@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 6), st.floats(0, 3), st.floats(0, 3)), max_size=5, unique_by=lambda track: track[0]
        ),
        max_size=80,
    ),
    st.integers(1, 30),
)
def test_every_track_is_one_present_person_and_no_two_of_a_picture_are_the_same(
    pictures: list[list[Track]], steps: int
) -> None:
    floor = Floor()
    for tracks in pictures:
        seen = floor.see(*tracks)
        floor.at_s += steps / 10
        numbers, slots = seen.numbers.tolist(), seen.slots.tolist()
        assert len(set(numbers)) == len(numbers) == len(tracks), "nobody is in two places"
        assert len(set(slots)) == len(slots)
        assert set(numbers) <= seen.present
        assert [floor.people.number_of(track[0]) for track in tracks] == numbers
    floor.at_s += 1000.0
    assert floor.see().present == frozenset()
