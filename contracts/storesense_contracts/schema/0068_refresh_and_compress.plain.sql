-- What 0068_refresh_and_compress.timescale.sql changes has no counterpart here: PostgreSQL adds batches to rollup tables and
-- compresses nothing.
SELECT;
