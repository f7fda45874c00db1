-- Queries of the benches.

-- name: count_ingested
SELECT count(*) FROM footfall_counts

-- name: count_drained
SELECT (SELECT count(*) FROM footfall_counts) + (SELECT count(*) FROM zone_visits)
