"""Kinds about people: queues, waits, lanes, zones and the store as a whole."""

from typing import Any

from storesense_backend.alerts.kinds.base import Kind
from storesense_backend.alerts.values import Json, Measure, QueueObservation, SubjectKey, ZoneObservation
from storesense_backend.alerts.watches import Store, Subject, Watch


def _length(_watch: Watch, seen: QueueObservation) -> float:
    return seen.length


def _wait(_watch: Watch, seen: QueueObservation) -> float:
    # Nobody waits where nobody stands, whatever the clock of the last one said.
    return seen.longest_wait_s if seen.length else 0.0


def _people(_watch: Watch, seen: ZoneObservation) -> float:
    return seen.people


def measured(_watch: Watch, seen: Measure) -> float:
    """Return what an assessor found."""
    return seen.value


def _tell_queue(watch: Watch, seen: QueueObservation) -> Json:
    return {
        "length": seen.length,
        "longest_wait_s": seen.longest_wait_s,
        "threshold": int(watch.open_at),
    }


def _tell_wait(watch: Watch, seen: QueueObservation) -> Json:
    wait_s = _wait(watch, seen)
    return {
        "wait_s": round(wait_s, 1),
        "wait_min": round(wait_s / 60, 1),
        "length": seen.length,
        "threshold": watch.open_at,
    }


def _tell_zone(watch: Watch, seen: ZoneObservation) -> Json:
    return {"people": seen.people, "threshold": int(watch.open_at)}


def _tell_people(watch: Watch, seen: Measure) -> Json:
    return {"people": round(seen.value), "threshold": int(watch.open_at), **seen.facts}


def _tell_predicted(watch: Watch, seen: Measure) -> Json:
    told: Json = {"wait_s": round(seen.value, 1), "wait_min": round(seen.value / 60, 1), "threshold": watch.open_at}
    return told | {"horizon_min": getattr(watch.rule, "horizon_min", 0)} | seen.facts


def _tell_lanes(watch: Watch, seen: Measure) -> Json:
    return {"lanes": round(seen.value), "horizon_min": getattr(watch.rule, "horizon_min", 0)} | seen.facts


class AdvisedKind(Kind):
    """A kind that looks ahead; what is observed of queue ``tills`` for 15 minutes has the id ``tills+15``."""

    __slots__ = ()

    def observed(self, store: Store, rule: Any, subject: Subject) -> SubjectKey:
        """Say whose observations concern a rule at a queue."""
        return (store.layout.id, self.family, f"{subject.id}+{rule.horizon_min}")


QUEUE_TOO_LONG = Kind(
    "queue_too_long",
    "queue",
    QueueObservation,
    _length,
    _tell_queue,
    open_key="open_at_length",
    resolve_key="resolve_at_length",
    critical_key="critical_at_length",
)
WAIT_TOO_LONG = Kind(
    "wait_too_long",
    "queue",
    QueueObservation,
    _wait,
    _tell_wait,
    open_key="open_at_wait_s",
    resolve_key="resolve_at_wait_s",
    critical_key="critical_at_wait_s",
)


PREDICTED_WAIT = AdvisedKind(
    "predicted_wait",
    "predicted_wait",
    Measure,
    measured,
    _tell_predicted,
    open_key="open_at_wait_s",
    resolve_key="resolve_at_wait_s",
    critical_key="critical_at_wait_s",
    subjects="queue",
)
LANES_TO_OPEN = AdvisedKind(
    "lanes_to_open", "lanes_to_open", Measure, measured, _tell_lanes, open_key="open_at_lanes", subjects="queue"
)
LANES_TO_CLOSE = AdvisedKind(
    "lanes_to_close",
    "lanes_to_close",
    Measure,
    measured,
    _tell_lanes,
    open_key="open_at_lanes",
    severity="info",
    subjects="queue",
)
ZONE_CROWDED = Kind(
    "zone_crowded",
    "zone",
    ZoneObservation,
    _people,
    _tell_zone,
    open_key="open_at_people",
    resolve_key="resolve_at_people",
    critical_key="critical_at_people",
)
ZONE_UNATTENDED = Kind(
    "zone_unattended", "attendance", Measure, measured, _tell_people, open_key="open_at_people", subjects="zone"
)
OCCUPANCY_LIMIT = Kind(
    "occupancy_limit",
    "occupancy",
    Measure,
    measured,
    _tell_people,
    open_key="open_at_people",
    resolve_key="resolve_at_people",
    critical_key="critical_at_people",
    subjects="store",
)
