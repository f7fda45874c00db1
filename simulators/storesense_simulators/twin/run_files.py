"""The folder that a run of the twin writes: truth, readings and, at the deeper depths, boxes, pictures and counts."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, TextIO

import cv2
import msgspec

from storesense_contracts.errors import StoresenseError
from storesense_contracts.site import (
    CameraDevice,
    Device,
    FixedCalibration,
    MotionDetector,
    ShelfDevice,
    ShelfSlot,
    SiteFile,
)
from storesense_contracts.site_sources import DetectionsSource, TraceSource, VideoSource
from storesense_simulators.twin.projection import homography_of
from storesense_simulators.twin.site_of_store import site_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from storesense_simulators.twin.emitted import Emitted
    from storesense_simulators.twin.load_cell import CellModel
    from storesense_simulators.twin.shop import CameraMount, Shop

TRUTH = "truth.jsonl"
READINGS = "readings.jsonl"
FAULTS = "faults.jsonl"
SITE = "site.yaml"


class RunFolderError(StoresenseError):
    """The folder of a run cannot be written.

    Attributes:
        path: what could not be made.
    """

    exit_code = 2
    code = "run_folder"

    def __init__(self, *, path: Path, cause: str) -> None:
        self.path = path
        super().__init__(f"{path} cannot be written: {cause}. Name another folder with --out.")


@dataclass(frozen=True, slots=True)
class CameraFiles:
    """The open files of one camera's boxes."""

    detections: TextIO
    truth: TextIO


class RunFolder:
    """Opens the files of a run; a file of an earlier run is written over.

    Args:
        path: the folder; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stack = ExitStack()
        self._encoder = msgspec.json.Encoder()
        self._readings: BinaryIO | None = None
        self.readings = 0

    def __enter__(self) -> Self:
        """Make the folder.

        Raises:
            RunFolderError: it cannot be made.
        """
        self._made(self.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every file."""
        self._stack.close()

    def truth(self) -> BinaryIO:
        """Open the file of what happened."""
        return self._binary(self.path / TRUTH)

    def write_readings(self, emitted: Sequence[Emitted]) -> None:
        """Append readings, one line of JSON each: ``{"device_id", "stream", "reading"}``."""
        if self._readings is None:
            self._readings = self._binary(self.path / READINGS)
        if emitted:
            self._readings.write(self._encoder.encode_lines(emitted))
            self.readings += len(emitted)

    def write_lines(self, name: str, lines: Iterable[bytes]) -> None:
        """Write a small file at once."""
        try:
            (self.path / name).write_bytes(b"".join(lines))
        except OSError as exc:
            raise RunFolderError(path=self.path / name, cause=exc.strerror or str(exc)) from exc

    def camera(self, mount: CameraMount, lines: str) -> CameraFiles:
        """Open the files of a camera's boxes and write its counting lines."""
        folder = self.path / "detections" / mount.device_id
        self._made(folder)
        self.write_lines(f"detections/{mount.device_id}/LINES.json", [lines.encode()])
        return CameraFiles(self._text(folder / "det.txt"), self._text(folder / "gt.txt"))

    def video(self, mount: CameraMount, frames_per_s: float) -> VideoFile:
        """Open a camera's video."""
        self._made(self.path / "pictures")
        path = self.path / "pictures" / f"{mount.device_id}.avi"
        video = VideoFile(path, mount.frame_size_px, frames_per_s)
        self._stack.callback(video.close)
        return video

    def cells(self, slot_ids: Iterable[str]) -> dict[str, TextIO]:
        """Open the files of the load cells' raw counts, by slot."""
        self._made(self.path / "cells")
        return {slot_id: self._text(self.path / "cells" / f"{slot_id}.csv") for slot_id in slot_ids}

    def _made(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise RunFolderError(path=folder, cause=exc.strerror or str(exc)) from exc

    def _binary(self, path: Path) -> BinaryIO:
        try:
            return self._stack.enter_context(path.open("wb"))
        except OSError as exc:
            raise RunFolderError(path=path, cause=exc.strerror or str(exc)) from exc

    def _text(self, path: Path) -> TextIO:
        try:
            return self._stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
        except OSError as exc:
            raise RunFolderError(path=path, cause=exc.strerror or str(exc)) from exc


class VideoFile:
    """A video in Motion JPEG, which OpenCV writes wherever it runs.

    Args:
        path: the file.
        size_px: width and height of its pictures.
        frames_per_s: its rate.
    """

    def __init__(self, path: Path, size_px: tuple[int, int], frames_per_s: float) -> None:
        self.path = path
        fourcc = cv2.VideoWriter.fourcc(*"MJPG")
        self._writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, fourcc, frames_per_s, size_px)
        if not self._writer.isOpened():
            raise RunFolderError(path=path, cause="the video cannot be opened")

    def write(self, picture_bgr: NDArray[np.uint8]) -> None:
        """Append a picture."""
        self._writer.write(picture_bgr)

    def close(self) -> None:
        """Finish the file."""
        self._writer.release()


def recorded_site(shop: Shop, mounts: Mapping[str, CameraMount], *, has_pictures: bool, has_cells: bool) -> str:
    """Return the site file by which the edge agent replays a run: ``storesense edge run --site DIR/site.yaml``.

    Args:
        shop: the store.
        mounts: the cameras that were recorded, with the size of the pictures that their boxes belong to.
        has_pictures: whether their source is a video, else recorded detections.
        has_cells: whether slots' sources are recorded counts, else they stay simulated.
    """
    devices: list[Device] = []
    models = {cell.slot_id: cell.model for cell in shop.cells}
    for device in shop.site.devices:
        if isinstance(device, CameraDevice) and (mount := mounts.get(device.id)) is not None:
            source = (
                VideoSource.model_construct(kind="video", path=Path(f"pictures/{device.id}.avi"))
                if has_pictures
                else DetectionsSource.model_construct(
                    kind="detections",
                    path=Path(f"detections/{device.id}/det.txt"),
                    frames_per_s=mount.frames_per_s,
                    frame_size_px=mount.frame_size_px,
                )
            )
            update = {
                "source": source,
                "homography": homography_of(mount),
                "detector": MotionDetector(kind="motion"),
            }
            devices.append(device.model_copy(update=update))
        elif isinstance(device, ShelfDevice) and has_cells:
            slots = [_recorded_slot(slot, models[slot.slot]) for slot in device.slots if slot.slot in models]
            devices.append(device.model_copy(update={"slots": slots}))
        else:
            devices.append(device)
    return site_yaml(SiteFile.model_construct(**{**shop.site.__dict__, "devices": devices}))


def _recorded_slot(slot: ShelfSlot, model: CellModel) -> ShelfSlot:
    source = TraceSource.model_construct(kind="trace", path=Path(f"cells/{slot.slot}.csv"))
    calibration = FixedCalibration(kind="fixed", zero_counts=model.zero_counts, counts_per_g=model.counts_per_g)
    return slot.model_copy(update={"source": source, "calibration": calibration})
