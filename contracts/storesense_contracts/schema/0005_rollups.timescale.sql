-- Rollups of 1 and 15 minutes in UTC, by the same names and columns on every database. Counts, whole milliseconds, milligrams
-- and thousandths are summed, so a rollup equals a recomputation from raw to the bit, in whatever order readings came.
-- Waits are kept as a cumulative histogram (wait_le_30s: visits that waited 30 s or less), because percentiles do not add
-- up and counts do. bucket_at is the beginning of the step. The 15 minutes also tell of their minutes, for KPIs in which every
-- minute weighs the same however many readings it has: how many were measured, and sums of a minute's own mean, in thousandths.
-- Here they are continuous aggregates that add what is not yet materialised; refresh policies are not set here.

CREATE MATERIALIZED VIEW footfall_counts_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    sum(in_count) AS in_count,
    sum(out_count) AS out_count
FROM footfall_counts
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW footfall_counts_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    sum(in_count)::bigint AS in_count,
    sum(out_count)::bigint AS out_count,
    count(*) AS minute_count
FROM footfall_counts_1m
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW zone_visits_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    max(occupancy) AS occupancy_max,
    sum(entry_count) AS entry_count,
    sum(exit_count) AS exit_count,
    sum(presence_ms)::bigint AS presence_ms,
    sum(visit_count) AS visit_count,
    sum(visit_dwell_ms)::bigint AS visit_dwell_ms,
    sum(stop_count) AS stop_count
FROM zone_visits
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW zone_visits_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    max(occupancy_max) AS occupancy_max,
    sum(entry_count)::bigint AS entry_count,
    sum(exit_count)::bigint AS exit_count,
    sum(presence_ms)::bigint AS presence_ms,
    sum(visit_count)::bigint AS visit_count,
    sum(visit_dwell_ms)::bigint AS visit_dwell_ms,
    sum(stop_count)::bigint AS stop_count,
    count(*) AS minute_count
FROM zone_visits_1m
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW queue_samples_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    sum(length) AS length_sum,
    max(length) AS length_max,
    max(longest_wait_ms) AS longest_wait_ms_max
FROM queue_samples
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW queue_samples_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    sum(length_sum)::bigint AS length_sum,
    max(length_max) AS length_max,
    max(longest_wait_ms_max) AS longest_wait_ms_max,
    count(*) AS minute_count,
    sum((length_sum * 1000 + reading_count / 2) / reading_count)::bigint AS minute_length_milli_sum
FROM queue_samples_1m
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW queue_visits_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    outcome,
    count(*) AS visit_count,
    sum(wait_ms)::bigint AS wait_ms,
    sum(service_ms)::bigint AS service_ms,
    count(*) FILTER (WHERE wait_ms <= 5000) AS wait_le_5s,
    count(*) FILTER (WHERE wait_ms <= 10000) AS wait_le_10s,
    count(*) FILTER (WHERE wait_ms <= 15000) AS wait_le_15s,
    count(*) FILTER (WHERE wait_ms <= 20000) AS wait_le_20s,
    count(*) FILTER (WHERE wait_ms <= 30000) AS wait_le_30s,
    count(*) FILTER (WHERE wait_ms <= 45000) AS wait_le_45s,
    count(*) FILTER (WHERE wait_ms <= 60000) AS wait_le_60s,
    count(*) FILTER (WHERE wait_ms <= 90000) AS wait_le_90s,
    count(*) FILTER (WHERE wait_ms <= 120000) AS wait_le_120s,
    count(*) FILTER (WHERE wait_ms <= 180000) AS wait_le_180s,
    count(*) FILTER (WHERE wait_ms <= 240000) AS wait_le_240s,
    count(*) FILTER (WHERE wait_ms <= 300000) AS wait_le_300s,
    count(*) FILTER (WHERE wait_ms <= 450000) AS wait_le_450s,
    count(*) FILTER (WHERE wait_ms <= 600000) AS wait_le_600s,
    count(*) FILTER (WHERE wait_ms <= 900000) AS wait_le_900s,
    count(*) FILTER (WHERE wait_ms <= 1800000) AS wait_le_1800s
FROM queue_visits
GROUP BY 1, 2, 3
WITH NO DATA;

