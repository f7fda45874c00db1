"""A moment that staff declared done is news when it comes again; what did not end by hand stays one alert."""

from datetime import UTC, datetime, timedelta

from storesense_backend.alerts.engine import Engine
from storesense_backend.alerts.kinds.catalogue import PULSES
from storesense_backend.alerts.values import RemovalObservation, Timing
from storesense_backend.alerts.watches import Store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import BulkRemovalRule

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LAYOUT = StoreLayout.model_validate(
    {
        "id": "s",
        "name": "S",
        "time_zone": "UTC",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "front", "name": "Front"}],
        "slots": [
            {
                "id": "slot-1",
                "name": "Slot 1",
                "section": "front",
                "product": {"sku": "oat-1l", "name": "Oat milk", "unit_weight_g": 1030},
                "capacity_units": 14,
                "reorder_point_units": 3,
            }
        ],
    }
)
KEY = ("s", "bulk", "slot-1")


def removal(at_s, made):
    at = T0 + timedelta(seconds=at_s)
    seen = RemovalObservation(measured_at=at, received_at=at, units=6, sku="oat-1l")
    decisions = made.judge({("s", "removal", "slot-1"): [seen]}, at)
    made.adopt(decisions)
    return [change.kind.value for _, change in decisions.changes]


def engine():
    made = Engine(Timing())
    made.watch_store(Store(LAYOUT), [BulkRemovalRule(kind="bulk_removal", id="bulk")])
    return made


def test_the_kinds_that_are_moments():
    assert PULSES == ["bulk_removal"]


def test_a_second_removal_is_the_same_alert_until_somebody_says_that_the_first_is_done():
    made = engine()
    assert removal(0, made) == ["opened"]
    assert "opened" not in removal(60, made)
    made.end_by_hand(KEY, T0 + timedelta(seconds=90))
    assert made.open_count == 0
    assert removal(120, made) == ["opened"]


def test_hearing_of_an_end_again_does_not_end_what_opened_since():
    made = engine()
    removal(0, made)
    ended_at = T0 + timedelta(seconds=30)
    made.end_by_hand(KEY, ended_at)
    removal(60, made)
    made.end_by_hand(KEY, ended_at)
    assert made.open_count == 1
