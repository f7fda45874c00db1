"""Faults: read from the command line, planned from the store, and nothing that the store cannot have."""

import dataclasses

import msgspec
import pytest

from storesense_simulators.twin.faults import USUAL_AMOUNTS, Fault, FaultPlanError, parse_fault, plan_faults
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.shop import FaultKind, FaultRate, FaultSpec
from storesense_simulators.twin.shop_people import Spread


@pytest.fixture(scope="module")
def shop():
    return dataclasses.replace(load_shop("convenience"), faults=(), fault_rates=())


def test_a_fault_is_read_with_and_without_an_amount():
    spec = FaultSpec(FaultKind.CAMERA_MOVED, "camera-door", 60.0, 30.5, None)
    assert parse_fault("camera_moved:camera-door:60:30.5") == spec
    assert parse_fault("camera_moved:camera-door:60:30.5:4") == dataclasses.replace(spec, amount=4.0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("camera_moved:a:1", "is no fault: give KIND"),
        ("camera_melted:a:1:2", "is no kind of fault; there are camera_frozen"),
        ("power_cut:a:soon:2", "after the target come numbers"),
        ("power_cut:a:-1:2", "AFTER_S is 0 or more"),
        ("power_cut:a:1:0", "LASTS_S above 0"),
        ("power_cut:a:nan:1", "AFTER_S is 0 or more"),
        ("clock_wrong:a:1:2:inf", "AMOUNT is a finite number"),
    ],
)
def test_what_is_no_fault_is_refused_with_the_reason(text: str, complaint: str):
    with pytest.raises(ValueError, match=complaint):
        parse_fault(text)


def test_each_kind_of_fault_has_a_usual_amount():
    assert USUAL_AMOUNTS.keys() == set(FaultKind)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (FaultKind.CAMERA_DIRTY, "tills"),
        (FaultKind.CELL_BUMPED, "camera-door"),
        (FaultKind.POWER_CUT, "nowhere"),
    ],
)
def test_a_target_that_cannot_have_the_fault_is_named(shop, kind: FaultKind, target: str):
    with pytest.raises(FaultPlanError, match=f"{kind} strikes one of"):
        plan_faults(shop, seed=1, lasts_ms=1000, extra=[FaultSpec(kind, target, 0, 1, None)])


def test_scheduled_faults_are_in_order_and_told_as_truth(shop):
    extra = [parse_fault("power_cut:tills:50:10"), parse_fault("camera_frozen:camera-door:5:10")]
    plan = plan_faults(shop, seed=1, lasts_ms=100_000, extra=extra)
    assert [f.begins_ms for f in plan.faults] == [5_000, 50_000]
    assert plan.at(FaultKind.POWER_CUT, "tills", 50_000) is plan.faults[1]
    assert plan.at(FaultKind.POWER_CUT, "tills", 60_000) is None
    assert [msgspec.json.decode(line, type=Fault) for line in plan.lines()] == list(plan.faults)


def test_faults_by_chance_come_at_the_rate_and_alike_for_one_seed(shop):
    rate = FaultRate(FaultKind.CELL_BUMPED, 24.0, Spread(5.0, 1.0, 2.0, 9.0))
    ailing = dataclasses.replace(shop, fault_rates=(rate,))
    day_ms = 86_400_000
    plan = plan_faults(ailing, seed=3, lasts_ms=day_ms)
    assert len(plan.faults) == pytest.approx(24 * len(shop.cells), rel=0.1)
    assert all(2_000 <= f.ends_ms - f.begins_ms <= 9_000 for f in plan.faults)
    assert plan == plan_faults(ailing, seed=3, lasts_ms=day_ms)
    assert plan != plan_faults(ailing, seed=4, lasts_ms=day_ms)
