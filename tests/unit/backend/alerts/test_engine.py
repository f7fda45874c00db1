"""The engine's memory: it judges only what is concerned, and adopts only what was written."""

from datetime import UTC, datetime, timedelta

from storesense_backend.alerts.engine import Engine
from storesense_backend.alerts.kinds.catalogue import watches_of
from storesense_backend.alerts.values import QueueObservation, Timing
from storesense_backend.alerts.watches import Store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import QueueTooLongRule

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LAYOUT = StoreLayout.model_validate(
    {
        "id": "s",
        "name": "S",
        "time_zone": "UTC",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "front", "name": "Front"}],
        "queues": [{"id": name, "name": name, "section": "front"} for name in ("a", "b")],
    }
)
RULE = QueueTooLongRule(kind="queue_too_long", id="long", open_at_length=5, open_after_s=10, resolve_at_length=2)


def sample(at_s, length=6):
    at = T0 + timedelta(seconds=at_s)
    return QueueObservation(measured_at=at, received_at=at, length=length, longest_wait_s=0.0)


def engine(rules=(RULE,)):
    made = Engine(Timing())
    made.watch_store(Store(LAYOUT), rules)
    return made


def test_a_rule_without_names_watches_all():
    assert [watch.subject_id for watch in watches_of(Store(LAYOUT), [RULE])] == ["a", "b"]
    named = RULE.model_copy(update={"queues": ["b", "gone"]})
    assert [watch.subject_id for watch in watches_of(Store(LAYOUT), [named])] == ["b"]


def test_only_the_subject_that_was_measured_is_concerned():
    decisions = engine().judge({("s", "queue", "a"): [sample(0)], ("s", "slot", "a"): [sample(0)]}, T0)
    assert list(decisions.states) == [("s", "long", "a")]


def test_what_was_not_adopted_was_never_decided():
    made = engine()
    for _ in range(2):
        decisions = made.judge({("s", "queue", "a"): [sample(0), sample(10)]}, T0 + timedelta(seconds=10))
        assert len(decisions.changes) == 1
    made.adopt(decisions)
    assert made.open_count == 1
    assert made.judge({}, T0 + timedelta(seconds=11)).changes == []


def test_time_passes_for_runs_alone():
    made = engine()
    made.adopt(made.judge({("s", "queue", "a"): [sample(0)]}, T0))
    assert [change.kind for _, change in made.judge({}, T0 + timedelta(seconds=12)).changes] == ["opened"]


def test_an_edited_watch_is_judged_once_more():
    made = engine()
    made.adopt(made.judge({("s", "queue", "a"): [sample(0, 4)]}, T0))
    made.watch_store(Store(LAYOUT), [RULE.model_copy(update={"open_at_length": 4})])
    made.adopt(made.judge({}, T0 + timedelta(seconds=1)))
    assert len(made.judge({}, T0 + timedelta(seconds=12)).changes) == 1


def test_a_watch_that_is_gone_is_named_until_it_is_forgotten():
    made = engine()
    made.adopt(made.judge({("s", "queue", "a"): [sample(0)]}, T0))
    made.watch_store(Store(LAYOUT), [])
    assert made.unwatched() == [("s", "long", "a")]
    assert made.judge({}, T0 + timedelta(seconds=30)).changes == []
    made.forget(made.unwatched())
    assert made.unwatched() == []
    assert made.watch_count == 0


def test_other_stores_watches_stay():
    made = engine()
    made.watch_store(Store(LAYOUT.model_copy(update={"id": "t"})), [RULE])
    made.watch_store(Store(LAYOUT), [])
    assert made.watch_count == 2


def test_the_next_cause_to_ripen_says_when_to_look_again():
    made = Engine(Timing(settle_s=0.5))
    made.watch_store(Store(LAYOUT), (RULE,))
    assert made.due_at(T0) is None
    made.adopt(made.judge({("s", "queue", "a"): [sample(0)], ("s", "queue", "b"): [sample(3)]}, T0))
    due_at = T0 + timedelta(seconds=10.5)
    assert made.due_at(T0) == due_at
    made.adopt(made.judge({}, due_at - timedelta(milliseconds=1)))
    assert made.open_count == 0
    made.adopt(made.judge({}, due_at))
    assert made.open_count == 1
    assert made.due_at(due_at) == T0 + timedelta(seconds=13.5)


def test_what_is_ripe_and_stale_is_not_looked_at_again_and_again():
    made = engine()
    made.adopt(made.judge({("s", "queue", "a"): [sample(0)]}, T0))
    long_after = T0 + timedelta(hours=1)
    made.adopt(made.judge({}, long_after))
    assert made.open_count == 0
    assert made.due_at(long_after) is None
