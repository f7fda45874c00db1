"""Heat of a floor over any time, from the database: a long time is a sum of whole hours, each added up from grids once.

An hour is kept with the number of its grids. Where more have come since (a device was offline) it is added up anew;
where there are fewer (they have been dropped with age) the kept hour holds.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from storesense_backend.database import Connection
from storesense_backend.floor_heat import (
    FloorHeat,
    GridError,
    GridFrame,
    add_heat,
    floor_frame,
    merge_presence,
    merge_watched,
    no_heat,
    pack_sums,
    unpack_presence,
    unpack_sums,
)
from storesense_backend.measurements import series_ids
from storesense_backend.metrics import BackendMetrics
from storesense_backend.ranges import TimeSpan, floor_to
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SQL = load_queries("storesense_backend", "sql/heat.sql")
_GRIDS_AT_ONCE = 500
_HOUR = timedelta(hours=1)
_FEWEST_HOURS = 3
"""Of a span with fewer whole hours the grids themselves are read."""
_PRESENCE_PER_S = 100
_WATCHED_PER_S = 10


async def floor_heat(
    connection: Connection, *, layout: StoreLayout, span: TimeSpan, now: datetime, metrics: BackendMetrics
) -> FloorHeat:
    """Return presence on the floor, merged from all cameras' grids of a span."""
    frame = floor_frame(layout.floor.size_m)
    ids = await series_ids(connection, store_id=layout.id, stream="heatmap")
    first_at = floor_to(span.from_at + _HOUR - timedelta(microseconds=1), _HOUR)
    end_at = floor_to(min(span.to_at, now), _HOUR)
    if end_at - first_at < _FEWEST_HOURS * _HOUR:
        return (await _added_up(connection, ids, span, frame, metrics))[0]
    heat = await _whole_hours(connection, layout.id, ids, TimeSpan(first_at, end_at), frame, metrics)
    for edge in (TimeSpan(span.from_at, first_at), TimeSpan(end_at, span.to_at)):
        if edge.from_at < edge.to_at:
            heat = add_heat(heat, (await _added_up(connection, ids, edge, frame, metrics))[0])
    return heat


async def _whole_hours(
    connection: Connection, store_id: str, ids: list[int], span: TimeSpan, frame: GridFrame, metrics: BackendMetrics
) -> FloorHeat:
    values = {"store_id": store_id, "series_ids": ids, "from_at": span.from_at, "to_at": span.to_at}
    counts = {
        row["hour_at"]: row["grid_count"]
        for row in await (await connection.execute(_SQL["grid_counts"], values)).fetchall()
    }
    kept = {row["hour_at"]: row for row in await (await connection.execute(_SQL["hours"], values)).fetchall()}
    good = [row for hour_at, row in kept.items() if row["grid_count"] >= counts.get(hour_at, 0)]
    heat, broken = await asyncio.to_thread(_sum, good, frame)
    known = {row["hour_at"] for row in good} - broken
    for hour_at in sorted(set(counts) - known, reverse=True):
        made, grid_count = await _added_up(connection, ids, TimeSpan(hour_at, hour_at + _HOUR), frame, metrics)
        row = {
            "store_id": store_id,
            "hour_at": hour_at,
            "grid_count": grid_count,
            "cell_size_m": frame.cell_size_m,
            "columns": frame.columns,
            "rows": frame.rows,
            "presence_cs": pack_sums(made.presence_s, _PRESENCE_PER_S),
            "watched_ds": pack_sums(made.watched_s, _WATCHED_PER_S),
        }
        await connection.execute(_SQL["keep_hour"], row)
        heat = add_heat(heat, made)
    return heat


def _sum(rows: Sequence[dict[str, Any]], frame: GridFrame) -> tuple[FloorHeat, set[datetime]]:
    """Add up kept hours; also return those that could not be read."""
    heat, broken = no_heat(frame), set()
    for row in rows:
        cells = {"columns": row["columns"], "rows": row["rows"]}
        try:
            presence_s = unpack_sums(row["presence_cs"], _PRESENCE_PER_S, **cells)
            watched_s = unpack_sums(row["watched_ds"], _WATCHED_PER_S, **cells)
        except GridError:
            broken.add(row["hour_at"])
        else:
            known = GridFrame((0.0, 0.0), row["cell_size_m"], row["columns"], row["rows"])
            heat = add_heat(heat, FloorHeat(known, presence_s, watched_s))
    return heat, broken


async def _added_up(
    connection: Connection, ids: list[int], span: TimeSpan, frame: GridFrame, metrics: BackendMetrics
) -> tuple[FloorHeat, int]:
    """Add up the grids of a span; also return how many there are."""
    heat, count = no_heat(frame), 0
    values = {"series_ids": ids, "from_at": span.from_at, "to_at": span.to_at}
    async with connection.transaction(), connection.cursor("heatmap_grids") as cursor:
        await cursor.execute(_SQL["grids"], values)
        while rows := await cursor.fetchmany(_GRIDS_AT_ONCE):
            merged, bad_count = await asyncio.to_thread(_merge, rows, frame)
            metrics.bad_grids.inc(bad_count)
            heat, count = add_heat(heat, merged), count + len(rows)
    return heat, count


def _merge(rows: Sequence[dict[str, Any]], floor: GridFrame) -> tuple[FloorHeat, int]:
    grids: list[tuple[GridFrame, NDArray[np.uint16 | np.float64]]] = []
    periods_s: dict[GridFrame, float] = {}
    bad_count = 0
    for row in rows:
        frame = GridFrame(
            origin_xy_m=(row["origin_x_m"], row["origin_y_m"]),
            cell_size_m=row["cell_size_m"],
            columns=row["columns"],
            rows=row["rows"],
        )
        try:
            grid = unpack_presence(row["presence_ds"], columns=frame.columns, rows=frame.rows)
        except GridError:
            bad_count += 1
        else:
            grids.append((frame, grid))
            periods_s[frame] = periods_s.get(frame, 0.0) + row["period_ms"] / 1000
    return FloorHeat(floor, merge_presence(grids, floor), merge_watched(periods_s, floor)), bad_count
