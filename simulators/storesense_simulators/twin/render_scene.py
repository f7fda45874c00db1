"""The empty store as a camera sees it: floor tiles, walls, shelves full of goods and counters, with their depths.

Everything that stands still is a set of flat rectangles. Each pixel's ray is met with each rectangle once, when the
camera is set up, and the nearest wins; so there is no clipping to get wrong, and the depth of every pixel is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from storesense_simulators.twin.eye_blinds import COUNTER_HEIGHT_M, RAIL_HEIGHT_M, SHELF_HEIGHT_M, is_rail
from storesense_simulators.twin.projection import NEAR_M

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from storesense_simulators.twin.projection import Pinhole
    from storesense_simulators.twin.shop import Point, Shop

WALL_HEIGHT_M = 3.2
_TILE_M = 0.6
_BOARD_M = 0.38
_FLOOR_BGR = (168, 176, 182)
_OUTSIDE_BGR = (120, 122, 118)
_WALL_BGR = (196, 206, 212)
_METAL_BGR = (150, 148, 142)
_COUNTER_BGR = (96, 104, 122)
_CEILING_BGR = (188, 190, 190)
_FADE_M = 26.0


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a camera sees when nobody is there.

    Attributes:
        picture_bgr: (height, width, 3) uint8.
        depth_m: (height, width) float32, along the optical axis; infinite where there is nothing.
        is_floor: (height, width) bool, where shadows fall.
    """

    picture_bgr: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    is_floor: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """A rectangle in space: a corner, two edges from it, and how it is painted."""

    corner: NDArray[np.float32]
    along: NDArray[np.float32]
    upward: NDArray[np.float32]
    colour: tuple[int, int, int]
    goods_seed: int | None = None


def scene_of(shop: Shop, pinhole: Pinhole, chance: np.random.Generator) -> Scene:
    """Paint what stands still before a camera. ``chance`` decides on the colours of goods and on stains."""
    width, height = pinhole.frame_wh
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    across = ((x - width / 2) / pinhole.focal_px).astype(np.float32)
    upward = ((height / 2 - y) / pinhole.focal_px).astype(np.float32)
    rays = (
        pinhole.forward.astype(np.float32)
        + across[..., None] * pinhole.right.astype(np.float32)
        + upward[..., None] * pinhole.up.astype(np.float32)
    )
    lens = pinhole.at_xyz_m.astype(np.float32)
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = _CEILING_BGR
    depth = np.full((height, width), np.inf, np.float32)
    is_floor = _paint_floor(shop, rays, lens, picture, depth, chance)
    for face in _faces(shop, lens):
        _paint_face(face, rays, lens, picture, depth, is_floor)
    # What is far away is a little paler, as through the haze of a long shop.
    haze = np.minimum(np.where(np.isfinite(depth), depth, _FADE_M) / _FADE_M, 1.0)[..., None] * 0.25
    hazy = picture * (1 - haze) + np.array(_CEILING_BGR, np.float32) * haze
    finished = np.asarray(np.clip(hazy, 0, 255), dtype=np.uint8)
    return Scene(np.asarray(cv2.GaussianBlur(finished, (3, 3), 0.6), dtype=np.uint8), depth, is_floor)


def _paint_floor(
    shop: Shop,
    rays: NDArray[np.float32],
    lens: NDArray[np.float32],
    picture: NDArray[np.float32],
    depth: NDArray[np.float32],
    chance: np.random.Generator,
) -> NDArray[np.bool_]:
    falling = rays[..., 2] < -1e-3
    reach = np.where(falling, -lens[2] / np.where(falling, rays[..., 2], -1.0), np.inf).astype(np.float32)
    is_floor: NDArray[np.bool_] = np.asarray(falling & (reach < 60), dtype=np.bool_)
    spots = lens[:2] + reach[is_floor, None] * rays[is_floor][:, :2]
    inside = np.asarray(((spots >= 0) & (spots <= np.array(shop.size_m, np.float32))).all(axis=1), dtype=np.bool_)
    tiles = np.floor(spots / _TILE_M).astype(np.int64)
    shade = ((tiles[:, 0] * 7919 + tiles[:, 1] * 104729) % 13).astype(np.float32) - 6
    rest = spots / _TILE_M - tiles
    joint = (np.minimum(rest, 1 - rest).min(axis=1) < 0.02).astype(np.float32)
    stains = chance.normal(0.0, 1.0, (64, 64)).astype(np.float32)
    stains = np.asarray(cv2.GaussianBlur(stains, (0, 0), 2.0), np.float32) * 40
    cells = np.mod((spots * 4).astype(np.int64), 64)
    light = shade + stains[cells[:, 1], cells[:, 0]] - 26 * joint
    colour = np.where(inside[:, None], np.array(_FLOOR_BGR, np.float32), np.array(_OUTSIDE_BGR, np.float32))
    picture[is_floor] = colour + light[:, None]
    depth[is_floor] = reach[is_floor]
    return is_floor


