"""Each of the faults that a camera can have, put into a real recording and sent through the whole agent of a camera."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import pytest

from storesense_contracts.clock import ManualClock
from storesense_contracts.layout import StoreLayout
from storesense_contracts.readings import FootfallReading, HealthCause, HealthState
from storesense_contracts.site import CameraDevice
from storesense_edge.camera_agent import CameraAgent
from storesense_edge.health import Health
from storesense_edge.settings import EdgeSettings
from storesense_edge.source_thread import Stop
from storesense_edge.vision.detections import Detections
from storesense_edge.vision.source import PictureFrame, SourceEnd, SourceInfo, frames_of
from storesense_edge.vision.video import VideoFileSource

Picture = np.ndarray
NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BEGIN_S, END_S, ALL_S = 40.0, 110.0, 150.0
FRAMES_PER_S = 5
STORE = StoreLayout.model_validate(
    {
        "id": "store-1",
        "name": "Shop",
        "time_zone": "UTC",
        "floor": {"size_m": [10, 8]},
        "sections": [{"id": "front", "name": "Front"}],
        "lines": [{"id": "door", "name": "Door"}],
        "zones": [{"id": "hall", "name": "Hall", "floor_m": [[0, 0], [9, 0], [9, 7], [0, 7]]}],
    }
)
CAMERA = CameraDevice.model_validate(
    {
        "kind": "camera",
        "id": "cam",
        "source": {"kind": "usb", "device": 0},
        "lines": [{"line": "door", "image": [[0.5, 0], [0.5, 1]], "in_side": "left"}],
        "zones": [{"zone": "hall", "image": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]}],
    }
)


@pytest.fixture(scope="module")
def pictures(shared_dir: Path) -> list[Picture]:
    """Five pictures a second of a street with people, at half their size."""
    with VideoFileSource(shared_dir / "data/video/vtest.avi") as source:
        taken = islice(frames_of(source), 0, None, 2)
        return [cv2.resize(frame.image_bgr, (384, 288)) for frame in taken]  # type: ignore[union-attr]


def dark(picture: Picture) -> Picture:
    noise = np.random.default_rng(int(picture[9, 9, 0])).integers(0, 6, picture.shape)
    return (picture // 20 + noise).astype(np.uint8)


def covered(picture: Picture) -> Picture:
    rng = np.random.default_rng(int(picture[0, 0, 0]))
    return rng.integers(60, 66, picture.shape, dtype=np.uint8)


def moved(picture: Picture) -> Picture:
    warp = np.array([[1, 0, 0.05 * picture.shape[1]], [0, 1, 0]], dtype=np.float32)
    return cv2.warpAffine(picture, warp, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


class Camera:
    """A live camera that shows the recording over and over, spoilt for a while.

    Args:
        pictures: of the recording.
        spoil: what becomes of a picture while the fault is there; None to show the one before it again.
        keeps: of how many pictures one comes while the fault is there.
        clock: moves on with each picture.
    """

    name, live = "cam", True
    info = SourceInfo((384, 288), None, None)

    def __init__(
        self, pictures: list[Picture], spoil: Callable[[Picture], Picture] | None, keeps: int, clock: ManualClock
    ) -> None:
        self._shown = self._show(pictures, spoil, keeps)
        self._clock = clock

    @staticmethod
    def _show(
        pictures: list[Picture], spoil: Callable[[Picture], Picture] | None, keeps: int
    ) -> Iterator[PictureFrame]:
        last, index = pictures[0], 0
        for number, picture in enumerate(islice(cycle(pictures), int(ALL_S * FRAMES_PER_S))):
            at_s = number / FRAMES_PER_S
            if not BEGIN_S <= at_s < END_S:
                last = picture
            elif number % keeps:
                continue
            elif spoil is not None:
                last = spoil(picture)
            yield PictureFrame(index, at_s, last)
            index += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self) -> PictureFrame | SourceEnd:
        frame = next(self._shown, None)
        if frame is None:
            return SourceEnd(True, 0, "it ended")
        self._clock.advance(max(0.0, frame.at_s - self._clock.monotonic_s()))
        return frame


class Nobody:
    """A detector that finds nobody."""

    def detect(self, *_: Any) -> Detections:
        return Detections.none()


@pytest.mark.parametrize(
    ("cause", "spoil", "keeps", "blinds", "reported_s"),
    [
        (HealthCause.FROZEN, None, 1, True, 20),  # until the minute in which it froze was over
        (HealthCause.DARK, dark, 1, True, 0),
        (HealthCause.COVERED, covered, 1, True, 0),
        (HealthCause.MOVED, moved, 1, False, 70),
        (HealthCause.SLOW, lambda picture: picture, 5, False, 70),
    ],
)
def test_a_fault_is_told_within_a_minute_with_the_figures_that_it_touches(
    pictures: list[Picture],
    cause: HealthCause,
    spoil: Callable[[Picture], Picture] | None,
    keeps: int,
    blinds: bool,
    reported_s: float,
) -> None:
    clock = ManualClock(NOW_AT)
    camera = Camera(pictures, spoil, keeps, clock)
    agent = CameraAgent(
        CAMERA, STORE, EdgeSettings(), clock, source=lambda _device: camera, detector=lambda _device: Nobody()
    )
    told: list[tuple[float, Health]] = []
    counted: list[FootfallReading] = []
    for batch in agent.measure(Stop()):
        for finding in batch:
            if isinstance(finding, Health):
                told.append((clock.monotonic_s(), finding))
            elif isinstance(finding[1], FootfallReading):
                counted.append(finding[1])
    assert {health.cause for at_s, health in told if at_s < BEGIN_S} == {None}
    ill = [(at_s, health) for at_s, health in told if health.cause is cause]
    found_s, first = ill[0]
    assert found_s - BEGIN_S < 60, f"{cause} was found after {found_s - BEGIN_S:.0f} s"
    assert first.affected == ("footfall/door", "zone/hall")
    assert first.state is (HealthState.FAILED if blinds else HealthState.DEGRADED)
    assert first.reason
    over_s, _ = next((at_s, health) for at_s, health in told if at_s > END_S and health.cause is None)
    assert over_s - END_S < 60
    # What is blind reports no zeros: its minutes are missing. What sees worse goes on, and is marked by its health.
    begin, end = (NOW_AT + timedelta(seconds=at_s) for at_s in (BEGIN_S, END_S))
    spans = [(r.measured_at, r.measured_at + timedelta(milliseconds=r.period_ms)) for r in counted]
    seen_s = sum(max(0.0, (min(until, end) - max(since, begin)).total_seconds()) for since, until in spans)
    assert seen_s == pytest.approx(reported_s, abs=6)
