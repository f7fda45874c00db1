import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from storesense_edge.vision.errors import SourceError
from storesense_edge.vision.source import PictureFrame, SourceEnd, frames_of, people_in
from storesense_edge.vision.video import VideoFileSource


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Forty pictures at 8 frames a second, each brighter than the last."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 8.0, (96, 64))
    assert writer.isOpened()
    rng = np.random.default_rng(1)
    for i in range(40):
        noise = rng.integers(0, 8, (64, 96, 3))
        writer.write((noise + 5 * i).astype(np.uint8))
    writer.release()
    return path


def test_every_picture_comes_with_its_media_time(clip: Path) -> None:
    with VideoFileSource(clip) as source:
        assert source.info.frame_wh == (96, 64)
        assert source.info.frames_per_s == pytest.approx(8.0)
        assert source.info.frame_count == 40
        frames = list(frames_of(source))
        end = source.read()
        assert source.read() == end, "the end stays the end"
    assert len(frames) == 40
    assert [frame.index for frame in frames] == list(range(40))
    assert [frame.at_s for frame in frames] == pytest.approx([i / 8 for i in range(40)])
    brightness = [frame.image_bgr.mean() for frame in frames if isinstance(frame, PictureFrame)]
    assert brightness == sorted(brightness), "in order, the first included"
    assert isinstance(end, SourceEnd)
    assert end.complete


def test_the_rate_of_a_file_that_lies_can_be_given(clip: Path) -> None:
    with VideoFileSource(clip, frames_per_s=2.0) as source:
        assert [frame.at_s for frame in frames_of(source)][:3] == pytest.approx([0.0, 0.5, 1.0])


class UnevenCapture:
    """A container whose pictures come unevenly: it announces its length at the rate of its clock."""

    def __init__(self, stamps_s: list[float], *, lasts_s: float) -> None:
        self._stamps_s, self._next = stamps_s, 0
        self._lasts_s = lasts_s

    def isOpened(self) -> bool:  # noqa: N802 OpenCV's name
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        if self._next == len(self._stamps_s):
            return False, None
        self._next += 1
        return True, np.zeros((48, 64, 3), dtype=np.uint8)

    def get(self, what: int) -> float:
        if what == cv2.CAP_PROP_FPS:
            return 1000.0
        if what == cv2.CAP_PROP_FRAME_COUNT:
            return 1000 * self._lasts_s
        return 1000 * self._stamps_s[self._next - 1]

    def release(self) -> None:
        pass


@pytest.mark.parametrize(("lasts_s", "complete"), [(1.1, True), (9.0, False)])
def test_pictures_that_come_unevenly_end_where_their_time_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasts_s: float, complete: bool
) -> None:
    path = tmp_path / "uneven.mkv"
    path.write_bytes(b"x")
    stamps_s = [0.0, 0.04, 0.3, 0.35, 1.0]
    monkeypatch.setattr(cv2, "VideoCapture", lambda _: UnevenCapture(stamps_s, lasts_s=lasts_s))
    with VideoFileSource(path) as source:
        assert [frame.at_s for frame in frames_of(source)] == pytest.approx(stamps_s)
        end = source.read()
    assert isinstance(end, SourceEnd)
    assert end.complete is complete


def test_a_truncated_file_ends_with_a_reason(clip: Path) -> None:
    os.truncate(clip, clip.stat().st_size // 2)
    with VideoFileSource(clip) as source:
        frames = list(frames_of(source))
        end = source.read()
    assert 0 < len(frames) < 30
    assert isinstance(end, SourceEnd)
    assert not end.complete
    assert end.frames == len(frames)
    assert "clip.avi breaks off after" in end.reason
    assert "40" in end.reason


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"", "empty"), (b"this is no video" * 100, "cannot be opened as a video"), (b"RIFF\x00\x00", "cannot be opened")],
)
def test_a_file_without_a_picture_is_an_error(tmp_path: Path, content: bytes, cause: str) -> None:
    path = tmp_path / "broken.avi"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=cause) as caught, VideoFileSource(path):
        pass
    assert str(caught.value).startswith("broken.avi: ")


def test_a_header_without_pictures_is_an_error(clip: Path) -> None:
    os.truncate(clip, 5700)
    with pytest.raises(SourceError, match=r"decoded|opened"), VideoFileSource(clip):
        pass


def test_a_missing_file_and_a_closed_one_are_errors(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(SourceError, match="no such file"), VideoFileSource(tmp_path / "none.avi"):
        pass
    source = VideoFileSource(clip)
    with pytest.raises(SourceError, match="not open"):
        source.read()


def test_pictures_without_a_detector_are_an_error_with_its_remedy(clip: Path) -> None:
    with VideoFileSource(clip) as source, pytest.raises(SourceError, match="name a detector in the site file"):
        people_in(next(frames_of(source)), None, source_name=source.name)


def test_the_real_clip(shared_dir: Path) -> None:
    with VideoFileSource(shared_dir / "data/video/vtest.avi") as source:
        assert source.info.frame_wh == (768, 576)
        assert source.info.frame_count == 795
        assert next(frames_of(source)).at_s == 0.0


def test_a_real_clip_cut_in_half(shared_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.avi"
    path.write_bytes((shared_dir / "data/video/vtest.avi").read_bytes()[:1_000_000])
    with VideoFileSource(path) as source:
        count = sum(1 for _ in frames_of(source))
        end = source.read()
    assert isinstance(end, SourceEnd)
    assert 0 < count < 795
    assert not end.complete


def test_a_damaged_file_does_not_fill_the_log(clip: Path) -> None:
    data = bytearray(clip.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    clip.write_bytes(data)
    code = (
        "import sys; from pathlib import Path; from storesense_edge.vision.source import frames_of;"
        "from storesense_edge.vision.video import VideoFileSource\n"
        "with VideoFileSource(Path(sys.argv[1])) as source: print(len(list(frames_of(source))))"
    )
    loud = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV_")}
    done = subprocess.run([sys.executable, "-c", code, str(clip)], capture_output=True, text=True, check=True, env=loud)
    assert 0 < int(done.stdout) < 40
    assert done.stderr == ""
