-- name: entered
-- People in at the entrances by minute; of several devices at one line the one that counted most.
SELECT minute_at, sum(people)::integer AS people
FROM (
    SELECT
        date_bin('1 minute', f.measured_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS minute_at, s.subject_id, s.series_id,
        sum(f.in_count) AS people,
        row_number() OVER (
            PARTITION BY date_bin('1 minute', f.measured_at, TIMESTAMPTZ '2000-01-01 00:00:00+00'), s.subject_id
            ORDER BY sum(f.in_count) DESC
        ) AS place
    FROM series s JOIN footfall_counts f USING (series_id)
    WHERE s.store_id = %(store_id)s AND s.stream = 'footfall' AND s.subject_id = ANY (%(line_ids)s)
        AND f.measured_at >= %(since)s AND f.measured_at < %(until)s
    GROUP BY 1, 2, 3
) AS counted
WHERE place = 1
GROUP BY minute_at ORDER BY minute_at;

-- name: visits
-- Visits to queues that ended, oldest first.
SELECT s.subject_id AS queue_id, v.measured_at, v.outcome = 'served' AS is_served, v.wait_ms, v.service_ms
FROM series s JOIN queue_visits v USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'queue' AND s.subject_id = ANY (%(queue_ids)s)
    AND v.measured_at >= %(since)s AND v.measured_at < %(until)s
ORDER BY v.measured_at;

-- name: lane_states
SELECT s.subject_id AS lane_id, l.measured_at, l.is_open
FROM series s JOIN lane_states l USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'lane' AND s.subject_id = ANY (%(lane_ids)s)
    AND l.measured_at >= %(since)s AND l.measured_at < %(until)s
ORDER BY l.measured_at;

-- name: queues_now
-- Of each queue the newest sample, and when somebody last waited.
SELECT
    s.subject_id AS queue_id,
    (array_agg(q.length ORDER BY q.measured_at DESC))[1] AS length,
    max(q.measured_at) FILTER (WHERE q.length > 0) AS waited_at
FROM series s JOIN queue_samples q USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'queue' AND s.subject_id = ANY (%(queue_ids)s)
    AND q.measured_at >= %(since)s AND q.measured_at <= %(now)s
GROUP BY s.subject_id;

-- name: keep
INSERT INTO staffing_advice (
    store_id, made_at, queue_id, people, lanes_open, lanes_now, lanes_15, lanes_30, arrivals_15, arrivals_30, outlooks
) VALUES (
    %(store_id)s, %(made_at)s, %(queue_id)s, %(people)s, %(lanes_open)s, %(lanes_now)s, %(lanes_15)s, %(lanes_30)s,
    %(arrivals_15)s, %(arrivals_30)s, %(outlooks)s
) ON CONFLICT DO NOTHING;

-- name: forget
DELETE FROM staffing_advice WHERE store_id = %(store_id)s AND made_at < %(before)s;

-- name: history
-- Oldest first. Rows are a minute apart.
SELECT made_at, people, lanes_open, lanes_now, lanes_15, lanes_30, arrivals_15, arrivals_30
FROM staffing_advice WHERE store_id = %(store_id)s AND made_at >= %(since)s AND made_at < %(until)s
ORDER BY made_at LIMIT 1500;
