-- Rollups on plain PostgreSQL: tables …_1m_rolled and …_15m_rolled, to which the follower `rollups` adds each batch once,
-- and views by the names that readers know, which add the batches that it has not come to yet. Everything in a rollup can
-- be added to in any order (whole numbers, least, greatest), and the cursor moves in the same transaction, so a rollup is
-- what a recomputation from raw gives, and outlives the raw rows.

-- No batch is committed while the tables are filled, so that they and the cursor agree.
LOCK TABLE partitions IN SHARE ROW EXCLUSIVE MODE;

-- The rows of 1 minute that are new, made to the change of the 15 minutes: `, sum(…)::bigint AS …` of each measure that tells
-- of minutes. The query calls the new rows `rows` and what is in …_1m_rolled of the same minute `old`: what the minute then
-- is, less what it was.
CREATE FUNCTION storesense_minute_changes(the_family text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_agg(format(
        ', sum((SELECT %1$s FROM (SELECT %2$s) AS present) - CASE WHEN old.series_id IS NULL THEN 0 ELSE '
        '(SELECT %1$s FROM (SELECT %3$s) AS past) END)::bigint AS %4$I', measure, present, past, name), '' ORDER BY place), '')
    FROM storesense_minute_measures() AS minutes
    CROSS JOIN LATERAL (
        SELECT
            string_agg(format('rows.%1$I + coalesce(old.%1$I, 0) AS %1$I', columns.name), ', ') AS present,
            string_agg(format('old.%1$I AS %1$I', columns.name), ', ') AS past
        FROM storesense_rollup_measures((the_family || '_1m_rolled')::regclass) AS columns WHERE merge = 'sum'
    ) AS lists
    WHERE family = the_family
$$;

-- What comes after FROM, so that the new rows of 1 minute in `source` are `rows` and have their `old` beside them if needed.
CREATE FUNCTION storesense_beside_old(the_family text, source text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT source || ' AS rows' || CASE
        WHEN EXISTS (SELECT FROM storesense_minute_measures() WHERE family = the_family) THEN format(
            ' LEFT JOIN %I AS old ON old.series_id = rows.series_id AND old.bucket_at = rows.bucket_at',
            the_family || '_1m_rolled')
        ELSE '' END
$$;

DO $$
DECLARE
    rollup record;
    fine text;
    coarse text;
    fresh text;
BEGIN
    FOR rollup IN SELECT * FROM storesense_rollup_families() LOOP
        EXECUTE format('DROP VIEW %I, %I', rollup.family || '_15m', rollup.family || '_1m');
    END LOOP;
    FOR rollup IN SELECT * FROM storesense_rollup_families() CROSS JOIN storesense_rollup_steps() LOOP
        fine := rollup.family || '_' || rollup.label;
        EXECUTE format('CREATE TABLE %I WITH (fillfactor = 80) AS SELECT * FROM %I', fine || '_rolled', fine || '_from_raw');
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (series_id, bucket_at%s)', fine || '_rolled', rollup.keys);
    END LOOP;
    FOR rollup IN SELECT * FROM storesense_rollup_families() LOOP
        fine := rollup.family || '_1m';
        coarse := rollup.family || '_15m';
        -- `+ 0` keeps the planner from reading the whole past of a series to find the few rows that are not rolled yet.
        fresh := format(
            'SELECT date_bin(''1 minute'', measured_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') AS bucket_at, '
            'raw.series_id + 0 AS series_id%s, %s '
            'FROM partitions LEFT JOIN follower_cursors AS done '
            'ON done.follower = ''rollups'' AND done.partition_no = partitions.partition_no '
            'JOIN %I AS raw ON raw.batch_no > coalesce(done.batch_no, partitions.partition_no::bigint << 40) '
            'AND raw.batch_no <= partitions.head GROUP BY 1, 2%s',
            rollup.keys, rollup.measures, rollup.family, rollup.keys);
        EXECUTE format(
            'CREATE VIEW %I AS SELECT bucket_at, series_id%s, %s FROM (SELECT * FROM %I UNION ALL %s) AS rows '
            'GROUP BY bucket_at, series_id%s',
            fine, rollup.keys, storesense_merged_measures((fine || '_rolled')::regclass), fine || '_rolled', fresh, rollup.keys);
        EXECUTE format(
            'CREATE VIEW %I AS SELECT bucket_at, series_id%s, %s FROM (SELECT * FROM %I UNION ALL '
            'SELECT date_bin(''15 minutes'', rows.bucket_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00''), rows.series_id%s, %s%s '
            'FROM %s GROUP BY 1, 2%s) AS rows GROUP BY bucket_at, series_id%s',
            coarse, rollup.keys, storesense_merged_measures((coarse || '_rolled')::regclass), coarse || '_rolled',
            rollup.keys, storesense_merged_measures((fine || '_rolled')::regclass), storesense_minute_changes(rollup.family),
            storesense_beside_old(rollup.family, '(' || fresh || ')'), rollup.keys, rollup.keys);
    END LOOP;
END
$$;

INSERT INTO follower_cursors (follower, partition_no, batch_no) SELECT 'rollups', partition_no, head FROM partitions;

