"""Each bench in short, with the processes of a long run: it ends, in JSON whose figures can be true of one another.

How fast a machine is, these tests do not ask; that is what the benches are for.
"""

import json
from typing import Any

import pytest

from storesense_contracts.cli import main


def bench(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Run a bench and return its figures, which are all positive."""
    assert main(["bench", *arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert all(value > 0 for value in told.values() if isinstance(value, int | float)), told
    return dict(told)


def test_ingest(capsys: pytest.CaptureFixture[str]) -> None:
    told = bench(capsys, "ingest", "--duration", "2", "--batch", "25", "--broker", "embedded")
    assert set(told) == {
        "readings_per_s",
        "messages_per_s",
        "copy_rows_per_s",
        "naive_readings_per_s",
        "ratio_to_copy",
        "ratio_to_naive",
        "commit_latency_p50_ms",
        "commit_latency_p99_ms",
        "gateway_cpu_s_per_million",
        "gateway_rss_mb",
        "load",
    }
    assert told["load"] == "footfall"
    assert told["readings_per_s"] == pytest.approx(25 * told["messages_per_s"], abs=25)
    assert told["ratio_to_copy"] == pytest.approx(told["readings_per_s"] / told["copy_rows_per_s"], rel=0.02)
    assert told["ratio_to_naive"] == pytest.approx(told["readings_per_s"] / told["naive_readings_per_s"], rel=0.05)
    assert told["ratio_to_naive"] > 1, "slower than the obvious script"
    assert told["commit_latency_p50_ms"] <= told["commit_latency_p99_ms"]
    assert told["gateway_rss_mb"] < 1_000


def test_alert(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "alert", "--duration", "4", "--alerts", "20", "--rate", "2000", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["alerts"] == 20
    assert 0 < told["p50_ms"] <= told["p99_ms"] <= told["max_ms"]
    assert told["ingest_readings_per_s"] > 500


def test_drain(capsys: pytest.CaptureFixture[str]) -> None:
    told = bench(capsys, "drain", "--hours", "0.2", "--broker", "embedded")
    assert set(told) == {"drain_x_realtime", "live_p99_ms_before", "live_p99_ms_during"}
    assert told["drain_x_realtime"] > 1, "a backlog that grows while it drains"


def test_query(capsys: pytest.CaptureFixture[str]) -> None:
    told = bench(capsys, "query", "--short")
    assert {query["identical"] for query in told["queries"]} == {True}
    for query in told["queries"]:
        assert 0 < query["p50_ms"] <= query["p99_ms"], query
    assert told["bytes_per_reading"] < 2_000
    assert told["readings"] == pytest.approx(10_000, rel=0.1)
