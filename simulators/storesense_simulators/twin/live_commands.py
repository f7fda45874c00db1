"""``storesense sim live`` and ``sim history``: arguments, and the store as a process."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from storesense_contracts.errors import StoresenseError
from storesense_contracts.number_arguments import duration, number, whole_number
from storesense_simulators.command_options import add_json, add_seed
from storesense_simulators.twin.run_commands import STORE_HELP
from storesense_simulators.twin.run_progress import RunProgress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from storesense_simulators.twin.device_links import DeviceLinks
    from storesense_simulators.twin.history import HistoryLoader
    from storesense_simulators.twin.live import LiveResult, LiveStore
    from storesense_simulators.twin.live_config import LiveConfig
    from storesense_simulators.twin.shop import Shop

_logger = logging.getLogger(__name__)

_BATCH = 500
_DRAIN_S = 120.0
_MS_PER_DAY = 86_400_000

days = whole_number(0, 400, "days")
"""Reads a number of past days."""

_speed = number(1, 60)

HISTORY_DONE = "history is loaded:"
HISTORY_FAILED = "history is not loaded:"
"""How the log of ``sim live --history`` tells what became of it."""


def add_live_command(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``sim live``."""
    live = actions.add_parser(
        "live",
        help="a store in step with the clock, or some times faster, whose devices publish over MQTT",
        description="Runs a store in step with the clock; every simulated device signs in and publishes as a real one "
        "does. The broker is named by STORESENSE_BROKER_…, the devices' passwords by STORESENSE_EDGE_CREDENTIALS_FILE. "
        "Ends on Ctrl-C: everybody is let out, and what was measured is sent first.",
        epilog="Example:\n  STORESENSE_BROKER_HOST=127.0.0.1 STORESENSE_EDGE_CREDENTIALS_FILE=credentials.json \\\n"
        "    storesense sim live --store convenience --state-dir state --lively",
    )
    add_source_arguments(live)
    live.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help="so many times faster, up to 60, dated in the present (default %(default)g)",
    )
    live.add_argument("--for", dest="for_s", type=duration, metavar="SECONDS", help="end after so long")
    live.add_argument(
        "--lively",
        action="store_true",
        help="for a demo: open round the clock, several times a real shop's rates, a low shelf and a long queue first",
    )
    live.add_argument(
        "--history",
        type=days,
        default=0,
        metavar="DAYS",
        help="meanwhile load so many past days, by the store's own hours and rates; see storesense sim history --help",
    )
    add_json(live)
    live.set_defaults(handler=_live)


