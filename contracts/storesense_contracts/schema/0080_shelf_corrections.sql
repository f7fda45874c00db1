-- Shelf events that are told anew, several products on a plate, and counts by hand.

-- An event's number in its slot and boot; null of boxes from before. A correction withdraws what was told, by a row with
-- is_withdrawn and the units and grams taken off again, and says what it was instead, by a row of its own; both have the
-- event's time and the correction's number. So every sum is that of the corrected story, in whatever order rows come.
ALTER TABLE shelf_events ADD COLUMN event_no integer;
ALTER TABLE shelf_events ADD COLUMN correction_no integer;
ALTER TABLE shelf_events ADD COLUMN is_withdrawn boolean;

-- Where several products share the plate: a JSON array of {sku, units, confidence}, the slot's own first; else null.
ALTER TABLE shelf_weights ADD COLUMN products text;

-- Of the component "counts": what became of a count by hand, as JSON; null for all other components.
ALTER TABLE health_readings ADD COLUMN counted text;

-- The story as it stands: every event once, as the last correction has it, with what had been told before that. Of an event
-- and its correction the times may differ by what the device's clock was put right by meanwhile.
CREATE VIEW shelf_story AS
SELECT
    r.*, undone.event AS told_event, -undone.units AS told_units, undone.sku AS told_sku
FROM shelf_events r
LEFT JOIN LATERAL (
    SELECT before.event, before.units, before.sku FROM shelf_events before
    WHERE r.correction_no IS NOT NULL AND before.series_id = r.series_id AND before.boot_no = r.boot_no
        AND before.measured_at BETWEEN r.measured_at - interval '15 minutes' AND r.measured_at + interval '15 minutes'
        AND before.event_no = r.event_no AND before.correction_no = r.correction_no AND before.is_withdrawn
    LIMIT 1
) undone ON true
WHERE r.is_withdrawn IS NOT TRUE AND NOT EXISTS (
    SELECT FROM shelf_events later
    WHERE r.event_no IS NOT NULL AND later.series_id = r.series_id AND later.boot_no = r.boot_no
        AND later.measured_at BETWEEN r.measured_at - interval '15 minutes' AND r.measured_at + interval '15 minutes'
        AND later.event_no = r.event_no AND later.is_withdrawn AND later.correction_no > coalesce(r.correction_no, 0)
);

-- Further products on a slot's plate; the slot's own stands in planogram_slots.
CREATE TABLE planogram_shared (
    store_id text NOT NULL,
    version integer NOT NULL,
    slot_id text NOT NULL,
    place smallint NOT NULL CHECK (place >= 1),
    sku text NOT NULL,
    product_name text NOT NULL,
    capacity_units integer NOT NULL CHECK (capacity_units >= 1),
    unit_weight_g double precision NOT NULL CHECK (unit_weight_g > 0),
    unit_weight_tolerance_g double precision CHECK (unit_weight_tolerance_g > 0),
    minimum_units integer NOT NULL CHECK (minimum_units >= 0),
    reorder_point_units integer NOT NULL CHECK (reorder_point_units >= minimum_units AND reorder_point_units < capacity_units),
    PRIMARY KEY (store_id, version, slot_id, place),
    UNIQUE (store_id, version, slot_id, sku),
    FOREIGN KEY (store_id, version, slot_id) REFERENCES planogram_slots ON DELETE CASCADE
);

-- What people counted by hand, and who. products is a JSON array of {sku, units}, the slot's own first. What became of a count,
-- and what the shelf had believed, the device says in health_readings.counted.
CREATE TABLE shelf_counts (
    count_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    slot_id text NOT NULL,
    counted_at timestamptz NOT NULL,
    counted_by text NOT NULL,
    products jsonb NOT NULL
);
CREATE INDEX shelf_counts_slot ON shelf_counts (store_id, slot_id, counted_at DESC);
