-- One table a family of readings. Rows are identified by (boot_no, seq, idx); the ledger keeps repeats out, so there is no
-- unique index. How a table is cut by time is decided in 0004, by the kind of database.
-- {{partitioned}} becomes PARTITION BY RANGE (measured_at) on plain PostgreSQL and nothing on TimescaleDB.

CREATE TABLE footfall_counts (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    period_ms integer NOT NULL,
    in_count integer NOT NULL,
    out_count integer NOT NULL
) {{partitioned}};

CREATE TABLE zone_visits (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    period_ms integer NOT NULL,
    occupancy integer NOT NULL,
    entry_count integer NOT NULL,
    exit_count integer NOT NULL,
    presence_ms bigint NOT NULL,
    visit_count integer NOT NULL,
    visit_dwell_ms bigint NOT NULL,
    stop_count integer NOT NULL
) {{partitioned}};

CREATE TABLE queue_samples (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    length integer NOT NULL,
    longest_wait_ms bigint NOT NULL
) {{partitioned}};

CREATE TABLE queue_visits (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    outcome text NOT NULL,
    wait_ms bigint NOT NULL,
    service_ms bigint NOT NULL
) {{partitioned}};

CREATE TABLE lane_states (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    is_open boolean NOT NULL,
    is_staffed boolean NOT NULL
) {{partitioned}};

-- presence_ds is as it came: zlib-compressed little-endian uint16, rows x columns in row-major order, deciseconds.
CREATE TABLE heatmap_grids (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    period_ms integer NOT NULL,
    origin_x_m double precision NOT NULL,
    origin_y_m double precision NOT NULL,
    cell_size_m double precision NOT NULL,
    columns smallint NOT NULL,
    rows smallint NOT NULL,
    presence_ds bytea NOT NULL
) {{partitioned}};

CREATE TABLE shelf_weights (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    weight_mg bigint NOT NULL,
    is_stable boolean NOT NULL,
    units integer,
    confidence real
) {{partitioned}};

CREATE TABLE shelf_events (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    event text NOT NULL,
    units integer NOT NULL,
    delta_mg bigint NOT NULL,
    confidence real NOT NULL,
    sku text
) {{partitioned}};

CREATE TABLE environment_readings (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    temperature_c real,
    humidity_pct real,
    noise_dba real,
    light_lux real
) {{partitioned}};

CREATE TABLE health_readings (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    series_id integer NOT NULL,
    boot_no integer NOT NULL,
    seq bigint NOT NULL,
    idx smallint NOT NULL,
    batch_no bigint NOT NULL,
    state text NOT NULL,
    reason text,
    frames_per_s real,
    outbox_messages integer,
    outbox_bytes bigint,
    uptime_s bigint
) {{partitioned}};
