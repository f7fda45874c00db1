-- name: lock_store
SELECT store_id, layout, planogram_version FROM stores WHERE store_id = %(store_id)s FOR UPDATE;

-- name: in_force
-- What holds at an instant; before the first version, that one does.
SELECT version, valid_from, entered_at, entered_by, source
FROM planogram_versions WHERE store_id = %(store_id)s
ORDER BY valid_from <= %(at)s DESC, CASE WHEN valid_from <= %(at)s THEN valid_from END DESC, valid_from, version DESC
LIMIT 1;

-- name: version
SELECT version, valid_from, entered_at, entered_by, source
FROM planogram_versions WHERE store_id = %(store_id)s AND version = %(version)s;

-- name: slots
SELECT slot_id, sku, product_name, facings, capacity_units, unit_weight_g, unit_weight_tolerance_g, minimum_units,
    reorder_point_units
FROM planogram_slots WHERE store_id = %(store_id)s AND version = %(version)s ORDER BY slot_id;

-- name: shared
-- Further products on the plates of slots.
SELECT slot_id, sku, product_name, capacity_units, unit_weight_g, unit_weight_tolerance_g, minimum_units, reorder_point_units
FROM planogram_shared WHERE store_id = %(store_id)s AND version = %(version)s ORDER BY slot_id, place;

-- name: versions
SELECT v.version, v.valid_from, v.entered_at, v.entered_by, v.source, v.version = s.planogram_version AS is_in_force
FROM planogram_versions v JOIN stores s USING (store_id)
WHERE v.store_id = %(store_id)s AND v.version < %(before)s
ORDER BY v.version DESC LIMIT %(limit)s;

-- name: slot_history
SELECT sku, product_name, valid_from, valid_to FROM slot_products
WHERE store_id = %(store_id)s AND slot_id = %(slot_id)s ORDER BY valid_from DESC LIMIT %(limit)s;

-- name: add_version
INSERT INTO planogram_versions (store_id, version, valid_from, entered_at, entered_by, source)
SELECT %(store_id)s, coalesce(max(version), 0) + 1,
    -- What is known first holds for all of the past.
    CASE WHEN max(version) IS NULL AND %(source)s::text = 'registration' THEN TIMESTAMPTZ '1970-01-01 00:00:00+00'
        ELSE coalesce(%(valid_from)s::timestamptz, now()) END,
    now(), %(entered_by)s, %(source)s
FROM planogram_versions WHERE store_id = %(store_id)s
RETURNING version, valid_from, entered_at, entered_by, source;

-- name: add_slots
INSERT INTO planogram_slots
SELECT %(store_id)s, %(version)s, listed.*
FROM unnest(
    %(slot_ids)s::text[], %(skus)s::text[], %(product_names)s::text[], %(facings)s::integer[],
    %(capacities_units)s::integer[], %(unit_weights_g)s::float8[], %(tolerances_g)s::float8[],
    %(minimums_units)s::integer[], %(reorder_points_units)s::integer[]
) AS listed;

-- name: add_shared
INSERT INTO planogram_shared
SELECT %(store_id)s, %(version)s, listed.*
FROM unnest(
    %(slot_ids)s::text[], %(places)s::smallint[], %(skus)s::text[], %(product_names)s::text[], %(capacities_units)s::integer[],
    %(unit_weights_g)s::float8[], %(tolerances_g)s::float8[], %(minimums_units)s::integer[], %(reorder_points_units)s::integer[]
) AS listed;

-- name: last_registered
SELECT version FROM planogram_versions
WHERE store_id = %(store_id)s AND source = 'registration' ORDER BY version DESC LIMIT 1;

-- name: show
UPDATE stores AS old SET
    layout = %(layout)s::jsonb,
    layout_version = old.layout_version + CASE WHEN old.layout = %(layout)s::jsonb THEN 0 ELSE 1 END,
    planogram_version = %(version)s,
    updated_at = now()
WHERE store_id = %(store_id)s;

-- name: due
-- Stores whose layout shows another version than the one that holds now.
SELECT s.store_id
FROM stores s
CROSS JOIN LATERAL (
    SELECT v.version FROM planogram_versions v
    WHERE v.store_id = s.store_id AND v.valid_from <= %(now)s
    ORDER BY v.valid_from DESC, v.version DESC LIMIT 1
) held
WHERE held.version IS DISTINCT FROM s.planogram_version
ORDER BY s.store_id;

-- name: devices
-- Which version each device that weighs slots works by, as it said last.
SELECT s.device_id, t.planogram_version AS version, t.measured_at AS told_at, t.state, t.reason,
    t.planogram_version IS NOT DISTINCT FROM st.planogram_version AS is_in_force
FROM series s JOIN stores st USING (store_id)
CROSS JOIN LATERAL (
    SELECT r.planogram_version, r.measured_at, r.state, r.reason FROM health_readings r
    WHERE r.series_id = s.series_id ORDER BY r.measured_at DESC, r.boot_no DESC, r.seq DESC LIMIT 1
) t
WHERE s.store_id = %(store_id)s AND s.stream = 'health' AND s.subject_id = 'planogram'
ORDER BY s.device_id;
