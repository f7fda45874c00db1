"""The edge agent against a real broker: what it measures arrives, and what is wrong with one source stops no other."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.edge_box import running
from fixtures.small_site import (
    camera,
    edge_environment,
    shelf,
    write_credentials,
    write_site,
    write_trace,
    write_video,
    write_walks,
)
from fixtures.stand_in_gateway import FAST, StandInGateway
from storesense_contracts.clock import SystemClock
from storesense_contracts.errors import UsageError
from storesense_contracts.messages import DeviceState, decode_status
from storesense_contracts.readings import HealthReading, HealthState, ShelfEventKind
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.site import load_site
from storesense_contracts.topics import Stream
from storesense_edge.agent import SiteAgent
from storesense_edge.composition import build_agent
from storesense_edge.credentials import load_credentials
from storesense_edge.outbox_errors import OutboxLockedError
from storesense_edge.settings import EdgeSettings
from storesense_simulators.embedded.broker import EmbeddedBroker

CAMERA, SHELF = "store-1/device-1", "store-1/device-2"
COMMAND = [sys.executable, "-m", "storesense_contracts.cli", "edge"]


@pytest.fixture
def gateway(mqtt_broker: EmbeddedBroker) -> Iterator[StandInGateway]:
    with StandInGateway(mqtt_broker) as gateway:
        yield gateway


def agent_for(
    broker: EmbeddedBroker, tmp_path: Path, devices: list[dict[str, Any]], names: tuple[str, ...] = (CAMERA, SHELF)
) -> SiteAgent:
    return build_agent(
        load_site(write_site(tmp_path, devices)),
        EdgeSettings(link=FAST, report_s=0.1, health_s=1.0, frozen_after_s=2.0),
        broker=BrokerSettings(host=broker.host, port=broker.port),
        passwords=load_credentials(write_credentials(tmp_path, broker, *names)),
        state_dir=tmp_path / "state",
        clock=SystemClock(),
    )


def readings(gateway: StandInGateway, *streams: Stream) -> list[Any]:
    unique = {(m.header.boot_id, m.header.seq): (s, m) for s, m in gateway.messages}
    return [reading for s, m in unique.values() for _, reading in m.readings if not streams or s in streams]


def health(gateway: StandInGateway, component: str) -> list[HealthReading]:
    return [reading for reading in readings(gateway, Stream.HEALTH) if reading.component_id == component]


async def told(gateway: StandInGateway, component: str, state: HealthState, reason: str) -> HealthReading:
    """Wait for a component's condition and return it."""

    def found() -> list[HealthReading]:
        return [h for h in health(gateway, component) if h.state is state and reason in (h.reason or "")]

    await gateway.until(found)
    return found()[0]


