"""Which box shows whom: the tracker's pairings of people with boxes, and of people lost with people found.

All of it is arithmetic on the rows of `track_state`; nothing here remembers anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from storesense_edge.vision.track_state import FIRST, LAST, LX, LY, PP, PS, SX, SY, VX, VY, H, W, X, Y

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.tracker_settings import TrackerSettings

FORBIDDEN = 1e6


def feet_and_sizes(boxes_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, 4) foot x, foot y, width, height of boxes (N, 4), px: the first columns of the state."""
    measured = np.empty((len(boxes_xyxy), 4))
    measured[:, X] = (boxes_xyxy[:, 0] + boxes_xyxy[:, 2]) / 2
    measured[:, Y] = boxes_xyxy[:, 3]
    measured[:, W:] = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    return measured


def pairing_costs(
    state: NDArray[np.float64], measured: NDArray[np.float64], cfg: TrackerSettings
) -> NDArray[np.float64]:
    """Return (tracks, boxes) half of the squared Mahalanobis distances of place and size.

    Args:
        state: rows of tracks, carried on to the time of the boxes.
        measured: boxes, as `feet_and_sizes` gives them.
        cfg: the tracker's settings.
    """
    height = state[:, H]
    spread = state[:, PP] + cfg.place_sigma**2
    size_spread = state[:, PS] + cfg.size_sigma**2
    off_x = (measured[None, :, 0] - state[:, None, X]) / height[:, None]
    off_y = (measured[None, :, 1] - state[:, None, Y]) / height[:, None]
    off_h = np.log(measured[None, :, 3] / height[:, None])
    costs: NDArray[np.float64] = (
        0.5 * (off_x * off_x + off_y * off_y) / spread[:, None] + 0.5 * off_h * off_h / size_spread[:, None]
    )
    return costs


