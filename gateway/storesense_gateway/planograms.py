"""What devices that weigh slots are told of their store's planogram."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from storesense_contracts.device_config import (
    MAX_PRODUCTS,
    MAX_SLOTS,
    ConfigCount,
    ConfigProduct,
    ConfigShared,
    ConfigSlot,
    DeviceConfig,
)
from storesense_contracts.sql import load_queries
from storesense_gateway.telling import ConfigTeller

_SQL = load_queries("storesense_gateway", "planograms.sql")


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """What stands in a slot."""

    slot_id: str
    product: ConfigProduct
    capacity_units: int
    also: tuple[ConfigShared, ...] = ()
    count: ConfigCount | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What decides whether a store's devices have to be told anew."""

    version: int
    drawing: int
    series: int
    count: int


def configs_of(
    version: int,
    slots: Sequence[PlannedSlot],
    devices: Mapping[str, Sequence[str]],
    drawn: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, DeviceConfig]:
    """Make each device's configuration: its own slots, and the store's other products.

    Args:
        version: of the planogram.
        slots: what stands in every slot of the store.
        devices: the slots that each device weighs; those that the planogram does not know are left out.
        drawn: of these, the slots that were drawn for it.
    """
    by_id = {slot.slot_id: slot for slot in slots}
    products: dict[str, ConfigProduct] = {}
    for slot in slots:
        for product in (slot.product, *map(_alone, slot.also)):
            products.setdefault(product.sku, product)
    configs = {}
    for device_id, slot_ids in devices.items():
        own = [by_id[slot_id] for slot_id in slot_ids if slot_id in by_id][:MAX_SLOTS]
        skus = {product.sku for slot in own for product in (slot.product, *slot.also)}
        others = [product for sku, product in products.items() if sku not in skus]
        configs[device_id] = DeviceConfig(
            planogram_version=version,
            slots=tuple(
                ConfigSlot(
                    slot_id=slot.slot_id,
                    product=slot.product,
                    capacity_units=slot.capacity_units,
                    also=slot.also,
                    count=slot.count,
                )
                for slot in own
            ),
            products=tuple(others[:MAX_PRODUCTS]),
            drawn=tuple((drawn or {}).get(device_id, ()))[:MAX_SLOTS],
        )
    return configs


def _alone(product: ConfigShared) -> ConfigProduct:
    return ConfigProduct(
        sku=product.sku,
        unit_weight_g=product.unit_weight_g,
        unit_weight_tolerance_g=product.unit_weight_tolerance_g,
    )


class PlanogramTeller(ConfigTeller):
    """Tells each device that weighs slots what stands in them."""

    what = "planograms"

    def heads(self, connection: psycopg.Connection, store_ids: list[str]) -> Mapping[str, Hashable]:
        """Return each store's versions of planogram and drawing, how many slots are weighed, and the newest count."""
        rows = connection.execute(_SQL["heads"], {"store_ids": store_ids}).fetchall()
        return {store_id: Head(*head) for store_id, *head in rows}

    def configs(self, connection: psycopg.Connection, store_id: str, head: Hashable) -> Mapping[str, DeviceConfig]:
        """Return what each device of a store is to be told."""
        assert isinstance(head, Head)  # noqa: S101 -- made by `heads`
        rows = connection.execute(_SQL["slots"], {"store_id": store_id, "version": head.version}).fetchall()
        also: dict[str, list[ConfigShared]] = {}
        shared = connection.execute(_SQL["shared"], {"store_id": store_id, "version": head.version})
        for slot_id, sku, weight_g, tolerance_g, capacity_units in shared:
            product = ConfigShared(
                sku=sku, unit_weight_g=weight_g, unit_weight_tolerance_g=tolerance_g, capacity_units=capacity_units
            )
            also.setdefault(slot_id, []).append(product)
        counts = {
            slot_id: ConfigCount(count_no=count_no, counted_at=counted_at, units=tuple(units))
            for slot_id, count_no, counted_at, units in connection.execute(_SQL["counts"], {"store_id": store_id})
        }
        slots = [
            PlannedSlot(
                slot_id,
                ConfigProduct(sku=sku, unit_weight_g=weight_g, unit_weight_tolerance_g=tolerance_g),
                capacity_units,
                tuple(also.get(slot_id, ())),
                counts.get(slot_id),
            )
            for slot_id, sku, weight_g, tolerance_g, capacity_units in rows
        ]
        known = connection.execute(_SQL["devices"], {"store_id": store_id}).fetchall()
        devices = {device_id: slot_ids for device_id, slot_ids, _ in known}
        return configs_of(head.version, slots, devices, {device_id: drawn for device_id, _, drawn in known})
