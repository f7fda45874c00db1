"""Past days of the simulated store through broker and gateway, while the alert engine runs: all there, nobody woken."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from storesense_contracts.clock import SystemClock
from storesense_contracts.settings import BrokerSettings
from storesense_edge.settings import LinkSettings
from storesense_simulators.demo_folder import DemoFolder
from storesense_simulators.demo_services import Addresses, DemoServices
from storesense_simulators.embedded.broker import EmbeddedBroker
from storesense_simulators.embedded.ports import free_port
from storesense_simulators.twin.device_links import DeviceLinks
from storesense_simulators.twin.history import HistoryLoader
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.site_of_store import site_yaml

FOLLOW_S = 60.0


@pytest.mark.timeout(180)
async def test_two_days_are_in_the_database_and_raise_no_alert(service_dir, database_url):
    shop = load_shop("convenience")
    folder = DemoFolder(service_dir / "demo")
    secrets = folder.prepare(shop.site)
    folder.site.write_text(site_yaml(shop.site))
    async with EmbeddedBroker(folder.broker, accounts=secrets.accounts(shop.site)) as broker:
        addresses = Addresses(
            database_url=database_url,
            broker_port=broker.port,
            gateway_password=secrets.broker_passwords["gateway"].get_secret_value(),
            page_port=0,
            gateway_port=free_port(),
            alerts_port=free_port(),
            notify_port=0,
            alerts_password=secrets.broker_passwords["alerts"].get_secret_value(),
        )
        services = DemoServices(folder, addresses)
        register = services.register(folder.site)
        async with register:
            while register.is_running:  # noqa: ASYNC110 -- another process, which has no other way to tell
                await asyncio.sleep(0.05)
        async with services.gateway(), services.alerts():
            links = DeviceLinks(
                shop.store_id,
                [device.id for device in shop.site.devices],
                state_dir=folder.outboxes,
                broker=BrokerSettings(host="127.0.0.1", port=broker.port),
                passwords=secrets.broker_passwords,
                clock=SystemClock(),
                settings=LinkSettings(batch_max_readings=500),
            )
            loader = HistoryLoader(shop, links, state_dir=folder.outboxes, seed=4, clock=SystemClock())
            async with links:
                began_at = datetime.now(UTC)
                assert await loader.load(1) == 2
                assert await links.drained(60)
            with psycopg.connect(database_url, autocommit=True) as connection:
                await _until_followed(connection)
                assert _one(connection, b"SELECT count(*) FROM alerts") == 0
                assert _one(connection, b"SELECT count(*) FROM dead_letters") == 0
                minutes = _one(connection, b"SELECT count(*) FROM footfall_counts")
                assert 24 * 60 - 10 <= minutes <= 48 * 60
                # Slots ran low and lines grew long enough to wake somebody, had it been so now.
                low = b"SELECT count(*) FROM shelf_weights WHERE units <= 4"
                assert _one(connection, low) > 10
                newest_at = _one(connection, b"SELECT max(measured_at) FROM shelf_weights")
                assert newest_at < began_at - timedelta(minutes=4)
                came, went = _one(connection, b"SELECT ARRAY[sum(in_count), sum(out_count)] FROM footfall_counts")
                assert came == went > 300


async def _until_followed(connection):
    """Wait until the alert engine has read all that was committed."""
    behind = (
        b"SELECT count(*) FROM partitions LEFT JOIN follower_cursors AS read "
        b"ON read.partition_no = partitions.partition_no AND read.follower = 'alerts' "
        b"WHERE head > COALESCE(read.batch_no, 0)"
    )
    async with asyncio.timeout(FOLLOW_S):
        while _one(connection, behind):  # noqa: ASYNC110 -- another process, which has no other way to tell
            await asyncio.sleep(0.1)


def _one(connection, query):
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
