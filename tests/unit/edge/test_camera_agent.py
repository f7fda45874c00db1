from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import msgspec
import numpy as np
import pytest

from storesense_contracts.clock import ManualClock
from storesense_contracts.layout import StoreLayout
from storesense_contracts.readings import FootfallReading, HealthCause, HealthState, ZoneReading
from storesense_contracts.site import CameraDevice
from storesense_edge.camera_agent import CameraAgent
from storesense_edge.camera_source import open_source
from storesense_edge.health import Health
from storesense_edge.open_visits import OpenVisits, OpenVisitsFile
from storesense_edge.settings import EdgeSettings
from storesense_edge.source_thread import Finding, Stop
from storesense_edge.trajectories import TrajectoryFile, TrajectoryRecorder
from storesense_edge.view_file import ViewFile
from storesense_edge.vision.detections import Detections
from storesense_edge.vision.errors import SourceError
from storesense_edge.vision.picture_watch import PictureWatch
from storesense_edge.vision.source import DetectedFrame, NoPicture, PictureFrame, SourceEnd, SourceInfo

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
STORE = StoreLayout.model_validate(
    {
        "id": "store-1",
        "name": "Shop",
        "time_zone": "UTC",
        "floor": {"size_m": [10, 8]},
        "sections": [{"id": "front", "name": "Front"}],
        "lines": [{"id": "door", "name": "Door"}],
    }
)


def device(tmp_path: Path, **source: Any) -> CameraDevice:
    (tmp_path / "x.txt").touch()
    recording = {
        "kind": "detections",
        "path": str(tmp_path / "x.txt"),
        "frames_per_s": 10,
        "frame_size_px": [640, 480],
        **source,
    }
    return CameraDevice.model_validate(
        {
            "kind": "camera",
            "id": "cam",
            "source": recording,
            "lines": [{"line": "door", "image": [[0.5, 0], [0.5, 1]], "in_side": "left"}],
        }
    )


class ScriptedSource:
    """A source that gives what a test wants, a walker crossing the picture by default."""

    name = "scripted"

    def __init__(self, frames: list[Any], *, live: bool = False, complete: bool = True, work: Any = None) -> None:
        self.frames, self.live, self.complete, self.work = frames, live, complete, work
        self.opened = 0
        self.info = SourceInfo((640, 480), 10.0, len(frames))

    def __enter__(self) -> Self:
        self.opened += 1
        self._left = iter(self.frames)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def read(self) -> Any:
        if self.work:
            self.work()
        end = SourceEnd(self.complete, len(self.frames), "it ended" if self.complete else "it broke off")
        return next(self._left, end)


def walker(frames: int = 60) -> list[DetectedFrame]:
    boxes = [np.array([[20.0 + n * 9, 200.0, 80.0 + n * 9, 380.0]]) for n in range(frames)]
    return [DetectedFrame(n, n / 10, Detections(box, np.array([0.9]))) for n, box in enumerate(boxes)]


