"""The upkeep as it runs: by the command, in the gateway's thread, and one process at a time."""

import json
import threading
import time
from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest

from fixtures.gateway_messages import NOW, footfall, incoming, message
from storesense_contracts.cli import main
from storesense_contracts.clock import SystemClock
from storesense_contracts.database import DatabaseError
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import Entry
from storesense_gateway.maintenance import Maintenance, MaintenanceReport, connect, maintain
from storesense_gateway.maintenance_settings import MaintenanceSettings
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.store import PostgresStore

LOCK = "SELECT pg_advisory_lock(%s)"
LOCK_KEY = 0x53746F557063


def commit(url: str, *, seq: int) -> None:
    topic = "storesense/v1/store-1/device-1/up/footfall"
    entry = decode(incoming(message([footfall()], seq=seq), topic=topic, received_at=NOW), Limits())
    assert isinstance(entry, Entry)
    with closing(PostgresStore(url, partition_no=0)) as store:
        store.commit([entry], [])


@pytest.mark.parametrize("fixture", ["database_url", "timescale_url"])
def test_the_command_rolls_up_what_a_gateway_committed_and_tells(
    request: pytest.FixtureRequest, fixture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = request.getfixturevalue(fixture)
    commit(url, seq=0)
    commit(url, seq=1)
    told = []
    for _ in range(2):
        assert main(["db", "maintain", "--database", url, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out.splitlines()[-1]))
    assert [each["batches"] for each in told] == [2, 0]
    assert datetime.fromisoformat(told[0]["raw_from_at"]) < datetime.now(UTC)
    assert main(["db", "maintain", "--database", url]) == 0
    assert "0 batches rolled up" in capsys.readouterr().out


def test_a_database_without_the_schema_is_told_the_remedy(empty_database_url: str) -> None:
    with (
        connect(empty_database_url) as connection,
        pytest.raises(DatabaseError, match="storesense db migrate") as caught,
    ):
        maintain(connection, MaintenanceSettings(), now=NOW)
    assert caught.value.exit_code == 5


def test_one_process_at_a_time(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as other, connect(database_url) as connection:
        other.execute(LOCK, (LOCK_KEY,))
        assert maintain(connection, MaintenanceSettings(), now=NOW) == MaintenanceReport(is_skipped=True)
        other.execute("SELECT pg_advisory_unlock_all()")
        assert not maintain(connection, MaintenanceSettings(), now=NOW).is_skipped


def test_the_thread_follows_and_ends_even_when_it_waits_for_a_lock(database_url: str) -> None:
    commit(database_url, seq=0)
    before = threading.active_count()
    with psycopg.connect(database_url, autocommit=True) as watcher, psycopg.connect(database_url) as blocker:
        metrics = GatewayMetrics()
        upkeep = Maintenance(database_url, MaintenanceSettings(every_s=1.0), clock=SystemClock(), metrics=metrics)
        with upkeep.running():
            watcher.execute("SET statement_timeout = '30s'")
            watcher.execute(
                "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM footfall_counts_1m_rolled) LOOP "
                "PERFORM pg_sleep(0.05); END LOOP; END $$"
            )
            blocker.execute("LOCK TABLE footfall_counts_1m_rolled IN ACCESS EXCLUSIVE MODE")
            commit(database_url, seq=1)
        assert threading.active_count() == before
        blocker.rollback()

    def told(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"storesense_gateway_upkeep_{name}", labels)

    runs = told("runs_total", outcome="done")
    assert runs is not None
    assert runs >= 1
    assert (told("batches_total"), told("seconds_count")) == (1.0, runs)
    last_at, raw_from_at = told("last_timestamp_seconds"), told("raw_from_timestamp_seconds")
    assert last_at is not None
    assert raw_from_at is not None
    assert 0 < time.time() - last_at < 60
    assert 89 < (last_at - raw_from_at) / 86_400 < 98, "90 days, on a whole week"
    with connect(database_url) as connection:
        assert maintain(connection, MaintenanceSettings(), now=NOW).batches == 1, "what was cut short is made good"


def test_a_run_that_fails_is_counted_and_tried_again(empty_database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    metrics = GatewayMetrics()

    def failed() -> float:
        return metrics.registry.get_sample_value("storesense_gateway_upkeep_runs_total", {"outcome": "failed"}) or 0.0

    began_s = time.monotonic()
    with Maintenance(empty_database_url, MaintenanceSettings(), clock=SystemClock(), metrics=metrics).running():
        while failed() < 2 and time.monotonic() - began_s < 60:
            threading.Event().wait(0.01)
    assert failed() >= 2
    assert metrics.registry.get_sample_value("storesense_gateway_upkeep_last_timestamp_seconds") == 0
    assert "storesense db migrate" in caplog.text
