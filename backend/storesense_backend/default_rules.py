"""The rules that a new store begins with, where its site file says nothing of rules: few, so that each is read."""

from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import AnyRule, LowStockRule, QueueTooLongRule, SlotEmptyRule, WaitTooLongRule

_PER_LANE = 3
_LEAST_LENGTH = 4
_MOST_LENGTH = 12


def default_rules(layout: StoreLayout) -> list[AnyRule]:
    """Make the rules for a store: long queues and waits where it has queues, low and no stock where it has slots.

    A queue is long when three people wait for each of its lanes, but never below four nor above twelve.
    """
    rules: list[AnyRule] = []
    if layout.queues:
        lanes = max(len(queue.lanes) for queue in layout.queues)
        open_at = min(_MOST_LENGTH, max(_LEAST_LENGTH, _PER_LANE * lanes))
        rules += [
            QueueTooLongRule(
                kind="queue_too_long",
                id="queue-too-long",
                open_at_length=open_at,
                resolve_at_length=open_at // 2,
                critical_at_length=2 * open_at,
            ),
            WaitTooLongRule(
                kind="wait_too_long",
                id="wait-too-long",
                open_at_wait_s=300,
                resolve_at_wait_s=120,
                critical_at_wait_s=600,
            ),
        ]
    if layout.slots:
        rules += [
            LowStockRule(kind="low_stock", id="low-stock"),
            SlotEmptyRule(kind="slot_empty", id="slot-empty"),
        ]
    return rules
