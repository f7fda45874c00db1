-- name: lock_device
-- One request at a time for a device, so that bounds hold. Null where it is of no registered store.
SELECT d.device_id, (
    SELECT string_to_array(h.commands, ' ')
    FROM series s
    CROSS JOIN LATERAL (
        SELECT r.commands, r.measured_at FROM health_readings r
        WHERE r.series_id = s.series_id AND r.measured_at > %(since)s ORDER BY r.measured_at DESC LIMIT 1
    ) h
    WHERE s.store_id = d.store_id AND s.device_id = d.device_id AND s.stream = 'health' AND h.commands IS NOT NULL
    ORDER BY h.measured_at DESC LIMIT 1
) AS kinds
FROM devices d WHERE d.store_id = %(store_id)s AND d.device_id = %(device_id)s FOR NO KEY UPDATE OF d;

-- name: lately
SELECT
    count(*) FILTER (WHERE device_id = %(device_id)s AND issued_at > %(minute_ago)s) AS of_device,
    count(*) FILTER (WHERE issued_at > %(minute_ago)s) AS of_store,
    bool_or(
        device_id = %(device_id)s AND kind = %(kind)s AND arguments ->> 'slot_id' IS NOT DISTINCT FROM %(slot_id)s
        AND outcome IS NULL AND expires_at > %(now)s
    ) AS is_open
FROM device_commands WHERE store_id = %(store_id)s AND issued_at > %(day_ago)s;

-- name: add
INSERT INTO device_commands (
    command_id, store_id, device_id, kind, arguments, issued_at, issued_by, reason, expires_at, changed_at
)
VALUES (
    %(command_id)s, %(store_id)s, %(device_id)s, %(kind)s, %(arguments)s, %(now)s, %(issued_by)s, %(reason)s,
    %(expires_at)s, %(now)s
);

-- name: notify
SELECT pg_notify('storesense_commands', %(store_id)s), pg_notify('storesense_devices', %(store_id)s || '/' || %(device_id)s);

-- name: list
SELECT
    command_id, device_id, kind, arguments, issued_at, issued_by, reason, expires_at, told_at, taken_at, over_at, detail,
    storesense_command_state(outcome, taken_at, told_at, expires_at, %(now)s) AS state
FROM device_commands
WHERE store_id = %(store_id)s
    AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
ORDER BY issued_at DESC, command_id
LIMIT %(limit)s;

-- name: recent
-- What changed lately, for the live stream: a few of each store.
SELECT
    c.store_id, command_id, device_id, kind, arguments, issued_at, issued_by, reason, expires_at, told_at, taken_at, over_at,
    detail, storesense_command_state(outcome, taken_at, told_at, expires_at, %(now)s) AS state
FROM unnest(%(store_ids)s::text[]) AS wanted (store_id)
CROSS JOIN LATERAL (
    SELECT * FROM device_commands
    WHERE store_id = wanted.store_id AND changed_at > %(since)s ORDER BY changed_at DESC LIMIT 50
) c
ORDER BY c.issued_at DESC, c.command_id;
