"""Whether rules make sense in their store: what they name is there, they can fire, and they do not fire always."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from storesense_contracts.layout import Slot, StoreLayout
from storesense_contracts.rules import (
    AnyRule,
    BulkRemovalRule,
    EnvironmentLimitRule,
    LanesToCloseRule,
    LanesToOpenRule,
    LowStockRule,
    OccupancyLimitRule,
    RestockOverdueRule,
    SlotEmptyRule,
)

_PHYSICAL = {
    "temperature_c": (-100.0, 200.0),
    "humidity_pct": (0.0, 100.0),
    "noise_dba": (0.0, 200.0),
    "light_lux": (0.0, 500_000.0),
}
"""What readings of each quantity can be at all."""


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """A mistake in a rule that only shows beside its store.

    Attributes:
        at: path to the value below the rule.
        message: what is wrong and what was expected.
    """

    at: tuple[str | int, ...]
    message: str


def subject_ids(layout: StoreLayout, rule: AnyRule, device_ids: Collection[str] | None = None) -> list[str]:
    """Return the ids of what a rule concerns in a layout; a name that the layout does not have yields nothing.

    Args:
        layout: of the store.
        rule: one of its rules.
        device_ids: the registered devices; None where they are not known.
    """
    match rule.SUBJECT:
        case "queue":
            named, wanted = getattr(rule, "queues", None), getattr(rule, "sections", None)
            return [q.id for q in layout.queues if _in(q.id, named) and _in(q.section, wanted)]
        case "zone":
            return [zone.id for zone in layout.customer_zones if _in(zone.id, getattr(rule, "zones", None))]
        case "slot":
            # A plate that several products share concerns a rule if one of them does.
            named, wanted = getattr(rule, "slots", None), getattr(rule, "sections", None)
            skus = getattr(rule, "skus", None)
            return [
                slot.id
                for slot in layout.slots
                if _in(slot.id, named) and _in(slot.section, wanted) and any(_in(sku, skus) for sku in _skus(slot))
            ]
        case "sensor":
            return [s.id for s in layout.environment_sensors if _in(s.id, getattr(rule, "sensors", None))]
        case "device":
            named = getattr(rule, "devices", None)
            return [name for name in device_ids or named or () if _in(name, named)]
        case _:
            return [layout.id]


def _skus(slot: Slot) -> list[str]:
    """The products of a slot's plate."""
    return [slot.product.sku, *(each.sku for each in slot.also)]


def _in(name: str, wanted: Sequence[str] | None) -> bool:
    return wanted is None or name in wanted


def rule_problems(
    layout: StoreLayout,
    rule: AnyRule,
    *,
    device_ids: Collection[str] | None = None,
    others: Iterable[AnyRule] = (),
) -> list[RuleProblem]:
    """Say why a rule makes no sense in its store; nothing if it does.

    Args:
        layout: of the store.
        rule: to judge.
        device_ids: the registered devices; None where they are not known, so that no name of one is refused.
        others: the store's other rules, which some kinds need.
    """
    problems = _unknown(layout, rule, device_ids)
    if problems:
        return problems
    if not rule.is_enabled:
        return []
    if rule.SUBJECT in _PLACES and not subject_ids(layout, rule, device_ids):
        what = _PLACES[rule.SUBJECT]
        return [RuleProblem((), f"concerns none of the store's {what}, so it could never fire")]
    return [*_never(layout, rule, list(others)), *_always(rule)]


_PLACES = {"queue": "queues", "zone": "zones", "slot": "slots", "sensor": "environment sensors"}