class ManualStop(Stop):
    """A stop whose waiting moves a hand-moved clock instead of the time."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.waited_s = 0.0

    def wait(self, duration_s: float) -> bool:
        self._clock.advance(duration_s)
        self.waited_s += duration_s
        return self.is_set


def run(
    tmp_path: Path, source: ScriptedSource, clock: ManualClock, until: int = 10_000, **keys: Any
) -> tuple[list[Finding], ManualStop]:
    agent = CameraAgent(
        device(tmp_path, **keys),
        STORE,
        EdgeSettings(report_s=0.5, frozen_after_s=3.0),
        clock,
        source=lambda _: source,  # type: ignore[arg-type,return-value]
        detector=lambda _: NoDetector(),
    )
    stop = ManualStop(clock)
    findings: list[Finding] = []
    for number, batch in enumerate(agent.measure(stop)):
        findings += batch
        if number >= until:
            stop.set()
    return findings, stop


class NoDetector:
    """Sees nobody."""

    def detect(self, *_: Any) -> Detections:
        return Detections.none()


def conditions(findings: list[Finding]) -> list[Health]:
    return [finding for finding in findings if isinstance(finding, Health)]


def crossings(findings: list[Finding]) -> list[FootfallReading]:
    return [f[1] for f in findings if not isinstance(f, Health) and isinstance(f[1], FootfallReading)]


@pytest.mark.parametrize(("speed", "takes_s"), [(1.0, 5.9), (10.0, 0.59), ("max", 0.0)])
def test_a_recording_is_paced_and_counted_the_same_at_any_speed(
    tmp_path: Path, speed: float | str, takes_s: float
) -> None:
    clock = ManualClock(NOW_AT)
    source = ScriptedSource(walker(), work=lambda: clock.advance(0.001))
    findings, stop = run(tmp_path, source, clock, speed=speed)
    assert stop.waited_s == pytest.approx(takes_s, abs=0.07)
    assert sum(reading.in_count for reading in crossings(findings)) == 1
    assert sum(reading.out_count for reading in crossings(findings)) == 0
    end = max(r.measured_at + timedelta(milliseconds=r.period_ms) for r in crossings(findings))
    assert end <= clock.now()
    assert conditions(findings)[-1] == Health("cam", HealthState.DEGRADED, "recording ended: it ended")


def test_a_source_that_breaks_off_has_failed(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    findings, _ = run(tmp_path, ScriptedSource(walker(20), complete=False), clock, loop=True)
    assert conditions(findings)[-1] == Health("cam", HealthState.FAILED, "it broke off")


def test_a_loop_counts_each_pass_until_it_is_stopped(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    source = ScriptedSource(walker())
    findings, _ = run(tmp_path, source, clock, until=200, loop=True)
    assert source.opened == 4
    assert sum(reading.in_count for reading in crossings(findings)) == 3
    ends = [r.measured_at + timedelta(milliseconds=r.period_ms) for r in crossings(findings)]
    begins = [r.measured_at for r in crossings(findings)]
    assert begins[1:] == ends[:-1]
    assert all(condition.state is HealthState.OK for condition in conditions(findings))


def test_the_stop_gives_what_is_left_of_the_last_interval(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    findings, _ = run(tmp_path, ScriptedSource(walker()), clock, until=42)
    last = crossings(findings)[-1]
    assert last.measured_at + timedelta(milliseconds=last.period_ms) == clock.now()


def test_pictures_that_a_live_camera_had_to_leave_out_are_told(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    frames = [DetectedFrame(n * 3, n * 0.3, Detections.none()) for n in range(60)]
    source = ScriptedSource(frames, live=True, work=lambda: clock.advance(0.3))
    findings, stop = run(tmp_path, source, clock)
    assert stop.waited_s == 0
    told = [c for c in conditions(findings) if c.reason and "left out" in c.reason]
    assert told
    assert told[0].state is HealthState.DEGRADED
    assert told[0].frames_per_s == pytest.approx(3.3, abs=0.2)


def test_a_replay_that_cannot_keep_up_says_so_and_leaves_nothing_out(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    source = ScriptedSource(walker(), work=lambda: clock.advance(0.5))
    findings, _ = run(tmp_path, source, clock, speed=100.0)
    assert [c for c in conditions(findings) if c.reason and "slips" in c.reason]
    assert sum(reading.in_count for reading in crossings(findings)) == 1
    assert all(reading.measured_at >= NOW_AT for reading in crossings(findings))


def test_a_frozen_camera_fails_stays_silent_and_recovers(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    rng = np.random.default_rng(1)
    still = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
    frames = [
        PictureFrame(n, n / 10, still if 20 <= n < 120 else rng.integers(0, 255, still.shape, dtype=np.uint8))
        for n in range(160)
    ]
    findings, _ = run(tmp_path, ScriptedSource(frames), clock)
    states = [state for state, _ in groupby(c.state for c in conditions(findings))]
    assert states == [HealthState.OK, HealthState.FAILED, HealthState.OK, HealthState.DEGRADED]
    covered_s = sum(r.period_ms for r in crossings(findings)) / 1000
    assert covered_s == pytest.approx(16 - 10, abs=0.2)  # the same picture from 2.0 s on, until 12.0 s


def test_a_simulated_camera_has_no_source_here(tmp_path: Path) -> None:
    simulated = CameraDevice.model_validate({"kind": "camera", "id": "cam", "source": {"kind": "simulated"}})
    with pytest.raises(SourceError, match="sim live"):
        open_source(simulated)


class LiveScript(ScriptedSource):
    """A live camera of which nothing is known before its first picture."""

    def __init__(self, frames: list[Any], clock: ManualClock) -> None:
        super().__init__(frames, live=True)
        self.clock = clock

    def read(self) -> Any:
        item = super().read()
        if not isinstance(item, SourceEnd):
            self.clock.advance(max(0.0, item.at_s - self.clock.monotonic_s()))
        if isinstance(item, PictureFrame):
            height, width = item.image_bgr.shape[:2]
            self.info = SourceInfo((width, height), None, None)
        return item


def test_a_live_camera_that_is_away_reports_no_zeros_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    rng = np.random.default_rng(2)

    def seen(first: int, last: int, *, missing: int = 0) -> list[PictureFrame]:
        return [
            PictureFrame(n - missing, n / 5, rng.integers(60, 200, (48, 64, 3), dtype=np.uint8))
            for n in range(first, last)
        ]

    away = [NoPicture(20.0 + n, "the cable is out") for n in range(1, 31)]
    findings, stop = run(tmp_path, LiveScript([*seen(0, 100), *away, *seen(255, 330, missing=155)], clock), clock)
    assert stop.waited_s == 0
    told = [c for c in conditions(findings) if c.cause is HealthCause.NO_PICTURE]
    assert told
    assert told[0].state is HealthState.FAILED
    assert "the cable is out" in (told[0].reason or "")
    assert told[0].affected == ("footfall/door",)
    places = [place for place, c in enumerate(conditions(findings)) if c.cause is HealthCause.NO_PICTURE]
    back = conditions(findings)[places[-1] + 1]
    assert (back.state, back.cause) == (HealthState.OK, None), "the silence is no burden of the detector"
    covered_s = sum(r.period_ms for r in crossings(findings)) / 1000
    assert covered_s == pytest.approx(20 + 15, abs=1.5)  # not the half minute between


def test_a_live_camera_that_changes_its_resolution_is_measured_on(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    rng = np.random.default_rng(2)
    frames = [
        PictureFrame(n, n / 5, rng.integers(60, 200, (48, 64, 3) if n < 20 else (96, 128, 3), dtype=np.uint8))
        for n in range(40)
    ]
    findings, _ = run(tmp_path, LiveScript(frames, clock), clock)
    ends = [r.measured_at + timedelta(milliseconds=r.period_ms) for r in crossings(findings)]
    assert [r.measured_at for r in crossings(findings)][1:] == ends[:-1]
    assert (max(ends) - NOW_AT).total_seconds() == pytest.approx(7.8, abs=0.1)


class Resized(ScriptedSource):
    """A camera whose pictures are twice as wide and high from the sixtieth on."""

    def read(self) -> Any:
        item = super().read()
        if isinstance(item, DetectedFrame) and item.index >= 60:
            self.info = SourceInfo((1280, 960), 10.0, None)
        return item


def test_lines_lie_at_the_same_place_of_a_picture_of_another_size(tmp_path: Path) -> None:
    near = [np.array([[34.0 + n * 7.5, 200.0, 94.0 + n * 7.5, 400.0]]) for n in range(60)]  # up to 0.4 of its width
    later = [DetectedFrame(60 + n, 6 + n / 10, Detections(box, np.array([0.9]))) for n, box in enumerate(near)]
    findings, _ = run(tmp_path, Resized([*walker(), *later]), ManualClock(NOW_AT))
    assert sum(r.in_count for r in crossings(findings)) == 1
    assert sum(r.out_count for r in crossings(findings)) == 0


def test_visits_that_an_orderly_end_has_told_are_not_told_again(tmp_path: Path) -> None:
    hall = {"id": "hall", "name": "Hall", "floor_m": [[0, 0], [9, 0], [9, 7], [0, 7]]}
    store = STORE.model_validate({**STORE.model_dump(), "zones": [hall]})
    view = {"zone": "hall", "image": [[0.2, 0], [1, 0], [1, 1], [0.2, 1]]}
    camera = CameraDevice.model_validate({**device(tmp_path).model_dump(), "zones": [view]})
    path = tmp_path / "cam.visits.json"
    told = []
    for _ in range(2):
        clock, source = ManualClock(NOW_AT), ScriptedSource(walker())
        agent = CameraAgent(
            camera,
            store,
            EdgeSettings(),
            clock,
            source=lambda _, source=source: source,  # type: ignore[misc]
            detector=lambda _: None,
        ).keep_visits(OpenVisitsFile(path))
        findings = [finding for batch in agent.measure(ManualStop(clock)) for finding in batch]
        zones = [f[1] for f in findings if not isinstance(f, Health) and isinstance(f[1], ZoneReading)]
        told.append((sum(z.entry_count for z in zones), sum(z.exit_count for z in zones)))
        assert OpenVisitsFile(path).load() == OpenVisits()
    assert told == [(1, 1), (1, 1)], "nobody leaves who has not come"


def test_a_dark_camera_fails_names_its_figures_and_reports_no_zeros(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    rng = np.random.default_rng(2)
    frames = [
        PictureFrame(n, n / 5, rng.integers(0, 8 if n >= 100 else 200, (48, 64, 3), dtype=np.uint8)) for n in range(300)
    ]
    findings, _ = run(tmp_path, LiveScript(frames, clock), clock)
    dark = [c for c in conditions(findings) if c.cause is HealthCause.DARK]
    assert dark
    assert dark[0].affected == ("footfall/door",)
    last = crossings(findings)[-1]
    assert (last.measured_at - NOW_AT).total_seconds() < 40


def test_a_camera_that_was_moved_on_purpose_learns_what_it_shows_now(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    rng = np.random.default_rng(3)
    shop, corner = (
        cv2.GaussianBlur(np.kron(rng.integers(40, 180, (12, 16)), np.ones((20, 20))).astype(np.uint8), (5, 5), 0)
        for _ in range(2)
    )
    noises = rng.integers(0, 20, (7, 240, 320), dtype=np.uint8)

    def picture(n: int) -> PictureFrame:
        grey = (shop if n < 600 else corner) + noises[n % 7]
        return PictureFrame(n, n / 10, np.repeat(grey[..., None], 3, axis=2))

    views = ViewFile(tmp_path / "cam.view.npz", "key")
    frames = [picture(n) for n in range(2400)]
    agent = CameraAgent(
        device(tmp_path),
        STORE,
        EdgeSettings(report_s=5.0),
        clock,
        source=lambda _: ScriptedSource(frames),  # type: ignore[arg-type,return-value]
        detector=lambda _: NoDetector(),
        views=views,
    )
    asked: Future[str] = Future()
    told: list[tuple[float, HealthCause | None]] = []
    for batch in agent.measure(ManualStop(clock)):
        told += [(clock.monotonic_s(), each.cause) for each in conditions(batch)]
        if told[-1][1] is HealthCause.MOVED and not asked.done() and agent._views_asked._asked.empty():
            agent._views_asked._asked.put(asked)
    assert HealthCause.MOVED in [cause for _, cause in told]
    assert asked.result(0) == "What the camera shows now counts as right."
    assert told[-2][1] is None, "the last one is that the recording has ended"
    kept = views.load()
    assert kept is not None
    still = PictureWatch(None, kept)
    assert all(still.step(picture(n).image_bgr, n / 10) is None for n in range(1800, 2400))


def test_trajectories_and_crossings_stay_on_this_box_for_audits(tmp_path: Path) -> None:
    clock = ManualClock(NOW_AT)
    file = TrajectoryFile(tmp_path / "cam.trajectories.db")
    source = ScriptedSource(walker())
    agent = CameraAgent(
        device(tmp_path),
        STORE,
        EdgeSettings(),
        clock,
        source=lambda _: source,  # type: ignore[arg-type,return-value]
        detector=lambda _: None,
        recorder=TrajectoryRecorder(file, salt=7),
    )
    findings = [finding for batch in agent.measure(ManualStop(clock)) for finding in batch]
    until_ms = int(NOW_AT.timestamp() * 1000) + 60_000
    crossed = file.crossings(0, until_ms)
    assert [(line, entered) for _, line, entered in crossed] == [("door", True)]
    assert crossed[0][0] - NOW_AT.timestamp() * 1000 == pytest.approx(3_500, abs=1_500)
    points = file.points(0, until_ms)
    assert len(points) > 6
    assert len({track for _, track, _, _ in points}) == 1
    told = b"".join(msgspec.json.encode(f[1]) for f in findings if not isinstance(f, Health))
    assert str(points[0][1]).encode() not in told
