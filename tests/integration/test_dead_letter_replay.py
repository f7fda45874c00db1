"""A poisoned message through a running gateway: set aside, mended, asked for over the API, stored once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fixtures.backend_world import World, running_backend
from fixtures.shop import Shop
from storesense_backend.database import connected
from storesense_backend.roles import Role
from storesense_contracts.cli import main
from storesense_contracts.clock import SystemClock
from storesense_contracts.readings import FootfallReading
from storesense_contracts.topics import Stream
from storesense_gateway.decoding import Limits
from storesense_gateway.replay_store import ReplayStore
from storesense_gateway.replayer import Replayer
from storesense_simulators.embedded.broker import EmbeddedBroker

AHEAD = timedelta(hours=2)
ROWS = "SELECT seq, idx, in_count FROM footfall_counts ORDER BY seq, idx"


@pytest.fixture
def shop(mqtt_broker: EmbeddedBroker, database_url: str, tmp_path: Path) -> Shop:
    return Shop(mqtt_broker, database_url, tmp_path)


def counted(in_count: int, at: datetime) -> FootfallReading:
    return FootfallReading(measured_at=at, period_ms=1, line_id="entrance", in_count=in_count, out_count=0)


async def send_with_one_from_the_future(shop: Shop) -> datetime:
    """Send three readings in one message, the middle one from two hours ahead; return its instant."""
    now_at = datetime.now(UTC).replace(microsecond=0)
    async with shop.link(batch_max_readings=3) as link:
        for number, at in enumerate((now_at, now_at + AHEAD, now_at)):
            link.record(Stream.FOOTFALL, counted(number, at))
        assert await link.drained(60), "a poisoned reading holds nothing up"
    return now_at


@asynccontextmanager
async def api(shop: Shop) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    async with connected(shop.database_url, application_name="test") as connection:
        key = await World(shop.database_url, connection).key(Role.ADMIN)
    async with running_backend(shop.database_url) as (_, http):
        yield http, key


@asynccontextmanager
async def running_gateway(shop: Shop) -> AsyncIterator[None]:
    """A gateway with its replayer beside it, as the command runs them."""
    store = ReplayStore(shop.database_url, partition_no=0)
    replayer = Replayer(store, Limits(), clock=SystemClock(), every_s=0.05)
    with shop.gateway(), replayer.running():
        yield


async def outcome(http: httpx.AsyncClient, key: dict[str, str], number: int) -> dict[str, Any]:
    """Wait until a gateway has said what came of a replay."""
    async with asyncio.timeout(60):
        while True:
            letter: dict[str, Any] = (await http.get(f"/api/v1/dead-letters/{number}", headers=key)).json()
            if letter["replay_outcome"] is not None and letter["replay_requested_at"] is None:
                return letter
            await asyncio.sleep(0.02)


async def test_a_poisoned_reading_is_replayed_over_the_api_through_a_running_gateway_once(shop: Shop) -> None:
    async with running_gateway(shop), api(shop) as (http, key):
        now_at = await send_with_one_from_the_future(shop)
        assert shop.query(ROWS) == [(0, 0, 0), (0, 2, 2)]
        (letter,) = (await http.get("/api/v1/dead-letters", headers=key)).json()["dead_letters"]
        assert (letter["stage"], letter["idx"], letter["seq"]) == ("future", 1, 0)
        path = f"/api/v1/dead-letters/{letter['dead_letter_id']}"

        asked = await http.post(f"{path}/replay", headers=key, json={})
        assert asked.status_code == 202
        refused = await outcome(http, key, letter["dead_letter_id"])
        assert "still in the future" in refused["replay_outcome"]
        assert refused["replayed_at"] is None

        for _ in range(2):  # the fix: the clock is known to have been two hours ahead; asked for twice
            await http.post(f"{path}/replay", headers=key, json={"shift_s": -AHEAD.total_seconds()})
        done = await outcome(http, key, letter["dead_letter_id"])
        async with asyncio.timeout(60):
            while done["replayed_at"] is None:
                done = await outcome(http, key, letter["dead_letter_id"])
        assert done["replay_outcome"] == "1 readings stored"
        assert shop.query(ROWS) == [(0, 0, 0), (0, 1, 1), (0, 2, 2)]
        assert shop.query("SELECT DISTINCT measured_at FROM footfall_counts") == [(now_at,)]

        again = await http.post(f"{path}/replay", headers=key, json={"shift_s": -AHEAD.total_seconds()})
        assert again.status_code in {202, 400}
        assert await asyncio.to_thread(replay_by_command, shop, letter["dead_letter_id"]) == 0
        assert shop.query(ROWS) == [(0, 0, 0), (0, 1, 1), (0, 2, 2)]
        # what came by the wire is a repeat now, and still is stored never
        assert shop.query("SELECT committed::text FROM device_boots") == [("{[0,1)}",)]


def replay_by_command(shop: Shop, number: int) -> int:
    return main(["gateway", "dead-letters", "replay", str(number), "--database", shop.database_url, "--json"])


async def test_a_letter_is_replayed_by_the_command_beside_a_running_gateway_and_twice_is_harmless(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running_gateway(shop):
        await send_with_one_from_the_future(shop)
        ((number,),) = shop.query("SELECT dead_letter_id FROM dead_letters")
        argv = ["gateway", "dead-letters", "replay", str(number), "--shift-s", str(-AHEAD.total_seconds())]
        for says in ("replayed", "already_replayed"):
            await asyncio.to_thread(main, [*argv, "--database", shop.database_url, "--json"])
            assert f'"{says}"' in capsys.readouterr().out
        async with shop.link() as link:  # the ledger goes on as before
            link.record(Stream.FOOTFALL, counted(9, datetime.now(UTC)))
            assert await link.drained(60)
    assert [row[2] for row in shop.query("SELECT seq, idx, in_count FROM footfall_counts ORDER BY in_count")] == [
        0,
        1,
        2,
        9,
    ]
