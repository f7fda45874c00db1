-- name: partition
INSERT INTO partitions (partition_no, head) VALUES (0, 0) ON CONFLICT DO NOTHING;

-- name: next_batch
UPDATE partitions SET head = head + 1 WHERE partition_no = 0 RETURNING head;

-- name: series
INSERT INTO series (store_id, device_id, stream, subject_id) VALUES (%(store_id)s, 'camera-1', 'queue', %(queue_id)s)
ON CONFLICT (store_id, stream, subject_id, device_id) DO UPDATE SET stream = excluded.stream
RETURNING series_id;

-- name: sample
-- As a gateway commits it.
INSERT INTO queue_samples (
    series_id, boot_no, seq, idx, batch_no, measured_at, received_at, length, longest_wait_ms
)
VALUES (%(series_id)s, 1, %(seq)s, 0, %(batch_no)s, %(now)s, %(now)s, %(length)s, 0);

-- name: notice
SELECT pg_notify('storesense_batches', %(payload)s);

-- name: states
SELECT alert_id, store_id, subject_id, state FROM alerts
WHERE store_id = ANY (%(store_ids)s) AND kind = 'queue_too_long' ORDER BY alert_id;

-- name: behind
SELECT
    (SELECT count(*) FROM notifications WHERE expanded_at IS NULL)
    + (SELECT count(*) FROM deliveries WHERE state = 'waiting');
