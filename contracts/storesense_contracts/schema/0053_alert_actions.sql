-- What people do with alerts: reminders with their due instants, actions that a client may send twice, ends by hand.

-- remind_due_at, escalate_due_at: when whoever should care is reminded, and when the next role is told; null if never.
-- resolved_by: who ended it by hand; null where a sensor's proof, or nobody, did.
ALTER TABLE alerts
    ADD COLUMN remind_due_at timestamptz,
    ADD COLUMN escalate_due_at timestamptz,
    ADD COLUMN resolved_by text;
CREATE INDEX alerts_due ON alerts (least(remind_due_at, escalate_due_at))
    WHERE state IN ('open', 'acknowledged', 'in_hand') AND least(remind_due_at, escalate_due_at) IS NOT NULL;
CREATE INDEX alerts_resolved_by_hand ON alerts (resolved_at) WHERE resolved_by IS NOT NULL;

-- Alerts that stand have a future from now on.
UPDATE alerts SET
    remind_due_at = now() + make_interval(secs => (escalation ->> 'remind_every_s')::float8),
    escalate_due_at = CASE WHEN escalated_at IS NULL
        THEN now() + make_interval(secs => (escalation ->> 'escalate_after_s')::float8) END
WHERE state = 'open' AND escalation IS NOT NULL;

-- action_key: what the client calls its action, so that one sent again after a lost answer does nothing twice.
ALTER TABLE alert_events ADD COLUMN action_key text;
CREATE UNIQUE INDEX alert_events_action_key ON alert_events (actor, action_key) WHERE action_key IS NOT NULL;

-- What staff made of an alert: whoever acknowledged it or took it says that it was right.
ALTER TABLE alerts ADD COLUMN staff_verdict text NOT NULL GENERATED ALWAYS AS (
    CASE
        WHEN state = 'dismissed' AND coalesce(dismiss_reason, 'wrong') IN ('wrong', 'not_useful') THEN 'wrong'
        WHEN state = 'dismissed' AND dismiss_reason <> 'already_done' THEN 'unknown'
        WHEN acknowledged_at IS NOT NULL OR taken_at IS NOT NULL THEN 'right'
        ELSE 'unknown'
    END
) STORED;
