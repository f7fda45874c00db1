"""``storesense eval``: the published error of each method, on files that anyone can rerun.

The parsers stand apart from the runs, which bring OpenCV and SciPy, so that no other command waits for those.
"""

import argparse
from datetime import datetime
from pathlib import Path

from storesense_contracts.number_arguments import number, whole_number
from storesense_simulators.command_options import add_json, add_seed
from storesense_simulators.eval_forecast_commands import add_forecast_evaluations
from storesense_simulators.eval_shelf_commands import add_shelf_evaluations

LINES_HELP = 'JSON: {"frame_wh": [w, h], "lines": [{"id", "a": [x, y], "b": [x, y]}]} in pixels'

_rate = number(0, 1_000, is_above=True)
_share = number(0, 1, is_below=True)
_positive = whole_number(1, 1_000_000)


def add_eval_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands of `storesense eval`."""
    add_shelf_evaluations(subparsers)
    add_forecast_evaluations(subparsers)
    _add_sweep(subparsers)
    _add_twin(subparsers)
    rule = (
        "A true crossing is a foot point (bottom centre of the box) that passes from one side of the segment to the "
        "other, clear of it on both by at least 4 px and 5 % of the box's height, within its ends. The error is "
        "summed over lines and directions. Settings are the shipped defaults."
    )
    counting = subparsers.add_parser(
        "counting",
        help="line counting on recorded detections, against ground truth",
        description="Track recorded detections, count them over lines and compare with ground truth. " + rule,
        epilog="Example:\n  storesense eval counting --detections det.txt --truth gt.txt --lines lines.json --fps 10",
    )
    counting.add_argument(
        "--detections", type=Path, required=True, metavar="FILE", help="MOT file: frame,id,left,top,width,height,conf"
    )
    counting.add_argument(
        "--fps", type=_rate, required=True, metavar="N", help="frames a second of the recording, before --stride"
    )
    counting.set_defaults(handler=_counting)
    video = subparsers.add_parser(
        "video",
        help="finding, following and counting people in pictures, against ground truth",
        description="Find people in a video's pictures, follow them, count them over lines and compare with ground "
        "truth: detection AP at an overlap of 0.5, MOTA, IDF1, HOTA and crossings. " + rule,
        epilog="Example:\n"
        "  storesense eval video --video door.avi --truth gt.txt --model person.onnx --lines lines.json",
    )
    video.add_argument(
        "--video", type=Path, required=True, metavar="FILE", help="video file; its first picture is the truth's frame 1"
    )
    how = video.add_mutually_exclusive_group(required=True)
    how.add_argument("--model", type=Path, metavar="FILE", help="YOLOX person detector in ONNX")
    how.add_argument("--motion", action="store_true", help="find people by motion, without a model")
    video.add_argument(
        "--threads", type=_positive, default=1, metavar="N", help="threads of the model (default: %(default)s)"
    )
    video.add_argument(
        "--tiles",
        type=_positive,
        default=1,
        metavar="N",
        help="look at wide pictures in N parts, for people far away, at N times the cost (default: %(default)s)",
    )
    video.set_defaults(handler=_video)
    for parser in (counting, video):
        parser.add_argument(
            "--truth",
            type=Path,
            required=True,
            metavar="FILE",
            help="MOT file of ground truth; rows with conf 0 are left out",
        )
        parser.add_argument(
            "--lines",
            type=Path,
            metavar="FILE",
            required=parser is counting,
            help=LINES_HELP + ("" if parser is counting else " (default: five upright lines at the picture's sixths)"),
        )
        parser.add_argument(
            "--stride", type=_positive, default=1, metavar="N", help="look at every n-th frame (default: %(default)s)"
        )
        add_json(parser)


def _add_sweep(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "sweep",
        help="line counting over frame rates, detectors and faults of detectors",
        description="Count people over lines at several frame rates, on recorded detections and on the ground truth "
        "seen by simulated detectors: perfect, good, fair and poor (missed and false people, trembling boxes, hidden "
        "legs). Settings are the shipped defaults.",
        epilog="Example:\n  storesense eval sweep --truth gt.txt --detections det.txt --lines lines.json --fps 10",
    )
    parser.add_argument("--truth", type=Path, required=True, metavar="FILE", help="MOT file of ground truth")
    parser.add_argument(
        "--detections", type=Path, action="append", metavar="FILE", help="MOT file of a detector; may be repeated"
    )
    parser.add_argument("--lines", type=Path, required=True, metavar="FILE", help=LINES_HELP)
    parser.add_argument("--fps", type=_rate, required=True, metavar="N", help="frames a second of the recording")
    add_seed(parser, 1, "of the simulated detectors")
    add_json(parser)
    parser.set_defaults(handler=_sweep)


def _add_twin(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "twin",
        help="everything that cameras measure, in a simulated store whose truth is known",
        description="Run a simulated store, let flawed person detectors look at it from its own cameras, measure their "
        "boxes with the code that runs on edge boxes, and compare counts, occupancy, dwell, queues, waits and heatmaps "
        "with what truly happened. Settings are the shipped defaults.",
        epilog="Example:\n  storesense eval twin --store convenience --hours 0.5 --begin 2026-03-02T17:00",
    )
    parser.add_argument("--store", required=True, metavar="NAME|FILE", help="a shipped store's name or a store file")
    add_seed(parser, 1, "the same seed gives the same run")
    parser.add_argument("--hours", type=_rate, default=1.0, metavar="H", help="simulated hours (default: 1)")
    parser.add_argument(
        "--begin",
        type=datetime.fromisoformat,
        metavar="WHEN",
        help="local date and time, such as 2026-03-02T17:00 (default: the first opening)",
    )
    parser.add_argument(
        "--fps", type=_rate, default=10.0, metavar="N", help="pictures a second of each camera (default: 10)"
    )
    parser.add_argument(
        "--missed",
        type=_share,
        default=0.15,
        metavar="SHARE",
        help="of the people in full view, those that the detector misses, in spells of seconds (default: %(default)s)",
    )
    parser.add_argument(
        "--false",
        dest="false_share",
        type=_share,
        default=0.03,
        metavar="SHARE",
        help="of the boxes, those with nobody in them (default: %(default)s)",
    )
    add_json(parser)
    parser.set_defaults(handler=_twin)


def _counting(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_counting_runs import run_eval_counting  # noqa: PLC0415

    return run_eval_counting(args)


def _video(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_counting_runs import run_eval_video  # noqa: PLC0415

    return run_eval_video(args)


def _sweep(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_counting_runs import run_eval_sweep  # noqa: PLC0415

    return run_eval_sweep(args)


def _twin(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_twin_run import run_eval_twin  # noqa: PLC0415

    return run_eval_twin(args)
