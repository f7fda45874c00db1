"""People from a YOLOX network: the picture made ready, its raw grid decoded.

YOLOX (Ge et al. 2021, https://arxiv.org/abs/2107.08430) gives for each cell of three grids (one cell every 8, 16 and
32 pixels) a centre relative to the cell, the logarithm of the size, and how sure it is of an object and of its class.
The same code serves a model of 80 classes and one that knows people only, at any input size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from storesense_edge.vision.detections import Detections, clean_detections, non_maximum_suppression
from storesense_edge.vision.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from storesense_edge.vision.detector import Network

STRIDES_PX = (8, 16, 32)
PADDING = 114
PERSON_CLASS = 0
MIN_SCORE = 0.1
NMS_IOU = 0.65
LONG_FROM = 1.2
"""A picture that is less than so many times as long as high gains nothing from tiles."""
SHARED = 0.2
"""Neighbouring tiles have at least this in common, shares of the shorter side: somebody on the seam is whole in one."""
SEAM = 0.01
"""A box that ends so near to a seam, shares of the tile's length, is cut off by it."""


class YoloxDetector:
    """Finds people with a YOLOX network.

    Args:
        network: the loaded model.
        name: the model's name in messages.
        min_score: weaker boxes are left out.
        nms_iou: overlap above which two boxes are one person.
        tiles: the picture is looked at in so many overlapping parts along its longer side, each as large as the
            network's input takes it: people far away are found in wide pictures, at so many times the cost.
    """

    def __init__(
        self,
        network: Network,
        *,
        name: str = "model",
        min_score: float = MIN_SCORE,
        nms_iou: float = NMS_IOU,
        tiles: int = 1,
    ) -> None:
        self._network = network
        self._name = name
        self._min_score = min_score
        self._nms_iou = nms_iou
        self._tiles = tiles
        self._grid = grid_cells(network.input_wh)

    def detect(self, image_bgr: NDArray[np.uint8], at_s: float) -> Detections:  # noqa: ARG002 a picture is enough
        """Return the people in a picture; see `Detector.detect`.

        Raises:
            ModelError: the network's output is not YOLOX's.
        """
        height, width = image_bgr.shape[:2]
        tiles = tiles_of((width, height), self._tiles)
        parts = [self._look(image_bgr, tile) for tile in tiles]
        boxes_xyxy, scores = parts[0]
        if len(tiles) > 1:
            whole = [whole_boxes(boxes, tile, tiles) for (boxes, _), tile in zip(parts, tiles, strict=True)]
            boxes_xyxy = np.concatenate([boxes[kept] for (boxes, _), kept in zip(parts, whole, strict=True)])
            scores = np.concatenate([values[kept] for (_, values), kept in zip(parts, whole, strict=True)])
        found = clean_detections(boxes_xyxy, scores, frame_wh=(width, height))
        return non_maximum_suppression(found, self._nms_iou)

    def _look(
        self, image_bgr: NDArray[np.uint8], tile_xyxy: tuple[int, int, int, int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the boxes (N, 4) found in a part of a picture, in its pixels, and their scores (N,)."""
        left, top, right, bottom = tile_xyxy
        blob, scale = letterbox(image_bgr[top:bottom, left:right], self._network.input_wh)
        output = self._network.run(blob)
        if output.ndim != 3 or output.shape[1] != len(self._grid) or output.shape[2] < 6:
            expected = f"(1, {len(self._grid)}, 5 + classes)"
            raise ModelError(
                model=self._name,
                cause=f"its output has shape {output.shape}, a YOLOX model with this input gives {expected}",
                remedy="use a YOLOX model exported with its raw grid",
            )
        boxes_xyxy, scores = decode(output[0], self._grid, min_score=self._min_score)
        return boxes_xyxy / scale + (left, top, left, top), scores


def tiles_of(frame_wh: tuple[int, int], count: int) -> list[tuple[int, int, int, int]]:
    """Lay overlapping tiles along the longer side of a picture, as near to squares as cover it.

    Args:
        frame_wh: width and height of the picture.
        count: how many; a picture that is nearly square needs one.

    Returns:
        Left, top, right and bottom of each, from the left or from above.
    """
    long, short = max(frame_wh), min(frame_wh)
    if count < 2 or long < LONG_FROM * short:
        return [(0, 0, *frame_wh)]
    length = min(long, max(short, round((long + (count - 1) * SHARED * short) / count)))
    starts = [round(number * (long - length) / (count - 1)) for number in range(count)]
    if frame_wh[0] == long:
        return [(start, 0, start + length, short) for start in starts]
    return [(0, start, short, start + length) for start in starts]


def whole_boxes(
    boxes_xyxy: NDArray[np.float64], tile_xyxy: tuple[int, int, int, int], tiles: Sequence[tuple[int, int, int, int]]
) -> NDArray[np.bool_]:
    """Tell which boxes of a tile are not cut off by a seam while another tile has them whole.

    Args:
        boxes_xyxy: (N, 4) in pixels of the picture.
        tile_xyxy: the tile in which they were found.
        tiles: all tiles of the picture.

    Returns:
        (N,) True for those to keep.
    """
    axis = 0 if len({tile[0] for tile in tiles}) > 1 else 1
    begin, end = tile_xyxy[axis], tile_xyxy[axis + 2]
    near = SEAM * (end - begin)
    longs = boxes_xyxy[:, axis + 2] - boxes_xyxy[:, axis]
    cut = np.zeros(len(boxes_xyxy), dtype=np.bool_)
    for other in tiles:
        if other[axis] < begin < other[axis + 2]:
            cut |= (boxes_xyxy[:, axis] < begin + near) & (longs < other[axis + 2] - begin)
        if other[axis] < end < other[axis + 2]:
            cut |= (boxes_xyxy[:, axis + 2] > end - near) & (longs < end - other[axis])
    return ~cut


def letterbox(image_bgr: NDArray[np.uint8], input_wh: tuple[int, int]) -> tuple[NDArray[np.float32], float]:
    """Fit a picture into the network's input, top left, the rest grey.

    Args:
        image_bgr: (height, width, 3) uint8.
        input_wh: width and height of the input.

    Returns:
        (1, 3, height, width) float32 in 0..255, and how many input pixels one picture pixel became.
    """
    width, height = input_wh
    scale = min(width / image_bgr.shape[1], height / image_bgr.shape[0])
    resized_wh = (max(1, round(image_bgr.shape[1] * scale)), max(1, round(image_bgr.shape[0] * scale)))
    padded = np.full((height, width, 3), PADDING, dtype=np.uint8)
    padded[: resized_wh[1], : resized_wh[0]] = cv2.resize(image_bgr, resized_wh, interpolation=cv2.INTER_LINEAR)
    blob = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)
    return blob, scale


def grid_cells(input_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Where the rows of the output stand.

    Args:
        input_wh: width and height of the input, multiples of 32.

    Returns:
        (cells, 3) float32: column, row and stride of each cell, finest grid first.
    """
    parts = []
    for stride in STRIDES_PX:
        columns, rows = input_wh[0] // stride, input_wh[1] // stride
        x, y = np.meshgrid(np.arange(columns), np.arange(rows))
        parts.append(np.stack([x.ravel(), y.ravel(), np.full(columns * rows, stride)], axis=1))
    return np.concatenate(parts).astype(np.float32)


def decode(
    output: NDArray[np.float32], cells: NDArray[np.float32], *, min_score: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn a YOLOX output into boxes.

    Args:
        output: (cells, 5 + classes): x, y, log width, log height, objectness, classes.
        cells: (cells, 3) from `grid_cells`.
        min_score: weaker boxes are left out.

    Returns:
        Boxes (N, 4) left, top, right, bottom in input pixels, and scores (N,).
    """
    scores = output[:, 4] * output[:, 5 + PERSON_CLASS]
    kept = np.flatnonzero(scores >= min_score)
    rows, grid = output[kept].astype(np.float64), cells[kept].astype(np.float64)
    stride = grid[:, 2:]
    centre = (rows[:, :2] + grid[:, :2]) * stride
    # A broken model's exponent must not overflow; no person is e^8 cells wide.
    half = np.exp(np.minimum(rows[:, 2:4], 8.0)) * stride / 2
    return np.concatenate([centre - half, centre + half], axis=1), scores[kept].astype(np.float64)
