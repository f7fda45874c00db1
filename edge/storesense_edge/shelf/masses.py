"""Calibration masses in CSV files: one column of grams, one column of counts for each cell."""

import math
from pathlib import Path

from storesense_edge.shelf.calibration import KnownMass
from storesense_edge.shelf.csv_lines import numbered_rows
from storesense_edge.shelf.errors import RowError

_MAX_POINTS = 10_000


def read_masses(path: Path, column: str, *, mass_column: str | None = None) -> list[KnownMass]:
    """Read the points of one cell, skipping the masses that were not weighed with it.

    Byte-order mark, blanks around header names and the case of letters do not matter.

    Args:
        path: the CSV file.
        column: header of the cell's counts.
        mass_column: header of the masses in grams; the first column where left out.

    Raises:
        FileError: the file cannot be read.
        RowError: no header, no such column (the sentence lists those there are), or a cell that is no number.
    """
    rows = numbered_rows(path)
    line, header = next(rows, (1, []))
    names = [name.casefold() for name in header]
    if not names:
        raise RowError(path=path, line=1, expected="a header such as 'Weight,cell_a,cell_b'", found="an empty file")
    places = [0 if name is None else _place(path, line, header, name) for name in (mass_column, column)]
    points: list[KnownMass] = []
    for number, cells in rows:
        counts_text = cells[places[1]] if places[1] < len(cells) else ""
        if not counts_text:
            continue
        if len(points) >= _MAX_POINTS:
            raise RowError(path=path, line=number, expected=f"at most {_MAX_POINTS} masses", found="more")
        mass_g = _number(path, number, f"a mass in grams in column {header[places[0]]}", cells[places[0]])
        raw_counts = _number(path, number, f"counts in column {header[places[1]]}", counts_text)
        points.append(KnownMass(mass_g, raw_counts))
    return points


def _place(path: Path, line: int, header: list[str], name: str) -> int:
    wanted = name.strip().casefold()
    for place, title in enumerate(header):
        if title.casefold() == wanted:
            return place
    raise RowError(path=path, line=line, expected=f"a column named {name}", found=", ".join(header))


def _number(path: Path, line: int, expected: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as exc:
        raise RowError(path=path, line=line, expected=expected, found=text) from exc
    if not math.isfinite(value):
        raise RowError(path=path, line=line, expected=f"{expected}, finite", found=text)
    return value
