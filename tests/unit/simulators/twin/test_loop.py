"""What the alerts' advice is worth, and the figures by which that is judged."""

import dataclasses
import json
import math
from datetime import UTC, datetime

import pytest

from storesense_contracts.cli import main
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.loop import LoopOptions, benefits, busier, live_a_day
from storesense_simulators.twin.loop_chart import draw_waits
from storesense_simulators.twin.loop_figures import DayFigures, DayWatch, mean_waits
from storesense_simulators.twin.truth import TruthEvent, TruthKind

EVENING = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def days():
    """An evening at the corner shop to which three times the usual people come, lived with and without advice."""
    shop = load_shop("convenience")
    # The shelves nearly empty already: a day's worth of selling is squeezed into the half hour that is tested.
    low = tuple(dataclasses.replace(p, first_units=p.reorder_point_units + 1) for p in shop.places)
    shop = busier(dataclasses.replace(shop, places=low), 3.0)
    options = LoopOptions(began_at=EVENING, lasts_ms=30 * MINUTE_MS)
    return [live_a_day(shop, options, seed=7, follows_advice=follows) for follows in (True, False)]


def test_who_follows_the_advice_has_shorter_waits_and_fuller_shelves(days):
    advised, plain = (day.figures for day in days)
    assert days[0].alerts > 10
    assert days[1].alerts == 0
    assert advised.mean_wait_s < 0.8 * plain.mean_wait_s
    assert advised.p90_wait_s < 0.8 * plain.p90_wait_s
    assert advised.empty_slot_min < 0.5 * plain.empty_slot_min
    assert advised.low_slot_min < 0.6 * plain.low_slot_min
    assert advised.not_found <= plain.not_found


def test_the_same_people_come_either_way(days):
    assert days[0].figures.visitors == days[1].figures.visitors > 50


def test_a_shop_at_which_more_come_keeps_its_lanes_as_planned():
    shop = load_shop("convenience")
    crowded = busier(shop, 2.0)
    assert crowded.staff == shop.staff
    assert crowded.demand.visitors_per_h[0][17] == pytest.approx(2 * shop.demand.visitors_per_h[0][17])


def event(t_s, kind, subject_id="", **more):
    return TruthEvent(t_ms=t_s * 1_000, kind=kind, subject_id=subject_id, **more)


def test_figures_add_up_from_the_truth():
    shop = load_shop("convenience")
    slot = next(p for p in shop.places if p.slot_id == "dairy-1")
    watch = DayWatch(shop)
    watch.see(
        [
            event(0, TruthKind.STOCK, "dairy-1", level_units=slot.reorder_point_units),
            event(0, TruthKind.LANE_OPENED, "lane-1"),
            event(1, TruthKind.ARRIVED, "door", person_no=1, who="shopper"),
            event(30, TruthKind.QUEUE_LEFT, "tills", person_no=1, why="switched", wait_ms=20_000),
            event(60, TruthKind.QUEUE_LEFT, "tills", person_no=1, why="served", wait_ms=10_000),
            event(60, TruthKind.QUEUE_LEFT, "tills", person_no=2, why="reneged", wait_ms=90_000),
            event(60, TruthKind.PICKED, "dairy-1", level_units=0, units=4),
            event(90, TruthKind.BALKED, "tills", person_no=3, units=2),
            event(90, TruthKind.NOT_FOUND, "dairy-1", person_no=3, units=2),
            event(180, TruthKind.RESTOCKED, "dairy-1", level_units=18, units=18),
            event(200, TruthKind.LANE_CLOSED, "lane-1"),
        ]
    )
    assert watch.figures(360_000) == DayFigures(
        mean_wait_s=60.0,  # half a minute for who changed queues, a minute and a half for who gave up
        p90_wait_s=30.0,
        abandoned=1,
        walkouts=1,
        empty_slot_min=2.0,
        low_slot_min=3.0,
        not_found=2,
        lane_hours=round(200 / 3_600, 2),
        visitors=1,
    )


def figures(wait_s):
    return DayFigures(wait_s, wait_s, 0, 0, 0.0, 0.0, 0, 0.0, 10)


def test_a_benefit_is_a_paired_difference_with_students_interval():
    found = benefits([(figures(10.0), figures(14.0)), (figures(20.0), figures(22.0)), (figures(30.0), figures(36.0))])
    wait = found["mean_wait_s"]
    assert wait.mean == -4.0
    half = 4.303 * math.sqrt(4.0 / 3)  # differences -4, -2, -6: variance 4, two degrees of freedom
    assert (wait.low, wait.high) == (round(-4 - half, 2), round(-4 + half, 2))
    assert benefits([(figures(1.0), figures(2.0))])["mean_wait_s"].low is None
    assert "visitors" not in found


def test_waits_are_drawn_over_the_day():
    waits = [(t * MINUTE_MS, 30_000 + 1_000 * t) for t in range(0, 120, 3)]
    assert list(mean_waits([(0, 10_000), (1, 20_000), (600_000, 5_000)], bin_ms=600_000).items()) == [
        (0, 15.0),
        (1, 5.0),
    ]
    picture = draw_waits(
        [("with", waits), ("without", [])], began_at=EVENING, lasts_ms=120 * MINUTE_MS, title="Corner Shop"
    )
    assert picture.shape == (640, 1280, 3)
    inked = (picture == (70, 120, 215)).all(axis=2)
    assert inked[90:570].any()


def test_the_command_tells_both_days_and_draws_them(tmp_path, capsys):
    chart = tmp_path / "waits.png"
    arguments = ["--store", "convenience", "--hours", "0.05", "--seeds", "2", "--out", str(chart), "--json"]
    assert main(["sim", "loop", *arguments]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["visitors"] == told["with"]["visitors"] == told["without"]["visitors"]
    assert len(told["seeds"]) == 2
    assert told["benefit"]["lane_hours"].keys() == {"mean", "low", "high"}
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_no_days_at_all_is_wrong_use(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["sim", "loop", "--store", "convenience", "--seeds", "0"])
    assert ended.value.code == 2
    assert "whole number of days from 1 to 1000" in capsys.readouterr().err
