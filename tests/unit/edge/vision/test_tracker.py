from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_edge.vision.detections import Detections, clean_detections
from storesense_edge.vision.tracker import Tracker
from storesense_edge.vision.tracks import Tracks

HEIGHT = 100.0
WIDTH = 40.0


def people(*places: tuple[float, float] | tuple[float, float, float]) -> Detections:
    """Boxes of people whose feet are at (x, y), with the score given third or 0.9."""
    boxes = [[p[0] - WIDTH / 2, p[1] - HEIGHT, p[0] + WIDTH / 2, p[1]] for p in places]
    scores = [p[2] if len(p) > 2 else 0.9 for p in places]
    return clean_detections(np.array(boxes).reshape(-1, 4), np.array(scores))


def run(tracker: Tracker, pictures: Sequence[Detections], *, fps: float = 10.0, start_s: float = 0.0) -> list[Tracks]:
    return [tracker.step(picture, start_s + i / fps).only_confirmed() for i, picture in enumerate(pictures)]


def ids(history: Sequence[Tracks]) -> set[int]:
    return {int(i) for tracks in history for i in tracks.ids}


@pytest.mark.parametrize("fps", [30.0, 10.0, 5.0, 3.0])
def test_one_walker_is_one_track_at_any_frame_rate(fps: float) -> None:
    walker = [people((100 + 80 * i / fps, 300)) for i in range(int(8 * fps))]
    history = run(Tracker(), walker, fps=fps)
    assert ids(history) == {1}
    assert history[-1].feet_xy_px[0] == pytest.approx([100 + 80 * (len(walker) - 1) / fps, 300], abs=3)
    assert history[-1].velocities_xy_px_s[0] == pytest.approx([80, 0], abs=12)


def test_a_flicker_is_never_a_track_that_counts() -> None:
    flicker = [people((100, 300)), people(), people((300, 300)), people(), people()]
    history = run(Tracker(), flicker * 10)
    assert ids(history) == set()


def test_a_track_counts_only_after_its_time_of_probation() -> None:
    history = run(Tracker(), [people((100, 300))] * 20)
    born_s = next(i for i, tracks in enumerate(history) if len(tracks)) / 10
    assert 0.2 <= born_s <= 0.6
    assert history[-1].starts_xy_px.tolist() == [[100, 300]]


def test_weak_boxes_carry_a_track_on_and_never_begin_one() -> None:
    weak = [people((100 + 8 * i, 300, 0.2)) for i in range(30)]
    assert ids(run(Tracker(), weak)) == set()
    strong = [people((100 + 8 * i, 300)) for i in range(10)]
    history = run(Tracker(), strong + [people((180 + 8 * i, 300, 0.2)) for i in range(30)])
    assert ids(history) == {1}
    assert [tracks.seen.tolist() for tracks in history[10:]] == [[True]] * 30


def test_a_box_that_is_not_sure_begins_no_track_however_often_it_comes() -> None:
    assert ids(run(Tracker(), [people((100 + 8 * i, 300, 0.55)) for i in range(30)])) == set()
    assert ids(run(Tracker(), [people((100 + 8 * i, 300, 0.65)) for i in range(30)])) == {1}


def test_a_short_occlusion_is_bridged_and_said_to_be_unseen() -> None:
    walker = [people((100 + 8 * i, 300)) if not 20 <= i < 32 else people() for i in range(60)]
    history = run(Tracker(), walker)
    assert ids(history) == {1}
    assert not history[25].seen.any()
    assert history[40].seen.all()
    assert history[25].last_seen_s[0] == pytest.approx(1.9)


