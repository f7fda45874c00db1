"""Which store needs attention first, and why: a sum of points, each with the reason that gave it.

The points are a rule that anybody can work out by hand, not a model. What nobody has taken up weighs more than what
somebody is at; a sensor that is silent weighs more than a figure that is off, because behind it nothing is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storesense_contracts.kpis import BY_NAME, Better

COMPLETE_ENOUGH = 0.9
"""Figures with less than this share of their readings are worth a look."""

_POINTS = {
    "critical_alerts": 100,
    "warning_alerts": 30,
    "info_alerts": 5,
    "taken_alerts": 5,
    "devices_offline": 40,
    "devices_never_seen": 10,
}
_NO_DEVICES = 20
_OFF_TARGET = 20
_NOTHING_MEASURED = 50


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a store needs attention.

    Attributes:
        kind: a key of the counts (``critical_alerts``, ...), ``no_devices``, ``incomplete`` or ``off_target``.
        points: what it adds to the store's rank.
        count: how many; 1 of a KPI.
        kpi: which KPI, of ``incomplete`` and ``off_target``.
    """

    kind: str
    points: int
    count: int = 1
    kpi: str | None = None


def is_on_target(kpi: str, value: float | None, target: float | None) -> bool | None:
    """Tell whether a value is as good as its target; None where that cannot be said."""
    better = BY_NAME[kpi].better
    if value is None or target is None or better is Better.NEITHER:
        return None
    return value >= target if better is Better.HIGHER else value <= target


def reasons(counts: Mapping[str, int], figures: Sequence[Mapping[str, Any]] | None) -> list[Reason]:
    """Return why a store needs attention, what weighs most first; none for a store where all is well.

    Args:
        counts: ``critical_alerts``, ``warning_alerts``, ``info_alerts``, ``taken_alerts``, ``devices_offline``,
            ``devices_never_seen`` and ``devices_total`` of the store.
        figures: its KPIs with ``name``, ``completeness`` and ``is_on_target``; None while they are not known.
    """
    found = [Reason(kind, points * counts[kind], counts[kind]) for kind, points in _POINTS.items() if counts[kind]]
    if not counts["devices_total"]:
        found.append(Reason("no_devices", _NO_DEVICES))
    found += [
        Reason("off_target", _OFF_TARGET, kpi=each["name"]) for each in figures or () if each["is_on_target"] is False
    ]
    # How many alerts were acknowledged says nothing of the sensors; silent devices have points of their own.
    measured = [
        (each["completeness"], each["name"])
        for each in figures or ()
        if each["completeness"] is not None and each["name"] not in ("alert_response_time", "device_uptime")
    ]
    if measured and counts["devices_total"]:
        worst, name = min(measured)
        if worst < COMPLETE_ENOUGH:
            found.append(Reason("incomplete", max(1, round(_NOTHING_MEASURED * (1 - worst))), kpi=name))
    return sorted(found, key=lambda reason: -reason.points)
