"""One alert a cause: what explains others silences them, what flaps is damped, what is not seen is said to be so."""

from datetime import UTC, datetime, timedelta

import pytest

from storesense_backend.alerts.engine import Engine
from storesense_backend.alerts.evaluate import hesitate_s
from storesense_backend.alerts.kinds.catalogue import with_implied
from storesense_backend.alerts.values import (
    CauseState,
    ClimateObservation,
    HealthObservation,
    Measure,
    QueueObservation,
    RemovalObservation,
    StockObservation,
    Timing,
)
from storesense_backend.alerts.watches import Store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import RULE

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LAYOUT = StoreLayout.model_validate(
    {
        "id": "s",
        "name": "S",
        "time_zone": "Europe/Berlin",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "front", "name": "Front"}],
        "queues": [{"id": "tills", "name": "Tills", "section": "front"}],
        "environment_sensors": [{"id": "chiller", "name": "Chiller"}],
        "slots": [
            {
                "id": "slot-1",
                "name": "Slot 1",
                "section": "front",
                "product": {"sku": "oat", "name": "Oat milk", "unit_weight_g": 1000},
                "capacity_units": 10,
                "reorder_point_units": 3,
            }
        ],
    }
)
SERVED = {("queue", "tills"): frozenset({"cam-1"}), ("shelf", "slot-1"): frozenset({"shelf-1"})}
LONG = {"kind": "queue_too_long", "id": "long", "open_at_length": 5, "resolve_at_length": 2}
LONG |= {"open_after_s": 0, "resolve_after_s": 0}


def at(seconds):
    return T0 + timedelta(seconds=seconds)


class Tried:
    """An engine of one store, and what its alerts are."""

    def __init__(self, *rules, implied=True):
        self.engine = Engine(Timing(settle_s=0.0))
        parsed = [RULE.validate_python(rule) for rule in rules]
        held = with_implied(parsed) if implied else parsed
        self.engine.watch_store(Store(LAYOUT, ("cam-1", "shelf-1"), SERVED), held)
        self.open = set()
        self.told = []
        self.silenced = {}
        self.blind = {}

    def see(self, seconds, **seen):
        decisions = self.engine.judge({("s", *key.split("__")): [each] for key, each in seen.items()}, at(seconds))
        self.engine.adopt(decisions)
        for watch, change in decisions.changes:
            self.told.append((watch.kind.name, change.kind.value))
            if change.kind == "opened":
                self.open.add(watch.kind.name)
            elif change.kind == "resolved":
                self.open.discard(watch.kind.name)
        self.silenced |= {key[1]: by and by[1] for key, by in decisions.silences.items()}
        self.blind |= {key[1]: is_blind for key, is_blind in decisions.blinds.items()}
        return decisions


def queue(seconds, length, wait_s=0.0):
    return QueueObservation(measured_at=at(seconds), received_at=at(seconds), length=length, longest_wait_s=wait_s)


def stock(seconds, units, **more):
    values = {"weight_g": units * 1000.0, "is_stable": True, "units": units, "confidence": 0.9} | more
    return StockObservation(measured_at=at(seconds), received_at=at(seconds), **values)


def measure(seconds, value, **facts):
    return Measure(measured_at=at(seconds), received_at=at(seconds), value=value, facts=facts)


def subject(family, name):
    return f"{family}__{name}"


def test_a_store_offline_is_one_alert_and_its_devices_are_silent():
    tried = Tried(LONG)
    quiet = {subject("silence", name): measure(0, 500.0) for name in ("cam-1", "shelf-1")}
    tried.see(0, **quiet, **{subject("store_silence", "s"): measure(0, 500.0)})
    assert tried.open == {"store_offline"}
    # The store is back, one of its devices is not.
    back = {subject("store_silence", "s"): measure(10, 1.0), subject("silence", "cam-1"): measure(10, 510.0)}
    tried.see(10, **back)
    tried.see(21, **{subject("store_silence", "s"): measure(21, 1.0), subject("silence", "cam-1"): measure(21, 521.0)})
    assert tried.open == {"device_offline"}


