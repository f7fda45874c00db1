-- The gateway's queries. The statements insert_... take one binary array a column, packed by numpy; what the columns are
-- stands in families.py.

-- name: insist_on_durability
-- An acknowledgement promises that the commit is on disk, whatever the database's default is.
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'

-- name: schema_version
SELECT coalesce(max(version), 0) FROM schema_migrations

-- name: add_partition
INSERT INTO partitions (partition_no, head) VALUES (%(partition_no)s, %(partition_no)s::bigint << 40)
ON CONFLICT (partition_no) DO NOTHING

-- name: ensure_partitions
SELECT storesense_ensure_partitions(%(from_at)s, %(to_at)s)

-- name: find_series
SELECT wanted.store_id, wanted.device_id, wanted.stream, wanted.subject_id, series.series_id
FROM unnest(%(store_ids)s::text[], %(device_ids)s::text[], %(streams)s::text[], %(subject_ids)s::text[])
    AS wanted (store_id, device_id, stream, subject_id)
JOIN series USING (store_id, stream, subject_id, device_id)

-- name: add_series
INSERT INTO series (store_id, device_id, stream, subject_id)
SELECT * FROM unnest(%(store_ids)s::text[], %(device_ids)s::text[], %(streams)s::text[], %(subject_ids)s::text[])
ON CONFLICT (store_id, stream, subject_id, device_id) DO NOTHING

-- name: add_boots
INSERT INTO device_boots (store_id, device_id, boot_id, first_received_at, last_received_at)
SELECT given.store_id, given.device_id, given.boot_id, given.first_at, given.last_at
FROM unnest(
    %(store_ids)s::text[], %(device_ids)s::text[], %(boot_ids)s::text[], %(firsts)s::timestamptz[], %(lasts)s::timestamptz[]
) WITH ORDINALITY AS given (store_id, device_id, boot_id, first_at, last_at, place)
WHERE NOT EXISTS (
    SELECT FROM device_boots AS known
    WHERE (known.store_id, known.device_id, known.boot_id) = (given.store_id, given.device_id, given.boot_id)
)
ORDER BY given.place
ON CONFLICT (store_id, device_id, boot_id) DO NOTHING

-- name: lock_boots
SELECT boots.store_id, boots.device_id, boots.boot_id, boots.boot_no, boots.committed::text
FROM unnest(%(store_ids)s::text[], %(device_ids)s::text[], %(boot_ids)s::text[]) WITH ORDINALITY
    AS wanted (store_id, device_id, boot_id, place)
JOIN device_boots AS boots USING (store_id, device_id, boot_id)
ORDER BY wanted.place
FOR UPDATE OF boots

-- name: unite_boots
UPDATE device_boots
SET committed = device_boots.committed + news.spans,
    last_received_at = greatest(device_boots.last_received_at, news.received_at)
FROM (
    SELECT boot_no, spans::int8multirange AS spans, received_at
    FROM unnest(%(boot_nos)s::integer[], %(spans)s::text[], %(lasts)s::timestamptz[]) AS given (boot_no, spans, received_at)
) AS news
WHERE device_boots.boot_no = news.boot_no

-- name: begin_batch
-- Numbers the batch and announces it, both to be seen with the commit.
WITH batch AS (
    UPDATE partitions SET head = head + 1, head_at = now() WHERE partition_no = %(partition_no)s RETURNING head
)
SELECT head, pg_notify('storesense_batches', %(partition_no)s::text || ':' || head) FROM batch

-- name: add_gaps
INSERT INTO declared_gaps (boot_no, seqs, reason, declared_at)
SELECT boot_no, int8range(first, beyond), reason, %(declared_at)s
FROM unnest(%(boot_nos)s::integer[], %(firsts)s::bigint[], %(ends)s::bigint[], %(reasons)s::text[])
    AS given (boot_no, first, beyond, reason)
ON CONFLICT (boot_no, seqs) DO NOTHING

-- name: add_dead_letters
INSERT INTO dead_letters (
    received_at, batch_no, topic, stage, reason, store_id, device_id, boot_id, seq, idx, payload, payload_bytes
)
SELECT received_at, %(batch_no)s, topic, stage, reason, store_id, device_id, boot_id, seq, idx, payload, payload_bytes
FROM unnest(
    %(received_ats)s, %(topics)s, %(stages)s, %(reasons)s, %(store_ids)s, %(device_ids)s, %(boot_ids)s, %(seqs)s, %(idxs)s,
    %(payloads)s, %(payload_sizes)s
) AS given (received_at, topic, stage, reason, store_id, device_id, boot_id, seq, idx, payload, payload_bytes)

