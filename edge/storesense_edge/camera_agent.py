"""One camera of a site: its source and detector, paced and measured, as a stream of findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_contracts.readings import HealthState
from storesense_contracts.site import DetectionsSource, MotionDetector, SimulatedSource, VideoSource
from storesense_edge.camera_readings import CameraReporter
from storesense_edge.frozen import FrozenDetector
from storesense_edge.health import Health
from storesense_edge.pacing import Moment, Pacer
from storesense_edge.site_mapping import camera_plan
from storesense_edge.vision.errors import SourceError
from storesense_edge.vision.mot_file import MotFileSource
from storesense_edge.vision.motion import MotionDetector as MotionCore
from storesense_edge.vision.onnx_runtime import load_network
from storesense_edge.vision.pipeline import CameraPipeline
from storesense_edge.vision.source import PictureFrame, SourceEnd, people_in
from storesense_edge.vision.video import VideoFileSource
from storesense_edge.vision.yolox import MIN_SCORE, YoloxDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from storesense_contracts.clock import Clock
    from storesense_contracts.layout import StoreLayout
    from storesense_contracts.site import CameraDevice
    from storesense_edge.camera_readings import InstantOf
    from storesense_edge.settings import EdgeSettings
    from storesense_edge.source_thread import Finding, Stop
    from storesense_edge.vision.detector import Detector
    from storesense_edge.vision.source import Frame, FrameSource

_CHECK_S = 10.0
_FALLBACK_FRAME_S = 0.04


def open_source(device: CameraDevice) -> FrameSource:
    """Make the source that the site file names, not yet open.

    Raises:
        SourceError: the device has no source that an agent can read.
    """
    source = device.source
    if isinstance(source, VideoSource):
        return VideoFileSource(source.path)
    if isinstance(source, DetectionsSource):
        return MotFileSource(source.path, frames_per_s=source.frames_per_s, frame_wh=source.frame_size_px)
    raise SourceError(source=device.id, cause="it is simulated", remedy="let storesense sim run publish for it")


def make_detector(device: CameraDevice) -> Detector | None:
    """Load the detector that the site file names; None where the source brings detections.

    Raises:
        ModelError: the model cannot be loaded.
    """
    if isinstance(device.source, DetectionsSource):
        return None
    wanted = device.detector
    if isinstance(wanted, MotionDetector):
        return MotionCore()
    network = load_network(wanted.model, threads=wanted.threads)
    return YoloxDetector(network, name=wanted.model.name, min_score=wanted.min_score or MIN_SCORE)


@dataclass(slots=True)
class _Pass:
    """One run through a source."""

    source: FrameSource
    detector: Detector | None
    pipeline: CameraPipeline
    frozen: FrozenDetector
    begin_media_s: float
    media_s: float
    next_index: int = 0
    end: SourceEnd | None = None


@dataclass(slots=True)
class _Window:
    """What happened since the condition was last said."""

    begin_s: float
    frames: int = 0
    dropped: int = 0
    slipped_s: float = 0.0


class CameraAgent:
    """Reads, paces, detects and measures one camera; everything in it blocks, so it runs on a thread.

    Args:
        device: the camera in the site file.
        store: the store's layout.
        settings: report interval and limits.
        clock: tells the time.
        source: makes the source; the site file's by default.
        detector: makes the detector; the site file's by default.
    """

    def __init__(
        self,
        device: CameraDevice,
        store: StoreLayout,
        settings: EdgeSettings,
        clock: Clock,
        *,
        source: Callable[[CameraDevice], FrameSource] = open_source,
        detector: Callable[[CameraDevice], Detector | None] = make_detector,
    ) -> None:
        self._device = device
        self._store = store
        self._settings = settings
        self._clock = clock
        self._make_source = source
        self._make_detector = detector
        recording = None if isinstance(device.source, SimulatedSource) else device.source
        self._loops = recording is not None and recording.loop
        self._pacer = Pacer(1.0 if recording is None else recording.speed)
        self._is_frozen = False
        self._frames_per_s: float | None = None
        self._window = _Window(clock.monotonic_s())

    def measure(self, stop: Stop) -> Iterator[list[Finding]]:
        """Yield findings until the source ends or the stop is set; then what is left of the last interval.

        Raises:
            VisionError: the source, the detector or the geometry cannot be used.
        """
        reporter: CameraReporter | None = None
        begin_media_s = 0.0
        while True:
            with self._make_source(self._device) as source:
                this = self._begin(source, begin_media_s)
                yield [Health(self._device.id)]
                while (frame := self._next(this, stop)) is not None:
                    now_at, instant_of = self._present(this)
                    if reporter is None:
                        reporter = self._reporter(this.pipeline, now_at)
                    elif this.next_index == 0:
                        reporter.restart(this.pipeline)
                    yield self._step(this, frame, reporter, now_at, instant_of)
                frame_s = 1 / source.info.frames_per_s if source.info.frames_per_s else _FALLBACK_FRAME_S
            if reporter is not None:
                yield list(reporter.close(*self._present(this)))
            if this.end is None:
                return
            if not (self._loops and this.end.complete):
                yield [self._ended(this.end)]
                return
            begin_media_s = this.media_s + frame_s

    def _begin(self, source: FrameSource, begin_media_s: float) -> _Pass:
        plan = camera_plan(self._device, self._store, source.info.frame_wh)
        return _Pass(
            source,
            self._make_detector(self._device),
            CameraPipeline(plan),
            FrozenDetector(self._settings.frozen_after_s),
            begin_media_s,
            begin_media_s,
        )

    def _reporter(self, pipeline: CameraPipeline, begin_at: datetime) -> CameraReporter:
        return CameraReporter(
            pipeline, floor_id=self._store.floor.id, begin_at=begin_at, report_s=self._settings.report_s
        )

    def _next(self, this: _Pass, stop: Stop) -> Frame | None:
        """The next frame, at the moment it is due; None at the end of the source or when the stop is set."""
        if stop.is_set:
            return None
        item = this.source.read()
        if isinstance(item, SourceEnd):
            this.end = item
            return None
        media_s = this.begin_media_s + item.at_s
        if not this.source.live:
            wait_s = self._pacer.wait_s(media_s, self._clock.monotonic_s())
            if wait_s > 0 and stop.wait(wait_s):
                return None
        else:
            self._pacer.wait_s(media_s, self._clock.monotonic_s())
        this.media_s = media_s
        return item

    def _present(self, this: _Pass) -> tuple[datetime, InstantOf]:
        moment = Moment(self._clock.now(), self._clock.monotonic_s())
        return self._pacer.instant(this.media_s, moment), lambda media_s: self._pacer.instant(media_s, moment)

    def _step(
        self, this: _Pass, frame: Frame, reporter: CameraReporter, now_at: datetime, instant_of: InstantOf
    ) -> list[Finding]:
        self._window.frames += 1
        self._window.dropped += frame.index - this.next_index
        this.next_index = frame.index + 1
        was_frozen = self._is_frozen
        if isinstance(frame, PictureFrame):
            self._is_frozen = this.frozen.step(frame.image_bgr, this.media_s)
        findings: list[Finding] = []
        if self._is_frozen != was_frozen or self._clock.monotonic_s() - self._window.begin_s >= _CHECK_S:
            findings.append(self._condition())
        if self._is_frozen:
            if not was_frozen:
                findings += reporter.pause(instant_of(this.frozen.changed_s), instant_of)
            reporter.forget(now_at)
            return findings
        findings += reporter.before_step(now_at, instant_of)
        people = people_in(frame, this.detector, source_name=this.source.name)
        this.pipeline.step(people, this.media_s)
        findings += reporter.after_step(now_at, instant_of)
        return findings

    def _condition(self) -> Health:
        window, now_s = self._window, self._clock.monotonic_s()
        state, reason = HealthState.OK, None
        if now_s - window.begin_s >= _CHECK_S:
            self._frames_per_s = round(window.frames / (now_s - window.begin_s), 1)
            if window.dropped > 0:
                state = HealthState.DEGRADED
                reason = "the detector is slower than the camera, so pictures are left out; use a smaller model"
            elif self._pacer.slipped_s > window.slipped_s:
                state = HealthState.DEGRADED
                reason = "this machine cannot replay at the speed that is set, so the replay slips"
            self._window = _Window(now_s, slipped_s=self._pacer.slipped_s)
        if self._is_frozen:
            state = HealthState.FAILED
            after_s = self._settings.frozen_after_s
            reason = f"the picture has not changed for {after_s:g} s; restart the camera or check its cable"
        return Health(self._device.id, state, reason, self._frames_per_s)

    def _ended(self, end: SourceEnd) -> Health:
        if end.complete:
            return Health(self._device.id, HealthState.DEGRADED, f"recording ended: {end.reason}")
        return Health(self._device.id, HealthState.FAILED, end.reason)
