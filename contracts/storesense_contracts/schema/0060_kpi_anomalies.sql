-- Hours in which a KPI of a store was unlike what was to be expected, found once each. low and high bound what was usual with 80 %;
-- score is 4 where the evidence is as strong as it is by chance about once a month; explanation holds a sentence by language.
CREATE TABLE kpi_anomalies (
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    kpi text NOT NULL,
    hour_at timestamptz NOT NULL,
    found_at timestamptz NOT NULL,
    value double precision NOT NULL,
    expected double precision NOT NULL,
    low double precision NOT NULL,
    high double precision NOT NULL,
    score real NOT NULL CHECK (score >= 0),
    test text NOT NULL,
    explanation jsonb NOT NULL,
    PRIMARY KEY (store_id, hour_at, kpi)
);
