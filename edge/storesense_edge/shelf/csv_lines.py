"""Lines of a CSV file with their numbers, bounded in length, whatever bytes they hold."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from storesense_edge.shelf.errors import FileError

MAX_LINE_CHARS = 8192
# What spreadsheets write where the comma marks decimals.
_OTHER_SEPARATORS = (";", "\t")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")


def numbered_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1, cells without surrounding blanks) of each line that is not blank.

    Each line is parsed on its own, so that one stray quote cannot swallow the rest of a file. Bytes that are no
    UTF-8 become replacement characters, which no number contains; a byte-order mark is dropped. A longer line than
    8192 characters comes cut there, and its rest as further rows that no reader will take for good ones. Where the
    first line holds semicolons or tabs and no comma, these part the cells, and a comma in a number marks its decimals.

    Raises:
        FileError: the file cannot be opened or read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline=None) as file:
            number = 0
            separator = ""
            while line := file.readline(MAX_LINE_CHARS):
                number += 1
                if line.isspace():
                    continue
                separator = separator or _separator(line)
                yield number, _cells(line, separator)
    except OSError as exc:
        raise FileError(path=path, reason=exc.strerror or str(exc)) from exc


def _separator(header: str) -> str:
    found = next((each for each in _OTHER_SEPARATORS if each in header), ",")
    return "," if "," in header else found


def _cells(line: str, separator: str) -> list[str]:
    if '"' not in line:
        cells = [cell.strip() for cell in line.split(separator)]
    else:
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
    if separator == "," or "," not in line:
        return cells
    return [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]
