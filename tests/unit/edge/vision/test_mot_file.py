from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.errors import SourceError
from storesense_edge.vision.mot_file import MotFileSource, detection_scores, parse_mot, read_mot
from storesense_edge.vision.source import DetectedFrame, SourceEnd, frames_of, people_in

GOOD = "1,-1,10,20,30,60,0.9,-1,-1,-1"


def test_a_row_is_a_box() -> None:
    rows = parse_mot([GOOD, "", "3,7,1.5,2.5,3,4,1"], source="x.txt")
    assert rows.frames.tolist() == [1, 3]
    assert rows.ids.tolist() == [-1, 7]
    assert rows.boxes_ltwh_px.tolist() == [[10, 20, 30, 60], [1.5, 2.5, 3, 4]]
    assert rows.confidences.tolist() == [0.9, 1]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("1,-1,10,20,30", "5 fields"),
        ("1,-1,10,oops,30,60,0.9", "'oops' is no number"),
        ("1,-1,10,nan,30,60,0.9", "not finite"),
        ("1,-1,10,20,inf,60,0.9", "not finite"),
        ("0,-1,10,20,30,60,0.9", "'0' is no frame number"),
        ("1.5,-1,10,20,30,60,0.9", "'1.5' is no frame number"),
        ("99999999999,-1,10,20,30,60,0.9", "no frame number"),
        ("1,-1,10,20,-30,60,0.9", "no area"),
        ("1;-1;10;20;30;60;0.9", "1 fields"),
    ],
)
def test_a_malformed_line_is_named_with_its_number(line: str, cause: str) -> None:
    with pytest.raises(SourceError, match=cause) as caught:
        parse_mot([GOOD, "", GOOD, line], source="boxes.txt")
    assert caught.value.line == 4
    assert str(caught.value).startswith("boxes.txt, line 4: ")


@given(st.lists(st.text(max_size=40), max_size=10))
def test_garbage_is_an_error_with_a_line_and_nothing_else(lines: list[str]) -> None:
    try:
        rows = parse_mot(lines, source="x")
    except SourceError as error:
        assert error.line is not None  # noqa: PT017 either way is allowed
    else:
        assert len(rows.frames) == len(rows.boxes_ltwh_px)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "boxes.txt"
    path.write_text(text)
    return path


def test_frames_come_in_order_and_empty_ones_have_nobody(tmp_path: Path) -> None:
    path = write(tmp_path, "4,-1,10,20,30,60,0.8\n2,-1,10,20,30,60,0.9\n2,-1,50,20,30,60,0.7\n4,-1,900,20,30,60,0.8\n")
    with MotFileSource(path, frames_per_s=5.0, frame_wh=(640, 480)) as source:
        frames = list(frames_of(source))
        assert source.info.frame_count == 4
        end = source.read()
    assert isinstance(end, SourceEnd)
    assert end.complete
    assert [frame.at_s for frame in frames] == pytest.approx([0.0, 0.2, 0.4, 0.6])
    assert all(isinstance(frame, DetectedFrame) for frame in frames)
    people = [people_in(frame, None, source_name="x") for frame in frames]
    assert [len(boxes) for boxes in people] == [0, 2, 0, 1], "the box outside the picture is left out"
    assert people[3].boxes_xyxy_px.tolist() == [[10, 20, 40, 80]]


def test_a_recording_may_be_longer_than_its_rows(tmp_path: Path) -> None:
    with MotFileSource(write(tmp_path, GOOD), frames_per_s=5, frame_wh=(640, 480), frame_count=3) as source:
        assert len(list(frames_of(source))) == 3


def test_reading_again_starts_anew(tmp_path: Path) -> None:
    source = MotFileSource(write(tmp_path, GOOD), frames_per_s=5, frame_wh=(640, 480))
    for _ in range(2):
        with source:
            assert len(list(frames_of(source))) == 1
    with pytest.raises(SourceError, match="not open"):
        source.read()


def test_a_byte_order_mark_is_no_part_of_the_first_number(tmp_path: Path) -> None:
    path = tmp_path / "boxes.txt"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_mot(path).frames.tolist() == [1]


@pytest.mark.parametrize(("content", "cause"), [(b"", "no rows"), (b"\xff\xfe\x00\x01", "no text file")])
def test_a_file_without_rows_is_refused(tmp_path: Path, content: bytes, cause: str) -> None:
    path = tmp_path / "boxes.txt"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=cause):
        read_mot(path)


def test_a_missing_file_and_a_silly_rate_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read_mot(tmp_path / "none.txt")
    with pytest.raises(SourceError, match="no rate"):
        MotFileSource(tmp_path / "none.txt", frames_per_s=0, frame_wh=(1, 1))


def test_the_real_recordings_parse_whole(shared_dir: Path) -> None:
    detections = read_mot(shared_dir / "data/mot/PETS09-S2L1.sort-frcnn.det.txt")
    truth = read_mot(shared_dir / "data/mot/PETS09-S2L1.gt.txt")
    assert detections.frames.max() == truth.frames.max() == 795
    assert set(np.unique(truth.confidences)) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("confidences", "expected", "why"),
    [
        ([0.2, 0.9, 1.0], [0.2, 0.9, 1.0], "a network's scores are left alone"),
        ([], [], "no rows"),
        ([-1.0, -1.0, -1.0], [1.0, 1.0, 1.0], "every row alike says nothing against any"),
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], "a column that was left at 0 says nothing either"),
        ([0.3], [0.3], "one row is not alike anything"),
        ([200.0, 50.0, 8.0], [1.0, 0.52, 0.21], "margins are judged by the best"),
        ([99.0, 98.0, 60.0, 12.0], [0.99, 0.98, 0.6, 0.12], "percent"),
        ([70.0, 17.5, 2.8], [1.0, 0.52, 0.21], "the best of these is no percent"),
        ([2.0, 0.5, -0.5], [1.0, 0.52, 0.0], "a margin below 0 is hardly one"),
        ([-0.2, -0.5, -0.9], [1.0, 0.77, 0.0], "all below a threshold"),
    ],
)
def test_scores_of_any_scale_become_0_to_1(confidences: list[float], expected: list[float], why: str) -> None:
    assert detection_scores(np.array(confidences, dtype=float)).tolist() == pytest.approx(expected, abs=0.015), why
