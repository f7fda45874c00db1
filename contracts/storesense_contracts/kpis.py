"""The catalogue of KPIs: each once, with its meaning; the API, its answers and the reference page are made from it."""

from dataclasses import dataclass
from enum import StrEnum

from storesense_contracts.topics import Stream


class Unit(StrEnum):
    """What a KPI's value counts."""

    PEOPLE = "people"
    PARTIES = "parties"
    SECONDS = "s"
    MINUTES = "min"
    UNITS = "units"
    SHARE = "share"
    LANES = "lanes"
    PEOPLE_PER_STAFF = "people per member of staff"


class Quality(StrEnum):
    """What a KPI's completeness is the share of."""

    LINE_MINUTES = "line_minutes"
    ZONE_MINUTES = "zone_minutes"
    QUEUE_MINUTES = "queue_minutes"
    LANE_MINUTES = "lane_minutes"
    SLOT_MINUTES = "slot_minutes"
    ALERTS = "alerts"
    DEVICE_MINUTES = "device_minutes"


QUALITY_TEXT = {
    Quality.LINE_MINUTES: "minutes of entrance lines that have a reading",
    Quality.ZONE_MINUTES: "minutes of zones that have a reading",
    Quality.QUEUE_MINUTES: "minutes of queues that have a sample",
    Quality.LANE_MINUTES: "minutes of lanes whose state is known",
    Quality.SLOT_MINUTES: "minutes of slots whose units are known",
    Quality.ALERTS: "alerts of the span that were acknowledged",
    Quality.DEVICE_MINUTES: "minutes of devices that have a health reading",
}
"""Every quality rule in words."""


