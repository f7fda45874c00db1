"""The published figures of the shelf's chain, in a short form of what `storesense eval shelf-twin` runs."""

import json
from argparse import Namespace

import numpy as np
import pytest

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.events import ShelfEvent
from storesense_edge.shelf.products import ProductWeight
from storesense_simulators.eval_shelf_twin import evaluate_slots, run_eval_shelf_twin
from storesense_simulators.shelf_life import Happening, HappeningKind, Move, SlotLife, load_of
from storesense_simulators.shelf_score import SCORED, Seen, ShelfScore, Told
from storesense_simulators.shelf_store import StoreShelves, WatchedSlot
from storesense_simulators.twin.load_shop import load_shop

JAM = ProductWeight("jam", 340.0, 7.0)
PICK = Happening(HappeningKind.PICK, 100.0, 101.0, -1, (Move(100.3, 0.4, -340.0),), 5.0)
SWEEP = Happening(HappeningKind.BULK_REMOVAL, 200.0, 206.0, -6, (Move(200.5, 5.0, -2040.0),), 5.0)
LIFE = SlotLife((JAM,), 3400.0, (10,), (PICK, SWEEP), ())


def seen(kind: ShelfEventKind, at_s: float, units: int = 1) -> Seen:
    return Seen(at_s + 0.5, ShelfEvent(kind, at_s, units, -340.0 * units, 0.99, ambiguous=False))


def test_a_busy_hour_of_a_store_is_told_right() -> None:
    lasting_s = 3600.0
    score = ShelfScore()
    shelves = StoreShelves(load_shop("convenience"), 4, 5, thieves_per_day=200, put_back_share=0.2)
    mistakes, _ = evaluate_slots(shelves.watched(lasting_s), lasting_s, 4, score)
    assert sum(score.hits.values()) > 15
    assert sum(score.missed.values()) + sum(score.invented.values()) <= 1, mistakes
    assert score.false_events == 0
    assert score.exact_minutes >= 0.97 * score.minutes
    wait_ms = score.wait_p99_ms
    assert wait_ms is not None
    assert wait_ms < 1000


@pytest.fixture(scope="module")
def slots() -> list[WatchedSlot]:
    shelves = StoreShelves(load_shop("convenience"), 7, 12, thieves_per_day=150)
    return list(shelves.watched(5400.0))


def test_slots_are_what_the_store_holds(slots: list[WatchedSlot]) -> None:
    places = {place.slot_id: place for place in load_shop("convenience").places}
    assert len(slots) == 12
    assert sum(len(slot.spec.products) == 2 for slot in slots) == 1
    for slot in slots:
        own = [places[slot_id] for slot_id in slot.name.split("+")]
        assert [product.sku for product in slot.spec.products] == [place.sku for place in own]
        assert slot.life.start_units == tuple(place.first_units for place in own)
        assert len(slot.spec.strangers) == len(places) - len(own)


def test_the_load_of_the_deeds_is_that_of_the_units(slots: list[WatchedSlot]) -> None:
    kinds = set()
    for slot in slots:
        last_s = 0.0
        weight_g = slot.life.start_g
        for each in slot.life.happenings:
            assert each.begin_s >= last_s
            last_s = each.end_s
            kinds.add(each.kind)
            moved_g = sum(move.delta_g for move in each.moves)
            weight_g += moved_g
            product = slot.spec.products[each.product]
            assert moved_g == pytest.approx(each.units * product.unit_weight_g, rel=0.05) or not each.units
        units_g = zip(slot.life.units_at(5400.0), slot.spec.products, strict=True)
        guests_g = sum(m.delta_g for h in slot.life.happenings if not h.units for m in h.moves)
        assert weight_g - guests_g == pytest.approx(sum(n * p.unit_weight_g for n, p in units_g), rel=0.02)
        assert weight_g > 0
    assert {HappeningKind.PICK, HappeningKind.PUT_BACK, HappeningKind.BULK_REMOVAL, HappeningKind.LEAN} <= kinds


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
    score.add(LIFE, 300.0, [seen(kind, at_s) for kind, at_s in told], [Told(0.0, (10,))])
    sums = (sum(score.hits.values()), sum(score.missed.values()), sum(score.invented.values()), score.false_events)
    assert sums == (hits, missed, invented, false)


def test_neighbouring_deeds_are_each_matched_to_their_own_event() -> None:
    guests = tuple(
        Happening(HappeningKind.MISPLACED, at_s, at_s + 1.0, 0, (Move(at_s + 0.3, 0.4, -500.0),))
        for at_s in (100.0, 102.0, 104.4)
    )
    score = ShelfScore()
    life = SlotLife((JAM,), 5000.0, (10,), guests, ())
    told = [seen(ShelfEventKind.MISPLACED, at_s) for at_s in (101.0, 102.8, 104.8)]
    assert score.add(life, 300.0, told, []) == []
    assert score.hits[HappeningKind.MISPLACED] == 3


def test_minutes_are_counted_by_the_units_told_last() -> None:
    score = ShelfScore()
    score.add(LIFE, 301.0, [], [Told(0.0, (10,)), Told(102.0, (9,)), Told(207.0, (4,))])
    # Minutes 1 to 4; at the end of the fourth three units are there.
    assert (score.minutes, score.exact_minutes, score.units_off) == (4, 3, 1)


def test_the_command_prints_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_eval_shelf_twin(Namespace(seed=2, hours=0.25, slots=1, store=["convenience"], json=True)) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(figures["events_f1"]) == {kind.value for kind in SCORED}
    for name in ("units_exact_share", "units_mae", "event_latency_p99_ms", "false_events_per_lane_day"):
        assert name in figures
