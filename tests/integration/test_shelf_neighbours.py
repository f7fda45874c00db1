"""A bottle that is set down on two cells at once: one event over the real broker, from two threads of the agent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.edge_box import running
from fixtures.serial_scale import ScalesInStep
from fixtures.small_site import site_dict, write_credentials
from fixtures.stand_in_gateway import FAST, StandInGateway
from storesense_contracts.readings import ShelfEvent, ShelfWeight
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.site import load_site
from storesense_contracts.topics import Stream
from storesense_edge.composition import build_agent
from storesense_edge.credentials import load_credentials
from storesense_edge.settings import EdgeSettings
from storesense_simulators.embedded.broker import EmbeddedBroker

DEVICE = "store-1/device-2"


@pytest.fixture
def scales() -> Iterator[ScalesInStep]:
    scales = ScalesInStep(("juice", "tea"))
    scales.add(juice=4 * 1_040.0, tea=4 * 150.0)
    with scales:
        yield scales


def site(folder: Path, scales: ScalesInStep) -> Path:
    slots = [
        {"slot": slot_id, "source": {"kind": "serial", "device": scales.device(slot_id), "resolution_g": 0.1}}
        for slot_id in ("juice", "tea")
    ]
    whole = site_dict([{"kind": "shelf", "id": "device-2", "slots": slots, "rows": [["juice", "tea"]]}])
    whole["store"]["slots"] = [
        {
            "id": slot_id,
            "name": slot_id.title(),
            "section": "front",
            "product": {"sku": slot_id, "name": slot_id.title(), "unit_weight_g": unit_weight_g},
            "capacity_units": 12,
            "reorder_point_units": 2,
        }
        for slot_id, unit_weight_g in (("juice", 1_040), ("tea", 150))
    ]
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False))
    return path


async def test_a_bottle_on_two_cells_is_one_event_and_its_leaving_is_one_pick(
    mqtt_broker: EmbeddedBroker, tmp_path: Path, scales: ScalesInStep
) -> None:
    agent = build_agent(
        load_site(site(tmp_path, scales)),
        EdgeSettings(link=FAST),
        broker=BrokerSettings(host=mqtt_broker.host, port=mqtt_broker.port),
        passwords=load_credentials(write_credentials(tmp_path, mqtt_broker, DEVICE)),
        state_dir=tmp_path / "state",
        clock=scales.clock,
    )
    with StandInGateway(mqtt_broker) as gateway:

        def found(kind: type[Any]) -> list[Any]:
            unique = {(m.header.boot_id, m.header.seq): m for s, m in gateway.messages if s is Stream.SHELF}
            return [reading for m in unique.values() for _, reading in m.readings if isinstance(reading, kind)]

        def told(count: int) -> Any:
            return lambda: len(found(ShelfEvent)) >= count

        def is_counted() -> bool:
            return {(w.slot_id, w.units) for w in found(ShelfWeight) if w.is_stable} >= {("juice", 4), ("tea", 4)}

        def lies_across() -> bool:
            newest = {w.slot_id: w for w in found(ShelfWeight) if w.is_stable}
            units = {slot_id: weight.units for slot_id, weight in newest.items()}
            return units == {"juice": 4, "tea": 3} and all((w.guest_mg or 0) > 300_000 for w in newest.values())

        async with running(agent):
            await gateway.until(is_counted)
            scales.add(juice=630, tea=410)
            await gateway.until(told(1))
            # An ordinary pick beside it is told by itself, and the bottle's leaving is one event again.
            scales.add(tea=-150)
            await gateway.until(told(2))
            # While it lies there, the bottle is in neither slot's stock: each shows its half as a guest.
            await gateway.until(lies_across)
            scales.add(juice=-630, tea=-410)
            await gateway.until(told(3))
        events = [(e.slot_id, e.event, e.sku, e.units, e.straddles) for e in found(ShelfEvent)]
    assert events == [
        ("juice", "put_back", "juice", 1, "tea"),
        ("tea", "pick", "tea", 1, None),
        ("juice", "pick", "juice", 1, "tea"),
    ]
