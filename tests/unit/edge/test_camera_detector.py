from pathlib import Path

import numpy as np
import pytest

from storesense_contracts.site import CameraDevice, OnnxDetector
from storesense_contracts.site_sources import UsbSource
from storesense_edge import camera_detector


class CountingNetwork:
    """Sees nobody and counts how often it looks."""

    input_wh = (64, 64)

    def __init__(self) -> None:
        self.looks = 0

    def run(self, blob: np.ndarray) -> np.ndarray:
        assert blob.shape == (1, 3, 64, 64)
        self.looks += 1
        return np.zeros((1, 84, 6), np.float32)


@pytest.mark.parametrize("tiles", [1, 2, 3])
def test_a_wide_picture_is_looked_at_in_as_many_parts_as_the_site_file_says(
    tiles: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = CountingNetwork()
    monkeypatch.setattr(camera_detector, "load_network", lambda *_, **__: network)
    wanted = OnnxDetector.model_construct(kind="onnx", model=Path("person.onnx"), tiles=tiles)
    device = CameraDevice.model_construct(source=UsbSource(kind="usb", device=0), detector=wanted)
    detector = camera_detector.make_detector(device)
    assert detector is not None
    assert len(detector.detect(np.zeros((90, 320, 3), np.uint8), 0.0)) == 0
    assert network.looks == tiles
