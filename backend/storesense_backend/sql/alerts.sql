-- name: alerts
SELECT
    alert_id, store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at,
    acknowledged_at, acknowledged_by, resolved_at, details, proof,
    taken_at, taken_by, dismissed_at, dismissed_by, dismiss_reason, snoozed_until, escalated_to, silenced_by_alert_id,
    is_late, is_blind, messages
FROM alerts
WHERE store_id = %(store_id)s
    AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
    AND (%(after)s::bigint IS NULL OR alert_id < %(after)s)
ORDER BY alert_id DESC
LIMIT %(limit)s;

-- name: alerts_by_id
SELECT
    alert_id, store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at,
    acknowledged_at, acknowledged_by, resolved_at, details, proof,
    taken_at, taken_by, dismissed_at, dismissed_by, dismiss_reason, snoozed_until, escalated_to, silenced_by_alert_id,
    is_late, is_blind, messages
FROM alerts
WHERE alert_id = ANY (%(alert_ids)s);

-- name: current_alerts
-- What is not over, and what was resolved a moment ago.
SELECT
    alert_id, store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at,
    acknowledged_at, acknowledged_by, resolved_at, details, proof,
    taken_at, taken_by, dismissed_at, dismissed_by, dismiss_reason, snoozed_until, escalated_to, silenced_by_alert_id,
    is_late, is_blind, messages
FROM alerts
WHERE store_id = ANY (%(store_ids)s)
    AND (NOT is_over OR (resolved_at > %(resolved_since)s AND opened_at > %(resolved_since)s - interval '7 days'))
ORDER BY alert_id DESC
LIMIT %(limit)s;

-- name: acknowledge
-- The update waits for the engine's row lock, so it sees either an alert that stands or one that is over.
UPDATE alerts
SET state = 'acknowledged', acknowledged_at = %(now)s, acknowledged_by = %(actor)s
WHERE alert_id = %(alert_id)s AND store_id = %(store_id)s AND state = 'open'
RETURNING alert_id;

-- name: add_event
INSERT INTO alert_events (alert_id, happened_at, kind, actor, details)
VALUES (%(alert_id)s, %(now)s, %(kind)s, %(actor)s, %(details)s);

-- name: notify_alert
SELECT pg_notify('storesense_alerts', %(store_id)s || ':' || %(alert_id)s::text);
