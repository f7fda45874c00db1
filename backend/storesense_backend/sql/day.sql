-- A local day by the minute. Minutes (quarters of an hour) are numbered from from_at.

-- name: series
SELECT series_id, stream, subject_id FROM series
WHERE store_id = %(store_id)s AND stream IN ('footfall', 'zone', 'queue', 'lane', 'shelf');

-- name: lines
SELECT series_id, (extract(epoch FROM bucket_at - %(from_at)s) / 60)::integer AS step, in_count, out_count
FROM footfall_counts_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s;

-- name: zones
SELECT series_id, (extract(epoch FROM bucket_at - %(from_at)s) / 60)::integer AS step, presence_ms
FROM zone_visits_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s;

-- name: queues
SELECT series_id, (extract(epoch FROM bucket_at - %(from_at)s) / 60)::integer AS step, length_max, longest_wait_ms_max
FROM queue_samples_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s;

-- name: lanes
-- Of each minute the last state.
SELECT DISTINCT ON (series_id, step) series_id, step, is_open, is_staffed
FROM (
    SELECT series_id, floor(extract(epoch FROM measured_at - %(from_at)s) / 60)::integer AS step, measured_at, boot_no, seq, idx,
        is_open, is_staffed
    FROM lane_states
    WHERE series_id = ANY (%(series_ids)s) AND measured_at >= %(from_at)s AND measured_at < %(to_at)s
) AS states
ORDER BY series_id, step, measured_at DESC, boot_no DESC, seq DESC, idx DESC;

-- name: slots
SELECT series_id, floor(extract(epoch FROM bucket_at - %(from_at)s) / 900)::integer AS step, units_min
FROM shelf_weights_15m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(to_at)s AND units_known_count > 0;

-- name: alerts
-- What stood at some time of the day; what opened more than a week before it and still stood is left out.
SELECT alert_id, kind, subject_id, section_id, severity, opened_at, coalesce(resolved_at, dismissed_at) AS ended_at, details, messages
FROM alerts
WHERE store_id = %(store_id)s AND opened_at < %(to_at)s AND opened_at > %(from_at)s - interval '7 days'
    AND coalesce(resolved_at, dismissed_at, 'infinity') > %(from_at)s
ORDER BY opened_at DESC, alert_id DESC
LIMIT %(limit)s;
