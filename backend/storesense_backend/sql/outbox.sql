-- name: enqueue
-- Harmless to repeat: what was told once is told once.
INSERT INTO notifications (alert_id, event, occurrence, created_at)
SELECT given.alert_id, given.event, given.occurrence, %(now)s
FROM unnest(%(alert_ids)s::bigint[], %(events)s::text[], %(occurrences)s::integer[]) AS given (alert_id, event, occurrence)
ON CONFLICT (alert_id, event, occurrence) DO NOTHING;

-- name: wake
SELECT pg_notify('storesense_notifications', '');
