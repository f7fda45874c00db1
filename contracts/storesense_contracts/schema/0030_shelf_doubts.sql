-- What a shelf says of its own doubts. Rows from before have nulls: nothing was said.

-- Whether the weight allows several answers; then alternatives is a JSON array of {event, units, confidence, sku?},
-- likeliest first. burst_units: all units of a restock or bulk removal so far; units alone sum up.
ALTER TABLE shelf_events ADD COLUMN is_ambiguous boolean;
ALTER TABLE shelf_events ADD COLUMN alternatives text;
ALTER TABLE shelf_events ADD COLUMN burst_units integer;

-- The weight of what does not belong on the slot, and why somebody should tare or calibrate it.
ALTER TABLE shelf_weights ADD COLUMN guest_mg bigint;
ALTER TABLE shelf_weights ADD COLUMN calibration_due text;
