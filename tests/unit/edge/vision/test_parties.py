import itertools
from pathlib import Path

import numpy as np
import pytest

from storesense_edge.vision.parties import PartyBook

HEIGHT = 1.7


def walk(ways: list[tuple[tuple[float, float], tuple[float, float]]], *, seconds: float = 8.0) -> list[int]:
    """Labels at the end of straight walks (start, velocity in m/s), 10 pictures a second."""
    book = PartyBook()
    labels = np.empty(0, dtype=np.int64)
    slots, ids = np.arange(len(ways)), np.arange(len(ways), dtype=np.int64) + 7
    for i in range(round(seconds * 10)):
        points = np.array([np.add(start, np.multiply(velocity, i / 10)) for start, velocity in ways])
        labels = book.step(slots, ids, points, np.full(len(ways), HEIGHT), i / 10)
    return labels.tolist()


@pytest.mark.parametrize(
    ("ways", "labels"),
    [
        pytest.param([((0, 0), (1.2, 0)), ((0, 0.7), (1.2, 0))], [7, 7], id="side by side"),
        pytest.param([((0, 0), (1.2, 0)), ((8, 0.7), (-1.2, 0))], [7, 8], id="past each other"),
        pytest.param([((0, 0), (0, 0)), ((0, 0.7), (0, 0))], [7, 8], id="next to each other in a queue"),
        pytest.param([((0, 0), (1.2, 0)), ((-3, 0), (1.2, 0))], [7, 8], id="one behind the other"),
        pytest.param([((0, 0), (1.2, 0)), ((0, 0.7), (1.6, 0))], [7, 8], id="overtaken"),
        pytest.param([((0, 0), (1.2, 0)), ((0, 0.9), (1.2, 0)), ((0, 1.8), (1.2, 0))], [7, 7, 7], id="three abreast"),
    ],
)
def test_who_walks_together_is_one_party(
    ways: list[tuple[tuple[float, float], tuple[float, float]]], labels: list[int]
) -> None:
    assert walk(ways) == labels


@pytest.mark.parametrize("later", [0, 1, 2, 3])
def test_companions_are_compared_whenever_each_was_seen_first(later: int) -> None:
    book = PartyBook()
    together = np.empty(0, dtype=np.int64)
    for i in range(60):
        here = np.array([True, i >= later])
        points = np.array([(i * 0.12, 0.0), (i * 0.12, 0.7)])[here]
        slots, ids = np.array([0, 1])[here], np.array([4, 5])[here]
        together = book.step(slots, ids, points, np.full(len(ids), HEIGHT), i / 10)
    assert together.tolist() == [4, 4]


def test_companions_of_whom_pictures_miss_now_the_one_and_now_the_other_are_one_party() -> None:
    book = PartyBook()
    rng = np.random.default_rng(3)
    labels: dict[int, int] = {}
    for i in range(80):
        here = rng.random(2) > 0.3
        points = np.array([(i * 0.12, 0.0), (i * 0.12, 0.7)])[here]
        ids = np.array([4, 5])[here]
        found = book.step(np.array([0, 1])[here], ids, points, np.full(len(ids), HEIGHT), i / 10)
        labels.update(zip(ids.tolist(), found.tolist(), strict=True))
    assert labels == {4: 4, 5: 4}


def test_a_reused_row_is_a_new_person() -> None:
    book = PartyBook()
    for i in range(80):
        points = np.array([(i * 0.12, 0.0), (i * 0.12, 0.7)])
        together = book.step(np.array([0, 1]), np.array([1, 2]), points, np.full(2, HEIGHT), i / 10)
    assert together.tolist() == [1, 1]
    points = np.array([(9.6, 0.0), (9.6, 0.7)])
    assert book.step(np.array([0, 1]), np.array([1, 3]), points, np.full(2, HEIGHT), 8.0).tolist() == [1, 3]


def test_pedestrians_before_a_hotel_are_paired_as_an_annotator_paired_them(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "trajectories"
    rows = np.loadtxt(folder / "ETH_seq_hotel_obsmat.txt")
    true = set()
    for line in (folder / "ETH_seq_hotel_groups.txt").read_text().splitlines():
        true |= set(itertools.combinations(sorted(int(float(word)) for word in line.split()), 2))
    book, found = PartyBook(), set()
    for frame in np.unique(rows[:, 0]):
        here = rows[rows[:, 0] == frame]
        ids = here[:, 1].astype(np.int64)
        labels = book.step(ids.astype(np.intp), ids, here[:, [2, 4]], np.full(len(ids), HEIGHT), float(frame) / 25)
        for i, j in itertools.combinations(range(len(ids)), 2):
            if labels[i] == labels[j]:
                found.add((int(min(ids[i], ids[j])), int(max(ids[i], ids[j]))))
    right = len(found & true)
    assert right / len(found) >= 0.85
    assert right / len(true) >= 0.85
