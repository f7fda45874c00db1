"""The bench of one camera: what it adds up, with a clock that is passed in."""

import json
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from storesense_edge.vision.detections import Detections
from storesense_simulators.bench_camera import recording_cost, run_bench_camera, tracking_rate


class Blind:
    """A detector that finds nobody and notes when it was asked."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []

    def detect(self, image_bgr: np.ndarray, at_s: float) -> Detections:
        assert image_bgr.ndim == 3
        self.asked_s.append(at_s)
        return Detections.none()


def test_the_rate_is_pictures_over_processor_time() -> None:
    ticks = count()
    assert tracking_rate(3, least_s=2.0, cpu_s=lambda: float(next(ticks))) == pytest.approx(200.0)


def test_a_recording_is_looked_at_five_times_a_second_and_its_parts_add_up(shared_dir: Path) -> None:
    ticks, detector = count(), Blind()
    video = shared_dir / "data/video/vtest.avi"
    cost = recording_cost(video, detector, media_s=4.0, cpu_s=lambda: float(next(ticks)))
    assert np.diff(detector.asked_s) == pytest.approx(0.2)
    assert cost.detect_s == cost.watch_s == cost.measure_s == len(detector.asked_s) == 21
    assert cost.read_s > 40, "every picture is read, one in two is looked at"
    whole = cost.to_json()
    assert whole["share_of_core"] == pytest.approx(sum(v for k, v in whole.items() if k.endswith("_per_s")) / 1e3, 1e-3)


def test_without_a_recording_tracking_alone_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench_camera(video=None, models=(), least_s=0.01, media_s=1.0, prints_json=True) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(told) == {"frames_per_s_6", "frames_per_s_50"}
    assert all(rate > 0 for rate in told.values())
