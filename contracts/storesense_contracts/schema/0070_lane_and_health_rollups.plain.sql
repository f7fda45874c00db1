-- The rollups of 0069 on plain PostgreSQL, as the others in 0008: tables to which the follower `rollups` adds each batch once, and
-- views that add the batches that it has not come to yet.

-- Nothing is committed and nothing rolled up meanwhile: the tables begin with what the follower has passed already.
LOCK TABLE follower_cursors IN EXCLUSIVE MODE;
LOCK TABLE partitions IN SHARE ROW EXCLUSIVE MODE;

DO $$
DECLARE
    rollup record;
    fine text;
    coarse text;
    fresh text;
BEGIN
    FOR rollup IN SELECT * FROM storesense_state_rollup_families() LOOP
        fine := rollup.family || '_1m_rolled';
        coarse := rollup.family || '_15m_rolled';
        EXECUTE format(
            'CREATE TABLE %I WITH (fillfactor = 80) AS '
            'SELECT date_bin(''1 minute'', measured_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') AS bucket_at, series_id, %s '
            'FROM %I AS raw WHERE EXISTS (SELECT FROM follower_cursors AS done WHERE done.follower = ''rollups'' '
            'AND done.partition_no = raw.batch_no >> 40 AND raw.batch_no <= done.batch_no) GROUP BY 1, 2',
            fine, rollup.measures, rollup.family);
        EXECUTE format(
            'CREATE TABLE %I WITH (fillfactor = 80) AS '
            'SELECT date_bin(''15 minutes'', rows.bucket_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') AS bucket_at, '
            'series_id, %s%s FROM %I AS rows GROUP BY 1, 2',
            coarse, storesense_merged_measures(fine::regclass), storesense_summed_minutes(rollup.family), fine);
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (series_id, bucket_at)', fine);
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (series_id, bucket_at)', coarse);
    END LOOP;
    FOR rollup IN SELECT * FROM storesense_state_rollup_families() LOOP
        fine := rollup.family || '_1m';
        coarse := rollup.family || '_15m';
        fresh := format(
            'SELECT date_bin(''1 minute'', measured_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') AS bucket_at, '
            'raw.series_id + 0 AS series_id, %s '
            'FROM partitions LEFT JOIN follower_cursors AS done '
            'ON done.follower = ''rollups'' AND done.partition_no = partitions.partition_no '
            'JOIN %I AS raw ON raw.batch_no > coalesce(done.batch_no, partitions.partition_no::bigint << 40) '
            'AND raw.batch_no <= partitions.head GROUP BY 1, 2',
            rollup.measures, rollup.family);
        EXECUTE format(
            'CREATE VIEW %I AS SELECT bucket_at, series_id, %s FROM (SELECT * FROM %I UNION ALL %s) AS rows '
            'GROUP BY bucket_at, series_id',
            fine, storesense_merged_measures((fine || '_rolled')::regclass), fine || '_rolled', fresh);
        EXECUTE format(
            'CREATE VIEW %I AS SELECT bucket_at, series_id, %s FROM (SELECT * FROM %I UNION ALL '
            'SELECT date_bin(''15 minutes'', rows.bucket_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00''), rows.series_id, %s%s '
            'FROM %s GROUP BY 1, 2) AS rows GROUP BY bucket_at, series_id',
            coarse, storesense_merged_measures((coarse || '_rolled')::regclass), coarse || '_rolled',
            storesense_merged_measures((fine || '_rolled')::regclass), storesense_minute_changes(rollup.family),
            storesense_beside_old(rollup.family, '(' || fresh || ')'));
    END LOOP;
END
$$;
