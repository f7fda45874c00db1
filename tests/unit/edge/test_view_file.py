from pathlib import Path

import numpy as np

from storesense_contracts.site import CameraDevice
from storesense_edge.view_file import ViewFile, geometry_key
from storesense_edge.vision.picture_watch import PictureReference


def reference() -> PictureReference:
    rng = np.random.default_rng(1)
    edges = (rng.uniform(-1, 1, (120, 160)) + 1j * rng.uniform(-1, 1, (120, 160))).astype(np.complex64)
    sharpness = rng.uniform(0, 1, (8, 12)).astype(np.float32)
    sharpness[0, 0] = np.nan
    return PictureReference(edges, rng.uniform(0, 50, (15, 20)).astype(np.float32), sharpness)


def test_a_view_is_kept_for_its_owner_alone_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "store" / "cam.view.npz"
    ViewFile(path, "a").save(reference())
    assert path.stat().st_mode & 0o777 == 0o600
    found = ViewFile(path, "a").load()
    assert found is not None
    assert np.allclose(found.edges, reference().edges, atol=1e-3)
    assert np.allclose(found.sharpness, reference().sharpness, equal_nan=True)


def test_a_view_of_another_geometry_or_a_damaged_one_is_none(tmp_path: Path) -> None:
    path = tmp_path / "cam.view.npz"
    assert ViewFile(path, "a").load() is None
    ViewFile(path, "a").save(reference())
    assert ViewFile(path, "b").load() is None
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"junk", whole[:-30] + b"x" * 30):
        path.write_bytes(damaged)
        assert ViewFile(path, "a").load() is None


def test_the_key_follows_what_a_calibration_changes() -> None:
    def key(**changed: object) -> str:
        keys = {"kind": "camera", "id": "cam", "source": {"kind": "rtsp", "url": "rtsp://10.0.0.1/a"}, **changed}
        return geometry_key(CameraDevice.model_validate(keys))

    corners = {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": [[0, 0], [4, 0], [4, 4], [0, 4]]}
    assert key() == key(health={"min_frames_per_s": 2})
    assert len({key(), key(homography=corners), key(source={"kind": "rtsp", "url": "rtsp://10.0.0.2/a"})}) == 3
