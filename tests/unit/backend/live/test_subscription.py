"""What waits for a client is merged by id and bounded, however slow it is."""

import asyncio
import itertools
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_backend.live.subscription import Offer, Subscription

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def queue(queue_id, length):
    return {"queues": {queue_id: {"queue_id": queue_id, "length": length}}}


NUMBERS = itertools.count(1)


def offer(subscription, changes):
    base = {"store_id": subscription.store_id, "at": AT, "day_started_at": AT}
    subscription.offer_changes(Offer(base, changes, next(NUMBERS)))


def test_a_snapshot_comes_first_and_replaces_what_waited():
    subscription = Subscription("s")
    offer(subscription, queue("a", 1))
    subscription.offer_snapshot({"at": 1})
    offer(subscription, queue("b", 2))
    events = subscription.take()
    assert [event.name for event in events] == ["snapshot", "update"]
    assert events[1].data["queues"] == [{"queue_id": "b", "length": 2}]
    assert events[1].data["store_id"] == "s"
    assert subscription.take() == []


def test_a_frozen_client_costs_no_more_than_there_are_things():
    subscription = Subscription("s")
    for n in range(10_000):
        offer(subscription, queue(f"queue-{n % 3}", n))
        subscription.offer_alert({"alert_id": n % 2, "n": n})
    assert subscription.waiting == 5
    events = subscription.take()
    assert [event.data["n"] for event in events if event.name == "alert"] == [9_998, 9_999]
    assert [item["length"] for item in events[-1].data["queues"]] == [9_999, 9_997, 9_998]


def test_whoever_is_told_the_same_is_told_it_by_one_event_written_once():
    quick, slow, late = Subscription("s"), Subscription("s"), Subscription("s")
    offers = [Offer({"store_id": "s"}, queue("a", n), n) for n in (1, 2, 3)]
    for n, one in enumerate(offers):
        for subscription in (quick, slow) if n == 0 else (quick, slow, late):
            subscription.offer_changes(one)
    (told,), (same,), (less,) = quick.take(), slow.take(), late.take()
    assert told is same
    assert told.text() is same.text()
    assert less is not told
    assert less.data["queues"] == told.data["queues"] == [{"queue_id": "a", "length": 3}]


def test_alerts_come_before_numbers():
    subscription = Subscription("s")
    offer(subscription, queue("a", 1))
    subscription.offer_alert({"alert_id": 1})
    assert [event.name for event in subscription.take()] == ["alert", "update"]


async def test_an_alert_does_not_wait_for_the_numbers_turn():
    subscription = Subscription("s")
    offer(subscription, queue("a", 1))
    assert not await subscription.wait(0.01, urgent_only=True)
    subscription.offer_alert({"alert_id": 1})
    assert await subscription.wait(0.01, urgent_only=True)
    assert [event.name for event in subscription.take(urgent_only=True)] == ["alert"]
    assert not await subscription.wait(0.01, urgent_only=True)
    assert await subscription.wait(0.01)
    assert [event.name for event in subscription.take()] == ["update"]
    assert not await subscription.wait(0.01)


async def test_waiting_ends_with_news_or_time():
    subscription = Subscription("s")
    assert not await subscription.wait(0.01)
    waiting = asyncio.create_task(subscription.wait(10))
    await asyncio.sleep(0)
    subscription.offer_alert({"alert_id": 1})
    assert await waiting
    subscription.take()
    assert not await subscription.wait(0.01)


async def test_a_closed_subscription_stays_awake_and_silent():
    subscription = Subscription("s")
    subscription.offer_alert({"alert_id": 1})
    subscription.close()
    assert subscription.take() == []
    assert await subscription.wait(0.01)
    assert await subscription.wait(0.01)


def test_no_change_is_no_news():
    subscription = Subscription("s")
    offer(subscription, {"queues": {}})
    assert subscription.take() == []


@settings(max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.integers(0, 4), st.integers(0, 100)),
            st.tuples(st.just("take"), st.just(0), st.just(0)),
            st.tuples(st.just("snapshot"), st.just(0), st.just(0)),
        )
    )
)
def test_whoever_merges_by_id_ends_with_what_is_the_case(steps):
    subscription = Subscription("s")
    truth, client = {}, {}

    def take():
        for event in subscription.take():
            if event.name == "snapshot":
                client.clear()
                client.update(event.data["queues"])
            else:
                client.update({item["queue_id"]: item["length"] for item in event.data["queues"]})

    subscription.offer_snapshot({"queues": {}})
    for kind, key, number in steps:
        if kind == "put":
            truth[key] = number
            offer(subscription, queue(key, number))
        elif kind == "snapshot":
            subscription.offer_snapshot({"queues": dict(truth)})
        else:
            take()
    take()
    assert client == truth
