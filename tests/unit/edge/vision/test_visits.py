from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.ways_in import ways_in
from storesense_edge.vision.zones import Zone, ZoneCounter, ZoneSample, ZoneVisit

CORNERS = ((0.0, 0.0), (2.0, 0.0), (2.0, 12.0), (0.0, 12.0))
SHELVES = ([(0.0, 0.0), (0.0, 12.0)], [(2.0, 0.0), (2.0, 12.0)])
AISLE = Zone("aisle", CORNERS, ways_in=ways_in(CORNERS, SHELVES))
UNKNOWN = replace(AISLE, ways_in=None)
LATER_S = 200.0
Person = tuple[int, float, float]


def look(at_s: float, *seen: Person, unseen: tuple[int, ...] = (), staff: tuple[int, ...] = ()) -> Sightings:
    return Sightings(
        ids=np.array([p[0] for p in seen], dtype=np.int64),
        points_xy=np.array([p[1:] for p in seen], dtype=float).reshape(-1, 2),
        scales=np.full(len(seen), 1.7),
        speeds=np.ones(len(seen)),
        sure=np.ones(len(seen), dtype=np.bool_),
        present_ids=frozenset([p[0] for p in seen] + list(unseen)),
        at_s=at_s,
        staff_ids=frozenset(staff),
    )


def watch(
    zones: ZoneCounter,
    begin_s: float,
    end_s: float,
    *seen: Person,
    unseen: tuple[int, ...] = (),
    staff: tuple[int, ...] = (),
) -> None:
    for i in range(round(begin_s * 10), round(end_s * 10)):
        zones.step(look(i / 10, *seen, unseen=unseen, staff=staff))


def walk(zones: ZoneCounter, begin_s: float, number: int, from_y: float, to_y: float, *others: Person) -> float:
    """Let somebody walk along the aisle at 1 m/s, and return when they are there."""
    steps = round(abs(to_y - from_y) * 10)
    for i in range(steps):
        zones.step(look(begin_s + i / 10, (number, 1.0, from_y + (to_y - from_y) * i / steps), *others))
    return begin_s + steps / 10


def all_of(zones: ZoneCounter) -> ZoneSample:
    """Let time pass until everything is decided."""
    for i in range(150):
        zones.step(look(LATER_S + i))
    (sample,) = zones.take()
    return sample


def dwells_s(visits: tuple[ZoneVisit, ...]) -> list[float]:
    return sorted(round(visit.dwell_s) for visit in visits)


def test_who_is_lost_in_the_middle_and_found_under_another_number_makes_one_visit() -> None:
    zones = ZoneCounter([AISLE])
    walk(zones, 0, 1, -2, 6)
    watch(zones, 8, 10, (1, 1.0, 6.0))
    watch(zones, 10, 18)
    watch(zones, 18, 20, (2, 1.0, 7.0))
    walk(zones, 20, 2, 7, 14)
    sample = all_of(zones)
    assert (sample.entries, sample.exits, sample.unknown, sample.open_visits) == (1, 1, 0, 0)
    assert dwells_s(sample.visits) == [23], "from coming in at 2 s until going out at 25 s"
    assert sample.presence_s == pytest.approx(15, abs=0.5), "nobody knows who was there while nobody was seen"


@pytest.mark.parametrize(
    ("zone", "found_y", "after_s", "entries"),
    [
        pytest.param(UNKNOWN, 7.0, 8.0, 2, id="where people can come from is not known"),
        pytest.param(AISLE, 0.3, 8.0, 2, id="found at a way in, it is somebody who came"),
        pytest.param(AISLE, 10.0, 0.5, 2, id="nobody is that fast"),
        pytest.param(AISLE, 10.0, 8.0, 1, id="with time enough it is the same"),
        pytest.param(AISLE, 7.0, 90.0, 2, id="nobody is waited for that long"),
    ],
)
def test_who_is_found_is_who_was_lost_if_they_can_be(zone: Zone, found_y: float, after_s: float, entries: int) -> None:
    zones = ZoneCounter([zone])
    walk(zones, 0, 1, -2, 6)
    watch(zones, 8, 10, (1, 1.0, 6.0))
    watch(zones, 10, 10 + after_s)
    watch(zones, 10 + after_s, 12 + after_s, (2, 1.0, found_y))
    walk(zones, 12 + after_s, 2, found_y, 14)
    assert all_of(zones).entries == entries


