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
