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
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storesense_backend.database import Connection, connected
from storesense_backend.listening import Server, address_of, listen_on
from storesense_backend.notify import channel_records
from storesense_backend.notify.vault import Vault
from storesense_backend.registry import put_store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.migrate import migrate
from storesense_contracts.rules import RULE
from storesense_contracts.sql import load_queries
from storesense_simulators.chaos.alert_plan import AlertKill, Moment, make_alert_plan, services
from storesense_simulators.chaos.alert_sink import AlertSink
from storesense_simulators.chaos.senders import Senders
from storesense_simulators.embedded.postgres import EmbeddedPostgres
from storesense_simulators.embedded.process import Child, ChildSpec

_SQL = load_queries("storesense_simulators", "chaos/alerts.sql")
_STORES, _MOST_QUEUES, _AT_ONCE = 2, 500, 8
_LONG, _SHORT = 9, 0
_PATIENCE_S = 60.0
_LOOK_EVERY_S = 0.05
_LEASE_S, _CLAIM_S = 3.0, 3.0


Place = tuple[str, str]
"""A store and one of its queues."""


class _Queues:
    """Queues that get long and short once each, a few at a time: what comes again and again would be damped.

    Each waits for the alert to follow before it turns.
    """

    def __init__(self, connection: Connection, places: Sequence[Place], chance: random.Random) -> None:
        self._connection = connection
        self._fresh = list(places)
        self._chance = chance
        self._series: dict[Place, int] = {}
        self._seq = 0
        self._is_long: dict[Place, bool] = {}
        self._turned_s: dict[Place, float] = {}
        self._rests_s: dict[Place, float] = {}
        self._settled: set[Place] = set()
        self.raised: Counter[Place] = Counter()
        self.turns = asyncio.Event()
        self.followed = asyncio.Event()
        self.is_ending = False

    async def begin(self) -> None:
        await self._connection.execute(_SQL["partition"])
        for place in self._fresh:
            values = {"store_id": place[0], "queue_id": place[1]}
            row = await (await self._connection.execute(_SQL["series"], values)).fetchone()
            assert row is not None  # noqa: S101 -- the statement returns what it wrote
            self._series[place] = row["series_id"]

    async def _turn(self, place: Place, *, is_long: bool) -> None:
        self._seq += 1
        async with self._connection.transaction():
            row = await (await self._connection.execute(_SQL["next_batch"])).fetchone()
            assert row is not None  # noqa: S101 -- ``begin`` made the partition
            values = {"series_id": self._series[place], "seq": self._seq, "batch_no": row["head"]}
            values |= {"now": datetime.now(UTC), "length": _LONG if is_long else _SHORT}
            await self._connection.execute(_SQL["sample"], values)
            await self._connection.execute(_SQL["notice"], {"payload": f"0:{row['head']}"})
        self._is_long[place] = is_long
        self.raised[place] += is_long
        self._turned_s[place] = time.monotonic()
        self._rests_s[place] = self._chance.uniform(0.5, 6.0)
        self._settled.discard(place)
        self.turns.set()

    async def run(self) -> None:
        """Turn queues until told to end and all are over, or until an alert does not follow for a minute."""
        while True:
            standing = {_place(row) for row in await self.alerts() if row["state"] != "resolved"}
            for place, is_long in list(self._is_long.items()):
                if (place in standing) == is_long and place not in self._settled:
                    self._settled.add(place)
                    self.followed.set()
                if place not in self._settled:
                    if self._waited_s(place) > _PATIENCE_S:
                        return
                elif is_long and self._waited_s(place) > self._rests_s[place]:
                    await self._turn(place, is_long=False)
                elif not is_long:
                    del self._is_long[place]
            if self.is_ending and not self._is_long:
                return
            while not self.is_ending and self._fresh and len(self._is_long) < _AT_ONCE:
                await self._turn(self._fresh.pop(), is_long=True)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _waited_s(self, place: Place) -> float:
        return time.monotonic() - self._turned_s[place]

    async def alerts(self) -> list[dict[str, Any]]:
        values = {"store_ids": sorted({store_id for store_id, _ in self._series})}
        return await (await self._connection.execute(_SQL["states"], values)).fetchall()


def _place(row: Mapping[str, Any]) -> Place:
    return (row["store_id"], row["subject_id"])


def count(raised: Counter[Place], alerts: list[dict[str, Any]], taken: Counter[str]) -> dict[str, Any]:
    """Compare what happened with what was received.

    Args:
        raised: by store and queue, how often it got long; each is an alert that opened and was resolved.
        alerts: rows of alerts: ``alert_id``, ``store_id``, ``subject_id``, ``state``.
        taken: by key, how often it was received.

    Returns:
        ``expected`` messages, ``missed`` ones (never decided, or never received), ``duplicated`` (received again
        with the same key), ``alerts_twice`` (a cause that was decided twice) and ``unknown`` keys.
    """
    decided = Counter(_place(row) for row in alerts)
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
    """Run ``storesense chaos --alerts``; 0 if nothing was missed, and a kill repeats one message at most."""
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
        and result["max_repeats_a_kill"] <= 1
        and result["duplicated"] <= result["kills"]
        and result["drained"]
    )
    return 0 if is_well else 1


