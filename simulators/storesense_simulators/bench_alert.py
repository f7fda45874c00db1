"""``storesense bench alert``: from a sensor's publication to a webhook's receipt, while readings come in at full rate.

The whole path with its own processes: broker, gateway, alert engine, delivery worker, and a receiver that checks
signatures. Eight devices publish footfall at a given rate; beside them one device tells of queues, each of which
becomes too long once. The rule's duration is zero, so that nothing waits on purpose. Times are of one clock: the
publisher and the receiver are one process.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from storesense_backend import registry
from storesense_backend.database import connected
from storesense_backend.notify import channel_records
from storesense_backend.notify.vault import Vault
from storesense_contracts import topics
from storesense_contracts.ids import DeviceId, StoreId, new_boot_id
from storesense_contracts.layout import StoreLayout
from storesense_contracts.messages import encode_message, encode_readings
from storesense_contracts.mqtt import new_client
from storesense_contracts.readings import QueueSample
from storesense_contracts.rules import RULE
from storesense_contracts.settings import BrokerSettings
from storesense_simulators.alert_sink import AlertSink
from storesense_simulators.bench_world import BenchError, BenchWorld, LoadProcess, percentile, say, tell
from storesense_simulators.embedded.ports import LOOPBACK, free_port
from storesense_simulators.embedded.process import Child, ChildSpec
from storesense_simulators.health_probe import healthy_at
from storesense_simulators.load_order import LoadOrder

_STORE = "bench-store"
_LOAD_DEVICES = 8
_WATCHER = "queue-camera"
_BATCH = 25
_SETTLE_S = 3.0
_AWAIT_S = 30.0
_SEND_MARGIN = 1.05
"""The load is asked for a little more than what it is to reach, since its last acknowledgements take a while."""


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """What is measured.

    Attributes:
        duration_s: of the load.
        alerts: queues that become too long meanwhile.
        readings_per_s: of the load.
    """

    duration_s: float = 30.0
    alerts: int = 150
    readings_per_s: int = 21_000


def run_bench_alert(
    plan: AlertPlan, *, database_url: str | None, broker_kind: str, prints_json: bool, keep_dir: Path | None
) -> int:
    """Measure and print.

    Raises:
        BenchError: an alert did not arrive, or arrived unsigned.
    """
    devices = [(_STORE, f"device-{place}") for place in range(_LOAD_DEVICES)] + [(_STORE, _WATCHER)]
    with (
        BenchWorld(devices, database_url=database_url, broker_kind=broker_kind, keep_dir=keep_dir) as world,
        AlertSink() as sink,
        ExitStack() as services,
    ):
        sink.signing = [asyncio.run(_register(world, plan, sink.url, [name for _, name in devices]))]
        services.enter_context(world.gateway())
        for name in ("alerts", "notify"):
            services.enter_context(_service(world, name))
        passwords = {device: password for _, device, password in world.devices(_STORE)}
        publisher = _Publisher(world.broker.port, SecretStr(passwords[_WATCHER]))
        services.callback(publisher.close)
        publisher.connect()
        publisher.calm(plan.alerts)
        order = LoadOrder(
            host=LOOPBACK,
            port=world.broker.port,
            devices=[each for each in world.devices(_STORE) if each[1] != _WATCHER],
            messages=int(plan.duration_s * plan.readings_per_s * _SEND_MARGIN / _BATCH),
            batch_size=_BATCH,
            duration_s=plan.duration_s,
            rate=plan.readings_per_s * _SEND_MARGIN / _BATCH,
        )
        with LoadProcess(order) as load:
            say(f"bench: {plan.duration_s:g} s at {plan.readings_per_s} readings/s, {plan.alerts} alerts")
            load.go()
            time.sleep(min(_SETTLE_S, plan.duration_s / 5))
            sent_s = publisher.alarm(plan)
            result = load.result()
        _await(sink, plan.alerts)
        opened = sink.told("opened")
    latencies_ms = sorted(
        1_000 * (sink.first_s[key] - sent_s[notice["alert"]["subject_id"]]) for key, notice in opened.items()
    )
    if len(latencies_ms) != plan.alerts or sink.refused:
        raise BenchError(
            reason=f"of {plan.alerts} alerts {len(latencies_ms)} arrived, and {sink.refused} messages were signed "
            "wrongly; --keep DIR keeps the services' logs"
        )
    if result.acked != result.sent:
        raise BenchError(
            reason=f"of {result.sent} messages {result.acked} were acknowledged; the gateway's log tells why"
        )
    tell(
        {
            "p50_ms": round(percentile(latencies_ms, 0.50), 1),
            "p99_ms": round(percentile(latencies_ms, 0.99), 1),
            "max_ms": round(latencies_ms[-1], 1),
            "alerts": len(latencies_ms),
            "repeats": sum(sink.counts.values()) - len(sink.counts),
            "ingest_readings_per_s": round(result.readings / result.elapsed_s),
            "ingest_commit_p99_ms": round(percentile(result.latencies_ms, 0.99), 1),
        },
        prints_json=prints_json,
    )
    return 0


async def _register(world: BenchWorld, plan: AlertPlan, url: str, device_ids: list[str]) -> str:
    """Register the store with its queues, rule and webhook; return the webhook's secret."""
    layout = StoreLayout.model_validate(
        {
            "id": _STORE,
            "name": "Bench",
            "time_zone": "Etc/UTC",
            "floor": {"size_m": [50, 40]},
            "sections": [{"id": "front", "name": "Checkout"}],
            "queues": [
                {"id": f"queue-{place}", "name": f"Queue {place}", "section": "front"} for place in range(plan.alerts)
            ],
        }
    )
    rule = {"kind": "queue_too_long", "id": "long", "open_at_length": 6, "resolve_at_length": 2, "open_after_s": 0}
    secrets = channel_records.new_secrets("webhook", {"url": url})
    channel: dict[str, Any] = {
        "name": "sink",
        "kind": "webhook",
        "person_id": None,
        "language": "en",
        "sections": [],
        "events": [],
        "min_severity": "info",
        "is_enabled": True,
    }
    async with connected(world.database_url, application_name="storesense bench") as connection:
        await registry.put_store(
            connection,
            layout,
            devices=[(device_id, "camera") for device_id in device_ids],
            rules=[RULE.validate_python(rule)],
        )
        await channel_records.add_channel(
            connection,
            _STORE,
            channel,
            secrets=secrets,
            vault=_vault(world),
            shown=None,
            actor="bench",
            now=datetime.now(UTC),
        )
    return str(secrets["signing"][0]["secret"])


