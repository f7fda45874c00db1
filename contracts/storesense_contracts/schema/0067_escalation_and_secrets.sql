-- One role after the other is told of an alert that nobody acknowledges, and channels' secrets are sealed.

-- escalation_step: how many of the roles that its rule names were told.
ALTER TABLE alerts ADD COLUMN escalation_step integer NOT NULL DEFAULT 0;
UPDATE alerts SET escalation_step = 1 WHERE escalated_at IS NOT NULL;

-- sealed: the channel's secrets, encrypted with a key that is not in the database. secrets holds what an earlier release
-- wrote, until the backend or the delivery worker starts and seals it. endpoint_hash: SHA-256 of a browser's address for Web
-- Push, by which it is found again.
ALTER TABLE channels
    ADD COLUMN sealed text,
    ADD COLUMN endpoint_hash bytea;
UPDATE channels SET endpoint_hash = sha256(convert_to(secrets ->> 'endpoint', 'UTF8')) WHERE kind = 'web_push';
