-- Raw readings of a store, oldest first, page by page: boot_no, seq and idx make the order total. Of what TimescaleDB has
-- compressed, a duration of nought is left out and reads as 0.

-- name: footfall_counts
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.period_ms, r.in_count, r.out_count,
    r.boot_no, r.seq, r.idx
FROM footfall_counts r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'footfall'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: zone_visits
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.period_ms, r.occupancy, r.entry_count, r.exit_count,
    coalesce(r.presence_ms, 0) AS presence_ms, r.visit_count, coalesce(r.visit_dwell_ms, 0) AS visit_dwell_ms, r.stop_count,
    r.boot_no, r.seq, r.idx
FROM zone_visits r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'zone'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: queue_samples
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.length, coalesce(r.longest_wait_ms, 0) AS longest_wait_ms,
    r.boot_no, r.seq, r.idx
FROM queue_samples r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'queue'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: queue_visits
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.outcome, r.wait_ms, r.service_ms,
    r.boot_no, r.seq, r.idx
FROM queue_visits r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'queue'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: lane_states
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.is_open, r.is_staffed,
    r.boot_no, r.seq, r.idx
FROM lane_states r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'lane'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: line_parties
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.period_ms, r.in_count, r.out_count, r.staff_in_count, r.staff_out_count,
    r.boot_no, r.seq, r.idx
FROM line_parties r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'flow'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: zone_dwells
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.period_ms, r.visit_count,
    ARRAY[
        r.dwell_le_5s, r.dwell_le_10s, r.dwell_le_15s, r.dwell_le_20s, r.dwell_le_30s, r.dwell_le_45s,
        r.dwell_le_60s, r.dwell_le_90s, r.dwell_le_120s, r.dwell_le_180s, r.dwell_le_240s, r.dwell_le_300s,
        r.dwell_le_450s, r.dwell_le_600s, r.dwell_le_900s, r.dwell_le_1800s
    ] AS dwell_le_counts,
    r.unknown_count, r.people_ms, r.staff_ms,
    r.boot_no, r.seq, r.idx
FROM zone_dwells r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'flow'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: lane_services
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.period_ms, r.queue_id, r.till_count, r.busy_ms, r.served_count,
    r.boot_no, r.seq, r.idx
FROM lane_services r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'flow'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: zone_transitions
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.span_ms, r.people_count,
    nullif(r.from_zone_id, '') AS from_zone_id, nullif(r.to_zone_id, '') AS to_zone_id,
    r.boot_no, r.seq, r.idx
FROM zone_transitions r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'flow'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: shelf_weights
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.weight_mg, r.is_stable, r.units, r.confidence::float8 AS confidence,
    r.guest_mg, r.calibration_due, r.products::jsonb AS products,
    r.boot_no, r.seq, r.idx
FROM shelf_weights r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'shelf'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: shelf_events
-- The story as it stands: what was told wrongly is given as it was, with what had been told beside it.
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.event, r.units, r.delta_mg, r.confidence::float8 AS confidence, r.sku,
    r.is_ambiguous, r.alternatives::jsonb AS alternatives, r.burst_units, r.straddles,
    coalesce(r.correction_no, 0) AS correction_no, r.told_event, r.told_units, r.told_sku,
    r.boot_no, r.seq, r.idx
FROM shelf_story r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'shelf'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: environment_readings
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.temperature_c::float8 AS temperature_c, r.humidity_pct::float8 AS humidity_pct,
    r.noise_dba::float8 AS noise_dba, r.light_lux::float8 AS light_lux,
    r.boot_no, r.seq, r.idx
FROM environment_readings r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'environment'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: health_readings
SELECT s.device_id, s.subject_id, r.measured_at, r.received_at, r.state, r.reason, r.frames_per_s::float8 AS frames_per_s, r.outbox_messages, r.outbox_bytes, r.uptime_s,
    r.clock_offset_ms, r.cause, r.displacement_px::float8 AS displacement_px,
    string_to_array(r.affected, ' ') AS affected, r.planogram_version, r.drawing_version,
    r.boot_no, r.seq, r.idx
FROM health_readings r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'health'
    AND (%(subject_id)s::text IS NULL OR s.subject_id = %(subject_id)s)
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
    AND (r.measured_at, r.boot_no, r.seq, r.idx) > (%(after_at)s, %(after_boot_no)s, %(after_seq)s, %(after_idx)s)
ORDER BY r.measured_at, r.boot_no, r.seq, r.idx
LIMIT %(limit)s;

-- name: series
SELECT series_id, subject_id FROM series WHERE store_id = %(store_id)s AND stream = %(stream)s;

-- name: footfall_1m
SELECT s.subject_id AS line_id, c.bucket_at AS at, sum(c.in_count)::bigint AS in_count, sum(c.out_count)::bigint AS out_count
FROM footfall_counts_1m c JOIN series s USING (series_id)
WHERE c.series_id = ANY (%(series_ids)s) AND c.bucket_at >= %(from_at)s AND c.bucket_at < %(to_at)s
GROUP BY 1, 2 ORDER BY 2, 1;

-- name: footfall_15m
SELECT s.subject_id AS line_id, c.bucket_at AS at, sum(c.in_count)::bigint AS in_count, sum(c.out_count)::bigint AS out_count
FROM footfall_counts_15m c JOIN series s USING (series_id)
WHERE c.series_id = ANY (%(series_ids)s) AND c.bucket_at >= %(from_at)s AND c.bucket_at < %(to_at)s
GROUP BY 1, 2 ORDER BY 2, 1;
