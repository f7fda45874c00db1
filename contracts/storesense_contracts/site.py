"""The site file: one YAML file that describes a store, its devices and its rules.

Camera geometry is given either as ``image`` (fractions of the picture, 0..1, x to the right, y down) or as ``floor_m``
(metres on the store's floor, which needs the camera's ``homography``). A line's ``in_side`` says which way is in: stand
at its first point, look to its second; people who walk to that side are counted in.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, model_validator

from storesense_contracts.layout import (
    Id,
    LowStockRule,
    PointM,
    QueueTooLongRule,
    Rule,
    StoreLayout,
    StrictModel,
)
from storesense_contracts.yaml_file import load_yaml

Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
PointFraction = tuple[Fraction, Fraction]
Speed = Annotated[float, Field(gt=0, le=10_000)] | Literal["max"]


def _found_beside_site_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder", Path())
    found: Path = path if path.is_absolute() else folder / path
    if not found.is_file():
        raise ValueError(f"there is no file {str(found)!r} (a relative path starts at the site file's folder)")
    return found


ExistingFile = Annotated[Path, AfterValidator(_found_beside_site_file)]


class Recording(StrictModel):
    """A recording, replayed at ``speed`` times its own pace and mapped onto the present."""

    path: ExistingFile
    speed: Speed = 1.0
    loop: bool = False


class VideoSource(Recording):
    """A video file."""

    kind: Literal["video"]


class DetectionsSource(Recording):
    """Recorded detections in MOT format: frame, id, left, top, width, height, confidence."""

    kind: Literal["detections"]
    frames_per_s: Annotated[float, Field(gt=0, le=240)]
    frame_size_px: tuple[Annotated[int, Field(ge=16, le=16_384)], Annotated[int, Field(ge=16, le=16_384)]]


class SimulatedSource(StrictModel):
    """No sensor: the simulated store publishes for this device."""

    kind: Literal["simulated"]


class MotionDetector(StrictModel):
    """Moving blobs against a learned background; needs no weights."""

    kind: Literal["motion"]


class OnnxDetector(StrictModel):
    """A YOLOX person detector in ONNX format."""

    kind: Literal["onnx"]
    model: ExistingFile
    min_score: Annotated[float, Field(gt=0, lt=1)] | None = None
    threads: Annotated[int, Field(ge=1, le=64)] = 1


class Homography(StrictModel):
    """Four or more points of the picture and where they are on the floor."""

    image: Annotated[list[PointFraction], Field(min_length=4, max_length=1_000)]
    floor_m: Annotated[list[PointM], Field(min_length=4, max_length=1_000)]

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.image) != len(self.floor_m):
            raise ValueError(f"image has {len(self.image)} points and floor_m {len(self.floor_m)}; they are pairs")
        return self


class CameraLine(StrictModel):
    """Where a camera sees one of the store's lines; without points, the line's ``floor_m`` in the store is used."""

    line: Id
    image: tuple[PointFraction, PointFraction] | None = None
    in_side: Literal["left", "right"]


class CameraZone(StrictModel):
    """Where a camera sees one of the store's zones; without points, the zone's ``floor_m`` is used."""

    zone: Id
    image: Annotated[list[PointFraction], Field(min_length=3, max_length=64)] | None = None


class CameraQueue(StrictModel):
    """Where a camera sees one of the store's queues, and the point at which people are served."""

    queue: Id
    image: Annotated[list[PointFraction], Field(min_length=3, max_length=64)] | None = None
    till_image: PointFraction | None = None


class CameraHeatmap(StrictModel):
    """The part of the floor that this camera owns in the heatmap; without an area, the whole floor."""

    cell_size_m: Annotated[float, Field(ge=0.1, le=10)] = 0.5
    area_m: tuple[PointM, PointM] | None = None


class CameraDevice(StrictModel):
    """A camera and what it measures."""

    kind: Literal["camera"]
    id: Id
    source: Annotated[VideoSource | DetectionsSource | SimulatedSource, Field(discriminator="kind")]
    detector: Annotated[MotionDetector | OnnxDetector, Field(discriminator="kind")] = MotionDetector(kind="motion")
    homography: Homography | None = None
    lines: Annotated[list[CameraLine], Field(default_factory=list)]
    zones: Annotated[list[CameraZone], Field(default_factory=list)]
    queues: Annotated[list[CameraQueue], Field(default_factory=list)]
    heatmap: CameraHeatmap | None = None


class TraceSource(Recording):
    """A recorded load-cell trace: a CSV file with a time in milliseconds and raw counts."""

    kind: Literal["trace"]
    time_column: str = "timestamp_ms"
    counts_column: str = "raw_counts"


class MassesFile(StrictModel):
    """Known masses in grams against raw counts, as a CSV file."""

    kind: Literal["masses"]
    path: ExistingFile
    counts_column: str


