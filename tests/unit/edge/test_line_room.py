from typing import Any

import pytest

from fixtures.small_site import site_dict
from storesense_contracts.site import SiteFile
from storesense_edge.line_room import short_of_room

CORNERS = {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [10, 0], [10, 8], [0, 8]]}
HALF = {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [10, 0], [10, 4], [0, 4]]}


def told(
    *, line: dict[str, Any], view: dict[str, Any], homography: dict[str, Any] | None, walls: list[Any] | None = None
) -> list[str]:
    """Advice on one line of one camera."""
    device = {
        "kind": "camera",
        "id": "west",
        "source": {"kind": "simulated"},
        "lines": [{"line": "door", **view}],
        **({} if homography is None else {"homography": homography}),
    }
    site = site_dict([device])
    site["store"]["lines"] = [{"id": "door", "name": "Door", "is_entrance": True, **line}]
    site["store"]["floor"] = {"id": "ground", "size_m": [10, 8], "walls": walls or []}
    return short_of_room(SiteFile.model_validate(site))


def on_floor(a: list[float], b: list[float]) -> dict[str, Any]:
    return {"floor_m": [a, b], "in_side": "left"}


@pytest.mark.parametrize(
    ("line", "homography", "walls", "expected"),
    [
        pytest.param(on_floor([2, 6], [6, 6]), CORNERS, [], None, id="two metres of floor on both sides"),
        pytest.param(on_floor([2, 7.1], [6, 7.1]), CORNERS, [], None, id="nine tenths of a metre will do"),
        pytest.param(
            on_floor([2, 7.4], [6, 7.4]), CORNERS, [], ("outer", "the picture ends"), id="at the picture's edge"
        ),
        pytest.param(
            on_floor([6, 3.7], [2, 3.7]), HALF, [], ("inner", "the picture ends"), id="in is out of the picture"
        ),
        pytest.param(
            on_floor([2, 7.4], [6, 7.4]), None, [], ("outer", "the floor plan ends"), id="in the door's opening"
        ),
        pytest.param(
            on_floor([2, 4], [6, 4]),
            CORNERS,
            [[[2, 3.5], [6, 3.5]]],
            ("inner", "a wall of the floor plan stands"),
            id="before a shelf",
        ),
        pytest.param(
            on_floor([2, 4], [6, 4]), CORNERS, [[[2, 3.5], [3, 3.5]]], None, id="a pillar before a quarter of it"
        ),
        pytest.param(on_floor([4, 2], [4, 6]), CORNERS, [[[4, 0], [4, 1.9]]], None, id="its end meets a wall"),
    ],
)
def test_a_line_has_room_on_both_sides_or_it_is_said_why_not(
    line: dict[str, Any],
    homography: dict[str, Any] | None,
    walls: list[Any],
    expected: tuple[str, str] | None,
) -> None:
    advice = told(line=line, view={}, homography=homography, walls=walls)
    assert len(advice) == (expected is not None), advice
    if expected is not None:
        side, cause = expected
        assert advice[0].startswith(
            f"line door of west has less than about a metre of visible floor on its {side} side"
        )
        assert cause in advice[0]
        assert "Lay it where people are seen" in advice[0]


@pytest.mark.parametrize(
    ("ends", "homography", "causes"),
    [
        pytest.param([[0.5, 0], [0.5, 1]], None, [], id="across the middle"),
        pytest.param(
            [[0.03, 0], [0.03, 1]], None, ["on its inner side, where the picture ends"], id="at the left edge"
        ),
        pytest.param(
            [[0.97, 1], [0.97, 0]], None, ["on its inner side, where the picture ends"], id="at the right edge"
        ),
        pytest.param([[0.05, 0], [0.05, 1]], CORNERS, ["where the picture ends"], id="half a metre by its calibration"),
        pytest.param([[0.1, 0], [0.1, 1]], CORNERS, [], id="a metre by its calibration"),
    ],
)
def test_a_line_that_is_drawn_in_the_picture_is_judged_there_or_by_its_calibration(
    ends: list[list[float]], homography: dict[str, Any] | None, causes: list[str]
) -> None:
    advice = told(line={}, view={"image": ends, "in_side": "right"}, homography=homography)
    assert len(advice) == len(causes), advice
    assert all(cause in each for cause, each in zip(causes, advice, strict=True))
