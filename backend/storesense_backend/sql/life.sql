-- name: lock_alert
-- Whoever comes second waits for the first and then sees what it did.
SELECT *, silenced_by_alert_id IS NOT NULL AS is_silenced FROM alerts
WHERE store_id = %(store_id)s AND alert_id = %(alert_id)s
FOR UPDATE;

-- name: alert
SELECT *, silenced_by_alert_id IS NOT NULL AS is_silenced FROM alerts
WHERE store_id = %(store_id)s AND alert_id = %(alert_id)s;

-- name: lock_due_alerts
-- Another engine that does the same at this moment has locked its own.
SELECT *, silenced_by_alert_id IS NOT NULL AS is_silenced FROM alerts
WHERE state IN ('open', 'acknowledged', 'in_hand') AND least(remind_due_at, escalate_due_at) <= %(now)s
    AND store_id = ANY (%(store_ids)s)
ORDER BY least(remind_due_at, escalate_due_at)
LIMIT %(most)s
FOR UPDATE SKIP LOCKED;

-- name: save_life
UPDATE alerts SET
    state = %(state)s, remind_due_at = %(remind_due_at)s, escalate_due_at = %(escalate_due_at)s,
    acknowledged_at = %(acknowledged_at)s, acknowledged_by = %(acknowledged_by)s,
    taken_at = %(taken_at)s, taken_by = %(taken_by)s,
    resolved_at = %(resolved_at)s, resolved_by = %(resolved_by)s, proof = %(proof)s,
    dismissed_at = %(dismissed_at)s, dismissed_by = %(dismissed_by)s, dismiss_reason = %(dismiss_reason)s,
    snoozed_until = %(snoozed_until)s, snoozed_by = %(snoozed_by)s, snooze_reason = %(snooze_reason)s,
    escalated_to = %(escalated_to)s, escalated_at = %(escalated_at)s, escalation_step = %(escalation_step)s,
    reminded_at = %(reminded_at)s, reminder_count = %(reminder_count)s
WHERE alert_id = %(alert_id)s;

-- name: add_event
INSERT INTO alert_events (alert_id, happened_at, kind, actor, details, action_key)
VALUES (%(alert_id)s, %(now)s, %(kind)s, %(actor)s, %(details)s, %(action_key)s);

-- name: notify_alert
SELECT pg_notify('storesense_alerts', %(store_id)s || ':' || %(alert_id)s::text);

-- name: count_events
SELECT count(*)::integer AS earlier FROM alert_events WHERE alert_id = %(alert_id)s AND kind = %(kind)s;

-- name: serialise_key
-- The same action sent twice at once: the second waits for the first.
SELECT pg_advisory_xact_lock(hashtextextended(%(actor)s || ' ' || %(action_key)s, 0));

-- name: done_before
SELECT e.alert_id, e.kind, a.store_id FROM alert_events e JOIN alerts a USING (alert_id)
WHERE e.actor = %(actor)s AND e.action_key = %(action_key)s;

-- name: timeline
SELECT alert_event_id AS event_id, happened_at, kind, actor, details
FROM alert_events WHERE alert_id = %(alert_id)s
ORDER BY alert_event_id LIMIT %(most)s;

-- name: open_report
-- The same thing at the same place, reported again while it stands, is no second alert.
INSERT INTO alerts (
    store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at, details, escalation,
    remind_due_at, escalate_due_at
)
VALUES (
    %(store_id)s, %(rule_id)s, %(kind)s, %(subject_id)s, %(section_id)s, %(severity)s, 'open', %(now)s, %(now)s,
    %(details)s, %(escalation)s, %(remind_due_at)s, %(escalate_due_at)s
)
ON CONFLICT (store_id, rule_id, subject_id) WHERE NOT is_over DO NOTHING
RETURNING alert_id;

-- name: standing_report
SELECT alert_id FROM alerts
WHERE store_id = %(store_id)s AND rule_id = %(rule_id)s AND subject_id = %(subject_id)s AND NOT is_over;

-- name: ended_by_hand
-- Moments that staff declared done: the next one of their kind is news again.
SELECT store_id, rule_id, subject_id, resolved_at FROM alerts
WHERE resolved_by IS NOT NULL AND resolved_at > %(since)s AND store_id = ANY (%(store_ids)s) AND kind = ANY (%(kinds)s);