def test_a_device_offline_silences_what_it_serves_until_it_is_back():
    tried = Tried(LONG)
    tried.see(0, queue__tills=queue(0, 7))
    assert tried.open == {"queue_too_long"}
    tried.see(200, **{subject("silence", "cam-1"): measure(200, 200.0)})
    assert tried.open == {"queue_too_long", "device_offline"}
    assert tried.silenced == {"long": "device-offline"}
    tried.see(205, **{subject("silence", "cam-1"): measure(205, 0.0)}, queue__tills=queue(205, 7))
    tried.see(216, **{subject("silence", "cam-1"): measure(216, 0.0)}, queue__tills=queue(216, 7))
    assert tried.open == {"queue_too_long"}
    assert tried.silenced == {"long": None}


def test_of_two_alerts_of_one_cause_the_one_that_tells_more_stands():
    tried = Tried(
        {"kind": "low_stock", "id": "low", "open_after_s": 0},
        {"kind": "slot_empty", "id": "empty", "open_after_s": 0},
    )
    tried.see(0, slot__slot_1=stock(0, 5))
    tried.see(1, **{subject("slot", "slot-1"): stock(1, 0)})
    assert tried.told == [("slot_empty", "opened")]
    tried = Tried(
        {"kind": "low_stock", "id": "low", "open_after_s": 0},
        {"kind": "slot_empty", "id": "empty", "open_after_s": 0},
    )
    tried.see(1, **{subject("slot", "slot-1"): stock(1, 2)})
    tried.see(2, **{subject("slot", "slot-1"): stock(2, 0)})
    assert tried.open == {"low_stock", "slot_empty"}
    assert tried.silenced == {"low": "empty"}


def test_what_flaps_stays_open_the_longer():
    tried = Tried(LONG)
    for second in range(0, 240, 2):
        tried.see(second, queue__tills=queue(second, 7 if second % 4 else 1))
    opened = tried.told.count(("queue_too_long", "opened"))
    assert opened <= 3, "sixty times it went up and down"
    for second in range(240, 900, 5):
        tried.see(second, queue__tills=queue(second, 1))
    assert tried.open == set(), "what has calmed resolves"
    rare = CauseState(is_open=True, flaps=1.0)
    watch = tried.engine._causes.watches["s", "long", "tills"]
    assert hesitate_s(watch, rare) == 0


def test_a_subject_that_is_seen_too_seldom_is_told_as_blind_and_neither_opens_nor_resolves():
    tried = Tried(LONG)
    for minute in range(16):
        tried.see(60 * minute, queue__tills=queue(60 * minute, 7))
    assert tried.open == {"queue_too_long"}
    for second in range(900, 900 + 12 * 60, 15):
        tried.see(second)
    assert tried.open == {"queue_too_long", "blind"}
    assert tried.blind == {"long": True}
    tried.see(1_700, queue__tills=queue(1_700, 0))
    assert "queue_too_long" in tried.open, "one reading in many minutes is no calm"
    for minute in range(30, 50):
        tried.see(60 * minute, queue__tills=queue(60 * minute, 0))
        tried.see(60 * minute + 30, queue__tills=queue(60 * minute + 30, 0))
    assert tried.open == set()
    assert tried.blind == {"long": False}


def test_a_frozen_camera_explains_why_its_queue_cannot_be_judged():
    tried = Tried(LONG)
    frozen = {"component_id": "camera", "state": "failed", "cause": "frozen", "affected": ("queue/tills",)}
    for second in range(0, 600, 15):
        health = HealthObservation(measured_at=at(second), received_at=at(second), **frozen)
        tried.see(second, **{subject("device", "cam-1"): health}, queue__tills=queue(second, 9))
    assert "device_frozen" in tried.open
    assert "blind" not in tried.open


def test_a_rule_holds_in_its_hours_alone():
    # 12:00 UTC is 13:00 in Berlin.
    off = Tried(LONG | {"schedule": [{"from_local": "08:00", "until_local": "13:00"}]}, implied=False)
    off.see(0, queue__tills=queue(0, 9))
    assert off.open == set()
    on = Tried(LONG | {"schedule": [{"days": ["fri"], "from_local": "13:00", "until_local": "13:01"}]}, implied=False)
    on.see(0, queue__tills=queue(0, 9))
    assert on.open == {"queue_too_long"}
    on.see(120, queue__tills=queue(120, 0))
    assert on.open == set(), "what opened within resolves whenever it is over"


