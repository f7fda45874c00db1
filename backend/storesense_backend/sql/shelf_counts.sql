-- Counts by hand, and what shelves had believed.

-- name: recent
SELECT count(*) AS counts FROM shelf_counts
WHERE store_id = %(store_id)s AND slot_id = %(slot_id)s AND counted_at > %(since)s;

-- name: add
INSERT INTO shelf_counts (store_id, slot_id, counted_at, counted_by, products)
VALUES (%(store_id)s, %(slot_id)s, %(counted_at)s, %(counted_by)s, %(products)s::jsonb)
RETURNING count_no, slot_id, counted_at, counted_by, products;

-- name: announce
SELECT pg_notify('storesense_registry', %(store_id)s);

-- name: list
-- Each count, the newest first, with what the device said of it: that it was taken up, rather than that it was not.
SELECT c.count_no, c.slot_id, c.counted_at, c.counted_by, c.products, told.measured_at AS told_at, told.counted
FROM shelf_counts c
LEFT JOIN LATERAL (
    SELECT r.measured_at, r.counted::jsonb AS counted
    FROM series s JOIN health_readings r USING (series_id)
    WHERE s.store_id = c.store_id AND s.stream = 'health' AND s.subject_id = 'counts'
        AND r.measured_at >= c.counted_at - interval '10 minutes' AND r.measured_at < c.counted_at + interval '2 hours'
        AND (r.counted::jsonb ->> 'count_no')::bigint = c.count_no
    ORDER BY (r.counted::jsonb ->> 'is_taken')::boolean DESC, r.measured_at LIMIT 1
) told ON true
WHERE c.store_id = %(store_id)s AND (%(slot_id)s::text IS NULL OR c.slot_id = %(slot_id)s)
    AND c.counted_at >= %(from_at)s AND c.counted_at < %(to_at)s
ORDER BY c.count_no DESC LIMIT %(limit)s;
