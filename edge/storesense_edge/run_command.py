"""``storesense edge run``: the agent as a process."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from typing import TYPE_CHECKING

from storesense_contracts.clock import SystemClock
from storesense_contracts.settings import BrokerSettings, SettingsError, load_settings
from storesense_contracts.site import load_site
from storesense_edge.composition import build_agent
from storesense_edge.credentials import load_credentials
from storesense_edge.settings import EdgeSettings

if TYPE_CHECKING:
    from pathlib import Path

    from storesense_edge.agent import SiteAgent

_logger = logging.getLogger(__name__)


def run_site(site_path: Path, state_dir: Path, *, for_s: float | None, prints_json: bool) -> int:
    """Run a site's devices until SIGTERM, SIGINT or ``for_s``; print what was sent as JSON if asked to.

    Raises:
        FileError: the site file is wrong.
        SettingsError: the environment is wrong.
        CredentialsError: the credentials file cannot be used.
        OutboxLockedError: another agent uses the state folder.
        OutboxWriterStoppedError: a mistake in the program ended an outbox's thread; start it again.
        UsageError: there is nothing to run, or a device has no password.
    """
    site = load_site(site_path)
    settings = load_settings(EdgeSettings)
    if settings.credentials_file is None:
        raise SettingsError(
            problems=["STORESENSE_EDGE_CREDENTIALS_FILE: name the file with the devices' passwords here"]
        )
    agent = build_agent(
        site,
        settings,
        broker=load_settings(BrokerSettings),
        passwords=load_credentials(settings.credentials_file),
        state_dir=state_dir,
        clock=SystemClock(),
    )
    _logger.info("measuring at %s with %s", site.store.id, ", ".join(device.device_id for device in agent.devices))
    asyncio.run(_until_stopped(agent, for_s))
    if prints_json:
        sys.stdout.write(json.dumps(_summary(agent)) + "\n")
    return 0


async def _until_stopped(agent: SiteAgent, for_s: float | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if for_s is not None:
        loop.call_later(for_s, stop.set)
    await agent.run(stop)


def _summary(agent: SiteAgent) -> dict[str, object]:
    stats = agent.stats
    return {
        "devices": len(stats),
        "readings": sum(s.recorded for s in stats),
        "messages_sent": sum(s.sent for s in stats),
        "messages_resent": sum(s.resent for s in stats),
        "messages_acked": sum(s.acked for s in stats),
        "messages_pending": sum(s.pending for s in stats),
        "messages_dropped": sum(s.dropped for s in stats),
    }
