from dataclasses import replace

import numpy as np
import pytest

from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.queues import Queue, QueueCounter, QueueVisit

# People are 1 high; the till is at (0, 0), and the area begins 1 to the right of it.
QUEUE = Queue("till", ((1, -1), (9, -1), (9, 1), (1, 1)), tills_xy=((0, 0),), cashiers_xy=((0, 2),))


class Walkers:
    """People who walk to and from a till, each as (number, x) in every picture."""

    def __init__(self, queue: Queue = QUEUE) -> None:
        self.counter = QueueCounter([queue])
        self.at_s = 0.0
        self.present: set[int] = set()

    def go(self, seconds: float, **ways: tuple[float, float]) -> None:
        """Let everybody walk from one x to another; a way of no length is standing."""
        steps = round(seconds * 10)
        for step in range(steps):
            share = step / steps
            numbers = [int(name[1:]) for name in ways]
            self.present |= set(numbers)
            x = [begin + share * (end - begin) for begin, end in ways.values()]
            speeds = [abs(end - begin) / seconds for begin, end in ways.values()]
            self.counter.step(
                Sightings(
                    ids=np.array(numbers, dtype=np.int64),
                    points_xy=np.array([(each, 0.0) for each in x]).reshape(-1, 2),
                    scales=np.ones(len(x)),
                    speeds=np.array(speeds),
                    sure=np.ones(len(x), dtype=np.bool_),
                    present_ids=frozenset(self.present),
                    at_s=self.at_s,
                )
            )
            self.at_s = round(self.at_s + 0.1, 1)

    def visits(self) -> tuple[QueueVisit, ...]:
        """All that is over."""
        (sample,) = self.counter.take()
        return sample.visits

    def served(self) -> list[float]:
        """How long each service was."""
        return [round(visit.service_s) for visit in self.visits()]


def test_who_walks_up_just_after_the_last_walked_off_is_the_next() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1))
    scene.go(1.5, p1=(0.0, -1.5), p2=(1.4, 0.2))
    scene.go(12, p1=(-1.5, -5.0), p2=(0.2, 0.2))
    scene.go(12, p2=(5.0, 20.0))
    assert scene.served() == [20, 12]


def test_who_is_passed_by_somebody_who_takes_the_number_along_is_served_on() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1))
    # The one who comes up passes through the customer's place: both tracks are there before one goes on.
    scene.go(1.0, p1=(0.1, 0.1), p2=(1.2, 0.2))
    scene.go(1.5, p1=(0.1, -1.5), p2=(0.2, 0.2))
    scene.go(12, p1=(-1.5, -5.0), p2=(0.2, 0.2))
    scene.go(12, p2=(5.0, 20.0))
    assert scene.served() == [34]


def test_who_is_found_elsewhere_after_a_gap_has_not_walked_off() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1))
    scene.go(0.7, p2=(1.4, 0.7))
    scene.go(0.7, p1=(-1.5, -1.5), p2=(0.7, 0.2))
    scene.go(12, p1=(-1.5, -1.5), p2=(0.2, 0.2))
    scene.go(12, p2=(5.0, 20.0))
    assert scene.served() == [33]


def test_who_is_lost_as_they_step_away_has_walked_off() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1))
    scene.go(0.4, p1=(0.1, -0.4), p2=(1.6, 1.3))
    scene.go(1.1, p2=(1.3, 0.2))
    scene.go(12, p2=(0.2, 0.2))
    scene.go(12, p2=(5.0, 20.0))
    assert scene.served() == [20, 12]


def test_who_walks_up_to_a_free_till_has_waited_since_the_end_of_the_line() -> None:
    scene = Walkers()
    scene.go(9, p1=(9.0, 0.0))
    scene.go(15, p1=(0.0, 0.0))
    scene.go(14, p1=(-5.0, -20.0))
    (visit,) = scene.visits()
    # From 0.7 before the area's beginning, at 1, to where they stand, rather than through all of an empty area.
    assert 1.2 <= visit.wait_s <= 2.0


