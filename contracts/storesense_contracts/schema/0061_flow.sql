-- What several people together tell, once a minute: parties, lengths of visits, tills' busy time, ways from zone to zone. They are
-- tables of their own, beside footfall_counts, zone_visits and queue_visits, because those are written every second.

-- Parties over a line, and staff among its heads.
CREATE TABLE line_parties (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    period_ms integer NOT NULL,
    in_count integer NOT NULL,
    out_count integer NOT NULL,
    staff_in_count integer NOT NULL,
    staff_out_count integer NOT NULL
) {{partitioned}};

-- Visits that ended in an interval by length, cumulative (dwell_le_30s: those of 30 s or less); those whose end nobody saw are
-- in unknown_count alone. Presence of everybody, and of staff.
CREATE TABLE zone_dwells (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    period_ms integer NOT NULL,
    visit_count bigint NOT NULL,
    dwell_le_5s bigint NOT NULL,
    dwell_le_10s bigint NOT NULL,
    dwell_le_15s bigint NOT NULL,
    dwell_le_20s bigint NOT NULL,
    dwell_le_30s bigint NOT NULL,
    dwell_le_45s bigint NOT NULL,
    dwell_le_60s bigint NOT NULL,
    dwell_le_90s bigint NOT NULL,
    dwell_le_120s bigint NOT NULL,
    dwell_le_180s bigint NOT NULL,
    dwell_le_240s bigint NOT NULL,
    dwell_le_300s bigint NOT NULL,
    dwell_le_450s bigint NOT NULL,
    dwell_le_600s bigint NOT NULL,
    dwell_le_900s bigint NOT NULL,
    dwell_le_1800s bigint NOT NULL,
    unknown_count integer NOT NULL,
    people_ms bigint NOT NULL,
    staff_ms bigint NOT NULL
) {{partitioned}};

-- How long the tills of a lane served during an interval.
CREATE TABLE lane_services (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    period_ms integer NOT NULL,
    queue_id text NOT NULL,
    till_count integer NOT NULL,
    busy_ms bigint NOT NULL,
    served_count integer NOT NULL
) {{partitioned}};

-- People who went from one zone to another; both are empty texts for the remainder of ways that too few took.
CREATE TABLE zone_transitions (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    span_ms integer NOT NULL,
    people_count integer NOT NULL,
    from_zone_id text NOT NULL,
    to_zone_id text NOT NULL
) {{partitioned}};
