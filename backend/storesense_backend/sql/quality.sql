-- What is known of how right a store's figures are: faults of its cameras, and audits of its lines.

-- name: conditions
-- Each condition of the components that had a fault, and until when it was the newest word.
WITH faulty AS (
    SELECT DISTINCT r.series_id, s.device_id, s.subject_id
    FROM health_readings r JOIN series s USING (series_id)
    WHERE s.store_id = %(store_id)s AND s.stream = 'health' AND r.cause IS NOT NULL
        AND r.measured_at >= %(since)s AND r.measured_at < %(to_at)s
)
SELECT f.device_id, f.subject_id, r.measured_at, r.state, r.reason, r.cause,
    r.displacement_px::float8 AS displacement_px, string_to_array(r.affected, ' ') AS affected,
    lead(r.measured_at) OVER (PARTITION BY r.series_id ORDER BY r.measured_at, r.boot_no, r.seq, r.idx) AS until
FROM health_readings r JOIN faulty f USING (series_id)
WHERE r.measured_at >= %(since)s AND r.measured_at < %(to_at)s
ORDER BY f.device_id, f.subject_id, r.measured_at, r.boot_no, r.seq, r.idx;

-- name: audits
SELECT r.measured_at, r.audit_ms, r.accuracy
FROM health_readings r JOIN series s USING (series_id)
WHERE s.store_id = %(store_id)s AND s.stream = 'health' AND s.subject_id = 'audit' AND r.accuracy IS NOT NULL
    AND r.measured_at < %(to_at)s
ORDER BY r.measured_at DESC, r.boot_no DESC, r.seq DESC, r.idx DESC
LIMIT 1000;
