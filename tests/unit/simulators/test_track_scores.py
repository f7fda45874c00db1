import numpy as np
import pytest

from storesense_simulators.track_scores import Labelled, average_precision, score_tracks


def picture(*people: tuple[int, float]) -> Labelled:
    """People given as (id, left edge), each 20 px wide and 50 high."""
    boxes = np.array([[x, 0.0, x + 20, 50] for _, x in people]).reshape(-1, 4)
    return Labelled(boxes, np.array([i for i, _ in people], dtype=np.int64))


WALK = [picture((1, 10.0 * i)) for i in range(10)]


def test_perfect_tracks_score_one() -> None:
    scores = score_tracks(WALK, [picture((7, 10.0 * i)) for i in range(10)])
    assert (scores.mota, scores.idf1, scores.hota, scores.switches) == (1.0, 1.0, 1.0, 0)


def test_nothing_found_and_nothing_true() -> None:
    missed = score_tracks(WALK, [picture()] * 10)
    assert (missed.mota, missed.idf1, missed.hota, missed.switches) == (0.0, 0.0, 0.0, 0)
    nobody = score_tracks([picture()] * 10, WALK)
    assert (nobody.mota, nobody.idf1, nobody.hota) == (None, None, None)


def test_a_switch_halfway_by_hand() -> None:
    # Ten sightings, five under each of two names: one switch; the best naming gets half of them right; each match
    # belongs to a pairing that is half of the person's and the whole of the track's: HOTA = sqrt(1 * 0.5).
    scores = score_tracks(WALK, [picture((1 if i < 5 else 2, 10.0 * i)) for i in range(10)])
    assert scores.switches == 1
    assert scores.mota == pytest.approx(0.9)
    assert scores.idf1 == pytest.approx(0.5)
    assert scores.hota == pytest.approx(np.sqrt(0.5), abs=1e-4)


def test_a_false_person_beside_the_true_one_by_hand() -> None:
    scores = score_tracks(WALK, [picture((1, 10.0 * i), (9, 500.0)) for i in range(10)])
    assert scores.mota == 0.0
    assert scores.idf1 == pytest.approx(2 * 10 / 30, abs=1e-4)
    assert scores.hota == pytest.approx(np.sqrt(0.5), abs=1e-4)


def test_boxes_half_a_width_off_count_only_for_small_overlaps() -> None:
    # 10 of 20 px shared is an overlap of a third: below 0.5 nothing matches, and HOTA has 6 of 19 levels.
    scores = score_tracks(WALK, [picture((1, 10.0 * i + 10)) for i in range(10)])
    assert scores.mota == -1.0
    assert scores.idf1 == 0.0
    assert scores.hota == pytest.approx(6 / 19, abs=1e-4)


def test_a_pairing_that_still_fits_is_kept() -> None:
    # In the second picture another track lies a little better; taking it would be a switch.
    truth = [picture((1, 0.0)), picture((1, 0.0))]
    tracks = [picture((5, 0.0)), picture((5, 2.0), (6, 0.0))]
    scores = score_tracks(truth, tracks)
    assert scores.switches == 0
    assert scores.mota == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("found", "scores", "expected", "why"),
    [
        ([0.0, 100.0], [0.9, 0.8], 1.0, "both found"),
        ([0.0, 300.0], [0.9, 0.8], 0.5, "one found, a false one after it does not matter"),
        ([300.0, 0.0], [0.9, 0.8], 0.25, "a false one before it halves the precision"),
        ([0.0, 1.0], [0.9, 0.8], 0.5, "a second box on one person is false"),
        ([], [], 0.0, "nothing found"),
    ],
)
def test_average_precision_by_hand(found: list[float], scores: list[float], expected: float, why: str) -> None:
    truth = picture((1, 0.0), (2, 100.0)).boxes_xyxy_px
    boxes = picture(*[(i, x) for i, x in enumerate(found)]).boxes_xyxy_px
    assert average_precision([truth], [boxes], [np.array(scores)]) == pytest.approx(expected), why


def test_average_precision_of_no_truth_is_none() -> None:
    assert average_precision([np.empty((0, 4))], [np.array([[0.0, 0, 1, 1]])], [np.array([0.5])]) is None
