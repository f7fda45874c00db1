"""The readings of every stream, as they stand on the wire.

Instants are RFC 3339 texts in UTC. A reading that covers an interval has ``measured_at`` at the interval's beginning
and ``period_ms`` as its length, and never straddles a whole UTC minute, so that rollups need no splitting. Counts are
deltas over that interval. Quantities that get summed are whole numbers (milliseconds, milligrams), so that sums are
exact in any order.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from storesense_contracts.ids import CommandIdText, IdText
from storesense_contracts.topics import Stream

Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 instant with an offset; UTC on our side")]
PeriodMs = Annotated[int, Meta(ge=1, le=60_000, description="length of the interval, milliseconds")]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
DurationMs = Annotated[int, Meta(ge=0, le=31_536_000_000, description="milliseconds")]
MassMg = Annotated[int, Meta(ge=-10_000_000_000, le=10_000_000_000, description="milligrams")]
Confidence = Annotated[float, Meta(ge=0.0, le=1.0)]
Units = Annotated[int, Meta(ge=0, le=1_000_000)]
CommandKindText = Annotated[str, Meta(pattern=r"^[a-z_]{1,32}\Z", description="a kind of command, such as identify")]

MAX_HEATMAP_CELLS = 65_536

DWELL_EDGES_S = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1800)
"""Upper edges of the steps of a dwell histogram, those of waits as well; a last step is without end."""
FEWEST_TOLD = 5
"""Of a way from zone to zone, fewer people than this are never told of."""


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one sensor found at one instant or over one interval."""

    measured_at: Instant


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


class ProductUnits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Units of one of the products that share a plate, and the probability that they are right."""

    sku: IdText
    units: Units
    confidence: Confidence


class ShelfWeight(Reading, frozen=True, kw_only=True, tag_field="kind", tag="weight"):
    """The load on one slot at one instant.

    ``units`` is null where the weight does not tell; ``confidence`` is the probability that it is right. ``guest_mg``
    is the weight of what does not belong there, ``calibration_due`` the reason why somebody should tare or calibrate.
    Where several products share the plate, ``units`` are those of the slot's own product, and ``products`` has all.
    """

    slot_id: IdText
    weight_mg: MassMg
    is_stable: bool
    units: Units | None = None
    confidence: Confidence | None = None
    guest_mg: MassMg | None = None
    calibration_due: Annotated[str, Meta(max_length=300)] | None = None
    products: Annotated[tuple[ProductUnits, ...], Meta(max_length=8)] = ()


class ShelfEventKind(StrEnum):
    """What happened at a slot; a partial lift and a lean changed nothing."""

    PICK = "pick"
    PUT_BACK = "put_back"
    RESTOCK = "restock"
    MISPLACED = "misplaced"
    FOREIGN = "foreign"
    BULK_REMOVAL = "bulk_removal"
    PARTIAL_LIFT = "partial_lift"
    LEAN = "lean"


class ShelfAlternative(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another thing that may have happened, by the same weight."""

    event: ShelfEventKind
    units: Units
    confidence: Confidence
    sku: IdText | None = None


class ShelfEvent(Reading, frozen=True, kw_only=True, tag_field="kind", tag="event"):
    """Something happened at a slot; ``delta_mg`` is negative when something left.

    ``units`` is 0 where nothing changed. ``is_ambiguous`` says that the weight allows several answers, which
    ``alternatives`` ranks. ``burst_units`` are all units of a restock or bulk removal so far; ``units`` alone sum up.
    ``straddles`` is the other slot, where the thing lay on two. ``event_no`` counts the slot's events in its boot, so
    that a correction can name it.
    """

    slot_id: IdText
    event: ShelfEventKind
    units: Units
    delta_mg: MassMg
    confidence: Confidence
    sku: IdText | None = None
    is_ambiguous: bool = False
    alternatives: Annotated[tuple[ShelfAlternative, ...], Meta(max_length=5)] = ()
    burst_units: Units | None = None
    straddles: IdText | None = None
    event_no: Count | None = None


class ShelfCorrection(Reading, frozen=True, kw_only=True, tag_field="kind", tag="correction"):
    """What followed shows that an event was told wrongly: what it was instead.

    ``measured_at`` is when the event happened, ``event_no`` names it within the boot, ``correction_no`` counts from 1.
    ``told_…`` is what was told before, by the event or by the correction before this one; it is withdrawn. Without
    ``event`` nothing takes its place: it was a part of another event.
    """

    slot_id: IdText
    event_no: Count
    correction_no: Annotated[int, Meta(ge=1, le=1_000)]
    told_event: ShelfEventKind
    told_units: Units
    told_delta_mg: MassMg
    told_sku: IdText | None = None
    event: ShelfEventKind | None = None
    units: Units = 0
    delta_mg: MassMg = 0
    confidence: Confidence
    sku: IdText | None = None
    is_ambiguous: bool = False
    alternatives: Annotated[tuple[ShelfAlternative, ...], Meta(max_length=5)] = ()


class EnvironmentReading(Reading, frozen=True, kw_only=True):
    """Climate at one sensor; what the sensor does not measure is left out."""

    sensor_id: IdText
    temperature_c: Annotated[float, Meta(ge=-100.0, le=200.0)] | None = None
    humidity_pct: Annotated[float, Meta(ge=0.0, le=100.0)] | None = None
    noise_dba: Annotated[float, Meta(ge=0.0, le=200.0)] | None = None
    light_lux: Annotated[float, Meta(ge=0.0, le=500_000.0)] | None = None


