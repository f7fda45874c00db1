-- Which minutes were measured, as the KPIs count them (kpis.sql), and what the ledger knows of the others. Minutes are
-- numbered from from_at.

-- name: minutes_footfall
SELECT series_id, array_agg((extract(epoch FROM bucket_at - %(from_at)s) / 60)::integer) AS minutes
FROM footfall_counts_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(until)s
GROUP BY series_id;

-- name: minutes_zone
SELECT series_id, array_agg((extract(epoch FROM bucket_at - %(from_at)s) / 60)::integer) AS minutes
FROM zone_visits_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(until)s
GROUP BY series_id;

-- name: minutes_queue
SELECT series_id, array_agg((extract(epoch FROM bucket_at - %(from_at)s) / 60)::integer) AS minutes
FROM queue_samples_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(until)s
GROUP BY series_id;

-- name: minutes_shelf
SELECT series_id, array_agg((extract(epoch FROM bucket_at - %(from_at)s) / 60)::integer) AS minutes
FROM shelf_weights_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(until)s AND units_known_count > 0
GROUP BY series_id;

-- name: series
SELECT series_id, stream, subject_id, device_id FROM series
WHERE store_id = %(store_id)s AND stream IN ('footfall', 'zone', 'queue', 'shelf');

-- name: devices
SELECT device_id FROM devices WHERE store_id = %(store_id)s AND registered_at IS NOT NULL;

-- name: boots
SELECT boot_no, device_id, boot_id, committed::text AS committed, first_received_at, last_received_at
FROM device_boots
WHERE store_id = %(store_id)s AND last_received_at >= %(from_at)s AND first_received_at < %(to_at)s
ORDER BY boot_no;

-- name: gaps
SELECT g.boot_no, lower(g.seqs) AS first, upper(g.seqs) AS beyond, g.reason
FROM declared_gaps g WHERE g.boot_no = ANY (%(boot_nos)s);

-- name: ruler
-- A device tells its health every minute or so: where the seq of a boot stood at which instant.
SELECT r.boot_no, min(r.seq) AS seq, min(r.measured_at) AS at
FROM health_readings r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'health'
    AND r.measured_at >= %(from_at)s AND r.measured_at < %(to_at)s
GROUP BY r.boot_no, date_trunc('minute', r.measured_at, 'UTC');
