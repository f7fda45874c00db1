"""Judging one cause: when an alert opens, changes its numbers, gets worse, and resolves.

Time is event time. An alert opens when every reading of the last ``open_after_s`` said so, and resolves when every
reading of the last ``resolve_after_s`` said that it is over. Between two readings the last one holds, until it is
stale. Three kinds of readings carry no decision: late ones (they may only interrupt a run), stale ones, and those that
do not tell (an unstable shelf, a weight that fits no count). A cause that opened again and again stays open the longer
before it resolves: one alert that says so is worth more than ten that come and go.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from storesense_backend.alerts.values import (
    SEVERITIES,
    AlertChange,
    CauseState,
    ChangeKind,
    Observation,
    Timing,
    Verdict,
)
from storesense_backend.alerts.watches import Watch

_FADE = timedelta(minutes=30)
_MOST_DAMPING = 16
_DAMPED_FROM_S = 15.0
_replace = msgspec.structs.replace


class Hold(Enum):
    """What keeps a watch from deciding."""

    NOTHING = "nothing"
    SILENCED = "silenced"
    """Another alert explains its cause: nothing opens, but what stands may resolve."""
    BLIND = "blind"
    """Its sensors say too little: nothing opens and nothing resolves."""


def evaluate(
    watch: Watch,
    state: CauseState,
    observations: Sequence[Observation],
    now: datetime,
    timing: Timing,
    *,
    caught_up: bool = True,
    hold: Hold = Hold.NOTHING,
) -> tuple[CauseState, list[AlertChange]]:
    """Take new observations, and the passing of time, into account.

    It decides once, when all observations are known: what came and went before the present wakes nobody.

    Args:
        watch: the rule as it applies to the subject.
        state: what is remembered of the cause.
        observations: new ones of that subject, in any order; none to let time pass alone.
        now: the present.
        timing: what counts as late and stale.
        caught_up: False while older readings are still being read, which decide nothing by themselves.
        hold: what keeps it from deciding.

    Returns:
        The new state and the changes of the alert, in order.
    """
    late_s = timing.late_s if watch.rule.late_s is None else watch.rule.late_s
    ordered = observations if len(observations) < 2 else sorted(observations, key=lambda o: o.measured_at)
    for observation in ordered:
        verdict = watch.kind.judge(watch, observation)
        if verdict is Verdict.UNTOLD:
            continue
        if observation.arrival_delay_s > late_s or _is_before_last(state, observation):
            state = _interrupt(watch, state, verdict, observation)
        else:
            state = _take(watch, state, verdict, observation, timing)
    state = _rejudge(watch, state, late_s)
    last = state.last
    if not caught_up or last is None or last.arrival_delay_s > late_s or hold is Hold.BLIND:
        return state, []
    if watch.kind.is_pulse:
        return _decide_pulse(watch, state, last, now, timing, hold)
    if now - last.measured_at > timedelta(seconds=max(timing.stale_s, late_s)):
        return state, []
    judged_at = max(last.measured_at, now - timedelta(seconds=timing.settle_s))
    since_at = state.turning_since_at
    if since_at is None:
        return _retell(watch, state, last, now)
    if judged_at - since_at < timedelta(seconds=hesitate_s(watch, state)):
        return state, []
    if state.is_open:
        return _resolve(watch, state, since_at, now)
    if hold is Hold.SILENCED:
        return state, []
    return _open(watch, state, last, since_at, now, timing)


def matures_at(watch: Watch, state: CauseState, timing: Timing) -> datetime | None:
    """Return the instant from which the passing of time alone changes the alert, or None if nothing is under way."""
    if state.turning_since_at is None:
        return None
    return state.turning_since_at + timedelta(seconds=hesitate_s(watch, state) + timing.settle_s)


def hesitate_s(watch: Watch, state: CauseState) -> float:
    """Return for how long a run must last to change what is; longer to resolve what flaps."""
    if not state.is_open:
        return watch.rule.open_after_s
    resolve_after_s = watch.rule.resolve_after_s
    often = math.floor(state.flaps + 0.25) - 1
    if often < 1:
        return resolve_after_s
    return max(resolve_after_s, _DAMPED_FROM_S) * min(_MOST_DAMPING, 1 << min(often, 10))


def flaps_at(state: CauseState, now: datetime) -> float:
    """Return how often a cause opened lately, faded by half each half an hour."""
    if state.flap_at is None:
        return 0.0
    return float(state.flaps * 0.5 ** max(0.0, (now - state.flap_at) / _FADE))


def _is_turning(watch: Watch, state: CauseState, verdict: Verdict, observation: Observation) -> bool:
    # Does the observation speak for changing what is: for opening, or, with a proof, for resolving?
    if not state.is_open:
        return verdict is Verdict.BAD and watch.holds_at(observation.measured_at)
    if watch.kind.is_pulse:
        return True
    return verdict is Verdict.GOOD and watch.kind.cures(watch, state, observation)


def _is_before_last(state: CauseState, observation: Observation) -> bool:
    return state.last is not None and observation.measured_at < state.last.measured_at


def _interrupt(watch: Watch, state: CauseState, verdict: Verdict, observation: Observation) -> CauseState:
    # Late or overtaken readings decide nothing, but a contrary one inside a run shows that the run was none.
    since_at = state.turning_since_at
    if since_at is None or state.last is None or observation.measured_at < since_at:
        return state
    if _is_turning(watch, state, verdict, observation):
        return state
    if _is_before_last(state, observation):
        return _replace(state, turning_since_at=state.last.measured_at)
    return _replace(state, last=observation, turning_since_at=None)


def _take(watch: Watch, state: CauseState, verdict: Verdict, observation: Observation, timing: Timing) -> CauseState:
    since_at, last = state.turning_since_at, state.last
    if not _is_turning(watch, state, verdict, observation):
        since_at = None
    elif watch.kind.is_pulse or since_at is None or _is_broken(last, observation, timing):
        since_at = observation.measured_at
    return _replace(state, last=observation, turning_since_at=since_at)


def _is_broken(last: Observation | None, observation: Observation, timing: Timing) -> bool:
    return last is not None and (observation.measured_at - last.measured_at).total_seconds() > timing.stale_s


def _rejudge(watch: Watch, state: CauseState, late_s: float) -> CauseState:
    # The rule may have been edited since the last reading: a run that no longer speaks for a change ends, and one that
    # now does begins with that reading.
    last = state.last
    if last is None or watch.kind.is_pulse:
        return state
    if not _is_turning(watch, state, watch.kind.judge(watch, last), last):
        return state if state.turning_since_at is None else _replace(state, turning_since_at=None)
    if state.turning_since_at is None and last.arrival_delay_s <= late_s:
        return _replace(state, turning_since_at=last.measured_at)
    return state


def _open(
    watch: Watch, state: CauseState, last: Observation, since_at: datetime, now: datetime, timing: Timing
) -> tuple[CauseState, list[AlertChange]]:
    change = AlertChange(
        kind=ChangeKind.OPENED,
        at=now,
        cause_at=since_at,
        severity=watch.kind.severity_of(watch, last),
        details=watch.kind.details(watch, last),
        is_late=last.arrival_delay_s > timing.late_s,
    )
    flaps = flaps_at(state, now) + 1.0
    turning = last.measured_at if watch.kind.is_pulse else None
    opened = CauseState(
        is_open=True, last=last, cause_at=since_at, told=last, flaps=flaps, flap_at=now, turning_since_at=turning
    )
    return opened, [change]


def _resolve(
    watch: Watch, state: CauseState, since_at: datetime, now: datetime
) -> tuple[CauseState, list[AlertChange]]:
    told = state.told or state.last
    assert told is not None  # noqa: S101 -- nothing resolves without an observation
    change = AlertChange(
        kind=ChangeKind.RESOLVED,
        at=now,
        cause_at=state.cause_at or since_at,
        severity=watch.kind.severity_of(watch, told),
        details={},
        proof=watch.kind.proof(watch, state, since_at),
    )
    return CauseState(last=state.last, flaps=state.flaps, flap_at=state.flap_at), [change]


def _decide_pulse(
    watch: Watch, state: CauseState, last: Observation, now: datetime, timing: Timing, hold: Hold
) -> tuple[CauseState, list[AlertChange]]:
    # A moment has no cure to be seen: it is over when it did not come again for a while.
    since_at = state.turning_since_at
    if since_at is None:
        return state, []
    quiet_s = (now - last.measured_at).total_seconds()
    if state.is_open:
        if quiet_s < hesitate_s(watch, state):
            return _retell(watch, state, last, now)
        ended, changes = _resolve(watch, state, since_at, now)
        changes[0].proof.update({"quiet_s": round(quiet_s)})  # type: ignore[union-attr]
        return ended, changes
    if quiet_s > timing.stale_s:
        return _replace(state, turning_since_at=None), []
    return (state, []) if hold is Hold.SILENCED else _open(watch, state, last, since_at, now, timing)


def _retell(watch: Watch, state: CauseState, last: Observation, now: datetime) -> tuple[CauseState, list[AlertChange]]:
    # The open alert's numbers follow the cause: a queue's peak, a slot's units, the most that was lost at a time.
    if not state.is_open:
        return state, []
    told = watch.kind.retold(watch, state.told, last)
    if told is None:
        return state, []
    severity = watch.kind.severity_of(watch, told)
    before = severity if state.told is None else watch.kind.severity_of(watch, state.told)
    change = AlertChange(
        kind=ChangeKind.WORSENED if SEVERITIES.index(severity) > SEVERITIES.index(before) else ChangeKind.UPDATED,
        at=now,
        cause_at=state.cause_at or told.measured_at,
        severity=severity,
        details=watch.kind.details(watch, told),
    )
    return _replace(state, told=told), [change]
