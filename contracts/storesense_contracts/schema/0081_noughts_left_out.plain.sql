-- What 0081_noughts_left_out.timescale.sql changes has no counterpart here: PostgreSQL compresses nothing.
SELECT;
