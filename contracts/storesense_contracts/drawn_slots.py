"""Slots as they are drawn: moved, sized, added, taken away; laid on a store's slots, and what cannot work of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from storesense_contracts.drawing_problem import At, DrawingProblem
from storesense_contracts.layout import (
    Id,
    Level,
    Name,
    PointM,
    Product,
    SharedProduct,
    Shelf,
    SizeM,
    Slot,
    StoreLayout,
    StrictModel,
)
from storesense_contracts.plane import covers

OVERLAP_M = 0.01
"""Slots may lie so far over each other, and stand out of their shelf, as hands draw no better."""

Box = tuple[float, float, float, float]


class SlotHolds(StrictModel):
    """What a slot holds from the moment on at which it is drawn; the planogram says what it holds later."""

    product: Product
    capacity_units: Annotated[int, Field(ge=1, le=100_000)]
    reorder_point_units: Annotated[int, Field(ge=0, le=100_000)]
    minimum_units: Annotated[int, Field(ge=0, le=100_000)] = 0
    facings: Annotated[int, Field(ge=1, le=1_000)] = 1
    also: list[SharedProduct] = Field([], max_length=4)


class SlotPlace(StrictModel):
    """Where a slot is, and what else is drawn of it.

    One that the store has not has ``name`` and ``section``, and is in the layout once it ``holds`` something; until
    then it is drawn, and empty. Of one that the store has they stay what they are where they are left out. One that
    ``is_removed`` is in the layout no more.
    """

    slot: Id
    at_m: PointM | None = None
    size_m: SizeM | None = None
    level: Level | None = None
    shelf: Id | None = None
    device: Id | None = None
    name: Name | None = None
    section: Id | None = None
    holds: SlotHolds | None = None
    is_removed: bool = False


def slots_on(slots: Sequence[Slot], places: Sequence[SlotPlace]) -> list[Slot]:
    """Return a store's slots as they are drawn: those that are not named as they are, new ones at the end."""
    drawn = {place.slot: place for place in places}
    known = {slot.id for slot in slots}
    kept = [_moved(slot, drawn.get(slot.id)) for slot in slots]
    added = [_made(place) for place in places if place.slot not in known and not place.is_removed]
    return [slot for slot in [*kept, *added] if slot is not None]


def _moved(slot: Slot, place: SlotPlace | None) -> Slot | None:
    if place is None:
        return slot
    if place.is_removed:
        return None
    said = {name: getattr(place, name) for name in ("at_m", "size_m", "level", "shelf", "device")}
    said |= {name: value for name in ("name", "section") if (value := getattr(place, name)) is not None}
    return slot.model_copy(update=said)


def _made(place: SlotPlace) -> Slot | None:
    holds = place.holds
    if holds is None or place.name is None or place.section is None:
        return None
    return Slot(
        id=place.slot,
        name=place.name,
        section=place.section,
        product=holds.product,
        capacity_units=holds.capacity_units,
        reorder_point_units=holds.reorder_point_units,
        minimum_units=holds.minimum_units,
        facings=holds.facings,
        also=holds.also,
        at_m=place.at_m,
        size_m=place.size_m,
        level=place.level,
        shelf=place.shelf,
        device=place.device,
    )


def remembering(slots: Sequence[Slot], places: Sequence[SlotPlace]) -> list[SlotPlace]:
    """Return places of which those taken away say what their slots were, so that they can be brought back."""
    known = {slot.id: slot for slot in slots}
    return [
        place.model_copy(update={"name": slot.name, "section": slot.section, "holds": _held(slot)})
        if place.is_removed and (slot := known.get(place.slot)) is not None
        else place
        for place in places
    ]


def _held(slot: Slot) -> SlotHolds:
    return SlotHolds(
        product=Product(**{name: getattr(slot.product, name) for name in Product.model_fields}),
        capacity_units=slot.capacity_units,
        reorder_point_units=slot.reorder_point_units,
        minimum_units=slot.minimum_units,
        facings=slot.facings,
        also=[
            SharedProduct(**{name: getattr(each, name) for name in SharedProduct.model_fields}) for each in slot.also
        ],
    )


