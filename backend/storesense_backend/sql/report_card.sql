-- name: card
-- A line for each rule, and one for all of them (rule_id null), of the alerts that were opened in the span.
SELECT
    rule_id, kind,
    count(*) AS alerts,
    count(*) FILTER (WHERE staff_verdict = 'right') AS right,
    count(*) FILTER (WHERE staff_verdict = 'wrong') AS wrong,
    count(*) FILTER (WHERE staff_verdict = 'unknown') AS unknown,
    count(acknowledged_at) AS acknowledged,
    avg(extract(epoch FROM acknowledged_at - opened_at))::float8 AS mean_acknowledge_s,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM acknowledged_at - opened_at)::float8)
        AS acknowledge_s,
    count(*) FILTER (WHERE state = 'resolved' AND resolved_by IS NULL AND proof IS NOT NULL) AS resolved_by_proof,
    count(*) FILTER (WHERE state = 'resolved' AND resolved_by IS NOT NULL) AS resolved_by_hand,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - opened_at)::float8)
        AS resolve_s,
    count(*) FILTER (WHERE dismiss_reason = 'wrong') AS dismissed_wrong,
    count(*) FILTER (WHERE dismiss_reason = 'not_useful') AS dismissed_not_useful,
    count(*) FILTER (WHERE state = 'dismissed' AND coalesce(dismiss_reason, '') NOT IN ('wrong', 'not_useful'))
        AS dismissed_otherwise,
    count(escalated_at) AS escalated,
    coalesce(sum(reminder_count), 0)::integer AS reminders,
    count(*) FILTER (WHERE NOT is_over) AS standing
FROM alerts
WHERE store_id = %(store_id)s AND opened_at >= %(from_at)s AND opened_at < %(to_at)s
GROUP BY GROUPING SETS ((rule_id, kind), ())
ORDER BY rule_id NULLS FIRST, kind;

-- name: busiest
SELECT date_bin('1 hour', opened_at, %(from_at)s) AS at, count(*) AS alerts FROM alerts
WHERE store_id = %(store_id)s AND opened_at >= %(from_at)s AND opened_at < %(to_at)s
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1;

-- name: acted
-- What each person did with the alerts of the span.
SELECT
    e.actor AS name,
    count(*) FILTER (WHERE e.kind = 'acknowledged') AS acknowledged,
    count(*) FILTER (WHERE e.kind = 'taken') AS taken,
    count(*) FILTER (WHERE e.kind = 'resolved') AS resolved,
    count(*) FILTER (WHERE e.kind = 'dismissed') AS dismissed,
    count(*) FILTER (WHERE e.kind = 'snoozed') AS snoozed,
    count(*) FILTER (WHERE e.kind IN ('opened', 'reported_again')) AS reported
FROM alert_events e JOIN alerts a USING (alert_id)
WHERE a.store_id = %(store_id)s AND a.opened_at >= %(from_at)s AND a.opened_at < %(to_at)s
    AND e.actor IS NOT NULL AND e.actor <> 'alert engine'
GROUP BY e.actor;

-- name: told
-- To whom messages went, by the log of deliveries.
SELECT coalesce(p.user_name, p.name) AS name, count(DISTINCT d.alert_id) AS alerts, count(d.delivery_id) AS messages
FROM people p
LEFT JOIN channels c USING (person_id)
LEFT JOIN deliveries d ON d.channel_id = c.channel_id AND d.state = 'sent' AND d.alert_id IS NOT NULL
    AND d.created_at >= %(from_at)s AND d.created_at < %(to_at)s
WHERE p.store_id = %(store_id)s AND p.is_enabled
GROUP BY 1;
