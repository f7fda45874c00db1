from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from fixtures.small_site import write_site, write_walks
from storesense_contracts.site import load_site
from storesense_edge.floor_gaps import left_out, off_floor

CORNERS = {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [10, 0], [10, 8], [0, 8]]}


def camera(folder: Path, name: str, area_m: list[list[float]] | None) -> dict[str, Any]:
    source = {"kind": "detections", "path": str(write_walks(folder / "walks.txt")), "frames_per_s": 10}
    source["frame_size_px"] = [640, 480]
    heat: dict[str, Any] = {} if area_m is None else {"heatmap": {"cell_size_m": 0.5, "area_m": area_m}}
    return deepcopy({"kind": "camera", "id": name, "source": source, "homography": CORNERS, **heat})


@pytest.mark.parametrize(
    ("areas", "says"),
    [
        pytest.param([[[0, 0], [5, 8]], [[5, 0], [10, 8]]], [], id="side by side"),
        pytest.param([[[0, 0], [4, 8]], [[6, 0], [10, 8]]], ["16 m² of the floor between 4, 0 and 6, 8 m"], id="a gap"),
        pytest.param([[[0, 0], [4, 3]]], [], id="one camera, which sees what it sees"),
        pytest.param([[[0, 0], [4, 3]], [[4, 0], [8, 3]], None], [], id="what lies beyond all of them is meant so"),
        pytest.param(
            [[[0, 0], [4, 8]], [[4, 0], [10, 4]]], ["24 m² of the floor between 4, 4 and 10, 8 m"], id="a corner"
        ),
        pytest.param([[[0, 0], [5, 8]], [[5, 0], [10, 7.9]]], [], id="a hair"),
    ],
)
def test_floor_between_the_cameras_parts_is_told(tmp_path: Path, areas: list[Any], says: list[str]) -> None:
    cameras = [camera(tmp_path, f"cam-{n}", area) for n, area in enumerate(areas)]
    told = left_out(load_site(write_site(tmp_path, cameras)))
    assert len(told) == len(says)
    for advice, begins in zip(told, says, strict=True):
        assert advice.startswith(begins)


def test_shapes_beyond_the_floor_are_told(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path, [camera(tmp_path, "cam", None)]))
    width_m, depth_m = site.store.floor.size_m
    assert off_floor(site) == []
    zone = site.store.zones[0].model_copy(update={"floor_m": [(0.0, 0.0), (width_m + 5.0, 0.0), (1.0, 1.0)]})
    beside = zone.model_copy(update={"id": "beside", "floor_m": [(-0.5, 0.0), (1.0, 0.0), (1.0, depth_m + 0.5)]})
    moved = site.model_copy(update={"store": site.store.model_copy(update={"zones": [zone, beside]})})
    (told,) = off_floor(moved)
    assert told.startswith(f"zone {zone.id} lies beyond the floor of {width_m:g} x {depth_m:g} m")
