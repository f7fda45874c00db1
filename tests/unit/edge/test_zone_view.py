from typing import Any

import pytest

from fixtures.small_site import site_dict
from storesense_contracts.site import SiteFile
from storesense_edge.zone_view import partly_unseen

# The picture shows the upper half of a floor of 10 by 8 metres.
UPPER = {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [10, 0], [10, 4], [0, 4]]}


def told(
    floor_m: list[list[float]], *, homography: dict[str, Any] | None = UPPER, image: list[list[float]] | None = None
) -> list[str]:
    """Advice on one zone of one camera."""
    device = {
        "kind": "camera",
        "id": "west",
        "source": {"kind": "simulated"},
        "zones": [{"zone": "fruit", **({} if image is None else {"image": image})}],
        **({} if homography is None else {"homography": homography}),
    }
    site = site_dict([device])
    site["store"]["zones"] = [{"id": "fruit", "name": "Fruit", "floor_m": floor_m}]
    site["store"]["floor"] = {"id": "ground", "size_m": [10, 8], "walls": []}
    return partly_unseen(SiteFile.model_validate(site))


def from_2_to(y: float) -> list[list[float]]:
    return [[1, 2], [9, 2], [9, y], [1, y]]


@pytest.mark.parametrize(
    ("floor_m", "share"),
    [
        pytest.param(from_2_to(4), None, id="all of it in the picture"),
        pytest.param(from_2_to(4.1), None, id="drawn a decimetre too far"),
        pytest.param(from_2_to(6), "50%", id="half of it below the picture's edge"),
        pytest.param([[1, 5], [9, 5], [9, 7], [1, 7]], "100%", id="beside the picture"),
        pytest.param([[1, 0], [9, 0], [1, 8]], "25%", id="the tip of a triangle"),
    ],
)
def test_a_zone_is_told_by_the_share_of_its_floor_that_the_picture_does_not_show(
    floor_m: list[list[float]], share: str | None
) -> None:
    advice = told(floor_m)
    if share is None:
        assert advice == []
    else:
        (only,) = advice
        assert only.startswith(f"zone fruit of west is not in the picture for {share} of its floor")


def test_a_zone_drawn_in_the_picture_is_seen_whole() -> None:
    assert told(from_2_to(6), image=[[0.1, 0.5], [0.9, 0.5], [0.9, 1], [0.1, 1]]) == []


def test_nothing_is_said_where_no_calibration_tells_what_the_picture_shows() -> None:
    image = [[0.1, 0.5], [0.9, 0.5], [0.9, 1], [0.1, 1]]
    assert told(from_2_to(6), homography=None, image=image) == []
