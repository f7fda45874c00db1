"""What a run of the twin says of the edge's figures, one subject at a time: plain numbers beside true ones."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from storesense_backend.door_occupancy import DoorStep, reconcile_day
from storesense_simulators.eval_twin_figures import share_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from storesense_simulators.eval_twin_figures import LineTruth, QueueFigures, ZoneFigures


def counts_of(lines: Mapping[str, LineTruth]) -> dict[str, Any]:
    """Return crossings, counted beside true ones."""
    crossings = sum(line.true_in + line.true_out for line in lines.values())
    wrong = sum(line.absolute_error for line in lines.values())
    counted = sum(line.measured_in + line.measured_out for line in lines.values())
    return {
        "crossings": crossings,
        "counted": counted,
        "absolute_error": wrong,
        "error_ratio": ratio(wrong, crossings),
        "net_error_ratio": ratio(counted - crossings, crossings),
        "per_line": {
            name: {"truth": [x.true_in, x.true_out], "counted": [x.measured_in, x.measured_out]}
            for name, x in lines.items()
        },
    }


def occupancy_of(
    zones: Mapping[str, ZoneFigures], doors: Sequence[tuple[int, int]], steps: Sequence[DoorStep]
) -> dict[str, Any]:
    """Return people in zones and in the store, second by second."""
    sampled = {name: zone.samples for name, zone in zones.items() if zone.samples}
    everything = [pair for samples in sampled.values() for pair in samples]
    return {
        "within_1_ratio": share_within(everything, 1),
        "mean_error": mean(abs(m - t) for t, m in everything),
        "bias": mean(m - t for t, m in everything),
        "per_zone": {
            name: {
                "within_1_ratio": share_within(samples, 1),
                "mean": mean(m for _, m in samples),
                "true_mean": mean(t for t, _ in samples),
            }
            for name, samples in sampled.items()
        },
        "doors": {
            "within_1_ratio": share_within(doors, 1),
            "mean_error": mean(abs(m - t) for t, m in doors),
            **_reconciled(doors, steps),
            "true_at_end": doors[-1][0] if doors else None,
            "at_end": doors[-1][1] if doors else None,
        },
    }


def _reconciled(doors: Sequence[tuple[int, int]], steps: Sequence[DoorStep]) -> dict[str, float | None]:
    """How people inside come out when the day is reconciled, as it is at closing: if all who came have left.

    Nobody knows how many are inside in the middle of a day, so a run that ends there is not reconciled. The drift is
    taken off in parts of a person. Whether that is within one is asked of whole people, as it is of the figure beside
    it: half a person too many is none too many.
    """
    day = reconcile_day(steps) if doors and doors[-1][0] == 0 else None
    pairs = [] if day is None else [(true, people) for (true, _), people in zip(doors, day.people, strict=True)]
    return {
        "reconciled_within_1_ratio": share_within([(true, round(people)) for true, people in pairs], 1),
        "reconciled_mean_error": mean(abs(people - true) for true, people in pairs),
    }


def dwell_of(figures: Mapping[str, ZoneFigures]) -> dict[str, Any]:
    """Return visits to zones and how long they last."""
    zones = figures.values()
    true_visits = sum(len(zone.true_dwells_s) for zone in zones)
    visits = sum(zone.visits for zone in zones)
    true_mean_s = ratio(sum(sum(zone.true_dwells_s) for zone in zones), true_visits)
    mean_s = ratio(sum(zone.dwell_s for zone in zones), visits)
    true_presence_s = sum(zone.true_presence_s for zone in zones)
    presence_s = sum(zone.presence_s for zone in zones)
    return {
        "true_visits": true_visits,
        "visits": visits,
        "true_mean_s": true_mean_s,
        "mean_s": mean_s,
        "error_ratio": off(mean_s, true_mean_s),
        "in_view_ratio": ratio(true_presence_s, sum(zone.all_presence_s for zone in zones)),
        "true_presence_s": true_presence_s,
        "presence_s": presence_s,
        "presence_error_ratio": off(presence_s, true_presence_s),
    }


def groups_of(lines: Mapping[str, LineTruth], party_sizes: Sequence[int]) -> dict[str, Any]:
    """Return parties that came in, found beside true ones."""
    doors = [line for line in lines.values() if line.is_entrance]
    units, heads = sum(x.measured_units_in for x in doors), sum(x.measured_in for x in doors)
    true_heads = sum(party_sizes)
    return {
        "true_parties": len(party_sizes),
        "parties": units,
        "error_ratio": off(units, len(party_sizes)),
        "true_party_size": ratio(true_heads, len(party_sizes)),
        "party_size": ratio(heads, units),
    }


def queue_lengths_of(figures: Mapping[str, QueueFigures]) -> dict[str, Any]:
    """Return how many wait, second by second."""
    queues = {name: queue.samples for name, queue in figures.items() if queue.samples}
    everything = [pair for samples in queues.values() for pair in samples]
    return {
        "mean_error": mean(abs(m - t) for t, m in everything),
        "bias": mean(m - t for t, m in everything),
        "within_1_ratio": share_within(everything, 1),
        "per_queue": {
            name: {
                "mean_error": mean(abs(m - t) for t, m in samples),
                "mean": mean(m for _, m in samples),
                "true_mean": mean(t for t, _ in samples),
            }
            for name, samples in queues.items()
        },
    }


def waits_of(figures: Mapping[str, QueueFigures]) -> dict[str, Any]:
    """Return waits, beside what Little's law makes of the same lengths and counts."""
    queues = list(figures.values())
    true_s = [wait_s for queue in queues for _, wait_s in queue.true_waits_s]
    measured_s = [wait_s for queue in queues for _, wait_s in queue.waits_s]
    true_mean_s, mean_s = mean(true_s), mean(measured_s)
    littles: defaultdict[str, float] = defaultdict(float)
    for queue in queues:
        for kind, value in queue.window_errors().items():
            littles[kind] += value
    services_s = [x for queue in queues for x in queue.services_s]
    true_services_s = [x for queue in queues for x in queue.true_services_s]
    return {
        "true_served": len(true_s),
        "served": len(measured_s),
        "lost": sum(queue.lost for queue in queues),
        "true_mean_s": true_mean_s,
        "mean_s": mean_s,
        "error_ratio": off(mean_s, true_mean_s),
        "quarter_error_ratio": ratio(littles["measured"], littles["weight"]),
        "littles_law_error_ratio": ratio(littles["little"], littles["weight"]),
        "true_service_mean_s": mean(true_services_s),
        "service_mean_s": mean(services_s),
        "true_abandoned": sum(queue.true_reneged for queue in queues),
        "abandoned": sum(queue.abandoned for queue in queues),
        "per_queue": {
            name: {
                "true_served": len(queue.true_waits_s),
                "served": len(queue.waits_s),
                "true_mean_s": mean(w for _, w in queue.true_waits_s),
                "mean_s": mean(w for _, w in queue.waits_s),
            }
            for name, queue in figures.items()
        },
    }


def ratio(part: float, whole: float) -> float | None:
    """Return a share, or None of nothing."""
    return part / whole if whole else None


def off(measured: float | None, true: float | None) -> float | None:
    """How far ``measured`` is from ``true``, as a share of it."""
    return None if measured is None or not true else (measured - true) / true


def mean(values: Iterable[float]) -> float | None:
    """Return the mean, or None of nothing."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else None
