"""The published figures of the shelf's chain, in a short form of what `storesense eval shelf-twin` runs."""

import json
from argparse import Namespace

import numpy as np
import pytest

from storesense_edge.shelf.events import ShelfEvent, ShelfEventKind
from storesense_edge.shelf.products import ProductWeight
from storesense_simulators.eval_shelf_twin import RandomShelves, evaluate_world, run_eval_shelf_twin
from storesense_simulators.shelf_life import Habits, Happening, HappeningKind, Move, SlotLife, load_of
from storesense_simulators.shelf_score import SCORED, Seen, ShelfScore, Told

JAM = ProductWeight("jam", 340.0, 7.0)
PICK = Happening(HappeningKind.PICK, 100.0, 101.0, -1, (Move(100.3, 0.4, -340.0),), 5.0)
SWEEP = Happening(HappeningKind.BULK_REMOVAL, 200.0, 206.0, -6, (Move(200.5, 5.0, -2040.0),), 5.0)
LIFE = SlotLife(JAM, 12, 3400.0, 10, (PICK, SWEEP), ())


def seen(kind: ShelfEventKind, at_s: float, units: int = 1) -> Seen:
    return Seen(at_s + 0.5, ShelfEvent(kind, at_s, units, -340.0 * units, 0.99, ambiguous=False))


def test_a_random_hour_is_told_right() -> None:
    habits = Habits(picks=40, put_backs=8, misplaced=4, sweeps=2, leans=6, lifts=6)
    score, mistakes, _ = evaluate_world(RandomShelves(4, 3, habits), 1800.0, 4)
    assert sum(score.hits.values()) > 40
    assert sum(score.missed.values()) + sum(score.invented.values()) <= 1, mistakes
    assert score.false_events == 0
    assert score.exact_minutes >= 0.98 * score.minutes
    wait_ms = score.wait_p99_ms
    assert wait_ms is not None
    assert wait_ms < 1000


def test_the_load_is_that_of_the_goods_when_hands_are_gone() -> None:
    t_ms = np.arange(0, 300_000, 100, dtype=np.int64)
    load_g = load_of(LIFE, t_ms, np.random.default_rng(1))
    assert load_g[0] == 3400.0
    assert np.allclose(load_g[(t_ms > 101_100) & (t_ms < 200_000)], 3060.0)
    assert np.allclose(load_g[t_ms > 206_100], 1020.0)
    assert load_g[(t_ms > 100_000) & (t_ms < 101_000)].std() > 10


@pytest.mark.parametrize(
    ("told", "hits", "missed", "invented", "false"),
    [
        pytest.param([(ShelfEventKind.PICK, 100.5), (ShelfEventKind.BULK_REMOVAL, 203.0)], 2, 0, 0, 0, id="both"),
        pytest.param([(ShelfEventKind.PICK, 100.5)], 1, 1, 0, 0, id="the sweep was missed"),
        pytest.param(
            [(ShelfEventKind.PICK, 100.5), (ShelfEventKind.PICK, 201.0), (ShelfEventKind.BULK_REMOVAL, 203.0)],
            2,
            0,
            0,
            0,
            id="a sweep's first grab is a pick",
        ),
        pytest.param(
            [(ShelfEventKind.FOREIGN, 100.5), (ShelfEventKind.BULK_REMOVAL, 203.0)], 1, 1, 1, 0, id="the wrong kind"
        ),
        pytest.param(
            [(ShelfEventKind.PICK, 50.0), (ShelfEventKind.PICK, 100.5), (ShelfEventKind.BULK_REMOVAL, 203.0)],
            2,
            0,
            1,
            1,
            id="one from nowhere",
        ),
        pytest.param(
            [(ShelfEventKind.LEAN, 50.0), (ShelfEventKind.PICK, 100.5), (ShelfEventKind.PICK, 100.9)],
            1,
            1,
            1,
            0,
            id="one pick told twice",
        ),
    ],
)
def test_events_are_matched_to_what_happened(
    told: list[tuple[ShelfEventKind, float]], hits: int, missed: int, invented: int, false: int
) -> None:
    score = ShelfScore()
    score.add(LIFE, 300.0, [seen(kind, at_s) for kind, at_s in told], [Told(0.0, 10)])
    sums = (sum(score.hits.values()), sum(score.missed.values()), sum(score.invented.values()), score.false_events)
    assert sums == (hits, missed, invented, false)


def test_minutes_are_counted_by_the_units_told_last() -> None:
    score = ShelfScore()
    score.add(LIFE, 301.0, [], [Told(0.0, 10), Told(102.0, 9), Told(207.0, 4)])
    # Minutes 1 to 4; at the end of the fourth three units are there.
    assert (score.minutes, score.exact_minutes, score.units_off) == (4, 3, 1)


def test_the_command_prints_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_eval_shelf_twin(Namespace(seed=2, hours=0.25, slots=1, json=True)) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(figures["events_f1"]) == {kind.value for kind in SCORED}
    for name in ("units_exact_share", "units_mae", "event_latency_p99_ms", "false_events_per_lane_day"):
        assert name in figures
