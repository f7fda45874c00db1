import json
from datetime import datetime
from itertools import accumulate
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from storesense_backend.door_occupancy import DoorStep, reconcile_day
from storesense_contracts.cli import main
from storesense_simulators.eval_twin import TwinScore
from storesense_simulators.eval_twin_figures import QueueFigures, heat_figures, is_visit, share_within
from storesense_simulators.eval_twin_next_wait import next_waits_of
from storesense_simulators.eval_twin_report import occupancy_of
from storesense_simulators.eval_twin_seams import SeamFigures
from storesense_simulators.twin.detection_depth import CameraEye, detection_frames
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.eye_flaws import DetectionFlaws
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.truth import TruthEvent, TruthKind


def test_a_perfect_detector_leaves_little_error() -> None:
    shop = load_shop("convenience")
    twin = Twin(shop, seed=5, began_at=datetime(2026, 3, 2, 17, 0, tzinfo=ZoneInfo(shop.hours.time_zone)))
    eyes = [CameraEye(m, shop, seed=5, flaws=DetectionFlaws.perfect(), frames_per_s=5) for m in shop.cameras]
    score = TwinScore(shop)
    for step in detection_frames(twin, eyes, until_ms=60_000, frames_per_s=5, doors=shop.doors):
        score.take(step)
    found = score.finish()
    assert found["frames"] == 301 * len(shop.cameras)
    assert found["counts"]["absolute_error"] <= 1
    assert found["occupancy"]["within_1_ratio"] >= 0.98
    heat = found["heatmap"]
    assert heat["true_s"] > 100
    assert 0.85 <= heat["in_view_ratio"] <= 1.0
    assert abs(heat["total_error_ratio"]) <= 0.1
    assert heat["correlation"] >= 0.97
    assert 0 < found["staff"]["true_share"] < 1


def test_waits_are_compared_by_quarter_hours_and_with_littles_law() -> None:
    queue = QueueFigures()
    queue.true_waits_s = [(100.0, 60.0), (200.0, 40.0), (1000.0, 10.0)]
    for at_s, wait_s in ((100.0, 60.0), (200.0, 50.0), (1000.0, 10.0)):
        queue.add_measured(at_s, wait_s, 5.0, served=True)
    for second in range(1, 1801):
        queue.measured_now = 1 if second <= 80 else 0
        queue.sample(float(second))
    errors = queue.window_errors()
    assert errors["weight"] == pytest.approx(110.0)
    assert errors["measured"] == pytest.approx(2 * 5.0)
    assert errors["little"] == pytest.approx(2 * abs(80 / 2 - 50.0) + 10.0)


def test_whoever_joins_is_told_a_wait_from_what_was_measured_until_then() -> None:
    queue = QueueFigures()
    queue.opened = [(0.0, 1)]
    for second in range(1, 1001):
        queue.measured_now = 2 if 400 <= second < 500 else 0
        queue.sample(float(second))
    # Fifty services of a minute are known before anybody joins, and one of an hour only afterwards.
    queue.services_told_s = [(float(at_s), 60.0) for at_s in range(50)] + [(990.0, 3_600.0)]
    # One joins a free till and walks up to it; one joins behind two others, one just as long as three services take.
    queue.true_waits_s = [(302.0, 2.0), (450.0 + 150.0, 150.0), (460.0 + 900.0, 900.0)]
    found = next_waits_of([queue])
    assert (found["asked"], found["asked_behind_others"]) == (3, 2)
    assert found["held_ratio"] == pytest.approx(2 / 3)
    assert found["held_behind_others_ratio"] == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("number_after", "away_s", "expected"),
    [
        pytest.param(7, 1, (1, 1), id="keeps the number"),
        pytest.param(8, 1, (1, 0), id="is somebody new"),
        pytest.param(8, 9, (0, 0), id="was lost before"),
    ],
)
def test_a_passing_is_judged_once_somebody_is_settled_on_the_next_floor(
    number_after: int, away_s: int, expected: tuple[int, int]
) -> None:
    seams = SeamFigures()
    for camera, begin_s, seconds, number, x in (("a", 0, 5, 7, 1.0), ("b", 4 + away_s, 4, number_after, 6.0)):
        for second in range(begin_s, begin_s + seconds):
            seams.sample(
                camera,
                second * 1000,
                people=np.array([1, 2]),
                people_xy_m=np.array([[x, 0.0], [x, 9.0]]),
                found=np.array([number]),
                found_xy_m=np.array([[x + 0.2, 0.0]]),
            )
    assert (seams.passed, seams.kept) == expected


@pytest.mark.parametrize(("second_person", "expected"), [(1, (1, 0)), (2, (1, 1))])
def test_a_number_that_two_people_bore_at_two_cameras_was_handed_over_wrongly(
    second_person: int, expected: tuple[int, int]
) -> None:
    seams = SeamFigures()
    for camera, begin_s, person in (("a", 0, 1), ("b", 5, second_person)):
        for second in range(begin_s, begin_s + 5):
            seams.sample(
                camera,
                second * 1000,
                people=np.array([person]),
                people_xy_m=np.array([[1.0, 0.0]]),
                found=np.array([7]),
                found_xy_m=np.array([[1.2, 0.0]]),
            )
    told = seams.told()
    assert (told["handed"], told["mixed"]) == expected


