"""What the plan does in each state: by arrivals, by what lanes and switching cost, and about lanes on the way."""

import numpy as np
import pytest

from storesense_backend.staffing.planning import Costs, LanePlan
from storesense_backend.staffing.queueing import PoolModel, Service

POOL = PoolModel(Service(90.0, 1.0, 1_000), most_lanes=5)


def plan(lane=1.5, opening=50.0, closing=20.0, *, model=POOL, fewest=1):
    return LanePlan(model, Costs(lane, opening, closing), lead_s=60.0, fewest_lanes=fewest)


def wanted(own, people, *, is_open=2, coming=0, per_min=1.2):
    return own.lanes(per_min, is_open=is_open, coming=coming, people=people)


def test_more_people_never_ask_for_fewer_lanes():
    lanes = [wanted(plan(), people) for people in range(30)]
    assert lanes == sorted(lanes)
    assert lanes[0] <= 2
    assert lanes[-1] == 5


def test_more_arrivals_ask_for_more_lanes():
    lanes = [wanted(plan(), 3, per_min=rate) for rate in (0.1, 1.2, 3.0)]
    assert lanes[0] < lanes[-1]
    assert lanes == sorted(lanes)


def test_lanes_on_the_way_are_counted_on():
    own = plan()
    asked = wanted(own, 6)
    assert asked > 2
    assert wanted(own, 6, coming=asked - 2) == asked, "nothing has changed since they were asked for"
    assert wanted(own, 0, coming=2, per_min=0.2) < 4, "called off when nobody needs them any more"


def test_dearer_lanes_are_fewer():
    cheap, dear = plan(0.3).settled(1.2), plan(4.0).settled(1.2)
    assert (dear <= cheap).all()
    assert (dear < cheap).any()


def test_switching_that_costs_more_happens_less():
    """In the plan's own chain: lanes are staffed at random after a minute on average."""

    def switches(cost):
        own, chance = plan(1.5, cost, cost), np.random.default_rng(3)
        lanes, coming, people, changed = 2, 0, 2, 0
        for _ in range(8_000):
            target = own.lanes(1.2, is_open=lanes, coming=coming, people=people)
            changed += target != lanes + coming
            coming = max(0, target - lanes)
            lanes = min(lanes, target)
            people += chance.random() < 1.2 / 60 * 5
            people -= people > 0 and chance.random() < min(people, lanes) / 90 * 5
            if coming and chance.random() < coming / 60 * 5:
                lanes, coming = lanes + 1, coming - 1
        return changed

    assert switches(5.0) > 1.5 * switches(100.0)


def test_it_is_the_idle_lane_that_closes():
    own = plan(3.0, 50.0, 0.0)
    assert wanted(own, 2, is_open=3, per_min=0.5) == 2
    assert wanted(own, 12, is_open=3, per_min=0.5) >= 3, "all three have a line"


def test_a_lane_that_is_about_to_close_is_kept_before_another_is_asked_for():
    own = plan(1.5, 200.0, 20.0)
    least = [next(n for n in range(30) if own.lanes(1.2, is_open=2, people=n, closing=c) > 2) for c in (0, 1)]
    assert least[1] < least[0], "nobody has to come for it"
    assert own.lanes(1.2, is_open=4, people=30, closing=1) == 5


def test_the_fewest_stay_and_no_more_than_there_are_are_asked_for():
    own = plan(8.0, 1.0, 1.0, fewest=2)
    assert wanted(own, 0, is_open=4, per_min=0.0) == 2
    assert wanted(own, 0, is_open=0, per_min=0.0) == 2
    assert wanted(own, 36, is_open=5, per_min=9.0) == 5
    assert wanted(own, 500, is_open=7, coming=3, per_min=900.0) == 5, "more than the chain knows"


def test_a_plan_that_knows_the_rate_costs_less_than_any_threshold_on_the_queue():
    """Lived in the chain itself, the plan is cheaper than every "one more at so many, one fewer at so few"."""
    costs = Costs(1.5, 40.0, 10.0)
    own = LanePlan(POOL, costs, lead_s=60.0)

    def threshold(most, least):
        def decide(lanes, coming, people):
            waiting = max(0, people - lanes)
            if waiting >= most * (lanes + coming):
                return min(5, lanes + coming + 1)
            return max(1, lanes + coming - (waiting <= least and people < lanes))

        return decide

    def lived(decide):
        chance, cost = np.random.default_rng(11), 0.0
        lanes, coming, people = 2, 0, 2
        for _ in range(20_000):
            target = decide(lanes, coming, people)
            change = target - lanes - coming
            cost += costs.opening * max(0, change) + costs.closing * max(0, -change)
            coming, lanes = max(0, target - lanes), min(lanes, target)
            cost += 5 * (max(0, people - lanes) + costs.lane * lanes)
            come, served, staffed = chance.random(3)
            people += int(come < 1.2 / 60 * 5)
            people -= int(served < min(people, lanes) / 90 * 5)
            if staffed < coming / 60 * 5:
                lanes, coming = lanes + 1, coming - 1
        return cost

    advised = lived(lambda lanes, coming, people: own.lanes(1.2, is_open=lanes, coming=coming, people=people))
    rivals = [lived(threshold(most, least)) for most in (1, 2, 3) for least in (0, 1)]
    assert advised < min(rivals)


@pytest.mark.parametrize("most_lanes", [1, 2, 14], ids=["one till", "two", "a large store"])
def test_stores_of_any_size_are_planned(most_lanes):
    model = PoolModel(
        Service(80.0, 0.6, 100), most_lanes, np.array([0.9, 0.6]), most_people=6 * most_lanes + 6, highest_per_min=28.0
    )
    own = plan(1.0, 30.0, 10.0, model=model)
    rush = [own.lanes(0.6 * most_lanes, is_open=1, coming=0, people=n) for n in (0, 10, 60)]
    assert rush == sorted(rush)
    assert 1 <= rush[0] <= rush[-1] <= most_lanes
    settled = own.settled(0.3)
    assert settled.shape == (most_lanes + 1, 6 * most_lanes + 7)
    assert settled.min() >= 1
