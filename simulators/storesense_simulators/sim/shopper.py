"""Shoppers: where they want to go, how far they are, and what they carry."""

import random
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from storesense_simulators.sim.geometry import Point, toward
from storesense_simulators.sim.plan import DoorPlan, SlotPlan
from storesense_simulators.sim.profile import Profile


class Phase(Enum):
    """What a shopper is doing."""

    WALKING = auto()
    BROWSING = auto()
    TO_QUEUE = auto()
    WAITING = auto()
    TO_TILL = auto()
    AT_TILL = auto()
    LEAVING = auto()


@dataclass(frozen=True, slots=True)
class Stop:
    """A stay in front of something.

    Attributes:
        spot: where.
        stay_ms: how long.
        slot_id: the slot to take from, None for a look around.
        units: how many to take.
        puts_back: whether one of them goes back at once.
    """

    spot: Point
    stay_ms: int
    slot_id: str | None = None
    units: int = 0
    puts_back: bool = False


@dataclass(slots=True)
class Shopper:
    """One shopper; ``path`` holds the corners still ahead, ``until_ms`` the end of a stay."""

    number: int
    door: DoorPlan
    speed_m_s: float
    stops: deque[Stop]
    at: Point
    phase: Phase = Phase.WALKING
    path: deque[Point] = field(default_factory=deque)
    until_ms: int = 0
    basket_units: int = 0
    queue_id: str | None = None
    lane_id: str | None = None
    zones_since_ms: dict[str, int] = field(default_factory=dict)

    def walk(self, duration_s: float) -> None:
        """Go along the path for ``duration_s``."""
        left_m = self.speed_m_s * duration_s
        while self.path and left_m > 1e-9:
            before = self.at
            self.at = toward(before, self.path[0], left_m)
            left_m -= _length(before, self.at)
            if self.at == self.path[0]:
                self.path.popleft()


class ShoppingLists:
    """Makes shoppers: what they come for, how fast they walk."""

    def __init__(
        self, slots: tuple[SlotPlan, ...], sights: tuple[Point, ...], *, profile: Profile, chance: random.Random
    ) -> None:
        self._slots = slots
        self._sights = sights
        self._profile = profile
        self._chance = chance

    def shopper(self, number: int, door: DoorPlan) -> Shopper:
        """Return somebody with a list of one to ``max_stops`` products, or without one, to look around."""
        chance, profile = self._chance, self._profile
        looks = not self._slots or chance.random() < profile.window_shopper_share
        if looks:
            spots = chance.sample(self._sights, k=min(len(self._sights), chance.randint(1, 2)))
            stops = [Stop(spot, self._stay_ms()) for spot in spots]
        else:
            chosen = chance.sample(self._slots, k=min(len(self._slots), chance.randint(1, max(1, profile.max_stops))))
            stops = [self._pick(plan) for plan in chosen]
        return self._make(number, door, stops)

    def hurried(self, number: int, door: DoorPlan, plan: SlotPlan) -> Shopper:
        """Return somebody who wants one unit of one product and no more."""
        return self._make(number, door, [Stop(plan.spot, 1_000, plan.slot.id, 1)])

    def _make(self, number: int, door: DoorPlan, stops: list[Stop]) -> Shopper:
        speed_m_s = self._profile.speed_m_s * self._chance.uniform(0.8, 1.2)
        return Shopper(number=number, door=door, speed_m_s=speed_m_s, stops=deque(stops), at=door.outside)

    def _pick(self, plan: SlotPlan) -> Stop:
        return Stop(
            spot=plan.spot,
            stay_ms=self._stay_ms(),
            slot_id=plan.slot.id,
            units=self._chance.randint(1, self._profile.max_units_per_stop),
            puts_back=self._chance.random() < self._profile.put_back_share,
        )

    def _stay_ms(self) -> int:
        return round(self._chance.uniform(*self._profile.browse_s) * 1000)


def _length(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
