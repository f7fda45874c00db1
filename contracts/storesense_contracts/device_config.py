"""What a device is told: the products of its slots as the planogram has them now, or what its camera shall measure.

It is retained at the broker and a whole each time, so that a device that comes back needs no history. Weights alone
go to shelves: no names, no places, no limits of stock. Cameras are told shapes: no names either.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from storesense_contracts.ids import IdText
from storesense_contracts.messages import MAX_PAYLOAD_BYTES, VERSION, PayloadError, decode_versioned

WeightG = Annotated[float, Meta(gt=0.0, le=100_000.0, description="grams")]

SetupKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z", description="32 bytes as base64url")]

MAX_SLOTS = 500
MAX_PRODUCTS = 1_000
MAX_SHARED = 4
"""Further products on one plate, at most."""


class ConfigProduct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product of the store and what a unit of it weighs; ``unit_weight_tolerance_g`` is two standard deviations."""

    sku: IdText
    unit_weight_g: WeightG
    unit_weight_tolerance_g: WeightG | None = None


class ConfigShared(ConfigProduct, frozen=True, kw_only=True):
    """A further product on a slot's plate, and how many of it fit."""

    capacity_units: Annotated[int, Meta(ge=1, le=100_000)]


class ConfigCount(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody counted in a slot, newest of all counts: units of each product, the slot's own first.

    It is good for as long as what happened since is known; who takes it up says so by ``count_no``.
    """

    count_no: Annotated[int, Meta(ge=1, le=9_223_372_036_854_775_807)]
    counted_at: Annotated[datetime, Meta(tz=True, description="RFC 3339 instant with an offset")]
    units: Annotated[tuple[Annotated[int, Meta(ge=0, le=100_000)], ...], Meta(min_length=1, max_length=MAX_SHARED + 1)]


class ConfigSlot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in one of the device's slots; ``also`` are further products on the same plate."""

    slot_id: IdText
    product: ConfigProduct
    capacity_units: Annotated[int, Meta(ge=1, le=100_000)]
    also: Annotated[tuple[ConfigShared, ...], Meta(max_length=MAX_SHARED)] = ()
    count: ConfigCount | None = None


Version = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Metres = Annotated[float, Meta(ge=-1_000.0, le=1_000.0)]
PointM = tuple[Metres, Metres]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
PointFraction = tuple[Fraction, Fraction]
AreaM = Annotated[tuple[PointM, ...], Meta(min_length=3, max_length=64)]
AreaFraction = Annotated[tuple[PointFraction, ...], Meta(min_length=3, max_length=64)]


class Side(StrEnum):
    """Which side of a line is in, standing at its first point and looking to its second."""

    LEFT = "left"
    RIGHT = "right"


class ConfigLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A counting line that the camera measures: in its picture (fractions), or on the floor."""

    line_id: IdText
    in_side: Side
    image: tuple[PointFraction, PointFraction] | None = None
    floor_m: tuple[PointM, PointM] | None = None


class ConfigZone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A zone that the camera measures: in its picture, or on the floor."""

    zone_id: IdText
    image: AreaFraction | None = None
    floor_m: AreaM | None = None


class ConfigQueue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A queue that the camera measures, and the lanes that it waits for."""

    queue_id: IdText
    lane_ids: Annotated[tuple[IdText, ...], Meta(max_length=500)] = ()
    image: AreaFraction | None = None
    floor_m: AreaM | None = None
    till_image: PointFraction | None = None


class ConfigLane(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A checkout lane of the store: where its cashier is, and where its customers are served."""

    lane_id: IdText
    is_self_checkout: bool = False
    till_m: PointM | None = None
    served_m: Annotated[tuple[PointM, ...], Meta(max_length=50)] = ()


class ConfigPair(msgspec.Struct, frozen=True, kw_only=True):
    """A point of the picture and where it is on the floor."""

    image: PointFraction
    floor_m: PointM


class ConfigDrawing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one camera shall measure, as the version of the drawing has it that holds now.

    ``pairs`` match the picture with the floor. ``staff_areas_m`` are the zones for staff alone. A line, zone or queue
    that does not stand here is not measured.
    """

    version: Version
    pairs: Annotated[tuple[ConfigPair, ...], Meta(max_length=1_000)] = ()
    lines: Annotated[tuple[ConfigLine, ...], Meta(max_length=500)] = ()
    zones: Annotated[tuple[ConfigZone, ...], Meta(max_length=500)] = ()
    queues: Annotated[tuple[ConfigQueue, ...], Meta(max_length=500)] = ()
    lanes: Annotated[tuple[ConfigLane, ...], Meta(max_length=500)] = ()
    staff_areas_m: Annotated[tuple[AreaM, ...], Meta(max_length=500)] = ()


class DeviceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The planogram as one shelf needs it, or the drawing as one camera does.

    ``slots`` are the device's own; a slot that is left out keeps what it had. ``products`` are others of the store,
    which may be put on a slot by mistake: as many as fit, in the order of their slots. ``drawn`` names slots that were
    drawn for this device: of one that it has no cell for it says so in its health. ``setup_keys`` are the public
    Ed25519 keys (base64url) of backends that may let an installer open the device's setup page.
    """

    v: Annotated[int, Meta(ge=1, le=1_000)] = VERSION
    planogram_version: Version | None = None
    slots: Annotated[tuple[ConfigSlot, ...], Meta(max_length=MAX_SLOTS)] | None = None
    products: Annotated[tuple[ConfigProduct, ...], Meta(max_length=MAX_PRODUCTS)] = ()
    drawn: Annotated[tuple[IdText, ...], Meta(max_length=MAX_SLOTS)] = ()
    drawing: ConfigDrawing | None = None
    setup_keys: Annotated[tuple[SetupKey, ...], Meta(max_length=8)] = ()


_DECODER = msgspec.json.Decoder(DeviceConfig)
_ENCODER = msgspec.json.Encoder()


def decode_config(payload: bytes) -> DeviceConfig:
    """Read a device's configuration.

    Raises:
        PayloadError: at stage ``size``, ``version`` or ``body``; then nothing of it is to be used.
    """
    config = decode_versioned(_DECODER, payload)
    if (config.planogram_version is None) != (config.slots is None):
        missing = "slots" if config.slots is None else "planogram_version"
        raise PayloadError(stage="body", detail=f"planogram_version and slots go together; {missing} is missing")
    named: set[str] = set()
    for slot in config.slots or ():
        if slot.slot_id in named:
            raise PayloadError(stage="body", detail=f"slot {slot.slot_id} stands there twice; a slot has one product")
        named.add(slot.slot_id)
    return config


def encode_config(config: DeviceConfig) -> bytes:
    """Encode a configuration; further products are left out from the end where they do not fit into a message."""
    products = config.products
    while True:
        payload = _ENCODER.encode(_said(msgspec.structs.replace(config, products=products)))
        if len(payload) <= MAX_PAYLOAD_BYTES or not products:
            return payload
        products = products[: len(products) // 2]


def _said(config: DeviceConfig) -> dict[str, object]:
    """A configuration without what it does not speak of."""
    said: dict[str, object] = msgspec.structs.asdict(config)
    silent = {"setup_keys", "drawn"} if config.slots is not None else {"setup_keys", "drawn", "products"}
    return {name: value for name, value in said.items() if value is not None and (value or name not in silent)}
