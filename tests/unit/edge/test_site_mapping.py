from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.layout import Floor, StoreLayout
from storesense_contracts.site import CameraDevice, CameraHeatmap, FixedCalibration, MassesFile
from storesense_edge.site_mapping import camera_plan, floor_grid, slot_calibration, slot_spec
from storesense_edge.vision.camera_plan import lines_px
from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.lines import InSide
from storesense_edge.vision.pipeline import CameraPipeline

STORE = StoreLayout.model_validate(
    {
        "id": "store-1",
        "name": "Shop",
        "time_zone": "Europe/Berlin",
        "floor": {"size_m": [20, 10]},
        "sections": [{"id": "front", "name": "Front"}],
        "lines": [
            {"id": "door", "name": "Door", "is_entrance": True, "floor_m": [[2, 2], [4, 2]], "in_side": "right"},
            {"id": "back", "name": "Back"},
        ],
        "zones": [{"id": "wine", "name": "Wine", "floor_m": [[5, 5], [9, 5], [9, 9]]}],
        "lanes": [
            {"id": "t1", "name": "Till 1", "till_m": [10, 5]},
            {"id": "t2", "name": "Till 2", "till_m": [12, 5]},
            {"id": "s1", "name": "Self 1", "kind": "self_checkout", "served_m": [[14, 5], [15, 5]]},
            {"id": "s2", "name": "Self 2", "kind": "self_checkout", "till_m": [18, 5], "served_m": [[16, 5]]},
        ],
        "queues": [
            {"id": "one", "name": "One", "section": "front", "lanes": ["t1"], "floor_m": [[8, 4], [12, 4], [12, 8]]},
            {"id": "both", "name": "Both", "section": "front", "lanes": ["t1", "t2"]},
            {
                "id": "self",
                "name": "S",
                "section": "front",
                "lanes": ["s1", "s2"],
                "floor_m": [[13, 6], [17, 6], [17, 9]],
            },
        ],
        "slots": [
            {
                "id": "s1",
                "name": "Milk",
                "section": "front",
                "product": {"sku": "milk", "name": "Milk", "unit_weight_g": 1000, "unit_weight_tolerance_g": 30},
                "capacity_units": 24,
                "reorder_point_units": 6,
            }
        ],
    }
)
# The floor seen from straight above: 20 m across the picture, 10 m down it.
FROM_ABOVE = {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [20, 0], [20, 10], [0, 10]]}


def camera(**keys: object) -> CameraDevice:
    return CameraDevice.model_validate(
        {
            "kind": "camera",
            "id": "cam",
            "source": {"kind": "simulated"},
            "homography": FROM_ABOVE,
            **keys,
        }
    )


def test_picture_shapes_stay_in_the_picture_and_the_others_lie_on_the_floor() -> None:
    device = camera(
        lines=[
            {"line": "door"},
            {"line": "back", "image": [[0.1, 0.2], [0.3, 0.4]], "in_side": "left"},
        ],
        zones=[{"zone": "wine"}],
    )
    plan = camera_plan(device, STORE, (200, 100))
    assert [(x.line_id, x.a_xy, x.b_xy, x.in_side) for x in plan.floor.lines] == [
        ("door", (2.0, 2.0), (4.0, 2.0), InSide.RIGHT)
    ]
    assert [(x.line_id, x.a_xy, x.in_side) for x in plan.image.lines] == [("back", (0.1, 0.2), InSide.LEFT)]
    pixels = {line.line_id: line for line in lines_px(plan)}
    assert pixels["door"].a_xy == pytest.approx((20, 20))
    assert (pixels["door"].is_entrance, pixels["back"].is_entrance) == (True, False)
    assert pixels["door"].b_xy == pytest.approx((40, 20))
    assert pixels["back"].b_xy == pytest.approx((60, 40))
    [zone] = plan.floor.zones
    assert zone.corners_xy[2] == pytest.approx((9, 9))


def test_a_camera_without_a_homography_works_in_the_picture() -> None:
    device = camera(homography=None, zones=[{"zone": "wine", "image": [[0, 0], [1, 0], [1, 1]]}])
    plan = camera_plan(device, STORE, (200, 100))
    assert plan.floor_map is None
    assert [zone.zone_id for zone in plan.image.zones] == ["wine"]


TRIANGLE = [[0.2, 0.2], [0.9, 0.2], [0.9, 0.9]]


