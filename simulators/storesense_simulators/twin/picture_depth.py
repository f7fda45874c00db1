"""Picture depth: what a camera would film, so that the true detectors run.

A picture is the empty store (`render_scene`), shadows and figures (`render_figures`), and then what a cheap camera does
to it: flicker of the lamps, sensor noise, and the blocks of its compression.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.faults import FaultSchedule
from storesense_simulators.twin.projection import NEAR_M, pinhole_of
from storesense_simulators.twin.render_figures import Figures
from storesense_simulators.twin.render_scene import Scene, scene_of
from storesense_simulators.twin.shop import FaultKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_simulators.twin.eye_crowd import Crowd
    from storesense_simulators.twin.projection import Pinhole
    from storesense_simulators.twin.shop import CameraMount, Shop

PICTURE_WH = (640, 360)
_NOISE_SD = 3.0
_NOISE_FRAMES = 6
_SHADOW_SHARE = 0.38
_JPEG_QUALITY = 62
_MAINS_FLICKER = 0.012
_LAMP_DRIFT = 0.004
_CORNERS = 10


class CameraFilm:
    """One camera's pictures.

    Args:
        mount: where it hangs.
        shop: the store.
        seed: the root of clothes, goods' colours and noise.
        size_px: width and height of the pictures; None takes the mount's.
        faults: what goes wrong with it.
    """

    def __init__(
        self,
        mount: CameraMount,
        shop: Shop,
        *,
        seed: int,
        size_px: tuple[int, int] | None = PICTURE_WH,
        faults: FaultSchedule | None = None,
    ) -> None:
        self.mount = mount if size_px is None else dataclasses.replace(mount, frame_size_px=size_px)
        self._shop = shop
        self._seed = seed
        self._faults = (faults or FaultSchedule()).of(mount.device_id)
        self._chance = stream(seed, f"film/{mount.device_id}")
        width, height = self.mount.frame_size_px
        self._noise = [
            self._chance.normal(0.0, _NOISE_SD, (height, width, 3)).round().astype(np.int8)
            for _ in range(_NOISE_FRAMES)
        ]
        self._figures = Figures(seed)
        self._views: dict[tuple[float, ...], tuple[Pinhole, Scene]] = {}
        self._last: NDArray[np.uint8] | None = None

    @property
    def device_id(self) -> str:
        """The camera's device."""
        return self.mount.device_id

    def film(self, t_ms: int, crowd: Crowd) -> NDArray[np.uint8] | None:
        """Return the picture of an instant, (height, width, 3) BGR, or None while the camera has no power."""
        ailing = {f.kind: f for f in self._faults if f.begins_ms <= t_ms < f.ends_ms}
        if FaultKind.POWER_CUT in ailing:
            return None
        if FaultKind.CAMERA_FROZEN in ailing and self._last is not None:
            return self._last
        moved = ailing.get(FaultKind.CAMERA_MOVED)
        pinhole, scene = self._view(0.0 if moved is None else moved.amount)
        picture = scene.picture_bgr.copy()
        self._cast_shadows(picture, scene, pinhole, crowd)
        self._figures.draw(picture, scene.depth_m, pinhole, crowd)
        if (dirt := ailing.get(FaultKind.CAMERA_DIRTY)) is not None:
            _smear(picture, dirt.amount)
        self._last = self._degraded(picture, t_ms)
        return self._last

    def _view(self, turned_deg: float) -> tuple[Pinhole, Scene]:
        view = self._views.get((turned_deg,))
        if view is None:
            pinhole = pinhole_of(self.mount)
            if turned_deg:
                pinhole = pinhole.moved(pan_deg=turned_deg, tilt_deg=turned_deg / 3)
            view = (pinhole, scene_of(self._shop, pinhole, stream(self._seed, "goods")))
            self._views[turned_deg,] = view
        return view

    def _cast_shadows(self, picture: NDArray[np.uint8], scene: Scene, pinhole: Pinhole, crowd: Crowd) -> None:
        """Many lamps overhead: a soft dark patch around each pair of feet, a little to one side."""
        if not len(crowd):
            return
        turns = np.linspace(0.0, 2 * np.pi, _CORNERS, endpoint=False)
        ring = np.stack([np.cos(turns) * 0.36 + 0.08, np.sin(turns) * 0.30 + 0.06, np.zeros(_CORNERS)], axis=1)
        feet = np.concatenate([crowd.xy_m, np.zeros((len(crowd), 1))], axis=1)
        pixels, depths = pinhole.project(feet[:, None, :] + ring)
        width, height = pinhole.frame_wh
        mask = np.zeros((height, width), np.uint8)
        for corners, depth in zip(pixels, depths, strict=True):
            if depth.min() > NEAR_M:
                cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 255)
        mask[~scene.is_floor] = 0
        x, y, wide, tall = cv2.boundingRect(mask)
        if not wide:
            return
        part = slice(max(0, y - 6), y + tall + 6), slice(max(0, x - 6), x + wide + 6)
        soft = np.asarray(cv2.GaussianBlur(mask[part], (9, 9), 3.0), np.float32)
        light = 1.0 - soft * (_SHADOW_SHARE / 255.0)
        picture[part] = (picture[part] * light[..., None]).astype(np.uint8)

    def _degraded(self, picture: NDArray[np.uint8], t_ms: int) -> NDArray[np.uint8]:
        # Lamps flicker at twice the mains; a shutter at ten frames a second sees the slow beat of it.
        beat = math.sin(2 * math.pi * t_ms / 1730.0)
        gain = 1.0 + _MAINS_FLICKER * beat + _LAMP_DRIFT * float(self._chance.standard_normal())
        noise = self._noise[int(self._chance.integers(_NOISE_FRAMES))]
        shift = int(self._chance.integers(picture.shape[0]))
        lit = np.asarray(cv2.convertScaleAbs(picture, alpha=gain), np.uint8)
        noisy = cv2.add(lit, np.roll(noise, shift, axis=0), dtype=cv2.CV_8U)
        _, packed = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _smear(picture: NDArray[np.uint8], share: float) -> None:
    """Something covers the left part of the lens."""
    edge = round(min(1.0, max(0.0, share)) * picture.shape[1])
    if edge < 2:
        return
    blurred = cv2.GaussianBlur(picture[:, :edge], (0, 0), 12.0)
    picture[:, :edge] = cv2.addWeighted(blurred, 0.25, np.full_like(blurred, (70, 80, 86)), 0.75, 0.0)
