"""``storesense demo``: the whole of Storesense on one machine, from nothing to a living page, and away again."""

import asyncio
import json
import logging
import os
import signal
import sys
import time
import webbrowser
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from storesense_contracts.ids import StoreId
from storesense_contracts.migrate import migrate
from storesense_contracts.site import SiteFile, load_site
from storesense_simulators.demo_commands import run_command, together
from storesense_simulators.demo_database import Figures, has_user, read_figures
from storesense_simulators.demo_folder import ADMIN_NAME, DemoFolder, DemoSecrets
from storesense_simulators.demo_page import PageProbe
from storesense_simulators.demo_screen import Screen
from storesense_simulators.demo_services import Addresses, DemoServices
from storesense_simulators.embedded.broker import EmbeddedBroker
from storesense_simulators.embedded.errors import ServiceError
from storesense_simulators.embedded.group import ServiceGroup
from storesense_simulators.embedded.lifetime import Lifetime
from storesense_simulators.embedded.ports import free_port, require_free_port
from storesense_simulators.embedded.postgres import EmbeddedPostgres
from storesense_simulators.embedded.service_user import write_private
from storesense_simulators.supervision import keep_up
from storesense_simulators.twin.live_commands import HISTORY_DONE, HISTORY_FAILED
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.shop_of_site import simulated_device_ids
from storesense_simulators.twin.site_of_store import site_yaml

if TYPE_CHECKING:
    from storesense_simulators.embedded.process import Child

_Service = TypeVar("_Service", bound=Lifetime)

