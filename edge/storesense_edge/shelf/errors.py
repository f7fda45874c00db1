"""What can be wrong with a shelf's inputs, each with its place and its remedy."""

from pathlib import Path

from storesense_contracts.errors import StoresenseError


class ShelfError(StoresenseError):
    """Something about a shelf, its recording or its calibration is not usable."""

    code = "shelf"


class FileError(ShelfError):
    """A shelf file cannot be read at all: absent, a folder, forbidden."""

    exit_code = 2
    code = "shelf_file"

    def __init__(self, *, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} cannot be read: {reason}. Check the path and its permissions.")


class RowError(ShelfError):
    """One line of a shelf file is not what was expected there.

    Attributes:
        path: the file.
        line: the line, counted from 1 as editors do.
        expected: what belongs there.
        found: what stands there instead, shortened.
    """

    exit_code = 2
    code = "shelf_row"

    def __init__(self, *, path: Path, line: int, expected: str, found: str) -> None:
        self.path = path
        self.line = line
        self.expected = expected
        self.found = found if len(found) <= 80 else found[:77] + "..."
        super().__init__(f"{path}, line {line}: expected {self.expected}, found {self.found!r}.")


class CalibrationError(ShelfError):
    """Known masses or constants from which no trustworthy calibration follows."""

    exit_code = 2
    code = "shelf_calibration"

    def __init__(self, *, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{reason} {remedy}")


class SlotSpecError(ShelfError):
    """A slot's description contradicts itself or physics."""

    exit_code = 2
    code = "shelf_slot"

    def __init__(self, *, field: str, expected: str, found: object) -> None:
        self.field = field
        self.expected = expected
        self.found = found
        super().__init__(f"The slot's {field} must be {expected}, not {found!r}.")
