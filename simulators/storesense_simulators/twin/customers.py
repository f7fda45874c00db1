"""What a party's leader does: go from stop to stop, take and put back, queue, pay, leave."""

from typing import TYPE_CHECKING

from storesense_simulators.twin.parties import Follower
from storesense_simulators.twin.people import Phase
from storesense_simulators.twin.person import Person
from storesense_simulators.twin.queues import Customer, Seeking
from storesense_simulators.twin.scene import Scene
from storesense_simulators.twin.shop import Door, Point, TillKind
from storesense_simulators.twin.shoppers import PutBack, Stop, Trip
from storesense_simulators.twin.tills import Called, Ended
from storesense_simulators.twin.truth import TruthEvent, TruthKind

if TYPE_CHECKING:
    from storesense_simulators.twin.stocks import Unit

_JOIN_REACH_M = 1.2
_MOST_TURNS = 3


class Leader:
    """The mind of a party's leader.

    Args:
        scene: the store.
        door: where they come and leave.
        trip: what they want.
        followers: the others of the party.
    """

    def __init__(self, scene: Scene, door: Door, trip: Trip, followers: list[Person]) -> None:
        self._scene = scene
        self._door = door
        self._trip = trip
        self._followers = followers
        self._basket: list[Unit] = []
        self._misplaced: Unit | None = None
        self._stop: Stop | None = None
        self._queue_id: str | None = None
        self._turns = 0
        self._goes_over_to: str | None = None
        self._called: Called | None = None
        self._is_done = False

    def arrived(self, person: Person) -> None:
        """Do what they came here for."""
        match self._scene.people.phase[person.row]:
            case Phase.LEAVING:
                self._scene.leave(person)
            case Phase.TO_QUEUE:
                self._join(person)
            case Phase.WAITING:
                self._scene.movement.stand(person, Phase.WAITING)
            case Phase.TO_TILL:
                self._begin_service(person)
            case Phase.AT_DESK:
                self._scene.movement.stand(person, Phase.AT_DESK)
                self._scene.wait_at_desk(person, self._stop.stay_ms if self._stop else 0)
            case _:
                self._look(person)

    def due(self, person: Person) -> None:
        """A stay is over."""
        if self._scene.people.phase[person.row] == Phase.AT_DESK:
            self._scene.leave_desk(person)
        elif self._stop is not None:
            self._take(person, self._stop)
        self._stop = None
        self.next(person)

    def next(self, person: Person) -> None:
        """Go to the next stop, the tills or the door."""
        scene, trip = self._scene, self._trip
        if not self._is_done and not scene.is_open():
            trip.stops.clear()
        if not self._is_done and trip.stops:
            stop = self._stop = trip.stops.popleft()
            if stop.is_desk:
                self._gather(stop.goal)
                scene.movement.send(person, scene.desk_spot(), Phase.AT_DESK, reach_m=0.3)
                return
            self._gather(stop.goal, by=stop.by)
            scene.movement.send(person, stop.goal, Phase.WALKING, reach_m=0.3, by=stop.by)
        elif self._basket and not self._is_done:
            self._seek_queue(person)
        else:
            self._leave(person)

    def called(self, person: Person, change: Called) -> None:
        """They are first, and a station is free."""
        scene = self._scene
        self._called = change
        spot = scene.checkout.lanes[change.lane_id].till.customers[change.station]
        scene.note(
            TruthEvent(
                t_ms=change.t_ms,
                kind=TruthKind.CALLED,
                subject_id=change.lane_id,
                person_no=person.number,
                party_no=person.party_no,
                queue_id=change.queue_id,
                station=change.station,
                wait_ms=change.t_ms - change.customer.joined_ms,
                length=scene.checkout.queues[change.queue_id].length,
            )
        )
        self._note_queue_left(person, change.queue_id, change.t_ms, "served", change.t_ms - change.customer.joined_ms)
        self._queue_id = None
        scene.movement.send(person, spot, Phase.TO_TILL, reach_m=0.25)
        self._gather(spot, near=True)

    def served(self, person: Person, change: Ended) -> None:
        """They have paid."""
        scene = self._scene
        scene.note(
            TruthEvent(
                t_ms=change.t_ms,
                kind=TruthKind.SERVICE_ENDED,
                subject_id=change.lane_id,
                person_no=person.number,
                party_no=person.party_no,
                queue_id=change.queue_id,
                station=change.station,
                units=len(self._basket),
                wait_ms=change.wait_ms,
                walk_ms=change.walk_ms,
                service_ms=change.service_ms,
            )
        )
        del scene.customers[person.number]
        self._basket.clear()
        self._is_done = True
        self._leave(person)

    def gave_up(self, person: Person, t_ms: int, customer: Customer, queue_id: str) -> None:
        """They have waited long enough, and leave their basket."""
        self._note_queue_left(person, queue_id, t_ms, "reneged", t_ms - customer.joined_ms)
        del self._scene.customers[person.number]
        self._abandon(person)
        self._queue_id, self._is_done = None, True
        self._leave(person)

    def move_up(self, person: Person, spot: Point) -> None:
        """Go to one's new place in the queue."""
        if person.goal != spot or self._scene.people.phase[person.row] != Phase.WAITING:
            self._scene.movement.send(person, spot, Phase.WAITING)
            self._gather(spot, near=True)

    def switch(self, person: Person, to_queue_id: str) -> None:
        """Leave the queue for another one that is shorter."""
        scene, queue_id = self._scene, self._queue_id
        customer = scene.checkout.leave(queue_id, person.number) if queue_id is not None else None
        if customer is not None and queue_id is not None:
            self._note_queue_left(person, queue_id, scene.now_ms, "switched", scene.now_ms - customer.joined_ms)
            self._goes_over_to = to_queue_id
            scene.going_over[to_queue_id] += 1
            self._head_for(person, to_queue_id)

    def fits(self, queue_id: str) -> bool:
        """Tell whether this basket may be paid for at a queue's tills."""
        kinds = {lane.till.kind for lane in self._scene.checkout.lanes.values() if lane.queue_id == queue_id}
        fits_self = len(self._basket) <= self._scene.shop.habits.service.self_max_units
        return TillKind.STAFFED in kinds or fits_self

    def _look(self, person: Person) -> None:
        if self._stop is None:
            self.next(person)
            return
        self._scene.wait(person, self._stop.stay_ms, Phase.BROWSING)
        if self._stop.facing != (0.0, 0.0):
            self._scene.movement.face(person, self._stop.facing)

    def _take(self, person: Person, stop: Stop) -> None:
        scene = self._scene
        if stop.slot_id is None or stop.units == 0:
            return
        stock = scene.stocks[stop.slot_id]
        if self._misplaced is not None and self._misplaced.home_id != stock.slot_id and stock.room_units > 0:
            unit, self._misplaced = self._misplaced, None
            self._basket.remove(unit)
            stock.put(unit)
            scene.note_stock(TruthKind.MISPLACED, stock, [unit], person=person, home_id=unit.home_id)
        taken = stock.take(stop.units)
        if len(taken) < stop.units:
            scene.note_by(TruthKind.NOT_FOUND, person, stock.slot_id, units=stop.units - len(taken))
        if not taken:
            return
        self._basket += taken
        scene.note_stock(TruthKind.PICKED, stock, taken, person=person)
        if stop.put_back is PutBack.OWN_SLOT:
            unit = self._basket.pop()
            stock.put(unit)
            scene.note_stock(TruthKind.PUT_BACK, stock, [unit], person=person)
        elif stop.put_back is PutBack.OTHER_SLOT:
            self._misplaced = taken[-1]

    def _seek_queue(self, person: Person) -> None:
        """Choose the shortest queue, or leave because all are too long."""
        scene = self._scene
        if scene.seekings is not None and self._turns == 0:
            self._tell_seeking(person, scene.seekings)
        queue_id = self._shortest_queue(person)
        if queue_id is None:
            # No lane is open; wait about for one to be opened.
            scene.wait(person, 5_000, Phase.BROWSING)
            return
        length = scene.checkout.queues[queue_id].length
        if self._turns == 0 and self._balks(length):
            scene.note_by(TruthKind.BALKED, person, queue_id, units=len(self._basket), length=length)
            self._abandon(person)
            self._leave(person)
            return
        self._head_for(person, queue_id)

    def _tell_seeking(self, person: Person, seekings: list[Seeking]) -> None:
        trip, units = self._trip, len(self._basket)
        at = self._scene.movement.at(person)
        habits = (trip.service_factor, trip.patience_ms, trip.balk_draw)
        seekings.append(Seeking(self._scene.now_ms, person.number, at, person.speed_m_s, units, *habits))

    def _abandon(self, person: Person) -> None:
        """Leave the basket where it is; staff bring the goods back."""
        if self._basket:
            self._scene.baskets.append((self._scene.movement.at(person), self._basket))
        self._basket = []

    def _head_for(self, person: Person, queue_id: str) -> None:
        scene = self._scene
        self._queue_id = queue_id
        tail = scene.line_spots.spot(queue_id, scene.checkout.queues[queue_id].length)
        self._gather(tail)
        scene.movement.send(person, tail, Phase.TO_QUEUE, reach_m=_JOIN_REACH_M)

    def _shortest_queue(self, person: Person) -> str | None:
        scene = self._scene
        at = scene.movement.at(person)
        best: tuple[float, str] | None = None
        for queue_id, line in scene.checkout.queues.items():
            stations = scene.checkout.open_stations(queue_id)
            if stations == 0 or not (self.fits(queue_id) or not scene.has_staffed_tills()):
                continue
            tail = scene.line_spots.spot(queue_id, line.length)
            dx, dy = tail[0] - at[0], tail[1] - at[1]
            # People look at heads in front of them first; among equals they take the nearer.
            score = round(100 * scene.checkout.people_at(queue_id) / stations) + min(99.0, dx * dx + dy * dy) / 100
            if best is None or (score, queue_id) < best:
                best = (score, queue_id)
        return None if best is None else best[1]

    def _balks(self, length: int) -> bool:
        habits = self._scene.shop.habits
        stays = 1.0
        for _ in range(habits.balk_from_length, length + 1):
            stays *= 1.0 - habits.balk_share
        return self._trip.balk_draw > stays

    def _join(self, person: Person) -> None:
        scene, queue_id = self._scene, self._queue_id or ""
        checkout = scene.checkout
        if self._goes_over_to is not None:
            scene.going_over[self._goes_over_to] -= 1
            self._goes_over_to = None
        self._turns += 1
        tail = scene.line_spots.spot(queue_id, checkout.queues[queue_id].length)
        at = scene.movement.at(person)
        dx, dy = tail[0] - at[0], tail[1] - at[1]
        is_far = dx * dx + dy * dy > 9.0
        if checkout.open_stations(queue_id) == 0 or (is_far and self._turns <= _MOST_TURNS):
            self._seek_queue(person)  # its last lane is closing, or it has grown or shrunk meanwhile
            return
        if self._turns <= _MOST_TURNS and not scene.movement.ground.is_straight(at, tail):
            scene.movement.send(person, tail, Phase.TO_QUEUE, reach_m=0.3)  # a counter is in between
            return
        self._turns = 1
        scene.movement.stand(person, Phase.WAITING)
        now_ms = scene.now_ms
        scene.note_by(TruthKind.QUEUE_JOINED, person, queue_id, length=checkout.queues[queue_id].length + 1)
        checkout.join(
            queue_id, Customer(person.number, now_ms, self._service_ms(queue_id), now_ms + self._trip.patience_ms)
        )
        scene.customers[person.number] = person
        scene.queues_changed.add(queue_id)

    def _service_ms(self, queue_id: str) -> int:
        service = self._scene.shop.habits.service
        lanes = [lane for lane in self._scene.checkout.lanes.values() if lane.queue_id == queue_id]
        is_self = all(lane.till.kind is TillKind.SELF_CHECKOUT for lane in lanes)
        mean_s = (service.base_s + service.per_unit_s * len(self._basket)) * (service.self_factor if is_self else 1.0)
        return max(1_000, round(mean_s * self._trip.service_factor * 1_000))

    def _begin_service(self, person: Person) -> None:
        scene, called = self._scene, self._called
        scene.movement.stand(person, Phase.AT_TILL)
        if called is None:
            return
        lane = scene.checkout.lanes[called.lane_id]
        if lane.till.cashier is not None:
            dx, dy = lane.till.cashier[0] - person.goal[0], lane.till.cashier[1] - person.goal[1]
            length = max(1e-6, abs(dx) + abs(dy))
            scene.movement.face(person, (dx / length, dy / length))
        scene.checkout.begin_service(called.lane_id, called.station, scene.now_ms)
        scene.note(
            TruthEvent(
                t_ms=scene.now_ms,
                kind=TruthKind.SERVICE_BEGUN,
                subject_id=called.lane_id,
                person_no=person.number,
                party_no=person.party_no,
                queue_id=called.queue_id,
                station=called.station,
                units=len(self._basket),
                wait_ms=called.t_ms - called.customer.joined_ms,
                walk_ms=scene.now_ms - called.t_ms,
            )
        )

    def _note_queue_left(self, person: Person, queue_id: str, t_ms: int, why: str, wait_ms: int) -> None:
        self._scene.note(
            TruthEvent(
                t_ms=t_ms,
                kind=TruthKind.QUEUE_LEFT,
                subject_id=queue_id,
                person_no=person.number,
                party_no=person.party_no,
                why=why,
                wait_ms=wait_ms,
                length=self._scene.checkout.queues[queue_id].length,
            )
        )
        self._scene.queues_changed.add(queue_id)

    def _gather(self, goal: Point, *, by: Point | None = None, near: bool = False) -> None:
        for follower in self._followers:
            if isinstance(follower.mind, Follower):
                follower.mind.follow(follower, goal, by=by, near=near)

    def _leave(self, person: Person) -> None:
        self._is_done = True
        for follower in self._followers:
            if isinstance(follower.mind, Follower):
                follower.mind.leave(follower)
        self._scene.leave_by(person, self._door)
