"""``storesense bench query`` on both databases, small: it compares, and it tells when an answer differs."""

import json
from datetime import UTC, datetime

import pytest

from storesense_contracts.cli import main
from storesense_simulators import bench_query
from storesense_simulators.bench_query import KPIS, QueryPlan, measure

SMALL = QueryPlan(days=3, stores=2, readings_per_day=1_000, repeats=3)
NOW = datetime(2026, 7, 15, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("fixture", ["empty_database_url", "empty_timescale_url"])
def test_every_kpi_is_the_same_over_rollups_and_over_raw(request: pytest.FixtureRequest, fixture: str) -> None:
    result = measure(request.getfixturevalue(fixture), SMALL, now=NOW, say=lambda _line: None)
    assert [query["name"] for query in result["queries"]] == list(KPIS)
    assert {query["identical"] for query in result["queries"]} == {True}
    assert all(0 < query["p50_ms"] <= query["p99_ms"] and query["raw_p50_ms"] > 0 for query in result["queries"])
    assert result["readings"] == pytest.approx(6_000, rel=0.1)
    assert result["bytes_per_reading"] > 0


def test_an_answer_that_differs_is_found(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = bench_query._SQL["raw_visitors"].replace("sum(in_count)", "1 + sum(in_count)")
    monkeypatch.setitem(bench_query._SQL, "raw_visitors", raw)
    result = measure(empty_database_url, SMALL, now=NOW, say=lambda _line: None)
    assert [query["name"] for query in result["queries"] if not query["identical"]] == ["visitors"]


def test_the_command_prints_json_and_fills_no_database_twice(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["bench", "query", "--short", "--database", empty_database_url, "--json"]
    assert main(arguments) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"queries", "bytes_per_reading"} <= printed.keys()
    assert set(printed["queries"][0]) == {"name", "p50_ms", "p99_ms", "raw_p50_ms", "identical"}
    assert main(arguments) != 0
    assert "name an empty one" in capsys.readouterr().err
    assert main([*arguments, "--again"]) == 0
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {query["identical"] for query in again["queries"]} == {True}
    assert again["readings"] == printed["readings"]
    assert "fill_s" not in again
    assert main(["bench", "query", "--days", "3", "--stores", "1", "--database", empty_database_url, "--again"]) != 0
    assert "holds 2 days of 1 stores" in capsys.readouterr().err


def test_an_empty_database_has_nothing_to_ask_again(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "query", "--short", "--database", empty_database_url, "--again"]) != 0
    assert "fill it first" in capsys.readouterr().err
