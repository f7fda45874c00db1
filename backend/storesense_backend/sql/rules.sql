-- name: rules
SELECT rule_id, spec, version, updated_at FROM rules WHERE store_id = %(store_id)s ORDER BY rule_id;

-- name: device_ids
SELECT device_id FROM devices WHERE store_id = %(store_id)s AND registered_at IS NOT NULL ORDER BY device_id;

-- name: put_rule
-- A rule that comes again after it was deleted goes on counting its versions.
INSERT INTO rules AS old (store_id, rule_id, kind, spec, version, updated_at)
VALUES (
    %(store_id)s, %(rule_id)s, %(kind)s, %(spec)s,
    (
        SELECT coalesce(max(version), 0) + 1 FROM rule_versions
        WHERE store_id = %(store_id)s AND rule_id = %(rule_id)s
    ),
    %(now)s
)
ON CONFLICT (store_id, rule_id) DO UPDATE SET
    kind = excluded.kind,
    spec = excluded.spec,
    version = old.version + CASE WHEN old.spec = excluded.spec THEN 0 ELSE 1 END,
    updated_at = CASE WHEN old.spec = excluded.spec THEN old.updated_at ELSE excluded.updated_at END
RETURNING rule_id, spec, version, updated_at;

-- name: keep_version
INSERT INTO rule_versions (store_id, rule_id, version, kind, spec, edited_at, edited_by)
VALUES (%(store_id)s, %(rule_id)s, %(version)s, %(kind)s, %(spec)s, %(now)s, %(edited_by)s)
ON CONFLICT (store_id, rule_id, version) DO NOTHING;

-- name: delete_rule
WITH gone AS (
    DELETE FROM rules WHERE store_id = %(store_id)s AND rule_id = %(rule_id)s RETURNING kind
)
INSERT INTO rule_versions (store_id, rule_id, version, kind, spec, edited_at, edited_by)
SELECT
    %(store_id)s, %(rule_id)s,
    (
        SELECT coalesce(max(version), 0) + 1 FROM rule_versions
        WHERE store_id = %(store_id)s AND rule_id = %(rule_id)s
    ),
    kind, NULL, %(now)s, %(edited_by)s
FROM gone
RETURNING version;

-- name: versions
SELECT rule_id, version, kind, spec, edited_at, edited_by FROM rule_versions
WHERE store_id = %(store_id)s AND rule_id = %(rule_id)s
ORDER BY version DESC LIMIT %(limit)s;

-- name: notify_registry
SELECT pg_notify('storesense_registry', %(store_id)s);
