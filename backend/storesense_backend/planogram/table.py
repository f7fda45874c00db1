"""A planogram as a CSV file: read with every mistake by line and column, and written. No I/O.

The first line names the columns, in any order. Fields are parted by commas, semicolons or tabs, whichever the first
line has; with semicolons or tabs a decimal comma is understood, as spreadsheets of many countries write it.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from storesense_backend.planogram.entry import (
    Mistake,
    PlanogramEntry,
    PlanogramError,
    SharedEntry,
    entry_of,
    mistakes_between,
)
from storesense_contracts.layout import Slot

COLUMNS = (
    "slot",
    "sku",
    "product",
    "facings",
    "capacity_units",
    "unit_weight_g",
    "unit_weight_tolerance_g",
    "minimum_units",
    "reorder_point_units",
    "place",
)
_OPTIONAL = {"facings": "1", "unit_weight_tolerance_g": "", "minimum_units": "0", "place": "1"}
_NUMBERS = {"unit_weight_g", "unit_weight_tolerance_g"}
_COUNTS = {"facings", "capacity_units", "minimum_units", "reorder_point_units", "place"}
_MOST_SHARED = 4
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST_ROWS = 20_000
_MOST_MISTAKES = 200
_PLACES = {
    ("id",): "slot",
    ("product", "sku"): "sku",
    ("product", "name"): "product",
    ("product", "unit_weight_g"): "unit_weight_g",
    ("product", "unit_weight_tolerance_g"): "unit_weight_tolerance_g",
}
_REMEDIES = {
    "slot": "write the slot's id as the site file has it",
    "sku": "use letters, digits, dots, hyphens and underscores, at most 64",
    "product": "write a name of 1 to 120 characters",
    "facings": "write a whole number from 1 up",
    "capacity_units": "write a whole number from 1 up",
    "unit_weight_g": "write the grams of one unit, above 0",
    "unit_weight_tolerance_g": "write grams above 0 and below half a unit, or leave it empty",
    "minimum_units": "write a whole number from 0 up, not above the reorder point",
    "reorder_point_units": "write a whole number from 0 up, below the capacity",
    "place": "write 1 for the slot's own product, 2 to 5 for others on the same plate, or leave it empty",
}


def read_planogram(text: str, slot_ids: Iterable[str]) -> tuple[PlanogramEntry, ...]:
    """Read a planogram from CSV text.

    Args:
        text: the file; a byte-order mark is dropped.
        slot_ids: the slots that the store has.

    Raises:
        PlanogramError: with every mistake, each with line, column and remedy.
    """
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    delimiter = _delimiter(lines[0] if lines else "")
    # Without `strict` a stray quote would swallow the lines after it.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    entries: list[PlanogramEntry] = []
    places: list[int | None] = []
    shared: list[tuple[int, int, PlanogramEntry]] = []
    mistakes: list[Mistake] = []
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _check_header(header)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = reader.line_num
            if len(entries) + len(shared) >= _MOST_ROWS or len(mistakes) >= _MOST_MISTAKES:
                mistakes.append(Mistake(line, None, "the lines from here on were not read; mend those before first"))
                break
            found = _read_row(dict(zip(header, cells, strict=False)), len(cells) - len(header), line, delimiter)
            if isinstance(found, list):
                mistakes += found
            elif found[0] > 1:
                shared.append((line, *found))
            else:
                entries.append(found[1])
                places.append(line)
    except csv.Error as exc:
        mistakes.append(Mistake(reader.line_num, None, f"is no CSV ({exc}); look for a quotation mark too many"))
    entries, wrong = _laid_together(entries, shared)
    mistakes += wrong
    if not mistakes:
        # What lines lack altogether can be told only when all of them could be read.
        mistakes = mistakes_between(entries, places, slot_ids)
    else:
        known = {*slot_ids, *(entry.slot_id for entry in entries)}
        mistakes += [each for each in mistakes_between(entries, places, known) if each.line is not None]
    if mistakes:
        raise PlanogramError(sorted(mistakes, key=lambda mistake: mistake.line or 1 << 60))
    return tuple(sorted(entries, key=lambda entry: entry.slot_id))


def write_planogram(entries: Iterable[PlanogramEntry]) -> str:
    """Write a planogram as CSV text that ``read_planogram`` takes back, and that no spreadsheet takes for formulas.

    The column ``place`` is there only where several products share a plate.
    """
    entries = list(entries)
    columns = COLUMNS if any(entry.also for entry in entries) else COLUMNS[:-1]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for entry in entries:
        for place, product in enumerate(_products_of(entry), start=1):
            tolerance_g = product.unit_weight_tolerance_g
            row = (
                entry.slot_id,
                _defused(product.sku),
                _defused(product.product_name),
                entry.facings if place == 1 else "",
                product.capacity_units,
                repr(product.unit_weight_g).removesuffix(".0"),
                "" if tolerance_g is None else repr(tolerance_g).removesuffix(".0"),
                product.minimum_units,
                product.reorder_point_units,
                place,
            )
            writer.writerow(row[: len(columns)])
    return out.getvalue()


def checked_entries(rows: Sequence[Slot], slot_ids: Iterable[str]) -> tuple[PlanogramEntry, ...]:
    """Check slots that came as objects, not as a file. Raises PlanogramError."""
    entries = [entry_of(row) for row in rows]
    mistakes = [
        Mistake(None, "unit_weight_tolerance_g", f"slot {entry.slot_id!r}: {_too_wide(each.unit_weight_g)}")
        for entry in entries
        for each in _products_of(entry)
        if each.unit_weight_tolerance_g is not None and each.unit_weight_tolerance_g >= each.unit_weight_g / 2
    ] + mistakes_between(entries, [None] * len(entries), slot_ids)
    if mistakes:
        raise PlanogramError(mistakes)
    return tuple(sorted(entries, key=lambda entry: entry.slot_id))


def _products_of(entry: PlanogramEntry) -> list[PlanogramEntry | SharedEntry]:
    return [entry, *entry.also]


def _laid_together(
    entries: Sequence[PlanogramEntry], shared: Iterable[tuple[int, int, PlanogramEntry]]
) -> tuple[list[PlanogramEntry], list[Mistake]]:
    """Lay further products, each with its line and place, on the plates of their slots."""
    found = {entry.slot_id: entry for entry in reversed(entries)}
    mistakes: list[Mistake] = []
    for line, place, each in sorted(shared, key=lambda row: (row[1], row[0])):
        entry = found.get(each.slot_id)
        if entry is None:
            text = f"slot {each.slot_id!r} has no product at place 1 that could be read; add a line with the slot's own"
        elif each.sku in {sku for sku, _ in entry.weights_g}:
            text = f"{each.sku} stands in slot {each.slot_id!r} already; a plate has each product once"
        elif place != len(entry.also) + 2:
            text = f"place {place} of slot {each.slot_id!r} is given twice, or a place before it is missing"
        else:
            further = SharedEntry(
                **{
                    name: getattr(each, name) for name in SharedEntry.__dataclass_fields__
                }  # the same names mean the same
            )
            found[each.slot_id] = replace(entry, also=(*entry.also, further))
            continue
        mistakes.append(Mistake(line, "place", text))
    return [found[entry.slot_id] if found[entry.slot_id].sku == entry.sku else entry for entry in entries], mistakes


def _delimiter(first_line: str) -> str:
    return max((",", ";", "\t"), key=first_line.count)


def _check_header(header: list[str]) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    mistakes = [Mistake(1, name or None, "stands twice in the first line; leave one out") for name in twice]
    mistakes += [
        Mistake(1, name[:60] or None, f"is no column of a planogram; expected {', '.join(COLUMNS)}")
        for name in header
        if name not in COLUMNS
    ]
    mistakes += [
        Mistake(1, name, "is missing in the first line; add it")
        for name in COLUMNS
        if name not in header and name not in _OPTIONAL
    ]
    if mistakes:
        raise PlanogramError(mistakes[:_MOST_MISTAKES])


def _read_row(
    cells: Mapping[str, str], surplus: int, line: int, delimiter: str
) -> tuple[int, PlanogramEntry] | list[Mistake]:
    """Return a line's place on its plate and what it says, or what is wrong with it."""
    if surplus > 0:
        return [
            Mistake(line, None, f"has {surplus} fields too many; put quotation marks round a text with {delimiter!r}")
        ]
    texts = {name: _fused(cells.get(name, "").strip()) or _OPTIONAL.get(name, "") for name in COLUMNS}
    mistakes = [
        Mistake(line, name, f"is empty; {_REMEDIES[name]}")
        for name in COLUMNS
        if not texts[name] and name not in _OPTIONAL
    ]
    values: dict[str, str | float | int | None] = dict(texts)
    for name in (*_NUMBERS, *_COUNTS):
        if not texts[name]:
            values[name] = None
            continue
        number = _number(texts[name], delimiter, is_whole=name in _COUNTS)
        if number is None:
            mistakes.append(Mistake(line, name, f"{texts[name][:40]!r} is no number; {_REMEDIES[name]}"))
        values[name] = number
    place = values["place"]
    if isinstance(place, int) and not 1 <= place <= _MOST_SHARED + 1:
        mistakes.append(
            Mistake(line, "place", f"{place}: there are places 1 to {_MOST_SHARED + 1}; {_REMEDIES['place']}")
        )
    if mistakes:
        return mistakes
    try:
        slot = Slot.model_validate(_slot_fields(values))
    except ValidationError as exc:
        return [_mistake_of(error, line) for error in exc.errors()]
    tolerance_g = slot.product.unit_weight_tolerance_g
    if tolerance_g is not None and tolerance_g >= slot.product.unit_weight_g / 2:
        return [Mistake(line, "unit_weight_tolerance_g", _too_wide(slot.product.unit_weight_g))]
    return int(place or 1), entry_of(slot)


