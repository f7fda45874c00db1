"""Parties: alone, couples, families with children. One leads, pays and waits; the others stay by."""

from dataclasses import dataclass

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.people import Kind, Phase
from storesense_simulators.twin.person import Person
from storesense_simulators.twin.scene import Scene
from storesense_simulators.twin.shop import Door, Point, Shop
from storesense_simulators.twin.shop_people import PartyMix

_TROLLEY_M = 0.3
_REACTION_MS = (200, 900)
_CATCH_UP = 1.1
_FOLLOW_FROM_M = 1.2


@dataclass(frozen=True, slots=True)
class Body:
    """How somebody is built and walks."""

    kind: Kind
    height_m: float
    radius_m: float
    speed_m_s: float


def draw_bodies(mix: PartyMix, shop: Shop, dice: Dice) -> list[Body]:
    """Return a party's bodies, grown-ups first."""
    draw = dice.random()
    adults, children = 1, 0
    if draw >= mix.alone_share + mix.couple_share:
        adults = 2 if dice.is_heads(mix.two_parents_share) else 1
        children = dice.whole(*mix.children)
    elif draw >= mix.alone_share:
        adults = 2
    bodies = [_adult(shop, dice) for _ in range(adults)]
    return bodies + [_child(shop, dice) for _ in range(children)]


def _adult(shop: Shop, dice: Dice) -> Body:
    habits = shop.habits
    return Body(Kind.SHOPPER, dice.of(habits.adult_height_m), dice.of(habits.body_radius_m), dice.of(habits.speed_m_s))


def _child(shop: Shop, dice: Dice) -> Body:
    habits = shop.habits
    radius_m = round(dice.of(habits.body_radius_m) * 0.75, 3)
    speed_m_s = round(dice.of(habits.speed_m_s) * habits.child_speed_factor, 3)
    return Body(Kind.CHILD, dice.of(habits.child_height_m), radius_m, speed_m_s)


def party_speed_m_s(bodies: list[Body], shop: Shop, *, has_trolley: bool) -> float:
    """Return how fast a party walks: as its slowest does, and slower behind a trolley."""
    slowest = min(body.speed_m_s for body in bodies)
    return round(slowest * shop.habits.trolley_speed_factor, 3) if has_trolley else slowest


def width_m(body: Body, *, has_trolley: bool) -> float:
    """Return the radius of the circle that somebody takes on the floor."""
    return _TROLLEY_M if has_trolley else body.radius_m


class Follower:
    """The mind of somebody who stays by their party's leader."""

    def __init__(self, scene: Scene, door: Door, place: int, dice: Dice) -> None:
        self._scene = scene
        self._door = door
        self._place = place
        self._dice = dice
        self._goal: Point | None = None
        self._by: Point | None = None
        self._leaves = False
        self._is_inside = False

    def follow(self, person: Person, goal: Point, *, by: Point | None = None, near: bool = False) -> None:
        """Go, in a moment, where the leader goes, by the same spot; with ``near`` only when that is some way off."""
        if self._leaves:
            return
        if near and self._is_inside:
            at = self._scene.movement.at(person)
            dx, dy = goal[0] - at[0], goal[1] - at[1]
            if dx * dx + dy * dy < _FOLLOW_FROM_M * _FOLLOW_FROM_M:
                return
        self._goal, self._by = goal, by
        if self._is_inside:
            self._scene.remind(person, self._dice.whole(*_REACTION_MS))

    def leave(self, person: Person) -> None:
        """Go home as well."""
        self._leaves = True
        if self._is_inside:
            self._scene.remind(person, self._dice.whole(*_REACTION_MS))

    def due(self, person: Person) -> None:
        """Set out."""
        scene = self._scene
        if self._leaves:
            scene.leave_by(person, self._door)
        elif self._goal is not None:
            spot = scene.beside(self._goal, self._place)
            by = self._goal if self._by is None else self._by
            speed_m_s = person.speed_m_s * _CATCH_UP
            scene.movement.send(person, spot, Phase.FOLLOWING, speed_m_s=speed_m_s, reach_m=0.3, by=by)

    def arrived(self, person: Person) -> None:
        """Stand by the leader, or be gone."""
        phase = self._scene.people.phase[person.row]
        if phase == Phase.LEAVING:
            self._scene.leave(person)
            return
        self._scene.movement.stand(person, Phase.FOLLOWING)
        if phase == Phase.WALKING:
            self._is_inside = True
            self.due(person)
