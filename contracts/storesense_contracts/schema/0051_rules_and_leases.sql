-- Every edit of a rule is kept, and engines share the stores.

-- spec is null where the rule was deleted.
CREATE TABLE rule_versions (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    rule_id text NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL,
    spec jsonb,
    edited_at timestamptz NOT NULL,
    edited_by text NOT NULL,
    PRIMARY KEY (store_id, rule_id, version)
);
INSERT INTO rule_versions (store_id, rule_id, version, kind, spec, edited_at, edited_by)
SELECT store_id, rule_id, version, kind, spec, updated_at, 'registration' FROM rules;

-- Who judges a store. epoch goes up with each change of holder, and is checked in the transaction that writes what was
-- decided. cursors: by partition number, the newest batch that was judged for this store; empty if none ever was.
CREATE TABLE store_leases (
    store_id text PRIMARY KEY REFERENCES stores ON DELETE CASCADE,
    holder text,
    epoch bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    cursors jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
INSERT INTO store_leases (store_id, cursors)
SELECT store_id, coalesce(
    (SELECT jsonb_object_agg(partition_no::text, batch_no) FROM follower_cursors WHERE follower = 'alerts'), '{}')
FROM stores;

-- Which engines live, so that each takes its share of the stores.
CREATE TABLE alert_engines (
    holder text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
