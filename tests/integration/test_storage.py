"""The schema and the gateway's store, on memory, on PostgreSQL and on TimescaleDB alike."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from fixtures.gateway_messages import BOOT, NOW, footfall, health, heatmap, incoming, message
from storesense_contracts.cli import main
from storesense_contracts.clock import to_epoch_us
from storesense_contracts.database import DatabaseError
from storesense_contracts.messages import DeviceState
from storesense_contracts.migrate import (
    ChangedMigrationError,
    DatabaseKind,
    DatabaseTooNewError,
    MigrationFailedError,
    known_migrations,
    migrate,
    status,
)
from storesense_contracts.spans import parse_multirange
from storesense_gateway import decoding
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import DeadLetter, DeviceKey, Entry, StatusUpdate
from storesense_gateway.families import FAMILIES
from storesense_gateway.memory import MemoryStore
from storesense_gateway.port import Store, StoreUnavailableError
from storesense_gateway.store import PostgresStore

OTHER_BOOT = "1" * 32
LIMITS = Limits()
DATABASES = ["database_url", "timescale_url"]
EMPTY = [("empty_database_url", DatabaseKind.PLAIN), ("empty_timescale_url", DatabaseKind.TIMESCALE)]


def query(url: str, text: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text, values or None)
        return cursor.fetchall() if cursor.description else []


def entry(
    readings: list[dict[str, Any]],
    *,
    seq: int = 0,
    device: str = "device-1",
    stream: str = "footfall",
    received_at: datetime = NOW,
    **changes: Any,
) -> Entry:
    topic = f"storesense/v1/store-1/{device}/up/{stream}"
    decoded = decode(incoming(message(readings, seq=seq, **changes), topic=topic, received_at=received_at), LIMITS)
    assert isinstance(decoded, Entry)
    return decoded


@pytest.mark.parametrize(("fixture", "kind"), EMPTY)
class TestMigrate:
    def test_an_empty_database_gets_the_schema_once(
        self, request: pytest.FixtureRequest, fixture: str, kind: DatabaseKind
    ) -> None:
        url = request.getfixturevalue(fixture)
        assert status(url).version == 0
        lines: list[str] = []
        first = migrate(url, progress=lines.append)
        assert (first.kind, first.version_before, first.pending) == (kind, 0, ())
        told = [line for line in lines if line.startswith("migration")]
        assert len(first.applied) == len(known_migrations(kind)) == len(told)
        again = migrate(url)
        assert (again.applied, again.version) == ((), first.version)
        assert status(url).pending == ()

    def test_it_can_be_brought_up_step_by_step(
        self, request: pytest.FixtureRequest, fixture: str, kind: DatabaseKind
    ) -> None:
        url = request.getfixturevalue(fixture)
        assert migrate(url, to_version=2).kind is kind
        assert status(url).version == 2
        assert status(url).pending[0].startswith("0003")
        assert migrate(url).version_before == 2


class TestMigrateRefuses:
    def test_a_migration_that_was_changed(self, database_url: str) -> None:
        query(database_url, "UPDATE schema_migrations SET sha256 = 'other' WHERE version = 2")
        with pytest.raises(ChangedMigrationError, match="0002_ledger was changed"):
            migrate(database_url)

    def test_a_database_of_a_later_release(self, database_url: str) -> None:
        query(database_url, "INSERT INTO schema_migrations VALUES (9999, 'later', 'plain', 'x')")
        with pytest.raises(DatabaseTooNewError, match="install the later release"):
            migrate(database_url)

    def test_a_database_that_others_use(self, empty_database_url: str) -> None:
        query(empty_database_url, "CREATE TABLE stores (name text)")
        with pytest.raises(MigrationFailedError, match="database of its own"):
            migrate(empty_database_url)
        assert status(empty_database_url).version == 0, "nothing of the failed migration stays"

    def test_a_database_that_is_not_there(self, database_url: str) -> None:
        with pytest.raises(DatabaseError, match="CREATE DATABASE"):
            migrate(database_url.replace("/test_", "/missing_"))

    def test_two_at_once_but_one_after_the_other(self, empty_database_url: str) -> None:
        reports = []
        threads = [threading.Thread(target=lambda: reports.append(migrate(empty_database_url))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(len(report.applied) for report in reports)[:2] == [0, 0]
        assert {report.version for report in reports} == {known_migrations(DatabaseKind.PLAIN)[-1].version}


_ROWS = """
    SELECT boots.device_id, boots.boot_id, seq, idx, subject_id
    FROM TABLE_NAME JOIN device_boots AS boots USING (boot_no) JOIN series USING (series_id)
    WHERE (series.store_id, series.device_id) = (boots.store_id, boots.device_id)
    ORDER BY 1, 2, 3, 4, 5