def add_history_command(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``sim history``."""
    history = actions.add_parser(
        "history",
        help="past days of a store, through MQTT and the gateway",
        description="Loads past days into a store that has just been set up. They are made of visits simulated once "
        "and drawn again for every day, minute by minute, and go through the devices' own links: the broker is named "
        "by STORESENSE_BROKER_…, the devices' passwords by STORESENSE_EDGE_CREDENTIALS_FILE. Readings that old raise "
        "no alerts. A file beside the outboxes remembers which days have been loaded; those are left out.",
        epilog="Example:\n  STORESENSE_BROKER_HOST=127.0.0.1 STORESENSE_EDGE_CREDENTIALS_FILE=credentials.json \\\n"
        "    storesense sim history --store convenience --state-dir state --days 30",
    )
    add_source_arguments(history)
    history.add_argument(
        "--days", type=days, default=30, metavar="N", help="so many, and today so far (default %(default)s)"
    )
    add_json(history)
    history.set_defaults(handler=_history)


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which store it is, where its outboxes are, and its seed."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--store", metavar="NAME|FILE", help=STORE_HELP)
    source.add_argument("--site", type=Path, metavar="FILE", help="a site file, whose simulated devices are run")
    parser.add_argument("--state-dir", type=Path, required=True, metavar="DIR", help="folder of the outboxes")
    add_seed(parser, 4, "the root of all chance")


def shop_of_arguments(args: argparse.Namespace) -> Shop:
    """Return the store that ``--store`` or ``--site`` names.

    Raises:
        FileError: the file is wrong.
        TwinError: there is nothing to simulate.
        UnknownStoreError: there is no such store.
    """
    if args.site is not None:
        from storesense_contracts.site import load_site  # noqa: PLC0415
        from storesense_simulators.twin.shop_of_site import shop_of_site  # noqa: PLC0415

        return shop_of_site(load_site(args.site))
    from storesense_simulators.twin.load_shop import load_shop  # noqa: PLC0415

    return load_shop(args.store)


def links_of_environment(
    shop: Shop, state_dir: Path, *, batch_max_readings: int | None = None, config: LiveConfig | None = None
) -> DeviceLinks:
    """Return the links of a store's simulated devices, by the settings in the environment.

    Args:
        shop: the store.
        state_dir: folder of the outboxes.
        batch_max_readings: readings in a message at most, if not as the settings say.
        config: takes what the gateway tells the devices, None if nobody follows it.

    Raises:
        SettingsError: the environment names no credentials file, or is otherwise wrong.
        MissingPasswordError: a device has no password.
    """
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_contracts.settings import BrokerSettings, SettingsError, load_settings  # noqa: PLC0415
    from storesense_edge.credentials import load_credentials  # noqa: PLC0415
    from storesense_edge.settings import EdgeSettings  # noqa: PLC0415
    from storesense_simulators.twin.device_links import DeviceLinks  # noqa: PLC0415
    from storesense_simulators.twin.shop_of_site import simulated_device_ids  # noqa: PLC0415

    settings = load_settings(EdgeSettings)
    if settings.credentials_file is None:
        raise SettingsError(
            problems=["STORESENSE_EDGE_CREDENTIALS_FILE: name the file with the devices' passwords here"]
        )
    link = settings.link
    if batch_max_readings is not None:
        link = link.model_copy(update={"batch_max_readings": batch_max_readings})
    return DeviceLinks(
        shop.store_id,
        simulated_device_ids(shop.site),
        state_dir=state_dir,
        broker=load_settings(BrokerSettings),
        passwords=load_credentials(settings.credentials_file),
        clock=SystemClock(),
        settings=link,
        config=config,
    )


def _live(args: argparse.Namespace) -> int:
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_simulators.twin.live import LiveOptions, LiveStore  # noqa: PLC0415
    from storesense_simulators.twin.live_config import LiveConfig  # noqa: PLC0415
    from storesense_simulators.twin.opening import Opening  # noqa: PLC0415
    from storesense_simulators.twin.shop_of_site import enlivened  # noqa: PLC0415

    own = shop_of_arguments(args)
    shop = enlivened(own) if args.lively else own
    config = LiveConfig(shop)
    batch = _BATCH if args.history else None
    links = links_of_environment(shop, args.state_dir, batch_max_readings=batch, config=config)
    options = LiveOptions(seed=args.seed, speed=args.speed, opening=Opening() if args.lively else None)
    _logger.info("simulating %s with seed %s", shop.store_id, args.seed)
    past = _loader(own, links, args) if args.history else None
    result = asyncio.run(
        _until_stopped(LiveStore(shop, links, clock=SystemClock(), options=options, config=config), links, args, past)
    )
    if args.json:
        sys.stdout.write(json.dumps(dataclasses.asdict(result)) + "\n")
    return 0


def _history(args: argparse.Namespace) -> int:
    shop = shop_of_arguments(args)
    links = links_of_environment(shop, args.state_dir, batch_max_readings=_BATCH)
    loader = _loader(shop, links, args)
    began_s = time.monotonic()
    with RunProgress(f"{shop.store_id}, past days", lasts_ms=(args.days + 1) * _MS_PER_DAY) as tell:
        loaded, pending = asyncio.run(_load(loader, links, args.days, lambda done: tell(done * _MS_PER_DAY)))
    result = {
        "store_id": shop.store_id,
        "days": loaded,
        "readings": loader.readings,
        "messages_pending": pending,
        "wall_s": round(time.monotonic() - began_s, 3),
    }
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        told = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in result.items() if name != "store_id")
        sys.stdout.write(f"{shop.store_id}: {told}\n")
    return 0


def _loader(shop: Shop, links: DeviceLinks, args: argparse.Namespace) -> HistoryLoader:
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_simulators.twin.history import HistoryLoader  # noqa: PLC0415

    return HistoryLoader(shop, links, state_dir=args.state_dir, seed=args.seed, clock=SystemClock())


async def _load(
    loader: HistoryLoader, links: DeviceLinks, days: int, progress: Callable[[int], None]
) -> tuple[int, int]:
    async with links:
        loaded = await loader.load(days, progress)
        await links.drained(_DRAIN_S)
        return loaded, sum(stats.pending for stats in links.stats)


async def _until_stopped(
    store: LiveStore, links: DeviceLinks, args: argparse.Namespace, past: HistoryLoader | None
) -> LiveResult:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stopping in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stopping, stop.set)
    async with links:
        loading = None if past is None else asyncio.create_task(_load_beside(past, args.history), name="history")
        try:
            return await store.run(stop=stop, duration_s=args.for_s)
        finally:
            if loading is not None:
                loading.cancel()
                await asyncio.wait([loading])


async def _load_beside(past: HistoryLoader, days: int) -> None:
    """Load the past while the store lives; if that fails, the store lives on without."""
    began_s = time.monotonic()
    try:
        loaded = await past.load(days)
    except StoresenseError as exc:
        _logger.warning("%s %s", HISTORY_FAILED, exc)
        return
    _logger.info("%s %s days, %s readings, %.1f s", HISTORY_DONE, loaded, past.readings, time.monotonic() - began_s)