def test_without_an_open_till_nobody_is_told_a_wait() -> None:
    queue = QueueFigures()
    queue.sample(1.0)
    queue.opened = [(0.0, 1), (1.0, -1)]
    queue.true_waits_s = [(20.0, 2.0)]
    assert next_waits_of([queue])["asked"] == 0


def test_who_gave_up_has_no_wait_to_compare() -> None:
    queue = QueueFigures()
    queue.add_measured(10.0, 5.0, None, served=False)
    assert (queue.waits_s, queue.abandoned) == ([], 1)


def test_heatmaps_are_compared_over_all_cells_that_are_seen() -> None:
    true_s = np.array([[0.0, 10.0], [20.0, 30.0]])
    points_s = np.array([[10.0, 0.0], [20.0, 30.0]])
    everywhere = np.ones((2, 2), dtype=bool)
    found = heat_figures([(true_s, true_s * 0.9, points_s, everywhere)])
    assert found["total_error_ratio"] == pytest.approx(-0.1)
    assert found["correlation"] == pytest.approx(1.0)
    assert found["point_correlation"] < 0.9
    measured_s = true_s.copy()
    measured_s[0, 1] = 99.0
    seen = np.array([[True, False], [True, True]])
    found = heat_figures([(true_s, measured_s, points_s, seen)])
    assert (found["total_error_ratio"], found["correlation"]) == (0.0, pytest.approx(1.0))
    assert found["in_view_ratio"] == pytest.approx(50 / 60)
    nobody = np.zeros((2, 2))
    assert heat_figures([(nobody, nobody, nobody, everywhere)])["correlation"] is None


@pytest.mark.parametrize(
    ("dwell_ms", "is_staff", "expected"), [(500, False, True), (499, False, False), (60_000, True, False)]
)
def test_a_visit_is_a_customers_and_no_mere_touch(dwell_ms: int, is_staff: bool, expected: bool) -> None:
    event = TruthEvent(t_ms=1, kind=TruthKind.ZONE_LEFT, subject_id="a", is_staff=is_staff, dwell_ms=dwell_ms)
    assert is_visit(event) is expected


def test_shares_of_time() -> None:
    assert share_within([(3, 3), (3, 4), (3, 5), (3, 1)], 1) == 0.5
    assert share_within([], 1) is None


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "twin", "--store", "convenience", "--hours", "0.005", "--fps", "5", "--json"]) == 0
    told = capsys.readouterr().out.splitlines()
    found = json.loads(told[-1])
    assert {"counts", "occupancy", "dwell", "queue_length", "wait", "heatmap", "groups", "staff"} <= set(found)
    assert found["frames"] == 5 * 91
    assert {line[:16].strip(): line[17:].split(" ")[0] for line in told[:-1]}.items() >= {
        ("crossings", str(found["counts"]["counted"])),
        ("visits to zones", str(found["dwell"]["visits"])),
        ("staff", "precision"),
    }


def test_a_store_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "twin", "--store", "nowhere"]) != 0
    assert "nowhere" in capsys.readouterr().err


def test_a_reconciled_day_is_judged_in_whole_people_as_the_raw_one_is() -> None:
    # Three of ten who came in were missed, one after the other; all ten go at the end.
    true = [*range(1, 11), *range(9, -1, -1)]
    counted_in = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1]
    steps = [DoorStep(entered, 0) for entered in counted_in] + [DoorStep(0, 1)] * 10
    raw = list(accumulate(step.entered - step.left for step in steps))
    doors = occupancy_of({}, list(zip(true, raw, strict=True)), steps)["doors"]
    assert doors["within_1_ratio"] == pytest.approx(5 / 20)
    in_parts = reconcile_day(steps).people
    by_parts = sum(abs(people - there) <= 1 for people, there in zip(in_parts, true, strict=True)) / 20
    assert doors["reconciled_within_1_ratio"] > by_parts > doors["within_1_ratio"]
    assert doors["mean_error"] == pytest.approx(sum(abs(m - t) for t, m in zip(true, raw, strict=True)) / 20)
    assert doors["reconciled_mean_error"] < doors["mean_error"]


def test_a_run_that_ends_within_the_day_is_not_reconciled() -> None:
    doors = occupancy_of({}, [(1, 1), (2, 1), (2, 1)], [DoorStep(1, 0), DoorStep(0, 0), DoorStep(0, 0)])["doors"]
    assert (doors["within_1_ratio"], doors["true_at_end"], doors["at_end"]) == (1.0, 2, 1)
    assert doors["reconciled_within_1_ratio"] is doors["reconciled_mean_error"] is None
