"""``storesense bench camera``: what one camera costs an edge box, in processor time.

Processor time is that of this process alone, so other work on the machine moves it less than it moves the clock; a busy
machine still makes it longer, by a third and more.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.camera_plan import CameraPlan, Shapes
from storesense_edge.vision.detections import Detections, clean_detections
from storesense_edge.vision.heatmap import FloorGrid
from storesense_edge.vision.homography import fit_floor_map
from storesense_edge.vision.lines import CountingLine
from storesense_edge.vision.pipeline import CameraPipeline
from storesense_edge.vision.zones import Zone

if TYPE_CHECKING:
    from pathlib import Path

    from storesense_edge.vision.detector import Detector

FRAME_WH = (1280, 720)
CROWDS = (6, 50)
TRACKED_PER_S = 10.0
PICTURES_PER_S = 5.0
CpuClock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class CameraCost:
    """What the pictures of a recording cost.

    Attributes:
        media_s: seconds of recording.
        read_s: processor time of reading and decoding the pictures that are looked at.
        watch_s: of looking whether the camera is well.
        detect_s: of finding people.
        measure_s: of tracking them and counting.
    """

    media_s: float
    read_s: float
    watch_s: float
    detect_s: float
    measure_s: float

    def to_json(self) -> dict[str, float]:
        """Return milliseconds of processor time a second of recording, and the share of a core that is all of it."""
        parts = {"read": self.read_s, "watch": self.watch_s, "detect": self.detect_s, "measure": self.measure_s}
        per_s = {f"{name}_ms_per_s": round(1e3 * value / self.media_s, 2) for name, value in parts.items()}
        return {**per_s, "share_of_core": round(sum(parts.values()) / self.media_s, 4)}


def busy_plan() -> CameraPlan:
    """Return twelve lines across the picture, four zones and a heatmap."""
    floor_map = fit_floor_map([(0, 0), (1, 0), (1, 1), (0, 1)], [(0, 0), (10, 0), (10, 5), (0, 5)])
    lines = tuple(CountingLine(f"line-{i}", (0.05 + 0.075 * i, 0.0), (0.05 + 0.075 * i, 1.0)) for i in range(12))
    zones = tuple(
        Zone(f"zone-{i}", ((0.1 + 0.2 * i, 0.2), (0.28 + 0.2 * i, 0.2), (0.28 + 0.2 * i, 0.8), (0.1 + 0.2 * i, 0.8)))
        for i in range(4)
    )
    shapes = Shapes(lines=lines, zones=zones)
    return CameraPlan(FRAME_WH, image=shapes, floor_map=floor_map, grid=FloorGrid((0.0, 0.0), 0.25, 40, 20))


def crowd(people: int, *, seed: int) -> Iterator[Detections]:
    """Yield the boxes of a crowd that walks to and fro, with a tenth missed and edges that tremble by 2 px."""
    rng = np.random.default_rng(seed)
    width, height = FRAME_WH
    x, y = rng.uniform(0, width, people), rng.uniform(150, height, people)
    walk = rng.uniform(-60, 60, people) / TRACKED_PER_S
    while True:
        x = (x + walk) % width
        boxes = np.stack([x - 20, y - 110, x + 20, y], axis=1) + rng.normal(0, 2, (people, 4))
        seen = rng.random(people) > 0.1
        yield clean_detections(boxes[seen], np.full(int(seen.sum()), 0.9), frame_wh=FRAME_WH)


def tracking_rate(people: int, *, least_s: float, seed: int = 1, cpu_s: CpuClock = time.process_time) -> float:
    """Return how many pictures a second of processor time are tracked and measured.

    Args:
        people: about how many are in view.
        least_s: processor time to spend at least.
        seed: of the crowd.
        cpu_s: the clock.
    """
    pipeline = CameraPipeline(busy_plan())
    pictures = crowd(people, seed=seed)
    done, spent_s = 0, 0.0
    while spent_s < least_s:
        batch = [next(pictures) for _ in range(200)]
        began_s = cpu_s()
        for detections in batch:
            pipeline.step(detections, done / TRACKED_PER_S)
            done += 1
        spent_s += cpu_s() - began_s
    return done / spent_s


def recording_cost(
    video: Path, detector: Detector, *, media_s: float, cpu_s: CpuClock = time.process_time
) -> CameraCost:
    """Return what the pictures of a recording cost, at five a second.

    Args:
        video: the recording.
        detector: finds people.
        media_s: how much of it at most.
        cpu_s: the clock.

    Raises:
        SourceError: the recording cannot be read.
    """
    from storesense_edge.vision.picture_watch import PictureWatch  # noqa: PLC0415 -- needs OpenCV
    from storesense_edge.vision.source import PictureFrame, frames_of  # noqa: PLC0415
    from storesense_edge.vision.video import VideoFileSource  # noqa: PLC0415

    spent = {"read": 0.0, "watch": 0.0, "detect": 0.0, "measure": 0.0}
    watch = PictureWatch()
    last_s = 0.0
    with VideoFileSource(video) as source:
        plan = busy_plan()
        pipeline = CameraPipeline(
            CameraPlan(source.info.frame_wh, plan.image, floor_map=plan.floor_map, grid=plan.grid)
        )
        frames = frames_of(source)
        due = count()
        due_s = next(due) / PICTURES_PER_S
        while True:
            marks = [cpu_s()]
            frame = next(frames, None)
            marks.append(cpu_s())
            spent["read"] += marks[1] - marks[0]
            if not isinstance(frame, PictureFrame) or frame.at_s > media_s:
                break
            last_s = frame.at_s
            if frame.at_s < due_s - 1e-6:
                continue
            due_s = next(due) / PICTURES_PER_S
            watch.step(frame.image_bgr, frame.at_s)
            marks.append(cpu_s())
            people = detector.detect(frame.image_bgr, frame.at_s)
            marks.append(cpu_s())
            pipeline.step(people, frame.at_s)
            marks.append(cpu_s())
            for name, begin_s, end_s in zip(("watch", "detect", "measure"), marks[1:], marks[2:], strict=False):
                spent[name] += end_s - begin_s
    return CameraCost(max(last_s, 1 / PICTURES_PER_S), *spent.values())


def run_bench_camera(
    *, video: Path | None, models: Sequence[Path], least_s: float, media_s: float, prints_json: bool
) -> int:
    """Run `storesense bench camera`.

    Raises:
        StoresenseError: a file cannot be used.
    """
    result: dict[str, object] = {}
    for people in CROWDS:
        sys.stderr.write(f"tracking {people} people for {least_s:g} s of processor time ...\n")
        result[f"frames_per_s_{people}"] = rate = round(tracking_rate(people, least_s=least_s), 1)
        sys.stdout.write(f"{people:3d} people, 12 lines, 4 zones, heatmap: {rate:.0f} pictures a second of processor\n")
    if video is not None:
        import cv2  # noqa: PLC0415 -- tracking alone does not need it

        from storesense_edge.vision.motion import MotionDetector  # noqa: PLC0415
        from storesense_edge.vision.onnx_runtime import load_yolox  # noqa: PLC0415

        cv2.setNumThreads(1)
        runtimes = ("onnxruntime", "opencv") if importlib.util.find_spec("onnxruntime") else ("opencv",)
        detectors: list[tuple[str, Detector]] = [("motion", MotionDetector())]
        detectors += [
            (f"{model.stem} {runtime}", load_yolox(model, threads=1, runtime=runtime))
            for model in models
            for runtime in runtimes
        ]
        rows = []
        for name, detector in detectors:
            sys.stderr.write(f"{name} on {video.name} ...\n")
            row = recording_cost(video, detector, media_s=media_s).to_json()
            rows.append({"detector": name, **row})
            parts = ", ".join(f"{part} {row[f'{part}_ms_per_s']} ms" for part in ("read", "watch", "detect", "measure"))
            share = 100 * row["share_of_core"]
            sys.stdout.write(f"{name}: {share:.1f} % of a core at {PICTURES_PER_S:g} pictures/s; a second: {parts}\n")
        result["recording"] = rows
    if prints_json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0
