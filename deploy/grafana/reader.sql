-- The role that Grafana reads with: figures, stores and devices; no names of people, no secrets, no writing.
-- Run it with psql and -v password=...; run it again after an upgrade.
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'storesense_reader') AS is_new \gset
\if :is_new
CREATE ROLE storesense_reader LOGIN;
\endif
ALTER ROLE storesense_reader PASSWORD :'password';
ALTER ROLE storesense_reader CONNECTION LIMIT 10;
ALTER ROLE storesense_reader SET default_transaction_read_only = on;
ALTER ROLE storesense_reader SET statement_timeout = '15s';
-- grants
GRANT SELECT ON
    stores, devices, series, store_hours, store_days, staffing_advice, health_readings,
    footfall_counts_1m, footfall_counts_15m, zone_visits_1m, zone_visits_15m,
    queue_samples_1m, queue_samples_15m, queue_visits_1m, queue_visits_15m,
    shelf_weights_1m, shelf_weights_15m, shelf_events_1m, shelf_events_15m,
    environment_readings_1m, environment_readings_15m
TO storesense_reader;
GRANT SELECT (
    alert_id, store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at, acknowledged_at,
    resolved_at, is_over
) ON alerts TO storesense_reader;
