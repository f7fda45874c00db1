from dataclasses import replace

import numpy as np
import pytest

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.floor_people import FloorPeople
from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.queues import Queue, QueueCounter, QueueOutcome, QueueSample

# People are 50 high; the queue runs from the right to the till on the left.
TILL = Queue("till-1", ((0, 0), (400, 0), (400, 60), (0, 60)), tills_xy=((20, 30),))
HEIGHT = 50.0
STILL, WALKING = 0.05, 1.0
EMPTY_S = 12
"""Longer than a till's place may be seen empty while its customer is only hidden."""
GIVEN_UP_S = 50
"""Longer than it takes to be sure that somebody has left a line."""
Person = tuple[int, float, float]


def look(at_s: float, seen: tuple[Person, ...]) -> Sightings:
    """One picture; a person is (track, x, speed in heights per second), outside where x is above 400."""
    return Sightings(
        ids=np.array([p[0] for p in seen], dtype=np.int64),
        points_xy=np.array([(p[1], 30.0) for p in seen], dtype=float).reshape(-1, 2),
        scales=np.full(len(seen), HEIGHT),
        speeds=np.array([p[2] for p in seen], dtype=float),
        sure=np.ones(len(seen), dtype=np.bool_),
        present_ids=frozenset(p[0] for p in seen),
        at_s=at_s,
    )


class Scene:
    """A queue, and the people behind the tracks that are seen in it."""

    def __init__(self, queue: Queue = TILL) -> None:
        self.counter = QueueCounter([queue])
        self.people = FloorPeople()
        self.at_s = 0.0

    def go(self, seconds: float, *seen: Person) -> QueueSample:
        for _ in range(round(seconds * 10)):
            tracks = look(self.at_s, seen)
            who = self.people.step(tracks.ids, tracks.points_xy, tracks.scales, tracks.at_s)
            self.counter.step(replace(tracks, ids=who.numbers, sure=who.sure, present_ids=who.present))
            self.people.wait(self.counter.keeping_place())
            self.at_s = round(self.at_s + 0.1, 1)
        return self.counter.samples()[0]

    def take(self) -> QueueSample:
        (sample,) = self.counter.take()
        return sample


def test_waiting_then_service_then_gone() -> None:
    scene = Scene()
    waiting = scene.go(20, (1, 150, STILL))
    assert (waiting.waiting, waiting.serving) == (1, 0)
    assert waiting.longest_wait_s == pytest.approx(19.9)
    serving = scene.go(10, (1, 20, STILL))
    assert (serving.waiting, serving.serving, serving.longest_wait_s) == (0, 1, 0.0)
    scene.go(EMPTY_S, (1, 500, WALKING))
    (visit,) = scene.take().visits
    assert visit.outcome is QueueOutcome.SERVED
    assert visit.joined_s == pytest.approx(0.0)
    assert visit.wait_s == pytest.approx(20.0)
    assert visit.service_s == pytest.approx(9.9)


def test_leaving_without_reaching_the_till_is_giving_up() -> None:
    scene = Scene()
    scene.go(30, (1, 150, STILL))
    scene.go(GIVEN_UP_S, (1, 500, WALKING))
    (visit,) = scene.take().visits
    assert visit.outcome is QueueOutcome.ABANDONED
    assert visit.wait_s == pytest.approx(29.9)
    assert visit.service_s == 0


def test_walking_through_is_no_queueing() -> None:
    scene = Scene()
    for x in range(390, 0, -4):
        assert scene.go(0.1, (1, float(x), WALKING)).waiting == 0
    scene.go(3, (1, 500, WALKING))
    assert scene.take().visits == ()


def test_a_moment_of_standing_is_no_queueing() -> None:
    scene = Scene()
    assert scene.go(1, (1, 150, STILL)).waiting == 0
    scene.go(3, (1, 500, WALKING))
    assert scene.take().visits == ()


def test_shuffling_forward_does_not_begin_the_wait_anew() -> None:
    scene = Scene()
    scene.go(10, (1, 150, STILL))
    scene.go(2, (1, 110, WALKING))
    assert scene.go(10, (1, 90, STILL)).longest_wait_s == pytest.approx(21.9)


