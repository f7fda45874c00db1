"""Staff: they man lanes and the desk, refill shelves handful by handful, and walk about when nothing calls."""

from collections import deque
from enum import StrEnum

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.people import Phase
from storesense_simulators.twin.person import Person
from storesense_simulators.twin.scene import Scene
from storesense_simulators.twin.shop import Point, PostKind, StaffPost
from storesense_simulators.twin.stocks import Unit
from storesense_simulators.twin.truth import TruthKind

_ROUND_STAY_MS = (4_000, 20_000)


class Task(StrEnum):
    """What somebody of the staff is about."""

    IDLE = "idle"
    ROUND = "round"
    LANE = "lane"
    DESK = "desk"
    FETCH = "fetch"
    RESTOCK = "restock"
    CLEAR = "clear"
    RETURN = "return"
    HOME = "home"


class Clerk:
    """The mind of a member of staff.

    Attributes:
        shift: which shift of which day they work, as a key.
        task: what they are about.
        lane_id: the lane that they man or go to.
        slots: slots that they are on the way to refill, or to bring abandoned goods back to.
        goes_home: whether their shift is over.
    """

    def __init__(self, scene: Scene, shift: str, post: StaffPost | None, dice: Dice) -> None:
        self._scene = scene
        self._dice = dice
        self._post = post
        self.shift = shift
        self.task = Task.IDLE
        self.lane_id: str | None = None
        self.slots: deque[str] = deque()
        self.goes_home = False
        self._left_units = 0
        self._carried: list[Unit] = []

    @property
    def is_free(self) -> bool:
        """Whether they can be given something to do at once."""
        return self.task in (Task.IDLE, Task.ROUND) and not self.goes_home

    @property
    def can_leave_work(self) -> bool:
        """Whether a lane may take them from what they do."""
        return self.is_free or (self.task in (Task.FETCH, Task.RESTOCK) and not self.goes_home)

    def home(self) -> Point:
        """Return where they stand when there is nothing to do."""
        return self._scene.shop.doors[0].inside if self._post is None else self._post.at

    def idle(self, person: Person) -> None:
        """Go back to one's post, or home when the shift is over."""
        self.lane_id = None
        if self.goes_home:
            self._turn_to(person, Task.HOME)
            self._scene.leave_by(person, self._scene.shop.doors[0])
            return
        self._turn_to(person, Task.IDLE)
        self._scene.movement.send(person, self.home(), Phase.WORKING, reach_m=0.6)

    def man_lane(self, person: Person, lane_id: str, at: Point) -> None:
        """Go to a lane and open it."""
        self.slots.clear()
        self.lane_id = lane_id
        self._turn_to(person, Task.LANE, lane_id)
        self._scene.movement.send(person, at, Phase.WORKING)

    def man_desk(self, person: Person, desk_id: str, at: Point) -> None:
        """Go to the service desk and stay there."""
        self._turn_to(person, Task.DESK, desk_id)
        self._scene.movement.send(person, at, Phase.WORKING)

    def restock(self, person: Person, slots: list[str]) -> None:
        """Fetch goods and refill slots."""
        self.slots = deque(slots)
        self._turn_to(person, Task.FETCH, slots[0])
        self._scene.movement.send(person, self._stock_room(), Phase.WORKING, reach_m=0.6)

    def clear(self, person: Person, at: Point, goods: list[Unit]) -> None:
        """Fetch a basket that somebody left at ``at``, and bring the goods back to their slots."""
        self._carried = goods
        self._turn_to(person, Task.CLEAR)
        self._scene.movement.send(person, at, Phase.WORKING, reach_m=0.8)

    def arrived(self, person: Person) -> None:
        """Begin what they came for."""
        scene = self._scene
        if scene.people.phase[person.row] == Phase.LEAVING:
            scene.leave(person)
            return
        scene.movement.stand(person, Phase.WORKING)
        match self.task:
            case Task.LANE:
                if self.lane_id is not None:
                    scene.checkout.open_lane(self.lane_id, scene.now_ms)
            case Task.DESK:
                scene.is_desk_manned = True
                scene.call_to_desk()
            case Task.FETCH:
                scene.wait(person, self._dice.ms_of(scene.shop.staff.fetch_s), Phase.WORKING)
            case Task.RESTOCK:
                self._begin_slot(person)
            case Task.CLEAR | Task.RETURN:
                scene.wait(person, round(scene.shop.staff.handful_s * 1_000), Phase.WORKING)
            case Task.ROUND:
                scene.wait(person, self._dice.whole(*_ROUND_STAY_MS), Phase.WORKING)
            case _:
                scene.wait(person, self._dice.ms_of(scene.shop.staff.round_every_s), Phase.WORKING)

    def due(self, person: Person) -> None:
        """Go on."""
        match self.task:
            case Task.FETCH:
                self._turn_to(person, Task.RESTOCK, self.slots[0])
                self._go_to_slot(person)
            case Task.RESTOCK:
                self._put_handful(person)
            case Task.CLEAR:
                homes = {unit.home_id for unit in self._carried}
                self.slots = deque(slot_id for slot_id in self._scene.stocks if slot_id in homes)
                self._turn_to(person, Task.RETURN, self.slots[0])
                self._go_to_slot(person)
            case Task.RETURN:
                self._put_back(person)
            case Task.IDLE:
                self._walk_about(person)
            case Task.ROUND:
                self.idle(person)
            case _:
                pass

    def _turn_to(self, person: Person, task: Task, subject_id: str = "") -> None:
        person.wait_no += 1
        self.task = task
        self._scene.note_by(TruthKind.STAFF_TASK, person, subject_id, why=task.value)

    def _walk_about(self, person: Person) -> None:
        places = self._scene.shop.places
        if not places:
            self.idle(person)
            return
        place = places[self._dice.whole(0, len(places) - 1)]
        self._turn_to(person, Task.ROUND)
        self._scene.movement.send(person, place.spot, Phase.WORKING, reach_m=0.6)

    def _stock_room(self) -> Point:
        posts = [post.at for post in self._scene.shop.staff_posts if post.kind is PostKind.STOCK_ROOM]
        return posts[0] if posts else self.home()

    def _go_to_slot(self, person: Person) -> None:
        place = self._scene.stocks[self.slots[0]].place
        self._scene.movement.send(person, place.spot, Phase.WORKING, reach_m=0.4)

    def _begin_slot(self, person: Person) -> None:
        scene = self._scene
        stock = scene.stocks[self.slots[0]]
        scene.movement.face(person, (-stock.place.facing[0], -stock.place.facing[1]))
        strange = stock.tidy()
        if strange:
            scene.note_stock(TruthKind.TIDIED, stock, strange, person=person)
        self._left_units = stock.room_units
        scene.remind(person, round(scene.shop.staff.handful_s * 1_000))

    def _put_handful(self, person: Person) -> None:
        scene = self._scene
        stock = scene.stocks[self.slots[0]]
        fresh = stock.refill(min(scene.shop.staff.handful_units, self._left_units))
        self._left_units -= len(fresh)
        if fresh:
            scene.note_stock(TruthKind.RESTOCKED, stock, fresh, person=person)
        if fresh and self._left_units > 0:
            scene.remind(person, round(scene.shop.staff.handful_s * 1_000))
            return
        self._next_slot(person)

    def _put_back(self, person: Person) -> None:
        """Put on the slot what belongs there and still fits; the rest goes to the stock room."""
        stock = self._scene.stocks[self.slots[0]]
        back = [unit for unit in self._carried if unit.home_id == stock.slot_id][: stock.room_units]
        for unit in back:
            stock.put(unit)
        if back:
            self._scene.note_stock(TruthKind.PUT_BACK, stock, back, person=person)
        self._next_slot(person)

    def _next_slot(self, person: Person) -> None:
        self.slots.popleft()
        if self.slots:
            self._go_to_slot(person)
        else:
            self.idle(person)
