"""``storesense chaos --alerts``: engines and delivery workers killed anywhere between a reading and a webhook."""

import argparse
import asyncio
import json
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storesense_backend.database import Connection, connected
from storesense_backend.listening import Server, address_of, listen_on
from storesense_backend.notify import channel_records
from storesense_backend.registry import put_store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.migrate import migrate
from storesense_contracts.rules import RULE
from storesense_contracts.sql import load_queries
from storesense_simulators.chaos.alert_plan import AlertKill, Moment, make_alert_plan, services
from storesense_simulators.chaos.alert_sink import AlertSink
from storesense_simulators.embedded.postgres import EmbeddedPostgres
from storesense_simulators.embedded.process import Child, ChildSpec

_SQL = load_queries("storesense_simulators", "chaos/alerts.sql")
_QUEUES = 8
_LONG, _SHORT = 9, 0
_PATIENCE_S = 60.0
_LOOK_EVERY_S = 0.05
_LEASE_S, _CLAIM_S = 3.0, 3.0


class _Store:
    """Queues that get long and short again; each waits for the alert to follow before it turns."""

    def __init__(self, connection: Connection, store_id: str, chance: random.Random) -> None:
        self._connection = connection
        self._store_id = store_id
        self._chance = chance
        self._series: dict[str, int] = {}
        self._seq = 0
        self._last_settled = 0
        self._rests_s: dict[str, float] = {}
        self.wants: dict[str, bool] = {}
        self.raised: Counter[str] = Counter()
        self.turned_s: dict[str, float] = {}
        self.turns = asyncio.Event()
        self.followed = asyncio.Event()
        self.is_ending = False

    async def begin(self) -> None:
        await self._connection.execute(_SQL["partition"])
        for number in range(_QUEUES):
            values = {"store_id": self._store_id, "queue_id": f"queue-{number}"}
            row = await (await self._connection.execute(_SQL["series"], values)).fetchone()
            assert row is not None  # noqa: S101 -- the statement returns what it wrote
            self._series[f"queue-{number}"] = row["series_id"]
            await self._turn(f"queue-{number}", is_long=False)

    async def _turn(self, queue_id: str, *, is_long: bool) -> None:
        self._seq += 1
        async with self._connection.transaction():
            row = await (await self._connection.execute(_SQL["next_batch"])).fetchone()
            assert row is not None  # noqa: S101 -- ``begin`` made the partition
            values = {"series_id": self._series[queue_id], "seq": self._seq, "batch_no": row["head"]}
            values |= {"now": datetime.now(UTC), "length": _LONG if is_long else _SHORT}
            await self._connection.execute(_SQL["sample"], values)
            await self._connection.execute(_SQL["notice"], {"payload": f"0:{row['head']}"})
        self.wants[queue_id] = is_long
        self.raised[queue_id] += is_long
        self.turned_s[queue_id] = time.monotonic()
        self._rests_s[queue_id] = self._chance.uniform(0.5, 5.0)
        self.turns.set()

    async def run(self) -> None:
        """Turn queues until told to end, and until every queue is short and its alert over."""
        while True:
            rows = await self.alerts()
            standing = {row["subject_id"] for row in rows if row["state"] != "resolved"}
            settled = [queue for queue, is_long in self.wants.items() if (queue in standing) == is_long]
            if len(settled) > self._last_settled:
                self.followed.set()
            self._last_settled = len(settled)
            late = [queue for queue in self.wants if queue not in settled and self._waited_s(queue) > _PATIENCE_S]
            if late:
                return
            if self.is_ending and len(settled) == len(self.wants) and not standing:
                return
            for queue in settled:
                rested = self._waited_s(queue) > self._rests_s[queue]
                if (self.wants[queue] or not self.is_ending) and rested:
                    await self._turn(queue, is_long=not self.wants[queue])
                    self._last_settled -= 1
            await asyncio.sleep(_LOOK_EVERY_S)

    def _waited_s(self, queue_id: str) -> float:
        return time.monotonic() - self.turned_s[queue_id]

    async def alerts(self) -> list[dict[str, Any]]:
        return await (await self._connection.execute(_SQL["states"], {"store_id": self._store_id})).fetchall()


