"""A plain site file becomes a store that can be simulated, or is refused with the reason."""

from pathlib import Path

import pytest

import storesense_simulators
from storesense_contracts.plane import turn
from storesense_contracts.site import SiteFile, load_site
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.navigation import Navigation
from storesense_simulators.twin.plane import is_inside
from storesense_simulators.twin.shop_of_site import (
    MissingPlaceError,
    NothingSimulatedError,
    enlivened,
    shop_of_site,
    simulated_device_ids,
)

CORNER_SHOP = Path(storesense_simulators.__file__).parent / "sites" / "corner_shop.yaml"


@pytest.fixture(scope="module")
def site():
    return load_site(CORNER_SHOP)


@pytest.fixture(scope="module")
def shop(site):
    return shop_of_site(site)


def changed(site, change):
    value = site.model_dump(mode="json")
    change(value)
    return SiteFile.model_validate(value)


def test_everything_that_is_measured_is_there(site, shop):
    assert [place.slot_id for place in shop.places] == [slot.id for slot in site.store.slots]
    assert {till.lane_id: till.queue_id for till in shop.tills} == {
        "lane-1": "tills",
        "lane-2": "tills",
        "lane-3": "lane-3",
    }
    assert [line.line_id for line in shop.lines] == ["door", "chilled-pass"]
    assert {sensor.sensor_id: sensor.kind for sensor in shop.climate} == {"chiller": "chiller", "floor-air": "room"}
    assert {cell.device_id for cell in shop.cells} == {"shelf-chilled", "shelf-dry"}


def test_people_get_everywhere_from_the_door(shop):
    ways = Navigation(shop)
    spots = [place.spot for place in shop.places]
    spots += [spot for queue in shop.queues for spot in queue.spots]
    spots += [spot for till in shop.tills for spot in (*till.customers, till.cashier)]
    spots += [post.at for post in shop.staff_posts]
    assert all(ways.is_reachable(shop.doors[0].outside, spot) for spot in spots)


def test_people_stand_before_a_slot_and_not_behind_its_wall(shop):
    by_id = {place.slot_id: place for place in shop.places}
    assert by_id["crisps"].spot[0] > 5.2  # the wall is at x = 5.0
    assert by_id["chocolate"].spot[0] < 8.0  # and here at 8.2
    assert by_id["oat-milk"].spot[1] > 0.5  # the chillers stand at the upper wall
    assert by_id["apples"].spot[0] > 0.5


def test_the_way_in_is_as_the_line_says(shop):
    door = shop.doors[0]
    assert door.in_is_left
    assert turn(door.a, door.b, door.inside) < 0 < turn(door.a, door.b, door.outside)


def test_a_queue_stands_within_its_area_with_its_front_at_the_tills(shop):
    for queue in shop.queues:
        assert all(is_inside(queue.polygon, spot) for spot in queue.spots)
        till_y = shop.tills[0].customers[0][1]
        assert abs(queue.spots[0][1] - till_y) == min(abs(spot[1] - till_y) for spot in queue.spots)


def test_every_cell_carries_its_full_slot(shop):
    models = {cell.slot_id: cell.model for cell in shop.cells}
    for place in shop.places:
        assert place.capacity_units * place.unit_weight_g < models[place.slot_id].capacity_g


def test_it_is_open_whenever_somebody_looks_in(shop):
    assert all(rate > 300 for day in shop.demand.visitors_per_h for rate in day)
    lively = enlivened(load_shop("convenience"))
    assert lively.demand == shop.demand
    assert all(spans[0].closes_min - spans[0].opens_min == 1440 for spans in lively.hours.spans)


def test_a_site_without_simulated_devices_is_refused(site, repo_dir):
    def make_real(value):
        value["devices"] = [
            {
                "kind": "camera",
                "id": "c",
                "source": {"kind": "video", "path": str(CORNER_SHOP)},
            }
        ]

    real = changed(site, make_real)
    assert simulated_device_ids(real) == ()
    with pytest.raises(NothingSimulatedError, match="nothing to simulate"):
        shop_of_site(real)


@pytest.mark.parametrize(
    ("key", "said"),
    [("lines", "line 'door'"), ("zones", "zone 'entrance'"), ("queues", "queue 'tills'")],
)
def test_what_is_measured_must_have_a_place(site, key, said):
    def forget(value):
        value["store"][key][0]["floor_m"] = None
        if key == "lines":
            value["store"][key][0]["in_side"] = None

    with pytest.raises(MissingPlaceError, match=said):
        shop_of_site(changed(site, forget))


def test_a_store_without_a_drawn_door_is_entered_at_the_lower_edge(site):
    def forget(value):
        value["store"]["lines"] = []
        for device in value["devices"]:
            device.pop("lines", None)

    door = shop_of_site(changed(site, forget)).doors[0]
    assert door.line_id == ""
    assert door.inside[1] < 10 < door.outside[1]