class HealthState(StrEnum):
    """How a component of a device is doing."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


class HealthCause(StrEnum):
    """What is wrong with a component, for programs; ``reason`` says it to people."""

    NO_PICTURE = "no_picture"
    FROZEN = "frozen"
    DARK = "dark"
    COVERED = "covered"
    BLURRED = "blurred"
    MOVED = "moved"
    SLOW = "slow"
    OVERLOADED = "overloaded"


AffectedText = Annotated[
    str,
    Meta(
        max_length=80,
        pattern=r"^(footfall|zone|queue|heatmap)/[A-Za-z0-9._-]{1,64}\Z",
        description="a stream and what it is about, such as footfall/door",
    ),
]


class Direction(StrEnum):
    """Which way across a counting line."""

    IN = "in"
    OUT = "out"


class LineAccuracy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How well a line counted one way while a person tallied: numbers, and nobody's path.

    ``error_low`` and ``error_high`` bound (counted - tallied) / tallied with 95 % confidence.
    """

    line_id: IdText
    direction: Direction
    tallied_count: Count
    counted_count: Count
    missed_count: Count
    extra_count: Count
    error_low: Annotated[float, Meta(ge=-1.0, le=1_000.0)]
    error_high: Annotated[float, Meta(ge=-1.0, le=1_000.0)]


class CountedProduct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person counted of one product, and what the shelf believed just before."""

    sku: IdText
    counted_units: Units
    believed_units: Units
    confidence: Confidence


class ShelfCounted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a count by hand: taken up by the shelf, or not, with the reason why."""

    slot_id: IdText
    count_no: Annotated[int, Meta(ge=1, le=9_223_372_036_854_775_807)]
    is_taken: bool
    reason: Annotated[str, Meta(max_length=300)] | None = None
    products: Annotated[tuple[CountedProduct, ...], Meta(max_length=8)] = ()


class HealthReading(Reading, frozen=True, kw_only=True):
    """How one component of a device (a camera, a cell, its outbox) is doing, and why.

    ``affected`` names the figures that are not to be trusted, or missing, while it is so. ``accuracy`` is what an
    audit found: somebody tallied from ``measured_at`` on for ``audit_ms``. ``planogram_version`` is the one that the
    device works by, ``drawing_version`` the drawing that a camera works by; None while it works by its site file.
    ``commands`` are the kinds of commands that the device understands, on readings that speak of the device as a whole.
    ``setup_url`` is where the edge box shows its camera's picture to an installer who was let in. ``counted`` is what
    became of a count of a slot by hand.
    """

    component_id: IdText
    state: HealthState
    reason: Annotated[str, Meta(max_length=500)] | None = None
    frames_per_s: Annotated[float, Meta(ge=0.0, le=10_000.0)] | None = None
    outbox_messages: Count | None = None
    outbox_bytes: Annotated[int, Meta(ge=0)] | None = None
    uptime_s: Annotated[int, Meta(ge=0)] | None = None
    clock_offset_ms: (
        Annotated[
            int,
            Meta(ge=-(10**15), le=10**15, description="how far the gateway's clock is ahead of the device's own"),
        ]
        | None
    ) = None
    cause: HealthCause | None = None
    displacement_px: Annotated[float, Meta(ge=0.0, le=100_000.0)] | None = None
    affected: Annotated[tuple[AffectedText, ...], Meta(max_length=100)] = ()
    accuracy: Annotated[tuple[LineAccuracy, ...], Meta(max_length=100)] = ()
    audit_ms: Annotated[int, Meta(ge=1, le=86_400_000, description="length of the tally, milliseconds")] | None = None
    planogram_version: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None
    drawing_version: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None
    setup_url: Annotated[str, Meta(max_length=300, pattern=r"^https?://[A-Za-z0-9.:\[\]-]{1,280}/\Z")] | None = None
    commands: Annotated[tuple[CommandKindText, ...], Meta(max_length=20)] = ()
    counted: ShelfCounted | None = None


class CommandState(StrEnum):
    """What became of a command; ``taken`` comes before its end, all others are ends."""

    TAKEN = "taken"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"


class CommandResult(Reading, frozen=True, kw_only=True):
    """What the device did with a command, at ``measured_at``; ``detail`` says it, or why not, to people."""

    command_id: CommandIdText
    kind: CommandKindText
    state: CommandState
    detail: Annotated[str, Meta(max_length=300)] | None = None


AnyReading = (
    FootfallReading
    | ZoneReading
    | QueueSample
    | QueueVisit
    | LaneReading
    | HeatmapReading
    | LineParties
    | ZoneDwell
    | LaneService
    | ZoneTransition
    | ShelfWeight
    | ShelfEvent
    | ShelfCorrection
    | EnvironmentReading
    | HealthReading
    | CommandResult
)

READING_TYPES: dict[Stream, tuple[type[Reading], ...]] = {
    Stream.FOOTFALL: (FootfallReading,),
    Stream.ZONE: (ZoneReading,),
    Stream.QUEUE: (QueueSample, QueueVisit),
    Stream.LANE: (LaneReading,),
    Stream.HEATMAP: (HeatmapReading,),
    Stream.FLOW: (LineParties, ZoneDwell, LaneService, ZoneTransition),
    Stream.SHELF: (ShelfWeight, ShelfEvent, ShelfCorrection),
    Stream.ENVIRONMENT: (EnvironmentReading,),
    Stream.HEALTH: (HealthReading,),
    Stream.RESULT: (CommandResult,),
}
"""The readings that each stream's messages may carry."""
