"""``docker-compose.yml``: it follows the Compose specification, hides what it must, and its very commands run.

Containers are not needed: each service's command, environment, mounts and health check are taken from the file and
started on this machine in the order of ``depends_on``, with the mounts mapped to folders, the service names to
loopback, and the images' programs replaced by an installed Mosquitto and the embedded PostgreSQL.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
import yaml
from psycopg import sql

from fixtures.services import FAST_SETTINGS
from storesense_simulators.embedded.errors import MissingProgramError
from storesense_simulators.embedded.mosquitto import find_mosquitto
from storesense_simulators.embedded.ports import free_port
from storesense_simulators.embedded.postgres import EmbeddedPostgres
from storesense_simulators.embedded.process import Child, ChildSpec
from storesense_simulators.embedded.service_user import give_folder, service_user

OURS = {"setup", "migrate", "register", "gateway", "backend", "alerts", "notify", "simulator"}
ONCE = {"setup", "migrate", "register"}
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


@pytest.fixture(scope="module")
def compose(repo_dir: Path) -> dict[str, Any]:
    text = (repo_dir / "docker-compose.yml").read_text()
    return yaml.safe_load(_VARIABLE.sub(lambda match: match[2], text))


def test_it_follows_the_compose_specification(repo_dir):
    schema = json.loads(
        files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text(encoding="utf-8")
    )
    as_written = yaml.safe_load((repo_dir / "docker-compose.yml").read_text())
    problems = [
        f"{'/'.join(map(str, error.path))}: {error.message}"
        for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(as_written)
    ]
    assert problems == []


def test_every_part_of_the_product_is_there(compose):
    assert set(compose["services"]) == OURS | {"database", "broker", "grafana"}
    assert compose["services"]["database"]["image"].startswith("timescale/timescaledb:")
    assert compose["services"]["broker"]["image"].startswith("eclipse-mosquitto:2")
    assert compose["services"]["simulator"]["profiles"] == ["simulator"]
    assert compose["services"]["grafana"]["profiles"] == ["grafana"]
    assert {name for name, s in compose["services"].items() if "profiles" in s} == {"simulator", "grafana"}


def test_containers_can_change_nothing_and_gain_nothing(compose):
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
        if name != "database":  # its image begins as root, makes its folders, and becomes postgres
            assert service["cap_drop"] == ["ALL"], name
        if name != "setup":
            assert service.get("user") != "0:0", name


def test_what_runs_on_is_restarted_and_watched(compose):
    for name, service in compose["services"].items():
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        if name not in ONCE | {"simulator"}:
            assert service["healthcheck"]["test"], name


def test_nothing_but_the_pages_and_the_brokers_tls_port_is_published_and_only_on_loopback(compose):
    published = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert {name for name, ports in published.items() if ports} == {"backend", "broker", "grafana"}
    assert published["grafana"] == ["127.0.0.1:3000:3000"]
    assert published["backend"] == ["127.0.0.1:8080:8080"]
    assert published["broker"] == ["127.0.0.1:8883:8883"]


def test_no_secret_stands_in_the_file(compose):
    for name, service in compose["services"].items():
        for key, value in service.get("environment", {}).items():
            if "PASSWORD" in key:
                assert key.endswith("_FILE"), f"{name}: {key}"
                assert value.startswith("/run/storesense/"), f"{name}: {key}"
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), f"{name}: {key} holds a password"


def test_each_service_sees_only_the_secrets_it_needs(compose):
    seen = {
        name: {volume.split(":")[0] for volume in service.get("volumes", [])}
        for name, service in compose["services"].items()
        if name != "setup"
    }
    assert not any("authority" in volumes for volumes in seen.values())
    assert {name for name, volumes in seen.items() if "gateway-secrets" in volumes} == {"gateway"}
    assert {name for name, volumes in seen.items() if "device-secrets" in volumes} == {"simulator"}
    assert {name for name, volumes in seen.items() if "notify-secrets" in volumes} == {"notify"}
    assert {name for name, volumes in seen.items() if "broker-config" in volumes} == {"broker"}
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            if name != "setup" and volume.split(":")[0].endswith(("-secrets", "-config")):
                assert volume.endswith(":ro"), f"{name}: {volume}"


@dataclass
class Machine:
    """The compose file's services as processes of this machine."""

    compose: dict[str, Any]
    repo_dir: Path
    folder: Path
    stack: ExitStack
    ports: dict[str, str] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    postgres: EmbeddedPostgres | None = None

    def up(self, name: str) -> None:
        """Start one service after those that it depends on; wait until it is done or its health check passes."""
        if name in self.children or (name == "database" and self.postgres is not None):
            return
        service = self.compose["services"][name]
        for other in service.get("depends_on", {}):
            self.up(other)
        if name == "database":
            self._start_database(service)
            return
        child = Child(self._spec(name, service), ready=self._health_check(name, service))
        self.children[name] = self.stack.enter_context(child)
        if name in ONCE:
            assert child.wait(60) == 0, child.log_tail()

    def rows(self, query: str) -> int:
        assert self.postgres is not None
        with psycopg.connect(self.postgres.admin_url(self.postgres.database).get_secret_value()) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def _start_database(self, service: dict[str, Any]) -> None:
        names = service["environment"]
        self.postgres = self.stack.enter_context(
            EmbeddedPostgres(
                self.folder / "postgres",
                user=names["POSTGRES_USER"],
                database=names["POSTGRES_DB"],
                settings=FAST_SETTINGS,
            )
        )
        word = Path(self._here("database", names["POSTGRES_PASSWORD_FILE"])).read_text().strip()
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(names["POSTGRES_USER"]), sql.Literal(word)
        )
        with psycopg.connect(self.postgres.admin_url().get_secret_value(), autocommit=True) as connection:
            connection.execute(statement)

    def _spec(self, name: str, service: dict[str, Any]) -> ChildSpec:
        env = self._environment(name, service)
        user = service_user(("mosquitto",)) if name == "broker" else None
        return ChildSpec(
            name=name,
            argv=self._argv(name, service["command"]),
            log_path=self.folder / "logs" / f"{name}.log",
            env=env,
            drop_env_prefixes=("STORESENSE_", "PG"),
            user=user,
            cwd=self.folder if user is None else None,
            ready_deadline_s=60.0,
        )

    def _environment(self, name: str, service: dict[str, Any]) -> dict[str, str]:
        env = {key: self._here(name, str(value)) for key, value in service.get("environment", {}).items()}
        for key, value in env.items():
            if key.endswith("_PORT"):
                env[key] = self._port(value)
            elif key in {"STORESENSE_BROKER_HOST", "STORESENSE_BACKEND_HOST"}:
                assert value in {"broker", "0.0.0.0"}  # noqa: S104 -- what a container would see
                env[key] = "127.0.0.1"
        return env

    def _argv(self, name: str, command: list[str]) -> tuple[str, ...]:
        arguments = [self._here(name, argument) for argument in command[1:]]
        if command[0] == "mosquitto":
            return (str(find_mosquitto()), *arguments)
        assert command[0] == "storesense", command
        if name == "setup":
            # What differs on this machine: a port that is free, loopback, and the users that there are.
            arguments = [a for a in arguments if not a.startswith(("--broker-owner", "--service-owner"))]
            arguments += ["--bind=127.0.0.1", f"--port={self._port('8883')}"]
            broker_user = service_user(("mosquitto",))
            if broker_user is not None:
                arguments += [f"--broker-owner={broker_user.uid}", f"--service-owner={os.geteuid()}"]
        return (sys.executable, "-m", "storesense_contracts.cli", *arguments)

    def _health_check(self, name: str, service: dict[str, Any]) -> Any:
        if "healthcheck" not in service:
            return None
        kind, program, *arguments = service["healthcheck"]["test"]
        assert kind == "CMD"
        if program == "mosquitto_pub":
            found = shutil.which(program)
            if found is None:
                pytest.skip("mosquitto_pub, with which the broker's health is checked, is not installed")
            program = found
        else:
            assert program == "python"
            program = sys.executable
        arguments = [
            re.sub(r"127\.0\.0\.1:(\d+)", lambda m: f"127.0.0.1:{self._port(m[1])}", self._here(name, argument))
            for argument in arguments
        ]
        env = self._environment(name, service)

        def check() -> bool:
            done = subprocess.run([program, *arguments], env={**os.environ, **env}, capture_output=True, check=False)
            return done.returncode == 0

        return check

    def _here(self, name: str, text: str) -> str:
        """Map what a container sees to what this machine has."""
        for target, source in self._mounts(name):
            if text.startswith(target) or f"={target}" in text:
                text = text.replace(target, source)
                break
        if self.postgres is not None:
            text = text.replace("@database:5432/", f"@127.0.0.1:{self.postgres.port}/")
        return text

    def _mounts(self, name: str) -> Iterator[tuple[str, str]]:
        service = self.compose["services"][name]
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            yield target, str(self.folder / "volumes" / source)
        for config in service.get("configs", []):
            yield config["target"], str(self.repo_dir / self.compose["configs"][config["source"]]["file"])
        if name == "setup":  # it also writes down where the broker's container has its files
            yield "/config", str(self.folder / "setup")
            yield from self._mounts("broker")

    def _port(self, inside: str) -> str:
        return self.ports.setdefault(inside, str(free_port()))


