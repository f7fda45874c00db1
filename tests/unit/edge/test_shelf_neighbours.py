"""Slots beside each other share what they find, whichever thread is first; who stands alone is never held up."""

import random
import threading

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.events import ShelfEvent, event_of
from storesense_edge.shelf.movement import WeightStep
from storesense_edge.shelf.neighbours import SlotEvent
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf_neighbours import ShelfNeighbours

GRAMS = Calibration(0.0, 400.0, 1.0)
JUICE = SlotSpec(GRAMS, unit_weight_g=1040.0, unit_tolerance_g=10.0, sku="juice")
TEA = SlotSpec(GRAMS, unit_weight_g=150.0, unit_tolerance_g=3.0, sku="tea")
OATS = SlotSpec(GRAMS, unit_weight_g=500.0, unit_tolerance_g=8.0, sku="oats")


def neighbours(rows: list[list[str]]) -> ShelfNeighbours:
    shelf = ShelfNeighbours(rows)
    for slot_id, spec in (("juice", JUICE), ("tea", TEA), ("oats", OATS)):
        shelf.plan(slot_id, spec)
    return shelf


def seen(spec: SlotSpec, at_s: float, delta_g: float) -> ShelfEvent:
    event = event_of(WeightStep(at_s, at_s + 0.4, 3000, 3000 + delta_g, 0.2, swinging=False, after_gap=False), spec)
    assert event is not None
    return event


def test_a_bottle_on_two_of_a_row_is_one_event() -> None:
    shelf = neighbours([["juice", "tea", "oats"]])
    assert shelf.step("tea", is_moving=True, event=None, now_s=10.0) == []
    assert shelf.step("juice", is_moving=False, event=seen(JUICE, 10.0, 629.5), now_s=10.4) == []
    (told,) = shelf.step("tea", is_moving=False, event=seen(TEA, 10.1, 411.0), now_s=10.5)
    assert (told.slot_id, told.straddles, told.event.kind) == ("juice", "tea", ShelfEventKind.PUT_BACK)


def test_a_half_waits_for_a_neighbour_that_has_not_been_weighed_since() -> None:
    """Each slot has a thread of its own; one of them may lag."""
    shelf = neighbours([["juice", "tea"]])
    shelf.step("tea", is_moving=False, event=None, now_s=10.1)
    assert shelf.step("juice", is_moving=False, event=seen(JUICE, 10.0, 629.5), now_s=10.6) == []
    (told,) = shelf.step("tea", is_moving=False, event=seen(TEA, 10.2, 411.0), now_s=10.8)
    assert (told.slot_id, told.straddles) == ("juice", "tea")


def test_nobody_waits_for_a_neighbour_that_fell_silent_or_rests() -> None:
    shelf = neighbours([["juice", "tea"]])
    shelf.step("tea", is_moving=False, event=None, now_s=5.0)
    assert len(shelf.step("juice", is_moving=False, event=seen(JUICE, 10.0, 629.5), now_s=10.6)) == 1
    shelf.step("tea", is_moving=False, event=None, now_s=20.5)
    assert len(shelf.step("juice", is_moving=False, event=seen(JUICE, 20.0, 629.5), now_s=20.6)) == 1


def test_the_ends_of_a_row_are_no_neighbours() -> None:
    shelf = neighbours([["juice", "tea", "oats"]])
    shelf.step("oats", is_moving=True, event=None, now_s=10.0)
    assert len(shelf.step("juice", is_moving=False, event=seen(JUICE, 10.0, 629.5), now_s=10.4)) == 1


def test_a_slot_in_no_row_tells_at_once_whatever_moves() -> None:
    shelf = neighbours([["juice", "tea"]])
    for slot_id in ("juice", "tea"):
        shelf.step(slot_id, is_moving=True, event=None, now_s=10.0)
    odd = seen(OATS, 10.0, 77.0)
    assert shelf.step("oats", is_moving=False, event=odd, now_s=10.4) == [SlotEvent("oats", odd)]


def test_a_half_whose_other_half_never_comes_is_told_by_whoever_samples_next() -> None:
    shelf = neighbours([["juice", "tea"]])
    shelf.step("tea", is_moving=True, event=None, now_s=10.0)
    odd = seen(JUICE, 10.0, 629.5)
    assert shelf.step("juice", is_moving=False, event=odd, now_s=10.4) == []
    assert shelf.step("tea", is_moving=True, event=None, now_s=11.0) == []
    assert shelf.step("tea", is_moving=True, event=None, now_s=12.6) == [SlotEvent("juice", odd)]


def test_the_product_that_a_slot_has_now_decides() -> None:
    shelf = neighbours([["juice", "tea"]])
    shelf.plan("juice", OATS)
    shelf.step("tea", is_moving=True, event=None, now_s=10.0)
    shelf.step("juice", is_moving=False, event=seen(OATS, 10.0, 310.0), now_s=10.4)
    (told,) = shelf.step("tea", is_moving=False, event=seen(TEA, 10.1, 190.0), now_s=10.5)
    assert (told.event.sku, told.event.units) == ("oats", 1)


def test_threads_lose_and_double_no_event() -> None:
    shelf = neighbours([["juice", "tea", "oats"]])
    told: list[SlotEvent] = []
    lock = threading.Lock()

    def run(slot_id: str, spec: SlotSpec, seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311 -- order, no secret
        for n in range(300):
            event = seen(spec, float(n), rng.choice([-spec.unit_weight_g, 77.0, 333.0])) if n % 3 == 0 else None  # type: ignore[operator]
            found = shelf.step(slot_id, is_moving=rng.random() < 0.5, event=event, now_s=float(n))
            with lock:
                told.extend(found)

    slots = (("juice", JUICE), ("tea", TEA), ("oats", OATS))
    threads = [threading.Thread(target=run, args=(*slot, seed)) for seed, slot in enumerate(slots)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for slot_id, _ in slots:
        told += shelf.step(slot_id, is_moving=False, event=None, now_s=1e6)
    assert sum(2 if each.straddles else 1 for each in told) == 300