def test_the_next_in_line_waits_though_within_reach_of_the_till() -> None:
    scene = Scene()
    scene.go(10, (1, 20, STILL))
    both = scene.go(10, (1, 20, STILL), (2, 40, STILL))
    assert (both.waiting, both.serving) == (1, 1)
    scene.go(5, (1, 500, WALKING), (2, 20, STILL))
    scene.go(EMPTY_S, (2, 500, WALKING))
    first, second = scene.take().visits
    assert (first.outcome, second.outcome) == (QueueOutcome.SERVED, QueueOutcome.SERVED)
    assert first.service_s == pytest.approx(19.9)
    assert second.joined_s == pytest.approx(10.0)
    assert second.wait_s == pytest.approx(9.9), "until the first had left the till"
    assert second.service_s == pytest.approx(5.0, abs=0.2)


def test_two_tills_serve_two_at_once() -> None:
    scene = Scene(Queue("tills", TILL.corners_xy, tills_xy=((20, 30),), servers=2))
    sample = scene.go(10, (1, 10, STILL), (2, 40, STILL), (3, 150, STILL))
    assert (sample.waiting, sample.serving) == (1, 2)


def test_who_moves_on_within_the_area_after_the_till_has_been_served() -> None:
    scene = Scene()
    scene.go(10, (1, 20, STILL))
    sample = scene.go(EMPTY_S, (1, 200, STILL))
    assert (sample.waiting, sample.serving) == (0, 0), "packing bags is not queueing"
    (visit,) = scene.take().visits
    assert visit.outcome is QueueOutcome.SERVED
    scene.go(3, (1, 500, WALKING))
    assert scene.take().visits == (), "and is not counted twice"


def test_a_lost_track_in_the_queue_is_bridged() -> None:
    scene = Scene()
    scene.go(10, (1, 150, STILL))
    assert scene.go(2).waiting == 1
    assert scene.go(10, (2, 155, STILL)).longest_wait_s == pytest.approx(21.9)


def test_who_stands_in_line_and_is_hidden_keeps_the_place() -> None:
    scene = Scene()
    scene.go(10, (1, 150, STILL))
    assert scene.go(10).waiting == 1, "those beside them hide people in line for long"
    scene.go(5, (2, 140, STILL))
    scene.go(5, (2, 20, STILL))
    scene.go(EMPTY_S, (2, 500, WALKING))
    (visit,) = scene.take().visits
    assert visit.wait_s == pytest.approx(25.0, abs=0.2)


def test_whom_the_tracker_lost_for_good_nobody_saw_giving_up() -> None:
    scene = Scene()
    scene.go(10, (1, 150, STILL))
    scene.go(30 + GIVEN_UP_S)
    sample = scene.take()
    assert (sample.waiting, sample.visits, sample.lost) == (0, (), 1)
    assert scene.take().lost == 0


def test_who_stands_at_a_till_without_having_queued_is_no_customer() -> None:
    scene = Scene(Queue("line", ((100, 0), (400, 0), (400, 60), (100, 60)), tills_xy=((20, 30),)))
    assert scene.go(30, (1, 20, STILL)).serving == 0, "that is the cashier"


def test_a_till_outside_the_area_serves_who_came_by_the_queue() -> None:
    scene = Scene(Queue("line", ((100, 0), (400, 0), (400, 60), (100, 60)), tills_xy=((40, 30),)))
    scene.go(10, (1, 110, STILL))
    served = scene.go(10, (1, 40, STILL))
    assert (served.waiting, served.serving) == (0, 1)
    scene.go(EMPTY_S, (1, 500, WALKING))
    sample = scene.take()
    assert [visit.outcome for visit in sample.visits] == [QueueOutcome.SERVED]
    assert sample.busy_s == pytest.approx(sample.visits[0].service_s, abs=2.5)


def test_without_a_till_everybody_who_leaves_counts_as_served() -> None:
    scene = Scene(Queue("line", TILL.corners_xy))
    scene.go(12, (1, 20, STILL))
    scene.go(3, (1, 500, WALKING))
    (visit,) = scene.take().visits
    assert (visit.outcome, visit.service_s) == (QueueOutcome.SERVED, 0.0)
    assert visit.wait_s == pytest.approx(11.9)


def test_length_and_longest_wait_of_several() -> None:
    scene = Scene()
    scene.go(5, (1, 60, STILL))
    scene.go(5, (1, 60, STILL), (2, 120, STILL))
    sample = scene.go(5, (1, 60, STILL), (2, 120, STILL), (3, 180, STILL), (4, 300, WALKING))
    assert sample.waiting == 3
    assert sample.longest_wait_s == pytest.approx(14.9)


