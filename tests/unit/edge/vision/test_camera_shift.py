import numpy as np
import pytest
from numpy.typing import NDArray

from storesense_edge.vision.camera_shift import camera_shift
from storesense_edge.vision.tracker_settings import TrackerSettings

CFG = TrackerSettings()
CROWD = np.array(
    [[100.0, 300, 40, 100], [260, 320, 40, 105], [420, 280, 38, 95], [590, 310, 42, 110], [700, 330, 40, 100]]
)


def moved(dx: float, dy: float) -> NDArray[np.float64]:
    boxes = CROWD.copy()
    boxes[:, 0] += dx
    boxes[:, 1] += dy
    return boxes


def test_a_shift_that_all_follow_is_found() -> None:
    shift = camera_shift(CROWD, moved(70, -20), CFG)
    assert shift is not None
    assert shift.tolist() == pytest.approx([70, -20])


@pytest.mark.parametrize(
    ("people", "boxes", "why"),
    [
        (CROWD, moved(0, 0), "nothing moved"),
        (CROWD, moved(5, 2), "no more than boxes tremble"),
        (CROWD[:3], moved(70, 0)[:3], "three may walk alike"),
        (CROWD, moved(400, 0), "further than a picture is moved between two"),
        (CROWD, np.concatenate([CROWD[:3], moved(70, 0)[3:]]), "most stood still"),
        (CROWD, np.empty((0, 4)), "nobody is seen"),
        (np.tile(CROWD, (20, 1)), moved(70, 0), "a crowd too large to be asked"),
    ],
)
def test_no_shift_is_found(people: NDArray[np.float64], boxes: NDArray[np.float64], why: str) -> None:
    assert camera_shift(people, boxes, CFG) is None, why


def test_some_who_walk_on_their_own_do_not_hide_the_shift() -> None:
    boxes = moved(-60, 10)
    boxes[4] = [50, 500, 40, 100]
    shift = camera_shift(CROWD, boxes, CFG)
    assert shift is not None
    assert shift.tolist() == pytest.approx([-60, 10])
