-- Commands to devices: who asked for what and why, and what became of it.

CREATE TABLE device_commands (
    command_id text PRIMARY KEY CHECK (command_id ~ '^[0-9a-f]{32}$'),
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    device_id text NOT NULL,
    kind text NOT NULL,
    arguments jsonb NOT NULL DEFAULT '{}',
    issued_at timestamptz NOT NULL,
    issued_by text NOT NULL,
    reason text,
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    -- When a gateway last handed it to the broker, and how often it did. Written after that, so that a gateway which is
    -- killed in between sends it again; the device does it once.
    told_at timestamptz,
    told_count integer NOT NULL DEFAULT 0,
    -- What the device answered, from command_results.
    taken_at timestamptz,
    over_at timestamptz,
    outcome text CHECK (outcome IN ('done', 'failed', 'refused', 'expired')),
    detail text,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX device_commands_store ON device_commands (store_id, issued_at DESC);
CREATE INDEX device_commands_device ON device_commands (store_id, device_id, issued_at DESC);
CREATE INDEX device_commands_changed ON device_commands (store_id, changed_at);
CREATE INDEX device_commands_open ON device_commands (expires_at) WHERE outcome IS NULL AND taken_at IS NULL;

-- What devices answered, once each by the ledger as all readings are. A few rows a day: no partitions, no rollups.
CREATE TABLE command_results (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    command_id text NOT NULL,
    state text NOT NULL,
    detail text
);
CREATE INDEX command_results_received ON command_results (received_at);

-- Where a command stands. One that was taken is never expired, however late its end is told.
CREATE FUNCTION storesense_command_state(
    outcome text, taken_at timestamptz, told_at timestamptz, expires_at timestamptz, now_at timestamptz
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN outcome IS NOT NULL THEN outcome
        WHEN taken_at IS NOT NULL THEN 'taken'
        WHEN expires_at <= now_at THEN 'expired'
        WHEN told_at IS NOT NULL THEN 'sent'
        ELSE 'waiting'
    END
$$;

-- In the transaction that stores them, results become the state of their command: of the device's own alone, and the
-- first end stands for ever.
CREATE FUNCTION storesense_take_command_results() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed record;
BEGIN
    FOR changed IN
        WITH told AS (
            SELECT s.store_id, s.device_id, n.command_id, n.state, n.detail, n.boot_no, n.seq, n.idx,
                least(n.measured_at, n.received_at) AS at
            FROM fresh n JOIN series s USING (series_id)
        ),
        begun AS (
            SELECT store_id, device_id, command_id, min(at) FILTER (WHERE state = 'taken') AS taken_at
            FROM told GROUP BY store_id, device_id, command_id
        ),
        ended AS (
            SELECT DISTINCT ON (store_id, device_id, command_id) store_id, device_id, command_id, state, detail, at
            FROM told WHERE state <> 'taken'
            ORDER BY store_id, device_id, command_id, at, boot_no, seq, idx
        )
        UPDATE device_commands AS c SET
            taken_at = coalesce(c.taken_at, greatest(b.taken_at, c.issued_at)),
            over_at = CASE WHEN c.outcome IS NULL AND e.state IS NOT NULL THEN greatest(e.at, c.issued_at) ELSE c.over_at END,
            detail = CASE WHEN c.outcome IS NULL THEN e.detail ELSE c.detail END,
            outcome = coalesce(c.outcome, e.state),
            changed_at = now()
        FROM begun b LEFT JOIN ended e USING (store_id, device_id, command_id)
        WHERE (c.store_id, c.device_id, c.command_id) = (b.store_id, b.device_id, b.command_id)
        RETURNING c.store_id, c.device_id
    LOOP
        PERFORM pg_notify('storesense_devices', changed.store_id || '/' || changed.device_id);
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER take_command_results AFTER INSERT ON command_results
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION storesense_take_command_results();

-- Which kinds of commands a device understands, on health readings that say so (with a space between); null on all others.
ALTER TABLE health_readings ADD COLUMN commands text;