def test_who_comes_to_a_stand_behind_others_has_waited_since_then() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1))
    scene.go(6, p1=(0.1, 0.1), p2=(8.0, 2.0))
    scene.go(10, p1=(0.1, 0.1), p2=(2.0, 2.0))
    scene.go(2, p1=(-1.0, -6.0), p2=(2.0, 0.1))
    scene.go(15, p2=(0.1, 0.1))
    scene.go(14, p2=(-5.0, -20.0))
    waits_s = [visit.wait_s for visit in scene.visits()]
    assert waits_s[1] == pytest.approx(12.0, abs=1.0)


def test_whose_number_is_found_at_the_till_after_they_walked_off_is_somebody_else() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1))
    scene.go(1.5, p1=(0.0, -1.5))
    scene.go(2.0)
    scene.go(12, p1=(0.1, 0.1))
    scene.go(14, p1=(-5.0, -20.0))
    assert scene.served() == [20, 12]


def test_who_is_seen_walking_back_is_served_on() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1))
    scene.go(1.5, p1=(0.0, -1.5))
    scene.go(1.5, p1=(-1.5, 0.0))
    scene.go(12, p1=(0.1, 0.1))
    scene.go(14, p1=(-5.0, -20.0))
    assert scene.served() == [35]


def test_who_stands_a_step_beside_where_they_stood_has_not_walked_off() -> None:
    scene = Walkers()
    scene.go(10, p1=(0.1, 0.1))
    scene.go(10, p1=(-0.35, -0.35))
    scene.go(1.5, p2=(1.6, 0.2))
    scene.go(12, p2=(0.2, 0.2))
    scene.go(14, p2=(5.0, 20.0))
    assert scene.served() == [33]


def test_who_stands_by_a_customer_beyond_the_head_of_the_line_does_not_wait() -> None:
    # Drawn as narrow as a lane is, so that people stand in line beside the area too.
    scene = Walkers(replace(QUEUE, corners_xy=((1, -0.3), (9, -0.3), (9, 0.3), (1, 0.3))))
    scene.go(2, p1=(2.0, 0.1))
    scene.go(5, p1=(0.1, 0.1))
    scene.go(1, p1=(0.1, 0.1), p2=(3.0, 0.5))
    scene.go(20, p1=(0.1, 0.1), p2=(0.5, 0.5))
    # The customer is hidden, and their friend is found in the customer's place.
    scene.go(3, p2=(0.4, 0.4))
    scene.go(10, p1=(0.1, 0.1), p2=(0.5, 0.5))
    scene.go(14, p1=(-5.0, -20.0), p2=(-6.0, -21.0))
    assert scene.served() == [39]


def test_who_stands_by_a_free_till_has_only_walked_there() -> None:
    scene = Walkers()
    scene.go(10, p1=(0.1, 0.1))
    scene.go(20, p1=(-5.0, -20.0))
    scene.go(15, p2=(1.3, 1.3))
    scene.go(1.5, p2=(1.3, 0.1))
    scene.go(12, p2=(0.1, 0.1))
    scene.go(14, p2=(-5.0, -20.0))
    last = scene.visits()[-1]
    assert last.wait_s == pytest.approx((1 + 0.7) / 0.55, abs=0.1)


NARROW = replace(QUEUE, corners_xy=((1, -0.3), (9, -0.3), (9, 0.3), (1, 0.3)))
"""Drawn as narrow as a lane is, so that people stand in line beside the area too."""


def test_who_stands_by_a_customer_does_not_wait_while_that_one_is_hidden() -> None:
    scene = Walkers(NARROW)
    scene.go(2, p1=(2.0, 0.1))
    scene.go(5, p1=(0.1, 0.1))
    scene.go(1, p1=(0.1, 0.1), p2=(3.0, 0.5))
    scene.go(20, p1=(0.1, 0.1), p2=(0.55, 0.55))
    scene.go(5, p2=(0.55, 0.55))
    (sample,) = scene.counter.samples()
    assert (sample.waiting, sample.serving) == (0, 1)


def test_who_walks_past_all_who_stand_has_waited_only_on_the_way() -> None:
    scene = Walkers()
    scene.go(10, p1=(0.1, 0.1))
    scene.go(20, p1=(0.1, 0.1), p2=(1.5, 1.5))
    scene.go(2, p1=(-1.0, -6.0), p2=(1.5, 1.5), p3=(9.0, 5.0))
    scene.go(3, p2=(1.5, 1.5), p3=(5.0, 0.1))
    scene.go(15, p2=(1.5, 1.5), p3=(0.1, 0.1))
    scene.go(14, p2=(9.0, 30.0), p3=(-5.0, -20.0))
    _, second, *_ = scene.visits()
    assert second.wait_s <= 3.0


