"""All kinds by name; a new kind is a rule in the contracts and a line here."""

from collections.abc import Iterable

from storesense_backend.alerts.kinds import queues, sensors, stock
from storesense_backend.alerts.kinds.base import Kind
from storesense_backend.alerts.kinds.sensors import FoundKind
from storesense_backend.alerts.watches import Store, Watch
from storesense_contracts.rule_checks import subject_ids
from storesense_contracts.rules import (
    AnyRule,
    BlindRule,
    DataLostRule,
    DeviceFrozenRule,
    DeviceMovedRule,
    DeviceOfflineRule,
    StoreOfflineRule,
)

KINDS: dict[str, Kind] = {
    kind.name: kind for module in (queues, stock, sensors) for kind in vars(module).values() if isinstance(kind, Kind)
}

PULSES = [name for name, kind in KINDS.items() if kind.is_pulse]
"""Kinds that judge moments: such a cause is over when it did not come again for a while."""

IMPLIED: tuple[AnyRule, ...] = (
    DataLostRule(kind="data_lost", id="data-lost"),
    DeviceOfflineRule(kind="device_offline", id="device-offline"),
    StoreOfflineRule(kind="store_offline", id="store-offline"),
    DeviceFrozenRule(kind="device_frozen", id="device-frozen"),
    DeviceMovedRule(kind="device_moved", id="device-moved"),
    BlindRule(kind="blind", id="blind"),
)
"""Rules that every store has, unless it has one of the same kind, enabled or not: a dead sensor is never hidden."""

SUPERSEDED_BY: dict[str, tuple[str, ...]] = {
    "low_stock": ("slot_empty",),
    "predicted_empty": ("low_stock", "slot_empty"),
    "wait_too_long": ("queue_too_long",),
    "predicted_wait": ("queue_too_long", "wait_too_long", "lanes_to_open"),
    "blind": (),
}
"""Of two kinds that tell of one cause at one subject, the one that tells more silences the other."""

SILENCED_BY_DEVICE = ("device_offline",)
BLINDED_BY_DEVICE = ("device_offline", "device_frozen", "device_moved")
_RANK = {"store_offline": 0, "device_offline": 1, "device_frozen": 2, "device_moved": 2, "blind": 5, "slot_empty": 2}


def rank(kind: str) -> int:
    """Return in which order kinds are judged: what explains others comes first."""
    return _RANK.get(kind, 4 if kind in SUPERSEDED_BY else 3)


def with_implied(rules: Iterable[AnyRule]) -> list[AnyRule]:
    """Add the rules that every store has; leave out those that are not enabled."""
    given = list(rules)
    kinds, ids = {rule.kind for rule in given}, {rule.id for rule in given}
    implied = [rule for rule in IMPLIED if rule.kind not in kinds and rule.id not in ids]
    return [rule for rule in [*given, *implied] if rule.is_enabled]


def watches_of(store: Store, rules: Iterable[AnyRule]) -> list[Watch]:
    """Apply rules to what they concern. A name that the layout does not have (any more) yields no watch."""
    found: list[Watch] = []
    for rule in rules:
        kind = KINDS[rule.kind]
        if not isinstance(kind, FoundKind):
            wanted = subject_ids(store.layout, rule, store.device_ids)
            found += kind.watches(store, rule, wanted)
    return found
