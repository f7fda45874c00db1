"""Rollups and local days equal a recomputation from raw, in whatever order and however late readings came."""

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from storesense_contracts.migrate import migrate
from storesense_gateway.maintenance import MaintenanceReport, connect, maintain
from storesense_gateway.maintenance_settings import MaintenanceSettings

DATABASES = ["database_url", "timescale_url"]
NOW = datetime(2026, 7, 15, 12, 7, tzinfo=UTC)
FAMILIES = (
    "footfall_counts",
    "zone_visits",
    "queue_samples",
    "queue_visits",
    "shelf_weights",
    "shelf_events",
    "environment_readings",
    "lane_states",
    "health_readings",
)
_OF = ("footfall", "zone", "queue", "queue", "shelf", "shelf", "environment", "lane", "health")
STREAMS = dict(zip(FAMILIES, _OF, strict=True))

Row = tuple[str, dict[str, Any]]


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 -- the same rows on every run


def make_row(chance: random.Random, family: str, measured_at: datetime) -> Row:
    values: dict[str, dict[str, Callable[[], Any]]] = {
        "footfall_counts": {
            "period_ms": lambda: 1_000,
            "in_count": lambda: chance.randrange(5),
            "out_count": lambda: 1,
        },
        "zone_visits": {
            "period_ms": lambda: 1_000,
            "occupancy": lambda: chance.randrange(9),
            "entry_count": lambda: chance.randrange(3),
            "exit_count": lambda: 1,
            "presence_ms": lambda: chance.choice([0, chance.randrange(10**6)]),
            "visit_count": lambda: chance.randrange(3),
            "visit_dwell_ms": lambda: chance.choice([0, chance.randrange(10**5)]),
            "stop_count": lambda: 0,
        },
        "queue_samples": {
            "length": lambda: chance.randrange(9),
            "longest_wait_ms": lambda: chance.choice([0, chance.randrange(10**5)]),
        },
        "queue_visits": {
            "outcome": lambda: chance.choice(["served", "abandoned"]),
            "wait_ms": lambda: chance.choice([0, 5_000, 5_001, 30_000, 1_800_000, 1_800_001]),
            "service_ms": lambda: 40_000,
        },
        "shelf_weights": {
            "weight_mg": lambda: chance.randrange(10**9),
            "is_stable": lambda: True,
            "units": lambda: chance.choice([None, 0, 3, 7]),
            "confidence": lambda: 0.5,
        },
        "shelf_events": {
            "event": lambda: chance.choice(["pick", "put_back", "restock"]),
            "units": lambda: chance.randrange(1, 4),
            "delta_mg": lambda: -chance.randrange(10**6),
            "confidence": lambda: 0.5,
        },
        "environment_readings": {
            "temperature_c": lambda: chance.choice([None, -4.55, 21.125, 21.1]),
            "humidity_pct": lambda: None,
            "noise_dba": lambda: chance.choice([None, 55.5]),
            "light_lux": lambda: chance.random() * 1_000,
        },
        "lane_states": {"is_open": lambda: chance.random() < 0.6, "is_staffed": lambda: chance.random() < 0.5},
        "health_readings": {"state": lambda: chance.choice(["ok", "degraded", "failed"])},
    }
    return family, {"measured_at": measured_at, **{name: value() for name, value in values[family].items()}}


def hour_facts(family: str, values: dict[str, Any]) -> dict[str, int]:
    """Return what one reading adds to its store's hour."""
    match family:
        case "footfall_counts":
            return {"line_reading_count": 1, "visitor_count": values["in_count"], "leaver_count": values["out_count"]}
        case "zone_visits":
            return {"zone_reading_count": 1, "zone_presence_ms": values["presence_ms"]}
        case "queue_samples":
            return {"queue_reading_count": 1, "queue_length_sum": values["length"]}
        case "queue_visits" if values["outcome"] == "served":
            is_quick = values["wait_ms"] <= 5_000
            return {"served_count": 1, "served_wait_ms": values["wait_ms"], "served_wait_le_5s": int(is_quick)}
        case "queue_visits":
            return {"abandoned_count": 1, "abandoned_wait_ms": values["wait_ms"]}
        case "shelf_weights":
            is_known = values["units"] is not None
            return {"slot_known_count": int(is_known), "slot_empty_count": int(values["units"] == 0)}
        case "shelf_events":
            return {
                {"pick": "picked", "restock": "restocked"}.get(values["event"], "put_back") + "_units": values["units"]
            }
        case _:
            return {}


