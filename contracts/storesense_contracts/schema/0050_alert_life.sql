-- The life of an alert after it opened: taken in hand, dismissed with a reason, snoozed, escalated, reminded of, silenced.

ALTER TABLE alerts DROP CONSTRAINT alerts_state_check;
ALTER TABLE alerts ADD CONSTRAINT alerts_state_check
    CHECK (state IN ('open', 'acknowledged', 'in_hand', 'resolved', 'dismissed'));

-- silenced_by_alert_id: the unresolved alert that explains this one (its device is offline), so nobody is told of it.
-- is_late: readings that arrived late opened it. is_blind: its sensors say too little to judge by, for it or against it.
ALTER TABLE alerts
    ADD COLUMN is_over boolean GENERATED ALWAYS AS (state IN ('resolved', 'dismissed')) STORED,
    ADD COLUMN taken_at timestamptz,
    ADD COLUMN taken_by text,
    ADD COLUMN dismissed_at timestamptz,
    ADD COLUMN dismissed_by text,
    ADD COLUMN dismiss_reason text,
    ADD COLUMN snoozed_until timestamptz,
    ADD COLUMN snoozed_by text,
    ADD COLUMN snooze_reason text,
    ADD COLUMN escalated_to text,
    ADD COLUMN escalated_at timestamptz,
    ADD COLUMN reminded_at timestamptz,
    ADD COLUMN reminder_count integer NOT NULL DEFAULT 0,
    ADD COLUMN silenced_by_alert_id bigint,
    ADD COLUMN is_late boolean NOT NULL DEFAULT false,
    ADD COLUMN is_blind boolean NOT NULL DEFAULT false;

-- One alert a cause, however long it lasts.
DROP INDEX alerts_one_unresolved;
CREATE UNIQUE INDEX alerts_one_unresolved ON alerts (store_id, rule_id, subject_id) WHERE NOT is_over;
CREATE INDEX alerts_silenced_by ON alerts (silenced_by_alert_id) WHERE silenced_by_alert_id IS NOT NULL;
CREATE INDEX alerts_cause ON alerts (store_id, rule_id, subject_id, alert_id DESC);
