"""A slot whose cell is live: from a serial line to readings and a condition."""

import os
import tty
from datetime import UTC, datetime, timedelta

from fixtures.serial_scale import Scale
from storesense_contracts.clock import SystemClock
from storesense_contracts.layout import StoreLayout
from storesense_contracts.readings import HealthState, ShelfWeight
from storesense_contracts.site import ShelfSlot
from storesense_contracts.site_sources import SerialScaleSource
from storesense_edge.health import Health
from storesense_edge.planogram import DevicePlanogram
from storesense_edge.shelf_agent import SlotAgent
from storesense_edge.slot_units import SlotUnits
from storesense_edge.source_thread import Stop

STORE = StoreLayout.model_validate(
    {
        "id": "shop",
        "name": "Shop",
        "time_zone": "Europe/Berlin",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "x", "name": "X"}],
        "slots": [
            {
                "id": "s1",
                "name": "S1",
                "section": "x",
                "product": {"sku": "oat", "name": "Oat", "unit_weight_g": 1000},
                "capacity_units": 10,
                "reorder_point_units": 2,
            }
        ],
    }
)


class BriskClock(SystemClock):
    """A clock by which samples lie a tenth of a second apart, however fast they come."""

    def __init__(self):
        self._now = datetime(2026, 11, 20, tzinfo=UTC)

    def now(self):
        self._now += timedelta(seconds=0.1)
        return self._now


def test_a_live_scale_is_weighed_and_its_loss_is_told(tmp_path):
    scale, ours = os.openpty()
    tty.setraw(scale)
    # The site file names a path under /dev, which this is.
    source = SerialScaleSource(kind="serial", device=os.ttyname(ours), resolution_g=1.0)
    agent = SlotAgent(
        ShelfSlot(slot="s1", source=source), DevicePlanogram(STORE.slots, STORE, tmp_path / "p.json"), BriskClock()
    )
    stop, weights = Stop(), []
    findings = agent.measure(stop)
    first = next(findings)
    assert [found.state for found in first if isinstance(found, Health)] == [HealthState.OK]
    for batch in findings:
        os.write(scale, b"ST,GS,+  3.000kg\r\n" * 40)
        weights += [reading for found in batch if not isinstance(found, Health) for reading in [found[1]]]
        if weights:
            break
    assert weights[-1].slot_id == "s1"
    os.close(scale)
    lost = next(found for batch in findings for found in batch if isinstance(found, Health) and found.reason)
    assert lost.state is HealthState.FAILED
    assert "was lost" in lost.reason or "cannot be read" in lost.reason
    stop.set()
    findings.close()
    os.close(ours)


def test_a_restart_knows_what_lay_on_a_shared_plate(tmp_path):
    whole = STORE.model_dump(mode="json")
    rice = {"sku": "rice", "name": "Rice", "unit_weight_g": 100, "unit_weight_tolerance_g": 2}
    beans = {"sku": "beans", "name": "Beans", "unit_weight_g": 150, "unit_weight_tolerance_g": 3, "capacity_units": 10}
    whole["slots"][0] |= {"product": rice, "also": [beans]}
    store = StoreLayout.model_validate(whole)
    clock, units = BriskClock(), SlotUnits(tmp_path, "shelf-1")
    units.keep("s1", ("rice", "beans"), (1, 5), 0.99, clock.now())
    planogram = DevicePlanogram(store.slots, store, tmp_path / "p.json")
    with Scale() as scale:
        scale.weight_g = 850.0
        source = SerialScaleSource(kind="serial", device=scale.device, resolution_g=1.0)
        agent = SlotAgent(ShelfSlot(slot="s1", source=source), planogram, clock, units=SlotUnits(tmp_path, "shelf-1"))
        stop = Stop()
        findings = agent.measure(stop)
        readings = (each[1] for batch in findings for each in batch if not isinstance(each, Health))
        weight = next(each for each in readings if isinstance(each, ShelfWeight) and each.is_stable)
        stop.set()
        findings.close()
    assert [(each.sku, each.units) for each in weight.products] == [("rice", 1), ("beans", 5)]
    assert weight.products[0].confidence > 0.9
