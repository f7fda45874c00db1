"""Which table each kind of reading goes to, and how its fields become columns."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from storesense_contracts.readings import (
    DWELL_EDGES_S,
    AnyReading,
    CommandResult,
    EnvironmentReading,
    FootfallReading,
    HealthReading,
    HeatmapReading,
    LaneReading,
    LaneService,
    LineParties,
    QueueSample,
    QueueVisit,
    Reading,
    ShelfCorrection,
    ShelfEvent,
    ShelfWeight,
    ZoneDwell,
    ZoneReading,
    ZoneTransition,
)
from storesense_gateway.corrections import rows_of
from storesense_gateway.packing import PackedArray, PgType, pack_fixed, pack_variable

_VARIABLE = frozenset({PgType.TEXT, PgType.BYTEA})
_FLOATS = frozenset({PgType.FLOAT4, PgType.FLOAT8})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a reading table and where its value stands in a reading."""

    name: str
    pg_type: PgType
    get: Callable[[Any], Any]
    nullable: bool = False

    def pack(self, readings: Sequence[Reading]) -> PackedArray:
        """Pack this column of ``readings``. Raises OverflowError or UnicodeEncodeError if a value does not fit."""
        if self.pg_type in _VARIABLE:
            return pack_variable(self.pg_type, list(map(self.get, readings)))
        dtype = np.float64 if self.pg_type in _FLOATS else np.int64
        if not self.nullable:
            return pack_fixed(self.pg_type, np.fromiter(map(self.get, readings), dtype, len(readings)))
        values = list(map(self.get, readings))
        nulls = np.fromiter((value is None for value in values), np.bool_, len(values))
        filled = np.fromiter((0 if value is None else value for value in values), dtype, len(values))
        return pack_fixed(self.pg_type, filled, nulls)


@dataclass(frozen=True, slots=True)
class Family:
    """One reading table.

    Attributes:
        table: its name.
        subject: takes the id of what a reading is about (a line, a zone, a slot).
        columns: those of its own, beside the ones that every reading table has.
        rows_of: makes rows of a reading that stands at a place in its message, where it becomes others than one.
    """

    table: str
    subject: Callable[[Any], str]
    columns: tuple[Column, ...]
    rows_of: Callable[[int, Any], Iterable[tuple[int, Any]]] | None = None


def _column(name: str, pg_type: PgType, *, nullable: bool = False) -> Column:
    return Column(name, pg_type, attrgetter(name), nullable)


_PERIOD = _column("period_ms", PgType.INT4)


def _origin(axis: int) -> Callable[[Any], float]:
    return lambda reading: float(reading.origin_xy_m[axis])


def _spaced_affected(reading: HealthReading) -> str | None:
    return " ".join(reading.affected) or None


def _spaced_commands(reading: HealthReading) -> str | None:
    return " ".join(reading.commands) or None


def _json_accuracy(reading: HealthReading) -> str | None:
    return msgspec.json.encode(reading.accuracy).decode() if reading.accuracy else None


def _json_counted(reading: HealthReading) -> str | None:
    return msgspec.json.encode(reading.counted).decode() if reading.counted is not None else None


def _json_products(weight: ShelfWeight) -> str | None:
    return msgspec.json.encode(weight.products).decode() if weight.products else None


def _alternatives(event: ShelfEvent) -> str | None:
    return msgspec.json.encode(event.alternatives).decode() if event.alternatives else None


_SHELF_EVENTS = Family(
    "shelf_events",
    attrgetter("slot_id"),
    (
        _column("event", PgType.TEXT),
        _column("units", PgType.INT4),
        _column("delta_mg", PgType.INT8),
        _column("confidence", PgType.FLOAT4),
        _column("sku", PgType.TEXT, nullable=True),
        _column("is_ambiguous", PgType.BOOL, nullable=True),
        Column("alternatives", PgType.TEXT, _alternatives, nullable=True),
        _column("burst_units", PgType.INT4, nullable=True),
        _column("straddles", PgType.TEXT, nullable=True),
        _column("event_no", PgType.INT4, nullable=True),
        # Only of what a correction became: see corrections.py.
        Column("correction_no", PgType.INT4, lambda event: getattr(event, "correction_no", None), nullable=True),
        Column("is_withdrawn", PgType.BOOL, lambda event: getattr(event, "is_withdrawn", None), nullable=True),
    ),
)


def _dwell_within(step: int) -> Callable[[ZoneDwell], int]:
    """Visits of a histogram's first ``step`` steps together: cumulative, as the waits of queues are kept."""
    return lambda reading: sum(reading.dwell_counts[:step])


