-- A store's local hours and days, made from the rollups of 15 minutes: every zone's offset is a multiple of that, so midnight
-- and summer time are right for every store. What is touched is made anew, whole dates at a time, by the follower `rollups`.

-- An hour of a store's clock on the wall. Where an hour comes twice there are two rows, told apart by utc_offset_s;
-- `minutes` is how long it lasts. A date is here with all its hours, or not at all.
CREATE TABLE store_hours (
    store_id text NOT NULL,
    local_date date NOT NULL,
    local_hour smallint NOT NULL,
    utc_offset_s integer NOT NULL,
    starts_at timestamptz NOT NULL,
    minutes integer NOT NULL,
    line_reading_count bigint NOT NULL,
    visitor_count bigint NOT NULL,
    leaver_count bigint NOT NULL,
    zone_reading_count bigint NOT NULL,
    zone_occupancy_max integer,
    zone_entry_count bigint NOT NULL,
    zone_presence_ms bigint NOT NULL,
    zone_visit_count bigint NOT NULL,
    zone_visit_dwell_ms bigint NOT NULL,
    zone_stop_count bigint NOT NULL,
    queue_reading_count bigint NOT NULL,
    queue_length_sum bigint NOT NULL,
    queue_length_max integer,
    served_count bigint NOT NULL,
    served_wait_ms bigint NOT NULL,
    service_ms bigint NOT NULL,
    abandoned_count bigint NOT NULL,
    abandoned_wait_ms bigint NOT NULL,
    served_wait_le_5s bigint NOT NULL,
    served_wait_le_10s bigint NOT NULL,
    served_wait_le_15s bigint NOT NULL,
    served_wait_le_20s bigint NOT NULL,
    served_wait_le_30s bigint NOT NULL,
    served_wait_le_45s bigint NOT NULL,
    served_wait_le_60s bigint NOT NULL,
    served_wait_le_90s bigint NOT NULL,
    served_wait_le_120s bigint NOT NULL,
    served_wait_le_180s bigint NOT NULL,
    served_wait_le_240s bigint NOT NULL,
    served_wait_le_300s bigint NOT NULL,
    served_wait_le_450s bigint NOT NULL,
    served_wait_le_600s bigint NOT NULL,
    served_wait_le_900s bigint NOT NULL,
    served_wait_le_1800s bigint NOT NULL,
    slot_reading_count bigint NOT NULL,
    slot_known_count bigint NOT NULL,
    slot_empty_count bigint NOT NULL,
    picked_units bigint NOT NULL,
    put_back_units bigint NOT NULL,
    restocked_units bigint NOT NULL,
    PRIMARY KEY (store_id, local_date, local_hour, utc_offset_s)
);

-- The same by day: the sum, or the greatest, of its hours.
CREATE TABLE store_days (LIKE store_hours);
ALTER TABLE store_days DROP COLUMN local_hour, DROP COLUMN utc_offset_s, ADD PRIMARY KEY (store_id, local_date);

-- What a store's days were made by. When its clock or its entrances change, all its days are made anew.
CREATE TABLE store_day_bases (
    store_id text PRIMARY KEY REFERENCES stores ON DELETE CASCADE,
    time_zone text NOT NULL,
    entrance_line_ids text[] NOT NULL
);