@pytest.mark.parametrize(
    ("queue", "homography", "tills_xy", "servers"),
    [
        pytest.param({"queue": "one"}, FROM_ABOVE, [(10, 5)], 1, id="the lane's till, on the floor"),
        pytest.param({"queue": "one", "image": TRIANGLE}, FROM_ABOVE, [(0.5, 0.5)], 1, id="carried into the picture"),
        pytest.param({"queue": "one", "image": TRIANGLE}, None, [], 1, id="no way to carry it"),
        pytest.param(
            {"queue": "one", "image": TRIANGLE, "till_image": [0.8, 0.3]}, None, [(0.8, 0.3)], 1, id="the camera's word"
        ),
        pytest.param({"queue": "one", "till_image": [0.5, 0.6]}, FROM_ABOVE, [(10, 6)], 1, id="carried to the floor"),
        pytest.param({"queue": "both", "image": TRIANGLE}, FROM_ABOVE, [], 2, id="two cashiers say not where"),
        pytest.param({"queue": "self"}, FROM_ABOVE, [(14, 5), (15, 5), (16, 5)], 2, id="every station of all lanes"),
    ],
)
def test_where_people_are_served(
    queue: dict[str, object], homography: object, tills_xy: list[tuple[float, float]], servers: int
) -> None:
    plan = camera_plan(camera(queues=[queue], homography=homography), STORE, (200, 100))
    [found] = plan.image.queues + plan.floor.queues
    assert found.servers == servers
    assert len(found.tills_xy) == len(tills_xy)
    for till_xy, wanted_xy in zip(found.tills_xy, tills_xy, strict=True):
        assert till_xy == pytest.approx(wanted_xy)


def test_a_homography_that_no_camera_could_have_is_refused() -> None:
    line = {"image": [[0, 0], [0.5, 0.5], [1, 1], [0.2, 0.2]], "floor_m": [[0, 0], [5, 5], [9, 9], [1, 2]]}
    with pytest.raises(GeometryError, match="one line"):
        camera_plan(camera(homography=line), STORE, (200, 100))


@pytest.mark.parametrize(
    ("area", "cell_m", "origin", "columns", "rows"),
    [
        pytest.param(None, 0.5, (0.0, 0.0), 40, 20, id="the whole floor"),
        pytest.param([[3.2, 1.1], [6.9, 4.2]], 0.5, (3.0, 1.0), 8, 6, id="snapped to the nearest whole cells"),
        pytest.param([[6.9, 4.2], [3.2, 1.1]], 0.5, (3.0, 1.0), 8, 6, id="corners in any order"),
        pytest.param([[-5, -5], [99, 99]], 1.0, (0.0, 0.0), 20, 10, id="clipped to the floor"),
        pytest.param(None, 0.3, (0.0, 0.0), 67, 34, id="cells that do not divide the floor"),
        pytest.param([[0.3, 0.6], [0.9, 1.2]], 0.3, (0.3, 0.6), 2, 2, id="rounding adds no cell"),
        pytest.param([[3.1, 1.1], [3.2, 1.2]], 0.5, (3.0, 1.0), 1, 1, id="less than half a cell is one"),
    ],
)
def test_grids_of_several_cameras_fit_together(
    area: object, cell_m: float, origin: tuple[float, float], columns: int, rows: int
) -> None:
    grid = floor_grid(CameraHeatmap(cell_size_m=cell_m, area_m=area), Floor(size_m=(20, 10)))  # type: ignore[arg-type]
    assert grid.origin_xy_m == pytest.approx(origin)
    assert (grid.columns, grid.rows) == (columns, rows)


@given(seam_m=st.floats(1.0, 18.8), cell_m=st.floats(0.1, 0.9), width_m=st.floats(19.0, 21.0))
def test_each_cell_of_the_floor_is_one_cameras_wherever_two_of_them_meet(
    seam_m: float, cell_m: float, width_m: float
) -> None:
    floor = Floor(size_m=(width_m, 10.0))
    west = floor_grid(CameraHeatmap(cell_size_m=cell_m, area_m=((0.0, 0.0), (seam_m, 10.0))), floor)
    east = floor_grid(CameraHeatmap(cell_size_m=cell_m, area_m=((seam_m, 0.0), (width_m, 10.0))), floor)
    both = floor_grid(CameraHeatmap(cell_size_m=cell_m), floor)
    assert west.columns + east.columns == both.columns
    assert east.origin_xy_m[0] == pytest.approx(west.columns * cell_m)
    assert abs(west.columns * cell_m - seam_m) <= cell_m / 2 + 1e-6


