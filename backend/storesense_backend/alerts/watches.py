"""Watches: each rule of a store as it applies to one subject, with the names and limits that it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from storesense_backend.alerts.values import CauseKey, Json, SubjectKey
from storesense_backend.depletion.shelves import further_slots
from storesense_contracts.layout import Slot, StoreLayout
from storesense_contracts.rules import AnyRule

if TYPE_CHECKING:
    from storesense_backend.alerts.kinds.base import Kind

Served = Mapping[tuple[str, str], frozenset[str]]
"""By (stream, subject id), the devices that ever measured it."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One rule at one subject.

    Attributes:
        kind: how its observations are judged.
        rule: the rule itself.
        observed: whose observations concern it.
        open_at: the value at which it opens; at or above, or at or below where the kind falls.
        resolve_at: the value at which it resolves.
        critical_at: a value that makes it critical, if there is one.
        zone: the store's clock, for the rule's schedule.
        facts: names and numbers that its alerts tell beside what was observed.
        names: of the products that share the subject's plate, by their skus.
        devices: those that measure the subject; where all are offline, nothing can be said of it.
        key: the cause that at most one unresolved alert stands for: store, rule, subject.
    """

    kind: "Kind" = field(repr=False)
    rule: AnyRule = field(repr=False)
    store_id: str
    subject_id: str
    subject_name: str
    section_id: str
    section_name: str
    observed: SubjectKey
    open_at: float = 0.0
    resolve_at: float = 0.0
    critical_at: float | None = None
    zone: ZoneInfo | None = None
    facts: Json = field(default_factory=dict, repr=False)
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    devices: frozenset[str] = frozenset()
    key: CauseKey = field(init=False)

    @property
    def rule_id(self) -> str:
        """The rule's id."""
        return self.rule.id

    def __post_init__(self) -> None:
        """Put the key together once, since it is asked for with each reading."""
        object.__setattr__(self, "key", (self.store_id, self.rule.id, self.subject_id))

    def holds_at(self, at: datetime) -> bool:
        """Tell whether the rule's schedule has it at an instant."""
        return not self.rule.schedule or self.zone is None or self.rule.holds_at(at.astimezone(self.zone))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule can be about: a queue, a zone, a slot, a device, ...

    Attributes:
        id: by which alerts name it.
        name: as people call it.
        section_id: where it is.
        facts: names and numbers that alerts tell of it.
        names: of the products that share a slot's plate, by their skus.
        plate: the slot on whose plate it lies; None for what is no further product of a plate.
    """

    id: str
    name: str
    section_id: str
    facts: Json = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    plate: str | None = None

    @property
    def measured_as(self) -> str:
        """The id by which devices measure it."""
        return self.plate or self.id


class Store:
    """A store's subjects by family, for making watches of its rules.

    Args:
        layout: of the store.
        device_ids: the registered devices.
        served_by: which devices measure what.
    """

    def __init__(self, layout: StoreLayout, device_ids: tuple[str, ...] = (), served_by: Served | None = None) -> None:
        self.layout = layout
        self.device_ids = device_ids
        self.served_by = served_by or {}
        self.sections = {section.id: section.name for section in layout.sections}
        self.zone = layout.zone_info
        # What has no section of its own belongs to the store's first one, which stands for the store.
        self._first = layout.sections[0].id

    def subjects(self, family: str) -> list[Subject]:
        """Return all subjects of a family that is made of the layout or the devices."""
        layout, first = self.layout, self._first
        match family:
            case "queue":
                return [Subject(queue.id, queue.name, queue.section) for queue in layout.queues]
            case "zone":
                return [Subject(zone.id, zone.name, first) for zone in layout.customer_zones]
            case "slot":
                return [_slot(slot) for slot in layout.slots]
            case "further product":
                return [_slot(each, plate=slot.id) for slot in layout.slots for each in further_slots(slot)]
            case "sensor":
                return [Subject(sensor.id, sensor.name, first) for sensor in layout.environment_sensors]
            case "device":
                return [Subject(device_id, device_id, first) for device_id in self.device_ids]
            case _:
                return [Subject(layout.id, layout.name, first)]


def _slot(slot: Slot, plate: str | None = None) -> Subject:
    facts: Json = {
        "sku": slot.product.sku,
        "product_name": slot.product.name,
        "capacity_units": slot.capacity_units,
        "reorder_point_units": slot.reorder_point_units,
        "minimum_units": slot.minimum_units,
    }
    names = {each.sku: each.name for each in slot.also}
    return Subject(slot.id, slot.name, slot.section, facts, names, plate)