class World:
    """A database into which batches are committed, as a gateway does."""

    def __init__(self, url: str) -> None:
        self.connection = connect(url)
        self._series: dict[tuple[str, str], int] = {}

    def close(self) -> None:
        self.connection.close()

    def add_store(self, store_id: str, time_zone: str) -> None:
        self.connection.execute(
            "INSERT INTO stores (store_id, name, time_zone, layout) VALUES (%s, 'x', %s, %s::jsonb)",
            (store_id, time_zone, '{"lines": [{"id": "x", "is_entrance": true}, {"id": "y", "is_entrance": false}]}'),
        )

    def series(self, family: str, store_id: str, subject_id: str = "x") -> int:
        key = (f"{STREAMS[family]}:{subject_id}", store_id)
        if key not in self._series:
            row = self.connection.execute(
                "INSERT INTO series (store_id, device_id, stream, subject_id) VALUES (%s, 'd', %s, %s) "
                "ON CONFLICT (store_id, stream, subject_id, device_id) DO UPDATE SET device_id = 'd' "
                "RETURNING series_id",
                (store_id, STREAMS[family], subject_id),
            ).fetchone()
            assert row is not None
            self._series[key] = row[0]
        return self._series[key]

    def commit(
        self, rows: Sequence[Row], *, store_id: str = "s1", partition_no: int = 0, subject_id: str = "x"
    ) -> None:
        ids = {family: self.series(family, store_id, subject_id) for family, _ in rows}
        with self.connection.transaction():
            self.connection.execute(
                "INSERT INTO partitions (partition_no, head) VALUES (%(p)s, %(p)s::bigint << 40) "
                "ON CONFLICT DO NOTHING",
                {"p": partition_no},
            )
            head = self.connection.execute(
                "UPDATE partitions SET head = head + 1 WHERE partition_no = %s RETURNING head", (partition_no,)
            ).fetchone()
            assert head is not None
            for seq, (family, values) in enumerate(rows):
                row = {
                    **values,
                    "received_at": NOW,
                    "series_id": ids[family],
                    "boot_no": 1,
                    "seq": seq,
                    "idx": 0,
                    "batch_no": head[0],
                }
                statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                    sql.Identifier(family),
                    sql.SQL(", ").join(map(sql.Identifier, row)),
                    sql.SQL(", ").join(map(sql.Placeholder, row)),
                )
                self.connection.execute(statement, row)

    def maintain(self, now: datetime = NOW, **settings: Any) -> MaintenanceReport:
        return maintain(self.connection, MaintenanceSettings.model_validate(settings), now=now)

    def ask(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(text, values or None).fetchall()

    def differences(self) -> dict[str, int]:
        """Count the rows by which each rollup differs from its recomputation."""
        found = {}
        for family in FAMILIES:
            for label in ("1m", "15m"):
                name = f"{family}_{label}"
                rolled = sorted(map(repr, self.ask(f"SELECT * FROM {name}")))  # noqa: S608
                anew = sorted(map(repr, self.ask(f"SELECT * FROM {name}_from_raw")))  # noqa: S608
                if rolled != anew:
                    found[name] = len(set(rolled) ^ set(anew))
        return found


@pytest.fixture(params=DATABASES)
def world(request: pytest.FixtureRequest) -> Any:
    made = World(request.getfixturevalue(request.param))
    yield made
    made.close()


def shuffled_history(chance: random.Random, *, days: float, rows: int) -> list[Row]:
    instants = [NOW - timedelta(seconds=chance.randrange(int(days * 86_400))) for _ in range(rows)]
    return [make_row(chance, chance.choice(FAMILIES), at) for at in instants]


class TestRollups:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_shuffled_and_days_late_equals_a_recomputation_after_every_run(self, world: World, seed: int) -> None:
        chance = seeded(seed)
        world.add_store("s1", "Europe/Berlin")
        rows = shuffled_history(chance, days=20, rows=160)
        for cut in range(0, len(rows), 40):
            part = rows[cut : cut + 40]
            for first in range(0, len(part), 10):
                world.commit(part[first : first + 10], partition_no=chance.randrange(2))
            world.maintain(step_batches=chance.choice([1, 500]))
            assert world.differences() == {}
        assert world.maintain().batches == 0, "a run with nothing new does nothing twice"
        assert world.differences() == {}

    @settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.one_of(
                st.integers(1, 3),
                st.lists(st.tuples(st.sampled_from(FAMILIES), st.integers(0, 20 * 86_400)), min_size=1, max_size=6),
            ),
            max_size=6,
        ),
        st.integers(0, 2**32),
    )
    def test_any_order_of_batches_and_runs(self, database_url: str, steps: list[Any], seed: int) -> None:
        chance = seeded(seed)
        with closing(World(database_url)) as world:
            for step in steps:
                if isinstance(step, int):
                    world.maintain(step_batches=step)
                else:
                    rows = [make_row(chance, family, NOW - timedelta(seconds=age_s)) for family, age_s in step]
                    world.commit(rows, partition_no=chance.randrange(2))
            assert world.differences() == {}

    def test_readers_see_the_present_before_any_run(self, world: World) -> None:
        world.commit([make_row(seeded(1), family, NOW - timedelta(minutes=3)) for family in FAMILIES])
        assert world.differences() == {}
        world.maintain()
        world.commit([make_row(seeded(2), family, NOW - timedelta(minutes=2)) for family in FAMILIES])
        assert world.differences() == {}, "what came after the run, in the same minutes and after them"

    def test_a_run_finds_readings_older_than_the_refresh_window(self, world: World) -> None:
        world.commit([make_row(seeded(1), "footfall_counts", NOW - timedelta(days=1))])
        world.maintain()
        world.commit([make_row(seeded(2), "footfall_counts", NOW - timedelta(days=60))])
        world.maintain()
        assert world.differences() == {}

    def test_a_refresh_goes_through_its_window_in_one_pass(self, timescale_url: str) -> None:
        with closing(World(timescale_url)) as world:
            knows = world.ask(
                "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = 'refresh_continuous_aggregate' "
                "AND 'options' = ANY (proargnames))"
            ) == [(True,)]
            statements = world.ask("SELECT * FROM storesense_refresh_statements(%s, %s)", NOW - timedelta(days=7), NOW)
            assert len(statements) >= 2 * len(FAMILIES)
            assert all(('"buckets_per_batch": 0' in text) is knows for (text,) in statements)

    def test_a_backlog_of_weeks_is_told_week_by_week(self, timescale_url: str) -> None:
        with closing(World(timescale_url)) as world:
            world.commit([make_row(seeded(1), "footfall_counts", NOW - timedelta(days=20))])
            said: list[str] = []
            maintain(world.connection, MaintenanceSettings(), now=NOW, progress=said.append)
            parts = [line.split()[2:] for line in said if line.startswith("rolling up ")]
            assert len(parts) == 3
            assert all(before[-1] == after[0] for before, after in itertools.pairwise(parts))
            assert world.differences() == {}
            said.clear()
            world.commit([make_row(seeded(2), "footfall_counts", NOW - timedelta(hours=2))])
            maintain(world.connection, MaintenanceSettings(), now=NOW, progress=said.append)
            assert said == []
            assert world.differences() == {}

    def test_dropping_raw_rows_keeps_their_rollups(self, world: World) -> None:
        chance = seeded(5)
        world.add_store("s1", "UTC")
        old = [make_row(chance, family, NOW - timedelta(days=80 + i)) for i in range(4) for family in FAMILIES]
        fresh = [make_row(chance, family, NOW - timedelta(days=i)) for i in range(1, 4) for family in FAMILIES]
        world.commit(old + fresh)
        world.maintain()
        names = [f"{family}_{label}" for family in FAMILIES for label in ("1m", "15m")]
        before = {name: sorted(map(repr, world.ask(f"SELECT * FROM {name}"))) for name in (*names, "store_days")}  # noqa: S608
        later = NOW + timedelta(days=30)
        report = world.maintain(now=later)
        assert report.dropped > 0
        assert report.raw_from_at is not None
        assert world.ask("SELECT count(*) FROM footfall_counts") == [(3,)]
        world.commit([make_row(chance, "footfall_counts", NOW - timedelta(days=2))])
        world.maintain(now=later)
        after = {name: sorted(map(repr, world.ask(f"SELECT * FROM {name}"))) for name in (*names, "store_days")}  # noqa: S608
        changed = {name for name in after if after[name] != before[name]}
        assert changed <= {"footfall_counts_1m", "footfall_counts_15m", "store_days"}
        assert len(after["store_days"]) == len(before["store_days"]) == 7
        assert sum(row not in after["store_days"] for row in before["store_days"]) == 1
        assert world.ask("SELECT count(*), sum(reading_count)::int FROM footfall_counts_15m") == [(7, 8)]


