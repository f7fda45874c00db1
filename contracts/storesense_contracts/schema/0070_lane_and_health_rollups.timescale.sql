-- The rollups of 0069 on TimescaleDB, as the others in 0005: continuous aggregates that add what is not yet materialised.

CREATE MATERIALIZED VIEW lane_states_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    count(*) FILTER (WHERE is_open) AS open_count,
    count(*) FILTER (WHERE is_open AND is_staffed) AS staffed_count
FROM lane_states
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW lane_states_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    sum(open_count)::bigint AS open_count,
    sum(staffed_count)::bigint AS staffed_count,
    count(*) AS minute_count,
    sum((open_count * 1000 + reading_count / 2) / reading_count)::bigint AS minute_open_milli_sum
FROM lane_states_1m
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW health_readings_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    count(*) FILTER (WHERE state = 'ok') AS ok_count
FROM health_readings
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW health_readings_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    sum(ok_count)::bigint AS ok_count,
    count(*) AS minute_count
FROM health_readings_1m
GROUP BY 1, 2
WITH NO DATA;
