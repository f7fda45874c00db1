import numpy as np

from storesense_edge.vision.lines import CountingLine
from storesense_edge.vision.mot_file import MotRows
from storesense_simulators.eval_input import LinesFile
from storesense_simulators.eval_sweep import FLAWS, Flaws, flawed_detections, sweep

FRAME_WH = (640, 480)
LINES = LinesFile(FRAME_WH, (CountingLine("middle", (320, 480), (320, 0)),))
PERFECT, POOR = FLAWS[0], FLAWS[-1]


def walkers(count: int, frames: int, *, fps: float = 10.0) -> MotRows:
    """People who cross the picture one behind the other, far apart in depth, half of them each way."""
    rows = []
    for person in range(count):
        for i in range(frames):
            x = 20 + 60 * i / fps
            left = (x if person % 2 else 620 - x) - 12
            rows.append((i + 1, person + 1, left, 40.0 + 70 * person, 24.0, 60.0, 1.0))
    table = np.array(rows)
    return MotRows(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2:6], table[:, 6])


def seen_by(flaws: Flaws, truth: MotRows, seed: int = 1) -> MotRows:
    return flawed_detections(truth, flaws, frame_wh=FRAME_WH, fps=10.0, rng=np.random.default_rng(seed))


def test_a_perfect_detector_sees_everybody_as_they_are() -> None:
    truth = walkers(4, 90)
    seen = seen_by(PERFECT, truth)
    assert len(seen.frames) == len(truth.frames)
    assert (seen.ids == -1).all()
    np.testing.assert_allclose(np.sort(seen.boxes_ltwh_px, axis=0), np.sort(truth.boxes_ltwh_px, axis=0))


def test_a_poor_one_misses_invents_and_trembles_as_it_says() -> None:
    truth = walkers(4, 400)
    seen = seen_by(Flaws("half", missed=0.5, false=0.0, tremble=0.05), truth)
    assert abs(len(seen.frames) / len(truth.frames) - 0.5) < 0.05
    heights = seen.boxes_ltwh_px[:, 3]
    assert abs(heights.std() / 60 - 0.05) < 0.01
    false = seen_by(Flaws("ghosts", missed=0.0, false=0.2, tremble=0.0), truth)
    assert abs(len(false.frames) / len(truth.frames) - 1.2) < 0.05


def test_whoever_is_wholly_hidden_is_missed() -> None:
    behind = [(f, 1, 100.0, 100.0, 40.0, 100.0, 1.0) for f in range(1, 51)]
    before = [(f, 2, 96.0, 96.0, 48.0, 110.0, 1.0) for f in range(1, 51)]
    table = np.array(behind + before)
    truth = MotRows(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2:6], table[:, 6])
    seen = seen_by(PERFECT, truth)
    assert len(seen.frames) == 50
    assert (seen.boxes_ltwh_px[:, 3] == 110).all()


def test_chance_is_the_seeds() -> None:
    truth = walkers(3, 60)
    same = [seen_by(POOR, truth, seed=7).boxes_ltwh_px for _ in range(2)]
    np.testing.assert_array_equal(same[0], same[1])
    assert not np.array_equal(same[0], seen_by(POOR, truth, seed=8).boxes_ltwh_px)


def test_a_sweep_counts_every_detector_at_every_rate() -> None:
    truth = walkers(4, 90)
    rows = list(
        sweep(
            truth,
            {"file": seen_by(PERFECT, truth)},
            LINES,
            fps=10.0,
            seed=1,
            flaws=(PERFECT, FLAWS[1]),
            rates_per_s=(10.0, 5.0),
        )
    )
    assert [(row.detector, row.frames_per_s) for row in rows] == [
        (name, rate) for name in ("file", "perfect", "good") for rate in (10.0, 5.0)
    ]
    assert all(row.crossings == 4 and row.absolute_error == 0 for row in rows)
    assert rows[0].to_json()["error_ratio"] == 0.0
