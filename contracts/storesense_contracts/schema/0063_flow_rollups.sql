-- Which rollups there are of the tables of 0061, beside those of 0007.

ALTER FUNCTION storesense_rollup_families() RENAME TO storesense_first_rollup_families;

CREATE FUNCTION storesense_flow_rollup_families() RETURNS TABLE (family text, keys text, measures text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT family, keys, measures FROM (VALUES
        ('line_parties', '',
            'count(*) AS reading_count, sum(in_count)::bigint AS in_count, sum(out_count)::bigint AS out_count, '
            'sum(staff_in_count)::bigint AS staff_in_count, sum(staff_out_count)::bigint AS staff_out_count'),
        ('zone_dwells', '',
            'count(*) AS reading_count, sum(visit_count)::bigint AS visit_count, '
            || (
                SELECT string_agg(format('sum(dwell_le_%1$ss)::bigint AS dwell_le_%1$ss', edge_s), ', ' ORDER BY edge_s)
                FROM unnest(ARRAY[5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1800]) AS edge_s
            )
            || ', sum(unknown_count)::bigint AS unknown_count, sum(people_ms)::bigint AS people_ms, '
            'sum(staff_ms)::bigint AS staff_ms'),
        ('lane_services', '',
            'count(*) AS reading_count, sum(period_ms)::bigint AS period_ms, '
            'sum(period_ms::bigint * till_count)::bigint AS till_ms, sum(busy_ms)::bigint AS busy_ms, '
            'sum(served_count)::bigint AS served_count'),
        ('zone_transitions', ', from_zone_id, to_zone_id',
            'count(*) AS reading_count, sum(people_count)::bigint AS people_count')
    ) AS families (family, keys, measures)
$$;

CREATE FUNCTION storesense_rollup_families() RETURNS TABLE (family text, keys text, measures text) LANGUAGE sql IMMUTABLE AS $$
    SELECT family, keys, measures FROM storesense_first_rollup_families()
    UNION ALL
    SELECT family, keys, measures FROM storesense_flow_rollup_families()
$$;

CREATE OR REPLACE FUNCTION storesense_rollup_measures(rollup regclass)
RETURNS TABLE (name text, merge text, place smallint) LANGUAGE sql STABLE AS $$
    SELECT
        attname::text,
        CASE WHEN attname ~ '_min$' THEN 'min' WHEN attname ~ '_max$' THEN 'max' ELSE 'sum' END,
        attnum
    FROM pg_attribute
    WHERE attrelid = rollup AND attnum > 0 AND NOT attisdropped
        AND attname NOT IN ('bucket_at', 'series_id', 'outcome', 'event', 'from_zone_id', 'to_zone_id')
    ORDER BY attnum
$$;

DO $$
DECLARE
    rollup record;
    fine text;
BEGIN
    FOR rollup IN SELECT * FROM storesense_flow_rollup_families() LOOP
        fine := rollup.family || '_1m_from_raw';
        EXECUTE format(
            'CREATE VIEW %I AS SELECT date_bin(''1 minute'', measured_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') AS bucket_at, '
            'series_id%s, %s FROM %I GROUP BY bucket_at, series_id%s',
            fine, rollup.keys, rollup.measures, rollup.family, rollup.keys);
        EXECUTE format(
            'CREATE VIEW %I AS SELECT date_bin(''15 minutes'', rows.bucket_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') '
            'AS bucket_at, series_id%s, %s FROM %I AS rows GROUP BY 1, series_id%s',
            rollup.family || '_15m_from_raw', rollup.keys, storesense_merged_measures(fine::regclass), fine, rollup.keys);
    END LOOP;
END
$$;