DURATIONS = "SELECT presence_ms, visit_dwell_ms FROM zone_visits ORDER BY measured_at"
ROLLED = (
    "SELECT z.bucket_at, z.presence_ms, z.visit_dwell_ms, q.longest_wait_ms_max "
    "FROM zone_visits_1m z JOIN series USING (series_id) JOIN queue_samples_1m q USING (bucket_at) "
    "JOIN series s ON s.series_id = q.series_id AND s.store_id = series.store_id ORDER BY 1, 2"
)


def idle_and_busy(*, days: int = 20) -> list[Row]:
    """A zone and a queue in three minutes of one week: one with somebody in it, then two with nobody."""
    zone = {"period_ms": 30_000, "occupancy": 0, "entry_count": 0, "exit_count": 0, "visit_count": 0, "stop_count": 0}
    at = NOW.replace(second=0) - timedelta(days=days)
    rows: list[Row] = []
    for after_s, presence_ms, longest_wait_ms in ((0, 0, 0), (30, 7, 9), (60, 0, 0), (120, 0, 0)):
        measured_at = at + timedelta(seconds=after_s)
        durations = {"presence_ms": presence_ms, "visit_dwell_ms": 0}
        rows.append(("zone_visits", {"measured_at": measured_at, **zone, **durations}))
        rows.append(("queue_samples", {"measured_at": measured_at, "length": 0, "longest_wait_ms": longest_wait_ms}))
    return rows


