"""What a camera measures: by the site file, until the gateway says what the store's drawing says now.

What was told last is kept on disk, so that a camera that starts without the broker works by it. A site file that says
something else than it said then is newer, and holds until the gateway speaks again: registering it makes a version of
its own. A drawing that cannot be measured changes nothing, and the camera's health says why.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from storesense_contracts.device_config import ConfigDrawing, DeviceConfig, decode_config
from storesense_contracts.drawing import drawing_of, view_of
from storesense_contracts.drawing_config import drawing_for
from storesense_contracts.layout import Lane, Line, Queue, Zone
from storesense_contracts.messages import PayloadError
from storesense_contracts.readings import HealthState
from storesense_contracts.site import CameraLine, CameraQueue, CameraZone, Homography
from storesense_edge.health import Health
from storesense_edge.kept_config import KeptConfig, KeptConfigError
from storesense_edge.site_mapping import ANY_FRAME_WH, camera_plan
from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.pipeline import check_plan

if TYPE_CHECKING:
    from pathlib import Path

    from storesense_contracts.layout import StoreLayout
    from storesense_contracts.site import CameraDevice

DRAWING = "drawing"
"""The component id of the drawing in a camera's health readings."""


def drawing_path(state_dir: Path, device_id: str) -> Path:
    """Where a camera's drawing lies in the state folder of its store."""
    return state_dir / f"{device_id}.drawing.json"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a camera measures.

    Attributes:
        device: the camera as the site file has it, with what is drawn.
        store: the layout whose lines, zones and queues it names.
    """

    device: CameraDevice
    store: StoreLayout


class DeviceDrawing:
    """What one camera measures. Any thread may read it; one at a time changes it.

    Args:
        device: the camera, as the site file has it.
        store: the store's layout in the site file.
        path: where to keep what the gateway says.
        setup_url: where this box shows the camera's picture to an installer, None where it does not.
    """

    def __init__(self, device: CameraDevice, store: StoreLayout, path: Path, *, setup_url: str | None = None) -> None:
        self._site = Drawn(device, store)
        self._setup_url = setup_url
        self._told = drawing_for(1, drawing_of(store, [view_of(device)]), view_of(device))
        self._site_told = self._told
        self._kept = KeptConfig(path, hashlib.sha256(msgspec.json.encode(self._told)).hexdigest())
        self.now = self._site
        self.version: int | None = None
        self.setup_keys: tuple[str, ...] = ()

    def load(self) -> Health:
        """Take up what was kept, from disk; return the drawing's condition."""
        try:
            config = self._kept.load()
        except KeptConfigError as exc:
            return self._condition(
                [f"The kept drawing cannot be read ({exc}); the site file holds until the gateway says what does."]
            )
        return self._condition([] if config is None else self._apply(config))

    def take(self, payload: bytes) -> Health:
        """Take what the gateway says, and keep it on disk; return the drawing's condition."""
        try:
            config = decode_config(payload)
        except PayloadError as exc:
            return self._condition([f"A drawing that the gateway sent cannot be used ({exc}); the one before holds."])
        problems = self._apply(config)
        if not problems:
            try:
                self._kept.keep(config)
            except OSError as exc:
                problems.append(f"The drawing cannot be kept on disk ({exc.strerror or exc}); a restart forgets it.")
        return self._condition(problems)

    def _apply(self, config: DeviceConfig) -> list[str]:
        self.setup_keys = config.setup_keys
        drawing = config.drawing
        if drawing is None:
            self.now, self._told, self.version = self._site, self._site_told, None
            return []
        if _shapes(drawing) == _shapes(self._told):
            # The same stays the same object, so that the camera is not disturbed.
            self.version = drawing.version
            return []
        drawn = self._drawn(drawing)
        try:
            check_plan(camera_plan(drawn.device, drawn.store, ANY_FRAME_WH))
        except GeometryError as exc:
            held = "the site file" if self.version is None else f"version {self.version}"
            return [f"Version {drawing.version} of the drawing cannot be measured, and {held} holds: {exc}"]
        self.now, self._told, self.version = drawn, drawing, drawing.version
        return []

    def _drawn(self, drawing: ConfigDrawing) -> Drawn:
        site = self._site
        homography = None
        if drawing.pairs:
            homography = Homography(
                image=[pair.image for pair in drawing.pairs], floor_m=[pair.floor_m for pair in drawing.pairs]
            )
        device = site.device.model_copy(
            update={
                "homography": homography,
                "lines": [
                    CameraLine(line=each.line_id, image=each.image, in_side=each.in_side.value if each.image else None)
                    for each in drawing.lines
                ],
                "zones": [CameraZone(zone=each.zone_id, image=_listed(each.image)) for each in drawing.zones],
                "queues": [
                    CameraQueue(queue=each.queue_id, image=_listed(each.image), till_image=each.till_image)
                    for each in drawing.queues
                ],
                "heatmap": None if homography is None else site.device.heatmap,
            }
        )
        return Drawn(device, self._layout(drawing))

    def _layout(self, drawing: ConfigDrawing) -> StoreLayout:
        """The site file's store with the drawing's shapes; names stay here."""
        store = self._site.store
        staff = [
            Zone(id=f"staff-area-{index}", name="staff", staff_only=True, floor_m=list(corners))
            for index, corners in enumerate(drawing.staff_areas_m)
        ]
        section = store.sections[0].id
        return store.model_copy(
            update={
                "lines": [
                    Line(
                        id=each.line_id,
                        name=each.line_id,
                        floor_m=each.floor_m,
                        in_side=None if each.floor_m is None else each.in_side.value,
                    )
                    for each in drawing.lines
                ],
                "zones": [
                    *(
                        Zone(id=each.zone_id, name=each.zone_id, floor_m=_listed(each.floor_m))
                        for each in drawing.zones
                    ),
                    *staff,
                ],
                "lanes": [
                    Lane(
                        id=each.lane_id,
                        name=each.lane_id,
                        kind="self_checkout" if each.is_self_checkout else "staffed",
                        till_m=each.till_m,
                        served_m=list(each.served_m),
                    )
                    for each in drawing.lanes
                ],
                "queues": [
                    Queue(
                        id=each.queue_id,
                        name=each.queue_id,
                        section=section,
                        lanes=list(each.lane_ids),
                        floor_m=_listed(each.floor_m),
                    )
                    for each in drawing.queues
                ],
            }
        )

    def _condition(self, problems: list[str]) -> Health:
        state = HealthState.DEGRADED if problems else HealthState.OK
        return Health(
            DRAWING, state, " ".join(problems) or None, drawing_version=self.version, setup_url=self._setup_url
        )


def _shapes(drawing: ConfigDrawing) -> ConfigDrawing:
    return msgspec.structs.replace(drawing, version=1)


def _listed(points: tuple[tuple[float, float], ...] | None) -> list[tuple[float, float]] | None:
    return None if points is None else list(points)
