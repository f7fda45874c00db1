"""What a device is told of the planogram: the products of its slots, as the version has them that holds now.

It is retained at the broker and a whole each time, so that a device that comes back needs no history. Weights alone
go to the edge: no names, no places, no limits of stock.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from storesense_contracts.ids import IdText
from storesense_contracts.messages import MAX_PAYLOAD_BYTES, VERSION, PayloadError, check_size

WeightG = Annotated[float, Meta(gt=0.0, le=100_000.0, description="grams")]

MAX_SLOTS = 500
MAX_PRODUCTS = 1_000


class ConfigProduct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product of the store and what a unit of it weighs; ``unit_weight_tolerance_g`` is two standard deviations."""

    sku: IdText
    unit_weight_g: WeightG
    unit_weight_tolerance_g: WeightG | None = None


class ConfigSlot(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in one of the device's slots."""

    slot_id: IdText
    product: ConfigProduct
    capacity_units: Annotated[int, Meta(ge=1, le=100_000)]


class DeviceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The planogram as one device needs it.

    ``slots`` are the device's own; a slot that is left out keeps what it had. ``products`` are others of the store,
    which may be put on a slot by mistake: as many as fit, in the order of their slots.
    """

    v: Annotated[int, Meta(ge=1, le=1_000)] = VERSION
    planogram_version: Annotated[int, Meta(ge=1, le=2_147_483_647)]
    slots: Annotated[tuple[ConfigSlot, ...], Meta(max_length=MAX_SLOTS)]
    products: Annotated[tuple[ConfigProduct, ...], Meta(max_length=MAX_PRODUCTS)] = ()


_DECODER = msgspec.json.Decoder(DeviceConfig)
_ENCODER = msgspec.json.Encoder()


def decode_config(payload: bytes) -> DeviceConfig:
    """Read a device's configuration.

    Raises:
        PayloadError: at stage ``size``, ``version`` or ``body``; then nothing of it is to be used.
    """
    check_size(payload)
    try:
        config = _DECODER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise PayloadError(stage="body", detail=str(exc)) from exc
    if config.v != VERSION:
        raise PayloadError(stage="version", detail=f"v is {config.v}; this reads v {VERSION}")
    named: set[str] = set()
    for slot in config.slots:
        if slot.slot_id in named:
            raise PayloadError(stage="body", detail=f"slot {slot.slot_id} stands there twice; a slot has one product")
        named.add(slot.slot_id)
    return config


def encode_config(config: DeviceConfig) -> bytes:
    """Encode a configuration; further products are left out from the end where they do not fit into a message."""
    products = config.products
    while True:
        payload = _ENCODER.encode(msgspec.structs.replace(config, products=products))
        if len(payload) <= MAX_PAYLOAD_BYTES or not products:
            return payload
        products = products[: len(products) // 2]
