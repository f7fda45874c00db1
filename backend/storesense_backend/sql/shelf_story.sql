-- Shelf events that were told anew.

-- name: corrections
-- The newest first; of each the last word and what had been told before it.
SELECT s.subject_id AS slot_id, r.measured_at, r.event, r.units, r.sku, r.confidence::float8 AS confidence, r.correction_no,
    r.told_event, r.told_units, r.told_sku
FROM shelf_story r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'shelf' AND r.correction_no IS NOT NULL
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
ORDER BY r.measured_at DESC, s.subject_id, r.event_no DESC LIMIT %(limit)s;
