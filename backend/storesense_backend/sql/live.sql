-- name: heads
SELECT partition_no, head FROM partitions;

-- name: new_footfall
SELECT s.store_id, r.batch_no, s.subject_id AS line_id, r.measured_at, r.in_count, r.out_count
FROM footfall_counts r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s AND s.store_id = ANY (%(store_ids)s)
LIMIT %(limit)s;

-- name: new_zones
SELECT s.store_id, r.batch_no, s.subject_id AS zone_id, r.measured_at, r.occupancy
FROM zone_visits r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s AND s.store_id = ANY (%(store_ids)s)
LIMIT %(limit)s;

-- name: new_queues
SELECT
    s.store_id, r.batch_no, s.subject_id AS queue_id, r.measured_at, r.length,
    r.longest_wait_ms / 1000.0::float8 AS longest_wait_s
FROM queue_samples r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s AND s.store_id = ANY (%(store_ids)s)
LIMIT %(limit)s;

-- name: new_lanes
SELECT s.store_id, r.batch_no, s.subject_id AS lane_id, r.measured_at, r.is_open, r.is_staffed
FROM lane_states r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s AND s.store_id = ANY (%(store_ids)s)
LIMIT %(limit)s;

-- name: new_slots
SELECT
    s.store_id, r.batch_no, s.subject_id AS slot_id, r.measured_at, r.weight_mg / 1000.0::float8 AS weight_g,
    r.units, r.confidence::float8 AS confidence, r.is_stable, r.products::jsonb AS products
FROM shelf_weights r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s AND s.store_id = ANY (%(store_ids)s)
LIMIT %(limit)s;

-- name: new_environment
SELECT
    s.store_id, r.batch_no, s.subject_id AS sensor_id, r.measured_at, r.temperature_c::float8 AS temperature_c,
    r.humidity_pct::float8 AS humidity_pct, r.noise_dba::float8 AS noise_dba, r.light_lux::float8 AS light_lux
FROM environment_readings r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s AND s.store_id = ANY (%(store_ids)s)
LIMIT %(limit)s;

-- name: footfall_since
SELECT s.subject_id AS line_id, sum(t.in_count)::bigint AS in_count, sum(t.out_count)::bigint AS out_count,
    max(t.measured_at) AS measured_at
FROM series s
CROSS JOIN LATERAL (
    SELECT sum(r.in_count) AS in_count, sum(r.out_count) AS out_count, max(r.measured_at) AS measured_at
    FROM footfall_counts r
    WHERE r.series_id = s.series_id AND r.measured_at >= %(starts_at)s AND r.measured_at < %(ends_at)s
) t
WHERE s.store_id = %(store_id)s AND s.stream = 'footfall' AND t.measured_at IS NOT NULL
GROUP BY s.subject_id;

-- name: latest_zones
SELECT s.subject_id AS zone_id, t.measured_at, t.occupancy
FROM series s
CROSS JOIN LATERAL (
    SELECT r.measured_at, r.occupancy FROM zone_visits r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.store_id = %(store_id)s AND s.stream = 'zone';

-- name: latest_queues
SELECT s.subject_id AS queue_id, t.measured_at, t.length, coalesce(t.longest_wait_ms, 0) / 1000.0::float8 AS longest_wait_s
FROM series s
CROSS JOIN LATERAL (
    SELECT r.measured_at, r.length, r.longest_wait_ms FROM queue_samples r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.store_id = %(store_id)s AND s.stream = 'queue';

-- name: latest_lanes
SELECT s.subject_id AS lane_id, t.measured_at, t.is_open, t.is_staffed
FROM series s
CROSS JOIN LATERAL (
    SELECT r.measured_at, r.is_open, r.is_staffed FROM lane_states r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.store_id = %(store_id)s AND s.stream = 'lane';

-- name: latest_slots
SELECT
    s.subject_id AS slot_id, t.measured_at, t.weight_mg / 1000.0::float8 AS weight_g, t.units,
    t.confidence::float8 AS confidence, t.is_stable, t.products::jsonb AS products
FROM series s
CROSS JOIN LATERAL (
    SELECT r.measured_at, r.weight_mg, r.units, r.confidence, r.is_stable, r.products FROM shelf_weights r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.store_id = %(store_id)s AND s.stream = 'shelf';

-- name: latest_environment
SELECT
    s.subject_id AS sensor_id, t.measured_at, t.temperature_c::float8 AS temperature_c,
    t.humidity_pct::float8 AS humidity_pct, t.noise_dba::float8 AS noise_dba, t.light_lux::float8 AS light_lux
FROM series s
CROSS JOIN LATERAL (
    SELECT r.measured_at, r.temperature_c, r.humidity_pct, r.noise_dba, r.light_lux FROM environment_readings r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.store_id = %(store_id)s AND s.stream = 'environment';

-- name: devices_of_stores
SELECT store_id, device_id, kind, state, last_seen_at FROM devices
WHERE store_id = ANY (%(store_ids)s) ORDER BY store_id, device_id LIMIT %(limit)s;

-- name: layout_versions
SELECT store_id, layout_version FROM stores WHERE store_id = ANY (%(store_ids)s);