def _vault(world: BenchWorld) -> Vault:
    return Vault(world.dir / "channels.key")


def _service(world: BenchWorld, name: str) -> Child:
    log_path, key_file = world.dir / f"{name}.log", _vault(world).path
    return service_child(name, world.database_url, log_path=log_path, key_file=key_file)


def service_child(
    name: str,
    database_url: str,
    *,
    log_path: Path,
    settings: Mapping[str, str] | None = None,
    key_file: Path | None = None,
) -> Child:
    """Return the alert engine (``alerts``) or the delivery worker (``notify``), not started; ready when healthy.

    Args:
        name: which.
        database_url: with the password; it goes into the environment.
        log_path: receives what it says.
        settings: more settings, by the part of the name behind the service's prefix, in any case.
        key_file: with the key of channels' secrets, where the worker is to open some.
    """
    port, prefix = free_port(), f"STORESENSE_{name.upper()}_"
    env = {"STORESENSE_DATABASE_URL": database_url, f"{prefix}HTTP_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    env |= {f"{prefix}{each.upper()}": value for each, value in (settings or {}).items()}
    if key_file is not None:
        env["STORESENSE_SECRETS_KEY_FILE"] = str(key_file)
    spec = ChildSpec(
        name=name,
        argv=(sys.executable, "-m", "storesense_contracts.cli", name, "run"),
        log_path=log_path,
        env=env,
        drop_env_prefixes=("STORESENSE_BROKER_", "STORESENSE_DATABASE_", "STORESENSE_SECRETS_", prefix, "PG"),
        ready_deadline_s=60.0,
        stop_deadline_s=15.0,
    )
    return Child(spec, ready=healthy_at(port))


class _Publisher:
    """A camera at the tills, which tells of one queue at a time."""

    def __init__(self, port: int, password: SecretStr) -> None:
        self._port = port
        settings = BrokerSettings(
            host=LOOPBACK,
            port=port,
            user_name=topics.user_name(StoreId(_STORE), DeviceId(_WATCHER)),
            password=password,
        )
        self._client = new_client(settings, client_id="bench-queue-camera")
        self._boot_id = new_boot_id()
        self._seq = 0

    def connect(self) -> None:
        """Connect. Raises OSError."""
        self._client.connect(LOOPBACK, self._port)
        self._client.loop_start()

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def calm(self, queues: int) -> None:
        """Say of every queue that it is short."""
        for place in range(queues):
            self._say(place, 0)

    def alarm(self, plan: AlertPlan) -> dict[str, float]:
        """Say of one queue after the other that it is long; return when, by the monotonic clock."""
        begun_s, sent_s = time.monotonic(), {}
        pause_s = 0.8 * plan.duration_s / plan.alerts / 1.25
        for place in range(plan.alerts):
            time.sleep(max(0.0, begun_s + place * pause_s - time.monotonic()))
            sent_s[f"queue-{place}"] = time.monotonic()
            self._say(place, 9)
        return sent_s

    def _say(self, place: int, length: int) -> None:
        now = datetime.now(UTC)
        reading = QueueSample(
            measured_at=now, queue_id=f"queue-{place}", length=length, longest_wait_ms=20_000 * length
        )
        payload = encode_message(
            boot_id=self._boot_id, seq=self._seq, sent_at=now, readings_json=encode_readings([reading])
        )
        self._seq += 1
        topic = topics.up(StoreId(_STORE), DeviceId(_WATCHER), topics.Stream.QUEUE)
        self._client.publish(topic, payload, qos=1)


def _await(sink: AlertSink, alerts: int) -> None:
    deadline_s = time.monotonic() + _AWAIT_S
    while len(sink.told("opened")) < alerts and time.monotonic() < deadline_s:
        time.sleep(0.1)
