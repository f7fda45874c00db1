-- How the tables of 0061 are cut by time on plain PostgreSQL, as the others are in 0004.

CREATE INDEX line_parties_batch ON line_parties (batch_no);
CREATE INDEX line_parties_series ON line_parties (series_id, measured_at DESC);
CREATE INDEX zone_dwells_batch ON zone_dwells (batch_no);
CREATE INDEX zone_dwells_series ON zone_dwells (series_id, measured_at DESC);
CREATE INDEX lane_services_batch ON lane_services (batch_no);
CREATE INDEX lane_services_series ON lane_services (series_id, measured_at DESC);
CREATE INDEX zone_transitions_batch ON zone_transitions (batch_no);
CREATE INDEX zone_transitions_series ON zone_transitions (series_id, measured_at DESC);

CREATE OR REPLACE FUNCTION storesense_reading_tables() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        'footfall_counts',
        'zone_visits',
        'queue_samples',
        'queue_visits',
        'lane_states',
        'heatmap_grids',
        'line_parties',
        'zone_dwells',
        'lane_services',
        'zone_transitions',
        'shelf_weights',
        'shelf_events',
        'environment_readings',
        'health_readings'
    ]
$$;

DO $$
DECLARE
    table_name text;
BEGIN
    FOREACH table_name IN ARRAY ARRAY['line_parties', 'zone_dwells', 'lane_services', 'zone_transitions'] LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', table_name || '_default', table_name);
    END LOOP;
END
$$;

SELECT storesense_ensure_partitions(now() - interval '7 days', now() + interval '7 days');
