import numpy as np
import pytest

from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.queue_customer import Customer, QueueSettings, QueueShape
from storesense_edge.vision.queue_leavers import Leavers
from storesense_edge.vision.queue_places import Places

SETTINGS = QueueSettings()
SHAPE = QueueShape(
    ring_xy=np.array([(0, 0), (4, 0), (4, 1), (0, 1)], dtype=float),
    tills_xy=np.array([(-1, 0.5)]),
    till_heights=0.45,
    till_servers=1,
    join_s=2.0,
)
PLACE = (2.0, 0.5)
Person = tuple[int, float, float, float]


def look(at_s: float, *seen: Person) -> Sightings:
    """One picture; a person is (number, x, y, speed), one metre tall."""
    return Sightings(
        ids=np.array([p[0] for p in seen], dtype=np.int64),
        points_xy=np.array([p[1:3] for p in seen], dtype=float).reshape(-1, 2),
        scales=np.ones(len(seen)),
        speeds=np.array([p[3] for p in seen], dtype=float),
        sure=np.ones(len(seen), dtype=np.bool_),
        present_ids=frozenset(p[0] for p in seen),
        at_s=at_s,
    )


class Line:
    """Number 1 has waited until 20 s, and then is outside; each call is a picture."""

    def __init__(self, waited_s: float = 15.0) -> None:
        self.leavers = Leavers(SHAPE, SETTINGS)
        self.places = Places(SETTINGS)
        self.see(20.0, (1, *PLACE, 0.0))
        customer = Customer(1, 1, 5.0, 20.0, 20.0, slow=True, waited_s=waited_s, waited_xy=np.array(PLACE))
        customer.slow_since_s, customer.has_stood = 5.0, True
        self.leavers.leave(customer, 21.5)

    def see(self, at_s: float, *seen: Person, in_any: bool = False) -> None:
        self.leavers.step(look(at_s, *seen), np.full(len(seen), in_any))

    def gave_up(self) -> bool:
        return bool(self.told(21.5 + SETTINGS.end_together_s + 0.1))

    def told(self, at_s: float) -> list[tuple[float, float]]:
        return [(left.joined_s, left.end_s) for left in self.leavers.take(self.places, at_s) if left.served is False]


def test_who_waited_and_was_seen_walking_away_has_given_up() -> None:
    line = Line()
    line.see(21.6, (1, 2.0, 2.0, 1.0))
    line.see(22.6, (1, 2.0, 3.0, 1.0))
    assert line.told(23.0) == [], "they may have gone with a customer"
    assert line.told(28.0) == [(5.0, 20.0)]
    assert line.told(29.0) == [], "told once"


@pytest.mark.parametrize(
    ("waited_s", "seen"),
    [
        pytest.param(3.0, [(22.6, (1, 2.0, 3.0, 1.0))], id="who had not begun to wait"),
        pytest.param(15.0, [(22.6, (1, 2.0, 1.5, 0.0))], id="who stands beside the line"),
        pytest.param(15.0, [], id="who was seen no more"),
        pytest.param(15.0, [(25.6, (1, 2.0, 3.0, 1.0))], id="who was missed for long may be somebody else"),
        pytest.param(
            15.0, [(22.6, (1, 2.0, 3.0, 1.0)), (23.0, (2, 2.1, 0.5, 0.0))], id="another track is in their very place"
        ),
    ],
)
def test_what_is_no_giving_up(waited_s: float, seen: list[tuple[float, Person]]) -> None:
    line = Line(waited_s)
    line.see(21.6, (1, 2.0, 1.4, 1.0))
    for at_s, person in seen:
        line.see(at_s, person)
    assert not line.gave_up()


def test_who_comes_to_a_stand_at_another_till_has_changed_lines() -> None:
    line = Line()
    line.see(21.6, (1, 2.0, 2.0, 1.0))
    line.see(22.6, (1, 2.0, 3.0, 1.0))
    line.see(24.0, (1, 2.0, 4.0, 0.0), in_any=True)
    assert not line.gave_up()


def test_whoever_moves_up_to_their_place_does_not_take_it_for_them() -> None:
    line = Line()
    for step, at_s in enumerate(np.arange(21.6, 24.0, 0.4)):
        line.see(float(at_s), (1, 2.0, 2.0 + step * 0.4, 1.0), (2, 3.0 - step * 0.2, 0.5, 0.0))
    assert line.gave_up()


def test_who_came_and_went_with_a_customer_gave_nothing_up() -> None:
    line = Line()
    line.see(21.6, (1, 2.0, 2.0, 1.0))
    line.see(22.6, (1, 2.0, 3.0, 1.0))
    line.places.end(23.0, 5.0, 0, 5.0)
    assert not line.gave_up()
