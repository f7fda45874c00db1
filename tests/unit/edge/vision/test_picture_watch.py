"""Faults injected into real recordings, and the recordings themselves, which must raise nothing."""

from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from storesense_edge.vision.picture_watch import Fault, Finding, PictureReference, PictureWatch, WatchLimits
from storesense_edge.vision.source import frames_of
from storesense_edge.vision.video import VideoFileSource

Picture = np.ndarray
BEGIN_S, END_S = 40.0, 100.0
CLIPS = ("vtest.avi", "one-by-one-person-detection.mp4")


@pytest.fixture(scope="module", params=CLIPS)
def pictures(request: pytest.FixtureRequest, shared_dir: Path) -> list[Picture]:
    """One picture a second, of the whole clip."""
    with VideoFileSource(shared_dir / "data/video" / request.param) as source:
        return [frame.image_bgr for frame in islice(frames_of(source), 0, None, 10)]  # type: ignore[union-attr]


def watched(
    pictures: list[Picture], spoil: Callable[[Picture], Picture], limits: WatchLimits | None = None
) -> Iterator[tuple[float, Finding | None]]:
    watch = PictureWatch(limits or WatchLimits(min_frames_per_s=0))
    for number, picture in enumerate(islice(cycle(pictures), 140)):
        at_s = float(number)
        shown = spoil(picture) if BEGIN_S <= at_s < END_S else picture
        yield at_s, watch.step(np.ascontiguousarray(shown), at_s)


def shifted(picture: Picture, x: float, y: float) -> Picture:
    height, width = picture.shape[:2]
    warp = np.array([[1, 0, x * width], [0, 1, y * height]], dtype=np.float32)
    return cv2.warpAffine(picture, warp, (width, height), borderMode=cv2.BORDER_REFLECT)


def covered(picture: Picture, share: float) -> Picture:
    spoilt = picture.copy()
    part = spoilt[:, : int(spoilt.shape[1] * share)]
    part[:] = np.random.default_rng(int(picture[0, 0, 0])).integers(60, 66, part.shape, dtype=np.uint8)
    return spoilt


