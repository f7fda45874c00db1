"""A run drawn over the floor plan: what truly happened, at a glance."""

from __future__ import annotations

import colorsys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.people import Kind
from storesense_simulators.twin.projection import pinhole_of
from storesense_simulators.twin.run_errors import RunUsageError
from storesense_simulators.twin.truth import TruthKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from storesense_simulators.twin.shop import Point, Shop
    from storesense_simulators.twin.truth import TruthEvent

Colour = tuple[int, int, int]
_SIDE_PX = 1_800
_MARGIN_PX = 24
_FOOT_PX = 96
_HEAT_CELL_M = 0.25
_TELL_MS = 60_000
_WALL: Colour = (60, 56, 52)
_SHELF: Colour = (206, 196, 182)
_FIXTURE: Colour = (196, 204, 212)
_ZONE: Colour = (238, 230, 214)
_QUEUE: Colour = (170, 214, 250)
_TILL: Colour = (120, 160, 60)
_DOOR: Colour = (70, 160, 40)
_STAFF: Colour = (50, 50, 50)
_CAMERA: Colour = (190, 120, 30)
_INK: Colour = (50, 46, 42)
_PICK: Colour = (40, 130, 40)
_PUT: Colour = (40, 120, 220)
_BAD: Colour = (40, 40, 210)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_MARKS: dict[TruthKind, tuple[Colour, int]] = {
    TruthKind.CROSSED_IN: (_DOOR, cv2.MARKER_TRIANGLE_UP),
    TruthKind.CROSSED_OUT: (_BAD, cv2.MARKER_TRIANGLE_DOWN),
    TruthKind.PICKED: (_PICK, cv2.MARKER_DIAMOND),
    TruthKind.PUT_BACK: (_PUT, cv2.MARKER_SQUARE),
    TruthKind.MISPLACED: (_BAD, cv2.MARKER_SQUARE),
    TruthKind.SWEPT: (_BAD, cv2.MARKER_STAR),
    TruthKind.RESTOCKED: (_STAFF, cv2.MARKER_CROSS),
    TruthKind.QUEUE_JOINED: ((200, 100, 30), cv2.MARKER_TILTED_CROSS),
}


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRun:
    """A picture and what is in it.

    Attributes:
        picture_bgr: (height, width, 3) uint8.
        people: shoppers whose way is drawn.
        staff: members of staff whose way is drawn.
        counts: how often each kind of event happened while it was drawn.
    """

    picture_bgr: NDArray[np.uint8]
    people: int
    staff: int
    counts: dict[str, int]


def draw_run(
    shop: Shop,
    *,
    seed: int,
    began_at: datetime,
    after_ms: int,
    lasts_ms: int,
    progress: Callable[[int], None] = lambda _: None,
) -> DrawnRun:
    """Run a store for ``after_ms`` and then draw ``lasts_ms`` of it.

    Args:
        shop: the store.
        seed: the root of chance.
        began_at: the aware instant at which the run begins.
        after_ms: what passes before.
        lasts_ms: what is drawn.
        progress: told now and then how many milliseconds have been simulated.
    """
    twin = Twin(shop, seed=seed, began_at=began_at)
    ways: dict[int, list[Point]] = {}
    parties: dict[int, int] = {}
    staff: set[int] = set()
    columns, rows = (max(1, int(side / _HEAT_CELL_M) + 1) for side in shop.size_m)
    heat_ms = np.zeros((rows, columns), dtype=np.int64)
    happened: list[TruthEvent] = []
    told_ms = 0
    while twin.now_ms < after_ms + lasts_ms:
        before_ms = twin.now_ms
        events = twin.step()
        if twin.now_ms - told_ms >= _TELL_MS:
            told_ms = twin.now_ms
            progress(told_ms)
        if twin.now_ms <= after_ms:
            continue
        happened += events
        people = twin.people
        present = people.rows
        spots = people.xy_m[present]
        cells = np.clip((spots / _HEAT_CELL_M).astype(np.int64), 0, (columns - 1, rows - 1))
        np.add.at(heat_ms, (cells[:, 1], cells[:, 0]), twin.now_ms - before_ms)
        for row, spot in zip(present.tolist(), spots.tolist(), strict=True):
            number = int(people.number[row])
            ways.setdefault(number, []).append((spot[0], spot[1]))
            parties[number] = int(people.party_no[row])
            if people.kind[row] == Kind.STAFF:
                staff.add(number)
    plan = _Plan(shop)
    plan.draw_heat(heat_ms)
    plan.draw_store()
    for number in sorted(ways):
        if number in staff:
            plan.draw_way(ways[number], _STAFF, is_dashed=True)
        else:
            plan.draw_way(ways[number], _party_colour(parties[number]), is_dashed=False)
    counts = Counter(event.kind.value for event in happened)
    for event in happened:
        plan.draw_event(event)

    minutes = f"minutes {after_ms / 60_000:g} to {(after_ms + lasts_ms) / 60_000:g} of {began_at:%a %Y-%m-%d %H:%M}"
    shoppers = len(ways) - len(staff)
    plan.draw_foot(f"{shop.layout.name}: {minutes}, seed {seed}. {shoppers} shoppers, {len(staff)} staff", counts)
    progress(after_ms + lasts_ms)
    return DrawnRun(plan.picture_bgr, len(ways) - len(staff), len(staff), dict(sorted(counts.items())))


