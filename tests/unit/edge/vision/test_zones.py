from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.floor_people import FloorPeople
from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.zones import Zone, ZoneCounter, ZoneSample

SHELF = Zone("shelf", ((0, 0), (100, 0), (100, 100), (0, 100)))
HEIGHT = 50.0
Person = tuple[int, float, float] | tuple[int, float, float, float]


def look(at_s: float, *seen: Person, unseen: tuple[int, ...] = ()) -> Sightings:
    """One picture: each person is (number, x, y) walking, or with a speed in heights a second."""
    return Sightings(
        ids=np.array([p[0] for p in seen], dtype=np.int64),
        points_xy=np.array([p[1:3] for p in seen], dtype=float).reshape(-1, 2),
        scales=np.full(len(seen), HEIGHT),
        speeds=np.array([p[3] if len(p) > 3 else 1.0 for p in seen]),
        sure=np.ones(len(seen), dtype=np.bool_),
        present_ids=frozenset([p[0] for p in seen] + list(unseen)),
        at_s=at_s,
    )


def watch(zones: ZoneCounter, begin_s: float, end_s: float, *seen: Person, unseen: tuple[int, ...] = ()) -> None:
    for i in range(round(begin_s * 10), round(end_s * 10)):
        zones.step(look(i / 10, *seen, unseen=unseen))


def take(zones: ZoneCounter) -> ZoneSample:
    (sample,) = zones.take()
    return sample


def test_a_visit_from_entry_to_exit() -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, 1, (1, -20, 50))
    watch(zones, 1, 6, (1, 50, 50))
    during = take(zones)
    assert (during.occupancy, during.entries, during.exits) == (1, 1, 0)
    watch(zones, 6, 8, (1, 150, 50))
    after = take(zones)
    assert (after.occupancy, after.entries, after.exits) == (0, 0, 1)
    (visit,) = after.visits
    assert visit.entered_s == pytest.approx(1.0)
    assert visit.dwell_s == pytest.approx(4.9)
    assert not visit.stopped, "walked all the time"


@pytest.mark.parametrize(("speed", "dwell_s", "stopped"), [(0.05, 5.0, True), (0.05, 1.5, False), (0.8, 5.0, False)])
def test_a_stop_is_time_spent_slow(speed: float, dwell_s: float, stopped: bool) -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, dwell_s, (1, 50, 50, speed))
    watch(zones, dwell_s, dwell_s + 2, (1, 150, 50))
    assert [visit.stopped for visit in take(zones).visits] == [stopped]


def test_feet_that_jitter_over_the_border_make_one_visit() -> None:
    zones = ZoneCounter([SHELF])
    for i in range(60):
        zones.step(look(i / 10, (1, 97 + 6 * (i % 3 == 0), 50)))
    watch(zones, 6, 8, (1, 150, 50))
    assert take(zones).entries == 1


def test_cutting_the_corner_for_a_moment_is_no_visit() -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, 0.3, (1, 99, 99))
    watch(zones, 0.3, 3, (1, 150, 99))
    assert take(zones) == ZoneSample("shelf", 0, 0, 0, 0.0, ())


def follow(zones: ZoneCounter, people: FloorPeople, begin_s: float, end_s: float, *tracks: Person) -> None:
    """The same with tracks, whose people are found out first."""
    for i in range(round(begin_s * 10), round(end_s * 10)):
        seen = look(i / 10, *tracks)
        who = people.step(seen.ids, seen.points_xy, seen.scales, seen.at_s)
        zones.step(replace(seen, ids=who.numbers, sure=who.sure, present_ids=who.present))


def test_a_visit_goes_on_with_another_track_of_the_same_person() -> None:
    zones, people = ZoneCounter([SHELF]), FloorPeople()
    follow(zones, people, 0, 4, (1, 50, 50, 0.1))
    follow(zones, people, 4, 9)
    assert zones.occupancy() == [1], "nobody vanishes in front of a shelf"
    follow(zones, people, 9, 12, (2, 60, 50, 0.1))
    follow(zones, people, 12, 14, (2, 150, 50))
    sample = take(zones)
    assert (sample.entries, sample.exits) == (1, 1)
    assert sample.visits[0].dwell_s == pytest.approx(11.9)


