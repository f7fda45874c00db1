-- The worker's questions. Claims are judged by the database's clock, so that no worker's clock matters.

-- name: fresh
SELECT n.notification_id, n.alert_id, n.event, n.occurrence, n.created_at, a.store_id, a.section_id, a.severity,
    a.is_over, a.escalation, a.escalation_step,
    (a.silenced_by_alert_id IS NOT NULL OR coalesce(a.snoozed_until > %(now)s, false)) AS is_held,
    ARRAY(
        SELECT DISTINCT d.channel_id FROM deliveries d
        WHERE d.alert_id = n.alert_id AND d.state <> 'skipped' AND d.event = ANY (%(calls)s)
    ) AS told_channels
FROM notifications n JOIN alerts a USING (alert_id)
WHERE n.expanded_at IS NULL
ORDER BY n.notification_id LIMIT %(limit)s
FOR UPDATE OF n SKIP LOCKED;

-- name: addressees
SELECT s.store_id, s.time_zone,
    coalesce((SELECT jsonb_agg(to_jsonb(p)) FROM people p WHERE p.store_id = s.store_id AND p.is_enabled), '[]') AS people,
    coalesce(
        (
            SELECT jsonb_agg(to_jsonb(c) - 'secrets' - 'sealed' - 'endpoint_hash' - 'config' ORDER BY c.channel_id)
            FROM channels c WHERE c.store_id = s.store_id AND c.is_enabled
        ),
        '[]'
    ) AS channels
FROM stores s WHERE s.store_id = ANY (%(store_ids)s);

-- name: expanded
UPDATE notifications SET expanded_at = %(now)s WHERE notification_id = ANY (%(notification_ids)s);

-- name: add_deliveries
INSERT INTO deliveries (
    store_id, notification_id, channel_id, alert_id, event, key, parcel, state, created_at, due_at, ended_at, reason
)
SELECT store_id, notification_id, channel_id, alert_id, event, key, key,
    CASE WHEN reason IS NULL THEN 'waiting' ELSE 'skipped' END, %(now)s, %(now)s,
    CASE WHEN reason IS NOT NULL THEN %(now)s::timestamptz END, reason
FROM jsonb_to_recordset(%(rows)s) AS given (
    store_id text, notification_id bigint, channel_id bigint, alert_id bigint, event text, key text, reason text
)
ON CONFLICT (notification_id, channel_id) DO NOTHING;

-- name: work
-- Channels with something to send now, and when the next of the others is due. What is earlier of the same alert goes first.
SELECT d.channel_id, c.kind,
    count(*) FILTER (WHERE d.due_at <= %(now)s AND coalesce(d.claimed_until <= clock_timestamp(), true)) AS ready,
    min(d.delivery_id) FILTER (WHERE d.due_at <= %(now)s AND coalesce(d.claimed_until <= clock_timestamp(), true))
        AS first_id,
    min(d.due_at) FILTER (WHERE d.due_at > %(now)s) AS next_due_at
FROM deliveries d JOIN channels c USING (channel_id)
WHERE d.state = 'waiting'
GROUP BY d.channel_id, c.kind;

