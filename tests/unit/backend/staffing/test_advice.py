"""From arrivals and the lanes as they are to lanes needed, expected waits and how still the advice holds."""

import numpy as np
import pytest

from storesense_backend.staffing.advice import HORIZON_MIN, AdvicePolicy, Adviser, TillState
from storesense_backend.staffing.arrivals import ArrivalForecast, ArrivalModel, UsualWeek
from storesense_backend.staffing.history import PastDay, StoreModel, Visits, learn_store
from storesense_backend.staffing.queueing import PoolModel, Service

POOL = PoolModel(Service(90.0, 1.0, 1_000), most_lanes=5)
MODEL = StoreModel(ArrivalModel(UsualWeek(np.zeros(672)), np.zeros(90)), POOL, None, 1)


def foreseen(*per_min):
    mean = np.repeat(np.array(per_min, dtype=float), -(-HORIZON_MIN // len(per_min)))[:HORIZON_MIN]
    return ArrivalForecast(mean, np.cumsum(mean))


def advised(forecast, state, policy=None):
    adviser = Adviser(MODEL, policy or AdvicePolicy())
    adviser.foresee(forecast)
    return adviser.advice(state)


def test_the_chain_settles_where_the_textbook_says():
    """M/M/2 at a load of 0.75: 1.929 people wait on average (Erlang C)."""
    pool = PoolModel(Service(90.0, 1.0, 1), most_lanes=2, most_people=60)
    people = np.zeros(61)
    people[0] = 1.0
    moves = pool.moves(1.0)[2]
    for _ in range(600):
        people = people @ moves
    assert people.sum() == pytest.approx(1.0)
    assert float(people @ pool.pooled[2]) == pytest.approx(1.929, rel=0.03)


def test_more_arrivals_ask_for_more_lanes():
    lanes = [advised(foreseen(rate), TillState(0.0, 2, 2)).outlooks[1].lanes for rate in (0.3, 1.0, 2.0)]
    assert lanes == sorted(lanes)
    assert lanes[0] < lanes[-1]


def test_a_rush_that_is_still_among_the_shelves_is_met_before_it_comes():
    advice = advised(foreseen(0.5, 0.5, 2.6, 2.6), TillState(0.0, 1, 1))
    now, soon, later = advice.outlooks
    assert later.lanes > now.lanes
    assert later.wait.mean_s < later.wait_unchanged.mean_s / 2
    assert later.wait.p10_s <= later.wait.mean_s <= later.wait.p90_s
    assert soon.lanes_for_target >= 1


def test_a_long_queue_opens_lanes_at_once():
    assert advised(foreseen(1.0), TillState(0.0, 12, 2)).lanes > 2


def test_idle_lanes_close_but_never_the_last():
    assert advised(foreseen(0.05), TillState(0.0, 0, 4)).lanes < 4
    assert advised(foreseen(0.0), TillState(0.0, 0, 1)).lanes == 1


def test_a_lane_that_has_just_opened_stays_open():
    adviser = Adviser(MODEL, AdvicePolicy(least_open_s=120.0))
    adviser.foresee(foreseen(0.05))
    assert adviser.lanes(TillState(0.0, 6, 1)) >= 1
    assert adviser.lanes(TillState(10.0, 0, 3)) == 3, "two opened a moment ago"
    assert adviser.lanes(TillState(135.0, 0, 3)) < 3


def a_past_day():
    """Two lanes, one each 60 s, served 80 s: every other person goes to self-checkout while both are taken."""
    ended = np.arange(100, 3_500, 60.0)
    is_staffed = np.arange(len(ended)) % 3 > 0
    wait, service = np.full(len(ended), 20.0), np.where(is_staffed, 80.0, 120.0)
    visits = Visits.of(ended, wait, service, is_staffed, np.ones(len(ended), dtype=np.bool_))
    return PastDay(540, np.full(60, 2.0), visits, np.full(240, 2))


def test_service_is_learnt_for_each_kind_of_lane():
    model = learn_store([a_past_day()] * 5, most_lanes=4)
    assert model.pool.service.mean_s == pytest.approx(84.0, abs=2.0), "80 s and the walk"
    assert model.self_service is not None
    assert model.self_service.mean_s == pytest.approx(124.0, abs=10.0)
    assert 0.5 < model.pool.staffed_share[0] <= 1.0
    assert 0.0 <= model.pool.uneven_share <= 1.0


def test_without_history_what_is_usual_stands_in():
    model = learn_store([], most_lanes=3)
    assert (model.days, model.pool.service.served, model.self_service) == (0, 0, None)
    assert model.arrivals.forecast(np.ones(10), week_minute=0, minutes=30, open_minutes=30).mean.sum() == 0.0