-- A list for ON CONFLICT DO UPDATE SET that adds a row of a rollup to the one that is kept.
CREATE FUNCTION storesense_added_measures(rollup regclass) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(
        format(
            CASE merge
                WHEN 'min' THEN '%1$I = least(kept.%1$I, excluded.%1$I)'
                WHEN 'max' THEN '%1$I = greatest(kept.%1$I, excluded.%1$I)'
                ELSE '%1$I = coalesce(kept.%1$I + excluded.%1$I, kept.%1$I, excluded.%1$I)'
            END, name), ', ' ORDER BY place)
    FROM storesense_rollup_measures(rollup)
$$;

-- Add the batches after from_batch_no, up to to_batch_no, to the rollups. The caller moves the cursor in this transaction.
CREATE FUNCTION storesense_roll(from_batch_no bigint, to_batch_no bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rollup record;
    fine text;
    coarse text;
BEGIN
    FOR rollup IN SELECT * FROM storesense_rollup_families() LOOP
        fine := rollup.family || '_1m_rolled';
        coarse := rollup.family || '_15m_rolled';
        -- All parts of a statement see the tables as they were before it, so `old` is without what is being added.
        EXECUTE format(
            'WITH news AS MATERIALIZED ('
            'SELECT date_bin(''1 minute'', measured_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') AS bucket_at, series_id%1$s, %2$s '
            'FROM %3$I WHERE batch_no > $1 AND batch_no <= $2 GROUP BY 1, 2%1$s'
            '), added AS ('
            'INSERT INTO %4$I AS kept SELECT * FROM news '
            'ON CONFLICT (series_id, bucket_at%1$s) DO UPDATE SET %5$s'
            ') INSERT INTO %6$I AS kept '
            'SELECT date_bin(''15 minutes'', rows.bucket_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00''), rows.series_id%1$s, %7$s%8$s '
            'FROM %9$s GROUP BY 1, 2%1$s '
            'ON CONFLICT (series_id, bucket_at%1$s) DO UPDATE SET %10$s',
            rollup.keys, rollup.measures, rollup.family, fine, storesense_added_measures(fine::regclass), coarse,
            storesense_merged_measures(fine::regclass), storesense_minute_changes(rollup.family),
            storesense_beside_old(rollup.family, 'news'), storesense_added_measures(coarse::regclass))
        USING from_batch_no, to_batch_no;
    END LOOP;
END
$$;

-- What follows tells statements that the maintenance runs one by one, each in a transaction of its own.

-- Statements that bring the rollups up to date in a span of time: none, storesense_roll does it.
CREATE FUNCTION storesense_refresh_statements(from_at timestamptz, to_at timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE AS $$ SELECT NULL::text WHERE false $$;

-- Statements that compress what is older: none, PostgreSQL cannot.
CREATE FUNCTION storesense_compress_statements(before_at timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE AS $$ SELECT NULL::text WHERE false $$;

-- Where raw rows would begin if everything before was dropped: on a whole week.
CREATE FUNCTION storesense_raw_edge(before_at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT date_bin('7 days', before_at, TIMESTAMPTZ '2001-01-01 00:00:00+00')
$$;

-- Drop a week of readings, or empty the default partition of what is older, but never a row that is in no rollup yet.
CREATE FUNCTION storesense_drop_readings(name text, before_at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    is_waiting boolean;
    dropped bigint := 0;
    rolled constant text := 'EXISTS (SELECT FROM follower_cursors AS done WHERE done.follower = ''rollups'' '
        'AND done.partition_no = (raw.batch_no >> 40) AND raw.batch_no <= done.batch_no)';
BEGIN
    IF name ~ '_default$' THEN
        EXECUTE format('DELETE FROM %I AS raw WHERE measured_at < $1 AND %s', name, rolled) USING before_at;
        GET DIAGNOSTICS dropped = ROW_COUNT;
        RETURN dropped;
    END IF;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
    EXECUTE format('SELECT EXISTS (SELECT FROM %I AS raw WHERE NOT %s)', name, rolled) INTO is_waiting;
    IF NOT is_waiting THEN
        EXECUTE format('DROP TABLE %I', name);
        dropped := 1;
    END IF;
    RETURN dropped;
END
$$;

-- Statements that drop the raw rows before an edge.
CREATE FUNCTION storesense_drop_statements(before_at timestamptz) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT storesense_drop_readings(%L, %L)', child.relname, before_at)
    FROM unnest(storesense_reading_tables()) AS parent
    JOIN pg_inherits ON pg_inherits.inhparent = parent::regclass
    JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
    WHERE child.relname ~ '_default$'
        OR (to_date(right(child.relname, 8), 'YYYYMMDD') + 7)::timestamp AT TIME ZONE 'UTC' <= before_at
    ORDER BY child.relname
$$;

-- How much room the readings take, indexes included, in bytes.
CREATE FUNCTION storesense_reading_bytes() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT sum(pg_total_relation_size(tree.relid))::bigint
    FROM unnest(storesense_reading_tables()) AS name CROSS JOIN LATERAL pg_partition_tree(name::regclass) AS tree
$$;
