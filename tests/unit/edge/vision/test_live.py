"""A camera that is killed and started again, goes silent, wants a password: through FFmpeg, on loopback."""

from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic, sleep

import cv2
import numpy as np
import pytest

from fixtures.mjpeg_server import MjpegServer
from fixtures.rtsp_server import RtspServer
from storesense_contracts.clock import ManualClock
from storesense_edge.vision.capture import OpenCvCapture, as_colour, open_stream, open_usb
from storesense_edge.vision.errors import SourceError
from storesense_edge.vision.live import LiveReader, LiveSource, NewestFrame
from storesense_edge.vision.source import NoPicture, PictureFrame


def picture(number: int) -> np.ndarray:
    image = np.full((120, 160, 3), 40, np.uint8)
    image[:, : number % 150 + 8] = 200
    return image


@pytest.fixture
def camera() -> Iterator[RtspServer]:
    with RtspServer(picture) as server:
        yield server


def connect(server: RtspServer, login: str = "") -> OpenCvCapture:
    url = server.url.replace("rtsp://", f"rtsp://{login}")
    return open_stream(url, name="cam", open_timeout_s=3, read_timeout_s=1)


def frames(source: LiveSource, count: int, *, limit_s: float = 20.0) -> list[PictureFrame]:
    found: list[PictureFrame] = []
    until_s = monotonic() + limit_s
    while len(found) < count and monotonic() < until_s:
        item = source.read()
        if isinstance(item, PictureFrame):
            found.append(item)
    return found


def test_a_live_camera_gives_pictures_with_the_time_at_which_they_were_taken(camera: RtspServer) -> None:
    with LiveSource("cam", lambda: connect(camera), max_frames_per_s=50) as source:
        found = frames(source, 20)
        assert source.info.frame_wh == (160, 120)
    assert [frame.index for frame in found] == sorted({frame.index for frame in found})
    steps_s = np.diff([frame.at_s for frame in found]) / np.diff([frame.index for frame in found])
    assert np.median(steps_s) == pytest.approx(1 / 25, rel=0.25)
    widths = [int((frame.image_bgr[60, :, 0] > 120).sum()) for frame in found]
    assert widths == sorted(widths)


def test_pictures_over_http_that_bear_no_time_are_dated_by_their_arrival() -> None:
    with MjpegServer(picture, frames_per_s=10.0) as server:
        opened = lambda: open_stream(server.url, name="cam", open_timeout_s=3, read_timeout_s=1)  # noqa: E731
        with LiveSource("cam", opened, max_frames_per_s=50) as source:
            found = frames(source, 20)
    steps_s = np.diff([frame.at_s for frame in found]) / np.diff([frame.index for frame in found])
    assert np.median(steps_s) == pytest.approx(0.1, rel=0.25), "FFmpeg stamps them as if there were 25 a second"
    assert found[-1].at_s - found[0].at_s == pytest.approx((found[-1].index - found[0].index) / 10, rel=0.25)


@pytest.mark.parametrize(
    ("image", "level"),
    [
        pytest.param(np.full((4, 6), 77, np.uint8), 77, id="grey, without a third axis"),
        pytest.param(np.full((4, 6, 1), 77, np.uint8), 77, id="grey"),
        pytest.param(np.full((4, 6, 4), 77, np.uint8), 77, id="with transparency"),
        pytest.param(np.full((4, 6), 77 * 256, np.uint16), 77, id="sixteen bits a pixel, as thermal cameras give"),
        pytest.param(np.full((4, 6, 3), 77, np.uint8), 77, id="as it should be"),
    ],
)
def test_pictures_of_every_kind_become_colour_pictures_of_eight_bits(image: np.ndarray, level: int) -> None:
    colour = as_colour(image)
    assert colour is not None
    assert colour.shape == (4, 6, 3)
    assert colour.dtype == np.uint8
    assert (colour == level).all()


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.zeros((4, 6, 2), np.uint8), id="two channels are no picture that anybody could look at"),
        pytest.param(np.zeros((4, 6, 3), np.float32), id="nor are fractions"),
        pytest.param(np.zeros((0, 6, 3), np.uint8), id="nor is an empty one"),
    ],
)
def test_what_is_no_picture_is_none(image: np.ndarray) -> None:
    assert as_colour(image) is None


