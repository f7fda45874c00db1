"""``storesense chaos`` in its short form: real processes, killed, and everything recounted by us."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil
import psycopg
import pytest

from storesense_simulators.chaos.plan import Shape, make_plan

pytestmark = pytest.mark.e2e

KILLS, SEED = 4, 21
"""A single kill while a clock is wrong, a blackhole, and a salvo of three."""


@pytest.mark.timeout(300)
def test_a_short_storm_loses_nothing_and_anybody_can_recount_it(service_dir: Path) -> None:
    folder = service_dir / "chaos"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "storesense_contracts.cli", "chaos", "--quiet", "--json"),
            *("--kills", str(KILLS), "--seed", str(SEED), "--keep", str(folder)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=260,
    )
    assert done.stdout, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    server = psutil.Process(int((folder / "postgres/pgdata/postmaster.pid").read_text().split()[0]))
    try:
        recount(folder, said)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
    assert done.returncode == 0, (said, done.stderr)
    assert (said["lost"], said["duplicates"], said["ledger_errors"], said["undrained"]) == (0, 0, 0, 0)
    assert said["commands"] == sum(said["commands_by_outcome"].values()) > 0
    assert said["commands_done"] > 0
    assert (said["commands_twice"], said["commands_unanswered"], said["commands_untrue"]) == (0, 0, 0)
    assert said["kills"] == sum(said["kills_by_part"].values()) == KILLS
    assert set(said["kills_by_part"]) == {"broker", "database", "edge", "gateway"}
    assert said["seed"] == SEED
    steps = make_plan(kills=KILLS, seed=SEED, shape=Shape(edges=3, gateways=2, owns_database=True))
    assert len((folder / "steps.jsonl").read_text().splitlines()) == len(steps) == len(plan_lines(folder))


def plan_lines(folder: Path) -> list[str]:
    return (folder / "plan.jsonl").read_text().splitlines()


def recount(folder: Path, said: dict[str, int]) -> None:
    """Count one family in the kept database, and the messages that were sent of it, without the tool's own code."""
    sent: Counter[tuple[str, int]] = Counter()
    for line in (folder / "sent.jsonl").read_text().splitlines():
        message = json.loads(line)
        if message["stream"] == "footfall":
            sent[message["boot_id"], message["seq"]] += message["readings"]
    with psycopg.connect((folder / "database-url").read_text().strip()) as connection:
        rows = connection.execute(
            "SELECT b.boot_id, f.seq, count(*), count(DISTINCT f.idx) "
            "FROM footfall_counts f JOIN device_boots b USING (boot_no) GROUP BY 1, 2"
        ).fetchall()
        excused = said["dropped"] + said["dead_letters"]
    stored = {(boot_id, seq): count for boot_id, seq, count, _ in rows}
    assert all(count == different for *_, count, different in rows)
    missing = {key for key, readings in sent.items() if stored.get(key) != readings}
    assert len(sent) > 50
    assert len(missing) <= excused
