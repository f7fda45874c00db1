-- Refreshing and compressing as servers of today do it best. From 2.28 on a refresh goes through its window in batches of ten
-- buckets unless told otherwise, which for steps of a minute is a scan of a whole week for every ten minutes; the maintenance
-- cuts windows by itself, so each is asked for in one pass. Servers that know no such option do it in one pass anyway.
CREATE OR REPLACE FUNCTION storesense_refresh_statements(from_at timestamptz, to_at timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT format(
        'CALL refresh_continuous_aggregate(%L, %L::timestamptz, %L::timestamptz%s)', family || '_' || label, from_at, to_at,
        CASE WHEN EXISTS (
            SELECT FROM pg_proc WHERE proname = 'refresh_continuous_aggregate' AND 'options' = ANY (proargnames)
        ) THEN ', options => ''{"buckets_per_batch": 0}''' ELSE '' END)
    FROM storesense_rollup_families() CROSS JOIN storesense_rollup_steps()
    ORDER BY step, family
$$;

-- Compress a week of a table, or again what late rows came to. A block costs some 50 bytes a column whatever is in it, and
-- ends in a page that it does not fill: so it holds all readings of a series in a week, as far as the server lets it: 32,767
-- with 2.28, a thousand with some before.
-- Before the first time, what only the present needs is forgotten, as 0008 tells; no rollup is made from that, so the week
-- need not be refreshed once more. Settings that a server does not know are left out.
CREATE OR REPLACE FUNCTION storesense_compress_readings(chunk regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config(name, CASE WHEN name ~ 'limit$' THEN max_val ELSE 'on' END, true) FROM pg_settings
    WHERE name IN ('timescaledb.compression_batch_size_limit', 'timescaledb.skip_cagg_invalidation');
    IF EXISTS (
        SELECT FROM timescaledb_information.chunks
        WHERE format('%I.%I', chunk_schema, chunk_name)::regclass = chunk AND NOT is_compressed
    ) THEN
        EXECUTE format(
            'UPDATE %s AS raw SET batch_no = NULL, received_at = CASE WHEN received_at BETWEEN measured_at AND '
            'measured_at + interval ''2 minutes'' THEN NULL ELSE received_at END '
            'WHERE batch_no IS NOT NULL AND NOT EXISTS (SELECT FROM follower_cursors AS follower '
            'WHERE follower.partition_no = raw.batch_no >> 40 AND follower.batch_no < raw.batch_no)', chunk);
    END IF;
    PERFORM compress_chunk(chunk);
END
$$;

-- Statements that compress the weeks that end before, and again those that late rows came to.
CREATE OR REPLACE FUNCTION storesense_compress_statements(before_at timestamptz) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT storesense_compress_readings(%L)', format('%I.%I', chunks.chunk_schema, chunks.chunk_name))
    FROM timescaledb_information.chunks AS chunks
    JOIN _timescaledb_catalog.chunk AS catalog
        ON catalog.schema_name = chunks.chunk_schema AND catalog.table_name = chunks.chunk_name
    WHERE chunks.hypertable_name = ANY (storesense_reading_tables())
        AND chunks.hypertable_schema = current_schema()
        AND chunks.range_end <= before_at
        AND (NOT chunks.is_compressed OR catalog.status & 8 = 8)  -- 8: compressed, with rows beside
    ORDER BY chunks.range_start, chunks.hypertable_name
$$;
