"""Who judges which store: leases in the database, shared evenly by the engines that live."""

import json
import secrets
from collections.abc import Iterable
from datetime import timedelta

from storesense_backend.database import Connection
from storesense_contracts.errors import StoresenseError
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/leases.sql")

PARTITION_BITS = 40
"""Batch numbers of partition p begin at p * 2^40."""

Cursors = dict[int, int]
"""By partition, the newest batch that was judged."""


class LeaseLostError(StoresenseError):
    """Another engine judges these stores now; what this one decided is not written."""

    code = "lease_lost"

    def __init__(self, *, store_ids: frozenset[str]) -> None:
        self.store_ids = store_ids
        shown = ", ".join(sorted(store_ids)[:5])
        super().__init__(f"the lease of {len(store_ids)} stores was lost to another engine: {shown}")


class Leases:
    """The leases of one engine.

    Args:
        lasts_s: how long a lease lasts without being renewed, in seconds of the database's clock.
    """

    def __init__(self, lasts_s: float) -> None:
        self.holder = secrets.token_hex(8)
        self._lasts = timedelta(seconds=lasts_s)
        self._epochs: dict[str, int] = {}
        self._cursors: dict[str, Cursors] = {}

    @property
    def store_ids(self) -> list[str]:
        """The stores that this engine judges."""
        return sorted(self._epochs)

    def cursors_of(self, store_id: str) -> Cursors:
        """Return how far a store is judged; empty if it never was."""
        return self._cursors[store_id]

    def advance(self, store_id: str, partition_no: int, batch_no: int) -> None:
        """Note that a store is judged up to a batch, after that was written or where there was nothing to write."""
        self._cursors[store_id][partition_no] = batch_no

    def drop(self, store_ids: Iterable[str]) -> None:
        """Forget leases that were lost."""
        for store_id in store_ids:
            self._epochs.pop(store_id, None)
            self._cursors.pop(store_id, None)

    async def tend(self, connection: Connection) -> tuple[list[str], list[str]]:
        """Renew what is held, give back what is more than a fair share, take what is free; return (taken, lost)."""
        named = {"holder": self.holder, "lasts": self._lasts}
        await connection.execute(_SQL["appear"], named)
        kept = await self._renew(connection)
        lost = [store_id for store_id in self._epochs if store_id not in kept]
        self.drop(lost)
        row = await (await connection.execute(_SQL["shares"], named | {"held": self.store_ids})).fetchone()
        assert row is not None  # noqa: S101 -- counts are always one row
        share = -(-row["stores"] // max(1, row["engines"]))
        if len(self._epochs) > share:
            spare = self.store_ids[share:]
            await connection.execute(_SQL["release"], named | {"store_ids": spare})
            self.drop(spare)
            return [], [*lost, *spare]
        taken: list[str] = []
        if row["free"] and len(self._epochs) < share:
            values = named | {"most": share - len(self._epochs), "held": self.store_ids}
            for lease in await (await connection.execute(_SQL["take"], values)).fetchall():
                taken.append(lease["store_id"])
                self._epochs[lease["store_id"]] = lease["epoch"]
                self._cursors[lease["store_id"]] = {int(no): at for no, at in lease["cursors"].items()}
        await connection.execute(_SQL["note_follower"])
        return taken, lost

    async def _renew(self, connection: Connection) -> set[str]:
        if not self._epochs:
            return set()
        values = self._columns(self.store_ids) | {"lasts": self._lasts}
        return {row["store_id"] for row in await (await connection.execute(_SQL["renew"], values)).fetchall()}

    def _columns(self, store_ids: list[str], ahead: dict[str, Cursors] | None = None) -> dict[str, object]:
        cursors = [self._cursors[store_id] | (ahead or {}).get(store_id, {}) for store_id in store_ids]
        return {
            "holder": self.holder,
            "store_ids": store_ids,
            "epochs": [self._epochs[store_id] for store_id in store_ids],
            "cursors": [json.dumps(each) for each in cursors],
        }

    async def save(self, connection: Connection, store_ids: Iterable[str], ahead: dict[str, Cursors]) -> None:
        """Write how far stores are judged, within the transaction that writes what was decided of them.

        Raises:
            LeaseLostError: another engine has one of them.
        """
        wanted = sorted(store_ids)
        if not wanted:
            return
        cursor = await connection.execute(_SQL["save_cursors"], self._columns(wanted, ahead))
        kept = {row["store_id"] for row in await cursor.fetchall()}
        if len(kept) < len(wanted):
            raise LeaseLostError(store_ids=frozenset(wanted) - kept)

    async def leave(self, connection: Connection) -> None:
        """Give all back, so that others need not wait."""
        await connection.execute(_SQL["release"], {"holder": self.holder, "store_ids": self.store_ids})
        await connection.execute(_SQL["leave"], {"holder": self.holder})
        self.drop(self.store_ids)


async def heads(connection: Connection) -> Cursors:
    """Return the newest batch of each partition."""
    return {row["partition_no"]: row["head"] for row in await (await connection.execute(_SQL["heads"])).fetchall()}