class Better(StrEnum):
    """Which side of a target is good."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class KpiDefinition:
    """One KPI.

    Attributes:
        name: as the API calls it.
        title: as people call it.
        unit: of its value.
        definition: what exactly is computed.
        streams: the streams of readings it rests on; none for those that rest on alerts.
        quality: what its completeness is the share of.
        aggregation: how values of parts make the value of the whole.
        needs: what is missing before it can be told; None if it can be told now.
        better: which side of a target is good; without one it can have no target.
    """

    name: str
    title: str
    unit: Unit
    definition: str
    streams: tuple[Stream, ...]
    quality: Quality
    aggregation: str
    needs: str | None = None
    better: Better = Better.NEITHER

    @property
    def is_available(self) -> bool:
        """Whether the API answers it."""
        return self.needs is None


_OF_SUMS = "sums of both parts are added, then divided"
_TIME_MEAN = "mean over measured minutes"

CATALOGUE: tuple[KpiDefinition, ...] = (
    KpiDefinition(
        "visitors",
        "Visitors",
        Unit.PEOPLE,
        "people counted in at entrance lines; with an interval where these have been audited",
        (Stream.FOOTFALL,),
        Quality.LINE_MINUTES,
        "sum",
        better=Better.HIGHER,
    ),
    KpiDefinition(
        "buying_units",
        "Buying units",
        Unit.PARTIES,
        "parties that came in over entrance lines: people who enter and walk together are one",
        (Stream.FLOW,),
        Quality.LINE_MINUTES,
        "sum",
        better=Better.HIGHER,
    ),
    KpiDefinition(
        "occupancy",
        "Occupancy",
        Unit.PEOPLE,
        "of a store with opening hours and entrance lines, mean number of people in it by its doors, reconciled at "
        "closing, with an interval and the completeness of the entrance lines; of any other, or over more than "
        "31 days, mean number of people in the zones together, in measured minutes; overlapping zones count twice",
        (Stream.ZONE,),
        Quality.ZONE_MINUTES,
        _TIME_MEAN,
    ),
    KpiDefinition(
        "engagement",
        "Passers who stop",
        Unit.SHARE,
        "of entries into a zone, those that became a stop",
        (Stream.ZONE,),
        Quality.ZONE_MINUTES,
        _OF_SUMS,
        better=Better.HIGHER,
    ),
    KpiDefinition(
        "mean_dwell",
        "Mean dwell",
        Unit.SECONDS,
        "mean length of zone visits that ended in the span",
        (Stream.ZONE,),
        Quality.ZONE_MINUTES,
        _OF_SUMS,
    ),
    KpiDefinition(
        "staff_share",
        "Share of staff",
        Unit.SHARE,
        "of the time that people were seen in zones, that of people known to work in the store",
        (Stream.FLOW,),
        Quality.ZONE_MINUTES,
        _OF_SUMS,
    ),
    KpiDefinition(
        "conversion",
        "Conversion",
        Unit.SHARE,
        "purchases of the span over visitors of the span",
        (Stream.FOOTFALL,),
        Quality.LINE_MINUTES,
        _OF_SUMS,
        needs="till data",
        better=Better.HIGHER,
    ),
    KpiDefinition(
        "queue_length",
        "Queue length",
        Unit.PEOPLE,
        "mean over the queues' minutes of each minute's mean length",
        (Stream.QUEUE,),
        Quality.QUEUE_MINUTES,
        _TIME_MEAN,
        better=Better.LOWER,
    ),
    KpiDefinition(
        "wait_mean",
        "Mean wait",
        Unit.SECONDS,
        "mean wait of queue visits that ended served",
        (Stream.QUEUE,),
        Quality.QUEUE_MINUTES,
        _OF_SUMS,
        better=Better.LOWER,
    ),
    KpiDefinition(
        "wait_p90",
        "Wait, 90th percentile",
        Unit.SECONDS,
        "the wait that 90 % of queue visits that ended served did not exceed; over more than two days, or where the "
        "waits themselves have been dropped, interpolated in a histogram",
        (Stream.QUEUE,),
        Quality.QUEUE_MINUTES,
        "from the waits themselves, or from added histograms; never from percentiles",
        better=Better.LOWER,
    ),
    KpiDefinition(
        "served_within_target",
        "Served within target",
        Unit.SHARE,
        "of queue visits that ended served, those that waited no longer than wait_target_s of the store's layout; "
        "over more than two days, or where the waits themselves have been dropped, interpolated in a histogram, which "
        "is exact at 60, 90, 120, 180, 240 and 300 s",
        (Stream.QUEUE,),
        Quality.QUEUE_MINUTES,
        _OF_SUMS,
        better=Better.HIGHER,
    ),
    KpiDefinition(
        "abandonment",
        "Abandonment",
        Unit.SHARE,
        "of visits to queues that were seen to end, those that ended unserved",
        (Stream.QUEUE,),
        Quality.QUEUE_MINUTES,
        _OF_SUMS,
        better=Better.LOWER,
    ),
    KpiDefinition(
        "lanes_open_against_needed",
        "Lanes open against needed",
        Unit.LANES,
        "staffed lanes open less those that the staffing advice asked for, mean over the minutes of which both are "
        "known; below zero too few stood open. Advice is kept for 90 days",
        (Stream.LANE, Stream.QUEUE),
        Quality.LANE_MINUTES,
        _TIME_MEAN,
    ),
    KpiDefinition(
        "shoppers_per_staff",
        "Shoppers per member of staff",
        Unit.PEOPLE_PER_STAFF,
        "occupancy over staff on duty",
        (Stream.ZONE,),
        Quality.ZONE_MINUTES,
        _OF_SUMS,
        needs="staff on duty",
        better=Better.LOWER,
    ),
    KpiDefinition(
        "on_shelf_availability",
        "On-shelf availability",
        Unit.SHARE,
        "of slot-minutes with known units, those with any unit of the slot's own product",
        (Stream.SHELF,),
        Quality.SLOT_MINUTES,
        _TIME_MEAN,
        better=Better.HIGHER,
    ),
    KpiDefinition(
        "stock_out_minutes",
        "Stock-out minutes",
        Unit.MINUTES,
        "minutes that slots stood without a unit of their own product, added over the slots",
        (Stream.SHELF,),
        Quality.SLOT_MINUTES,
        "sum",
        better=Better.LOWER,
    ),
    KpiDefinition(
        "lost_sales",
        "Estimated lost sales",
        Unit.UNITS,
        "stock-out minutes of each slot times the rate at which its product usually sells at that hour, scaled by who "
        "passed the shelf where somebody counts; null until a slot has been seen in stock for a day",
        (Stream.SHELF,),
        Quality.SLOT_MINUTES,
        "sum",
        better=Better.LOWER,
    ),
    KpiDefinition(
        "restock_time",
        "Restock time",
        Unit.SECONDS,
        "mean time from a low-stock alert to the weight that closed it, of alerts that were closed in the span",
        (Stream.SHELF,),
        Quality.SLOT_MINUTES,
        _OF_SUMS,
        better=Better.LOWER,
    ),
    KpiDefinition(
        "alert_response_time",
        "Alert response time",
        Unit.SECONDS,
        "mean time from an alert's opening to its acknowledgement",
        (),
        Quality.ALERTS,
        _OF_SUMS,
        better=Better.LOWER,
    ),
    KpiDefinition(
        "device_uptime",
        "Device uptime",
        Unit.SHARE,
        "of registered devices' minutes, from their registration on, those with a health reading; what a device sends "
        "later counts for the minute that it tells of. GET completeness tells it by device and hour",
        (Stream.HEALTH,),
        Quality.DEVICE_MINUTES,
        _OF_SUMS,
        better=Better.HIGHER,
    ),
)
"""All KPIs, in the order that people read them."""

BY_NAME = {kpi.name: kpi for kpi in CATALOGUE}
"""The catalogue by name."""


def reference_page() -> str:
    """Return docs/reference/kpis.md."""
    lines = [
        "# KPIs",
        "",
        "Made from `contracts/storesense_contracts/kpis.py` by `storesense contracts generate`; change that file.",
        "`GET /api/v1/kpis` gives the same catalogue, and `GET /api/v1/stores/{store_id}/kpis` the values of those",
        "that are available, each with its completeness: the share that the quality rule names.",
        "",
        "| name | unit | definition | streams | quality: share of | aggregates as | better | available |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kpi in CATALOGUE:
        streams = ", ".join(f"`{stream.value}`" for stream in kpi.streams) or "alerts"
        available = "yes" if kpi.needs is None else f"needs {kpi.needs}"
        cells = (
            f"`{kpi.name}`",
            kpi.unit.value,
            f"{kpi.title}: {kpi.definition}",
            streams,
            QUALITY_TEXT[kpi.quality],
            kpi.aggregation,
            kpi.better.value,
            available,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
