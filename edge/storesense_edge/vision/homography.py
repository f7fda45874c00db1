"""From the picture to the floor: a plane homography, fitted to points that an installer measured.

The fit is the normalized direct linear transform (Hartley and Zisserman 2004, algorithm 4.2). Picture coordinates are
normalized, 0 to 1 from the top left corner, so a camera may change its resolution and keep its calibration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from storesense_edge.vision.lines import CountingLine

MIN_PAIRS = 4
MAX_CONDITION = 1e5
"""How lopsided the equations may be; points on one line are at infinity, a usable view stays far below."""
MOST = 1e6
"""Fractions of a picture and metres of a floor are smaller."""
BESIDE = 0.02
"""Points of the picture that differ by no more than this share of its width and of its height are one place."""


@dataclass(frozen=True, slots=True, eq=False)
class FloorMap:
    """A camera's view of the floor.

    Attributes:
        matrix: (3, 3) float64, normalized picture to floor metres, homogeneous; its sign is such that the third
            coordinate is positive for points of the floor in front of the camera.
        residual_cm: root mean square distance between the measured floor points and the mapped picture points.
            With exactly four pairs the fit is exact, so 0 says nothing; a fifth pair makes it a check.
        worst_cm: the largest of these distances.
    """

    matrix: NDArray[np.float64]
    residual_cm: float
    worst_cm: float

    def to_floor(self, points_xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map normalized picture points to floor metres.

        Args:
            points_xy: (N, 2).

        Returns:
            (N, 2); a point at or above the horizon is no floor point and gives NaN.
        """
        return _map(self.matrix, points_xy)

    def to_image(self, points_xy_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map floor metres to normalized picture points.

        Args:
            points_xy_m: (N, 2).

        Returns:
            (N, 2); a point behind the camera gives NaN.
        """
        inverse = np.asarray(np.linalg.inv(self.matrix), dtype=np.float64)
        # A floor point in front of the camera has positive weight under the matrix, so under its inverse too.
        return _map(inverse, points_xy_m)

    def shows(self, points_xy_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return, (N,), which places on the floor (N, 2) the picture shows; none that is behind the camera."""
        seen = self.to_image(points_xy_m)
        with np.errstate(invalid="ignore"):
            return np.asarray(((seen >= 0) & (seen <= 1)).all(axis=1), dtype=np.bool_)

    def line_to_image(self, line: CountingLine) -> CountingLine:
        """Return a line drawn on the floor as it lies in the picture (normalized).

        Which side is in stays as it is: left of somebody who stands at `a` in the shop is left in the picture too,
        however the floor plan's axes point.

        Raises:
            GeometryError: an end lies behind the camera.
        """
        a, b = self.polygon_to_image([line.a_xy, line.b_xy], shape=f"line {line.line_id}")
        return replace(line, a_xy=a, b_xy=b)

    def polygon_to_image(self, corners_xy_m: Sequence[tuple[float, float]], *, shape: str) -> list[tuple[float, float]]:
        """Return floor points as they lie in the picture (normalized); straight edges stay straight.

        Args:
            corners_xy_m: floor points.
            shape: what they are, for the message.

        Raises:
            GeometryError: one of them lies behind the camera.
        """
        points = self.to_image(np.array(corners_xy_m, dtype=np.float64).reshape(-1, 2))
        if not np.isfinite(points).all():
            raise GeometryError(
                shape=shape,
                cause="part of it lies behind the camera or on its horizon",
                remedy="draw only what the camera sees, or correct the calibration points",
            )
        return [(float(x), float(y)) for x, y in points]


def fit_floor_map(image_xy: Sequence[tuple[float, float]], floor_xy_m: Sequence[tuple[float, float]]) -> FloorMap:
    """Fit a camera's view of the floor to four or more measured points.

    Args:
        image_xy: normalized picture points.
        floor_xy_m: the same points on the floor, metres.

    Returns:
        The map and its error in centimetres.

    Raises:
        GeometryError: too few points, points that are no numbers, points on one line, or points that no camera could
            see so.
    """
    image = np.array(image_xy, dtype=np.float64).reshape(-1, 2)
    floor = np.array(floor_xy_m, dtype=np.float64).reshape(-1, 2)
    if len(image) != len(floor) or len(image) < MIN_PAIRS:
        raise _refuse(
            f"it has {len(image)} picture points and {len(floor)} floor points",
            f"give {MIN_PAIRS} or more pairs",
        )
    if not (np.isfinite(image).all() and np.isfinite(floor).all()):
        raise _refuse("a point is no number", "give finite numbers")
    if max(np.abs(image).max(), np.abs(floor).max()) > MOST:
        raise _refuse("a point is too far away for any picture or floor", "give fractions of the picture, and metres")
    for points, where in ((image, "in the picture"), (floor, "on the floor")):
        if _on_a_line(points):
            raise _refuse(
                f"the points lie (nearly) on one line {where}, or three of only four do",
                "spread them over the floor, as corners of a large area",
            )
    image_n, image_t = _normalized(image)
    floor_n, floor_t = _normalized(floor)
    rows = np.zeros((2 * len(image), 9))
    rows[0::2, 0:2], rows[0::2, 2] = -image_n, -1
    rows[0::2, 6:8], rows[0::2, 8] = image_n * floor_n[:, :1], floor_n[:, 0]
    rows[1::2, 3:5], rows[1::2, 5] = -image_n, -1
    rows[1::2, 6:8], rows[1::2, 8] = image_n * floor_n[:, 1:], floor_n[:, 1]
    _, singular, basis = np.linalg.svd(rows)
    if singular[7] * MAX_CONDITION < singular[0]:
        raise _refuse("the points leave the view undetermined", "spread them over the floor, or add more")
    matrix = np.linalg.inv(floor_t) @ basis[8].reshape(3, 3) @ image_t
    weights = image @ matrix[2, :2] + matrix[2, 2]
    if weights.mean() < 0:
        matrix, weights = -matrix, -weights
    if (weights <= 0).any() or abs(np.linalg.det(matrix / np.linalg.norm(matrix))) < 1e-12:
        raise _refuse(
            "no camera sees a floor like that; two points are probably swapped",
            "list picture and floor points in the same order",
        )
    matrix = matrix / np.linalg.norm(matrix)
    off_cm = np.hypot(*(_map(matrix, image) - floor).T) * 100
    return FloorMap(matrix, float(np.sqrt((off_cm**2).mean())), float(off_cm.max()))


def left_out_cm(
    image_xy: Sequence[tuple[float, float]], floor_xy_m: Sequence[tuple[float, float]]
) -> list[float | None]:
    """Return for each pair how far it lies from where the others alone would put it, centimetres.

    That is the error to expect at a place that nobody measured, which residuals are not: the fit bends towards its
    points. Pairs that were marked beside it are left out as well, for they say nothing of a place elsewhere: a pair
    that is given twice would be found right by itself. None where the others cannot make a fit, as with four
    pairs, or where they put it beyond the horizon.
    """
    found: list[float | None] = []
    for index, seen in enumerate(image_xy):
        others = [place for place, other in enumerate(image_xy) if not _is_beside(seen, other)]
        image = [image_xy[place] for place in others]
        floor = [floor_xy_m[place] for place in others]
        apart = sum(not any(_is_beside(a, b) for b in image[:place]) for place, a in enumerate(image))
        if apart < MIN_PAIRS:
            found.append(None)
            continue
        try:
            without = fit_floor_map(image, floor)
        except GeometryError:
            found.append(None)
            continue
        there = without.to_floor(np.array([seen], dtype=np.float64))[0]
        off_cm = float(np.hypot(*(there - np.array(floor_xy_m[index])))) * 100
        found.append(off_cm if np.isfinite(off_cm) else None)
    return found


def _is_beside(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return abs(a[0] - b[0]) <= BESIDE and abs(a[1] - b[1]) <= BESIDE


def _map(matrix: NDArray[np.float64], points_xy: NDArray[np.float64]) -> NDArray[np.float64]:
    mapped = points_xy @ matrix[:, :2].T + matrix[:, 2]
    weight = mapped[:, 2:]
    tiny = 1e-9 * float(np.abs(matrix).max())
    with np.errstate(divide="ignore", invalid="ignore"):
        result: NDArray[np.float64] = np.where(weight > tiny, mapped[:, :2] / weight, np.nan)
    return result


def _normalized(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    centre = points.mean(axis=0)
    scale = np.sqrt(2) / np.hypot(*(points - centre).T).mean()
    transform = np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1.0]])
    return (points - centre) * scale, transform


def _on_a_line(points: NDArray[np.float64]) -> bool:
    """True if no four of the points stand clear of one line: all (nearly) collinear, or three out of four."""
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if spread[0] <= 0 or spread[1] < 1e-3 * spread[0]:
        return True
    # Leaving out any one point must not leave a line, else three of four (or all but one) are collinear.
    for left_out in range(len(points)):
        rest = np.delete(points, left_out, axis=0)
        values = np.linalg.svd(rest - rest.mean(axis=0), compute_uv=False)
        if values[1] < 1e-3 * values[0]:
            return True
    return False


def _refuse(cause: str, remedy: str) -> GeometryError:
    return GeometryError(shape="floor calibration", cause=cause, remedy=remedy)
