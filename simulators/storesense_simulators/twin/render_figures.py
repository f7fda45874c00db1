"""People as a camera sees them: jointed figures that walk, in clothes of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.projection import NEAR_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_simulators.twin.eye_crowd import Crowd
    from storesense_simulators.twin.projection import Pinhole

Colour = tuple[int, int, int]
_SKINS: tuple[Colour, ...] = ((150, 178, 222), (120, 150, 204), (92, 124, 178), (62, 86, 134), (44, 60, 96))
_HAIRS: tuple[Colour, ...] = ((24, 26, 30), (36, 52, 80), (60, 90, 130), (130, 170, 200), (170, 172, 174))
_STAFF_COAT: Colour = (60, 130, 40)
_STRIDE_M = 1.45
_SWING_M = 0.30
_STANDING_M_S = 0.15
_JOINTS = 16


@dataclass(frozen=True, slots=True)
class Looks:
    """What somebody wears, in BGR."""

    coat: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    shoes: Colour


class Figures:
    """Draws people; keeps how far each has walked, so that legs keep step.

    Args:
        seed: the root of what people wear.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._looks: dict[int, Looks] = {}
        self._walked: dict[int, tuple[float, float, float]] = {}

    def draw(self, picture: NDArray[np.uint8], depth_m: NDArray[np.float32], pinhole: Pinhole, crowd: Crowd) -> None:
        """Draw everybody into a picture, the furthest first, behind what is nearer.

        Args:
            picture: (height, width, 3) uint8, changed in place.
            depth_m: (height, width) depths of what stands still.
            pinhole: the camera.
            crowd: who is there.
        """
        if not len(crowd):
            return
        joints = self._joints(crowd)
        pixels, depths = pinhole.project(joints)
        width, height = pinhole.frame_wh
        middle_depths = depths[:, _HIP_LEFT]
        for place in np.argsort(-middle_depths, kind="stable").tolist():
            if depths[place].min() <= NEAR_M:
                continue
            scale = pinhole.focal_px / float(middle_depths[place])
            pad = 0.25 * scale + 2
            low, high = pixels[place].min(axis=0) - pad, pixels[place].max(axis=0) + pad
            left, top = max(0, int(low[0])), max(0, int(low[1]))
            right, bottom = min(width, int(high[0]) + 1), min(height, int(high[1]) + 1)
            if left >= right or top >= bottom:
                continue
            part = picture[top:bottom, left:right]
            before = part.copy()
            looks = self._looks_of(int(crowd.numbers[place]), is_staff=bool(crowd.is_staff[place]))
            tall = float(crowd.height_m[place]) * scale
            _draw_figure(part, pixels[place] - (left, top), tall, looks)
            if crowd.has_trolley[place]:
                _draw_trolley(part, pixels[place, _TROLLEY_LOW] - (left, top), scale)
            hidden = depth_m[top:bottom, left:right] < middle_depths[place]
            part[hidden] = before[hidden]

    def _looks_of(self, number: int, *, is_staff: bool) -> Looks:
        looks = self._looks.get(number)
        if looks is None:
            chance = stream(self._seed, f"looks/{number}")
            coat = _colour(chance, 25, 235)
            looks = Looks(
                coat=_STAFF_COAT if is_staff else coat,
                trousers=_colour(chance, 20, 120),
                skin=_SKINS[int(chance.integers(len(_SKINS)))],
                hair=_HAIRS[int(chance.integers(len(_HAIRS)))],
                shoes=_colour(chance, 15, 70),
            )
            self._looks[number] = looks
        return looks

    def _joints(self, crowd: Crowd) -> NDArray[np.float64]:
        """(N, joints, 3) metres."""
        count = len(crowd)
        phase = np.empty(count)
        walked: dict[int, tuple[float, float, float]] = {}
        for place, number in enumerate(crowd.numbers.tolist()):
            x, y = crowd.xy_m[place].tolist()
            at = self._walked.get(number, (x, y, number * 0.37))
            far_m = min(0.5, float(np.hypot(x - at[0], y - at[1])))
            walked[number] = (x, y, at[2] + far_m / _STRIDE_M)
            phase[place] = walked[number][2]
        self._walked = walked
        moving = np.minimum(1.0, crowd.speed_m_s / 1.2) * (crowd.speed_m_s > _STANDING_M_S)
        swing = np.sin(2 * np.pi * phase) * _SWING_M * moving * crowd.height_m / 1.75
        lift = np.maximum(0.0, np.cos(2 * np.pi * phase)) * 0.08 * moving
        other_lift = np.maximum(0.0, -np.cos(2 * np.pi * phase)) * 0.08 * moving
        ahead = crowd.heading
        aside = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
        tall = crowd.height_m
        half = np.minimum(0.78 * crowd.radius_m, 0.13 * tall)
        points = np.zeros((count, _JOINTS, 3))

        def put(joint: int, forth: NDArray[np.float64] | float, side: NDArray[np.float64] | float, up: float) -> None:
            points[:, joint, :2] = crowd.xy_m + ahead * np.reshape(forth + np.zeros(count), (-1, 1))
            points[:, joint, :2] += aside * np.reshape(side + np.zeros(count), (-1, 1))
            points[:, joint, 2] = up * tall

        put(_ANKLE_LEFT, swing, -0.45 * half, 0.04)
        put(_ANKLE_RIGHT, -swing, 0.45 * half, 0.04)
        points[:, _ANKLE_LEFT, 2] += lift
        points[:, _ANKLE_RIGHT, 2] += other_lift
        put(_KNEE_LEFT, 0.5 * swing + 0.05, -0.45 * half, 0.28)
        put(_KNEE_RIGHT, -0.5 * swing + 0.05, 0.45 * half, 0.28)
        put(_HIP_LEFT, 0.0, -0.55 * half, 0.50)
        put(_HIP_RIGHT, 0.0, 0.55 * half, 0.50)
        put(_SHOULDER_LEFT, 0.02, -half, 0.815)
        put(_SHOULDER_RIGHT, 0.02, half, 0.815)
        put(_ELBOW_LEFT, -0.5 * swing, -1.15 * half, 0.63)
        put(_ELBOW_RIGHT, 0.5 * swing, 1.15 * half, 0.63)
        put(_HAND_LEFT, -swing + 0.06, -1.1 * half, 0.48)
        put(_HAND_RIGHT, swing + 0.06, 1.1 * half, 0.48)
        put(_HEAD, 0.03, 0.0, 0.93)
        put(_CROWN, 0.03, 0.0, 0.995)
        forth = np.where(crowd.has_trolley, 0.65, 0.0)
        put(_TROLLEY_LOW, forth, 0.0, 0.1)
        put(_TROLLEY_HIGH, forth, 0.0, 0.5)
        return points


