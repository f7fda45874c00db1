-- What a store wants of a KPI; which side of it is good is the catalogue's matter.
CREATE TABLE kpi_targets (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    kpi text NOT NULL,
    target double precision NOT NULL,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (store_id, kpi)
);