@pytest.mark.parametrize(
    ("queues", "part"),
    [
        ([Queue("q", ((0, 0), (1, 1)))], "corners"),
        ([Queue("q", TILL.corners_xy, tills_xy=((float("nan"), 0.0),))], "till"),
        ([TILL, TILL], "same id"),
    ],
)
def test_queues_that_cannot_work_are_refused(queues: list[Queue], part: str) -> None:
    with pytest.raises(GeometryError, match=part):
        QueueCounter(queues)


# The till and its cashier's place lie outside of the area, left of it.
WALK_UP = Queue("till-1", ((100, 0), (400, 0), (400, 60), (100, 60)), tills_xy=((20, 30),), cashiers_xy=((-30, 30),))


@pytest.mark.parametrize(
    ("queue", "x", "seconds", "served"),
    [
        pytest.param(WALK_UP, 22, 12, 1, id="a customer who walks straight to a free till"),
        pytest.param(WALK_UP, -12, 12, 0, id="nearer to the cashier's place than to the till"),
        pytest.param(WALK_UP, 22, 2, 0, id="too short to pay"),
        pytest.param(
            Queue("till-1", WALK_UP.corners_xy, WALK_UP.tills_xy), 22, 12, 0, id="nobody knows where cashiers stand"
        ),
    ],
)
def test_who_comes_past_the_area_to_a_free_till_is_a_customer(
    queue: Queue, x: float, seconds: float, served: int
) -> None:
    scene = Scene(queue)
    scene.go(seconds, (1, x, STILL))
    scene.go(EMPTY_S, (1, 80, WALKING))
    visits = scene.take().visits
    assert [visit.outcome for visit in visits] == [QueueOutcome.SERVED] * served
    # Found there, they have walked there: 80 pixels of 50 a height from the line's head, and 0.7 heights up to that.
    assert [visit.wait_s for visit in visits] == [pytest.approx((1.6 + 0.7) / 0.55)] * served


def test_who_packs_and_is_lost_is_not_served_again() -> None:
    scene = Scene(WALK_UP)
    scene.go(20, (1, 150, STILL), (2, 22, STILL))
    assert scene.take().visits == ()
    scene.go(10, (1, 150, STILL), (2, 60, STILL))
    scene.go(1, (1, 22, STILL))
    scene.go(5, (1, 22, STILL), (3, 52, STILL))
    assert len(scene.take().visits) == 1


def test_who_passes_the_till_was_not_served() -> None:
    scene = Scene()
    scene.go(10, (1, 150, STILL))
    scene.go(2, (1, 20, STILL))
    scene.go(5, (1, 150, STILL))
    assert scene.take().visits == ()
    scene.go(8, (1, 20, STILL))
    scene.go(EMPTY_S, (1, 500, WALKING))
    (visit,) = scene.take().visits
    assert visit.service_s == pytest.approx(7.9)
    assert visit.wait_s == pytest.approx(17.0)


def test_a_new_track_at_the_till_is_the_one_who_is_not_seen_there_any_more() -> None:
    scene = Scene()
    scene.go(10, (1, 150, STILL))
    scene.go(8, (1, 20, STILL))
    scene.go(1)
    scene.go(8, (2, 24, STILL))
    scene.go(EMPTY_S, (2, 500, WALKING))
    (visit,) = scene.take().visits
    assert visit.service_s == pytest.approx(16.9)


def test_whoever_passes_does_not_end_a_service_with_the_customers_track() -> None:
    scene = Scene()
    scene.go(10, (1, 150, STILL))
    scene.go(20, (1, 20, STILL))
    # Somebody walks by and off with the customer's track; a new one is found where the customer stands.
    scene.go(1, (1, 60, WALKING))
    scene.go(20, (1, 600, WALKING), (2, 22, STILL))
    assert scene.take().visits == ()
    scene.go(EMPTY_S, (2, 600, WALKING))
    (visit,) = scene.take().visits
    assert visit.outcome is QueueOutcome.SERVED
    assert visit.wait_s == pytest.approx(10.0)
    assert visit.service_s == pytest.approx(40.9, abs=0.3)


def test_the_next_in_line_is_another_customer() -> None:
    scene = Scene()
    scene.go(5, (1, 150, STILL))
    scene.go(20, (1, 20, STILL), (2, 150, STILL))
    scene.go(1.5, (1, 200, WALKING), (2, 90, WALKING))
    scene.go(10, (1, 600, WALKING), (2, 20, STILL))
    scene.go(EMPTY_S, (2, 600, WALKING))
    first, second = scene.take().visits
    assert (first.outcome, second.outcome) == (QueueOutcome.SERVED, QueueOutcome.SERVED)
    assert first.service_s == pytest.approx(19.9)
    assert second.wait_s == pytest.approx(21.5, abs=0.2)


