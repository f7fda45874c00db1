-- Of a reading that TimescaleDB has compressed, received_at is there only where it was late, longest_wait_ms only where it is
-- not 0.

-- name: new_queue
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    r.length,
    coalesce(r.longest_wait_ms, 0) / 1000.0::float8 AS longest_wait_s
FROM queue_samples r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s
    AND s.store_id = ANY (%(store_ids)s);

-- name: newest_queue
SELECT s.store_id, s.subject_id, t.measured_at, coalesce(t.received_at, t.measured_at) AS received_at,
    t.length,
    coalesce(t.longest_wait_ms, 0) / 1000.0::float8 AS longest_wait_s
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM queue_samples r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.stream = 'queue' AND s.store_id = ANY (%(store_ids)s);

-- name: past_queue
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    r.length,
    coalesce(r.longest_wait_ms, 0) / 1000.0::float8 AS longest_wait_s
FROM queue_samples r JOIN series s USING (series_id)
WHERE r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s AND s.store_id = ANY (%(store_ids)s);

-- name: new_slot
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    r.weight_mg / 1000.0::float8 AS weight_g, r.is_stable, r.units,
    r.confidence::float8 AS confidence, r.guest_mg / 1000.0::float8 AS guest_g, r.calibration_due, r.products
FROM shelf_weights r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s
    AND s.store_id = ANY (%(store_ids)s);

-- name: newest_slot
SELECT s.store_id, s.subject_id, t.measured_at, coalesce(t.received_at, t.measured_at) AS received_at,
    t.weight_mg / 1000.0::float8 AS weight_g, t.is_stable, t.units,
    t.confidence::float8 AS confidence, t.guest_mg / 1000.0::float8 AS guest_g, t.calibration_due, t.products
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM shelf_weights r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.stream = 'shelf' AND s.store_id = ANY (%(store_ids)s);

-- name: past_slot
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    r.weight_mg / 1000.0::float8 AS weight_g, r.is_stable, r.units,
    r.confidence::float8 AS confidence, r.guest_mg / 1000.0::float8 AS guest_g, r.calibration_due, r.products
FROM shelf_weights r JOIN series s USING (series_id)
WHERE r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s AND s.store_id = ANY (%(store_ids)s);

-- name: new_removal
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    coalesce(r.burst_units, r.units) AS units, r.sku
FROM shelf_events r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s
    AND s.store_id = ANY (%(store_ids)s) AND r.event = 'bulk_removal' AND r.is_withdrawn IS NOT TRUE;

-- name: past_removal
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    coalesce(r.burst_units, r.units) AS units, r.sku
FROM shelf_story r JOIN series s USING (series_id)
WHERE r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s AND s.store_id = ANY (%(store_ids)s) AND r.event = 'bulk_removal';

-- name: new_zone
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    r.occupancy AS people
FROM zone_visits r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s
    AND s.store_id = ANY (%(store_ids)s);

-- name: newest_zone
SELECT s.store_id, s.subject_id, t.measured_at, coalesce(t.received_at, t.measured_at) AS received_at,
    t.occupancy AS people
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM zone_visits r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.stream = 'zone' AND s.store_id = ANY (%(store_ids)s);

-- name: past_zone
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    r.occupancy AS people
FROM zone_visits r JOIN series s USING (series_id)
WHERE r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s AND s.store_id = ANY (%(store_ids)s);

-- name: new_sensor
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    r.temperature_c::float8 AS temperature_c,
    r.humidity_pct::float8 AS humidity_pct, r.noise_dba::float8 AS noise_dba, r.light_lux::float8 AS light_lux
FROM environment_readings r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s
    AND s.store_id = ANY (%(store_ids)s);

-- name: newest_sensor
SELECT s.store_id, s.subject_id, t.measured_at, coalesce(t.received_at, t.measured_at) AS received_at,
    t.temperature_c::float8 AS temperature_c,
    t.humidity_pct::float8 AS humidity_pct, t.noise_dba::float8 AS noise_dba, t.light_lux::float8 AS light_lux
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM environment_readings r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.stream = 'environment' AND s.store_id = ANY (%(store_ids)s);

-- name: past_sensor
SELECT s.store_id, s.subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    r.temperature_c::float8 AS temperature_c,
    r.humidity_pct::float8 AS humidity_pct, r.noise_dba::float8 AS noise_dba, r.light_lux::float8 AS light_lux
FROM environment_readings r JOIN series s USING (series_id)
WHERE r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s AND s.store_id = ANY (%(store_ids)s);

-- name: new_device
SELECT s.store_id, s.device_id AS subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    s.subject_id AS component_id, r.state, r.cause, r.reason,
    r.displacement_px::float8 AS displacement_px, r.affected, r.outbox_messages, r.outbox_bytes,
    (
        SELECT coalesce(sum(upper(g.seqs) - lower(g.seqs)), 0)::bigint
        FROM declared_gaps g JOIN device_boots b USING (boot_no)
        WHERE b.store_id = s.store_id AND b.device_id = s.device_id
            AND g.declared_at > coalesce(r.received_at, r.measured_at) - %(lately)s AND g.declared_at <= coalesce(r.received_at, r.measured_at) + interval '1 second'
    ) AS lost_messages
FROM health_readings r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s
    AND s.store_id = ANY (%(store_ids)s);

-- name: newest_device
SELECT s.store_id, s.device_id AS subject_id, t.measured_at, coalesce(t.received_at, t.measured_at) AS received_at,
    s.subject_id AS component_id, t.state, t.cause, t.reason,
    t.displacement_px::float8 AS displacement_px, t.affected, t.outbox_messages, t.outbox_bytes,
    (
        SELECT coalesce(sum(upper(g.seqs) - lower(g.seqs)), 0)::bigint
        FROM declared_gaps g JOIN device_boots b USING (boot_no)
        WHERE b.store_id = s.store_id AND b.device_id = s.device_id
            AND g.declared_at > coalesce(t.received_at, t.measured_at) - %(lately)s AND g.declared_at <= coalesce(t.received_at, t.measured_at) + interval '1 second'
    ) AS lost_messages
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM health_readings r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.stream = 'health' AND s.store_id = ANY (%(store_ids)s);

-- name: past_device
SELECT s.store_id, s.device_id AS subject_id, r.measured_at, coalesce(r.received_at, r.measured_at) AS received_at,
    s.subject_id AS component_id, r.state, r.cause, r.reason,
    r.displacement_px::float8 AS displacement_px, r.affected, r.outbox_messages, r.outbox_bytes,
    (
        SELECT coalesce(sum(upper(g.seqs) - lower(g.seqs)), 0)::bigint
        FROM declared_gaps g JOIN device_boots b USING (boot_no)
        WHERE b.store_id = s.store_id AND b.device_id = s.device_id
            AND g.declared_at > coalesce(r.received_at, r.measured_at) - %(lately)s AND g.declared_at <= coalesce(r.received_at, r.measured_at) + interval '1 second'
    ) AS lost_messages
FROM health_readings r JOIN series s USING (series_id)
WHERE r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s AND s.store_id = ANY (%(store_ids)s);

-- name: known_subjects
SELECT DISTINCT store_id, subject_id,
    CASE stream WHEN 'shelf' THEN 'slot' WHEN 'environment' THEN 'sensor' ELSE stream END AS family
FROM series WHERE stream IN ('queue', 'zone', 'shelf', 'environment') AND store_id = ANY (%(store_ids)s);