def test_somebody_still_waited_for_under_the_old_number_is_one_person_with_the_new_one() -> None:
    zones = ZoneCounter([AISLE])
    walk(zones, 0, 1, -2, 6)
    watch(zones, 8, 10, (1, 1.0, 6.0))
    watch(zones, 10, 13, (2, 1.0, 8.0), unseen=(1,))
    assert zones.occupancy() == [1]
    walk(zones, 13, 2, 8, 14)
    assert len(all_of(zones).visits) == 1


def test_two_numbers_of_one_visit_that_are_seen_at_once_are_two_people() -> None:
    zones = ZoneCounter([AISLE])
    walk(zones, 0, 1, -2, 6)
    watch(zones, 8, 10, (1, 1.0, 6.0))
    watch(zones, 10, 13, (2, 1.0, 8.0), unseen=(1,))
    watch(zones, 13, 15, (1, 1.0, 6.0), (2, 1.0, 8.0))
    assert zones.occupancy() == [2]
    walk(zones, 15, 2, 8, 14, (1, 1.0, 6.0))
    walk(zones, 21, 1, 6, 14)
    assert len(all_of(zones).visits) == 2


def test_who_came_and_never_went_and_who_went_and_never_came_are_one() -> None:
    zones = ZoneCounter([AISLE])
    walk(zones, 0, 1, -2, 6)
    watch(zones, 8, 14, (1, 1.0, 6.0), (2, 1.0, 6.5))
    watch(zones, 14, 20, (2, 1.0, 6.5))
    walk(zones, 20, 2, 6.5, 14)
    sample = all_of(zones)
    assert (sample.entries, sample.exits, sample.unknown, sample.open_visits) == (2, 2, 1, 0)
    assert dwells_s(sample.visits) == [23]


def test_who_comes_while_another_one_is_hidden_is_another_one() -> None:
    zones = ZoneCounter([AISLE])
    walk(zones, 0, 1, -2, 6)
    watch(zones, 8, 10, (1, 1.0, 6.0))
    watch(zones, 10, 12)
    walk(zones, 12, 2, -2, 6)
    walk(zones, 20, 2, 6, -2)
    watch(zones, 28, 30, (1, 1.0, 6.0))
    walk(zones, 30, 1, 6, 14)
    assert dwells_s(all_of(zones).visits) == [12, 34]


def test_a_family_that_swaps_numbers_inside_makes_as_many_visits_as_they_are() -> None:
    zones = ZoneCounter([AISLE])
    for i in range(80):
        zones.step(look(i / 10, (1, 0.6, -2 + i / 10), (2, 1.4, -2.3 + i / 10)))
    watch(zones, 8, 12, (3, 0.6, 6.0), (1, 1.4, 5.7))
    watch(zones, 12, 16, (3, 1.4, 5.7), (4, 0.6, 6.0))
    for i in range(80):
        zones.step(look(16 + i / 10, (3, 0.6, 6 + i / 10), (4, 1.4, 5.7 + i / 10)))
    sample = all_of(zones)
    assert len(sample.visits) == 2
    assert sample.presence_s == pytest.approx(2 * 20, abs=2)


@pytest.mark.parametrize(
    ("beside", "visits"),
    [
        pytest.param(True, 1, id="part of whoever else was there, or nobody"),
        pytest.param(False, 1, id="where nobody else was, it was somebody"),
    ],
)
def test_who_was_seen_neither_coming_nor_going(beside: bool, visits: int) -> None:
    zones = ZoneCounter([AISLE])
    if beside:
        walk(zones, 0, 1, -2, 8)
    other = ((1, 1.0, 8.0),) if beside else ()
    watch(zones, 10, 14, (2, 1.0, 5.0), *other)
    if beside:
        watch(zones, 14, 15, *other)
        walk(zones, 15, 1, 8, 14)
    sample = all_of(zones)
    assert len(sample.visits) == visits
    assert sample.unknown == beside


def test_who_is_never_seen_clear_of_the_way_in_has_passed_by() -> None:
    zones = ZoneCounter([AISLE])
    watch(zones, 0, 6, (1, 1.0, 0.2))
    assert zones.occupancy() == [1], "they are there all the same"
    watch(zones, 6, 8, (1, 1.0, -1.0))
    sample = all_of(zones)
    assert (sample.entries, sample.exits, sample.visits) == (0, 0, ())
    assert sample.presence_s == pytest.approx(5.9)


