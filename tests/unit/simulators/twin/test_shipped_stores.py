"""The shipped stores: sound, of the size that they are said to have, and with a site file that all of it can use."""

import itertools
import math
import re
from dataclasses import fields

import pytest
from pydantic import BaseModel

from storesense_contracts.layout import StrictModel
from storesense_contracts.plane import crossing_edges, turn
from storesense_contracts.rules import QueueTooLongRule
from storesense_contracts.site import CameraDevice, ShelfDevice, SiteFile
from storesense_contracts.yaml_file import parse_yaml
from storesense_edge.line_room import short_of_room
from storesense_edge.zone_view import partly_unseen
from storesense_simulators.twin import people_file, planogram, store_file
from storesense_simulators.twin.load_cell import CellModel
from storesense_simulators.twin.load_shop import load_shop, store_names, store_path
from storesense_simulators.twin.plane import is_inside
from storesense_simulators.twin.planogram import CellFile
from storesense_simulators.twin.projection import pinhole_of
from storesense_simulators.twin.shop import TillKind
from storesense_simulators.twin.site_of_store import site_of, site_yaml
from storesense_simulators.twin.store_file import StoreFile

MODELS = sorted(
    {
        value
        for module in (store_file, people_file, planogram)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
    },
    key=lambda model: model.__name__,
)


@pytest.fixture(scope="module", params=store_names())
def shop(request):
    return load_shop(request.param)


def test_the_supermarket_is_what_the_documentation_says():
    shop = load_shop("supermarket")
    assert len(shop.places) == len(shop.cells) == 200
    assert sum(till.kind is TillKind.STAFFED for till in shop.tills) == 6
    assert len(shop.tills) == 8
    assert (len(shop.cameras), len(shop.doors)) == (20, 2)
    assert shop.desk is not None
    day = shop.demand.visitors_per_h[0]
    assert sum(1 for rate in day if rate > 0) == 10
    # Bursts come on top of the plain rate, up to the day's total.
    bursts = shop.demand.bursts
    assert sum(day) * (1 + bursts.per_day * (bursts.factor - 1) * bursts.lasts_s.mean / 36_000) == pytest.approx(2000)


def test_products_are_told_apart_and_weigh_what_groceries_do(shop):
    assert len({place.sku for place in shop.places}) == len(shop.places)
    assert all(20 <= place.unit_weight_g <= 6_000 for place in shop.places)
    assert all(0 < place.unit_weight_sd_g < place.unit_weight_g / 20 for place in shop.places)
    models = {cell.slot_id: cell.model for cell in shop.cells}
    for place in shop.places:
        if place.slot_id in models:
            assert place.capacity_units * place.unit_weight_g <= models[place.slot_id].capacity_g


def test_the_site_file_is_read_back_as_it_was_printed(shop, tmp_path):
    assert parse_yaml(SiteFile, site_yaml(shop.site), path=tmp_path / "site.yaml") == shop.site


def test_every_device_is_simulated_and_everything_is_measured_by_one(shop):
    cameras = [device for device in shop.site.devices if isinstance(device, CameraDevice)]
    assert all(device.source.kind == "simulated" for device in cameras)
    layout = shop.layout
    for seen, there in (
        ([x.line for c in cameras for x in c.lines], layout.lines),
        ([x.zone for c in cameras for x in c.zones], [zone for zone in layout.zones if not zone.staff_only]),
        ([x.queue for c in cameras for x in c.queues], layout.queues),
        ([x.slot for d in shop.site.devices if isinstance(d, ShelfDevice) for x in d.slots], layout.slots),
    ):
        assert sorted(seen) == sorted(item.id for item in there)
    assert [slot.id for slot in layout.slots] == [cell.slot_id for cell in shop.cells]
    assert any(isinstance(rule, QueueTooLongRule) for rule in shop.site.rules)


