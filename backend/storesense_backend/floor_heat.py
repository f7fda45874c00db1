"""Heat on the floor: packed presence grids of several cameras, each with its own cells, laid onto one grid.

A source cell's presence is spread over the floor cells that it covers, by area. Both grids are aligned with the floor's
axes, so the covering is a product of one matrix an axis, and presence on the floor is conserved exactly (to rounding);
what lies off the floor is left out.
"""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_contracts.errors import StoresenseError

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def unpack_presence(packed: bytes, *, columns: int, rows: int) -> "NDArray[np.uint16]":
    """Unpack zlib-compressed little-endian uint16 into (rows, columns), deciseconds of presence.

    Raises:
        GridError: the bytes are no such grid. No more than one grid's bytes are ever inflated.
    """
    expected_bytes = rows * columns * 2
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(packed, expected_bytes + 1)
    except zlib.error as exc:
        raise GridError(detail=f"it does not inflate: {exc}") from exc
    if len(raw) != expected_bytes:
        raise GridError(detail=f"{rows} x {columns} cells take {expected_bytes} bytes, but it has {len(raw)} or more")
    return np.frombuffer(raw, dtype="<u2").reshape(rows, columns)


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
        across = _cover(
            frame.origin_xy_m[0],
            frame.cell_size_m,
            frame.columns,
            floor.origin_xy_m[0],
            floor.cell_size_m,
            floor.columns,
        )
        down = _cover(
            frame.origin_xy_m[1],
            frame.cell_size_m,
            frame.rows,
            floor.origin_xy_m[1],
            floor.cell_size_m,
            floor.rows,
        )
        total += down.T @ presence_ds @ across
    return total / 10.0


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
