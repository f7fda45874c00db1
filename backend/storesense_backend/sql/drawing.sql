-- name: lock_store
SELECT store_id, layout, drawing_version FROM stores WHERE store_id = %(store_id)s FOR UPDATE;

-- name: version
SELECT version, entered_at, entered_by, source, note, drawing
FROM drawing_versions WHERE store_id = %(store_id)s AND version = %(version)s;

-- name: in_force
SELECT v.version, v.entered_at, v.entered_by, v.source, v.note, v.drawing
FROM drawing_versions v JOIN stores s ON s.store_id = v.store_id AND s.drawing_version = v.version
WHERE s.store_id = %(store_id)s;

-- name: versions
SELECT v.version, v.entered_at, v.entered_by, v.source, v.note, v.version = s.drawing_version AS is_in_force
FROM drawing_versions v JOIN stores s USING (store_id)
WHERE v.store_id = %(store_id)s AND v.version < %(before)s
ORDER BY v.version DESC LIMIT %(limit)s;

-- name: add_version
INSERT INTO drawing_versions (store_id, version, entered_by, source, note, drawing)
SELECT %(store_id)s, coalesce(max(version), 0) + 1, %(entered_by)s, %(source)s, %(note)s, %(drawing)s
FROM drawing_versions WHERE store_id = %(store_id)s
RETURNING version, entered_at, entered_by, source, note, drawing;

-- name: last_registered
SELECT version, drawing FROM drawing_versions
WHERE store_id = %(store_id)s AND source = 'registration' ORDER BY version DESC LIMIT 1;

-- name: show
UPDATE stores AS old SET
    layout = %(layout)s::jsonb,
    layout_version = old.layout_version + CASE WHEN old.layout = %(layout)s::jsonb THEN 0 ELSE 1 END,
    drawing_version = %(version)s,
    updated_at = now()
WHERE store_id = %(store_id)s;

-- name: set_version
UPDATE stores SET drawing_version = %(version)s WHERE store_id = %(store_id)s;

-- name: cameras
SELECT device_id FROM devices
WHERE store_id = %(store_id)s AND kind = 'camera' AND registered_at IS NOT NULL ORDER BY device_id;

-- name: shelves
SELECT device_id FROM devices
WHERE store_id = %(store_id)s AND kind = 'shelf' AND registered_at IS NOT NULL ORDER BY device_id;

-- name: shelf_devices
-- Which planogram each device that weighs slots works by, and what it could not take up, as it said last.
SELECT d.device_id, d.state = 'online' AS is_online, t.planogram_version AS version, t.measured_at AS told_at, t.state, t.reason,
    coalesce(t.planogram_version = st.planogram_version, false) AS is_in_force
FROM devices d JOIN stores st USING (store_id)
LEFT JOIN LATERAL (
    SELECT r.planogram_version, r.measured_at, r.state, r.reason
    FROM series s JOIN health_readings r USING (series_id)
    WHERE s.store_id = d.store_id AND s.device_id = d.device_id AND s.stream = 'health' AND s.subject_id = 'planogram'
    ORDER BY r.measured_at DESC, r.boot_no DESC, r.seq DESC LIMIT 1
) t ON true
WHERE d.store_id = %(store_id)s AND d.kind = 'shelf' AND d.registered_at IS NOT NULL
ORDER BY d.device_id;

-- name: devices
-- Which version each camera works by and where its picture is, as it said last; null for one that said nothing.
SELECT d.device_id, d.state = 'online' AS is_online, t.drawing_version AS version, t.measured_at AS told_at, t.state, t.reason,
    t.setup_url, coalesce(t.drawing_version = st.drawing_version, false) AS is_in_force
FROM devices d JOIN stores st USING (store_id)
LEFT JOIN LATERAL (
    SELECT r.drawing_version, r.measured_at, r.state, r.reason, r.setup_url
    FROM series s JOIN health_readings r USING (series_id)
    WHERE s.store_id = d.store_id AND s.device_id = d.device_id AND s.stream = 'health' AND s.subject_id = 'drawing'
    ORDER BY r.measured_at DESC, r.boot_no DESC, r.seq DESC LIMIT 1
) t ON true
WHERE d.store_id = %(store_id)s AND d.kind = 'camera' AND d.registered_at IS NOT NULL
ORDER BY d.device_id;

-- name: show_key
INSERT INTO setup_keys (public_key, seen_at) VALUES (%(public_key)s, now())
ON CONFLICT (public_key) DO UPDATE SET seen_at = now();

-- name: forget_keys
DELETE FROM setup_keys WHERE seen_at < now() - INTERVAL '1 day';

-- name: notify
SELECT pg_notify('storesense_registry', %(store_id)s);
