"""The subcommands of storesense_gateway: ``db`` and ``gateway``."""

import argparse
import dataclasses
import json
import signal
import sys
from contextlib import ExitStack
from types import FrameType

from storesense_gateway.dead_letter_commands import add_dead_letters


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands of this package to the ``storesense`` command."""
    _add_db(subparsers)
    _add_gateway(subparsers)


def _add_db(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    db = subparsers.add_parser("db", help="bring the database's schema up to date")
    actions = db.add_subparsers(dest="action", metavar="ACTION", required=True)
    migrate = actions.add_parser(
        "migrate",
        help="apply what is missing; harmless to repeat",
        epilog="Example:\n  storesense db migrate --database postgresql://db.example.org/storesense",
    )
    migrate.set_defaults(handler=_migrate)
    status = actions.add_parser(
        "status",
        help="say where the schema stands; exit code 1 if something is missing",
        epilog="Example:\n  storesense db status --database postgresql://db.example.org/storesense",
    )
    status.set_defaults(handler=_status)
    maintain = actions.add_parser(
        "maintain",
        help="bring rollups up to date, compress and drop old readings, once; the gateway does it by itself",
        description="Brings rollups up to date, compresses old readings and drops those that are older than their age, "
        "once. A running gateway does so by itself. The ages are settings: STORESENSE_MAINTENANCE_...",
        epilog="Example:\n  storesense db maintain --database postgresql://db.example.org/storesense",
    )
    maintain.set_defaults(handler=_maintain)
    for parser in (migrate, status, maintain):
        parser.add_argument(
            "--database", metavar="URL", help="the database; default: STORESENSE_DATABASE_URL from the environment"
        )
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def _add_gateway(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    gateway = subparsers.add_parser(
        "gateway", help="store what devices send, once, and acknowledge it after the commit"
    )
    actions = gateway.add_subparsers(dest="action", metavar="ACTION", required=True)
    run = actions.add_parser(
        "run",
        help="run until stopped",
        description="Takes messages from the broker, stores each reading once and acknowledges it after the commit, "
        "until it is stopped. Settings: STORESENSE_GATEWAY_..., STORESENSE_BROKER_... and STORESENSE_DATABASE_...",
        epilog="Example:\n"
        "  STORESENSE_BROKER_HOST=broker.example.org STORESENSE_BROKER_USER_NAME=gateway \\\n"
        "    STORESENSE_BROKER_PASSWORD_FILE=gateway.password \\\n"
        "    STORESENSE_DATABASE_URL=postgresql://db.example.org/storesense storesense gateway run",
    )
    run.set_defaults(handler=_run)
    add_dead_letters(actions, _conninfo)


def _run(_args: argparse.Namespace) -> int:
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_contracts.database import database_conninfo  # noqa: PLC0415
    from storesense_contracts.settings import BrokerSettings, DatabaseSettings, load_settings  # noqa: PLC0415
    from storesense_gateway.device_commands import CommandRelay  # noqa: PLC0415
    from storesense_gateway.drawings import DrawingTeller  # noqa: PLC0415
    from storesense_gateway.maintenance import Maintenance  # noqa: PLC0415
    from storesense_gateway.maintenance_settings import MaintenanceSettings  # noqa: PLC0415
    from storesense_gateway.metrics import GatewayMetrics  # noqa: PLC0415
    from storesense_gateway.planograms import PlanogramTeller  # noqa: PLC0415
    from storesense_gateway.replay_store import ReplayStore  # noqa: PLC0415
    from storesense_gateway.replayer import Replayer  # noqa: PLC0415
    from storesense_gateway.service import build_gateway  # noqa: PLC0415
    from storesense_gateway.settings import GatewaySettings  # noqa: PLC0415
    from storesense_gateway.store import PostgresStore  # noqa: PLC0415

    settings = load_settings(GatewaySettings)
    upkeep = load_settings(MaintenanceSettings)
    conninfo = database_conninfo(load_settings(DatabaseSettings))
    store = PostgresStore(conninfo, partition_no=settings.partition_no)
    metrics = GatewayMetrics()
    gateway = build_gateway(settings, load_settings(BrokerSettings), clock=SystemClock(), store=store, metrics=metrics)
    stopped = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with ExitStack() as running:
        running.enter_context(gateway.running())
        if upkeep.in_gateway:
            running.enter_context(Maintenance(conninfo, upkeep, clock=SystemClock(), metrics=metrics).running())
        replays = ReplayStore(conninfo, partition_no=settings.partition_no)
        running.enter_context(Replayer(replays, settings.limits(), clock=SystemClock()).running())
        for teller in (PlanogramTeller, DrawingTeller):
            running.enter_context(teller(conninfo, gateway.link, store_ids=settings.store_ids).running())
        relay = CommandRelay(conninfo, gateway.link, metrics=metrics, store_ids=settings.store_ids)
        running.enter_context(relay.running())
        _say(f"gateway: http://{settings.http_host}:{gateway.http_port}/healthz and /metrics")
        while not stopped and not gateway.failed.wait(0.2):
            pass
    return 1 if gateway.failed.is_set() else 0


def _conninfo(args: argparse.Namespace) -> str:
    from pydantic import SecretStr  # noqa: PLC0415

    from storesense_contracts.database import database_conninfo  # noqa: PLC0415
    from storesense_contracts.settings import DatabaseSettings, load_settings  # noqa: PLC0415

    if args.database is not None:
        return database_conninfo(DatabaseSettings(url=SecretStr(args.database), password_file=None))
    return database_conninfo(load_settings(DatabaseSettings))


def _migrate(args: argparse.Namespace) -> int:
    from storesense_contracts.migrate import migrate  # noqa: PLC0415

    report = migrate(_conninfo(args), progress=_say)
    if args.json:
        _print(json.dumps(dataclasses.asdict(report)))
    else:
        _print(f"schema at {report.version:04d} on {report.kind.value}, {len(report.applied)} applied")
    return 0


def _status(args: argparse.Namespace) -> int:
    from storesense_contracts.migrate import status  # noqa: PLC0415

    report = status(_conninfo(args))
    if args.json:
        _print(json.dumps(dataclasses.asdict(report)))
    else:
        pending = ", ".join(report.pending) or "nothing"
        _print(f"schema at {report.version:04d} on {report.kind.value}; missing: {pending}")
    return 1 if report.pending else 0


def _maintain(args: argparse.Namespace) -> int:
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_contracts.settings import load_settings  # noqa: PLC0415
    from storesense_gateway.maintenance import connect, maintain  # noqa: PLC0415
    from storesense_gateway.maintenance_settings import MaintenanceSettings  # noqa: PLC0415

    settings = load_settings(MaintenanceSettings)
    with connect(_conninfo(args)) as connection:
        report = maintain(connection, settings, now=SystemClock().now(), progress=_say)
    if args.json:
        _print(json.dumps(dataclasses.asdict(report), default=str))
    elif report.is_skipped:
        _print("another process is at it; nothing was done")
    else:
        _print(
            f"{report.batches} batches rolled up, {report.compressed} chunks compressed, {report.dropped} dropped; "
            f"readings one by one from {report.raw_from_at}"
        )
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
