-- Time is the database's own, so that no engine's clock matters.

-- name: appear
WITH mine AS (
    INSERT INTO alert_engines (holder, expires_at) VALUES (%(holder)s, clock_timestamp() + %(lasts)s)
    ON CONFLICT (holder) DO UPDATE SET expires_at = excluded.expires_at
), gone AS (
    DELETE FROM alert_engines WHERE expires_at < clock_timestamp() - interval '1 minute' AND holder <> %(holder)s
)
INSERT INTO store_leases (store_id) SELECT store_id FROM stores
WHERE NOT EXISTS (SELECT FROM store_leases AS known WHERE known.store_id = stores.store_id)
ON CONFLICT DO NOTHING;

-- name: shares
SELECT
    (SELECT count(*) FROM store_leases) AS stores,
    (SELECT count(*) FROM alert_engines WHERE expires_at > clock_timestamp()) AS engines,
    (
        SELECT count(*) FROM store_leases
        WHERE holder IS NULL OR expires_at <= clock_timestamp() OR (holder = %(holder)s AND store_id <> ALL (%(held)s))
    ) AS free;

-- name: renew
UPDATE store_leases AS lease
SET expires_at = clock_timestamp() + %(lasts)s, cursors = lease.cursors || given.cursors::jsonb
FROM unnest(%(store_ids)s::text[], %(epochs)s::bigint[], %(cursors)s::text[]) AS given (store_id, epoch, cursors)
WHERE lease.store_id = given.store_id AND lease.holder = %(holder)s AND lease.epoch = given.epoch
RETURNING lease.store_id;

-- name: take
-- An engine that forgot what it holds, because its connection broke, takes it again at once.
UPDATE store_leases AS lease
SET holder = %(holder)s, epoch = lease.epoch + 1, expires_at = clock_timestamp() + %(lasts)s
FROM (
    SELECT store_id FROM store_leases
    WHERE holder IS NULL OR expires_at <= clock_timestamp() OR (holder = %(holder)s AND store_id <> ALL (%(held)s))
    ORDER BY store_id LIMIT %(most)s FOR UPDATE SKIP LOCKED
) AS free
WHERE lease.store_id = free.store_id
RETURNING lease.store_id, lease.epoch, lease.cursors;

-- name: release
UPDATE store_leases SET holder = NULL, expires_at = '-infinity'
WHERE holder = %(holder)s AND store_id = ANY (%(store_ids)s);

-- name: leave
DELETE FROM alert_engines WHERE holder = %(holder)s;

-- name: save_cursors
-- The update locks the lease: whoever takes it waits for this transaction, and one that was taken updates nothing.
UPDATE store_leases AS lease SET cursors = lease.cursors || given.cursors::jsonb
FROM unnest(%(store_ids)s::text[], %(epochs)s::bigint[], %(cursors)s::text[]) AS given (store_id, epoch, cursors)
WHERE lease.store_id = given.store_id AND lease.holder = %(holder)s AND lease.epoch = given.epoch
RETURNING lease.store_id;

-- name: heads
SELECT partition_no, head FROM partitions;

-- name: note_follower
-- What is older than the slowest store's cursor needs no batch number any more.
INSERT INTO follower_cursors (follower, partition_no, batch_no, updated_at)
SELECT 'alerts', p.partition_no,
    least(p.head, min(coalesce((l.cursors ->> p.partition_no::text)::bigint, p.partition_no::bigint << 40))), clock_timestamp()
FROM partitions p CROSS JOIN store_leases l
WHERE l.cursors <> '{}'
GROUP BY p.partition_no, p.head
ON CONFLICT (follower, partition_no) DO UPDATE SET batch_no = excluded.batch_no, updated_at = excluded.updated_at;
