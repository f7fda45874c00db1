import cv2
import numpy as np
import pytest

from storesense_edge.vision.view_shift import VIEW_WH, Background, ViewReference, edge_field


def scene(
    seed: int = 0, *, shift_xy: tuple[float, float] = (0, 0), turn_deg: float = 0.0, zoom: float = 1.0
) -> np.ndarray:
    """Shelves, posters and a floor, larger than the picture, so that a shift brings in what was outside."""
    rng = np.random.default_rng(seed)
    wide = np.full((240, 320), 120, np.uint8)
    for _ in range(120):
        x, y = int(rng.integers(0, 300)), int(rng.integers(0, 220))
        w, h = int(rng.integers(6, 50)), int(rng.integers(4, 40))
        cv2.rectangle(wide, (x, y), (x + w, y + h), int(rng.integers(20, 235)), -1)
    warp = cv2.getRotationMatrix2D((160, 120), turn_deg, zoom)
    warp[:, 2] += (shift_xy[0] - 80, shift_xy[1] - 60)
    return np.asarray(cv2.warpAffine(wide, warp, VIEW_WH), dtype=np.uint8)


@pytest.mark.parametrize("shift_xy", [(4.8, 0), (-8, 0), (0, 6), (-24, 12), (3, -3)])
def test_a_shifted_view_says_by_how_much(shift_xy: tuple[float, float]) -> None:
    found = ViewReference(edge_field(scene())).compare(edge_field(scene(shift_xy=shift_xy)))
    assert not found.is_lost
    assert found.shift_xy[0] * VIEW_WH[0] == pytest.approx(shift_xy[0], abs=0.5)
    assert found.shift_xy[1] * VIEW_WH[1] == pytest.approx(shift_xy[1], abs=0.5)


@pytest.mark.parametrize(("turn_deg", "zoom"), [(6.0, 1.0), (0.0, 1.12)])
def test_turning_and_zooming_show_in_the_quarters(turn_deg: float, zoom: float) -> None:
    found = ViewReference(edge_field(scene())).compare(edge_field(scene(turn_deg=turn_deg, zoom=zoom)))
    assert found.distance > 0.012


def test_light_and_contrast_do_not_look_like_moving() -> None:
    reference = ViewReference(edge_field(scene()))
    for picture in (scene() // 3, np.clip(scene() * 0.6 + 90, 0, 255).astype(np.uint8)):
        found = reference.compare(edge_field(picture))
        assert found.distance == 0.0
        assert found.score > 0.8


def test_another_view_is_not_recognized() -> None:
    assert ViewReference(edge_field(scene())).compare(edge_field(scene(seed=7))).is_lost


def test_an_empty_wall_is_no_reference() -> None:
    assert not ViewReference(edge_field(np.full((120, 160), 90, np.uint8))).is_usable
    assert ViewReference(edge_field(scene())).is_usable


def test_people_walking_through_fall_out_of_the_background() -> None:
    background = Background()
    for number in range(7):
        picture = scene()
        cv2.rectangle(picture, (number * 22, 30), (number * 22 + 20, 110), 0, -1)
        background.add(picture)
    assert background.is_complete
    assert np.array_equal(background.median(), scene())