class FixedCalibration(StrictModel):
    """A calibration that was fitted before."""

    kind: Literal["fixed"]
    zero_counts: float
    counts_per_g: float


class ShelfSlot(StrictModel):
    """A load cell and the slot that stands on it."""

    slot: Id
    source: Annotated[TraceSource | SimulatedSource, Field(discriminator="kind")]
    calibration: Annotated[MassesFile | FixedCalibration, Field(discriminator="kind")] | None = None


class ShelfDevice(StrictModel):
    """A shelf controller with its load cells."""

    kind: Literal["shelf"]
    id: Id
    slots: Annotated[list[ShelfSlot], Field(min_length=1, max_length=500)]


class LaneDevice(StrictModel):
    """Whatever knows whether lanes are open: a till, a lamp, a light barrier."""

    kind: Literal["lane"]
    id: Id
    lanes: Annotated[list[Id], Field(min_length=1)]
    source: SimulatedSource = SimulatedSource(kind="simulated")


class EnvironmentDevice(StrictModel):
    """A climate station."""

    kind: Literal["environment"]
    id: Id
    sensors: Annotated[list[Id], Field(min_length=1)]
    source: SimulatedSource = SimulatedSource(kind="simulated")


Device = Annotated[CameraDevice | ShelfDevice | LaneDevice | EnvironmentDevice, Field(discriminator="kind")]


class SiteFile(BaseModel):
    """A whole site."""

    model_config = StrictModel.model_config

    version: Literal[1]
    store: StoreLayout
    devices: Annotated[list[Device], Field(min_length=1, max_length=2_000)]
    rules: Annotated[list[Rule], Field(max_length=1_000)] = []

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        for what, ids in (("devices", [d.id for d in self.devices]), ("rules", [r.id for r in self.rules])):
            if len(set(ids)) != len(ids):
                twice = next(x for x in ids if ids.count(x) > 1)
                raise ValueError(f"{what}: the id {twice!r} stands there twice")
        for device in self.devices:
            self._check_device(device)
        for rule in self.rules:
            self._check_rule(rule)
        return self

    def _check_device(self, device: Any) -> None:
        store = self.store
        if isinstance(device, CameraDevice):
            self._check_camera(device)
        elif isinstance(device, ShelfDevice):
            for slot in device.slots:
                _named(store.slots, "slot", slot.slot, device.id)
                if slot.source.kind == "trace" and slot.calibration is None:
                    raise ValueError(f"device {device.id!r}, slot {slot.slot!r}: raw counts need a calibration")
        elif isinstance(device, LaneDevice):
            for lane in device.lanes:
                _named(store.lanes, "lane", lane, device.id)
        elif isinstance(device, EnvironmentDevice):
            for sensor in device.sensors:
                _named(store.environment_sensors, "environment sensor", sensor, device.id)

    def _check_camera(self, device: CameraDevice) -> None:
        store = self.store
        for line in device.lines:
            floor_m: object = _named(store.lines, "line", line.line, device.id).floor_m
            self._needs_place(device, f"line {line.line!r}", line.image, floor_m)
        for zone in device.zones:
            floor_m = _named(store.zones, "zone", zone.zone, device.id).floor_m
            self._needs_place(device, f"zone {zone.zone!r}", zone.image, floor_m)
        for queue in device.queues:
            floor_m = _named(store.queues, "queue", queue.queue, device.id).floor_m
            self._needs_place(device, f"queue {queue.queue!r}", queue.image, floor_m)
        if device.heatmap is not None and device.homography is None and device.source.kind != "simulated":
            raise ValueError(f"device {device.id!r} has a heatmap and no homography to lay it on the floor")

    @staticmethod
    def _needs_place(device: CameraDevice, what: str, image: object, floor_m: object) -> None:
        if image is not None or device.source.kind == "simulated":
            return
        if floor_m is None:
            raise ValueError(
                f"device {device.id!r}: {what} has no place; give image points here or floor_m in the store"
            )
        if device.homography is None:
            raise ValueError(f"device {device.id!r}: {what} is given on the floor, which needs the camera's homography")

    def _check_rule(self, rule: QueueTooLongRule | LowStockRule) -> None:
        if isinstance(rule, QueueTooLongRule):
            for queue in rule.queues or []:
                _named(self.store.queues, "queue", queue, rule.id)
        else:
            for slot in rule.slots or []:
                _named(self.store.slots, "slot", slot, rule.id)


def _named(items: list[Any], kind: str, name: str, owner: str) -> Any:
    for item in items:
        if item.id == name:
            return item
    raise ValueError(f"{owner!r} names {kind} {name!r}; expected one of {sorted(item.id for item in items)}")


def load_site(path: Path) -> SiteFile:
    """Read a site file. Raises FileError with the line of every mistake."""
    return load_yaml(SiteFile, path)
