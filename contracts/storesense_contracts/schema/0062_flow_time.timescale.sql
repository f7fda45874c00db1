-- How the tables of 0061 are cut by time on TimescaleDB, as the others are in 0004.

SELECT create_hypertable('line_parties', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('zone_dwells', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('lane_services', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('zone_transitions', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);

CREATE INDEX line_parties_batch ON line_parties (batch_no);
CREATE INDEX line_parties_series ON line_parties (series_id, measured_at DESC);
CREATE INDEX zone_dwells_batch ON zone_dwells (batch_no);
CREATE INDEX zone_dwells_series ON zone_dwells (series_id, measured_at DESC);
CREATE INDEX lane_services_batch ON lane_services (batch_no);
CREATE INDEX lane_services_series ON lane_services (series_id, measured_at DESC);
CREATE INDEX zone_transitions_batch ON zone_transitions (batch_no);
CREATE INDEX zone_transitions_series ON zone_transitions (series_id, measured_at DESC);

ALTER TABLE line_parties SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE zone_dwells SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE lane_services SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE zone_transitions SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');

-- What is compressed forgets these: storesense_compress_readings in 0008.
ALTER TABLE line_parties ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE zone_dwells ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE lane_services ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE zone_transitions ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;

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
