"""Lines of a CSV file with their numbers, bounded in length, whatever bytes they hold."""

import csv
from collections.abc import Iterator
from pathlib import Path

from storesense_edge.shelf.errors import FileError

MAX_LINE_CHARS = 8192


def numbered_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1, cells without surrounding blanks) of each line that is not blank.

    Each line is parsed on its own, so that one stray quote cannot swallow the rest of a file. Bytes that are no
    UTF-8 become replacement characters, which no number contains; a byte-order mark is dropped. A longer line than
    8192 characters comes cut there, and its rest as further rows that no reader will take for good ones.

    Raises:
        FileError: the file cannot be opened or read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline=None) as file:
            number = 0
            while line := file.readline(MAX_LINE_CHARS):
                number += 1
                if line.isspace():
                    continue
                yield number, _cells(line)
    except OSError as exc:
        raise FileError(path=path, reason=exc.strerror or str(exc)) from exc


def _cells(line: str) -> list[str]:
    if '"' not in line:
        return [cell.strip() for cell in line.split(",")]
    return [cell.strip() for cell in next(csv.reader([line]))]