class Manned:
    """A queue before two tills whose cashiers' places are in view; only the first has a cashier."""

    CASHIER = 99

    def __init__(self, *, tills: tuple[tuple[int, int], ...] = ((20, 30), (120, 30))) -> None:
        posts = tuple((x, 130) for x, _ in tills)
        self.counter = QueueCounter([replace(TILL, tills_xy=tills, posts_xy=posts, cashiers_xy=posts)])
        self.at_s = 0.0

    def go(
        self, seconds: float, *seen: Person, hidden: tuple[int, ...] = (), staff: frozenset[int] = frozenset()
    ) -> QueueSample:
        for _ in range(round(seconds * 10)):
            everybody = ((self.CASHIER, 20.0, STILL), *seen)
            picture = look(self.at_s, everybody)
            picture.points_xy[0, 1] = 130.0
            present = picture.present_ids | frozenset(hidden)
            self.counter.step(replace(picture, present_ids=present, staff_ids=staff | {self.CASHIER}))
            self.at_s = round(self.at_s + 0.1, 1)
        return self.counter.samples()[0]

    def visits(self) -> list[tuple[QueueOutcome, float, float]]:
        (sample,) = self.counter.take()
        return [(visit.outcome, round(visit.wait_s, 1), round(visit.service_s, 1)) for visit in sample.visits]


def test_who_stands_before_a_till_without_a_cashier_waits_on() -> None:
    scene = Manned()
    scene.go(5)
    scene.go(10, (1, 20, STILL))
    sample = scene.go(15, (1, 20, STILL), (2, 120, STILL))
    assert (sample.waiting, sample.serving) == (1, 1)


def test_nobody_waits_for_a_till_that_is_free() -> None:
    scene = Manned(tills=((20, 30),))
    scene.go(5)
    assert scene.go(5, (1, 80, STILL)).waiting == 1, "they may be on the way to it"
    assert scene.go(10, (1, 80, STILL)).waiting == 0
    assert scene.go(60, (1, 500, WALKING)).waiting == 0
    assert scene.visits() == [], "who did not wait gave nothing up"


def test_a_till_is_not_free_while_somebody_who_seems_to_work_here_stands_in_its_customers_place() -> None:
    scene = Manned(tills=((20, 30),))
    scene.go(5)
    scene.go(20, (1, 20, STILL))
    scene.go(25, (1, 20, STILL), (2, 100, STILL), staff=frozenset({1}))
    assert scene.go(10, (1, 20, STILL), (2, 100, STILL), staff=frozenset({1})).waiting == 1
    assert scene.go(12, (2, 100, STILL)).waiting == 0


def test_who_changes_lines_has_given_nothing_up() -> None:
    scene = Manned(tills=((20, 30),))
    other = Queue("till-2", ((600, 0), (900, 0), (900, 60), (600, 60)), tills_xy=((580, 30),))
    scene.counter = QueueCounter([*scene.counter.queues, other])
    scene.go(5)
    scene.go(20, (1, 20, STILL), (2, 100, STILL))
    scene.go(2, (1, 20, STILL), (2, 480, WALKING))
    scene.go(30, (1, 20, STILL), (2, 700, STILL))
    assert [visit.outcome for sample in scene.counter.take() for visit in sample.visits] == []


def test_who_stands_by_while_a_friend_pays_lengthens_nobodys_wait() -> None:
    scene = Manned(tills=((20, 30),))
    scene.go(12)
    scene.go(2, (1, 60, WALKING), (2, 80, WALKING))
    scene.go(60, (1, 20, STILL), (2, 80, STILL))
    assert scene.go(10, (1, 20, STILL), (2, 80, STILL), (3, 120, STILL)).waiting == 1
    scene.go(2, (1, 500, WALKING), (2, 80, STILL), (3, 60, WALKING))
    scene.go(30, (2, 500, WALKING), (3, 20, STILL))
    scene.go(EMPTY_S, (3, 500, WALKING))
    first, second = scene.visits()
    assert first[0] is second[0] is QueueOutcome.SERVED
    assert first[1] <= 3.0
    assert second[1] == pytest.approx(12.0, abs=1.0)


