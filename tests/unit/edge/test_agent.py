import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from fixtures.small_site import camera, shelf, write_site, write_trace, write_walks
from storesense_contracts.clock import SystemClock
from storesense_contracts.errors import UsageError
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.readings import HealthState
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.site import load_site
from storesense_edge.agent import DeviceAgent, SiteAgent, outbox_health
from storesense_edge.composition import build_agent
from storesense_edge.link import DeviceLink, LinkStats
from storesense_edge.outbox import Outbox
from storesense_edge.outbox_errors import OutboxWriterStoppedError
from storesense_edge.outbox_message import OutboxApplied
from storesense_edge.settings import EdgeSettings
from storesense_edge.trajectories import DAY_MS, TrajectoryFile

WELL = LinkStats(
    recorded=5,
    sent=3,
    acked=3,
    pending=0,
    connected=True,
    resent=0,
    dropped=0,
    outbox_bytes=0,
    problem=None,
)


def built(site: Path, passwords: dict[str, SecretStr]) -> SiteAgent:
    return build_agent(
        load_site(site),
        EdgeSettings(),
        broker=BrokerSettings(user_name="nobody", password=SecretStr("x")),
        passwords=passwords,
        state_dir=site.parent / "state",
        clock=SystemClock(),
    )


PASSWORDS = {f"store-1/device-{n}": SecretStr(f"secret {n}") for n in (1, 2, 3)}


def test_each_device_has_a_link_with_its_own_name_and_password_and_nothing_is_opened(tmp_path: Path) -> None:
    devices = [camera(write_walks(tmp_path / "walks.txt")), shelf(write_trace(tmp_path / "trace.csv"))]
    agent = built(write_site(tmp_path, devices), PASSWORDS)
    assert [device.device_id for device in agent.devices] == ["device-1", "device-2"]
    brokers = [device.link._broker for device in agent.devices]
    assert [broker.user_name for broker in brokers] == ["store-1/device-1", "store-1/device-2"]
    assert [broker.password for broker in brokers] == [SecretStr("secret 1"), SecretStr("secret 2")]
    assert not (tmp_path / "state").exists()


def test_simulated_devices_are_left_to_the_simulated_store(tmp_path: Path) -> None:
    simulated = {"kind": "camera", "id": "device-3", "source": {"kind": "simulated"}}
    real = camera(write_walks(tmp_path / "walks.txt"))
    assert [d.device_id for d in built(write_site(tmp_path, [simulated, real]), PASSWORDS).devices] == ["device-1"]
    with pytest.raises(UsageError, match="storesense sim live"):
        built(write_site(tmp_path, [simulated]), PASSWORDS)


class BrokenOutbox(Outbox):
    """An outbox with a mistake in the program of writing."""

    def apply(self, *_: object) -> OutboxApplied:
        raise LookupError("a mistake")


async def test_an_agent_that_can_keep_nothing_any_more_ends_and_says_so(tmp_path: Path) -> None:
    new_link = partial(
        DeviceLink,
        store_id=StoreId("store-1"),
        device_id=DeviceId("device-1"),
        broker=BrokerSettings(port=1, user_name="nobody", password=SecretStr("x")),
        outbox_path=tmp_path / "device-1.outbox.db",
        clock=SystemClock(),
    )
    broken = DeviceAgent("device-1", [], partial(new_link, outbox_type=BrokenOutbox), clock=SystemClock(), health_s=60)
    well = partial(new_link, device_id=DeviceId("device-2"), outbox_path=tmp_path / "device-2.outbox.db")
    agent = SiteAgent([broken, DeviceAgent("device-2", [], well, clock=SystemClock(), health_s=60)])
    with pytest.raises(OutboxWriterStoppedError, match=r"device-1\.outbox\.db is not written.*start the program again"):
        await agent.run(asyncio.Event())
    assert (tmp_path / "device-2.outbox.db").exists()


def test_an_outbox_is_well_until_something_is_wrong_and_then_says_all_of_it() -> None:
    assert outbox_health(WELL, None).state is HealthState.OK
    ill = replace(WELL, problem="The disk is full.", dropped=3)
    health = outbox_health(ill, Path("device-1.outbox.db.damaged-x"))
    assert health.state is HealthState.DEGRADED
    for part in ("The disk is full.", "kept as device-1.outbox.db.damaged-x", "Messages were dropped"):
        assert part in (health.reason or "")


def test_more_dropped_messages_are_no_new_condition() -> None:
    assert outbox_health(replace(WELL, dropped=1), None) == outbox_health(replace(WELL, dropped=900), None)


async def test_trajectories_are_forgotten_though_their_camera_gives_nothing(tmp_path: Path) -> None:
    file = TrajectoryFile(tmp_path / "cam.trajectories.db")
    now_ms = int(SystemClock().now().timestamp() * 1000)
    file.append([(now_ms - DAY_MS - 60_000, 1, 0.5, 0.5), (now_ms - 1_000, 2, 0.5, 0.5)], [])

    unopened = partial(
        DeviceLink,
        store_id=StoreId("store-1"),
        device_id=DeviceId("cam"),
        broker=BrokerSettings(port=1, user_name="nobody", password=SecretStr("x")),
        outbox_path=tmp_path / "cam.outbox.db",
        clock=SystemClock(),
    )
    agent = DeviceAgent("cam", [], unopened, clock=SystemClock(), health_s=60, audits=file)
    await agent._send_audits()
    assert [track for _, track, _, _ in file.points(0, now_ms * 2)] == [2]
