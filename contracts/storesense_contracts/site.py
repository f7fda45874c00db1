"""The site file: one YAML file that describes a store, its devices and its rules.

Camera geometry is given either as ``image`` (fractions of the picture, 0..1, x to the right, y down) or as ``floor_m``
(metres on the store's floor, which needs the camera's ``homography``). A line's ``in_side`` says which way is in: stand
at its first point, look to its second; people who walk to that side are counted in. It stands beside the points that
it speaks of, since a camera may see the line from either end.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from storesense_contracts.layout import Id, PointM, StoreLayout, StrictModel, check_name, refuse_twins
from storesense_contracts.rule_checks import rule_problems
from storesense_contracts.rules import Rule
from storesense_contracts.site_sources import (
    DetectionsSource,
    ExistingFile,
    Hx711Source,
    OnvifSource,
    RtspSource,
    SerialScaleSource,
    SimulatedSource,
    TraceSource,
    UsbSource,
    VideoSource,
)
from storesense_contracts.yaml_file import load_yaml, mistake

Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
PointFraction = tuple[Fraction, Fraction]


class MotionDetector(StrictModel):
    """Moving blobs against a learned background; needs no weights."""

    kind: Literal["motion"]


class OnnxDetector(StrictModel):
    """A YOLOX person detector in ONNX format; ``tiles`` looks at wide pictures part by part, for people far away."""

    kind: Literal["onnx"]
    model: ExistingFile
    min_score: Annotated[float, Field(gt=0, lt=1)] | None = None
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    tiles: Annotated[int, Field(ge=1, le=4)] = 1


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
    """Where a camera sees one of the store's lines; without points, the line's place in the store is used."""

    line: Id
    image: tuple[PointFraction, PointFraction] | None = None
    in_side: Literal["left", "right"] | None = None

    @model_validator(mode="after")
    def _a_side_for_its_image(self) -> Self:
        if (self.image is None) != (self.in_side is None):
            missing = "in_side" if self.in_side is None else "image"
            raise mistake(f"image and in_side go together; {missing} is missing")
        return self


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


class CameraHealth(StrictModel):
    """When a camera's pictures count as faulty.

    ``ignore`` names faults that are not looked for, such as ``dark`` in a shop that puts its lights out.
    """

    min_frames_per_s: Annotated[float, Field(ge=0, le=60)] = 3.0
    ignore: tuple[Literal["frozen", "dark", "covered", "blurred", "moved", "slow"], ...] = ()


class CameraDevice(StrictModel):
    """A camera and what it measures."""

    kind: Literal["camera"]
    id: Id
    source: Annotated[
        VideoSource | DetectionsSource | RtspSource | OnvifSource | UsbSource | SimulatedSource,
        Field(discriminator="kind"),
    ]
    detector: Annotated[MotionDetector | OnnxDetector, Field(discriminator="kind")] = MotionDetector(kind="motion")
    homography: Homography | None = None
    lines: Annotated[list[CameraLine], Field(default_factory=list)]
    zones: Annotated[list[CameraZone], Field(default_factory=list)]
    queues: Annotated[list[CameraQueue], Field(default_factory=list)]
    heatmap: CameraHeatmap | None = None
    health: CameraHealth = CameraHealth()


class MassesFile(StrictModel):
    """Known masses in grams against raw counts, as a CSV file.

    ``is_reversed`` says that the cell was turned round since the masses were weighed: its counts fall under load.
    """

    kind: Literal["masses"]
    path: ExistingFile
    counts_column: str
    is_reversed: bool = False


class FixedCalibration(StrictModel):
    """A calibration that was fitted before; ``counts_per_g`` is negative where counts fall under load.

    ``repeatability_g`` is how far the same load may read from itself another time, where that was measured.
    """

    kind: Literal["fixed"]
    zero_counts: float
    counts_per_g: float
    repeatability_g: Annotated[float, Field(ge=0, le=100_000)] | None = None


class ShelfSlot(StrictModel):
    """A load cell and the slot that stands on it."""

    slot: Id
    source: Annotated[TraceSource | Hx711Source | SerialScaleSource | SimulatedSource, Field(discriminator="kind")]
    calibration: Annotated[MassesFile | FixedCalibration, Field(discriminator="kind")] | None = None


class ShelfDevice(StrictModel):
    """A shelf controller with its load cells.

    ``rows`` names slots that stand side by side, each row from one end to the other: a thing may lie on two of them.
    """

    kind: Literal["shelf"]
    id: Id
    slots: Annotated[list[ShelfSlot], Field(min_length=1, max_length=500)]
    rows: Annotated[
        list[Annotated[list[Id], Field(min_length=2, max_length=500)]], Field(default_factory=list, max_length=250)
    ]


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
        refuse_twins("devices", [device.id for device in self.devices])
        refuse_twins("rules", [rule.id for rule in self.rules])
        for index, device in enumerate(self.devices):
            self._check_device(device, "devices", index)
        for index, rule in enumerate(self.rules):
            others = [other for other in self.rules if other.id != rule.id]
            device_ids = [device.id for device in self.devices]
            for problem in rule_problems(self.store, rule, device_ids=device_ids, others=others):
                raise mistake(problem.message, "rules", index, *problem.at)
        return self

    def _check_device(self, device: Any, *at: str | int) -> None:
        store = self.store
        if isinstance(device, CameraDevice):
            self._check_camera(device, *at)
        elif isinstance(device, ShelfDevice):
            _check_rows(device, *at)
            if len({slot.source.kind == "simulated" for slot in device.slots}) > 1:
                # The edge agent and the simulated store cannot both be one device.
                raise mistake("some slots are simulated and others are not; make them two devices", *at, "slots")
            for place, slot in enumerate(device.slots):
                check_name("slot", slot.slot, _by_id(store.slots), *at, "slots", place, "slot")
                if slot.source.kind == "trace" and slot.calibration is None:
                    raise mistake("raw counts need a calibration; add the key calibration", *at, "slots", place)
        elif isinstance(device, LaneDevice):
            for place, name in enumerate(device.lanes):
                check_name("lane", name, _by_id(store.lanes), *at, "lanes", place)
        elif isinstance(device, EnvironmentDevice):
            for place, name in enumerate(device.sensors):
                known = _by_id(store.environment_sensors)
                check_name("environment sensor", name, known, *at, "sensors", place)

    def _check_camera(self, device: CameraDevice, *at: str | int) -> None:
        store = self.store
        for kind, named, views in (
            ("line", _by_id(store.lines), [(view.line, view.image) for view in device.lines]),
            ("zone", _by_id(store.zones), [(view.zone, view.image) for view in device.zones]),
            ("queue", _by_id(store.queues), [(view.queue, view.image) for view in device.queues]),
        ):
            for place, (name, image) in enumerate(views):
                check_name(kind, name, named, *at, f"{kind}s", place, kind)
                if image is not None or device.source.kind == "simulated":
                    continue
                if named[name].floor_m is None:
                    raise mistake(
                        f"{kind} {name!r} has no place; give image points here, or floor_m in the store",
                        *(*at, f"{kind}s", place),
                    )
                if device.homography is None:
                    raise mistake(
                        f"{kind} {name!r} is given on the floor, which needs the camera's homography",
                        *(*at, f"{kind}s", place),
                    )
        if device.heatmap is not None and device.homography is None and device.source.kind != "simulated":
            raise mistake("a heatmap needs the camera's homography to lay it on the floor", *at, "heatmap")


def _check_rows(device: ShelfDevice, *at: str | int) -> None:
    weighed = {slot.slot for slot in device.slots}
    placed: set[str] = set()
    for row, slots in enumerate(device.rows):
        for place, name in enumerate(slots):
            check_name("slot on this device", name, weighed, *at, "rows", row, place)
            if name in placed:
                raise mistake(f"slot {name!r} stands in rows twice; it has one place", *at, "rows", row, place)
            placed.add(name)


def _by_id(items: list[Any]) -> dict[str, Any]:
    return {item.id: item for item in items}


def load_site(path: Path) -> SiteFile:
    """Read a site file. Raises FileError with the line of every mistake."""
    return load_yaml(SiteFile, path)
