"""Watches: each rule of a store as it applies to one queue or slot, with the names and limits that it needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from storesense_contracts.layout import Slot, StoreLayout
from storesense_contracts.rules import AnyRule, LowStockRule, QueueTooLongRule

_SPARE_UNITS = 2
"""Units above the reorder point at which a slot counts as refilled: one put back by a shopper is no restock."""


@dataclass(frozen=True, slots=True)
class WatchBase:
    """What every watch has: whom it concerns and how long it hesitates."""

    store_id: str
    rule_id: str
    subject_id: str
    subject_name: str
    section_id: str
    section_name: str
    open_after_s: float
    resolve_after_s: float

    @property
    def key(self) -> tuple[str, str, str]:
        """The cause that at most one unresolved alert stands for: store, rule, subject."""
        return (self.store_id, self.rule_id, self.subject_id)


@dataclass(frozen=True, slots=True)
class QueueWatch(WatchBase):
    """A queue that must not stay long."""

    kind: Literal["queue_too_long"]
    open_at_length: int
    resolve_at_length: int


@dataclass(frozen=True, slots=True)
class StockWatch(WatchBase):
    """A slot that must not run low."""

    kind: Literal["low_stock"]
    sku: str
    product_name: str
    capacity_units: int
    reorder_point_units: int
    min_confidence: float
    minimum_units: int = 0

    @property
    def refilled_at_units(self) -> int:
        """The units from which on the slot counts as refilled."""
        return min(self.capacity_units, self.reorder_point_units + _SPARE_UNITS)


@dataclass(frozen=True, slots=True)
class DeviceWatch(WatchBase):
    """A registered device that must lose nothing; every store has this watch without a rule of its own."""

    kind: Literal["data_lost"]


Watch = QueueWatch | StockWatch | DeviceWatch

DATA_LOST_RULE_ID = "data-lost"


def watches_of(layout: StoreLayout, rules: Iterable[AnyRule], device_ids: Iterable[str] = ()) -> list[Watch]:
    """Apply rules to the queues and slots that they name, or to all where they name none, and watch all devices.

    A name that the layout does not have (any more) yields no watch.
    """
    sections = {section.id: section.name for section in layout.sections}
    # A device has no section; its store's first one stands for the store.
    first = layout.sections[0]
    watches: list[Watch] = [
        DeviceWatch(
            store_id=layout.id,
            rule_id=DATA_LOST_RULE_ID,
            subject_id=device_id,
            subject_name=device_id,
            section_id=first.id,
            section_name=first.name,
            open_after_s=0.0,
            resolve_after_s=60.0,
            kind="data_lost",
        )
        for device_id in device_ids
    ]
    for rule in rules:
        if isinstance(rule, QueueTooLongRule):
            watches += [
                QueueWatch(
                    store_id=layout.id,
                    rule_id=rule.id,
                    subject_id=queue.id,
                    subject_name=queue.name,
                    section_id=queue.section,
                    section_name=sections[queue.section],
                    open_after_s=rule.open_after_s,
                    resolve_after_s=rule.resolve_after_s,
                    kind="queue_too_long",
                    open_at_length=rule.open_at_length,
                    resolve_at_length=rule.resolve_at_length,
                )
                for queue in layout.queues
                if rule.queues is None or queue.id in rule.queues
            ]
        elif isinstance(rule, LowStockRule):
            watches += [
                _stock_watch(layout, rule, slot, sections[slot.section])
                for slot in layout.slots
                if rule.slots is None or slot.id in rule.slots
            ]
    return watches


def _stock_watch(layout: StoreLayout, rule: LowStockRule, slot: Slot, section_name: str) -> StockWatch:
    return StockWatch(
        store_id=layout.id,
        rule_id=rule.id,
        subject_id=slot.id,
        subject_name=slot.name,
        section_id=slot.section,
        section_name=section_name,
        open_after_s=rule.open_after_s,
        resolve_after_s=rule.resolve_after_s,
        kind="low_stock",
        sku=slot.product.sku,
        product_name=slot.product.name,
        capacity_units=slot.capacity_units,
        reorder_point_units=slot.reorder_point_units,
        min_confidence=rule.min_confidence,
        minimum_units=slot.minimum_units,
    )
