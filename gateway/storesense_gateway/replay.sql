-- Dead letters: to list, to show, and to replay.

-- name: list_letters
SELECT
    dead_letter_id, received_at, topic, stage, reason, store_id, device_id, boot_id, seq, idx, payload, payload_bytes,
    replayed_at
FROM dead_letters
WHERE (%(stage)s::text IS NULL OR stage = %(stage)s)
    AND (%(store_id)s::text IS NULL OR store_id = %(store_id)s)
    AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
    AND (%(from_at)s::timestamptz IS NULL OR received_at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR received_at < %(to_at)s)
    AND (%(replayed)s::boolean IS NULL OR (replayed_at IS NOT NULL) = %(replayed)s)
ORDER BY dead_letter_id DESC
LIMIT %(limit)s

-- name: find_letter
SELECT
    dead_letter_id, received_at, topic, stage, reason, store_id, device_id, boot_id, seq, idx, payload, payload_bytes,
    replayed_at
FROM dead_letters WHERE dead_letter_id = %(dead_letter_id)s

-- name: lock_letter
SELECT replayed_at FROM dead_letters WHERE dead_letter_id = %(dead_letter_id)s FOR UPDATE

-- name: mark_replayed
UPDATE dead_letters SET replayed_at = %(now)s, replay_outcome = %(outcome)s, replay_requested_at = NULL
WHERE dead_letter_id = %(dead_letter_id)s

-- name: mark_refused
UPDATE dead_letters SET replay_outcome = %(outcome)s, replay_requested_at = NULL
WHERE dead_letter_id = %(dead_letter_id)s AND replayed_at IS NULL

-- name: requested
SELECT dead_letter_id, coalesce(replay_shift_ms, 0) FROM dead_letters
WHERE replay_requested_at IS NOT NULL ORDER BY dead_letter_id LIMIT 100
