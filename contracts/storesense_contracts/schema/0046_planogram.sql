-- What shall stand in each slot, in dated versions: a change does not rewrite the past, and a pick of last month is of last
-- month's product.

-- A version is the whole planogram of a store. It holds from valid_from until the next one that begins later; of two that
-- begin together the higher version holds.
CREATE TABLE planogram_versions (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    entered_at timestamptz NOT NULL,
    entered_by text NOT NULL,
    source text NOT NULL CHECK (source IN ('registration', 'import', 'api')),
    PRIMARY KEY (store_id, version)
);
CREATE INDEX planogram_versions_valid_from ON planogram_versions (store_id, valid_from, version);

CREATE TABLE planogram_slots (
    store_id text NOT NULL,
    version integer NOT NULL,
    slot_id text NOT NULL,
    sku text NOT NULL,
    product_name text NOT NULL,
    facings integer NOT NULL CHECK (facings >= 1),
    capacity_units integer NOT NULL CHECK (capacity_units >= 1),
    unit_weight_g double precision NOT NULL CHECK (unit_weight_g > 0),
    unit_weight_tolerance_g double precision CHECK (unit_weight_tolerance_g > 0),
    minimum_units integer NOT NULL CHECK (minimum_units >= 0),
    reorder_point_units integer NOT NULL CHECK (reorder_point_units >= minimum_units AND reorder_point_units < capacity_units),
    PRIMARY KEY (store_id, version, slot_id),
    FOREIGN KEY (store_id, version) REFERENCES planogram_versions ON DELETE CASCADE
);

-- The version that stores.layout shows now; a version of the future is taken up when its time comes.
ALTER TABLE stores ADD COLUMN planogram_version integer;

-- Stores from before: what their layout says holds for all of their past.
INSERT INTO planogram_versions (store_id, version, valid_from, entered_at, entered_by, source)
SELECT store_id, 1, TIMESTAMPTZ '1970-01-01 00:00:00+00', updated_at, 'registration', 'registration' FROM stores;
INSERT INTO planogram_slots
SELECT
    store_id, 1, slot ->> 'id', slot -> 'product' ->> 'sku', slot -> 'product' ->> 'name', 1,
    (slot ->> 'capacity_units')::integer, (slot -> 'product' ->> 'unit_weight_g')::float8,
    (slot -> 'product' ->> 'unit_weight_tolerance_g')::float8, 0, (slot ->> 'reorder_point_units')::integer
FROM stores CROSS JOIN LATERAL jsonb_array_elements(coalesce(layout -> 'slots', '[]')) AS slot;
UPDATE stores SET planogram_version = 1;

-- Which product a slot had when: one row for each time without a change of product, valid_to excluded and null for the last.
CREATE VIEW slot_products AS
WITH spans AS (
    -- Of versions that begin together only the highest ever held.
    SELECT DISTINCT ON (store_id, valid_from) store_id, version, valid_from
    FROM planogram_versions ORDER BY store_id, valid_from, version DESC
), holding AS (
    SELECT store_id, version, valid_from, lead(valid_from) OVER (PARTITION BY store_id ORDER BY valid_from) AS valid_to
    FROM spans
), entries AS (
    SELECT
        holding.store_id, slot_id, sku, product_name, holding.valid_from, holding.valid_to,
        sku IS DISTINCT FROM lag(sku) OVER slot OR holding.valid_from IS DISTINCT FROM lag(holding.valid_to) OVER slot AS is_new
    FROM planogram_slots JOIN holding USING (store_id, version)
    WINDOW slot AS (PARTITION BY holding.store_id, slot_id ORDER BY holding.valid_from)
), numbered AS (
    SELECT *, count(*) FILTER (WHERE is_new) OVER (PARTITION BY store_id, slot_id ORDER BY valid_from) AS period FROM entries
)
SELECT
    store_id, slot_id, sku, (array_agg(product_name ORDER BY valid_from DESC))[1] AS product_name,
    min(valid_from) AS valid_from,
    CASE WHEN bool_or(valid_to IS NULL) THEN NULL ELSE max(valid_to) END AS valid_to
FROM numbered GROUP BY store_id, slot_id, sku, period;
