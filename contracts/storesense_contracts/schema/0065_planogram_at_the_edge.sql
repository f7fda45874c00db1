-- Which planogram a shelf device works by, as its health says (component "planogram"); null for all other components, and
-- while the device works by its site file.
ALTER TABLE health_readings ADD COLUMN planogram_version integer;

-- The other slot, where a thing lay on two; null for all that lay on one.
ALTER TABLE shelf_events ADD COLUMN straddles text;
