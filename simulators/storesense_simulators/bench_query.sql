-- What `storesense bench query` fills a database with, and the KPIs over raw (raw_…). Over rollups they are the backend's own
-- queries; both give the same columns, whole numbers all through, so that they can be compared to the bit.

-- What a store reports is modelled on the simulated one: open from 7 to 21 UTC with a hump in the middle, about 500 visitors a
-- day, and outside of that zeros and weights that lie still. Chance is a hash, so every run has the same readings. Presence,
-- dwell and waits are whole tenths of a second (a camera at ten frames a second); a weight is its units and a noise of 1.5 g
-- at a resolution of 1 g; air is told in a sensor's own steps. Every device sends at a steady pace, one message an interval,
-- received a quarter to half a second after the interval's end, in batches that other stores fill too. (OFFSET 0 keeps the
-- planner from computing a column anew wherever it is used.)

-- name: prepare_chance
CREATE FUNCTION pg_temp.chance(n bigint, salt bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(n, salt) & 1048575) / 1048576.0::float8
$$;

-- name: prepare_liveliness
-- 0 while the shop is closed, up to 1 in the middle of its day.
CREATE FUNCTION pg_temp.liveliness(at timestamptz) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest(0.0, sin(pi() * ((extract(epoch FROM at)::bigint %% 86400) / 3600.0 - 7.0) / 14.0)) ::float8
$$;

-- name: prepare_people
-- A number of people with the given mean, from a chance between 0 and 1 (Poisson, cut at 4).
CREATE FUNCTION pg_temp.people(mean float8, chance float8) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT (chance >= exp(-mean))::integer + (chance >= exp(-mean) * (1 + mean))::integer
        + (chance >= exp(-mean) * (1 + mean + mean ^ 2 / 2))::integer
        + (chance >= exp(-mean) * (1 + mean + mean ^ 2 / 2 + mean ^ 3 / 6))::integer
$$;

-- name: add_store
INSERT INTO stores (store_id, name, time_zone, layout)
VALUES (%(store_id)s, %(store_id)s, 'Europe/Berlin', '{"lines": [{"id": "line-1", "is_entrance": true}]}')

-- name: add_series
INSERT INTO series (store_id, device_id, stream, subject_id)
SELECT %(store_id)s, 'bench-' || stream, stream, stream || '-' || subject
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
    at, at + (15 * %(stretch)s + 0.25 + pg_temp.chance(n, 1) / 4) * interval '1 second', series_id, %(store_no)s * 10 + 1, n,
    place, %(batch_no)s + (k * 20 + pg_temp.chance(n, 2) * 20)::bigint %% 1000, 15000 * %(stretch)s,
    pg_temp.people(0.25 * lively, pg_temp.chance(n * 64 + series_id, 3)),
    pg_temp.people(0.25 * lively, pg_temp.chance(n * 64 + series_id, 4))
FROM (
    SELECT
        at, k, pg_temp.liveliness(at) AS lively, series_id, %(day)s * 1000000::bigint + k AS n,
        row_number() OVER (PARTITION BY at ORDER BY series_id) - 1 AS place
    FROM generate_series(%(from_at)s, %(last_at)s, 15 * %(stretch)s * interval '1 second') WITH ORDINALITY AS steps (at, k)
    CROSS JOIN series
    WHERE store_id = %(store_id)s AND stream = 'footfall'
    OFFSET 0
) AS rows

-- name: fill_zone_visits
-- Who is in a zone stays for three intervals; comings and goings are the differences.
INSERT INTO zone_visits (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, occupancy, entry_count, exit_count,
    presence_ms, visit_count, visit_dwell_ms, stop_count
)
SELECT
    at, at + (20 * %(stretch)s + 0.25 + pg_temp.chance(n, 1) / 4) * interval '1 second', series_id, %(store_no)s * 10 + 2, n,
    place, %(batch_no)s + (k * 27 + pg_temp.chance(n, 2) * 20)::bigint %% 1000, 20000 * %(stretch)s, present,
    greatest(0, present - before), greatest(0, before - present),
    least(present, before) * 20000 + abs(present - before) * 100 * floor(200 * pg_temp.chance(own, 5))::bigint,
    greatest(0, before - present), greatest(0, before - present) * 100 * dwell_ds,
    CASE WHEN dwell_ds >= 50 THEN greatest(0, before - present) ELSE 0 END
