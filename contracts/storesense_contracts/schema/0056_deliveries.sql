-- Who is told of alerts, on which ways, and what became of each message.

-- shifts and quiet_hours are stretches on the store's clock ({days, from_local, until_local}); no shifts: always there.
-- sections: none means all of the store.
CREATE TABLE people (
    person_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    name text NOT NULL,
    user_name text,
    role text NOT NULL CHECK (role IN ('staff', 'manager', 'admin')),
    language text NOT NULL,
    sections text[] NOT NULL DEFAULT '{}',
    shifts jsonb NOT NULL DEFAULT '[]',
    quiet_hours jsonb NOT NULL DEFAULT '[]',
    is_woken_by_critical boolean NOT NULL DEFAULT false,
    hears_all boolean NOT NULL DEFAULT false,
    is_enabled boolean NOT NULL DEFAULT true,
    UNIQUE (store_id, name)
);

-- A channel leads to one person, or to the store's own machines and groups (person_id is null). What must stay secret is in
-- secrets, which no answer of the API and no log shows.
CREATE TABLE channels (
    channel_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    person_id bigint REFERENCES people ON DELETE CASCADE,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('webhook', 'apprise', 'web_push', 'mqtt')),
    config jsonb NOT NULL DEFAULT '{}',
    secrets jsonb NOT NULL DEFAULT '{}',
    language text NOT NULL,
    sections text[] NOT NULL DEFAULT '{}',
    events text[] NOT NULL DEFAULT '{}',
    min_severity text NOT NULL DEFAULT 'info' CHECK (min_severity IN ('info', 'warning', 'critical')),
    is_enabled boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    UNIQUE (store_id, name)
);
CREATE INDEX channels_person ON channels (person_id) WHERE person_id IS NOT NULL;

-- One message to one channel. notification_id is null for a test. parcel: deliveries that go as one message have the same.
-- payload: what a test says; of others it is made from the alert when it is sent.
CREATE TABLE deliveries (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    notification_id bigint REFERENCES notifications ON DELETE CASCADE,
    channel_id bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    alert_id bigint REFERENCES alerts ON DELETE CASCADE,
    event text NOT NULL,
    key text NOT NULL,
    parcel text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'sent', 'dead', 'skipped')),
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    claimed_by text,
    claimed_until timestamptz,
    ended_at timestamptz,
    reason text,
    UNIQUE (notification_id, channel_id)
);
CREATE INDEX deliveries_waiting ON deliveries (channel_id, delivery_id) WHERE state = 'waiting';
CREATE INDEX deliveries_store ON deliveries (store_id, delivery_id DESC);
CREATE INDEX deliveries_alert ON deliveries (alert_id) WHERE alert_id IS NOT NULL;