async def test_a_site_is_measured_and_every_reading_arrives(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    devices = [camera(write_walks(tmp_path / "walks.txt")), shelf(write_trace(tmp_path / "trace.csv"))]
    async with running(agent_for(mqtt_broker, tmp_path, devices)):
        ended = await told(gateway, "device-1", HealthState.DEGRADED, "recording ended")
        await told(gateway, "s1", HealthState.DEGRADED, "recording ended")
    assert ended.reason == "recording ended: walks.txt ended after 240 frames."
    crossings = readings(gateway, Stream.FOOTFALL)
    # Standing at the line's upper end and looking down it, whoever walks to the right of the picture goes left: in.
    assert sum(r.in_count for r in crossings) == 4
    assert sum(r.out_count for r in crossings) == 0
    assert sum(r.visit_count for r in readings(gateway, Stream.ZONE)) == 4
    assert len(readings(gateway, Stream.HEATMAP)) in (1, 2)
    events = [r for r in readings(gateway, Stream.SHELF) if hasattr(r, "event")]
    assert [(e.event, e.units, e.sku) for e in events] == [(ShelfEventKind.PICK, 1, "milk-1l")] * 3
    weights = [r for r in readings(gateway, Stream.SHELF) if hasattr(r, "weight_mg")]
    assert weights[-1].weight_mg == pytest.approx(3_500_000, abs=5_000)
    assert all(not message.bad for _, message in gateway.messages)
    assert {h.component_id for h in readings(gateway, Stream.HEALTH)} == {
        "device-1",
        "s1",
        "outbox",
        "planogram",
        "drawing",
    }


@pytest.mark.parametrize(
    ("make", "state", "reason"),
    [
        pytest.param({"keep": 0.5}, HealthState.FAILED, "breaks off", id="truncated in the middle"),
        pytest.param({"keep": 0.001}, HealthState.FAILED, "cannot be", id="only its first bytes"),
        pytest.param({"frozen": True}, HealthState.FAILED, "has not changed for 2 s", id="frozen"),
    ],
)
async def test_a_bad_video_is_told_with_its_reason_and_the_shelf_goes_on(
    mqtt_broker: EmbeddedBroker,
    gateway: StandInGateway,
    tmp_path: Path,
    make: dict[str, Any],
    state: HealthState,
    reason: str,
) -> None:
    devices = [camera(write_video(tmp_path / "door.avi", **make)), shelf(write_trace(tmp_path / "trace.csv"))]
    async with running(agent_for(mqtt_broker, tmp_path, devices)):
        await told(gateway, "device-1", state, reason)
        await told(gateway, "s1", HealthState.DEGRADED, "recording ended")
    assert len([r for r in readings(gateway, Stream.SHELF) if hasattr(r, "event")]) == 3


async def test_text_in_a_number_of_a_trace_is_told_with_its_line_and_the_rest_is_weighed(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    devices = [shelf(write_trace(tmp_path / "trace.csv", bad_rows=(10, 300)))]
    async with running(agent_for(mqtt_broker, tmp_path, devices)):
        condition = await told(gateway, "s1", HealthState.DEGRADED, "recording ended")
    assert "2 rows of the trace are no samples" in (condition.reason or "")
    assert "line 12: expected a number in column raw_counts, found 'n/a'" in (condition.reason or "")
    assert len([r for r in readings(gateway, Stream.SHELF) if hasattr(r, "event")]) == 3


async def test_a_trace_without_one_good_row_fails_alone(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    bad = write_trace(tmp_path / "trace.csv", bad_rows=tuple(range(10_000)))
    devices = [camera(write_walks(tmp_path / "walks.txt")), shelf(bad)]
    async with running(agent_for(mqtt_broker, tmp_path, devices)):
        await told(gateway, "s1", HealthState.FAILED, "expected a number")
        await told(gateway, "device-1", HealthState.DEGRADED, "recording ended")
    assert sum(r.in_count for r in readings(gateway, Stream.FOOTFALL)) == 4


async def test_a_loop_goes_on_counting_with_time_that_goes_on(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    devices = [camera(write_walks(tmp_path / "walks.txt", walks=1), speed="max", loop=True)]
    async with running(agent_for(mqtt_broker, tmp_path, devices)):
        await gateway.until(lambda: sum(r.in_count for r in readings(gateway, Stream.FOOTFALL)) >= 3)
    crossings = readings(gateway, Stream.FOOTFALL)
    instants = [r.measured_at for r in crossings]
    assert instants == sorted(instants)
    assert not [h for h in health(gateway, "device-1") if h.state is not HealthState.OK]


async def test_a_second_agent_on_the_same_state_folder_is_refused(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    devices = [camera(write_walks(tmp_path / "walks.txt"))]
    async with running(agent_for(mqtt_broker, tmp_path, devices)):
        await told(gateway, "device-1", HealthState.OK, "")
        with pytest.raises(OutboxLockedError, match="another process"):
            await agent_for(mqtt_broker, tmp_path, devices).run(asyncio.Event())


def test_a_device_without_a_password_is_named(mqtt_broker: EmbeddedBroker, tmp_path: Path) -> None:
    devices = [camera(write_walks(tmp_path / "walks.txt"))]
    with pytest.raises(UsageError, match="no password for store-1/device-1"):
        agent_for(mqtt_broker, tmp_path, devices, names=(SHELF,))


class AgentProcess:
    """``storesense edge run`` as a process."""

    def __init__(self, site: Path, tmp_path: Path, environment: dict[str, str]) -> None:
        arguments = ["run", "--site", str(site), "--state-dir", str(tmp_path / "state")]
        self._process = subprocess.Popen([*COMMAND, *arguments], env=environment)

    def end(self, number: signal.Signals) -> int:
        self._process.send_signal(number)
        return self._process.wait(60)


async def test_a_killed_agent_loses_nothing_that_was_sent_or_flushed(
    mqtt_broker: EmbeddedBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    site = write_site(tmp_path, [camera(write_walks(tmp_path / "walks.txt", walks=2), speed=5, loop=True)])
    environment = edge_environment(
        mqtt_broker,
        write_credentials(tmp_path, mqtt_broker, CAMERA),
        STORESENSE_EDGE_REPORT_S="0.1",
        STORESENSE_EDGE_LINK__FLUSH_S="0.02",
        STORESENSE_EDGE_LINK__RESEND_BASE_S="0.5",
    )
    gateway.acking = False
    for _ in range(2):
        before = set(gateway.keys)
        agent = AgentProcess(site, tmp_path, environment)
        try:
            await gateway.until(lambda before=before: len(set(gateway.keys) - before) >= 8)
        finally:
            assert agent.end(signal.SIGKILL) == -signal.SIGKILL
        await gateway.until(lambda: decode_status(gateway.statuses[-1]).state is DeviceState.OFFLINE)
    db = sqlite3.connect(tmp_path / "state" / "store-1" / "device-1.outbox.db")
    on_disk = {
        (boot, seq): bytes(json)
        for boot, seq, json in db.execute("SELECT boot_id, seq, readings_json FROM messages_by_boot")
    }
    db.close()
    assert len({boot for boot, _ in on_disk}) == 2
    assert set(gateway.keys) <= set(on_disk)
    for boot in {boot for boot, _ in on_disk}:
        seqs = sorted(seq for b, seq in on_disk if b == boot)
        assert seqs == list(range(len(seqs)))
    gateway.acking = True
    gateway.messages.clear()
    agent = AgentProcess(site, tmp_path, environment)
    try:
        await gateway.until(lambda: set(on_disk) <= {(m.header.boot_id, m.header.seq) for _, m in gateway.messages})
    finally:
        assert agent.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("find", "replace", "found"),
    [
        pytest.param("in_side: left", "in_side: lefft", "found 'lefft'", id="a wrong word"),
        pytest.param("lines:\n  - line", "lins:\n  - line", "lins: no such key is known here", id="a typo in a key"),
        pytest.param("walks.txt", "walk.txt", "there is no file", id="a file that is not there"),
    ],
)
def test_check_and_run_name_the_line_of_a_mistake(
    mqtt_broker: EmbeddedBroker, tmp_path: Path, find: str, replace: str, found: str
) -> None:
    site = write_site(tmp_path, [camera(write_walks(tmp_path / "walks.txt"))])
    text = site.read_text()
    assert find in text
    site.write_text(text.replace(find, replace))
    environment = edge_environment(mqtt_broker, write_credentials(tmp_path, mqtt_broker, CAMERA))
    for arguments in (["check"], ["run", "--state-dir", str(tmp_path / "state")]):
        done = subprocess.run(
            [*COMMAND, *arguments, "--site", str(site)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        line = int(done.stderr.split(f"{site}:")[1].split(":")[0])
        assert replace.split("\n", maxsplit=1)[0] in site.read_text().splitlines()[line - 1]
        assert found in done.stderr
        assert "Traceback" not in done.stderr