def associate(
    state: NDArray[np.float64],
    costs: NDArray[np.float64],
    measured: NDArray[np.float64],
    high: NDArray[np.bool_],
    at_s: float,
    cfg: TrackerSettings,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair tracks with boxes, the strong boxes first.

    Args:
        state: rows of tracks.
        costs: (tracks, boxes) from `pairing_costs`.
        measured: boxes, as `feet_and_sizes` gives them.
        high: (boxes,) True for strong boxes.
        at_s: time of the picture.
        cfg: the tracker's settings.

    Returns:
        Rows of tracks, and of the boxes that they have.
    """
    if not costs.size:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    wider = np.log((state[:, PP] + cfg.place_sigma**2) / cfg.place_sigma**2)
    unseen_s = at_s - state[:, LAST]
    # Whoever could be anywhere is nowhere in particular: there, somebody else's box or nobody's is the likelier one.
    forbidden = costs > np.minimum(cfg.gate, cfg.lost_gate - cfg.lost_weight * wider)[:, None]
    off = measured[None, :, :2] - state[:, None, LX : LY + 1]
    reach = (cfg.reach + cfg.top_speed * unseen_s) * state[:, H]
    forbidden |= (off * off).sum(axis=2) > (reach * reach)[:, None]
    costs = costs + cfg.spread_weight * wider[:, None]
    costs[forbidden] += FORBIDDEN
    rows, columns = _match(costs, np.arange(len(costs)), np.flatnonzero(high))
    if not high.all():
        left = np.ones(len(costs), dtype=np.bool_)
        left[rows] = False
        # A weak box carries on what was seen a moment ago; it does not bring back the long lost.
        left &= unseen_s <= cfg.weak_s
        more_rows, more_columns = _match(costs, np.flatnonzero(left), np.flatnonzero(~high))
        rows, columns = np.concatenate([rows, more_rows]), np.concatenate([columns, more_columns])
    return rows, columns


def _match(
    costs: NDArray[np.float64], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if not len(rows) or not len(columns):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    part = costs[rows[:, None], columns]
    picked_rows, picked_columns = linear_sum_assignment(part)
    good = part[picked_rows, picked_columns] < FORBIDDEN / 2
    return rows[picked_rows[good]], columns[picked_columns[good]]


def doubts(
    costs: NDArray[np.float64],
    unseen: NDArray[np.bool_],
    columns: NDArray[np.intp],
    cfg: TrackerSettings,
) -> NDArray[np.float64]:
    """Return (matches,) how many times less certain a box is that an unseen person fits as well.

    Where two people meet and only one box is left, it may show either or both. Taken at its word, it would turn
    the one it is given to around; in doubt, both walk on as they did.

    Args:
        costs: (tracks, boxes) from `pairing_costs`.
        unseen: (tracks,) True for those that count and have no box.
        columns: (matches,) the boxes that were given to tracks.
        cfg: the tracker's settings.
    """
    doubt = np.ones(len(columns))
    if len(columns) and unseen.any():
        rivals = costs[np.flatnonzero(unseen)[:, None], columns] < cfg.rival_gate
        doubt[rivals.any(axis=0)] = cfg.rival_doubt
    return doubt


def beside_missing(young: NDArray[np.float64], missing: NDArray[np.float64], cfg: TrackerSettings) -> NDArray[np.bool_]:
    """Return (young,) True for those seen in the very place of somebody who was there a moment ago and has no box now.

    A detector that draws two boxes around one person, now the one and now the other, makes a second track that way.

    Args:
        young: rows of tracks on probation.
        missing: rows of tracks that count and have no box in this picture.
        cfg: the tracker's settings.
    """
    off = np.abs(young[:, None, X : Y + 1] - missing[None, :, X : Y + 1]).max(axis=2)
    near = off < cfg.apart_reach * missing[:, H]
    near &= young[:, None, LAST] - missing[:, LAST] < cfg.apart_s
    return np.asarray(near.any(axis=1))


def joinable(found: NDArray[np.float64], lost: NDArray[np.float64], cfg: TrackerSettings) -> list[tuple[int, int]]:
    """Find out which newcomers are people who were lost from sight nearby, if both fit nobody else.

    By now a newcomer's walk is known. Walked back to when the other was last seen, and the other's walk carried
    on to when the newcomer was first seen, both have to meet in the middle, at one pace: that is one person.

    Args:
        found: rows of those newly confirmed.
        lost: rows of those that count and are not seen.
        cfg: the tracker's settings.

    Returns:
        Pairs of a row of `found` and one of `lost`.
    """
    gap_s = found[:, None, FIRST] - lost[None, :, LAST]
    possible = (gap_s > 0) & (gap_s <= cfg.lost_s)
    # The lost one's state has been carried on to now; back from there to the middle of the gap.
    forward = lost[None, :, LX : LY + 1] + lost[None, :, VX : VY + 1] * (gap_s / 2)[:, :, None]
    backward = found[:, None, SX : SY + 1] - found[:, None, VX : VY + 1] * (gap_s / 2)[:, :, None]
    off = np.sqrt(((forward - backward) ** 2).sum(axis=2)) / lost[None, :, H]
    off_h = np.abs(np.log(found[:, None, H] / lost[None, :, H]))
    reach = cfg.join_reach + cfg.join_speed * np.maximum(gap_s, 0.0)
    turn = found[:, None, VX : VY + 1] - lost[None, :, VX : VY + 1]
    off_v = np.sqrt((turn**2).sum(axis=2)) / lost[None, :, H]
    cost = off / reach + off_h / (3 * cfg.size_sigma) + off_v / cfg.join_turn
    cost[~possible] = np.inf
    pairs = []
    for i, j in zip(*np.nonzero(cost < 1.0), strict=True):
        rivals = np.r_[np.delete(cost[i], j), np.delete(cost[:, j], i)]
        if not len(rivals) or rivals.min() > 1.0 + cost[i, j]:
            pairs.append((int(i), int(j)))
    return pairs
