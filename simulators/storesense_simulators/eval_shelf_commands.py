"""``storesense eval`` of what shelves measure: a recorded trace, simulated slots, drift with temperature."""

import argparse
from pathlib import Path

from storesense_contracts.number_arguments import number, whole_number
from storesense_simulators.command_options import add_json, add_seed

_hours = number(0, 1_000, is_above=True)
_positive = whole_number(1, 1_000_000)


def add_shelf_evaluations(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``eval shelf``, ``eval shelf-twin`` and ``eval temperature``."""
    _add_shelf(subparsers)
    _add_shelf_twin(subparsers)
    _add_temperature(subparsers)


def _add_shelf(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "shelf",
        help="steps, noise, drift and settling time of a recorded load-cell trace",
        epilog="Example:\n"
        "  storesense eval shelf --trace trace.csv --calibration masses.csv --column cell_1 --plot trace.png",
    )
    parser.add_argument(
        "--trace", type=Path, required=True, metavar="FILE", help="CSV with the columns timestamp_ms,raw_counts"
    )
    parser.add_argument(
        "--calibration", type=Path, required=True, metavar="FILE", help="CSV of known masses in g and their counts"
    )
    parser.add_argument("--column", required=True, metavar="NAME", help="the cell's column in the calibration file")
    add_json(parser)
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="also draw raw, filtered, steps and drift into this PNG file"
    )
    parser.add_argument(
        "--truth", type=Path, metavar="FILE", help="CSV of true steps for the picture: seconds from the first sample"
    )
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
        epilog="Example:\n  storesense eval shelf-twin --store convenience --hours 2 --slots 6",
    )
    add_seed(parser, 1, "the same seed gives the same slots")
    parser.add_argument(
        "--hours", type=_hours, default=8.0, metavar="H", help="how long each slot is watched (default: 8)"
    )
    parser.add_argument(
        "--slots", type=_positive, default=12, metavar="N", help="how many slots a store (default: %(default)s)"
    )
    parser.add_argument(
        "--store",
        action="append",
        metavar="NAME",
        help="a shipped store or a store file; give it again for more (default: convenience and supermarket)",
    )
    add_json(parser)
    parser.set_defaults(handler=_shelf_twin)


def _add_temperature(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "temperature",
        help="how much of a scale's drift with temperature is taken off, on weeks not fitted",
        description=(
            "Reads a scale's weights and temperatures, lets the shipped compensation learn on all weeks but one, and "
            "reports how far untouched weight still wanders on that one, with and without it, and for the whole chain."
        ),
        epilog="Example:\n  storesense eval temperature --file hive.csv",
    )
    parser.add_argument(
        "--file", type=Path, required=True, metavar="FILE", help="CSV with a date, a weight in kg and a temperature"
    )
    parser.add_argument(
        "--time-column", default="Date", metavar="NAME", help="column of the instants (default: %(default)s)"
    )
    parser.add_argument(
        "--time-format", default="%Y/%m/%d %H:%M:%S", metavar="FORMAT", help="how instants are written, for strptime"
    )
    parser.add_argument(
        "--weight-column", default="Gewicht Kiste1", metavar="NAME", help="column of weights, kg (default: %(default)s)"
    )
    parser.add_argument(
        "--temperature-column",
        default="Innentemperatur",
        metavar="NAME",
        help="column of temperatures, C (default: %(default)s)",
    )
    add_json(parser)
    parser.set_defaults(handler=_temperature)


def _shelf(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_shelf import run_eval_shelf  # noqa: PLC0415

    return run_eval_shelf(args)


def _shelf_twin(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_shelf_twin import run_eval_shelf_twin  # noqa: PLC0415

    return run_eval_shelf_twin(args)


def _temperature(args: argparse.Namespace) -> int:
    from storesense_simulators.eval_temperature import run_eval_temperature  # noqa: PLC0415

    return run_eval_temperature(args)
