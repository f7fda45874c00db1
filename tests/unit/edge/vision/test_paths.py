from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from storesense_edge.vision.paths import PICTURES_KEPT, PathPoints, PathSettings, PathSmoother
from storesense_edge.vision.tracks import Tracks

HEIGHT = 100.0


def seen(
    *people: tuple[int, float, float, float], confirmed: bool = True, joined: tuple[tuple[int, int], ...] = ()
) -> Tracks:
    """Tracks of people given as (id, foot x, foot y, height), all seen just now."""
    table = np.array(people, dtype=float).reshape(-1, 4)
    count = len(table)
    return Tracks(
        ids=table[:, 0].astype(np.int64),
        slots=np.arange(count, dtype=np.intp),
        feet_xy_px=table[:, 1:3],
        heights_px=table[:, 3],
        velocities_xy_px_s=np.zeros((count, 2)),
        seen=np.ones(count, dtype=np.bool_),
        starts_xy_px=table[:, 1:3],
        first_seen_s=np.zeros(count),
        last_seen_s=np.zeros(count),
        confirmed=np.full(count, confirmed),
        measured_feet_xy_px=table[:, 1:3],
        measured_heights_px=table[:, 3],
        widths_px=table[:, 3] / 3,
        joined=joined,
    )


def unseen(*people: tuple[int, float, float, float], confirmed: bool = True) -> Tracks:
    """The same people, whom this picture does not show."""
    tracks = seen(*people, confirmed=confirmed)
    return replace(tracks, seen=np.zeros(len(tracks), dtype=np.bool_))


def both(some: Tracks, others: Tracks) -> Tracks:
    """Two kinds of tracks in one picture."""
    names = [field.name for field in fields(Tracks) if field.name != "joined"]
    joined: dict[str, Any] = {name: np.concatenate([getattr(some, name), getattr(others, name)]) for name in names}
    return Tracks(**joined)


def run(smoother: PathSmoother, pictures: Sequence[Tracks], *, fps: float = 10.0) -> list[PathPoints]:
    points = [point for i, tracks in enumerate(pictures) for point in smoother.step(tracks, i / fps)]
    return points + list(smoother.close())


def feet_of(points: Iterable[PathPoints], track_id: int) -> dict[float, tuple[float, float]]:
    return {
        round(p.at_s, 3): (float(p.feet_xy_px[row, 0]), float(p.feet_xy_px[row, 1]))
        for p in points
        for row in np.flatnonzero(p.ids == track_id)
    }


def test_every_sighting_is_given_once_with_its_own_time() -> None:
    points = run(PathSmoother(), [seen((1, 10.0 * i, 300, HEIGHT)) for i in range(20)])
    feet = feet_of(points, 1)
    assert sorted(feet) == pytest.approx([i / 10 for i in range(20)])
    assert len(points) == 20
    for at_s, (x, y) in feet.items():
        assert (x, y) == pytest.approx((100 * at_s, 300)), "a straight walk is left as it is, at its ends too"


def test_a_place_is_told_when_its_lag_is_over_and_not_before() -> None:
    smoother = PathSmoother(PathSettings(lag_s=0.5))
    told = [[p.at_s for p in smoother.step(seen((1, 10.0 * i, 300, HEIGHT)), i / 10)] for i in range(8)]
    assert told[:5] == [[]] * 5
    assert [len(times) for times in told[5:]] == [1, 1, 1]
    assert told[5][0] == 0.0


def test_trembling_is_smoothed_and_said() -> None:
    rng = np.random.default_rng(3)
    raw = 300 + rng.normal(0, 5, 60)
    points = run(PathSmoother(), [seen((1, 10.0 * i, raw[i], HEIGHT)) for i in range(60)])
    smooth = np.array([y for _, y in feet_of(points, 1).values()])
    assert np.std(smooth[5:-5] - 300) < 0.6 * np.std(raw - 300)
    steady = run(PathSmoother(), [seen((1, 10.0 * i, 300, HEIGHT)) for i in range(60)])
    assert points[30].spreads_xy_px[0, 1] > steady[30].spreads_xy_px[0, 1]
    assert points[30].spreads_xy_px[0, 0] == pytest.approx(steady[30].spreads_xy_px[0, 0])


def test_a_pace_is_told_by_as_much_as_is_known_of_it() -> None:
    walker = run(PathSmoother(), [seen((1, 6.0 * i, 300, HEIGHT)) for i in range(20)])
    middle = next(p for p in walker if abs(p.at_s - 1.0) < 1e-6)
    known = float(middle.velocities_known[0])
    assert 0.8 < known < 1.0
    assert float(middle.velocities_xy_px[0, 0]) / known == pytest.approx(60.0)
    once = run(PathSmoother(), [seen((1, 6.0, 300, HEIGHT))])
    assert float(once[0].velocities_known[0]) == pytest.approx(0.0, abs=1e-6)
    assert np.abs(once[0].velocities_xy_px).max() == 0.0