CREATE MATERIALIZED VIEW queue_visits_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    outcome,
    sum(visit_count)::bigint AS visit_count,
    sum(wait_ms)::bigint AS wait_ms,
    sum(service_ms)::bigint AS service_ms,
    sum(wait_le_5s)::bigint AS wait_le_5s,
    sum(wait_le_10s)::bigint AS wait_le_10s,
    sum(wait_le_15s)::bigint AS wait_le_15s,
    sum(wait_le_20s)::bigint AS wait_le_20s,
    sum(wait_le_30s)::bigint AS wait_le_30s,
    sum(wait_le_45s)::bigint AS wait_le_45s,
    sum(wait_le_60s)::bigint AS wait_le_60s,
    sum(wait_le_90s)::bigint AS wait_le_90s,
    sum(wait_le_120s)::bigint AS wait_le_120s,
    sum(wait_le_180s)::bigint AS wait_le_180s,
    sum(wait_le_240s)::bigint AS wait_le_240s,
    sum(wait_le_300s)::bigint AS wait_le_300s,
    sum(wait_le_450s)::bigint AS wait_le_450s,
    sum(wait_le_600s)::bigint AS wait_le_600s,
    sum(wait_le_900s)::bigint AS wait_le_900s,
    sum(wait_le_1800s)::bigint AS wait_le_1800s
FROM queue_visits_1m
GROUP BY 1, 2, 3
WITH NO DATA;

CREATE MATERIALIZED VIEW shelf_weights_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    count(units) AS units_known_count,
    count(*) FILTER (WHERE units = 0) AS empty_count,
    min(units) AS units_min,
    max(units) AS units_max
FROM shelf_weights
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW shelf_weights_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    sum(units_known_count)::bigint AS units_known_count,
    sum(empty_count)::bigint AS empty_count,
    min(units_min) AS units_min,
    max(units_max) AS units_max,
    count(*) FILTER (WHERE units_known_count > 0) AS known_minute_count,
    coalesce(sum((empty_count * 1000 + units_known_count / 2) / nullif(units_known_count, 0)), 0)::bigint AS minute_empty_milli_sum
FROM shelf_weights_1m
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW shelf_events_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    event,
    count(*) AS event_count,
    sum(units) AS units,
    sum(delta_mg)::bigint AS delta_mg
FROM shelf_events
GROUP BY 1, 2, 3
WITH NO DATA;

CREATE MATERIALIZED VIEW shelf_events_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    event,
    sum(event_count)::bigint AS event_count,
    sum(units)::bigint AS units,
    sum(delta_mg)::bigint AS delta_mg
FROM shelf_events_1m
GROUP BY 1, 2, 3
WITH NO DATA;

CREATE MATERIALIZED VIEW environment_readings_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 minute', measured_at) AS bucket_at,
    series_id,
    count(*) AS reading_count,
    count(temperature_c) AS temperature_c_count,
    sum(round(temperature_c::double precision * 1000)::bigint)::bigint AS temperature_c_milli_sum,
    min(temperature_c) AS temperature_c_min,
    max(temperature_c) AS temperature_c_max,
    count(humidity_pct) AS humidity_pct_count,
    sum(round(humidity_pct::double precision * 1000)::bigint)::bigint AS humidity_pct_milli_sum,
    min(humidity_pct) AS humidity_pct_min,
    max(humidity_pct) AS humidity_pct_max,
    count(noise_dba) AS noise_dba_count,
    sum(round(noise_dba::double precision * 1000)::bigint)::bigint AS noise_dba_milli_sum,
    min(noise_dba) AS noise_dba_min,
    max(noise_dba) AS noise_dba_max,
    count(light_lux) AS light_lux_count,
    sum(round(light_lux::double precision * 1000)::bigint)::bigint AS light_lux_milli_sum,
    min(light_lux) AS light_lux_min,
    max(light_lux) AS light_lux_max
FROM environment_readings
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW environment_readings_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '15 minutes', bucket_at) AS bucket_at,
    series_id,
    sum(reading_count)::bigint AS reading_count,
    sum(temperature_c_count)::bigint AS temperature_c_count,
    sum(temperature_c_milli_sum)::bigint AS temperature_c_milli_sum,
    min(temperature_c_min) AS temperature_c_min,
    max(temperature_c_max) AS temperature_c_max,
    sum(humidity_pct_count)::bigint AS humidity_pct_count,
    sum(humidity_pct_milli_sum)::bigint AS humidity_pct_milli_sum,
    min(humidity_pct_min) AS humidity_pct_min,
    max(humidity_pct_max) AS humidity_pct_max,
    sum(noise_dba_count)::bigint AS noise_dba_count,
    sum(noise_dba_milli_sum)::bigint AS noise_dba_milli_sum,
    min(noise_dba_min) AS noise_dba_min,
    max(noise_dba_max) AS noise_dba_max,
    sum(light_lux_count)::bigint AS light_lux_count,
    sum(light_lux_milli_sum)::bigint AS light_lux_milli_sum,
    min(light_lux_min) AS light_lux_min,
    max(light_lux_max) AS light_lux_max
FROM environment_readings_1m
GROUP BY 1, 2
WITH NO DATA;
