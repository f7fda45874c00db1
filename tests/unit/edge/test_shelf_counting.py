"""A count by hand is set against what the shelf believes, taken up once, and doubted where the weight says no."""

from datetime import UTC, datetime, timedelta

import pytest

from storesense_contracts.device_config import ConfigCount
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.pipeline import ShelfPipeline
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.source import LoadCellSample
from storesense_edge.shelf_counting import HandCounts

START_AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
SPEC = SlotSpec(Calibration(0.0, 400.0, 1.0), 100.0, 2.0, 20, sku="rice", also=(ProductWeight("beans", 150.0, 3.0),))


class Shelf:
    """A slot's chain with its counts, fed plateau by plateau."""

    def __init__(self) -> None:
        self.pipeline, self.counts, self.now_at = ShelfPipeline(SPEC), HandCounts("s1"), START_AT
        self.counts.begin(START_AT.timestamp())

    def lie(self, weight_g: float, lasting_s: float = 8.0) -> None:
        for place in range(round(10 * lasting_s)):
            self.now_at += timedelta(seconds=0.1)
            noise = 0.2 * (-1) ** place + 0.1 * (place % 3)
            seen = self.pipeline.step(LoadCellSample(self.now_at, 400 * (weight_g + noise)))
            if seen is not None and seen.event is not None:
                self.counts.saw(seen.event, seen.event.at_s)

    def take(self, no: int, *units: int, ago_s: float = 0.0):
        count = ConfigCount(count_no=no, counted_at=self.now_at - timedelta(seconds=ago_s), units=units)
        return self.counts.take(count, self.pipeline, ["rice", "beans"], self.now_at.timestamp())


def test_a_count_tells_products_apart_that_the_weight_cannot_and_is_taken_once() -> None:
    shelf = Shelf()
    shelf.lie(600)
    believed = shelf.pipeline.stock()
    assert believed is not None
    assert believed.confidence < 0.6, "six of rice, or three and two of beans, or four of beans"
    taken = shelf.take(4, 3, 2)
    assert taken is not None
    assert (taken.is_taken, taken.count_no, taken.slot_id) == (True, 4, "s1")
    assert [(each.sku, each.counted_units) for each in taken.products] == [("rice", 3), ("beans", 2)]
    assert [each.believed_units for each in taken.products] == list(believed.units)
    shelf.lie(600, 2)
    held = shelf.pipeline.stock()
    assert held is not None
    assert (held.units, held.confidence > 0.99) == ((3, 2), True)
    assert shelf.take(4, 3, 2) is None
    assert shelf.take(3, 6, 0) is None, "an older count, told again"


def test_what_left_since_it_was_counted_is_taken_off() -> None:
    shelf = Shelf()
    shelf.lie(600)
    assert shelf.take(1, 3, 2).is_taken
    shelf.lie(450)
    taken = shelf.take(2, 3, 2, ago_s=9.0)
    assert taken.is_taken
    assert [(each.counted_units, each.believed_units) for each in taken.products] == [(3, 3), (2, 2)]
    assert shelf.pipeline.stock().units == (3, 1)  # type: ignore[union-attr]


def test_a_count_that_the_weight_cannot_be_is_believed_the_second_time() -> None:
    shelf = Shelf()
    shelf.lie(600)
    first = shelf.take(1, 1, 2)
    assert (first.is_taken, "count again" in first.reason) == (False, True)
    second = shelf.take(2, 1, 2)
    assert second.is_taken
    shelf.lie(600, 2)
    assert shelf.pipeline.stock().units == (1, 2)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("units", "ago_s", "says"),
    [
        pytest.param((7,), 0.0, "1 numbers were counted and 2 products", id="one number for two products"),
        pytest.param(
            (3, 2), 60.0, "was started, or set to zero, after it was counted", id="before the slot was watched"
        ),
    ],
)
def test_a_count_that_says_nothing_of_now_is_refused_with_its_reason(
    units: tuple[int, ...], ago_s: float, says: str
) -> None:
    shelf = Shelf()
    shelf.lie(600)
    refused = shelf.take(1, *units, ago_s=ago_s)
    assert not refused.is_taken
    assert says in refused.reason


def test_a_count_of_yesterday_that_is_still_retained_is_passed_over_in_silence() -> None:
    shelf = Shelf()
    shelf.lie(600)
    assert shelf.take(1, 3, 2, ago_s=7200.0) is None
    assert shelf.pipeline.stock().confidence < 0.6  # type: ignore[union-attr]


def test_a_slot_that_is_touched_is_asked_again() -> None:
    shelf = Shelf()
    shelf.lie(600)
    shelf.lie(780, 0.8)
    assert shelf.take(1, 3, 2) is None
    shelf.lie(600, 8)
    assert shelf.take(1, 3, 2).is_taken