FAMILIES: dict[type[Reading], Family] = {
    FootfallReading: Family(
        "footfall_counts",
        attrgetter("line_id"),
        (_PERIOD, _column("in_count", PgType.INT4), _column("out_count", PgType.INT4)),
    ),
    ZoneReading: Family(
        "zone_visits",
        attrgetter("zone_id"),
        (
            _PERIOD,
            _column("occupancy", PgType.INT4),
            _column("entry_count", PgType.INT4),
            _column("exit_count", PgType.INT4),
            _column("presence_ms", PgType.INT8),
            _column("visit_count", PgType.INT4),
            _column("visit_dwell_ms", PgType.INT8),
            _column("stop_count", PgType.INT4),
        ),
    ),
    QueueSample: Family(
        "queue_samples",
        attrgetter("queue_id"),
        (_column("length", PgType.INT4), _column("longest_wait_ms", PgType.INT8)),
    ),
    QueueVisit: Family(
        "queue_visits",
        attrgetter("queue_id"),
        (
            _column("outcome", PgType.TEXT),
            _column("wait_ms", PgType.INT8),
            _column("service_ms", PgType.INT8),
        ),
    ),
    LaneReading: Family(
        "lane_states",
        attrgetter("lane_id"),
        (_column("is_open", PgType.BOOL), _column("is_staffed", PgType.BOOL)),
    ),
    HeatmapReading: Family(
        "heatmap_grids",
        attrgetter("floor_id"),
        (
            _PERIOD,
            Column("origin_x_m", PgType.FLOAT8, _origin(0)),
            Column("origin_y_m", PgType.FLOAT8, _origin(1)),
            _column("cell_size_m", PgType.FLOAT8),
            _column("columns", PgType.INT2),
            _column("rows", PgType.INT2),
            _column("presence_ds", PgType.BYTEA),
        ),
    ),
    LineParties: Family(
        "line_parties",
        attrgetter("line_id"),
        (
            _PERIOD,
            _column("in_count", PgType.INT4),
            _column("out_count", PgType.INT4),
            _column("staff_in_count", PgType.INT4),
            _column("staff_out_count", PgType.INT4),
        ),
    ),
    ZoneDwell: Family(
        "zone_dwells",
        attrgetter("zone_id"),
        (
            _PERIOD,
            Column("visit_count", PgType.INT8, _dwell_within(len(DWELL_EDGES_S) + 1)),
            *(
                Column(f"dwell_le_{edge_s}s", PgType.INT8, _dwell_within(place))
                for place, edge_s in enumerate(DWELL_EDGES_S, start=1)
            ),
            _column("unknown_count", PgType.INT4),
            _column("people_ms", PgType.INT8),
            _column("staff_ms", PgType.INT8),
        ),
    ),
    LaneService: Family(
        "lane_services",
        attrgetter("lane_id"),
        (
            _PERIOD,
            _column("queue_id", PgType.TEXT),
            _column("till_count", PgType.INT4),
            _column("busy_ms", PgType.INT8),
            _column("served_count", PgType.INT4),
        ),
    ),
    ZoneTransition: Family(
        "zone_transitions",
        attrgetter("camera_id"),
        (
            _column("span_ms", PgType.INT4),
            _column("people_count", PgType.INT4),
            Column("from_zone_id", PgType.TEXT, lambda reading: reading.from_zone_id or ""),
            Column("to_zone_id", PgType.TEXT, lambda reading: reading.to_zone_id or ""),
        ),
    ),
    ShelfWeight: Family(
        "shelf_weights",
        attrgetter("slot_id"),
        (
            _column("weight_mg", PgType.INT8),
            _column("is_stable", PgType.BOOL),
            _column("units", PgType.INT4, nullable=True),
            _column("confidence", PgType.FLOAT4, nullable=True),
            _column("guest_mg", PgType.INT8, nullable=True),
            _column("calibration_due", PgType.TEXT, nullable=True),
            Column("products", PgType.TEXT, _json_products, nullable=True),
        ),
    ),
    ShelfEvent: _SHELF_EVENTS,
    ShelfCorrection: replace(_SHELF_EVENTS, rows_of=rows_of),
    EnvironmentReading: Family(
        "environment_readings",
        attrgetter("sensor_id"),
        tuple(
            _column(name, PgType.FLOAT4, nullable=True)
            for name in ("temperature_c", "humidity_pct", "noise_dba", "light_lux")
        ),
    ),
    HealthReading: Family(
        "health_readings",
        attrgetter("component_id"),
        (
            _column("state", PgType.TEXT),
            _column("reason", PgType.TEXT, nullable=True),
            _column("frames_per_s", PgType.FLOAT4, nullable=True),
            _column("outbox_messages", PgType.INT4, nullable=True),
            _column("outbox_bytes", PgType.INT8, nullable=True),
            _column("uptime_s", PgType.INT8, nullable=True),
            _column("clock_offset_ms", PgType.INT8, nullable=True),
            _column("cause", PgType.TEXT, nullable=True),
            _column("displacement_px", PgType.FLOAT4, nullable=True),
            Column("affected", PgType.TEXT, _spaced_affected, nullable=True),
            Column("accuracy", PgType.TEXT, _json_accuracy, nullable=True),
            _column("audit_ms", PgType.INT8, nullable=True),
            _column("planogram_version", PgType.INT4, nullable=True),
            _column("drawing_version", PgType.INT4, nullable=True),
            _column("setup_url", PgType.TEXT, nullable=True),
            Column("commands", PgType.TEXT, _spaced_commands, nullable=True),
            Column("counted", PgType.TEXT, _json_counted, nullable=True),
        ),
    ),
    CommandResult: Family(
        "command_results",
        attrgetter("kind"),  # a series for each command would be one for each reading
        (
            _column("command_id", PgType.TEXT),
            _column("state", PgType.TEXT),
            _column("detail", PgType.TEXT, nullable=True),
        ),
    ),
}


def measured_us(readings: Sequence[AnyReading]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return when each was measured, in microseconds since 1970-01-01 UTC; exact from 1830 to 2110."""
    seconds = np.fromiter((reading.measured_at.timestamp() for reading in readings), np.float64, len(readings))
    return np.rint(seconds * 1e6).astype(np.int64)