-- name: put_status
-- An offline word of an earlier boot comes late, when its connection times out, and must not put the present one offline.
INSERT INTO devices AS known (store_id, device_id, first_seen_at, last_seen_at, state, state_at, boot_id, software)
VALUES (
    %(store_id)s, %(device_id)s, %(received_at)s, %(received_at)s, %(state)s, %(received_at)s, %(boot_id)s, %(software)s
)
ON CONFLICT (store_id, device_id) DO UPDATE
SET state = excluded.state,
    state_at = excluded.state_at,
    boot_id = excluded.boot_id,
    software = coalesce(excluded.software, known.software),
    first_seen_at = coalesce(known.first_seen_at, excluded.first_seen_at)
WHERE NOT (excluded.state = 'offline' AND known.state = 'online' AND known.boot_id IS DISTINCT FROM excluded.boot_id)
    AND (known.state, known.boot_id, coalesce(excluded.software, known.software))
        IS DISTINCT FROM (excluded.state, excluded.boot_id, known.software)

-- name: announce_device
SELECT pg_notify('storesense_devices', %(payload)s)

-- name: touch_devices
INSERT INTO devices AS known (store_id, device_id, first_seen_at, last_seen_at)
SELECT store_id, device_id, seen_at, seen_at
FROM unnest(%(store_ids)s::text[], %(device_ids)s::text[], %(seen_ats)s::timestamptz[]) AS given (store_id, device_id, seen_at)
ON CONFLICT (store_id, device_id) DO UPDATE
SET first_seen_at = coalesce(known.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at)

-- name: check
SELECT 1

-- name: insert_footfall_counts
INSERT INTO footfall_counts (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, in_count, out_count
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, period_ms, in_count, out_count
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(period_ms)s, %(in_count)s,
    %(out_count)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, period_ms, in_count, out_count
)

-- name: insert_zone_visits
INSERT INTO zone_visits (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, occupancy, entry_count, exit_count,
    presence_ms, visit_count, visit_dwell_ms, stop_count
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, period_ms, occupancy, entry_count,
    exit_count, presence_ms, visit_count, visit_dwell_ms, stop_count
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(period_ms)s, %(occupancy)s,
    %(entry_count)s, %(exit_count)s, %(presence_ms)s, %(visit_count)s, %(visit_dwell_ms)s, %(stop_count)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, period_ms, occupancy, entry_count, exit_count,
    presence_ms, visit_count, visit_dwell_ms, stop_count
)

-- name: insert_queue_samples
INSERT INTO queue_samples (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, length, longest_wait_ms
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, length, longest_wait_ms
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(length)s, %(longest_wait_ms)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, length, longest_wait_ms
)

-- name: insert_queue_visits
INSERT INTO queue_visits (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, outcome, wait_ms, service_ms
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, outcome, wait_ms, service_ms
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(outcome)s, %(wait_ms)s,
    %(service_ms)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, outcome, wait_ms, service_ms
)

-- name: insert_lane_states
INSERT INTO lane_states (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, is_open, is_staffed
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, is_open, is_staffed
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(is_open)s, %(is_staffed)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, is_open, is_staffed
)

-- name: insert_heatmap_grids
INSERT INTO heatmap_grids (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, origin_x_m, origin_y_m,
    cell_size_m, columns, rows, presence_ds
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, period_ms, origin_x_m, origin_y_m,
    cell_size_m, columns, rows, presence_ds
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(period_ms)s, %(origin_x_m)s,
    %(origin_y_m)s, %(cell_size_m)s, %(columns)s, %(rows)s, %(presence_ds)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, period_ms, origin_x_m, origin_y_m, cell_size_m, columns,
    rows, presence_ds
)

-- name: insert_line_parties
INSERT INTO line_parties (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, in_count, out_count, staff_in_count,
    staff_out_count
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, period_ms, in_count, out_count,
    staff_in_count, staff_out_count
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(period_ms)s, %(in_count)s,
    %(out_count)s, %(staff_in_count)s, %(staff_out_count)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, period_ms, in_count, out_count, staff_in_count,
    staff_out_count
)

-- name: insert_zone_dwells
INSERT INTO zone_dwells (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, visit_count, dwell_le_5s, dwell_le_10s,
    dwell_le_15s, dwell_le_20s, dwell_le_30s, dwell_le_45s, dwell_le_60s, dwell_le_90s, dwell_le_120s, dwell_le_180s,
    dwell_le_240s, dwell_le_300s, dwell_le_450s, dwell_le_600s, dwell_le_900s, dwell_le_1800s, unknown_count, people_ms,
    staff_ms
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, period_ms, visit_count, dwell_le_5s,
    dwell_le_10s, dwell_le_15s, dwell_le_20s, dwell_le_30s, dwell_le_45s, dwell_le_60s, dwell_le_90s, dwell_le_120s,
    dwell_le_180s, dwell_le_240s, dwell_le_300s, dwell_le_450s, dwell_le_600s, dwell_le_900s, dwell_le_1800s,
    unknown_count, people_ms, staff_ms
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(period_ms)s, %(visit_count)s,
    %(dwell_le_5s)s, %(dwell_le_10s)s, %(dwell_le_15s)s, %(dwell_le_20s)s, %(dwell_le_30s)s, %(dwell_le_45s)s,
    %(dwell_le_60s)s, %(dwell_le_90s)s, %(dwell_le_120s)s, %(dwell_le_180s)s, %(dwell_le_240s)s, %(dwell_le_300s)s,
    %(dwell_le_450s)s, %(dwell_le_600s)s, %(dwell_le_900s)s, %(dwell_le_1800s)s, %(unknown_count)s, %(people_ms)s,
    %(staff_ms)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, period_ms, visit_count, dwell_le_5s, dwell_le_10s,
    dwell_le_15s, dwell_le_20s, dwell_le_30s, dwell_le_45s, dwell_le_60s, dwell_le_90s, dwell_le_120s, dwell_le_180s,
    dwell_le_240s, dwell_le_300s, dwell_le_450s, dwell_le_600s, dwell_le_900s, dwell_le_1800s, unknown_count, people_ms,
    staff_ms
)

