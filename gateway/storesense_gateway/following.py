"""Follows what others write into the database for the gateway to pass on, on a thread and a connection of its own.

A notice says that it is time to look. Without one it looks every so often, for poolers that pass no notice on and for
what no notice tells; and after each new connection to the broker.
"""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, Self

import psycopg
from psycopg import sql

_LOG = logging.getLogger(__name__)

_LISTEN_S = 0.5
_RETRY_S = 5.0


class BrokerLink(Protocol):
    """What a follower asks of the broker's connection."""

    @property
    def connection_no(self) -> int:
        """Which connection it is, 0 while there is none."""
        ...


class Follower(ABC):
    """Looks into the database again and again.

    Args:
        conninfo: the database.
        link: the connection to the broker.
        store_ids: the stores; none for all.
    """

    what: str
    """What it passes on, for the log."""
    channels: tuple[str, ...]
    """The notices that say when to look."""
    look_s = 5.0
    """Seconds between two looks without a notice."""

    def __init__(self, conninfo: str, link: BrokerLink, *, store_ids: Sequence[str] = ()) -> None:
        self._conninfo = conninfo
        self._broker = link
        self._store_ids = list(store_ids)
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
    def look(self, connection: psycopg.Connection) -> int:
        """Pass on what is due; return how much was.

        Raises:
            psycopg.Error: the database does not answer.
        """

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
        for channel in self.channels:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        looked_s, looked_on = float("-inf"), 0
        while not self._stopping.is_set():
            now_s, connection_no = time.monotonic(), self._broker.connection_no
            if now_s - looked_s >= self.look_s or connection_no != looked_on:
                self.look(connection)
                looked_s, looked_on = now_s, connection_no
            if any(True for _ in connection.notifies(timeout=_LISTEN_S, stop_after=1)):
                looked_s = float("-inf")
