import numpy as np
import pytest
from numpy.typing import NDArray

from storesense_edge.vision.broken_walks import (
    IN_THE_PICTURE,
    BrokenWalkSettings,
    are_strangers,
    ends_of,
    known_again,
    may_be,
)

HEIGHT = 100.0
CFG = IN_THE_PICTURE
ON_FLOOR = BrokenWalkSettings()


def end(
    x: float, y: float, at_s: float, *, vx: float = 0.0, vy: float = 0.0, known: float = 1.0
) -> NDArray[np.float64]:
    """Where one walk ends or begins, walking at (vx, vy) px/s."""
    velocity = np.array([[vx, vy]]) * known
    return ends_of(np.array([[x, y]]), np.array([HEIGHT]), velocity, np.array([known]), at_s)


@pytest.mark.parametrize(
    ("before", "after", "strange", "why"),
    [
        (end(0, 0, 0, vx=60), end(120, 0, 2, vx=60), False, "walks on at one pace"),
        (end(0, 0, 0, vx=60), end(120, 0, 2, known=0), False, "seen once so far: the pace before tells"),
        (end(0, 0, 0), end(140, 0, 2), True, "stood, and stands elsewhere at once"),
        (end(0, 0, 0, vx=-40), end(140, 0, 2, vx=-40), True, "walked away from there, before and after"),
        (end(0, 0, 0, vx=90), end(70, 0, 2, vx=90), False, "the right way, and slower than thought"),
        (end(0, 0, 0, vx=-40), end(50, 0, 2, vx=-30), False, "is where they were: may have turned round twice"),
        (
            end(0, 0, 0, known=0),
            end(140, 0, 2, known=0.2),
            False,
            "two glimpses: no pace is known that leads elsewhere",
        ),
        (end(0, 0, 0), end(140, 0, 0.4), False, "no gap: the tracker answers for that"),
    ],
)
def test_who_is_somebody_else(before: NDArray[np.float64], after: NDArray[np.float64], strange: bool, why: str) -> None:
    assert bool(are_strangers(before, after, CFG)[0]) is strange, why


@pytest.mark.parametrize(
    ("lost", "found", "place", "why"),
    [
        ([end(0, 0, 0, vx=60)], end(240, 0, 4, vx=60), 0, "walked on unseen for four seconds"),
        ([end(0, 0, 0, vx=60)], end(120, 0, 2, vx=60), None, "the tracker still waits for them"),
        ([end(0, 0, 0, vx=60)], end(480, 0, 8, vx=60), None, "too long ago"),
        ([end(0, 0, 0, vx=60)], end(240, 0, 4, vx=-60), None, "comes towards where the other was going"),
        ([end(0, 0, 0)], end(40, 0, 4), None, "stood, and somebody stands beside that place"),
        ([end(0, 0, 0, vx=60), end(0, 30, 0, vx=60)], end(240, 15, 4, vx=60), None, "either of two"),
        ([end(0, 0, 0, vx=60), end(0, 900, 0, vx=60)], end(240, 900, 4, vx=60), 1, "the second, not the first"),
        ([], end(240, 0, 4, vx=60), None, "nobody was given up"),
    ],
)
def test_who_is_known_again(
    lost: list[NDArray[np.float64]], found: NDArray[np.float64], place: int | None, why: str
) -> None:
    table = np.concatenate(lost) if lost else np.zeros((0, found.shape[1]))
    assert known_again(table, found[0], CFG) == place, why


@pytest.mark.parametrize(
    ("found", "place", "why"),
    [
        (end(120, 0, 2, vx=60), 0, "goes on before the tracker has given them up"),
        (end(12, 0, 0.2, vx=60), None, "seen a moment ago: that is the tracker's to say"),
        (end(290, 110, 4, vx=50), 0, "turned a little on the way"),
        (end(290, 260, 4, vx=50), None, "nowhere near"),
    ],
)
def test_walks_on_the_floor_are_believed_further(found: NDArray[np.float64], place: int | None, why: str) -> None:
    assert known_again(end(0, 0, 0, vx=60), found[0], ON_FLOOR) == place, why


def test_who_somebody_new_may_be_is_asked_of_all_who_were_lost_before() -> None:
    found = end(240, 15, 4, vx=60)[0]
    lost = [end(0, 0, 0, vx=60), end(0, 30, 0, vx=60), end(0, 900, 0, vx=60), end(240, 15, 4), end(-240, 15, -4, vx=60)]
    assert may_be(np.concatenate(lost), found, CFG).tolist() == [True, True, False, False, False]
    assert may_be(np.zeros((0, len(found))), found, CFG).tolist() == []