def _unknown(layout: StoreLayout, rule: AnyRule, device_ids: Collection[str] | None) -> list[RuleProblem]:
    sections = [section.id for section in layout.sections]
    known: dict[str, tuple[str, Collection[str] | None]] = {
        "queues": ("queue", [queue.id for queue in layout.queues]),
        "zones": ("zone", [zone.id for zone in layout.zones]),
        "lanes": ("lane", [lane.id for lane in layout.lanes]),
        "slots": ("slot", {slot.id for slot in layout.slots}),
        "skus": ("product", {sku for slot in layout.slots for sku in _skus(slot)}),
        "sensors": ("environment sensor", [sensor.id for sensor in layout.environment_sensors]),
        "sections": ("section", sections),
        "devices": ("device", device_ids),
    }
    problems = []
    for key, (word, names) in known.items():
        if names is None:
            continue
        for index, name in enumerate(getattr(rule, key, None) or ()):
            if name not in names:
                problems.append(RuleProblem((key, index), _no_such(word, name, names)))
    if rule.section is not None and rule.section not in sections:
        problems.append(RuleProblem(("section",), _no_such("section", rule.section, sections)))
    return problems


def _no_such(word: str, name: str, known: Collection[str]) -> str:
    shown = sorted(known)
    more = f" and {len(shown) - 20} more" if len(shown) > 20 else ""
    return f"there is no {word} {name!r}; expected one of {', '.join(shown[:20]) or '(none)'}{more}"


def _never(layout: StoreLayout, rule: AnyRule, others: list[AnyRule]) -> list[RuleProblem]:
    wanted = set(subject_ids(layout, rule))
    match rule:
        case LanesToOpenRule() | LanesToCloseRule():
            most = max((len(queue.lanes) for queue in layout.queues if queue.id in wanted), default=0)
            if rule.open_at_lanes > max(1, most):
                return [_cannot(("open_at_lanes",), f"no queue of its has more than {most} lanes")]
        case BulkRemovalRule():
            plates = [slot for slot in layout.slots if slot.id in wanted]
            fitting = [
                units for slot in plates for units in (slot.capacity_units, *(p.capacity_units for p in slot.also))
            ]
            most = max(fitting, default=0)
            if rule.open_at_units > most:
                return [_cannot(("open_at_units",), f"none of its slots holds more than {most} units")]
        case OccupancyLimitRule() if not any(line.is_entrance for line in layout.lines):
            return [_cannot((), "the store has no entrance line, by which people in it are counted")]
        case EnvironmentLimitRule():
            low, high = _PHYSICAL[rule.quantity]
            if (rule.at_least is None or rule.at_least <= low) and (rule.at_most is None or rule.at_most >= high):
                return [_cannot(("at_most",), f"{rule.quantity} is never outside {low:g} to {high:g}")]
        case RestockOverdueRule():
            counting = [other for other in others if isinstance(other, LowStockRule | SlotEmptyRule)]
            if not any(wanted & set(subject_ids(layout, other)) for other in counting if other.is_enabled):
                return [_cannot((), "it counts from alerts of low_stock or slot_empty, and no such rule has its slots")]
    return []


def _cannot(at: tuple[str | int, ...], reason: str) -> RuleProblem:
    return RuleProblem(at, f"could never fire: {reason}")


def _always(rule: AnyRule) -> list[RuleProblem]:
    found: list[RuleProblem] = []
    if isinstance(rule, EnvironmentLimitRule):
        low, high = _PHYSICAL[rule.quantity]
        if rule.at_most is not None and rule.at_most < low:
            found.append(RuleProblem(("at_most",), f"would fire always: {rule.quantity} is never below {low:g}"))
        if rule.at_least is not None and rule.at_least > high:
            found.append(RuleProblem(("at_least",), f"would fire always: {rule.quantity} is never above {high:g}"))
        if rule.at_most is not None and rule.at_most - rule.hysteresis < low:
            found.append(RuleProblem(("hysteresis",), f"could never resolve: {rule.quantity} is never below {low:g}"))
    if rule.min_quality >= 1.0:
        found.append(
            RuleProblem(("min_quality",), "would be blind always, as any sensor misses a minute; give at most 0.95")
        )
    return found
