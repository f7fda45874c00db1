"""What shelves find: loads, units, what was taken and put, and what was told wrongly."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from storesense_contracts.ids import IdText
from storesense_contracts.readings.fields import Confidence, Count, MassMg, Reading, Units


class ProductUnits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Units of one of the products that share a plate, and the probability that they are right."""

    sku: IdText
    units: Units
    confidence: Confidence


class ShelfWeight(Reading, frozen=True, kw_only=True, tag_field="kind", tag="weight"):
    """The load on one slot at one instant.

    ``units`` is null where the weight does not tell; ``confidence`` is the probability that it is right. ``guest_mg``
    is the weight of what does not belong there, ``calibration_due`` the reason why somebody should tare or calibrate.
    Where several products share the plate, ``units`` are those of the slot's own product, and ``products`` has all.
    """

    slot_id: IdText
    weight_mg: MassMg
    is_stable: bool
    units: Units | None = None
    confidence: Confidence | None = None
    guest_mg: MassMg | None = None
    calibration_due: Annotated[str, Meta(max_length=300)] | None = None
    products: Annotated[tuple[ProductUnits, ...], Meta(max_length=8)] = ()


class ShelfEventKind(StrEnum):
    """What happened at a slot; a partial lift and a lean changed nothing."""

    # Units of the slot's product left.
    PICK = "pick"
    # Units came, fewer than a restock.
    PUT_BACK = "put_back"
    # Many units came.
    RESTOCK = "restock"
    # Units of another product of the planogram came, or left again, or units left of a product that the slot had before
    # the planogram changed.
    MISPLACED = "misplaced"
    # Something came or left that weighs like nothing in the planogram.
    FOREIGN = "foreign"
    # The units that made it many within seconds left.
    BULK_REMOVAL = "bulk_removal"
    # Something was lifted and set back.
    PARTIAL_LIFT = "partial_lift"
    # Somebody leant on the shelf; nothing happened.
    LEAN = "lean"


class ShelfAlternative(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another thing that may have happened, by the same weight."""

    event: ShelfEventKind
    units: Units
    confidence: Confidence
    sku: IdText | None = None


class ShelfEvent(Reading, frozen=True, kw_only=True, tag_field="kind", tag="event"):
    """Something happened at a slot; ``delta_mg`` is negative when something left.

    ``units`` is 0 where nothing changed. ``is_ambiguous`` says that the weight allows several answers, which
    ``alternatives`` ranks. ``burst_units`` are all units of a restock or bulk removal so far; ``units`` alone sum up.
    ``straddles`` is the other slot, where the thing lay on two. ``event_no`` counts the slot's events in its boot, so
    that a correction can name it.
    """

    slot_id: IdText
    event: ShelfEventKind
    units: Units
    delta_mg: MassMg
    confidence: Confidence
    sku: IdText | None = None
    is_ambiguous: bool = False
    alternatives: Annotated[tuple[ShelfAlternative, ...], Meta(max_length=5)] = ()
    burst_units: Units | None = None
    straddles: IdText | None = None
    event_no: Count | None = None


class ShelfCorrection(Reading, frozen=True, kw_only=True, tag_field="kind", tag="correction"):
    """What followed shows that an event was told wrongly: what it was instead.

    ``measured_at`` is when the event happened, ``event_no`` names it within the boot, ``correction_no`` counts from 1.
    ``told_…`` is what was told before, by the event or by the correction before this one; it is withdrawn. Without
    ``event`` nothing takes its place: it was a part of another event.
    """

    slot_id: IdText
    event_no: Count
    correction_no: Annotated[int, Meta(ge=1, le=1_000)]
    told_event: ShelfEventKind
    told_units: Units
    told_delta_mg: MassMg
    told_sku: IdText | None = None
    event: ShelfEventKind | None = None
    units: Units = 0
    delta_mg: MassMg = 0
    confidence: Confidence
    sku: IdText | None = None
    is_ambiguous: bool = False
    alternatives: Annotated[tuple[ShelfAlternative, ...], Meta(max_length=5)] = ()
