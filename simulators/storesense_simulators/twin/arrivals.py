"""Who comes through the doors: parties as demand has it, and now and then a thief."""

from dataclasses import dataclass
from datetime import datetime

from storesense_simulators.twin.chance import Dice, stream
from storesense_simulators.twin.customers import Leader
from storesense_simulators.twin.demand import Arrivals
from storesense_simulators.twin.hours import open_minutes
from storesense_simulators.twin.opening import Opening
from storesense_simulators.twin.parties import Follower, draw_bodies, party_speed_m_s, width_m
from storesense_simulators.twin.people import Kind, Phase
from storesense_simulators.twin.person import Mind, Person
from storesense_simulators.twin.scene import Scene
from storesense_simulators.twin.shop import Door
from storesense_simulators.twin.shoppers import ShoppingLists
from storesense_simulators.twin.thieves import Thief
from storesense_simulators.twin.truth import TruthEvent, TruthKind

_BETWEEN_MEMBERS_MS = 750
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class _Coming:
    """Somebody who is about to appear before a door."""

    at_ms: int
    person: Person
    door: Door
    height_m: float
    radius_m: float
    has_trolley: bool


class Gate:
    """Lets people in.

    Args:
        scene: the store.
        began_at: the aware instant of millisecond 0 of the run.
        opening: the group that comes in together when the run begins, if any.

    Attributes:
        visitors: how many have come, children too, staff not.
    """

    def __init__(self, scene: Scene, *, began_at: datetime, opening: Opening | None = None) -> None:
        shop = scene.shop
        self._scene = scene
        self._lists = ShoppingLists(shop, scene.movement.ground, scene.movement.routes)
        self._arrivals = Arrivals(shop.demand, shop.hours, began_at=began_at, chance=stream(scene.seed, "arrivals"))
        self._next_party_ms = self._arrivals.next_party_ms()
        self._thieves = Dice(scene.seed, "thieves")
        open_min = sum(open_minutes(shop.hours, weekday) for weekday in range(7)) / 7
        self._between_thieves_us = (
            open_min * _MINUTE_US / shop.habits.thieves_per_day if shop.habits.thieves_per_day > 0 else None
        )
        self._next_thief_ms = self._thief_after(0)
        self._door_sums = _running_sums([door.share for door in shop.doors])
        self._parties = 0
        self._coming: list[_Coming] = []
        self._group = opening
        self.visitors = 0

    def let_in(self) -> None:
        """Bring whoever is due by now."""
        scene = self._scene
        if self._group is not None and self._group.group_at_ms <= scene.now_ms:
            self._bring_group(self._group.group_size)
            self._group = None
        while self._next_party_ms is not None and self._next_party_ms <= scene.now_ms:
            self._bring_party()
            self._next_party_ms = self._arrivals.next_party_ms()
        while self._next_thief_ms is not None and self._next_thief_ms <= scene.now_ms:
            if scene.is_open() and scene.shop.places:
                self._bring_thief()
            self._next_thief_ms = self._thief_after(self._next_thief_ms)
        if self._coming and self._coming[0].at_ms <= scene.now_ms:
            due = [coming for coming in self._coming if coming.at_ms <= scene.now_ms]
            self._coming = [coming for coming in self._coming if coming.at_ms > scene.now_ms]
            for coming in due:
                self._enter(coming)

    def _bring_party(self) -> None:
        scene, shop = self._scene, self._scene.shop
        self._parties += 1
        dice = Dice(scene.seed, f"party/{self._parties}")
        door = shop.doors[dice.index(self._door_sums)]
        bodies = draw_bodies(shop.demand.parties, shop, dice)
        trip = self._lists.trip(door.inside, dice)
        speed_m_s = party_speed_m_s(bodies, shop, has_trolley=trip.has_trolley)
        followers: list[Person] = []
        leader = Leader(scene, door, trip, followers)
        for place, body in enumerate(bodies):
            self.visitors += 1
            mind: Mind = leader if place == 0 else Follower(scene, door, place, dice)
            person = Person(self.visitors, body.kind, mind, party_no=self._parties, speed_m_s=speed_m_s)
            if place > 0:
                followers.append(person)
            has_trolley = trip.has_trolley and place == 0
            radius_m = width_m(body, has_trolley=has_trolley)
            self._announce(person, door, size=len(bodies))
            at_ms = scene.now_ms + place * _BETWEEN_MEMBERS_MS
            self._coming.append(_Coming(at_ms, person, door, body.height_m, radius_m, has_trolley))
        self._coming.sort(key=_when)

    def _bring_group(self, size: int) -> None:
        """Bring people who come at the same time, each on an errand of their own."""
        scene, shop = self._scene, self._scene.shop
        for place in range(size):
            self._parties += 1
            self.visitors += 1
            dice = Dice(scene.seed, f"party/{self._parties}")
            door = shop.doors[dice.index(self._door_sums)]
            mind = Leader(scene, door, self._lists.errand(door.inside, dice), [])
            speed_m_s = dice.of(shop.habits.speed_m_s)
            person = Person(self.visitors, Kind.SHOPPER, mind, party_no=self._parties, speed_m_s=speed_m_s)
            self._announce(person, door, size=1)
            height_m, radius_m = dice.of(shop.habits.adult_height_m), dice.of(shop.habits.body_radius_m)
            at_ms = scene.now_ms + place * _BETWEEN_MEMBERS_MS
            self._coming.append(_Coming(at_ms, person, door, height_m, radius_m, has_trolley=False))
        self._coming.sort(key=_when)

    def _bring_thief(self) -> None:
        scene, dice, habits = self._scene, self._thieves, self._scene.shop.habits
        self._parties += 1
        self.visitors += 1
        door = scene.shop.doors[dice.index(self._door_sums)]
        mind = Thief(scene, door, dice)
        speed_m_s = dice.of(habits.speed_m_s)
        person = Person(self.visitors, Kind.THIEF, mind, party_no=self._parties, speed_m_s=speed_m_s)
        self._announce(person, door, size=1)
        height_m, radius_m = dice.of(habits.adult_height_m), dice.of(habits.body_radius_m)
        self._coming.insert(0, _Coming(scene.now_ms, person, door, height_m, radius_m, has_trolley=False))

    def _enter(self, coming: _Coming) -> None:
        scene, person = self._scene, coming.person
        outside, inside = scene.way_in(coming.door)
        scene.enter(person, outside, height_m=coming.height_m, radius_m=coming.radius_m, has_trolley=coming.has_trolley)
        scene.movement.lead(person, [inside], Phase.WALKING, reach_m=0.5)

    def _announce(self, person: Person, door: Door, *, size: int) -> None:
        self._scene.note(
            TruthEvent(
                t_ms=self._scene.now_ms,
                kind=TruthKind.ARRIVED,
                subject_id=door.line_id,
                person_no=person.number,
                party_no=person.party_no,
                party_size=size,
                who=person.kind.name.lower(),
            )
        )

    def _thief_after(self, t_ms: int) -> int | None:
        if self._between_thieves_us is None:
            return None
        # Those who would come to a closed store are passed over, so the time between is that of open hours alone.
        return t_ms + max(1, self._thieves.exponential_us(self._between_thieves_us) // 1_000)


def _when(coming: _Coming) -> int:
    return coming.at_ms


def _running_sums(shares: list[float]) -> list[float]:
    sums, total = [], 0.0
    for share in shares:
        total += share
        sums.append(total)
    return sums
