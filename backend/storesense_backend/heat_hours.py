"""Heat of a floor over any time, from the database: a long time is a sum of whole hours, each added up from grids once.

An hour is kept with the number of its grids. Where more have come since (a device was offline) it is added up anew;
where there are fewer (they have been dropped with age) the kept hour holds. Whoever asks for heat looks at the last two
days' hours in this way, and takes older ones as they are kept: those are looked at by ``heat_upkeep``, which also adds
up what nobody has asked for, before its grids are dropped.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

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
    unpack_whole,
)
from storesense_backend.measurements import series_ids
from storesense_backend.metrics import BackendMetrics
from storesense_backend.ranges import TimeSpan, floor_to
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SQL = load_queries("storesense_backend", "sql/heat.sql")
_GRIDS_AT_ONCE = 500
_HOUR = timedelta(hours=1)
_FEWEST_HOURS = 3
"""Of a span with fewer whole hours the grids themselves are read."""
LOOKED_AT = timedelta(days=2)
"""Kept hours that ended no longer ago are compared with their grids when somebody asks."""
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
    heat = await _whole_hours(connection, layout.id, ids, TimeSpan(first_at, end_at), frame, now, metrics)
    for edge in (TimeSpan(span.from_at, first_at), TimeSpan(end_at, span.to_at)):
        if edge.from_at < edge.to_at:
            heat = add_heat(heat, (await _added_up(connection, ids, edge, frame, metrics))[0])
    return heat


async def keep_hours(
    connection: Connection, *, layout: StoreLayout, span: TimeSpan, metrics: BackendMetrics
) -> list[datetime]:
    """Add up those hours of a span that are not kept with all their grids, and return them, newest first.

    Args:
        connection: to the database.
        layout: of the store.
        span: from a whole hour to a whole hour.
        metrics: where grids that cannot be read are counted.
    """
    ids = await series_ids(connection, store_id=layout.id, stream="heatmap")
    values = {"store_id": layout.id, "from_at": span.from_at, "to_at": span.to_at}
    kept = {
        row["hour_at"]: row["grid_count"]
        for row in await (await connection.execute(_SQL["kept_counts"], values)).fetchall()
    }
    counts = await _grid_counts(connection, ids, _hours(span))
    missing = sorted((hour_at for hour_at, count in counts.items() if kept.get(hour_at, 0) < count), reverse=True)
    frame = floor_frame(layout.floor.size_m)
    for hour_at in missing:
        await _kept(connection, layout.id, ids, hour_at, frame, metrics)
    return missing


async def first_grid_at(connection: Connection, store_id: str) -> datetime | None:
    """Return when the oldest grid of a store was measured that is still there; None without any."""
    ids = await series_ids(connection, store_id=store_id, stream="heatmap")
    row = await (await connection.execute(_SQL["first_grid"], {"series_ids": ids})).fetchone()
    return None if row is None else row["first_at"]


async def stores_with_heat(connection: Connection) -> list[str]:
    """Return the stores whose cameras have ever told presence."""
    return [row["store_id"] for row in await (await connection.execute(_SQL["stores"])).fetchall()]


async def newest_batches(connection: Connection) -> dict[int, int]:
    """Return the newest batch of each partition."""
    return {row["partition_no"]: row["head"] for row in await (await connection.execute(_SQL["newest"])).fetchall()}


async def late_hours(
    connection: Connection, *, after: Mapping[int, int], upto: Mapping[int, int], before_at: datetime
) -> dict[str, list[datetime]]:
    """Return hours of each store to which batches brought grids, newest first.

    Args:
        connection: to the database.
        after: by partition, the newest batch that is known already; a partition that is not among them is left out.
        upto: by partition, the newest batch to look at.
        before_at: hours from here on are left out.
    """
    partitions = sorted(after.keys() & upto.keys())
    values = {
        "after": [after[no] for no in partitions],
        "upto": [upto[no] for no in partitions],
        "before_at": before_at,
    }
    found: dict[str, list[datetime]] = {}
    for row in await (await connection.execute(_SQL["late_hours"], values)).fetchall():
        found.setdefault(row["store_id"], []).append(row["hour_at"])
    return found


def _hours(span: TimeSpan) -> list[datetime]:
    return [span.from_at + number * _HOUR for number in range((span.to_at - span.from_at) // _HOUR)]


async def _grid_counts(connection: Connection, ids: list[int], hours: list[datetime]) -> dict[datetime, int]:
    cursor = await connection.execute(_SQL["grid_counts"], {"series_ids": ids, "hours": hours})
    return {row["hour_at"]: row["grid_count"] for row in await cursor.fetchall()}


async def _whole_hours(
    connection: Connection,
    store_id: str,
    ids: list[int],
    span: TimeSpan,
    frame: GridFrame,
    now: datetime,
    metrics: BackendMetrics,
) -> FloorHeat:
    values = {"store_id": store_id, "from_at": span.from_at, "to_at": span.to_at}
    kept = {row["hour_at"]: row for row in await (await connection.execute(_SQL["hours"], values)).fetchall()}
    unsure = [hour_at for hour_at in _hours(span) if hour_at not in kept or hour_at + _HOUR > now - LOOKED_AT]
    counts = await _grid_counts(connection, ids, unsure)
    good = [row for hour_at, row in kept.items() if row["grid_count"] >= counts.get(hour_at, 0)]
    heat, broken = await asyncio.to_thread(_sum, good, frame)
    counts |= await _grid_counts(connection, ids, sorted(broken - counts.keys()))
    known = {row["hour_at"] for row in good} - broken
    for hour_at in sorted(set(counts) - known, reverse=True):
        heat = add_heat(heat, await _kept(connection, store_id, ids, hour_at, frame, metrics))
    return heat


async def _kept(
    connection: Connection,
    store_id: str,
    ids: list[int],
    hour_at: datetime,
    frame: GridFrame,
    metrics: BackendMetrics,
) -> FloorHeat:
    """Add up an hour from its grids, and keep it."""
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
    return made


def _sum(rows: Sequence[dict[str, Any]], frame: GridFrame) -> tuple[FloorHeat, set[datetime]]:
    """Add up kept hours; also return those that could not be read."""
    sums: dict[GridFrame, tuple[NDArray[np.uint64], NDArray[np.uint64]]] = {}
    broken = set()
    for row in rows:
        cells = {"columns": row["columns"], "rows": row["rows"]}
        try:
            presence_cs, watched_ds = (
                unpack_whole(row["presence_cs"], **cells),
                unpack_whole(row["watched_ds"], **cells),
            )
        except GridError:
            broken.add(row["hour_at"])
            continue
        known = GridFrame((0.0, 0.0), row["cell_size_m"], row["columns"], row["rows"])
        presence_sum, watched_sum = sums.get(known, (np.uint64(0), np.uint64(0)))
        sums[known] = (presence_sum + presence_cs, watched_sum + watched_ds)
    heat = no_heat(frame)
    for known, (presence_cs_sum, watched_ds_sum) in sums.items():
        heat = add_heat(heat, FloorHeat(known, presence_cs_sum / _PRESENCE_PER_S, watched_ds_sum / _WATCHED_PER_S))
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
