"""Tells devices what stands in their slots: one retained message a device, whenever a planogram or a device is new.

The backend and its command write planograms into the database and say so there; the gateway is who has both the
database and the broker. What is told is a whole each time and retained, so that nothing needs to be remembered: after a
restart, and after each new connection, everything is told once more, and a device that knows it already is not
disturbed.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import psycopg

from storesense_contracts.device_config import (
    MAX_PRODUCTS,
    MAX_SLOTS,
    ConfigProduct,
    ConfigSlot,
    DeviceConfig,
    encode_config,
)
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.sql import load_queries

_LOG = logging.getLogger(__name__)
_SQL = load_queries("storesense_gateway", "planograms.sql")

_CHANNEL = "storesense_registry"
_LISTEN_S = 0.5
_LOOK_S = 5.0
_RETRY_S = 5.0


class ConfigLink(Protocol):
    """What the publisher asks of the broker."""

    @property
    def connection_no(self) -> int:
        """Which connection it is, 0 while there is none."""
        ...

    def tell_config(self, store_id: StoreId, device_id: DeviceId, payload: bytes) -> bool:
        """Publish a device's configuration, retained; return whether it was taken."""
        ...


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """What stands in a slot."""

    slot_id: str
    product: ConfigProduct
    capacity_units: int


@dataclass(frozen=True, slots=True)
class Head:
    """What decides whether a store's devices have to be told anew."""

    version: int
    series: int


def configs_of(
    version: int, slots: Sequence[PlannedSlot], devices: Mapping[str, Sequence[str]]
) -> dict[str, DeviceConfig]:
    """Make each device's configuration: its own slots, and the store's other products.

    Args:
        version: of the planogram.
        slots: what stands in every slot of the store.
        devices: the slots that each device weighs; those that the planogram does not know are left out.
    """
    by_id = {slot.slot_id: slot for slot in slots}
    products: dict[str, ConfigProduct] = {}
    for slot in slots:
        products.setdefault(slot.product.sku, slot.product)
    configs = {}
    for device_id, slot_ids in devices.items():
        own = [by_id[slot_id] for slot_id in slot_ids if slot_id in by_id][:MAX_SLOTS]
        skus = {slot.product.sku for slot in own}
        others = [product for sku, product in products.items() if sku not in skus]
        configs[device_id] = DeviceConfig(
            planogram_version=version,
            slots=tuple(
                ConfigSlot(slot_id=slot.slot_id, product=slot.product, capacity_units=slot.capacity_units)
                for slot in own
            ),
            products=tuple(others[:MAX_PRODUCTS]),
        )
    return configs


class PlanogramTeller:
    """Follows the planograms of some stores, on a thread and a database connection of its own.

    Args:
        conninfo: the database.
        link: the connection to the broker.
        store_ids: the stores; none for all.
    """

    def __init__(self, conninfo: str, link: ConfigLink, *, store_ids: Sequence[str] = ()) -> None:
        self._conninfo = conninfo
        self._link = link
        self._store_ids = list(store_ids)
        self._told: dict[str, Head] = {}
        self._told_on = 0
        self._stopping = threading.Event()

    @contextmanager
    def running(self) -> Iterator["PlanogramTeller"]:
        """Run within the ``with`` block."""
        thread = threading.Thread(target=self._run, name="gateway-planograms", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            thread.join()

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
        rows = connection.execute(_SQL["heads"], {"store_ids": self._store_ids}).fetchall()
        heads = {store_id: Head(version, series) for store_id, version, series in rows}
        told = 0
        for store_id, head in heads.items():
            if self._told.get(store_id) == head:
                continue
            configs = self._configs(connection, store_id, head.version)
            sent = [
                self._link.tell_config(StoreId(store_id), DeviceId(device_id), encode_config(config))
                for device_id, config in configs.items()
            ]
            told += sum(sent)
            if all(sent):
                self._told[store_id] = head
                _LOG.info("%s: planogram %s told to %s devices", store_id, head.version, len(sent))
        return told

    def _configs(self, connection: psycopg.Connection, store_id: str, version: int) -> dict[str, DeviceConfig]:
        rows = connection.execute(_SQL["slots"], {"store_id": store_id, "version": version}).fetchall()
        slots = [
            PlannedSlot(
                slot_id,
                ConfigProduct(sku=sku, unit_weight_g=weight_g, unit_weight_tolerance_g=tolerance_g),
                capacity_units,
            )
            for slot_id, sku, weight_g, tolerance_g, capacity_units in rows
        ]
        return configs_of(version, slots, dict(connection.execute(_SQL["devices"], {"store_id": store_id}).fetchall()))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5) as connection:
                    self._follow(connection)
            except psycopg.Error as exc:
                _LOG.debug("planograms cannot be told now: %s", exc)
            except Exception:  # noqa: BLE001 -- the supervisor of this thread: the gateway stores readings without it
                _LOG.exception("telling planograms failed on an error that it does not know; it is tried again")
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
