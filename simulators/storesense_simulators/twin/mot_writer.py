"""A camera's boxes as files that other programs read: MOT detections and ground truth, and lines in pixels.

``det.txt`` has the rows that public detections have, ``gt.txt`` those of MOTChallenge 2016: frame (from 1), number,
left, top, width, height, 1 (0 where the feet lie outside the picture), class 1, visible share. ``LINES.json`` is what
`storesense eval counting` reads.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from storesense_contracts.site import CameraDevice
from storesense_simulators.twin.projection import NEAR_M, pinhole_of

if TYPE_CHECKING:
    from storesense_simulators.twin.detection_depth import CameraFrame
    from storesense_simulators.twin.shop import CameraMount, Shop


class MotWriter:
    """Writes one camera's boxes.

    Args:
        detections: where the detector's boxes go, an open text file; whoever opened it closes it.
        truth: where the true ones go.
        frame_wh: width and height of a picture, pixels.
    """

    def __init__(self, detections: TextIO, truth: TextIO, *, frame_wh: tuple[int, int]) -> None:
        self._detections = detections
        self._truth = truth
        self._frame_wh = frame_wh
        self.boxes = 0
        self.true_boxes = 0

    def write(self, frame_no: int, frame: CameraFrame) -> None:
        """Append a picture's boxes; ``frame_no`` counts from 1."""
        boxes, scores = frame.detections.boxes_xyxy_px.tolist(), frame.detections.scores.tolist()
        self._detections.writelines(
            f"{frame_no},-1,{x:.2f},{y:.2f},{r - x:.2f},{b - y:.2f},{score:.4f},-1,-1,-1\n"
            for (x, y, r, b), score in zip(boxes, scores, strict=True)
        )
        width, height = self._frame_wh
        true = frame.sight.boxes_xyxy_px.tolist()
        shares = frame.sight.visibility.tolist()
        self._truth.writelines(
            f"{frame_no},{number},{x:.2f},{y:.2f},{r - x:.2f},{b - y:.2f},"
            f"{int(0 <= (x + r) / 2 <= width and b <= height)},1,{share:.3f}\n"
            for number, (x, y, r, b), share in zip(frame.numbers.tolist(), true, shares, strict=True)
        )
        self.boxes += len(boxes)
        self.true_boxes += len(true)


def lines_json(shop: Shop, mount: CameraMount) -> str:
    """Return the counting lines that a camera reports, in pixels of its picture; those it does not see are left out."""
    device = next(d for d in shop.site.devices if isinstance(d, CameraDevice) and d.id == mount.device_id)
    pinhole = pinhole_of(mount)
    by_id = {line.id: line for line in shop.layout.lines}
    lines: list[dict[str, Any]] = []
    for view in device.lines:
        line = by_id[view.line]
        if line.floor_m is None or line.in_side is None:
            continue
        ends = np.array([[*line.floor_m[0], 0.0], [*line.floor_m[1], 0.0]])
        pixels, depths = pinhole.project(ends)
        if depths.min() > NEAR_M:
            # Left of somebody who stands at the first end is left in the picture too.
            a, b = np.round(pixels, 2).tolist()
            lines.append({"id": line.id, "a": a, "b": b, "in_side": line.in_side})
    return json.dumps({"frame_wh": list(mount.frame_size_px), "lines": lines}, indent=2) + "\n"
