-- What the edge is told of planograms.

-- name: heads
-- What decides whether anything has to be told anew: each store's planogram and drawing, how many devices weigh how
-- many slots, and what was counted by hand last.
SELECT s.store_id, s.planogram_version, coalesce(s.drawing_version, 0), count(r.series_id),
    coalesce((SELECT max(c.count_no) FROM shelf_counts c WHERE c.store_id = s.store_id), 0)
FROM stores s LEFT JOIN series r ON r.store_id = s.store_id AND r.stream = 'shelf'
WHERE s.planogram_version IS NOT NULL AND (cardinality(%(store_ids)s::text[]) = 0 OR s.store_id = ANY (%(store_ids)s))
GROUP BY s.store_id;

-- name: slots
SELECT slot_id, sku, unit_weight_g, unit_weight_tolerance_g, capacity_units
FROM planogram_slots WHERE store_id = %(store_id)s AND version = %(version)s ORDER BY slot_id;

-- name: shared
-- Further products on the plates of slots.
SELECT slot_id, sku, unit_weight_g, unit_weight_tolerance_g, capacity_units
FROM planogram_shared WHERE store_id = %(store_id)s AND version = %(version)s ORDER BY slot_id, place;

-- name: counts
-- What was counted by hand in each slot last, as long as a device can tell what has happened since.
SELECT DISTINCT ON (slot_id) slot_id, count_no, counted_at,
    (SELECT array_agg((product ->> 'units')::integer ORDER BY place)
        FROM jsonb_array_elements(products) WITH ORDINALITY AS listed (product, place))
FROM shelf_counts WHERE store_id = %(store_id)s AND counted_at > now() - interval '1 hour'
ORDER BY slot_id, count_no DESC;

-- name: devices
-- Which slots each device weighs, as far as it has been heard of, with those that were drawn for it.
SELECT device_id, array_agg(DISTINCT slot_id ORDER BY slot_id),
    coalesce(array_agg(DISTINCT slot_id ORDER BY slot_id) FILTER (WHERE is_drawn), '{}')
FROM (
    SELECT device_id, subject_id AS slot_id, false AS is_drawn
    FROM series WHERE store_id = %(store_id)s AND stream = 'shelf'
    UNION ALL
    SELECT slot ->> 'device', slot ->> 'id', true
    FROM stores CROSS JOIN LATERAL jsonb_array_elements(coalesce(layout -> 'slots', '[]')) AS slot
    WHERE store_id = %(store_id)s AND slot ->> 'device' IS NOT NULL
) AS known
GROUP BY device_id ORDER BY device_id;
