"""Who comes when: the day's total, its shape, bursts, closed hours, and the same arrivals for the same chance."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from storesense_simulators.twin.demand import Arrivals, demand_of
from storesense_simulators.twin.hours import hours_of, is_open
from storesense_simulators.twin.people_file import DemandFile

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = hours_of("UTC", {"mon-fri": "09:00-19:00", "sat": "09:30-12:00 14:00-16:00"})


def demand(**given):
    return demand_of(DemandFile.model_validate(given), HOURS)


def arrivals_ms(wanted, hours=HOURS, *, days=1, seed=1, began_at=MONDAY):
    arrivals = Arrivals(wanted, hours, began_at=began_at, chance=np.random.default_rng(seed))
    found = []
    while (at_ms := arrivals.next_party_ms()) is not None and at_ms < days * 86_400_000:
        found.append(at_ms)
    return found


def test_a_days_total_is_shared_out_by_the_weights_of_its_hours():
    wanted = demand(visitors_a_day=1000, by_hour={9: 1, 10: 3}, bursts={"per_day": 0})
    assert wanted.visitors_per_h[0][9:11] == (250, 750)
    assert sum(wanted.visitors_per_h[0]) == 1000


def test_half_an_open_hour_takes_half_its_share_at_the_full_rate():
    wanted = demand(visitors_a_day=300, by_hour={9: 1, 10: 1}, bursts={"per_day": 0})
    assert wanted.visitors_per_h[5][9:11] == (200, 200)


def test_weekdays_have_factors_and_closed_days_have_nobody():
    wanted = demand(visitors_a_day=100, by_weekday={"tue-wed": 2}, bursts={"per_day": 0})
    assert sum(wanted.visitors_per_h[1]) == pytest.approx(200)
    assert sum(wanted.visitors_per_h[3]) == pytest.approx(100)
    assert sum(wanted.visitors_per_h[6]) == 0


def test_bursts_are_within_the_total_not_on_top_of_it():
    wanted = demand(visitors_a_day=2000, bursts={"per_day": 2, "factor": 3, "lasts_s": 1800})
    plain = sum(wanted.visitors_per_h[0])
    assert plain == pytest.approx(2000 / (1 + 2 * 2 * 1800 / 36_000))
    people = np.mean([len(arrivals_ms(wanted, seed=seed)) for seed in range(30)]) * wanted.parties.mean_size
    assert people == pytest.approx(2000, rel=0.04)


def test_parties_come_only_while_the_store_is_open_and_as_many_as_wanted():
    wanted = demand(visitors_a_day=800, bursts={"per_day": 0}, parties={"alone": 1, "couple": 0, "family": 0})
    found = arrivals_ms(wanted, days=28)
    assert all(is_open(HOURS, MONDAY + timedelta(milliseconds=at_ms)) for at_ms in found)
    # 24 open days of a Poisson count with mean 800: four standard deviations.
    assert len(found) == pytest.approx(24 * 800, abs=4 * (24 * 800) ** 0.5)


def test_gaps_within_an_hour_are_exponential():
    wanted = demand(visitors_a_day=36_000, by_hour=dict.fromkeys(range(24), 1), bursts={"per_day": 0})
    gaps = np.diff(arrivals_ms(wanted))
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.03)


def test_a_clock_change_moves_no_hour():
    berlin = hours_of("Europe/Berlin", {"all": "09:00-10:00"})
    wanted = demand_of(DemandFile.model_validate({"visitors_a_day": 200, "bursts": {"per_day": 0}}), berlin)
    began_at = datetime(2026, 3, 28, tzinfo=UTC)  # the clocks go forward on the 29th
    hours = {
        (began_at + timedelta(milliseconds=at_ms)).strftime("%d %H")
        for at_ms in arrivals_ms(wanted, berlin, days=2, began_at=began_at)
    }
    assert hours == {"28 08", "29 07"}


def test_the_same_chance_brings_the_same_parties():
    wanted = demand(visitors_a_day=500)
    assert arrivals_ms(wanted, seed=7) == arrivals_ms(wanted, seed=7)
    assert arrivals_ms(wanted, seed=7) != arrivals_ms(wanted, seed=8)


def test_nobody_comes_where_nobody_is_wanted():
    assert arrivals_ms(demand(visitors_a_day=0)) == []
