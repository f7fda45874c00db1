"""From a site file to what is simulated."""

import pytest

from storesense_contracts.site import SiteFile
from storesense_simulators.sim.errors import MissingPlaceError, SimulationError
from storesense_simulators.sim.geometry import is_inside
from storesense_simulators.sim.plan import plan_of, simulated_device_ids


def changed(site: SiteFile, change) -> SiteFile:
    raw = site.model_dump(mode="json")
    change(raw)
    return SiteFile.model_validate(raw)


def test_everything_in_the_corner_shop_is_simulated(corner_shop, shop_plan):
    assert simulated_device_ids(corner_shop) == tuple(device.id for device in corner_shop.devices)
    assert len(shop_plan.slots) == len(corner_shop.store.slots)
    assert {z.device_id for z in shop_plan.zones} == {"camera-door", "camera-floor"}


def test_the_cameras_heat_covers_the_floor_once(shop_plan):
    cells = set()
    for heat in shop_plan.heat:
        for column in range(heat.columns):
            for row in range(heat.rows):
                corner = (heat.origin[0] + column * heat.cell_size_m, heat.origin[1] + row * heat.cell_size_m)
                assert corner not in cells
                cells.add(corner)
    assert len(cells) == 32 * 20


def test_people_queue_inside_the_queue_and_begin_at_the_tills(corner_shop, shop_plan):
    polygons = {queue.id: queue.floor_m for queue in corner_shop.store.queues}
    for queue in shop_plan.queues:
        assert all(is_inside(polygons[queue.queue_id], spot) for spot in queue.spots)
        assert queue.spots[0][1] > queue.spots[3][1]  # the tills are at the plan's lower end


def test_the_door_leads_from_the_street_into_the_shop(shop_plan):
    (door,) = shop_plan.doors
    assert door.outside[1] > 9.4 > door.inside[1]


@pytest.mark.parametrize(
    ("part", "what"), [("lines", "line 'door'"), ("zones", "zone 'entrance'"), ("queues", "queue 'tills'")]
)
def test_what_has_no_place_is_named_with_the_remedy(corner_shop, part, what):
    site = changed(
        corner_shop,
        lambda raw: raw["store"][part][0].update(floor_m=None, **({"in_side": None} if part == "lines" else {})),
    )
    with pytest.raises(MissingPlaceError, match=f"measures {what}, which has no place; give it floor_m"):
        plan_of(site)


def test_a_site_without_simulated_devices_is_refused(corner_shop, tmp_path):
    trace = tmp_path / "trace.csv"
    trace.write_text("timestamp_ms,raw_counts\n0,1\n")
    recorded = {
        "source": {"kind": "trace", "path": str(trace)},
        "calibration": {"kind": "fixed", "zero_counts": 0, "counts_per_g": 1},
    }

    def only_a_recorded_shelf(raw):
        shelf = next(d for d in raw["devices"] if d["id"] == "shelf-dry")
        for slot in shelf["slots"]:
            slot.update(recorded)
        raw["devices"] = [shelf]

    with pytest.raises(SimulationError, match="nothing to simulate"):
        plan_of(changed(corner_shop, only_a_recorded_shelf))
