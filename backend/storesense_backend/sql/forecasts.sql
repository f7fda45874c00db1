-- name: hours
-- KPIs by local hour from quarters of an hour, each with how many minutes of how many series it rests on.
SELECT 'visitors' AS kpi, (bucket_at AT TIME ZONE %(zone)s)::date AS day,
    extract(hour FROM bucket_at AT TIME ZONE %(zone)s)::integer AS hour,
    sum(in_count)::float8 AS value, sum(minute_count)::integer AS minutes
FROM footfall_counts_15m
WHERE series_id = ANY (%(lines)s) AND bucket_at >= %(since)s AND bucket_at < %(until)s
GROUP BY 2, 3
UNION ALL
SELECT 'mean_dwell', (bucket_at AT TIME ZONE %(zone)s)::date, extract(hour FROM bucket_at AT TIME ZONE %(zone)s)::integer,
    sum(visit_dwell_ms)::float8 / 1000.0 / nullif(sum(visit_count), 0), sum(minute_count)::integer
FROM zone_visits_15m
WHERE series_id = ANY (%(zones)s) AND bucket_at >= %(since)s AND bucket_at < %(until)s
GROUP BY 2, 3
UNION ALL
SELECT 'queue_length', (bucket_at AT TIME ZONE %(zone)s)::date, extract(hour FROM bucket_at AT TIME ZONE %(zone)s)::integer,
    sum(minute_length_milli_sum)::float8 / 1000.0 / nullif(sum(minute_count), 0), sum(minute_count)::integer
FROM queue_samples_15m
WHERE series_id = ANY (%(queues)s) AND bucket_at >= %(since)s AND bucket_at < %(until)s
GROUP BY 2, 3
UNION ALL
SELECT 'wait_mean', (bucket_at AT TIME ZONE %(zone)s)::date, extract(hour FROM bucket_at AT TIME ZONE %(zone)s)::integer,
    sum(wait_ms)::float8 / 1000.0 / nullif(sum(visit_count), 0), NULL
FROM queue_visits_15m
WHERE series_id = ANY (%(queues)s) AND bucket_at >= %(since)s AND bucket_at < %(until)s AND outcome = 'served'
GROUP BY 2, 3
UNION ALL
SELECT 'on_shelf_availability', (bucket_at AT TIME ZONE %(zone)s)::date,
    extract(hour FROM bucket_at AT TIME ZONE %(zone)s)::integer,
    1.0 - sum(minute_empty_milli_sum)::float8 / 1000.0 / nullif(sum(known_minute_count), 0), sum(known_minute_count)::integer
FROM shelf_weights_15m
WHERE series_id = ANY (%(slots)s) AND bucket_at >= %(since)s AND bucket_at < %(until)s
GROUP BY 2, 3;

-- name: keep
INSERT INTO kpi_anomalies (store_id, kpi, hour_at, found_at, value, expected, low, high, score, test, explanation)
VALUES (%(store_id)s, %(kpi)s, %(hour_at)s, %(found_at)s, %(value)s, %(expected)s, %(low)s, %(high)s, %(score)s, %(test)s,
    %(explanation)s::jsonb)
ON CONFLICT DO NOTHING;

-- name: forget
DELETE FROM kpi_anomalies WHERE store_id = %(store_id)s AND hour_at < %(before)s;

-- name: anomalies
SELECT kpi, hour_at, found_at, value, expected, low, high, score::float8 AS score, test, explanation
FROM kpi_anomalies
WHERE store_id = %(store_id)s AND hour_at >= %(from_at)s AND hour_at < %(to_at)s AND (%(kpi)s::text IS NULL OR kpi = %(kpi)s)
ORDER BY hour_at, kpi
LIMIT 1000;
