"""``storesense fuzz`` in its short form: in process, and through a real broker, gateway and database."""

import json
import subprocess
import sys

import pytest

from storesense_simulators.fuzz import guided

FUZZ = [sys.executable, "-m", "storesense_contracts.cli", "fuzz", "--quiet", "--json"]


def test_a_short_campaign_finds_nothing_and_accounts_for_everything() -> None:
    argv = ["--payloads", "2000", "--through", "1000", "--replays", "2", "--seed", "3"]
    done = subprocess.run([*FUZZ, *argv], capture_output=True, text=True, check=False)
    said = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, (said, done.stderr)
    assert (said["crashes"], said["wrong_rows"], said["samples"]) == (0, 0, [])
    assert sum(said["by_kind"].values()) == said["payloads"] == 2_000
    assert said["rss_growth_mb"] < 64
    through = said["through"]
    assert (through["unacknowledged"], through["wrong_rows"], through["wrong_dead_letters"]) == (0, 0, 0)
    assert through["payloads"] == 1_000 + through["replayed"]
    assert through["replayed"] > 600
    assert through["rows"] > 200
    assert through["dead_letters"] > 200
    assert not through["gateway_ended"]


@pytest.mark.skipif(not guided.is_installed(), reason="atheris is not installed; pip install atheris")
def test_the_guided_fuzzer_reaches_more_than_its_corpus_does() -> None:
    argv = ["--payloads", "0", "--through", "0", "--coverage-guided", "3"]
    done = subprocess.run([*FUZZ, *argv], capture_output=True, text=True, check=False)
    said = json.loads(done.stdout.splitlines()[-1])["coverage_guided"]
    assert done.returncode == 0, said
    assert said["crashes"] == 0
    assert said["executions"] > 1_000
    assert said["coverage"] > said["coverage_at_start"] > 0