def test_two_new_tracks_do_not_share_one_visit() -> None:
    zones, people = ZoneCounter([SHELF]), FloorPeople()
    follow(zones, people, 0, 4, (1, 50, 50))
    follow(zones, people, 4, 5)
    follow(zones, people, 5, 7, (2, 50, 50), (3, 90, 50))
    sample = take(zones)
    assert (sample.entries, sample.occupancy) == (2, 2)


def test_who_is_not_seen_adds_no_time_before_they_are_seen_again() -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, 3, (1, 50, 50, 0.1))
    assert take(zones).presence_s == pytest.approx(2.9)
    watch(zones, 3, 5, unseen=(1,))
    hidden = take(zones)
    assert (hidden.occupancy, hidden.presence_s) == (1, 0.0)
    watch(zones, 5, 6, (1, 50, 50, 0.1))
    again = take(zones)
    assert again.entries == 0
    assert again.presence_s == pytest.approx(3.0)


def test_who_is_here_no_more_was_here_until_they_were_last_seen() -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, 3, (1, 50, 50, 0.1))
    watch(zones, 3, 5, unseen=(1,))
    watch(zones, 5, 6)
    sample = take(zones)
    assert (sample.occupancy, sample.exits) == (0, 1)
    assert sample.visits[0].dwell_s == pytest.approx(2.9)
    assert sample.presence_s == pytest.approx(2.9)


def test_a_visit_counts_from_its_beginning_once_it_is_certain_that_somebody_is_there() -> None:
    zones = ZoneCounter([SHELF])
    for i in range(10):
        zones.step(replace(look(i / 10, (1, 50, 50)), sure=np.array([False])))
    assert zones.occupancy() == [0]
    zones.step(look(1.0, (1, 50, 50)))
    sample = take(zones)
    assert (sample.occupancy, sample.entries) == (1, 1)
    assert sample.presence_s == pytest.approx(1.0)


def test_a_camera_that_stalls_adds_little() -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, 2, (1, 50, 50))
    zones.step(look(101.9, (1, 50, 50)))
    assert take(zones).presence_s == pytest.approx(1.9 + 3.0)


def test_presence_is_integrated_over_real_time() -> None:
    zones = ZoneCounter([SHELF])
    for at_s in (0.0, 0.6, 1.0, 3.0, 4.0):
        zones.step(look(at_s, (1, 50, 50), (2, 60, 60)))
    assert take(zones).presence_s == pytest.approx(2 * 4.0)


def test_closing_tells_open_visits_as_unknown_and_never_with_a_dwell_cut_short() -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, 4, (1, 50, 50))
    zones.close()
    sample = take(zones)
    assert (sample.occupancy, sample.entries, sample.exits) == (0, 1, 1)
    assert (sample.visits, sample.unknown) == ((), 1)


def test_staff_are_told_apart_and_are_no_visitors() -> None:
    zones = ZoneCounter([SHELF])
    for frame in range(41):
        seen = look(frame / 10, (1, 50, 50), (2, 60, 60))
        zones.step(replace(seen, staff_ids=frozenset({2})) if frame >= 20 else seen)
    sample = take(zones)
    assert sample.occupancy == 2
    assert sample.staff_s == pytest.approx(2.1, abs=0.11), "from when it was known"
    for frame in range(41, 60):
        zones.step(look(frame / 10, (1, 500, 50), (2, 500, 60)))
    sample = take(zones)
    assert (sample.exits, len(sample.visits), sample.unknown) == (2, 1, 0)


def test_zones_that_share_an_id_are_refused() -> None:
    with pytest.raises(GeometryError, match="same id"):
        ZoneCounter([SHELF, SHELF])


