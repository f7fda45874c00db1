-- name: recorded
-- Alerts that stood at some time of the span, and what staff made of them.
SELECT rule_id, kind, subject_id, staff_verdict, cause_at, coalesce(resolved_at, dismissed_at) AS over_at
FROM alerts
WHERE store_id = %(store_id)s AND cause_at < %(to_at)s AND coalesce(resolved_at, dismissed_at, 'infinity') > %(from_at)s;
