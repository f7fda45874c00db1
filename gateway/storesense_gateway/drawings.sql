-- What the edge is told of drawings.

-- name: heads
-- What decides whether anything has to be told anew: each store's drawing, its cameras, and the backends' keys.
SELECT
    s.store_id, s.drawing_version,
    ARRAY(
        SELECT d.device_id FROM devices d
        WHERE d.store_id = s.store_id AND d.kind = 'camera' AND d.registered_at IS NOT NULL ORDER BY d.device_id
    ),
    ARRAY(
        SELECT public_key FROM setup_keys WHERE seen_at > now() - INTERVAL '1 day' ORDER BY seen_at DESC, public_key LIMIT 8
    )
FROM stores s
WHERE s.drawing_version IS NOT NULL AND (cardinality(%(store_ids)s::text[]) = 0 OR s.store_id = ANY (%(store_ids)s))
ORDER BY s.store_id;

-- name: drawing
SELECT drawing FROM drawing_versions WHERE store_id = %(store_id)s AND version = %(version)s;
