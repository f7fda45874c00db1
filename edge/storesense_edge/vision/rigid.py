"""Points turned and moved onto others, without stretching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rigidly_aligned(
    points: NDArray[np.float64], onto: NDArray[np.float64], *, also: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Turn and move points so that they fit others best, without stretching (Kabsch 1976).

    Args:
        points: (N, 2).
        onto: (N, 2), the same points elsewhere.
        also: (M, 2) what is turned and moved by the same motion and returned instead of ``points``.
    """
    centre, goal = points.mean(axis=0), onto.mean(axis=0)
    u, _, vt = np.linalg.svd((points - centre).T @ (onto - goal))
    turn = u @ np.diag([1.0, float(np.sign(np.linalg.det(u @ vt)))]) @ vt
    return np.asarray(((points if also is None else also) - centre) @ turn + goal, dtype=np.float64)
