"""How well people are found and followed, by the measures that the field uses.

Average precision as in PASCAL VOC 2010 (area under the whole curve), MOTA of Bernardin and Stiefelhagen (2008), IDF1 of
Ristani et al. (2016) and HOTA of Luiten et al. (2021), each written from its definition, on boxes of one class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from storesense_edge.vision.detections import iou_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Boxes = NDArray[np.float64]
    Ids = NDArray[np.int64]

MATCH_IOU = 0.5
HOTA_IOUS = np.arange(0.05, 0.99, 0.05)


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """The people of one picture.

    Attributes:
        boxes_xyxy_px: (N, 4).
        ids: (N,) who they are, each at most once.
    """

    boxes_xyxy_px: Boxes
    ids: Ids


@dataclass(frozen=True, slots=True)
class TrackScores:
    """Scores of tracks against truth, 1 being perfect; None where there is nothing to score.

    Attributes:
        mota: 1 minus missed, false and switched people over true ones; below 0 where there are more of those.
        idf1: share of sightings under the right name, the best naming for the whole recording being chosen.
        hota: geometric mean of finding and following, over all overlaps from 0.05 to 0.95.
        switches: how often a person's track became another.
    """

    mota: float | None
    idf1: float | None
    hota: float | None
    switches: int


def average_precision(
    truth: Sequence[Boxes], found: Sequence[Boxes], scores: Sequence[NDArray[np.float64]], *, iou: float = MATCH_IOU
) -> float | None:
    """Return the area under precision over recall, every better detection taking its best free true box first.

    Args:
        truth: true boxes of each picture.
        found: found boxes of each picture.
        scores: their scores.
        iou: overlap from which a box is right.

    Returns:
        0 to 1; None without true boxes.
    """
    total = sum(map(len, truth))
    if not total:
        return None
    right: list[NDArray[np.bool_]] = []
    for true_boxes, boxes, values in zip(truth, found, scores, strict=True):
        hits = np.zeros(len(boxes), dtype=np.bool_)
        overlaps = iou_matrix(boxes, true_boxes)
        free = np.ones(len(true_boxes), dtype=np.bool_)
        for row in np.argsort(-values, kind="stable"):
            candidates = np.where(free, overlaps[row], 0.0)
            if len(candidates) and candidates.max() >= iou:
                free[int(candidates.argmax())] = False
                hits[row] = True
        right.append(hits)
    order = np.argsort(-np.concatenate([np.asarray(values) for values in scores]), kind="stable")
    hit = np.concatenate(right)[order]
    recall = np.cumsum(hit) / total
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * best))


def score_tracks(truth: Sequence[Labelled], tracks: Sequence[Labelled]) -> TrackScores:
    """Score tracks against truth, picture by picture.

    Args:
        truth: of each picture.
        tracks: of the same pictures.

    Returns:
        The scores; None each without true boxes.
    """
    true_total = sum(len(people.ids) for people in truth)
    found_total = sum(len(people.ids) for people in tracks)
    true_index, found_index = _index(truth), _index(tracks)
    if not true_total:
        return TrackScores(None, None, None, 0)
    overlaps = [iou_matrix(a.boxes_xyxy_px, b.boxes_xyxy_px) for a, b in zip(truth, tracks, strict=True)]
    rows = [np.array([true_index[i] for i in people.ids.tolist()], dtype=np.intp) for people in truth]
    columns = [np.array([found_index[i] for i in people.ids.tolist()], dtype=np.intp) for people in tracks]
    matched, switches = _clear_matches(overlaps, rows, columns)
    mota = 1 - ((true_total - matched) + (found_total - matched) + switches) / true_total
    together = np.zeros((len(true_index), len(found_index)))
    for overlap, row, column in zip(overlaps, rows, columns, strict=True):
        together[np.ix_(row, column)] += overlap >= MATCH_IOU
    best = together[linear_sum_assignment(-together)].sum() if together.size else 0.0
    idf1 = 2 * best / (true_total + found_total)
    hota = _hota(overlaps, rows, columns, (len(true_index), len(found_index)))
    return TrackScores(round(float(mota), 4), round(float(idf1), 4), round(hota, 4), switches)


def _index(pictures: Sequence[Labelled]) -> dict[int, int]:
    names = sorted({name for people in pictures for name in people.ids.tolist()})
    return {name: row for row, name in enumerate(names)}


def _clear_matches(
    overlaps: Sequence[NDArray[np.float64]], rows: Sequence[NDArray[np.intp]], columns: Sequence[NDArray[np.intp]]
) -> tuple[int, int]:
    """Return matched sightings and switches; a pairing that still fits is kept before a better new one."""
    last: dict[int, int] = {}  # true person: the track that had them last
    before: dict[int, int] = {}  # the same, of the picture before alone
    matched = switches = 0
    for overlap, row, column in zip(overlaps, rows, columns, strict=True):
        kept = np.zeros(overlap.shape)
        for i, person in enumerate(row.tolist()):
            kept[i] = column == before.get(person, -1)
        value = np.where(overlap >= MATCH_IOU, overlap + 1000 * kept, 0.0)
        picked = linear_sum_assignment(-value)
        before = {}
        for i, j in zip(*picked, strict=True):
            if value[i, j] <= 0:
                continue
            person, track = int(row[i]), int(column[j])
            matched += 1
            switches += person in last and last[person] != track
            before[person] = last[person] = track
    return matched, switches


def _hota(
    overlaps: Sequence[NDArray[np.float64]],
    rows: Sequence[NDArray[np.intp]],
    columns: Sequence[NDArray[np.intp]],
    shape: tuple[int, int],
) -> float:
    """Mean over overlaps of the root of (finding x following)."""
    if 0 in shape:
        return 0.0
    # How well each person and track go together over the whole recording decides who is matched where both fit.
    together = np.zeros(shape)
    true_count, found_count = np.zeros(shape[0]), np.zeros(shape[1])
    for overlap, row, column in zip(overlaps, rows, columns, strict=True):
        union = overlap.sum(axis=0)[None, :] + overlap.sum(axis=1)[:, None] - overlap
        together[np.ix_(row, column)] += np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
        true_count[row] += 1
        found_count[column] += 1
    alike = together / (true_count[:, None] + found_count[None, :] - together)
    counts = np.zeros((len(HOTA_IOUS), *shape))
    for overlap, row, column in zip(overlaps, rows, columns, strict=True):
        if not overlap.size:
            continue
        i, j = linear_sum_assignment(-alike[np.ix_(row, column)] * overlap)
        fits = overlap[i, j] >= HOTA_IOUS[:, None] - 1e-9
        for level in range(len(HOTA_IOUS)):
            counts[level, row[i[fits[level]]], column[j[fits[level]]]] += 1
    right = counts.sum(axis=(1, 2))
    finding = right / (true_count.sum() + found_count.sum() - right)
    follow = counts / (true_count[:, None] + found_count[None, :] - counts)
    following = (counts * follow).sum(axis=(1, 2)) / np.maximum(right, 1)
    return float(np.sqrt(finding * following).mean())
