"""The till-level days: the same rules as the twin, a record that comes back whole, and rivals that do what they say."""

import dataclasses
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from storesense_backend.staffing.history import learn_store
from storesense_simulators.eval_staffing import figures, forecast_figures, gains
from storesense_simulators.staffing_bench import Bench, Question, Spec
from storesense_simulators.staffing_days import TillDay, code_mark, day_mark, load_day, record_day, save_day
from storesense_simulators.staffing_rivals import FixedPlan, Threshold
from storesense_simulators.staffing_search import best_plan, best_threshold, price_for
from storesense_simulators.staffing_shop import TillOutcome, TillShop, TillView
from storesense_simulators.staffing_tills import TillRun
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.queues import Seeking

BEGAN = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="module")
def shop():
    return load_shop("supermarket")


@pytest.fixture(scope="module")
def tills(shop):
    return TillShop(shop, lead_ms=60_000)


def a_day(*, people=120, every_ms=20_000, units=20, seed=1):
    chance = np.random.default_rng(seed)
    times = np.cumsum(chance.exponential(every_ms, people)).astype(int)
    seekings = tuple(
        Seeking(int(t), n + 1, (18.0, 17.0), 1.2, units, float(chance.uniform(0.6, 1.4)), 420_000, 0.0)
        for n, t in enumerate(times)
    )
    entered = tuple(max(0, int(t) - 700_000) for t in times)
    return TillDay(seed, BEGAN, int(times[-1]) + 600_000, entered, seekings, {}, (9_000,))


class Always:
    every_ms = 5_000

    def __init__(self, lanes):
        self._lanes = lanes

    def lanes(self, _view):
        return self._lanes


def test_everybody_is_served_gives_up_or_walks_out(tills):
    day = a_day()
    outcome = TillRun(tills, day, Always(2)).run()
    assert len(outcome.waits_ms) + outcome.balked == len(day.seekings)
    assert outcome.lane_h == pytest.approx(2 * (day.seekings[-1].t_ms / 3_600_000), rel=0.2)
    assert outcome == TillRun(tills, day, Always(2)).run(), "the same again"


def test_more_lanes_shorten_waits(tills):
    waits = [np.mean(TillRun(tills, a_day(), Always(lanes)).run().waits_ms) for lanes in (2, 4, 6)]
    assert waits[0] > waits[1] > waits[2]


def test_a_lane_takes_its_time_to_be_staffed(shop):
    class OneMore:
        every_ms = 1_000

        def __init__(self):
            self.seen = []

        def lanes(self, view):
            self.seen.append((view.now_ms, len(view.open_lanes), view.coming_lanes))
            return 1 if view.now_ms < 10_000 else 2

    policy = OneMore()
    TillRun(TillShop(shop, lead_ms=60_000), a_day(), policy).run()
    second = next(now_ms for now_ms, is_open, _ in policy.seen if is_open == 2)
    assert second == pytest.approx(70_000, abs=1_000)
    assert all(coming == 1 for now_ms, _, coming in policy.seen if 11_000 < now_ms < 69_000)


def test_an_unpaid_for_lane_closes_after_its_last_customer(tills):
    class Fewer:
        every_ms = 1_000

        def lanes(self, view):
            return 4 if view.now_ms < 400_000 else 1

    outcome = TillRun(tills, a_day(people=60), Fewer()).run()
    assert outcome.lane_h < TillRun(tills, a_day(people=60), Always(4)).run().lane_h


def a_view(now_ms, waiting, lanes):
    return TillView(
        now_ms, {"queue-1": waiting, "queue-self": 9}, tuple(f"lane-{n}" for n in range(lanes)), 0, 0, {}, ()
    )


def test_a_threshold_waits_as_long_as_it_says():
    policy = Threshold(2, 0, 10, 60, frozenset({"queue-self"}))
    assert policy.lanes(a_view(0, 4, 2)) == 2
    assert policy.lanes(a_view(10_000, 4, 2)) == 3
    assert policy.lanes(a_view(15_000, 0, 3)) == 3
    assert policy.lanes(a_view(75_000, 0, 3)) == 2


def test_a_plan_has_its_cashiers_there_when_the_hour_strikes():
    plan = FixedPlan((1, 3, 2), 60_000)
    at = [plan.lanes(a_view(minute * 60_000, 0, 1)) for minute in (0, 58, 59, 60, 119, 120, 500)]
    assert at == [1, 1, 3, 3, 3, 2, 2]


def test_a_recording_comes_back_whole(tmp_path, shop):
    day = a_day(people=5)
    path = tmp_path / "deep" / "day.json"
    save_day(path, day)
    assert load_day(path) == day
    path.write_text("{", encoding="utf-8")
    assert load_day(path) is None
    mark = day_mark(shop, seed=1, began_at=BEGAN, lasts_ms=1)
    assert mark != day_mark(shop, seed=2, began_at=BEGAN, lasts_ms=1)
    assert mark == day_mark(dataclasses.replace(shop, cameras=()), seed=1, began_at=BEGAN, lasts_ms=1), "they look on"
    assert mark != day_mark(dataclasses.replace(shop, tills=shop.tills[:2]), seed=1, began_at=BEGAN, lasts_ms=1)


def test_the_twin_tells_who_looks_for_a_queue():
    day = record_day(load_shop("convenience"), seed=3, began_at=BEGAN.replace(hour=16), lasts_ms=20 * 60_000)
    assert day.seekings
    assert len({seeking.person_no for seeking in day.seekings}) == len(day.seekings)
    assert all(seeking.units > 0 and seeking.speed_m_s > 0 for seeking in day.seekings)
    assert len(day.entered_ms) >= len(day.seekings)