_LIVING_DEADLINE_S = 30.0
_LOOK_EVERY_S = 0.1
_LOOK_AT_LOG_EVERY_S = 0.5
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What was asked for; see ``storesense demo --help``. ``site_path`` goes before ``store``, and has no history."""

    data_dir: Path
    store: str = "convenience"
    site_path: Path | None = None
    port: int = 8080
    for_s: float | None = None
    opens_browser: bool = True
    prints_json: bool = False
    seed: int = 4
    history_days: int = 0
    is_verbose: bool = False


def run_demo(options: DemoOptions) -> int:
    """Run the demo and return its exit code: 0 for a whole run or Ctrl-C on a living page, 130 for one before that.

    Raises:
        StoresenseError: something could not be started; what had been started is stopped again.
    """
    if not options.is_verbose:
        logging.getLogger().setLevel(logging.WARNING)
    return asyncio.run(Demo(options, Screen()).run())


class Demo:
    """One run of the demo.

    Args:
        options: what was asked for.
        screen: where progress is shown.
    """

    def __init__(self, options: DemoOptions, screen: Screen) -> None:
        self._options = options
        self._screen = screen
        self._folder = DemoFolder(options.data_dir.absolute())
        self._site_path = self._folder.site if options.site_path is None else options.site_path.absolute()
        self._is_stopping = False
        self._enough = asyncio.Event()
        self._living_s: float | None = None
        self._uptime_s = 0.0
        self._sources: list[Child] = []
        self._watched: dict[str, Lifetime] = {}

    async def run(self) -> int:
        """Start, stay, stop; see ``run_demo``."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop_once, task)
        site = self._read_site()
        simulated = simulated_device_ids(site)
        if self._options.port:
            require_free_port(self._options.port, purpose="the page")
        secrets = self._folder.prepare(site)
        if self._options.site_path is None:
            write_private(self._folder.site, site_yaml(site))
        began_at = datetime.now(UTC)
        try:
            async with ServiceGroup() as group:
                addresses = await self._start(group, site, secrets, simulated, began_at)
                figures = await self._stay(addresses, began_at)
                self._screen.say("stopping everything")
        except ServiceError:
            logs = self._folder.path / "logs"
            self._screen.warn(f"everything that had been started was stopped again; every service's log is in {logs}")
            raise
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
            self._screen.say("stopped; nothing is left running")
            return _INTERRUPTED
        self._report(addresses, figures)
        return _INTERRUPTED if self._is_stopping and self._options.for_s is not None else 0

    def _read_site(self) -> SiteFile:
        if self._options.site_path is None:
            return load_shop(self._options.store).site
        return load_site(self._site_path)

    @property
    def _history_days(self) -> int:
        return self._options.history_days if self._options.site_path is None else 0

    def _source(self) -> tuple[str, str]:
        if self._options.site_path is None:
            return ("--store", self._options.store)
        return ("--site", str(self._site_path))

    def _stop_once(self, task: asyncio.Task[Any] | None) -> None:
        if self._is_stopping or task is None:
            self._screen.say("already stopping; this takes a few seconds")
            return
        self._is_stopping = True
        if self._living_s is not None:
            # A living demo ends as one that has run its time: the devices finish, and what came of it is told.
            self._enough.set()
        else:
            self._screen.say("stopping")
            task.cancel()

    async def _start(
        self,
        group: ServiceGroup,
        site: SiteFile,
        secrets: DemoSecrets,
        simulated: tuple[str, ...],
        began_at: datetime,
    ) -> Addresses:
        began_s = time.monotonic()
        postgres = EmbeddedPostgres(self._folder.postgres)
        broker = EmbeddedBroker(self._folder.broker, accounts=secrets.accounts(site))
        await together(self._start_one(group, "PostgreSQL", postgres), self._start_one(group, "MQTT broker", broker))
        database_url = postgres.url().get_secret_value()
        with self._screen.step("database schema"):
            await asyncio.to_thread(migrate, database_url)
        addresses = Addresses(
            database_url=database_url,
            broker_port=broker.port,
            gateway_password=secrets.broker_passwords["gateway"].get_secret_value(),
            page_port=self._options.port or free_port(),
            gateway_port=free_port(),
            alerts_port=free_port(),
            notify_port=free_port(),
            alerts_password=secrets.broker_passwords["alerts"].get_secret_value(),
        )
        services = DemoServices(self._folder, addresses)
        await together(
            self._set_up(services, addresses, secrets),
            self._start_one(group, "gateway", services.gateway()),
            self._start_one(group, "alert engine", services.alerts()),
            self._start_one(group, "delivery worker", services.notify()),
            self._start_one(group, "backend and page", services.backend()),
        )
        if set(simulated) != {device.id for device in site.devices}:
            self._sources.append(await self._start_one(group, "edge agent", services.edge(self._site_path)))
        if simulated:
            child = services.simulated_store(self._source(), seed=self._options.seed, history_days=self._history_days)
            self._sources.append(await self._start_one(group, "simulated store", child))
        await self._until_living(site, addresses, secrets, began_at)
        self._living_s = time.monotonic()
        self._screen.say(f"living after {self._living_s - began_s:.1f} s")
        self._screen.welcome(
            store=site.store.name,
            url=addresses.page_url,
            user_name=ADMIN_NAME,
            password=secrets.admin_password.get_secret_value(),
            data_dir=str(self._folder.path),
        )
        if self._options.opens_browser:
            await asyncio.to_thread(_open_browser, addresses.page_url)
        return addresses

    async def _start_one(self, group: ServiceGroup, name: str, service: _Service) -> _Service:
        with self._screen.step(name):
            await group.start(service)
        self._watched[name] = service
        return service

    async def _set_up(self, services: DemoServices, addresses: Addresses, secrets: DemoSecrets) -> None:
        """Register the store and see to it that the printed sign-in works."""
        with self._screen.step("store and sign-in"):
            is_there = await asyncio.to_thread(has_user, addresses.database_url, ADMIN_NAME)
            user = services.set_password(ADMIN_NAME) if is_there else services.add_admin(ADMIN_NAME)
            await together(
                run_command(services.register(self._site_path)),
                run_command(user, line=secrets.admin_password.get_secret_value()),
            )

    async def _until_living(
        self, site: SiteFile, addresses: Addresses, secrets: DemoSecrets, began_at: datetime
    ) -> None:
        """Wait until a signed-in visitor sees something that was measured just now."""
        probe = PageProbe(addresses.page_port, user_name=ADMIN_NAME, password=secrets.admin_password)
        deadline_s = time.monotonic() + _LIVING_DEADLINE_S
        with self._screen.step("first readings on the page"):
            while not await asyncio.to_thread(probe.is_living, StoreId(site.store.id), began_at):
                for service in self._watched.values():
                    if (failure := service.failure()) is not None:
                        raise failure
                if time.monotonic() > deadline_s:
                    logs = self._folder.path / "logs"
                    self._screen.warn(f"nothing measured has arrived within {_LIVING_DEADLINE_S:g} s; see {logs}")
                    return
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _stay(self, addresses: Addresses, began_at: datetime) -> Figures:
        """Keep everything up for as long as was asked, then let the devices finish and count what came of it."""
        watchers = asyncio.ensure_future(
            together(*(keep_up(name, service, tell=self._screen.warn) for name, service in self._watched.items()))
        )
        enough = asyncio.ensure_future(self._enough.wait())
        past = asyncio.ensure_future(self._tell_of_history())
        try:
            await asyncio.wait([watchers, enough], timeout=self._options.for_s, return_when=asyncio.FIRST_COMPLETED)
            if watchers.done():
                watchers.result()
        finally:
            for waiter in (watchers, enough, past):
                waiter.cancel()
                with suppress(asyncio.CancelledError):
                    await waiter
        self._uptime_s = time.monotonic() - (self._living_s or time.monotonic())
        with self._screen.step("everything measured is in the database"):
            await together(*(asyncio.to_thread(source.stop) for source in self._sources))
        return await asyncio.to_thread(read_figures, addresses.database_url, began_at)

    async def _tell_of_history(self) -> None:
        """Say when the past is in the database; the simulated store loads it while everybody looks at the page."""
        if not self._history_days:
            return
        log = self._folder.log("simulated-store")
        told = None
        while told is None:
            await asyncio.sleep(_LOOK_AT_LOG_EVERY_S)
            told = await asyncio.to_thread(_told_of_history, log)
        (self._screen.say if told.startswith(HISTORY_DONE) else self._screen.warn)(told)

    def _report(self, addresses: Addresses, figures: Figures) -> None:
        result = {"url": addresses.page_url, **asdict(figures), "uptime_s": round(self._uptime_s, 1)}
        if self._options.prints_json:
            sys.stdout.write(json.dumps(result) + "\n")
            sys.stdout.flush()
        else:
            self._screen.say(", ".join(f"{value} {name.replace('_', ' ')}" for name, value in asdict(figures).items()))
            self._screen.say("stopped; nothing is left running")


def _told_of_history(log: Path) -> str | None:
    """Return the line of the simulated store's log that says what became of its history."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    for mark in (HISTORY_DONE, HISTORY_FAILED):
        if mark in text:
            return text[text.index(mark) :].splitlines()[0]
    return None


def _open_browser(url: str) -> None:
    """Open the page where there is a desktop; a terminal's own browser would take the terminal over."""
    has_desktop = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if has_desktop:
        webbrowser.open(url)
