"""What is drawn of a store: what cannot work is told at its place, and what can is laid on the layout."""

from collections.abc import Callable
from typing import Any

import pytest

from storesense_contracts.drawing import Drawing, drawing_of, drawing_problems, drawn_on, view_of
from storesense_contracts.drawing_config import drawing_for
from storesense_contracts.drawn_slots import remembering, slots_on
from storesense_contracts.layout import StoreLayout
from storesense_contracts.site import CameraDevice

CORNERS = [[1, 7], [9, 7], [9, 1], [1, 1]]
SEEN = [[0.05, 0.95], [0.95, 0.95], [0.8, 0.2], [0.2, 0.2]]


def layout() -> StoreLayout:
    return StoreLayout.model_validate(
        {
            "id": "s1",
            "name": "Shop",
            "time_zone": "Europe/Berlin",
            "floor": {"size_m": [10, 8]},
            "sections": [{"id": "front", "name": "Front"}],
            "slots": [
                {
                    "id": "oats",
                    "name": "Oats",
                    "section": "front",
                    "product": {"sku": "oats", "name": "Oats", "unit_weight_g": 500},
                    "capacity_units": 9,
                    "reorder_point_units": 2,
                    "at_m": [1, 1],
                }
            ],
        }
    )


def valid() -> dict[str, Any]:
    return {
        "lines": [{"id": "door", "name": "Door", "floor_m": [[4, 8.2], [6, 8.2]], "in_side": "left"}],
        "zones": [{"id": "aisle", "name": "Aisle", "floor_m": [[1, 1], [3, 1], [3, 4], [1, 4]]}],
        "lanes": [{"id": "lane-1", "name": "Lane 1", "till_m": [8, 6]}],
        "queues": [{"id": "tills", "name": "Tills", "section": "front", "lanes": ["lane-1"]}],
        "shelves": [{"id": "wall", "name": "Wall", "floor_m": [[5, 1], [8, 1], [8, 3], [5, 3]]}],
        "slots": [{"slot": "oats", "at_m": [2, 2]}],
        "cameras": [
            {
                "camera": "cam",
                "homography": {"image": SEEN, "floor_m": CORNERS},
                "lines": [{"line": "door"}],
                "zones": [{"zone": "aisle", "image": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]}],
                "queues": [{"queue": "tills", "image": [[0.5, 0.5], [0.7, 0.5], [0.7, 0.9]]}],
            }
        ],
    }


HOLDS = {
    "product": {"sku": "oats", "name": "Oats", "unit_weight_g": 500},
    "capacity_units": 6,
    "reorder_point_units": 1,
}


def new_slot(slot: str = "rye", **changes: Any) -> dict[str, Any]:
    own = {"slot": slot, "name": slot.title(), "section": "front", "at_m": [6, 2], "size_m": [0.5, 0.4]}
    return own | {"shelf": "wall", "device": "scale-1"} | changes


def holding(sku: str = "oats", **changes: Any) -> dict[str, Any]:
    return new_slot(holds=HOLDS | {"product": {"sku": sku, "name": sku, "unit_weight_g": 500} | changes})


def test_slots_beside_and_above_each_other_and_at_the_edge_of_their_shelf_work() -> None:
    drawn = valid()
    drawn["slots"] += [
        new_slot("left", at_m=[5.25, 1.2]),
        new_slot("right", at_m=[5.75, 1.2]),
        new_slot("above", at_m=[5.25, 1.2], level=2),
        new_slot("gone", at_m=[5.25, 1.2], is_removed=True),
        new_slot("loose", at_m=[1, 7], shelf=None, size_m=None),
    ]
    assert drawing_problems(layout(), Drawing.model_validate(drawn), ["cam"], ["scale-1"]) == []


