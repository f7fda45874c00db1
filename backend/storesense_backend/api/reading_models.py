"""Raw readings as the API gives them: one model a family, with the columns of its table."""

from datetime import datetime

from pydantic import Field

from storesense_backend.api.models import Answer


class ReadingRow(Answer):
    """What every reading has."""

    device_id: str
    subject_id: str
    measured_at: datetime
    received_at: datetime | None = Field(
        description="null once TimescaleDB has compressed a reading that had come within two minutes"
    )


class FootfallCount(ReadingRow):
    """People who crossed a line during the interval that begins at measured_at."""

    period_ms: int
    in_count: int
    out_count: int


class ZoneVisit(ReadingRow):
    """Presence in a zone during the interval that begins at measured_at."""

    period_ms: int
    occupancy: int
    entry_count: int
    exit_count: int
    presence_ms: int
    visit_count: int
    visit_dwell_ms: int
    stop_count: int


class QueueSampleRow(ReadingRow):
    """A queue at one instant."""

    length: int
    longest_wait_ms: int


class QueueVisitRow(ReadingRow):
    """Somebody left a queue."""

    outcome: str
    wait_ms: int
    service_ms: int


class LaneState(ReadingRow):
    """A lane's state from measured_at on."""

    is_open: bool
    is_staffed: bool


class LinePartiesRow(ReadingRow):
    """Parties over a line, and staff among its heads, during the interval that begins at measured_at."""

    period_ms: int
    in_count: int
    out_count: int
    staff_in_count: int
    staff_out_count: int


class ZoneDwellRow(ReadingRow):
    """How long visits lasted that ended in the interval, and whose presence it was."""

    period_ms: int
    visit_count: int
    dwell_le_counts: list[int] = Field(
        description="visits that were no longer than each of the steps that /dwell gives as edges_s"
    )
    unknown_count: int = Field(description="visits whose end nobody saw; they are in no other count")
    people_ms: int
    staff_ms: int


class LaneServiceRow(ReadingRow):
    """How long the tills of a lane served during the interval."""

    period_ms: int
    queue_id: str
    till_count: int
    busy_ms: int
    served_count: int


class ZoneTransitionRow(ReadingRow):
    """People who went from one zone to another; both are null for the remainder of ways that too few took."""

    span_ms: int
    people_count: int
    from_zone_id: str | None
    to_zone_id: str | None


class ProductUnitsRow(Answer):
    """Units of one of the products that share a plate."""

    sku: str
    units: int
    confidence: float


class ShelfWeightRow(ReadingRow):
    """The load on a slot."""

    weight_mg: int
    is_stable: bool
    units: int | None
    confidence: float | None
    guest_mg: int | None = Field(description="the weight of what does not belong there")
    calibration_due: str | None = Field(description="why somebody should tare or calibrate the slot")
    products: list[ProductUnitsRow] | None = Field(description="all products of a plate that several share; else null")


class ShelfAlternativeRow(Answer):
    """Another thing that may have happened at a slot, by the same weight."""

    event: str
    units: int
    confidence: float
    sku: str | None = None


class ShelfEventRow(ReadingRow):
    """Something happened at a slot."""

    event: str
    units: int
    delta_mg: int
    confidence: float
    sku: str | None
    is_ambiguous: bool | None = Field(description="whether the weight allows several answers; null of old readings")
    alternatives: list[ShelfAlternativeRow] | None = Field(description="the other answers, likeliest first")
    burst_units: int | None = Field(description="all units of a restock or bulk removal so far")
    straddles: str | None = Field(description="the other slot, where the thing lay on two")
    correction_no: int = Field(description="how often it was told anew; 0 as it was told first")
    told_event: str | None = Field(description="what was told before it was told anew; null as it was told first")
    told_units: int | None
    told_sku: str | None


class EnvironmentRow(ReadingRow):
    """Climate at a sensor."""

    temperature_c: float | None
    humidity_pct: float | None
    noise_dba: float | None
    light_lux: float | None


class HealthRow(ReadingRow):
    """How a component of a device did."""

    state: str
    reason: str | None
    frames_per_s: float | None
    outbox_messages: int | None
    outbox_bytes: int | None
    uptime_s: int | None
    clock_offset_ms: int | None = Field(description="how far the gateway's clock is ahead of the device's")
    cause: str | None = Field(description="what is wrong, where it is one of the faults that programs know")
    displacement_px: float | None = Field(description="by how many pixels a moved camera's view has shifted")
    affected: list[str] | None = Field(description="figures not to be trusted meanwhile, as stream/subject")
    planogram_version: int | None = Field(description="the planogram that a shelf device works by")
    drawing_version: int | None = Field(description="the drawing that a camera works by")


AnyRow = (
    FootfallCount
    | ZoneVisit
    | QueueSampleRow
    | QueueVisitRow
    | LaneState
    | LinePartiesRow
    | ZoneDwellRow
    | LaneServiceRow
    | ZoneTransitionRow
    | ShelfWeightRow
    | ShelfEventRow
    | EnvironmentRow
    | HealthRow
)


class Readings(Answer):
    """A page of raw readings, oldest first."""

    readings: list[AnyRow]
    next: str | None
