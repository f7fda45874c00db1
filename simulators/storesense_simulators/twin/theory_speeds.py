"""Walking speeds of recorded pedestrians (ETH and UCY data) beside those of the twin's walkers."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.crowd import Crowd
from storesense_simulators.twin.errors import TrajectoryFileError
from storesense_simulators.twin.people import Floats, Kind, People
from storesense_simulators.twin.shop_people import Spread
from storesense_simulators.twin.theory_flow import FREE_SPEED_M_S, STEP_S

FRAMES_PER_S = 25.0
"""Frame numbers of the ETH and UCY files count pictures of 25 a second."""

_COLUMNS = 8
_FREE_M = 2.0
_STANDING_M_S = 0.3
_WALKERS = 300
_WALK_S = 10.0


@dataclass(frozen=True, slots=True)
class SpeedSummary:
    """Speeds of walkers who are in nobody's way, one number a person.

    Attributes:
        people: how many walkers.
        mean_m_s: their mean.
        sd_m_s: their standard deviation.
        quantiles_m_s: at 5, 25, 50, 75 and 95 %.
    """

    people: int
    mean_m_s: float
    sd_m_s: float
    quantiles_m_s: tuple[float, ...]


def recorded_speeds(path: Path) -> SpeedSummary:
    """Return the free speeds of a recording: ``obsmat`` rows of frame, id, x, z, y, vx, vz, vy in metres.

    A person counts between two of their rows when nobody else is within 2 m, so groups are left out, and when they
    do not stand.

    Raises:
        TrajectoryFileError: the file cannot be read or holds something else.
    """
    try:
        rows = np.loadtxt(path, ndmin=2)
    except (OSError, ValueError) as exc:
        raise TrajectoryFileError(path=path, problem=str(exc)) from exc
    if rows.shape[1] != _COLUMNS:
        raise TrajectoryFileError(path=path, problem=f"{rows.shape[1]} columns instead of {_COLUMNS}")
    means = [_free_speed(rows, number) for number in np.unique(rows[:, 1])]
    return _summary(np.array([mean for mean in means if mean is not None]))


def model_speeds(spread: Spread = FREE_SPEED_M_S, *, seed: int) -> SpeedSummary:
    """Return the speeds that walkers of the crowd make good alone on an open floor."""
    dice = Dice(seed, "speeds")
    speeds = []
    for _ in range(_WALKERS):
        people = People()
        crowd = Crowd(people, None)
        row = people.add(1, Kind.SHOPPER, (0.0, 0.0), height_m=1.7, radius_m=0.2)
        crowd.walk(row, (100.0, 0.0), dice.of(spread), 0.1, stops=False)
        for _ in range(round(_WALK_S / STEP_S)):
            crowd.step(STEP_S)
        speeds.append(float(people.at[0, row]) / _WALK_S)
    return _summary(np.array(speeds))


def _free_speed(rows: Floats, number: float) -> float | None:
    own = rows[rows[:, 1] == number]
    speeds = []
    for before, after in itertools.pairwise(own):
        duration_s = (after[0] - before[0]) / FRAMES_PER_S
        others = rows[(rows[:, 0] == before[0]) & (rows[:, 1] != number)]
        near = (others[:, 2] - before[2]) ** 2 + (others[:, 4] - before[4]) ** 2 < _FREE_M**2
        speed = float(np.sqrt((after[2] - before[2]) ** 2 + (after[4] - before[4]) ** 2)) / duration_s
        if not near.any() and speed > _STANDING_M_S:
            speeds.append(speed)
    return sum(speeds) / len(speeds) if speeds else None


def _summary(speeds: Floats) -> SpeedSummary:
    if len(speeds) < 2:
        return SpeedSummary(len(speeds), float(speeds.sum()), 0.0, ())
    quantiles = tuple(round(float(q), 3) for q in np.quantile(speeds, (0.05, 0.25, 0.5, 0.75, 0.95)))
    return SpeedSummary(len(speeds), float(speeds.mean()), float(speeds.std(ddof=1)), quantiles)
