-- name: list
SELECT
    dead_letter_id, received_at, topic, stage, reason, store_id, device_id, boot_id, seq, idx, payload_bytes,
    replay_requested_at, replay_requested_by, replay_outcome, replayed_at,
    translate(encode(substring(payload FROM 1 FOR 3000), 'base64'), E'\n', '') AS payload_base64
FROM dead_letters
WHERE (%(after)s::bigint IS NULL OR dead_letter_id < %(after)s)
    AND (%(stage)s::text IS NULL OR stage = %(stage)s)
    AND (%(store_id)s::text IS NULL OR store_id = %(store_id)s)
    AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
    AND (%(from_at)s::timestamptz IS NULL OR received_at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR received_at < %(to_at)s)
    AND (%(replayed)s::boolean IS NULL OR (replayed_at IS NOT NULL) = %(replayed)s)
ORDER BY dead_letter_id DESC
LIMIT %(limit)s;

-- name: one
SELECT
    dead_letter_id, received_at, topic, stage, reason, store_id, device_id, boot_id, seq, idx, payload_bytes,
    replay_requested_at, replay_requested_by, replay_outcome, replayed_at, payload
FROM dead_letters WHERE dead_letter_id = %(dead_letter_id)s;

-- name: request_replay
-- A gateway does it: it alone reads messages. What was replayed is left alone.
UPDATE dead_letters
SET replay_requested_at = %(now)s, replay_requested_by = %(actor)s, replay_shift_ms = %(shift_ms)s, replay_outcome = NULL
WHERE dead_letter_id = %(dead_letter_id)s AND replayed_at IS NULL;
