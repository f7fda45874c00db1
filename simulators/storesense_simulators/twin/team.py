"""The team: who is on shift, who is sent to which lane, to the desk, or to refill what."""

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.control import Control
from storesense_simulators.twin.people import Kind
from storesense_simulators.twin.person import Person
from storesense_simulators.twin.scene import Scene
from storesense_simulators.twin.shop import Point, PostKind, TillKind
from storesense_simulators.twin.staff import Clerk, Task

FIRST_STAFF_NO = 10_000_001
_SLOTS_A_TRIP = 3
_BETWEEN_STAFF_MS = 4_000
_DAY_MS = 86_400_000


class Team:
    """Gives staff their work, once a second.

    Args:
        scene: the store.
        control: what they follow.
    """

    def __init__(self, scene: Scene, control: Control) -> None:
        self._scene = scene
        self._control = control
        self._dice = Dice(scene.seed, "staff")
        self._clerks: list[tuple[Person, Clerk]] = []
        self._made = 0
        self._minute = -1
        self._shifts_begun: set[str] = set()
        self._noticed_ms: dict[str, int] = {}
        self._backlog: list[str] = []
        self._coming: list[tuple[int, Person, Clerk, tuple[float, float]]] = []
        self._plan: dict[str, bool] = {}
        self._plan_is_for = (-2, False)
        self._posts = [post for post in scene.shop.staff_posts if post.kind is not PostKind.DESK]

    def start(self) -> None:
        """Let those be at their posts whose shift is on when the run begins."""
        self._change_shifts(is_start=True)
        self._direct()

    def work(self) -> None:
        """Give out what there is to do."""
        minute = self._scene.now_ms // 60_000
        if minute != self._minute:
            self._minute = minute
            self._change_shifts(is_start=False)
        while self._coming and self._coming[0][0] <= self._scene.now_ms:
            _, person, clerk, looks = self._coming.pop(0)
            self._appear(person, clerk, self._scene.shop.doors[0].outside, looks)
        self._direct()

    def lane_closed(self, lane_id: str) -> None:
        """A lane has served its last customer; who manned it is free."""
        for person, clerk in self._clerks:
            if clerk.lane_id == lane_id and clerk.task is Task.LANE:
                clerk.idle(person)

    def _direct(self) -> None:
        self._clerks = [(person, clerk) for person, clerk in self._clerks if person.is_there]
        self._see_to_lanes()
        self._see_to_desk()
        self._see_to_slots()
        self._see_to_baskets()
        for person, clerk in self._clerks:
            if clerk.goes_home and clerk.task in (Task.IDLE, Task.ROUND):
                clerk.idle(person)

    def _planned(self) -> dict[str, bool]:
        """Return which lanes the schedule wants open now: the first so many staffed ones, and self-checkout."""
        scene = self._scene
        if self._plan_is_for == (self._minute, scene.shoppers_inside > 0):
            return self._plan
        self._plan_is_for = (self._minute, scene.shoppers_inside > 0)
        weekday, minute = scene.local()
        is_in_use = scene.is_open() or scene.shoppers_inside > 0
        left = scene.shop.staff.lanes_open[weekday][minute // 60] if is_in_use else 0
        has_self = any(till.kind is TillKind.SELF_CHECKOUT for till in scene.shop.tills)
        if is_in_use and not has_self:
            left = max(1, left)
        planned = {}
        for till in scene.shop.tills:
            if till.kind is TillKind.SELF_CHECKOUT:
                planned[till.lane_id] = is_in_use
            else:
                planned[till.lane_id] = left > 0
                left -= 1
        self._plan = planned
        return planned

    def _see_to_lanes(self) -> None:
        scene = self._scene
        wanted = self._control.lanes_wanted(scene.now_ms, scene.checkout, self._planned())
        self._relieve_cashiers()
        manned = {clerk.lane_id for _, clerk in self._clerks if clerk.task is Task.LANE}
        for lane_id, lane in scene.checkout.lanes.items():
            is_wanted = wanted.get(lane_id, False)
            if lane.till.kind is TillKind.SELF_CHECKOUT:
                if is_wanted and not lane.takes_customers:
                    scene.checkout.open_lane(lane_id, scene.now_ms)
                elif not is_wanted and lane.takes_customers:
                    scene.checkout.close_lane(lane_id, scene.now_ms)
            elif is_wanted and lane_id not in manned:
                cashier = lane.till.cashier
                self._send_to_lane(lane_id, lane.till.customers[0] if cashier is None else cashier)
            elif is_wanted and lane.is_closing:
                scene.checkout.open_lane(lane_id, scene.now_ms)
            elif not is_wanted and lane.takes_customers:
                scene.checkout.close_lane(lane_id, scene.now_ms)
            elif not is_wanted and lane_id in manned and not lane.is_open:
                self.lane_closed(lane_id)

    def _relieve_cashiers(self) -> None:
        """Let who is free take over from cashiers whose shift is over; the lane stays open meanwhile."""
        for person, clerk in self._clerks:
            if clerk.goes_home and clerk.task is Task.LANE and clerk.lane_id is not None:
                lane = self._scene.checkout.lanes[clerk.lane_id]
                at = lane.till.customers[0] if lane.till.cashier is None else lane.till.cashier
                next_one = next(((p, c) for p, c in self._clerks if c.is_free), None)
                if next_one is None:
                    return
                if not lane.takes_customers:
                    continue
                next_one[1].man_lane(next_one[0], clerk.lane_id, at)
                clerk.idle(person)

    def _send_to_lane(self, lane_id: str, at: Point) -> None:
        free = [(p, c) for p, c in self._clerks if c.is_free] or [(p, c) for p, c in self._clerks if c.can_leave_work]
        if free:
            person, clerk = min(free, key=lambda who: (_square(self._scene.movement.at(who[0]), at), who[0].number))
            clerk.man_lane(person, lane_id, at)

    def _see_to_desk(self) -> None:
        scene, desk = self._scene, self._scene.shop.desk
        if desk is None:
            return
        at_desk = next(((p, c) for p, c in self._clerks if c.task is Task.DESK), None)
        needs = scene.is_open()
        if at_desk is not None and (not needs or at_desk[1].goes_home):
            scene.is_desk_manned = False
            at_desk[1].idle(at_desk[0])
        elif at_desk is None and needs:
            free = [(p, c) for p, c in self._clerks if c.is_free]
            if free:
                free[0][1].man_desk(free[0][0], desk.desk_id, desk.staff)

    def _see_to_slots(self) -> None:
        scene = self._scene
        in_work = {slot for _, clerk in self._clerks for slot in clerk.slots}
        for slot_id in self._control.restock_requests(scene.now_ms):
            if slot_id in scene.stocks and slot_id not in in_work and scene.stocks[slot_id].room_units > 0:
                self._backlog = [slot_id, *(other for other in self._backlog if other != slot_id)]
        for slot_id in scene.low_since_ms:
            if slot_id not in self._noticed_ms:
                self._noticed_ms[slot_id] = scene.now_ms + self._dice.ms_of(scene.shop.staff.notice_s)
        for slot_id, at_ms in list(self._noticed_ms.items()):
            if slot_id not in scene.low_since_ms:
                del self._noticed_ms[slot_id]
            elif at_ms <= scene.now_ms and slot_id not in in_work and slot_id not in self._backlog:
                self._backlog.append(slot_id)
        if not self._backlog:
            return
        for person, clerk in self._clerks:
            if clerk.is_free and self._backlog:
                trip = self._backlog[:_SLOTS_A_TRIP]
                del self._backlog[:_SLOTS_A_TRIP]
                clerk.restock(person, trip)

    def _see_to_baskets(self) -> None:
        baskets = self._scene.baskets
        if not baskets:
            return
        for person, clerk in self._clerks:
            if clerk.is_free and baskets:
                clerk.clear(person, *baskets.popleft())

    def _change_shifts(self, *, is_start: bool) -> None:
        scene = self._scene
        weekday, minute = scene.local()
        day = (scene.now_ms - minute * 60_000 + _DAY_MS) // _DAY_MS
        for shift in scene.shop.staff.shifts:
            key = f"{shift.shift_id}/{day}"
            is_on = weekday in shift.weekdays and shift.begins_min <= minute < shift.ends_min
            if is_on and key not in self._shifts_begun:
                self._shifts_begun.add(key)
                for index in range(shift.staff):
                    self._begin_shift(key, index, is_start=is_start)
            elif not is_on:
                for _, clerk in self._clerks:
                    clerk.goes_home |= clerk.shift == key

    def _begin_shift(self, key: str, index: int, *, is_start: bool) -> None:
        scene = self._scene
        dice = Dice(scene.seed, f"staff/{key}/{index}")
        post = self._posts[self._made % len(self._posts)] if self._posts else None
        clerk = Clerk(scene, key, post, dice)
        person = Person(
            FIRST_STAFF_NO + self._made,
            Kind.STAFF,
            clerk,
            party_no=0,
            speed_m_s=dice.of(scene.shop.staff.speed_m_s),
        )
        self._made += 1
        habits = scene.shop.habits
        looks = (dice.of(habits.adult_height_m), dice.of(habits.body_radius_m))
        if is_start:
            self._appear(person, clerk, clerk.home(), looks)
        else:
            self._coming.append((scene.now_ms + index * _BETWEEN_STAFF_MS, person, clerk, looks))

    def _appear(self, person: Person, clerk: Clerk, at: Point, looks: tuple[float, float]) -> None:
        self._scene.movement.add(person, at, height_m=looks[0], radius_m=looks[1])
        self._clerks.append((person, clerk))
        clerk.idle(person)


def _square(a: Point, b: Point) -> float:
    return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])