@pytest.mark.parametrize(
    ("rule", "seen", "opens"),
    [
        (
            {"kind": "wait_too_long", "open_at_wait_s": 300, "resolve_at_wait_s": 60},
            {"queue__tills": queue(0, 2, wait_s=301)},
            True,
        ),
        (  # nobody stands there, so nobody waits
            {"kind": "wait_too_long", "open_at_wait_s": 300, "resolve_at_wait_s": 60},
            {"queue__tills": queue(0, 0, wait_s=301)},
            False,
        ),
        ({"kind": "misplaced"}, {subject("slot", "slot-1"): stock(0, 5, guest_g=60.0)}, True),
        ({"kind": "calibration_due"}, {subject("slot", "slot-1"): stock(0, 5, calibration_due="drift")}, True),
        ({"kind": "predicted_empty"}, {subject("depletion", "slot-1"): measure(0, 0.5)}, True),
        ({"kind": "predicted_empty"}, {subject("depletion", "slot-1"): measure(0, 336.0)}, False),
        ({"kind": "restock_overdue", "overdue_after_s": 600}, {subject("overdue", "slot-1"): measure(0, 601.0)}, True),
        ({"kind": "lanes_to_open", "horizon_min": 15}, {subject("lanes_to_open", "tills+15"): measure(0, 2.0)}, True),
        ({"kind": "lanes_to_open", "horizon_min": 30}, {subject("lanes_to_open", "tills+15"): measure(0, 2.0)}, False),
        ({"kind": "kpi_anomaly"}, {subject("kpi", "visitors"): measure(0, 5.0, name="Visitors")}, True),
        ({"kind": "kpi_anomaly", "kpis": ["wait"]}, {subject("kpi", "visitors"): measure(0, 5.0)}, False),
        ({"kind": "sensors_contradict"}, {subject("pair", "line.door"): measure(0, 0.5)}, True),
        ({"kind": "data_gap"}, {subject("gap", "cam-1"): measure(0, 3.0)}, True),
    ],
)
def test_each_kind_by_its_own_value(rule, seen, opens):
    tried = Tried({"id": "r", "open_after_s": 0} | rule, implied=False)
    tried.see(0, **seen)
    assert (tried.open == {rule["kind"]}) is opens


def climate(seconds, temperature_c):
    return ClimateObservation(
        measured_at=at(seconds),
        received_at=at(seconds),
        temperature_c=temperature_c,
        humidity_pct=None,
        noise_dba=None,
        light_lux=None,
    )


def test_a_warm_chiller_resolves_well_inside_its_limits():
    rule = {"kind": "environment_limit", "id": "warm", "quantity": "temperature_c", "at_most": 7, "at_least": 1}
    tried = Tried(rule | {"open_after_s": 0, "resolve_after_s": 0, "hysteresis": 0.5}, implied=False)
    opens = []
    for second, value in enumerate((6.9, 7.0, 7.1, 6.8, 6.4, 0.9, 1.3, 1.6)):
        tried.see(second, sensor__chiller=climate(second, value))
        opens.append(bool(tried.open))
    # The second time it is damped, so that it stands at first.
    assert opens == [False, False, True, True, False, True, True, True]


def test_a_bulk_removal_is_over_when_none_came_any_more():
    rule = {"kind": "bulk_removal", "id": "bulk", "open_at_units": 5, "resolve_after_s": 300}
    tried = Tried(rule, implied=False)

    def removed(seconds, units):
        return RemovalObservation(measured_at=at(seconds), received_at=at(seconds), units=units, sku="oat")

    tried.see(0, **{subject("removal", "slot-1"): removed(0, 4)})
    assert tried.open == set()
    tried.see(1, **{subject("removal", "slot-1"): removed(1, 6)})
    tried.see(200, **{subject("removal", "slot-1"): removed(200, 8)})
    tried.see(400)
    assert tried.open == {"bulk_removal"}
    tried.see(501)
    assert tried.told == [("bulk_removal", "opened"), ("bulk_removal", "updated"), ("bulk_removal", "resolved")]


def test_calm_readings_are_not_written_down():
    tried = Tried(LONG)
    for second in range(100):
        assert tried.see(second, queue__tills=queue(second, 3)).saves == {}