def night(picture: Picture) -> Picture:
    noise = np.random.default_rng(int(picture[9, 9, 0])).integers(0, 6, picture.shape)
    return (picture // 20 + noise).astype(np.uint8)


def blurred(sigma_px: float) -> Callable[[Picture], Picture]:
    return lambda picture: cv2.GaussianBlur(picture, (0, 0), sigma_px)


FAULTS = {
    "dark": (Fault.DARK, night),
    "a hand over the lens": (Fault.COVERED, lambda picture: covered(picture, 1.0)),
    "a poster over most of it": (Fault.COVERED, lambda picture: covered(picture, 0.7)),
    "a touch out of focus": (Fault.BLURRED, blurred(2.0)),
    "far out of focus": (Fault.BLURRED, blurred(5.0)),
    "turned by 3 % of the width": (Fault.MOVED, lambda picture: shifted(picture, 0.03, 0.0)),
    "tilted by 5 % of the height": (Fault.MOVED, lambda picture: shifted(picture, 0.0, -0.05)),
    "pushed far": (Fault.MOVED, lambda picture: shifted(picture, -0.15, 0.1)),
}


def test_a_well_camera_raises_nothing_from_its_first_to_its_last_frame(shared_dir: Path) -> None:
    for clip in CLIPS:
        watch = PictureWatch()
        with VideoFileSource(shared_dir / "data/video" / clip) as source:
            found = [watch.step(frame.image_bgr, frame.at_s) for frame in frames_of(source)]  # type: ignore[union-attr]
        assert len(found) > 700
        assert not any(found)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_within_a_minute_and_is_over_when_it_is_over(name: str, pictures: list[Picture]) -> None:
    expected, spoil = FAULTS[name]
    seen = list(watched(pictures, spoil))
    assert not [at_s for at_s, finding in seen if finding and at_s < BEGIN_S]
    found_s = [at_s for at_s, finding in seen if finding and finding.fault is expected]
    assert found_s[0] - BEGIN_S < 60
    assert not [at_s for at_s, finding in seen if finding and at_s > END_S + 34]


def test_a_frozen_picture_is_found_though_a_clock_is_drawn_into_it(pictures: list[Picture]) -> None:
    still = pictures[40].copy()

    def frozen(picture: Picture) -> Picture:
        shown = still.copy()
        shown[4:24, 4:120] = picture[4:24, 4:120]
        return shown

    found = [(at_s, finding) for at_s, finding in watched(pictures, frozen) if finding]
    assert {finding.fault for _, finding in found} == {Fault.FROZEN}
    assert found[0][0] - BEGIN_S == pytest.approx(30, abs=3)
    assert found[0][1].since_s == pytest.approx(BEGIN_S, abs=2)
    assert found[-1][0] < END_S + 3


def test_a_frozen_picture_is_found_though_its_encoder_wavers_about_it(pictures: list[Picture]) -> None:
    rng = np.random.default_rng(3)
    held: list[Picture] = []

    def frozen(picture: Picture) -> Picture:
        held.append(picture)
        # Blocks of eight pixels come out a level brighter or not, other ones in each picture.
        height, width = picture.shape[:2]
        blocks = rng.random((-(-height // 8), -(-width // 8), 1)) < 0.5
        wavering = blocks.repeat(8, axis=0).repeat(8, axis=1)[:height, :width].astype(np.uint8)
        return cv2.add(held[0], wavering.repeat(3, axis=2))

    found = [(at_s, finding) for at_s, finding in watched(pictures, frozen) if finding]
    assert {finding.fault for _, finding in found} == {Fault.FROZEN}
    assert found[0][0] - BEGIN_S < 60.0


def test_a_moved_camera_says_by_how_many_pixels(pictures: list[Picture]) -> None:
    seen = [finding for _, finding in watched(pictures, lambda picture: shifted(picture, 0.04, 0.0)) if finding]
    width_px = pictures[0].shape[1]
    assert seen[0].displacement_px == pytest.approx(0.04 * width_px, abs=3)


def test_half_the_light_is_no_fault(pictures: list[Picture]) -> None:
    assert not any(finding for _, finding in watched(pictures, lambda picture: picture // 2))


@pytest.mark.parametrize(("rate", "is_slow"), [(1.0, True), (2.5, True), (4.0, False), (10.0, False)])
def test_too_few_pictures_a_second_are_too_slow(rate: float, is_slow: bool) -> None:
    rng = np.random.default_rng(3)
    watch = PictureWatch()
    times_s = [number / rate for number in range(int(60 * rate))]
    found = [watch.step(rng.integers(0, 255, (60, 80, 3), dtype=np.uint8) // 2 + 60, at_s) for at_s in times_s]
    faults = {finding.fault for finding in found if finding} - {Fault.MOVED}
    assert faults == ({Fault.SLOW} if is_slow else set())


def test_what_the_shop_does_not_want_to_hear_of_is_left_out() -> None:
    limits = WatchLimits(ignored=frozenset({Fault.DARK, Fault.FROZEN, Fault.COVERED}))
    watch = PictureWatch(limits)
    black = np.zeros((120, 160, 3), np.uint8)
    assert not any(watch.step(black, number / 4) for number in range(400))


def test_a_camera_that_was_moved_while_the_agent_was_down_is_found(pictures: list[Picture]) -> None:
    kept: list[PictureReference] = []
    first = PictureWatch(WatchLimits(min_frames_per_s=0), None, kept.append)
    for number, picture in enumerate(pictures[:50]):
        first.step(picture, float(number))
    again = PictureWatch(WatchLimits(min_frames_per_s=0), kept[-1])
    found = [
        again.step(np.ascontiguousarray(shifted(picture, 0.05, 0.0)), float(number))
        for number, picture in enumerate(pictures)
    ]
    assert Fault.MOVED in {finding.fault for finding in found[:60] if finding}
