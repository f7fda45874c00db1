"""The twin: one virtual clock over shoppers, staff, shelves and tills, and what truly happens.

It is pure. The caller says how far time goes; nothing sleeps, so a day runs as fast as it can or in step with a clock,
by as many calls of :meth:`Twin.step` as are due. The same shop, seed and beginning give the same truth, byte for byte.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from storesense_simulators.twin.arrivals import Gate
from storesense_simulators.twin.control import Control, ScheduleControl
from storesense_simulators.twin.customers import Leader
from storesense_simulators.twin.errors import NaiveTimeError
from storesense_simulators.twin.jockeying import next_over
from storesense_simulators.twin.movement import STEP_MS
from storesense_simulators.twin.opening import Opening
from storesense_simulators.twin.people import People
from storesense_simulators.twin.person import Person
from storesense_simulators.twin.queues import Seeking
from storesense_simulators.twin.scene import Scene
from storesense_simulators.twin.shop import Shop
from storesense_simulators.twin.stocks import Stock
from storesense_simulators.twin.team import Team
from storesense_simulators.twin.tills import Called, Checkout, CheckoutChange, Ended, GaveUp
from storesense_simulators.twin.truth import TruthEvent, TruthKind

_SECOND_MS = 1_000


class Twin:
    """A store in virtual time.

    Args:
        shop: the store.
        seed: the root of every random number.
        began_at: the aware instant of millisecond 0 of the run.
        control: what staff follow; the schedule and their own eyes when left out.
        opening: the group that comes in when the run begins, if any.

    Raises:
        NaiveTimeError: ``began_at`` names no time zone.
    """

    def __init__(
        self,
        shop: Shop,
        *,
        seed: int,
        began_at: datetime,
        control: Control | None = None,
        opening: Opening | None = None,
    ) -> None:
        if began_at.tzinfo is None:
            raise NaiveTimeError(began_at=began_at)
        self.shop = shop
        self.began_at = began_at
        self._scene = Scene(shop, seed=seed, began_at=began_at)
        self._gate = Gate(self._scene, began_at=began_at, opening=opening)
        self._team = Team(self._scene, control or ScheduleControl())
        self._is_started = False
        self._entrances = {line.line_id for line in shop.lines if line.is_entrance}
        self._heads = {path.queue_id: self._scene.line_spots.spot(path.queue_id, 0) for path in shop.queues}
        self._opened: set[str] = set()
        self._counted_in: dict[int, str] = {}
        """Who has come in by which entrance line, and not gone out."""

    @property
    def now_ms(self) -> int:
        """Milliseconds since the run began."""
        return self._scene.now_ms

    @property
    def people(self) -> People:
        """Everybody in the store."""
        return self._scene.people

    @property
    def stocks(self) -> Mapping[str, Stock]:
        """What lies on each slot."""
        return self._scene.stocks

    @property
    def checkout(self) -> Checkout:
        """Queues, lanes and who is at them."""
        return self._scene.checkout

    @property
    def low_since_ms(self) -> Mapping[str, int]:
        """Slots at or below their reorder point, and since when."""
        return self._scene.low_since_ms

    @property
    def visitors(self) -> int:
        """How many people have come so far, children too, staff not."""
        return self._gate.visitors

    @property
    def longest_stuck_s(self) -> float:
        """How long the one has been unable to walk on who has been so the longest."""
        return self._scene.movement.longest_stuck_s()

    def watch_seekings(self) -> list[Seeking]:
        """Return a list to which everybody is added who looks for a queue; again while no lane is open."""
        if self._scene.seekings is None:
            self._scene.seekings = []
        return self._scene.seekings

    def run_until(self, t_ms: int) -> Iterator[list[TruthEvent]]:
        """Step until ``t_ms`` and yield what happened in each step; the caller decides when to go on."""
        while self.now_ms + STEP_MS <= t_ms:
            yield self.step()

    def step(self) -> list[TruthEvent]:
        """Let ``STEP_MS`` pass and return what happened, in the order of time."""
        scene = self._scene
        if not self._is_started:
            self._start()
        scene.now_ms += STEP_MS
        self._gate.let_in()
        for person in scene.movement.step(scene.now_ms):
            person.mind.arrived(person)
        scene.ring_timers()
        self._serve()
        if scene.now_ms % _SECOND_MS == 0:
            self._team.work()
            self._serve()
        if scene.queues_changed:
            self._go_over()
            self._move_up()
        return self._watch_doors(scene.take_events())

    def close(self) -> list[TruthEvent]:
        """End the run in a last step: whoever came in by a door goes out by it, and every visit to a zone ends.

        So what the doors count in over a run they count out as well. The twin takes no further step.
        """
        scene = self._scene
        scene.now_ms += STEP_MS
        for person in sorted(scene.movement.everybody(), key=lambda person: person.number):
            line_id = self._counted_in.pop(person.number, None)
            if line_id is not None:
                scene.note_by(TruthKind.CROSSED_OUT, person, line_id)
            if not person.is_staff:
                scene.leave(person)
            else:
                scene.movement.remove(person, scene.now_ms)
        return scene.take_events()

    def _watch_doors(self, events: list[TruthEvent]) -> list[TruthEvent]:
        for event in events:
            if event.person_no is not None and event.subject_id in self._entrances:
                if event.kind is TruthKind.CROSSED_IN:
                    self._counted_in[event.person_no] = event.subject_id
                elif event.kind is TruthKind.CROSSED_OUT:
                    self._counted_in.pop(event.person_no, None)
        return events

    def _start(self) -> None:
        self._is_started = True
        for stock in self._scene.stocks.values():
            self._scene.note_stock(TruthKind.STOCK, stock, [])
        self._team.start()

    def _serve(self) -> None:
        """Follow what happened at the tills until nothing more follows from it."""
        scene = self._scene
        while changes := scene.checkout.advance(scene.now_ms):
            for change in changes:
                self._follow(change)

    def _follow(self, change: CheckoutChange) -> None:
        scene = self._scene
        if isinstance(change, Called):
            person, leader = self._customer(change.customer.person_no)
            leader.called(person, change)
        elif isinstance(change, Ended):
            person, leader = self._customer(change.customer.person_no)
            leader.served(person, change)
            scene.queues_changed.add(change.queue_id)
        elif isinstance(change, GaveUp):
            person, leader = self._customer(change.customer.person_no)
            leader.gave_up(person, change.t_ms, change.customer, change.queue_id)
        else:
            kind = TruthKind.LANE_OPENED if change.is_open else TruthKind.LANE_CLOSED
            scene.note(TruthEvent(t_ms=change.t_ms, kind=kind, subject_id=change.lane_id))
            if change.is_open:
                self._opened.add(scene.checkout.lanes[change.lane_id].queue_id)
                scene.queues_changed |= self._opened
            else:
                self._team.lane_closed(change.lane_id)

    def _go_over(self) -> None:
        """Let people go over from the ends of lines to others that are shorter by two."""
        scene = self._scene
        while over := next_over(scene.checkout, scene.going_over, self._heads, scene.has_cashiers, opened=self._opened):
            person, leader = self._customer(over.person_no)
            leader.switch(person, over.to_id)
        self._opened.clear()

    def _customer(self, person_no: int) -> tuple[Person, Leader]:
        person = self._scene.customers[person_no]
        if not isinstance(person.mind, Leader):
            raise TypeError(f"person {person_no} queues and leads no party")
        return person, person.mind

    def _move_up(self) -> None:
        """Send everybody in a queue that changed to their spot, the first first."""
        scene = self._scene
        for queue_id in sorted(scene.queues_changed):
            for place, customer in enumerate(scene.checkout.queues[queue_id].waiting):
                person, leader = self._customer(customer.person_no)
                leader.move_up(person, scene.line_spots.spot(queue_id, place))
        scene.queues_changed.clear()
