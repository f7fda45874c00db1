"""Which store needs attention, and why."""

import pytest

from storesense_backend.chain.attention import is_on_target, reasons

CALM = {
    "critical_alerts": 0,
    "warning_alerts": 0,
    "info_alerts": 0,
    "taken_alerts": 0,
    "devices_offline": 0,
    "devices_never_seen": 0,
    "devices_total": 3,
}


def figure(name, *, completeness=1.0, is_on_target=None):
    return {"name": name, "completeness": completeness, "is_on_target": is_on_target}


@pytest.mark.parametrize(
    ("kpi", "value", "target", "expected", "reason"),
    [
        ("wait_mean", 90.0, 120.0, True, "a shorter wait is better"),
        ("wait_mean", 121.0, 120.0, False, "a longer one misses"),
        ("visitors", 100.0, 100.0, True, "the target itself is reached"),
        ("visitors", 99.0, 100.0, False, "fewer visitors miss"),
        ("visitors", None, 100.0, None, "what is not known cannot miss"),
        ("visitors", 99.0, None, None, "without a target nothing is missed"),
        ("occupancy", 99.0, 100.0, None, "fuller is neither good nor bad"),
    ],
)
def test_a_target_is_met_on_the_side_that_is_good(kpi, value, target, expected, reason):
    assert is_on_target(kpi, value, target) is expected, reason


def test_a_store_where_all_is_well_has_no_reason():
    assert reasons(CALM, [figure("visitors", is_on_target=True)]) == []


@pytest.mark.parametrize(
    ("counts", "figures", "expected", "reason"),
    [
        (
            {"warning_alerts": 2, "critical_alerts": 1},
            None,
            [("critical_alerts", 100, 1, None), ("warning_alerts", 60, 2, None)],
            "what weighs most comes first, figures not needed",
        ),
        ({"taken_alerts": 1}, [], [("taken_alerts", 5, 1, None)], "somebody is at it already"),
        ({"devices_total": 0}, [], [("no_devices", 20, 1, None)], "nothing can be known of a store without devices"),
        (
            {"devices_total": 0},
            [figure("visitors", completeness=0.0)],
            [("no_devices", 20, 1, None)],
            "that nothing is measured follows from it, and is not told twice",
        ),
        (
            {},
            [figure("visitors", completeness=0.8), figure("wait_mean", completeness=0.4)],
            [("incomplete", 30, 1, "wait_mean")],
            "only the least complete figure counts",
        ),
        ({}, [figure("alert_response_time", completeness=0.0)], [], "nobody acknowledged: no sensor is at fault"),
        ({}, [figure("visitors", is_on_target=False)], [("off_target", 20, 1, "visitors")], "a target is missed"),
    ],
)
def test_reasons(counts, figures, expected, reason):
    found = [(each.kind, each.points, each.count, each.kpi) for each in reasons(CALM | counts, figures)]
    assert found == expected, reason
