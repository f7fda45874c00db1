"""Everybody in the store, as arrays: where they are, how fast they go and what they look like from above."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]

_FIRST_CAPACITY = 256


class Kind(IntEnum):
    """Who somebody is."""

    SHOPPER = 0
    CHILD = 1
    THIEF = 2
    STAFF = 3


class Phase(IntEnum):
    """What somebody is doing."""

    WALKING = 0
    BROWSING = 1
    TO_QUEUE = 2
    WAITING = 3
    TO_TILL = 4
    AT_TILL = 5
    FOLLOWING = 6
    LEAVING = 7
    WORKING = 8
    AT_DESK = 9


class People:
    """Rows of arrays that grow when full; a row is used again when its person has left.

    Attributes:
        active: (N,) whether a row holds somebody.
        number: (N,) the person's number in the truth, from 1.
        kind: (N,) a Kind.
        phase: (N,) a Phase.
        party_no: (N,) with whom they came; 0 for staff.
        has_trolley: (N,) whether they push one.
        height_m: (N,) how tall.
        radius_m: (N,) half the width of the body.
        xy_m: (N, 2) where they stand.
        before_xy_m: (N, 2) where they stood a step ago.
        velocity_m_s: (N, 2) how they moved in the last step; zero for those who stand.
        heading: (N, 2) unit vector of where they look.
    """

    def __init__(self) -> None:
        self._free: list[int] = []
        self._used = 0
        self._allocate(_FIRST_CAPACITY)

    def __len__(self) -> int:
        """Return how many people there are."""
        return self._used - len(self._free)

    @property
    def rows(self) -> Ints:
        """The rows that hold somebody, in order."""
        return np.flatnonzero(self.active[: self._used])

    @property
    def xy_m(self) -> Floats:
        """Where everybody stands, (N, 2); a view."""
        return self.at.T

    @property
    def before_xy_m(self) -> Floats:
        """Where everybody stood a step ago, (N, 2); a view."""
        return self.before.T

    @property
    def velocity_m_s(self) -> Floats:
        """How everybody moves, (N, 2); a view."""
        return self.velocity.T

    @property
    def heading(self) -> Floats:
        """Where everybody looks, (N, 2) unit vectors; a view."""
        return self.facing.T

    def between_m(self, share: float) -> Floats:
        """Return where everybody was at ``share`` (0..1) of the last step, (N, 2)."""
        between: Floats = (self.before + (self.at - self.before) * share).T
        return between

    def add(self, number: int, kind: Kind, xy_m: tuple[float, float], *, height_m: float, radius_m: float) -> int:
        """Put somebody at a place and return their row."""
        if self._free:
            row = self._free.pop()
        else:
            row = self._used
            self._used += 1
            if row == len(self.active):
                self._grow()
        self.active[row] = True
        self.number[row] = number
        self.kind[row] = kind
        self.phase[row] = Phase.WALKING
        self.party_no[row] = 0
        self.has_trolley[row] = False
        self.height_m[row] = height_m
        self.radius_m[row] = radius_m
        self.at[0, row], self.at[1, row] = xy_m
        self.before[:, row] = self.at[:, row]
        self.velocity[:, row] = 0.0
        self.facing[0, row], self.facing[1, row] = 1.0, 0.0
        return row

    def remove(self, row: int) -> None:
        """Free a row."""
        self.active[row] = False
        self.velocity[:, row] = 0.0
        self._free.append(row)

    def _allocate(self, capacity: int) -> None:
        self.active: Flags = np.zeros(capacity, dtype=np.bool_)
        self.number: Ints = np.zeros(capacity, dtype=np.int64)
        self.kind: Bytes = np.zeros(capacity, dtype=np.int8)
        self.phase: Bytes = np.zeros(capacity, dtype=np.int8)
        self.party_no: Ints = np.zeros(capacity, dtype=np.int64)
        self.has_trolley: Flags = np.zeros(capacity, dtype=np.bool_)
        self.height_m: Floats = np.zeros(capacity)
        self.radius_m: Floats = np.zeros(capacity)
        self.at: Floats = np.zeros((2, capacity))
        self.before: Floats = np.zeros((2, capacity))
        self.velocity: Floats = np.zeros((2, capacity))
        self.facing: Floats = np.zeros((2, capacity))

    def _grow(self) -> None:
        old = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        self._allocate(2 * len(self.active))
        for name, values in old.items():
            getattr(self, name)[..., : values.shape[-1]] = values