def test_cameras_own_parts_of_the_floor_that_do_not_overlap_and_cover_it(shop):
    areas = [d.heatmap.area_m for d in shop.site.devices if isinstance(d, CameraDevice)]
    for (low, high), (other_low, other_high) in itertools.combinations(areas, 2):
        assert any(high[k] <= other_low[k] or other_high[k] <= low[k] for k in (0, 1))
    covered = sum((high[0] - low[0]) * (high[1] - low[1]) for low, high in areas)
    assert covered == pytest.approx(shop.size_m[0] * shop.size_m[1])


def test_every_camera_sees_its_own_part_of_the_floor(shop):
    for camera, device in zip(shop.cameras, shop.site.devices, strict=False):
        low, high = device.heatmap.area_m
        width, height = camera.frame_size_px
        middle = pinhole_of(camera).floor_point(width / 2, height / 2)
        assert low[0] <= middle[0] <= high[0]
        assert low[1] <= middle[1] <= high[1]
        assert device.homography is not None


def test_the_way_in_is_to_the_right_of_every_door(shop):
    for door, line in zip(shop.doors, shop.layout.lines, strict=False):
        assert (line.id, line.in_side, line.is_entrance) == (door.line_id, "right", True)
        assert turn(door.a, door.b, door.inside) > 0 > turn(door.a, door.b, door.outside)
        assert turn(*line.floor_m, door.outside) < 0 < turn(*line.floor_m, door.inside)


def test_doors_are_counted_a_step_inside_where_everybody_passes(shop):
    for door, line in zip(shop.doors, shop.lines, strict=False):
        assert line.is_entrance
        assert turn(door.a, door.b, line.a) > 0
        assert turn(door.a, door.b, line.b) > 0
        assert math.dist(line.a, line.b) > math.dist(door.a, door.b) + 0.5
        # Everybody goes by the spot inside; deeper in, people come along the front wall and round a line's ends.
        assert turn(line.a, line.b, door.outside) < 0 < turn(line.a, line.b, door.inside)


def test_people_are_seen_on_both_sides_of_every_line(shop):
    assert short_of_room(shop.site) == []


def test_every_zone_is_in_the_picture_of_the_camera_that_measures_it(shop):
    assert partly_unseen(shop.site) == []


def test_a_door_that_is_counted_in_its_opening_is_said_to_have_little_room():
    store = parse_yaml(StoreFile, store_path("supermarket").read_text(), path=store_path("supermarket"))
    doors = [door.model_copy(update={"line_m": None}) for door in store.doors]
    told = short_of_room(site_of(store.model_copy(update={"doors": doors})))
    assert [advice.split(" has ")[0] for advice in told] == [
        "line door-west of camera-west",
        "line door-east of camera-east",
    ]
    assert all("outer side, where the floor plan ends" in advice for advice in told)


def test_queue_areas_hold_the_queues_spots(shop):
    for queue in shop.queues:
        assert crossing_edges(queue.polygon) is None
        assert len(queue.spots) >= 5
        assert all(is_inside(queue.polygon, spot) for spot in queue.spots)


def test_somebody_works_at_every_lane_that_the_schedule_opens(shop):
    for weekday, day in enumerate(shop.staff.lanes_open):
        for hour, lanes in enumerate(day):
            there = sum(
                shift.staff
                for shift in shop.staff.shifts
                if weekday in shift.weekdays and shift.begins_min <= hour * 60 + 30 < shift.ends_min
            )
            assert lanes <= there


@pytest.mark.parametrize("name", store_names())
def test_a_shipped_store_is_short_enough_to_read(name):
    lines = store_path(name).read_text().splitlines()
    assert len(lines) < 550
    assert max(map(len, lines)) <= 130


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_the_store_file_is_documented(model, repo_dir):
    page = (repo_dir / "docs" / "reference" / "twin-store-file.md").read_text()
    words = set(re.findall(r"[a-z_]+", page))
    keys = set(model.model_fields) - {"root"}
    assert issubclass(model, StrictModel) or model.model_fields.keys() == {"root"}
    assert keys <= words, keys - words


def test_a_load_cell_can_be_described_in_full():
    assert set(CellFile.model_fields) == {field.name for field in fields(CellModel)}
