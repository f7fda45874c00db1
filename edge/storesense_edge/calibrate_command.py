"""``storesense edge calibrate``: where a camera's picture lies on the floor, and how sure that is."""

from __future__ import annotations

import csv
import json
import math
import sys
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from storesense_contracts.errors import UsageError
from storesense_contracts.settings import load_settings
from storesense_contracts.site import CameraDevice, load_site
from storesense_edge.calibration_error import MARKED_SHARE, MEASURED_CM, careful_error_cm
from storesense_edge.calibration_plot import draw_floor_grid
from storesense_edge.camera_credentials import load_camera_credentials
from storesense_edge.camera_detector import make_detector
from storesense_edge.camera_source import open_source
from storesense_edge.settings import EdgeSettings
from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.height_calibration import calibrate_by_heights, usable_boxes
from storesense_edge.vision.homography import fit_floor_map, left_out_cm
from storesense_edge.vision.mot_file import parse_mot
from storesense_edge.vision.motion import MotionDetector
from storesense_edge.vision.onnx_runtime import load_network
from storesense_edge.vision.source import NoPicture, PictureFrame, SourceEnd, people_in
from storesense_edge.vision.video import VideoFileSource
from storesense_edge.vision.yolox import YoloxDetector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from storesense_edge.vision.detector import Detector
    from storesense_edge.vision.homography import FloorMap
    from storesense_edge.vision.source import FrameSource

Pair = tuple[tuple[float, float], tuple[float, float]]
"""A normalized picture point and where it is on the floor, metres."""

_MAX_PAIRS = 1_000
_LOOK_S = 0.5
_SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class Output:
    """Where a calibration goes.

    Attributes:
        prints_json: one JSON object on the last line instead of YAML.
        plot: a PNG of the floor's metres as the camera sees them, None for none.
    """

    prints_json: bool
    plot: Path | None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Boxes of people and the pictures they are from.

    Attributes:
        frames: (N,) numbers of the pictures.
        boxes_ltwh_px: (N, 4).
        frame_wh: width and height of the pictures, pixels.
        picture: the last picture, None where there was none.
    """

    frames: NDArray[np.int64]
    boxes_ltwh_px: NDArray[np.float64]
    frame_wh: tuple[int, int]
    picture: NDArray[np.uint8] | None = None


def suspect_pair(image: Sequence[tuple[float, float]], floor: Sequence[tuple[float, float]]) -> int | None:
    """Return the one pair without which the others fit far better, None if there is none or too few to tell."""
    if len(image) < 6:
        return None
    residuals = []
    for index in range(len(image)):
        rest = [place for place in range(len(image)) if place != index]
        try:
            fit = fit_floor_map([image[place] for place in rest], [floor[place] for place in rest])
        except GeometryError:
            residuals.append(float("inf"))
        else:
            residuals.append(fit.residual_cm)
    best = int(np.argmin(residuals))
    whole_cm = fit_floor_map(image, floor).residual_cm
    return best if whole_cm > 3.0 and residuals[best] < 0.4 * whole_cm else None


def read_pairs(path: Path) -> list[Pair]:
    """Read pairs from a CSV file with the columns u, v, x_m, y_m.

    Raises:
        UsageError: the file cannot be read or a line of it is no pair; says which.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # a spreadsheet's UTF-8 begins with a mark
            rows = list(islice(csv.DictReader(file), _MAX_PAIRS))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise UsageError(f"The pairs in {path} cannot be read ({exc}); write a CSV file with u,v,x_m,y_m.") from exc
    pairs = []
    for number, row in enumerate(rows, start=2):
        try:
            u, v, x, y = (float(row[name]) for name in ("u", "v", "x_m", "y_m"))
        except (KeyError, TypeError, ValueError) as exc:
            raise UsageError(
                f"{path}, line {number}: it is no pair; write u,v,x_m,y_m with u and v from 0 to 1 and metres after."
            ) from exc
        pairs.append(((u, v), (x, y)))
    return pairs


