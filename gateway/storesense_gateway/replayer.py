"""Replays the dead letters that were asked for over the API, beside the gateway's own work."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from storesense_contracts.clock import Clock
from storesense_gateway.decoding import Limits
from storesense_gateway.port import StoreUnavailableError
from storesense_gateway.replay_store import ReplayStore

_LOG = logging.getLogger(__name__)


class Replayer:
    """Looks for requests now and then, on a thread and a connection of its own.

    Args:
        store: used by that thread alone.
        limits: what of a reading's time is believed.
        clock: the present.
        every_s: seconds between two looks.
    """

    def __init__(self, store: ReplayStore, limits: Limits, *, clock: Clock, every_s: float = 5.0) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock
        self._every_s = every_s
        self._stopping = threading.Event()

    @contextmanager
    def running(self) -> Iterator["Replayer"]:
        """Run within the ``with`` block; leaving it waits for the replay in hand."""
        thread = threading.Thread(target=self._run, name="gateway-replayer", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self.look()
            except StoreUnavailableError as exc:
                _LOG.debug("no dead letter can be replayed now: %s", exc)
            except Exception:  # noqa: BLE001 -- the supervisor of this thread: the gateway stores readings without it
                _LOG.exception("a replay failed on an error that it does not know; it is tried again")
        self._store.close()

    def look(self) -> int:
        """Replay what was asked for; return how many dead letters were. Raises StoreUnavailableError."""
        replays = self._store.replay_requested(self._limits, self._clock.now())
        for each in replays:
            _LOG.info("dead letter %s: %s, %s", each.dead_letter_id, each.status, each.reason)
        return len(replays)
