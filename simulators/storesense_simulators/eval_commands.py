"""`storesense eval counting` and `storesense eval video`: the published error, on files that anyone can rerun."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from storesense_edge.vision.mot_file import read_mot
from storesense_simulators.eval_counting import (
    CountingResult,
    EvalInputError,
    LinesFile,
    evaluate_counting,
    evaluate_pictures,
    parse_lines,
    totals,
)

if TYPE_CHECKING:
    from storesense_edge.vision.detector import Detector

LINES_HELP = 'JSON: {"frame_wh": [w, h], "lines": [{"id", "a": [x, y], "b": [x, y]}]} in pixels'
MAX_LINES_BYTES = 1_000_000


def add_eval_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `counting` and `video` to the subcommands of `storesense eval`."""
    rule = (
        "A true crossing is a foot point (bottom centre of the box) that passes from one side of the segment to the "
        "other, clear of it on both by at least 4 px and 5 %% of the box's height, within its ends. The error is "
        "summed over lines and directions. Settings are the shipped defaults."
    )
    counting = subparsers.add_parser(
        "counting",
        help="line counting on recorded detections, against ground truth",
        description="Track recorded detections, count them over lines and compare with ground truth. " + rule,
    )
    counting.add_argument(
        "--detections", type=Path, required=True, help="MOT file: frame,id,left,top,width,height,conf"
    )
    counting.add_argument("--fps", type=_rate, required=True, help="frames a second of the recording, before --stride")
    counting.set_defaults(handler=run_eval_counting)
    video = subparsers.add_parser(
        "video",
        help="line counting from pictures, against ground truth",
        description="Find people in a video's pictures, count them over lines and compare with ground truth. " + rule,
    )
    video.add_argument("--video", type=Path, required=True, help="video file; its first picture is the truth's frame 1")
    how = video.add_mutually_exclusive_group(required=True)
    how.add_argument("--model", type=Path, help="YOLOX person detector in ONNX")
    how.add_argument("--motion", action="store_true", help="find people by motion, without a model")
    video.add_argument("--threads", type=_positive, default=1, help="threads of the model (default: %(default)s)")
    video.set_defaults(handler=run_eval_video)
    for parser in (counting, video):
        parser.add_argument(
            "--truth", type=Path, required=True, help="MOT file of ground truth; rows with conf 0 are left out"
        )
        parser.add_argument("--lines", type=Path, required=True, help=LINES_HELP)
        parser.add_argument(
            "--stride", type=_positive, default=1, help="look at every n-th frame (default: %(default)s)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")


def run_eval_counting(args: argparse.Namespace) -> int:
    """Run `storesense eval counting`.

    Raises:
        StoresenseError: a file cannot be used.
    """
    lines = _read_lines(args.lines)
    result = evaluate_counting(read_mot(args.detections), read_mot(args.truth), lines, fps=args.fps, stride=args.stride)
    _print(result, args, {})
    return 0


def run_eval_video(args: argparse.Namespace) -> int:
    """Run `storesense eval video`.

    Raises:
        StoresenseError: a file cannot be used.
    """
    # Pictures need OpenCV, which `eval counting` does not.
    from storesense_edge.vision.motion import MotionDetector  # noqa: PLC0415
    from storesense_edge.vision.onnx_runtime import load_yolox  # noqa: PLC0415
    from storesense_edge.vision.video import VideoFileSource  # noqa: PLC0415

    lines = _read_lines(args.lines)
    truth = read_mot(args.truth)
    detector: Detector = MotionDetector() if args.motion else load_yolox(args.model, threads=args.threads)
    with VideoFileSource(args.video) as source:
        if source.info.frame_wh != lines.frame_wh:
            raise EvalInputError(
                source=args.lines.name,
                cause=f"its frame_wh is {lines.frame_wh}, the video's pictures are {source.info.frame_wh}",
                remedy="give the lines in pixels of that video",
            )
        result, detection_ms = evaluate_pictures(source, detector, truth, lines, stride=args.stride)
        end = source.read()
    if not getattr(end, "complete", True):
        sys.stderr.write(f"{getattr(end, 'reason', '')}\n")
    _print(result, args, {"detection_ms": round(detection_ms, 2)})
    return 0


def _print(result: CountingResult, args: argparse.Namespace, more: dict[str, float]) -> None:
    data = {**result.to_json(), **more}
    truth, counted = totals(result.truth), totals(result.counted)
    ratio = data["error_ratio"]
    share = "nothing to compare with" if ratio is None else f"{100 * ratio:.1f} %"
    sys.stdout.write(
        f"in: {counted[0]} counted, {truth[0]} true; out: {counted[1]} counted, {truth[1]} true; "
        f"error {result.absolute_error} of {result.crossings} crossings ({share}); "
        f"{result.frames} frames at {data['frames_per_s']} frames/s\n"
    )
    if args.json:
        sys.stdout.write(json.dumps(data) + "\n")


def _read_lines(path: Path) -> LinesFile:
    if not path.is_file():
        raise EvalInputError(source=path.name, cause="there is no such file", remedy="check the path")
    if path.stat().st_size > MAX_LINES_BYTES:
        raise EvalInputError(source=path.name, cause="it is larger than 1 MB", remedy=f"give {LINES_HELP}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise EvalInputError(source=path.name, cause="it is no text", remedy=f"give {LINES_HELP}") from exc
    return parse_lines(text, source=path.name)


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and 0 < value <= 1000):
        raise argparse.ArgumentTypeError(f"{text!r} is no rate above 0 and up to 1000 frames a second")
    return value


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)