async def storm(
    folder: Path, *, kills: int, seed: int, database_url: str | None, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Run two engines and two workers through the plan, let everything arrive, and count."""
    chance = random.Random(seed)  # noqa: S311 -- a plan to be repeated is no secret
    plan = make_alert_plan(kills=kills, seed=seed)
    children: dict[str, Child] = {}
    sink = AlertSink(chance, sender_of=Senders(lambda: _pids(children)).of_port)
    run_id = secrets.token_hex(4)
    store_ids = [f"chaos-{run_id}-{number}" for number in range(_STORES)]
    queue_ids = [f"queue-{number}" for number in range(min(_MOST_QUEUES, 20 + 4 * kills))]
    async with AsyncExitStack() as stack:
        url = database_url or await _database(folder, stack)
        await asyncio.to_thread(migrate, url)
        listener = listen_on("127.0.0.1", 0, setting="port")
        server = Server(sink.app, graceful_s=1)
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="webhook sink")
        stack.push_async_callback(_end, server, serving)
        connection = await stack.enter_async_context(connected(url, application_name="storesense chaos"))
        for store_id in store_ids:
            await _register(connection, store_id, queue_ids, f"{address_of(listener)}/hook", _vault(folder))
        children.update({name: _child(name, url, folder) for name in services()})
        for child in children.values():
            stack.push_async_callback(asyncio.to_thread, child.kill)
            await asyncio.to_thread(child.start)
        places = [(store_id, queue_id) for queue_id in queue_ids for store_id in store_ids]
        queues = _Queues(connection, places, chance)
        await queues.begin()
        turning = asyncio.create_task(queues.run(), name="queues")
        began_s = time.monotonic()
        for number, kill in enumerate(plan, 1):
            tell(f"{number}/{kills} {kill.service} {kill.moment.value}")
            await _strike(kill, queues, sink, children[kill.service], chance)
            if turning.done():
                break
        tell("draining")
        queues.is_ending = True
        await turning
        is_drained = await _drained(connection)
        found = count(queues.raised, await queues.alerts(), sink.taken)
    by_death = Counter(sender for sender, _ in sink.repeats.elements())
    unknown = by_death.pop(None, 0)
    return found | {
        "kills": sink.kills,
        "kills_by_service": dict(sorted(Counter(kill.service for kill in plan[: sink.kills]).items())),
        "kills_by_moment": dict(sorted(Counter(kill.moment.value for kill in plan[: sink.kills]).items())),
        "max_repeats_a_message": max((times - 1 for times in sink.taken.values()), default=0),
        "max_repeats_a_kill": max(by_death.values(), default=0),
        "repeats_by_unknown": unknown,
        "alerts": queues.raised.total(),
        "drained": is_drained,
        "seed": seed,
        "took_s": round(time.monotonic() - began_s, 1),
    }


def _pids(children: Mapping[str, Child]) -> list[int]:
    return [child.pid for name, child in children.items() if name.startswith("worker") and child.pid is not None]


async def _database(folder: Path, stack: AsyncExitStack) -> str:
    postgres = EmbeddedPostgres(folder / "postgres")
    await asyncio.to_thread(postgres.start)
    stack.push_async_callback(asyncio.to_thread, postgres.stop)
    return postgres.url().get_secret_value()


async def _end(server: Server, serving: "asyncio.Task[None]") -> None:
    server.end()
    await serving


def _vault(folder: Path) -> Vault:
    return Vault(folder / "keys" / "channels.key")


async def _register(connection: Connection, store_id: str, queue_ids: Sequence[str], url: str, vault: Vault) -> None:
    layout = StoreLayout.model_validate(
        {
            "id": store_id,
            "name": "Chaos",
            "time_zone": "UTC",
            "floor": {"size_m": [10, 10]},
            "sections": [{"id": "tills", "name": "Tills"}],
            "queues": [{"id": queue_id, "name": queue_id, "section": "tills"} for queue_id in queue_ids],
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
        vault=vault,
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
            "STORESENSE_SECRETS_KEY_FILE": str(_vault(folder).path),
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


async def _strike(kill: AlertKill, queues: _Queues, sink: AlertSink, child: Child, chance: random.Random) -> None:
    """Wait for the moment, kill, and start again."""
    if kill.moment is Moment.DELIVERING:
        await sink.wait(10.0)
    elif kill.moment is Moment.ANY:
        await asyncio.sleep(chance.uniform(0.0, 2.0))
    else:
        event = queues.turns if kill.moment is Moment.COMMITTED else queues.followed
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
