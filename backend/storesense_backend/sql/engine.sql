-- name: registry_marks
-- Changes whenever a store's layout, rules, registered devices or who measures what do.
SELECT s.store_id, s.layout_version, count(r.rule_id) AS rule_count, coalesce(sum(r.version), 0)::bigint AS rule_versions,
    max(r.updated_at) AS rules_updated_at,
    (
        SELECT string_agg(d.device_id, ' ' ORDER BY d.device_id) FROM devices d
        WHERE d.store_id = s.store_id AND d.registered_at IS NOT NULL
    ) AS device_ids,
    (SELECT count(*) FROM series x WHERE x.store_id = s.store_id) AS series_count
FROM stores s LEFT JOIN rules r USING (store_id)
GROUP BY s.store_id, s.layout_version;

-- name: registry
SELECT s.store_id, s.layout, s.layout_version,
    coalesce((SELECT jsonb_agg(r.spec ORDER BY r.rule_id) FROM rules r WHERE r.store_id = s.store_id), '[]') AS rules,
    ARRAY(
        SELECT d.device_id FROM devices d WHERE d.store_id = s.store_id AND d.registered_at IS NOT NULL ORDER BY 1
    ) AS device_ids,
    coalesce(
        (
            SELECT jsonb_agg(jsonb_build_object('stream', x.stream, 'subject_id', x.subject_id, 'device_id', x.device_id))
            FROM series x JOIN devices d USING (store_id, device_id)
            WHERE x.store_id = s.store_id AND d.registered_at IS NOT NULL
                AND x.stream IN ('queue', 'zone', 'shelf', 'environment', 'footfall')
        ),
        '[]'
    ) AS served
FROM stores s WHERE s.store_id = ANY (%(store_ids)s);

-- name: states
SELECT store_id, rule_id, subject_id, state::text AS state FROM rule_states WHERE store_id = ANY (%(store_ids)s);

-- name: save_states
INSERT INTO rule_states (store_id, rule_id, subject_id, state)
SELECT given.store_id, given.rule_id, given.subject_id, given.state::jsonb
FROM unnest(%(store_ids)s::text[], %(rule_ids)s::text[], %(subject_ids)s::text[], %(states)s::text[])
    AS given (store_id, rule_id, subject_id, state)
ON CONFLICT (store_id, rule_id, subject_id) DO UPDATE SET state = excluded.state;

-- name: delete_states
DELETE FROM rule_states AS old
USING unnest(%(store_ids)s::text[], %(rule_ids)s::text[], %(subject_ids)s::text[])
    AS given (store_id, rule_id, subject_id)
WHERE (old.store_id, old.rule_id, old.subject_id) = (given.store_id, given.rule_id, given.subject_id);

-- name: standing
-- Of each cause the alert that stands, or the one that people ended and is the newest of a cause that lasts. What people
-- report has no rule.
SELECT store_id, rule_id, subject_id, cause_at, false AS is_over FROM alerts
WHERE NOT is_over AND store_id = ANY (%(store_ids)s) AND kind <> 'staff_report'
UNION ALL
SELECT remembered.store_id, remembered.rule_id, remembered.subject_id, newest.cause_at, true
FROM rule_states AS remembered
CROSS JOIN LATERAL (
    SELECT cause_at, state, resolved_by, kind FROM alerts
    WHERE (alerts.store_id, alerts.rule_id, alerts.subject_id)
        = (remembered.store_id, remembered.rule_id, remembered.subject_id)
    ORDER BY alert_id DESC LIMIT 1
) AS newest
WHERE remembered.store_id = ANY (%(store_ids)s)
    AND (newest.state = 'dismissed' OR (newest.resolved_by IS NOT NULL AND NOT newest.kind = ANY (%(pulses)s)));

