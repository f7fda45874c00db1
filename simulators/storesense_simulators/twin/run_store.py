"""A run of the twin at one of its depths, as fast as it goes, into a folder."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from storesense_contracts.clock import to_epoch_us
from storesense_simulators.twin.detection_depth import CameraEye, detection_frames
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.eye_flaws import DetectionFlaws
from storesense_simulators.twin.faults import FaultSchedule, plan_faults
from storesense_simulators.twin.mot_writer import MotWriter, lines_json
from storesense_simulators.twin.picture_depth import PICTURE_WH, CameraFilm
from storesense_simulators.twin.readings_depth import ReadingSensors
from storesense_simulators.twin.run_cells import CellTraces, traces_of
from storesense_simulators.twin.run_files import FAULTS, SITE, RunFolder, recorded_site
from storesense_simulators.twin.truth import TruthCounters, TruthKind, TruthWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from storesense_simulators.twin.people import People
    from storesense_simulators.twin.shop import CameraMount, FaultSpec, Shop
    from storesense_simulators.twin.truth import TruthEvent

_TELL_MS = 60_000


class Depth(StrEnum):
    """What a run makes of what happens; each depth adds to the one before."""

    READINGS = "readings"
    DETECTIONS = "detections"
    PICTURES = "pictures"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a store is run.

    Attributes:
        seed: the root of all chance.
        began_at: the instant at which the run begins, aware.
        lasts_ms: for how long.
        depth: how deep.
        out: the folder that is written.
        frames_per_s: of all cameras, at the deeper depths.
        flaws: how bad the person detector is.
        cameras: which cameras are recorded at the deeper depths; None is all.
        faults: what goes wrong beside what the store file says.
    """

    seed: int
    began_at: datetime
    lasts_ms: int
    depth: Depth
    out: Path
    frames_per_s: float = 10.0
    flaws: DetectionFlaws = field(default_factory=DetectionFlaws)
    cameras: tuple[str, ...] | None = None
    faults: tuple[FaultSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class RunReport:
    """What came of a run.

    Attributes:
        visitors: people who came, without staff.
        wall_s: how long it took.
        cpu_s: the processor time of that.
        truth_sha256: of ``truth.jsonl``.
        truth_events: lines in it.
        readings: lines in ``readings.jsonl``.
        frames: pictures looked at, over all cameras.
        boxes: detections written.
        pictures: pictures written.
        samples: raw counts written.
        faults: faults that the run was given.
    """

    visitors: int
    wall_s: float
    cpu_s: float
    truth_sha256: str
    truth_events: int
    readings: int
    frames: int
    boxes: int
    pictures: int
    samples: int
    faults: int


class _Watched:
    """A twin whose every step is written down as it happens, up to the run's end: cameras look a little beyond it."""

    def __init__(self, twin: Twin, seen: Callable[[list[TruthEvent]], None], *, until_ms: int) -> None:
        self._twin = twin
        self._seen = seen
        self._until_ms = until_ms

    @property
    def now_ms(self) -> int:
        return self._twin.now_ms

    @property
    def people(self) -> People:
        return self._twin.people

    def step(self) -> list[TruthEvent]:
        is_over = self._twin.now_ms >= self._until_ms
        events = self._twin.step()
        if not is_over:
            self._seen(events)
        return events


def run_store(shop: Shop, options: RunOptions, progress: Callable[[int], None] = lambda _: None) -> RunReport:
    """Run a store and write its folder.

    Args:
        shop: the store.
        options: how.
        progress: told now and then how many milliseconds have been simulated.

    Raises:
        FaultPlanError: a fault's target is not in the store.
        RunFolderError: the folder cannot be written.
    """
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    faults = plan_faults(shop, seed=options.seed, lasts_ms=options.lasts_ms, extra=options.faults)
    with RunFolder(options.out) as folder:
        truth, counters = TruthWriter(folder.truth()), TruthCounters()
        twin = Twin(shop, seed=options.seed, began_at=options.began_at)
        started_ms = to_epoch_us(options.began_at) // 1_000
        sensors = ReadingSensors(shop, twin, seed=options.seed, started_ms=started_ms, faults=faults)
        folder.write_lines(FAULTS, faults.lines())
        folder.write_readings([])
        has_pictures = options.depth is Depth.PICTURES
        mounts = _mounts(shop, options)
        cells = _cells(shop, twin, folder, started_ms, faults, options) if has_pictures else None
        if mounts:
            site = recorded_site(shop, mounts, has_pictures=has_pictures, has_cells=has_pictures)
            folder.write_lines(SITE, [site.encode()])
        told_ms = 0

        def seen(events: list[TruthEvent]) -> None:
            nonlocal told_ms
            if events:
                truth.write(events)
                counters.add(events)
            if emitted := sensors.observe(events):
                folder.write_readings(emitted)
            if cells is not None:
                cells.observe(events, twin.now_ms)
            if twin.now_ms - told_ms >= _TELL_MS:
                told_ms = twin.now_ms
                progress(told_ms)

        watched = _Watched(twin, seen, until_ms=options.lasts_ms)
        if mounts:
            frames, boxes, pictures = _record(shop, watched, list(mounts.values()), folder, faults, options)
        else:
            frames = boxes = pictures = 0
            while twin.now_ms < options.lasts_ms:
                watched.step()
        folder.write_readings(sensors.finish())
        if cells is not None:
            cells.flush(twin.now_ms)
        progress(options.lasts_ms)
        return RunReport(
            visitors=counters.count(TruthKind.ARRIVED, is_staff=False),
            wall_s=round(time.perf_counter() - began_s, 3),
            cpu_s=round(time.process_time() - began_cpu_s, 3),
            truth_sha256=truth.sha256,
            truth_events=truth.events,
            readings=folder.readings,
            frames=frames,
            boxes=boxes,
            pictures=pictures,
            samples=0 if cells is None else cells.samples,
            faults=len(faults.faults),
        )


def _mounts(shop: Shop, options: RunOptions) -> dict[str, CameraMount]:
    """The cameras that are recorded, by device; pictures are small, so boxes beside them are those of small ones."""
    if options.depth is Depth.READINGS:
        return {}
    wanted = [c for c in shop.cameras if options.cameras is None or c.device_id in options.cameras]
    rate = options.frames_per_s
    if options.depth is Depth.PICTURES:
        return {c.device_id: dataclasses.replace(c, frame_size_px=PICTURE_WH, frames_per_s=rate) for c in wanted}
    return {c.device_id: dataclasses.replace(c, frames_per_s=rate) for c in wanted}


def _cells(
    shop: Shop, twin: Twin, folder: RunFolder, started_ms: int, faults: FaultSchedule, options: RunOptions
) -> CellTraces:
    outs = folder.cells(cell.slot_id for cell in shop.cells)
    return traces_of(shop.cells, twin.stocks, outs, seed=options.seed, started_ms=started_ms, faults=faults)


def _record(
    shop: Shop,
    twin: _Watched,
    mounts: Sequence[CameraMount],
    folder: RunFolder,
    faults: FaultSchedule,
    options: RunOptions,
) -> tuple[int, int, int]:
    """Write boxes, and pictures at picture depth; return how many frames, boxes and pictures."""
    seed, rate = options.seed, options.frames_per_s
    eyes = [CameraEye(m, shop, seed=seed, flaws=options.flaws, faults=faults, frames_per_s=rate) for m in mounts]
    writers = {}
    for mount in mounts:
        files = folder.camera(mount, lines_json(shop, mount))
        writers[mount.device_id] = MotWriter(files.detections, files.truth, frame_wh=mount.frame_size_px)
    films = []
    if options.depth is Depth.PICTURES:
        films = [
            (CameraFilm(mount, shop, seed=seed, size_px=None, faults=faults), folder.video(mount, rate))
            for mount in mounts
        ]
    frames = pictures = 0
    steps = detection_frames(twin, eyes, until_ms=options.lasts_ms, frames_per_s=rate, doors=shop.doors)
    for number, step in enumerate(steps, start=1):
        for frame in step.frames:
            writers[frame.device_id].write(number, frame)
            frames += 1
        for film, video in films:
            picture = film.film(step.t_ms, step.crowd)
            if picture is not None:
                video.write(picture)
                pictures += 1
    return frames, sum(writer.boxes for writer in writers.values()), pictures
