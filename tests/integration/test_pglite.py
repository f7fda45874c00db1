"""What the tests rely on in the TimescaleDB that they get: each fact that EVIDENCE found, shown again."""

import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from psycopg import sql

SERIES = """
    CREATE TABLE samples (series_id int NOT NULL, measured_at timestamptz NOT NULL, value bigint NOT NULL);
    SELECT create_hypertable('samples', by_range('measured_at', INTERVAL '1 day'));
"""
START_AT = datetime(2026, 3, 1, tzinfo=UTC)
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
INT4, INT8, TIMESTAMPTZ = 23, 20, 1184


def packed(values: np.ndarray, dtype: str, oid: int) -> bytes:
    """A PostgreSQL binary array of fixed-size values."""
    cells = np.empty(len(values), dtype=[("length", ">i4"), ("value", dtype)])
    cells["length"] = cells.dtype["value"].itemsize
    cells["value"] = values
    return struct.pack(">iiIii", 1, 0, oid, len(values), 1) + cells.tobytes()


def insert(connection: psycopg.Connection, rows: int) -> None:
    """Insert ``rows`` samples of 4 series, a minute apart, by one statement with binary arrays."""
    minute_us = 60_000_000
    start_us = int((START_AT - POSTGRES_EPOCH).total_seconds()) * 1_000_000
    count = np.arange(rows)
    connection.pgconn.exec_params(b"BEGIN", [])
    result = connection.pgconn.exec_params(
        b"INSERT INTO samples SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::bigint[])",
        [
            packed(count % 4, ">i4", INT4),
            packed(start_us + count * minute_us, ">i8", TIMESTAMPTZ),
            packed(count, ">i8", INT8),
        ],
        param_formats=[1, 1, 1],
    )
    assert result.status == psycopg.pq.ExecStatus.COMMAND_OK, result.error_message
    connection.pgconn.exec_params(b"COMMIT", [])


def count_of(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(sql.SQL(query)).fetchone()
    assert row is not None
    return int(row[0])


def test_it_is_the_community_edition(empty_timescale_url: str) -> None:
    with psycopg.connect(empty_timescale_url) as connection:
        version = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
        licence = connection.execute("SHOW timescaledb.license").fetchone()
    assert version is not None
    assert version[0].startswith("2.")
    assert licence == ("timescale",)


def test_hypertable_takes_a_large_binary_unnest(empty_timescale_url: str) -> None:
    rows = 20_000  # 640 kB in one message
    with psycopg.connect(empty_timescale_url, autocommit=True) as connection:
        connection.execute(SERIES)
        insert(connection, rows)
        assert count_of(connection, "SELECT count(*) FROM samples") == rows
        assert count_of(connection, "SELECT sum(value) FROM samples") == rows * (rows - 1) // 2
        assert connection.execute("SELECT min(measured_at), max(measured_at) FROM samples").fetchone() == (
            START_AT,
            START_AT + timedelta(minutes=rows - 1),
        )
        assert count_of(connection, "SELECT count(*) FROM show_chunks('samples')") == 14


def test_continuous_aggregate_equals_its_raw_rows_after_a_refresh(empty_timescale_url: str) -> None:
    with psycopg.connect(empty_timescale_url, autocommit=True) as connection:
        connection.execute(SERIES)
        connection.execute("""
            CREATE MATERIALIZED VIEW samples_15m WITH (timescaledb.continuous, timescaledb.materialized_only) AS
            SELECT series_id, time_bucket('15 minutes', measured_at) AS bucket_at, sum(value) AS total, count(*) AS n
            FROM samples GROUP BY 1, 2 WITH NO DATA
        """)
        insert(connection, 3_000)
        assert count_of(connection, "SELECT count(*) FROM samples_15m") == 0
        connection.execute("CALL refresh_continuous_aggregate('samples_15m', NULL, NULL)")
        differences = connection.execute("""
            SELECT * FROM samples_15m EXCEPT
            SELECT series_id, date_bin('15 minutes', measured_at, TIMESTAMPTZ '2000-01-01 00:00+00'), sum(value),
                   count(*)
            FROM samples GROUP BY 1, 2
        """).fetchall()
        assert differences == []
        assert count_of(connection, "SELECT count(*) FROM samples_15m") == 800


def test_compressed_chunks_keep_their_rows_and_take_late_ones(empty_timescale_url: str) -> None:
    with psycopg.connect(empty_timescale_url, autocommit=True) as connection:
        connection.execute(SERIES)
        connection.execute("""
            ALTER TABLE samples SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id',
                                     timescaledb.compress_orderby = 'measured_at')
        """)
        insert(connection, 3_000)
        compressed = connection.execute("SELECT compress_chunk(c) FROM show_chunks('samples') c").fetchall()
        assert len(compressed) == 3
        assert count_of(connection, "SELECT sum(value) FROM samples") == 3_000 * 2_999 // 2
        connection.execute("INSERT INTO samples VALUES (9, %s, 1)", [START_AT])
        assert count_of(connection, "SELECT count(*) FROM samples") == 3_001


def test_retention_and_compression_policies_are_kept(empty_timescale_url: str) -> None:
    with psycopg.connect(empty_timescale_url, autocommit=True) as connection:
        connection.execute(SERIES)
        connection.execute("SELECT add_retention_policy('samples', INTERVAL '30 days')")
        assert (
            count_of(
                connection,
                "SELECT count(*) FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention'",
            )
            == 1
        )


@pytest.mark.parametrize("run", ["first", "second"])
def test_each_test_gets_a_database_of_its_own(empty_timescale_url: str, run: str) -> None:
    with psycopg.connect(empty_timescale_url, autocommit=True) as connection:
        assert connection.execute("SELECT to_regclass('mine') IS NULL").fetchone() == (True,), run
        connection.execute("CREATE TABLE mine (a int)")


def test_connections_one_after_another_share_no_session(empty_timescale_url: str) -> None:
    for _ in range(3):
        with psycopg.connect(empty_timescale_url, prepare_threshold=0) as connection:
            assert connection.execute("SHOW application_name").fetchone() == ("",)
            connection.execute("SET application_name = 'before'")
            connection.execute("CREATE TEMPORARY TABLE scratch (a int)")


def test_a_second_connection_at_the_same_time_is_refused_with_the_reason(empty_timescale_url: str) -> None:
    if "postgres:postgres@127.0.0.1" not in empty_timescale_url:
        pytest.skip("a native server has no such limit")
    with (
        psycopg.connect(empty_timescale_url),
        pytest.raises(psycopg.OperationalError, match="one connection at a time"),
    ):
        psycopg.connect(empty_timescale_url)


def test_the_schema_is_there_and_its_time_tables_are_hypertables(timescale_url: str) -> None:
    with psycopg.connect(timescale_url) as connection:
        assert count_of(connection, "SELECT count(*) FROM timescaledb_information.hypertables") > 0
