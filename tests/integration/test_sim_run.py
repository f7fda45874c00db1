"""The simulated store live, through its own links, a broker and the gateway: the database holds what was measured."""

import asyncio
from pathlib import Path

import psycopg

import storesense_simulators
from storesense_contracts.clock import SystemClock
from storesense_contracts.readings import FootfallReading
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.site import load_site
from storesense_simulators.demo_folder import DemoFolder
from storesense_simulators.demo_services import Addresses, DemoServices
from storesense_simulators.embedded.broker import EmbeddedBroker
from storesense_simulators.embedded.ports import free_port
from storesense_simulators.twin.device_links import DeviceLinks
from storesense_simulators.twin.live import LiveOptions, LiveStore
from storesense_simulators.twin.opening import Opening
from storesense_simulators.twin.shop_of_site import shop_of_site
from storesense_simulators.twin.truth import TruthKind

SITE = load_site(Path(storesense_simulators.__file__).parent / "sites" / "corner_shop.yaml")
RUN_S = 6.0


class Counted(DeviceLinks):
    """Links that add up what the door's camera told."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.door = (0, 0)

    def record(self, emitted):
        super().record(emitted)
        if isinstance(emitted.reading, FootfallReading) and emitted.reading.line_id == "door":
            self.door = (self.door[0] + emitted.reading.in_count, self.door[1] + emitted.reading.out_count)


async def test_what_was_measured_is_what_the_database_says(service_dir, database_url):
    folder = DemoFolder(service_dir / "demo")
    secrets = folder.prepare(SITE)
    async with EmbeddedBroker(folder.broker, accounts=secrets.accounts(SITE)) as broker:
        addresses = Addresses(
            database_url=database_url,
            broker_port=broker.port,
            gateway_password=secrets.broker_passwords["gateway"].get_secret_value(),
            page_port=0,
            gateway_port=free_port(),
            alerts_port=0,
            notify_port=0,
            alerts_password=secrets.broker_passwords["alerts"].get_secret_value(),
        )
        async with DemoServices(folder, addresses).gateway():
            links = Counted(
                SITE.store.id,
                [device.id for device in SITE.devices],
                state_dir=folder.outboxes,
                broker=BrokerSettings(host="127.0.0.1", port=broker.port),
                passwords=secrets.broker_passwords,
                clock=SystemClock(),
            )
            async with links:
                options = LiveOptions(seed=4, opening=Opening())
                store = LiveStore(shop_of_site(SITE), links, clock=SystemClock(), options=options)
                result = await store.run(stop=asyncio.Event(), duration_s=RUN_S, drain_s=10.0)
    assert result.messages_pending == 0
    assert result.truth["crossed_in"] >= 5
    with psycopg.connect(database_url) as connection:
        stored = {
            name: connection.execute(query).fetchone()
            for name, query in {
                "door": b"SELECT sum(in_count), sum(out_count) FROM footfall_counts JOIN series USING (series_id) "
                b"WHERE subject_id = 'door'",
                "devices": b"SELECT count(*), count(boot_id) FROM devices",
                "messages": b"SELECT sum(upper(r) - lower(r)) FROM device_boots, unnest(committed) r",
                "dead_letters": b"SELECT count(*) FROM dead_letters",
                "present": b"SELECT sum(occupancy) FROM (SELECT DISTINCT ON (series_id) occupancy FROM zone_visits "
                b"ORDER BY series_id, measured_at DESC) last",
                "lanes": b"SELECT count(DISTINCT series_id) FROM lane_states",
            }.items()
        }
    assert stored["door"] == links.door
    truly_in, truly_out = (store.truth.count(kind, "door") for kind in (TruthKind.CROSSED_IN, TruthKind.CROSSED_OUT))
    assert truly_out == truly_in  # the shop is empty when the run ends, as the next one begins
    assert abs(links.door[0] - truly_in) <= 2  # a camera counts now and then somebody twice
    assert stored["present"] == (0,)
    assert stored["devices"] == (len(SITE.devices), len(SITE.devices))
    assert stored["messages"] == (result.messages_acked,)
    assert stored["dead_letters"] == (0,)
    assert stored["lanes"] == (len(SITE.store.lanes),)
