import pytest

from storesense_edge.shelf.drift import DriftTracker

HOUR_S = 3600


def run(drift: DriftTracker, rate_g_per_h: float, hours: float, *, untouched: bool = True) -> float:
    level_g = 0.0
    for at_s in range(0, round(hours * HOUR_S), 10):
        level_g = 500 + rate_g_per_h * at_s / HOUR_S
        drift.push(at_s, level_g, untouched_s=at_s if untouched else 5.0)
    return level_g - drift.offset_g


def test_slow_drift_of_an_untouched_shelf_is_taken_off() -> None:
    assert run(DriftTracker(2.0, 50.0), rate_g_per_h=1.5, hours=10) == pytest.approx(500, abs=0.3)


def test_a_leak_stays_in_the_weight() -> None:
    # 60 g an hour is no drift: all but what drift could have done shows.
    assert run(DriftTracker(2.0, 50.0), rate_g_per_h=-60, hours=4) == pytest.approx(500 - 60 * 4 + 2 * 4, abs=1.0)


def test_nothing_is_tracked_while_the_shelf_is_in_use() -> None:
    drift = DriftTracker(2.0, 50.0)
    run(drift, rate_g_per_h=1.5, hours=10, untouched=False)
    assert drift.offset_g == 0


def test_the_correction_ends_where_only_a_tare_helps() -> None:
    drift = DriftTracker(2.0, 5.0)
    assert run(drift, rate_g_per_h=1.5, hours=10) == pytest.approx(510, abs=0.1)
    assert drift.exhausted
    drift.reset()
    assert not drift.exhausted


def test_a_step_between_two_rests_is_no_drift() -> None:
    drift = DriftTracker(2.0, 50.0)
    for at_s in range(300, 4000, 10):
        drift.push(at_s, 500.0, untouched_s=at_s)
    for at_s in range(4000, 9000, 10):
        drift.push(at_s, 250.0, untouched_s=at_s - 4000)
    assert drift.offset_g == pytest.approx(0, abs=1e-9)
