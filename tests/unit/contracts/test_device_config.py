"""What a device is told of the planogram: any of it survives the way, and nothing that contradicts physics is taken."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storesense_contracts.device_config import (
    MAX_PRODUCTS,
    MAX_SLOTS,
    ConfigProduct,
    ConfigSlot,
    DeviceConfig,
    decode_config,
    encode_config,
)
from storesense_contracts.messages import MAX_PAYLOAD_BYTES, PayloadError

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]", fullmatch=True)
WEIGHTS_G = st.floats(0.001, 100_000)
PRODUCTS = st.builds(ConfigProduct, sku=IDS, unit_weight_g=WEIGHTS_G, unit_weight_tolerance_g=st.none() | WEIGHTS_G)
SLOTS = st.builds(ConfigSlot, slot_id=IDS, product=PRODUCTS, capacity_units=st.integers(1, 100_000))


@given(
    st.integers(1, 2**31 - 1),
    st.lists(SLOTS, max_size=5, unique_by=lambda slot: slot.slot_id),
    st.lists(PRODUCTS, max_size=5),
)
def test_a_configuration_survives_the_round_trip(
    version: int, slots: list[ConfigSlot], products: list[ConfigProduct]
) -> None:
    config = DeviceConfig(planogram_version=version, slots=tuple(slots), products=tuple(products))
    assert decode_config(encode_config(config)) == config


@given(st.binary(max_size=200))
@example(b'{"":"","":""}')  # an object that sets nothing is a configuration
@example(b"[]")
def test_no_bytes_raise_anything_else_than_a_payload_error(payload: bytes) -> None:
    with suppress(PayloadError):
        assert decode_config(payload) == DeviceConfig()


def valid() -> dict[str, Any]:
    slot = {"slot_id": "oats", "product": {"sku": "2231", "unit_weight_g": 525.0}, "capacity_units": 24}
    return {"v": 1, "planogram_version": 3, "slots": [slot]}


def changed(**fields: Any) -> dict[str, Any]:
    config = valid()
    config["slots"][0] |= fields
    return config


@pytest.mark.parametrize(
    ("config", "detail"),
    [
        pytest.param(changed(product={"sku": "2231", "unit_weight_g": 0}), "> 0", id="zero weight"),
        pytest.param(changed(product={"sku": "2231", "unit_weight_g": -5}), "> 0", id="negative weight"),
        pytest.param(changed(capacity_units=-4), ">= 1", id="negative capacity"),
        pytest.param(changed(slot_id="../etc"), "matching regex", id="an id that is none"),
        pytest.param(valid() | {"slots": valid()["slots"] * 2}, "stands there twice", id="two products in a slot"),
        pytest.param(valid() | {"planogram_version": 0}, ">= 1", id="no version"),
        pytest.param(valid() | {"v": 2}, "v is 2", id="a version of the message that this does not know"),
        pytest.param({"v": 1, "planogram_version": 3}, "slots", id="nothing said of slots"),
    ],
)
def test_a_configuration_that_cannot_hold_is_refused_with_the_reason(config: dict[str, Any], detail: str) -> None:
    with pytest.raises(PayloadError, match=detail):
        decode_config(json.dumps(config).encode())


def test_fields_of_a_later_release_are_ignored() -> None:
    later = json.dumps(valid() | {"colour": "blue"}).encode()
    assert decode_config(later).slots[0].product.sku == "2231"


def test_of_too_many_products_the_last_are_left_out_and_no_slot_is() -> None:
    products = tuple(
        ConfigProduct(
            sku=f"{'x' * 58}{n:06d}", unit_weight_g=12_345.678901234567, unit_weight_tolerance_g=1.23456789012345
        )
        for n in range(MAX_PRODUCTS)
    )
    slots = tuple(
        ConfigSlot(slot_id=f"{'y' * 58}{n:06d}", product=products[n], capacity_units=100_000) for n in range(MAX_SLOTS)
    )
    config = DeviceConfig(planogram_version=1, slots=slots, products=products)
    assert len(msgspec.json.encode(config)) > MAX_PAYLOAD_BYTES
    payload = encode_config(config)
    assert len(payload) <= MAX_PAYLOAD_BYTES
    read = decode_config(payload)
    assert read.slots == slots
    assert read.products == products[:500]
