-- name: taken
-- Picks less put-backs of each slot by hour of the store's clock, since the slot has its present product. The rollup is read
-- once for all slots: what it has not rolled up yet would be gone through for each of them otherwise. Of plates that several
-- products share, the events themselves are read, which say the product: SLOT is its own, SLOT/SKU a further one.
WITH present AS (
    SELECT s.series_id, s.subject_id AS slot_id, p.sku, p.valid_from
    FROM series s JOIN slot_products p ON p.store_id = s.store_id AND p.slot_id = s.subject_id
        AND p.valid_from <= %(until)s AND (p.valid_to IS NULL OR p.valid_to > %(until)s)
    WHERE s.store_id = %(store_id)s AND s.stream = 'shelf'
), hours AS (
    SELECT
        present.slot_id,
        floor(extract(epoch FROM e.bucket_at AT TIME ZONE %(time_zone)s) / 3600)::integer AS hour_no,
        sum(CASE e.event WHEN 'pick' THEN e.units ELSE -e.units END)::integer AS units
    FROM shelf_events_15m e JOIN present USING (series_id)
    WHERE e.bucket_at >= %(since)s AND e.bucket_at < %(until)s AND e.bucket_at >= present.valid_from
        AND e.event IN ('pick', 'put_back') AND present.slot_id <> ALL (%(shared_slot_ids)s)
    GROUP BY 1, 2
    UNION ALL
    SELECT
        present.slot_id || CASE e.sku WHEN present.sku THEN '' ELSE '/' || e.sku END,
        floor(extract(epoch FROM e.measured_at AT TIME ZONE %(time_zone)s) / 3600)::integer,
        sum(CASE e.event WHEN 'pick' THEN e.units ELSE -e.units END)::integer
    FROM shelf_events e JOIN present USING (series_id)
    WHERE e.measured_at >= %(since)s AND e.measured_at < %(until)s AND e.measured_at >= present.valid_from
        AND e.event IN ('pick', 'put_back') AND e.sku IS NOT NULL AND present.slot_id = ANY (%(shared_slot_ids)s)
    GROUP BY 1, 2
)
SELECT slot_id, array_agg(hour_no ORDER BY hour_no) AS hour_nos, array_agg(units ORDER BY hour_no) AS units
FROM hours GROUP BY slot_id;

-- name: stocked
-- The hours in which each slot was weighed and, for most of its known minutes, not empty.
WITH present AS (
    SELECT s.series_id, s.subject_id AS slot_id, p.valid_from
    FROM series s JOIN slot_products p ON p.store_id = s.store_id AND p.slot_id = s.subject_id
        AND p.valid_from <= %(until)s AND (p.valid_to IS NULL OR p.valid_to > %(until)s)
    WHERE s.store_id = %(store_id)s AND s.stream = 'shelf'
), hours AS (
    SELECT
        present.slot_id,
        floor(extract(epoch FROM w.bucket_at AT TIME ZONE %(time_zone)s) / 3600)::integer AS hour_no
    FROM shelf_weights_15m w JOIN present USING (series_id)
    WHERE w.bucket_at >= %(since)s AND w.bucket_at < %(until)s AND w.bucket_at >= present.valid_from
    GROUP BY 1, 2
    HAVING sum(w.minute_empty_milli_sum) < 500 * sum(w.known_minute_count)
)
SELECT slot_id, array_agg(hour_no ORDER BY hour_no) AS hour_nos FROM hours GROUP BY slot_id;

-- name: empty_spells
-- The quarters of an hour in which a slot stood empty for some minutes; several devices at one slot count once.
SELECT s.subject_id AS slot_id, w.bucket_at, max(w.minute_empty_milli_sum) / 1000.0::float8 AS empty_min
FROM series s JOIN shelf_weights_15m w USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'shelf' AND w.bucket_at >= %(since)s
    AND (%(until)s::timestamptz IS NULL OR w.bucket_at < %(until)s) AND w.minute_empty_milli_sum > 0
GROUP BY 1, 2;

-- name: passers
-- People who came into each zone, by hour of the store's clock.
SELECT
    s.subject_id AS zone_id,
    floor(extract(epoch FROM z.bucket_at AT TIME ZONE %(time_zone)s) / 3600)::integer AS hour_no,
    sum(z.entry_count)::integer AS people
FROM series s JOIN zone_visits_15m z USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'zone' AND s.subject_id = ANY (%(zone_ids)s) AND z.bucket_at >= %(since)s
GROUP BY 1, 2;

-- name: newest_units
SELECT DISTINCT ON (s.subject_id) s.subject_id AS slot_id, t.units, t.confidence::float8 AS confidence, t.measured_at,
    t.products::jsonb AS products, t.guest_mg / 1000.0::float8 AS guest_g, t.calibration_due
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM shelf_weights r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s AND r.measured_at <= %(now)s AND r.is_stable
    ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.store_id = %(store_id)s AND s.stream = 'shelf'
ORDER BY s.subject_id, t.measured_at DESC;