def calibrate_points(pairs: Sequence[Pair], output: Output) -> int:
    """Fit measured points and tell the error.

    Raises:
        GeometryError: the points make no fit.
    """
    image, floor = [seen for seen, _ in pairs], [there for _, there in pairs]
    floor_map = fit_floor_map(image, floor)
    left_out = left_out_cm(image, floor) if len(pairs) > 4 else []
    known = [value for value in left_out if value is not None]
    measured = float(np.sqrt(np.mean(np.square(known)))) if known else None
    expected = careful_error_cm(image, floor, rng=np.random.default_rng(_SEED)) if measured is None else measured
    facts: dict[str, object] = {
        "method": "points",
        "pairs": len(pairs),
        "residual_cm": round(floor_map.residual_cm, 2),
        "worst_cm": round(floor_map.worst_cm, 2),
        "left_out_cm": [None if value is None else round(value, 1) for value in left_out],
        "error_cm": round(expected, 1) if math.isfinite(expected) else None,
        "is_error_measured": measured is not None,
    }
    if measured is None and not math.isfinite(expected):
        says = ["These pairs tell next to nothing about the floor between them; choose some further apart."]
    elif measured is None:
        says = [
            (
                f"Error to expect between the points: about {expected:.0f} cm, if each was marked to "
                f"{100 * MARKED_SHARE:g} % of the picture and measured to {MEASURED_CM:g} cm."
            ),
            "Four places fit any floor exactly, so a mistake in one cannot be seen; measure a fifth apart from them.",
        ]
    else:
        says = [
            f"Error at a place that was not measured: about {expected:.0f} cm (each point against the others);",
            f"the points themselves fit to {floor_map.residual_cm:.1f} cm, the worst to {floor_map.worst_cm:.1f} cm.",
        ]
        suspect = suspect_pair(image, floor)
        facts["suspect_pair"] = None if suspect is None else suspect + 1
        if suspect is not None:
            says.append(f"Pair {suspect + 1} does not go with the others, which fit well without it; measure it again.")
    return _finish(image, floor, floor_map, facts, says, output, frame_wh=(1_280, 720), picture=None)


def calibrate_heights(
    seen: Seen,
    output: Output,
    *,
    mean_height_m: float,
    field_of_view_deg: float | None,
    places: Sequence[Pair],
    shows_picture: bool,
) -> int:
    """Find the view from people's heights and tell the error.

    Raises:
        GeometryError: people's heights do not tell it.
    """
    good = usable_boxes(seen.frames, seen.boxes_ltwh_px, seen.frame_wh)
    sys.stderr.write(f"{int(good.sum())} of {len(good)} boxes show whole people that stand clear of each other.\n")
    found = calibrate_by_heights(
        seen.boxes_ltwh_px[good],
        seen.frame_wh,
        rng=np.random.default_rng(_SEED),
        mean_height_m=mean_height_m,
        field_of_view_deg=field_of_view_deg,
        places=places,
    )
    pose = found.pose
    facts: dict[str, object] = {
        "method": "heights",
        "people": found.people,
        "error_cm": round(found.error_cm, 1),
        "worst_cm": round(found.worst_cm, 1),
        "scale_error": round(found.scale_error, 4),
        "height_spread": round(found.height_spread, 4),
        "is_placed": bool(places),
        "camera": {
            "height_m": round(pose.height_m, 2),
            "tilt_deg": round(float(np.degrees(pose.tilt_rad)), 1),
            "roll_deg": round(float(np.degrees(pose.roll_rad)), 1),
            "field_of_view_deg": round(float(np.degrees(2 * np.arctan(0.5 / pose.focal))), 1),
        },
    }
    says = [
        f"Error of a place where people walked: about {found.error_cm:.0f} cm, {found.worst_cm:.0f} cm at worst;",
        f"lengths are right to {100 * found.scale_error:.0f} %, if people are {mean_height_m:.2f} m tall on average.",
        f"The camera should be {pose.height_m:.1f} m high and look down by {np.degrees(pose.tilt_rad):.0f} degrees.",
    ]
    if field_of_view_deg is None:
        says.append("The lens was guessed with the rest; its angle from the data sheet (--field-of-view) helps much.")
    if not places:
        says.append("Where it lies on the plan is not known: give two points with --place, or move floor_m yourself.")
    image, floor = list(found.image_xy), list(found.floor_xy_m)
    picture = seen.picture if shows_picture else None
    return _finish(image, floor, found.floor_map, facts, says, output, frame_wh=seen.frame_wh, picture=picture)


