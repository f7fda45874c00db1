-- Rollups of lane_states and health_readings, beside those of 0007 and 0063: how long lanes stood open, and which minutes a device
-- told of itself, over months. And beside each advice how sure it is and whether all lanes told their state, so that a silent sensor
-- does not read as a closed lane; null where that was not written down.

CREATE FUNCTION storesense_state_rollup_families() RETURNS TABLE (family text, keys text, measures text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT family, keys, measures FROM (VALUES
        ('lane_states', '',
            'count(*) AS reading_count, count(*) FILTER (WHERE is_open) AS open_count, '
            'count(*) FILTER (WHERE is_open AND is_staffed) AS staffed_count'),
        ('health_readings', '', 'count(*) AS reading_count, count(*) FILTER (WHERE state = ''ok'') AS ok_count')
    ) AS families (family, keys, measures)
$$;

CREATE OR REPLACE FUNCTION storesense_rollup_families() RETURNS TABLE (family text, keys text, measures text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT family, keys, measures FROM storesense_first_rollup_families()
    UNION ALL
    SELECT family, keys, measures FROM storesense_flow_rollup_families()
    UNION ALL
    SELECT family, keys, measures FROM storesense_state_rollup_families()
$$;

CREATE OR REPLACE FUNCTION storesense_minute_measures()
RETURNS TABLE (family text, place integer, name text, measure text) LANGUAGE sql IMMUTABLE AS $$
    VALUES
        ('footfall_counts', 1, 'minute_count', '1'),
        ('zone_visits', 1, 'minute_count', '1'),
        ('queue_samples', 1, 'minute_count', '1'),
        ('queue_samples', 2, 'minute_length_milli_sum', '(length_sum * 1000 + reading_count / 2) / reading_count'),
        ('shelf_weights', 1, 'known_minute_count', '(units_known_count > 0)::integer'),
        ('shelf_weights', 2, 'minute_empty_milli_sum',
            'coalesce((empty_count * 1000 + units_known_count / 2) / nullif(units_known_count, 0), 0)'),
        ('lane_states', 1, 'minute_count', '1'),
        ('lane_states', 2, 'minute_open_milli_sum', '(open_count * 1000 + reading_count / 2) / reading_count'),
        ('health_readings', 1, 'minute_count', '1')
$$;

DO $$
DECLARE
    rollup record;
    fine text;
BEGIN
    FOR rollup IN SELECT * FROM storesense_state_rollup_families() LOOP
        fine := rollup.family || '_1m_from_raw';
        EXECUTE format(
            'CREATE VIEW %I AS SELECT date_bin(''1 minute'', measured_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') AS bucket_at, '
            'series_id, %s FROM %I GROUP BY bucket_at, series_id',
            fine, rollup.measures, rollup.family);
        EXECUTE format(
            'CREATE VIEW %I AS SELECT date_bin(''15 minutes'', rows.bucket_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') '
            'AS bucket_at, series_id, %s%s FROM %I AS rows GROUP BY 1, series_id',
            rollup.family || '_15m_from_raw', storesense_merged_measures(fine::regclass),
            storesense_summed_minutes(rollup.family), fine);
    END LOOP;
END
$$;

ALTER TABLE staffing_advice
    ADD COLUMN arrivals_15_low real,
    ADD COLUMN arrivals_15_high real,
    ADD COLUMN lanes_told integer CHECK (lanes_told >= 0),
    ADD COLUMN lanes_total integer CHECK (lanes_total >= 0);
