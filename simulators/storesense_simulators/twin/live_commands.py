"""``storesense sim live``: arguments, and the store as a process."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import logging
import math
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from storesense_simulators.twin.run_commands import STORE_HELP

if TYPE_CHECKING:
    from storesense_simulators.twin.device_links import DeviceLinks
    from storesense_simulators.twin.live import LiveOptions, LiveResult
    from storesense_simulators.twin.shop import Shop

_logger = logging.getLogger(__name__)

_FASTEST = 60.0
_LONGEST_S = 31_536_000.0


def add_live_command(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``sim live``."""
    live = actions.add_parser(
        "live",
        help="a store in step with the clock, or some times faster, whose devices publish over MQTT",
        description="Runs a store in step with the clock; every simulated device signs in and publishes as a real one "
        "does. The broker is named by STORESENSE_BROKER_…, the devices' passwords by STORESENSE_EDGE_CREDENTIALS_FILE. "
        "Ends on Ctrl-C: everybody is let out, and what was measured is sent first.",
    )
    add_source_arguments(live)
    live.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help="so many times faster, up to 60, dated in the present (default %(default)g)",
    )
    live.add_argument("--for", dest="for_s", type=_seconds, metavar="SECONDS", help="end after so long")
    live.add_argument(
        "--lively",
        action="store_true",
        help="for a demo: open round the clock, several times a real shop's rates, a low shelf and a long queue first",
    )
    live.add_argument("--json", action="store_true", help="print what came of it as one JSON object, last line")
    live.set_defaults(handler=_live)


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which store it is, where its outboxes are, and its seed."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--store", metavar="NAME|FILE", help=STORE_HELP)
    source.add_argument("--site", type=Path, metavar="FILE", help="a site file, whose simulated devices are run")
    parser.add_argument("--state-dir", type=Path, required=True, metavar="DIR", help="folder of the outboxes")
    parser.add_argument("--seed", type=int, default=4, metavar="N", help="the root of all chance (default %(default)s)")


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


def links_of_environment(shop: Shop, state_dir: Path) -> DeviceLinks:
    """Return the links of a store's simulated devices, by the settings in the environment.

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
    return DeviceLinks(
        shop.store_id,
        simulated_device_ids(shop.site),
        state_dir=state_dir,
        broker=load_settings(BrokerSettings),
        passwords=load_credentials(settings.credentials_file),
        clock=SystemClock(),
        settings=settings.link,
    )


def _live(args: argparse.Namespace) -> int:
    from storesense_simulators.twin.live import LiveOptions  # noqa: PLC0415
    from storesense_simulators.twin.opening import Opening  # noqa: PLC0415
    from storesense_simulators.twin.shop_of_site import enlivened  # noqa: PLC0415

    shop = shop_of_arguments(args)
    if args.lively:
        shop = enlivened(shop)
    links = links_of_environment(shop, args.state_dir)
    options = LiveOptions(seed=args.seed, speed=args.speed, opening=Opening() if args.lively else None)
    _logger.info("simulating %s with seed %s", shop.store_id, args.seed)
    result = asyncio.run(_until_stopped(shop, links, options, args.for_s))
    if args.json:
        sys.stdout.write(json.dumps(dataclasses.asdict(result)) + "\n")
    return 0


async def _until_stopped(shop: Shop, links: DeviceLinks, options: LiveOptions, for_s: float | None) -> LiveResult:
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_simulators.twin.live import LiveStore  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with links:
        return await LiveStore(shop, links, clock=SystemClock(), options=options).run(stop=stop, duration_s=for_s)


def _speed(text: str) -> float:
    return _bounded(text, 1.0, _FASTEST, "speed: give 1 to 60")


def _seconds(text: str) -> float:
    return _bounded(text, 1e-3, _LONGEST_S, "duration: give seconds above 0")


def _bounded(text: str, low: float, high: float, wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is no {wanted}")
    return value
