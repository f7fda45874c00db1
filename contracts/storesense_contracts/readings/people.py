"""What cameras find: people over lines, in zones and queues, at lanes and on the floor."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from storesense_contracts.ids import IdText
from storesense_contracts.readings.fields import Count, DurationMs, PeriodMs, Reading

MAX_HEATMAP_CELLS = 65_536

DWELL_EDGES_S = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1800)
"""Upper edges of the steps of a dwell histogram, those of waits as well; a last step is without end."""
FEWEST_TOLD = 5
"""Of a way from zone to zone, fewer people than this are never told of."""


class FootfallReading(Reading, frozen=True, kw_only=True):
    """People who crossed one counting line during the interval."""

    period_ms: PeriodMs
    line_id: IdText
    in_count: Count
    out_count: Count


class ZoneReading(Reading, frozen=True, kw_only=True):
    """Presence in one zone during the interval; ``occupancy`` is at its end, visits are those that ended in it."""

    period_ms: PeriodMs
    zone_id: IdText
    occupancy: Annotated[int, Meta(ge=0, le=100_000)]
    entry_count: Count = 0
    exit_count: Count = 0
    presence_ms: DurationMs = 0
    visit_count: Count = 0
    visit_dwell_ms: DurationMs = 0
    stop_count: Count = 0


class QueueSample(Reading, frozen=True, kw_only=True, tag_field="kind", tag="sample"):
    """A queue at one instant: how many wait, and how long the first of them has."""

    queue_id: IdText
    length: Annotated[int, Meta(ge=0, le=10_000)]
    longest_wait_ms: DurationMs = 0


class QueueOutcome(StrEnum):
    """How a visit to a queue ended; unknown if nobody saw it, as when the device restarts meanwhile."""

    SERVED = "served"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"


class QueueVisit(Reading, frozen=True, kw_only=True, tag_field="kind", tag="visit"):
    """Somebody left a queue at ``measured_at``, having waited and, if served, having been served for so long."""

    queue_id: IdText
    outcome: QueueOutcome
    wait_ms: DurationMs
    service_ms: DurationMs = 0


class LaneReading(Reading, frozen=True, kw_only=True):
    """The state of a checkout lane from ``measured_at`` on: open or closed, staffed or not."""

    lane_id: IdText
    is_open: bool
    is_staffed: bool


class HeatmapReading(Reading, frozen=True, kw_only=True):
    """Presence per floor cell during the interval, as one packed grid.

    ``presence_ds`` is base64 of zlib-compressed little-endian uint16, ``rows`` × ``columns`` in row-major order, in
    deciseconds, 65535 standing for "that or more". Cell (0, 0) has its corner at ``origin_xy_m`` on the store's floor.
    """

    period_ms: PeriodMs
    floor_id: IdText
    origin_xy_m: tuple[float, float]
    cell_size_m: Annotated[float, Meta(gt=0.0, le=100.0)]
    columns: Annotated[int, Meta(ge=1, le=1024)]
    rows: Annotated[int, Meta(ge=1, le=1024)]
    presence_ds: Annotated[bytes, Meta(max_length=180_000)]


class LineParties(Reading, frozen=True, kw_only=True, tag_field="kind", tag="parties"):
    """Parties over one counting line whose crossing was decided in the interval: who came together is one.

    ``staff_in_count`` and ``staff_out_count`` are those of the footfall's heads who are known to work in the store.
    """

    period_ms: PeriodMs
    line_id: IdText
    in_count: Count = 0
    out_count: Count = 0
    staff_in_count: Count = 0
    staff_out_count: Count = 0


class ZoneDwell(Reading, frozen=True, kw_only=True, tag_field="kind", tag="dwell"):
    """How long the visits to one zone lasted that ended in the interval, and whose presence it was.

    ``dwell_counts`` has one number a step of ``DWELL_EDGES_S`` (at most 5 s, over 5 and at most 10 s, and so on) and a
    last one for what took longer. ``unknown_count`` are visits whose end nobody saw, as a device restarted meanwhile;
    they are in no other count of visits. ``people_ms`` is the presence of everybody, ``staff_ms`` that of those known
    to work in the store.
    """

    period_ms: PeriodMs
    zone_id: IdText
    dwell_counts: Annotated[
        tuple[Count, ...], Meta(min_length=len(DWELL_EDGES_S) + 1, max_length=len(DWELL_EDGES_S) + 1)
    ]
    unknown_count: Count = 0
    people_ms: DurationMs = 0
    staff_ms: DurationMs = 0


class LaneService(Reading, frozen=True, kw_only=True, tag_field="kind", tag="service"):
    """How long the tills of one lane served during the interval, all of it seen; the rest of it they stood idle.

    ``till_count`` is one for a staffed lane and the number of stations of a self-checkout; ``busy_ms`` adds them up.
    """

    period_ms: PeriodMs
    lane_id: IdText
    queue_id: IdText
    till_count: Annotated[int, Meta(ge=1, le=1_000)]
    busy_ms: DurationMs = 0
    served_count: Count = 0


class ZoneTransition(Reading, frozen=True, kw_only=True, tag_field="kind", tag="transition"):
    """People whose visit to one zone was followed by one to another, as one camera saw it; a sum, and nobody's path.

    Without zones it is the remainder: people of all ways that too few took to be told of. The interval, ``span_ms``
    long, lies within a quarter of an hour of UTC.
    """

    span_ms: Annotated[int, Meta(ge=1, le=900_000, description="length of the interval, milliseconds")]
    camera_id: IdText
    people_count: Annotated[int, Meta(ge=FEWEST_TOLD, le=1_000_000)]
    from_zone_id: IdText | None = None
    to_zone_id: IdText | None = None
