"""Two that are never seen at once are one; two that are now and then are two, however badly one of them is seen."""

import numpy as np
import pytest

from storesense_edge.vision.floor_people import FloorPeople, SeenPeople

PERSON_M = 1.7


def run(
    people: FloorPeople, pictures: list[list[tuple[int, float, float]]], *, start_s: float = 0.0
) -> list[SeenPeople]:
    """Give pictures, a tenth of a second apart, of (track, x, y)."""
    seen = []
    for index, picture in enumerate(pictures):
        ids = np.array([track for track, _, _ in picture], dtype=np.int64)
        points = np.array([xy for _, *xy in picture], dtype=float).reshape(-1, 2)
        seen.append(people.step(ids, points, np.full(len(ids), PERSON_M), start_s + index / 10))
    return seen


def side_by_side(
    chance: np.random.Generator, pictures: int, shares: tuple[float, float]
) -> list[list[tuple[int, float, float]]]:
    return [
        [
            (track, 5.0 + 0.4 * track, 5.0)
            for track, share in zip((1, 2), shares, strict=True)
            if chance.random() < share
        ]
        for _ in range(pictures)
    ]


def test_tracks_that_take_turns_on_one_person_are_one() -> None:
    people, chance = FloorPeople(), np.random.default_rng(1)
    both = [[(1, 5.0, 5.0), (2, 5.5, 5.0)]]  # once: a box too many
    turns = [[(int(chance.choice([1, 2], p=[0.6, 0.4])), 5.0 + 0.1 * chance.normal(), 5.0)] for _ in range(60)]
    seen = run(people, both + turns)
    assert [step.merged for step in seen if step.merged] == [((2, 1),)]
    assert seen[-1].present == frozenset({1})
    assert {int(number) for step in seen[-20:] for number in step.numbers} == {1}


@pytest.mark.parametrize("shares", [(0.85, 0.85), (0.85, 0.3), (0.85, 0.1), (0.4, 0.4)])
def test_two_who_stand_side_by_side_stay_two(shares: tuple[float, float]) -> None:
    for seed in range(5):
        people, chance = FloorPeople(), np.random.default_rng(seed)
        seen = run(people, [[(1, 5.4, 5.0), (2, 5.8, 5.0)], *side_by_side(chance, 600, shares)])
        assert not any(step.merged for step in seen), f"seed {seed}"


def test_who_stands_apart_is_not_asked_about() -> None:
    people = FloorPeople()
    seen = run(people, [[(1, 5.0, 5.0), (2, 6.5, 5.0)], *([[(1, 5.0, 5.0)], [(2, 6.5, 5.0)]] * 50)])
    assert not any(step.merged for step in seen)


def test_one_who_was_made_one_and_is_two_after_all_is_parted() -> None:
    people = FloorPeople()
    turns = [[(1, 5.0, 5.0)], [(2, 5.2, 5.0)]] * 30
    seen = run(people, [[(1, 5.0, 5.0), (2, 5.2, 5.0)], *turns])
    assert seen[-1].present == frozenset({1})
    (after,) = run(people, [[(1, 5.0, 5.0), (2, 5.2, 5.0)]], start_s=7.0)
    assert len(set(after.numbers.tolist())) == 2


def test_a_track_that_begins_in_ones_very_place_while_the_box_is_missed_is_theirs() -> None:
    people = FloorPeople()
    run(people, [[(1, 5.0, 5.0)]] * 20)
    (same,) = run(people, [[(2, 5.2, 5.0)]], start_s=2.1)
    assert same.numbers.tolist() == [1]
    (other,) = run(people, [[(3, 6.0, 5.0)]], start_s=2.2)
    assert other.numbers.tolist() != [1], "elsewhere it takes half a second without a box"


@pytest.mark.parametrize(
    ("off_xy_m", "eye_xy_m", "same"),
    [
        pytest.param((0.0, 1.1), (5.0, -4.0), True, id="behind: hidden legs put one person in two places"),
        pytest.param((0.8, 0.8), (0.0, 0.0), True, id="behind, on a slanting line of sight"),
        pytest.param((1.1, 0.0), (5.0, -4.0), False, id="beside: a box tells sides well, so there are two"),
        pytest.param((0.0, 2.5), (5.0, -4.0), False, id="far behind: that is somebody else"),
        pytest.param((0.0, 1.1), None, False, id="where the camera is not known nothing is behind anything"),
    ],
)
def test_turns_behind_one_another_are_one_persons_whose_legs_are_hidden(
    off_xy_m: tuple[float, float], eye_xy_m: tuple[float, float] | None, same: bool
) -> None:
    people, chance = FloorPeople(eye_xy=eye_xy_m), np.random.default_rng(2)
    near, far = (1, 5.0, 5.0), (2, 5.0 + off_xy_m[0], 5.0 + off_xy_m[1])
    turns = [[(near, far)[int(chance.random() < 0.4)]] for _ in range(100)]
    seen = run(people, [[near, far], *turns])
    assert (seen[-1].present == frozenset({1})) is same


@pytest.mark.parametrize("shares", [(0.85, 0.85), (0.85, 0.3), (0.85, 0.1), (0.4, 0.4)])
def test_two_who_stand_behind_one_another_stay_two(shares: tuple[float, float]) -> None:
    for seed in range(5):
        people, chance = FloorPeople(eye_xy=(0.0, 5.0)), np.random.default_rng(seed)
        apart = [
            [(track, 5.0 + 0.9 * track, 5.0) for track, _, _ in picture]
            for picture in side_by_side(chance, 600, shares)
        ]
        seen = run(people, [[(1, 5.9, 5.0), (2, 6.8, 5.0)], *apart])
        assert not any(step.merged for step in seen), f"seed {seed}"


def test_turns_of_many_seconds_each_are_turns_too() -> None:
    people = FloorPeople()
    turns = [[(1, 5.0, 5.0)]] * 60 + [[(2, 5.4, 5.0)]] * 60
    seen = run(people, [[(1, 5.0, 5.0), (2, 5.4, 5.0)], *turns, *turns])
    assert seen[-1].present == frozenset({1})


@pytest.mark.parametrize("tracks", [3, 4])
def test_many_tracks_that_take_turns_on_one_person_become_one_in_the_end(tracks: int) -> None:
    for seed in range(20):
        people, chance = FloorPeople(), np.random.default_rng(seed)
        turns = [[(int(chance.integers(1, tracks + 1)), 5.0 + 0.05 * chance.normal(), 5.0)] for _ in range(40 * tracks)]
        seen = run(people, [[(track, 5.0, 5.0) for track in range(1, tracks + 1)], *turns])
        gone = [old for step in seen for old, _ in step.merged]
        assert len(gone) == len(set(gone)), f"seed {seed}: somebody was made another's twice"
        assert len(seen[-1].present) == 1, f"seed {seed}"
