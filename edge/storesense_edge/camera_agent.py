"""One camera of a site: its source and detector, paced and measured, as a stream of findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_contracts.readings import HealthState
from storesense_contracts.site_sources import DetectionsSource, Recording
from storesense_edge.camera_condition import NO_PICTURE_AFTER_S, CameraCondition, affected_by
from storesense_edge.camera_detector import make_detector
from storesense_edge.camera_readings import CameraReporter
from storesense_edge.camera_source import open_source
from storesense_edge.camera_views import CameraViews
from storesense_edge.health import Health
from storesense_edge.pacing import Moment, Pacer
from storesense_edge.site_mapping import camera_plan
from storesense_edge.source_asks import SourceAsks
from storesense_edge.vision.pipeline import CameraPipeline
from storesense_edge.vision.source import NoPicture, PictureFrame, SourceEnd, people_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from storesense_contracts.clock import Clock
    from storesense_contracts.layout import StoreLayout
    from storesense_contracts.site import CameraDevice
    from storesense_edge.camera_readings import InstantOf
    from storesense_edge.drawing import DeviceDrawing, Drawn
    from storesense_edge.open_visits import OpenVisitsFile
    from storesense_edge.picture_desk import PictureDesk
    from storesense_edge.settings import EdgeSettings
    from storesense_edge.shared_floor import FloorView, SharedFloor
    from storesense_edge.source_thread import Finding, Stop
    from storesense_edge.trajectories import TrajectoryRecorder
    from storesense_edge.view_file import ViewFile
    from storesense_edge.vision.detector import Detector
    from storesense_edge.vision.picture_watch import PictureWatch
    from storesense_edge.vision.source import Frame, FrameSource

_FALLBACK_FRAME_S = 0.04


@dataclass(slots=True)
class _Pass:
    """One run through a source."""

    source: FrameSource
    detector: Detector | None
    pipeline: CameraPipeline
    frame_wh: tuple[int, int]
    begin_media_s: float
    media_s: float
    next_index: int = 0


class CameraAgent:
    """Reads, paces, detects and measures one camera; everything in it blocks, so it runs on a thread.

    Args:
        device: the camera in the site file.
        store: the store's layout.
        settings: report interval and limits.
        clock: tells the time.
        source: makes the source; the site file's by default.
        detector: makes the detector; the site file's by default.
        views: keeps what the picture looked like when the camera was calibrated; None to learn it at each start.
        recorder: keeps trajectories on this box for accuracy audits; None to keep none.
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
        views: ViewFile | None = None,
        recorder: TrajectoryRecorder | None = None,
    ) -> None:
        self._device = device
        self._store = store
        self._settings = settings
        self._clock = clock
        self._make_source = source
        self._make_detector = detector
        self._visits: OpenVisitsFile | None = None
        self._desk: PictureDesk | None = None
        self._floor: SharedFloor | None = None
        self._on_floor: FloorView | None = None
        self._drawing: DeviceDrawing | None = None
        self._drawn: Drawn | None = None
        self._recorder = recorder
        recording = device.source if isinstance(device.source, Recording) else None
        self._loops = recording is not None and recording.loop
        self._speed = None if recording is None else recording.speed
        self._pacer = self._new_pacer()
        self._views_asked = SourceAsks()
        self._views = CameraViews(settings, self._views_asked, views)
        self._is_blind = False
        self._condition = CameraCondition(
            device.id,
            affected_by(device, store),
            frozen_after_s=settings.frozen_after_s,
            now_s=clock.monotonic_s(),
        )

    def keep_visits(self, visits: OpenVisitsFile) -> CameraAgent:
        """Keep how many visits are open, to tell after a restart; without it every start is a new one."""
        self._visits = visits
        return self

    def show(self, desk: PictureDesk) -> CameraAgent:
        """Offer pictures to an installer's page on this box; without it nobody ever gets one."""
        self._desk = desk
        return self

    def follow(self, drawing: DeviceDrawing) -> CameraAgent:
        """Measure what the drawing says, also while it changes; without it what the site file says is measured."""
        self._drawing = drawing
        return self

    def share(self, floor: SharedFloor) -> CameraAgent:
        """Know staff whom other cameras of this box know, and tell them; without it each camera finds its own.

        A camera takes part while it has a floor calibration and runs as fast as the clock.
        """
        self._floor = floor
        return self

    @property
    def has_pictures(self) -> bool:
        """Whether it brings pictures, and not only where people stand."""
        return not isinstance(self._device.source, DetectionsSource)

    async def learn_view(self) -> str:
        """Take what the camera shows now for right, on the event loop; return what to say of it.

        Raises:
            NoAnswerError: no steady picture came in time; what was learned before holds.
        """
        return await self._views.learn()

    def _new_pacer(self) -> Pacer:
        return Pacer(1.0 if self._speed is None else self._speed, is_live=self._speed is None)

    def _redrawn(self) -> bool:
        """Take up another drawing, if there is one; return whether there was."""
        if self._drawing is None or (drawn := self._drawing.now) is self._drawn:
            return False
        self._drawn = drawn
        self._device, self._store = drawn.device, drawn.store
        self._condition.affects(affected_by(drawn.device, drawn.store))
        self._views.redraw(drawn.device)
        return True

    def measure(self, stop: Stop) -> Iterator[list[Finding]]:
        """Yield findings until the source ends or the stop is set; then what is left of the last interval.

        A recording that loops begins again; the times of its passes go on.

        Raises:
            SourceError: the source cannot be opened.
            ModelError: the detector cannot be loaded.
            GeometryError: the camera's geometry cannot be measured.
        """
        reporter: CameraReporter | None = None
        self._pacer = self._new_pacer()  # after a restart a recording begins anew
        self._redrawn()
        watch = self._views.watch(self._device)
        detector = self._make_detector(self._device)
        begin_media_s = 0.0
        while True:
            this: _Pass | None = None
            end: SourceEnd | None = None
            with self._make_source(self._device) as source:
                yield [self._condition.well()]
                while not isinstance(item := self._next(source, begin_media_s, stop), SourceEnd | None):
                    if isinstance(item, NoPicture):
                        yield self._without_picture(item, begin_media_s, reporter)
                        continue
                    watch = self._views.learning_watch(self._device) or watch
                    is_redrawn = self._redrawn()
                    if is_redrawn:
                        # Everything that was open is told by the old shapes; the new ones begin with this frame.
                        yield self._close(reporter, begin_media_s + item.at_s)
                        this, reporter, watch = None, None, self._views.watch(self._device)
                    if this is None or this.frame_wh != source.info.frame_wh:
                        # The first frame of a pass, or a live camera that was set to another resolution.
                        if this is not None and reporter is not None:
                            yield list(reporter.close(*self._present(begin_media_s + item.at_s)))
                        this = self._begin(source, detector, begin_media_s)
                        this.next_index = item.index if source.live or is_redrawn else 0
                        if reporter is not None:
                            reporter.restart(this.pipeline)
                    this.media_s = begin_media_s + item.at_s
                    now_at, instant_of = self._present(this.media_s)
                    if reporter is None:
                        reporter = self._reporter(this.pipeline, now_at)
                    yield self._step(this, item, reporter, watch, now_at, instant_of)
                end = item
                frame_s = _frame_s(source)
            if this is not None:
                yield self._close(reporter, this.media_s)
            if end is None:
                return
            if this is None or not (self._loops and end.complete):
                yield [self._ended(end)]
                return
            begin_media_s = this.media_s + frame_s

    def _begin(self, source: FrameSource, detector: Detector | None, begin_media_s: float) -> _Pass:
        frame_wh = source.info.frame_wh
        plan = camera_plan(self._device, self._store, frame_wh)
        self._leave_floor()
        if self._floor is not None and plan.floor_map is not None and self._pacer.keeps_time:
            self._on_floor = self._floor.view(self._device.id, self._pacer.monotonic_s)
        pipeline = CameraPipeline(plan, neighbours=self._on_floor)
        return _Pass(source, detector, pipeline, frame_wh, begin_media_s, begin_media_s)

    def _leave_floor(self) -> None:
        """Let the other cameras forget whom this one followed."""
        if self._on_floor is not None:
            self._on_floor.leave()
            self._on_floor = None

    def _reporter(self, pipeline: CameraPipeline, begin_at: datetime) -> CameraReporter:
        return CameraReporter(
            pipeline,
            floor_id=self._store.floor.id,
            begin_at=begin_at,
            report_s=self._settings.report_s,
            camera_id=self._device.id,
            cut_short=None if self._visits is None else self._visits.load(),
        )

    def _close(self, reporter: CameraReporter | None, media_s: float) -> list[Finding]:
        """Tell all that is left, and that no visit is open any more."""
        if self._recorder is not None:
            self._recorder.write(self._clock.now(), now_or_never=True)
        findings: list[Finding] = []
        if reporter is not None:
            findings += reporter.close(*self._present(media_s))
            if self._visits is not None:
                self._visits.follow(reporter.open_visits, self._clock.monotonic_s(), now_or_never=True)
        self._leave_floor()
        return findings

    def _next(self, source: FrameSource, begin_media_s: float, stop: Stop) -> Frame | NoPicture | SourceEnd | None:
        """The next item, a frame at the moment at which it is due; None when the stop is set."""
        if stop.is_set:
            return None
        item = source.read()
        if isinstance(item, SourceEnd | NoPicture):
            return item
        wait_s = self._pacer.wait_s(begin_media_s + item.at_s, self._clock.monotonic_s())
        if wait_s > 0 and not source.live and stop.wait(wait_s):
            return None
        return item

    def _present(self, media_s: float) -> tuple[datetime, InstantOf]:
        moment = Moment(self._clock.now(), self._clock.monotonic_s())
        return self._pacer.instant(media_s, moment), lambda at_s: self._pacer.instant(at_s, moment)

    def _without_picture(
        self, nothing: NoPicture, begin_media_s: float, reporter: CameraReporter | None
    ) -> list[Finding]:
        now_s = self._clock.monotonic_s()
        silent_s = self._condition.silent_s(now_s)
        if silent_s < NO_PICTURE_AFTER_S:
            return []
        findings: list[Finding] = [self._condition.no_picture(nothing.reason, now_s=now_s)]
        if reporter is not None:
            media_s = begin_media_s + nothing.at_s
            now_at, instant_of = self._present(media_s)
            findings += self._blinded(reporter, media_s - silent_s, now_at, instant_of)
        return findings

    def _blinded(
        self, reporter: CameraReporter, since_s: float, now_at: datetime, instant_of: InstantOf
    ) -> list[Finding]:
        """Report what was measured until nothing could be seen any more, and leave out the time since."""
        findings: list[Finding] = []
        if not self._is_blind:
            self._is_blind = True
            findings += reporter.pause(instant_of(since_s), instant_of)
        reporter.forget(now_at)
        return findings

    def _step(
        self,
        this: _Pass,
        frame: Frame,
        reporter: CameraReporter,
        watch: PictureWatch,
        now_at: datetime,
        instant_of: InstantOf,
    ) -> list[Finding]:
        if self._desk is not None and isinstance(frame, PictureFrame):
            self._desk.offer(self._device.id, frame.image_bgr)
        fault = watch.step(frame.image_bgr, this.media_s) if isinstance(frame, PictureFrame) else None
        told = self._condition.saw(
            dropped=frame.index - this.next_index,
            fault=fault,
            now_s=self._clock.monotonic_s(),
            slipped_s=self._pacer.slipped_s,
        )
        this.next_index = frame.index + 1
        findings: list[Finding] = [] if told is None else [told]
        if fault is not None and fault.fault.blinds:
            return findings + self._blinded(reporter, fault.since_s, now_at, instant_of)
        if self._is_blind:
            self._is_blind = False
            reporter.forget(now_at)
        findings += reporter.before_step(now_at, instant_of)
        people = people_in(frame, this.detector, source_name=this.source.name)
        seen = this.pipeline.step(people, this.media_s)
        if self._recorder is not None:
            ids, feet = this.pipeline.feet
            self._recorder.see_all(now_at, ids, feet / this.frame_wh)
            for crossing in seen.crossings:
                self._recorder.cross(instant_of(crossing.at_s), crossing.line_id, entered=crossing.entered)
            self._recorder.write(now_at)
        findings += reporter.after_step(now_at, instant_of)
        if self._visits is not None:
            self._visits.follow(reporter.open_visits, self._clock.monotonic_s())
        return findings

    def _ended(self, end: SourceEnd) -> Health:
        if end.complete:
            return Health(self._device.id, HealthState.DEGRADED, f"recording ended: {end.reason}")
        return Health(self._device.id, HealthState.FAILED, end.reason)


def _frame_s(source: FrameSource) -> float:
    if source.live:
        return _FALLBACK_FRAME_S
    rate = source.info.frames_per_s
    return 1 / rate if rate else _FALLBACK_FRAME_S