def _too_wide(unit_weight_g: float) -> str:
    return (
        f"must be below half a unit ({unit_weight_g / 2:g} g), or nothing could be counted; give the spread of one unit"
    )


def _slot_fields(values: Mapping[str, object]) -> dict[str, object]:
    return {
        "id": values["slot"],
        "name": values["slot"],
        # A planogram says nothing of sections; the layout does.
        "section": "any",
        "product": {
            "sku": values["sku"],
            "name": values["product"],
            "unit_weight_g": values["unit_weight_g"],
            "unit_weight_tolerance_g": values["unit_weight_tolerance_g"],
        },
        "facings": values["facings"],
        "capacity_units": values["capacity_units"],
        "minimum_units": values["minimum_units"],
        "reorder_point_units": values["reorder_point_units"],
    }


def _mistake_of(error: Mapping[str, Any], line: int) -> Mistake:
    # A validator of the whole slot names the place below it in its context.
    place = (*error["loc"], *error.get("ctx", {}).get("at", ()))
    column = _PLACES.get(place) or str(place[-1] if place else "")
    text = str(error["msg"]).removeprefix("Value error, ")
    shown = f"{error['input']!r:.60}: " if isinstance(error["input"], str | int | float) else ""
    return Mistake(line, column or None, f"{shown}{text}; {_REMEDIES.get(column, 'mend it')}")


def _number(text: str, delimiter: str, *, is_whole: bool) -> float | int | None:
    if delimiter != "," and "." not in text:
        text = text.replace(",", ".")
    try:
        number = float(text) if text.isascii() else None
    except ValueError:
        return None
    if number is None or not abs(number) < float("inf"):
        return None
    if is_whole:
        return int(number) if number == int(number) else None
    return number


def _defused(text: str) -> str:
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def _fused(text: str) -> str:
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text