def seen_in_detections(path: Path, frame_wh: tuple[int, int]) -> Seen:
    """Take boxes from a MOT file. Raises SourceError, UsageError."""
    try:
        with path.open() as file:
            rows = parse_mot(file, source=path.name)
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"The detections in {path} cannot be read ({exc}).") from exc
    return Seen(rows.frames, rows.boxes_ltwh_px, frame_wh)


def seen_in_video(path: Path, model: Path | None, *, for_s: float) -> Seen:
    """Look for people in a video, two pictures a second. Raises SourceError, ModelError."""
    detector: Detector = MotionDetector()
    if model is not None:
        detector = YoloxDetector(load_network(model, threads=1), name=model.name)
    return _watch(VideoFileSource(path), detector, for_s=for_s, every_picture=model is None)


def seen_by_camera(site_path: Path, camera_id: str, *, for_s: float) -> Seen:
    """Look for people with a camera of a site. Raises FileError, UsageError, SourceError, ModelError."""
    site = load_site(site_path)
    device = next((x for x in site.devices if isinstance(x, CameraDevice) and x.id == camera_id), None)
    if device is None:
        names = ", ".join(x.id for x in site.devices if isinstance(x, CameraDevice)) or "none"
        raise UsageError(f"There is no camera {camera_id!r} in {site_path}; there is {names}.")
    settings = load_settings(EdgeSettings)
    file = settings.camera_credentials_file
    source = open_source(device, None if file is None else load_camera_credentials(file))
    return _watch(source, make_detector(device), for_s=for_s, every_picture=device.detector.kind == "motion")


def _watch(source: FrameSource, detector: Detector | None, *, for_s: float, every_picture: bool) -> Seen:
    """Gather boxes; a motion detector has to see every picture to know what moves."""
    frames: list[int] = []
    boxes: list[NDArray[np.float64]] = []
    picture: NDArray[np.uint8] | None = None
    frame_wh = (0, 0)
    due_s, told_s = 0.0, time.monotonic()
    begin_s = time.monotonic()
    with source:
        while not isinstance(item := source.read(), SourceEnd):
            if isinstance(item, NoPicture):
                if item.reason is not None:
                    sys.stderr.write(f"no picture yet: {item.reason}\n")
                if time.monotonic() - begin_s > for_s:
                    break
                continue
            if item.at_s > for_s:
                break
            if item.at_s < due_s and not every_picture:
                continue
            frame_wh = source.info.frame_wh
            people = people_in(item, detector, source_name=source.name)
            if isinstance(item, PictureFrame):
                picture = item.image_bgr
            if item.at_s >= due_s:
                due_s = item.at_s + _LOOK_S
                x0, y0, x1, y1 = people.boxes_xyxy_px.T
                boxes.append(np.column_stack([x0, y0, x1 - x0, y1 - y0]))
                frames += [item.index] * len(people.boxes_xyxy_px)
            if time.monotonic() - told_s > 2:
                told_s = time.monotonic()
                sys.stderr.write(f"{item.at_s:.0f} s watched, {len(frames)} people seen\n")
    stacked = np.concatenate(boxes) if boxes else np.zeros((0, 4))
    return Seen(np.array(frames, dtype=np.int64), stacked.astype(np.float64), frame_wh, picture)


def _finish(
    image: Sequence[tuple[float, float]],
    floor: Sequence[tuple[float, float]],
    floor_map: FloorMap,
    facts: dict[str, object],
    says: list[str],
    output: Output,
    *,
    frame_wh: tuple[int, int],
    picture: NDArray[np.uint8] | None,
) -> int:
    if output.plot is not None:
        draw_floor_grid(output.plot, floor_map, image, frame_wh=frame_wh, picture=picture)
        sys.stderr.write(f"The floor's metres are drawn into {output.plot}.\n")
    sys.stderr.write("\n".join(says) + "\n")
    if output.prints_json:
        sys.stdout.write(json.dumps({**facts, "homography": {"image": image, "floor_m": floor}}) + "\n")
        return 0
    image_text = ", ".join(f"[{u:.4f}, {v:.4f}]" for u, v in image)
    floor_text = ", ".join(f"[{x:.2f}, {y:.2f}]" for x, y in floor)
    sys.stdout.write(f"homography:\n  image: [{image_text}]\n  floor_m: [{floor_text}]\n")
    return 0