FROM (
    SELECT
        *,
        pg_temp.people(0.5 * lively, pg_temp.chance(own / 192 * 64 + series_id, 6)) AS present,
        pg_temp.people(0.5 * lively, pg_temp.chance((own - 64) / 192 * 64 + series_id, 6)) AS before,
        (20 + 900 * pg_temp.chance(own, 7) ^ 3)::bigint AS dwell_ds
    FROM (
        SELECT
            at, k, pg_temp.liveliness(at) AS lively, series_id, %(day)s * 1000000::bigint + k AS n,
            (%(day)s * 1000000::bigint + k) * 64 + series_id %% 64 AS own,
            row_number() OVER (PARTITION BY at ORDER BY series_id) - 1 AS place
        FROM generate_series(%(from_at)s, %(last_at)s, 20 * %(stretch)s * interval '1 second') WITH ORDINALITY AS steps (at, k)
        CROSS JOIN series
        WHERE store_id = %(store_id)s AND stream = 'zone'
        OFFSET 0
    ) AS steps
    OFFSET 0
) AS rows

-- name: fill_queue_samples
-- A queue keeps its length for two samples; the longest wait grows with the second.
INSERT INTO queue_samples (measured_at, received_at, series_id, boot_no, seq, idx, batch_no, length, longest_wait_ms)
SELECT
    at, at + (0.25 + pg_temp.chance(n, 1) / 4) * interval '1 second', series_id, %(store_no)s * 10 + 3, n * 2,
    place, %(batch_no)s + (k * 20 + pg_temp.chance(n, 2) * 20)::bigint %% 1000, waiting,
    CASE WHEN waiting = 0 THEN 0 ELSE n %% 2 * 15000 + 100 * floor(100 + 900 * pg_temp.chance(own / 128, 5))::bigint END
FROM (
    SELECT *, pg_temp.people(0.7 * lively, pg_temp.chance(own / 128 * 64 + series_id, 6)) AS waiting
    FROM (
        SELECT
            at, k, pg_temp.liveliness(at) AS lively, series_id, %(day)s * 1000000::bigint + k AS n,
            (%(day)s * 1000000::bigint + k) * 64 + series_id %% 64 AS own,
            row_number() OVER (PARTITION BY at ORDER BY series_id) - 1 AS place
        FROM generate_series(%(from_at)s, %(last_at)s, 15 * %(stretch)s * interval '1 second') WITH ORDINALITY AS steps (at, k)
        CROSS JOIN series
        WHERE store_id = %(store_id)s AND stream = 'queue'
        OFFSET 0
    ) AS steps
    OFFSET 0
) AS rows

-- name: fill_queue_visits
INSERT INTO queue_visits (measured_at, received_at, series_id, boot_no, seq, idx, batch_no, outcome, wait_ms, service_ms)
SELECT
    at, at + (0.25 + pg_temp.chance(n, 1) / 4) * interval '1 second', series_id, %(store_no)s * 10 + 3, n * 2 + 1, 0,
    %(batch_no)s + k %% 1000,
    CASE WHEN pg_temp.chance(own, 2) < 0.06 THEN 'abandoned' ELSE 'served' END,
    100 * floor(4200 * pg_temp.chance(own, 3) ^ 2)::bigint,
    CASE WHEN pg_temp.chance(own, 2) < 0.06 THEN 0 ELSE 100 * floor(100 + 800 * pg_temp.chance(own, 4))::bigint END
