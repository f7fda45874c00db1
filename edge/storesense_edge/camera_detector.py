"""A camera's detector as the site file names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storesense_contracts.site import MotionDetector
from storesense_contracts.site_sources import DetectionsSource
from storesense_edge.vision.motion import MotionDetector as MotionCore
from storesense_edge.vision.onnx_runtime import load_network
from storesense_edge.vision.yolox import MIN_SCORE, YoloxDetector

if TYPE_CHECKING:
    from storesense_contracts.site import CameraDevice
    from storesense_edge.vision.detector import Detector


def make_detector(device: CameraDevice) -> Detector | None:
    """Load the detector that the site file names; None where the source brings detections.

    Raises:
        ModelError: the model cannot be loaded.
    """
    if isinstance(device.source, DetectionsSource):
        return None
    wanted = device.detector
    if isinstance(wanted, MotionDetector):
        return MotionCore()
    network = load_network(wanted.model, threads=wanted.threads)
    return YoloxDetector(network, name=wanted.model.name, min_score=wanted.min_score or MIN_SCORE, tiles=wanted.tiles)
