-- What people and machines are to be told of alerts: written in the transaction that decided it, sent by a worker afterwards.

-- occurrence tells the second reminder from the first; of an event that comes once it is 0. expanded_at: when it was turned
-- into deliveries. The key that receivers drop repeats by is alert_id:event:occurrence.
CREATE TABLE notifications (
    notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES alerts ON DELETE CASCADE,
    event text NOT NULL,
    occurrence integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expanded_at timestamptz,
    UNIQUE (alert_id, event, occurrence)
);
CREATE INDEX notifications_waiting ON notifications (notification_id) WHERE expanded_at IS NULL;
