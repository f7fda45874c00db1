from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np

from storesense_edge.vision.detections import Detections
from storesense_edge.vision.mot_file import parse_mot
from storesense_edge.vision.source import DetectedFrame, SourceEnd, SourceInfo
from storesense_simulators.eval_video import evaluate_video, usual_lines

FRAME_WH = (600, 400)


class Recorded:
    """A recording whose frames bring their boxes."""

    live = False
    name = "recorded"

    def __init__(self, pictures: Sequence[Detections], fps: float) -> None:
        self._frames = [DetectedFrame(i, i / fps, people) for i, people in enumerate(pictures)]
        self._next = 0
        self.info = SourceInfo(FRAME_WH, fps, len(pictures))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def read(self) -> DetectedFrame | SourceEnd:
        if self._next >= len(self._frames):
            return SourceEnd(complete=True, frames=self._next, reason="over")
        self._next += 1
        return self._frames[self._next - 1]


def test_a_walk_seen_perfectly_scores_near_one() -> None:
    boxes = [np.array([[20 + 8.0 * i, 100, 50 + 8.0 * i, 190]]) for i in range(65)]
    truth = parse_mot([f"{i + 1},1,{20 + 8 * i},100,30,90,1" for i in range(65)], source="truth")
    source = Recorded([Detections(box, np.array([0.9])) for box in boxes], 10.0)
    result = evaluate_video(source, None, truth, usual_lines(FRAME_WH))
    data = result.to_json()
    assert data["detection_ap"] == 1.0
    assert data["switches"] == 0
    assert data["mota"] > 0.9, "all but the time before it is confirmed"
    assert 0.9 < data["idf1"] <= 1.0
    assert 0.9 < data["hota"] <= 1.0
    assert data["crossings"] == 5
    assert data["absolute_error"] == 0
    assert sorted(data["per_line"]) == ["x100", "x200", "x300", "x400", "x500"]


def test_nobody_found_is_nothing_right() -> None:
    truth = parse_mot([f"{i + 1},1,{20 + 8 * i},100,30,90,1" for i in range(65)], source="truth")
    source = Recorded([Detections.none()] * 65, 10.0)
    data = evaluate_video(source, None, truth, usual_lines(FRAME_WH)).to_json()
    assert (data["detection_ap"], data["mota"], data["idf1"], data["hota"]) == (0.0, 0.0, 0.0, 0.0)
    assert data["absolute_error"] == data["crossings"] == 5
