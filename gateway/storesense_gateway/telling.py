"""Tells devices what they shall go by: one retained message a device, whenever that or a device is new.

The backend and its command write into the database and say so there; the gateway is who has both the database and the
broker. What is told is a whole each time and retained, so that nothing needs to be remembered: after a restart, and
after each new connection, everything is told once more, and a device that knows it already is not disturbed.
"""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, Self

import psycopg

from storesense_contracts.device_config import DeviceConfig, encode_config
from storesense_contracts.ids import DeviceId, StoreId

_LOG = logging.getLogger(__name__)

_CHANNEL = "storesense_registry"
_LISTEN_S = 0.5
_LOOK_S = 5.0
_RETRY_S = 5.0


class ConfigLink(Protocol):
    """What a teller asks of the broker."""

    @property
    def connection_no(self) -> int:
        """Which connection it is, 0 while there is none."""
        ...

    def tell_config(self, store_id: StoreId, device_id: DeviceId, payload: bytes) -> bool:
        """Publish a device's configuration, retained; return whether it was taken."""
        ...


class ConfigTeller(ABC):
    """Follows what devices of some stores are to be told, on a thread and a database connection of its own.

    Args:
        conninfo: the database.
        link: the connection to the broker.
        store_ids: the stores; none for all.
    """

    what: str
    """What it tells, for the log."""

    def __init__(self, conninfo: str, link: ConfigLink, *, store_ids: Sequence[str] = ()) -> None:
        self._conninfo = conninfo
        self._link = link
        self._store_ids = list(store_ids)
        self._told: dict[str, Hashable] = {}
        self._told_on = 0
        self._stopping = threading.Event()

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run within the ``with`` block."""
        thread = threading.Thread(target=self._run, name=f"gateway-{self.what}", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            thread.join()

    @abstractmethod
    def heads(self, connection: psycopg.Connection, store_ids: list[str]) -> Mapping[str, Hashable]:
        """Return of each store what decides whether its devices have to be told anew."""

    @abstractmethod
    def configs(self, connection: psycopg.Connection, store_id: str, head: Hashable) -> Mapping[str, DeviceConfig]:
        """Return what each device of a store is to be told."""

    def look(self, connection: psycopg.Connection) -> int:
        """Tell what has not been told on this connection to the broker; return how many devices were.

        Raises:
            psycopg.Error: the database does not answer; what was told stays told.
        """
        connection_no = self._link.connection_no
        if connection_no == 0:
            return 0
        if connection_no != self._told_on:
            self._told, self._told_on = {}, connection_no
        told = 0
        for store_id, head in self.heads(connection, self._store_ids).items():
            if self._told.get(store_id) == head:
                continue
            sent = [
                self._link.tell_config(StoreId(store_id), DeviceId(device_id), encode_config(config))
                for device_id, config in self.configs(connection, store_id, head).items()
            ]
            told += sum(sent)
            if all(sent):
                self._told[store_id] = head
                _LOG.info("%s: %s (%s) told to %s devices", store_id, self.what, head, len(sent))
        return told

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5) as connection:
                    self._follow(connection)
            except psycopg.Error as exc:
                _LOG.debug("%s cannot be told now: %s", self.what, exc)
            except Exception:  # noqa: BLE001 -- the supervisor of this thread: the gateway stores readings without it
                _LOG.exception("telling %s failed on an error that it does not know; it is tried again", self.what)
            self._stopping.wait(_RETRY_S)

    def _follow(self, connection: psycopg.Connection) -> None:
        connection.execute(f"LISTEN {_CHANNEL}")
        looked_s, looked_on = float("-inf"), 0
        while not self._stopping.is_set():
            now_s, connection_no = time.monotonic(), self._link.connection_no
            # Devices that are heard of for the first time, and connection poolers that pass no notice on.
            if now_s - looked_s >= _LOOK_S or connection_no != looked_on:
                self.look(connection)
                looked_s, looked_on = now_s, connection_no
            if any(True for _ in connection.notifies(timeout=_LISTEN_S, stop_after=1)):
                looked_s = float("-inf")
