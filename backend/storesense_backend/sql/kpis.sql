-- What KPIs are made of. Each block says how many subject-minutes it has readings of (measured_minutes), counting whole
-- minutes, those before whole_until, only.

-- name: visitors
SELECT
    sum(in_count)::bigint AS in_count,
    count(*) FILTER (WHERE bucket_at < %(whole_until)s) AS measured_minutes
FROM footfall_counts_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s;

-- name: zones
SELECT
    sum(presence_ms) FILTER (WHERE bucket_at < %(whole_until)s)::bigint AS presence_ms,
    sum(visit_count)::bigint AS visit_count,
    sum(visit_dwell_ms)::bigint AS visit_dwell_ms,
    count(*) FILTER (WHERE bucket_at < %(whole_until)s) AS measured_minutes,
    count(DISTINCT series_id) FILTER (WHERE bucket_at < %(whole_until)s) AS measured_series
FROM zone_visits_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s;

-- name: queue_length
-- The mean over minutes of each minute's mean, so that a queue that reports more often weighs no more.
SELECT
    avg(length_sum::float8 / reading_count) AS mean_length,
    count(*) FILTER (WHERE bucket_at < %(whole_until)s) AS measured_minutes
FROM queue_samples_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s;

-- name: queue_visits
SELECT
    count(*) AS visits,
    count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
    (avg(wait_ms) FILTER (WHERE outcome = 'served') / 1000.0)::float8 AS mean_wait_s,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY wait_ms / 1000.0::float8) FILTER (WHERE outcome = 'served') AS p90_wait_s
FROM queue_visits
WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s;

-- name: shelves
SELECT
    avg(1.0 - empty_count::float8 / units_known_count) FILTER (WHERE units_known_count > 0) AS availability,
    count(*) FILTER (WHERE units_known_count > 0 AND bucket_at < %(whole_until)s) AS measured_minutes
FROM shelf_weights_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s;

-- name: alert_response
SELECT
    count(*) AS opened,
    count(acknowledged_at) AS acknowledged,
    avg(extract(epoch FROM acknowledged_at - opened_at))::float8 AS mean_response_s
FROM alerts
WHERE store_id = %(store_id)s AND opened_at >= %(from_at)s AND opened_at < %(to_at)s;
