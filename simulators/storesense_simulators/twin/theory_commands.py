"""The parsers of ``storesense sim mmc`` and ``sim flow``; the runs, which bring NumPy, load when they are asked for."""

import argparse
from pathlib import Path

from storesense_contracts.number_arguments import number, whole_number
from storesense_simulators.command_options import add_json, add_seed

_positive = whole_number(1, 64)
_enough = whole_number(1_000, 100_000_000)
_load = number(0, 1, is_above=True, is_below=True)
_density = number(0.05, 5.0)
_width = number(0.6, 6.0)


def add_theory_commands(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the twin's comparisons with theory to ``storesense sim``."""
    mmc = actions.add_parser(
        "mmc",
        help="the twin's queues and tills against queueing theory (M/M/c)",
        description="Sends Poisson arrivals with exponential service through the same lines and tills as the store "
        "has, one shared line, nobody gives up, and compares the mean wait with Erlang's formula. What is known to be "
        "chance is taken off by control variates, so that all rows take about a minute of one processor, and each 95 % "
        "interval is to lie within 3 % of the formula as a whole.",
        epilog="Example:\n  storesense sim mmc --servers 2 --load .8\n"
        "\n"
        "Exit codes: 0 every mean wait is within 3 % of the formula, 1 one is not, 2 wrong option.",
    )
    mmc.add_argument("--servers", type=_positive, action="append", metavar="C", help="tills; repeatable (1, 2, 4, 8)")
    mmc.add_argument(
        "--load", type=_load, action="append", metavar="RHO", help="share of time busy; repeatable (.5 to .9)"
    )
    mmc.add_argument("--customers", type=_enough, metavar="N", help="customers a row, 1000 at least (by load)")
    add_seed(mmc, 7, "other customers")
    mmc.add_argument("--processes", type=_positive, default=2, metavar="N", help="at once (default %(default)s)")
    add_json(mmc)
    mmc.set_defaults(handler=_mmc)
    flow = actions.add_parser(
        "flow",
        help="the twin's crowd against published and recorded walking speeds",
        description="Lets people walk around a ring, 24 m long and 3 m wide, at several densities and compares their "
        "mean speed with published curves; then lets them through openings of several widths and compares the flow "
        "with published experiments; then the free speeds with recorded pedestrians, where there are files.",
        epilog="Example:\n  storesense sim flow --density 1 --width 1.6\n"
        "\n"
        "Exit codes: 0 everything is within the published bounds, 1 something is not, 2 wrong option or file.",
    )
    flow.add_argument(
        "--trajectories",
        type=Path,
        action="append",
        default=[],
        metavar="FILE|DIR",
        help="recorded pedestrians in the ETH/UCY obsmat format, or a folder of such; repeatable",
    )
    flow.add_argument(
        "--density", type=_density, action="append", metavar="D", help="people a square metre; repeatable (.25 to 4)"
    )
    flow.add_argument("--width", type=_width, action="append", metavar="M", help="openings; repeatable (1.2 to 2.4)")
    add_seed(flow, 7, "other walkers")
    add_json(flow)
    flow.set_defaults(handler=_flow)


def _mmc(args: argparse.Namespace) -> int:
    from storesense_simulators.twin.theory_runs import run_mmc  # noqa: PLC0415

    return run_mmc(args)


def _flow(args: argparse.Namespace) -> int:
    from storesense_simulators.twin.theory_runs import run_flow, trajectory_files  # noqa: PLC0415

    args.trajectories = trajectory_files(args.trajectories)
    return run_flow(args)
