-- What KPIs are made of, all of it whole numbers. Each block adds single minutes and whole quarters of an hour, as
-- steps.sql puts them together, and says how many subject-minutes it has readings of (measured_minutes), counting
-- whole minutes, those before whole_until, only.

-- name: raw_horizon
SELECT raw_from_at FROM raw_horizon;

-- name: visitors
SELECT sum(in_count)::bigint AS in_count, coalesce(sum(minute_count), 0)::bigint AS measured_minutes
FROM (
    -- put: minutes_and_quarters footfall_counts
    --     | in_count, (bucket_at < %(whole_until)s)::integer AS minute_count
    --     | in_count, minute_count
) AS steps;

-- name: visitors_by_line
SELECT s.subject_id AS line_id, sum(in_count)::bigint AS in_count
FROM (
    -- put: minutes_and_quarters footfall_counts | series_id, in_count
) AS steps
JOIN series s USING (series_id)
GROUP BY 1;

-- name: parties
SELECT sum(in_count)::bigint AS in_count
FROM (
    -- put: minutes_and_quarters line_parties | in_count
) AS steps;

-- name: presence
SELECT sum(staff_ms)::bigint AS staff_ms, sum(people_ms)::bigint AS people_ms
FROM (
    -- put: minutes_and_quarters zone_dwells | staff_ms, people_ms
) AS steps;

-- name: zones
-- Presence is of whole minutes only, so that it belongs to measured_minutes.
SELECT
    sum(presence_ms)::bigint AS presence_ms,
    sum(entry_count)::bigint AS entry_count,
    sum(stop_count)::bigint AS stop_count,
    sum(visit_count)::bigint AS visit_count,
    sum(visit_dwell_ms)::bigint AS visit_dwell_ms,
    coalesce(sum(minute_count), 0)::bigint AS measured_minutes,
    count(*) FILTER (WHERE minute_count > 0) AS measured_series
FROM (
    SELECT
        series_id,
        sum(presence_ms) FILTER (WHERE is_whole)::bigint AS presence_ms,
        sum(entry_count)::bigint AS entry_count,
        sum(stop_count)::bigint AS stop_count,
        sum(visit_count)::bigint AS visit_count,
        sum(visit_dwell_ms)::bigint AS visit_dwell_ms,
        sum(minute_count)::bigint AS minute_count
    FROM (
        -- put: minutes_and_quarters zone_visits
        --     | series_id, presence_ms, entry_count, stop_count, visit_count, visit_dwell_ms,
        --       bucket_at < %(whole_until)s AS is_whole, (bucket_at < %(whole_until)s)::integer AS minute_count
        --     | series_id, presence_ms, entry_count, stop_count, visit_count, visit_dwell_ms, true AS is_whole, minute_count
    ) AS steps
    GROUP BY series_id
) AS zones;

-- name: queue_length
-- Every minute weighs the same, so that a queue that reports more often weighs no more. In thousandths of a person.
SELECT
    sum(length_milli)::bigint AS minute_length_milli_sum,
    sum(minutes)::bigint AS minutes,
    coalesce(sum(minute_count), 0)::bigint AS measured_minutes
FROM (
    -- put: minutes_and_quarters queue_samples
    --     | (length_sum * 1000 + reading_count / 2) / reading_count AS length_milli, 1 AS minutes,
    --       (bucket_at < %(whole_until)s)::integer AS minute_count
    --     | minute_length_milli_sum AS length_milli, minute_count AS minutes, minute_count
) AS steps;

-- name: queue_visits
SELECT
    coalesce(sum(visit_count), 0)::bigint AS visits,
    coalesce(sum(visit_count) FILTER (WHERE outcome = 'abandoned'), 0)::bigint AS abandoned,
    coalesce(sum(visit_count) FILTER (WHERE outcome = 'served'), 0)::bigint AS served,
    sum(wait_ms) FILTER (WHERE outcome = 'served')::bigint AS served_wait_ms,
    ARRAY[
        coalesce(sum(wait_le_5s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_10s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_15s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_20s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_30s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_45s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_60s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_90s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_120s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_180s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_240s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_300s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_450s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_600s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_900s) FILTER (WHERE outcome = 'served'), 0)::bigint,
        coalesce(sum(wait_le_1800s) FILTER (WHERE outcome = 'served'), 0)::bigint
    ] AS served_within
FROM (
    -- put: minutes_and_quarters queue_visits | *
) AS steps;

-- name: exact_waits
SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY wait_ms / 1000.0::float8) AS p90_wait_s
FROM queue_visits
WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s AND outcome = 'served';

-- name: exact_within
SELECT count(*) AS served, count(*) FILTER (WHERE wait_ms <= %(target_ms)s) AS within
FROM queue_visits
WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s AND outcome = 'served';

-- name: lanes
SELECT coalesce(sum(minute_count), 0)::bigint AS measured_minutes
FROM (
    -- put: minutes_and_quarters lane_states | (bucket_at < %(whole_until)s)::integer AS minute_count | minute_count
) AS steps;

-- name: lanes_against_needed
-- A minute in which a lane did not tell its state is left out, because the lane would count as closed.
SELECT avg(lanes_open - lanes_now)::float8 AS lanes
FROM staffing_advice
WHERE store_id = %(store_id)s AND made_at >= %(from_at)s AND made_at < %(to_at)s
    AND coalesce(lanes_told >= lanes_total, true);

-- name: device_minutes
-- Of each registered device: when it was registered, in how many minutes any of its components told its health, and the first of
-- them. Of several components the one that told most of a quarter of an hour stands for the device.
SELECT d.device_id, d.registered_at, coalesce(sum(minute_count), 0)::bigint AS measured_minutes, min(bucket_at) AS first_at
FROM devices d
LEFT JOIN (
    SELECT s.device_id, bucket_at, max(minute_count) AS minute_count
    FROM (
        -- put: minutes_and_quarters health_readings
        --     | series_id, bucket_at, (bucket_at < %(whole_until)s)::integer AS minute_count
        --     | series_id, bucket_at, minute_count
    ) AS steps
    JOIN series s USING (series_id)
    GROUP BY s.device_id, bucket_at
) AS told USING (device_id)
WHERE d.store_id = %(store_id)s AND d.registered_at IS NOT NULL
GROUP BY d.device_id, d.registered_at;

-- name: health_series
SELECT series_id FROM series WHERE store_id = %(store_id)s AND stream = 'health';

-- name: shelves
-- Every minute with known units weighs the same. In thousandths of a minute that stood empty.
SELECT
    coalesce(sum(empty_milli), 0)::bigint AS minute_empty_milli_sum,
    coalesce(sum(known), 0)::bigint AS known_minutes,
    coalesce(sum(known_minute_count), 0)::bigint AS measured_minutes
FROM (
    -- put: minutes_and_quarters shelf_weights
    --     | coalesce((empty_count * 1000 + units_known_count / 2) / nullif(units_known_count, 0), 0) AS empty_milli,
    --       (units_known_count > 0)::integer AS known,
    --       (units_known_count > 0 AND bucket_at < %(whole_until)s)::integer AS known_minute_count
    --     | minute_empty_milli_sum AS empty_milli, known_minute_count AS known, known_minute_count
) AS steps;

-- name: restocks
-- An alert about a slot is closed by the slot's own weight, and says so in its proof.
SELECT avg(extract(epoch FROM resolved_at - opened_at))::float8 AS mean_restock_s
FROM alerts
WHERE store_id = %(store_id)s AND kind = 'low_stock' AND resolved_at >= %(from_at)s AND resolved_at < %(to_at)s
    AND proof IS NOT NULL;
