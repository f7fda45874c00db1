-- Commands that devices are to be sent.

-- name: due
-- Of a device that is connected, what it has not answered and what has not expired: at once when the command or the device's
-- connection is new, and then again after 5 s, 10 s, 20 s... up to 5 min, as a broker may have lost it. A device does each once.
SELECT c.command_id, c.store_id, c.device_id, c.kind, c.arguments::text, c.issued_at, c.expires_at,
    ceil(extract(epoch FROM c.expires_at - now()))::integer AS valid_s
FROM device_commands c JOIN devices d USING (store_id, device_id)
WHERE c.outcome IS NULL AND c.taken_at IS NULL AND c.expires_at > now() AND d.state = 'online'
    AND (cardinality(%(store_ids)s::text[]) = 0 OR c.store_id = ANY (%(store_ids)s))
    AND (
        c.told_at IS NULL
        OR d.state_at > c.told_at
        OR now() > c.told_at + least(300, 5 * 2 ^ least(c.told_count - 1, 10)) * interval '1 second'
    )
ORDER BY c.issued_at
LIMIT 200;

-- name: told
UPDATE device_commands SET told_at = now(), told_count = told_count + 1, changed_at = now()
WHERE command_id = %(command_id)s AND outcome IS NULL;

-- name: announce
SELECT pg_notify('storesense_devices', %(store_id)s || '/' || %(device_id)s);

-- name: forget_commands
DELETE FROM device_commands WHERE issued_at < now() - %(days)s * interval '1 day';

-- name: forget_results
DELETE FROM command_results WHERE received_at < now() - %(days)s * interval '1 day';
