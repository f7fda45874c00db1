-- The rollups of 0063 on TimescaleDB, as the others in 0005: continuous aggregates that add what is not yet materialised.

CREATE MATERIALIZED VIEW line_parties_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    sum(in_count)::bigint AS in_count,
    sum(out_count)::bigint AS out_count,
    sum(staff_in_count)::bigint AS staff_in_count,
    sum(staff_out_count)::bigint AS staff_out_count
FROM line_parties
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW line_parties_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    sum(in_count)::bigint AS in_count,
    sum(out_count)::bigint AS out_count,
    sum(staff_in_count)::bigint AS staff_in_count,
    sum(staff_out_count)::bigint AS staff_out_count
FROM line_parties_1m
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW zone_dwells_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    sum(visit_count)::bigint AS visit_count,
    sum(dwell_le_5s)::bigint AS dwell_le_5s,
    sum(dwell_le_10s)::bigint AS dwell_le_10s,
    sum(dwell_le_15s)::bigint AS dwell_le_15s,
    sum(dwell_le_20s)::bigint AS dwell_le_20s,
    sum(dwell_le_30s)::bigint AS dwell_le_30s,
    sum(dwell_le_45s)::bigint AS dwell_le_45s,
    sum(dwell_le_60s)::bigint AS dwell_le_60s,
    sum(dwell_le_90s)::bigint AS dwell_le_90s,
    sum(dwell_le_120s)::bigint AS dwell_le_120s,
    sum(dwell_le_180s)::bigint AS dwell_le_180s,
    sum(dwell_le_240s)::bigint AS dwell_le_240s,
    sum(dwell_le_300s)::bigint AS dwell_le_300s,
    sum(dwell_le_450s)::bigint AS dwell_le_450s,
    sum(dwell_le_600s)::bigint AS dwell_le_600s,
    sum(dwell_le_900s)::bigint AS dwell_le_900s,
    sum(dwell_le_1800s)::bigint AS dwell_le_1800s,
    sum(unknown_count)::bigint AS unknown_count,
    sum(people_ms)::bigint AS people_ms,
    sum(staff_ms)::bigint AS staff_ms
FROM zone_dwells
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW zone_dwells_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    sum(visit_count)::bigint AS visit_count,
    sum(dwell_le_5s)::bigint AS dwell_le_5s,
    sum(dwell_le_10s)::bigint AS dwell_le_10s,
    sum(dwell_le_15s)::bigint AS dwell_le_15s,
    sum(dwell_le_20s)::bigint AS dwell_le_20s,
    sum(dwell_le_30s)::bigint AS dwell_le_30s,
    sum(dwell_le_45s)::bigint AS dwell_le_45s,
    sum(dwell_le_60s)::bigint AS dwell_le_60s,
    sum(dwell_le_90s)::bigint AS dwell_le_90s,
    sum(dwell_le_120s)::bigint AS dwell_le_120s,
    sum(dwell_le_180s)::bigint AS dwell_le_180s,
    sum(dwell_le_240s)::bigint AS dwell_le_240s,
    sum(dwell_le_300s)::bigint AS dwell_le_300s,
    sum(dwell_le_450s)::bigint AS dwell_le_450s,
    sum(dwell_le_600s)::bigint AS dwell_le_600s,
    sum(dwell_le_900s)::bigint AS dwell_le_900s,
    sum(dwell_le_1800s)::bigint AS dwell_le_1800s,
    sum(unknown_count)::bigint AS unknown_count,
    sum(people_ms)::bigint AS people_ms,
    sum(staff_ms)::bigint AS staff_ms
FROM zone_dwells_1m
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW lane_services_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    sum(period_ms)::bigint AS period_ms,
    sum(period_ms::bigint * till_count)::bigint AS till_ms,
    sum(busy_ms)::bigint AS busy_ms,
    sum(served_count)::bigint AS served_count
FROM lane_services
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW lane_services_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    sum(period_ms)::bigint AS period_ms,
    sum(till_ms)::bigint AS till_ms,
    sum(busy_ms)::bigint AS busy_ms,
    sum(served_count)::bigint AS served_count
FROM lane_services_1m
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW zone_transitions_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    from_zone_id,
    to_zone_id,
    count(*) AS reading_count,
    sum(people_count)::bigint AS people_count
FROM zone_transitions
GROUP BY 1, 2, 3, 4
WITH NO DATA;

CREATE MATERIALIZED VIEW zone_transitions_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    from_zone_id,
    to_zone_id,
    sum(reading_count)::bigint AS reading_count,
    sum(people_count)::bigint AS people_count
FROM zone_transitions_1m
GROUP BY 1, 2, 3, 4
WITH NO DATA;
