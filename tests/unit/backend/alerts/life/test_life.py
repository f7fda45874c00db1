"""The life of an alert: what is allowed from which state, who wins, and what the passing of time does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from storesense_backend.alerts.life.actions import (
    Acknowledge,
    Dismiss,
    Note,
    Release,
    Resolve,
    Snooze,
    Take,
    Wake,
    act,
    allowed,
)
from storesense_backend.alerts.life.alert import (
    DISMISS_REASONS,
    STAFF_REPORT,
    Actor,
    EscalationStep,
    Life,
    Patience,
    State,
    patience_of,
)
from storesense_backend.alerts.life.timing import begun, due_at, pass_time
from storesense_backend.errors import ApiError, ConflictError, ForbiddenError, InvalidError
from storesense_backend.roles import Role

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ANN, BOB, EVE = Actor("ann"), Actor("bob"), Actor("eve", Role.MANAGER)


def at(seconds):
    return START + timedelta(seconds=seconds)


MANAGER, ADMIN = EscalationStep(150.0, "manager"), EscalationStep(100.0, "admin")


def new(kind="queue_too_long", *, remind_every_s=60.0, steps=(MANAGER,), **changes):
    life = Life(kind=kind, state=State.OPEN, opened_at=START, patience=Patience(remind_every_s, steps))
    return replace(begun(life), **changes)


def after(life, *steps, now=START):
    for action, actor in steps:
        life, _ = act(life, action, actor, now)
    return life


OPEN = new()
ACKNOWLEDGED = after(OPEN, (Acknowledge(), ANN))
IN_HAND = after(OPEN, (Take(), ANN))
RESOLVED = replace(OPEN, state=State.RESOLVED, resolved_at=START)
DISMISSED = after(OPEN, (Dismiss("wrong"), ANN))
REPORT = new(STAFF_REPORT)
SNOOZE = Snooze(at(600), "the delivery is on its way")


@pytest.mark.parametrize(
    ("life", "action", "actor", "state", "event"),
    [
        pytest.param(OPEN, Acknowledge(), BOB, State.ACKNOWLEDGED, "acknowledged", id="the usual way"),
        pytest.param(ACKNOWLEDGED, Acknowledge(), BOB, State.ACKNOWLEDGED, None, id="the first one stays"),
        pytest.param(IN_HAND, Acknowledge(), BOB, State.IN_HAND, None, id="more than that was said already"),
        pytest.param(OPEN, Take(), BOB, State.IN_HAND, "taken", id="whoever takes it need not acknowledge"),
        pytest.param(ACKNOWLEDGED, Take(), BOB, State.IN_HAND, "taken", id="another one saw it"),
        pytest.param(IN_HAND, Take(), ANN, State.IN_HAND, None, id="taken twice by one person"),
        pytest.param(IN_HAND, Take(is_takeover=True), BOB, State.IN_HAND, "taken", id="taken over on purpose"),
        pytest.param(IN_HAND, Release(), ANN, State.OPEN, "released", id="nobody does it any more"),
        pytest.param(IN_HAND, Release(), EVE, State.OPEN, "released", id="a manager may free it"),
        pytest.param(OPEN, Release(), ANN, State.OPEN, None, id="nothing to give back"),
        pytest.param(REPORT, Resolve(), ANN, State.RESOLVED, "resolved", id="no sensor sees a spill"),
        pytest.param(
            replace(OPEN, is_blind=True), Resolve(), ANN, State.RESOLVED, "resolved", id="its sensor is blind"
        ),
        pytest.param(RESOLVED, Resolve(), BOB, State.RESOLVED, None, id="over already, as wished"),
        pytest.param(OPEN, Dismiss("wrong"), BOB, State.DISMISSED, "dismissed", id="a false alarm"),
        pytest.param(DISMISSED, Dismiss("test"), BOB, State.DISMISSED, None, id="the first reason stays"),
        pytest.param(OPEN, SNOOZE, BOB, State.OPEN, "snoozed", id="a snooze is no answer"),
        pytest.param(IN_HAND, SNOOZE, ANN, State.IN_HAND, "snoozed", id="in hand, and later"),
        pytest.param(OPEN, Wake(), BOB, State.OPEN, None, id="nothing to wake"),
        pytest.param(RESOLVED, Note("the sign is back"), BOB, State.RESOLVED, "noted", id="a note afterwards"),
    ],
)
def test_what_an_action_makes_of_a_life(life, action, actor, state, event):
    after_it, happened = act(life, action, actor, at(5))
    assert after_it.state is state
    assert (happened and happened.kind) == event
    if happened is None:
        assert after_it == life


@pytest.mark.parametrize(
    ("life", "action", "actor", "error", "code"),
    [
        (RESOLVED, Acknowledge(), ANN, ConflictError, "alert_resolved"),
        (RESOLVED, Dismiss("wrong"), ANN, ConflictError, "alert_resolved"),
        (DISMISSED, Take(), BOB, ConflictError, "alert_dismissed"),
        (DISMISSED, Resolve(), BOB, ConflictError, "alert_dismissed"),
        (IN_HAND, Take(), BOB, ConflictError, "alert_taken"),
        (IN_HAND, Release(), BOB, ForbiddenError, "forbidden"),
        (OPEN, Resolve("I think so"), ANN, ConflictError, "needs_proof"),
        (OPEN, Dismiss("other"), ANN, InvalidError, "invalid"),
        (OPEN, Snooze(at(5), "past"), ANN, InvalidError, "invalid"),
        (OPEN, Snooze(at(8 * 86_400), "for ever"), ANN, InvalidError, "invalid"),
    ],
)
def test_what_is_refused_and_why(life, action, actor, error, code):
    with pytest.raises(error) as caught:
        act(life, action, actor, at(5))
    assert caught.value.code == code


def test_who_answered_is_kept_and_forgotten_when_given_back():
    assert (IN_HAND.acknowledged_by, IN_HAND.taken_by) == ("ann", "ann")
    taken = after(ACKNOWLEDGED, (Take(), BOB), now=at(9))
    assert (taken.acknowledged_by, taken.acknowledged_at, taken.taken_by) == ("ann", START, "bob")
    free = after(taken, (Release(), BOB), now=at(30))
    assert (free.acknowledged_by, free.taken_by, free.taken_at) == (None, None, None)
    assert (free.remind_due_at, free.escalate_due_at) == (at(90), at(180))


def test_reminders_until_acknowledged_and_one_escalation():
    life, told = OPEN, []
    for second in range(0, 400, 10):
        life, happened = pass_time(life, at(second))
        told += [(second, each.kind, each.occurrence) for each in happened]
        if second == 310:
            life = after(life, (Acknowledge(), ANN), now=at(second))
    assert told == [
        (60, "reminded", 1),
        (120, "reminded", 2),
        (150, "escalated", 0),
        (180, "reminded", 3),
        (240, "reminded", 4),
        (300, "reminded", 5),
    ]
    assert (life.escalated_to, life.escalated_at) == ("manager", at(150))
    assert due_at(life) is None


def test_one_role_after_the_other_is_told_each_in_its_own_time():
    life, told = new(remind_every_s=None, steps=(MANAGER, ADMIN)), []
    for second in range(0, 400, 10):
        life, happened = pass_time(life, at(second))
        told += [(second, each.kind, each.details) for each in happened]
    assert told == [
        (150, "escalated", {"to": "manager", "step": 1, "steps": 2}),
        (250, "escalated", {"to": "admin", "step": 2, "steps": 2}),
    ]
    assert (life.escalated_to, life.escalated_at, life.escalation_step) == ("admin", at(250), 2)
    assert due_at(life) is None


def test_acknowledging_ends_the_chain_and_giving_back_goes_on_where_it_was():
    life, _ = pass_time(new(remind_every_s=None, steps=(MANAGER, ADMIN)), at(150))
    life = after(life, (Take(), BOB), now=at(200))
    assert pass_time(life, at(900)) == (life, [])
    life = after(life, (Release(), BOB), now=at(1_000))
    assert life.escalate_due_at == at(1_100)
    life, happened = pass_time(life, at(1_100))
    assert [each.details["to"] for each in happened] == ["admin"]


def test_of_several_roles_due_while_no_engine_ran_one_is_told_and_the_next_has_its_time():
    life, happened = pass_time(new(remind_every_s=None, steps=(MANAGER, ADMIN)), at(5_000))
    assert [each.details["to"] for each in happened] == ["manager"]
    assert life.escalate_due_at == at(5_100)


def test_what_a_row_keeps_of_its_rule():
    first = {"remind_every_s": 60.0, "escalate_after_s": 150.0, "escalate_to": "manager"}
    assert patience_of(first) == Patience(60.0, (MANAGER,)), "as releases before the chain wrote it"
    then = [{"after_s": 100.0, "to": "admin"}]
    assert patience_of(first | {"then": then}) == Patience(60.0, (MANAGER, ADMIN))
    assert patience_of(first | {"escalate_after_s": None}) == Patience(60.0)
    assert patience_of(None) == Patience()


def test_of_reminders_that_nobody_sent_one_goes_out_and_the_grid_stays():
    life, happened = pass_time(OPEN, at(1_000))
    assert [each.kind for each in happened] == ["escalated", "reminded"]
    assert life.reminder_count == 1
    assert life.remind_due_at == at(1_020)


def test_a_due_instant_is_due_once():
    life, happened = pass_time(OPEN, at(60))
    assert [each.kind for each in happened] == ["reminded"]
    assert pass_time(life, at(60)) == (life, [])


def test_a_snooze_is_silent_and_ends_with_one_reminder_and_all_anew():
    life = after(OPEN, (SNOOZE, ANN))
    assert pass_time(life, at(599)) == (life, [])
    life, happened = pass_time(life, at(600))
    assert [each.kind for each in happened] == ["woken", "reminded"]
    assert life.snoozed_until is None
    assert (life.remind_due_at, life.escalate_due_at) == (at(660), at(750))


def test_an_acknowledged_alert_comes_back_once_after_a_snooze():
    life = after(ACKNOWLEDGED, (SNOOZE, ANN))
    life, happened = pass_time(life, at(700))
    assert [each.kind for each in happened] == ["woken", "reminded"]
    assert due_at(life) is None


def test_a_snoozed_alert_that_is_acknowledged_stays_silent_until_then():
    life = after(OPEN, (SNOOZE, ANN), (Acknowledge(), BOB))
    assert (life.remind_due_at, life.escalate_due_at) == (at(600), None)


def test_what_another_alert_explains_reminds_nobody_and_is_due_again_when_it_no_longer_does():
    life, happened = pass_time(new(is_silenced=True), at(160))
    assert happened == []
    assert (life.reminder_count, life.escalated_at) == (0, None)
    _, happened = pass_time(replace(life, is_silenced=False), at(300))
    assert [each.kind for each in happened] == ["escalated", "reminded"]


def test_a_rule_without_escalation_never_comes_due():
    assert due_at(new(remind_every_s=None, steps=())) is None


ACTIONS = st.one_of(
    st.just(Acknowledge()),
    st.builds(Take, is_takeover=st.booleans()),
    st.just(Release()),
    st.builds(Resolve),
    st.builds(Dismiss, reason=st.sampled_from(DISMISS_REASONS), note=st.sampled_from([None, "why"])),
    st.just(Wake()),
    st.builds(Note, st.just("seen")),
    st.integers(0, 900),
)


class Lives(RuleBasedStateMachine):
    """People, sensors and the clock do what they like; some things hold all the same."""

    def __init__(self):
        super().__init__()
        self.now = START
        self.life = new(STAFF_REPORT, steps=(MANAGER, ADMIN))
        self.events = []
        self.ended = None

    @rule(wanted=ACTIONS, actor=st.sampled_from([ANN, BOB, EVE]))
    def somebody_acts(self, wanted, actor):
        action = Snooze(self.now + timedelta(seconds=wanted), "later") if isinstance(wanted, int) else wanted
        before, may = self.life, allowed(self.life, actor)
        try:
            self.life, happened = act(self.life, action, actor, self.now)
        except ApiError:
            return
        if happened is None:
            assert self.life == before
            return
        self.events.append(happened.kind)
        named = {"acknowledged": "acknowledge", "taken": "take", "released": "release", "resolved": "resolve"}
        named |= {"dismissed": "dismiss", "snoozed": "snooze", "woken": "wake", "noted": "note"}
        assert named[happened.kind] in may, "what changes something was offered"
        again, twice = act(self.life, action, actor, self.now)
        assert isinstance(action, Note) or (again, twice) == (self.life, None), "the same again does nothing"

    @rule(seconds=st.floats(0.001, 500))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        due = due_at(self.life)
        before = self.life
        self.life, happened = pass_time(self.life, self.now)
        if due is None or due > self.now:
            assert (self.life, happened) == (before, [])
        self.events += [each.kind for each in happened]

    @precondition(lambda self: not self.life.is_over)
    @rule()
    def a_sensor_proves_it(self):
        self.life = replace(self.life, state=State.RESOLVED, resolved_at=self.now)

    @rule(is_silenced=st.booleans())
    def another_alert_explains_it(self, is_silenced):
        self.life = replace(self.life, is_silenced=is_silenced)

    @invariant()
    def what_is_over_stays_as_it_ended(self):
        if self.ended is not None:
            assert (self.life.state, self.life.resolved_by, self.life.dismissed_by) == self.ended
        elif self.life.is_over:
            self.ended = (self.life.state, self.life.resolved_by, self.life.dismissed_by)

    @invariant()
    def nothing_due_is_left_behind(self):
        life, _ = pass_time(self.life, self.now)
        due = due_at(life)
        assert due is None or due > self.now

    @invariant()
    def names_go_with_states(self):
        life = self.life
        if life.state is State.IN_HAND:
            assert life.taken_by is not None
            assert life.acknowledged_by is not None
        if life.state is State.OPEN:
            assert (life.taken_by, life.acknowledged_by) == (None, None)
        if life.state in (State.ACKNOWLEDGED, State.IN_HAND):
            assert life.escalate_due_at is None
            assert life.remind_due_at == life.snoozed_until
        assert (life.dismissed_by is not None) == (life.state is State.DISMISSED)

    @invariant()
    def the_history_tells_it_all(self):
        assert self.events.count("reminded") == self.life.reminder_count
        assert self.events.count("escalated") == self.life.escalation_step <= 2
        assert (self.life.escalated_at is not None) == (self.life.escalation_step > 0)


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