@pytest.mark.parametrize(
    ("away_px", "is_theirs"),
    [
        pytest.param(0, True, id="where they would be by now"),
        pytest.param(80, True, id="who dawdled meanwhile"),
        pytest.param(220, False, id="a lone box anywhere within reach"),
    ],
)
def test_somebody_lost_for_seconds_is_taken_for_what_is_likely_alone(away_px: float, *, is_theirs: bool) -> None:
    tracker = Tracker()
    run(tracker, [people((100 + 8 * i, 300)) for i in range(30)])
    history = run(tracker, [people()] * 19 + [people((400 - away_px, 300))], start_s=3.0)
    assert history[-1].seen.tolist() == [is_theirs]


def test_two_who_pass_each_other_keep_their_tracks() -> None:
    # The nearer one hides the other for half a second while they meet.
    pictures = []
    for i in range(60):
        right, left = (100 + 8 * i, 300), (580 - 8 * i, 306)
        pictures.append(people(left) if abs(right[0] - left[0]) < 40 else people(right, left))
    history = run(Tracker(), pictures)
    by_track = {int(i): x for i, x in zip(history[-1].ids, history[-1].feet_xy_px[:, 0], strict=True)}
    first = {int(i): x for i, x in zip(history[5].ids, history[5].feet_xy_px[:, 0], strict=True)}
    assert len(ids(history)) == 2
    assert all((by_track[i] > 340) == (first[i] < 340) for i in first), "each went on in its own direction"


def test_whoever_walks_out_of_the_picture_is_not_waited_for() -> None:
    walker = [people((560 + 8 * i, 300)) if 560 + 8 * i < 640 else people() for i in range(24)]
    history = run(Tracker(frame_wh=(640, 480)), walker)
    assert len(history[9]) == 1
    assert len(history[-1]) == 0, "lost for 1.4 s only, but the walk led out"


def test_somebody_far_away_is_somebody_else() -> None:
    history = run(Tracker(), [people((100, 300))] * 20 + [people()] * 10 + [people((600, 300))] * 20)
    assert len(ids(history)) == 2


def test_a_second_box_on_the_same_person_is_no_second_person() -> None:
    torso = np.array([[85, 205, 115, 260]])
    pictures = []
    for _ in range(30):
        whole = people((100, 300))
        pictures.append(Detections(np.concatenate([whole.boxes_xyxy_px, torso]), np.concatenate([whole.scores, [0.8]])))
    assert ids(run(Tracker(), pictures)) == {1}


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ([0.0, 0.1, 0.2, 0.3, 0.3, 0.3, 0.4], "time stands still"),
        ([0.0, 0.1, 0.2, 0.3, 0.1, 0.0, 0.4], "time runs back"),
        ([0.0, 0.1, 0.2, 0.5, 1.3, 1.4, 2.4], "frames are dropped"),
    ],
)
def test_odd_clocks_lose_nobody(times: list[float], why: str) -> None:
    tracker = Tracker()
    history = [tracker.step(people((100, 300)), at_s).only_confirmed() for at_s in times]
    assert ids(history) == {1}, why
    assert np.isfinite(history[-1].feet_xy_px).all()


def test_after_a_long_stall_nobody_is_taken_for_somebody_else() -> None:
    tracker = Tracker()
    run(tracker, [people((100, 300))] * 20)
    later = run(tracker, [people((105, 300))] * 20, start_s=60.0)
    assert 1 not in ids(later)
    assert len(ids(later)) == 1


def test_slots_are_reused_and_ids_are_not() -> None:
    tracker = Tracker()
    seen_ids: list[int] = []
    top_slot = 0
    for k in range(20):
        history = run(tracker, [people((100 + 300 * (k % 2), 300))] * 10, start_s=100.0 * k)
        seen_ids += history[-1].ids.tolist()
        top_slot = max(top_slot, *history[-1].slots.tolist())
    assert len(set(seen_ids)) == 20
    assert top_slot <= 1


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 5),
            st.lists(st.tuples(st.floats(-50, 700), st.floats(0, 600), st.floats(0, 1)), max_size=6),
        ),
        max_size=25,
    )
)
def test_whatever_a_detector_does_the_state_stays_sound(
    pictures: list[tuple[float, list[tuple[float, float, float]]]],
) -> None:
    tracker = Tracker(frame_wh=(640, 480))
    at_s = 0.0
    for step_s, places in pictures:
        at_s += step_s
        tracks = tracker.step(people(*places), at_s)
        assert np.isfinite(tracks.feet_xy_px).all()
        assert (tracks.heights_px > 0).all()
        assert len(set(tracks.ids.tolist())) == len(set(tracks.slots.tolist())) == len(tracks)
        assert int(tracks.seen.sum()) <= len(places)


