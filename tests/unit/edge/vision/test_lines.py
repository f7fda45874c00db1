from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.broken_walks import ends_of
from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.lines import CLEARANCE_HEIGHTS, MOST_LOST, CountingLine, InSide, LineCounter

HEIGHT = 100.0  # of everybody here
CLEAR = CLEARANCE_HEIGHTS * HEIGHT
UP = CountingLine("door", a_xy=(0, 100), b_xy=(0, 0))  # left of it is x < 0


def walk(counter: LineCounter, points: list[tuple[float, float]], *, track: int = 1, start_s: float = 0.0) -> list[str]:
    """What one person's way counts: i for in, o for out."""
    found = []
    for step, point in enumerate(points):
        crossings = counter.step(
            np.array([0]), np.array([track]), np.array([point], dtype=float), np.array([HEIGHT]), start_s + step / 10
        )
        found += ["i" if crossing.entered else "o" for crossing in crossings]
    return found


@pytest.mark.parametrize(
    ("xs", "counted", "why"),
    [
        ([-40, -20, 20, 40], "o", "from left to right, and left is in"),
        ([40, 20, -20, -40], "i", "from right to left"),
        ([-40, 40], "o", "in one step, as a slow camera sees it"),
        ([-40, -4, 4, -4, 4, -4, -40], "", "jitter on the line, then back"),
        ([-40, -4, 4, -4, 4, 40], "o", "jitter on the line, then across: once"),
        ([-40, 5, 4, 5, 4, 5], "", "stands just behind the line, never clear of it"),
        ([-40, 0.9 * CLEAR, -40], "", "turns before clearing the line"),
        ([-40, 40, -40, 40], "oio", "really walks to and fro"),
        ([5, -5, 5, -5, 40], "", "was never clear on the first side"),
        ([5, -5, -40, 40], "o", "appears on the line, then shows a side and crosses"),
        ([-40, 0, 40], "o", "a foot exactly on the line"),
        ([-CLEAR, CLEAR], "o", "exactly clear is clear"),
    ],
)
def test_what_counts(xs: list[float], counted: str, why: str) -> None:
    assert "".join(walk(LineCounter([UP]), [(x, 50) for x in xs])) == counted, why


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("in_side", list(InSide))
def test_in_is_the_side_that_was_configured(in_side: InSide, flip: bool) -> None:
    a, b = ((0.0, 0.0), (0.0, 100.0)) if flip else ((0.0, 100.0), (0.0, 0.0))
    to_the_left_of_the_picture = walk(LineCounter([CountingLine("door", a, b, in_side)]), [(40, 50), (-40, 50)])
    assert to_the_left_of_the_picture == ["i" if (in_side is InSide.LEFT) != flip else "o"]


@pytest.mark.parametrize(
    ("points", "counted", "why"),
    [
        ([(-40, 150), (40, 150)], "", "passes beyond the end"),
        ([(-40, -1), (40, -1)], "", "just beyond the other end"),
        ([(-40, 99), (40, 99)], "o", "just within"),
        ([(-40, 50), (-40, 150), (40, 150), (40, 50)], "", "walks around the end"),
        (
            [(-40, 50), (40, 50), (40, 150), (-40, 150), (-40, 50), (40, 50)],
            "oo",
            "through, back around it, and through",
        ),
        ([(-40, 140), (40, 40)], "o", "goes through at 90, within the end, though it started beyond"),
        ([(-40, 90), (40, 150)], "", "leaves the line at 120, beyond the end, though it started within"),
    ],
)
def test_the_ends_are_respected(points: list[tuple[float, float]], counted: str, why: str) -> None:
    assert "".join(walk(LineCounter([UP]), points)) == counted, why


def test_hysteresis_follows_the_persons_height() -> None:
    for height, counted in ((50.0, 1), (200.0, 0)):
        counter = LineCounter([UP])
        found = []
        for x in (-8.0, 8.0):
            found += counter.step(np.array([0]), np.array([1]), np.array([[x, 50.0]]), np.array([height]), 0.0)
        assert len(found) == counted


def test_a_reused_slot_brings_no_memory_of_its_former_user() -> None:
    counter = LineCounter([UP])
    assert walk(counter, [(-40, 50)], track=1) == []
    assert walk(counter, [(40, 50)], track=2) == []


