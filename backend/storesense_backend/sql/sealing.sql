-- name: plain
SELECT channel_id, secrets FROM channels WHERE secrets <> '{}' AND sealed IS NULL ORDER BY channel_id FOR UPDATE;

-- name: all
SELECT channel_id, secrets, sealed FROM channels WHERE secrets <> '{}' OR sealed IS NOT NULL
ORDER BY channel_id FOR UPDATE;

-- name: put
UPDATE channels SET sealed = %(sealed)s, secrets = %(nothing)s WHERE channel_id = %(channel_id)s;
