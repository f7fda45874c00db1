from pathlib import Path

import numpy as np
import pytest

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.lines import CountingLine, InSide
from storesense_edge.vision.mot_file import MotRows, parse_mot, read_mot
from storesense_simulators import eval_counting
from storesense_simulators.eval_counting import IDLE_S, CountingResult, evaluate_counting, true_crossings
from storesense_simulators.eval_input import LinesFile

HEIGHT = 100
UP = CountingLine("door", a_xy=(0, 100), b_xy=(0, 0))  # in is left, x below 0
FIVE_LINES = LinesFile((768, 576), tuple(CountingLine(f"x{x}", (x, 0), (x, 576)) for x in (150, 250, 384, 520, 620)))


def truth_of(*ways: list[tuple[float, float]], height: float = HEIGHT, confidence: int = 1) -> MotRows:
    """Ground truth of people whose feet walk these ways, one frame a point."""
    rows = [
        f"{frame},{person},{x - 20},{y - height},40,{height},{confidence}"
        for person, way in enumerate(ways, start=1)
        for frame, (x, y) in enumerate(way, start=1)
    ]
    return parse_mot(rows, source="truth")


@pytest.mark.parametrize(
    ("way", "height", "expected", "why"),
    [
        ([(-30, 50), (30, 50)], 100, (0, 1), "left to right is out"),
        ([(30, 50), (-30, 50)], 100, (1, 0), "right to left is in"),
        ([(-30, 50), (4.9, 50)], 100, (0, 0), "5 % of 100 px is 5 px"),
        ([(-30, 50), (5, 50)], 100, (0, 1), "exactly clear"),
        ([(-30, 50), (3.9, 50)], 40, (0, 0), "never less than 4 px"),
        ([(-30, 50), (4, 50)], 40, (0, 1), "4 px suffice for the small"),
        ([(-4.9, 50), (30, 50)], 100, (0, 0), "was not clear before"),
        ([(-30, 50), (0, 50), (2, 50), (-2, 50), (30, 50)], 100, (0, 1), "dithering on the line is one crossing"),
        ([(-30, 50), (2, 50), (-30, 50)], 100, (0, 0), "turned round"),
        ([(-30, 120), (30, 120)], 100, (0, 0), "beyond the end"),
        ([(-30, 50), (-30, 120), (30, 120), (30, 50)], 100, (0, 0), "around the end"),
        ([(-30, 50), (30, 50), (-30, 50)], 100, (1, 1), "there and back"),
    ],
)
def test_what_is_a_true_crossing(
    way: list[tuple[float, float]], height: float, expected: tuple[int, int], why: str
) -> None:
    assert true_crossings(truth_of(way, height=height), [UP]) == {"door": expected}, why


def test_rows_with_confidence_0_are_left_out() -> None:
    assert true_crossings(truth_of([(-30, 50), (30, 50)], confidence=0), [UP]) == {"door": (0, 0)}


def test_a_gap_in_a_person_is_walked_straight_and_people_are_not_mixed() -> None:
    rows = ["1,1,-60,-50,40,100,1", "9,1,20,-50,40,100,1", "1,2,80,-50,40,100,1", "9,2,90,-50,40,100,1"]
    assert true_crossings(parse_mot(rows, source="t"), [UP]) == {"door": (0, 1)}


def test_the_side_that_is_in_can_be_turned() -> None:
    walk = truth_of([(-30, 50), (30, 50)])
    turned = CountingLine("door", UP.a_xy, UP.b_xy, InSide.RIGHT)
    assert true_crossings(walk, [turned]) == {"door": (1, 0)}


def test_perfect_boxes_are_counted_perfectly() -> None:
    truth = truth_of([(-150 + 8 * i, 50) for i in range(40)], [(160 - 8 * i, 60) for i in range(40)])
    shifted = MotRows(truth.frames, truth.ids, truth.boxes_ltwh_px + np.array([300, 100, 0, 0]), truth.confidences)
    lines = LinesFile((640, 480), (CountingLine("door", (300, 200), (300, 100)),))
    result = evaluate_counting(shifted, shifted, lines, fps=10)
    assert result.truth == result.counted == {"door": (1, 1)}
    assert result.frames == 40