@given(
    st.lists(
        st.tuples(
            st.floats(0.02, 2.0),
            st.lists(
                st.tuples(st.integers(1, 4), st.floats(-50, 150), st.floats(-50, 150)),
                max_size=4,
                unique_by=lambda p: p[0],
            ),
        ),
        max_size=60,
    ),
    st.integers(1, 5),
)
def test_entries_less_exits_is_always_the_occupancy(
    pictures: list[tuple[float, list[tuple[int, float, float]]]], every: int
) -> None:
    zones = ZoneCounter([SHELF])
    at_s, balance = 0.0, 0
    for index, (step_s, seen) in enumerate(pictures):
        at_s += step_s
        zones.step(look(at_s, *seen))
        if index % every == 0:
            sample = take(zones)
            balance += sample.entries - sample.exits
            assert sample.entries >= 0
            assert sample.exits == len(sample.visits)
            assert balance == sample.occupancy >= 0
            assert all(visit.dwell_s >= SHELF.min_visit_s for visit in sample.visits)


@pytest.mark.parametrize(
    ("outside_x", "outside_s", "visits"),
    [
        pytest.param(104, 1.0, 1, id="a little over the border for a moment is the same visit"),
        pytest.param(104, 4.0, 2, id="for long it is not"),
        pytest.param(112, 1.0, 2, id="clear of the border it is not either"),
    ],
)
def test_a_visit_goes_on_for_who_stands_on_the_border(outside_x: float, outside_s: float, visits: int) -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, 5, (1, 95, 50))
    watch(zones, 5, 5 + outside_s, (1, outside_x, 50))
    watch(zones, 5 + outside_s, 12, (1, 95, 50))
    watch(zones, 12, 14, (1, 150, 50))
    assert len(take(zones).visits) == visits


def test_two_who_were_found_to_be_one_have_one_visit() -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, 4, (1, 50, 50), (2, 60, 50))
    before = take(zones)
    assert (before.occupancy, before.entries) == (2, 2)
    zones.step(replace(look(4.0, (1, 50, 50)), merged=((2, 1),)))
    watch(zones, 4.1, 9, (1, 50, 50))
    after = take(zones)
    assert (after.occupancy, after.entries, after.exits, after.unknown) == (1, 0, 1, 1)
    assert after.visits == (), "nobody has left"
    assert after.presence_s == pytest.approx(5.0, abs=0.2)
    watch(zones, 9, 10, (1, 150, 50))
    (visit,) = take(zones).visits
    assert (visit.entered_s, visit.dwell_s) == (0.0, pytest.approx(8.9))


def test_a_visit_goes_on_under_the_number_that_stays() -> None:
    zones = ZoneCounter([SHELF])
    watch(zones, 0, 4, (2, 50, 50))
    zones.step(replace(look(4.0, (1, 50, 50)), merged=((2, 1),)))
    watch(zones, 4.1, 6, (1, 50, 50))
    watch(zones, 6, 7, (1, 150, 50))
    sample = take(zones)
    assert (sample.entries, sample.exits, sample.unknown) == (1, 1, 0)
    assert sample.visits[0].dwell_s == pytest.approx(5.9)


@pytest.mark.parametrize(("works", "told"), [(False, [("shelf", "till", 5)]), (True, [])])
def test_ways_are_those_of_shoppers(works: bool, told: list[tuple[str, str, int]]) -> None:
    zones = ZoneCounter([SHELF, Zone("till", ((120, 0), (220, 0), (220, 100), (120, 100)))])
    for number in range(5):
        staff = frozenset({number}) if works else frozenset()
        for i in range(60):
            x = 50 if i < 20 else 170 if i < 40 else 300
            zones.step(replace(look(number * 6 + i / 10, (number, x, 50)), staff_ids=staff))
    found = zones.take_transitions()
    assert [(way.from_zone_id, way.to_zone_id, way.people) for way in found.told] == told
    assert found.suppressed == 0