def test_a_camera_that_dies_is_told_and_reconnected_when_it_is_back(camera: RtspServer) -> None:
    with LiveSource("cam", lambda: connect(camera)) as source:
        assert len(frames(source, 3)) == 3
        camera.kill()
        missing = None
        while missing is None or missing.reason is None:
            item = source.read()
            missing = item if isinstance(item, NoPicture) else None
        assert "cam" in missing.reason or "connection" in missing.reason
        camera.start()
        back = frames(source, 3)
        assert len(back) == 3
        assert back[0].at_s > missing.at_s
        assert source.stats.connections == 2


def test_a_camera_that_goes_silent_is_told_after_a_second(camera: RtspServer) -> None:
    with LiveSource("cam", lambda: connect(camera)) as source:
        frames(source, 2)
        camera.is_silent = True
        items = (source.read() for _ in range(60))
        assert any(isinstance(item, NoPicture) for item in items)
        camera.is_silent = False
        assert frames(source, 1)


def test_a_camera_that_stays_silent_is_connected_to_anew(camera: RtspServer) -> None:
    with LiveSource("cam", lambda: connect(camera)) as source:
        frames(source, 2)
        camera.is_silent = True
        until_s = monotonic() + 15
        while source.stats.connections < 2 and monotonic() < until_s:
            source.read()
        assert source.stats.connections >= 2, "the time-out of a connection is a second here"


def test_the_password_opens_the_stream_and_appears_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    with RtspServer(picture, login="viewer:hush-hush") as server:
        with LiveSource("cam", lambda: connect(server, "viewer:hush-hush@")) as source:
            assert frames(source, 1)
        with pytest.raises(SourceError) as caught:
            connect(server, "viewer:wrong-one@")
    out, err = capfd.readouterr()
    assert "hush" not in out + err + str(caught.value)
    assert "wrong-one" not in out + err + str(caught.value)


def test_a_usb_camera_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(SourceError, match="plug it in"):
        open_usb("/dev/video250", name="cam")


class FakeVideoCapture:
    """A USB camera as OpenCV shows one: it gives pictures of the size asked for, with the driver's time on them."""

    opened: list["FakeVideoCapture"]

    def __init__(self, device: int | str, interface: int) -> None:
        self.device, self.interface = device, interface
        self.told: dict[int, float] = {cv2.CAP_PROP_POS_MSEC: 86_400_000.0}
        self.is_released = False
        self.opened.append(self)

    def isOpened(self) -> bool:  # noqa: N802 -- OpenCV's name
        return self.device != 1  # another program has it

    def set(self, name: int, value: float) -> bool:
        self.told[name] = value
        return True

    def get(self, name: int) -> float:
        return self.told.get(name, 0.0)

    def grab(self) -> bool:
        sleep(0.02)
        return not self.is_released

    def retrieve(self) -> tuple[bool, np.ndarray]:
        width, height = self.told[cv2.CAP_PROP_FRAME_WIDTH], self.told[cv2.CAP_PROP_FRAME_HEIGHT]
        return True, np.full((int(height), int(width), 3), 90, np.uint8)

    def release(self) -> None:
        self.is_released = True


@pytest.fixture
def usb_cameras(monkeypatch: pytest.MonkeyPatch) -> list[FakeVideoCapture]:
    FakeVideoCapture.opened = []
    monkeypatch.setattr(cv2, "VideoCapture", FakeVideoCapture)
    return FakeVideoCapture.opened