"""


class TestCommands:
    def test_a_gateway_waits_for_the_schema_of_its_release(self, database_url: str) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            for change, remedy in (
                (
                    "DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)",
                    "migrate",
                ),
                ("INSERT INTO schema_migrations VALUES (9999, 'later', 'plain', 'x')", "update this gateway"),
            ):
                connection.execute(change)
                store = PostgresStore(database_url, partition_no=0)
                with pytest.raises(StoreUnavailableError, match=rf"this gateway needs \d+; .*{remedy}"):
                    store.check()
                store.close()

    def test_migrate_and_status_tell_where_the_schema_stands(
        self, empty_database_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        reports = []
        for action, code in (("status", 1), ("migrate", 0), ("status", 0)):
            assert main(["db", action, "--database", empty_database_url, "--json"]) == code
            reports.append(json.loads(capsys.readouterr().out.splitlines()[-1]))
        assert [report["version"] for report in reports] == [0, reports[1]["version"], reports[1]["version"]]
        assert reports[0]["pending"] == reports[1]["applied"]
        assert reports[2]["pending"] == []

    def test_a_database_that_is_not_there_ends_with_its_own_exit_code(
        self, database_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["db", "migrate", "--database", database_url.replace("/test_", "/missing_")]) == 5
        assert "CREATE DATABASE" in capsys.readouterr().err


@dataclass
class Bench:
    """A store, and how to look into what it holds."""

    store: Store
    rows: Callable[[str], list[tuple[Any, ...]]]
    """Of one table: device, boot, seq, idx and subject of each row, in order."""
    letters: Callable[[], list[tuple[Any, ...]]]
    """Stage, seq and idx of each dead letter, in order."""
    ledger: Callable[[], dict[tuple[str, str], list[tuple[int, int]]]]
    """Committed spans by device and boot."""
    gaps: Callable[[], list[tuple[str, int, int, str]]]
    """Boot, first, end and reason of each declared gap."""
    device: Callable[[], tuple[Any, ...]]
    """State, boot, software and last_seen_at of device-1."""


def memory_bench() -> Bench:
    store = MemoryStore()

    def device() -> tuple[Any, ...]:
        known = store.devices[DeviceKey("store-1", "device-1")]
        return (known.state.value, known.boot_id, known.software, known.last_seen_at)

    def gaps() -> list[tuple[str, int, int, str]]:
        names = {number: key.boot_id for key, number in store.boot_nos.items()}
        return sorted((names[gap.boot_no], *gap.span, gap.reason) for gap in store.gaps)

    return Bench(
        store=store,
        rows=lambda table: sorted(
            (row.boot.device_id, row.boot.boot_id, row.seq, row.idx, row.series.subject_id)
            for row in store.rows.get(table, [])
        ),
        letters=lambda: [(letter.stage, letter.seq, letter.idx) for letter in store.letters],
        ledger=lambda: {(key.device_id, key.boot_id): spans for key, spans in store.committed.items()},
        gaps=gaps,
        device=device,
    )


def database_bench(url: str) -> Bench:
    store = PostgresStore(url, partition_no=3)

    def ask(text: str) -> list[tuple[Any, ...]]:
        store.close()  # TimescaleDB in WebAssembly serves one connection at a time
        return query(url, text)  # type: ignore[arg-type]

    return Bench(
        store=store,
        rows=lambda table: ask(_ROWS.replace("TABLE_NAME", table)),
        letters=lambda: ask("SELECT stage, seq, idx FROM dead_letters ORDER BY dead_letter_id"),
        ledger=lambda: {
            (device_id, boot_id): parse_multirange(committed)
            for device_id, boot_id, committed in ask("SELECT device_id, boot_id, committed::text FROM device_boots")
        },
        gaps=lambda: ask(
            "SELECT boot_id, lower(seqs), upper(seqs), reason FROM declared_gaps JOIN device_boots USING (boot_no) "
            "ORDER BY 1, 2"
        ),
        device=lambda: ask("SELECT state, boot_id, software, last_seen_at FROM devices WHERE device_id = 'device-1'")[
            0
        ],
    )


@pytest.fixture(params=["memory", *DATABASES])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The same suite on the fake and on the real things."""
    made = memory_bench() if request.param == "memory" else database_bench(request.getfixturevalue(request.param))
    yield made
    made.store.close()


