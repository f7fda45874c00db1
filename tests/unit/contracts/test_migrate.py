"""Which files make the schema, in which order, for which kind of database."""

import re
from pathlib import Path

import psycopg
import pytest

from storesense_contracts.database import database_conninfo, unreachable
from storesense_contracts.migrate import DatabaseKind, arrange, known_migrations
from storesense_contracts.settings import DatabaseSettings, SettingsError

BOTH = {
    "0001_first.sql": "CREATE TABLE a (measured_at timestamptz) {{partitioned}}",
    "0002_second.plain.sql": "SELECT 'plain'",
    "0002_second.timescale.sql": "SELECT 'timescale'",
}
LOOPED_TABLES = ("line_parties", "zone_dwells", "lane_services", "zone_transitions", "lane_states", "health_readings")


def test_each_kind_gets_its_variant_under_one_name() -> None:
    plain, timescale = (arrange(BOTH, kind) for kind in (DatabaseKind.PLAIN, DatabaseKind.TIMESCALE))
    assert [(each.version, each.name) for each in plain] == [(1, "first"), (2, "second")]
    assert [(each.version, each.name) for each in timescale] == [(1, "first"), (2, "second")]
    assert [plain[1].text, timescale[1].text] == ["SELECT 'plain'", "SELECT 'timescale'"]
    assert plain[0].sha256 == timescale[0].sha256, "the digest is of the file as it ships"


def test_numbers_may_be_left_out_so_that_branches_of_work_do_not_collide() -> None:
    assert [each.version for each in arrange(BOTH | {"0009_ninth.sql": ""}, DatabaseKind.PLAIN)] == [1, 2, 9]


def test_only_plain_postgresql_gets_native_partitions() -> None:
    texts = {kind: arrange(BOTH, kind)[0].text for kind in DatabaseKind}
    assert texts[DatabaseKind.PLAIN].endswith("PARTITION BY RANGE (measured_at)")
    assert "PARTITION" not in texts[DatabaseKind.TIMESCALE]
    assert "{{" not in texts[DatabaseKind.TIMESCALE]


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        pytest.param({"0002_other.plain.sql": ""}, "0002 stands twice", id="a number stands twice"),
        pytest.param({"0003_third.plain.sql": ""}, "variant of 0003 is missing", id="the other variant is missing"),
        pytest.param({"third.sql": ""}, "NNNN_name", id="no number"),
        pytest.param({"0003_third.oracle.sql": ""}, "NNNN_name", id="a kind that is none"),
    ],
)
def test_a_mistake_in_the_folder_is_found(changes: dict[str, str], hint: str) -> None:
    def read_both() -> None:
        for kind in DatabaseKind:
            arrange(BOTH | changes, kind)

    with pytest.raises(ValueError, match=hint):
        read_both()


def test_both_kinds_of_database_get_the_same_names() -> None:
    names = {}
    for kind in DatabaseKind:
        text = "\n".join(each.text for each in known_migrations(kind))
        names[kind] = set(re.findall(r"^CREATE (?:TABLE|VIEW|MATERIALIZED VIEW|FUNCTION) (\w+)", text, re.MULTILINE))
    partitions = {f"storesense_{name}_partition" for name in ("has", "make")} | {"storesense_partition_name"}
    rolling = {"storesense_minute_changes", "storesense_beside_old", "storesense_added_measures"}
    compressing = {"storesense_compress_readings", "storesense_left_out_noughts"}
    # Their rollups are made in a loop on PostgreSQL; test_storage.py reads them on both.
    looped = {f"{name}_{step}" for name in LOOPED_TABLES for step in ("1m", "15m")}
    assert looped <= names[DatabaseKind.TIMESCALE]
    assert names[DatabaseKind.PLAIN] - partitions - rolling == names[DatabaseKind.TIMESCALE] - compressing - looped
    assert {"footfall_counts", "footfall_counts_1m", "queue_visits_15m", "alerts"} <= names[DatabaseKind.PLAIN]


def test_every_rollup_is_documented(repo_dir: Path) -> None:
    page = (repo_dir / "docs" / "reference" / "rollups.md").read_text()
    text = "\n".join(each.text for each in known_migrations(DatabaseKind.PLAIN))
    views = re.findall(r"^CREATE VIEW (\w+_15?m) AS\nSELECT\n(.*?)\nFROM", text, re.MULTILINE | re.DOTALL)
    assert len(views) == 14
    for name, columns in views:
        assert f"`{name}`" in page
        for column in re.findall(r"(?: AS |^    )(\w+),?$", columns, re.MULTILINE):
            pattern = re.sub(r"^wait_le_\d+s$", "wait_le_30s", column)
            pattern = re.sub(r"^(temperature_c|humidity_pct|noise_dba|light_lux)", "\N{HORIZONTAL ELLIPSIS}", pattern)
            assert f"`{pattern}`" in page, (name, column)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ('FATAL:  database "shop" does not exist', "CREATE DATABASE"),
        ('FATAL:  password authentication failed for user "x"', "check the user and password"),
        ("connection refused", "start it"),
        ("[Errno -2] Name or service not known; failed to resolve host 'db'", "correct host and port"),
        ("", "start it"),
    ],
)
def test_a_database_that_is_not_there_is_named_with_a_remedy(said: str, remedy: str) -> None:
    error = unreachable(psycopg.OperationalError(said))
    assert remedy in str(error)
    assert error.exit_code == 5


def settings(url: str, **more: object) -> DatabaseSettings:
    return DatabaseSettings.model_validate({"url": url, **more})


def test_the_password_may_stand_in_a_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "password"
    file.write_text("se cret\n")
    conninfo = database_conninfo(settings("postgresql://me@127.0.0.1/shop", password_file=file))
    assert psycopg.conninfo.conninfo_to_dict(conninfo)["password"] == "se cret"


def test_a_password_file_that_is_missing_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingsError, match=r"STORESENSE_DATABASE_PASSWORD_FILE: .*nowhere"):
        database_conninfo(settings("postgresql://me@127.0.0.1/shop", password_file=tmp_path / "nowhere"))


def test_an_address_that_is_none_is_not_repeated_in_the_error_because_it_may_hold_a_password() -> None:
    with pytest.raises(SettingsError) as caught:
        database_conninfo(settings("se:cret;x=y"))
    assert "STORESENSE_DATABASE_URL" in str(caught.value)
    assert "cret" not in str(caught.value)
