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
SELECT s.subject_id AS lane_id, l.measured_at, l.is_open, l.is_staffed
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
    store_id, made_at, queue_id, people, lanes_open, lanes_told, lanes_total, lanes_now, lanes_15, lanes_30,
    arrivals_15, arrivals_15_low, arrivals_15_high, arrivals_30, outlooks
) VALUES (
    %(store_id)s, %(made_at)s, %(queue_id)s, %(people)s, %(lanes_open)s, %(lanes_told)s, %(lanes_total)s, %(lanes_now)s,
    %(lanes_15)s, %(lanes_30)s, %(arrivals_15)s, %(arrivals_15_low)s, %(arrivals_15_high)s, %(arrivals_30)s, %(outlooks)s
) ON CONFLICT DO NOTHING;

-- name: forget
DELETE FROM staffing_advice WHERE store_id = %(store_id)s AND made_at < %(before)s;

-- name: history
-- Oldest first. Rows are a minute apart.
SELECT made_at, people, lanes_open, lanes_now, lanes_15, lanes_30, arrivals_15, arrivals_30
FROM staffing_advice WHERE store_id = %(store_id)s AND made_at >= %(since)s AND made_at < %(until)s
ORDER BY made_at LIMIT 1500;

-- name: advice_steps
-- What was advised by steps of time; means, as a step may have several rows. Waits are those foretold for 15 minutes later.
SELECT
    date_bin(%(step)s, made_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS at,
    avg(lanes_now)::float8 AS lanes_now,
    avg(lanes_15)::float8 AS lanes_15,
    avg(lanes_30)::float8 AS lanes_30,
    avg(wait_15_s) AS wait_15_s,
    avg(wait_unchanged_15_s) AS wait_unchanged_15_s,
    avg(arrivals_15)::float8 AS arrivals_15,
    avg(arrivals_15_low)::float8 AS arrivals_15_low,
    avg(arrivals_15_high)::float8 AS arrivals_15_high
FROM staffing_advice
WHERE store_id = %(store_id)s AND made_at >= %(since)s AND made_at < %(until)s
GROUP BY 1 ORDER BY 1;

-- name: lanes_by_minute
SELECT s.subject_id AS lane_id, r.bucket_at AS at, bool_or(r.open_count * 2 >= r.reading_count) AS is_open
FROM lane_states_1m r JOIN series s USING (series_id)
WHERE r.series_id = ANY (%(series_ids)s) AND r.bucket_at >= %(since)s AND r.bucket_at < %(until)s
GROUP BY 1, 2;

-- name: lanes_by_step
-- Of each lane the mean share of a step in which it was open, over the minutes that it told of.
SELECT
    s.subject_id AS lane_id,
    date_bin(%(step)s, r.bucket_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS at,
    sum(r.minute_open_milli_sum)::float8 / 1000 / sum(r.minute_count)::float8 AS open_share
FROM lane_states_15m r JOIN series s USING (series_id)
WHERE r.series_id = ANY (%(series_ids)s) AND r.bucket_at >= %(since)s AND r.bucket_at < %(until)s
GROUP BY 1, 2;

-- name: joined
-- People who joined a queue by minute: visits are told when they end, and how long they took.
SELECT
    date_bin('1 minute', measured_at - (wait_ms + service_ms) * interval '1 millisecond',
        TIMESTAMPTZ '2000-01-01 00:00:00+00') AS at,
    count(*) AS people
FROM queue_visits
WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(since)s AND measured_at < %(until)s + interval '30 minutes'
GROUP BY 1;

-- name: levels
SELECT
    date_bin(%(step)s, bucket_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS at,
    sum(visit_count)::bigint AS served,
    sum(wait_ms)::bigint AS wait_ms,
    ARRAY[
        sum(wait_le_5s)::bigint, sum(wait_le_10s)::bigint, sum(wait_le_15s)::bigint, sum(wait_le_20s)::bigint,
        sum(wait_le_30s)::bigint, sum(wait_le_45s)::bigint, sum(wait_le_60s)::bigint, sum(wait_le_90s)::bigint,
        sum(wait_le_120s)::bigint, sum(wait_le_180s)::bigint, sum(wait_le_240s)::bigint, sum(wait_le_300s)::bigint,
        sum(wait_le_450s)::bigint, sum(wait_le_600s)::bigint, sum(wait_le_900s)::bigint, sum(wait_le_1800s)::bigint
    ] AS served_within
FROM queue_visits_15m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(since)s AND bucket_at < %(until)s AND outcome = 'served'
GROUP BY 1 ORDER BY 1;

-- name: measured_steps
-- Steps in which any queue told its length, so that one in which nobody was served is told apart from one that nobody saw.
SELECT DISTINCT date_bin(%(step)s, bucket_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS at
FROM queue_samples_15m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(since)s AND bucket_at < %(until)s;

-- name: runs
-- Minutes in a row with the same advice and as many lanes open, oldest first. Minutes in which a lane did not tell its state are
-- left out: it would count as closed. Waits are those of the first minute of a run.
WITH told AS (
    SELECT made_at, lanes_open, lanes_now, wait_15_s, wait_unchanged_15_s,
        lag(made_at) OVER times AS before_at,
        lag(lanes_open) OVER times AS open_before,
        lag(lanes_now) OVER times AS advised_before
    FROM staffing_advice
    WHERE store_id = %(store_id)s AND made_at >= %(since)s AND made_at < %(until)s
        AND coalesce(lanes_told >= lanes_total, true)
    WINDOW times AS (ORDER BY made_at)
)
SELECT
    made_at AS from_at,
    lead(before_at, 1, (SELECT max(made_at) FROM told)) OVER (ORDER BY made_at) AS to_at,
    lanes_open,
    lanes_now AS lanes_advised,
    wait_15_s AS wait_s,
    wait_unchanged_15_s AS wait_unchanged_s
FROM told
WHERE before_at IS NULL OR made_at - before_at > interval '3 minutes'
    OR lanes_open <> open_before OR lanes_now <> advised_before
ORDER BY from_at;

-- name: moves
-- Lanes that opened or closed: a state that is not the one before.
SELECT lane_id, measured_at AS at, is_open
FROM (
    SELECT s.subject_id AS lane_id, r.measured_at, r.is_open,
        lag(r.is_open) OVER (PARTITION BY r.series_id ORDER BY r.measured_at, r.boot_no, r.seq, r.idx) AS was_open
    FROM lane_states r JOIN series s USING (series_id)
    WHERE r.series_id = ANY (%(series_ids)s) AND r.measured_at >= %(since)s AND r.measured_at < %(until)s
) AS states
WHERE is_open <> was_open
ORDER BY at, lane_id;

-- name: waits_within
-- Who was served in each of some spans, and their mean wait.
SELECT spans.place, count(v.wait_ms) AS served, avg(v.wait_ms / 1000.0::float8) AS wait_s
FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS spans (starts_at, ends_at, place)
LEFT JOIN queue_visits v ON v.series_id = ANY (%(series_ids)s) AND v.measured_at >= spans.starts_at
    AND v.measured_at < spans.ends_at AND v.outcome = 'served'
    AND v.measured_at >= %(since)s AND v.measured_at < %(until)s
GROUP BY spans.place ORDER BY spans.place;
