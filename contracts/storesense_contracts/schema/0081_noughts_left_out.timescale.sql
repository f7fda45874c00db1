-- Of a compressed reading, a duration of nought is left out: presence_ms and visit_dwell_ms of a zone, longest_wait_ms of a queue
-- are null where they are 0. A column that is mostly 0 and sometimes some seconds is stored as differences of differences, three
-- wide numbers for each value; with the noughts left out it is one bit a reading and the values themselves, half of the room and
-- less (decision 0048). Nothing is lost: these columns are never null otherwise, and a null among the raw rows reads as 0.

ALTER TABLE zone_visits ALTER COLUMN presence_ms DROP NOT NULL, ALTER COLUMN visit_dwell_ms DROP NOT NULL;
ALTER TABLE queue_samples ALTER COLUMN longest_wait_ms DROP NOT NULL;

-- The columns, by table.
CREATE FUNCTION storesense_left_out_noughts() RETURNS TABLE (family text, name text) LANGUAGE sql IMMUTABLE AS $$
    VALUES
        ('zone_visits', 'presence_ms'),
        ('zone_visits', 'visit_dwell_ms'),
        ('queue_samples', 'longest_wait_ms')
$$;

-- A rollup that is made once more from compressed readings, since a late one came to them, sums to null where all of a minute's
-- were left out. So readers see these four rollups through views that say 0 there, as they were said before; the continuous
-- aggregates are beneath, in …_rolled.
ALTER MATERIALIZED VIEW zone_visits_1m RENAME TO zone_visits_1m_rolled;
ALTER MATERIALIZED VIEW zone_visits_15m RENAME TO zone_visits_15m_rolled;
ALTER MATERIALIZED VIEW queue_samples_1m RENAME TO queue_samples_1m_rolled;
ALTER MATERIALIZED VIEW queue_samples_15m RENAME TO queue_samples_15m_rolled;

CREATE VIEW zone_visits_1m AS
SELECT
    bucket_at, series_id, reading_count, occupancy_max, entry_count, exit_count, coalesce(presence_ms, 0) AS presence_ms,
    visit_count, coalesce(visit_dwell_ms, 0) AS visit_dwell_ms, stop_count
FROM zone_visits_1m_rolled;

CREATE VIEW zone_visits_15m AS
SELECT
    bucket_at, series_id, reading_count, occupancy_max, entry_count, exit_count, coalesce(presence_ms, 0) AS presence_ms,
    visit_count, coalesce(visit_dwell_ms, 0) AS visit_dwell_ms, stop_count, minute_count
FROM zone_visits_15m_rolled;

CREATE VIEW queue_samples_1m AS
SELECT
    bucket_at, series_id, reading_count, length_sum, length_max, coalesce(longest_wait_ms_max, 0) AS longest_wait_ms_max
FROM queue_samples_1m_rolled;

CREATE VIEW queue_samples_15m AS
SELECT
    bucket_at, series_id, reading_count, length_sum, length_max, coalesce(longest_wait_ms_max, 0) AS longest_wait_ms_max,
    minute_count, minute_length_milli_sum
FROM queue_samples_15m_rolled;

-- Whoever was let read a rollup may read it by its name as before.
DO $$
DECLARE
    held record;
BEGIN
    FOR held IN
        SELECT class.relname, regexp_replace(class.relname, '_rolled$', '') AS name, granted.grantee::regrole AS grantee
        FROM pg_class AS class CROSS JOIN LATERAL aclexplode(class.relacl) AS granted
        WHERE class.oid IN (
                'zone_visits_1m_rolled'::regclass, 'zone_visits_15m_rolled'::regclass, 'queue_samples_1m_rolled'::regclass,
                'queue_samples_15m_rolled'::regclass
            )
            AND granted.privilege_type = 'SELECT' AND granted.grantee NOT IN (0, class.relowner)
    LOOP
        EXECUTE format('GRANT SELECT ON %I TO %s', held.name, held.grantee);
        EXECUTE format('REVOKE SELECT ON %I FROM %s', held.relname, held.grantee);
    END LOOP;
END
$$;

-- The figures computed anew from raw, as 0007 has them.
CREATE OR REPLACE VIEW zone_visits_1m_from_raw AS
SELECT
    date_bin('1 minute', measured_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS bucket_at,
    series_id,
    count(*) AS reading_count,
    max(occupancy) AS occupancy_max,
    sum(entry_count)::bigint AS entry_count,
    sum(exit_count)::bigint AS exit_count,
    coalesce(sum(presence_ms)::bigint, 0) AS presence_ms,
    sum(visit_count)::bigint AS visit_count,
    coalesce(sum(visit_dwell_ms)::bigint, 0) AS visit_dwell_ms,
    sum(stop_count)::bigint AS stop_count
FROM zone_visits
GROUP BY 1, 2;

CREATE OR REPLACE VIEW queue_samples_1m_from_raw AS
SELECT
    date_bin('1 minute', measured_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS bucket_at,
    series_id,
    count(*) AS reading_count,
    sum(length)::bigint AS length_sum,
    max(length) AS length_max,
    coalesce(max(longest_wait_ms), 0) AS longest_wait_ms_max
FROM queue_samples
GROUP BY 1, 2;

-- As in 0068, with the aggregates where they are now.
CREATE OR REPLACE FUNCTION storesense_refresh_statements(from_at timestamptz, to_at timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT format(
        'CALL refresh_continuous_aggregate(%L, %L::timestamptz, %L::timestamptz%s)',
        family || '_' || label || CASE WHEN to_regclass(family || '_' || label || '_rolled') IS NULL THEN '' ELSE '_rolled' END,
        from_at, to_at,
        CASE WHEN EXISTS (
            SELECT FROM pg_proc WHERE proname = 'refresh_continuous_aggregate' AND 'options' = ANY (proargnames)
        ) THEN ', options => ''{"buckets_per_batch": 0}''' ELSE '' END)
    FROM storesense_rollup_families() CROSS JOIN storesense_rollup_steps()
    ORDER BY step, family
$$;

-- As in 0068, and the noughts are left out where the rest is forgotten, in the same pass.
CREATE OR REPLACE FUNCTION storesense_compress_readings(chunk regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    noughts text;
BEGIN
    PERFORM set_config(name, CASE WHEN name ~ 'limit$' THEN max_val ELSE 'on' END, true) FROM pg_settings
    WHERE name IN ('timescaledb.compression_batch_size_limit', 'timescaledb.skip_cagg_invalidation');
    SELECT string_agg(format(', %1$I = nullif(%1$I, 0)', left_out.name), '') INTO noughts
    FROM timescaledb_information.chunks JOIN storesense_left_out_noughts() AS left_out ON left_out.family = hypertable_name
    WHERE format('%I.%I', chunk_schema, chunk_name)::regclass = chunk;
    IF EXISTS (
        SELECT FROM timescaledb_information.chunks
        WHERE format('%I.%I', chunk_schema, chunk_name)::regclass = chunk AND NOT is_compressed
    ) THEN
        EXECUTE format(
            'UPDATE %s AS raw SET batch_no = NULL, received_at = CASE WHEN received_at BETWEEN measured_at AND '
            'measured_at + interval ''2 minutes'' THEN NULL ELSE received_at END%s '
            'WHERE batch_no IS NOT NULL AND NOT EXISTS (SELECT FROM follower_cursors AS follower '
            'WHERE follower.partition_no = raw.batch_no >> 40 AND follower.batch_no < raw.batch_no)', chunk, noughts);
    END IF;
    PERFORM compress_chunk(chunk);
END
$$;