def test_who_is_lost_on_the_way_from_the_line_to_the_till_is_the_next_who_is_served() -> None:
    scene = Manned(tills=((20, 30),))
    scene.go(12)
    scene.go(30, (1, 20, STILL))
    scene.go(20, (1, 20, STILL), (2, 100, STILL))
    scene.go(1, (1, 500, WALKING), (2, 60, WALKING))
    scene.go(2, (1, 500, WALKING), hidden=(2,))
    scene.go(15, (3, 20, STILL))
    scene.go(EMPTY_S, (3, 500, WALKING))
    first, second = scene.visits()
    assert first[2] == pytest.approx(50.0, abs=1.0)
    assert second[1] == pytest.approx(23.0, abs=1.0)
    assert second[2] == pytest.approx(15.0, abs=1.0)


def test_whoever_gets_the_number_of_one_who_is_served_does_not_become_their_company() -> None:
    scene = Manned(tills=((20, 30),))
    scene.go(12)
    scene.go(20, (1, 20, STILL))
    # Somebody walks past and off with the track; another number is seen at the till, and that track comes to wait.
    scene.go(1.5, (1, 300, WALKING))
    scene.go(10, (2, 20, STILL), (1, 500, WALKING))
    assert scene.go(10, (2, 20, STILL), (1, 90, STILL)).waiting == 1


def test_who_only_stands_near_a_line_that_is_empty_is_not_in_it() -> None:
    scene = Scene(Queue("line", ((100, 0), (400, 0), (400, 60), (100, 60)), tills_xy=((40, 30),)))
    assert scene.go(10, (1, 300, STILL)).waiting == 0, "six heights from where the line begins"
    assert scene.go(10, (1, 300, STILL), (2, 110, STILL)).waiting == 1
    assert scene.go(10, (1, 160, STILL), (2, 110, STILL)).waiting == 2, "behind somebody who waits"


def test_who_is_seen_again_between_line_and_till_has_not_left_the_line() -> None:
    scene = Scene(WALK_UP)
    scene.go(5, (1, 110, STILL))
    scene.go(20, (1, 22, STILL), (2, 110, STILL))
    scene.go(5, (1, 22, STILL))
    scene.go(0.3, (1, 500, WALKING), (2, 60, WALKING))
    scene.go(15, (2, 22, STILL))
    scene.go(EMPTY_S, (2, 500, WALKING))
    first, second = scene.take().visits
    assert (first.outcome, second.outcome) == (QueueOutcome.SERVED, QueueOutcome.SERVED)
    assert second.wait_s == pytest.approx(25.0, abs=1.0)


def test_who_came_with_a_customer_and_is_not_seen_after_them_has_gone_with_them() -> None:
    scene = Manned(tills=((20, 30),))
    scene.go(12)
    scene.go(10, (9, 20, STILL))
    assert scene.go(10, (9, 20, STILL), (1, 80, STILL), (2, 110, STILL)).waiting == 2
    scene.go(1, (9, 500, WALKING), (1, 60, WALKING), (2, 110, STILL))
    scene.go(20, (1, 20, STILL), (2, 110, STILL))
    scene.go(10, (1, 20, STILL), (2, 110, STILL), (3, 160, STILL))
    last = scene.go(15, (1, 500, WALKING), (3, 20, STILL), hidden=(2,))
    assert (last.waiting, last.serving) == (0, 1)


def test_whoever_stands_beside_a_narrow_area_waits() -> None:
    narrow = Queue("line", ((100, 15), (400, 15), (400, 45), (100, 45)), tills_xy=((40, 30),))
    scene = Scene(replace(narrow, corners_xy=tuple((x, y - 25) for x, y in narrow.corners_xy)))
    assert scene.go(10, (1, 110, STILL)).waiting == 1, "a fifth of a height beside an area that is 0.6 wide"
    wide = tuple((x, 20 if y > 30 else -200) for x, y in narrow.corners_xy)
    assert Scene(replace(narrow, corners_xy=wide)).go(10, (1, 110, STILL)).waiting == 0


def test_what_was_told_is_told_once() -> None:
    scene = Scene()
    scene.go(20, (1, 150, STILL))
    scene.counter.close()
    assert len(scene.take().unknown) == 1
    again = scene.take()
    assert (again.unknown, again.visits, again.lost) == ((), (), 0)


@pytest.mark.parametrize(("staff", "waiting"), [(frozenset[int](), 1), (frozenset({7}), 0)])
def test_staff_who_stand_in_a_queues_area_are_not_in_line(staff: frozenset[int], waiting: int) -> None:
    counter = QueueCounter([TILL])
    for i in range(200):
        counter.step(replace(look(i / 10, ((7, 150, STILL),)), staff_ids=staff))
    assert counter.samples()[0].waiting == waiting
    assert counter.keeping_place() == (frozenset() if staff else frozenset({7}))