def test_an_hour_without_boxes_is_not_looked_at_and_changes_nothing() -> None:
    truth = truth_of([(180 + 8 * i, 160) for i in range(40)])
    lines = LinesFile((640, 480), (CountingLine("door", (300, 200), (300, 100)),))
    late = MotRows(truth.frames + 36_000, truth.ids + 1, truth.boxes_ltwh_px, truth.confidences)
    both = MotRows(*(np.concatenate(pair) for pair in zip(columns(truth), columns(late), strict=True)))
    result = evaluate_counting(both, both, lines, fps=10)
    assert result.truth == result.counted == {"door": (0, 2)}
    assert result.frames == 80 + IDLE_S * 10


def columns(rows: MotRows) -> tuple[np.ndarray, ...]:
    return rows.frames, rows.ids, rows.boxes_ltwh_px, rows.confidences


def test_the_sum_does_not_let_errors_cancel() -> None:
    result = CountingResult({"a": (3, 1), "b": (2, 0)}, {"a": (4, 0), "b": (1, 2)}, 10, 0.5)
    assert result.crossings == 6
    assert result.absolute_error == 1 + 1 + 1 + 2
    assert result.to_json() == {
        "crossings": 6,
        "absolute_error": 5,
        "error_ratio": 0.8333,
        "per_line": {"a": {"truth": [3, 1], "counted": [4, 0]}, "b": {"truth": [2, 0], "counted": [1, 2]}},
        "frames_per_s": 20.0,
    }


def test_without_a_crossing_there_is_no_ratio() -> None:
    assert CountingResult({"a": (0, 0)}, {"a": (0, 0)}, 1, 0.1).to_json()["error_ratio"] is None


def test_a_line_with_equal_ends_is_refused() -> None:
    lines = LinesFile((640, 480), (CountingLine("door", (1, 1), (1, 1)),))
    truth = truth_of([(1, 200)])
    with pytest.raises(GeometryError, match="same point"):
        evaluate_counting(truth, truth, lines, fps=10)


def test_the_published_truth_of_the_five_lines(shared_dir: Path) -> None:
    truth = true_crossings(read_mot(shared_dir / "data/mot/PETS09-S2L1.gt.txt"), FIVE_LINES.lines)
    assert sum(map(sum, truth.values())) == 133


@pytest.mark.parametrize(("stride", "limit"), [(1, 0.08), (2, 0.08), (3, 0.08), (5, 0.1)])
def test_the_public_detections_are_counted_well(shared_dir: Path, stride: int, limit: float) -> None:
    result = evaluate_counting(
        read_mot(shared_dir / "data/mot/PETS09-S2L1.sort-frcnn.det.txt"),
        read_mot(shared_dir / "data/mot/PETS09-S2L1.gt.txt"),
        FIVE_LINES,
        fps=10,
        stride=stride,
    )
    assert result.frames == -(-795 // stride)
    assert result.absolute_error <= limit * result.crossings


def test_worse_boxes_are_counted_worse_but_never_break_it(shared_dir: Path) -> None:
    truth = read_mot(shared_dir / "data/mot/PETS09-S2L1.gt.txt")
    rng = np.random.default_rng(1)
    kept = rng.random(len(truth.frames)) < 0.5
    noisy = MotRows(
        truth.frames[kept],
        truth.ids[kept],
        truth.boxes_ltwh_px[kept] + rng.normal(0, 4, (int(kept.sum()), 4)).clip(-12, 12),
        np.full(int(kept.sum()), 0.8),
    )
    result = evaluate_counting(noisy, truth, FIVE_LINES, fps=10)
    assert result.absolute_error <= 0.15 * result.crossings


def test_the_rate_is_that_of_the_recording_before_the_stride(monkeypatch: pytest.MonkeyPatch) -> None:
    times_s: list[float] = []

    def note(pictures: list[tuple[float, object]], *_: object) -> CountingResult:
        times_s.extend(at_s for at_s, _ in pictures)
        return CountingResult({}, {}, len(pictures), 1.0)

    monkeypatch.setattr(eval_counting, "count_pictures", note)
    walk = truth_of([(float(x), 300.0) for x in range(100, 114)])
    evaluate_counting(walk, walk, FIVE_LINES, fps=10, stride=4)
    assert times_s == [0.0, 0.4, 0.8, 1.2]
