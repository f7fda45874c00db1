"""Who goes over to a shorter line."""

import pytest

from storesense_simulators.twin.jockeying import Over, next_over
from storesense_simulators.twin.queues import Customer
from storesense_simulators.twin.shop import QueuePath, Till, TillKind
from storesense_simulators.twin.tills import Checkout

SPOT = (0.0, 0.0)
HEADS = {"a": (0.0, 0.0), "b": (2.6, 0.0), "c": (20.0, 0.0)}


def lanes(people, *, closed=()):
    """Lanes with a line each; the first of each line is served."""
    tills = [Till(name, name, TillKind.STAFFED, (SPOT,), SPOT) for name in people]
    checkout = Checkout(tills, [QueuePath(name, (name,), (SPOT,), (SPOT, SPOT, SPOT)) for name in people])
    number = 0
    for name, count in people.items():
        checkout.open_lane(name, 0)
        for _ in range(count):
            number += 1
            checkout.join(name, Customer(number, 0, service_ms=60_000))
        if name in closed:
            checkout.close_lane(name, 0)
    return checkout


@pytest.mark.parametrize(
    ("people", "closed", "under_way", "opened", "over", "why"),
    [
        ({"a": 2, "b": 0}, (), {}, (), Over(2, "a", "b"), "the one who waits goes to the idle lane beside"),
        ({"a": 1, "b": 0}, (), {}, (), None, "who is served stays"),
        ({"a": 2, "b": 1}, (), {}, (), None, "nothing is gained where one is served as well"),
        ({"a": 4, "b": 2}, (), {}, (), Over(4, "a", "b"), "shorter by two: the last goes"),
        ({"a": 4, "b": 2}, (), {"b": 1}, (), None, "somebody is on the way there already"),
        ({"a": 4, "b": 0}, ("b",), {}, (), None, "the lane beside takes nobody"),
        ({"a": 4, "c": 0}, (), {}, (), None, "a lane far away is not seen"),
        ({"a": 4, "c": 0}, (), {}, ("c",), Over(4, "a", "c"), "a lane that opens calls"),
        ({"a": 3, "b": 0, "c": 5}, (), {}, ("b",), Over(8, "c", "b"), "whoever gains most goes first"),
        ({"a": 2, "b": 0}, ("a",), {}, (), Over(2, "a", "b"), "from a lane that closes as from others"),
    ],
)
def test_the_last_of_a_line_goes_over_to_one_shorter_by_two(people, closed, under_way, opened, over, why):
    found = next_over(lanes(people, closed=closed), under_way, HEADS, lambda _: True, opened=opened)
    assert found == over, why


def test_nobody_goes_over_to_a_queue_that_is_not_to_be_joined():
    assert next_over(lanes({"a": 3, "b": 0}), {}, HEADS, lambda queue_id: queue_id == "a") is None