def slot_problems(
    layout: StoreLayout, places: Sequence[SlotPlace], shelves: Sequence[Shelf], device_ids: Collection[str]
) -> Iterator[DrawingProblem]:
    """Find what cannot work of slots: what they belong to, what they hold, and where they lie.

    Args:
        layout: the store that they are drawn for.
        places: of the slots.
        shelves: as they are drawn.
        device_ids: the store's devices that weigh slots.
    """
    slots = {slot.id: slot for slot in layout.slots}
    sections = {section.id for section in layout.sections}
    furniture = {shelf.id: shelf for shelf in shelves}
    for index, place in enumerate(places):
        if place.is_removed:
            continue
        here = ("slots", index)
        if place.slot not in slots and (place.name is None or place.section is None):
            yield DrawingProblem(
                (*here, "slot"),
                f"the store has no slot {place.slot!r}; give a new one a name and a section, or leave it out",
            )
        if place.section is not None and place.section not in sections:
            yield DrawingProblem((*here, "section"), f"there is no section {place.section!r}; choose another")
        if place.device is not None and place.device not in device_ids:
            yield DrawingProblem(
                (*here, "device"), f"the store has no device {place.device!r} that weighs slots; choose another"
            )
        if place.size_m is not None and place.at_m is None:
            yield DrawingProblem((*here, "size_m"), f"slot {place.slot!r} has a size and no place; draw it on the plan")
        yield from _in_shelf(place, furniture, index)
        if place.slot not in slots and place.holds is not None:
            yield from _holds(layout, place.holds, index)
    yield from _overlaps(places)


def products_taken_away(layout: StoreLayout, places: Sequence[SlotPlace]) -> Iterator[DrawingProblem]:
    """Find what would not work of the products of slots that were taken away: it is no problem of who brings them back.

    Args:
        layout: the store.
        places: of the slots, as they were drawn before.
    """
    for index, place in enumerate(places):
        if place.is_removed and place.holds is not None:
            yield from _holds(layout, place.holds, index)


def _in_shelf(place: SlotPlace, shelves: Mapping[str, Shelf], index: int) -> Iterator[DrawingProblem]:
    if place.shelf is None:
        return
    shelf = shelves.get(place.shelf)
    if shelf is None:
        yield DrawingProblem(("slots", index, "shelf"), f"there is no shelf {place.shelf!r}; choose another")
        return
    box = _box(place) if place.size_m is not None else _point(place)
    if box is None:
        return
    left, top, right, bottom = _shrunk(box)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if not covers(shelf.floor_m, corners):
        yield DrawingProblem(
            ("slots", index, "at_m"),
            f"slot {place.slot!r} is not within its shelf {place.shelf!r}; move it there, or choose another shelf",
        )


def _holds(layout: StoreLayout, holds: SlotHolds, index: int) -> Iterator[DrawingProblem]:
    at = ("slots", index, "holds")
    known = {product.sku: product for slot in layout.slots for product in (slot.product, *slot.also)}
    named: list[tuple[At, Product]] = [((*at, "product"), holds.product)]
    named += [((*at, "also", place), each) for place, each in enumerate(holds.also)]
    for place, (there, held) in enumerate(named):
        product = known.get(held.sku)
        if product is None:
            yield DrawingProblem(
                there, f"the planogram has no product {held.sku!r}; enter it there first, or leave the slot empty"
            )
        elif product.unit_weight_g != held.unit_weight_g:
            yield DrawingProblem(
                there, f"{held.sku!r} weighs {product.unit_weight_g:g} g in the planogram; choose it again"
            )
        if held.sku in {other.sku for _, other in named[:place]}:
            yield DrawingProblem(there, f"{held.sku!r} stands twice on the plate of a slot; give each product once")
    if not holds.minimum_units <= holds.reorder_point_units < holds.capacity_units:
        yield DrawingProblem(
            (*at, "reorder_point_units"), "the reorder point must be below what fits, and not below the minimum"
        )


def _overlaps(places: Sequence[SlotPlace]) -> Iterator[DrawingProblem]:
    """Slots on one board that lie over each other, found along the plan's width."""
    boxes = [
        (box, index, place)
        for index, place in enumerate(places)
        if not place.is_removed and place.size_m is not None and (box := _box(place)) is not None
    ]
    boxes.sort(key=lambda each: each[0][0])
    open_: list[tuple[Box, SlotPlace]] = []
    for box, index, place in boxes:
        open_ = [(other, there) for other, there in open_ if other[2] - box[0] > OVERLAP_M]
        for other, there in open_:
            deep = min(other[3], box[3]) - max(other[1], box[1])
            if deep > OVERLAP_M and there.level == place.level:
                yield DrawingProblem(
                    ("slots", index, "at_m"),
                    f"slots {place.slot!r} and {there.slot!r} lie over each other; "
                    "move one of them, or put them on different levels",
                )
                break
        open_.append((box, place))


def _point(place: SlotPlace) -> Box | None:
    return None if place.at_m is None else (*place.at_m, *place.at_m)


def _box(place: SlotPlace) -> Box | None:
    if place.at_m is None or place.size_m is None:
        return None
    (x, y), (width, depth) = place.at_m, place.size_m
    return (x - width / 2, y - depth / 2, x + width / 2, y + depth / 2)


def _shrunk(box: Box) -> Box:
    left, top, right, bottom = box
    by_x, by_y = min(OVERLAP_M, (right - left) / 2), min(OVERLAP_M, (bottom - top) / 2)
    return (left + by_x, top + by_y, right - by_x, bottom - by_y)
