import pytest

from storesense_edge.shelf.level import RestLevel


def test_it_is_a_mean_at_first_and_forgets_later() -> None:
    level = RestLevel(memory_s=10.0)
    level.start(0.0, 100.0, age_s=1.0)
    level.push(1.0, 104.0)
    assert level.level_g == pytest.approx(102.0)
    for place in range(2, 200):
        level.push(float(place), 120.0)
    assert level.level_g == pytest.approx(120.0, abs=0.01)


def test_noise_is_averaged_even_of_a_cell_read_every_two_minutes() -> None:
    level = RestLevel(memory_s=30.0)
    level.start(0.0, 0.0, age_s=120.0)
    for place in range(1, 100):
        level.push(place * 120.0, 1.0 if place % 2 else -1.0)
    assert abs(level.level_g) < 0.2


def test_time_that_stands_still_changes_nothing() -> None:
    level = RestLevel(memory_s=10.0)
    level.start(5.0, 100.0, age_s=1.0)
    assert level.push(5.0, 999.0) == 100.0
