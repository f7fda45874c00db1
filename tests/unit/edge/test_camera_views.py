from pathlib import Path
from typing import Any

import numpy as np

from storesense_contracts.site import CameraDevice
from storesense_edge.camera_views import CameraViews
from storesense_edge.settings import EdgeSettings
from storesense_edge.source_asks import SourceAsks
from storesense_edge.view_file import ViewFile, geometry_key
from storesense_edge.vision.picture_watch import Fault, PictureWatch

BEFORE: dict[str, Any] = {"kind": "camera", "id": "cam", "source": {"kind": "usb", "device": 0}}
CORNERS = {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [4, 0], [4, 4], [0, 4]]}


def look(watch: PictureWatch, shop: np.ndarray, *, for_s: float = 60.0) -> set[Fault]:
    """Show a shop at five pictures a second, and return the faults that were found."""
    rng = np.random.default_rng(2)
    pictures = [np.clip(shop + rng.integers(-6, 7, shop.shape), 0, 255).astype(np.uint8) for _ in range(7)]
    found = set()
    for number in range(int(for_s * 5)):
        finding = watch.step(pictures[number % 7], number / 5)
        found |= {finding.fault} if finding is not None else set()
    return found


def shop(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    tiles = rng.integers(20, 236, (12, 16, 3), dtype=np.uint8)
    return np.repeat(np.repeat(tiles, 20, axis=0), 20, axis=1).astype(np.int16)


def test_a_camera_that_is_calibrated_anew_is_not_held_against_what_it_showed_before(tmp_path: Path) -> None:
    before = CameraDevice.model_validate(BEFORE)
    after = CameraDevice.model_validate({**BEFORE, "homography": CORNERS})
    path = tmp_path / "cam.view.npz"
    views = CameraViews(EdgeSettings(), SourceAsks(), ViewFile(path, geometry_key(before)))
    assert look(views.watch(before), shop(1)) == set()
    assert look(views.watch(before), shop(3)) != set(), "after a restart it is known that the camera was moved"
    views.redraw(after)
    assert look(views.watch(after), shop(3)) == set(), "whoever draws sees what the camera shows now"
    assert ViewFile(path, geometry_key(after)).load() is not None
    assert ViewFile(path, geometry_key(before)).load() is None
