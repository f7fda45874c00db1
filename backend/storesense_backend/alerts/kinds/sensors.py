"""Kinds about what measures: devices and their outboxes, climate, sensors against each other, and blindness."""

from collections.abc import Iterable
from typing import Any

from storesense_backend.alerts.kinds.base import Kind
from storesense_backend.alerts.kinds.queues import measured
from storesense_backend.alerts.values import ClimateObservation, HealthObservation, Json, Measure, SubjectKey
from storesense_backend.alerts.watches import Store, Subject, Watch

_UNITS = {"temperature_c": "°C", "humidity_pct": "%", "noise_dba": "dB(A)", "light_lux": "lx"}


def _excess(watch: Watch, seen: ClimateObservation) -> float | None:
    # How far outside of its limits; negative inside.
    rule: Any = watch.rule
    value = getattr(seen, rule.quantity)
    if value is None:
        return None
    above = -float("inf") if rule.at_most is None else value - rule.at_most
    below = -float("inf") if rule.at_least is None else rule.at_least - value
    return float(max(above, below))


def _tell_climate(watch: Watch, seen: ClimateObservation) -> Json:
    rule: Any = watch.rule
    value = getattr(seen, rule.quantity)
    is_above = rule.at_most is not None and (rule.at_least is None or value - rule.at_most > rule.at_least - value)
    return {
        "value": round(value, 1),
        "quantity": rule.quantity,
        "unit": _UNITS[rule.quantity],
        "threshold": rule.at_most if is_above else rule.at_least,
    }


class ClimateKind(Kind):
    """A band of values: outside it opens, well inside it resolves."""

    __slots__ = ()

    def limits(self, rule: Any, subject: Subject) -> tuple[float, float, float | None]:
        """Open just outside of the limits, resolve ``hysteresis`` inside."""
        del subject
        return 1e-9, -rule.hysteresis, None

    def watches(self, store: Store, rule: Any, wanted: Iterable[str] | None = None) -> list[Watch]:
        """Apply a rule to the sensors that it concerns."""
        return Kind.watches(self, store, rule, wanted)


def _frozen(watch: Watch, seen: HealthObservation) -> float | None:
    if seen.component_id == "outbox":
        return None
    rule: Any = watch.rule
    return 1.0 if seen.cause in rule.causes else 0.0


def _moved(_watch: Watch, seen: HealthObservation) -> float | None:
    if seen.component_id == "outbox":
        return None
    return 1.0 if seen.cause == "moved" else 0.0


def _tell_cause(_watch: Watch, seen: HealthObservation) -> Json:
    return {
        "cause": seen.cause,
        "component_id": seen.component_id,
        "reason": seen.reason,
        "displacement_px": seen.displacement_px,
    }


def _lost(_watch: Watch, seen: HealthObservation) -> float:
    return seen.lost_messages


def _tell_lost(_watch: Watch, seen: HealthObservation) -> Json:
    return {"lost_messages": seen.lost_messages, "outbox_bytes": seen.outbox_bytes}


def _held(_watch: Watch, seen: HealthObservation) -> float | None:
    return seen.outbox_bytes


def _tell_held(watch: Watch, seen: HealthObservation) -> Json:
    return {
        "outbox_bytes": seen.outbox_bytes,
        "outbox_messages": seen.outbox_messages,
        "outbox_mb": round((seen.outbox_bytes or 0) / 1_000_000, 1),
        "threshold": watch.open_at,
    }


def _tell_silence(watch: Watch, seen: Measure) -> Json:
    told: Json = {"silent_s": round(seen.value), "silent_min": round(seen.value / 60), "threshold": watch.open_at}
    return told | seen.facts


def _tell_gap(watch: Watch, seen: Measure) -> Json:
    return {"missing_messages": round(seen.value), "threshold": watch.open_at} | seen.facts


def _tell_anomaly(watch: Watch, seen: Measure) -> Json:
    return {"score": round(seen.value, 1), "threshold": watch.open_at} | seen.facts


def _tell_difference(watch: Watch, seen: Measure) -> Json:
    return {"difference_pct": round(100 * seen.value), "threshold": round(100 * watch.open_at)} | seen.facts


def _tell_blind(_watch: Watch, seen: Measure) -> Json:
    return dict(seen.facts)


class FoundKind(Kind):
    """A kind whose subjects are found and not listed anywhere: one watch stands for all, by the observation's id."""

    __slots__ = ()

    def watches(self, store: Store, rule: Any, wanted: Iterable[str] | None = None) -> list[Watch]:
        """Make no watches beforehand; the engine makes one for each subject that is observed."""
        del store, rule, wanted
        return []

    def found(self, store: Store, rule: Any, subject_id: str, facts: Json) -> Watch | None:
        """Make the watch of a subject that was observed; None if the rule does not concern it."""
        kpis = getattr(rule, "kpis", None)
        if kpis is not None and subject_id not in kpis:
            return None
        name = str(facts.get("name") or subject_id)
        section = str(facts.get("section_id") or store.subjects("store")[0].section_id)
        return self.watch(store, rule, Subject(subject_id, name, section))

    def observed(self, store: Store, rule: Any, subject: Subject) -> SubjectKey:
        """Say whose observations concern a subject."""
        del rule
        return (store.layout.id, self.family, subject.id)


ENVIRONMENT_LIMIT = ClimateKind("environment_limit", "sensor", ClimateObservation, _excess, _tell_climate)
DEVICE_FROZEN = Kind("device_frozen", "device", HealthObservation, _frozen, _tell_cause)
DEVICE_MOVED = Kind("device_moved", "device", HealthObservation, _moved, _tell_cause)
DATA_LOST = Kind("data_lost", "device", HealthObservation, _lost, _tell_lost)
OUTBOX_FILLING = Kind(
    "outbox_filling",
    "device",
    HealthObservation,
    _held,
    _tell_held,
    open_key="open_at_bytes",
    resolve_key="resolve_at_bytes",
)
DEVICE_OFFLINE = Kind(
    "device_offline", "silence", Measure, measured, _tell_silence, open_key="silent_after_s", subjects="device"
)
STORE_OFFLINE = Kind(
    "store_offline", "store_silence", Measure, measured, _tell_silence, open_key="silent_after_s", subjects="store"
)
DATA_GAP = Kind("data_gap", "gap", Measure, measured, _tell_gap, open_key="open_at_messages", subjects="device")
KPI_ANOMALY = FoundKind(
    "kpi_anomaly",
    "kpi",
    Measure,
    measured,
    _tell_anomaly,
    open_key="open_at_score",
    resolve_key="resolve_at_score",
)
SENSORS_CONTRADICT = FoundKind(
    "sensors_contradict",
    "pair",
    Measure,
    measured,
    _tell_difference,
    open_key="open_at_share",
    resolve_key="resolve_at_share",
)
BLIND = FoundKind("blind", "sight", Measure, measured, _tell_blind)