def test_hidden_feet_stay_where_the_head_says() -> None:
    # For half a second a counter hides the legs: the box ends 40 px higher, its top stays.
    pictures = [
        seen((1, 10.0 * i, 260, HEIGHT - 40)) if 10 <= i < 15 else seen((1, 10.0 * i, 300, HEIGHT)) for i in range(30)
    ]
    feet = feet_of(run(PathSmoother(), pictures), 1)
    assert max(abs(y - 300) for _, y in feet.values()) < 1.0


@pytest.mark.parametrize("fps", [10.0, 4.0, 2.0, 1.0])
def test_a_pace_is_known_at_every_frame_rate(fps: float) -> None:
    pictures = [seen((1, 60.0 * i / fps, 300, HEIGHT)) for i in range(12)]
    points = run(PathSmoother(), pictures, fps=fps)
    known = [float(point.velocities_known[0]) for point in points]
    assert min(known) > 0.5
    assert [float(point.velocities_xy_px[0, 0]) for point in points] == pytest.approx([60.0 * share for share in known])


def test_a_gap_among_close_pictures_widens_no_window() -> None:
    smoother = PathSmoother()
    times = [0.0, 0.1, 0.2, 3.2, 3.3, 3.4]
    points = [p for i, at_s in enumerate(times) for p in smoother.step(seen((1, 10.0 * i, 300, HEIGHT)), at_s)]
    points += list(smoother.close())
    assert [float(p.feet_xy_px[0, 0]) for p in points] == pytest.approx([10.0 * i for i in range(6)])


def test_nothing_is_told_of_whoever_is_never_confirmed() -> None:
    points = run(PathSmoother(), [seen((1, 10.0 * i, 300, HEIGHT), confirmed=False) for i in range(30)])
    assert points == []


def test_the_past_of_the_newly_confirmed_is_told_in_order() -> None:
    pictures = [seen((1, 10.0 * i, 300, HEIGHT), confirmed=i >= 12) for i in range(20)]
    points = run(PathSmoother(), pictures)
    times = [p.at_s for p in points if 1 in p.ids]
    assert times == sorted(times)
    assert times == pytest.approx([i / 10 for i in range(20)])


def test_joined_tracks_go_on_under_the_older_name() -> None:
    first = [seen((1, 10.0 * i, 300, HEIGHT)) for i in range(10)]
    gap = [seen() for _ in range(3)]
    found = [seen((2, 10.0 * i, 300, HEIGHT), confirmed=False) for i in range(13, 17)]
    again = [seen((1, 10.0 * i, 300, HEIGHT), joined=((1, 2),) if i == 17 else ()) for i in range(17, 30)]
    # An unseen track is still carried: keep it in the pictures of the gap.
    points = run(PathSmoother(), first + gap + found + again)
    assert {int(i) for p in points for i in p.ids} == {1}
    told = sorted(feet_of(points, 1))
    assert told[-1] == pytest.approx(2.9)
    assert set(np.round(np.arange(13, 30) / 10, 3)) <= set(told)


def test_what_was_told_under_the_older_name_is_not_told_again_when_tracks_are_joined() -> None:
    first = [seen((1, 10.0 * i, 300, HEIGHT)) for i in range(10)]
    # While unseen, a track is still among the tracker's.
    gap = [unseen((1, 90.0, 300, HEIGHT)) for _ in range(8)]
    found = [both(seen((2, 10.0 * i, 300, HEIGHT), confirmed=False), unseen((1, 90.0, 300, HEIGHT))) for i in (18, 19)]
    again = [seen((1, 10.0 * i, 300, HEIGHT), joined=((1, 2),) if i == 26 else ()) for i in range(26, 32)]
    missed = [both(unseen((2, 190.0, 300, HEIGHT), confirmed=False), unseen((1, 90.0, 300, HEIGHT)))] * 6
    points = run(PathSmoother(), first + gap + found + missed + again)
    times = [round(p.at_s, 3) for p in points if 1 in p.ids]
    assert times == [round(i / 10, 3) for i in [*range(10), 18, 19, *range(26, 32)]]


def test_rows_are_reused_and_memory_stays_bounded() -> None:
    smoother = PathSmoother()
    most = 0
    for i in range(2000):
        for p in smoother.step(seen((i // 5 + 1, 10.0 * i, 300, HEIGHT)), i / 10):
            most = max(most, int(p.slots.max()))
    assert most < 16
    assert PICTURES_KEPT == 64


def test_everybody_at_once_is_told_apart() -> None:
    points = run(
        PathSmoother(), [seen((1, 10.0 * i, 300, HEIGHT), (2, 400 - 10.0 * i, 320, HEIGHT)) for i in range(20)]
    )
    assert feet_of(points, 1)[1.0] == pytest.approx((100, 300))
    assert feet_of(points, 2)[1.0] == pytest.approx((300, 320))
