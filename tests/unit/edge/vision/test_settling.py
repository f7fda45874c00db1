import numpy as np
import pytest

from storesense_edge.vision.settling import STAND_M, Settling


def follow(settling: Settling, places: np.ndarray, *, track: int = 1, start_s: float = 0.0) -> np.ndarray:
    """(N, 2) where one person is found, seen ten times a second at (N, 2) places."""
    slots, ids = np.array([0]), np.array([track])
    return np.array([settling.settle(slots, ids, xy[None, :], start_s + i / 10)[0] for i, xy in enumerate(places)])


def test_who_stands_is_found_at_the_mean_of_a_wandering_box() -> None:
    turns = np.arange(600) / 10
    wandering = np.array([4.0, 2.0]) + 0.15 * np.stack([np.sin(turns), np.cos(turns)], axis=1)
    found = follow(Settling(), wandering)
    assert np.abs(found[300:] - [4.0, 2.0]).max() < 0.05
    assert np.abs(wandering[300:] - [4.0, 2.0]).max() > 0.14


def test_who_walks_is_never_far_behind() -> None:
    walk = np.stack([np.arange(100) * 0.12, np.zeros(100)], axis=1)
    found = follow(Settling(), walk)
    assert (np.abs(found - walk) <= STAND_M).all()
    assert found[-1, 0] > 11.4


def test_who_moves_on_begins_anew() -> None:
    places = np.array([[1.0, 1.0]] * 50 + [[2.0, 1.0]] * 2)
    found = follow(Settling(), places)
    assert found[-1] == pytest.approx([2.0, 1.0])


def test_a_reused_row_is_a_new_person() -> None:
    settling = Settling()
    follow(settling, np.array([[1.0, 1.0]] * 50))
    assert follow(settling, np.array([[1.2, 1.0]]), track=2, start_s=5.0)[0] == pytest.approx([1.2, 1.0])


def test_a_point_above_the_horizon_is_nowhere_and_the_next_one_is_somewhere() -> None:
    found = follow(Settling(), np.array([[1.0, 1.0], [np.nan, np.nan], [1.1, 1.0]]))
    assert np.isnan(found[1]).all()
    assert found[2] == pytest.approx([1.1, 1.0])
