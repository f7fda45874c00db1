-- What `storesense bench query` fills a database with, and each KPI over the rollups (…_rollup) and over raw (…_raw). The two
-- blocks of a KPI give the same rows, whole numbers all through, so that they can be compared to the bit.

-- name: add_store
INSERT INTO stores (store_id, name, time_zone, layout)
VALUES (%(store_id)s, %(store_id)s, 'Europe/Berlin', '{"lines": [{"id": "line-1", "is_entrance": true}]}')

-- name: add_series
INSERT INTO series (store_id, device_id, stream, subject_id)
SELECT %(store_id)s, 'bench', stream, stream || '-' || subject
FROM (VALUES ('footfall', 2), ('zone', 5), ('queue', 2), ('shelf', 3), ('environment', 1)) AS streams (stream, subjects)
CROSS JOIN LATERAL generate_series(1, subjects) AS subject

-- name: add_partition
INSERT INTO partitions (partition_no, head) VALUES (0, 0)

-- name: move_head
UPDATE partitions SET head = %(head)s WHERE partition_no = 0

-- name: ensure_partitions
SELECT storesense_ensure_partitions(%(from_at)s, %(to_at)s)

-- name: fill_footfall_counts
INSERT INTO footfall_counts
    (measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, in_count, out_count)
SELECT
    at, at + interval '1 second', series_id, 1, n / 25, n %% 25, %(batch_no)s + n / 1000, 1000,
    (n * 7919 + series_id) %% 4, (n * 104729 + series_id) %% 3
FROM (
    SELECT at, series_id, row_number() OVER (ORDER BY at, series_id) AS n
    FROM generate_series(%(from_at)s, %(last_at)s, 15 * %(stretch)s * interval '1 second') AS at CROSS JOIN series
    WHERE store_id = %(store_id)s AND stream = 'footfall'
) AS rows

-- name: fill_zone_visits
INSERT INTO zone_visits (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, occupancy, entry_count, exit_count,
    presence_ms, visit_count, visit_dwell_ms, stop_count
)
SELECT
    at, at + interval '1 second', series_id, 1, n / 25, n %% 25, %(batch_no)s + n / 1000, 1000, n * 31 %% 9, n * 7 %% 3, n * 5 %% 3,
    n * 7919 %% 9000, n * 11 %% 2, n * 11 %% 2 * (n * 104729 %% 60000), n * 13 %% 2
FROM (
    SELECT at, series_id, row_number() OVER (ORDER BY at, series_id) AS n
    FROM generate_series(%(from_at)s, %(last_at)s, 20 * %(stretch)s * interval '1 second') AS at CROSS JOIN series
    WHERE store_id = %(store_id)s AND stream = 'zone'
) AS rows

-- name: fill_queue_samples
INSERT INTO queue_samples (measured_at, received_at, series_id, boot_no, seq, idx, batch_no, length, longest_wait_ms)
SELECT
    at, at + interval '1 second', series_id, 1, n / 25, n %% 25, %(batch_no)s + n / 1000, n * 31 %% 8,
    CASE WHEN n * 31 %% 8 = 0 THEN 0 ELSE n * 7919 %% 300000 END
FROM (
    SELECT at, series_id, row_number() OVER (ORDER BY at, series_id) AS n
    FROM generate_series(%(from_at)s, %(last_at)s, 15 * %(stretch)s * interval '1 second') AS at CROSS JOIN series
    WHERE store_id = %(store_id)s AND stream = 'queue'
) AS rows

-- name: fill_queue_visits
INSERT INTO queue_visits (measured_at, received_at, series_id, boot_no, seq, idx, batch_no, outcome, wait_ms, service_ms)
SELECT
    at, at + interval '1 second', series_id, 1, n / 25, n %% 25, %(batch_no)s + n / 1000,
    CASE WHEN n %% 17 = 0 THEN 'abandoned' ELSE 'served' END, n * 7919 %% 420000, n * 31 %% 90000
FROM (
    SELECT at, series_id, row_number() OVER (ORDER BY at, series_id) AS n
    FROM generate_series(%(from_at)s, %(last_at)s, 300 * %(stretch)s * interval '1 second') AS at CROSS JOIN series
    WHERE store_id = %(store_id)s AND stream = 'queue'
) AS rows

-- name: fill_shelf_weights
INSERT INTO shelf_weights
    (measured_at, received_at, series_id, boot_no, seq, idx, batch_no, weight_mg, is_stable, units, confidence)
SELECT
    at, at + interval '1 second', series_id, 1, n / 25, n %% 25, %(batch_no)s + n / 1000, n / 97 %% 14 * 515000 + n * 7 %% 900,
    true, n / 97 %% 14, 0.95
FROM (
    SELECT at, series_id, row_number() OVER (ORDER BY at, series_id) AS n
    FROM generate_series(%(from_at)s, %(last_at)s, 60 * %(stretch)s * interval '1 second') AS at CROSS JOIN series
    WHERE store_id = %(store_id)s AND stream = 'shelf'
) AS rows

-- name: fill_environment_readings
INSERT INTO environment_readings (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, temperature_c, humidity_pct, noise_dba, light_lux
)
SELECT
    at, at + interval '1 second', series_id, 1, n / 25, n %% 25, %(batch_no)s + n / 1000, 20 + n / 60 %% 30 / 10.0, 45, 55, 400
FROM (
    SELECT at, series_id, row_number() OVER (ORDER BY at, series_id) AS n
    FROM generate_series(%(from_at)s, %(last_at)s, 60 * %(stretch)s * interval '1 second') AS at CROSS JOIN series
    WHERE store_id = %(store_id)s AND stream = 'environment'
) AS rows