@pytest.mark.parametrize(
    ("floor", "area", "cell_m", "sentence"),
    [
        pytest.param((20, 10), [[30, 30], [40, 40]], 0.5, "no part on the store's floor", id="outside"),
        pytest.param((900, 10), None, 0.5, "at most 1024", id="too long"),
        pytest.param((300, 300), None, 0.5, "cells", id="too many"),
    ],
)
def test_areas_that_cannot_be_a_heatmap(floor: tuple[float, float], area: object, cell_m: float, sentence: str) -> None:
    with pytest.raises(GeometryError, match=sentence):
        floor_grid(CameraHeatmap(cell_size_m=cell_m, area_m=area), Floor(size_m=floor))  # type: ignore[arg-type]


def test_a_slot_takes_its_product_and_calibration(tmp_path: Path) -> None:
    fixed = slot_calibration(FixedCalibration(kind="fixed", zero_counts=100, counts_per_g=-2.0))
    assert fixed.weight_g(-900) == 500
    spec = slot_spec(STORE.slots[0], fixed)
    assert (spec.unit_weight_g, spec.unit_tolerance_g, spec.capacity_units) == (1000, 30, 24)


@pytest.mark.parametrize(("is_reversed", "slope"), [(False, 3.0), (True, -3.0)])
def test_masses_are_fitted_and_a_turned_cell_is_reversed(tmp_path: Path, is_reversed: bool, slope: float) -> None:
    path = tmp_path / "masses.csv"
    path.write_text("mass_g,cell\n0,10\n100,310\n200,610\n")
    masses = MassesFile(kind="masses", path=path, counts_column="cell", is_reversed=is_reversed)
    assert slot_calibration(masses).counts_per_g == pytest.approx(slope)


@pytest.mark.parametrize(
    ("cashier_m", "post"),
    [
        pytest.param([10, 5], (10.0, 5.0), id="in view"),
        pytest.param([19, 9], None, id="beyond the picture's edge"),
    ],
)
def test_a_tills_cashier_is_known_as_far_as_the_camera_sees_the_place(
    cashier_m: list[float], post: tuple[float, float] | None
) -> None:
    lanes = [{"id": "t1", "name": "Till 1", "till_m": cashier_m, "served_m": [[10, 6]]}]
    queues = [{"id": "one", "name": "One", "section": "front", "lanes": ["t1"], "floor_m": [[8, 4], [12, 4], [12, 8]]}]
    store = StoreLayout.model_validate({**STORE.model_dump(mode="json"), "lanes": lanes, "queues": queues})
    near = {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [15, 0], [15, 8], [0, 8]]}
    plan = camera_plan(camera(queues=[{"queue": "one"}], homography=near), store, (200, 100))
    assert [queue.posts_xy for queue in plan.floor.queues] == [(post,)]


@pytest.mark.parametrize(
    ("part", "shape", "says"),
    [
        ("lines", [(2.0, 2.0), (2.0, 2.0)], "line door .*same point"),
        ("zones", [(5.0, 5.0), (9.0, 9.0), (9.0, 5.0), (5.0, 9.0)], "zone wine .*cross"),
        ("zones", [(5.0, 5.0), (7.0, 7.0), (9.0, 9.0)], "zone wine .*on one line"),
        ("queues", [(8.0, 4.0), (12.0, 8.0), (12.0, 4.0), (8.0, 8.0)], "queue one .*cross"),
    ],
)
def test_a_shape_of_the_floor_that_cannot_work_is_named(part: str, shape: list[tuple[float, float]], says: str) -> None:
    device = CameraDevice.model_validate(
        {
            "kind": "camera",
            "id": "cam",
            "source": {"kind": "usb", "device": 0},
            "homography": {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [20, 0], [20, 10], [0, 10]]},
            "lines": [{"line": "door"}],
            "zones": [{"zone": "wine"}],
            "queues": [{"queue": "one"}],
        }
    )
    CameraPipeline(camera_plan(device, STORE, (1_000, 500)))
    first, *others = getattr(STORE, part)
    store = STORE.model_copy(update={part: [first.model_copy(update={"floor_m": shape}), *others]})
    with pytest.raises(GeometryError, match=says):
        CameraPipeline(camera_plan(device, store, (1_000, 500)))
