-- Waits expected in 15 minutes by following an advice and without, taken out of outlooks once: whoever looks back on a month would
-- read them out of some 43,000 documents each time. outlooks lists now, 15 and 30 minutes, in this order.
ALTER TABLE staffing_advice
    ADD COLUMN wait_15_s double precision
        GENERATED ALWAYS AS ((outlooks -> 1 -> 'wait' ->> 'mean_s')::double precision) STORED,
    ADD COLUMN wait_unchanged_15_s double precision
        GENERATED ALWAYS AS ((outlooks -> 1 -> 'wait_unchanged' ->> 'mean_s')::double precision) STORED;
