"""What devices are told of a planogram: own slots, the other products, and everything again on a new connection."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from storesense_contracts.device_config import MAX_PRODUCTS, ConfigProduct, decode_config, encode_config
from storesense_contracts.ids import DeviceId, StoreId
from storesense_gateway.planograms import PlannedSlot, PlanogramTeller, configs_of


def planned(slot_id: str, sku: str, unit_weight_g: float = 500.0) -> PlannedSlot:
    return PlannedSlot(slot_id, ConfigProduct(sku=sku, unit_weight_g=unit_weight_g), 12)


def test_a_device_gets_its_own_slots_and_the_weights_of_all_other_products_once() -> None:
    slots = [planned("a", "oats"), planned("b", "rye", 750), planned("c", "jam", 340), planned("d", "jam", 340)]
    configs = configs_of(4, slots, {"left": ["a", "b"], "right": ["c"]})
    assert [slot.slot_id for slot in configs["left"].slots] == ["a", "b"]
    assert [product.sku for product in configs["left"].products] == ["jam"]
    assert [(slot.slot_id, slot.product.unit_weight_g) for slot in configs["right"].slots] == [("c", 340.0)]
    assert [product.sku for product in configs["right"].products] == ["oats", "rye"]
    assert {config.planogram_version for config in configs.values()} == {4}


def test_a_device_is_told_which_slots_were_drawn_for_it() -> None:
    configs = configs_of(4, [planned("a", "oats"), planned("b", "rye")], {"left": ["a", "b"]}, {"left": ["b"]})
    assert configs["left"].drawn == ("b",)
    assert decode_config(encode_config(configs["left"])) == configs["left"]


def test_slots_that_no_planogram_knows_are_left_out() -> None:
    assert configs_of(1, [planned("a", "oats")], {"old": ["gone", "a"]})["old"].slots[0].slot_id == "a"


def test_a_store_of_very_many_products_is_told_in_part() -> None:
    slots = [planned(f"s{n}", f"sku{n}") for n in range(MAX_PRODUCTS + 50)]
    config = configs_of(1, slots, {"left": ["s0"]})["left"]
    assert len(config.products) == MAX_PRODUCTS


class FakeLink:
    """A connection to a broker that may be away."""

    def __init__(self) -> None:
        self.connection_no = 1
        self.takes = True
        self.told: list[tuple[str, str, int]] = []
        self.configs: list[Any] = []

    def tell_config(self, store_id: StoreId, device_id: DeviceId, payload: bytes) -> bool:
        if self.takes:
            self.told.append((store_id, device_id, decode_config(payload).planogram_version))
            self.configs.append(decode_config(payload))
        return self.takes


class FakeDatabase:
    """Answers the queries from memory, by what they ask for."""

    def __init__(self) -> None:
        self.heads: list[tuple[str, int, int, int, int]] = [("s-1", 1, 1, 2, 0)]
        self.counts: list[tuple[str, int, datetime, list[int]]] = []

    def execute(self, query: str, values: dict[str, Any]) -> "FakeDatabase":
        if "store_ids" in values:
            self._rows: list[Any] = list(self.heads)
        elif "planogram_shared" in query:
            self._rows = [("a", "spelt", 650.0, None, 6)]
        elif "shelf_counts" in query:
            self._rows = self.counts
        elif "version" in values:
            self._rows = [("a", "oats", 500.0, None, 12), ("b", "rye", 750.0, 20.0, 8)]
        else:
            self._rows = [("left", ["a"], []), ("right", ["b", "new"], ["new"])]
        return self

    def fetchall(self) -> list[Any]:
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


@pytest.fixture
def database() -> Any:
    return FakeDatabase()


def test_what_has_been_told_is_told_again_only_when_something_is_new(database: Any) -> None:
    link = FakeLink()
    teller = PlanogramTeller("", link)
    assert teller.look(database) == 2
    assert teller.look(database) == 0
    database.heads = [("s-1", 2, 1, 2, 0)]
    assert teller.look(database) == 2
    database.heads = [("s-1", 2, 1, 3, 0)]
    assert teller.look(database) == 2, "a device was heard of for the first time"
    database.heads = [("s-1", 2, 2, 3, 0)]
    assert teller.look(database) == 2, "slots were drawn"
    assert [version for *_, version in link.told] == [1, 1, 2, 2, 2, 2, 2, 2]


def test_a_count_by_hand_is_told_to_the_device_that_weighs_the_slot_with_all_products_of_its_plate(
    database: Any,
) -> None:
    link = FakeLink()
    teller = PlanogramTeller("", link)
    teller.look(database)
    database.heads = [("s-1", 1, 1, 2, 31)]
    database.counts = [("a", 31, datetime(2026, 11, 21, 12, tzinfo=UTC), [7, 3])]
    assert teller.look(database) == 2
    left, right = (config.slots[0] for config in link.configs[-2:])
    assert left.count is not None
    assert (left.count.count_no, left.count.units) == (31, (7, 3))
    assert [(each.sku, each.capacity_units) for each in left.also] == [("spelt", 6)]
    assert (right.count, right.also) == (None, ())
    assert [product.sku for product in link.configs[-1].products] == ["oats", "spelt"], "what shares a plate elsewhere"


def test_a_new_connection_is_told_everything_since_its_broker_may_have_forgotten(database: Any) -> None:
    link = FakeLink()
    teller = PlanogramTeller("", link)
    teller.look(database)
    link.connection_no = 0
    assert teller.look(database) == 0
    link.connection_no = 2
    assert teller.look(database) == 2


def test_what_the_broker_did_not_take_is_told_at_the_next_look(database: Any) -> None:
    link = FakeLink()
    link.takes = False
    teller = PlanogramTeller("", link)
    assert teller.look(database) == 0
    link.takes = True
    assert teller.look(database) == 2
