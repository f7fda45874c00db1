-- Rules, what the alert engine remembers between batches, and the alerts with their history.

CREATE TABLE rules (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    rule_id text NOT NULL,
    kind text NOT NULL,
    spec jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store_id, rule_id)
);

CREATE TABLE rule_states (
    store_id text NOT NULL,
    rule_id text NOT NULL,
    subject_id text NOT NULL,
    state jsonb NOT NULL,
    PRIMARY KEY (store_id, rule_id, subject_id)
);

CREATE TABLE alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id text NOT NULL,
    rule_id text NOT NULL,
    kind text NOT NULL,
    subject_id text NOT NULL,
    section_id text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    cause_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    details jsonb NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz,
    proof jsonb
);
-- One alert a cause, however long it lasts.
CREATE UNIQUE INDEX alerts_one_unresolved ON alerts (store_id, rule_id, subject_id) WHERE state <> 'resolved';
CREATE INDEX alerts_store_opened ON alerts (store_id, opened_at DESC);

CREATE TABLE alert_events (
    alert_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES alerts ON DELETE CASCADE,
    happened_at timestamptz NOT NULL,
    kind text NOT NULL,
    actor text,
    details jsonb
);
CREATE INDEX alert_events_alert ON alert_events (alert_id, alert_event_id);
