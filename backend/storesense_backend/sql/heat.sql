-- Presence on the floor: the cameras' grids themselves, and hours that were added up from them.

-- name: grids
SELECT r.origin_x_m, r.origin_y_m, r.cell_size_m, r.columns, r.rows, r.presence_ds, r.period_ms
FROM heatmap_grids r
WHERE r.series_id = ANY (%(series_ids)s) AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s;

-- name: grid_counts
-- Of hours that are named, each by itself, so that a month of which all but a few are kept is not read.
SELECT asked.hour_at, found.grid_count
FROM unnest(%(hours)s::timestamptz[]) AS asked (hour_at)
CROSS JOIN LATERAL (
    SELECT count(*) AS grid_count FROM heatmap_grids
    WHERE series_id = ANY (%(series_ids)s)
        AND measured_at >= asked.hour_at AND measured_at < asked.hour_at + interval '1 hour'
) AS found
WHERE found.grid_count > 0;

-- name: kept_counts
SELECT hour_at, grid_count FROM floor_heat_hours
WHERE store_id = %(store_id)s AND hour_at >= %(from_at)s AND hour_at < %(to_at)s;

-- name: stores
-- Those whose cameras have ever told presence.
SELECT DISTINCT store_id FROM series WHERE stream = 'heatmap' ORDER BY store_id;

-- name: first_grid
SELECT min(found.measured_at) AS first_at
FROM unnest(%(series_ids)s::integer[]) AS asked (series_id)
CROSS JOIN LATERAL (
    SELECT measured_at FROM heatmap_grids WHERE heatmap_grids.series_id = asked.series_id ORDER BY measured_at LIMIT 1
) AS found;

-- name: newest
SELECT partition_no, head FROM partitions;

-- name: late_hours
-- Hours of long ago to which new batches brought grids.
SELECT DISTINCT s.store_id, date_bin('1 hour', r.measured_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS hour_at
FROM unnest(%(after)s::bigint[], %(upto)s::bigint[]) AS new (after, upto)
JOIN heatmap_grids r ON r.batch_no > new.after AND r.batch_no <= new.upto
JOIN series s USING (series_id)
WHERE r.measured_at < %(before_at)s
ORDER BY s.store_id, hour_at DESC;

-- name: hours
SELECT hour_at, grid_count, cell_size_m, columns, rows, presence_cs, watched_ds
FROM floor_heat_hours
WHERE store_id = %(store_id)s AND hour_at >= %(from_at)s AND hour_at < %(to_at)s;

-- name: keep_hour
-- Of two who add up the same hour, the one that knew more grids is right.
INSERT INTO floor_heat_hours (store_id, hour_at, grid_count, cell_size_m, columns, rows, presence_cs, watched_ds)
VALUES (
    %(store_id)s, %(hour_at)s, %(grid_count)s, %(cell_size_m)s, %(columns)s, %(rows)s, %(presence_cs)s, %(watched_ds)s
)
ON CONFLICT (store_id, hour_at) DO UPDATE
SET grid_count = excluded.grid_count, cell_size_m = excluded.cell_size_m, columns = excluded.columns,
    rows = excluded.rows, presence_cs = excluded.presence_cs, watched_ds = excluded.watched_ds
WHERE floor_heat_hours.grid_count <= excluded.grid_count;
