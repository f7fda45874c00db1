"""What a device's slots hold: told by the gateway, kept over restarts, and never half believed."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from storesense_contracts.device_config import ConfigProduct, ConfigSlot, DeviceConfig, decode_config, encode_config
from storesense_contracts.layout import Product, StoreLayout
from storesense_contracts.readings import HealthState
from storesense_edge.planogram import DevicePlanogram

MILK = Product(sku="milk", name="Milk", unit_weight_g=1030)
OATS = Product(sku="oats", name="Oats", unit_weight_g=525)


def layout(*products: Product) -> StoreLayout:
    slots = [
        {"id": f"s{n}", "name": "Slot", "section": "front", "product": product.model_dump(), "capacity_units": 12,
         "reorder_point_units": 4}
        for n, product in enumerate(products, start=1)
    ]  # fmt: skip
    return StoreLayout.model_validate(
        {"id": "store-1", "name": "Shop", "time_zone": "Europe/Berlin", "floor": {"size_m": [10, 8]},
         "sections": [{"id": "front", "name": "Front"}], "slots": slots}
    )  # fmt: skip


def planogram(path: Path, *products: Product) -> DevicePlanogram:
    store = layout(*(products or (MILK, OATS)))
    return DevicePlanogram(store.slots, store, path / "shelf.planogram.json")


def config(version: int = 3, **slots: dict[str, Any]) -> bytes:
    return encode_config(
        DeviceConfig(
            planogram_version=version,
            slots=tuple(
                ConfigSlot(slot_id=slot_id, product=ConfigProduct(**product), capacity_units=20)
                for slot_id, product in slots.items()
            ),
            products=(ConfigProduct(sku="jam", unit_weight_g=340.0),),
        )
    )


SOAP = {"sku": "soap", "unit_weight_g": 110.0}


def test_the_site_file_holds_until_the_gateway_says_what_does(tmp_path: Path) -> None:
    plans = planogram(tmp_path)
    health = plans.load()
    assert (health.state, health.planogram_version) == (HealthState.OK, None)
    assert plans.plan_of("s1").slot.product == MILK
    untouched = plans.plan_of("s2")
    health = plans.take(config(7, s1=SOAP))
    assert (health.state, health.reason, health.planogram_version) == (HealthState.OK, None, 7)
    planned = plans.plan_of("s1")
    assert (planned.slot.product.sku, planned.slot.product.unit_weight_g, planned.slot.capacity_units) == (
        "soap",
        110.0,
        20,
    )
    assert {each.sku for each in planned.strangers} == {"jam"}
    assert plans.plan_of("s2") is untouched


def test_the_same_again_disturbs_no_slot(tmp_path: Path) -> None:
    plans = planogram(tmp_path)
    plans.take(config(7, s1=SOAP))
    before = plans.plan_of("s1")
    assert plans.take(config(8, s1=SOAP)).planogram_version == 8
    assert plans.plan_of("s1") is before


def test_it_survives_a_restart_without_the_broker(tmp_path: Path) -> None:
    planogram(tmp_path).take(config(7, s1=SOAP))
    again = planogram(tmp_path)
    assert again.load().planogram_version == 7
    assert again.plan_of("s1").slot.product.sku == "soap"


def test_a_site_file_that_says_something_new_is_newer_than_what_was_kept(tmp_path: Path) -> None:
    planogram(tmp_path).take(config(7, s1=SOAP))
    changed = planogram(tmp_path, OATS, OATS)
    assert changed.load().planogram_version is None
    assert changed.plan_of("s1").slot.product == OATS


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(b"", id="empty, as after a power cut without a sync"),
        pytest.param(b"\x00" * 512, id="zeros"),
        pytest.param(b'{"site_sha256": "x", "config": {"v": "one"}}', id="no configuration"),
    ],
)
def test_a_damaged_file_is_told_and_not_used(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "shelf.planogram.json").write_bytes(kept)
    plans = planogram(tmp_path)
    health = plans.load()
    assert (health.state, health.planogram_version) == (HealthState.DEGRADED, None)
    assert "the site file holds" in (health.reason or "")
    assert plans.plan_of("s1").slot.product == MILK
    assert plans.take(config(7, s1=SOAP)).state is HealthState.OK


def test_a_kept_configuration_without_a_planogram_is_told_and_not_used(tmp_path: Path) -> None:
    planogram(tmp_path).take(config(7, s1=SOAP))
    path = tmp_path / "shelf.planogram.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"config": {"v": 1}}))
    again = planogram(tmp_path)
    health = again.load()
    assert (health.state, health.planogram_version) == (HealthState.DEGRADED, None)
    assert "says nothing of a planogram" in (health.reason or "")
    assert again.plan_of("s1").slot.product == MILK


def test_what_cannot_be_read_leaves_the_one_before_in_force(tmp_path: Path) -> None:
    plans = planogram(tmp_path)
    plans.take(config(7, s1=SOAP))
    health = plans.take(b'{"v":1,"planogram_version":8,"slots":[{"slot_id":"s1","product":{"sku":"x"}}]}')
    assert (health.state, health.planogram_version) == (HealthState.DEGRADED, 7)
    assert "cannot be used" in (health.reason or "")
    assert plans.plan_of("s1").slot.product.sku == "soap"


def test_a_slot_of_which_something_impossible_is_said_keeps_what_it_had_and_its_neighbour_changes(
    tmp_path: Path,
) -> None:
    plans = planogram(tmp_path)
    impossible = {"sku": "x", "unit_weight_g": 100.0, "unit_weight_tolerance_g": 60.0}
    health = plans.take(config(9, s1=impossible, s2=SOAP))
    assert (health.state, health.planogram_version) == (HealthState.DEGRADED, 9)
    assert "Slot s1 keeps what it had" in (health.reason or "")
    assert plans.plan_of("s1").slot.product == MILK
    assert plans.plan_of("s2").slot.product.sku == "soap"


def test_slots_of_other_devices_are_ignored(tmp_path: Path) -> None:
    plans = planogram(tmp_path)
    assert plans.take(config(2, elsewhere=SOAP)).state is HealthState.OK
    assert plans.plan_of("s1").slot.product == MILK


def test_a_disk_that_refuses_is_told_and_the_planogram_holds_all_the_same(tmp_path: Path) -> None:
    plans = planogram(tmp_path)
    (tmp_path / "shelf.planogram.new").mkdir()
    health = plans.take(config(7, s1=SOAP))
    assert "cannot be kept on disk" in (health.reason or "")
    assert plans.plan_of("s1").slot.product.sku == "soap"


def test_what_is_kept_holds_no_more_than_what_was_said(tmp_path: Path) -> None:
    plans = planogram(tmp_path)
    plans.take(config(7, s1=SOAP))
    kept = msgspec.json.decode((tmp_path / "shelf.planogram.json").read_bytes())
    assert set(kept) == {"site_sha256", "config"}
    assert kept["config"] == msgspec.json.decode(config(7, s1=SOAP))


def test_a_slot_that_was_drawn_and_has_no_cell_is_said_with_what_it_needs(tmp_path: Path) -> None:
    plans = planogram(tmp_path)
    told = decode_config(config(7, s1=SOAP, new=SOAP))
    health = plans.take(encode_config(msgspec.structs.replace(told, drawn=("new", "s1"))))
    assert (health.state, health.planogram_version) == (HealthState.DEGRADED, 7)
    assert health.reason is not None
    assert "no cell for new," in health.reason
    assert "storesense edge shelf setup" in health.reason
    assert plans.plan_of("s1").slot.product.sku == "soap", "what has a cell is taken up"
    assert plans.take(config(8, s1=SOAP)).state is HealthState.OK
