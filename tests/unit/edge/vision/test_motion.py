import cv2
import numpy as np
import pytest

from storesense_edge.vision.motion import MotionDetector
from storesense_edge.vision.source import PictureFrame, frames_of
from storesense_edge.vision.video import VideoFileSource

RNG = np.random.default_rng(3)
FLOOR = cv2.resize(RNG.integers(60, 160, (24, 32, 3)).astype(np.uint8), (320, 240))


def picture(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    image = FLOOR.astype(np.int16) + RNG.integers(-4, 5, FLOOR.shape)
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = 230
    return np.clip(image, 0, 255).astype(np.uint8)


def settle(detector: MotionDetector, seconds: float = 3.0, fps: float = 10.0) -> float:
    for i in range(round(seconds * fps)):
        assert len(detector.detect(picture(), i / fps)) == 0, "an empty floor has nobody on it"
    return seconds


def test_somebody_walking_is_found_where_they_are() -> None:
    detector = MotionDetector()
    at_s = settle(detector)
    for i in range(10):
        left = 50 + 8 * i
        found = detector.detect(picture((left, 80, left + 30, 160)), at_s + i / 10)
        assert len(found) == 1
        assert found.boxes_xyxy_px[0] == pytest.approx([left, 80, left + 30, 160], abs=6)
        assert found.scores[0] > 0.6, "sure enough to begin a track"


def test_pieces_of_one_person_are_one_box() -> None:
    detector = MotionDetector()
    at_s = settle(detector)
    found = detector.detect(picture((100, 80, 130, 115), (102, 125, 128, 165)), at_s)
    assert len(found) == 1
    assert found.boxes_xyxy_px[0] == pytest.approx([100, 80, 130, 165], abs=6)


def test_two_side_by_side_in_one_blob_are_two_boxes() -> None:
    detector = MotionDetector()
    at_s = settle(detector)
    assert len(detector.detect(picture((100, 80, 170, 160)), at_s)) == 2


def test_what_is_no_person_is_left_out() -> None:
    detector = MotionDetector()
    at_s = settle(detector)
    assert len(detector.detect(picture((100, 80, 106, 86)), at_s)) == 0, "a speck"
    assert len(detector.detect(picture((0, 0, 320, 240)), at_s + 0.1)) == 0, "the light"


def test_the_background_is_learnt_in_seconds_not_in_frames() -> None:
    for fps in (3.0, 10.0):
        detector = MotionDetector()
        at_s = settle(detector, 20.0, fps)
        still_there_s = 0.0
        while len(detector.detect(picture((100, 80, 130, 160)), at_s + still_there_s)) and still_there_s < 90:
            still_there_s += 1 / fps
        assert 5 < still_there_s < 60, "who stands still becomes background, but not at once"


def test_half_of_the_walkers_of_the_real_clip_are_found(shared_dir) -> None:  # type: ignore[no-untyped-def]
    detector = MotionDetector()
    found = 0
    with VideoFileSource(shared_dir / "data/video/vtest.avi") as source:
        for frame in frames_of(source):
            assert isinstance(frame, PictureFrame)
            if frame.index >= 150:
                break
            found += len(detector.detect(frame.image_bgr, frame.at_s)) if frame.index % 2 == 0 else 0
    assert 150 < found < 500