def count(raised: Counter[str], alerts: list[dict[str, Any]], taken: Counter[str]) -> dict[str, Any]:
    """Compare what happened with what was received.

    Args:
        raised: by queue, how often it got long; each is one alert that opened and one that was resolved.
        alerts: rows of alerts: ``alert_id``, ``subject_id``, ``state``.
        taken: by key, how often it was received.

    Returns:
        ``expected`` messages, ``missed`` ones (never decided, or never received), ``duplicated`` (received again
        with the same key), ``alerts_twice`` (a cause that was decided twice) and ``unknown`` keys.
    """
    decided = Counter(row["subject_id"] for row in alerts)
    keys = {f"{row['alert_id']}:opened:0" for row in alerts}
    keys |= {f"{row['alert_id']}:resolved:0" for row in alerts if row["state"] == "resolved"}
    undecided = sum(max(0, 2 * times - 2 * decided[queue]) for queue, times in raised.items())
    unresolved = sum(row["state"] != "resolved" for row in alerts)
    return {
        "expected": 2 * raised.total(),
        "missed": undecided + unresolved + sum(taken[key] == 0 for key in keys),
        "duplicated": sum(times - 1 for times in taken.values()),
        "alerts_twice": sum(max(0, decided[queue] - raised[queue]) for queue in decided),
        "unknown": sum(key not in keys for key in taken),
    }