FROM (
    SELECT
        from_at + pg_temp.chance(k * 64 + series_id, 5) * %(stretch)s * interval '150 seconds' AS at, k, series_id,
        %(day)s * 1000000::bigint + k * 16 + series_id %% 16 AS n, (%(day)s * 1000000::bigint + k) * 64 + series_id %% 64 AS own
    FROM generate_series(
        %(from_at)s + interval '7 hours', %(last_at)s - interval '3 hours', 150 * %(stretch)s * interval '1 second'
    ) WITH ORDINALITY AS steps (from_at, k)
    CROSS JOIN series
    WHERE store_id = %(store_id)s AND stream = 'queue'
    OFFSET 0
) AS rows

-- name: fill_shelf_weights
INSERT INTO shelf_weights
    (measured_at, received_at, series_id, boot_no, seq, idx, batch_no, weight_mg, is_stable, units, confidence)
SELECT
    at, at + (0.25 + pg_temp.chance(n, 1) / 4) * interval '1 second', series_id, %(store_no)s * 10 + 4, n,
    place, %(batch_no)s + (k * 80 + pg_temp.chance(n, 2) * 20)::bigint %% 1000,
    units * 515000 + 1000 * round(3 * (
        pg_temp.chance(own, 3) + pg_temp.chance(own, 4) + pg_temp.chance(own, 5) - 1.5))::bigint,
    true, units, 0.95
FROM (
    SELECT *, 13 - (extract(hour FROM at AT TIME ZONE 'UTC')::integer / 2 + series_id) %% 14 AS units
    FROM (
        SELECT
            at, k, series_id, %(day)s * 1000000::bigint + k AS n, (%(day)s * 1000000::bigint + k) * 64 + series_id %% 64 AS own,
            row_number() OVER (PARTITION BY at ORDER BY series_id) - 1 AS place
        FROM generate_series(%(from_at)s, %(last_at)s, 60 * %(stretch)s * interval '1 second') WITH ORDINALITY AS steps (at, k)
        CROSS JOIN series
        WHERE store_id = %(store_id)s AND stream = 'shelf'
        OFFSET 0
    ) AS steps
    OFFSET 0
) AS rows

-- name: fill_environment_readings
INSERT INTO environment_readings (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, temperature_c, humidity_pct, noise_dba, light_lux
)
SELECT
    at, at + (0.25 + pg_temp.chance(n, 1) / 4) * interval '1 second', series_id, %(store_no)s * 10 + 5, n, 0,
    %(batch_no)s + (k * 80 + pg_temp.chance(n, 2) * 20)::bigint %% 1000, round((20 + 3 * lively)::numeric, 1),
    round((45 - 5 * lively)::numeric), round((35 + 25 * lively + 4 * pg_temp.chance(n, 3))::numeric),
    CASE WHEN lively > 0 THEN 400 ELSE 0 END
FROM (
    SELECT at, k, pg_temp.liveliness(at) AS lively, series_id, %(day)s * 1000000::bigint + k AS n
    FROM generate_series(%(from_at)s, %(last_at)s, 60 * %(stretch)s * interval '1 second') WITH ORDINALITY AS steps (at, k)
    CROSS JOIN series
    WHERE store_id = %(store_id)s AND stream = 'environment'
    OFFSET 0
) AS rows