def test_one_who_vanishes_and_comes_back_by_another_way_is_joined() -> None:
    # A step behind a pillar shifts the boxes by more than the gate lets through: found again, one and the same.
    first = [people((100 + 8 * i, 300)) for i in range(20)]
    second = [people((100 + 8 * i, 325)) for i in range(28, 50)]
    history = run(Tracker(), first + [people()] * 8 + second)
    joined = [pair for tracks in history for pair in tracks.joined]
    assert len(history[-1]) == 1
    assert joined in ([], [(1, 2)]), "taken up by its own track at once, or joined when confirmed"
    assert history[-1].ids.tolist() == [1]
    assert history[-1].starts_xy_px.tolist() == [[100, 300]]


def test_two_newcomers_who_both_fit_are_joined_with_nobody() -> None:
    first = [people((100 + 8 * i, 300)) for i in range(20)]
    both = [people((100 + 8 * i, 330), (100 + 8 * i, 270)) for i in range(28, 50)]
    history = run(Tracker(), first + [people()] * 8 + both)
    assert all(not tracks.joined for tracks in history)


def test_a_camera_that_is_turned_takes_everybody_along() -> None:
    # From one picture to the next the scene jumps by more than anybody walks, and everybody keeps their track.
    places = [(150.0, 300.0), (300.0, 320.0), (420.0, 280.0), (560.0, 310.0)]
    before = [people(*places)] * 12
    after = [people(*[(x + 90, y - 12) for x, y in places])] * 12
    history = run(Tracker(), before + after)
    assert ids(history) == {1, 2, 3, 4}
    assert history[-1].seen.all()
    assert sorted(history[-1].feet_xy_px[:, 0].round().tolist()) == [x + 90 for x, _ in places]


def test_a_queue_that_moves_up_by_one_place_is_no_turned_camera() -> None:
    # The first leaves and everybody else stays: as likely a shift of all by one place, but standing still explains it.
    line = [(100.0 + 60 * k, 300.0) for k in range(6)]
    history = run(Tracker(), [people(*line)] * 12 + [people(*line[1:])] * 12)
    feet = dict(zip(history[-1].ids.tolist(), history[-1].feet_xy_px[:, 0].round().tolist(), strict=True))
    start = dict(zip(history[8].ids.tolist(), history[8].feet_xy_px[:, 0].round().tolist(), strict=True))
    still_seen = history[-1].ids[history[-1].seen].tolist()
    assert len(still_seen) == 5
    assert all(feet[i] == start[i] for i in still_seen)


def test_two_boxes_that_take_turns_on_one_person_are_one_person() -> None:
    # A second box beside the first begins a track; then the detector draws now the one, now the other.
    pictures = [people((100 + 8 * i, 300)) for i in range(10)]
    for i in range(10, 40):
        here = [(100 + 8 * i, 300.0), (100 + 8 * i + 24, 300.0 - 10)]
        pictures.append(people(*here) if i == 10 else people(here[i % 2]))
    assert ids(run(Tracker(), pictures)) == {1}


def test_two_who_walk_close_together_are_both_believed() -> None:
    pictures = [people((100 + 8 * i, 300)) for i in range(10)]
    pictures += [people((100 + 8 * i, 300), (100 + 8 * i + 24, 290)) for i in range(10, 30)]
    history = run(Tracker(), pictures)
    assert len(history[-1]) == 2
