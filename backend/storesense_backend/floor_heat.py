"""Heat on the floor: packed presence grids of several cameras, each with its own cells, laid onto one grid.

A source cell's presence is spread over the floor cells that it covers, by area. Both grids are aligned with the floor's
axes, so the covering is a product of one matrix an axis, and presence on the floor is conserved exactly (to rounding);
what lies off the floor is left out. How long a floor cell was watched is laid down the same way, by the share of the
cell that a grid covers: presence by watched time compares times of which cameras saw different parts.
"""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from storesense_contracts.errors import StoresenseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

MAX_FLOOR_CELLS = 65_536
DEFAULT_CELL_SIZE_M = 0.5


class GridError(StoresenseError, ValueError):
    """A packed grid does not hold what its header says."""

    code = "bad_grid"

    def __init__(self, *, detail: str) -> None:
        self.detail = detail
        super().__init__(f"heatmap grid: {detail}")


@dataclass(frozen=True, slots=True)
class GridFrame:
    """Where a grid lies: the corner of cell (0, 0) on the floor, its square cells' side, and how many there are."""

    origin_xy_m: tuple[float, float]
    cell_size_m: float
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class FloorHeat:
    """Heat of a floor over some time.

    Attributes:
        frame: the floor's cells.
        presence_s: (rows, columns) seconds that people spent there, all together.
        watched_s: (rows, columns) seconds for which cameras measured each cell.
    """

    frame: GridFrame
    presence_s: "NDArray[np.float64]"
    watched_s: "NDArray[np.float64]"

    def on(self, frame: GridFrame) -> "FloorHeat":
        """Return the same heat on other cells."""
        if frame == self.frame:
            return self
        return FloorHeat(
            frame,
            merge_presence([(self.frame, self.presence_s * 10.0)], frame),
            _laid(self.frame, self.watched_s, frame),
        )


def no_heat(frame: GridFrame) -> FloorHeat:
    """Return the heat of a time of which nothing is known."""
    return FloorHeat(frame, np.zeros((frame.rows, frame.columns)), np.zeros((frame.rows, frame.columns)))


def add_heat(first: FloorHeat, second: FloorHeat) -> FloorHeat:
    """Return the heat of two times together, on the cells of the first."""
    other = second.on(first.frame)
    return FloorHeat(first.frame, first.presence_s + other.presence_s, first.watched_s + other.watched_s)


def pack_sums(values: "NDArray[np.float64]", per_s: int) -> bytes:
    """Pack (rows, columns) seconds as whole ``per_s``-ths of a second: zlib-compressed little-endian uint32."""
    whole = np.clip(np.rint(values * per_s), 0, 2**32 - 1)
    return zlib.compress(whole.astype("<u4").tobytes(), 6)


def unpack_whole(packed: bytes, *, columns: int, rows: int) -> "NDArray[np.uint32]":
    """Undo ``pack_sums`` but for its last step: (rows, columns) whole parts of a second.

    Raises:
        GridError: the bytes are no such sums.
    """
    found: NDArray[np.uint32] = _inflated(packed, "<u4", columns=columns, rows=rows)
    return found


def unpack_presence(packed: bytes, *, columns: int, rows: int) -> "NDArray[np.uint16]":
    """Unpack zlib-compressed little-endian uint16 into (rows, columns), deciseconds of presence.

    Raises:
        GridError: the bytes are no such grid. No more than one grid's bytes are ever inflated.
    """
    found: NDArray[np.uint16] = _inflated(packed, "<u2", columns=columns, rows=rows)
    return found


def _inflated(packed: bytes, dtype: str, *, columns: int, rows: int) -> "NDArray[Any]":
    expected_bytes = rows * columns * np.dtype(dtype).itemsize
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(packed, expected_bytes + 1)
    except zlib.error as exc:
        raise GridError(detail=f"it does not inflate: {exc}") from exc
    if len(raw) != expected_bytes:
        raise GridError(detail=f"{rows} x {columns} cells take {expected_bytes} bytes, but it has {len(raw)} or more")
    return np.frombuffer(raw, dtype=dtype).reshape(rows, columns)