-- name: insert_lane_services
INSERT INTO lane_services (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, queue_id, till_count, busy_ms,
    served_count
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, period_ms, queue_id, till_count, busy_ms,
    served_count
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(period_ms)s, %(queue_id)s,
    %(till_count)s, %(busy_ms)s, %(served_count)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, period_ms, queue_id, till_count, busy_ms, served_count
)

-- name: insert_zone_transitions
INSERT INTO zone_transitions (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, span_ms, people_count, from_zone_id, to_zone_id
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, span_ms, people_count, from_zone_id,
    to_zone_id
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(span_ms)s, %(people_count)s,
    %(from_zone_id)s, %(to_zone_id)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, span_ms, people_count, from_zone_id, to_zone_id
)

-- name: insert_shelf_weights
INSERT INTO shelf_weights (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, weight_mg, is_stable, units, confidence,
    guest_mg, calibration_due, products
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, weight_mg, is_stable, units, confidence,
    guest_mg, calibration_due, products
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(weight_mg)s, %(is_stable)s,
    %(units)s, %(confidence)s, %(guest_mg)s, %(calibration_due)s, %(products)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, weight_mg, is_stable, units, confidence,
    guest_mg, calibration_due, products
)

-- name: insert_shelf_events
INSERT INTO shelf_events (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, event, units, delta_mg, confidence, sku,
    is_ambiguous, alternatives, burst_units, straddles, event_no, correction_no, is_withdrawn
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, event, units, delta_mg, confidence, sku,
    is_ambiguous, alternatives, burst_units, straddles, event_no, correction_no, is_withdrawn
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(event)s, %(units)s,
    %(delta_mg)s, %(confidence)s, %(sku)s, %(is_ambiguous)s, %(alternatives)s, %(burst_units)s,
    %(straddles)s, %(event_no)s, %(correction_no)s, %(is_withdrawn)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, event, units, delta_mg, confidence, sku,
    is_ambiguous, alternatives, burst_units, straddles, event_no, correction_no, is_withdrawn
)

-- name: insert_environment_readings
INSERT INTO environment_readings (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, temperature_c, humidity_pct, noise_dba,
    light_lux
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, temperature_c, humidity_pct, noise_dba,
    light_lux
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(temperature_c)s,
    %(humidity_pct)s, %(noise_dba)s, %(light_lux)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, temperature_c, humidity_pct, noise_dba, light_lux
)

-- name: insert_health_readings
INSERT INTO health_readings (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, state, reason, frames_per_s, outbox_messages,
    outbox_bytes, uptime_s, clock_offset_ms, cause, displacement_px, affected, accuracy, audit_ms,
    planogram_version, drawing_version, setup_url, commands, counted
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, state, reason, frames_per_s,
    outbox_messages, outbox_bytes, uptime_s, clock_offset_ms, cause, displacement_px, affected, accuracy, audit_ms,
    planogram_version, drawing_version, setup_url, commands, counted
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(state)s, %(reason)s,
    %(frames_per_s)s, %(outbox_messages)s, %(outbox_bytes)s, %(uptime_s)s, %(clock_offset_ms)s, %(cause)s,
    %(displacement_px)s, %(affected)s, %(accuracy)s, %(audit_ms)s, %(planogram_version)s,
    %(drawing_version)s, %(setup_url)s, %(commands)s, %(counted)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, state, reason, frames_per_s, outbox_messages,
    outbox_bytes, uptime_s, clock_offset_ms, cause, displacement_px, affected, accuracy, audit_ms,
    planogram_version, drawing_version, setup_url, commands, counted
)

-- name: insert_command_results
INSERT INTO command_results (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, command_id, state, detail
)
SELECT
    measured_at, received_at, series_id, boot_no, seq, idx, %(batch_no)s, command_id, state, detail
FROM unnest(
    %(measured_at)s, %(received_at)s, %(series_id)s, %(boot_no)s, %(seq)s, %(idx)s, %(command_id)s, %(state)s,
    %(detail)s
) AS given (
    measured_at, received_at, series_id, boot_no, seq, idx, command_id, state, detail
)
