"""The links of a simulated store's devices: each signs in as itself, with an outbox of its own, as a real one does."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from storesense_contracts.clock import Clock
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.readings import HealthReading
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.topics import user_name
from storesense_edge.link import DeviceLink, LinkStats
from storesense_edge.settings import LinkSettings
from storesense_simulators.twin.device_commands import SimulatedCommands
from storesense_simulators.twin.emitted import Emitted
from storesense_simulators.twin.errors import TwinError
from storesense_simulators.twin.live_config import LiveConfig


class MissingPasswordError(TwinError):
    """A simulated device has no password to sign in to the broker with."""

    code = "missing_password"

    def __init__(self, *, device: str) -> None:
        self.device = device
        super().__init__(
            f"the credentials file has no password for {device!r}; "
            "make one with: storesense broker setup, or add it to the file"
        )


class DeviceLinks:
    """All devices of one store; an async context manager.

    Args:
        store_id: the store.
        device_ids: its devices that are simulated.
        state_dir: folder of the outboxes.
        broker: the broker's address; user name and password come from ``passwords``.
        passwords: by user name, ``store/device``.
        clock: tells the time.
        settings: how the devices batch and send.
        config: takes what the gateway tells the devices, None if nobody follows it.

    Raises:
        MissingPasswordError: for one of them.
    """

    def __init__(
        self,
        store_id: str,
        device_ids: Iterable[str],
        *,
        state_dir: Path,
        broker: BrokerSettings,
        passwords: Mapping[str, SecretStr],
        clock: Clock,
        settings: LinkSettings | None = None,
        config: LiveConfig | None = None,
    ) -> None:
        self._links: dict[str, DeviceLink] = {}
        self._commands: dict[str, SimulatedCommands] = {}
        self._stack = AsyncExitStack()
        for device_id in device_ids:
            name = user_name(StoreId(store_id), DeviceId(device_id))
            if name not in passwords:
                raise MissingPasswordError(device=name)
            signed = {"user_name": name, "password": passwords[name], "password_file": None}
            self._links[device_id] = DeviceLink(
                store_id=StoreId(store_id),
                device_id=DeviceId(device_id),
                broker=broker.model_copy(update=signed),
                outbox_path=state_dir / store_id / device_id / "outbox.sqlite",
                clock=clock,
                settings=settings or LinkSettings(),
                on_config=None if config is None else config.listener(device_id),
            )
            self._commands[device_id] = SimulatedCommands(self._links[device_id], clock)

    async def __aenter__(self) -> Self:
        """Open every outbox and begin to connect. Raises as ``DeviceLink`` does."""
        async with AsyncExitStack() as stack:
            for link in self._links.values():
                await stack.enter_async_context(link)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            for device_id, commands in self._commands.items():
                task = group.create_task(commands.run(), name=f"commands {device_id}")
                stack.callback(task.cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put everything on disk and leave the broker."""
        await self._stack.__aexit__(exc_type, exc, traceback)

    def record(self, emitted: Emitted) -> None:
        """Take a reading; one about a device is told how full its outbox is and which commands it understands."""
        link, reading = self._links[emitted.device_id], emitted.reading
        if isinstance(reading, HealthReading):
            reading = self._commands[emitted.device_id].told(reading)
        link.record(emitted.stream, reading)

    async def drained(self, timeout_s: float) -> bool:
        """Wait until the database has everything; False if that takes longer."""
        return all(await asyncio.gather(*(link.drained(timeout_s) for link in self._links.values())))

    @property
    def stats(self) -> list[LinkStats]:
        """How each link is doing."""
        return [link.stats for link in self._links.values()]
