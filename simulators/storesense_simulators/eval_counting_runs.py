"""The runs behind `storesense eval counting` and `storesense eval video`."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storesense_edge.vision.mot_file import MotRows, read_mot
from storesense_simulators.eval_counting import CountingResult, evaluate_counting, totals
from storesense_simulators.eval_input import EvalInputError, LinesFile, read_lines, read_truth, share_outside
from storesense_simulators.twin.run_progress import RunProgress

if TYPE_CHECKING:
    from storesense_edge.vision.detector import Detector

MANY_OUTSIDE = 0.05
"""From this share of boxes outside the picture on, somebody is told."""


def run_eval_counting(args: argparse.Namespace) -> int:
    """Run `storesense eval counting`.

    Raises:
        StoresenseError: a file cannot be used.
    """
    lines, truth, detections = read_lines(args.lines), read_truth(args.truth), read_mot(args.detections)
    result = evaluate_counting(detections, truth, lines, fps=args.fps, stride=args.stride)
    for path, rows in ((args.detections, detections), (args.truth, truth)):
        _warn_of_outside(path, rows, lines)
    _print(result, args, result.to_json())
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
    from storesense_simulators.eval_video import evaluate_video, usual_lines  # noqa: PLC0415

    given = None if args.lines is None else read_lines(args.lines)
    truth = read_truth(args.truth)
    detector: Detector = MotionDetector()
    if not args.motion:
        detector = load_yolox(args.model, threads=args.threads, tiles=args.tiles)
    with VideoFileSource(args.video) as source:
        lines = usual_lines(source.info.frame_wh) if given is None else given
        if source.info.frame_wh != lines.frame_wh:
            raise EvalInputError(
                source=args.lines.name,
                cause=f"its frame_wh is {lines.frame_wh}, the video's pictures are {source.info.frame_wh}",
                remedy="give the lines in pixels of that video",
            )
        lasts_ms = round(1000 * (source.info.frame_count or 0) / (source.info.frames_per_s or 1.0))
        with RunProgress(args.video.name, lasts_ms=lasts_ms) as tell:
            result = evaluate_video(source, detector, truth, lines, stride=args.stride, progress=tell)
        end = source.read()
    if not getattr(end, "complete", True):
        sys.stderr.write(f"{getattr(end, 'reason', '')}\n")
    data = result.to_json()
    sys.stdout.write(
        f"detection AP {data['detection_ap']}, MOTA {data['mota']}, IDF1 {data['idf1']}, HOTA {data['hota']}, "
        f"{data['switches']} switches, {data['detection_ms']} ms a picture\n"
    )
    _print(result.counting, args, data)
    return 0


def run_eval_sweep(args: argparse.Namespace) -> int:
    """Run `storesense eval sweep`.

    Raises:
        StoresenseError: a file cannot be used.
    """
    from storesense_simulators.eval_sweep import sweep  # noqa: PLC0415

    detectors = {path.name: read_mot(path) for path in args.detections or ()}
    rows = []
    sys.stdout.write(f"{'detector':24s} {'frames/s':>8s} {'crossings':>9s} {'error':>6s} {'share':>7s}\n")
    for row in sweep(read_truth(args.truth), detectors, read_lines(args.lines), fps=args.fps, seed=args.seed):
        share = f"{100 * row.absolute_error / row.crossings:.1f} %" if row.crossings else "-"
        sys.stdout.write(
            f"{row.detector:24s} {row.frames_per_s:8.1f} {row.crossings:9d} {row.absolute_error:6d} {share:>7s}\n"
        )
        sys.stdout.flush()
        rows.append(row.to_json())
    if args.json:
        sys.stdout.write(json.dumps({"seed": args.seed, "rows": rows}) + "\n")
    return 0


def _print(result: CountingResult, args: argparse.Namespace, data: dict[str, Any]) -> None:
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


def _warn_of_outside(path: Path, rows: MotRows, lines: LinesFile) -> None:
    share = share_outside(rows, lines.frame_wh)
    if share >= MANY_OUTSIDE:
        width, height = lines.frame_wh
        sys.stderr.write(
            f"{path.name}: {100 * share:.0f} % of its boxes lie outside the picture of {width} by {height} pixels that "
            "the lines are drawn in; check frame_wh.\n"
        )