def write_png(path: Path, picture_bgr: NDArray[np.uint8]) -> None:
    """Write a picture. Raises RunUsageError where it cannot be written."""
    _, packed = cv2.imencode(".png", picture_bgr)
    try:
        path.write_bytes(packed.tobytes())
    except OSError as exc:
        raise RunUsageError(f"{path} cannot be written: {exc.strerror}. Name another file with --out.") from exc


class _Plan:
    """A floor plan that things are drawn on, in metres."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        wide_m, deep_m = shop.size_m
        self._px_per_m = min(90.0, (_SIDE_PX - 2 * _MARGIN_PX) / max(wide_m, deep_m))
        width = round(wide_m * self._px_per_m) + 2 * _MARGIN_PX
        height = round(deep_m * self._px_per_m) + 2 * _MARGIN_PX + _FOOT_PX
        self.picture_bgr: NDArray[np.uint8] = np.full((height, width, 3), 255, np.uint8)
        self._slots = {place.slot_id: place.spot for place in shop.places}
        self._lines = {line.line_id: _middle((line.a, line.b)) for line in shop.lines}
        self._queues = {queue.queue_id: queue.spots[0] for queue in shop.queues if queue.spots}

    def _px(self, spot: Point) -> tuple[int, int]:
        return (_MARGIN_PX + round(spot[0] * self._px_per_m), _MARGIN_PX + round(spot[1] * self._px_per_m))

    def _corners(self, polygon: Sequence[Point]) -> NDArray[np.int32]:
        return np.array([self._px(spot) for spot in polygon], np.int32)

    def _write(self, text: str, spot: Point, colour: Colour, size: float = 0.38) -> None:
        (wide, tall), _ = cv2.getTextSize(text, _FONT, size, 1)
        x, y = self._px(spot)
        cv2.putText(self.picture_bgr, text, (x - wide // 2, y + tall // 2), _FONT, size, colour, 1, cv2.LINE_AA)

    def draw_heat(self, heat_ms: NDArray[np.int64]) -> None:
        """Tint where people were, the more the longer."""
        shop = self._shop
        for zone in shop.zones:
            cv2.fillPoly(self.picture_bgr, [self._corners(zone.polygon)], _ZONE)
        soft = np.asarray(cv2.GaussianBlur(heat_ms.astype(np.float32), (0, 0), 1.2), np.float32)
        most = float(np.quantile(soft[soft > 0], 0.98)) if (soft > 0).any() else 1.0
        share = np.sqrt(np.clip(soft / max(most, 1.0), 0, 1))
        side = round(_HEAT_CELL_M * self._px_per_m * 1000)
        size = (soft.shape[1] * side // 1000, soft.shape[0] * side // 1000)
        share = np.asarray(cv2.resize(share, size, interpolation=cv2.INTER_CUBIC), np.float32)
        part = self.picture_bgr[_MARGIN_PX : _MARGIN_PX + size[1], _MARGIN_PX : _MARGIN_PX + size[0]]
        share = np.clip(share[: part.shape[0], : part.shape[1]], 0, 1)[..., None] * 0.75
        warm = np.concatenate([255 - 195 * share, 255 - 120 * share, np.full_like(share, 255)], axis=2)
        part[:] = (part * (1 - share) + warm * share).astype(np.uint8)

    def draw_store(self) -> None:
        """Draw what stands still: shelves, queues, tills, doors and cameras, with their names."""
        shop, picture = self._shop, self.picture_bgr
        for zone in shop.zones:
            cv2.polylines(picture, [self._corners(zone.polygon)], True, (206, 192, 168), 1, cv2.LINE_AA)
        for queue in shop.queues:
            cv2.polylines(picture, [self._corners(queue.polygon)], True, (90, 160, 230), 1, cv2.LINE_AA)
            for spot in queue.spots:
                cv2.circle(picture, self._px(spot), 3, _QUEUE, -1, cv2.LINE_AA)
        outlines = {shelf.polygon for shelf in shop.shelves}
        for polygon in shop.obstacles:
            if polygon not in outlines:
                cv2.fillPoly(picture, [self._corners(polygon)], _FIXTURE)
                cv2.polylines(picture, [self._corners(polygon)], True, _WALL, 1, cv2.LINE_AA)
        for shelf in shop.shelves:
            cv2.fillPoly(picture, [self._corners(shelf.polygon)], _SHELF)
            cv2.polylines(picture, [self._corners(shelf.polygon)], True, _WALL, 1, cv2.LINE_AA)
        for wall in shop.walls:
            thick = max(2, round(wall.thickness_m * self._px_per_m))
            cv2.polylines(picture, [self._corners(wall.points)], False, _WALL, thick, cv2.LINE_AA)
        for line in shop.lines:
            colour = _DOOR if line.is_entrance else (150, 110, 30)
            cv2.line(picture, self._px(line.a), self._px(line.b), colour, 3, cv2.LINE_AA)
        for till in shop.tills:
            for spot in till.customers:
                cv2.circle(picture, self._px(spot), 6, _TILL, 2, cv2.LINE_AA)
        for camera in shop.cameras:
            self._draw_camera(pinhole_of(camera).forward, camera.at, camera.hfov_deg)

    def draw_names(self) -> None:
        """Write names over everything else."""
        for zone in self._shop.zones:
            self._write(zone.zone_id, _middle(zone.polygon), (150, 130, 96))
        for shelf in self._shop.shelves:
            self._write(shelf.shelf_id, _middle(shelf.polygon), _INK, 0.34)
        for queue in self._shop.queues:
            self._write(queue.queue_id, _middle(queue.polygon), (200, 100, 30))
        for till in self._shop.tills:
            x, y = till.customers[0]
            self._write(till.lane_id, (x, y - 0.35), _TILL)
        for camera in self._shop.cameras:
            self._write(camera.device_id, (camera.at[0], camera.at[1] + 0.3), _CAMERA)

    def draw_way(self, spots: Sequence[Point], colour: Colour, *, is_dashed: bool) -> None:
        """Draw where somebody went, with a dot where they are at the end."""
        corners = self._corners(spots)
        if is_dashed:
            for at in range(0, len(corners) - 1, 4):
                cv2.polylines(self.picture_bgr, [corners[at : at + 3]], False, colour, 1, cv2.LINE_AA)
        else:
            cv2.polylines(self.picture_bgr, [corners], False, colour, 2, cv2.LINE_AA)
        radius = max(3, round(0.18 * self._px_per_m))
        cv2.circle(self.picture_bgr, self._px(spots[-1]), radius, colour, -1, cv2.LINE_AA)
        cv2.circle(self.picture_bgr, self._px(spots[-1]), radius, (255, 255, 255), 1, cv2.LINE_AA)

    def draw_event(self, event: TruthEvent) -> None:
        """Mark where something happened."""
        mark = _MARKS.get(event.kind)
        name = event.subject_id
        spot = self._slots.get(name) or self._lines.get(name) or self._queues.get(name)
        if mark is None or spot is None:
            return
        # Marks of one spot lie beside each other, so that ten are not one.
        spread = 0.22 * ((event.t_ms // 250) % 5 - 2)
        cv2.drawMarker(self.picture_bgr, self._px((spot[0] + spread, spot[1])), mark[0], mark[1], 11, 2, cv2.LINE_AA)

    def draw_foot(self, title: str, counts: Counter[str]) -> None:
        """Write what is shown and what each mark means, below the plan."""
        self.draw_names()
        picture = self.picture_bgr
        y = picture.shape[0] - _FOOT_PX + 6
        size = min(0.52, picture.shape[1] / 1900)
        cv2.putText(picture, title, (_MARGIN_PX, y), _FONT, size, _INK, 1, cv2.LINE_AA)
        x = _MARGIN_PX
        y += 26
        for kind, (colour, marker) in _MARKS.items():
            text = f"{kind.value.replace('_', ' ')} {counts[kind.value]}"
            (wide, _), _ = cv2.getTextSize(text, _FONT, 0.42, 1)
            if x + wide + 40 > picture.shape[1]:
                x, y = _MARGIN_PX, y + 22
            cv2.drawMarker(picture, (x + 6, y - 5), colour, marker, 11, 2, cv2.LINE_AA)
            cv2.putText(picture, text, (x + 18, y), _FONT, 0.42, _INK, 1, cv2.LINE_AA)
            x += wide + 44

    def _draw_camera(self, forward: NDArray[np.float64], at: Point, hfov_deg: float) -> None:
        heading = np.degrees(np.arctan2(forward[1], forward[0]))
        reach = round(1.1 * self._px_per_m)
        start, end = heading - hfov_deg / 2, heading + hfov_deg / 2
        wedge = cv2.ellipse2Poly(self._px(at), (reach, reach), 0, round(start), round(end), 4)
        shape = np.concatenate([np.array([self._px(at)], np.int32), wedge])
        over = self.picture_bgr.copy()
        cv2.fillPoly(over, [shape], (250, 214, 160))
        self.picture_bgr[:] = cv2.addWeighted(over, 0.5, self.picture_bgr, 0.5, 0)
        cv2.circle(self.picture_bgr, self._px(at), 5, _CAMERA, -1, cv2.LINE_AA)


def _middle(polygon: Sequence[Point]) -> Point:
    return (sum(p[0] for p in polygon) / len(polygon), sum(p[1] for p in polygon) / len(polygon))


def _party_colour(party_no: int) -> Colour:
    """Neighbouring numbers get hues far from each other (steps of the golden ratio)."""
    red, green, blue = colorsys.hsv_to_rgb((party_no * 0.618_034) % 1.0, 0.85, 0.78)
    return (round(blue * 255), round(green * 255), round(red * 255))