class TestStore:
    def test_rows_carry_who_said_what_of_which(self, bench: Bench) -> None:
        result = bench.store.commit([entry([footfall(), footfall(line_id="back")], seq=4)], [])
        assert result.readings == {"footfall_counts": 2}
        assert bench.rows("footfall_counts") == [
            ("device-1", BOOT, 4, 0, "door"),
            ("device-1", BOOT, 4, 1, "back"),
        ]

    def test_repeats_within_and_across_batches_are_stored_once(self, bench: Bench) -> None:
        first = bench.store.commit([entry([footfall()], seq=seq) for seq in (0, 1, 1, 5)], [])
        again = bench.store.commit([entry([footfall()], seq=seq) for seq in (5, 0, 2)], [])
        only_repeats = bench.store.commit([entry([footfall()], seq=seq) for seq in (0, 1)], [])
        assert (first.committed, first.repeated) == (3, 1)
        assert (again.committed, again.repeated) == (1, 2)
        assert (only_repeats.batch_no, only_repeats.repeated) == (None, 2)
        assert again.batch_no == (first.batch_no or 0) + 1
        assert [row[2] for row in bench.rows("footfall_counts")] == [0, 1, 2, 5]
        assert bench.ledger() == {("device-1", BOOT): [(0, 3), (5, 6)]}

    def test_two_boots_of_a_minute_and_a_cloned_disk_both_count(self, bench: Bench) -> None:
        bench.store.commit([entry([footfall()]), entry([footfall()], boot_id=OTHER_BOOT)], [])
        bench.store.commit([entry([footfall()], device="device-2")], [])
        assert [row[:2] for row in bench.rows("footfall_counts")] == [
            ("device-1", BOOT),
            ("device-1", OTHER_BOOT),
            ("device-2", BOOT),
        ]

    def test_declared_drops_become_gaps_once(self, bench: Bench) -> None:
        bench.store.commit([entry([footfall()], seq=3)], [])
        drops = [
            {"boot_id": BOOT, "first": 1, "last": 5, "reason": "overflow"},
            {"boot_id": OTHER_BOOT, "first": 0, "last": 0, "reason": "expired"},
        ]
        for seq in (6, 7):
            bench.store.commit([entry([footfall()], seq=seq, dropped=drops)], [])
        assert bench.gaps() == [(BOOT, 1, 3, "overflow"), (BOOT, 4, 6, "overflow"), (OTHER_BOOT, 0, 1, "expired")]
        assert bench.ledger() == {("device-1", BOOT): [(1, 8)], ("device-1", OTHER_BOOT): [(0, 1)]}

    def test_dead_letters_stand_beside_their_neighbours(self, bench: Bench) -> None:
        garbage = decode(incoming(b"\x00\xff"), LIMITS)
        assert isinstance(garbage, DeadLetter)
        result = bench.store.commit([entry([footfall(), footfall(in_count=-1), footfall()], seq=9)], [garbage])
        assert result.letters == {"header": 1, "reading": 1}
        assert bench.letters() == [("header", None, None), ("reading", 9, 1)]
        assert [row[3] for row in bench.rows("footfall_counts")] == [0, 2]

    def test_a_message_of_only_bad_readings_is_committed(self, bench: Bench) -> None:
        bench.store.commit([entry([footfall(in_count=-1)], seq=2)], [])
        assert bench.ledger() == {("device-1", BOOT): [(2, 3)]}

    def test_the_largest_numbers_a_contract_allows_are_stored(self, bench: Bench) -> None:
        last = 2**63 - 2
        bench.store.commit(
            [
                entry([footfall(in_count=1_000_000)], seq=last),
                entry([health(uptime_s=2**63 - 1, outbox_messages=1_000_000)], seq=0, stream="health"),
            ],
            [],
        )
        assert bench.ledger() == {("device-1", BOOT): [(0, 1), (last, last + 1)]}
        assert len(bench.rows("health_readings")) == 1

    def test_a_status_is_kept_and_a_late_farewell_of_an_earlier_boot_is_not(self, bench: Bench) -> None:
        def update(state: DeviceState, boot_id: str, software: str | None = None) -> StatusUpdate:
            return StatusUpdate(
                device=DeviceKey("store-1", "device-1"),
                boot_id=boot_id,
                state=state,
                software=software,
                received_us=to_epoch_us(NOW),
            )

        assert bench.store.put_statuses([update(DeviceState.ONLINE, BOOT, "1.0")]) == 1
        assert bench.store.put_statuses([update(DeviceState.ONLINE, BOOT)]) == 0, "a retained repeat changes nothing"
        assert bench.store.put_statuses([update(DeviceState.ONLINE, OTHER_BOOT)]) == 1
        assert bench.store.put_statuses([update(DeviceState.OFFLINE, BOOT)]) == 0
        assert bench.device()[:3] == ("online", OTHER_BOOT, "1.0")
        assert bench.store.put_statuses([update(DeviceState.OFFLINE, OTHER_BOOT)]) == 1
        assert bench.device()[0] == "offline"

    def test_last_seen_never_runs_backwards(self, bench: Bench) -> None:
        device = DeviceKey("store-1", "device-1")
        for seconds in (5, 0):
            bench.store.touch_devices({device: NOW + timedelta(seconds=seconds)})
        assert bench.device()[3] == NOW + timedelta(seconds=5)

    def test_an_old_and_a_late_reading_find_their_place(self, bench: Bench) -> None:
        instants = [NOW - timedelta(days=days) for days in (0, 3, 30, 399)]
        bench.store.commit([entry([footfall(measured_at=at.isoformat()) for at in instants])], [])
        assert len(bench.rows("footfall_counts")) == 4


