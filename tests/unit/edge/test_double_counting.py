from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from fixtures.small_site import write_site, write_walks
from storesense_contracts.site import load_site
from storesense_edge.double_counting import counted_twice

CORNERS = {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [10, 0], [10, 8], [0, 8]]}


def device(folder: Path, name: str, **keys: Any) -> dict[str, Any]:
    source = {
        "kind": "detections",
        "path": str(write_walks(folder / "walks.txt")),
        "frames_per_s": 10,
        "frame_size_px": [640, 480],
    }
    # Written out twice: a site file has no aliases.
    return deepcopy({"kind": "camera", "id": name, "source": source, "homography": CORNERS, **keys})


def heat(area_m: list[list[float]] | None) -> dict[str, Any]:
    return {"heatmap": {"cell_size_m": 0.5} | ({} if area_m is None else {"area_m": area_m})}


LINE = {"lines": [{"line": "door", "image": [[0.5, 0], [0.5, 1]], "in_side": "left"}]}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(heat([[0, 0], [5, 8]]), heat([[5, 0], [10, 8]]), [], id="side by side"),
        pytest.param(heat([[0, 0], [5, 8]]), heat([[10, 8], [5, 0]]), [], id="corners the other way round"),
        pytest.param(heat([[0, 0], [5, 4]]), heat([[0, 4], [5, 8]]), [], id="one above the other"),
        pytest.param(
            heat([[0, 0], [5.6, 8]]), heat([[5, 0], [10, 8]]), ["the heatmaps of"], id="half a metre in common"
        ),
        pytest.param(heat(None), heat([[5, 0], [10, 8]]), ["the heatmaps of"], id="one owns all of the floor"),
        pytest.param(heat(None), {}, [], id="only one has a heatmap"),
        pytest.param(LINE, LINE, ["line door"], id="one line"),
        pytest.param(LINE, {}, [], id="one camera has it"),
    ],
)
def test_what_two_cameras_count_twice(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any], expected: list[str]
) -> None:
    site = load_site(write_site(tmp_path, [device(tmp_path, "west", **one), device(tmp_path, "east", **other)]))
    told = counted_twice(site)
    assert len(told) == len(expected)
    for advice, begins in zip(told, expected, strict=True):
        assert advice.startswith(begins)
        assert "west and east" in advice
