"""A plate that several products share: each of them is judged by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from storesense_backend.alerts.assessors.stock import Overdue
from storesense_backend.alerts.engine import Engine
from storesense_backend.alerts.incoming import Observations, add_rows
from storesense_backend.alerts.kinds.catalogue import watches_of
from storesense_backend.alerts.values import HeldProduct, Measure, RemovalObservation, StockObservation, Timing
from storesense_backend.alerts.watches import Store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rule_checks import rule_problems
from storesense_contracts.rules import RULE

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RICE = {"sku": "rice", "name": "Rice", "unit_weight_g": 1000}
BEANS = {"sku": "beans", "name": "Beans", "unit_weight_g": 450}
LAYOUT = StoreLayout.model_validate(
    {
        "id": "s",
        "name": "S",
        "time_zone": "UTC",
        "floor": {"size_m": [10, 6]},
        "sections": [{"id": "dry", "name": "Dry goods"}],
        "slots": [
            {
                "id": "plate",
                "name": "Plate",
                "section": "dry",
                "product": RICE,
                "capacity_units": 8,
                "reorder_point_units": 2,
                "also": [BEANS | {"capacity_units": 10, "reorder_point_units": 3, "minimum_units": 1}],
            },
            {
                "id": "alone",
                "name": "Alone",
                "section": "dry",
                "product": RICE | {"sku": "rye", "name": "Rye"},
                "capacity_units": 8,
                "reorder_point_units": 2,
            },
        ],
    }
)
SERVED = {("shelf", "plate"): frozenset({"shelf-1"})}
LOW = {"kind": "low_stock", "id": "low", "open_after_s": 0, "resolve_after_s": 0}
EMPTY = {"kind": "slot_empty", "id": "empty", "open_after_s": 0, "resolve_after_s": 0}


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def plate(seconds, rice, beans, *, sure=0.95, weight_g=None):
    return StockObservation(
        measured_at=at(seconds),
        received_at=at(seconds),
        weight_g=rice * 1000.0 + beans * 450.0 if weight_g is None else weight_g,
        is_stable=True,
        units=rice,
        confidence=0.95,
        products=(
            HeldProduct(sku="rice", units=rice, confidence=0.95),
            HeldProduct(sku="beans", units=beans, confidence=sure),
        ),
    )


class Tried:
    """An engine of one store, and what became of its alerts: second, kind, subject, change."""

    def __init__(self, *rules):
        self.engine = Engine(Timing(settle_s=0.0))
        self.engine.watch_store(Store(LAYOUT, ("shelf-1",), SERVED), [RULE.validate_python(rule) for rule in rules])
        self.changes = []
        self.silenced = {}

    def see(self, seconds, seen, family="slot", subject="plate"):
        decisions = self.engine.judge({("s", family, subject): [seen]}, at(seconds))
        self.engine.adopt(decisions)
        self.changes += [(watch, change) for watch, change in decisions.changes]
        self.silenced |= {key[1:]: by and by[1:] for key, by in decisions.silences.items()}

    @property
    def told(self):
        return [(watch.kind.name, watch.subject_id, change.kind.value) for watch, change in self.changes]


def test_each_product_has_an_alert_of_its_own_with_its_own_limits():
    tried = Tried(LOW)
    tried.see(0, plate(0, 5, 3))
    ((watch, opened),) = tried.changes
    assert (watch.subject_id, watch.devices) == ("plate/beans", {"shelf-1"})
    assert opened.details == {
        "subject_name": "Plate",
        "section_name": "Dry goods",
        "units": 3,
        "capacity_units": 10,
        "units_needed": 7,
        "reorder_point_units": 3,
        "sku": "beans",
        "product_name": "Beans",
    }
    tried.see(10, plate(10, 2, 3))
    tried.see(20, plate(20, 2, 1))
    assert tried.told[1:] == [("low_stock", "plate", "opened"), ("low_stock", "plate/beans", "worsened")]
    assert tried.changes[1][1].details["sku"] == "rice"


def test_weight_of_the_one_proves_no_refill_of_the_other():
    tried = Tried(LOW)
    tried.see(0, plate(0, 5, 2))
    tried.see(10, plate(10, 8, 2))
    assert tried.told == [("low_stock", "plate/beans", "opened")], "rice came, and beans are as few as before"
    # While one of rice left, beans came: the plate weighs less than when the alert was told.
    tried.see(20, plate(20, 1, 10, weight_g=4_000.0))
    assert ("low_stock", "plate/beans", "resolved") in tried.told
    proof = tried.changes[-1][1].proof if tried.told[-1][1] == "plate/beans" else tried.changes[-2][1].proof
    assert (proof["outcome"], proof["units_brought"], proof["units_missing"]) == ("full", 8, 0)


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (plate(0, 5, 0, sure=0.4), "units that are not sure are none"),
        (
            StockObservation(
                measured_at=at(0), received_at=at(0), weight_g=5_000.0, is_stable=True, units=5, confidence=0.9
            ),
            "a shelf that says nothing of the further product",
        ),
    ],
)
def test_what_is_not_known_of_a_further_product_opens_nothing(seen, why):
    tried = Tried(LOW, EMPTY)
    tried.see(0, seen)
    assert tried.told == [], why


def test_a_product_that_ran_out_explains_its_own_low_stock_alone():
    tried = Tried(LOW, EMPTY)
    tried.see(0, plate(0, 2, 2))
    tried.see(10, plate(10, 2, 0))
    assert ("slot_empty", "plate/beans", "opened") in tried.told
    assert tried.silenced == {("low", "plate/beans"): ("empty", "plate/beans")}


def test_a_rule_about_a_product_concerns_it_wherever_it_lies():
    def subjects(**rule):
        return [watch.subject_id for watch in watches_of(Store(LAYOUT), [RULE.validate_python(rule)])]

    assert subjects(**LOW) == ["plate", "alone", "plate/beans"]
    assert subjects(**LOW, skus=["beans"]) == ["plate/beans"]
    assert subjects(**LOW, skus=["rice", "rye"]) == ["plate", "alone"]
    assert subjects(**LOW, slots=["plate"]) == ["plate", "plate/beans"]
    assert subjects(kind="misplaced", id="m", skus=["beans"]) == ["plate"]
    assert rule_problems(LAYOUT, RULE.validate_python(LOW | {"skus": ["beans"]})) == []
    assert rule_problems(LAYOUT, RULE.validate_python(LOW | {"skus": ["salt"]})) != []


def test_forecasts_and_overdue_refills_are_those_of_each_product():
    tried = Tried(
        {"kind": "predicted_empty", "id": "soon", "open_after_s": 0}, {"kind": "restock_overdue", "id": "late"}
    )
    soon = Measure(measured_at=at(0), received_at=at(0), value=0.4, facts={"units": 4, "units_needed": 6})
    tried.see(0, soon, "depletion", "plate/beans")
    late = Measure(measured_at=at(1), received_at=at(1), value=4_000.0, facts={"units": 4, "units_needed": 6})
    tried.see(1, late, "overdue", "plate/beans")
    assert tried.told == [("predicted_empty", "plate/beans", "opened"), ("restock_overdue", "plate/beans", "opened")]
    assert [change.details["product_name"] for _, change in tried.changes] == ["Beans", "Beans"]


def test_units_taken_at_once_are_told_of_the_product_that_left():
    tried = Tried({"kind": "bulk_removal", "id": "bulk", "open_at_units": 5})
    tried.see(0, RemovalObservation(measured_at=at(0), received_at=at(0), units=6, sku="beans"), "removal")
    ((_, opened),) = tried.changes
    assert (opened.details["sku"], opened.details["product_name"]) == ("beans", "Beans")
    tried = Tried({"kind": "bulk_removal", "id": "bulk", "open_at_units": 5, "skus": ["rice"]})
    tried.see(0, RemovalObservation(measured_at=at(0), received_at=at(0), units=6, sku="beans"), "removal")
    assert tried.told == []


def test_products_are_read_from_the_weights_row():
    row = {
        "store_id": "s",
        "subject_id": "plate",
        "measured_at": at(0),
        "received_at": at(0),
        "weight_g": 1900.0,
        "is_stable": True,
        "units": 1,
        "confidence": 0.9,
        "guest_g": None,
        "calibration_due": None,
    }
    found: Observations = {}
    text = '[{"sku": "rice", "units": 1, "confidence": 0.9}, {"sku": "beans", "units": 2, "confidence": 0.8}]'
    add_rows("slot", [row | {"products": text}, row | {"products": None}], found)
    shared, alone = found["s", "slot", "plate"]
    assert shared.of("beans").units == 2
    assert shared.of("salt").units is None
    assert alone.products == ()


class _Rows:
    async def execute(self, *_):
        return self

    async def fetchall(self):
        details = {"units": 2, "units_needed": 8}
        return [{"store_id": "s", "subject_id": "plate/beans", "cause_at": at(-120), "details": details}]


class _View:
    store_id, layout = "s", LAYOUT


async def test_overdue_refills_are_found_for_further_products():
    found = await Overdue().observe(_Rows(), [_View()], at(0))
    values = {key[2]: measures[0].value for key, measures in found.items()}
    assert values == {"plate": 0.0, "plate/beans": 120.0, "alone": 0.0}
