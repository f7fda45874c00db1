"""Detections of a walking crowd: times, truth beside them, faults, and the true tracker counting on them."""

import io
import json

import numpy as np
import pytest

from storesense_contracts.site import CameraDevice
from storesense_edge.site_mapping import camera_plan
from storesense_edge.vision.mot_file import parse_mot
from storesense_edge.vision.pipeline import CameraPipeline
from storesense_simulators.twin.detection_depth import CameraEye, detection_frames
from storesense_simulators.twin.eye_flaws import DetectionFlaws
from storesense_simulators.twin.faults import Fault, FaultSchedule
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.mot_writer import MotWriter, lines_json
from storesense_simulators.twin.people import Kind, People
from storesense_simulators.twin.projection import homography_of
from storesense_simulators.twin.shop import FaultKind

CAMERA = "camera-door"
STEP_MS = 250


class Pacing:
    """Somebody who walks in through the door and out again, over and over, 1.2 m/s, for a twin."""

    def __init__(self, shop):
        self.people = People()
        self.now_ms = 0
        door = shop.doors[0]
        self._middle = ((door.a[0] + door.b[0]) / 2, (door.a[1] + door.b[1]) / 2)
        self._row = self.people.add(7, Kind.SHOPPER, self._spot(), height_m=1.75, radius_m=0.24)
        self.crossings = 0

    def _spot(self):
        reach_m = 1.6
        along_m = (self.now_ms / 1000 * 1.2) % (4 * reach_m)
        off_m = along_m - reach_m if along_m < 2 * reach_m else 3 * reach_m - along_m
        return (self._middle[0], self._middle[1] - off_m)

    def step(self):
        self.now_ms += STEP_MS
        people, row = self.people, self._row
        people.before[:, row] = people.at[:, row]
        people.at[:, row] = self._spot()
        people.velocity[:, row] = (people.at[:, row] - people.before[:, row]) / (STEP_MS / 1000)
        middle_y = self._middle[1]
        self.crossings += bool((people.at[1, row] - middle_y) * (people.before[1, row] - middle_y) < 0)
        return []


@pytest.fixture(scope="module")
def shop():
    return load_shop("convenience")


def mount_of(shop):
    return next(camera for camera in shop.cameras if camera.device_id == CAMERA)


def frames(shop, *, seconds: float, flaws: DetectionFlaws | None = None, faults: tuple[Fault, ...] = (), seed: int = 1):
    twin = Pacing(shop)
    eye = CameraEye(mount_of(shop), shop, seed=seed, flaws=flaws, faults=FaultSchedule(faults))
    steps = detection_frames(twin, [eye], until_ms=round(seconds * 1000), frames_per_s=10.0)
    return [frame for step in steps for frame in step.frames], twin


def fault(kind: FaultKind, amount: float = 0.0) -> Fault:
    return Fault(kind=kind, target=CAMERA, begins_ms=2_000, ends_ms=4_000, amount=amount)


def test_frames_come_at_whole_multiples_of_their_length_between_the_twins_steps(shop):
    seen, _ = frames(shop, seconds=3, flaws=DetectionFlaws.perfect())
    assert [frame.t_ms for frame in seen] == list(range(0, 3_001, 100))
    middles = np.array([f.sight.boxes_xyxy_px[0, :2] for f in seen[:10]])
    assert (np.abs(np.diff(middles[:, 1])) > 0.1).all(), "people move from frame to frame, not from step to step"


def test_a_rate_that_is_no_whole_number_of_milliseconds_is_refused(shop):
    eye = CameraEye(mount_of(shop), shop, seed=1)
    with pytest.raises(ValueError, match="whole number of milliseconds"):
        next(detection_frames(Pacing(shop), [eye], until_ms=1000, frames_per_s=7.0))


def test_a_perfect_detector_reports_the_true_boxes_within_the_picture(shop):
    seen, _ = frames(shop, seconds=5, flaws=DetectionFlaws.perfect())
    width, height = mount_of(shop).frame_size_px
    compared = 0
    for frame in seen:
        if len(frame.detections):
            clipped = np.clip(frame.sight.boxes_xyxy_px, 0, [width, height, width, height])
            assert frame.detections.boxes_xyxy_px == pytest.approx(clipped)
            compared += 1
    assert compared > 20