@pytest.mark.parametrize(
    ("spread_xy", "counted", "why"),
    [
        ((0.0, 0.0), 1, "10 px is clear of the line when boxes are steady"),
        ((8.0, 0.0), 0, "and not when they tremble by as much across it"),
        ((0.0, 8.0), 1, "trembling along the line says nothing about which side they are on"),
    ],
)
def test_clear_is_further_away_where_boxes_tremble(spread_xy: tuple[float, float], counted: int, why: str) -> None:
    counter = LineCounter([UP])
    found = []
    for x in (-10.0, 10.0):
        found += counter.step(
            np.array([0]),
            np.array([1]),
            np.array([[x, 50.0]]),
            np.array([HEIGHT]),
            0.0,
            spreads_xy=np.array([spread_xy]),
        )
    assert len(found) == counted, why


def test_several_lines_and_people_are_judged_apart() -> None:
    counter = LineCounter([UP, CountingLine("far", a_xy=(200, 100), b_xy=(200, 0), in_side=InSide.RIGHT)])
    ids, slots, heights = np.array([7, 9]), np.array([3, 0]), np.array([HEIGHT, HEIGHT])
    counter.step(slots, ids, np.array([[-40.0, 50.0], [250.0, 50.0]]), heights, 0.0)
    found = counter.step(slots, ids, np.array([[250.0, 50.0], [150.0, 50.0]]), heights, 0.1)
    assert {(c.line_id, c.entered) for c in found} == {("door", False), ("far", True), ("far", False)}
    assert len(found) == 3


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ([CountingLine("x", (1, 1), (1, 1))], "same point"),
        ([CountingLine("x", (1, float("nan")), (1, 1))], "no number"),
        ([CountingLine("x", (0, 0), (1, 1)), CountingLine("x", (0, 0), (1, 2))], "same id"),
    ],
)
def test_lines_that_cannot_work_are_refused(lines: list[CountingLine], part: str) -> None:
    with pytest.raises(GeometryError, match=part):
        LineCounter(lines)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=40))
def test_counts_add_up_to_where_a_person_ended(xs: list[float]) -> None:
    found = walk(LineCounter([UP]), [(x, 50) for x in xs])
    assert all(one != two for one, two in pairwise(found)), "nobody goes in twice without going out"
    clear = [x for x in xs if abs(x) >= CLEAR]
    if clear:
        moved = (clear[0] > 0) != (clear[-1] > 0)
        assert len(found) % 2 == moved
    else:
        assert not found


@given(st.lists(st.tuples(st.integers(-100, 100), st.integers(-50, 150)), min_size=2, max_size=30))
def test_a_line_seen_from_the_other_end_counts_the_other_way(points: list[tuple[int, int]]) -> None:
    # Whole numbers never meet these ends, nor the line itself, so no rounding decides.
    bottom, top = (0.3, 100.654321), (0.3, -0.123456)
    there = walk(LineCounter([CountingLine("door", bottom, top)]), [(float(x), float(y)) for x, y in points])
    back = walk(LineCounter([CountingLine("door", top, bottom)]), [(float(x), float(y)) for x, y in points])
    assert ["o" if c == "i" else "i" for c in there] == back


def see(counter: LineCounter, track: int, x: float, vx: float, at_s: float, *, slot: int = 0) -> str:
    """What one sighting of somebody who walks across at a known pace counts."""
    point, height = np.array([[x, 50.0]]), np.array([HEIGHT])
    ends = ends_of(point, height, np.array([[vx, 0.0]]), np.ones(1), at_s)
    crossings = counter.step(np.array([slot]), np.array([track]), point, height, at_s, ends=ends)
    return "".join("i" if crossing.entered else "o" for crossing in crossings)


@pytest.mark.parametrize("slot", [0, 1])
def test_whoever_was_given_up_before_the_line_counts_when_found_behind_it(slot: int) -> None:
    counter = LineCounter([UP])
    assert see(counter, 1, -130, 60, 0.0) + see(counter, 1, -100, 60, 0.5) == ""
    # A row is taken over by the next track, or not; either way it is the walk that tells.
    assert see(counter, 2, 140, 60, 4.5, slot=slot) == "o"
    assert see(counter, 2, 170, 60, 5.0, slot=slot) == ""
    assert see(counter, 3, 150, 60, 5.0, slot=2) == "", "one walk goes on once"


def test_only_one_end_seen_counts_nothing() -> None:
    counter = LineCounter([UP])
    assert see(counter, 1, -40, 60, 0.0) + see(counter, 1, -10, 60, 0.5) == "", "never seen behind the line"
    assert see(LineCounter([UP]), 2, 30, 60, 4.5) == "", "never seen before it"


