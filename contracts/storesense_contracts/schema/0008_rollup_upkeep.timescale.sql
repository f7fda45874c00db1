-- Rollups on TimescaleDB are the continuous aggregates of 0005, which add by themselves what lies after their newest refresh.
-- What follows tells statements that the maintenance runs one by one, each in a transaction of its own. There are no
-- policies: the maintenance refreshes before it compresses and before it drops, in that order, on every server.

-- Add batches to the rollups: nothing to do here, a refresh finds what changed.
CREATE FUNCTION storesense_roll(from_batch_no bigint, to_batch_no bigint) RETURNS void LANGUAGE sql STABLE AS $$ SELECT $$;

-- Statements that bring the rollups up to date in a span of time; the minutes of a family come before its 15 minutes.
CREATE FUNCTION storesense_refresh_statements(from_at timestamptz, to_at timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT format(
        'CALL refresh_continuous_aggregate(%L, %L::timestamptz, %L::timestamptz)', family || '_' || label, from_at, to_at)
    FROM storesense_rollup_families() CROSS JOIN storesense_rollup_steps()
    ORDER BY step, family
$$;

-- Compress a week of a table. Before that, what only the present needs is forgotten, which halves a compressed reading: the
-- number of its batch, unless a follower has yet to come to it, and when it was received, unless that was late.
CREATE FUNCTION storesense_compress_readings(chunk regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'UPDATE %s AS raw SET batch_no = NULL, received_at = CASE WHEN received_at BETWEEN measured_at AND '
        'measured_at + interval ''2 minutes'' THEN NULL ELSE received_at END '
        'WHERE batch_no IS NOT NULL AND NOT EXISTS (SELECT FROM follower_cursors AS follower '
        'WHERE follower.partition_no = raw.batch_no >> 40 AND follower.batch_no < raw.batch_no)', chunk);
    PERFORM compress_chunk(chunk);
END
$$;

-- Statements that compress the weeks that end before, and again those that late rows came to.
CREATE FUNCTION storesense_compress_statements(before_at timestamptz) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT format(
        CASE WHEN chunks.is_compressed THEN 'SELECT compress_chunk(%L)' ELSE 'SELECT storesense_compress_readings(%L)' END,
        format('%I.%I', chunks.chunk_schema, chunks.chunk_name))
    FROM timescaledb_information.chunks AS chunks
    JOIN _timescaledb_catalog.chunk AS catalog
        ON catalog.schema_name = chunks.chunk_schema AND catalog.table_name = chunks.chunk_name
    WHERE chunks.hypertable_name = ANY (storesense_reading_tables())
        AND chunks.hypertable_schema = current_schema()
        AND chunks.range_end <= before_at
        AND (NOT chunks.is_compressed OR catalog.status & 8 = 8)  -- 8: compressed, with rows beside
    ORDER BY chunks.range_start, chunks.hypertable_name
$$;

-- Where raw rows would begin if everything before was dropped: on a whole week, where the chunks are cut.
CREATE FUNCTION storesense_raw_edge(before_at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT least(date_bin('1 day', before_at, TIMESTAMPTZ '2001-01-01 00:00:00+00'), min(range_start))
    FROM timescaledb_information.chunks
    WHERE hypertable_name = ANY (storesense_reading_tables()) AND hypertable_schema = current_schema()
        AND range_end > before_at
$$;

-- Drop the whole weeks of a table before an instant.
CREATE FUNCTION storesense_drop_readings(name text, before_at timestamptz) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM drop_chunks(name::regclass, older_than => before_at)
$$;

-- Statements that drop the raw rows before an edge.
CREATE FUNCTION storesense_drop_statements(before_at timestamptz) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT storesense_drop_readings(%L, %L)', name, before_at)
    FROM unnest(storesense_reading_tables()) AS name
$$;

-- How much room the readings take, indexes included, in bytes.
CREATE FUNCTION storesense_reading_bytes() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT sum(hypertable_size(name::regclass))::bigint FROM unnest(storesense_reading_tables()) AS name
$$;
