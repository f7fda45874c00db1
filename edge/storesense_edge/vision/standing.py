"""Where people stand: under their heads where a shelf hides the legs, and under their lean at a picture's sides.

A floor calibration says more than where the floor is. If the pixels are square and the picture is whole (its middle is
the lens's axis), the camera's focal length and pose follow from it (Hartley and Zisserman 2004, section 8.8: the
circular points), and with them the plane in which heads of people of usual height move. A box that is far shorter
than somebody of that height would be there, and yet as wide, shows a grown person's upper part: it is drawn down to
the feet.
Children are as narrow as they are short, so their height stays as it is. Beside the camera's axis their boxes are wide
by their lean alone, so that is taken off first.

Somebody upright leans outwards at the sides of a picture taken from above: on the line to the point where all plumb
lines meet (their vanishing point). A box around a leaning body has its middle beside the feet, by half a metre under a
wide lens, so every box is moved along that line until its middle is above them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.detections import Detections

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.homography import FloorMap

USUAL_HEIGHT_M = 1.68
SHORT_SHARE = 0.8
"""A box shorter than this share of a grown person's may be cut off below ..."""
WIDE_SHARE = 0.24
"""... if it is at least this wide, as a share of that person's height; people are about 0.3 ..."""
CUT_SHAPE = 0.4
"""... and this wide for its own height, both on the person: a child is as slender as anybody who is seen whole."""
SHOULDER_SHARE = 0.8
"""The widest part of a body is about this high: feet below and shoulders here decide where a box's sides are."""
LEANING_WIDTH = 0.85
"""A box around a leaning body ends at its feet on one side and at its shoulders on the other, and feet stand closer
than shoulders are wide: of the body's own width this share is in the box beside the lean."""
MOST_LEAN = 1.5
"""Whoever leans aside by more than this many times what they rise in the picture is no child by their width: there a
box's sides tell how tall somebody is, and its height hardly does."""
BORDER_SHARE = 0.08
"""A box that comes this near to the picture's edge may go on beyond it, as a share of a grown person's height: a
detector draws the edges of boxes that the picture cuts off no better than others."""
MAX_HEIGHTS = 1.5
"""No box is drawn down further than this many times the picture's height."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadView:
    """A camera's view of feet and of heads.

    Attributes:
        feet: (3, 3) floor metres to pixels, homogeneous.
        heads: (3, 3) the same for what is above that floor point by the height of a usual person.
        plumb: (3,) where all plumb lines meet, pixels, homogeneous.
        frame_wh: width and height of a picture.
        focal_px: the lens's focal length.
        eye_xy_m: the floor point above which the camera is.
        eye_height_m: how high above it.
    """

    feet: NDArray[np.float64]
    heads: NDArray[np.float64]
    plumb: NDArray[np.float64]
    frame_wh: tuple[int, int]
    focal_px: float
    eye_xy_m: tuple[float, float]
    eye_height_m: float
    _by_head: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        """Work out once how far down feet are by the head: numerator, denominator, and on which side of the lens."""
        to_floor = np.linalg.inv(self.heads)
        to_feet = self.feet @ to_floor
        object.__setattr__(self, "_by_head", np.stack([to_feet[1], to_feet[2], to_floor[2]], axis=1))

    def complete(self, detections: Detections) -> Detections:
        """Return detections that stand on their feet: drawn down to them where hidden, and with their middle above."""
        boxes = detections.boxes_xyxy_px
        if not len(boxes):
            return detections
        heads = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 1]], axis=1)
        feet_y = self.feet_y_px(heads)
        full = feet_y - boxes[:, 1]
        with np.errstate(invalid="ignore"):  # nowhere is not cut
            tall, wide = boxes[:, 3] - boxes[:, 1], self._body_widths_px(boxes)
            # Seen from above, people are foreshortened, and their width is not.
            tall_m, wide_m = tall / full * USUAL_HEIGHT_M, wide * self._head_depths_m(heads) / self.focal_px
            cut = (tall < SHORT_SHARE * full) & (wide >= WIDE_SHARE * full) & (wide_m >= CUT_SHAPE * tall_m)
            cut &= feet_y <= MAX_HEIGHTS * self.frame_wh[1]
            cut &= self._room_px(boxes) > BORDER_SHARE * full  # a head beyond the picture's edge tells nothing
        low = np.where(cut, feet_y, boxes[:, 3])
        completed = boxes.copy()
        completed[:, 3] = low
        completed[:, 0::2] += self._lean_px(boxes, low)[:, None]
        return Detections(completed, detections.scores)

    def _body_widths_px(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) how wide the bodies are in their boxes, without what of these is the lean of somebody seen whole."""
        tall, wide = boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]
        slopes = self._slopes((boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2)
        upright = np.maximum(wide - np.abs(slopes) * SHOULDER_SHARE * tall, 0.0) / LEANING_WIDTH
        widths: NDArray[np.float64] = np.where(np.abs(slopes) <= MOST_LEAN, np.minimum(wide, upright), wide)
        return widths

    def _slopes(self, x_px: NDArray[np.float64], y_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) how far right plumb lines go on each pixel down at points of the picture; not finite where they meet."""
        x, y, w = self.plumb
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes: NDArray[np.float64] = (x_px * w - x) / (y_px * w - y)
        return slopes

    def _room_px(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) how far boxes are from the nearest of those edges of the picture beyond which a head may be."""
        room: NDArray[np.float64] = np.minimum(boxes[:, :2].min(axis=1), self.frame_wh[0] - boxes[:, 2])
        return room

    def _lean_px(self, boxes: NDArray[np.float64], feet_y: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) how far right of a box's middle the feet are, if the body is upright.

        What is seen of a body reaches sideways from its lower end to its shoulders, so the middle of the box is the
        body's middle half-way between these two.
        """
        shoulder_y = feet_y + SHOULDER_SHARE * (boxes[:, 1] - feet_y)
        middle_y = (np.maximum(boxes[:, 3], shoulder_y) + shoulder_y) / 2
        with np.errstate(invalid="ignore"):
            lean = self._slopes((boxes[:, 0] + boxes[:, 2]) / 2, middle_y) * (feet_y - middle_y)
        # Close to where the plumb lines meet somebody is seen from straight above, and leans nowhere in particular.
        most = np.maximum(boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0])
        return np.where(np.abs(lean) <= most, lean, 0.0)

    def _head_depths_m(self, heads_xy_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) how far away heads are along the lens's axis, those of people of usual height; not finite where nowhere.

        The third row of `heads` is that depth, so its inverse gives one over it for a point of the picture.
        """
        with np.errstate(divide="ignore"):
            depths: NDArray[np.float64] = 1.0 / (heads_xy_px @ self._by_head[:2, 2] + self._by_head[2, 2])
        return depths

    def feet_y_px(self, heads_xy_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far down the picture the feet of somebody of usual height are, by the head; NaN where nowhere.

        Args:
            heads_xy_px: (N, 2).

        Returns:
            (N,) pixels from the top.
        """
        low, depth, before = (heads_xy_px @ self._by_head[:2] + self._by_head[2]).T
        with np.errstate(divide="ignore", invalid="ignore"):
            y: NDArray[np.float64] = np.where(depth * before > 0, low / depth, np.nan)
        return y


def head_view(floor_map: FloorMap, frame_wh: tuple[int, int]) -> HeadView | None:
    """Work out where heads are seen; None where the calibration does not tell the lens, as from straight above.

    Args:
        floor_map: the camera's view of the floor.
        frame_wh: width and height of its pictures, pixels.
    """
    width, height = frame_wh
    to_pixels = np.diag([float(width), float(height), 1.0]) @ np.linalg.inv(floor_map.matrix)
    centred = np.array([[1.0, 0.0, -width / 2], [0.0, 1.0, -height / 2], [0.0, 0.0, 1.0]]) @ to_pixels
    centred = centred / np.linalg.norm(centred[:, :2])
    (a1, a2, a3), (b1, b2, b3) = centred[:, 0], centred[:, 1]
    # r1 and r2 are at right angles and equally long: two equations in 1/f².
    left = np.array([a1 * b1 + a2 * b2, a1 * a1 + a2 * a2 - b1 * b1 - b2 * b2])
    right = -np.array([a3 * b3, a3 * a3 - b3 * b3])
    square = float(left @ left)
    inverse_f2 = float(left @ right) / square if square > 0 else 0.0
    if not 1e-10 < inverse_f2 < 1.0:
        return None
    focal_px = inverse_f2**-0.5
    if not 0.2 * width <= focal_px <= 20 * width:
        return None
    lens = np.diag([focal_px, focal_px, 1.0])
    pose = np.linalg.inv(lens) @ centred
    scale = (np.linalg.norm(pose[:, 0]) + np.linalg.norm(pose[:, 1])) / 2
    pose = pose / scale
    if pose[2] @ _middle(floor_map) < 0:
        pose = -pose
    right_hand = np.cross(pose[:, 0], pose[:, 1])
    camera = -np.stack([pose[:, 0], pose[:, 1], right_hand]) @ pose[:, 2]
    up_m = np.sign(camera[2]) * USUAL_HEIGHT_M
    above = pose.copy()
    above[:, 2] += up_m * right_hand
    back = np.array([[1.0, 0.0, width / 2], [0.0, 1.0, height / 2], [0.0, 0.0, 1.0]]) @ lens
    if abs(camera[2]) <= USUAL_HEIGHT_M or abs(np.linalg.det(above)) < 1e-9:
        return None
    plumb = back @ right_hand
    eye_xy_m = (float(camera[0]), float(camera[1]))
    plumb = plumb / np.abs(plumb).max()
    return HeadView(back @ pose, back @ above, plumb, frame_wh, float(focal_px), eye_xy_m, abs(float(camera[2])))


def _middle(floor_map: FloorMap) -> NDArray[np.float64]:
    """The floor point in the lower middle of the picture, homogeneous: surely before the camera."""
    x, y = floor_map.to_floor(np.array([[0.5, 0.9]]))[0].tolist()
    return np.array([x, y, 1.0])
