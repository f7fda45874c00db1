-- Who and what there is: stores with their layout, devices, the series of readings, people and their sessions.

CREATE TABLE stores (
    store_id text PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL,
    layout jsonb NOT NULL,
    layout_version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- A device that sends before anybody registered it is kept, with registered_at null: its data is not refused.
CREATE TABLE devices (
    store_id text NOT NULL,
    device_id text NOT NULL,
    kind text,
    registered_at timestamptz,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    state text NOT NULL DEFAULT 'offline' CHECK (state IN ('online', 'offline')),
    state_at timestamptz,
    boot_id text,
    software text,
    PRIMARY KEY (store_id, device_id)
);

-- A series is what one device says of one subject (a line, a zone, a slot) on one stream; readings carry its number.
CREATE TABLE series (
    series_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id text NOT NULL,
    device_id text NOT NULL,
    stream text NOT NULL,
    subject_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (store_id, stream, subject_id, device_id)
);

CREATE TABLE users (
    user_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_name text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'staff', 'manager', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);

-- Only digests of tokens and keys are kept: a stolen backup signs nobody in.
CREATE TABLE sessions (
    token_sha256 bytea PRIMARY KEY,
    user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user_id ON sessions (user_id);

CREATE TABLE api_keys (
    api_key_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    key_sha256 bytea NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('viewer', 'staff', 'manager', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
