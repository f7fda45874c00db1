-- name: stores
SELECT
    s.store_id,
    s.name,
    s.time_zone,
    (SELECT count(*) FROM alerts a WHERE a.store_id = s.store_id AND NOT a.is_over) AS open_alerts,
    (SELECT count(*) FROM devices d WHERE d.store_id = s.store_id AND d.state = 'online') AS devices_online,
    (SELECT count(*) FROM devices d WHERE d.store_id = s.store_id) AS devices_total
FROM stores s
ORDER BY s.store_id;

-- name: store
SELECT store_id, name, time_zone, layout_version, layout FROM stores WHERE store_id = %(store_id)s;

-- name: ensure_store
INSERT INTO stores (store_id, name, time_zone, layout)
VALUES (%(store_id)s, %(name)s, %(time_zone)s, %(layout)s)
ON CONFLICT (store_id) DO NOTHING
RETURNING store_id;

-- name: put_store
INSERT INTO stores AS old (store_id, name, time_zone, layout, planogram_version)
VALUES (%(store_id)s, %(name)s, %(time_zone)s, %(layout)s, %(planogram_version)s)
ON CONFLICT (store_id) DO UPDATE SET
    name = excluded.name,
    time_zone = excluded.time_zone,
    layout = excluded.layout,
    planogram_version = excluded.planogram_version,
    layout_version = old.layout_version + CASE WHEN old.layout = excluded.layout THEN 0 ELSE 1 END,
    updated_at = CASE WHEN old.layout = excluded.layout THEN old.updated_at ELSE now() END
RETURNING store_id, name, time_zone, layout_version, layout;

-- name: put_devices
INSERT INTO devices AS old (store_id, device_id, kind, registered_at)
SELECT %(store_id)s, listed.device_id, listed.kind, now()
FROM unnest(%(device_ids)s::text[], %(kinds)s::text[]) AS listed (device_id, kind)
ORDER BY listed.device_id
ON CONFLICT (store_id, device_id) DO UPDATE SET
    kind = excluded.kind,
    registered_at = coalesce(old.registered_at, excluded.registered_at);

-- name: forget_other_devices
-- A device that never sent anything leaves no trace; one that did stays visible, as not registered.
WITH gone AS (
    DELETE FROM devices
    WHERE store_id = %(store_id)s AND device_id <> ALL (%(device_ids)s::text[]) AND first_seen_at IS NULL
)
UPDATE devices SET registered_at = NULL
WHERE store_id = %(store_id)s AND device_id <> ALL (%(device_ids)s::text[]) AND first_seen_at IS NOT NULL
    AND registered_at IS NOT NULL;

-- name: devices
SELECT device_id, kind, state, last_seen_at, software, registered_at
FROM devices WHERE store_id = %(store_id)s ORDER BY device_id;

-- name: device_measures
SELECT device_id, stream, subject_id FROM series
WHERE store_id = %(store_id)s AND stream IN ('footfall', 'zone', 'queue', 'lane', 'shelf', 'environment')
ORDER BY device_id, stream, subject_id
LIMIT 20000;

-- name: device_health
SELECT
    s.device_id,
    s.subject_id AS component_id,
    h.state,
    h.reason,
    h.measured_at,
    h.frames_per_s::float8 AS frames_per_s,
    h.outbox_messages,
    h.outbox_bytes,
    h.uptime_s,
    h.clock_offset_ms,
    h.cause,
    h.displacement_px::float8 AS displacement_px,
    string_to_array(h.affected, ' ') AS affected,
    string_to_array(h.commands, ' ') AS commands
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM health_readings r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s
    ORDER BY r.measured_at DESC LIMIT 1
) h
WHERE s.store_id = %(store_id)s AND s.stream = 'health'
ORDER BY s.device_id, s.subject_id;

-- name: notify_registry
SELECT pg_notify('storesense_registry', %(store_id)s);