def test_advice_learns_from_days_and_runs_a_day(shop):
    days = [a_day(people=300, seed=seed) for seed in range(3)]
    bench = Bench(shop, days, lead_s=60.0, missed_share=0.05)
    bench.model = learn_store([bench.keep(0), bench.keep(1)], most_lanes=6)
    cheap, dear = bench.play(Spec("advice", (0.3,)), 2), bench.play(Spec("advice", (5.0,)), 2)
    assert cheap.lane_h > 1.1 * dear.lane_h
    assert np.mean(cheap.waits_ms) < np.mean(dear.waits_ms)
    assert {question.horizon_min for question in bench.foretell(1.0, 2)} == {15, 30}


def test_figures_count_those_who_were_not_served():
    outcome = TillOutcome((10_000, 50_000, 200_000, 30_000), (30_000,), balked=1, lane_h=3.0, switches=2, joined_ms=())
    told = figures([outcome], 120.0)
    assert told["abandoned"] == 2
    assert told["served_within_target"] == pytest.approx(2 / 5), "who gave up after 30 s was not served"
    assert told["mean_wait_s"] == 72.5
    assert told["lane_hours"] == 3.0


def test_gains_and_forecast_errors():
    half, whole = (TillOutcome((wait_ms,), (), 0, 2.0, 0, ()) for wait_ms in (30_000, 60_000))
    told = gains({"fixed": [whole], "threshold": [whole], "advice": [half]})
    assert (told["mean_wait_less_than_fixed"], told["lane_hours_over_threshold"]) == (0.5, 1.0)
    asked = [Question(15, 10.0, 8.0, 12.0, 12), Question(15, 10.0, 8.0, 12.0, 16), Question(30, 20.0, 15.0, 25.0, 20)]
    assert forecast_figures(asked) == {"wape_15": round(8 / 28, 4), "wape_30": 0.0, "coverage_80": round(2 / 3, 4)}


def test_whoever_is_behind_somebody_goes_over_to_the_idle_lane_beside(tills):
    idle = a_day(people=200, every_ms=90_000)
    assert np.mean(np.array(TillRun(tills, idle, Always(6)).run().waits_ms) > 1_000) < 0.02, "somebody is always free"


def test_the_best_threshold_uses_no_more_lane_hours_than_the_best_that_closes_at_once():
    class Played:
        def play_all(self, specs, indices):
            told = []
            for spec in specs:
                open_at, close_at, _, hold_s = spec.numbers
                wait_ms = int(1_000 * (10 * open_at + 5 * close_at - hold_s / 6))
                lane_h = 20 - open_at - close_at + hold_s / 30
                told.append([TillOutcome((wait_ms,), (), 0, lane_h, 0, ()) for _ in indices])
            return told

    spec, wait_s, lane_h = best_threshold(Played(), [0], holds_s=(0.0, 30.0))
    assert lane_h <= 18.0, "those of opening at 2 and closing at 0 at once"
    assert (spec.numbers, wait_s) == ((2, 0, 0, 0.0), 20.0)
    spec, _, lane_h = best_threshold(Played(), [0], holds_s=(0.0, 30.0, 60.0))
    assert lane_h <= 18.0


class Priced:
    """Days on which dearer lanes are fewer, and a plan's waits fall with its lanes in the third hour alone."""

    def play(self, spec, indices):
        if spec.name == "fixed":
            wait_ms, lane_h = int(60_000 / spec.numbers[2]), sum(spec.numbers)
        else:
            wait_ms, lane_h = 1_000, 30 / spec.numbers[0]
        return [TillOutcome((wait_ms,), (), 0, lane_h, 0, (7_200_000,)) for _ in indices]

    def play_all(self, specs, indices):
        return [self.play(spec, indices) for spec in specs]


def test_the_worth_of_a_lane_keeps_to_the_lane_hours():
    for name in ("advice", "foreknowing"):
        price, lane_h = price_for(Priced(), [0, 1], 12.0, name=name)
        assert 11.7 < lane_h <= 12.0
        assert lane_h == pytest.approx(30 / price)


def test_the_best_plan_puts_its_lanes_where_they_shorten_waits():
    found = best_plan(Priced(), [0], 7.0, hours=4, most_lanes=4)
    assert found.numbers[2] == 4
    assert sum(found.numbers) <= 7.21


def test_who_knows_the_arrivals_is_told_them(shop):
    days = [a_day(people=200, every_ms=30_000, seed=seed) for seed in range(2)]
    bench = Bench(shop, days, lead_s=60.0, missed_share=0.0)
    bench.model = learn_store([bench.keep(0)], most_lanes=6)
    policy = bench.policy(Spec("foreknowing", (2.0,)), days[1])
    TillRun(bench.tills, days[1], policy).run()
    seeking = np.array([seeking.t_ms for seeking in days[1].seekings]) // 60_000
    assert policy.forecasts[30].mean[:10].sum() == np.count_nonzero((seeking >= 30) & (seeking < 40))


def test_a_twin_of_other_code_is_another_twin(monkeypatch, shop):
    marks = []
    for told in (code_mark(), "another"):
        monkeypatch.setattr("storesense_simulators.staffing_days.code_mark", lambda told=told: told)
        marks.append(day_mark(shop, seed=1, began_at=BEGAN, lasts_ms=1))
    assert marks[0] != marks[1]