-- name: filled
-- How many whole days of how many of the bench's stores there are, and when the last day ended.
SELECT
    max(bucket_at AT TIME ZONE 'UTC')::date - min(bucket_at AT TIME ZONE 'UTC')::date + 1 AS days,
    (SELECT count(*)::int FROM stores WHERE starts_with(store_id, 'store-')) AS stores,
    date_trunc('day', max(bucket_at) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 day' AS to_at
FROM footfall_counts_15m

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
SELECT array_agg(series_id) AS series_ids FROM series
WHERE store_id = %(store_id)s AND stream = %(stream)s AND (stream <> 'footfall' OR subject_id = 'footfall-1')

-- name: raw_visitors
SELECT sum(in_count)::bigint AS in_count, count(*) AS measured_minutes
FROM (
    SELECT sum(in_count) AS in_count FROM footfall_counts
    WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s
    GROUP BY series_id, date_trunc('minute', measured_at, 'UTC')
) AS minutes

-- name: raw_zones
SELECT
    sum(presence_ms)::bigint AS presence_ms,
    sum(entry_count)::bigint AS entry_count,
    sum(stop_count)::bigint AS stop_count,
    sum(visit_count)::bigint AS visit_count,
    sum(visit_dwell_ms)::bigint AS visit_dwell_ms,
    count(*) AS measured_minutes,
    count(DISTINCT series_id) AS measured_series
FROM (
    SELECT
        series_id, coalesce(sum(presence_ms), 0) AS presence_ms, sum(entry_count) AS entry_count, sum(stop_count) AS stop_count,
        sum(visit_count) AS visit_count, coalesce(sum(visit_dwell_ms), 0) AS visit_dwell_ms
    FROM zone_visits
    WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s
    GROUP BY series_id, date_trunc('minute', measured_at, 'UTC')
) AS minutes

-- name: raw_queue_length
SELECT
    sum((length_sum * 1000 + samples / 2) / samples)::bigint AS minute_length_milli_sum,
    count(*) AS minutes,
    count(*) AS measured_minutes
FROM (
    SELECT sum(length) AS length_sum, count(*) AS samples FROM queue_samples
    WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s
    GROUP BY series_id, date_trunc('minute', measured_at, 'UTC')
) AS minutes

-- name: raw_queue_visits
SELECT
    count(*) AS visits,
    count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
    count(*) FILTER (WHERE outcome = 'served') AS served,
    sum(wait_ms) FILTER (WHERE outcome = 'served')::bigint AS served_wait_ms,
    ARRAY[
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 5000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 10000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 15000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 20000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 30000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 45000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 60000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 90000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 120000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 180000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 240000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 300000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 450000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 600000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 900000),
        count(*) FILTER (WHERE outcome = 'served' AND wait_ms <= 1800000)
    ] AS served_within
FROM queue_visits
WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s

-- name: raw_shelves
SELECT
    sum((empty * 1000 + known / 2) / known)::bigint AS minute_empty_milli_sum,
    count(*) AS known_minutes,
    count(*) AS measured_minutes
FROM (
    SELECT count(*) FILTER (WHERE units = 0) AS empty, count(units) AS known FROM shelf_weights
    WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s
    GROUP BY series_id, date_trunc('minute', measured_at, 'UTC')
    HAVING count(units) > 0
) AS minutes

-- name: rolled_hours
-- Over the table of local hours: whole local days of the span.
SELECT
    local_hour,
    sum(served_count)::bigint AS served,
    sum(abandoned_count)::bigint AS abandoned,
    sum(served_wait_ms)::bigint AS wait_ms
FROM store_hours
WHERE store_id = %(store_id)s AND local_date BETWEEN %(first_date)s AND %(last_date)s
GROUP BY 1 HAVING sum(served_count + abandoned_count) > 0 ORDER BY 1

-- name: raw_hours
SELECT
    extract(hour FROM measured_at AT TIME ZONE 'Europe/Berlin')::smallint AS local_hour,
    count(*) FILTER (WHERE outcome = 'served') AS served,
    count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
    coalesce(sum(wait_ms) FILTER (WHERE outcome = 'served'), 0)::bigint AS wait_ms
FROM queue_visits
WHERE series_id = ANY (%(series_ids)s)
    AND measured_at >= %(first_date)s::date::timestamp AT TIME ZONE 'Europe/Berlin'
    AND measured_at < (%(last_date)s::date + 1)::timestamp AT TIME ZONE 'Europe/Berlin'
GROUP BY 1 ORDER BY 1
