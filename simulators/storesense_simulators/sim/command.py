"""``storesense sim run``: the simulated store as a process."""

import asyncio
import dataclasses
import json
import logging
import signal
import sys
from pathlib import Path

from storesense_contracts.clock import SystemClock
from storesense_contracts.settings import BrokerSettings, SettingsError, load_settings
from storesense_contracts.site import load_site
from storesense_edge.credentials import load_credentials
from storesense_edge.settings import EdgeSettings
from storesense_simulators.sim.runner import LiveSimulation, RunResult

_logger = logging.getLogger(__name__)


def run_simulation(*, site_path: Path, state_dir: Path, seed: int, for_s: float | None, prints_json: bool) -> int:
    """Run until SIGTERM, SIGINT or ``for_s``; print the result as JSON if asked to.

    Raises:
        FileError: the site file is wrong.
        SettingsError: the environment names no credentials file, or is otherwise wrong.
        SimulationError: there is nothing to simulate, or a device has no password.
    """
    site = load_site(site_path)
    settings = load_settings(EdgeSettings)
    if settings.credentials_file is None:
        raise SettingsError(
            problems=["STORESENSE_EDGE_CREDENTIALS_FILE: name the file with the devices' passwords here"]
        )
    simulation = LiveSimulation(
        site,
        state_dir=state_dir,
        seed=seed,
        broker=load_settings(BrokerSettings),
        passwords=load_credentials(settings.credentials_file),
        clock=SystemClock(),
        link_settings=settings.link,
    )
    _logger.info("simulating %s with seed %s", site.store.id, seed)
    result = asyncio.run(_until_stopped(simulation, for_s))
    if prints_json:
        sys.stdout.write(json.dumps(dataclasses.asdict(result)) + "\n")
    return 0


async def _until_stopped(simulation: LiveSimulation, for_s: float | None) -> RunResult:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return await simulation.run(stop=stop, duration_s=for_s)
