"""When an alert opens, updates and resolves: table cases with their reasons, and what must hold whatever comes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from storesense_backend.alerts.evaluate import evaluate
from storesense_backend.alerts.kinds.catalogue import watches_of
from storesense_backend.alerts.values import (
    CLEAR,
    SEVERITIES,
    CauseState,
    ChangeKind,
    QueueObservation,
    StockObservation,
    Timing,
    Verdict,
    decode_state,
    encode_state,
)
from storesense_backend.alerts.watches import Store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import RULE

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TIMING = Timing(late_s=60.0, stale_s=120.0, settle_s=2.0)
LAYOUT = StoreLayout.model_validate(
    {
        "id": "s",
        "name": "S",
        "time_zone": "UTC",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "front", "name": "Checkout"}, {"id": "aisle-3", "name": "Aisle 3"}],
        "queues": [{"id": "tills", "name": "the tills", "section": "front"}],
        "slots": [
            {
                "id": "slot-1",
                "name": "Slot 1",
                "section": "aisle-3",
                "product": {"sku": "oat-1l", "name": "Oat milk 1 l", "unit_weight_g": 515},
                "capacity_units": 14,
                "reorder_point_units": 3,
            }
        ],
    }
)


def watch_of(**rule):
    (watch,) = watches_of(Store(LAYOUT), [RULE.validate_python(rule)])
    return watch


QUEUE = watch_of(
    kind="queue_too_long", id="long", open_at_length=5, resolve_at_length=2, open_after_s=20, resolve_after_s=15
)
STOCK = watch_of(kind="low_stock", id="low", open_after_s=10, resolve_after_s=5)


def judge(watch, observation):
    return watch.kind.judge(watch, observation)


def queue(at_s, length, *, delay_s=0.3, wait_s=0.0):
    measured_at = T0 + timedelta(seconds=at_s)
    return QueueObservation(
        measured_at=measured_at,
        received_at=measured_at + timedelta(seconds=delay_s),
        length=length,
        longest_wait_s=wait_s,
    )


def stock(at_s, units, *, confidence=0.95, is_stable=True, delay_s=0.3, weight_g=None, guest_g=None):
    measured_at = T0 + timedelta(seconds=at_s)
    return StockObservation(
        measured_at=measured_at,
        received_at=measured_at + timedelta(seconds=delay_s),
        weight_g=(units or 0) * 515.0 + (guest_g or 0.0) if weight_g is None else weight_g,
        is_stable=is_stable,
        units=units,
        confidence=confidence,
        guest_g=guest_g,
    )


def feed(watch, observations, *, state=CLEAR, ticks=()):
    """Feed observations as they arrive, and ticks, in order of time; return changes with their time."""
    events = [((o.received_at - T0).total_seconds(), [o]) for o in observations]
    events += [(at_s, []) for at_s in ticks]
    found = []
    for at_s, batch in sorted(events, key=lambda e: e[0]):
        state, changes = evaluate(watch, state, batch, T0 + timedelta(seconds=at_s), TIMING)
        found += [(round(at_s, 1), change.kind.value) for change in changes]
    return state, found


def every(step_s, start_s, stop_s, length, **more):
    return [queue(at_s, length, **more) for at_s in range(start_s, stop_s + 1, step_s)]


@pytest.mark.parametrize(
    ("name", "observations", "ticks", "expected"),
    [
        (
            "long for the whole duration opens with the sample that completes it",
            every(5, 0, 20, 5),
            [],
            [(20.3, "opened")],
        ),
        ("long for a moment less does not", every(5, 0, 19, 5), [], []),
        (
            "a sample between the thresholds ends the run towards opening",
            [*every(5, 0, 15, 6), queue(16, 4), *every(5, 20, 35, 6)],
            [],
            [],
        ),
        (
            "one sample and then nothing: time passes on ticks, two seconds behind for readings on their way",
            [queue(0, 7)],
            [10, 21.9, 22, 23],
            [(22, "opened")],
        ),
        ("a stale sample opens nothing, however long ago the run began", [queue(0, 7)], [130, 200], []),
        ("a hole longer than stale makes a new run", [queue(0, 7), queue(130, 7), queue(145, 7)], [], []),
        ("late samples never open", every(1, 0, 60, 9, delay_s=61.0), range(60, 180, 5), []),
        (
            "a late contrary sample inside a run ends it",
            [queue(0, 7), queue(4, 1, delay_s=61.0)],
            [10],
            [],
        ),
        (
            "an overtaken contrary sample starts the run anew",
            [queue(0, 7), queue(15, 7), queue(14, 1, delay_s=2.0), queue(21, 7), queue(36, 7)],
            [],
            [(36.3, "opened")],
        ),
        (
            "opens once, tells a new peak, resolves after it stayed short",
            [*every(5, 0, 20, 5), queue(25, 8), queue(30, 7), *every(5, 40, 55, 1)],
            [],
            [(20.3, "opened"), (25.3, "updated"), (55.3, "resolved")],
        ),
        (
            "between the thresholds it stays open",
            [*every(5, 0, 20, 5), *every(5, 25, 120, 3)],
            [],
            [(20.3, "opened")],
        ),
        (
            "late proof is no proof",
            [*every(5, 0, 20, 5), *every(1, 25, 60, 0, delay_s=61.0)],
            range(60, 150, 5),
            [(20.3, "opened")],
        ),
        (
            "silence is no proof",
            every(5, 0, 20, 5),
            range(25, 900, 5),
            [(20.3, "opened")],
        ),
        (
            "a single proof that stays unopposed resolves on a tick",
            [*every(5, 0, 20, 5), queue(30, 0)],
            [40, 46.9, 47],
            [(20.3, "opened"), (47, "resolved")],
        ),
        (
            "a late peak after the end opens nothing again",
            [*every(5, 0, 20, 5), queue(25, 1), queue(26, 9, delay_s=61.0)],
            range(30, 100),
            [(20.3, "opened"), (42, "resolved")],
        ),
        (
            "a late peak inside the run towards the end changes no numbers, it only holds the end back",
            [*every(5, 0, 20, 5), *every(5, 25, 35, 1), queue(36, 9, delay_s=61.0), *every(5, 100, 120, 1)],
            [],
            [(20.3, "opened"), (115.3, "resolved")],
        ),
        (
            "after it resolved, the next cause opens another alert",
            [*every(5, 0, 20, 5), *every(5, 25, 40, 0), *every(5, 50, 70, 6)],
            [],
            [(20.3, "opened"), (40.3, "resolved"), (70.3, "opened")],
        ),
    ],
)
def test_queue_too_long(name, observations, ticks, expected):
    _, found = feed(QUEUE, observations, ticks=ticks)
    assert found == expected, name


@pytest.mark.parametrize(
    ("name", "observations", "ticks", "expected"),
    [
        ("at the reorder point counts as low", [stock(0, 3), stock(10, 3)], [], [(10.3, "opened")]),
        ("above it does not", [stock(0, 4), stock(10, 4)], range(11, 60), []),
        ("an unsure count is no count", [stock(0, 0, confidence=0.4), stock(10, 0, confidence=0.4)], [], []),
        ("nor is one without a confidence", [stock(0, 0, confidence=None), stock(10, 0, confidence=None)], [], []),
        ("a shelf that swings tells nothing", [stock(0, 0, is_stable=False), stock(10, 0, is_stable=False)], [], []),
        (
            "readings that tell nothing do not interrupt",
            [stock(0, 2), stock(5, None), stock(7, 9, is_stable=False), stock(10, 2)],
            [],
            [(10.3, "opened")],
        ),
        (
            "further picks change the numbers, the last one the severity; the refill resolves with the weight",
            [stock(0, 2), stock(10, 2), stock(15, 1), stock(20, 0), stock(40, 14), stock(45, 14)],
            [],
            [(10.3, "opened"), (15.3, "updated"), (20.3, "worsened"), (45.3, "resolved")],
        ),
        (
            "one unit put back above the reorder point is no restock",
            [stock(0, 3), stock(10, 3), *(stock(s, 4) for s in range(20, 60, 5))],
            [],
            [(10.3, "opened")],
        ),
        (
            "units that rise without the weight rising prove nothing",
            [stock(0, 2), stock(10, 2), *(stock(s, 14, weight_g=1030.0) for s in range(20, 60, 5))],
            [],
            [(10.3, "opened")],
        ),
    ],
)
def test_low_stock(name, observations, ticks, expected):
    _, found = feed(STOCK, observations, ticks=ticks)
    assert found == expected, name


def test_what_an_alert_tells():
    state, changes = evaluate(QUEUE, CLEAR, every(5, 0, 20, 6, wait_s=90.0), T0 + timedelta(seconds=20), TIMING)
    (opened,) = changes
    assert opened.kind is ChangeKind.OPENED
    assert opened.cause_at == T0
    assert opened.at == T0 + timedelta(seconds=20)
    assert opened.details == {
        "subject_name": "the tills",
        "section_name": "Checkout",
        "length": 6,
        "longest_wait_s": 90.0,
        "threshold": 5,
    }
    _, changes = evaluate(QUEUE, state, every(5, 25, 40, 1), T0 + timedelta(seconds=41), TIMING)
    (resolved,) = changes
    assert resolved.proof == {"length": 1, "longest_wait_s": 0.0, "measured_at": "2026-11-20T12:00:40+00:00"}
    assert resolved.cause_at == T0


def test_empty_slots_are_critical_and_say_what_to_bring():
    _, changes = evaluate(STOCK, CLEAR, [stock(0, 0), stock(10, 0)], T0 + timedelta(seconds=10), TIMING)
    (opened,) = changes
    assert opened.severity == "critical"
    assert opened.details["units_needed"] == 14
    assert opened.details["reorder_point_units"] == 3


def changes_of(watch, observations):
    """Feed observations one at a time; return the changes themselves."""
    state, found = CLEAR, []
    for each in observations:
        state, changes = evaluate(watch, state, [each], each.received_at, TIMING)
        found += changes
    return found


@pytest.mark.parametrize(
    ("units", "outcome", "brought", "missing"),
    [(14, "full", 12, 0), (13, "full", 11, 1), (12, "partial", 10, 2), (6, "partial", 4, 8)],
    ids=["to the brim", "one was taken again meanwhile", "two short of fourteen", "a handful"],
)
def test_the_weight_proves_how_fully_a_slot_was_restocked_and_when(units, outcome, brought, missing):
    seen = [stock(0, 2), stock(10, 2), *(stock(at_s, units) for at_s in range(400, 420, 5))]
    *_, resolved = changes_of(STOCK, seen)
    assert resolved.kind is ChangeKind.RESOLVED
    assert resolved.proof == {
        "units": units,
        "weight_g": units * 515.0,
        "measured_at": "2026-11-20T12:06:45+00:00",
        "outcome": outcome,
        "units_brought": brought,
        "units_missing": missing,
        "time_to_shelf_s": 400.0,
    }


@pytest.mark.parametrize("hidden", [False, True], ids=["units still known", "units hidden by it"])
def test_the_wrong_product_is_told_and_closes_nothing(hidden):
    wrong = {"guest_g": 2400.0} | ({"confidence": 0.2} if hidden else {})
    seen = [
        stock(0, 2),
        stock(10, 2),
        *(stock(at_s, 2, **wrong) for at_s in range(60, 90, 5)),
        *(stock(at_s, 2) for at_s in range(90, 120, 5)),
        *(stock(at_s, 14, weight_g=2 * 515.0 + 1000.0) for at_s in range(120, 140, 5)),
    ]
    opened, wrongly, mended, resolved = changes_of(STOCK, seen)
    assert [each.kind.value for each in (opened, wrongly, mended, resolved)] == [
        "opened",
        "updated",
        "updated",
        "resolved",
    ]
    assert (wrongly.details["outcome"], wrongly.details["guest_g"]) == ("wrong_product", 2400.0)
    assert (wrongly.details["units"], wrongly.details["units_needed"]) == (2, 12)
    assert "outcome" not in mended.details
    assert resolved.proof["outcome"] == "full", "lighter than the wrong product was, and yet a restock"


def test_a_restock_beside_something_foreign_is_one_and_says_so():
    seen = [stock(0, 2), stock(10, 2), *(stock(at_s, 14, guest_g=300.0) for at_s in range(60, 80, 5))]
    *_, resolved = changes_of(STOCK, seen)
    assert (resolved.proof["outcome"], resolved.proof["guest_g"]) == ("full", 300.0)


@pytest.mark.parametrize(("units", "severity"), [(3, "warning"), (2, "critical"), (0, "critical")])
def test_at_its_minimum_a_slot_is_critical(units, severity):
    watch = replace(STOCK, critical_at=2.0)
    (opened,) = changes_of(watch, [stock(0, units), stock(10, units)])
    assert opened.severity == severity


def test_refill_of_a_slot_with_room_for_one_above_its_reorder_point():
    small = replace(STOCK, open_at=0.0, resolve_at=1.0)
    assert judge(small, stock(0, 1)) is Verdict.GOOD
    assert judge(small, stock(0, 0)) is Verdict.BAD


def test_a_backlog_opens_nothing_about_the_past():
    # The engine was down for ten minutes; what it then reads arrived in time, but is history by now.
    now = T0 + timedelta(seconds=600)
    state, changes = evaluate(QUEUE, CLEAR, [*every(5, 0, 300, 9), *every(5, 305, 600, 0)], now, TIMING)
    assert changes == []
    assert not state.is_open


def test_a_backlog_that_reaches_the_present_opens_with_the_true_beginning():
    now = T0 + timedelta(seconds=600)
    _, changes = evaluate(QUEUE, CLEAR, every(5, 100, 600, 9), now, TIMING)
    (opened,) = changes
    assert opened.cause_at == T0 + timedelta(seconds=100)
    assert opened.at == now


def test_an_edited_rule_is_applied_to_what_was_last_seen():
    state, _ = feed(QUEUE, [queue(0, 4)])
    stricter = replace(QUEUE, open_at=4.0)
    state, found = feed(stricter, [], state=state, ticks=[10, 22])
    assert found == [(22, "opened")]


def test_an_edited_rule_ends_a_run_that_no_longer_counts():
    state, _ = feed(QUEUE, [queue(0, 5)])
    laxer = replace(QUEUE, open_at=8.0)
    state, found = feed(laxer, [], state=state, ticks=[30])
    assert found == []
    assert state.turning_since_at is None


@pytest.mark.parametrize(
    "state", [CLEAR, feed(QUEUE, every(5, 0, 25, 6))[0], feed(STOCK, [stock(0, 1), stock(10, 1)])[0]]
)
def test_state_survives_the_database(state):
    assert decode_state(encode_state(state)) == state


class CauseMachine(RuleBasedStateMachine):
    """Whatever readings come, in whatever order and delay, the life of alerts of one cause stays sound."""

    def __init__(self):
        super().__init__()
        self.state = CauseState()
        self.now_s = 0.0
        self.seen = []
        self.open = False
        self.alerts = 0
        self.severity = None

    @initialize(is_stock=st.booleans())
    def choose(self, is_stock):
        self.watch = STOCK if is_stock else QUEUE

    def step(self, observations):
        state, changes = evaluate(self.watch, self.state, observations, T0 + timedelta(seconds=self.now_s), TIMING)
        self.seen += observations
        for change in changes:
            self.check(change)
        self.state = state

    def check(self, change):
        timely = [o for o in self.seen if o.arrival_delay_s <= TIMING.late_s]
        fresh = [o for o in timely if (change.at - o.measured_at).total_seconds() <= TIMING.stale_s]
        if change.kind is ChangeKind.OPENED:
            assert not self.open, "two open alerts of one cause"
            self.open = True
            assert any(judge(self.watch, o) is Verdict.BAD for o in fresh), "opened by nothing timely and fresh"
            assert any(o.measured_at == change.cause_at and judge(self.watch, o) is Verdict.BAD for o in timely)
            assert change.at - change.cause_at >= timedelta(seconds=self.watch.rule.open_after_s - 1e-6)
        elif change.kind in (ChangeKind.UPDATED, ChangeKind.WORSENED):
            assert self.open
            is_worse = SEVERITIES.index(change.severity) > SEVERITIES.index(self.severity)
            assert is_worse == (change.kind is ChangeKind.WORSENED)
        else:
            assert self.open, "resolved what was not open"
            self.open = False
            assert change.proof
            assert any(
                judge(self.watch, o) is Verdict.GOOD and o.measured_at.isoformat() == change.proof["measured_at"]
                for o in fresh
            ), "resolved without proof"
        self.severity = change.severity

    @rule(
        step_s=st.sampled_from([0.0, 1.0, 5.0, 30.0, 130.0]),
        delay_s=st.sampled_from([0.0, 0.5, 3.0, 59.0, 61.0, 300.0]),
        amount=st.integers(0, 14),
        confidence=st.sampled_from([None, 0.1, 0.9]),
        is_stable=st.booleans(),
    )
    def reading(self, step_s, delay_s, amount, confidence, is_stable):
        self.now_s += step_s
        at_s = self.now_s - delay_s
        if self.watch is QUEUE:
            self.step([queue(at_s, amount, delay_s=delay_s)])
        else:
            self.step([stock(at_s, amount, confidence=confidence, is_stable=is_stable, delay_s=delay_s)])

    @rule(amounts=st.lists(st.integers(0, 14), min_size=2, max_size=8), step_s=st.sampled_from([1.0, 6.0, 25.0]))
    def batch(self, amounts, step_s):
        start_s = self.now_s
        self.now_s += step_s * len(amounts)
        make = queue if self.watch is QUEUE else stock
        self.step([make(start_s + step_s * n, amount) for n, amount in enumerate(amounts)])

    @rule(step_s=st.sampled_from([1.0, 10.0, 40.0]))
    def tick(self, step_s):
        self.now_s += step_s
        self.step([])

    @precondition(lambda self: self.state.last is not None)
    @rule()
    def restart(self):
        self.state = decode_state(encode_state(self.state))

    @invariant()
    def memory_agrees_with_the_alerts(self):
        assert self.state.is_open == self.open


CauseMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30)
TestCause = CauseMachine.TestCase


def test_a_late_sample_read_together_with_a_timely_one_begins_no_run():
    both = [queue(40, 7, delay_s=61.0), queue(95, 7)]
    state, changes = evaluate(QUEUE, CLEAR, both, T0 + timedelta(seconds=101.5), TIMING)
    assert changes == []
    _, changes = evaluate(QUEUE, state, [], T0 + timedelta(seconds=117), TIMING)
    assert [(change.kind.value, change.cause_at) for change in changes] == [("opened", T0 + timedelta(seconds=95))]
