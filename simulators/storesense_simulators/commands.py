"""The subcommands of storesense_simulators, from ``demo`` to ``fuzz``."""

import argparse
import os
import sys
from pathlib import Path

from storesense_contracts.number_arguments import duration, port
from storesense_simulators.bench_commands import add_bench_commands
from storesense_simulators.chaos_commands import add_chaos_command
from storesense_simulators.command_options import add_json, add_seed
from storesense_simulators.eval_commands import add_eval_commands
from storesense_simulators.fuzz_commands import add_fuzz_command
from storesense_simulators.twin.live_commands import add_history_command, add_live_command, days
from storesense_simulators.twin.loop_commands import add_loop_command
from storesense_simulators.twin.run_commands import (
    STORE_HELP,
    add_day_arguments,
    add_picture_command,
    add_run_arguments,
    run_to_folder,
)
from storesense_simulators.twin.store_commands import add_store_commands
from storesense_simulators.twin.theory_commands import add_theory_commands

_DEMO_STORE = "convenience"


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands of this package to the ``storesense`` command."""
    _add_demo(subparsers)
    _add_sim(subparsers)
    _add_broker(subparsers)
    bench = subparsers.add_parser("bench", help="the speed of each path, measured on this machine beside yardsticks")
    add_bench_commands(bench.add_subparsers(dest="action", metavar="WHAT", required=True))
    add_chaos_command(subparsers)
    add_fuzz_command(subparsers)
    evaluation = subparsers.add_parser("eval", help="the error of each method, on files with ground truth")
    add_eval_commands(evaluation.add_subparsers(dest="action", metavar="WHAT", required=True))


def _add_demo(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = subparsers.add_parser(
        "demo",
        help="a living store in your browser: broker, database, all services and a simulated shop",
        description="A living store in your browser: starts broker, database, all services and a simulated shop on "
        "this machine, prints the page's address and a sign-in made for you, and stops everything on Ctrl-C. Needs no "
        "root, no container and no network; listens on this machine only.",
        epilog="Examples:\n  storesense demo\n"
        "  storesense demo --store supermarket --history 30\n"
        "  storesense demo --site site.yaml --for 40 --no-browser --port 0 --json\n"
        "\n"
        "Exit codes: 0 done, 1 something did not start, 2 wrong option or site file, 130 stopped too early.",
    )
    source = demo.add_mutually_exclusive_group()
    source.add_argument(
        "--store",
        metavar="NAME|FILE",
        default=_DEMO_STORE,
        help=f"the simulated store: {STORE_HELP} (default %(default)s)",
    )
    source.add_argument(
        "--site",
        type=Path,
        metavar="FILE",
        help="a site file instead: its recordings and sensors are run, and its simulated devices simulated",
    )
    demo.add_argument(
        "--for",
        dest="for_s",
        type=duration,
        metavar="SECONDS",
        help="end so long after the page came alive; without it, on Ctrl-C",
    )
    demo.add_argument(
        "--port",
        type=port,
        default=8080,
        metavar="N",
        help="the page's port; 0 takes a free one (default %(default)s)",
    )
    demo.add_argument(
        "--history",
        type=days,
        default=7,
        metavar="DAYS",
        help="past days that are loaded once the page lives, at the first run; 0 for none (default %(default)s; with "
        "--site none)",
    )
    demo.add_argument("--no-browser", action="store_true", help="do not open the page")
    add_json(demo)
    demo.add_argument(
        "--data-dir",
        type=Path,
        default=_default_data_dir(),
        metavar="DIR",
        help="where database, passwords and logs are kept between runs (default %(default)s); remove it to begin anew",
    )
    add_seed(demo, 4, "another day in the same simulated shop")
    demo.set_defaults(handler=_demo)


def _add_sim(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sim = subparsers.add_parser("sim", help="the simulated store")
    actions = sim.add_subparsers(dest="action", metavar="ACTION", required=True)
    add_store_commands(actions)
    run = actions.add_parser(
        "run",
        help="run a store into a folder as fast as it goes",
        description="Simulates a whole store as fast as it goes and writes truth, readings and, at the deeper depths, "
        "boxes, videos and raw counts into a folder.",
        epilog="Examples:\n  storesense sim run --store supermarket --hours 2 --out run\n"
        "  storesense sim run --store convenience --hours .2 --depth pictures --camera camera-door --out run",
    )
    run.add_argument("--store", required=True, metavar="NAME|FILE", help=STORE_HELP)
    add_day_arguments(run)
    add_run_arguments(run)
    add_json(run)
    run.set_defaults(handler=run_to_folder)
    add_live_command(actions)
    add_history_command(actions)
    add_loop_command(actions)
    add_picture_command(actions)
    add_theory_commands(actions)


def _add_broker(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    broker = subparsers.add_parser("broker", help="the configuration of a Mosquitto broker")
    actions = broker.add_subparsers(dest="action", metavar="ACTION", required=True)
    setup = actions.add_parser(
        "setup",
        help="make certificates, passwords, access list and configuration; what is there already is kept",
        epilog="Example:\n  storesense broker setup --site site.yaml --out broker --host broker.example.org",
    )
    setup.add_argument(
        "--site", type=Path, required=True, action="append", metavar="FILE", help="its devices get accounts; repeatable"
    )
    setup.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files go, a folder a reader")
    setup.add_argument(
        "--host", action="append", default=[], metavar="NAME", help="name or address devices use; repeatable"
    )
    setup.add_argument(
        "--config-dir",
        default="/mosquitto/config",
        metavar="DIR",
        help="where the broker sees its files (default %(default)s)",
    )
    setup.add_argument(
        "--broker-data-dir",
        default="/mosquitto/data",
        metavar="DIR",
        help="where the broker keeps its state (default %(default)s)",
    )
    setup.add_argument("--port", type=port, default=8883, metavar="N", help="TLS port (default %(default)s)")
    setup.add_argument("--bind", metavar="ADDRESS", help="address to listen on; default: all, as a container does")
    setup.add_argument("--broker-owner", type=int, metavar="UID", help="who owns the broker's files; needs root")
    setup.add_argument("--service-owner", type=int, metavar="UID", help="who owns the services' files; needs root")
    setup.set_defaults(handler=_broker_setup)


def _demo(args: argparse.Namespace) -> int:
    from storesense_simulators.demo import DemoOptions, run_demo  # noqa: PLC0415

    return run_demo(
        DemoOptions(
            store=args.store,
            site_path=args.site,
            data_dir=args.data_dir,
            port=args.port,
            for_s=args.for_s,
            opens_browser=not args.no_browser,
            prints_json=args.json,
            seed=args.seed,
            history_days=args.history,
            is_verbose=args.verbose,
        )
    )


def _broker_setup(args: argparse.Namespace) -> int:
    from storesense_contracts.site import load_site  # noqa: PLC0415
    from storesense_simulators.broker_setup import SetupOptions, set_up_broker  # noqa: PLC0415

    report = set_up_broker(
        [load_site(path) for path in args.site],
        SetupOptions(
            out_dir=args.out,
            hosts=tuple(args.host),
            config_dir=args.config_dir,
            data_dir=args.broker_data_dir,
            port=args.port,
            bind=args.bind,
            broker_owner=args.broker_owner,
            service_owner=args.service_owner,
        ),
    )
    sys.stderr.write(f"{report}\n")
    return 0


def _default_data_dir() -> Path:
    """Beside the working folder in a checkout, otherwise where the system keeps a user's data."""
    if (Path.cwd() / "Makefile").is_file() and (Path.cwd() / "pyproject.toml").is_file():
        return Path(".data/demo")
    data_home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(data_home) / "storesense" / "demo"
