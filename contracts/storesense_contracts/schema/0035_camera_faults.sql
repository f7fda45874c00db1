-- What is wrong with a camera, which figures that touches (streams and subjects with spaces between them, such as
-- "footfall/door zone/aisle"), and what an accuracy audit found (a JSON list, as in messages).
ALTER TABLE health_readings ADD COLUMN cause text;
ALTER TABLE health_readings ADD COLUMN displacement_px real;
ALTER TABLE health_readings ADD COLUMN affected text;
ALTER TABLE health_readings ADD COLUMN accuracy text;
ALTER TABLE health_readings ADD COLUMN audit_ms bigint;
