"""Queues and tills."""

from hypothesis import given
from hypothesis import strategies as st

from storesense_simulators.twin.queues import Customer
from storesense_simulators.twin.shop import QueuePath, Till, TillKind
from storesense_simulators.twin.tills import Called, Checkout, CheckoutChange, Ended, GaveUp, LaneSwitched

SPOT = (0.0, 0.0)
AREA = (SPOT, SPOT, SPOT)


def shared_line(*lanes: str, stations: int = 1, begins_at_once: bool = False) -> Checkout:
    tills = [Till(lane, "line", TillKind.STAFFED, (SPOT,) * stations, SPOT) for lane in lanes]
    return Checkout(tills, [QueuePath("line", lanes, (SPOT,), AREA)], begins_at_once=begins_at_once)


def test_the_walk_to_the_till_is_told_apart_from_wait_and_service() -> None:
    checkout = shared_line("a")
    checkout.open_lane("a", 0)
    checkout.join("line", Customer(1, 1_000, service_ms=5_000))
    assert checkout.advance(1_000)[-1] == Called(1_000, Customer(1, 1_000, 5_000), "line", "a", 0)
    checkout.begin_service("a", 0, 3_500)
    assert checkout.advance(8_499) == []
    ended = checkout.advance(8_500)[0]
    assert isinstance(ended, Ended)
    assert (ended.wait_ms, ended.walk_ms, ended.service_ms) == (0, 2_500, 5_000)


def test_the_next_is_called_to_the_millisecond_however_seldom_anybody_looks() -> None:
    checkout = shared_line("a", begins_at_once=True)
    checkout.open_lane("a", 0)
    for number in (1, 2, 3):
        checkout.join("line", Customer(number, 10, service_ms=1_111))
    calls = [change.t_ms for change in checkout.advance(60_000) if isinstance(change, Called)]
    assert calls == [10, 1_121, 2_232]


def test_who_has_waited_long_enough_leaves_and_who_was_called_does_not() -> None:
    checkout = shared_line("a")
    checkout.open_lane("a", 0)
    checkout.join("line", Customer(1, 0, 5_000, gives_up_ms=2_000))
    checkout.join("line", Customer(2, 0, 5_000, gives_up_ms=2_000))
    gone = [change for change in checkout.advance(10_000) if isinstance(change, GaveUp)]
    assert [(change.customer.person_no, change.t_ms) for change in gone] == [(2, 2_000)]


def test_a_lane_with_its_own_queue_closes_when_it_has_served_everybody_in_it() -> None:
    checkout = shared_line("a", begins_at_once=True)
    checkout.open_lane("a", 0)
    for number in (1, 2):
        checkout.join("line", Customer(number, 0, 1_000))
    checkout.close_lane("a", 500)
    assert checkout.open_stations("line") == 0  # nobody new may count on it
    changes = checkout.advance(5_000)
    assert [c.customer.person_no for c in changes if isinstance(c, Ended)] == [1, 2]
    assert changes[-1] == LaneSwitched(2_000, "a", is_open=False)


def test_one_lane_of_a_shared_queue_closes_after_its_customer() -> None:
    checkout = shared_line("a", "b", begins_at_once=True)
    for lane in ("a", "b"):
        checkout.open_lane(lane, 0)
    for number in (1, 2, 3, 4):
        checkout.join("line", Customer(number, 0, 1_000))
    checkout.close_lane("b", 500)
    changes = checkout.advance(10_000)
    assert LaneSwitched(1_000, "b", is_open=False) in changes
    assert [c.lane_id for c in changes if isinstance(c, Ended)] == ["a", "b", "a", "a"]


def test_a_lane_that_was_about_to_close_can_be_kept_open() -> None:
    checkout = shared_line("a", begins_at_once=True)
    checkout.open_lane("a", 0)
    checkout.join("line", Customer(1, 0, 1_000))
    checkout.close_lane("a", 100)
    checkout.open_lane("a", 200)
    assert not [c for c in checkout.advance(9_000) if isinstance(c, LaneSwitched) and not c.is_open]


def test_several_stations_serve_at_once() -> None:
    checkout = shared_line("self", stations=3, begins_at_once=True)
    checkout.open_lane("self", 0)
    for number in range(5):
        checkout.join("line", Customer(number, 0, 1_000))
    assert checkout.people_at("line") == 5
    assert checkout.queues["line"].length == 2


def test_somebody_who_left_and_joined_again_is_not_sent_away_by_the_old_patience() -> None:
    checkout = shared_line("a")
    checkout.open_lane("a", 0)
    checkout.join("line", Customer(1, 0, 9_000))
    checkout.join("line", Customer(2, 0, 9_000, gives_up_ms=1_000))
    checkout.leave("line", 2)
    checkout.join("line", Customer(2, 500, 9_000, gives_up_ms=1_500))
    gone = [change.t_ms for change in checkout.advance(10_000) if isinstance(change, GaveUp)]
    assert gone == [1_500]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2_000),  # after the one before
            st.integers(1, 5_000),  # service
            st.one_of(st.none(), st.integers(1, 4_000)),  # patience
        ),
        max_size=40,
    ),
    st.integers(1, 3),
    st.lists(st.integers(0, 40_000), max_size=6),
)
def test_nobody_is_lost_and_the_first_is_called_first(
    customers: list[tuple[int, int, int | None]], stations: int, looks: list[int]
) -> None:
    checkout = shared_line("a", "b", stations=stations, begins_at_once=True)
    checkout.open_lane("a", 0)
    checkout.open_lane("b", 0)
    changes: list[CheckoutChange] = []
    now = 0
    for number, (after, service, patience) in enumerate(customers):
        now += after
        changes += checkout.advance(now)
        if number in looks:
            checkout.close_lane("b", now)
        checkout.join("line", Customer(number, now, service, None if patience is None else now + patience))
    changes += checkout.advance(10**9)
    called = [c.customer.person_no for c in changes if isinstance(c, Called)]
    ended = [c.customer.person_no for c in changes if isinstance(c, Ended)]
    gone = [c.customer.person_no for c in changes if isinstance(c, GaveUp)]
    assert called == sorted(called)
    assert sorted(ended) == called
    assert sorted(called + gone) == list(range(len(customers)))
    assert [c.t_ms for c in changes] == sorted(c.t_ms for c in changes)
    assert checkout.people_at("line") == 0
