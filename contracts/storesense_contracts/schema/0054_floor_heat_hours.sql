-- Heat of whole hours on a store's floor, added up once from the grids of all its cameras: a month's heat is then a sum of hours,
-- and stays when the grids themselves have been dropped. An hour is made anew when more grids of it have come.
CREATE TABLE floor_heat_hours (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    hour_at timestamptz NOT NULL,
    grid_count integer NOT NULL,
    cell_size_m double precision NOT NULL,
    columns integer NOT NULL,
    rows integer NOT NULL,
    -- Both as zlib-compressed little-endian uint32, rows x columns in row-major order: hundredths of a second of presence, and
    -- tenths of a second for which a camera measured the cell.
    presence_cs bytea NOT NULL,
    watched_ds bytea NOT NULL,
    PRIMARY KEY (store_id, hour_at)
);
