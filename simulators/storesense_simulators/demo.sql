-- name: figures
-- What came of a run that began at %(since)s. Every reading's row carries when the gateway received it.
SELECT
    (SELECT count(*) FROM footfall_counts WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM zone_visits WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM queue_samples WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM queue_visits WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM lane_states WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM heatmap_grids WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM line_parties WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM zone_dwells WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM lane_services WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM zone_transitions WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM shelf_weights WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM shelf_events WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM environment_readings WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM health_readings WHERE received_at >= %(since)s)
    + (SELECT count(*) FROM command_results WHERE received_at >= %(since)s) AS readings,
    (SELECT coalesce(sum(upper(seqs) - lower(seqs)), 0)::bigint
     FROM device_boots, unnest(committed) AS seqs
     WHERE first_received_at >= %(since)s) AS messages,
    (SELECT count(*) FROM dead_letters WHERE received_at >= %(since)s) AS dead_letters,
    (SELECT count(*) FROM alerts WHERE opened_at >= %(since)s) AS alerts_opened,
    (SELECT count(*) FROM alerts WHERE resolved_at >= %(since)s) AS alerts_resolved

-- name: has_user
SELECT 1 FROM users WHERE user_name = %(user_name)s