def test_slots_are_added_changed_and_taken_away_and_can_be_brought_back() -> None:
    drawn = valid()
    drawn["slots"] = [
        {"slot": "oats", "name": "Oat flakes", "at_m": [2, 2], "size_m": [1, 0.5], "level": 3},
        new_slot("rye", holds=HOLDS),
        new_slot("empty"),
    ]
    laid = drawn_on(layout(), Drawing.model_validate(drawn))
    assert [(slot.id, slot.name, slot.product.sku) for slot in laid.slots] == [
        ("oats", "Oat flakes", "oats"),
        ("rye", "Rye", "oats"),
    ]
    assert (laid.slots[0].level, laid.slots[0].capacity_units) == (3, 9)
    assert (laid.slots[1].device, laid.slots[1].size_m, laid.slots[1].reorder_point_units) == ("scale-1", (0.5, 0.4), 1)
    StoreLayout.model_validate(laid.model_dump(mode="json"))
    places = Drawing.model_validate(drawn | {"slots": [{"slot": "oats", "is_removed": True}]}).slots
    assert slots_on(layout().slots, places) == []
    (gone,) = remembering(layout().slots, places)
    (back,) = slots_on([], [gone.model_copy(update={"is_removed": False})])
    assert (back.name, back.product, back.capacity_units) == ("Oats", layout().slots[0].product, 9)


def test_a_slot_that_comes_back_holds_all_products_of_its_plate() -> None:
    shared = {"sku": "rye", "name": "Rye", "unit_weight_g": 300, "capacity_units": 4, "reorder_point_units": 1}
    whole = layout().model_dump(mode="json")
    whole["slots"][0]["also"] = [shared]
    slots = StoreLayout.model_validate(whole).slots
    (gone,) = remembering(slots, Drawing.model_validate({"slots": [{"slot": "oats", "is_removed": True}]}).slots)
    said = gone.model_dump(mode="json")
    (read,) = Drawing.model_validate({"slots": [said]}).slots
    (back,) = slots_on([], [read.model_copy(update={"is_removed": False})])
    assert back.also == slots[0].also
    assert back.also[0].sku == "rye"


def test_what_works_has_no_problems() -> None:
    assert drawing_problems(layout(), Drawing.model_validate(valid()), ["cam"]) == []


def changed(change: Callable[[dict[str, Any]], Any]) -> Drawing:
    drawn = valid()
    change(drawn)
    return Drawing.model_validate(drawn)