def test_in_a_shallow_zone_less_is_clear() -> None:
    corners = ((0.0, 0.0), (4.0, 0.0), (4.0, 0.8), (0.0, 0.8))
    zones = ZoneCounter([Zone("shelf", corners, ways_in=ways_in(corners, [[(0.0, 0.8), (4.0, 0.8)]]))])
    watch(zones, 0, 5, (1, 2.0, 0.4))
    watch(zones, 5, 7, (1, 2.0, -1.0))
    assert len(all_of(zones).visits) == 1


def test_a_customer_does_not_go_on_with_the_visit_of_somebody_who_works_here() -> None:
    zones = ZoneCounter([AISLE])
    for i in range(100):
        zones.step(look(i / 10, (1, 1.0, min(-2 + i / 10, 6.0)), staff=(1,)))
    watch(zones, 10, 12)
    watch(zones, 12, 14, (2, 1.0, 6.5))
    walk(zones, 14, 2, 6.5, 14)
    assert dwells_s(all_of(zones).visits) == [7]


def test_as_the_source_ends_who_was_lost_is_unknown_and_who_was_seen_to_go_is_told() -> None:
    zones = ZoneCounter([AISLE])
    walk(zones, 0, 1, -2, 6)
    watch(zones, 8, 9, (2, 1.0, 9.0))
    walk(zones, 9, 2, 9, 14)
    watch(zones, 14, 16)
    before = zones.take()[0]
    assert (before.entries, before.exits, before.open_visits) == (2, 0, 2)
    zones.close()
    after = zones.take()[0]
    assert (after.exits, after.unknown, len(after.visits), after.open_visits) == (2, 1, 1, 0)


@given(
    st.lists(
        st.tuples(
            st.floats(0.1, 4.0),
            st.dictionaries(st.integers(1, 4), st.tuples(st.floats(-1, 3), st.floats(-3, 15)), max_size=4),
            st.sets(st.integers(1, 4)),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_entries_less_exits_are_always_the_open_visits(
    pictures: list[tuple[float, dict[int, tuple[float, float]], set[int], bool]],
) -> None:
    zones = ZoneCounter([AISLE])
    at_s, balance, told_s = 0.0, 0, 0.0
    for step_s, people, unseen, is_one in pictures:
        at_s += step_s
        seen = look(at_s, *((number, *xy) for number, xy in people.items()), unseen=tuple(unseen))
        if is_one and 1 in people and 2 not in people:
            seen = replace(seen, merged=((2, 1),), present_ids=seen.present_ids - {2})
        zones.step(seen)
        (sample,) = zones.take()
        balance += sample.entries - sample.exits
        told_s += sample.presence_s
        assert balance == sample.open_visits >= 0
        assert sample.exits == len(sample.visits) + sample.unknown
        assert all(0.5 <= visit.dwell_s <= at_s for visit in sample.visits)
        assert sample.occupancy <= len(seen.present_ids)
    zones.close()
    (sample,) = zones.take()
    assert balance + sample.entries - sample.exits == sample.open_visits == 0
    assert told_s <= 4 * at_s


@pytest.mark.parametrize(
    ("staff_until_s", "visits"),
    [
        pytest.param(3, 1, id="what another camera said was taken back"),
        pytest.param(20, 0, id="staff until the end"),
    ],
)
def test_a_visit_is_that_of_staff_by_what_is_known_at_its_end(staff_until_s: float, visits: int) -> None:
    zones = ZoneCounter([AISLE])
    for i in range(160):
        zones.step(look(i / 10, (1, 1.0, -2 + i / 10), staff=(1,) if i / 10 < staff_until_s else ()))
    sample = all_of(zones)
    assert (sample.entries, sample.exits, sample.unknown, len(sample.visits)) == (1, 1, 0, visits)


@pytest.mark.parametrize(
    ("seconds", "speed", "visits"),
    [
        pytest.param(5, 0.0, 1, id="stops at the mouth of the aisle"),
        pytest.param(2, 0.0, 0, id="hesitates there"),
        pytest.param(5, 1.0, 0, id="walks about there"),
    ],
)
def test_who_stops_just_inside_has_come_in(seconds: int, speed: float, visits: int) -> None:
    zones = ZoneCounter([AISLE])
    for i in range(seconds * 10):
        zones.step(replace(look(i / 10, (1, 1.0, 0.1)), speeds=np.full(1, speed)))
    watch(zones, seconds, seconds + 2, (1, 1.0, -1.0))
    assert len(all_of(zones).visits) == visits
