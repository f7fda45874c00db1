"""The layouts and rules of the stores that an engine judges, as they are registered, and what they make it watch."""

import logging
from collections.abc import Sequence

from storesense_backend.alerts import ledger
from storesense_backend.alerts.assessors.protocol import StoreView
from storesense_backend.alerts.engine import Engine
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.alerts.watches import Store
from storesense_backend.database import Connection
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)


class WatchedStores:
    """Reads stores from the registry and has the engine watch them.

    Args:
        engine: what watches.
        clock: the present.
        metrics: where to count.
    """

    def __init__(self, engine: Engine, *, clock: Clock, metrics: AlertMetrics) -> None:
        self._engine = engine
        self._clock = clock
        self._metrics = metrics
        self._views: dict[str, StoreView] = {}
        self._marks: dict[str, tuple[object, ...]] = {}
        self._unreadable: set[str] = set()

    @property
    def views(self) -> list[StoreView]:
        """The stores as they were last read."""
        return list(self._views.values())

    @property
    def unreadable(self) -> list[str]:
        """Stores whose layout or rules could not be read, in order; what was known of them before is watched."""
        return sorted(self._unreadable)

    def drop(self, store_id: str) -> None:
        """Watch a store no more."""
        self._engine.drop_store(store_id)
        self._views.pop(store_id, None)
        self._marks.pop(store_id, None)
        self._unreadable.discard(store_id)

    async def read(
        self, connection: Connection, store_ids: list[str], marks: dict[str, tuple[object, ...]] | None = None
    ) -> None:
        """Read stores and watch what they say; ``marks`` tell how the registry stands, if that is known already."""
        known = await ledger.registry_marks(connection) if marks is None else marks
        for store_id, view in (await ledger.read_stores(connection, store_ids)).items():
            if isinstance(view, str):
                self._unreadable.add(store_id)
                _LOG.error("store %s: its layout or rules cannot be read, the former stay: %s", store_id, view)
            else:
                self._unreadable.discard(store_id)
                self._views[store_id] = view
                self._engine.watch_store(Store(view.layout, view.device_ids, view.served_by), view.rules)
            self._marks[store_id] = known.get(store_id, ())
        self._metrics.watches.set(self._engine.watch_count)

    async def read_changed(self, connection: Connection, held: Sequence[str]) -> list[str]:
        """Read those of the held stores that were registered anew; returns those that are registered no more."""
        marks = await ledger.registry_marks(connection)
        changed = [store_id for store_id in held if store_id in marks and self._marks.get(store_id) != marks[store_id]]
        if changed:
            await self.read(connection, changed, marks)
        return [store_id for store_id in held if store_id not in marks]

    async def withdraw(self, connection: Connection) -> None:
        """Withdraw the alerts of what is watched no more."""
        unwatched = [key for key in self._engine.unwatched() if key[0] not in self._unreadable]
        if unwatched:
            async with connection.transaction():
                count = await ledger.withdraw(connection, unwatched, self._clock.now())
            self._engine.forget(unwatched)
            self._metrics.changes.labels(kind="any", change="withdrawn").inc(count)