def test_a_track_that_jumps_across_after_a_gap_is_somebody_else() -> None:
    counter = LineCounter([UP])
    assert see(counter, 1, -100, 0, 0.0) + see(counter, 1, 60, 0, 2.0) == ""
    assert see(counter, 1, -60, -60, 4.0) == "i", "whose own way back counts"


NAN = float("nan")
ENTRANCE = replace(UP, is_entrance=True)


@pytest.mark.parametrize(
    ("x", "origin_x", "lost", "counted", "why"),
    [
        (30, -15, [], "o", "walks away from the line, and can only have come over it"),
        (2, -43, [], "o", "appears on the line, and walks off on the other side"),
        (-2, -47, [], "o", "the same, not yet behind it"),
        (30, 4, [], "", "was on the line a moment before, clear of it on no side"),
        (30, NAN, [], "", "does not walk"),
        (30, -15, [(15, 60)], "", "may be somebody who was lost on this side"),
        (30, -15, [(15, -30), (-20, 60)], "o", "cannot be somebody who was lost here and walked the other way"),
        (30, -15, [(-40, 60), (-45, 60)], "o", "may be either of two who were lost before the line: one came over it"),
    ],
)
def test_who_is_first_seen_walking_away_from_a_line_has_come_over_it(
    x: float, origin_x: float, lost: list[tuple[float, float]], counted: str, why: str
) -> None:
    counter, found = LineCounter([ENTRANCE]), ""
    for number, (lost_x, vx) in enumerate(lost, start=1):
        see(counter, number, lost_x, vx, 0.1, slot=number)
    for step in range(4):
        point, height, walked = (
            np.array([[x + 6.0 * step, 50.0]]),
            np.array([HEIGHT]),
            0.0 if np.isnan(origin_x) else 60.0,
        )
        at_s = 0.9 + step / 10
        ends = ends_of(point, height, np.array([[walked, 0.0]]), np.ones(1), at_s)
        origins = np.array([[origin_x + 6.0 * step, 50.0]])
        crossings = counter.step(
            np.zeros(1, dtype=np.intp), np.array([9]), point, height, at_s, ends=ends, origins_xy=origins
        )
        found += "".join("i" if crossing.entered else "o" for crossing in crossings)
    assert found == counted, why


def test_who_is_first_seen_past_the_end_of_a_line_has_not_come_over_it() -> None:
    counter = LineCounter([ENTRANCE])
    point, height, origins = np.array([[30.0, 150.0]]), np.array([HEIGHT]), np.array([[-15.0, 150.0]])
    ends = ends_of(point, height, np.array([[60.0, 0.0]]), np.ones(1), 1.0)
    assert (
        counter.step(np.zeros(1, dtype=np.intp), np.array([9]), point, height, 1.0, ends=ends, origins_xy=origins) == []
    )


def test_who_is_still_seen_beyond_a_line_is_not_the_newcomer() -> None:
    counter, height = LineCounter([ENTRANCE]), np.full(2, HEIGHT)
    see(counter, 1, 15, 60, 0.1)
    points, origins = np.array([[20.0, 50.0], [30.0, 50.0]]), np.array([[-25.0, 50.0], [-15.0, 50.0]])
    ends = ends_of(points, height, np.array([[60.0, 0.0]] * 2), np.ones(2), 0.2)
    slots, ids = np.arange(2, dtype=np.intp), np.array([1, 2])
    crossings = counter.step(slots, ids, points, height, 0.2, ends=ends, origins_xy=origins)
    assert [crossing.entered for crossing in crossings] == [False]
    assert counter.crossed_ids == [2]


def test_who_is_first_seen_behind_a_line_that_is_no_entrance_may_have_been_hidden_there() -> None:
    point, height, origins = np.array([[30.0, 50.0]]), np.array([HEIGHT]), np.array([[-15.0, 50.0]])
    ends = ends_of(point, height, np.array([[60.0, 0.0]]), np.ones(1), 1.0)
    for line, crossings in ((UP, 0), (ENTRANCE, 1)):
        slots, ids = np.zeros(1, dtype=np.intp), np.array([9])
        found = LineCounter([line]).step(slots, ids, point, height, 1.0, ends=ends, origins_xy=origins)
        assert len(found) == crossings


def test_memory_of_the_lost_is_bounded() -> None:
    counter = LineCounter([UP])
    for track in range(1, 2000):
        see(counter, track, -100.0 * track, 0, track * 1e-3)
    assert len(counter._lost) <= MOST_LOST
