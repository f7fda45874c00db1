"""A planogram's entries, what can be wrong with them, and how they lie on a store's layout. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storesense_contracts.errors import StoresenseError
from storesense_contracts.layout import Product, SharedProduct, Slot, StoreLayout

_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class SharedEntry:
    """A further product on a slot's plate.

    Attributes:
        sku: the product's name to machines.
        product_name: the product's name to people.
        capacity_units: units of it that fit.
        unit_weight_g: weight of one unit.
        unit_weight_tolerance_g: how far one unit may be off that weight; None where nobody said.
        minimum_units: at or below this, low stock is critical.
        reorder_point_units: at or below this, stock is low.
    """

    sku: str
    product_name: str
    capacity_units: int
    unit_weight_g: float
    unit_weight_tolerance_g: float | None
    minimum_units: int
    reorder_point_units: int


@dataclass(frozen=True, slots=True)
class PlanogramEntry:
    """What shall stand in one slot.

    Attributes:
        slot_id: the slot.
        sku: the product's name to machines.
        product_name: the product's name to people.
        facings: units side by side at the front.
        capacity_units: units that fit.
        unit_weight_g: weight of one unit.
        unit_weight_tolerance_g: how far one unit may be off that weight; None where nobody said.
        minimum_units: at or below this, low stock is critical.
        reorder_point_units: at or below this, stock is low.
        also: further products on the same plate.
    """

    slot_id: str
    sku: str
    product_name: str
    facings: int
    capacity_units: int
    unit_weight_g: float
    unit_weight_tolerance_g: float | None
    minimum_units: int
    reorder_point_units: int
    also: tuple[SharedEntry, ...] = ()

    @property
    def weights_g(self) -> list[tuple[str, float]]:
        """Each product of the plate and what a unit of it weighs."""
        return [(self.sku, self.unit_weight_g), *((each.sku, each.unit_weight_g) for each in self.also)]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in a planogram, with cause and remedy.

    Attributes:
        line: of the file, from 1; None where the whole is at fault, or it came as no file.
        column: the column's name, None where no single one is to blame.
        text: what is wrong and what to do.
    """

    line: int | None
    column: str | None
    text: str

    def __str__(self) -> str:
        places = [f"line {self.line}" if self.line else None, f"column {self.column}" if self.column else None]
        place = ", ".join(each for each in places if each)
        return f"{place}: {self.text}" if place else self.text


class PlanogramError(StoresenseError):
    """A planogram that cannot be taken; nothing of it was.

    Attributes:
        mistakes: all that were found, in the order of the file.
    """

    exit_code = 2
    code = "bad_planogram"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        told = [str(mistake) for mistake in self.mistakes[:_MOST_TOLD]]
        if len(self.mistakes) > _MOST_TOLD:
            told.append(f"and {len(self.mistakes) - _MOST_TOLD} more")
        super().__init__("The planogram was not taken. " + "; ".join(told) + ".")


def entry_of(slot: Slot) -> PlanogramEntry:
    """Return what a layout says of a slot."""
    product = slot.product
    return PlanogramEntry(
        slot_id=slot.id,
        sku=product.sku,
        product_name=product.name,
        facings=slot.facings,
        capacity_units=slot.capacity_units,
        unit_weight_g=product.unit_weight_g,
        unit_weight_tolerance_g=product.unit_weight_tolerance_g,
        minimum_units=slot.minimum_units,
        reorder_point_units=slot.reorder_point_units,
        also=tuple(
            SharedEntry(
                sku=each.sku,
                product_name=each.name,
                capacity_units=each.capacity_units,
                unit_weight_g=each.unit_weight_g,
                unit_weight_tolerance_g=each.unit_weight_tolerance_g,
                minimum_units=each.minimum_units,
                reorder_point_units=each.reorder_point_units,
            )
            for each in slot.also
        ),
    )


def shared_products(entry: PlanogramEntry) -> list[SharedProduct]:
    """Return an entry's further products as a layout has them."""
    return [
        SharedProduct(
            sku=each.sku,
            name=each.product_name,
            unit_weight_g=each.unit_weight_g,
            unit_weight_tolerance_g=each.unit_weight_tolerance_g,
            capacity_units=each.capacity_units,
            minimum_units=each.minimum_units,
            reorder_point_units=each.reorder_point_units,
        )
        for each in entry.also
    ]


def entries_of(layout: StoreLayout) -> tuple[PlanogramEntry, ...]:
    """Return what a layout says of all slots, in the order of their ids."""
    return tuple(sorted(map(entry_of, layout.slots), key=lambda entry: entry.slot_id))


def laid_on(layout: StoreLayout, entries: Iterable[PlanogramEntry]) -> StoreLayout:
    """Return the layout with the entries' products and limits in its slots; a slot without an entry stays as it is."""
    by_slot = {entry.slot_id: entry for entry in entries}
    return layout.model_copy(update={"slots": [_planned(slot, by_slot.get(slot.id)) for slot in layout.slots]})


def _planned(slot: Slot, entry: PlanogramEntry | None) -> Slot:
    if entry is None:
        return slot
    return slot.model_copy(
        update={
            "product": Product(
                sku=entry.sku,
                name=entry.product_name,
                unit_weight_g=entry.unit_weight_g,
                unit_weight_tolerance_g=entry.unit_weight_tolerance_g,
            ),
            "facings": entry.facings,
            "capacity_units": entry.capacity_units,
            "minimum_units": entry.minimum_units,
            "reorder_point_units": entry.reorder_point_units,
            "also": shared_products(entry),
        }
    )


def mistakes_between(
    entries: Sequence[PlanogramEntry], lines: Sequence[int | None], slot_ids: Iterable[str]
) -> list[Mistake]:
    """Find what is wrong with entries together: each slot of the store must stand there once, each product weigh one.

    Args:
        entries: each right in itself.
        lines: of the file, one for each entry.
        slot_ids: the slots that the store has.
    """
    known = set(slot_ids)
    found: list[Mistake] = []
    first_line: dict[str, tuple[int | None, str]] = {}
    weights: dict[str, tuple[float, str]] = {}
    for entry, line in zip(entries, lines, strict=True):
        if entry.slot_id not in known:
            found.append(
                Mistake(
                    line,
                    "slot",
                    f"the store has no slot {entry.slot_id!r}; add it to the site file first, or leave it out",
                )
            )
        elif entry.slot_id in first_line:
            before, sku = first_line[entry.slot_id]
            where = f" (line {before})" if before else ""
            found.append(
                Mistake(
                    line,
                    "slot",
                    f"slot {entry.slot_id!r} holds {sku}{where} and {entry.sku} too; a slot has one product. "
                    "If both lie on one plate, say so: place 1 for the slot's own, place 2 for the other",
                )
            )
        first_line.setdefault(entry.slot_id, (line, entry.sku))
        for sku, here_g in entry.weights_g:
            weight_g, elsewhere = weights.setdefault(sku, (here_g, entry.slot_id))
            if weight_g != here_g:
                found.append(
                    Mistake(
                        line,
                        "unit_weight_g",
                        f"{sku} weighs {here_g:g} g here and {weight_g:g} g in slot {elsewhere!r}; "
                        "give one weight, or the other product a sku of its own",
                    )
                )
    missing = sorted(known - first_line.keys())
    if missing:
        told = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        found.append(
            Mistake(None, None, f"nothing is said of {told}; a planogram has a line for every slot of the store")
        )
    return found
