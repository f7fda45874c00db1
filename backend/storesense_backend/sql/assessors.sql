-- name: last_seen
SELECT store_id, device_id, last_seen_at FROM devices
WHERE store_id = ANY (%(store_ids)s) AND registered_at IS NOT NULL AND last_seen_at IS NOT NULL;

-- name: gaps
-- Messages below the newest of their boot that are neither here nor declared dropped.
SELECT store_id, device_id, sum(
    upper(range_merge(committed)) - (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(committed) AS r)
)::bigint AS missing
FROM device_boots
WHERE store_id = ANY (%(store_ids)s) AND last_received_at > %(since)s AND NOT isempty(committed)
GROUP BY store_id, device_id;

-- name: overdue
SELECT DISTINCT ON (store_id, subject_id) store_id, subject_id, cause_at, details
FROM alerts
WHERE store_id = ANY (%(store_ids)s) AND kind IN ('low_stock', 'slot_empty') AND NOT is_over AND cause_at <= %(now)s
ORDER BY store_id, subject_id, cause_at;

-- name: inside
SELECT sum(r.in_count - r.out_count)::bigint AS people, max(r.measured_at) AS measured_at
FROM footfall_counts r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'footfall' AND s.subject_id = ANY (%(line_ids)s)
    AND r.measured_at >= %(day_began_at)s AND r.measured_at < %(now)s;

-- name: attendance
SELECT DISTINCT ON (s.store_id, s.subject_id) s.store_id, s.subject_id,
    (r.people_ms - r.staff_ms)::float8 / r.period_ms AS shoppers, r.staff_ms,
    r.measured_at + r.period_ms * interval '1 millisecond' AS ended_at
FROM zone_dwells r JOIN series s USING (series_id)
WHERE s.store_id = ANY (%(store_ids)s) AND r.measured_at > %(now)s - interval '3 minutes' AND r.measured_at < %(now)s
ORDER BY s.store_id, s.subject_id, r.measured_at DESC;

-- name: staffed_lanes
SELECT s.store_id, s.subject_id
FROM series s
CROSS JOIN LATERAL (
    SELECT r.is_staffed FROM lane_states r
    WHERE r.series_id = s.series_id AND r.measured_at > %(now)s - interval '1 hour' AND r.measured_at <= %(now)s
    ORDER BY r.measured_at DESC LIMIT 1
) AS newest
WHERE s.store_id = ANY (%(store_ids)s) AND s.stream = 'lane' AND newest.is_staffed;

-- name: counts_by_device
SELECT s.store_id, s.subject_id, s.device_id, sum(r.in_count + r.out_count)::bigint AS people
FROM footfall_counts r JOIN series s USING (series_id)
WHERE s.store_id = ANY (%(store_ids)s) AND s.stream = 'footfall'
    AND r.measured_at > %(now)s - interval '1 hour' AND r.measured_at <= %(now)s
GROUP BY s.store_id, s.subject_id, s.device_id;

-- name: in_zones
-- How many people were in all zones together, in the mean of the last quarter of an hour.
SELECT store_id, avg(people)::float8 AS people
FROM (
    SELECT s.store_id, date_trunc('minute', r.measured_at) AS minute, sum(r.presence_ms)::float8 / 60000 AS people
    FROM zone_visits r JOIN series s USING (series_id)
    WHERE s.store_id = ANY (%(store_ids)s) AND s.stream = 'zone'
        AND r.measured_at > %(now)s - interval '15 minutes' AND r.measured_at <= %(now)s
    GROUP BY s.store_id, minute
) AS minutes
GROUP BY store_id;
