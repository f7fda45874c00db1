-- name: try_lease
SELECT pg_try_advisory_lock(%(lease_key)s) AS is_ours;

-- name: heads_and_cursors
SELECT p.partition_no, p.head, c.batch_no AS cursor
FROM partitions p
LEFT JOIN follower_cursors c ON c.partition_no = p.partition_no AND c.follower = %(follower)s;

-- name: has_followed
SELECT EXISTS (SELECT FROM follower_cursors WHERE follower = %(follower)s) AS has_followed;

-- name: save_cursor
INSERT INTO follower_cursors (follower, partition_no, batch_no, updated_at)
VALUES (%(follower)s, %(partition_no)s, %(batch_no)s, %(now)s)
ON CONFLICT (follower, partition_no) DO UPDATE SET batch_no = excluded.batch_no, updated_at = excluded.updated_at;

-- name: new_queue_samples
SELECT s.store_id, s.subject_id, r.measured_at, r.received_at, r.length,
    r.longest_wait_ms / 1000.0::float8 AS longest_wait_s
FROM queue_samples r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s;

-- name: new_shelf_weights
SELECT s.store_id, s.subject_id, r.measured_at, r.received_at, r.weight_mg / 1000.0::float8 AS weight_g,
    r.is_stable, r.units, r.confidence::float8 AS confidence, r.guest_mg / 1000.0::float8 AS guest_g
FROM shelf_weights r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s;

-- name: new_losses
-- A device tells its condition every so often and when it changes; what it declared dropped lately stands beside.
SELECT s.store_id, s.device_id AS subject_id, r.measured_at, r.received_at, r.outbox_bytes,
    (
        SELECT coalesce(sum(upper(g.seqs) - lower(g.seqs)), 0)::bigint
        FROM declared_gaps g JOIN device_boots b USING (boot_no)
        WHERE b.store_id = s.store_id AND b.device_id = s.device_id
            AND g.declared_at > r.received_at - %(lately)s AND g.declared_at <= r.received_at + interval '1 second'
    ) AS lost_messages
FROM health_readings r JOIN series s USING (series_id)
WHERE r.batch_no > %(after)s AND r.batch_no <= %(upto)s AND r.measured_at > %(since)s;

-- name: newest_losses
-- Of a reading that TimescaleDB has compressed, received_at is there only where it was late.
SELECT s.store_id, s.device_id AS subject_id, t.measured_at, coalesce(t.received_at, t.measured_at) AS received_at, t.outbox_bytes,
    (
        SELECT coalesce(sum(upper(g.seqs) - lower(g.seqs)), 0)::bigint
        FROM declared_gaps g JOIN device_boots b USING (boot_no)
        WHERE b.store_id = s.store_id AND b.device_id = s.device_id
            AND g.declared_at > coalesce(t.received_at, t.measured_at) - %(lately)s
            AND g.declared_at <= coalesce(t.received_at, t.measured_at) + interval '1 second'
    ) AS lost_messages
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM health_readings r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s
    ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.stream = 'health';

-- name: newest_queue_samples
SELECT s.store_id, s.subject_id, t.measured_at, coalesce(t.received_at, t.measured_at) AS received_at, t.length,
    t.longest_wait_ms / 1000.0::float8 AS longest_wait_s
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM queue_samples r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.stream = 'queue';

-- name: newest_shelf_weights
SELECT s.store_id, s.subject_id, t.measured_at, coalesce(t.received_at, t.measured_at) AS received_at, t.weight_mg / 1000.0::float8 AS weight_g,
    t.is_stable, t.units, t.confidence::float8 AS confidence, t.guest_mg / 1000.0::float8 AS guest_g
FROM series s
CROSS JOIN LATERAL (
    SELECT * FROM shelf_weights r
    WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
) t
WHERE s.stream = 'shelf';

-- name: registry_marks
-- Changes whenever a store's layout, rules or registered devices do.
SELECT s.store_id, s.layout_version, count(r.rule_id) AS rule_count, coalesce(sum(r.version), 0)::bigint AS rule_versions,
    max(r.updated_at) AS rules_updated_at,
    (
        SELECT string_agg(d.device_id, ' ' ORDER BY d.device_id) FROM devices d
        WHERE d.store_id = s.store_id AND d.registered_at IS NOT NULL
    ) AS device_ids
FROM stores s LEFT JOIN rules r USING (store_id)
GROUP BY s.store_id, s.layout_version;

-- name: registry
SELECT s.store_id, s.layout,
    coalesce((SELECT jsonb_agg(r.spec ORDER BY r.rule_id) FROM rules r WHERE r.store_id = s.store_id), '[]') AS rules,
    ARRAY(
        SELECT d.device_id FROM devices d WHERE d.store_id = s.store_id AND d.registered_at IS NOT NULL ORDER BY 1
    ) AS device_ids
FROM stores s WHERE s.store_id = ANY (%(store_ids)s);

-- name: states
SELECT store_id, rule_id, subject_id, state::text AS state FROM rule_states;

-- name: save_state
INSERT INTO rule_states (store_id, rule_id, subject_id, state)
VALUES (%(store_id)s, %(rule_id)s, %(subject_id)s, %(state)s::jsonb)
ON CONFLICT (store_id, rule_id, subject_id) DO UPDATE SET state = excluded.state;

-- name: delete_state
DELETE FROM rule_states WHERE store_id = %(store_id)s AND rule_id = %(rule_id)s AND subject_id = %(subject_id)s;

-- name: unresolved_causes
SELECT store_id, rule_id, subject_id, cause_at FROM alerts WHERE NOT is_over;

-- name: open_alert
INSERT INTO alerts (store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at, details)
VALUES (
    %(store_id)s, %(rule_id)s, %(kind)s, %(subject_id)s, %(section_id)s, %(severity)s, 'open', %(cause_at)s, %(now)s,
    %(details)s
)
ON CONFLICT (store_id, rule_id, subject_id) WHERE NOT is_over DO NOTHING
RETURNING alert_id;

-- name: update_alert
UPDATE alerts SET details = %(details)s, severity = %(severity)s
WHERE store_id = %(store_id)s AND rule_id = %(rule_id)s AND subject_id = %(subject_id)s AND NOT is_over
RETURNING alert_id;

-- name: resolve_alert
UPDATE alerts SET state = 'resolved', resolved_at = %(now)s, proof = %(proof)s
WHERE store_id = %(store_id)s AND rule_id = %(rule_id)s AND subject_id = %(subject_id)s AND NOT is_over
RETURNING alert_id;
