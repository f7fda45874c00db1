-- name: people
SELECT person_id, name, user_name, role, language, sections, shifts, quiet_hours, is_woken_by_critical, hears_all,
    is_enabled
FROM people WHERE store_id = %(store_id)s ORDER BY name;

-- name: person_of_user
SELECT person_id, language FROM people WHERE store_id = %(store_id)s AND user_name = %(user_name)s
ORDER BY person_id LIMIT 1;

-- name: add_person
INSERT INTO people (
    store_id, name, user_name, role, language, sections, shifts, quiet_hours, is_woken_by_critical, hears_all, is_enabled
)
VALUES (
    %(store_id)s, %(name)s, %(user_name)s, %(role)s, %(language)s, %(sections)s, %(shifts)s, %(quiet_hours)s,
    %(is_woken_by_critical)s, %(hears_all)s, %(is_enabled)s
)
ON CONFLICT (store_id, name) DO NOTHING
RETURNING person_id, name, user_name, role, language, sections, shifts, quiet_hours, is_woken_by_critical, hears_all,
    is_enabled;

-- name: put_person
UPDATE people SET
    name = %(name)s, user_name = %(user_name)s, role = %(role)s, language = %(language)s, sections = %(sections)s,
    shifts = %(shifts)s, quiet_hours = %(quiet_hours)s, is_woken_by_critical = %(is_woken_by_critical)s,
    hears_all = %(hears_all)s, is_enabled = %(is_enabled)s
WHERE store_id = %(store_id)s AND person_id = %(person_id)s
RETURNING person_id, name, user_name, role, language, sections, shifts, quiet_hours, is_woken_by_critical, hears_all,
    is_enabled;

-- name: delete_person
DELETE FROM people WHERE store_id = %(store_id)s AND person_id = %(person_id)s RETURNING person_id;

-- name: channels
-- What a channel leads to is told without what must stay secret: of an address its scheme and host alone.
SELECT channel_id, person_id, name, kind, language, sections, events, min_severity, is_enabled, version, created_at,
    created_by, config ->> 'shown' AS leads_to,
    (SELECT count(*) FROM deliveries d WHERE d.channel_id = c.channel_id AND d.state = 'waiting') AS waiting,
    (SELECT max(ended_at) FROM deliveries d WHERE d.channel_id = c.channel_id AND d.state = 'sent') AS last_sent_at,
    (
        SELECT reason FROM deliveries d
        WHERE d.channel_id = c.channel_id AND d.state IN ('waiting', 'dead') AND d.reason IS NOT NULL
            AND d.created_at > %(now)s - interval '1 day'
        ORDER BY delivery_id DESC LIMIT 1
    ) AS last_reason
FROM channels c WHERE store_id = %(store_id)s AND (%(channel_id)s::bigint IS NULL OR channel_id = %(channel_id)s)
ORDER BY name;

-- name: add_channel
INSERT INTO channels (
    store_id, person_id, name, kind, config, sealed, endpoint_hash, language, sections, events, min_severity, is_enabled,
    created_at, created_by
)
VALUES (
    %(store_id)s, %(person_id)s, %(name)s, %(kind)s, %(config)s, %(sealed)s, %(endpoint_hash)s, %(language)s, %(sections)s,
    %(events)s, %(min_severity)s, %(is_enabled)s, %(now)s, %(actor)s
)
ON CONFLICT (store_id, name) DO NOTHING
RETURNING channel_id;

-- name: put_channel
-- Without new secrets the old ones stay.
UPDATE channels SET
    person_id = %(person_id)s, name = %(name)s, language = %(language)s, sections = %(sections)s, events = %(events)s,
    min_severity = %(min_severity)s, is_enabled = %(is_enabled)s, version = version + 1,
    config = config || coalesce(%(config)s::jsonb, '{}'),
    secrets = CASE WHEN %(sealed)s::text IS NULL THEN secrets ELSE '{}' END, sealed = coalesce(%(sealed)s, sealed)
WHERE store_id = %(store_id)s AND channel_id = %(channel_id)s
RETURNING channel_id;

-- name: delete_channel
DELETE FROM channels WHERE store_id = %(store_id)s AND channel_id = %(channel_id)s RETURNING channel_id;

-- name: lock_channel
SELECT kind, secrets, sealed FROM channels WHERE store_id = %(store_id)s AND channel_id = %(channel_id)s FOR UPDATE;

-- name: put_secrets
UPDATE channels SET sealed = %(sealed)s, secrets = '{}', version = version + 1 WHERE channel_id = %(channel_id)s;

-- name: add_trial
WITH made AS (
    INSERT INTO deliveries (store_id, channel_id, event, key, parcel, state, created_at, due_at)
    SELECT store_id, channel_id, 'test', '', '', 'waiting', %(now)s, %(now)s FROM channels
    WHERE store_id = %(store_id)s AND channel_id = %(channel_id)s
    RETURNING delivery_id
)
SELECT delivery_id FROM made;

-- name: name_trial
UPDATE deliveries SET key = 'test:' || delivery_id::text, parcel = 'test:' || delivery_id::text
WHERE delivery_id = %(delivery_id)s;

-- name: deliveries
SELECT d.delivery_id, d.channel_id, c.name AS channel_name, c.kind, c.person_id, p.name AS person_name, d.alert_id,
    d.event, d.key, nullif(d.parcel, d.key) AS digest_key, d.state, d.attempts, d.created_at,
    CASE WHEN d.state = 'waiting' THEN d.due_at END AS due_at, d.ended_at, d.reason
FROM deliveries d JOIN channels c USING (channel_id) LEFT JOIN people p ON p.person_id = c.person_id
WHERE d.store_id = %(store_id)s
    AND (%(delivery_id)s::bigint IS NULL OR d.delivery_id = %(delivery_id)s)
    AND (%(state)s::text IS NULL OR d.state = %(state)s)
    AND (%(channel_id)s::bigint IS NULL OR d.channel_id = %(channel_id)s)
    AND (%(alert_id)s::bigint IS NULL OR d.alert_id = %(alert_id)s)
    AND (%(after)s::bigint IS NULL OR d.delivery_id < %(after)s)
ORDER BY d.delivery_id DESC LIMIT %(limit)s;

-- name: push_key
SELECT public_key FROM push_keys ORDER BY made_at DESC LIMIT 1;

-- name: subscription
SELECT channel_id FROM channels
WHERE store_id = %(store_id)s AND kind = 'web_push' AND endpoint_hash = %(endpoint_hash)s
    AND person_id = %(person_id)s;

-- name: wake
SELECT pg_notify('storesense_notifications', '');
