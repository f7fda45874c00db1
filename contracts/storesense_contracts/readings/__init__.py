"""The readings of every stream, as they stand on the wire.

Instants are RFC 3339 texts in UTC. A reading that covers an interval has ``measured_at`` at the interval's beginning
and ``period_ms`` as its length, and never straddles a whole UTC minute, so that rollups need no splitting. Counts are
deltas over that interval. Quantities that get summed are whole numbers (milliseconds, milligrams), so that sums are
exact in any order.
"""

from storesense_contracts.readings.device import (
    AffectedText,
    CommandResult,
    CommandState,
    CountedProduct,
    Direction,
    EnvironmentReading,
    HealthCause,
    HealthReading,
    HealthState,
    LineAccuracy,
    ShelfCounted,
)
from storesense_contracts.readings.fields import (
    CommandKindText,
    Confidence,
    Count,
    DurationMs,
    Instant,
    MassMg,
    PeriodMs,
    Reading,
    Units,
)
from storesense_contracts.readings.people import (
    DWELL_EDGES_S,
    FEWEST_TOLD,
    MAX_HEATMAP_CELLS,
    FootfallReading,
    HeatmapReading,
    LaneReading,
    LaneService,
    LineParties,
    QueueOutcome,
    QueueSample,
    QueueVisit,
    ZoneDwell,
    ZoneReading,
    ZoneTransition,
)
from storesense_contracts.readings.shelf import (
    ProductUnits,
    ShelfAlternative,
    ShelfCorrection,
    ShelfEvent,
    ShelfEventKind,
    ShelfWeight,
)
from storesense_contracts.topics import Stream

__all__ = [
    "DWELL_EDGES_S",
    "FEWEST_TOLD",
    "MAX_HEATMAP_CELLS",
    "READING_TYPES",
    "AffectedText",
    "AnyReading",
    "CommandKindText",
    "CommandResult",
    "CommandState",
    "Confidence",
    "Count",
    "CountedProduct",
    "Direction",
    "DurationMs",
    "EnvironmentReading",
    "FootfallReading",
    "HealthCause",
    "HealthReading",
    "HealthState",
    "HeatmapReading",
    "Instant",
    "LaneReading",
    "LaneService",
    "LineAccuracy",
    "LineParties",
    "MassMg",
    "PeriodMs",
    "ProductUnits",
    "QueueOutcome",
    "QueueSample",
    "QueueVisit",
    "Reading",
    "ShelfAlternative",
    "ShelfCorrection",
    "ShelfCounted",
    "ShelfEvent",
    "ShelfEventKind",
    "ShelfWeight",
    "Units",
    "ZoneDwell",
    "ZoneReading",
    "ZoneTransition",
]

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
