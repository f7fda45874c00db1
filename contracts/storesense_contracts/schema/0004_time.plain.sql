-- How the reading tables are cut by time on plain PostgreSQL: native range partitions of one UTC week, from Monday, and
-- a default partition for what lies outside of them (a device whose clock stood at 1970).

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

CREATE FUNCTION storesense_partition_name(table_name text, week_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT table_name || '_' || to_char(week_at AT TIME ZONE 'UTC', 'YYYYMMDD')
$$;

CREATE FUNCTION storesense_has_partition(table_name text, week_at timestamptz) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT EXISTS (
        SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = pg_inherits.inhrelid
        WHERE pg_inherits.inhparent = table_name::regclass
            AND pg_class.relname = storesense_partition_name(table_name, week_at)
    )
$$;

CREATE FUNCTION storesense_make_partition(table_name text, week_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := storesense_partition_name(table_name, week_at);
    default_name text := table_name || '_default';
    end_at timestamptz := week_at + interval '7 days';
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, table_name);
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', default_name);
    EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE measured_at >= %L AND measured_at < %L RETURNING *) '
        'INSERT INTO %I SELECT * FROM moved',
        default_name, week_at, end_at, name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', table_name, name, week_at, end_at);
END
$$;

-- Make the weekly partitions that cover from_at .. to_at (both included). Rows that had to wait in the default partition
-- move into theirs. Harmless to repeat, and to run from several sessions: what another one made while this one waited for
-- the lock is seen, because each statement here looks at the catalog anew. Returns the number of partitions made.
CREATE FUNCTION storesense_ensure_partitions(from_at timestamptz, to_at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    origin_at constant timestamptz := '2001-01-01 00:00:00+00';
    week_at timestamptz;
    table_name text;
    made integer := 0;
BEGIN
    IF to_at - from_at > interval '5300 days' THEN
        RAISE EXCEPTION 'storesense_ensure_partitions: % to % is more than 14 years', from_at, to_at;
    END IF;
    FOR week_at, table_name IN
        SELECT week, name
        FROM generate_series(date_bin('7 days', from_at, origin_at), to_at, interval '7 days') AS week
        CROSS JOIN unnest(storesense_reading_tables()) AS name
    LOOP
        IF NOT storesense_has_partition(table_name, week_at) THEN
            PERFORM pg_advisory_xact_lock(hashtext('storesense_ensure_partitions'));
            IF NOT storesense_has_partition(table_name, week_at) THEN
                PERFORM storesense_make_partition(table_name, week_at);
                made := made + 1;
            END IF;
        END IF;
    END LOOP;
    RETURN made;
END
$$;

DO $$
DECLARE
    table_name text;
BEGIN
    FOREACH table_name IN ARRAY storesense_reading_tables() LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', table_name || '_default', table_name);
    END LOOP;
END
$$;

SELECT storesense_ensure_partitions(now() - interval '7 days', now() + interval '7 days');