-- name: open_alerts
INSERT INTO alerts (
    store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at, details, is_late, is_blind,
    messages, escalation, remind_due_at, escalate_due_at
)
SELECT store_id, rule_id, kind, subject_id, section_id, severity, 'open', cause_at, at, details, is_late, is_blind,
    nullif(messages, 'null'), nullif(escalation, 'null'),
    at + make_interval(secs => (escalation ->> 'remind_every_s')::float8),
    at + make_interval(secs => (escalation ->> 'escalate_after_s')::float8)
FROM jsonb_to_recordset(%(rows)s) AS given (
    store_id text, rule_id text, kind text, subject_id text, section_id text, severity text, cause_at timestamptz,
    at timestamptz, details jsonb, is_late boolean, is_blind boolean, messages jsonb, escalation jsonb
)
ON CONFLICT (store_id, rule_id, subject_id) WHERE NOT is_over DO NOTHING
RETURNING alert_id, store_id, rule_id, subject_id;

-- name: update_alerts
UPDATE alerts SET details = given.details, severity = given.severity
FROM jsonb_to_recordset(%(rows)s) AS given (
    store_id text, rule_id text, subject_id text, severity text, details jsonb
)
WHERE (alerts.store_id, alerts.rule_id, alerts.subject_id) = (given.store_id, given.rule_id, given.subject_id)
    AND NOT alerts.is_over
RETURNING alert_id, alerts.store_id, alerts.rule_id, alerts.subject_id;

-- name: resolve_alerts
UPDATE alerts SET
    state = 'resolved', resolved_at = given.at, proof = nullif(given.proof, 'null'), silenced_by_alert_id = NULL,
    is_blind = alerts.kind = 'blind'
FROM jsonb_to_recordset(%(rows)s) AS given (
    store_id text, rule_id text, subject_id text, at timestamptz, proof jsonb
)
WHERE (alerts.store_id, alerts.rule_id, alerts.subject_id) = (given.store_id, given.rule_id, given.subject_id)
    AND NOT alerts.is_over
RETURNING alert_id, alerts.store_id, alerts.rule_id, alerts.subject_id;

-- name: silence_alerts
WITH changed AS (
    UPDATE alerts SET silenced_by_alert_id = (
        SELECT explains.alert_id FROM alerts AS explains
        WHERE explains.store_id = given.store_id AND explains.rule_id = given.by_rule_id
            AND explains.subject_id = given.by_subject_id AND NOT explains.is_over
    )
    FROM jsonb_to_recordset(%(pairs)s) AS given (
        store_id text, rule_id text, subject_id text, by_rule_id text, by_subject_id text
    )
    WHERE (alerts.store_id, alerts.rule_id, alerts.subject_id) = (given.store_id, given.rule_id, given.subject_id)
        AND NOT alerts.is_over
    RETURNING alerts.store_id, alerts.alert_id
)
SELECT pg_notify('storesense_alerts', store_id || ':' || alert_id::text) FROM changed;

-- name: blind_alerts
WITH changed AS (
    UPDATE alerts SET is_blind = given.is_blind
    FROM jsonb_to_recordset(%(marks)s) AS given (store_id text, rule_id text, subject_id text, is_blind boolean)
    WHERE (alerts.store_id, alerts.rule_id, alerts.subject_id) = (given.store_id, given.rule_id, given.subject_id)
        AND NOT alerts.is_over
    RETURNING alerts.store_id, alerts.alert_id
)
SELECT pg_notify('storesense_alerts', store_id || ':' || alert_id::text) FROM changed;

-- name: note_events
WITH noted AS (
    INSERT INTO alert_events (alert_id, happened_at, kind, actor, details)
    SELECT alert_id, at, kind, 'alert engine', details
    FROM jsonb_to_recordset(%(notes)s) AS given (alert_id bigint, at timestamptz, kind text, details jsonb)
    RETURNING alert_id
)
SELECT pg_notify('storesense_alerts', given.store_id || ':' || given.alert_id::text)
FROM jsonb_to_recordset(%(notes)s) AS given (alert_id bigint, store_id text);
