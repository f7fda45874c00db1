"""The processes of a chaos run, with a fault proxy on every wire between them."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from storesense_contracts import topics
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.migrate import migrate
from storesense_contracts.sql import load_queries
from storesense_simulators.chaos.agent import AgentOrder
from storesense_simulators.chaos.plan import Part, Shape, Wire
from storesense_simulators.chaos.proxy import FaultProxy
from storesense_simulators.embedded.accounts import Account, Role, new_device_account, new_service_account
from storesense_simulators.embedded.broker import EmbeddedBroker
from storesense_simulators.embedded.mosquitto import MosquittoBroker
from storesense_simulators.embedded.ports import LOOPBACK
from storesense_simulators.embedded.postgres import EmbeddedPostgres
from storesense_simulators.embedded.process import Child, ChildSpec
from storesense_simulators.embedded.service_user import write_private

_FOREIGN_SETTINGS = ("STORESENSE_", "PG")
_QUERIES = load_queries("storesense_simulators", "chaos/chaos.sql")
_SMALL_OUTBOX_BYTES = 150_000
_LARGE_OUTBOX_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Device:
    """One agent's device.

    Attributes:
        store_id: its store; each gateway has one store.
        device_id: its id.
        outbox_max_bytes: what its outbox keeps.
    """

    store_id: str
    device_id: str
    outbox_max_bytes: int


def devices_of(run_id: str) -> tuple[Device, ...]:
    """Return the devices of a run: two in one store, of which one has a small disk, and one in another."""
    return (
        Device(f"chaos-{run_id}-a", "camera-1", _LARGE_OUTBOX_BYTES),
        Device(f"chaos-{run_id}-a", "shelf-1", _SMALL_OUTBOX_BYTES),
        Device(f"chaos-{run_id}-b", "camera-1", _LARGE_OUTBOX_BYTES),
    )


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """What a world is made of.

    Attributes:
        folder: where everything is kept.
        run_id: part of the stores' ids, so that runs on one database stay apart.
        broker: ``embedded`` or ``mosquitto``.
        database_url: somebody's database; None to run one.
        readings_per_s: what each agent measures.
        keeps: whether the database outlives us once ``leave_database`` was called.
    """

    folder: Path
    run_id: str
    broker: str = "embedded"
    database_url: str | None = None
    readings_per_s: int = 40
    keeps: bool = False


class World:
    """Everything that runs; an async context manager, which leaves nothing behind.

    Args:
        options: what it is made of.
    """

    def __init__(self, options: WorldOptions) -> None:
        self._options = options
        self.devices = devices_of(options.run_id)
        self.store_ids = sorted({device.store_id for device in self.devices})
        self.shape = Shape(len(self.devices), len(self.store_ids), owns_database=options.database_url is None)
        self.sent_dir = options.folder / "sent"
        self.done_dir = options.folder / "done"
        self.postgres = (
            None if options.database_url else EmbeddedPostgres(options.folder / "postgres", outlives_us=options.keeps)
        )
        self._accounts: list[Account] = [
            *(new_device_account(StoreId(each.store_id), DeviceId(each.device_id)) for each in self.devices),
            *(new_service_account(Role.GATEWAY, name=f"gateway-{no}") for no in range(self.shape.gateways)),
        ]
        broker_type = MosquittoBroker if options.broker == "mosquitto" else EmbeddedBroker
        self.broker = broker_type(options.folder / "broker", accounts=self._accounts)
        self.proxies: dict[tuple[Wire, int], FaultProxy] = {}
        self.edges: list[Child | None] = [None] * self.shape.edges
        self.gateways: list[Child] = []
        self.clock_offsets_s = [0.0] * self.shape.edges
        self._starts = [0] * self.shape.edges
        self._leaves_database = False
        self._stack = AsyncExitStack()

    @property
    def database_url(self) -> str:
        """The database's own address, past the proxies, with its password."""
        if self.postgres is not None:
            return self.postgres.url().get_secret_value()
        return self._options.database_url or ""

    @property
    def database_name(self) -> str:
        """What a reader may know of the database: never its password."""
        if self.postgres is not None:
            return "embedded PostgreSQL"
        known = conninfo_to_dict(self.database_url)
        return f"{known.get('host', 'local')}:{known.get('port', 5432)}/{known.get('dbname', '')}"

    async def __aenter__(self) -> Self:
        """Start everything.

        Raises:
            ServiceError: something does not start.
        """
        await self._stack.__aenter__()
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop everything."""
        await self._stack.aclose()

    async def _start(self) -> None:
        for folder in (self.sent_dir, self.done_dir):
            folder.mkdir(parents=True, exist_ok=True)
        if self.postgres is not None:
            await asyncio.to_thread(self.postgres.start)
            self._stack.push_async_callback(self._stop_postgres)
        await asyncio.to_thread(migrate, self.database_url)
        await asyncio.to_thread(self._add_stores)
        await self._stack.enter_async_context(self.broker)
        for no in range(self.shape.gateways):
            await self._proxy(Wire.GATEWAY_BROKER, no)
            await self._proxy(Wire.GATEWAY_DATABASE, no)
            self.gateways.append(self._gateway(no))
            await self._stack.enter_async_context(self.gateways[no])
        self._stack.push_async_callback(self._stop_edges)
        for no in range(self.shape.edges):
            await self._proxy(Wire.EDGE_BROKER, no)
            await self.start_part(Part.EDGE, no)

    def _add_stores(self) -> None:
        """Register the stores, as commands are asked for of registered ones alone."""
        with psycopg.connect(self.database_url) as connection:
            for store_id in self.store_ids:
                connection.execute(_QUERIES["add_store"], {"store_id": store_id})

    def leave_database(self) -> str:
        """Let the database run on after the end; returns how to reach and how to stop it."""
        if self.postgres is None:
            return f"The readings are in {self.database_name}, stores {', '.join(self.store_ids)}.\n"
        self._leaves_database = True
        address = self._options.folder / "database-url"
        write_private(address, self.database_url + "\n")
        pid = self.postgres.child.pid if self.postgres.child is not None else None
        return (
            f'The database runs on. Reach it with: psql "$(cat {address})"; end it with: kill -INT {pid}\n'
            f"What was sent is in {self._options.folder / 'sent.jsonl'}\n"
        )

    async def _stop_postgres(self) -> None:
        if self.postgres is not None and not self._leaves_database:
            await asyncio.to_thread(self.postgres.stop)

    async def _stop_edges(self) -> None:
        await asyncio.gather(*(asyncio.to_thread(edge.kill) for edge in self.edges if edge is not None))

    async def kill_part(self, part: Part, which: int) -> None:
        """``kill -9``, and wait until it is gone."""
        if part is Part.EDGE:
            edge = self.edges[which]
            if edge is not None:
                await asyncio.to_thread(edge.kill)
        elif part is Part.GATEWAY:
            await asyncio.to_thread(self.gateways[which].kill)
        elif part is Part.BROKER:
            await asyncio.to_thread(self.broker.kill)
        elif self.postgres is not None:
            await asyncio.to_thread(self.postgres.kill)

    async def start_part(self, part: Part, which: int) -> None:
        """Start it again. Raises ServiceError."""
        if part is Part.EDGE:
            edge = self._edge(which)
            self.edges[which] = edge
            await asyncio.to_thread(edge.start)
        elif part is Part.GATEWAY:
            await asyncio.to_thread(self.gateways[which].start)
        elif part is Part.BROKER:
            await asyncio.to_thread(self.broker.start)
        elif self.postgres is not None:
            await asyncio.to_thread(self.postgres.start)

    def tell_edge(self, which: int, wish: dict[str, object]) -> None:
        """Send an agent a line; see ``agent.py``."""
        edge = self.edges[which]
        if edge is not None and edge.is_running:
            edge.write_line(json.dumps(wish))

    def failures(self) -> list[str]:
        """Say which parts have ended by themselves."""
        parts = [self.broker, *self.gateways, *(edge for edge in self.edges if edge is not None)]
        failed = [part.failure() for part in parts]
        if self.postgres is not None:
            failed.append(self.postgres.failure())
        return [str(each) for each in failed if each is not None]

    def sent_files(self) -> Sequence[Path]:
        """Return the agents' files of sent messages, oldest start first."""
        return sorted(self.sent_dir.glob("*.jsonl"))

    def done_files(self) -> Sequence[Path]:
        """Return the agents' files of what they were told to do and did."""
        return sorted(self.done_dir.glob("*.txt"))

    @property
    def devices_with_room(self) -> Sequence[Device]:
        """Devices whose outbox does not overflow."""
        return [device for device in self.devices if device.outbox_max_bytes == _LARGE_OUTBOX_BYTES]

    async def _proxy(self, wire: Wire, no: int) -> None:
        def target() -> tuple[str, int]:
            if wire is not Wire.GATEWAY_DATABASE:
                return LOOPBACK, self.broker.port
            known = conninfo_to_dict(self.database_url)
            return str(known.get("host") or LOOPBACK), int(known.get("port") or 5432)

        proxy = FaultProxy(f"{wire.value}-{no}", target)
        self.proxies[wire, no] = await self._stack.enter_async_context(proxy)

    def _gateway(self, no: int) -> Child:
        port = str(self.proxies[Wire.GATEWAY_DATABASE, no].port)
        return self._child(
            f"gateway-{no}",
            ("storesense_contracts.cli", "gateway", "run"),
            {
                **self._broker_env(Wire.GATEWAY_BROKER, no, f"gateway-{no}"),
                "STORESENSE_DATABASE_URL": make_conninfo(self.database_url, host=LOOPBACK, port=port),
                "STORESENSE_GATEWAY_PARTITION_NO": str(no),
                "STORESENSE_GATEWAY_STORE_IDS": self.store_ids[no],
                "STORESENSE_GATEWAY_HTTP_PORT": "0",
            },
        )

    def _edge(self, no: int) -> Child:
        device = self.devices[no]
        self._starts[no] += 1
        user_name = topics.user_name(StoreId(device.store_id), DeviceId(device.device_id))
        order = AgentOrder(
            store_id=device.store_id,
            device_id=device.device_id,
            outbox=str(self._options.folder / "devices" / f"edge-{no}.outbox.db"),
            sent=str(self.sent_dir / f"edge-{no}-{self._starts[no]:05}.jsonl"),
            done=str(self.done_dir / f"edge-{no}-{self._starts[no]:05}.txt"),
            readings_per_s=self._options.readings_per_s,
            outbox_max_bytes=device.outbox_max_bytes,
            clock_offset_s=self.clock_offsets_s[no],
        )
        return self._child(
            f"edge-{no}",
            ("storesense_simulators.chaos.agent", msgspec.json.encode(order).decode()),
            self._broker_env(Wire.EDGE_BROKER, no, user_name),
            stdin_pipe=True,
        )

    def _broker_env(self, wire: Wire, no: int, user_name: str) -> dict[str, str]:
        return {
            "STORESENSE_BROKER_HOST": LOOPBACK,
            "STORESENSE_BROKER_PORT": str(self.proxies[wire, no].port),
            "STORESENSE_BROKER_USER_NAME": user_name,
            "STORESENSE_BROKER_PASSWORD": self.broker.password(user_name).get_secret_value(),
        }

    def _child(self, name: str, module: tuple[str, ...], env: dict[str, str], *, stdin_pipe: bool = False) -> Child:
        spec = ChildSpec(
            name=name,
            argv=(sys.executable, "-m", *module),
            log_path=self._options.folder / "logs" / f"{name}.log",
            env={**env, "PYTHONUNBUFFERED": "1"},
            drop_env_prefixes=_FOREIGN_SETTINGS,
            stdin_pipe=stdin_pipe,
        )
        return Child(spec)