QUEUE = [
    {"kind": "sample", "measured_at": NOW.isoformat(), "queue_id": "tills", "length": 3, "longest_wait_ms": 4_000},
    {"kind": "visit", "measured_at": NOW.isoformat(), "queue_id": "tills", "outcome": "abandoned", "wait_ms": 31_000},
]
SHELF = [
    {"kind": "weight", "measured_at": NOW.isoformat(), "slot_id": "s1", "weight_mg": -5, "is_stable": True},
    {
        "kind": "weight",
        "measured_at": NOW.isoformat(),
        "slot_id": "s1",
        "weight_mg": 9_999_999_999,
        "is_stable": False,
        "units": 3,
        "confidence": 0.5,
    },
    {
        "kind": "event",
        "measured_at": NOW.isoformat(),
        "slot_id": "s1",
        "event": "put_back",
        "units": 2,
        "delta_mg": 10,
        "confidence": 1.0,
        "sku": "oat-milk",
    },
]
FLOW = [
    {
        "kind": "parties",
        "measured_at": NOW.isoformat(),
        "period_ms": 9,
        "line_id": "door",
        "in_count": 3,
        "staff_in_count": 1,
    },
    {
        "kind": "dwell",
        "measured_at": NOW.isoformat(),
        "period_ms": 9,
        "zone_id": "z",
        "dwell_counts": [1, 2, *[0] * 12, 3, 0, 2],
        "unknown_count": 4,
        "people_ms": 2**33,
    },
    {
        "kind": "service",
        "measured_at": NOW.isoformat(),
        "period_ms": 60_000,
        "lane_id": "l1",
        "queue_id": "tills",
        "till_count": 6,
        "busy_ms": 41_250,
        "served_count": 2,
    },
    {
        "kind": "transition",
        "measured_at": NOW.isoformat(),
        "span_ms": 900_000,
        "camera_id": "cam-1",
        "people_count": 7,
        "from_zone_id": "aisle-1",
        "to_zone_id": "aisle-2",
    },
    {"kind": "transition", "measured_at": NOW.isoformat(), "span_ms": 900_000, "camera_id": "cam-1", "people_count": 5},
]
EVERY_FAMILY = [
    ("footfall", [footfall(in_count=2)], "SELECT period_ms, in_count, out_count FROM footfall_counts", [(1_000, 2, 0)]),
    (
        "zone",
        [{"measured_at": NOW.isoformat(), "period_ms": 9, "zone_id": "z", "occupancy": 1, "presence_ms": 2**40 // 40}],
        "SELECT occupancy, entry_count, presence_ms, stop_count FROM zone_visits",
        [(1, 0, 2**40 // 40, 0)],
    ),
    ("queue", QUEUE, "SELECT length, longest_wait_ms FROM queue_samples", [(3, 4_000)]),
    ("queue", QUEUE, "SELECT outcome, wait_ms, service_ms FROM queue_visits", [("abandoned", 31_000, 0)]),
    (
        "lane",
        [{"measured_at": NOW.isoformat(), "lane_id": "l1", "is_open": True, "is_staffed": False}],
        "SELECT is_open, is_staffed FROM lane_states",
        [(True, False)],
    ),
    (
        "heatmap",
        [heatmap(origin_xy_m=[-1.5, 2.25])],
        "SELECT origin_x_m, origin_y_m, cell_size_m, columns, rows, length(presence_ds) > 0 FROM heatmap_grids",
        [(-1.5, 2.25, 0.5, 2, 2, True)],
    ),
    (
        "flow",
        FLOW,
        "SELECT period_ms, in_count, out_count, staff_in_count, staff_out_count FROM line_parties",
        [(9, 3, 0, 1, 0)],
    ),
    (
        "flow",
        FLOW,
        "SELECT visit_count, dwell_le_5s, dwell_le_10s, dwell_le_900s, dwell_le_1800s, people_ms FROM zone_dwells",
        [(8, 1, 3, 6, 6, 2**33)],
    ),
    (
        "flow",
        FLOW,
        "SELECT queue_id, till_count, busy_ms, served_count FROM lane_services",
        [("tills", 6, 41_250, 2)],
    ),
    (
        "flow",
        FLOW,
        "SELECT span_ms, people_count, from_zone_id, to_zone_id FROM zone_transitions ORDER BY idx",
        [(900_000, 7, "aisle-1", "aisle-2"), (900_000, 5, "", "")],
    ),
    (
        "shelf",
        SHELF,
        "SELECT weight_mg, is_stable, units, confidence FROM shelf_weights ORDER BY idx",
        [(-5, True, None, None), (9_999_999_999, False, 3, 0.5)],
    ),
    (
        "shelf",
        SHELF,
        "SELECT event, units, delta_mg, confidence, sku FROM shelf_events",
        [("put_back", 2, 10, 1.0, "oat-milk")],
    ),
    (
        "environment",
        [
            {"measured_at": NOW.isoformat(), "sensor_id": "e", "temperature_c": -4.5},
            {"measured_at": NOW.isoformat(), "sensor_id": "e", "noise_dba": 60.0, "light_lux": 0.0},
        ],
        "SELECT temperature_c, humidity_pct, noise_dba, light_lux FROM environment_readings ORDER BY idx",
        [(-4.5, None, None, None), (None, None, 60.0, 0.0)],
    ),
    (
        "health",
        [health(state="failed", reason="zwölf Bilder ✓"), health()],
        "SELECT state, reason, frames_per_s FROM health_readings ORDER BY idx",
        [("failed", "zwölf Bilder ✓", None), ("ok", None, None)],
    ),
    (
        "result",
        [
            {"measured_at": NOW.isoformat(), "command_id": "ab" * 16, "kind": "identify", "state": "taken"},
            {
                "measured_at": NOW.isoformat(),
                "command_id": "ab" * 16,
                "kind": "identify",
                "state": "done",
                "detail": "läuft auf box-7",
            },
        ],
        "SELECT command_id, state, detail FROM command_results ORDER BY idx",
        [("ab" * 16, "taken", None), ("ab" * 16, "done", "läuft auf box-7")],
    ),
]


@pytest.mark.parametrize("fixture", DATABASES)
class TestDatabase:
    def test_every_family_of_readings_comes_back_as_it_was_sent(
        self, request: pytest.FixtureRequest, fixture: str
    ) -> None:
        url = request.getfixturevalue(fixture)
        store = PostgresStore(url, partition_no=0)
        streams = {stream: readings for stream, readings, _, _ in EVERY_FAMILY}
        entries = [entry(readings, seq=seq, stream=stream) for seq, (stream, readings) in enumerate(streams.items())]
        assert [each.letters for each in entries] == [[]] * len(entries)
        store.commit(entries, [])
        store.close()
        with psycopg.connect(url, autocommit=True) as connection:
            for stream, _, text, expected in EVERY_FAMILY:
                assert connection.execute(text).fetchall() == expected, stream
            instants = "SELECT DISTINCT measured_at, received_at FROM lane_states"
            assert connection.execute(instants).fetchall() == [(NOW, NOW)]

    def test_what_the_database_refuses_is_found_by_halving(
        self, request: pytest.FixtureRequest, fixture: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(decoding, "_CHECKS", {})  # as if nobody had thought of NUL and of 64 bits
        readings = [health() for _ in range(40)]
        readings[7] |= {"reason": "cut\x00off"}
        readings[23] |= {"uptime_s": 2**63}
        bench = database_bench(request.getfixturevalue(fixture))
        result = bench.store.commit(
            [
                entry([footfall()], seq=0),
                entry(readings[:20], seq=1, stream="health"),
                entry(readings[20:], seq=2, stream="health"),
            ],
            [],
        )
        assert (result.committed, result.readings) == (3, {"footfall_counts": 1, "health_readings": 38})
        assert result.letters == {"database": 2}
        assert sorted(bench.letters()) == [("database", 1, 7), ("database", 2, 3)]
        assert bench.ledger() == {("device-1", BOOT): [(0, 3)]}
        bench.store.close()

    def test_rollups_equal_a_recomputation_from_raw_in_whatever_order_it_came(
        self, request: pytest.FixtureRequest, fixture: str
    ) -> None:
        url = request.getfixturevalue(fixture)
        store = PostgresStore(url, partition_no=0)
        begin = NOW.replace(minute=0, second=0)
        instants = [begin + timedelta(seconds=37 * step) for step in range(100)]
        for seq, at in enumerate(instants[::2] + instants[1::2]):
            visit = QUEUE[1] | {"measured_at": at.isoformat(), "wait_ms": 1_000 * (seq % 50)}
            store.commit(
                [
                    entry(
                        [footfall(measured_at=at.isoformat(), in_count=seq)],
                        seq=2 * seq,
                        received_at=begin + timedelta(hours=2),
                    ),
                    entry([visit], seq=2 * seq + 1, stream="queue", received_at=begin + timedelta(hours=2)),
                ],
                [],
            )
        store.close()
        with psycopg.connect(url, autocommit=True) as connection:
            for label, step in (("1m", timedelta(minutes=1)), ("15m", timedelta(minutes=15))):
                rollup: dict[datetime, tuple[int, int]] = {
                    at: (count, total)
                    for at, count, total in connection.execute(
                        f"SELECT bucket_at, reading_count, in_count FROM footfall_counts_{label}"  # type: ignore[arg-type]  # noqa: S608
                    )
                }
                truth: dict[datetime, tuple[int, int]] = {}
                for seq, at in enumerate(instants[::2] + instants[1::2]):
                    bucket = begin + (at - begin) // step * step
                    count, total = truth.get(bucket, (0, 0))
                    truth[bucket] = (count + 1, total + seq)
                assert rollup == truth
            waits = connection.execute(
                "SELECT sum(visit_count), sum(wait_le_30s), sum(wait_le_1800s), sum(wait_ms) FROM queue_visits_15m "
                "WHERE outcome = 'abandoned'"
            ).fetchone()
        assert waits == (100, 62, 100, 2 * sum(range(50)) * 1_000)

    def test_every_rollup_can_be_read(self, request: pytest.FixtureRequest, fixture: str) -> None:
        url = request.getfixturevalue(fixture)
        tables = (
            "footfall_counts",
            "zone_visits",
            "queue_samples",
            "queue_visits",
            "shelf_weights",
            "shelf_events",
            "environment_readings",
            "line_parties",
            "zone_dwells",
            "lane_services",
            "zone_transitions",
            "lane_states",
            "health_readings",
        )
        with psycopg.connect(url, autocommit=True) as connection:
            for table in tables:
                columns = []
                for label in ("1m", "15m"):
                    cursor = connection.execute(f"SELECT * FROM {table}_{label}")  # type: ignore[arg-type]  # noqa: S608
                    assert cursor.fetchall() == []
                    columns.append([(column.name, column.type_code) for column in cursor.description or ()])
                both, more = columns[1][: len(columns[0])], columns[1][len(columns[0]) :]
                assert [name for name, _ in columns[0]] == [name for name, _ in both]
                assert all("minute_" in name for name, _ in more), "of its minutes only 15 minutes can tell"

    def test_a_batch_is_announced_with_its_number_in_its_partition(
        self, request: pytest.FixtureRequest, fixture: str
    ) -> None:
        url = request.getfixturevalue(fixture)
        store = PostgresStore(url, partition_no=3)
        result = store.commit([entry([footfall()])], [])
        assert result.batch_no == 3 * 2**40 + 1
        store.close()
        assert query(url, "SELECT batch_no FROM footfall_counts") == [(result.batch_no,)]
        assert query(url, "SELECT head FROM partitions WHERE partition_no = 3") == [(result.batch_no,)]


class TestPostgres:
    def test_listeners_hear_of_batches_and_devices(self, database_url: str) -> None:
        with psycopg.connect(database_url, autocommit=True) as listener:
            listener.execute("LISTEN storesense_batches")
            listener.execute("LISTEN storesense_devices")
            store = PostgresStore(database_url, partition_no=3)
            store.commit([entry([footfall()])], [])
            store.commit([entry([footfall()])], [])
            store.put_statuses(
                [
                    StatusUpdate(
                        device=DeviceKey("store-1", "device-1"),
                        boot_id=BOOT,
                        state=DeviceState.ONLINE,
                        software=None,
                        received_us=to_epoch_us(NOW),
                    )
                ]
            )
            store.close()
            heard = [(each.channel, each.payload) for each in listener.notifies(timeout=30.0, stop_after=2)]
        assert heard == [("storesense_batches", f"3:{3 * 2**40 + 1}"), ("storesense_devices", "store-1/device-1")]

    def test_two_gateways_that_get_the_same_messages_store_them_once(self, database_url: str) -> None:
        entries = [
            entry([footfall(line_id=f"line-{seq % 7}")], seq=seq, device=f"device-{seq % 5}") for seq in range(200)
        ]
        failures: list[Exception] = []

        def work(partition_no: int) -> None:
            store = PostgresStore(database_url, partition_no=partition_no)
            mine = entries if partition_no else entries[::-1]
            try:
                for first in range(0, len(mine), 10):
                    store.commit(mine[first : first + 10], [])
            except StoreUnavailableError as exc:
                failures.append(exc)
            store.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        counts = "SELECT count(*), count(DISTINCT (boot_no, seq, idx)) FROM footfall_counts"
        assert query(database_url, counts) == [(200, 200)]
        assert query(database_url, "SELECT count(*) FROM series") == [(35,)]

    def test_readings_are_cut_by_week_and_the_strays_move_when_their_week_is_made(self, database_url: str) -> None:
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        insert: LiteralString = "INSERT INTO lane_states SELECT %s, now(), 1, 1, 1, 0, 1, true, true"
        query(database_url, insert, long_ago)
        count: LiteralString = "SELECT count(*) FROM lane_states_default"
        assert query(database_url, count) == [(1,)]
        made = query(database_url, "SELECT storesense_ensure_partitions(%s, %s)", long_ago, long_ago)
        tables = {family.table for family in FAMILIES.values()} - {"command_results"}
        assert made == [(len(tables),)], "a week of each table; results of commands are too few to be parted"
        assert query(database_url, count) == [(0,)]
        assert query(database_url, "SELECT count(*) FROM lane_states_20191230") == [(1,)]
        assert query(database_url, "SELECT storesense_ensure_partitions(%s, %s)", long_ago, long_ago) == [(0,)]

    def test_a_commit_makes_the_week_it_needs(self, database_url: str) -> None:
        store = PostgresStore(database_url, partition_no=0)
        at = NOW - timedelta(days=50)
        store.commit([entry([footfall(measured_at=at.isoformat())])], [])
        store.close()
        assert query(database_url, "SELECT count(*) FROM footfall_counts_default") == [(0,)]

    def test_a_connection_that_was_cut_is_made_again(self, database_url: str) -> None:
        store = PostgresStore(database_url, partition_no=0)
        store.commit([entry([footfall()])], [])
        query(
            database_url,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'storesense gateway' AND datname = current_database()",
        )
        with pytest.raises(StoreUnavailableError):
            store.commit([entry([footfall()], seq=1)], [])
        assert store.commit([entry([footfall()], seq=1)], []).committed == 1
        store.close()

    def test_an_acknowledgement_means_that_it_is_on_disk_whatever_the_default(self, database_url: str) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
        store = PostgresStore(database_url, partition_no=0)
        with store._translated() as connection:
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        store.close()

    def test_a_database_without_the_schema_is_named_with_the_remedy(self, empty_database_url: str) -> None:
        store = PostgresStore(empty_database_url, partition_no=0)
        with pytest.raises(StoreUnavailableError, match="storesense db migrate"):
            store.check()
        store.close()
