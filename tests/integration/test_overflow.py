"""An outbox that overflows while the broker is gone, from the disk's policy to the alert on somebody's phone."""

import asyncio
import sqlite3
import zlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures.backend_world import World, layout, running_backend
from fixtures.shop import Shop
from storesense_backend import registry
from storesense_backend.alerts.follower import AlertFollower
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.database import connected
from storesense_backend.roles import Role
from storesense_backend.settings import AlertsSettings
from storesense_contracts.clock import SystemClock
from storesense_contracts.readings import (
    FootfallReading,
    HealthReading,
    HealthState,
    HeatmapReading,
    QueueOutcome,
    QueueVisit,
)
from storesense_contracts.topics import Stream
from storesense_edge.link import DeviceLink
from storesense_gateway import committer
from storesense_gateway.entries import Entry
from storesense_gateway.metrics import GatewayMetrics
from storesense_simulators.embedded.broker import EmbeddedBroker

STORE = "store-1"
ROUNDS = 40
HEATMAP_BYTES = 1_000
OUTBOX_BYTES = 20_000


@pytest.fixture
def shop(mqtt_broker: EmbeddedBroker, database_url: str, tmp_path: Path) -> Shop:
    return Shop(mqtt_broker, database_url, tmp_path)


def footfall(in_count: int) -> FootfallReading:
    return FootfallReading(
        measured_at=datetime.now(UTC), period_ms=1, line_id="entrance", in_count=in_count, out_count=0
    )


def visit(wait_ms: int) -> QueueVisit:
    return QueueVisit(measured_at=datetime.now(UTC), queue_id="tills", outcome=QueueOutcome.SERVED, wait_ms=wait_ms)


def heatmap(number: int) -> HeatmapReading:
    grid = zlib.compress(bytes((number * 31 + place * place) % 251 for place in range(HEATMAP_BYTES)), 0)
    return HeatmapReading(
        measured_at=datetime.now(UTC),
        period_ms=1,
        floor_id="ground",
        origin_xy_m=(0.0, 0.0),
        cell_size_m=0.5,
        columns=HEATMAP_BYTES // 2,
        rows=1,
        presence_ds=grid,
    )


def outbox_condition() -> HealthReading:
    return HealthReading(measured_at=datetime.now(UTC), component_id="outbox", state=HealthState.OK)


def streams_on_disk(path: Path) -> Counter[str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT stream, count(*) FROM messages_by_boot GROUP BY 1").fetchall()
    connection.close()
    return Counter(dict(rows))


async def overflow(link: DeviceLink) -> None:
    for number in range(ROUNDS):
        link.record(Stream.FOOTFALL, footfall(number))
        link.record(Stream.QUEUE, visit(number))
        link.record(Stream.HEATMAP, heatmap(number))
        await link.flush()


async def until_opened(follower: AlertFollower, connection: Any, world: World) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            while await follower.step(connection):
                pass
            found = await world.rows("SELECT * FROM alerts")
            if found:
                return found[0]
            await asyncio.sleep(0)


async def test_an_overflow_drops_heatmaps_keeps_counts_and_events_and_is_told_by_header_ledger_api_metric_and_alert(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared: list[tuple[str, int, int, str]] = []
    decode = committer.decode

    def listening(*args: Any) -> Any:
        decoded = decode(*args)
        if isinstance(decoded, Entry):
            declared.extend((each.boot_id, each.first, each.last, each.reason.value) for each in decoded.dropped)
        return decoded

    monkeypatch.setattr(committer, "decode", listening)
    metrics = GatewayMetrics()
    async with connected(shop.database_url, application_name="test") as connection:
        world = World(shop.database_url, connection)
        await registry.put_store(connection, layout(STORE), devices=[("device-1", "camera")], rules=[])
        follower = AlertFollower(
            conninfo=shop.database_url, clock=SystemClock(), settings=AlertsSettings(), metrics=AlertMetrics()
        )
        async with connected(shop.database_url, application_name="engine") as engine:
            await follower.begin(engine)
            with shop.gateway(metrics=metrics):
                async with shop.link(outbox_max_bytes=OUTBOX_BYTES) as link:
                    link.record(Stream.HEALTH, outbox_condition())
                    assert await link.drained(60)

                    shop.broker.stop()
                    await overflow(link)
                    dropped = link.stats.dropped
                    left = streams_on_disk(shop.folder / "outbox.db")
                    assert (left["footfall"], left["queue"]) == (ROUNDS, ROUNDS)
                    assert left["heatmap"] == ROUNDS - dropped
                    assert 0 < dropped < ROUNDS
                    assert link.stats.outbox_bytes <= OUTBOX_BYTES

                    shop.broker.start()
                    link.record(Stream.HEALTH, outbox_condition())
                    assert await link.drained(60)
                    assert link.stats.dropped == dropped, "nothing was given up on the way back"
                    boot_id = link.boot_id

            # in the header
            assert {(boot, reason) for boot, _, _, reason in declared} == {(boot_id, "overflow")}
            gone = {seq for _, first, last, _ in declared for seq in range(first, last + 1)}
            assert len(gone) == dropped
            # in the tables: every count and event, and the newest heatmaps
            assert shop.query("SELECT in_count FROM footfall_counts ORDER BY seq") == [(n,) for n in range(ROUNDS)]
            assert shop.query("SELECT wait_ms FROM queue_visits ORDER BY seq") == [(n,) for n in range(ROUNDS)]
            heatmap_seqs = {seq for (seq,) in shop.query("SELECT seq FROM heatmap_grids")}
            assert len(heatmap_seqs) == ROUNDS - dropped
            assert max(gone) < min(heatmap_seqs), "the oldest went first"
            # in the ledger
            ranges = shop.query("SELECT lower(seqs), upper(seqs), reason FROM declared_gaps")
            assert {seq for first, end, _ in ranges for seq in range(first, end)} == gone
            assert {reason for *_, reason in ranges} == {"overflow"}
            # in the metric
            value = metrics.registry.get_sample_value("storesense_gateway_declared_drops_total", {"reason": "overflow"})
            assert value == dropped
            # as an alert
            alert = await until_opened(follower, engine, world)
            assert (alert["kind"], alert["subject_id"], alert["state"]) == ("data_lost", "device-1", "open")
            assert alert["details"]["lost_messages"] == dropped
        # and over the API
        key = await world.key(Role.ADMIN)
        async with running_backend(shop.database_url) as (_, http):
            answer = await http.get(f"/api/v1/stores/{STORE}/completeness", headers=key)
            (device,) = [each for each in answer.json()["devices"] if each["device_id"] == "device-1"]
            (boot,) = device["boots"]
            assert (boot["boot_id"], boot["dropped_messages"], boot["awaited_messages"]) == (
                boot_id,
                {"overflow": dropped},
                0,
            )
            told = (await http.get(f"/api/v1/stores/{STORE}/alerts", headers=key)).json()["alerts"]
            assert [(each["kind"], each["title"]) for each in told] == [
                ("data_lost", f"device-1: {dropped} messages lost")
            ]