def floor_frame(size_m: tuple[float, float], cell_size_m: float = DEFAULT_CELL_SIZE_M) -> GridFrame:
    """Return the grid of a whole floor, its cells doubled until there are at most ``MAX_FLOOR_CELLS``."""
    while True:
        columns = max(1, int(np.ceil(size_m[0] / cell_size_m - 1e-9)))
        rows = max(1, int(np.ceil(size_m[1] / cell_size_m - 1e-9)))
        if columns * rows <= MAX_FLOOR_CELLS:
            return GridFrame(origin_xy_m=(0.0, 0.0), cell_size_m=cell_size_m, columns=columns, rows=rows)
        cell_size_m *= 2


def merge_presence(
    grids: "Iterable[tuple[GridFrame, NDArray[np.uint16 | np.float64]]]", floor: GridFrame
) -> "NDArray[np.float64]":
    """Lay presence grids onto the floor and add them up.

    Args:
        grids: frame and (rows, columns) presence in deciseconds of each grid.
        floor: the grid to lay them on.

    Returns:
        (floor.rows, floor.columns) presence in seconds.
    """
    total: NDArray[np.float64] = np.zeros((floor.rows, floor.columns))
    sums: dict[GridFrame, NDArray[np.float64]] = {}
    for frame, presence_ds in grids:
        if frame in sums:
            sums[frame] += presence_ds
        else:
            sums[frame] = presence_ds.astype(np.float64)
    for frame, presence_ds in sums.items():
        across, down = _covers(frame, floor)
        total += down.T @ presence_ds @ across
    return total / 10.0


def merge_watched(periods_s: "Mapping[GridFrame, float]", floor: GridFrame) -> "NDArray[np.float64]":
    """Lay down how long grids were measured.

    Args:
        periods_s: seconds that the grids of each frame lasted, all together.
        floor: the grid to lay them on.

    Returns:
        (floor.rows, floor.columns) seconds, by the share of each cell that a grid covers.
    """
    total: NDArray[np.float64] = np.zeros((floor.rows, floor.columns))
    for frame, seconds in periods_s.items():
        total += _laid(frame, np.full((frame.rows, frame.columns), seconds), floor)
    return total


def _laid(frame: GridFrame, values: "NDArray[np.float64]", floor: GridFrame) -> "NDArray[np.float64]":
    """Lay values that hold everywhere in a cell (not sums over it) onto the floor: the mean over each floor cell."""
    across, down = _covers(frame, floor)
    scale = frame.cell_size_m / floor.cell_size_m
    laid: NDArray[np.float64] = (down.T * scale) @ values @ (across * scale)
    return laid


def _covers(frame: GridFrame, floor: GridFrame) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    across, down = (
        _cover(
            frame.origin_xy_m[axis], frame.cell_size_m, count, floor.origin_xy_m[axis], floor.cell_size_m, floor_count
        )
        for axis, count, floor_count in ((0, frame.columns, floor.columns), (1, frame.rows, floor.rows))
    )
    return across, down


def _cover(
    source_start_m: float,
    source_step_m: float,
    source_count: int,
    floor_start_m: float,
    floor_step_m: float,
    floor_count: int,
) -> "NDArray[np.float64]":
    # (source_count, floor_count): which share of each source interval lies in each floor interval.
    low = source_start_m + source_step_m * np.arange(source_count)[:, None]
    floor_low = floor_start_m + floor_step_m * np.arange(floor_count)[None, :]
    overlap_m = np.minimum(low + source_step_m, floor_low + floor_step_m) - np.maximum(low, floor_low)
    share: NDArray[np.float64] = np.maximum(overlap_m, 0.0) / source_step_m
    return share
