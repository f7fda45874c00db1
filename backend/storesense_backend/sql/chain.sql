-- name: stores
-- What is now the case in every store. Alerts that another explains, or that somebody snoozed, call for nothing now.
SELECT
    s.store_id,
    s.name,
    s.time_zone,
    s.layout_version,
    coalesce((s.layout ->> 'wait_target_s')::integer, 120) AS wait_target_s,
    coalesce(a.critical, 0) AS critical_alerts,
    coalesce(a.warning, 0) AS warning_alerts,
    coalesce(a.info, 0) AS info_alerts,
    coalesce(a.taken, 0) AS taken_alerts,
    coalesce(d.online, 0) AS devices_online,
    coalesce(d.offline, 0) AS devices_offline,
    coalesce(d.silent, 0) AS devices_never_seen,
    coalesce(d.total, 0) AS devices_total
FROM stores s
LEFT JOIN (
    SELECT
        store_id,
        count(*) FILTER (WHERE state = 'open' AND severity = 'critical') AS critical,
        count(*) FILTER (WHERE state = 'open' AND severity = 'warning') AS warning,
        count(*) FILTER (WHERE state = 'open' AND severity = 'info') AS info,
        count(*) FILTER (WHERE state <> 'open') AS taken
    FROM alerts
    WHERE NOT is_over AND silenced_by_alert_id IS NULL AND (snoozed_until IS NULL OR snoozed_until <= %(now)s)
    GROUP BY store_id
) a USING (store_id)
LEFT JOIN (
    SELECT
        store_id,
        count(*) FILTER (WHERE state = 'online') AS online,
        count(*) FILTER (WHERE state = 'offline' AND first_seen_at IS NOT NULL) AS offline,
        count(*) FILTER (WHERE first_seen_at IS NULL) AS silent,
        count(*) AS total
    FROM devices
    WHERE registered_at IS NOT NULL
    GROUP BY store_id
) d USING (store_id)
ORDER BY s.store_id;

-- name: targets
SELECT store_id, kpi, target, set_at, set_by FROM kpi_targets
WHERE %(store_id)s::text IS NULL OR store_id = %(store_id)s
ORDER BY store_id, kpi;

-- name: put_targets
INSERT INTO kpi_targets AS old (store_id, kpi, target, set_at, set_by)
SELECT %(store_id)s, listed.kpi, listed.target, %(now)s, %(actor)s
FROM unnest(%(kpis)s::text[], %(targets)s::float8[]) AS listed (kpi, target)
ON CONFLICT (store_id, kpi) DO UPDATE SET
    target = excluded.target,
    set_at = CASE WHEN old.target = excluded.target THEN old.set_at ELSE excluded.set_at END,
    set_by = CASE WHEN old.target = excluded.target THEN old.set_by ELSE excluded.set_by END;

-- name: forget_other_targets
DELETE FROM kpi_targets WHERE store_id = %(store_id)s AND kpi <> ALL (%(kpis)s::text[]);

-- name: days
-- A store's last local dates, for the KPIs that add up from them; null where nothing was measured.
SELECT
    store_id,
    local_date,
    CASE WHEN line_reading_count > 0 THEN visitor_count END AS visitors,
    zone_stop_count::float8 / nullif(zone_entry_count, 0) AS engagement,
    zone_visit_dwell_ms / 1000.0::float8 / nullif(zone_visit_count, 0) AS mean_dwell,
    queue_length_sum::float8 / nullif(queue_reading_count, 0) AS queue_length,
    served_wait_ms / 1000.0::float8 / nullif(served_count, 0) AS wait_mean,
    ARRAY[
        served_wait_le_5s, served_wait_le_10s, served_wait_le_15s, served_wait_le_20s, served_wait_le_30s,
        served_wait_le_45s, served_wait_le_60s, served_wait_le_90s, served_wait_le_120s, served_wait_le_180s,
        served_wait_le_240s, served_wait_le_300s, served_wait_le_450s, served_wait_le_600s, served_wait_le_900s,
        served_wait_le_1800s
    ] AS served_within,
    served_count AS served,
    abandoned_count::float8 / nullif(served_count + abandoned_count, 0) AS abandonment,
    1 - slot_empty_count::float8 / nullif(slot_known_count, 0) AS on_shelf_availability
FROM store_days
WHERE local_date >= (%(now)s::timestamptz AT TIME ZONE 'UTC')::date - %(days)s::integer - 1
ORDER BY store_id, local_date;

-- name: device_days
-- Of each registered device and local date in how many minutes any of its components told its health. Of several components the
-- one that told most of a quarter of an hour stands for the device. Every zone's midnight is at a whole quarter.
SELECT d.device_id, d.registered_at, told.local_date, told.measured_minutes, told.first_at
FROM devices d
LEFT JOIN (
    SELECT
        device_id,
        (bucket_at AT TIME ZONE %(time_zone)s::text)::date AS local_date,
        sum(minute_count)::bigint AS measured_minutes,
        min(bucket_at) AS first_at
    FROM (
        SELECT s.device_id, r.bucket_at, max(r.minute_count) AS minute_count
        FROM health_readings_15m r JOIN series s USING (series_id)
        WHERE r.series_id = ANY (%(series_ids)s) AND r.bucket_at >= %(from_at)s AND r.bucket_at < %(to_at)s
        GROUP BY s.device_id, r.bucket_at
    ) AS quarters
    GROUP BY 1, 2
) AS told USING (device_id)
WHERE d.store_id = %(store_id)s AND d.registered_at IS NOT NULL;

-- name: lane_days
-- As lanes_against_needed in kpis.sql, by local date.
SELECT (made_at AT TIME ZONE %(time_zone)s::text)::date AS local_date, avg(lanes_open - lanes_now)::float8 AS lanes
FROM staffing_advice
WHERE store_id = %(store_id)s AND made_at >= %(from_at)s AND made_at < %(to_at)s
    AND coalesce(lanes_told >= lanes_total, true)
GROUP BY 1;