@pytest.mark.parametrize(
    ("change", "at", "says"),
    [
        (lambda d: d["lines"][0].update(floor_m=[[4, 4], [4, 4.02]]), ("lines", 0, "floor_m"), "same place"),
        (
            lambda d: d["zones"][0].update(floor_m=[[1, 1], [3, 3], [3, 1], [1, 3]]),
            ("zones", 0, "floor_m"),
            "edges cross",
        ),
        (lambda d: d["zones"][0].update(floor_m=[[1, 1], [2, 1], [3, 1]]), ("zones", 0, "floor_m"), "no area"),
        (lambda d: d["zones"][0]["floor_m"].append([0.5, -3]), ("zones", 0, "floor_m", 4), "not on the floor plan"),
        (lambda d: d["lanes"][0].update(till_m=[80, 6]), ("lanes", 0, "till_m"), "not on the floor plan"),
        (lambda d: d["queues"][0].update(section="back"), ("queues", 0, "section"), "no section"),
        (lambda d: d["queues"][0].update(lanes=["lane-9"]), ("queues", 0, "lanes", 0), "no lane"),
        (lambda d: d["zones"].append(d["zones"][0]), ("zones", 1, "id"), "stands twice"),
        (lambda d: d["slots"].append({"slot": "gone"}), ("slots", 1, "slot"), "no slot"),
        (lambda d: d["shelves"].append(d["shelves"][0]), ("shelves", 1, "id"), "stands twice"),
        (lambda d: d["shelves"][0].update(floor_m=[[1, 1], [2, 1], [3, 1]]), ("shelves", 0, "floor_m"), "no area"),
        (lambda d: d["slots"].append(new_slot(name=None)), ("slots", 1, "slot"), "a name and a section"),
        (lambda d: d["slots"].append(new_slot(section="back")), ("slots", 1, "section"), "no section"),
        (lambda d: d["slots"].append(new_slot(device="scale-9")), ("slots", 1, "device"), "no device"),
        (lambda d: d["slots"].append(new_slot(shelf="gone")), ("slots", 1, "shelf"), "no shelf"),
        (lambda d: d["slots"].append(new_slot(at_m=[7.9, 2])), ("slots", 1, "at_m"), "not within its shelf"),
        (lambda d: d["slots"].append(new_slot(size_m=None, at_m=[1, 2])), ("slots", 1, "at_m"), "not within its"),
        (lambda d: d["slots"].append(new_slot(at_m=None)), ("slots", 1, "size_m"), "no place"),
        (
            lambda d: d["slots"].extend([new_slot(), new_slot("rice", at_m=[6.3, 2])]),
            ("slots", 2, "at_m"),
            "lie over each other",
        ),
        (lambda d: d["slots"].append(holding("rye")), ("slots", 1, "holds", "product"), "no product"),
        (lambda d: d["slots"].append(holding(unit_weight_g=400)), ("slots", 1, "holds", "product"), "weighs 500 g"),
        (
            lambda d: d["slots"].append(new_slot(holds=HOLDS | {"reorder_point_units": 6})),
            ("slots", 1, "holds", "reorder_point_units"),
            "below what fits",
        ),
        (
            lambda d: d["slots"].append(
                new_slot(holds=HOLDS | {"also": [HOLDS["product"] | {"sku": "rye", "capacity_units": 3}]})
            ),
            ("slots", 1, "holds", "also", 0),
            "no product 'rye'",
        ),
        (
            lambda d: d["slots"].append(new_slot(holds=HOLDS | {"also": [HOLDS["product"] | {"capacity_units": 3}]})),
            ("slots", 1, "holds", "also", 0),
            "stands twice",
        ),
        (lambda d: d["cameras"][0].update(camera="other"), ("cameras", 0, "camera"), "no camera"),
        (
            lambda d: d["cameras"][0]["homography"].update(floor_m=[[1, 1], [2, 2], [3, 3], [4, 4]]),
            ("cameras", 0, "homography", "floor_m"),
            "on one line",
        ),
        (lambda d: d["cameras"][0].update(homography=None), ("cameras", 0, "lines", 0), "match it by four points"),
        (lambda d: d["cameras"][0]["queues"][0].update(image=None), ("cameras", 0, "queues", 0), "has no place"),
        (lambda d: d["cameras"][0]["lines"].append({"line": "gone"}), ("cameras", 0, "lines", 1, "line"), "no line"),
        (
            lambda d: d["cameras"][0]["zones"][0].update(image=[[0, 0], [1, 1], [1, 0], [0, 1]]),
            ("cameras", 0, "zones", 0, "image"),
            "edges cross",
        ),
    ],
)
def test_what_cannot_work_is_told_at_its_place(
    change: Callable[[dict[str, Any]], Any], at: tuple[str | int, ...], says: str
) -> None:
    (problem,) = drawing_problems(layout(), changed(change), ["cam"], ["scale-1"])
    assert problem.at == at
    assert says in problem.message


def test_a_drawing_is_laid_on_the_layout_and_taken_off_it_again() -> None:
    drawing = Drawing.model_validate(valid())
    drawn = drawn_on(layout(), drawing)
    assert (drawn.lines, drawn.slots[0].at_m, drawn.slots[0].product.sku) == (drawing.lines, (2, 2), "oats")
    assert drawing_of(drawn, drawing.cameras) == drawing
    StoreLayout.model_validate(drawn.model_dump(mode="json"))


def test_a_camera_is_told_its_own_shapes_and_what_it_needs_of_the_store() -> None:
    drawing = Drawing.model_validate(valid() | {"zones": [valid()["zones"][0] | {"staff_only": True}]})
    told = drawing_for(4, drawing, drawing.cameras[0])
    assert [(line.line_id, line.floor_m, line.image) for line in told.lines] == [("door", ((4, 8.2), (6, 8.2)), None)]
    assert [(zone.zone_id, zone.floor_m) for zone in told.zones] == [("aisle", None)]
    assert (told.queues[0].lane_ids, told.lanes[0].till_m, len(told.pairs)) == (("lane-1",), (8, 6), 4)
    assert told.staff_areas_m == (((1, 1), (3, 1), (3, 4), (1, 4)),)


def test_a_site_file_has_a_view_of_each_camera() -> None:
    view = valid()["cameras"][0]
    device = CameraDevice.model_validate(
        {"kind": "camera", "id": "cam", "source": {"kind": "simulated"}}
        | {name: view[name] for name in ("homography", "lines", "zones", "queues")}
    )
    assert view_of(device) == Drawing.model_validate(valid()).cameras[0]