-- name: claim
-- Some messages of a channel; of one alert only the first that waits, whoever has it. Those of a digest go by claim_parcel.
UPDATE deliveries AS mine SET claimed_by = %(holder)s, claimed_until = clock_timestamp() + %(lasts)s, attempts = attempts + 1
FROM (
    SELECT d.delivery_id FROM deliveries d
    WHERE d.channel_id = %(channel_id)s AND d.state = 'waiting' AND d.due_at <= %(now)s AND d.parcel = d.key
        AND coalesce(d.claimed_until <= clock_timestamp(), true)
        AND NOT EXISTS (
            SELECT FROM deliveries earlier
            WHERE earlier.channel_id = d.channel_id AND earlier.alert_id = d.alert_id AND earlier.state = 'waiting'
                AND earlier.delivery_id < d.delivery_id
        )
    ORDER BY d.delivery_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS free
WHERE mine.delivery_id = free.delivery_id
RETURNING mine.*;

-- name: claim_digest
-- As many as wait, as one message whose key they keep from now on.
WITH free AS (
    SELECT d.delivery_id FROM deliveries d
    WHERE d.channel_id = %(channel_id)s AND d.state = 'waiting' AND d.due_at <= %(now)s AND d.parcel = d.key
        AND d.notification_id IS NOT NULL AND coalesce(d.claimed_until <= clock_timestamp(), true)
        AND NOT EXISTS (
            SELECT FROM deliveries earlier
            WHERE earlier.channel_id = d.channel_id AND earlier.alert_id = d.alert_id AND earlier.state = 'waiting'
                AND earlier.delivery_id < d.delivery_id
                AND (earlier.parcel <> earlier.key OR coalesce(earlier.claimed_until > clock_timestamp(), false))
        )
    ORDER BY d.delivery_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE deliveries AS mine SET
    claimed_by = %(holder)s, claimed_until = clock_timestamp() + %(lasts)s, attempts = attempts + 1,
    parcel = 'digest:' || (SELECT min(delivery_id) FROM free)::text
FROM free WHERE mine.delivery_id = free.delivery_id
RETURNING mine.*;

-- name: claim_parcel
-- A digest that did not arrive goes again as it was.
UPDATE deliveries AS mine SET claimed_by = %(holder)s, claimed_until = clock_timestamp() + %(lasts)s, attempts = attempts + 1
FROM (
    SELECT d.delivery_id FROM deliveries d
    WHERE d.state = 'waiting' AND d.channel_id = %(channel_id)s
        AND d.parcel = (SELECT parcel FROM deliveries WHERE delivery_id = %(first_id)s)
        AND coalesce(d.claimed_until <= clock_timestamp(), true)
    ORDER BY d.delivery_id FOR UPDATE SKIP LOCKED
) AS free
WHERE mine.delivery_id = free.delivery_id AND mine.parcel <> mine.key
RETURNING mine.*;

-- name: ways
SELECT channel_id, store_id, kind, name, version, config, secrets, sealed, language FROM channels
WHERE channel_id = ANY (%(channel_ids)s);

-- name: notices
SELECT n.notification_id, n.event, n.occurrence, n.created_at, s.name AS store_name, to_jsonb(a) AS alert,
    a.is_over
FROM notifications n JOIN alerts a USING (alert_id) JOIN stores s ON s.store_id = a.store_id
WHERE n.notification_id = ANY (%(notification_ids)s);

-- name: standing
SELECT alert_id, section_id, kind, subject_id, severity, state, opened_at, details, messages FROM alerts
WHERE store_id = %(store_id)s AND section_id = ANY (%(section_ids)s) AND NOT is_over AND silenced_by_alert_id IS NULL
ORDER BY alert_id DESC LIMIT 1000;

-- name: sent
UPDATE deliveries SET state = 'sent', ended_at = %(now)s, reason = NULL, claimed_by = NULL, claimed_until = NULL
WHERE delivery_id = ANY (%(delivery_ids)s) AND state = 'waiting';

-- name: failed
UPDATE deliveries SET due_at = %(due_at)s, reason = %(reason)s, claimed_by = NULL, claimed_until = NULL
WHERE delivery_id = ANY (%(delivery_ids)s) AND state = 'waiting' AND claimed_by = %(holder)s;

-- name: ended
UPDATE deliveries SET state = %(state)s, ended_at = %(now)s, reason = %(reason)s, claimed_by = NULL, claimed_until = NULL
WHERE delivery_id = ANY (%(delivery_ids)s) AND state = 'waiting' AND claimed_by = %(holder)s;

-- name: switch_off
UPDATE channels SET is_enabled = false, version = version + 1 WHERE channel_id = %(channel_id)s;

-- name: give_back
UPDATE deliveries SET claimed_by = NULL, claimed_until = NULL, attempts = attempts - 1
WHERE state = 'waiting' AND claimed_by = %(holder)s;

-- name: forget
-- In pieces, so that nothing waits for it.
WITH old AS (
    SELECT notification_id FROM notifications WHERE created_at < %(before)s AND expanded_at IS NOT NULL
    ORDER BY notification_id LIMIT 5000
), gone AS (
    DELETE FROM notifications WHERE notification_id IN (SELECT notification_id FROM old)
)
DELETE FROM deliveries WHERE notification_id IS NULL AND created_at < %(before)s;

-- name: tell_push_key
INSERT INTO push_keys (public_key, made_at) VALUES (%(public_key)s, %(now)s) ON CONFLICT DO NOTHING;

-- name: backlog
SELECT count(*) AS waiting, coalesce(extract(epoch FROM %(now)s - min(created_at)), 0)::float8 AS oldest_s
FROM deliveries WHERE state = 'waiting';