-- name: readings
SELECT sum(reading_count)::bigint FROM (
    SELECT sum(reading_count) AS reading_count FROM footfall_counts_15m
    UNION ALL SELECT sum(reading_count) FROM zone_visits_15m
    UNION ALL SELECT sum(reading_count) FROM queue_samples_15m
    UNION ALL SELECT sum(visit_count) FROM queue_visits_15m
    UNION ALL SELECT sum(reading_count) FROM shelf_weights_15m
    UNION ALL SELECT sum(reading_count) FROM environment_readings_15m
) AS families

-- name: reading_bytes
SELECT storesense_reading_bytes()

-- name: series_ids
SELECT array_agg(series_id) FROM series
WHERE store_id = %(store_id)s AND stream = %(stream)s AND (stream <> 'footfall' OR subject_id = 'footfall-1')

-- name: visitors_rollup
SELECT sum(in_count)::bigint FROM footfall_counts_15m
WHERE series_id = ANY (%(footfall)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s

-- name: visitors_raw
SELECT sum(in_count)::bigint FROM footfall_counts
WHERE series_id = ANY (%(footfall)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s

-- name: occupancy_rollup
SELECT sum(presence_ms)::bigint, max(occupancy_max) FROM zone_visits_15m
WHERE series_id = ANY (%(zone)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s

-- name: occupancy_raw
SELECT sum(presence_ms)::bigint, max(occupancy) FROM zone_visits
WHERE series_id = ANY (%(zone)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s

-- name: mean_dwell_rollup
SELECT sum(visit_dwell_ms)::bigint, sum(visit_count)::bigint FROM zone_visits_15m
WHERE series_id = ANY (%(zone)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s

-- name: mean_dwell_raw
SELECT sum(visit_dwell_ms)::bigint, sum(visit_count)::bigint FROM zone_visits
WHERE series_id = ANY (%(zone)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s

-- name: queue_length_rollup
SELECT sum(length_sum)::bigint, sum(reading_count)::bigint, max(length_max) FROM queue_samples_15m
WHERE series_id = ANY (%(queue)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s

-- name: queue_length_raw
SELECT sum(length)::bigint, count(*), max(length) FROM queue_samples
WHERE series_id = ANY (%(queue)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s

-- name: wait_mean_rollup
SELECT sum(wait_ms)::bigint, sum(visit_count)::bigint FROM queue_visits_15m
WHERE series_id = ANY (%(queue)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s AND outcome = 'served'

-- name: wait_mean_raw
SELECT sum(wait_ms)::bigint, count(*) FROM queue_visits
WHERE series_id = ANY (%(queue)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s AND outcome = 'served'

-- name: wait_p90_rollup
-- The steps of the histogram beside the 90th percentile.
SELECT
    sum(visit_count)::bigint, sum(wait_le_120s)::bigint, sum(wait_le_180s)::bigint, sum(wait_le_240s)::bigint,
    sum(wait_le_300s)::bigint, sum(wait_le_450s)::bigint
FROM queue_visits_15m
WHERE series_id = ANY (%(queue)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s AND outcome = 'served'

-- name: wait_p90_raw
SELECT
    count(*), count(*) FILTER (WHERE wait_ms <= 120000), count(*) FILTER (WHERE wait_ms <= 180000),
    count(*) FILTER (WHERE wait_ms <= 240000), count(*) FILTER (WHERE wait_ms <= 300000),
    count(*) FILTER (WHERE wait_ms <= 450000)
FROM queue_visits
WHERE series_id = ANY (%(queue)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s AND outcome = 'served'

-- name: abandonment_rollup
SELECT outcome, sum(visit_count)::bigint FROM queue_visits_15m
WHERE series_id = ANY (%(queue)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s
GROUP BY 1 ORDER BY 1

-- name: abandonment_raw
SELECT outcome, count(*) FROM queue_visits
WHERE series_id = ANY (%(queue)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s
GROUP BY 1 ORDER BY 1

-- name: on_shelf_availability_rollup
SELECT sum(empty_count)::bigint, sum(units_known_count)::bigint FROM shelf_weights_15m
WHERE series_id = ANY (%(shelf)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s

-- name: on_shelf_availability_raw
SELECT count(*) FILTER (WHERE units = 0), count(units) FROM shelf_weights
WHERE series_id = ANY (%(shelf)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s

-- name: queue_visits_by_hour_rollup
-- Over the table of local hours: whole local days of the span.
SELECT local_hour, sum(served_count)::bigint, sum(abandoned_count)::bigint, sum(served_wait_ms)::bigint FROM store_hours
WHERE store_id = %(store_id)s AND local_date BETWEEN %(first_date)s AND %(last_date)s
GROUP BY 1 HAVING sum(served_count + abandoned_count) > 0 ORDER BY 1

-- name: queue_visits_by_hour_raw
SELECT
    extract(hour FROM measured_at AT TIME ZONE 'Europe/Berlin')::smallint,
    count(*) FILTER (WHERE outcome = 'served'),
    count(*) FILTER (WHERE outcome = 'abandoned'),
    coalesce(sum(wait_ms) FILTER (WHERE outcome = 'served'), 0)::bigint
FROM queue_visits
WHERE series_id = ANY (%(queue)s)
    AND measured_at >= %(first_date)s::date::timestamp AT TIME ZONE 'Europe/Berlin'
    AND measured_at < (%(last_date)s::date + 1)::timestamp AT TIME ZONE 'Europe/Berlin'
GROUP BY 1 ORDER BY 1
