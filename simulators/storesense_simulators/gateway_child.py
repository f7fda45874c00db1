"""A gateway as a child process: the command that production runs, with an environment of its own."""

import sys
from collections.abc import Mapping
from pathlib import Path

from storesense_simulators.embedded.ports import LOOPBACK
from storesense_simulators.embedded.process import Child, ChildSpec
from storesense_simulators.health_probe import healthy_at


def gateway_child(
    *,
    broker_port: int,
    broker_password: str,
    database_url: str,
    http_port: int,
    log_path: Path,
    settings: Mapping[str, str] | None = None,
) -> Child:
    """Return a gateway that is not started; ready when its /healthz says so.

    Args:
        broker_port: of the broker on loopback, where our account is ``gateway``.
        broker_password: of that account.
        database_url: with the password; it goes into the environment, never into arguments.
        http_port: of /healthz and /metrics on loopback.
        log_path: receives what it says.
        settings: more settings, by the part of the name behind ``STORESENSE_GATEWAY_``, in any case.
    """
    env = {
        "STORESENSE_DATABASE_URL": database_url,
        "STORESENSE_BROKER_HOST": LOOPBACK,
        "STORESENSE_BROKER_PORT": str(broker_port),
        "STORESENSE_BROKER_USER_NAME": "gateway",
        "STORESENSE_BROKER_PASSWORD": broker_password,
        "STORESENSE_GATEWAY_HTTP_PORT": str(http_port),
        "PYTHONUNBUFFERED": "1",
    }
    env |= {f"STORESENSE_GATEWAY_{name.upper()}": value for name, value in (settings or {}).items()}
    spec = ChildSpec(
        name="gateway",
        argv=(sys.executable, "-m", "storesense_contracts.cli", "gateway", "run"),
        log_path=log_path,
        env=env,
        drop_env_prefixes=("STORESENSE_BROKER_", "STORESENSE_DATABASE_", "STORESENSE_GATEWAY_", "PG"),
        ready_deadline_s=60.0,
        stop_deadline_s=15.0,
    )
    return Child(spec, ready=healthy_at(http_port))
