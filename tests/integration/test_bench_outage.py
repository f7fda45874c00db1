"""``storesense bench outage`` in its short form: the gateway's memory stays, and everything arrives."""

import json
from pathlib import Path

import pytest

from storesense_contracts.cli import main


def test_minutes_without_a_database_cost_no_memory_and_no_message(
    service_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["bench", "outage", "--hours", "0.03", "--devices", "4", "--broker", "embedded", "--json"]
    assert main([*argv, "--keep", str(service_dir / "world")]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["lost"], said["duplicates"]) == (0, 0)
    assert said["rss_growth_ratio"] <= 1.1
    assert said["held_messages"] > 4 * 20
    assert 0 < said["received_while_away"] <= said["receive_maximum"]
    assert said["sent_messages"] == said["stored_messages"] + said["dropped_messages"]
