"""What devices say of their surroundings and of themselves: climate, health, and what became of commands."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from storesense_contracts.ids import CommandIdText, IdText
from storesense_contracts.readings.fields import CommandKindText, Confidence, Count, Reading, Units


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
