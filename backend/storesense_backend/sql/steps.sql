-- A span put together of single minutes at its ends and whole quarters of an hour between them, which choose_steps in
-- kpi_steps.py tells apart: the columns of a family's minutes, and those of its quarters where they differ.

-- piece: minutes_and_quarters family minute quarter=minute
SELECT {minute} FROM {family}_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(from_at)s AND bucket_at < %(quarters_from_at)s
UNION ALL
SELECT {quarter} FROM {family}_15m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(quarters_from_at)s AND bucket_at < %(quarters_to_at)s
UNION ALL
SELECT {minute} FROM {family}_1m
WHERE series_id = ANY (%(series_ids)s) AND bucket_at >= %(quarters_to_at)s AND bucket_at < %(to_at)s