class TestCompressing:
    def test_old_readings_forget_their_arrival_but_not_who_they_are(self, timescale_url: str) -> None:
        old_at = NOW - timedelta(days=20)
        with closing(World(timescale_url)) as world:
            row = make_row(seeded(1), "footfall_counts", old_at)
            for partition_no in (0, 1):
                world.commit([row, row, row], partition_no=partition_no)
            change = "UPDATE footfall_counts SET received_at = measured_at + %s WHERE seq = %s RETURNING 1"
            world.ask(change, timedelta(seconds=61), 0)
            world.ask(change, -timedelta(seconds=1), 1)
            world.connection.execute(
                "INSERT INTO follower_cursors (follower, partition_no, batch_no) VALUES ('x', 1, 0)"
            )
            assert world.maintain().compressed == 1
            kept = "SELECT batch_no >> 40, seq, received_at FROM footfall_counts ORDER BY 1, 2"
            behind = [(1, 0, old_at + timedelta(seconds=61)), (1, 1, old_at - timedelta(seconds=1)), (1, 2, NOW)]
            assert world.ask(kept) == [
                *behind,
                (None, 0, None),
                (None, 1, old_at - timedelta(seconds=1)),
                (None, 2, NOW),
            ], "follower x has yet to come to partition 1"
            assert world.maintain().compressed == 0
            assert world.ask("SELECT count(DISTINCT (boot_no, seq, idx)) FROM footfall_counts") == [(3,)]
            world.commit([make_row(seeded(2), "footfall_counts", old_at + timedelta(seconds=1))])
            assert world.maintain().compressed == 1, "once more, with what came late"
            assert world.ask("SELECT count(*), count(batch_no) FROM footfall_counts") == [(7, 4)]
            assert world.differences() == {}

    def test_a_week_of_a_series_fills_one_block_where_the_server_lets_it(self, timescale_url: str) -> None:
        old_at = NOW - timedelta(days=20)
        with closing(World(timescale_url)) as world:
            world.commit([make_row(seeded(1), "footfall_counts", old_at)])
            world.connection.execute(
                "INSERT INTO footfall_counts SELECT measured_at + n * interval '1 second', received_at, series_id, "
                "boot_no, n, 0, batch_no, period_ms, in_count, out_count "
                "FROM footfall_counts, generate_series(1, 2499) AS n"
            )
            rolled = world.ask("SELECT * FROM footfall_counts_15m ORDER BY 1")
            assert world.maintain().compressed == 1
            limit = world.ask(
                "SELECT max_val::int FROM pg_settings WHERE name = 'timescaledb.compression_batch_size_limit'"
            )
            block = limit[0][0] if limit else 1_000
            blocks = "SELECT numrows_post_compression FROM _timescaledb_catalog.compression_chunk_size"
            assert world.ask(blocks) == [(-(-2_500 // block),)]
            assert world.ask("SELECT count(*), count(DISTINCT seq) FROM footfall_counts") == [(2_500, 2_500)]
            assert world.ask("SELECT * FROM footfall_counts_15m ORDER BY 1") == rolled
            assert world.differences() == {}

    def test_noughts_are_left_out_and_read_as_noughts(self, timescale_url: str) -> None:
        with closing(World(timescale_url)) as world:
            world.commit(idle_and_busy())
            rolled = world.ask(ROLLED)
            assert world.maintain().compressed == 2
            assert world.ask(DURATIONS) == [(None, None), (7, None), (None, None), (None, None)]
            assert world.ask("SELECT longest_wait_ms FROM queue_samples ORDER BY 1") == [
                (9,),
                (None,),
                (None,),
                (None,),
            ]
            assert world.ask(ROLLED) == rolled
            world.commit(idle_and_busy(), store_id="s2")
            world.maintain()
            assert world.ask("SELECT count(*) FROM zone_visits_1m_rolled WHERE presence_ms IS NULL") == [(2,)], (
                "the minutes of the first were summed once more, without their noughts"
            )
            assert world.differences() == {}
            assert world.ask(ROLLED) == sorted(rolled * 2)

    def test_a_database_that_was_compressed_before_goes_on(self, empty_timescale_url: str) -> None:
        migrate(empty_timescale_url, to_version=80)
        with closing(World(empty_timescale_url)) as world:
            world.connection.execute("GRANT SELECT ON zone_visits_1m TO pg_monitor")
            world.commit(idle_and_busy())
            assert world.maintain().compressed == 2
            rolled = world.ask(ROLLED)
        assert migrate(empty_timescale_url).version > 80
        with closing(World(empty_timescale_url)) as world:
            assert world.ask("SELECT has_table_privilege('pg_monitor', 'zone_visits_1m', 'SELECT')") == [(True,)]
            assert world.ask(ROLLED) == rolled
            assert world.ask(DURATIONS) == [(0, 0), (7, 0), (0, 0), (0, 0)], "what is compressed stays as it is"
            world.commit(idle_and_busy(), store_id="s2")
            world.commit(idle_and_busy(days=27), store_id="s2")
            assert world.maintain().compressed == 4
            assert world.differences() == {}
            assert world.ask("SELECT count(*) FROM zone_visits WHERE presence_ms IS NULL") == [(3,)]

    def test_nothing_young_is_compressed(self, timescale_url: str) -> None:
        with closing(World(timescale_url)) as world:
            world.commit([make_row(seeded(1), family, NOW - timedelta(days=6)) for family in FAMILIES])
            assert world.maintain().compressed == 0
            assert world.ask("SELECT count(*) FROM footfall_counts WHERE batch_no IS NULL") == [(0,)]


class TestDropping:
    def test_a_week_is_dropped_only_when_all_of_it_is_in_the_rollups(self, database_url: str) -> None:
        old_at = NOW - timedelta(days=120)
        with closing(World(database_url)) as world:
            world.ask("SELECT storesense_ensure_partitions(%s, %s)", old_at, old_at)
            world.commit([make_row(seeded(1), family, old_at) for family in FAMILIES])
            drops = [text for (text,) in world.ask("SELECT * FROM storesense_drop_statements(%s)", NOW)]
            weekly = [text for text in drops if "_2026" in text]
            assert len(weekly) == 14, "one week of each table of readings"
            kept = {text for text in weekly if world.ask(text) == [(0,)]}
            assert {text.split("'")[1].rsplit("_", 1)[0] for text in kept} == set(FAMILIES)
            assert world.differences() == {}
            before = world.ask("SELECT * FROM footfall_counts_15m")
            assert world.maintain().dropped == len(FAMILIES)
            assert world.ask("SELECT count(*) FROM footfall_counts") == [(0,)]
            assert world.ask("SELECT * FROM footfall_counts_15m") == before

    def test_a_reading_that_comes_after_its_week_was_dropped_is_added_on_postgresql(self, database_url: str) -> None:
        old_at = NOW - timedelta(days=120)
        with closing(World(database_url)) as world:
            for count in (1, 2):
                world.commit([make_row(seeded(1), "footfall_counts", old_at)])
                assert world.maintain().dropped == 1
                assert world.ask("SELECT reading_count FROM footfall_counts_15m") == [(count,)]


DATES = [
    # zone, a UTC instant, the date and hour there, why
    ("Pacific/Auckland", "2026-07-15T11:59", "2026-07-15", 23, "before midnight, half a day ahead of UTC"),
    ("Pacific/Auckland", "2026-07-15T12:00", "2026-07-16", 0, "midnight"),
    ("Asia/Kathmandu", "2026-07-15T18:14", "2026-07-15", 23, "a zone of a quarter of an hour"),
    ("Asia/Kathmandu", "2026-07-15T18:15", "2026-07-16", 0, "its midnight"),
    ("Australia/Lord_Howe", "2026-04-04T15:14", "2026-04-05", 1, "the half hour that comes again"),
    ("Australia/Lord_Howe", "2026-04-04T15:30", "2026-04-05", 2, "after it"),
    ("America/Los_Angeles", "2026-03-08T10:00", "2026-03-08", 3, "the hour after the one that was left out"),
]


class TestStoreDays:
    @pytest.mark.parametrize(("zone", "instant", "day", "hour"), [pytest.param(*c[:4], id=c[4]) for c in DATES])
    def test_a_reading_counts_for_the_hour_on_the_wall(
        self, database_url: str, zone: str, instant: str, day: str, hour: int
    ) -> None:
        with closing(World(database_url)) as world:
            world.add_store("s1", zone)
            at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
            row = {"measured_at": at, "period_ms": 1_000, "in_count": 3, "out_count": 1}
            world.commit([("footfall_counts", row)])
            world.commit([("footfall_counts", row)], subject_id="y")
            world.maintain()
            hours = world.ask(
                "SELECT local_date::text, local_hour, visitor_count FROM store_hours WHERE visitor_count > 0"
            )
            assert hours == [(day, hour, 3)], "the line that is no entrance does not count"
            assert world.ask("SELECT local_date::text, visitor_count, leaver_count FROM store_days") == [(day, 3, 1)]

    @pytest.mark.parametrize(
        ("zone", "day", "minutes", "hours"),
        [
            pytest.param("Pacific/Auckland", "2026-07-15", 1_440, 24, id="a day like any other"),
            pytest.param("Pacific/Auckland", "2026-04-05", 1_500, 25, id="an hour comes twice"),
            pytest.param("Pacific/Auckland", "2026-09-27", 1_380, 23, id="an hour is left out"),
            pytest.param("Australia/Lord_Howe", "2026-04-05", 1_470, 25, id="half an hour comes twice"),
            pytest.param("Australia/Lord_Howe", "2026-10-04", 1_410, 24, id="half an hour is left out"),
            pytest.param("America/Santiago", "2026-09-06", 1_380, 23, id="there is no midnight"),
            pytest.param("America/Santiago", "2026-04-04", 1_500, 25, id="the last hour of a day comes twice"),
        ],
    )
    def test_a_day_is_as_long_as_it_is(self, database_url: str, zone: str, day: str, minutes: int, hours: int) -> None:
        with closing(World(database_url)) as world:
            world.add_store("s1", zone)
            noon_at = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone))
            world.commit([("footfall_counts", {"measured_at": noon_at, "period_ms": 1, "in_count": 1, "out_count": 0})])
            world.maintain(now=noon_at + timedelta(days=1))
            assert world.ask("SELECT local_date::text, minutes FROM store_days") == [(day, minutes)]
            assert world.ask("SELECT count(*), sum(minutes)::int FROM store_hours") == [(hours, minutes)]
            span = world.ask("SELECT starts_at, lead(starts_at) OVER (ORDER BY starts_at), minutes FROM store_hours")
            assert all(end_at is None or end_at - at == timedelta(minutes=length) for at, end_at, length in span)

    def test_days_made_bit_by_bit_equal_days_made_at_once(self, world: World) -> None:
        chance = seeded(11)
        zones = {"s1": "Pacific/Auckland", "s2": "Australia/Lord_Howe", "s3": "Asia/Kathmandu"}
        for store_id, zone in zones.items():
            world.add_store(store_id, zone)
        world.maintain()
        for store_id in zones:
            for part in range(3):
                world.commit(shuffled_history(chance, days=5, rows=30), store_id=store_id, partition_no=part % 2)
                world.maintain()
        text = "SELECT * FROM store_{} ORDER BY store_id, starts_at"
        bit_by_bit = [world.ask(text.format(table)) for table in ("hours", "days")]
        assert len(bit_by_bit[1]) >= 15
        world.ask("DELETE FROM store_day_bases RETURNING 1")
        assert world.maintain().rebased_stores == 3
        assert [world.ask(text.format(table)) for table in ("hours", "days")] == bit_by_bit
        served, le_30s, le_1800s = world.ask(
            "SELECT sum(served_count), sum(served_wait_le_30s), sum(served_wait_le_1800s) FROM store_days"
        )[0]
        raw = world.ask(
            "SELECT count(*), count(*) FILTER (WHERE wait_ms <= 30000), count(*) FILTER (WHERE wait_ms <= 1800000) "
            "FROM queue_visits WHERE outcome = 'served'"
        )[0]
        assert (served, le_30s, le_1800s) == raw

    @pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "Pacific/Auckland", "Asia/Kathmandu", "Europe/Berlin"])
    def test_hours_and_days_equal_a_recomputation_from_raw_over_a_change_of_clocks(
        self, world: World, zone: str
    ) -> None:
        now = datetime(2026, 4, 8, 12, 7, tzinfo=UTC)
        chance = seeded(13)
        world.add_store("s1", zone)
        # The night that has an hour, or half of one, twice in the south; and the one that lacks one in Berlin.
        nights = [datetime(2026, 4, 4, 10, tzinfo=UTC), datetime(2026, 3, 28, 20, tzinfo=UTC)]
        instants = [chance.choice(nights) + timedelta(seconds=chance.randrange(12 * 3_600)) for _ in range(150)]
        rows = [make_row(chance, chance.choice(FAMILIES), at) for at in instants]
        for first in range(0, len(rows), 30):
            world.commit(rows[first : first + 30], partition_no=chance.randrange(2))
            world.maintain(now=now)
        hours: dict[tuple[date, int, int], Counter[str]] = defaultdict(Counter)
        for family, values in rows:
            wall_at = values["measured_at"].astimezone(ZoneInfo(zone))
            offset_s = int((wall_at.utcoffset() or timedelta()).total_seconds())
            hours[wall_at.date(), wall_at.hour, offset_s].update(hour_facts(family, values))
        columns = sorted({name for facts in hours.values() for name in facts})
        listed = ", ".join(columns)
        found = world.ask(f"SELECT local_date, local_hour, utc_offset_s, {listed} FROM store_hours")  # noqa: S608
        told = {row[:3]: dict(zip(columns, row[3:], strict=True)) for row in found if any(row[3:])}
        expected = {key: {name: facts[name] for name in columns} for key, facts in hours.items() if +facts}
        assert told == expected
        days: dict[date, Counter[str]] = defaultdict(Counter)
        for (local_date, _, _), facts in hours.items():
            days[local_date].update(facts)
        found = world.ask(f"SELECT local_date, {listed} FROM store_days")  # noqa: S608
        assert {row[0]: dict(zip(columns, row[1:], strict=True)) for row in found if any(row[1:])} == {
            day: {name: facts[name] for name in columns} for day, facts in days.items() if +facts
        }

    def test_a_store_that_moves_to_another_clock_gets_its_days_anew(self, world: World) -> None:
        world.add_store("s1", "UTC")
        at = datetime(2026, 7, 14, 23, 0, tzinfo=UTC)
        world.commit([("footfall_counts", {"measured_at": at, "period_ms": 1, "in_count": 1, "out_count": 0})])
        world.maintain()
        assert world.ask("SELECT local_date::text FROM store_days") == [("2026-07-14",)]
        world.ask("UPDATE stores SET time_zone = 'Europe/Berlin' RETURNING 1")
        assert world.maintain().rebased_stores == 1
        assert world.ask("SELECT local_date::text FROM store_days") == [("2026-07-15",)]


