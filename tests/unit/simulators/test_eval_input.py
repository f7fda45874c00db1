import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.lines import CountingLine, InSide
from storesense_edge.vision.mot_file import parse_mot
from storesense_simulators.eval_input import (
    MOST_LINES,
    EvalInputError,
    LinesFile,
    parse_lines,
    read_lines,
    read_truth,
    share_outside,
)

DOOR = {"id": "door", "a": [100, 20], "b": [100, 400]}


def text_of(*lines: object, frame_wh: object = (640, 480)) -> str:
    return json.dumps({"frame_wh": frame_wh, "lines": lines})


def test_a_lines_file_is_read() -> None:
    text = text_of({"id": "a", "a": [1, 2], "b": [3, 4], "in_side": "right"}, {"id": 2, "a": [-5.5, 2], "b": [3, 900]})
    assert parse_lines(text, source="l.json") == LinesFile(
        (640, 480), (CountingLine("a", (1, 2), (3, 4), InSide.RIGHT), CountingLine("2", (-5.5, 2), (3, 900)))
    )


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{", "line 1: it is no JSON"),
        ("", "line 1: it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("null", "it is no object"),
        ("[]", "it is no object"),
        ('{"frame_wh": [640, 480]}', '"lines" is no list'),
        (text_of(), '"lines" is no list of 1'),
        (text_of(*[DOOR] * (MOST_LINES + 1)), f"to {MOST_LINES} lines"),
        (json.dumps({"lines": [DOOR]}), '"frame_wh" is not two whole numbers'),
        (text_of(DOOR, frame_wh=[640]), '"frame_wh" is not'),
        (text_of(DOOR, frame_wh=[0, 480]), '"frame_wh" is not'),
        (text_of(DOOR, frame_wh=[640.5, 480]), '"frame_wh" is not'),
        (text_of(DOOR, frame_wh=[1e300, 480]), '"frame_wh" is not'),
        (text_of(DOOR, frame_wh=[True, 480]), '"frame_wh" is not'),
        (text_of(DOOR, "door"), "line 2 is no object"),
        (text_of({**DOOR, "id": None}), 'line 1 has no "id"'),
        (text_of({"id": "door", "a": [1, 2]}), '"b" of line door is not two finite numbers'),
        (text_of({**DOOR, "a": [1]}), '"a" of line door'),
        (text_of({**DOOR, "a": "12"}), '"a" of line door'),
        (text_of({**DOOR, "a": [True, 2]}), '"a" of line door'),
        (text_of({**DOOR, "a": [float("nan"), 2]}), '"a" of line door'),
        (text_of({**DOOR, "a": [10**400, 2]}), '"a" of line door'),
        (text_of({**DOOR, "in_side": "up"}), 'neither "left" nor "right"'),
        (text_of({**DOOR, "in_side": ["left"]}), 'neither "left" nor "right"'),
        (text_of({"id": "door", "a": [0.2, 0], "b": [0.2, 1]}), "as shares of the picture"),
    ],
)
def test_a_wrong_lines_file_is_named_with_its_cause(text: str, cause: str) -> None:
    with pytest.raises(EvalInputError) as caught:
        parse_lines(text, source="l.json")
    assert cause in str(caught.value)
    assert str(caught.value).startswith("l.json")
    assert caught.value.exit_code == 2


JSON_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["frame_wh", "lines", "id", "a", "b", "in_side"]), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_any_json_is_lines_or_an_error_that_names_the_file(value: object) -> None:
    try:
        lines = parse_lines(json.dumps(value), source="l.json")
    except EvalInputError as error:
        assert str(error).startswith("l.json")  # noqa: PT017 either way is allowed
    else:
        assert lines.lines


def test_a_byte_order_mark_is_no_part_of_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "l.json"
    path.write_bytes(b"\xef\xbb\xbf" + text_of(DOOR).encode())
    assert [line.line_id for line in read_lines(path).lines] == ["door"]


@pytest.mark.parametrize(("content", "cause"), [(b"\xff\xfe\x00", "no text"), (b" " * 1_000_001, "larger than 1 MB")])
def test_a_file_that_cannot_hold_lines_is_refused(tmp_path: Path, content: bytes, cause: str) -> None:
    path = tmp_path / "l.json"
    path.write_bytes(content)
    with pytest.raises(EvalInputError, match=cause):
        read_lines(path)
    with pytest.raises(EvalInputError, match="no such file"):
        read_lines(tmp_path / "none.json")


def test_truth_has_each_person_once_in_a_frame_and_only_rows_that_count(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("2,7,10,10,20,40,1\n1,7,9,10,20,40,1\n2,7,99,10,20,40,1\n2,8,50,10,20,40,1\n2,-1,5,5,20,40,0\n")
    truth = read_truth(path)
    assert truth.frames.tolist() == [2, 1, 2]
    assert truth.ids.tolist() == [7, 7, 8]
    assert truth.boxes_ltwh_px[:, 0].tolist() == [10, 9, 50]


def test_detections_given_as_truth_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "det.txt"
    path.write_text("1,-1,10,10,20,40,0.9\n2,-1,10,10,20,40,0.9\n")
    with pytest.raises(EvalInputError, match="do not say who they show"):
        read_truth(path)


def test_truth_in_which_no_row_counts_is_nobody(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("1,1,10,10,20,40,0\n")
    assert len(read_truth(path).frames) == 0


def test_boxes_outside_the_picture_are_seen() -> None:
    rows = parse_mot(
        ["1,-1,-30,10,20,40,1", "1,-1,640,10,20,40,1", "1,-1,630,470,20,40,1", "1,-1,5,5,9,9,1"], source="x"
    )
    assert share_outside(rows, (640, 480)) == 0.5
    assert share_outside(parse_mot([], source="x"), (640, 480)) == 0.0
