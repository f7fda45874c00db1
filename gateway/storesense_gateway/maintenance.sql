-- The queries of the maintenance. What differs between databases stands behind functions of the schema.

-- name: take_lock
SELECT pg_try_advisory_lock(%(key)s)

-- name: release_lock
SELECT pg_advisory_unlock(%(key)s)

-- name: ensure_partitions
SELECT storesense_ensure_partitions(%(from_at)s, %(to_at)s)

-- name: places
SELECT partitions.partition_no, done.batch_no, partitions.head
FROM partitions
LEFT JOIN follower_cursors AS done ON done.follower = 'rollups' AND done.partition_no = partitions.partition_no
ORDER BY partitions.partition_no

-- name: oldest_touched
SELECT min(bucket_at) FROM storesense_touched(%(from_batch_no)s, %(to_batch_no)s)

-- name: refresh_statements
SELECT * FROM storesense_refresh_statements(%(from_at)s, %(to_at)s)

-- name: add_cursor
INSERT INTO follower_cursors (follower, partition_no, batch_no) VALUES ('rollups', %(partition_no)s, %(batch_no)s)
ON CONFLICT (follower, partition_no) DO NOTHING

-- name: roll
SELECT storesense_roll(%(from_batch_no)s, %(to_batch_no)s)

-- name: move_cursor
-- Moves it only from where it was found, so that no batch is added twice.
UPDATE follower_cursors SET batch_no = %(to_batch_no)s, updated_at = now()
WHERE follower = 'rollups' AND partition_no = %(partition_no)s AND batch_no = %(from_batch_no)s

-- name: follow_store_days
SELECT storesense_follow_store_days(%(from_batch_no)s, %(to_batch_no)s)

-- name: rebase_store_days
SELECT storesense_rebase_store_days()

-- name: compress_statements
SELECT * FROM storesense_compress_statements(%(before_at)s)

-- name: raw_horizon
SELECT raw_from_at FROM raw_horizon

-- name: raise_raw_horizon
-- Never back: what is gone stays gone.
UPDATE raw_horizon SET raw_from_at = greatest(raw_from_at, storesense_raw_edge(%(before_at)s)) RETURNING raw_from_at

-- name: drop_statements
SELECT * FROM storesense_drop_statements(%(before_at)s)