def test_a_usb_camera_gives_its_newest_picture_dated_by_this_machines_clock(
    usb_cameras: list[FakeVideoCapture],
) -> None:
    by_id = "/dev/v4l/by-id/usb-Acme_Cam-video-index0"
    opened = lambda: open_usb(by_id, name="cam", frame_size_px=(320, 240))  # noqa: E731
    with LiveSource("cam", opened, max_frames_per_s=50) as source:
        found = frames(source, 5)
        assert source.info.frame_wh == (320, 240)
    (camera,) = usb_cameras
    assert (camera.device, camera.interface) == (by_id, cv2.CAP_V4L2)
    assert camera.told[cv2.CAP_PROP_BUFFERSIZE] == 1, "four pictures in the driver are four that are old"
    assert open_usb(by_id, name="cam").stamp_s() is None, "a driver's time is counted from another beginning"
    assert found[-1].at_s < 10
    assert camera.is_released, "or the next program finds it occupied"


def test_a_usb_camera_that_another_program_has_says_so(usb_cameras: list[FakeVideoCapture]) -> None:
    with pytest.raises(SourceError, match=r"the USB camera 1 cannot be opened; .*no other program uses it"):
        open_usb(1, name="cam")
    assert len(usb_cameras) == 1


def test_a_reader_that_fails_is_told_and_is_no_camera_that_is_away_for_ever() -> None:
    def broken() -> OpenCvCapture:
        raise ZeroDivisionError("viewer:hush-hush@")

    with LiveSource("cam", broken) as source, pytest.raises(SourceError, match="its reader failed") as caught:
        source.read()
    assert "hush" not in str(caught.value)
    with LiveSource("cam", broken) as source, pytest.raises(SourceError):
        source.read()  # opened anew it says so again


class ScriptedCapture:
    """Gives pictures as fast as they are grabbed, on a clock that each grab moves."""

    def __init__(self, clock: ManualClock, count: int) -> None:
        self.clock, self.left, self.retrieved = clock, count, 0

    def grab(self) -> bool:
        self.left -= 1
        self.clock.advance(0.02)
        return self.left >= 0

    def retrieve(self) -> np.ndarray:
        self.retrieved += 1
        return picture(self.retrieved)

    def stamp_s(self) -> None:
        return None

    def release(self) -> None:
        self.left = -1


def test_what_nobody_took_is_dropped_for_the_newest_and_counted() -> None:
    slot = NewestFrame()
    for number in range(5):
        slot.put(PictureFrame(number, float(number), picture(number)))
    taken = slot.take(0.0)
    assert taken is not None
    assert taken.index == 4
    assert slot.dropped == 4
    assert slot.take(0.0) is None


def test_pictures_beyond_the_wanted_rate_are_not_even_converted(manual_clock: ManualClock) -> None:
    capture = ScriptedCapture(manual_clock, 500)
    reader = LiveReader(lambda: capture, NewestFrame(), clock=manual_clock, max_frames_per_s=5.0)
    reader.run(lambda _: capture.left < 0)
    assert capture.retrieved == pytest.approx(50, abs=2)  # of 500 pictures in 10 s
    assert reader.stats.pictures == capture.retrieved


def test_waits_between_connections_grow_and_are_short_again_after_a_picture(manual_clock: ManualClock) -> None:
    waits: list[float] = []
    attempts = iter([False, False, False, True, False, False])

    def open_next() -> ScriptedCapture:
        good = next(attempts, None)
        if not good:
            raise SourceError(source="cam", cause="it is away", remedy="wait")
        return ScriptedCapture(manual_clock, 3)

    def wait(duration_s: float) -> bool:
        if duration_s > 0:
            waits.append(duration_s)
        return len(waits) >= 6

    LiveReader(open_next, NewestFrame(), clock=manual_clock, max_frames_per_s=50, chance=lambda: 1.0).run(wait)
    assert waits == [0.5, 1.0, 2.0, 0.5, 1.0, 2.0]


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
