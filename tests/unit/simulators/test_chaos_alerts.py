"""What a storm over alerts counts, and that its plan hits every service at every moment."""

from collections import Counter

import pytest

from storesense_simulators.chaos.alert_plan import Moment, make_alert_plan, services
from storesense_simulators.chaos.alerts import count

ZERO, ONE = ("store-a", "queue-0"), ("store-b", "queue-1")
RAISED = Counter({ZERO: 2, ONE: 1})
ALERTS = [
    {"alert_id": 1, "store_id": "store-a", "subject_id": "queue-0", "state": "resolved"},
    {"alert_id": 2, "store_id": "store-b", "subject_id": "queue-1", "state": "resolved"},
    {"alert_id": 3, "store_id": "store-a", "subject_id": "queue-0", "state": "resolved"},
]
TAKEN = Counter(f"{alert_id}:{event}:0" for alert_id in (1, 2, 3) for event in ("opened", "resolved"))


def test_a_run_in_which_all_went_well():
    found = count(RAISED, ALERTS, TAKEN)
    assert found == {"expected": 6, "missed": 0, "duplicated": 0, "alerts_twice": 0, "unknown": 0}


@pytest.mark.parametrize(
    ("raised", "alerts", "taken", "changed"),
    [
        pytest.param(RAISED, ALERTS, TAKEN - Counter(["2:opened:0"]), {"missed": 1}, id="a message never came"),
        pytest.param(RAISED, ALERTS, TAKEN + Counter(["2:opened:0"] * 2), {"duplicated": 2}, id="it came again, twice"),
        pytest.param(RAISED + Counter([ONE]), ALERTS, TAKEN, {"missed": 2, "expected": 8}, id="it was never decided"),
        pytest.param(
            RAISED,
            [*ALERTS[:2], ALERTS[2] | {"state": "open"}],
            TAKEN - Counter(["3:resolved:0"]),
            {"missed": 1},
            id="it never ended",
        ),
        pytest.param(
            RAISED - Counter([ONE]), ALERTS, TAKEN, {"alerts_twice": 1, "expected": 4}, id="one cause, two alerts"
        ),
        pytest.param(RAISED, ALERTS, TAKEN + Counter(["9:opened:0"]), {"unknown": 1}, id="nobody decided that"),
    ],
)
def test_what_went_wrong_is_counted(raised, alerts, taken, changed):
    well = {"expected": 6, "missed": 0, "duplicated": 0, "alerts_twice": 0, "unknown": 0}
    assert count(raised, alerts, taken) == well | changed


def test_the_plan_is_the_seeds_and_hits_everything():
    plan = make_alert_plan(kills=200, seed=3)
    assert plan == make_alert_plan(kills=200, seed=3)
    assert plan != make_alert_plan(kills=200, seed=4)
    struck = Counter((kill.service, kill.moment) for kill in plan)
    assert set(struck) == {(service, moment) for service in services() for moment in Moment}
    assert all(0 <= kill.after_s <= 0.3 and 0 <= kill.down_s <= 1.5 for kill in plan)
