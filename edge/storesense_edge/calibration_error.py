"""What error to expect of a floor calibration whose points tell none: four pairs fit any floor exactly.

Points are marked and measured again in thought, each time a little off, and the floors that come of it are compared
where the points lie and between them (parametric bootstrap, Efron and Tibshirani 1993).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.homography import fit_floor_map

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKED_SHARE = 0.002
"""Points are marked to so much of the picture's width and height: 4 pixels of a picture 1,920 wide."""
MEASURED_CM = 2.0
"""They are measured with a tape."""
_TRIES = 64
_PLACES = 100


def careful_error_cm(
    image_xy: Sequence[tuple[float, float]], floor_xy_m: Sequence[tuple[float, float]], *, rng: np.random.Generator
) -> float:
    """Return the error to expect among the points if they were marked and measured with care, centimetres.

    Args:
        image_xy: points of the picture, fractions.
        floor_xy_m: where they are, metres.
        rng: chance.

    Returns:
        Root mean square over places and tries; infinite where a little care less makes no floor of them.

    Raises:
        GeometryError: the points make no fit.
    """
    image, floor = np.array(image_xy, dtype=np.float64), np.array(floor_xy_m, dtype=np.float64)
    places = rng.dirichlet(np.ones(len(image)), _PLACES) @ image
    there = fit_floor_map(image_xy, floor_xy_m).to_floor(places)
    squares = []
    for _ in range(_TRIES):
        marked = image + rng.normal(0.0, MARKED_SHARE, image.shape)
        measured = floor + rng.normal(0.0, MEASURED_CM / 100, floor.shape)
        try:
            tried = fit_floor_map(list(map(tuple, marked.tolist())), list(map(tuple, measured.tolist())))
        except GeometryError:
            return float("inf")
        squares.append(((tried.to_floor(places) - there) ** 2).sum(axis=1))
    error_cm = 100.0 * float(np.sqrt(np.mean(squares)))
    return error_cm if np.isfinite(error_cm) else float("inf")
