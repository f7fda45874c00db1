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
    from numpy.typing import NDArray

    from storesense_edge.vision.detector import Network

STRIDES_PX = (8, 16, 32)
PADDING = 114
PERSON_CLASS = 0
MIN_SCORE = 0.1
NMS_IOU = 0.65


class YoloxDetector:
    """Finds people with a YOLOX network.

    Args:
        network: the loaded model.
        name: the model's name in messages.
        min_score: weaker boxes are left out.
        nms_iou: overlap above which two boxes are one person.
    """

    def __init__(
        self, network: Network, *, name: str = "model", min_score: float = MIN_SCORE, nms_iou: float = NMS_IOU
    ) -> None:
        self._network = network
        self._name = name
        self._min_score = min_score
        self._nms_iou = nms_iou
        self._grid = grid_cells(network.input_wh)

    def detect(self, image_bgr: NDArray[np.uint8], at_s: float) -> Detections:  # noqa: ARG002 a picture is enough
        """Return the people in a picture; see `Detector.detect`.

        Raises:
            ModelError: the network's output is not YOLOX's.
        """
        blob, scale = letterbox(image_bgr, self._network.input_wh)
        output = self._network.run(blob)
        if output.ndim != 3 or output.shape[1] != len(self._grid) or output.shape[2] < 6:
            expected = f"(1, {len(self._grid)}, 5 + classes)"
            raise ModelError(
                model=self._name,
                cause=f"its output has shape {output.shape}, a YOLOX model with this input gives {expected}",
                remedy="use a YOLOX model exported with its raw grid",
            )
        boxes_xyxy, scores = decode(output[0], self._grid, min_score=self._min_score)
        height, width = image_bgr.shape[:2]
        found = clean_detections(boxes_xyxy / scale, scores, frame_wh=(width, height))
        return non_maximum_suppression(found, self._nms_iou)


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