-- Make some local dates of a store anew. Dates without any reading are left out.
CREATE FUNCTION storesense_make_store_days(the_store_id text, dates date[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    zone_name text;
    entrances text[];
    from_at timestamptz;
    to_at timestamptz;
    line_series integer[];
    zone_series integer[];
    queue_series integer[];
    shelf_series integer[];
    merged text;
    names text;
BEGIN
    SELECT time_zone, entrance_line_ids INTO STRICT zone_name, entrances FROM store_day_bases WHERE store_id = the_store_id;
    SELECT
        (min(day) - 1)::timestamp AT TIME ZONE 'UTC',
        (max(day) + 2)::timestamp AT TIME ZONE 'UTC'
    INTO from_at, to_at FROM unnest(dates) AS day;
    SELECT
        coalesce(array_agg(series_id) FILTER (WHERE stream = 'footfall' AND subject_id = ANY (entrances)), '{}'),
        coalesce(array_agg(series_id) FILTER (WHERE stream = 'zone'), '{}'),
        coalesce(array_agg(series_id) FILTER (WHERE stream = 'queue'), '{}'),
        coalesce(array_agg(series_id) FILTER (WHERE stream = 'shelf'), '{}')
    INTO line_series, zone_series, queue_series, shelf_series FROM series WHERE store_id = the_store_id;

    DELETE FROM store_hours WHERE store_id = the_store_id AND local_date = ANY (dates);
    DELETE FROM store_days WHERE store_id = the_store_id AND local_date = ANY (dates);

    INSERT INTO store_hours
    WITH calendar AS (
        SELECT slot_at, slot_at AT TIME ZONE zone_name AS wall_at
        FROM generate_series(from_at, to_at, interval '15 minutes') AS slot_at
    ), line_facts AS (
        SELECT bucket_at, sum(reading_count) AS readings, sum(in_count) AS in_count, sum(out_count) AS out_count
        FROM footfall_counts_15m WHERE series_id = ANY (line_series) AND bucket_at >= from_at AND bucket_at < to_at
        GROUP BY bucket_at
    ), zone_facts AS (
        SELECT
            bucket_at, sum(reading_count) AS readings, max(occupancy_max) AS occupancy_max, sum(entry_count) AS entry_count,
            sum(presence_ms) AS presence_ms, sum(visit_count) AS visit_count, sum(visit_dwell_ms) AS visit_dwell_ms,
            sum(stop_count) AS stop_count
        FROM zone_visits_15m WHERE series_id = ANY (zone_series) AND bucket_at >= from_at AND bucket_at < to_at
        GROUP BY bucket_at
    ), queue_facts AS (
        SELECT bucket_at, sum(reading_count) AS readings, sum(length_sum) AS length_sum, max(length_max) AS length_max
        FROM queue_samples_15m WHERE series_id = ANY (queue_series) AND bucket_at >= from_at AND bucket_at < to_at
        GROUP BY bucket_at
    ), visit_facts AS (
        SELECT
            bucket_at,
            sum(visit_count) FILTER (WHERE outcome = 'served') AS served,
            sum(wait_ms) FILTER (WHERE outcome = 'served') AS served_wait_ms,
            sum(service_ms) AS service_ms,
            sum(visit_count) FILTER (WHERE outcome = 'abandoned') AS abandoned,
            sum(wait_ms) FILTER (WHERE outcome = 'abandoned') AS abandoned_wait_ms,
            sum(wait_le_5s) FILTER (WHERE outcome = 'served') AS le_5s,
            sum(wait_le_10s) FILTER (WHERE outcome = 'served') AS le_10s,
            sum(wait_le_15s) FILTER (WHERE outcome = 'served') AS le_15s,
            sum(wait_le_20s) FILTER (WHERE outcome = 'served') AS le_20s,
            sum(wait_le_30s) FILTER (WHERE outcome = 'served') AS le_30s,
            sum(wait_le_45s) FILTER (WHERE outcome = 'served') AS le_45s,
            sum(wait_le_60s) FILTER (WHERE outcome = 'served') AS le_60s,
            sum(wait_le_90s) FILTER (WHERE outcome = 'served') AS le_90s,
            sum(wait_le_120s) FILTER (WHERE outcome = 'served') AS le_120s,
            sum(wait_le_180s) FILTER (WHERE outcome = 'served') AS le_180s,
            sum(wait_le_240s) FILTER (WHERE outcome = 'served') AS le_240s,
            sum(wait_le_300s) FILTER (WHERE outcome = 'served') AS le_300s,
            sum(wait_le_450s) FILTER (WHERE outcome = 'served') AS le_450s,
            sum(wait_le_600s) FILTER (WHERE outcome = 'served') AS le_600s,
            sum(wait_le_900s) FILTER (WHERE outcome = 'served') AS le_900s,
            sum(wait_le_1800s) FILTER (WHERE outcome = 'served') AS le_1800s
        FROM queue_visits_15m WHERE series_id = ANY (queue_series) AND bucket_at >= from_at AND bucket_at < to_at
        GROUP BY bucket_at
    ), slot_facts AS (
        SELECT
            bucket_at, sum(reading_count) AS readings, sum(units_known_count) AS known_count, sum(empty_count) AS empty_count
        FROM shelf_weights_15m WHERE series_id = ANY (shelf_series) AND bucket_at >= from_at AND bucket_at < to_at
        GROUP BY bucket_at
    ), shelf_facts AS (
        SELECT
            bucket_at,
            sum(units) FILTER (WHERE event = 'pick') AS picked,
            sum(units) FILTER (WHERE event = 'put_back') AS put_back,
            sum(units) FILTER (WHERE event = 'restock') AS restocked
        FROM shelf_events_15m WHERE series_id = ANY (shelf_series) AND bucket_at >= from_at AND bucket_at < to_at
        GROUP BY bucket_at
    ), facts AS (
        SELECT
            wall_at::date AS local_date,
            extract(hour FROM wall_at)::smallint AS local_hour,
            extract(epoch FROM wall_at - slot_at AT TIME ZONE 'UTC')::integer AS utc_offset_s,
            min(slot_at) AS starts_at,
            15 * count(*) AS minutes,
            coalesce(sum(line_facts.readings), 0),
            coalesce(sum(in_count), 0),
            coalesce(sum(out_count), 0),
            coalesce(sum(zone_facts.readings), 0),
            max(occupancy_max),
            coalesce(sum(entry_count), 0),
            coalesce(sum(presence_ms), 0),
            coalesce(sum(visit_count), 0),
            coalesce(sum(visit_dwell_ms), 0),
            coalesce(sum(stop_count), 0),
            coalesce(sum(queue_facts.readings), 0),
            coalesce(sum(length_sum), 0),
            max(length_max),
            coalesce(sum(served), 0),
            coalesce(sum(served_wait_ms), 0),
            coalesce(sum(service_ms), 0),
            coalesce(sum(abandoned), 0),
            coalesce(sum(abandoned_wait_ms), 0),
            coalesce(sum(le_5s), 0),
            coalesce(sum(le_10s), 0),
            coalesce(sum(le_15s), 0),
            coalesce(sum(le_20s), 0),
            coalesce(sum(le_30s), 0),
            coalesce(sum(le_45s), 0),
            coalesce(sum(le_60s), 0),
            coalesce(sum(le_90s), 0),
            coalesce(sum(le_120s), 0),
            coalesce(sum(le_180s), 0),
            coalesce(sum(le_240s), 0),
            coalesce(sum(le_300s), 0),
            coalesce(sum(le_450s), 0),
            coalesce(sum(le_600s), 0),
            coalesce(sum(le_900s), 0),
            coalesce(sum(le_1800s), 0),
            coalesce(sum(slot_facts.readings), 0),
            coalesce(sum(known_count), 0),
            coalesce(sum(empty_count), 0),
            coalesce(sum(picked), 0),
            coalesce(sum(put_back), 0),
            coalesce(sum(restocked), 0)
        FROM calendar
        LEFT JOIN line_facts ON line_facts.bucket_at = slot_at
        LEFT JOIN zone_facts ON zone_facts.bucket_at = slot_at
        LEFT JOIN queue_facts ON queue_facts.bucket_at = slot_at
        LEFT JOIN visit_facts ON visit_facts.bucket_at = slot_at
        LEFT JOIN slot_facts ON slot_facts.bucket_at = slot_at
        LEFT JOIN shelf_facts ON shelf_facts.bucket_at = slot_at
        WHERE wall_at::date = ANY (dates)
        GROUP BY 1, 2, 3
    )
    SELECT the_store_id, * FROM facts;

    DELETE FROM store_hours
    WHERE store_id = the_store_id AND local_date IN (
        SELECT local_date FROM store_hours
        WHERE store_id = the_store_id AND local_date = ANY (dates)
        GROUP BY local_date
        HAVING sum(
            line_reading_count + zone_reading_count + queue_reading_count + served_count + abandoned_count
            + slot_reading_count + picked_units + put_back_units + restocked_units
        ) = 0
    );

    SELECT
        string_agg(format('%I', attname), ', ' ORDER BY attnum),
        string_agg(
            format(CASE WHEN attname ~ '_max$' THEN 'max(%I)' WHEN attname = 'starts_at' THEN 'min(%I)' ELSE 'sum(%I)' END, attname),
            ', ' ORDER BY attnum)
    INTO names, merged
    FROM pg_attribute
    WHERE attrelid = 'store_days'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('store_id', 'local_date');
    EXECUTE format(
        'INSERT INTO store_days (store_id, local_date, %s) SELECT store_id, local_date, %s FROM store_hours '
        'WHERE store_id = $1 AND local_date = ANY ($2) GROUP BY store_id, local_date', names, merged)
    USING the_store_id, dates;
END
$$;

-- Which 15 minutes of which series the batches after from_batch_no, up to to_batch_no, have readings in.
CREATE FUNCTION storesense_touched(from_batch_no bigint, to_batch_no bigint)
RETURNS TABLE (series_id integer, bucket_at timestamptz) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY EXECUTE (
        SELECT string_agg(
            format(
                'SELECT series_id, date_bin(''15 minutes'', measured_at, TIMESTAMPTZ ''2000-01-01 00:00:00+00'') '
                'FROM %I WHERE batch_no > $1 AND batch_no <= $2', family), ' UNION ')
        FROM storesense_rollup_families()
    ) USING from_batch_no, to_batch_no;
END
$$;

-- Make the days anew that some batches have touched. The rollups have them already.
CREATE FUNCTION storesense_follow_store_days(from_batch_no bigint, to_batch_no bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    touched record;
BEGIN
    FOR touched IN
        SELECT
            store_day_bases.store_id,
            array_agg(DISTINCT (batch.bucket_at AT TIME ZONE store_day_bases.time_zone)::date) AS dates
        FROM storesense_touched(from_batch_no, to_batch_no) AS batch
        JOIN series ON series.series_id = batch.series_id
        JOIN store_day_bases ON store_day_bases.store_id = series.store_id
        GROUP BY store_day_bases.store_id
    LOOP
        PERFORM storesense_make_store_days(touched.store_id, touched.dates);
    END LOOP;
END
$$;

-- Whether this server knows a time zone; its table may be older than ours.
CREATE FUNCTION storesense_knows_time_zone(name text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM now() AT TIME ZONE name;
    RETURN true;
EXCEPTION WHEN invalid_parameter_value THEN
    RAISE WARNING 'the server knows no time zone %, so stores there have no store_days', name;
    RETURN false;
END
$$;

-- Make all days of the stores that are new, or whose clock or entrances have changed. Returns how many stores.
CREATE FUNCTION storesense_rebase_store_days() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    store record;
    all_dates date[];
    count integer := 0;
BEGIN
    FOR store IN
        SELECT present.*
        FROM (
            SELECT
                store_id,
                time_zone,
                ARRAY(
                    SELECT line ->> 'id' FROM jsonb_array_elements(layout -> 'lines') AS line
                    WHERE (line ->> 'is_entrance')::boolean ORDER BY 1
                ) AS entrances
            FROM stores
        ) AS present
        LEFT JOIN store_day_bases AS known USING (store_id)
        WHERE (known.time_zone, known.entrance_line_ids) IS DISTINCT FROM (present.time_zone, present.entrances)
            AND storesense_knows_time_zone(present.time_zone)
    LOOP
        INSERT INTO store_day_bases VALUES (store.store_id, store.time_zone, store.entrances)
        ON CONFLICT (store_id) DO UPDATE
        SET time_zone = excluded.time_zone, entrance_line_ids = excluded.entrance_line_ids;
        DELETE FROM store_hours WHERE store_id = store.store_id;
        DELETE FROM store_days WHERE store_id = store.store_id;
        EXECUTE (
            SELECT 'SELECT array_agg(DISTINCT (bucket_at AT TIME ZONE $1)::date) FROM (' || string_agg(
                format('SELECT bucket_at FROM %I WHERE series_id = ANY ($2)', family || '_15m'), ' UNION ') || ') AS buckets'
            FROM storesense_rollup_families()
        ) INTO all_dates USING store.time_zone, ARRAY(SELECT series_id FROM series WHERE series.store_id = store.store_id);
        IF all_dates IS NOT NULL THEN
            PERFORM storesense_make_store_days(store.store_id, all_dates);
        END IF;
        count := count + 1;
    END LOOP;
    RETURN count;
END
$$;
