"""What is drawn of a store: what cannot work is told at its place, and what can is laid on the layout."""

from collections.abc import Callable
from typing import Any

import pytest

from storesense_contracts.drawing import Drawing, drawing_of, drawing_problems, drawn_on, view_of
from storesense_contracts.drawing_config import drawing_for
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
    (problem,) = drawing_problems(layout(), changed(change), ["cam"])
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
