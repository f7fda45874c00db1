-- What the rollups are, said once, and the same figures computed anew from raw: …_1m_from_raw and …_15m_from_raw. Those are
-- slow, for whoever wants to check.

-- Of each family: what identifies a row beside bucket_at and series_id, and what is measured. A measure's name tells how
-- two of it make one: …_min by the lesser, …_max by the greater, everything else by the sum.
CREATE FUNCTION storesense_rollup_families() RETURNS TABLE (family text, keys text, measures text) LANGUAGE sql IMMUTABLE AS $$
    SELECT family, keys, measures FROM (VALUES
        ('footfall_counts', '',
            'count(*) AS reading_count, sum(in_count)::bigint AS in_count, sum(out_count)::bigint AS out_count'),
        ('zone_visits', '',
            'count(*) AS reading_count, max(occupancy) AS occupancy_max, sum(entry_count)::bigint AS entry_count, '
            'sum(exit_count)::bigint AS exit_count, sum(presence_ms)::bigint AS presence_ms, '
            'sum(visit_count)::bigint AS visit_count, sum(visit_dwell_ms)::bigint AS visit_dwell_ms, '
            'sum(stop_count)::bigint AS stop_count'),
        ('queue_samples', '',
            'count(*) AS reading_count, sum(length)::bigint AS length_sum, max(length) AS length_max, '
            'max(longest_wait_ms) AS longest_wait_ms_max'),
        ('queue_visits', ', outcome',
            'count(*) AS visit_count, sum(wait_ms)::bigint AS wait_ms, sum(service_ms)::bigint AS service_ms, '
            || (
                SELECT string_agg(
                    format('count(*) FILTER (WHERE wait_ms <= %s) AS wait_le_%ss', edge_s * 1000, edge_s), ', ' ORDER BY edge_s
                )
                FROM unnest(ARRAY[5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1800]) AS edge_s
            )),
        ('shelf_weights', '',
            'count(*) AS reading_count, count(units) AS units_known_count, count(*) FILTER (WHERE units = 0) AS empty_count, '
            'min(units) AS units_min, max(units) AS units_max'),
        ('shelf_events', ', event',
            'count(*) AS event_count, sum(units)::bigint AS units, sum(delta_mg)::bigint AS delta_mg'),
        ('environment_readings', '',
            'count(*) AS reading_count, '
            || (
                SELECT string_agg(
                    format(
                        'count(%1$s) AS %1$s_count, '
                        'sum(round(%1$s::double precision * 1000)::bigint)::bigint AS %1$s_milli_sum, '
                        'min(%1$s) AS %1$s_min, max(%1$s) AS %1$s_max',
                        quantity
                    ), ', ' ORDER BY place
                )
                FROM unnest(ARRAY['temperature_c', 'humidity_pct', 'noise_dba', 'light_lux']) WITH ORDINALITY
                    AS quantities (quantity, place)
            ))
    ) AS families (family, keys, measures)
$$;

-- What the 15 minutes of a family tell of their minutes, computed from one row of 1 minute each and summed; none for the others.
CREATE FUNCTION storesense_minute_measures() RETURNS TABLE (family text, place integer, name text, measure text)
LANGUAGE sql IMMUTABLE AS $$
    VALUES
        ('footfall_counts', 1, 'minute_count', '1'),
        ('zone_visits', 1, 'minute_count', '1'),
        ('queue_samples', 1, 'minute_count', '1'),
        ('queue_samples', 2, 'minute_length_milli_sum', '(length_sum * 1000 + reading_count / 2) / reading_count'),
        ('shelf_weights', 1, 'known_minute_count', '(units_known_count > 0)::integer'),
        ('shelf_weights', 2, 'minute_empty_milli_sum',
            'coalesce((empty_count * 1000 + units_known_count / 2) / nullif(units_known_count, 0), 0)')
$$;

-- The same as a list for SELECT: `, sum(…)::bigint AS …` of each, or nothing.
CREATE FUNCTION storesense_summed_minutes(the_family text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(format(', sum(%s)::bigint AS %I', measure, name), '' ORDER BY place), '')
    FROM storesense_minute_measures() WHERE family = the_family
$$;

CREATE FUNCTION storesense_rollup_steps() RETURNS TABLE (label text, step interval) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('1m', interval '1 minute'), ('15m', interval '15 minutes')
$$;

-- Name and way of merging of each measure of a rollup, in order.
CREATE FUNCTION storesense_rollup_measures(rollup regclass)
RETURNS TABLE (name text, merge text, place smallint) LANGUAGE sql STABLE AS $$
    SELECT
        attname::text,
        CASE WHEN attname ~ '_min$' THEN 'min' WHEN attname ~ '_max$' THEN 'max' ELSE 'sum' END,
        attnum
    FROM pg_attribute
    WHERE attrelid = rollup AND attnum > 0 AND NOT attisdropped
        AND attname NOT IN ('bucket_at', 'series_id', 'outcome', 'event')
    ORDER BY attnum
$$;

-- A list for SELECT that merges the measures of rows of a rollup, which the query calls `rows`.
CREATE FUNCTION storesense_merged_measures(rollup regclass) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(
        format(CASE merge WHEN 'sum' THEN 'sum(rows.%1$I)::bigint AS %1$I' ELSE merge || '(rows.%1$I) AS %1$I' END, name),
        ', ' ORDER BY place
    )
    FROM storesense_rollup_measures(rollup)
$$;

DO $$
DECLARE
    rollup record;
    fine text;
BEGIN
    FOR rollup IN SELECT * FROM storesense_rollup_families() LOOP
        fine := rollup.family || '_1m_from_raw';
        EXECUTE format(
            'CREATE VIEW %I AS SELECT date_bin(''1 minute'', measured_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') AS bucket_at, '
            'series_id%s, %s FROM %I GROUP BY bucket_at, series_id%s',
            fine, rollup.keys, rollup.measures, rollup.family, rollup.keys);
        EXECUTE format(
            'CREATE VIEW %I AS SELECT date_bin(''15 minutes'', rows.bucket_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') '
            'AS bucket_at, series_id%s, %s%s FROM %I AS rows GROUP BY 1, series_id%s',
            rollup.family || '_15m_from_raw', rollup.keys, storesense_merged_measures(fine::regclass),
            storesense_summed_minutes(rollup.family), fine, rollup.keys);
    END LOOP;
END
$$;

-- One row: rows of readings before raw_from_at have been dropped, and no refresh of a rollup may reach
-- back behind it. Null: none have.
CREATE TABLE raw_horizon (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    raw_from_at timestamptz
);
INSERT INTO raw_horizon DEFAULT VALUES;
