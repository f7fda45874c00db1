"""Thieves: they walk in, linger by dear goods, sweep the shelf into a bag within seconds, and walk out."""

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.people import Phase
from storesense_simulators.twin.person import Person
from storesense_simulators.twin.scene import Scene
from storesense_simulators.twin.shop import Door, Place, Shop
from storesense_simulators.twin.truth import TruthKind

_LINGER_MS = (3_000, 15_000)
_HANDFUL_UNITS = 4
_HANDFUL_MS = 750
_HURRY = 1.25


class Thief:
    """The mind of somebody who sweeps a shelf."""

    def __init__(self, scene: Scene, door: Door, dice: Dice) -> None:
        self._scene = scene
        self._door = door
        self._place = choose_place(scene.shop, dice)
        self._left_units = dice.whole(*scene.shop.habits.sweep_units)
        self._linger_ms = dice.whole(*_LINGER_MS)
        self._is_at_shelf = False
        self._goal = scene.movement.routes.beside(self._place.spot, self._place.facing, dice)

    def arrived(self, person: Person) -> None:
        """Linger at the shelf, or be gone."""
        scene = self._scene
        if scene.people.phase[person.row] == Phase.LEAVING:
            scene.leave(person)
        elif not self._is_at_shelf:
            self._is_at_shelf = True
            scene.movement.send(person, self._goal, Phase.BROWSING, reach_m=0.3)
        else:
            scene.wait(person, self._linger_ms, Phase.BROWSING)
            scene.movement.face(person, (-self._place.facing[0], -self._place.facing[1]))

    def due(self, person: Person) -> None:
        """Sweep a handful into the bag, and go when there is enough or nothing left."""
        scene = self._scene
        stock = scene.stocks[self._place.slot_id]
        taken = stock.take(min(_HANDFUL_UNITS, self._left_units))
        self._left_units -= len(taken)
        if taken:
            scene.note_stock(TruthKind.SWEPT, stock, taken, person=person)
        if taken and self._left_units > 0:
            scene.remind(person, _HANDFUL_MS)
        else:
            person.speed_m_s = round(person.speed_m_s * _HURRY, 3)
            scene.leave_by(person, self._door)


def choose_place(shop: Shop, dice: Dice) -> Place:
    """Return a place that holds more than one unit, dear ones sooner."""
    cumulative, total = [], 0.0
    for place in shop.places:
        total += place.price_class * place.price_class * (place.capacity_units > 1)
        cumulative.append(total)
    return shop.places[dice.index(cumulative)] if total > 0 else shop.places[0]
