"""The simulated store: one virtual clock, shoppers, staff, shelves and tills, and what truly happened."""

from collections.abc import Callable
from dataclasses import dataclass

from storesense_simulators.sim.chance import stream
from storesense_simulators.sim.checkout import Called, Checkout, CheckoutChange, Finished, LaneSwitched, Waiting
from storesense_simulators.sim.floor_map import FloorMap
from storesense_simulators.sim.geometry import Point, crosses, is_inside, middle, toward, turn
from storesense_simulators.sim.plan import DoorPlan, SimPlan
from storesense_simulators.sim.profile import Profile, StaffHabits
from storesense_simulators.sim.shelves import Stock, Stocker
from storesense_simulators.sim.shopper import Phase, Shopper, ShoppingLists, Stop
from storesense_simulators.sim.truth import TruthCounters, TruthEvent, TruthKind

TICK_MS = 100
_STOP_ROOM_M = 0.35


@dataclass(frozen=True, slots=True)
class Step:
    """A shopper's way during one tick."""

    shopper_no: int
    before: Point
    after: Point


class SimulatedStore:
    """A store in virtual time. The same plan, seed and number of ticks give the same truth.

    Args:
        plan: what there is, from a site file.
        seed: the root of every random number.
        profile: how lively shoppers are.
        habits: how staff see to shelves and lanes.
    """

    def __init__(
        self,
        plan: SimPlan,
        *,
        seed: int,
        profile: Profile = Profile(),  # noqa: B008 -- frozen
        habits: StaffHabits = StaffHabits(),  # noqa: B008 -- frozen
    ) -> None:
        self.plan = plan
        self.now_ms = 0
        self.truth = TruthCounters()
        self.shoppers: dict[int, Shopper] = {}
        self.checkout = Checkout(plan.queues, plan.lanes, habits=habits)
        self._profile = profile
        self._arrivals = stream(seed, "arrivals")
        self._manners = stream(seed, "manners")
        self._service = stream(seed, "service")
        self._floor = FloorMap(plan.store.floor.size_m, plan.store.floor.walls)
        self._lists = ShoppingLists(
            plan.slots,
            tuple(middle(zone.polygon) for zone in plan.zones) or (plan.doors[0].inside,),
            profile=profile,
            chance=stream(seed, "lists"),
        )
        self.stocks = _first_stocks(plan, seed, profile)
        self._stocker = Stocker(list(self.stocks.values()), habits=habits, chance=stream(seed, "staff"))
        self._queue_spots = {queue.queue_id: queue.spots for queue in plan.queues}
        self._next_arrival_ms = round(profile.opening.burst_at_s * 1000) + self._interarrival_ms()
        self._burst_due_ms: list[int] = [
            round(profile.opening.burst_at_s * 1000) + 400 * i for i in range(profile.opening.burst_size)
        ]
        self._shopper_count = 0
        self._happened: list[TruthEvent] = []
        self.steps: list[Step] = []

    def tick(self) -> list[TruthEvent]:
        """Let ``TICK_MS`` pass and return what happened, in order."""
        self._happened = []
        self.now_ms += TICK_MS
        self._let_in()
        self.steps = [self._move(shopper) for shopper in list(self.shoppers.values())]
        for step in self.steps:
            self._observe(step)
        for change in self.checkout.advance(self.now_ms):
            self._follow(change)
        restocked = self._stocker.advance(self.now_ms)
        if restocked is not None:
            self._note(TruthKind.RESTOCKED, restocked[0].slot_id, units=restocked[1])
        return self._happened

    def run(self, duration_ms: int, on_event: Callable[[TruthEvent], None] | None = None) -> None:
        """Let ``duration_ms`` pass as fast as it goes, handing each event to ``on_event``."""
        for _ in range(duration_ms // TICK_MS):
            for event in self.tick():
                if on_event is not None:
                    on_event(event)

    def close(self) -> list[TruthEvent]:
        """Let everybody out by their door within one last tick and return what happened; the store is over then.

        Whoever counts at the doors has then counted as many out as in, and the next run's store, which opens empty,
        agrees with that. Those who were waiting or served leave without a word about their wait.
        """
        self._happened, self.steps = [], []
        self.now_ms += TICK_MS
        for queue in self.checkout.queues.values():
            queue.waiting.clear()
        for shopper in list(self.shoppers.values()):
            before = shopper.at
            for corner in self._way_out(shopper):
                self._note_crossings(shopper, before, corner)
                before = corner
            self._take_out(shopper)
        return self._happened

    def _way_out(self, shopper: Shopper) -> list[Point]:
        if shopper.phase is Phase.LEAVING:
            return list(shopper.path)
        if shopper.path and shopper.path[0] == shopper.door.inside:
            return [shopper.door.outside]  # still coming in, so the way back is straight
        return [*self._floor.path(shopper.at, shopper.door.inside), shopper.door.outside]

    def _let_in(self) -> None:
        while self._burst_due_ms and self.now_ms >= self._burst_due_ms[0]:
            self._burst_due_ms.pop(0)
            if self.plan.slots and self.plan.queues:
                tills = self._queue_spots[self.plan.queues[0].queue_id][0]
                near = min(self.plan.slots, key=lambda s: (_square(s.spot, tills), s.slot.id))
                self._add(self._lists.hurried(self._new_number(), self._door(), near))
        while self.now_ms >= self._next_arrival_ms:
            self._next_arrival_ms += self._interarrival_ms()
            self._add(self._lists.shopper(self._new_number(), self._door()))

    def _add(self, shopper: Shopper) -> None:
        self.shoppers[shopper.number] = shopper
        self._note(TruthKind.ARRIVED, shopper_no=shopper.number)
        shopper.path.append(shopper.door.inside)
        self._head_for_next(shopper, start=shopper.door.inside)

    def _head_for_next(self, shopper: Shopper, start: Point | None = None) -> None:
        """Send a shopper to the next stop, the tills or the door."""
        start = start or shopper.at
        if shopper.stops:
            shopper.phase = Phase.WALKING
            spot = shopper.stops[0].spot
            aside = (
                spot[0] + self._manners.uniform(-_STOP_ROOM_M, _STOP_ROOM_M),
                spot[1] + self._manners.uniform(-_STOP_ROOM_M, _STOP_ROOM_M),
            )
            shopper.path.extend(self._floor.path(start, aside))
            return
        queue_id = self.checkout.best_queue() if shopper.basket_units else None
        if queue_id is not None:
            shopper.phase, shopper.queue_id = Phase.TO_QUEUE, queue_id
            tail = self._queue_spot(queue_id, len(self.checkout.queues[queue_id].waiting))
            shopper.path.extend(self._floor.path(start, tail))
            return
        shopper.phase = Phase.LEAVING
        shopper.path.extend((*self._floor.path(start, shopper.door.inside), shopper.door.outside))

    def _move(self, shopper: Shopper) -> Step:
        before = shopper.at
        if shopper.phase is Phase.WAITING:
            self._move_up(shopper)
        else:
            shopper.walk(TICK_MS / 1000)
        if not shopper.path:
            self._arrive(shopper)
        return Step(shopper.number, before, shopper.at)

    def _move_up(self, shopper: Shopper) -> None:
        queue_id = shopper.queue_id or ""
        numbers = [w.shopper_no for w in self.checkout.queues[queue_id].waiting]
        spot = self._queue_spot(queue_id, numbers.index(shopper.number))
        shopper.at = toward(shopper.at, spot, shopper.speed_m_s * TICK_MS / 1000)

    def _arrive(self, shopper: Shopper) -> None:
        """The end of a path has been reached, or a stay goes on."""
        if shopper.phase is Phase.WALKING:
            shopper.phase = Phase.BROWSING
            shopper.until_ms = self.now_ms + shopper.stops[0].stay_ms
        elif shopper.phase is Phase.BROWSING and self.now_ms >= shopper.until_ms:
            self._take(shopper, shopper.stops.popleft())
            self._head_for_next(shopper)
        elif shopper.phase is Phase.TO_QUEUE:
            self._join(shopper)
        elif shopper.phase is Phase.TO_TILL:
            shopper.phase = Phase.AT_TILL
            self.checkout.begin_service(shopper.lane_id or "", self.now_ms)

    def _take(self, shopper: Shopper, stop: Stop) -> None:
        stock = self.stocks.get(stop.slot_id or "")
        if stock is None:
            return
        taken_g = stock.take(stop.units)
        if taken_g:
            self._note(TruthKind.PICKED, stock.slot_id, shopper_no=shopper.number, units=len(taken_g))
        if taken_g and stop.puts_back:
            stock.put(taken_g[:1])
            taken_g = taken_g[1:]
            self._note(TruthKind.PUT_BACK, stock.slot_id, shopper_no=shopper.number, units=1)
        shopper.basket_units += len(taken_g)

    def _join(self, shopper: Shopper) -> None:
        queue_id = shopper.queue_id or ""
        if not self.checkout.is_served(queue_id):
            self._head_for_next(shopper)  # its last lane closed meanwhile
            return
        shopper.phase = Phase.WAITING
        shortest_s, mean_further_s = self._profile.patience_s
        patience_s = shortest_s + self._service.expovariate(1.0 / mean_further_s)
        service_s = self._profile.service_base_s + self._profile.service_per_unit_s * shopper.basket_units
        self.checkout.join(
            queue_id,
            Waiting(
                shopper_no=shopper.number,
                joined_ms=self.now_ms,
                gives_up_ms=self.now_ms + round(patience_s * 1000),
                service_ms=round(service_s * self._service.uniform(0.75, 1.25) * 1000),
            ),
        )
        self._note(TruthKind.QUEUE_JOINED, queue_id, shopper_no=shopper.number)

    def _follow(self, change: CheckoutChange) -> None:
        if isinstance(change, LaneSwitched):
            self._note(TruthKind.LANE_OPENED if change.is_open else TruthKind.LANE_CLOSED, change.lane_id)
            return
        shopper = self.shoppers[change.shopper_no]
        if isinstance(change, Called):
            shopper.phase, shopper.lane_id = Phase.TO_TILL, change.lane.lane_id
            shopper.path.extend(self._floor.path(shopper.at, change.lane.till))
            return
        self._finish_visit(shopper, change)

    def _finish_visit(self, shopper: Shopper, visit: Finished) -> None:
        self._note(
            TruthKind.SERVED if visit.was_served else TruthKind.ABANDONED,
            visit.queue_id,
            shopper_no=shopper.number,
            wait_ms=visit.wait_ms,
            service_ms=visit.service_ms,
        )
        shopper.basket_units, shopper.queue_id, shopper.lane_id = 0, None, None
        self._head_for_next(shopper)

    def _observe(self, step: Step) -> None:
        """Note crossings and visits; take out who has left."""
        shopper = self.shoppers[step.shopper_no]
        self._note_crossings(shopper, step.before, step.after)
        has_left = shopper.phase is Phase.LEAVING and not shopper.path
        for zone in self.plan.zones:
            was_in = zone.zone_id in shopper.zones_since_ms
            is_in = not has_left and is_inside(zone.polygon, step.after)
            if is_in and not was_in:
                shopper.zones_since_ms[zone.zone_id] = self.now_ms
                self._note(TruthKind.ZONE_ENTERED, zone.zone_id, shopper_no=shopper.number)
            elif was_in and not is_in:
                self._note_zone_left(shopper, zone.zone_id)
        if has_left:
            self._take_out(shopper)

    def _note_crossings(self, shopper: Shopper, before: Point, after: Point) -> None:
        for line in self.plan.lines:
            if crosses(line.a, line.b, before, after):
                went_in = (turn(line.a, line.b, after) < 0) == line.in_is_left
                kind = TruthKind.CROSSED_IN if went_in else TruthKind.CROSSED_OUT
                self._note(kind, line.line_id, shopper_no=shopper.number)

    def _note_zone_left(self, shopper: Shopper, zone_id: str) -> None:
        dwell_ms = self.now_ms - shopper.zones_since_ms.pop(zone_id)
        self._note(TruthKind.ZONE_LEFT, zone_id, shopper_no=shopper.number, dwell_ms=dwell_ms)

    def _take_out(self, shopper: Shopper) -> None:
        for zone_id in list(shopper.zones_since_ms):
            self._note_zone_left(shopper, zone_id)
        del self.shoppers[shopper.number]
        self._note(TruthKind.LEFT, shopper_no=shopper.number)

    def _note(
        self,
        kind: TruthKind,
        subject_id: str = "",
        *,
        shopper_no: int | None = None,
        units: int = 0,
        dwell_ms: int = 0,
        wait_ms: int = 0,
        service_ms: int = 0,
    ) -> None:
        event = TruthEvent(
            t_ms=self.now_ms,
            kind=kind,
            subject_id=subject_id,
            shopper_no=shopper_no,
            units=units,
            dwell_ms=dwell_ms,
            wait_ms=wait_ms,
            service_ms=service_ms,
        )
        self.truth.add(event)
        self._happened.append(event)

    def _queue_spot(self, queue_id: str, place: int) -> Point:
        spots = self._queue_spots[queue_id]
        return spots[min(place, len(spots) - 1)]

    def _interarrival_ms(self) -> int:
        return round(self._arrivals.expovariate(1.0 / self._profile.mean_interarrival_s) * 1000)

    def _new_number(self) -> int:
        self._shopper_count += 1
        return self._shopper_count

    def _door(self) -> DoorPlan:
        return self._arrivals.choice(self.plan.doors)


def _first_stocks(plan: SimPlan, seed: int, profile: Profile) -> dict[str, Stock]:
    """Fill the slots between half and whole; the first ones only to their reorder point, as the opening wants it."""
    chance = stream(seed, "stock")
    stocks = {}
    for index, slot in enumerate(plan.slots):
        capacity, reorder = slot.slot.capacity_units, slot.slot.reorder_point_units
        full = chance.randint(max(reorder + 1, capacity // 2), capacity)
        units = reorder if index < profile.opening.low_slots else full
        stocks[slot.slot.id] = Stock(slot, units=units, chance=stream(seed, f"units/{slot.slot.id}"))
    return stocks


def _square(a: Point, b: Point) -> float:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