@pytest.mark.parametrize("was_seen_coming", [True, False])
def test_only_who_was_seen_coming_has_walked_past_a_line(was_seen_coming: bool) -> None:
    scene = Walkers()
    scene.go(10, p1=(0.1, 0.1))
    scene.go(20, p1=(0.1, 0.1), p2=(1.5, 1.5))
    if was_seen_coming:
        scene.go(2, p1=(-1.0, -6.0), p3=(5.0, 1.7))
    else:
        scene.go(2, p1=(-1.0, -6.0))
    scene.go(1.5, p3=(1.7, 0.1))  # the next in line may go under another number
    scene.go(15, p3=(0.1, 0.1))
    scene.go(14, p3=(-5.0, -20.0))
    second = scene.visits()[-1]
    assert (second.wait_s <= 3.0) is was_seen_coming


def test_who_came_with_a_customer_does_not_follow_them_while_they_are_hidden() -> None:
    scene = Walkers()
    scene.go(20, p9=(0.1, 0.1))
    scene.go(15, p9=(0.1, 0.1), p1=(1.5, 1.5), p2=(2.0, 2.0))
    scene.go(1.5, p9=(-1.0, -6.0), p1=(1.5, 0.1), p2=(2.0, 0.9))
    scene.go(10, p1=(0.1, 0.1), p2=(0.9, 0.9))
    scene.go(2, p1=(0.1, 0.1), p2=(0.9, 0.4))
    scene.go(4, p2=(0.4, 0.4))
    scene.go(10, p1=(0.1, 0.1), p2=(0.4, 0.4))
    scene.go(14, p1=(-5.0, -20.0), p2=(-6.0, -21.0))
    assert scene.served() == [35, 26]


def test_whose_number_is_found_at_a_till_again_much_later_has_come_anew() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1), p2=(0.4, 0.4))
    scene.go(2, p1=(-1.0, -6.0))
    scene.go(30)
    scene.go(1, p2=(0.4, 0.4))
    scene.go(20)
    assert scene.served() == [20]


def test_who_came_with_a_customer_and_stays_in_line_waits_for_themselves() -> None:
    scene = Walkers()
    scene.go(20, p9=(0.1, 0.1))
    scene.go(15, p9=(0.1, 0.1), p1=(1.5, 1.5), p2=(2.0, 2.0))
    scene.go(1.5, p9=(-1.0, -6.0), p1=(1.5, 0.1), p2=(2.0, 2.0))
    scene.go(10, p1=(0.1, 0.1), p2=(2.0, 2.0))
    scene.go(2, p1=(0.0, -2.0), p2=(2.0, 0.1))
    scene.go(12, p1=(-2.0, -9.0), p2=(0.1, 0.1))
    scene.go(14, p2=(-5.0, -20.0))
    visits = [visit for visit in scene.visits() if visit.service_s]
    assert [round(visit.service_s) for visit in visits] == pytest.approx([35, 10, 12], abs=2)
    assert visits[2].wait_s == pytest.approx(27, abs=3)


def test_who_was_lost_from_the_line_while_nobody_was_seen_at_the_till_is_the_next_under_any_number() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1), p2=(2.0, 2.0))
    scene.go(3)
    scene.go(20, p1=(0.1, 0.1))
    scene.go(14, p1=(-5.0, -20.0))
    visits = [visit for visit in scene.visits() if visit.service_s]
    assert [round(visit.service_s) for visit in visits] == pytest.approx([20, 20], abs=1)
    assert visits[1].wait_s == pytest.approx(23, abs=1)


def test_a_customer_who_is_hidden_while_the_line_stands_stays_the_same() -> None:
    scene = Walkers()
    scene.go(20, p1=(0.1, 0.1), p2=(2.0, 2.0))
    scene.go(3, p2=(2.0, 2.0))
    scene.go(20, p1=(0.1, 0.1), p2=(2.0, 2.0))
    scene.go(14, p1=(-5.0, -20.0), p2=(2.0, 2.0))
    assert [visit.service_s for visit in scene.visits() if visit.service_s] == [pytest.approx(43, abs=1)]