@pytest.fixture
def machine(compose, repo_dir, service_dir) -> Iterator[Machine]:
    try:
        find_mosquitto()
    except MissingProgramError as exc:
        pytest.skip(str(exc))
    volumes = service_dir / "volumes"
    volumes.mkdir(mode=0o711)
    broker_user = service_user(("mosquitto",))
    for name in compose["volumes"]:
        give_folder(volumes / name, broker_user if name.startswith("broker") else None)
    mounted = [volume.split(":") for volume in compose["services"]["setup"]["volumes"]]
    (service_dir / "setup").mkdir(mode=0o711)
    for source, target in mounted:
        (service_dir / "setup" / Path(target).name).symlink_to(volumes / source)
    with ExitStack() as stack:
        yield Machine(compose, repo_dir, service_dir, stack)


@pytest.mark.timeout(180)
def test_the_services_commands_bring_a_reading_from_a_device_to_the_database(machine):
    for name in ("gateway", "backend", "alerts", "notify", "simulator"):
        machine.up(name)
    simulator = machine.children["simulator"]
    simulator.wait_until(
        lambda: (
            machine.rows("SELECT count(*) FROM shelf_weights") > 0
            and machine.rows("SELECT count(*) FROM devices WHERE state = 'online'") == 7
        ),
        deadline_s=30.0,
    )
    assert machine.rows("SELECT count(*) FROM dead_letters") == 0
    for name, child in machine.children.items():
        assert name in ONCE or child.is_running, child.log_tail()