@pytest.mark.parametrize("fixture", ["empty_database_url", "empty_timescale_url"])
@pytest.mark.parametrize("version", [6, 7, 8])
def test_a_migration_with_data_in_place_rolls_what_is_there(
    request: pytest.FixtureRequest, fixture: str, version: int
) -> None:
    url = request.getfixturevalue(fixture)
    migrate(url, to_version=version)
    with closing(World(url)) as world:
        world.add_store("s1", "Europe/Berlin")
        world.commit(shuffled_history(seeded(1), days=10, rows=60))
    migrate(url)
    with closing(World(url)) as world:
        assert world.differences() == {}
        world.commit(shuffled_history(seeded(2), days=10, rows=30))
        world.maintain()
        assert world.differences() == {}
        walls = world.ask("SELECT measured_at AT TIME ZONE 'Europe/Berlin' FROM footfall_counts")
        days = len({row[0].date() for row in walls})
        assert len(world.ask("SELECT FROM store_days WHERE line_reading_count > 0")) == days


def test_rollups_that_a_later_release_adds_begin_with_what_was_there(empty_database_url: str) -> None:
    """What the follower has passed is in the new tables at once; the rest comes when it comes to it, once."""
    migrate(empty_database_url, to_version=68)
    chance = seeded(3)
    world = World(empty_database_url)
    new = ("lane_states", "health_readings")

    def commit_more() -> None:
        for _ in range(6):
            at = NOW - timedelta(minutes=chance.randrange(60))
            world.commit([make_row(chance, family, at) for family in new])

    commit_more()
    world.maintain()
    commit_more()
    migrate(empty_database_url)
    assert world.differences() == {}
    assert world.ask("SELECT sum(reading_count) FROM lane_states_1m_rolled") == [(6,)], "what had been passed"
    world.maintain()
    assert world.ask("SELECT sum(reading_count) FROM lane_states_15m_rolled") == [(12,)]
    commit_more()
    assert world.differences() == {}
    world.close()
