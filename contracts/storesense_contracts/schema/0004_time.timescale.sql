-- How the reading tables are cut by time on TimescaleDB: hypertables with chunks of one week, as the partitions on plain
-- PostgreSQL. Of a day, a slot that tells its weight once a minute would not fill one compressed block of a thousand rows.

SELECT create_hypertable('footfall_counts', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('zone_visits', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('queue_samples', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('queue_visits', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('lane_states', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('heatmap_grids', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('shelf_weights', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('shelf_events', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('environment_readings', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);
SELECT create_hypertable('health_readings', by_range('measured_at', INTERVAL '7 days'), create_default_indexes => false);

-- Followers read by batch_no; charts and the latest state read by series and time.
CREATE INDEX footfall_counts_batch ON footfall_counts (batch_no);
CREATE INDEX footfall_counts_series ON footfall_counts (series_id, measured_at DESC);
CREATE INDEX zone_visits_batch ON zone_visits (batch_no);
CREATE INDEX zone_visits_series ON zone_visits (series_id, measured_at DESC);
CREATE INDEX queue_samples_batch ON queue_samples (batch_no);
CREATE INDEX queue_samples_series ON queue_samples (series_id, measured_at DESC);
CREATE INDEX queue_visits_batch ON queue_visits (batch_no);
CREATE INDEX queue_visits_series ON queue_visits (series_id, measured_at DESC);
CREATE INDEX lane_states_batch ON lane_states (batch_no);
CREATE INDEX lane_states_series ON lane_states (series_id, measured_at DESC);
CREATE INDEX heatmap_grids_batch ON heatmap_grids (batch_no);
CREATE INDEX heatmap_grids_series ON heatmap_grids (series_id, measured_at DESC);
CREATE INDEX shelf_weights_batch ON shelf_weights (batch_no);
CREATE INDEX shelf_weights_series ON shelf_weights (series_id, measured_at DESC);
CREATE INDEX shelf_events_batch ON shelf_events (batch_no);
CREATE INDEX shelf_events_series ON shelf_events (series_id, measured_at DESC);
CREATE INDEX environment_readings_batch ON environment_readings (batch_no);
CREATE INDEX environment_readings_series ON environment_readings (series_id, measured_at DESC);
CREATE INDEX health_readings_batch ON health_readings (batch_no);
CREATE INDEX health_readings_series ON health_readings (series_id, measured_at DESC);

-- How chunks are laid out once they are compressed. When that happens is a policy, and policies are not set here.
ALTER TABLE footfall_counts SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE zone_visits SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE queue_samples SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE queue_visits SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE lane_states SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE heatmap_grids SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE shelf_weights SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE shelf_events SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE environment_readings SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');
ALTER TABLE health_readings SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id, boot_no', timescaledb.compress_orderby = 'measured_at');

-- Of a compressed reading these two would be more than half of the bytes. What is compressed has no batch_no any more (no
-- follower needs it), and received_at only where it was late: storesense_compress_readings in 0008.
ALTER TABLE footfall_counts ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE zone_visits ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE queue_samples ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE queue_visits ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE lane_states ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE heatmap_grids ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE shelf_weights ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE shelf_events ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE environment_readings ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;
ALTER TABLE health_readings ALTER COLUMN received_at DROP NOT NULL, ALTER COLUMN batch_no DROP NOT NULL;

CREATE FUNCTION storesense_reading_tables() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        'footfall_counts',
        'zone_visits',
        'queue_samples',
        'queue_visits',
        'lane_states',
        'heatmap_grids',
        'shelf_weights',
        'shelf_events',
        'environment_readings',
        'health_readings'
    ]
$$;

-- TimescaleDB makes its chunks by itself; the function is here so that the gateway need not know.
CREATE FUNCTION storesense_ensure_partitions(from_at timestamptz, to_at timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$ SELECT 0 $$;
