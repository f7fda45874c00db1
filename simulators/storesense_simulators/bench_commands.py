"""The subcommands of ``storesense bench``: speed, measured beside yardsticks on the same machine in the same run."""

import argparse
from pathlib import Path

from storesense_contracts.number_arguments import number, whole_number
from storesense_simulators.command_options import add_json

_alerts = whole_number(1, 500, "alerts")
_rate = whole_number(100, 200_000, "readings a second")
_lanes = whole_number(1, 1_000_000)
_days = whole_number(2, 400, "days")
_devices = whole_number(1, 500, "devices")
_stores = whole_number(1, 1_000, "stores")
_readings = whole_number(500, 1_000_000, "readings a store and day")
_seconds = number(1.0, 3_600.0, "seconds")
_hours = number(0.01, 24.0 * 7, "hours")
_batch = whole_number(1, 500, "readings a message")


def add_bench_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``alert``, ``ingest``, ``drain``, ``outage``, ``query``, ``rules``, ``camera``, ``live`` and ``page``."""
    _add_alert(subparsers)
    _add_ingest(subparsers)
    _add_drain(subparsers)
    _add_outage(subparsers)
    _add_query(subparsers)
    _add_rules(subparsers)
    _add_camera(subparsers)
    _add_live(subparsers)
    _add_page(subparsers)


def _add_alert(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    alert = subparsers.add_parser(
        "alert",
        help="from a sensor's publication to a webhook's receipt, while readings come in at full rate",
        epilog="Example:\n  storesense bench alert --alerts 50 --duration 20",
    )
    alert.add_argument(
        "--duration",
        dest="duration_s",
        type=_seconds,
        default=30.0,
        metavar="SECONDS",
        help="of readings at full rate (default %(default)g)",
    )
    alert.add_argument(
        "--alerts", type=_alerts, default=150, metavar="N", help="alerts that open in the run (default %(default)s)"
    )
    alert.add_argument(
        "--rate", type=_rate, default=21_000, metavar="N", help="readings a second beside them (default %(default)s)"
    )
    _add_place(alert)
    alert.set_defaults(handler=_alert)


def _add_ingest(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    ingest = subparsers.add_parser(
        "ingest",
        help="readings a second from the broker into the database, beside COPY and beside the obvious script",
        epilog="Example:\n  storesense bench ingest --duration 10",
    )
    ingest.add_argument(
        "--duration",
        dest="duration_s",
        type=_seconds,
        default=20.0,
        metavar="SECONDS",
        help="of the full load; half of it at half load follows (default %(default)g)",
    )
    ingest.add_argument(
        "--batch", dest="batch_size", type=_batch, default=25, metavar="N", help="readings a message (default 25)"
    )
    ingest.add_argument(
        "--load",
        choices=("footfall", "twin"),
        default="footfall",
        help="footfall readings alone, which the yardsticks write as well; or all that whole stores of the twin "
        "publish, without yardsticks (default %(default)s)",
    )
    ingest.add_argument(
        "--stores",
        type=_stores,
        default=20,
        metavar="N",
        help="stores that publish, with --load twin (default %(default)s)",
    )
    _add_place(ingest)
    ingest.set_defaults(handler=_ingest)


def _add_drain(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    drain = subparsers.add_parser(
        "drain",
        help="a store's backlog drained while another store is live",
        epilog="Example:\n  storesense bench drain --hours 2",
    )
    drain.add_argument("--hours", type=_hours, default=24.0, metavar="N", help="hours of backlog (default %(default)g)")
    _add_place(drain)
    drain.set_defaults(handler=_drain)


def _add_outage(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    outage = subparsers.add_parser(
        "outage",
        help="hours of many devices while the database is away: the gateway's memory, and what arrives",
        epilog="Example:\n  storesense bench outage --hours 0.2 --devices 10",
    )
    outage.add_argument(
        "--hours",
        type=_hours,
        default=1.0,
        metavar="N",
        help="hours without a database, lived a hundred times as fast (default %(default)g)",
    )
    outage.add_argument(
        "--devices",
        type=_devices,
        default=40,
        metavar="N",
        help="edge devices that record meanwhile (default %(default)s)",
    )
    _add_place(outage)
    outage.set_defaults(handler=_outage)


def _add_query(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    query = subparsers.add_parser(
        "query",
        help="each KPI over the rollups and over raw, compared to the bit and timed",
        epilog="Example:\n  storesense bench query --short",
    )
    query.add_argument("--days", type=_days, default=30, metavar="N", help="days of readings (default %(default)s)")
    query.add_argument("--stores", type=_stores, default=20, metavar="N", help="stores (default %(default)s)")
    query.add_argument(
        "--readings",
        dest="readings_per_day",
        type=_readings,
        default=50_000,
        metavar="N",
        help="readings of a store and day, about (default %(default)s)",
    )
    query.add_argument(
        "--short", action="store_true", help="2 days of 1 store with 5,000 readings, to see that it runs"
    )
    query.add_argument("--database", metavar="URL", help="an empty database to fill; default: an embedded one")
    query.add_argument(
        "--again", action="store_true", help="ask what an earlier run left in --database, filling nothing"
    )
    add_json(query)
    query.set_defaults(handler=_query, parser=query)


def _add_rules(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    rules = subparsers.add_parser(
        "rules",
        help="what judging readings by rules costs",
        description="Judge lanes that are measured once a second by five rules each, from rows as the database gives "
        "them to decisions, and tell the seconds of a core that each simulated second takes.",
        epilog="Example:\n  storesense bench rules --lanes 1000",
    )
    rules.add_argument("--lanes", type=_lanes, default=10_000, metavar="N", help="queues (default %(default)s)")
    rules.add_argument(
        "--seconds", type=_lanes, default=60, metavar="N", help="of simulated time (default %(default)s)"
    )
    add_json(rules)
    rules.set_defaults(handler=_rules)


def _add_camera(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    camera = subparsers.add_parser(
        "camera",
        help="processor time of one camera: tracking, watching, finding people",
        epilog="Example:\n  storesense bench camera --video door.avi --model person.onnx",
    )
    camera.add_argument("--video", type=Path, metavar="FILE", help="a recording to measure on; default: tracking alone")
    camera.add_argument(
        "--model", type=Path, action="append", metavar="FILE", help="YOLOX person detector in ONNX; may be repeated"
    )
    camera.add_argument(
        "--duration",
        dest="least_s",
        type=_seconds,
        default=3.0,
        metavar="SECONDS",
        help="of processor time spent on tracking each crowd (default 3)",
    )
    camera.add_argument(
        "--media",
        dest="media_s",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="of the recording that are looked at (default 60)",
    )
    add_json(camera)
    camera.set_defaults(handler=_camera)


def _add_live(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    live = subparsers.add_parser(
        "live",
        help="what telling many watchers of one store costs",
        description="Run a backend on the embedded database, let many watchers follow one store's live stream over "
        "loopback while readings are committed, and tell deliveries for a second of a core and their delay, "
        "alone and beside a watcher that takes nothing, in turns.",
        epilog="Example:\n  storesense bench live --clients 200",
    )
    live.add_argument("--clients", type=_lanes, default=1000, metavar="N", help="watchers (default %(default)s)")
    live.add_argument(
        "--duration",
        dest="seconds",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="of counting, each of twelve times (default 5)",
    )
    add_json(live)
    live.set_defaults(handler=_live)


def _add_page(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    page = subparsers.add_parser(
        "page",
        help="how quick the page is in headless Chromium",
        description="Run a backend on the embedded database with a month of one store, open its page in headless "
        "Chromium, and tell what the first view weighs and how soon figures, a month and an event are seen.",
        epilog="Example:\n  storesense bench page",
    )
    page.add_argument("--chromium", metavar="PATH", help="the browser; default: the one that is installed")
    add_json(page)
    page.set_defaults(handler=_page)


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        metavar="URL",
        help="a server to use, where a database is made and dropped; default: an embedded one",
    )
    parser.add_argument(
        "--broker",
        choices=("auto", "mosquitto", "embedded"),
        default="auto",
        help="auto: Mosquitto where it is installed, otherwise the embedded one",
    )
    add_json(parser)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the run's files and logs there")


def _alert(args: argparse.Namespace) -> int:
    from storesense_simulators.bench_alert import AlertPlan, run_bench_alert  # noqa: PLC0415

    return run_bench_alert(
        AlertPlan(duration_s=args.duration_s, alerts=args.alerts, readings_per_s=args.rate),
        database_url=args.database,
        broker_kind=args.broker,
        prints_json=args.json,
        keep_dir=args.keep,
    )


def _ingest(args: argparse.Namespace) -> int:
    from storesense_simulators.bench_ingest import run_bench_ingest, run_bench_twin  # noqa: PLC0415

    if args.load == "twin":
        return run_bench_twin(
            stores=args.stores,
            duration_s=args.duration_s,
            batch_size=args.batch_size,
            database_url=args.database,
            broker_kind=args.broker,
            prints_json=args.json,
            keep_dir=args.keep,
        )
    return run_bench_ingest(
        duration_s=args.duration_s,
        batch_size=args.batch_size,
        database_url=args.database,
        broker_kind=args.broker,
        prints_json=args.json,
        keep_dir=args.keep,
    )


def _drain(args: argparse.Namespace) -> int:
    from storesense_simulators.bench_drain import run_bench_drain  # noqa: PLC0415

    return run_bench_drain(
        hours=args.hours, database_url=args.database, broker_kind=args.broker, prints_json=args.json, keep_dir=args.keep
    )


def _outage(args: argparse.Namespace) -> int:
    from storesense_simulators.bench_outage import OutagePlan, run_bench_outage  # noqa: PLC0415

    return run_bench_outage(
        OutagePlan(hours=args.hours, devices=args.devices),
        database_url=args.database,
        broker_kind=args.broker,
        prints_json=args.json,
        keep_dir=args.keep,
    )


def _query(args: argparse.Namespace) -> int:
    from storesense_simulators.bench_query import QueryPlan, run_bench_query  # noqa: PLC0415

    plan = QueryPlan(days=args.days, stores=args.stores, readings_per_day=args.readings_per_day)
    if args.short:
        plan = QueryPlan(days=2, stores=1, readings_per_day=5_000, repeats=10)
    if args.again and args.database is None:
        args.parser.error("--again needs --database: an embedded database does not outlive its run")
    return run_bench_query(plan, database_url=args.database, again=args.again, prints_json=args.json)


def _camera(args: argparse.Namespace) -> int:
    from storesense_simulators.bench_camera import run_bench_camera  # noqa: PLC0415

    return run_bench_camera(
        video=args.video,
        models=args.model or (),
        least_s=args.least_s,
        media_s=args.media_s,
        prints_json=args.json,
    )


def _rules(args: argparse.Namespace) -> int:
    from storesense_simulators.bench_rules import RulesPlan, run_bench_rules  # noqa: PLC0415

    plan = RulesPlan(lanes=args.lanes, stores=min(100, args.lanes), seconds=args.seconds)
    return run_bench_rules(plan, prints_json=args.json)


def _live(args: argparse.Namespace) -> int:
    from storesense_simulators.bench_live import LivePlan, run_bench_live  # noqa: PLC0415

    return run_bench_live(LivePlan(clients=args.clients, seconds=args.seconds), as_json=args.json)


def _page(args: argparse.Namespace) -> int:
    from storesense_simulators.bench_page import run_bench_page  # noqa: PLC0415

    return run_bench_page(chromium=args.chromium, as_json=args.json)
