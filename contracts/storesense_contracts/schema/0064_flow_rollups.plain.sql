-- The rollups of 0063 on plain PostgreSQL, as the others in 0008: tables to which the follower `rollups` adds each batch once, and
-- views that add the batches that it has not come to yet.

LOCK TABLE partitions IN SHARE ROW EXCLUSIVE MODE;

DO $$
DECLARE
    rollup record;
    fine text;
    coarse text;
    fresh text;
BEGIN
    FOR rollup IN SELECT * FROM storesense_flow_rollup_families() CROSS JOIN storesense_rollup_steps() LOOP
        fine := rollup.family || '_' || rollup.label;
        EXECUTE format('CREATE TABLE %I WITH (fillfactor = 80) AS SELECT * FROM %I', fine || '_rolled', fine || '_from_raw');
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (series_id, bucket_at%s)', fine || '_rolled', rollup.keys);
    END LOOP;
    FOR rollup IN SELECT * FROM storesense_flow_rollup_families() LOOP
        fine := rollup.family || '_1m';
        coarse := rollup.family || '_15m';
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
            'SELECT date_bin(''15 minutes'', rows.bucket_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00''), rows.series_id%s, %s '
            'FROM (%s) AS rows GROUP BY 1, 2%s) AS rows GROUP BY bucket_at, series_id%s',
            coarse, rollup.keys, storesense_merged_measures((coarse || '_rolled')::regclass), coarse || '_rolled',
            rollup.keys, storesense_merged_measures((fine || '_rolled')::regclass), fresh, rollup.keys, rollup.keys);
    END LOOP;
END
$$;
