-- name: stored_rows
-- Every row of the run's devices, counted in the tables themselves; device_boots only gives a boot its name.
SELECT b.store_id, b.device_id, b.boot_id, r.seq, r.idx, count(*)
FROM (
    SELECT boot_no, seq, idx FROM footfall_counts
    UNION ALL SELECT boot_no, seq, idx FROM zone_visits
    UNION ALL SELECT boot_no, seq, idx FROM queue_samples
    UNION ALL SELECT boot_no, seq, idx FROM queue_visits
    UNION ALL SELECT boot_no, seq, idx FROM lane_states
    UNION ALL SELECT boot_no, seq, idx FROM heatmap_grids
    UNION ALL SELECT boot_no, seq, idx FROM line_parties
    UNION ALL SELECT boot_no, seq, idx FROM zone_dwells
    UNION ALL SELECT boot_no, seq, idx FROM lane_services
    UNION ALL SELECT boot_no, seq, idx FROM zone_transitions
    UNION ALL SELECT boot_no, seq, idx FROM shelf_weights
    UNION ALL SELECT boot_no, seq, idx FROM shelf_events
    UNION ALL SELECT boot_no, seq, idx FROM environment_readings
    UNION ALL SELECT boot_no, seq, idx FROM health_readings
    UNION ALL SELECT boot_no, seq, idx FROM command_results
) AS r
JOIN device_boots AS b USING (boot_no)
WHERE b.store_id = ANY(%(store_ids)s)
GROUP BY b.store_id, b.device_id, b.boot_id, r.seq, r.idx

-- name: dead_letters
SELECT store_id, device_id, boot_id, seq, idx FROM dead_letters WHERE store_id = ANY(%(store_ids)s)

-- name: declared_gaps
SELECT b.store_id, b.device_id, b.boot_id, lower(g.seqs), upper(g.seqs), g.reason
FROM declared_gaps AS g JOIN device_boots AS b USING (boot_no)
WHERE b.store_id = ANY(%(store_ids)s)

-- name: ledger
SELECT store_id, device_id, boot_id, committed::text FROM device_boots WHERE store_id = ANY(%(store_ids)s)

-- name: newest_boots
-- Those last heard of; an agent that is never killed keeps an old boot while the others' numbers grow.
SELECT store_id, device_id, boot_id, committed::text FROM device_boots
WHERE store_id = ANY(%(store_ids)s) ORDER BY last_received_at DESC LIMIT 12

-- name: server
SELECT current_setting('server_version')

-- name: add_store
INSERT INTO stores (store_id, name, time_zone, layout) VALUES (%(store_id)s, %(store_id)s, 'UTC', '{}')
ON CONFLICT (store_id) DO NOTHING

-- name: ask_command
WITH asked AS (
    INSERT INTO device_commands
        (command_id, store_id, device_id, kind, arguments, issued_at, issued_by, expires_at)
    VALUES (
        %(command_id)s, %(store_id)s, %(device_id)s, 'zero_slot', %(arguments)s, now(), 'chaos',
        now() + %(valid_s)s * interval '1 second'
    )
    RETURNING store_id
)
SELECT 1, pg_notify('storesense_commands', store_id) FROM asked

-- name: open_commands
SELECT count(*) FROM device_commands
WHERE store_id = ANY(%(store_ids)s) AND outcome IS NULL AND (taken_at IS NOT NULL OR expires_at > now())

-- name: commands
SELECT command_id, outcome FROM device_commands WHERE store_id = ANY(%(store_ids)s)
