-- name: alerts
SELECT
    alert_id, store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at,
    acknowledged_at, acknowledged_by, resolved_at, details, proof,
    resolved_by, taken_at, taken_by, dismissed_at, dismissed_by, dismiss_reason, snoozed_until, snoozed_by, snooze_reason,
    escalated_to, escalated_at, reminded_at, reminder_count, silenced_by_alert_id, is_late, is_blind, messages
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
    resolved_by, taken_at, taken_by, dismissed_at, dismissed_by, dismiss_reason, snoozed_until, snoozed_by, snooze_reason,
    escalated_to, escalated_at, reminded_at, reminder_count, silenced_by_alert_id, is_late, is_blind, messages
FROM alerts
WHERE alert_id = ANY (%(alert_ids)s);

-- name: current_alerts
-- What is not over, and what ended a moment ago.
SELECT
    alert_id, store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at,
    acknowledged_at, acknowledged_by, resolved_at, details, proof,
    resolved_by, taken_at, taken_by, dismissed_at, dismissed_by, dismiss_reason, snoozed_until, snoozed_by, snooze_reason,
    escalated_to, escalated_at, reminded_at, reminder_count, silenced_by_alert_id, is_late, is_blind, messages
FROM alerts
WHERE store_id = ANY (%(store_ids)s)
    AND (NOT is_over OR (coalesce(resolved_at, dismissed_at) > %(resolved_since)s AND opened_at > %(resolved_since)s - interval '7 days'))
ORDER BY alert_id DESC
LIMIT %(limit)s;
