-- What a shelf says of its own doubts. Rows from before have nulls: nothing was said.

-- alternatives: a JSON array of {event, units, confidence, sku?}, likeliest first; null where there is none.
-- burst_units: all units of a restock or bulk removal so far; units alone sum up.
ALTER TABLE shelf_events
    ADD COLUMN is_ambiguous boolean,
    ADD COLUMN alternatives text,
    ADD COLUMN burst_units integer;

-- guest_mg: weight of what does not belong on the slot. calibration_due: why somebody should tare or calibrate.
ALTER TABLE shelf_weights
    ADD COLUMN guest_mg bigint,
    ADD COLUMN calibration_due text;