def _paint_face(
    face: _Face,
    rays: NDArray[np.float32],
    lens: NDArray[np.float32],
    picture: NDArray[np.float32],
    depth: NDArray[np.float32],
    is_floor: NDArray[np.bool_],
) -> None:
    normal = np.cross(face.along, face.upward)
    length = float(np.sqrt(normal @ normal))
    if length < 1e-9:
        return
    normal = normal / length
    against = rays @ normal
    towards = float(normal @ (face.corner - lens))
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = towards / against
    hit = (reach > NEAR_M) & (reach < depth - 0.01)
    if not hit.any():
        return
    spots = lens + reach[hit, None] * rays[hit] - face.corner
    a = spots @ face.along / (face.along @ face.along)
    b = spots @ face.upward / (face.upward @ face.upward)
    inside: NDArray[np.bool_] = np.asarray((a >= 0) & (a <= 1) & (b >= 0) & (b <= 1), dtype=np.bool_)
    if not inside.any():
        return
    rows, columns = (axis[inside] for axis in np.nonzero(hit))
    # Lamps hang above: what looks up is brightest, and of the sides one is lit more than the other.
    shade = 0.78 + 0.14 * abs(float(normal[2])) + 0.10 * abs(float(normal[0]))
    colour = np.empty((len(rows), 3), np.float32)
    colour[:] = np.array(face.colour, np.float32) * shade
    if face.goods_seed is not None:
        _paint_goods(face, a[inside], b[inside], colour)
    picture[rows, columns] = colour
    depth[rows, columns] = reach[hit][inside]
    is_floor[rows, columns] = False


def _paint_goods(face: _Face, a: NDArray[np.float32], b: NDArray[np.float32], colour: NDArray[np.float32]) -> None:
    """Boards with rows of packets on them, a colour for each product."""
    length_m = float(np.sqrt(face.along @ face.along))
    height_m = float(np.sqrt(face.upward @ face.upward))
    board = np.floor(b * height_m / _BOARD_M).astype(np.int64)
    above_m = b * height_m - board * _BOARD_M
    facing = np.floor(a * length_m / 0.16).astype(np.int64)
    product = facing // 4
    chance = np.random.default_rng(face.goods_seed)
    table = chance.integers(50, 225, (64, 3)).astype(np.float32)
    tall = 0.18 + 0.14 * chance.random(64).astype(np.float32)
    kind = (product * 11 + board * 29) % 64
    packet = above_m < tall[kind]
    gap = np.abs(a * length_m / 0.16 - facing - 0.5) > 0.45
    goods = table[kind] * np.where(gap, 0.6, 1.0)[:, None].astype(np.float32)
    edge = above_m < 0.03
    colour[packet] = goods[packet]
    colour[~packet] *= 0.45
    colour[edge] = (222, 226, 230)


def _faces(shop: Shop, lens: NDArray[np.float32]) -> Iterator[_Face]:
    for wall in shop.walls:
        for a, b in pairwise(wall.points):
            yield _upright(a, b, RAIL_HEIGHT_M if is_rail(wall) else WALL_HEIGHT_M, _WALL_BGR)
    outlines = set()
    for number, shelf in enumerate(shop.shelves):
        outlines.add(shelf.polygon)
        yield from _solid(shelf.polygon, SHELF_HEIGHT_M, _METAL_BGR, lens, goods=(shelf.facing, number))
    for polygon in shop.obstacles:
        if polygon not in outlines:
            yield from _solid(polygon, COUNTER_HEIGHT_M, _COUNTER_BGR, lens, goods=None)


def _solid(
    polygon: Sequence[Point],
    height_m: float,
    colour: tuple[int, int, int],
    lens: NDArray[np.float32],
    *,
    goods: tuple[Point, int] | None,
) -> Iterator[_Face]:
    middle = np.mean(np.array(polygon), axis=0)
    for a, b in pairwise([*polygon, polygon[0]]):
        outward = np.array([b[1] - a[1], a[0] - b[0]])
        if outward @ (np.array(a) - middle) < 0:
            outward = -outward
        if outward @ (lens[:2] - np.array(a)) <= 0:
            continue  # its back is turned to the camera
        is_front = goods is not None and outward @ np.array(goods[0]) > 0.7 * np.sqrt(outward @ outward)
        yield _upright(a, b, height_m, colour, goods[1] if goods is not None and is_front else None)
    if lens[2] > height_m and len(polygon) == 4:
        first, second, _, last = (np.array([*p, height_m], np.float32) for p in polygon)
        yield _Face(first, second - first, last - first, colour)


def _upright(a: Point, b: Point, height_m: float, colour: tuple[int, int, int], goods_seed: int | None = None) -> _Face:
    corner = np.array([*a, 0.0], np.float32)
    along = np.array([b[0] - a[0], b[1] - a[1], 0.0], np.float32)
    return _Face(corner, along, np.array([0.0, 0.0, height_m], np.float32), colour, goods_seed)
