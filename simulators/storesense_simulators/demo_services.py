"""The demo's services: the same commands that production runs, each a child process with its own environment."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from storesense_simulators.demo_folder import DemoFolder
from storesense_simulators.embedded.ports import LOOPBACK
from storesense_simulators.embedded.process import Child, ChildSpec
from storesense_simulators.health_probe import healthy_at

_FOREIGN_SETTINGS = (
    "STORESENSE_ALERTS_",
    "STORESENSE_BACKEND_",
    "STORESENSE_BROKER_",
    "STORESENSE_DATABASE_",
    "STORESENSE_EDGE_",
    "STORESENSE_GATEWAY_",
    "STORESENSE_NOTIFY_",
    "STORESENSE_SECRETS_",
    "PG",
)
"""Settings of another installation in the terminal that the demo was started from must not reach its services."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is on this machine.

    Attributes:
        database_url: with the password; it goes into environments, never into arguments.
        broker_port: of the MQTT broker.
        gateway_password: of the gateway's account there.
        page_port: of the backend.
        gateway_port: of the gateway's /healthz.
        alerts_port: of the alert engine's /healthz.
        notify_port: of the delivery worker's /healthz.
        alerts_password: of the account there that tells screens of alerts.
    """

    database_url: str
    broker_port: int
    gateway_password: str
    page_port: int
    gateway_port: int
    alerts_port: int
    notify_port: int
    alerts_password: str

    @property
    def page_url(self) -> str:
        """The page's address."""
        return f"http://{LOOPBACK}:{self.page_port}/"


class DemoServices:
    """Makes the child processes; none is started here."""

    def __init__(self, folder: DemoFolder, addresses: Addresses) -> None:
        self._folder = folder
        self._addresses = addresses
        self._database = {"STORESENSE_DATABASE_URL": addresses.database_url}
        self._secrets = {"STORESENSE_SECRETS_KEY_FILE": str(folder.channel_key)}
        self._broker = {
            "STORESENSE_BROKER_HOST": LOOPBACK,
            "STORESENSE_BROKER_PORT": str(addresses.broker_port),
        }

    def gateway(self) -> Child:
        """Return the gateway; ready when its /healthz says so."""
        port = self._addresses.gateway_port
        sign_in = {
            "STORESENSE_BROKER_USER_NAME": "gateway",
            "STORESENSE_BROKER_PASSWORD": self._addresses.gateway_password,
            "STORESENSE_GATEWAY_HTTP_PORT": str(port),
        }
        return self._child(
            "gateway", ("gateway", "run"), {**self._database, **self._broker, **sign_in}, ready=healthy_at(port)
        )

    def backend(self) -> Child:
        """Return the backend, which serves the page; ready when its /healthz says so."""
        port = self._addresses.page_port
        settings = {"STORESENSE_BACKEND_HOST": LOOPBACK, "STORESENSE_BACKEND_PORT": str(port)}
        env = {**self._database, **self._secrets, **settings}
        return self._child("backend", ("backend", "run"), env, ready=healthy_at(port))

    def alerts(self) -> Child:
        """Return the alert engine; ready when its /healthz says so."""
        port = self._addresses.alerts_port
        settings = {"STORESENSE_ALERTS_HTTP_PORT": str(port)}
        return self._child("alerts", ("alerts", "run"), {**self._database, **settings}, ready=healthy_at(port))

    def notify(self) -> Child:
        """Return the delivery worker; ready when its /healthz says so."""
        port = self._addresses.notify_port
        settings = {
            "STORESENSE_NOTIFY_HTTP_PORT": str(port),
            "STORESENSE_NOTIFY_MQTT": "true",
            "STORESENSE_NOTIFY_PUSH_KEY_FILE": str(self._folder.push_key),
            "STORESENSE_BROKER_USER_NAME": "alerts",
            "STORESENSE_BROKER_PASSWORD": self._addresses.alerts_password,
        }
        env = {**self._database, **self._broker, **self._secrets, **settings}
        return self._child("notify", ("notify", "run"), env, ready=healthy_at(port))

    def simulated_store(self, source: tuple[str, str], *, seed: int, history_days: int) -> Child:
        """Return the simulated store; ``source`` is ``--store`` or ``--site`` and what it names."""
        state_dir = self._folder.outboxes / "simulated"
        state = ("--state-dir", str(state_dir), "--seed", str(seed), "--history", str(history_days))
        arguments = ("sim", "live", *source, "--lively", *state)
        return self._child("simulated-store", arguments, self._devices())

    def edge(self, site_path: Path) -> Child:
        """Return the edge agent, for devices that have a recording or a sensor."""
        state_dir = self._folder.outboxes / "edge"
        arguments = ("edge", "run", "--site", str(site_path), "--state-dir", str(state_dir))
        return self._child("edge", arguments, self._devices())

    def register(self, site_path: Path) -> Child:
        """Return the command that writes the site's layout, devices and rules into the database."""
        return self._child("register", ("backend", "register", "--site", str(site_path)), self._database)

    def add_admin(self, user_name: str) -> Child:
        """Return the command that makes the admin; it reads the password from its standard input."""
        return self._child(
            "user",
            ("backend", "user", "add", user_name, "--role", "admin"),
            self._database,
            stdin_pipe=True,
        )

    def set_password(self, user_name: str) -> Child:
        """Return the command that gives the admin the kept password; it reads it from its standard input."""
        return self._child("user", ("backend", "user", "passwd", user_name), self._database, stdin_pipe=True)

    def _devices(self) -> dict[str, str]:
        return {**self._broker, "STORESENSE_EDGE_CREDENTIALS_FILE": str(self._folder.credentials)}

    def _child(
        self,
        name: str,
        arguments: tuple[str, ...],
        env: Mapping[str, str],
        *,
        ready: Callable[[], bool] | None = None,
        stdin_pipe: bool = False,
    ) -> Child:
        spec = ChildSpec(
            name=name,
            argv=(sys.executable, "-m", "storesense_contracts.cli", *arguments),
            log_path=self._folder.log(name),
            env={**env, "PYTHONUNBUFFERED": "1"},
            drop_env_prefixes=_FOREIGN_SETTINGS,
            stdin_pipe=stdin_pipe,
            ready_deadline_s=60.0,
            stop_deadline_s=15.0,
        )
        return Child(spec, ready=ready)