def test_the_edges_own_tracker_counts_who_comes_and_goes(shop):
    """The derived homography, the floor's line and the true pipeline agree with the truth on flawed boxes."""
    seen, twin = frames(shop, seconds=80, flaws=DetectionFlaws(missed_share=0.05, false_share=0.0, jitter=0.5))
    device = next(d for d in shop.site.devices if isinstance(d, CameraDevice) and d.id == CAMERA)
    device = device.model_copy(update={"homography": homography_of(mount_of(shop))})
    pipeline = CameraPipeline(camera_plan(device, shop.layout, mount_of(shop).frame_size_px))
    for frame in seen:
        pipeline.step(frame.detections, frame.t_ms / 1000)
    counted = pipeline.take_lines()[0]
    assert twin.crossings >= 20
    assert abs(counted.entered + counted.left - twin.crossings) <= 2
    assert abs(counted.entered - counted.left) <= 2


def test_a_frozen_camera_reports_one_picture_again_and_again(shop):
    seen, _ = frames(shop, seconds=6, faults=(fault(FaultKind.CAMERA_FROZEN),))
    frozen = [f for f in seen if 2_000 <= f.t_ms < 4_000]
    assert all(f.detections is frozen[0].detections for f in frozen)
    assert seen[-1].detections is not frozen[0].detections


def test_a_camera_without_power_gives_no_frames(shop):
    seen, _ = frames(shop, seconds=6, faults=(fault(FaultKind.POWER_CUT),))
    assert not [f for f in seen if 2_000 <= f.t_ms < 4_000]
    assert seen[-1].t_ms == 6_000


def test_a_moved_camera_sees_people_elsewhere_and_its_truth_moves_with_it(shop):
    straight, _ = frames(shop, seconds=4)
    turned, _ = frames(shop, seconds=4, faults=(fault(FaultKind.CAMERA_MOVED, 6.0),))
    assert turned[10].sight.boxes_xyxy_px == pytest.approx(straight[10].sight.boxes_xyxy_px)
    assert abs(turned[25].sight.boxes_xyxy_px[0, 0] - straight[25].sight.boxes_xyxy_px[0, 0]) > 15


def test_dirt_over_the_whole_lens_hides_everybody(shop):
    seen, _ = frames(
        shop, seconds=4, flaws=DetectionFlaws(false_share=0.0), faults=(fault(FaultKind.CAMERA_DIRTY, 1.0),)
    )
    assert not any(len(f.detections) for f in seen if 2_000 <= f.t_ms < 4_000)
    assert any(len(f.sight) for f in seen if 2_000 <= f.t_ms < 4_000), "the truth is as it was"


def test_the_files_are_read_back_by_the_edges_own_parser(shop):
    seen, _ = frames(shop, seconds=5)
    detections, truth = io.StringIO(), io.StringIO()
    writer = MotWriter(detections, truth, frame_wh=mount_of(shop).frame_size_px)
    for number, frame in enumerate(seen, start=1):
        writer.write(number, frame)
    rows = parse_mot(detections.getvalue().splitlines(), source="det.txt")
    assert len(rows.frames) == writer.boxes == sum(len(f.detections) for f in seen)
    first = next(f for f in seen if len(f.detections))
    assert rows.boxes_ltwh_px[0, :2] == pytest.approx(first.detections.boxes_xyxy_px[0, :2], abs=0.01)
    true = parse_mot(truth.getvalue().splitlines(), source="gt.txt")
    assert set(true.ids.tolist()) == {7}
    assert len(true.frames) == writer.true_boxes > 20


def test_lines_in_the_picture_keep_their_side(shop):
    lines = json.loads(lines_json(shop, mount_of(shop)))
    assert lines["frame_wh"] == list(mount_of(shop).frame_size_px)
    assert [line["id"] for line in lines["lines"]] == ["door"]
    assert lines["lines"][0]["in_side"] == shop.layout.lines[0].in_side
    a, b = (np.array(lines["lines"][0][end]) for end in "ab")
    inside = np.array(shop.doors[0].inside)
    homography = homography_of(mount_of(shop))
    assert len(homography.image) >= 4
    spot = CameraEye(mount_of(shop), shop, seed=1)._pinhole.project(np.array([[*inside, 0.0]]))[0][0]
    along, away = b - a, spot - a
    left = along[1] * away[0] - along[0] * away[1] > 0  # y points down
    assert left == (lines["lines"][0]["in_side"] == "left")
