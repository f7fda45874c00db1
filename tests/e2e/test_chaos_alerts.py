"""``storesense chaos --alerts`` in its short form: engines and workers killed, a webhook that hears all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

KILLS, SEED = 3, 3
"""Engines and workers, at different moments."""


@pytest.mark.timeout(180)
def test_a_short_storm_between_readings_and_a_webhook_misses_nothing(service_dir: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "storesense_contracts.cli", "chaos", "--alerts", "--quiet", "--json"),
            *("--kills", str(KILLS), "--seed", str(SEED), "--keep", str(service_dir / "chaos")),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert done.stdout, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, (said, done.stderr)
    assert (said["missed"], said["alerts_twice"], said["unknown"], said["drained"]) == (0, 0, 0, True)
    assert said["kills"] == sum(said["kills_by_service"].values()) == KILLS
    assert said["expected"] == 2 * said["alerts"] > 0
    assert said["max_repeats_a_kill"] <= 1
    assert said["duplicated"] <= said["kills"]
