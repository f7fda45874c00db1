-- What several people together tell: dwell, ways between zones, parties, tills; and the crossings that make occupancy.
-- Where a span is put together of minutes and quarters, it is by the piece in steps.sql.

-- name: door_steps
SELECT bucket_at AS at, sum(in_count)::bigint AS in_count, sum(out_count)::bigint AS out_count,
    sum(minute_count)::bigint AS minutes
FROM footfall_counts_15m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s
GROUP BY 1 ORDER BY 1;

-- name: dwell
SELECT
    s.subject_id AS zone_id,
    sum(visit_count)::bigint AS visits,
    ARRAY[
        sum(dwell_le_5s)::bigint,
        sum(dwell_le_10s)::bigint,
        sum(dwell_le_15s)::bigint,
        sum(dwell_le_20s)::bigint,
        sum(dwell_le_30s)::bigint,
        sum(dwell_le_45s)::bigint,
        sum(dwell_le_60s)::bigint,
        sum(dwell_le_90s)::bigint,
        sum(dwell_le_120s)::bigint,
        sum(dwell_le_180s)::bigint,
        sum(dwell_le_240s)::bigint,
        sum(dwell_le_300s)::bigint,
        sum(dwell_le_450s)::bigint,
        sum(dwell_le_600s)::bigint,
        sum(dwell_le_900s)::bigint,
        sum(dwell_le_1800s)::bigint
    ] AS within,
    sum(unknown_count)::bigint AS unknown,
    sum(people_ms)::bigint AS people_ms,
    sum(staff_ms)::bigint AS staff_ms
FROM (
    -- put: minutes_and_quarters zone_dwells | *
) AS steps
JOIN series s USING (series_id)
GROUP BY 1 ORDER BY 1;

-- name: visits
SELECT
    s.subject_id AS zone_id,
    sum(entry_count)::bigint AS entries,
    sum(visit_count)::bigint AS visits,
    sum(stop_count)::bigint AS stops,
    sum(visit_dwell_ms)::bigint AS dwell_ms
FROM (
    -- put: minutes_and_quarters zone_visits | series_id, entry_count, visit_count, stop_count, visit_dwell_ms
) AS steps
JOIN series s USING (series_id)
GROUP BY 1 ORDER BY 1;

-- name: ways
SELECT from_zone_id, to_zone_id, sum(people_count)::bigint AS people
FROM zone_transitions_15m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2;

-- name: heads
SELECT s.subject_id AS line_id, sum(in_count)::bigint AS in_people, sum(out_count)::bigint AS out_people
FROM (
    -- put: minutes_and_quarters footfall_counts | series_id, in_count, out_count
) AS steps
JOIN series s USING (series_id)
GROUP BY 1;

-- name: parties
SELECT
    s.subject_id AS line_id,
    sum(in_count)::bigint AS in_parties,
    sum(out_count)::bigint AS out_parties,
    sum(staff_in_count)::bigint AS in_staff,
    sum(staff_out_count)::bigint AS out_staff
FROM (
    -- put: minutes_and_quarters line_parties | *
) AS steps
JOIN series s USING (series_id)
GROUP BY 1;

-- name: lanes
SELECT
    s.subject_id AS lane_id,
    sum(period_ms)::bigint AS seen_ms,
    sum(till_ms)::bigint AS till_ms,
    sum(busy_ms)::bigint AS busy_ms,
    sum(served_count)::bigint AS served
FROM (
    -- put: minutes_and_quarters lane_services | *
) AS steps
JOIN series s USING (series_id)
GROUP BY 1;

-- name: open_lanes
-- How long each lane stood open and staffed: every state holds until the next, for two minutes at most, since lanes tell theirs
-- once a minute.
SELECT
    s.subject_id AS lane_id,
    coalesce(sum(lasted_s) FILTER (WHERE is_open), 0)::float8 AS open_s,
    coalesce(sum(lasted_s) FILTER (WHERE is_open AND is_staffed), 0)::float8 AS staffed_s
FROM (
    SELECT series_id, is_open, is_staffed,
        extract(epoch FROM least(
            lead(measured_at, 1, %(to_at)s) OVER (PARTITION BY series_id ORDER BY measured_at, boot_no, seq, idx),
            measured_at + interval '2 minutes', %(to_at)s
        ) - measured_at) AS lasted_s
    FROM lane_states
    WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s
) AS states
JOIN series s USING (series_id)
GROUP BY 1;

-- name: lanes_now
SELECT DISTINCT ON (s.subject_id) s.subject_id AS lane_id, r.is_open, r.is_staffed, r.measured_at
FROM lane_states r JOIN series s USING (series_id)
WHERE r.series_id = ANY (%(series_ids)s) AND r.measured_at > %(since)s AND r.measured_at <= %(now)s
ORDER BY s.subject_id, r.measured_at DESC, r.boot_no DESC, r.seq DESC, r.idx DESC;

-- name: queues_now
SELECT DISTINCT ON (s.subject_id) s.subject_id AS queue_id, r.length, r.longest_wait_ms, r.measured_at
FROM queue_samples r JOIN series s USING (series_id)
WHERE r.series_id = ANY (%(series_ids)s) AND r.measured_at > %(since)s AND r.measured_at <= %(now)s
ORDER BY s.subject_id, r.measured_at DESC, r.boot_no DESC, r.seq DESC, r.idx DESC;

-- name: services
-- Of the services that ended lately, what next_wait.py needs.
SELECT s.subject_id AS queue_id, count(*) AS services, sum(service_ms / 1000.0::float8) AS sum_s,
    sum((service_ms / 1000.0::float8) ^ 2) AS sum_squares_s2
FROM queue_visits r JOIN series s USING (series_id)
WHERE r.series_id = ANY (%(series_ids)s) AND r.measured_at > %(since)s AND r.measured_at <= %(now)s
    AND r.outcome = 'served' AND r.service_ms > 0
GROUP BY 1;

-- name: queue_visits
SELECT
    s.subject_id AS queue_id,
    coalesce(sum(visit_count) FILTER (WHERE outcome = 'served'), 0)::bigint AS served,
    coalesce(sum(visit_count) FILTER (WHERE outcome = 'abandoned'), 0)::bigint AS abandoned,
    coalesce(sum(visit_count) FILTER (WHERE outcome = 'unknown'), 0)::bigint AS unknown,
    coalesce(sum(wait_ms) FILTER (WHERE outcome = 'served'), 0)::bigint AS wait_ms,
    coalesce(sum(service_ms) FILTER (WHERE outcome = 'served'), 0)::bigint AS service_ms
FROM (
    -- put: minutes_and_quarters queue_visits | series_id, outcome, visit_count, wait_ms, service_ms
) AS steps
JOIN series s USING (series_id)
GROUP BY 1;

-- name: all_series
SELECT series_id FROM series WHERE store_id = %(store_id)s AND stream = %(stream)s;