(
    _ANKLE_LEFT,
    _ANKLE_RIGHT,
    _KNEE_LEFT,
    _KNEE_RIGHT,
    _HIP_LEFT,
    _HIP_RIGHT,
    _SHOULDER_LEFT,
    _SHOULDER_RIGHT,
    _ELBOW_LEFT,
    _ELBOW_RIGHT,
    _HAND_LEFT,
    _HAND_RIGHT,
    _HEAD,
    _CROWN,
    _TROLLEY_LOW,
    _TROLLEY_HIGH,
) = range(_JOINTS)


def _draw_figure(part: NDArray[np.uint8], pixels: NDArray[np.float64], tall_px: float, looks: Looks) -> None:
    at = [(round(x), round(y)) for x, y in pixels.tolist()]

    def limb(a: int, b: int, wide: float, colour: Colour) -> None:
        cv2.line(part, at[a], at[b], colour, max(1, round(wide * tall_px)), cv2.LINE_AA)

    dark = _shaded(looks.trousers, 0.8)
    for hip, knee, ankle, colour in (
        (_HIP_LEFT, _KNEE_LEFT, _ANKLE_LEFT, looks.trousers),
        (_HIP_RIGHT, _KNEE_RIGHT, _ANKLE_RIGHT, dark),
    ):
        limb(hip, knee, 0.095, colour)
        limb(knee, ankle, 0.07, colour)
        cv2.circle(part, at[ankle], max(1, round(0.036 * tall_px)), looks.shoes, -1, cv2.LINE_AA)
    limb(_SHOULDER_LEFT, _ELBOW_LEFT, 0.06, _shaded(looks.coat, 0.8))
    limb(_ELBOW_LEFT, _HAND_LEFT, 0.05, _shaded(looks.coat, 0.8))
    body = np.array([at[_SHOULDER_LEFT], at[_SHOULDER_RIGHT], at[_HIP_RIGHT], at[_HIP_LEFT]], np.int32)
    cv2.fillConvexPoly(part, cv2.convexHull(body), looks.coat, cv2.LINE_AA)
    limb(_SHOULDER_LEFT, _HIP_LEFT, 0.09, _shaded(looks.coat, 0.85))
    limb(_SHOULDER_RIGHT, _HIP_RIGHT, 0.09, looks.coat)
    middle = ((at[_SHOULDER_RIGHT][0] + at[_HIP_RIGHT][0]) // 2, (at[_SHOULDER_RIGHT][1] + at[_HIP_RIGHT][1]) // 2)
    cv2.line(part, at[_SHOULDER_RIGHT], middle, _shaded(looks.coat, 1.15), max(1, round(0.03 * tall_px)), cv2.LINE_AA)
    limb(_SHOULDER_LEFT, _SHOULDER_RIGHT, 0.07, looks.coat)
    limb(_SHOULDER_RIGHT, _ELBOW_RIGHT, 0.06, _shaded(looks.coat, 1.08))
    limb(_ELBOW_RIGHT, _HAND_RIGHT, 0.05, _shaded(looks.coat, 1.08))
    for hand in (_HAND_LEFT, _HAND_RIGHT):
        cv2.circle(part, at[hand], max(1, round(0.024 * tall_px)), looks.skin, -1, cv2.LINE_AA)
    head = (max(1, round(0.048 * tall_px)), max(1, round(0.064 * tall_px)))
    cv2.ellipse(part, at[_HEAD], head, 0, 0, 360, looks.skin, -1, cv2.LINE_AA)
    cv2.ellipse(part, at[_HEAD], head, 0, 180, 360, looks.hair, -1, cv2.LINE_AA)


def _draw_trolley(part: NDArray[np.uint8], low: NDArray[np.float64], scale: float) -> None:
    x, y = low.tolist()
    half, tall = 0.26 * scale, 0.85 * scale
    left, right = round(x - half), round(x + half)
    top, bottom = round(y - tall), round(y - 0.25 * scale)
    steel: Colour = (176, 176, 170)
    thick = max(1, round(0.025 * scale))
    cv2.rectangle(part, (left, top), (right, bottom), steel, thick, cv2.LINE_AA)
    for share in (0.2, 0.4, 0.6, 0.8):
        column = round(left + share * (right - left))
        cv2.line(part, (column, top), (column, bottom), steel, 1, cv2.LINE_AA)
    for wheel in (left, right):
        cv2.line(part, (wheel, bottom), (wheel, round(y)), (70, 70, 70), thick, cv2.LINE_AA)


def _colour(chance: np.random.Generator, low: int, high: int) -> Colour:
    # Few clothes are of a pure colour: each is drawn half way to its own grey.
    drawn = chance.integers(low, high, 3)
    blue, green, red = ((drawn + int(drawn.mean())) // 2).tolist()
    return (blue, green, red)


def _shaded(colour: Colour, by: float) -> Colour:
    return (min(255, round(colour[0] * by)), min(255, round(colour[1] * by)), min(255, round(colour[2] * by)))