def run_alert_chaos(args: argparse.Namespace) -> int:
    """Run ``storesense chaos --alerts``; 0 if nothing was missed, and a kill repeats a message once at most."""
    folder: Path = args.keep.absolute() if args.keep else Path(tempfile.mkdtemp(prefix="storesense-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # the database server has a user of its own when we are root

    def tell(text: str) -> None:
        if not args.quiet:
            sys.stderr.write(text + "\n")

    try:
        result = asyncio.run(storm(folder, kills=args.kills, seed=args.seed, database_url=args.database, tell=tell))
    finally:
        if args.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stderr.write("".join(f"{name}: {value}\n" for name, value in result.items()))
    is_well = (
        not result["missed"]
        and not result["alerts_twice"]
        and result["most_repeats_of_a_message"] <= 1
        and result["drained"]
    )
    return 0 if is_well else 1


async def storm(
    folder: Path, *, kills: int, seed: int, database_url: str | None, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Run two engines and two workers through the plan, let everything arrive, and count."""
    chance = random.Random(seed)  # noqa: S311 -- a plan to be repeated is no secret
    plan = make_alert_plan(kills=kills, seed=seed)
    sink = AlertSink(chance)
    store_id = f"chaos-{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        url = database_url or await _database(folder, stack)
        await asyncio.to_thread(migrate, url)
        listener = listen_on("127.0.0.1", 0, setting="port")
        server = Server(sink.app, graceful_s=1)
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="webhook sink")
        stack.push_async_callback(_end, server, serving)
        connection = await stack.enter_async_context(connected(url, application_name="storesense chaos"))
        await _register(connection, store_id, f"{address_of(listener)}/hook")
        children = {name: _child(name, url, folder) for name in services()}
        for child in children.values():
            stack.push_async_callback(asyncio.to_thread, child.kill)
            await asyncio.to_thread(child.start)
        store = _Store(connection, store_id, chance)
        await store.begin()
        turning = asyncio.create_task(store.run(), name="queues")
        began_s = time.monotonic()
        for number, kill in enumerate(plan, 1):
            tell(f"{number}/{kills} {kill.service} {kill.moment.value}")
            await _strike(kill, store, sink, children[kill.service], chance)
            if turning.done():
                break
        tell("draining")
        store.is_ending = True
        await turning
        is_drained = await _drained(connection)
        found = count(store.raised, await store.alerts(), sink.taken)
    return found | {
        "kills": sink.kills,
        "kills_by_service": dict(sorted(Counter(kill.service for kill in plan[: sink.kills]).items())),
        "kills_by_moment": dict(sorted(Counter(kill.moment.value for kill in plan[: sink.kills]).items())),
        "most_repeats_of_a_message": max(sink.repeats.values(), default=0),
        "most_repeats_after_a_kill": max(Counter(number for number, _ in sink.repeats.elements()).values(), default=0),
        "alerts": store.raised.total(),
        "drained": is_drained,
        "seed": seed,
        "took_s": round(time.monotonic() - began_s, 1),
    }


async def _database(folder: Path, stack: AsyncExitStack) -> str:
    postgres = EmbeddedPostgres(folder / "postgres")
    await asyncio.to_thread(postgres.start)
    stack.push_async_callback(asyncio.to_thread, postgres.stop)
    return postgres.url().get_secret_value()


async def _end(server: Server, serving: "asyncio.Task[None]") -> None:
    server.end()
    await serving


async def _register(connection: Connection, store_id: str, url: str) -> None:
    layout = StoreLayout.model_validate(
        {
            "id": store_id,
            "name": "Chaos",
            "time_zone": "UTC",
            "floor": {"size_m": [10, 10]},
            "sections": [{"id": "tills", "name": "Tills"}],
            "queues": [
                {"id": f"queue-{number}", "name": f"Queue {number}", "section": "tills"} for number in range(_QUEUES)
            ],
        }
    )
    rule = {
        "kind": "queue_too_long",
        "id": "long",
        "open_at_length": 5,
        "resolve_at_length": 2,
        "open_after_s": 0,
        "resolve_after_s": 0,
        "min_quality": 0,
    }
    await put_store(connection, layout, devices=[("camera-1", "camera")], rules=[RULE.validate_python(rule)])
    channel: dict[str, Any] = {
        "person_id": None,
        "name": "sink",
        "kind": "webhook",
        "language": "en",
        "sections": [],
        "events": [],
        "min_severity": "info",
        "is_enabled": True,
    }
    await channel_records.add_channel(
        connection,
        store_id,
        channel,
        secrets={"url": url},
        shown=None,
        actor="chaos",
        now=datetime.now(UTC),
    )


def _child(name: str, url: str, folder: Path) -> Child:
    command = "alerts" if name.startswith("engine") else "notify"
    spec = ChildSpec(
        name=name,
        argv=(sys.executable, "-m", "storesense_contracts.cli", command, "run"),
        log_path=folder / "logs" / f"{name}.log",
        env={
            "STORESENSE_DATABASE_URL": url,
            "STORESENSE_ALERTS_HTTP_PORT": "0",
            "STORESENSE_NOTIFY_HTTP_PORT": "0",
            "STORESENSE_ALERTS_LEASE_S": str(_LEASE_S),
            "STORESENSE_NOTIFY_CLAIM_S": str(_CLAIM_S),
            "STORESENSE_NOTIFY_MACHINE_BURST": "100000",
            "PYTHONUNBUFFERED": "1",
        },
        drop_env_prefixes=("STORESENSE_", "PG"),
    )
    return Child(spec)


async def _strike(kill: AlertKill, store: _Store, sink: AlertSink, child: Child, chance: random.Random) -> None:
    """Wait for the moment, kill, and start again."""
    if kill.moment is Moment.DELIVERING:
        await sink.wait(10.0)
    elif kill.moment is Moment.ANY:
        await asyncio.sleep(chance.uniform(0.0, 2.0))
    else:
        event = store.turns if kill.moment is Moment.COMMITTED else store.followed
        event.clear()
        try:
            async with asyncio.timeout(10.0):
                await event.wait()
        except TimeoutError:
            pass
    await asyncio.sleep(kill.after_s)
    sink.kills += 1
    await asyncio.to_thread(child.kill)
    await asyncio.sleep(kill.down_s)
    await asyncio.to_thread(child.start)


async def _drained(connection: Connection) -> bool:
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        row: Any = await (await connection.execute(_SQL["behind"])).fetchone()
        if not next(iter(row.values())):
            return True
        await asyncio.sleep(_LOOK_EVERY_S)
    return False
